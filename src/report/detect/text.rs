//! Findings in logs for a terminal.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{counts, ends};
use crate::detect::{Coverage, Detected, Evidence, Finding};
use crate::report::verdict::wrapped;

/// The findings, gravest first; what they rest on; their number.
#[must_use]
pub fn text(detected: &Detected, zone: Option<&TimeZone>, width: usize) -> String {
    let mut out = String::new();
    for finding in &detected.findings {
        one(&mut out, finding, zone, width);
        out.push('\n');
    }
    coverage(&mut out, &detected.coverage, zone, width);
    let _ = writeln!(out, "{}", counts(&detected.findings));
    out
}

fn one(out: &mut String, finding: &Finding, zone: Option<&TimeZone>, width: usize) {
    let _ = writeln!(out, "{}[{}] {}", finding.severity.name(), finding.detection, ends(finding));
    let mut lines = |text: &str| {
        for line in wrapped(text, width.saturating_sub(2)) {
            let _ = writeln!(out, "  {line}");
        }
    };
    lines(&finding.message);
    if let Some(first) = finding.first {
        let last = finding.last.filter(|last| *last != first);
        let last = last.map_or_else(String::new, |last| format!(" to {}", shown(last, zone)));
        lines(&format!("{}{last}", shown(first, zone)));
    }
    let parts: Vec<String> =
        finding.score.iter().map(|part| format!("{} {}", part.name, part.value)).collect();
    if !parts.is_empty() {
        lines(&parts.join(", "));
    }
    for row in &finding.evidence {
        lines(&format!("- {}", evidence(row, zone)));
    }
    let techniques = finding.kind().map_or(&[][..], |kind| kind.techniques);
    if !techniques.is_empty() {
        lines(&format!("ATT&CK {}", techniques.join(", ")));
    }
}

fn evidence(row: &Evidence, zone: Option<&TimeZone>) -> String {
    let port = |port: Option<u16>| port.map_or_else(String::new, |port| format!(":{port}"));
    // An address of IPv6 and a port would run into each other.
    let end = |place: &str, own: Option<u16>| {
        if own.is_some() && place.contains(':') {
            format!("[{place}]{}", port(own))
        } else {
            format!("{place}{}", port(own))
        }
    };
    format!(
        "{} {} {} -> {} {} ({})",
        shown(row.time, zone),
        row.protocol,
        end(&row.source, row.source_port),
        end(&row.target, row.port),
        row.outcome,
        row.origin
    )
}

fn shown(time: Timestamp, zone: Option<&TimeZone>) -> String {
    let zone = zone.cloned().unwrap_or(TimeZone::UTC);
    let name = zone.iana_name().unwrap_or("UTC").to_owned();
    format!("{} {name}", time.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S"))
}

fn coverage(out: &mut String, coverage: &Coverage, zone: Option<&TimeZone>, width: usize) {
    let mut lines = |text: &str| {
        for line in wrapped(text, width) {
            let _ = writeln!(out, "{line}");
        }
    };
    if let (Some(first), Some(last)) = (coverage.first, coverage.last) {
        let (first, last) = (shown(first, zone), shown(last, zone));
        lines(&format!("looked at {} records from {first} to {last}", coverage.records));
    }
    let counts = [
        (coverage.untimed, "records without a time were left out"),
        (coverage.duplicates, "records were the second of one event"),
        (coverage.allowed_for, "records are on the allow list of at least one detection"),
    ];
    for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
        lines(&format!("{count} {what}"));
    }
    for same in coverage.not_judged.chunk_by(|(_, a), (_, b)| a == b) {
        let names: Vec<&str> = same.iter().map(|(name, _)| *name).collect();
        let why = same.first().map_or("", |(_, why)| why);
        lines(&format!("not judged: {} ({why})", names.join(", ")));
    }
}
