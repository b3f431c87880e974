//! Tests of rule sets: what is expected of flows, and whether it is so.

mod by_name;
pub mod coverage;
pub mod generate;
pub mod mend;
mod named;
pub mod profile;
mod region;
mod run;
mod statement;
#[cfg(test)]
mod tests;

pub use run::{Outcome, Run, TestResult, Wanted, outcome, run};
pub use statement::{Strictness, differences, stated_of};
