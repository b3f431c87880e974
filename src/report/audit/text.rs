//! Findings for a terminal.

use std::fmt::Write as _;

use super::{counts, needs};
use crate::analyse::check::Finding;
use crate::report::verdict::wrapped;
use crate::source::Sources;
use crate::syntax::flow::print_flow;

/// The findings, gravest first, and their number.
#[must_use]
pub fn text(findings: &[Finding], sources: &Sources, width: usize) -> String {
    let mut out = String::new();
    for finding in findings {
        one(&mut out, finding, sources, width);
        out.push('\n');
    }
    let _ = writeln!(out, "{}", counts(findings));
    out
}

fn one(out: &mut String, finding: &Finding, sources: &Sources, width: usize) {
    let _ = write!(out, "{}[{}]", finding.level.name(), finding.check);
    if let Some(rule) = &finding.rule {
        let _ = write!(out, " {rule}");
    }
    out.push('\n');
    if let Some(position) = finding.span.and_then(|span| sources.position(span)) {
        let _ = writeln!(out, "  --> {position}");
    }
    let mut lines = |label: &str, text: &str| {
        for line in wrapped(&format!("{label}{text}"), width.saturating_sub(2)) {
            let _ = writeln!(out, "  {line}");
        }
    };
    lines("", &finding.message);
    for detail in &finding.details {
        lines("- ", detail);
    }
    if !finding.depends_on.is_empty() {
        lines("depends on: ", &needs(finding));
    }
    if let Some(witness) = &finding.witness {
        lines("flow: ", &print_flow(witness));
    }
    if !finding.help.is_empty() {
        lines("help: ", &finding.help);
    }
}
