//! Results as JSON.

use serde::Serialize;

use super::{Results, Tally, explanation, remedy};
use crate::expect::{Outcome, TestResult};
use crate::report::verdict::{RuleJson, VerdictJson};

/// `test --format json`.
#[derive(Debug, Serialize)]
pub struct TestsJson {
    pub passed: usize,
    pub failed: usize,
    pub undecided: usize,
    /// Optional tests that failed or are undecided; they are in no other number.
    pub optional: usize,
    pub not_tested: usize,
    pub filtered_out: usize,
    pub not_reached: usize,
    pub tests: Vec<TestJson>,
    pub coverage: Option<Vec<CoveredJson>>,
    pub mend: Option<MendJson>,
}

/// One test.
#[derive(Debug, Serialize)]
pub struct TestJson {
    pub position: PositionJson,
    pub group: Option<String>,
    pub level: &'static str,
    pub name: Option<String>,
    pub why: Option<String>,
    /// In flow notation; the first that is as expected suffices.
    pub flows: Vec<String>,
    pub expected: &'static str,
    pub result: &'static str,
    pub explanation: Vec<String>,
    /// A flow that is not treated as expected, with its verdict.
    pub example: Option<VerdictJson>,
    pub needs: Vec<String>,
    /// A rule in the text form that would make it pass.
    pub remedy: Option<String>,
    /// Where the facts are from.
    pub source: Option<String>,
    pub date: Option<String>,
}

/// Where a test stands.
#[derive(Debug, Serialize)]
pub struct PositionJson {
    pub file: String,
    pub line: usize,
    pub column: usize,
}

/// A rule and how many tests it decides.
#[derive(Debug, Serialize)]
pub struct CoveredJson {
    pub rule: RuleJson,
    pub tests: usize,
}

/// Rules that would make tests pass.
#[derive(Debug, Serialize)]
pub struct MendJson {
    pub text: String,
    pub mended: usize,
    pub left: Vec<LeftJson>,
}

/// A test that the rules do not mend.
#[derive(Debug, Serialize)]
pub struct LeftJson {
    pub test: String,
    pub reason: String,
}

/// Results as JSON.
#[must_use]
pub fn json(results: &Results<'_>) -> TestsJson {
    let tally = Tally::of(results.run);
    let rule = |rule| RuleJson::from(results.ruleset.path(rule));
    TestsJson {
        passed: tally.passed,
        failed: tally.failed,
        undecided: tally.undecided,
        optional: tally.optional,
        not_tested: tally.skipped,
        filtered_out: results.run.filtered,
        not_reached: results.run.not_reached,
        tests: results.run.outcomes.iter().map(|outcome| test(results, outcome)).collect(),
        coverage: results.coverage.map(|coverage| {
            let rules = coverage.rules.iter();
            rules.map(|(it, tests)| CoveredJson { rule: rule(*it), tests: *tests }).collect()
        }),
        mend: results.mend.map(|mend| MendJson {
            text: mend.text.clone(),
            mended: mend.mended,
            left: mend
                .left
                .iter()
                .map(|(test, reason)| LeftJson { test: test.clone(), reason: reason.clone() })
                .collect(),
        }),
    }
}

fn test(results: &Results<'_>, outcome: &Outcome<'_>) -> TestJson {
    let group = outcome.group();
    let (example, needs) = match &outcome.result {
        TestResult::Failed { example, .. } => (Some(example), Vec::new()),
        TestResult::Undecided { example, needs } => (example.as_ref(), needs.clone()),
        TestResult::Passed | TestResult::Skipped => (None, Vec::new()),
    };
    TestJson {
        position: PositionJson {
            file: outcome.suite.file.clone(),
            line: outcome.test.line,
            column: outcome.test.column,
        },
        group: group.map(|group| group.name.clone()).filter(|name| !name.is_empty()),
        level: outcome.level().name(),
        name: outcome.test.name.clone(),
        why: outcome.test.why.clone(),
        flows: outcome.test.any.iter().map(ToString::to_string).collect(),
        expected: outcome.test.expected.name(),
        result: word(&outcome.result),
        explanation: explanation(results.ruleset, outcome),
        example: example.map(|it| crate::report::verdict::json(results.ruleset, &it.0, &it.1)),
        needs,
        remedy: remedy(outcome),
        source: group.and_then(|group| group.source.clone()),
        date: group.and_then(|group| group.date.clone()),
    }
}

fn word(result: &TestResult) -> &'static str {
    match result {
        TestResult::Passed => "passed",
        TestResult::Failed { .. } => "failed",
        TestResult::Undecided { .. } => "undecided",
        TestResult::Skipped => "not_tested",
    }
}
