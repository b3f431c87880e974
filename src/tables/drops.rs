//! Connections that a rule allowed and IDPS then dropped.
//!
//! IDPS looks at packets of connections that are allowed already, so its drop is a second record, and
//! the record of the rule keeps saying `Allow`. The two are found by source, source port and
//! destination port, and by the destination where both have one: application records have none.

use std::io;

use crate::logs::LoggedAction;

use super::coding::Coding;
use super::dictionary::{ABSENT, Code, CodeMap, Translation, mixed, number};
use super::row::{Class, Field, Row};
use super::spill::{Memory, PARTS, Spill, joined, words};

/// A signature fires on one of the first packets, seldom much later.
const APART_MAX_US: i64 = 300_000_000;

/// Source, source port and destination port.
type Key = [Code; 3];

/// Key, destination, time.
pub(super) const WORDS: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    time: i64,
    destination: Code,
}

/// Drops of one connection.
#[derive(Debug, Default)]
struct Dropped {
    drops: Vec<Seen>,
    was_allowed: bool,
}

/// Allowed connections, and those that IDPS dropped.
#[derive(Debug)]
pub(super) struct Drops {
    /// Allowed connections are remembered. Most logs have no drop, so that this is in vain.
    is_on: bool,
    /// A drop has been seen.
    pub(super) has_drop: bool,
    allowed: Spill<WORDS>,
    dropped: Spill<WORDS>,
    /// Connections of which nothing more is expected.
    settled: u64,
}

/// Connections that are settled, and rows that are kept of allowed and of dropped ones.
type StoredRows = (u64, (Vec<[u32; WORDS]>, Vec<[u32; WORDS]>));

impl Drops {
    pub(super) fn new(is_on: bool, memory: &Memory) -> Self {
        let (allowed, dropped) = (Spill::new(memory), Spill::new(memory));
        Self { is_on, has_drop: false, allowed, dropped, settled: 0 }
    }

    /// The rows as they are kept, in order.
    pub(super) fn stored(&mut self) -> io::Result<StoredRows> {
        Ok((self.settled, (self.allowed.sorted()?, self.dropped.sorted()?)))
    }

    /// Takes back rows that were kept.
    pub(super) fn restore(&mut self, (settled, (allowed, dropped)): StoredRows, coding: &Coding) {
        self.settled += settled;
        self.has_drop |= !dropped.is_empty();
        let none = Translation::default();
        for row in allowed {
            self.allowed.push(hash(read(row, &none).0, coding), row);
        }
        for row in dropped {
            self.dropped.push(hash(read(row, &none).0, coding), row);
        }
    }

    /// Takes a record.
    pub(super) fn push(&mut self, row: &Row<'_>, coding: &Coding) {
        let is_deny = || row.head.get(Field::Action) == number(LoggedAction::Deny as u16);
        let rows = match row.head.class {
            Class::Allowed if self.is_on => &mut self.allowed,
            Class::Idps if is_deny() => &mut self.dropped,
            Class::Allowed
            | Class::DeniedByRule
            | Class::DeniedByDefault
            | Class::ThreatAlert
            | Class::ThreatDenied
            | Class::Idps
            | Class::Dnat
            | Class::Dns
            | Class::DnsFailure
            | Class::FlowTrace
            | Class::FatFlow
            | Class::Aggregation
            | Class::Unstated => return,
        };
        let event = &row.event;
        let key = [event.source, event.source_port, event.destination_port];
        let Some(time) = event.time.filter(|_| !key.contains(&ABSENT) && !event.is_cut()) else {
            return;
        };
        self.has_drop |= row.head.class == Class::Idps;
        rows.push(hash(key, coding), written(key, Seen { time, destination: event.destination }));
    }
}

fn hash(key: Key, coding: &Coding) -> u64 {
    mixed(key.map(|code| coding.dictionary.hash(code)))
}

fn written([source, source_port, port]: Key, seen: Seen) -> [u32; WORDS] {
    let [low, high] = words(seen.time.cast_unsigned());
    [source, source_port, port, seen.destination, low, high]
}

/// Settles what nothing more is expected of after `horizon`, and hands over the rest to `kept`.
pub(super) fn keep(
    all: &mut [(Translation, &mut Drops)],
    horizon: i64,
    kept: (&mut Drops, &Coding),
) -> io::Result<()> {
    let (kept, coding) = kept;
    kept.settled += all.iter().map(|(_, drops)| drops.settled).sum::<u64>();
    for part in 0..PARTS {
        let (mut connections, allowed) = part_of(all, part)?;
        for (key, seen) in allowed {
            if seen.time >= horizon.saturating_sub(APART_MAX_US) {
                kept.allowed.push(hash(key, coding), written(key, seen));
            }
        }
        for (key, dropped) in
            connections.drain().flat_map(|(key, all)| all.into_iter().map(move |one| (key, one)))
        {
            let is_open = dropped.drops.iter().any(|drop| drop.time >= horizon);
            if !is_open {
                kept.settled += u64::from(dropped.was_allowed);
                continue;
            }
            for drop in dropped.drops {
                kept.has_drop = true;
                kept.dropped.push(hash(key, coding), written(key, drop));
            }
        }
    }
    Ok(())
}

type PartRows = (CodeMap<Key, Vec<Dropped>>, Vec<(Key, Seen)>);

/// The dropped connections of a part, and the allowed ones.
fn part_of(all: &mut [(Translation, &mut Drops)], part: usize) -> io::Result<PartRows> {
    let (mut dropped, mut allowed) = (Vec::new(), Vec::new());
    for (translation, drops) in all.iter_mut() {
        dropped.extend(drops.dropped.take(part)?.into_iter().map(|row| read(row, translation)));
        allowed.extend(drops.allowed.take(part)?.into_iter().map(|row| read(row, translation)));
    }
    let mut connections = connections(dropped);
    for (key, seen) in &allowed {
        for dropped in connections.get_mut(key).into_iter().flatten() {
            dropped.was_allowed |= dropped.drops.iter().any(|drop| is_same(*seen, *drop));
        }
    }
    Ok((connections, allowed))
}

/// How many connections were allowed and then dropped.
pub(super) fn settle(all: &mut [(Translation, &mut Drops)]) -> io::Result<u64> {
    let mut count = all.iter().map(|(_, drops)| drops.settled).sum();
    if all.iter().all(|(_, drops)| drops.dropped.rows() == 0) {
        return Ok(count);
    }
    for part in 0..PARTS {
        let (connections, _) = part_of(all, part)?;
        let known = connections.values().flatten();
        count += known.filter(|dropped| dropped.was_allowed).count() as u64;
    }
    Ok(count)
}

fn read(row: [u32; WORDS], translation: &Translation) -> (Key, Seen) {
    let [key @ .., destination, low, high] = row;
    let seen = Seen {
        time: joined([low, high]).cast_signed(),
        destination: translation.code(destination),
    };
    (translation.codes(key), seen)
}

/// Several signatures, or both families of categories, tell of one connection.
fn connections(mut dropped: Vec<(Key, Seen)>) -> CodeMap<Key, Vec<Dropped>> {
    dropped.sort_unstable();
    let mut connections: CodeMap<Key, Vec<Dropped>> = CodeMap::default();
    for (key, seen) in dropped {
        let known = connections.entry(key).or_default();
        let same = known
            .iter_mut()
            .find(|dropped| dropped.drops.first().is_some_and(|first| is_same_drop(*first, seen)));
        match same {
            Some(same) => same.drops.push(seen),
            None => known.push(Dropped { drops: vec![seen], was_allowed: false }),
        }
    }
    connections
}

/// Clocks of the firewall's instances may differ by a second.
fn is_same(allowed: Seen, dropped: Seen) -> bool {
    let after = dropped.time.saturating_sub(allowed.time);
    let ends = (allowed.destination, dropped.destination);
    (-1_000_000..=APART_MAX_US).contains(&after) && is_one_end(ends)
}

fn is_same_drop(a: Seen, b: Seen) -> bool {
    a.time.abs_diff(b.time) <= APART_MAX_US.unsigned_abs()
        && is_one_end((a.destination, b.destination))
}

fn is_one_end((a, b): (Code, Code)) -> bool {
    a == b || a == ABSENT || b == ABSENT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::{LogRecord, RecordKind, Sink as _};
    use crate::tables::sample::{by, flow};
    use crate::tables::{Account, Input, Options};

    fn count(records: &[LogRecord]) -> u64 {
        let counted = |records: &mut dyn Iterator<Item = &LogRecord>| {
            let mut account = Account::default();
            records.for_each(|record| assert!(account.record(record.clone()).is_continue()));
            let summary = account.tally.finish(Input::default(), &Options::default()).unwrap();
            summary.coverage.input.allowed_then_dropped
        };
        let forward = counted(&mut records.iter());
        assert_eq!(forward, counted(&mut records.iter().rev()), "the order must not matter");
        forward
    }

    fn allow(kind: RecordKind, at: f64, text: &str) -> LogRecord {
        by(flow(kind, at, text), LoggedAction::Allow, "g/c/r")
    }

    fn idps(action: LoggedAction, at: f64, text: &str) -> LogRecord {
        let mut record = flow(RecordKind::Idps, at, text);
        record.action = Some(action);
        record
    }

    #[test]
    fn a_drop_belongs_to_the_allowed_connection_before_it() {
        let network = allow(RecordKind::Network, 0.0, "tcp 10.0.1.4:50000 -> 192.0.2.9:80");
        let drop = |at, text| idps(LoggedAction::Deny, at, text);
        let same = drop(2.0, "tcp 10.0.1.4:50000 -> 192.0.2.9:80");
        assert_eq!(count(&[network.clone(), same.clone(), same.clone()]), 1);
        assert_eq!(count(&[network.clone(), drop(900.0, "tcp 10.0.1.4:50000 -> 192.0.2.9:80")]), 0);
        assert_eq!(count(&[network.clone(), drop(2.0, "tcp 10.0.1.4:50001 -> 192.0.2.9:80")]), 0);
        assert_eq!(count(&[network.clone(), drop(2.0, "tcp 10.0.1.4:50000 -> 192.0.2.8:80")]), 0);
        let alert = idps(LoggedAction::Alert, 2.0, "tcp 10.0.1.4:50000 -> 192.0.2.9:80");
        assert_eq!(count(&[network, alert]), 0);
        assert_eq!(count(&[same]), 0);
    }

    #[test]
    fn an_application_record_has_no_destination_to_compare() {
        let text = "https 10.0.1.4:50000 -> a.example.com:443";
        let web = allow(RecordKind::Application, 0.0, text);
        let drop = idps(LoggedAction::Deny, 1.0, "tcp 10.0.1.4:50000 -> 192.0.2.9:443");
        assert_eq!(count(&[web, drop]), 1);
    }
}
