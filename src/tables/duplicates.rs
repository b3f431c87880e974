//! Finds events that were written twice, once by each family of categories.
//!
//! The structured record of an event says more and is the one to count, whichever comes first. So
//! legacy records wait until all structured ones are known. Of those a time and a hash is enough.

use std::collections::HashSet;
use std::io;

use crate::logs::{Form, KeyedState};

use super::coding::{Coding, Recoding};
use super::dictionary::{ABSENT, Code, mixed, number};
use super::row::{Class, Event, Field, Head, Row};
use super::spill::{Memory, PARTS, Spill, joined, words};

/// A time in microseconds, which Azure writes alike in both records, and what else they share.
type Identity = (u64, u64);

/// Head, source, port, destination, port, name, duration, time, hash of the identity.
pub(super) const LEGACY_WORDS: usize = 11;
pub(super) const STRUCTURED_WORDS: usize = 4;

/// Which families have written records that the other may have written too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Families {
    pub(super) is_legacy: bool,
    pub(super) is_structured: bool,
}

impl Families {
    pub(super) fn add(&mut self, other: Self) {
        self.is_legacy |= other.is_legacy;
        self.is_structured |= other.is_structured;
    }

    pub(super) fn are_both(self) -> bool {
        self.is_legacy && self.is_structured
    }
}

/// The records that may have a twin.
#[derive(Debug)]
pub(super) struct Duplicates {
    /// While one family writes alone there are none, and nothing has to be remembered.
    is_on: bool,
    pub(super) families: Families,
    legacy: Spill<LEGACY_WORDS>,
    structured: Spill<STRUCTURED_WORDS>,
}

impl Duplicates {
    pub(super) fn new(is_on: bool, memory: &Memory) -> Self {
        let families = Families::default();
        Self { is_on, families, legacy: Spill::new(memory), structured: Spill::new(memory) }
    }

    /// Whether the event is to wait. If not it is to be counted.
    pub(super) fn keeps(&mut self, row: &Row<'_>, coding: &Coding) -> bool {
        let Some(time) = row.event.time.filter(|_| may_be_doubled(row.head)) else { return false };
        let is_legacy = row.head.form == Form::Legacy;
        if is_legacy {
            self.families.is_legacy = true;
        } else {
            self.families.is_structured = true;
        }
        if !self.is_on {
            return false;
        }
        let hash = identity(row, coding);
        let identity = (time.cast_unsigned(), hash);
        if is_legacy {
            self.wait(row.event, identity);
            return true;
        }
        let ([time_low, time_high], [low, high]) = (words(identity.0), words(identity.1));
        self.structured.push(hash, [time_low, time_high, low, high]);
        false
    }

    fn wait(&mut self, event: Event, (time, hash): Identity) {
        let ([time_low, time_high], [low, high]) = (words(time), words(hash));
        let Event { head, source, source_port, destination, destination_port, name, .. } = event;
        let duration = event.duration;
        let ends = [head, source, source_port, destination, destination_port, name, duration];
        self.legacy.push(hash, with_identity(ends, [time_low, time_high, low, high]));
    }

    /// The rows as they are kept, in order.
    pub(super) fn stored(&mut self) -> io::Result<StoredRows> {
        Ok((self.legacy.sorted()?, self.structured.sorted()?))
    }

    /// Takes back rows that were kept.
    pub(super) fn restore(&mut self, (legacy, structured): StoredRows) {
        for row in legacy {
            let ((_, hash), _) = waited(row);
            self.legacy.push(hash, row);
        }
        for row in structured {
            self.structured.push(structured_identity(row).1, row);
        }
    }
}

/// Rows that are kept of legacy records and of structured ones.
type StoredRows = (Vec<[u32; LEGACY_WORDS]>, Vec<[u32; STRUCTURED_WORDS]>);

/// Hands over, to `count`, what waited in vain. The answer is how many others had waited.
pub(super) fn settle(
    all: &mut [(Option<&Recoding>, &mut Duplicates)],
    count: impl FnMut(Event),
) -> io::Result<u64> {
    if all.iter().all(|(_, duplicates)| duplicates.legacy.rows() == 0) {
        return Ok(0);
    }
    settle_until(all, None, count)
}

/// The same for what is older than the horizon. The rest goes on waiting where it says.
pub(super) fn settle_until(
    all: &mut [(Option<&Recoding>, &mut Duplicates)],
    mut until: Option<(i64, &mut Duplicates)>,
    mut count: impl FnMut(Event),
) -> io::Result<u64> {
    let mut removed = 0;
    for part in 0..PARTS {
        let mut seen: HashSet<Identity, KeyedState> = HashSet::default();
        for (_, duplicates) in all.iter_mut() {
            for row in duplicates.structured.take(part)? {
                let identity = structured_identity(row);
                if let Some((horizon, kept)) = &mut until
                    && identity.0.cast_signed() >= *horizon
                {
                    kept.structured.push(identity.1, row);
                }
                seen.insert(identity);
            }
        }
        for (recoding, duplicates) in all.iter_mut() {
            for row in duplicates.legacy.take(part)? {
                let (identity, event) = waited(row);
                if seen.contains(&identity) {
                    removed += 1;
                    continue;
                }
                let event = recoding.map_or(event, |recoding| recoding.event(event));
                match &mut until {
                    Some((horizon, kept)) if identity.0.cast_signed() >= *horizon => {
                        kept.wait(event, identity);
                    }
                    Some(_) | None => count(event),
                }
            }
        }
    }
    Ok(removed)
}

fn structured_identity([a, b, c, d]: [u32; STRUCTURED_WORDS]) -> Identity {
    (joined([a, b]), joined([c, d]))
}

fn with_identity(ends: [u32; 7], identity: [u32; 4]) -> [u32; LEGACY_WORDS] {
    let mut row = [0; LEGACY_WORDS];
    row.iter_mut().zip(ends.into_iter().chain(identity)).for_each(|(to, word)| *to = word);
    row
}

fn waited(row: [u32; LEGACY_WORDS]) -> (Identity, Event) {
    let [head, source, source_port, destination, destination_port, name, duration, rest @ ..] = row;
    let [time_low, time_high, low, high] = rest;
    let time = joined([time_low, time_high]);
    let event = Event {
        head,
        time: Some(time.cast_signed()),
        source,
        source_port,
        destination,
        destination_port,
        name,
        duration,
        weight: 1,
    };
    ((time, joined([low, high])), event)
}

/// Whether records like these are written by both families.
fn may_be_doubled(head: &Head) -> bool {
    if head.form == Form::FlowLog {
        return false;
    }
    match head.class {
        Class::Allowed
        | Class::DeniedByRule
        | Class::DeniedByDefault
        | Class::ThreatAlert
        | Class::ThreatDenied
        | Class::Idps
        | Class::Dnat
        | Class::Dns
        | Class::DnsFailure
        | Class::Unstated => true,
        Class::FlowTrace | Class::FatFlow | Class::Aggregation => false,
    }
}

/// What, besides the time, makes two records the same event.
fn identity(row: &Row<'_>, coding: &Coding) -> u64 {
    let key = row.key([
        Field::Kind,
        Field::Firewall,
        Field::Protocol,
        Field::Source,
        Field::SourcePort,
        Field::Target,
        Field::DestinationPort,
        Field::SignatureId,
        Field::DnsName,
    ]);
    // Port 0 and no port are the same: both stand for "no ports" in rows about ICMP.
    let same = |code: Code| if code == number(0) { ABSENT } else { code };
    mixed(key.map(|code| coding.dictionary.hash(same(code))))
}
