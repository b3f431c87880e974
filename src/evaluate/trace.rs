//! What the walk tells of the rules that it looks at.

use super::RuleRef;

/// Receives the steps of a walk.
pub trait Trace {
    /// Called for every rule that is looked at, in the order in which the walk meets them.
    fn step(&mut self, step: Step);
}

/// A rule that was looked at, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub rule: RuleRef,
    pub result: StepResult,
}

/// What came of looking at a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepResult {
    /// The first criterion that does not fit.
    Passed(Criterion),
    /// Nothing fails, but something is unknown.
    May,
    Matched,
}

/// A part of a rule that a flow has to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Criterion {
    Source,
    Protocol,
    Port,
    Destination,
    /// The name, URL or web category.
    Name,
    /// A DNAT rule whose translated FQDN has no address.
    Translation,
}

impl Criterion {
    /// The word that explanations use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Protocol => "protocol",
            Self::Port => "port",
            Self::Destination => "destination",
            Self::Name => "name",
            Self::Translation => "translated FQDN",
        }
    }
}

impl Trace for () {
    fn step(&mut self, _step: Step) {}
}

impl Trace for Vec<Step> {
    fn step(&mut self, step: Step) {
        self.push(step);
    }
}
