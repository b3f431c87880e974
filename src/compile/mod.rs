//! `policy` and side tables → [`Ruleset`]: evaluation order (in one place), names resolved, sets
//! merged. Still data, not closures.

mod path;

pub use path::RulePath;
