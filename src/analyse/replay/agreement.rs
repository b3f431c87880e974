//! Does a rule set agree with what the log says?

use smol_str::SmolStr;

use super::{Against, Logged, LoggedRule, VerdictSummary};
use crate::compile::Ruleset;
use crate::evaluate::{Decision, Outcome, Ruling, Stage, Translation, Verdict};
use crate::flow::Flow;

/// How a verdict compares with the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Agreement {
    /// Same verdict, and the same rule and translation where the log names them.
    Agrees,
    /// Same verdict by another rule, or another translation.
    OtherRule,
    Disagrees,
    /// Undecided, and the logged outcome is one of those that are possible.
    Possible,
    /// Undecided, but the logged outcome is none of those that are possible.
    Impossible,
    /// The log says nothing to compare with.
    EvaluatedOnly,
}

impl Agreement {
    /// The word that JSON uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::OtherRule => "other_rule",
            Self::Disagrees => "disagrees",
            Self::Possible => "possible",
            Self::Impossible => "impossible",
            Self::EvaluatedOnly => "evaluated_only",
        }
    }
}

/// Compares with what the log says.
#[derive(Debug)]
pub struct AgainstLog;

impl Against for AgainstLog {
    type Kind = Agreement;
    type What = Option<Logged>;

    fn numbers(&mut self, _: &[Flow], logged: &[usize], numbers: &mut Vec<usize>) {
        numbers.extend_from_slice(logged);
    }

    fn kind(
        &self,
        number: usize,
        logs: &[Option<Logged>],
        (ruleset, verdict, _): (&Ruleset, &Verdict, &VerdictSummary),
    ) -> Agreement {
        match logs.get(number) {
            Some(Some(logged)) => agreement(ruleset, logged, verdict),
            Some(None) | None => Agreement::EvaluatedOnly,
        }
    }

    fn what(&self, number: usize, logs: &[Option<Logged>]) -> Option<Logged> {
        logs.get(number).cloned().flatten()
    }

    fn forget(&mut self) {}
}

fn agreement(ruleset: &Ruleset, logged: &Logged, verdict: &Verdict) -> Agreement {
    let is_logged = |outcome: &Outcome| {
        outcome.ruling == logged.ruling && is_same_end(ruleset, logged, outcome)
    };
    match verdict.decision {
        Decision::Undecided if verdict.candidates.iter().any(is_logged) => Agreement::Possible,
        Decision::Undecided => Agreement::Impossible,
        Decision::Allow | Decision::Deny if verdict.decision != logged.ruling.into() => {
            Agreement::Disagrees
        }
        Decision::Allow | Decision::Deny => {
            let is_same = if verdict.candidates.is_empty() {
                is_same_end(ruleset, logged, &outcome(verdict, logged.ruling))
            } else {
                verdict.candidates.iter().any(is_logged)
            };
            if is_same { Agreement::Agrees } else { Agreement::OtherRule }
        }
    }
}

fn outcome(verdict: &Verdict, ruling: Ruling) -> Outcome {
    Outcome {
        ruling,
        stage: verdict.stage.unwrap_or(Stage::Default),
        rule: verdict.rule,
        translation: verdict.translation.clone(),
        needs: Vec::new(),
    }
}

fn is_same_end(ruleset: &Ruleset, logged: &Logged, outcome: &Outcome) -> bool {
    let path = outcome.rule.map(|rule| ruleset.path(rule));
    let is_same_rule = match &logged.rule {
        LoggedRule::Unnamed => true,
        LoggedRule::Default => path.is_none(),
        LoggedRule::Named { policy, group, collection, rule } => path.is_some_and(|path| {
            let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
            let same_where_given =
                |logged: &Option<SmolStr>, ours: &Option<SmolStr>| match (logged, ours) {
                    (Some(logged), Some(ours)) => same(logged, ours),
                    (Some(_), None) | (None, _) => true,
                };
            same(collection, &path.collection)
                && same(rule, &path.rule)
                && same_where_given(group, &path.group)
                && same_where_given(policy, &path.policy)
        }),
    };
    is_same_rule && is_same_translation(logged, outcome.translation.as_ref())
}

/// A translation that is not wholly known agrees with any.
fn is_same_translation(logged: &Logged, ours: Option<&Translation>) -> bool {
    let Some((address, port)) = logged.translated else { return true };
    ours.is_some_and(|ours| {
        ours.address.is_none_or(|ours| ours == address)
            && match (ours.port, port) {
                (Some(ours), Some(logged)) => ours == logged,
                (None, _) | (_, None) => true,
            }
    })
}
