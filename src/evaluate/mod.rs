//! [`crate::flow::Flow`] × ruleset → [`Verdict`], with or without a trace. One walk decides and
//! explains.

mod verdict;

pub use verdict::{Alert, Decision, Outcome, RuleRef, Ruling, Stage, Translation, Verdict};
