//! What a detection has to say.

use std::cmp::Reverse;

use jiff::Timestamp;

/// How much a finding matters, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing, mostly harmless.
    Info,
    Low,
    Medium,
    High,
}

impl Severity {
    /// The word that is printed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// One kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detection {
    pub name: &'static str,
    /// One sentence, without a full stop.
    pub summary: &'static str,
    /// MITRE ATT&CK techniques; empty for faults.
    pub techniques: &'static [&'static str],
}

const fn detection(
    name: &'static str,
    summary: &'static str,
    techniques: &'static [&'static str],
) -> Detection {
    Detection { name, summary, techniques }
}

/// Every detection, in the order of `docs/detect.md`.
pub const DETECTIONS: [Detection; 20] = [
    detection("port-scan", "A source tries many ports of one destination", &["T1046", "T1595.001"]),
    detection("sweep", "A source tries one port of many destinations", &["T1046", "T1018"]),
    detection("deny-rate", "A source is denied far more often than in its other hours", &["T1046"]),
    detection(
        "fan-out",
        "A source talks to far more destinations than in its other hours",
        &["T1018"],
    ),
    detection("beacon", "Connections come back as regularly as a clock", &["T1071", "T1573"]),
    detection("denied-beacon", "Denied connections come back as regularly as a clock", &["T1071"]),
    detection("strobe", "More than one connection a second, all day", &["T1071"]),
    detection("first-seen", "Connections to destinations that nobody had used before", &["T1071"]),
    detection("uncommon-port", "Connections to ports that nobody had used before", &["T1571"]),
    detection("port-of-source", "Sources use ports that they had not used before", &["T1571"]),
    detection("port-protocol", "A port is used with another protocol than before", &["T1571"]),
    detection("threat-allowed", "Threat intelligence let a connection pass", &["T1071"]),
    detection("threat-spread", "Several sources reach for one listed destination", &["T1071"]),
    detection("idps", "IDPS signatures of one category fire for one source", &["T1190"]),
    detection(
        "idps-brute-force",
        "A signature of gaining privileges fires again and again",
        &["T1110"],
    ),
    detection("flood", "Many sources with few connections each load one destination", &["T1498"]),
    detection(
        "dns-tunnel",
        "A source asks for very many names below one domain",
        &["T1071.004", "T1572"],
    ),
    detection("indicator", "An address or name of a given list was seen", &["T1071"]),
    detection(
        "strange-volume",
        "A day is far busier or quieter than the days before it",
        &["T1498"],
    ),
    detection("log-gap", "A busy firewall wrote no records for an hour or more", &["T1562.008"]),
];

/// One part of a score: what it is called, and its value as printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub name: &'static str,
    pub value: String,
}

/// One record that shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    pub time: Timestamp,
    pub source: String,
    pub source_port: Option<u16>,
    pub target: String,
    pub port: Option<u16>,
    pub protocol: String,
    /// `allowed`, `denied`, or what else the record says.
    pub outcome: String,
    /// File and line.
    pub origin: String,
}

/// When connections came, and how far apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rhythm {
    /// Connections in each of equally long stretches of the whole time of the logs.
    pub bins: Vec<u64>,
    /// Intervals in steps of equal length from 0 on; the last one holds all that are longer.
    pub intervals: Vec<u64>,
    /// Length of such a step.
    pub step_seconds: u64,
}

/// Something that stands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The name of the detection.
    pub detection: &'static str,
    pub severity: Severity,
    /// What is the case: lower case, no final stop.
    pub message: String,
    pub source: Option<String>,
    pub target: Option<String>,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    /// Of what the message speaks of: attempts, hits, hours.
    pub count: u64,
    pub score: Vec<Part>,
    /// Of what comes back like a clock.
    pub rhythm: Option<Rhythm>,
    /// A few records, in the order of time.
    pub evidence: Vec<Evidence>,
}

impl Finding {
    pub(super) fn new(detection: &'static str, severity: Severity, message: String) -> Self {
        Self {
            detection,
            severity,
            message,
            source: None,
            target: None,
            first: None,
            last: None,
            count: 0,
            score: Vec::new(),
            rhythm: None,
            evidence: Vec::new(),
        }
    }

    pub(super) fn with_part(mut self, name: &'static str, value: impl ToString) -> Self {
        self.score.push(Part { name, value: value.to_string() });
        self
    }

    /// What kind of finding it is.
    #[must_use]
    pub fn kind(&self) -> Option<&'static Detection> {
        DETECTIONS.iter().find(|known| known.name == self.detection)
    }

    /// Gravest first; else by detection, time and place.
    pub(super) fn order(&self) -> impl Ord + '_ {
        let place = DETECTIONS.iter().position(|known| known.name == self.detection);
        (Reverse(self.severity), place, self.first, &self.source, &self.target, &self.message)
    }
}

/// Findings that differ in their sources alone, as one with a record of some of them.
pub(super) fn as_one(mut findings: Vec<Finding>, how: &str) -> Option<Finding> {
    const EVIDENCE_MAX: usize = 5;
    let rank = |one: &Finding| (Reverse((one.severity, one.count)), one.source.clone());
    findings.sort_by_cached_key(rank);
    let evidence = findings.iter().filter_map(|finding| finding.evidence.first());
    let mut evidence: Vec<Evidence> = evidence.take(EVIDENCE_MAX).cloned().collect();
    evidence.sort();
    let first = findings.iter().filter_map(|finding| finding.first).min();
    let last = findings.iter().filter_map(|finding| finding.last).max();
    let count = findings.iter().map(|finding| finding.count).sum();
    let sources = plural(findings.len(), "source");
    let mut one = findings.into_iter().next()?;
    let such_as = one.source.replace(sources).unwrap_or_default();
    one.message = format!("{how}, such as {such_as}: {}", one.message);
    (one.count, one.evidence, one.first, one.last) = (count, evidence, first, last);
    Some(one)
}

/// `1 port`, `2 ports`.
pub(super) fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("{count} {word}") } else { format!("{count} {word}s") }
}
