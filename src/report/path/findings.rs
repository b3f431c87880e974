//! Findings about a topology, as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use super::journey::paragraph;
use crate::analyse::check::Level;
use crate::path::audit::Finding;

/// Findings that say the same of several objects.
pub(super) struct Group<'a> {
    pub(super) first: &'a Finding,
    pub(super) subjects: Vec<&'a str>,
    /// What to do, and for which of the subjects.
    helps: Vec<(Vec<&'a str>, &'a str)>,
}

impl Group<'_> {
    /// What to do; with the subjects where it is not the same for all.
    pub(super) fn helps(&self) -> Vec<String> {
        match self.helps.as_slice() {
            [(_, help)] => vec![(*help).to_owned()],
            several => several
                .iter()
                .map(|(subjects, help)| format!("{}: {help}", subjects.join(", ")))
                .collect(),
        }
    }
}

/// The findings in their order; those that differ in nothing but the object are one.
pub(super) fn groups(findings: &[Finding]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for finding in findings {
        let is_alike = |group: &&mut Group<'_>| {
            let first = group.first;
            first.level == finding.level
                && first.check == finding.check
                && first.message == finding.message
        };
        match groups.iter_mut().find(is_alike) {
            Some(group) => {
                group.subjects.push(&finding.subject);
                match group.helps.iter_mut().find(|(_, help)| *help == finding.help) {
                    Some((subjects, _)) => subjects.push(&finding.subject),
                    None => group.helps.push((vec![&finding.subject], &finding.help)),
                }
            }
            None => groups.push(Group {
                first: finding,
                subjects: vec![&finding.subject],
                helps: vec![(vec![&finding.subject], &finding.help)],
            }),
        }
    }
    groups
}

/// The findings for a terminal.
#[must_use]
pub fn findings_text(findings: &[Finding]) -> String {
    let mut out = String::new();
    for group in groups(findings) {
        let head = format!("{:<8} {}  ", group.first.level.name(), group.first.check);
        paragraph(&mut out, &head, &group.subjects.join(", "));
        paragraph(&mut out, "         ", &group.first.message);
        for help in group.helps() {
            paragraph(&mut out, "         ", &format!("help: {help}"));
        }
    }
    let _ = writeln!(out, "{}", counts(findings));
    out
}

/// How many there are of each level.
pub(super) fn counts(findings: &[Finding]) -> String {
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    format!(
        "{}: {}, {}, {}",
        counted(findings.len(), "finding"),
        counted(count(Level::Error), "error"),
        counted(count(Level::Warning), "warning"),
        counted(count(Level::Info), "info")
    )
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
