//! Findings in logs as JSON. The shape is `docs/schema/detect.schema.json`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::kql;
use crate::detect::{Detected, Evidence, Finding, Rhythm};

/// `detect --format json`.
#[derive(Debug, Serialize)]
pub struct DetectJson {
    pub findings: Vec<FindingJson>,
    pub coverage: CoverageJson,
}

/// One finding.
#[derive(Debug, Serialize)]
pub struct FindingJson {
    pub detection: &'static str,
    pub severity: &'static str,
    pub message: String,
    pub techniques: Vec<&'static str>,
    pub source: Option<String>,
    pub target: Option<String>,
    pub first: Option<String>,
    pub last: Option<String>,
    pub count: u64,
    pub score: BTreeMap<&'static str, String>,
    /// Of beacons.
    pub rhythm: Option<RhythmJson>,
    /// What finds the records in Log Analytics, where an end is known.
    pub kql: Option<String>,
    pub evidence: Vec<EvidenceJson>,
}

/// When connections came, and how far apart.
#[derive(Debug, Serialize)]
pub struct RhythmJson {
    pub bins: Vec<u64>,
    pub intervals: Vec<u64>,
    pub step_seconds: u64,
}

/// One record.
#[derive(Debug, Serialize)]
pub struct EvidenceJson {
    pub time: String,
    pub source: String,
    pub source_port: Option<u16>,
    pub target: String,
    pub port: Option<u16>,
    pub protocol: String,
    pub outcome: String,
    pub origin: String,
}

/// What the findings rest on.
#[derive(Debug, Serialize)]
pub struct CoverageJson {
    pub records: u64,
    pub first: Option<String>,
    pub last: Option<String>,
    pub untimed: u64,
    pub duplicates: u64,
    pub allowed_for: u64,
    pub not_judged: Vec<NotJudgedJson>,
}

/// A detection that could not judge.
#[derive(Debug, Serialize)]
pub struct NotJudgedJson {
    pub detection: &'static str,
    pub reason: String,
}

/// The JSON form of what was detected.
#[must_use]
pub fn json(detected: &Detected) -> DetectJson {
    let coverage = &detected.coverage;
    let not_judged = coverage.not_judged.iter();
    DetectJson {
        findings: detected.findings.iter().map(finding).collect(),
        coverage: CoverageJson {
            records: coverage.records,
            first: coverage.first.map(|time| time.to_string()),
            last: coverage.last.map(|time| time.to_string()),
            untimed: coverage.untimed,
            duplicates: coverage.duplicates,
            allowed_for: coverage.allowed_for,
            not_judged: not_judged
                .map(|(detection, reason)| NotJudgedJson { detection, reason: reason.clone() })
                .collect(),
        },
    }
}

fn finding(finding: &Finding) -> FindingJson {
    FindingJson {
        detection: finding.detection,
        severity: finding.severity.name(),
        message: finding.message.clone(),
        techniques: finding.kind().map_or_else(Vec::new, |kind| kind.techniques.to_vec()),
        source: finding.source.clone(),
        target: finding.target.clone(),
        first: finding.first.map(|time| time.to_string()),
        last: finding.last.map(|time| time.to_string()),
        count: finding.count,
        score: finding.score.iter().map(|part| (part.name, part.value.clone())).collect(),
        rhythm: finding.rhythm.as_ref().map(rhythm),
        kql: Some(kql::query(finding)).filter(|query| !query.is_empty()),
        evidence: finding.evidence.iter().map(evidence).collect(),
    }
}

fn rhythm(rhythm: &Rhythm) -> RhythmJson {
    let Rhythm { bins, intervals, step_seconds } = rhythm;
    RhythmJson { bins: bins.clone(), intervals: intervals.clone(), step_seconds: *step_seconds }
}

fn evidence(row: &Evidence) -> EvidenceJson {
    EvidenceJson {
        time: row.time.to_string(),
        source: row.source.clone(),
        source_port: row.source_port,
        target: row.target.clone(),
        port: row.port,
        protocol: row.protocol.clone(),
        outcome: row.outcome.clone(),
        origin: row.origin.clone(),
    }
}
