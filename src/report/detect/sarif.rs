//! Findings in logs as SARIF 2.1.0.

use std::collections::BTreeMap;

use super::ends;
use crate::detect::{DETECTIONS, Detected, Detection, Finding, Severity};
use crate::report::audit::sarif::{
    Artifact, Descriptor, Location, Outcome, Physical, Properties, Region, Sarif, Text, log, uri,
};

/// The SARIF form of what was detected. `file` stands in where a finding has no record to show.
#[must_use]
pub fn sarif(detected: &Detected, file: &str) -> Sarif {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let results = detected.findings.iter().map(|finding| {
        let identity = format!("{}:{}", finding.detection, ends(finding));
        let count = seen.entry(identity.clone()).or_insert(0);
        *count += 1;
        outcome(finding, file, format!("{identity}:{count}"))
    });
    let results = results.collect();
    log(DETECTIONS.iter().map(descriptor).collect(), results)
}

fn descriptor(detection: &Detection) -> Descriptor {
    let text = |text: &str| Text { text: text.to_owned() };
    let tags = detection.techniques.iter().map(|technique| format!("attack/{technique}"));
    Descriptor {
        id: detection.name,
        short_description: text(detection.summary),
        full_description: text(detection.summary),
        help: text(detection.summary),
        properties: Properties {
            tags: std::iter::once("security".to_owned()).chain(tags).collect(),
        },
    }
}

fn outcome(finding: &Finding, file: &str, identity: String) -> Outcome {
    let (place, line) = finding
        .evidence
        .first()
        .and_then(|row| row.origin.rsplit_once(':'))
        .and_then(|(file, line)| Some((file, line.parse().ok().filter(|line| *line > 0)?)))
        .unwrap_or((file, 1));
    Outcome {
        rule_id: finding.detection,
        rule_index: DETECTIONS.iter().position(|known| known.name == finding.detection),
        level: match finding.severity {
            Severity::Info | Severity::Low => "note",
            Severity::Medium => "warning",
            Severity::High => "error",
        },
        message: Text { text: format!("{}: {}", ends(finding), finding.message) },
        locations: vec![Location {
            physical: Some(Physical {
                artifact: Artifact { uri: uri(place) },
                region: Region { start_line: line, start_column: 1 },
            }),
            logical: Vec::new(),
        }],
        partial_fingerprints: BTreeMap::from([("azfwDetection/v1", identity)]),
    }
}
