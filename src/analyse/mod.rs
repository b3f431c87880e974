//! Questions about whole rule sets and whole logs, all answered by [`crate::evaluate`].

pub mod check;
pub mod diff;
pub mod find;
pub mod index;
pub mod order;
pub mod reach;
pub mod redundant;
pub mod replay;
mod sample;
pub mod search;
pub mod shadow;
mod shorten;
#[cfg(test)]
pub(crate) mod small_world;
pub mod space;
pub mod suppression;
pub mod tags;
pub mod traffic;
