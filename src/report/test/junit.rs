//! Results in the XML that `JUnit` made common; the parts that Jenkins, GitLab and Azure Pipelines read.

use std::fmt::Write as _;

use super::{Results, explanation, remedy, title};
use crate::expect::{Outcome, TestResult};

/// Results as `JUnit` XML: a suite for each file, a case for each test. An open question is an error,
/// an optional test that fails is skipped.
#[must_use]
pub fn junit(results: &Results<'_>) -> String {
    let mut files: Vec<(&str, Vec<&Outcome<'_>>)> = Vec::new();
    for outcome in &results.run.outcomes {
        match files.iter_mut().find(|(file, _)| *file == outcome.suite.file) {
            Some((_, outcomes)) => outcomes.push(outcome),
            None => files.push((&outcome.suite.file, vec![outcome])),
        }
    }
    let all: Vec<&Outcome<'_>> = results.run.outcomes.iter().collect();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites name=\"azfw test\" {}>", counts(&all));
    for (file, outcomes) in files {
        let _ = writeln!(out, "  <testsuite name=\"{}\" {}>", escaped(file), counts(&outcomes));
        for outcome in outcomes {
            case(&mut out, results, outcome);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn counts(outcomes: &[&Outcome<'_>]) -> String {
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"0\"",
        outcomes.len(),
        outcomes.iter().filter(|it| it.is_failure()).count(),
        outcomes.iter().filter(|it| it.is_open()).count(),
        outcomes.iter().filter(|it| is_skipped(it)).count()
    )
}

fn is_skipped(outcome: &Outcome<'_>) -> bool {
    outcome.result != TestResult::Passed && !outcome.is_failure() && !outcome.is_open()
}

fn case(out: &mut String, results: &Results<'_>, outcome: &Outcome<'_>) {
    let class = match outcome.group().map(|group| group.name.as_str()) {
        Some("") | None => outcome.suite.file.clone(),
        Some(name) => format!("{}.{name}", outcome.suite.file),
    };
    // Two tests of one name would be one to many readers.
    let name = format!("{} ({})", title(outcome), outcome.test.line);
    let _ = write!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\" time=\"0\"",
        escaped(&class),
        escaped(&name),
        escaped(&outcome.suite.file),
        outcome.test.line
    );
    if outcome.result == TestResult::Passed {
        out.push_str("/>\n");
        return;
    }
    let mut lines = explanation(results.ruleset, outcome);
    lines.extend(remedy(outcome).map(|rule| format!("a rule that would allow it: {rule}")));
    let first = escaped(lines.first().map_or("", String::as_str));
    out.push_str(">\n");
    if is_skipped(outcome) {
        let _ = writeln!(out, "      <skipped message=\"{first}\"/>");
    } else {
        let (tag, kind) =
            if outcome.is_failure() { ("failure", "verdict") } else { ("error", "undecided") };
        let text = escaped(&lines.join("\n"));
        let _ = writeln!(out, "      <{tag} message=\"{first}\" type=\"{kind}\">{text}</{tag}>");
    }
    out.push_str("    </testcase>\n");
}

/// Text for XML. Characters that XML 1.0 cannot hold become the replacement character.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\r' => out.push_str("&#13;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
