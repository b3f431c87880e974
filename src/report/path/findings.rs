//! Findings about a topology, as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use super::journey::paragraph;
use crate::analyse::check::Level;
use crate::path::audit::Finding;

/// The findings for a terminal.
#[must_use]
pub fn findings_text(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let head = format!("{:<8} {}", finding.level.name(), finding.check);
        let _ = writeln!(out, "{head}  {}", finding.subject);
        paragraph(&mut out, "         ", &finding.message);
        paragraph(&mut out, "         ", &format!("help: {}", finding.help));
    }
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (errors, warnings, infos) =
        (count(Level::Error), count(Level::Warning), count(Level::Info));
    let _ = writeln!(
        out,
        "{}: {}, {}, {}",
        counted(findings.len(), "finding"),
        counted(errors, "error"),
        counted(warnings, "warning"),
        counted(infos, "info")
    );
    out
}

/// `1 error`, `2 errors`.
fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// `azfw path --audit --format json`.
#[derive(Debug, Serialize)]
pub struct FindingsJson {
    pub findings: Vec<FindingJson>,
}

#[derive(Debug, Serialize)]
pub struct FindingJson {
    pub check: &'static str,
    pub level: &'static str,
    pub subject: String,
    pub message: String,
    pub help: String,
}

/// The findings as JSON.
#[must_use]
pub fn findings_json(findings: &[Finding]) -> FindingsJson {
    let one = |finding: &Finding| FindingJson {
        check: finding.check,
        level: finding.level.name(),
        subject: finding.subject.clone(),
        message: finding.message.clone(),
        help: finding.help.clone(),
    };
    FindingsJson { findings: findings.iter().map(one).collect() }
}
