//! What is written reads back: the same rule set, or one with the same verdicts.

mod inventories;
mod messages;
mod round_trip;
#[cfg(feature = "logs")]
mod suggested;
