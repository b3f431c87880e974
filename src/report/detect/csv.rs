//! Findings in logs as CSV: one row a finding.

use crate::detect::{Detected, Finding};
use crate::report::sanitize::csv_cell;

const COLUMNS: [&str; 10] = [
    "severity",
    "detection",
    "source",
    "target",
    "message",
    "first",
    "last",
    "count",
    "score",
    "techniques",
];

/// A table of all findings.
#[must_use]
pub fn csv(detected: &Detected) -> String {
    let rows = detected.findings.iter().map(row);
    std::iter::once(COLUMNS.join(",") + "\n").chain(rows).collect()
}

fn row(finding: &Finding) -> String {
    let parts: Vec<String> =
        finding.score.iter().map(|part| format!("{}={}", part.name, part.value)).collect();
    let time =
        |time: Option<jiff::Timestamp>| time.map_or_else(String::new, |time| time.to_string());
    let techniques = finding.kind().map_or(&[][..], |kind| kind.techniques);
    let cells = [
        finding.severity.name().to_owned(),
        finding.detection.to_owned(),
        finding.source.clone().unwrap_or_default(),
        finding.target.clone().unwrap_or_default(),
        finding.message.clone(),
        time(finding.first),
        time(finding.last),
        finding.count.to_string(),
        parts.join("; "),
        techniques.join(" "),
    ];
    let cells: Vec<_> = cells.iter().map(|cell| csv_cell(cell)).collect();
    cells.join(",") + "\n"
}
