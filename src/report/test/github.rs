//! Results as commands of GitHub Actions, which show them beside the lines of a pull request.
//!
//! Source: "Workflow commands for GitHub Actions": `%`, line ends, and in properties `:` and `,`
//! are escaped.

use std::fmt::Write as _;

use super::{Results, Tally, explanation, remedy, title};
use crate::expect::TestResult;

/// An annotation for each test that does not pass, and a line with the numbers.
#[must_use]
pub fn github(results: &Results<'_>) -> String {
    let mut out = String::new();
    for outcome in &results.run.outcomes {
        let level = match outcome.result {
            TestResult::Passed | TestResult::Skipped => continue,
            TestResult::Failed { .. } if outcome.is_failure() => "error",
            TestResult::Undecided { .. } if outcome.is_open() => "error",
            TestResult::Failed { .. } | TestResult::Undecided { .. } => "notice",
        };
        let mut lines = vec![title(outcome)];
        lines.extend(explanation(results.ruleset, outcome));
        lines.extend(remedy(outcome).map(|rule| format!("a rule that would allow it: {rule}")));
        let _ = writeln!(
            out,
            "::{level} file={},line={},title={}::{}",
            property(&outcome.suite.file),
            outcome.test.line,
            property("azfw test"),
            data(&lines.join("\n"))
        );
    }
    let tally = Tally::of(results.run);
    let _ = writeln!(
        out,
        "{} passed, {} failed, {} undecided",
        tally.passed, tally.failed, tally.undecided
    );
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
