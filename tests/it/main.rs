//! The one integration binary: everything that is tested through the library's front door.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod analysis;
mod checks;
mod cluster;
mod expectation;
mod index;
mod input;
mod manual;
mod path;
mod rulesets;
mod samples;
#[cfg(feature = "logs")]
mod scanner;
mod schema;
mod shapes;
mod spec;
#[cfg(feature = "logs")]
mod suggest;
mod testing;
mod tidy;
#[cfg(feature = "logs")]
mod transcripts;
mod workflows;
