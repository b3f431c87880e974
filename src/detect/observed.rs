//! What is kept of every record.

use std::net::IpAddr;

use foldhash::{HashMap, HashMapExt as _, HashSet};
use jiff::Timestamp;
use smol_str::SmolStr;

use super::attempts::{Attempt, Outcome, timestamp};
use super::finding::DETECTIONS;
use super::indicators::{Indicators, Seen};
use super::places::{Code, Place, Places};
use super::{Allow, Coverage};
use crate::logs::{LogRecord, LoggedAction, RecordKind, is_asked_for};

/// A record of threat intelligence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ThreatHit {
    pub(super) attempt: Attempt,
    pub(super) description: SmolStr,
}

/// A signature that fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SignatureHit {
    pub(super) attempt: Attempt,
    pub(super) destination: Code,
    pub(super) id: SmolStr,
    pub(super) category: SmolStr,
    pub(super) description: SmolStr,
    /// 1 is high, 3 is low.
    pub(super) severity: Option<u8>,
}

/// Names that one source asked for below one registrable domain.
#[derive(Debug, Default)]
pub(super) struct Queried {
    pub(super) names: HashSet<SmolStr>,
    pub(super) queries: u64,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
}

/// Everything the detections look at.
#[derive(Debug)]
pub(super) struct Observed {
    allow: Vec<(u32, Allow)>,
    pub(super) tables: Places,
    /// In the order of time once [`Observed::sort`] was called.
    pub(super) attempts: Vec<Attempt>,
    /// Translations by DNAT: attempts from outside.
    pub(super) inbound: Vec<Attempt>,
    pub(super) threats: Vec<ThreatHit>,
    pub(super) signatures: Vec<SignatureHit>,
    pub(super) queried: HashMap<(Code, SmolStr), Queried>,
    pub(super) indicators: Indicators,
    pub(super) indicated: HashMap<(usize, Code), Seen>,
    coverage: Coverage,
}

/// The bit of the detection called `name`; none for a name that is not known.
pub(super) fn bit(name: &str) -> u32 {
    DETECTIONS
        .iter()
        .position(|known| known.name == name)
        .and_then(|place| u32::try_from(place).ok())
        .and_then(|place| 1u32.checked_shl(place))
        .unwrap_or(0)
}

impl Observed {
    pub(super) fn new(allow: Vec<Allow>, indicators: Indicators) -> Self {
        let mask = |allow: &Allow| match allow.detections.as_slice() {
            [] => u32::MAX,
            names => names.iter().fold(0, |mask, name| mask | bit(name)),
        };
        Self {
            allow: allow.into_iter().map(|allow| (mask(&allow), allow)).collect(),
            tables: Places::default(),
            attempts: Vec::new(),
            inbound: Vec::new(),
            threats: Vec::new(),
            signatures: Vec::new(),
            queried: HashMap::new(),
            indicators,
            indicated: HashMap::new(),
            coverage: Coverage::default(),
        }
    }

    /// Takes a record in any order.
    pub(super) fn push(&mut self, record: &LogRecord) {
        self.coverage.records += 1;
        let Some(time) = record.time else {
            self.coverage.untimed += 1;
            return;
        };
        self.coverage.first = Some(self.coverage.first.map_or(time, |first| first.min(time)));
        self.coverage.last = Some(self.coverage.last.map_or(time, |last| last.max(time)));
        let exempt = self
            .allow
            .iter()
            .filter(|(_, allow)| is_asked_for(&allow.records, record) == Some(true))
            .fold(0, |mask, (bits, _)| mask | bits);
        self.coverage.allowed_for += u64::from(exempt != 0);
        if exempt & bit("indicator") == 0 {
            self.look_up(record, time);
        }
        self.keep(record, time, exempt);
    }

    fn keep(&mut self, record: &LogRecord, time: Timestamp, exempt: u32) {
        let denied_or = |passed: Outcome| match record.action {
            Some(LoggedAction::Deny) => Outcome::Denied,
            Some(LoggedAction::Allow | LoggedAction::Alert | LoggedAction::Dnat) => {
                Outcome::Allowed
            }
            None => passed,
        };
        match record.kind {
            RecordKind::Network | RecordKind::Application => {
                // A row that names no action was cut short; nothing says that it passed.
                if let Some(LoggedAction::Allow | LoggedAction::Deny) = record.action {
                    let attempt = self.attempt(record, time, denied_or(Outcome::Seen), exempt);
                    self.attempts.extend(attempt);
                }
            }
            RecordKind::Flow => {
                let attempt = self.attempt(record, time, denied_or(Outcome::Seen), exempt);
                self.attempts.extend(attempt);
            }
            RecordKind::Nat => {
                let attempt = self.attempt(record, time, Outcome::Allowed, exempt);
                self.inbound.extend(attempt);
            }
            RecordKind::ThreatIntel => {
                let outcome = denied_or(Outcome::Allowed);
                let Some(attempt) = self.attempt(record, time, outcome, exempt) else { return };
                if attempt.is_denied() {
                    // No other row tells of it; an alert has one beside it.
                    self.attempts.push(attempt);
                }
                let description = record.threat.clone().unwrap_or_default();
                self.threats.push(ThreatHit { attempt, description });
            }
            RecordKind::Idps => self.signature(record, time, denied_or(Outcome::Seen), exempt),
            RecordKind::Dns if exempt & bit("dns-tunnel") == 0 => self.query(record, time),
            RecordKind::Dns
            | RecordKind::DnsFailure
            | RecordKind::FlowTrace
            | RecordKind::FatFlow
            | RecordKind::Aggregation => {}
        }
    }

    fn attempt(
        &mut self,
        record: &LogRecord,
        time: Timestamp,
        outcome: Outcome,
        exempt: u32,
    ) -> Option<Attempt> {
        let source = self.address(record.source?);
        let target = match &record.fqdn {
            Some(name) if !name.is_empty() => Place::Name(name.to_ascii_lowercase().into()),
            Some(_) | None => Place::Address(record.destination?),
        };
        let protocol = record.protocol.clone().unwrap_or_default();
        Some(Attempt {
            time: time.as_microsecond(),
            source,
            target: self.tables.ends.code(&target),
            protocol: self.tables.protocols.code(&protocol),
            source_port: record.source_port.unwrap_or(0),
            port: record.destination_port.unwrap_or(0),
            outcome,
            exempt,
            file: self.tables.files.code(&record.origin.file),
            line: u32::try_from(record.origin.line).unwrap_or(u32::MAX),
        })
    }

    fn address(&mut self, address: IpAddr) -> Code {
        self.tables.ends.code(&Place::Address(address))
    }

    fn signature(&mut self, record: &LogRecord, time: Timestamp, outcome: Outcome, exempt: u32) {
        let Some(attempt) = self.attempt(record, time, outcome, exempt) else { return };
        let signature = record.signature.as_deref().cloned().unwrap_or_default();
        let destination =
            record.destination.map_or(attempt.target, |address| self.address(address));
        self.signatures.push(SignatureHit {
            attempt,
            destination,
            id: signature.id.unwrap_or_default(),
            category: signature.category.unwrap_or_default(),
            description: signature.description.unwrap_or_default(),
            severity: signature.severity,
        });
    }

    fn query(&mut self, record: &LogRecord, time: Timestamp) {
        let name = record.dns.as_deref().and_then(|dns| dns.name.as_deref());
        let (Some(source), Some(name)) = (record.source, name) else { return };
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        // What a source asks for below its search suffix or of a host alone has no owner.
        let Some(domain) = psl::domain_str(&name) else { return };
        let key = (self.address(source), SmolStr::from(domain));
        let queried = self.queried.entry(key).or_default();
        queried.queries += 1;
        queried.first = Some(queried.first.map_or(time, |first| first.min(time)));
        queried.last = Some(queried.last.map_or(time, |last| last.max(time)));
        queried.names.insert(name.into());
    }

    fn look_up(&mut self, record: &LogRecord, time: Timestamp) {
        for (place, end) in self.indicators.hits(record) {
            let source = record.source.map_or(Code::MAX, |source| self.address(source));
            let seen = self.indicated.entry((place, source)).or_default();
            seen.note(record, time, &end);
        }
    }

    /// Puts everything into the order of time and leaves out what was logged twice.
    pub(super) fn sort(&mut self) -> Coverage {
        for attempts in [&mut self.attempts, &mut self.inbound] {
            attempts.sort_unstable();
            let before = attempts.len();
            attempts.dedup_by(|later, earlier| later.event() == earlier.event());
            self.coverage.duplicates += (before - attempts.len()) as u64;
        }
        self.threats.sort_by(|a, b| (a.attempt, &a.description).cmp(&(b.attempt, &b.description)));
        self.threats.dedup_by(|b, a| {
            a.attempt.event() == b.attempt.event() && a.description == b.description
        });
        self.signatures.sort_by(|a, b| (a.attempt, &a.id).cmp(&(b.attempt, &b.id)));
        self.signatures.dedup_by(|b, a| a.attempt.event() == b.attempt.event() && a.id == b.id);
        self.coverage.clone()
    }

    /// The first and the last time of an attempt.
    pub(super) fn span(&self) -> Option<(i64, i64)> {
        Some((self.attempts.first()?.time, self.attempts.last()?.time))
    }

    /// The times of the earliest and latest of `attempts`.
    pub(super) fn times<'a>(
        attempts: impl Iterator<Item = &'a Attempt> + Clone,
    ) -> (Option<Timestamp>, Option<Timestamp>) {
        let time = |attempt: Option<&Attempt>| attempt.and_then(|one| timestamp(one.time));
        let first = attempts.clone().min_by_key(|one| one.time);
        (time(first), time(attempts.max_by_key(|one| one.time)))
    }
}
