//! `azfw test`: results of tests for people and for machines. The shapes are in `docs/test.md`.

mod github;
mod json;
mod junit;
#[cfg(test)]
mod tests;
mod text;

use crate::compile::Ruleset;
use crate::evaluate::{Decision, Stage, Verdict};
use crate::expect::coverage::Coverage;
use crate::expect::mend::{Mend, rule_for};
use crate::expect::{Outcome, Run, TestResult};
use crate::syntax::flow::print_flow;
use crate::syntax::suite::Traffic;

pub use github::github;
pub use json::json;
pub use junit::junit;
pub use text::{coverage_text, text};

use super::verdict::decider;

/// Everything that is printed of a run.
#[derive(Debug)]
pub struct Results<'a> {
    pub ruleset: &'a Ruleset,
    pub run: &'a Run<'a>,
    pub coverage: Option<&'a Coverage>,
    pub mend: Option<&'a Mend>,
    /// Words are those of a list of needs: present, missing.
    pub is_profile: bool,
}

/// Numbers of tests by result.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    passed: usize,
    failed: usize,
    undecided: usize,
    /// Tests that fail or are open and do not count.
    optional: usize,
    skipped: usize,
}

impl Tally {
    fn of(run: &Run<'_>) -> Self {
        let mut tally = Self::default();
        for outcome in &run.outcomes {
            let place = match outcome.result {
                TestResult::Passed => &mut tally.passed,
                TestResult::Skipped => &mut tally.skipped,
                TestResult::Failed { .. } if outcome.is_failure() => &mut tally.failed,
                TestResult::Undecided { .. } if outcome.is_open() => &mut tally.undecided,
                TestResult::Failed { .. } | TestResult::Undecided { .. } => &mut tally.optional,
            };
            *place += 1;
        }
        tally
    }
}

/// The test as a line: its name, or its flow.
fn title(outcome: &Outcome<'_>) -> String {
    if let Some(name) = &outcome.test.name {
        return name.clone();
    }
    if let Some(traffic) = outcome.test.any.first() {
        // The file says so of all its flows.
        return traffic.to_string().trim_end_matches(" destination=internet").to_owned();
    }
    let why = outcome.test.why.as_ref().map(|why| format!(": {why}"));
    let names = outcome.test.unset.join("=…`, `--set ");
    format!("needs `--set {names}=…`{}", why.unwrap_or_default())
}

fn place(outcome: &Outcome<'_>) -> String {
    format!("{}:{}", outcome.suite.file, outcome.test.line)
}

/// What is so instead of what is expected, in lines.
fn explanation(ruleset: &Ruleset, outcome: &Outcome<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let expected = outcome.test.expected.name();
    match &outcome.result {
        TestResult::Passed => {}
        TestResult::Skipped => lines.push("not tested: a parameter has no value".to_owned()),
        TestResult::Failed { example, differences } => {
            let (flow, verdict) = example.as_ref();
            if differences.is_empty() {
                let so = verdict.decision.name();
                let by = decided_by(ruleset, verdict);
                lines.push(format!("expected {expected}, got {so} by {by}"));
                let is_set = !outcome.test.any.iter().any(|it| matches!(it, Traffic::Flow(_)));
                if is_set && verdict.stage != Some(Stage::Default) {
                    lines.push(format!("for example {}", print_flow(flow)));
                }
            }
            for (wanted, so) in differences {
                lines.push(format!("{expected} as expected, but by `{so}` and not `{wanted}`"));
            }
        }
        TestResult::Undecided { example, needs } => {
            lines.push(format!("expected {expected}, and it depends on {}", needs.join("; ")));
            for end in example.iter().flat_map(|it| &it.1.candidates) {
                let ruling = Decision::from(end.ruling).name();
                let word = if end.needs.is_empty() { "else" } else { "maybe" };
                let by = decider(ruleset, Some(end.stage), end.rule);
                lines.push(format!("{word} {ruling} by {by}"));
            }
            lines.extend(tag_help(outcome, needs));
        }
    }
    lines
}

/// What to do about an FQDN tag whose names nobody gave.
fn tag_help(outcome: &Outcome<'_>, needs: &[String]) -> Option<String> {
    let tag = outcome.group()?.fqdn_tag.as_ref()?;
    let is_asked = needs.iter().any(|need| {
        need.starts_with("FQDN tag") && need.to_lowercase().contains(&tag.to_lowercase())
    });
    is_asked.then(|| {
        format!(
            "Microsoft says that the tag {tag} holds these names and does not publish it: \
             `--assume-tags` takes its word; a table {{\"fqdnTags\": {{\"{tag}\": [\"…\"]}}}} settles it"
        )
    })
}

fn decided_by(ruleset: &Ruleset, verdict: &Verdict) -> String {
    decider(ruleset, verdict.stage, verdict.rule)
}

/// A rule in the text form that would make the test pass, where one behind all others would.
fn remedy(outcome: &Outcome<'_>) -> Option<String> {
    match &outcome.result {
        TestResult::Failed { example, differences } if differences.is_empty() => {
            example.1.rule.is_none().then(|| rule_for(outcome.test)).flatten()
        }
        TestResult::Failed { .. }
        | TestResult::Passed
        | TestResult::Skipped
        | TestResult::Undecided { .. } => None,
    }
}
