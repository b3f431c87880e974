//! Findings as Markdown, fit for a pull request.

use std::fmt::Write as _;

use super::{counts, needs};
use crate::analyse::check::Finding;
use crate::report::sanitize::markdown_cell;
use crate::source::Sources;
use crate::syntax::flow::print_flow;

/// A table of the findings.
#[must_use]
pub fn markdown(findings: &[Finding], sources: &Sources) -> String {
    let mut out = format!("## Audit: {}\n", counts(findings));
    if findings.is_empty() {
        return out;
    }
    out.push_str(
        "\n| Level | Check | Rule | Finding | Flow that shows it |\n|---|---|---|---|---|\n",
    );
    for finding in findings {
        let rule = finding.rule.as_ref().map(ToString::to_string).unwrap_or_default();
        let position = finding.span.and_then(|span| sources.position(span));
        let place = position.map(|position| position.to_string()).unwrap_or_default();
        let mut message = finding.message.clone();
        if !finding.depends_on.is_empty() {
            let _ = write!(message, "; depends on {}", needs(finding));
        }
        let witness = finding.witness.as_ref().map(print_flow).unwrap_or_default();
        let _ = writeln!(
            out,
            "| {} | {} | {}<br>{} | {}<br>{} | {} |",
            finding.level.name(),
            finding.check,
            markdown_cell(&rule),
            markdown_cell(&place),
            markdown_cell(&message),
            markdown_cell(&finding.help),
            markdown_cell(&witness)
        );
    }
    out
}
