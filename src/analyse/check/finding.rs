//! What a check finds.

use crate::compile::{Need, RulePath, Ruleset};
use crate::evaluate::RuleRef;
use crate::flow::Flow;
use crate::source::Span;

/// How much a finding matters, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth a look; often meant so.
    Info,
    /// Likely not what its author wants.
    Warning,
    /// Traffic passes or fails against what the rules say.
    Error,
}

impl Level {
    /// The word that is printed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that a check has to say about a rule set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The name of the check.
    pub check: &'static str,
    pub level: Level,
    /// The rule that it is about; `None`: a setting or the policy as a whole.
    pub rule: Option<RulePath>,
    /// Other rules that have a part in it, in evaluation order.
    pub others: Vec<RulePath>,
    /// What is the case: lower case, no final stop, user text in backticks.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// Evidence, one line each: sets of flows, entries of the rule.
    pub details: Vec<String>,
    /// A flow that shows it; the evaluator was asked and agrees.
    pub witness: Option<Flow>,
    /// What is unknown and would settle whether it is so; empty: it is certain.
    pub depends_on: Vec<Need>,
    pub span: Option<Span>,
}

impl Finding {
    /// A finding about the policy as a whole.
    #[must_use]
    pub fn new(check: &'static str, level: Level, message: impl Into<String>) -> Self {
        Self {
            check,
            level,
            rule: None,
            others: Vec::new(),
            message: message.into(),
            help: String::new(),
            details: Vec::new(),
            witness: None,
            depends_on: Vec::new(),
            span: None,
        }
    }

    /// The finding is about `rule` and stands where it stands.
    #[must_use]
    pub fn about(mut self, ruleset: &Ruleset, rule: RuleRef) -> Self {
        let info = ruleset.info(rule);
        self.rule = Some(info.path.clone());
        self.span = info.span;
        self
    }

    /// Other rules have a part in it.
    #[must_use]
    pub fn with_others(
        mut self,
        ruleset: &Ruleset,
        others: impl IntoIterator<Item = RuleRef>,
    ) -> Self {
        self.others.extend(others.into_iter().map(|rule| ruleset.path(rule).clone()));
        self
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    #[must_use]
    pub fn with_details(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }

    #[must_use]
    pub fn with_witness(mut self, witness: Option<Flow>) -> Self {
        self.witness = witness;
        self
    }

    #[must_use]
    pub fn at(mut self, span: Option<Span>) -> Self {
        self.span = span;
        self
    }
}
