//! Findings as the template shows them.

use std::net::IpAddr;

use super::{Room, chart};
use crate::detect::{Finding, Rhythm, Severity};
use crate::report::detect::name_and_port;
use crate::report::page::shown;
use crate::report::traffic::sheet::second;

/// A finding with its evidence.
#[derive(Debug)]
pub(super) struct FindingView {
    /// From 1 on, gravest first.
    pub(super) rank: usize,
    pub(super) severity: &'static str,
    pub(super) detection: &'static str,
    pub(super) summary: &'static str,
    pub(super) techniques: String,
    pub(super) message: String,
    pub(super) when: String,
    pub(super) score: Vec<(String, String)>,
    pub(super) evidence: Vec<Vec<String>>,
    /// When connections came, for beacons.
    pub(super) rhythm: Option<RhythmView>,
    /// What would filter the page to it; empty where nothing would.
    pub(super) filter: String,
    /// What finds the records in a workspace.
    pub(super) query: String,
}

/// Two small drawings with what they say in words.
#[derive(Debug)]
pub(super) struct RhythmView {
    pub(super) bins: String,
    pub(super) bins_text: String,
    pub(super) intervals: String,
    pub(super) intervals_text: String,
    pub(super) longest: String,
}

pub(super) fn finding(rank: usize, finding: &Finding, room: Room) -> FindingView {
    let shown = |text: &str| shown(text, room.characters);
    let kind = finding.kind();
    let when = match (finding.first, finding.last) {
        (Some(first), Some(last)) if first != last => {
            format!("{} to {} UTC", second(first), second(last))
        }
        (Some(time), _) | (None, Some(time)) => format!("{} UTC", second(time)),
        (None, None) => String::new(),
    };
    FindingView {
        rank,
        severity: finding.severity.name(),
        detection: finding.detection,
        summary: kind.map_or("", |kind| kind.summary),
        techniques: kind.map_or_else(String::new, |kind| kind.techniques.join(", ")),
        message: shown(&said(finding)),
        when,
        score: finding
            .score
            .iter()
            .map(|part| (part.name.to_owned(), shown(&part.value)))
            .collect(),
        evidence: finding.evidence.iter().take(5).map(|one| evidence(one, room)).collect(),
        rhythm: finding.rhythm.as_ref().map(rhythm),
        filter: filter(finding),
        query: crate::report::detect::query(finding),
    }
}

/// Who to whom, and what is the case.
pub(super) fn said(finding: &Finding) -> String {
    let ends = crate::report::detect::ends(finding);
    if ends.is_empty() { finding.message.clone() } else { format!("{ends}: {}", finding.message) }
}

/// What the records of a finding have in common, as the page's filter would ask for it.
fn filter(finding: &Finding) -> String {
    let source = finding.source.as_deref().filter(|source| source.parse::<IpAddr>().is_ok());
    let mut tests: Vec<String> =
        source.map(|source| format!("source = {source}")).into_iter().collect();
    if let Some(target) = &finding.target {
        let (name, port) = name_and_port(target);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '_');
        if !name.is_empty() && name.chars().all(is_plain) {
            tests.push(format!("target = {name}"));
        }
        tests.extend(port.map(|port| format!("port = {port}")));
    }
    tests.join(" and ")
}

fn evidence(one: &crate::detect::Evidence, room: Room) -> Vec<String> {
    let port = one.port.map_or_else(String::new, |port| port.to_string());
    let texts = [&one.source, &one.target, &port, &one.protocol, &one.outcome, &one.origin];
    let mut cells = vec![second(one.time)];
    cells.extend(texts.map(|text| shown(text, room.characters)));
    cells
}

/// `1 high, 3 low`.
pub(super) fn severities(findings: &[Finding]) -> String {
    let all = [Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    let counts = all.map(|severity| {
        let count = findings.iter().filter(|finding| finding.severity == severity).count();
        (count, severity.name())
    });
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    counts.map(|(count, name)| format!("{count} {name}")).collect::<Vec<String>>().join(", ")
}

fn rhythm(rhythm: &Rhythm) -> RhythmView {
    let filled = rhythm.bins.iter().filter(|bin| **bin > 0).count();
    let most = rhythm.intervals.iter().copied().max().unwrap_or(0);
    let all: u64 = rhythm.intervals.iter().sum();
    let place = rhythm.intervals.iter().position(|count| *count == most).unwrap_or(0) as u64;
    let step = rhythm.step_seconds;
    let steps = rhythm.intervals.len().saturating_sub(1) as u64;
    let common = if place == steps {
        format!("{} or more", length(place * step))
    } else {
        format!("{} to {}", length(place * step), length((place + 1) * step))
    };
    RhythmView {
        bins: chart::bar_path(&rhythm.bins, 240, 32),
        bins_text: format!("connections in {filled} of {} stretches", rhythm.bins.len()),
        intervals: chart::bar_path(&rhythm.intervals, 250, 32),
        intervals_text: format!("{most} of {all} intervals last {common}"),
        longest: length(steps * step),
    }
}

fn length(seconds: u64) -> String {
    match (seconds / 60, seconds % 60) {
        (0 | 1, _) => format!("{seconds} s"),
        (minutes @ 2..120, 0) => format!("{minutes} min"),
        (minutes @ 2..120, rest) => format!("{minutes} min {rest} s"),
        (minutes, _) => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}
