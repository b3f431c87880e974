//! Which rules the tests reach.

use std::collections::BTreeMap;

use super::run::Run;
use crate::compile::Ruleset;
use crate::evaluate::RuleRef;

/// How many tests each rule decides, in evaluation order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    pub rules: Vec<(RuleRef, usize)>,
}

impl Coverage {
    /// Rules that decide no test.
    pub fn unreached(&self) -> impl Iterator<Item = RuleRef> + '_ {
        self.rules.iter().filter(|(_, tests)| *tests == 0).map(|(rule, _)| *rule)
    }
}

/// What the tests of a run reach; it has to be a run that wanted the deciders.
#[must_use]
pub fn coverage(ruleset: &Ruleset, run: &Run<'_>) -> Coverage {
    let mut tests: BTreeMap<RuleRef, usize> = BTreeMap::new();
    for outcome in &run.outcomes {
        for rule in outcome.deciders.iter().filter_map(|(_, rule)| *rule) {
            *tests.entry(rule).or_default() += 1;
        }
    }
    let count = |rule| (rule, tests.get(&rule).copied().unwrap_or(0));
    Coverage { rules: ruleset.rules().map(count).collect() }
}
