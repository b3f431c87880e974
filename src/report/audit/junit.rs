//! Findings as `JUnit` XML: one test case per check and finding.

use std::fmt::Write as _;

use crate::analyse::check::{CHECKS, Finding, Level};
use crate::source::Sources;
use crate::syntax::flow::print_flow;

/// The findings at or above `fail_on` as failures; a check without any passes.
#[must_use]
pub fn junit(findings: &[Finding], sources: &Sources, fail_on: Level) -> String {
    let fails = |finding: &&Finding| finding.level >= fail_on;
    let failures = findings.iter().filter(fails).count();
    let passed =
        CHECKS.iter().filter(|check| !findings.iter().any(|finding| finding.check == check.name));
    let passed: Vec<_> = passed.collect();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites><testsuite name=\"azfw audit\" tests=\"{}\" failures=\"{failures}\">",
        passed.len() + findings.len()
    );
    for check in passed {
        let _ = writeln!(out, "  <testcase classname=\"{0}\" name=\"{0}\"/>", escaped(check.name));
    }
    for finding in findings {
        let rule = finding.rule.as_ref().map_or_else(|| "policy".to_owned(), ToString::to_string);
        let _ = write!(
            out,
            "  <testcase classname=\"{}\" name=\"{}\">",
            escaped(finding.check),
            escaped(&rule)
        );
        let tag = if finding.level >= fail_on { "failure" } else { "system-out" };
        let message = escaped(&finding.message);
        let body = escaped(&body(finding, sources));
        let _ = if tag == "failure" {
            writeln!(
                out,
                "<failure type=\"{}\" message=\"{message}\">{body}</failure></testcase>",
                finding.level.name()
            )
        } else {
            writeln!(out, "<system-out>{message}\n{body}</system-out></testcase>")
        };
    }
    out.push_str("</testsuite></testsuites>\n");
    out
}

fn body(finding: &Finding, sources: &Sources) -> String {
    let position = finding.span.and_then(|span| sources.position(span));
    let position = position.map(|position| position.to_string());
    let witness = finding.witness.as_ref().map(|flow| format!("flow: {}", print_flow(flow)));
    let help = Some(format!("help: {}", finding.help));
    let lines: Vec<String> = position.into_iter().chain(witness).chain(help).collect();
    lines.join("\n")
}

/// Text for XML: markup is escaped, characters that XML does not know are written out.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' => safe.push('\n'),
            other if other.is_control() || matches!(other, '\u{fffe}' | '\u{ffff}') => {
                safe.extend(other.escape_default());
            }
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_name_cannot_break_the_document() {
        assert_eq!(escaped("a<b>&\"\u{1}"), "a&lt;b&gt;&amp;&quot;\\u{1}");
    }
}
