//! What does the change from one rule set to another do?

use super::settle::Settler;
use super::{Against, Logged, VerdictSummary};
use crate::compile::Ruleset;
use crate::evaluate::{Decision, Index, Verdict};
use crate::flow::Flow;

/// What a second rule set does otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    None,
    /// The verdict stays, another rule decides.
    Rule,
    /// The verdict stays, the translation differs.
    Translation,
    AllowToDeny,
    DenyToAllow,
    /// Undecided under at least one of the two.
    Undecided,
}

impl Change {
    /// The word that JSON uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Rule => "rule",
            Self::Translation => "translation",
            Self::AllowToDeny => "allow_to_deny",
            Self::DenyToAllow => "deny_to_allow",
            Self::Undecided => "undecided",
        }
    }
}

/// Compares with the verdicts of another rule set: the one before the change.
#[derive(Debug)]
pub struct AgainstRuleset<'a> {
    settler: Settler<'a>,
}

impl<'a> AgainstRuleset<'a> {
    pub(super) fn new(before: &'a Index<'a>) -> Self {
        Self { settler: Settler::new(before) }
    }
}

impl Against for AgainstRuleset<'_> {
    type Kind = Change;
    type What = VerdictSummary;

    fn numbers(&mut self, flows: &[Flow], _: &[usize], numbers: &mut Vec<usize>) {
        self.settler.settle(flows, numbers);
    }

    fn kind(
        &self,
        number: usize,
        _: &[Option<Logged>],
        (_, _, after): (&Ruleset, &Verdict, &VerdictSummary),
    ) -> Change {
        let (_, before) = self.settler.known(number);
        change(before, after)
    }

    fn what(&self, number: usize, _: &[Option<Logged>]) -> VerdictSummary {
        self.settler.known(number).1.clone()
    }

    fn forget(&mut self) {
        self.settler.forget();
    }
}

fn change(before: &VerdictSummary, after: &VerdictSummary) -> Change {
    match (before.decision, after.decision) {
        (Decision::Allow, Decision::Deny) => Change::AllowToDeny,
        (Decision::Deny, Decision::Allow) => Change::DenyToAllow,
        (Decision::Undecided, Decision::Undecided) if before == after => Change::None,
        (Decision::Undecided, _) | (_, Decision::Undecided) => Change::Undecided,
        (Decision::Allow, Decision::Allow) | (Decision::Deny, Decision::Deny) => {
            if before.translation != after.translation {
                Change::Translation
            } else if is_same_place(before, after) {
                Change::None
            } else {
                Change::Rule
            }
        }
    }
}

/// A policy that was copied under another name has the same rules.
fn is_same_place(before: &VerdictSummary, after: &VerdictSummary) -> bool {
    let place = |summary: &VerdictSummary| {
        summary
            .rule
            .as_ref()
            .map(|path| (path.group.clone(), path.collection.clone(), path.rule.clone()))
    };
    before.stage == after.stage && place(before) == place(after)
}
