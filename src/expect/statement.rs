//! What a test states beside the verdict, against what is so.

use crate::compile::Ruleset;
use crate::evaluate::{Decision, Outcome, RuleRef, Stage, Translation, Verdict};
use crate::syntax::suite::Stated;

/// Whether what a test leaves out is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// What is stated has to be so; a rule can be named by the end of its path.
    Stated,
    /// And nothing else may be so: translations, alerts and candidates have to be stated. A stage
    /// can be left out where the rule stands.
    Whole,
}

/// What differs between statement and verdict: expected, and what is so instead.
#[must_use]
pub fn differences(
    ruleset: &Ruleset,
    stated: &Stated,
    verdict: &Verdict,
    strictness: Strictness,
) -> Vec<(String, String)> {
    let actual = stated_of(ruleset, verdict);
    let mut found = Vec::new();
    let is_same = match (&stated.decider, strictness) {
        (None, Strictness::Stated) => true,
        (None, Strictness::Whole) => actual.decider.is_none(),
        (Some(decider), _) => {
            is_decider(ruleset, decider, (deciding_stage(verdict), verdict.rule), strictness)
        }
    };
    if !is_same {
        found.push((
            stated.decider.clone().unwrap_or_else(|| "nothing said of what decides".to_owned()),
            actual.decider.clone().unwrap_or_else(|| "not the same in every case".to_owned()),
        ));
    }
    for (word, none, expected, so) in [
        ("=> ", "no translation", &stated.translation, &actual.translation),
        ("alerts ", "no alerts", &stated.alerts, &actual.alerts),
        ("candidates: ", "everything known", &stated.candidates, &actual.candidates),
    ] {
        if expected != so && (expected.is_some() || strictness == Strictness::Whole) {
            let shown = |text: &Option<String>| match text {
                Some(text) => format!("{word}{text}"),
                None => none.to_owned(),
            };
            found.push((shown(expected), shown(so)));
        }
    }
    found
}

/// Whether `text` names this stage and rule.
pub(super) fn is_decider(
    ruleset: &Ruleset,
    text: &str,
    (stage, rule): (Option<Stage>, Option<RuleRef>),
    strictness: Strictness,
) -> bool {
    let stage = stage.map(Stage::name);
    let path = rule.map(|rule| ruleset.path(rule).to_string());
    if let Some(path) = &path {
        let rest = stage.and_then(|stage| text.strip_prefix(stage)?.strip_prefix(' '));
        let is_end = |text: &str| {
            strictness == Strictness::Stated
                && text.contains('/')
                && path.strip_suffix(text).is_some_and(|rest| rest.ends_with(['/', ':']))
        };
        if [Some(text), rest].into_iter().flatten().any(|text| text == path || is_end(text)) {
            return true;
        }
    }
    let stage_suffices = strictness == Strictness::Stated || path.is_none();
    stage_suffices && stage == Some(text)
}

fn deciding_stage(verdict: &Verdict) -> Option<Stage> {
    (verdict.decision != Decision::Undecided).then_some(verdict.stage).flatten()
}

/// The whole statement that fits a verdict.
#[must_use]
pub fn stated_of(ruleset: &Ruleset, verdict: &Verdict) -> Stated {
    let is_decided = verdict.decision != Decision::Undecided;
    let stage = deciding_stage(verdict).map(|stage| stage.name().to_owned());
    let rule = verdict.rule.filter(|_| is_decided).map(|rule| ruleset.path(rule).to_string());
    let alerts: Vec<_> = verdict.alerts.iter().map(|alert| alert.name()).collect();
    let ends: Vec<_> = verdict.candidates.iter().map(|end| candidate(ruleset, end)).collect();
    let joined: Vec<String> = stage.into_iter().chain(rule).collect();
    Stated {
        decider: Some(joined.join(" ")).filter(|text| !text.is_empty()),
        translation: verdict.translation.as_ref().map(Translation::to_string),
        alerts: Some(alerts.join(",")).filter(|text| !text.is_empty()),
        candidates: Some(ends.join("; ")).filter(|text| !text.is_empty()),
    }
}

fn candidate(ruleset: &Ruleset, outcome: &Outcome) -> String {
    let mut words = vec![outcome.stage.name().to_owned()];
    words.extend(outcome.rule.map(|rule| ruleset.path(rule).to_string()));
    words.extend(outcome.translation.as_ref().map(|translation| format!("=> {translation}")));
    words.join(" ")
}
