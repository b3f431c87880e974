//! Connection attempts in codes, and groups of them.

use jiff::Timestamp;

use super::finding::Evidence;
use super::places::{Code, Places};

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Outcome {
    Allowed,
    Denied,
    /// A log that does not say.
    Seen,
}

impl Outcome {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Seen => "seen",
        }
    }
}

/// One connection attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Attempt {
    /// Microseconds since 1970.
    pub(super) time: i64,
    pub(super) source: Code,
    /// The name that was asked for, else the address.
    pub(super) target: Code,
    pub(super) protocol: Code,
    pub(super) source_port: u16,
    /// 0 where there is none.
    pub(super) port: u16,
    pub(super) outcome: Outcome,
    /// One bit for each detection that does not look at it.
    pub(super) exempt: u32,
    pub(super) file: Code,
    pub(super) line: u32,
}

impl Attempt {
    /// What two records of one event have in common.
    pub(super) fn event(&self) -> impl PartialEq + use<> {
        let ends = (self.source, self.source_port, self.target, self.port, self.protocol);
        (self.time, ends, self.outcome)
    }

    pub(super) fn is_denied(&self) -> bool {
        self.outcome == Outcome::Denied
    }

    pub(super) fn evidence(&self, places: &Places) -> Option<Evidence> {
        let port = |port: u16| (port != 0).then_some(port);
        let file = places.files.get(self.file);
        Some(Evidence {
            time: timestamp(self.time)?,
            source: places.text(self.source),
            source_port: port(self.source_port),
            target: places.text(self.target),
            port: port(self.port),
            protocol: places.protocols.get(self.protocol).map_or("", |name| name).to_owned(),
            outcome: self.outcome.name().to_owned(),
            origin: file.map_or_else(String::new, |file| format!("{file}:{}", self.line)),
        })
    }
}

/// The time that microseconds since 1970 mean.
pub(super) fn timestamp(microseconds: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(microseconds).ok()
}

/// How many records are shown for a finding.
pub(super) const EVIDENCE_MAX: usize = 5;

/// A few of `attempts`: the first ones with another target or port than those before them.
pub(super) fn evidence<'a>(
    attempts: impl Iterator<Item = &'a Attempt>,
    places: &Places,
) -> Vec<Evidence> {
    let mut shown: Vec<(Code, Code, u16)> = Vec::new();
    let mut rows = Vec::new();
    for attempt in attempts {
        let ends = (attempt.source, attempt.target, attempt.port);
        if rows.len() < EVIDENCE_MAX && !shown.contains(&ends) {
            shown.push(ends);
            rows.extend(attempt.evidence(places));
        }
    }
    rows
}

/// Attempts in groups of one key.
pub(super) struct Groups<F> {
    /// In the order of their keys, then in that of time.
    attempts: Vec<Attempt>,
    key: F,
}

impl<K: Ord, F: Fn(&Attempt) -> K> Groups<F> {
    /// Each group in the order of time, the groups in that of their key.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[Attempt]> {
        self.attempts.chunk_by(|a, b| (self.key)(a) == (self.key)(b))
    }
}

/// The attempts that `wanted` names, in groups of one key.
pub(super) fn grouped<K: Ord, F: Fn(&Attempt) -> K>(
    attempts: &[Attempt],
    wanted: impl Fn(&Attempt) -> bool,
    key: F,
) -> Groups<F> {
    let mut attempts: Vec<Attempt> = attempts.iter().filter(|one| wanted(one)).copied().collect();
    // The order of attempts is that of time; nothing is set aside to sort them.
    attempts.sort_unstable_by(|a, b| key(a).cmp(&key(b)).then(a.cmp(b)));
    Groups { attempts, key }
}
