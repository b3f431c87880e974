//! Connections that a rule allowed and IDPS then dropped.
//!
//! IDPS looks at packets of connections that are allowed already, so its drop is a second record, and
//! the record of the rule keeps saying `Allow`. The two are found by source, source port and
//! destination port, and by the destination where both have one: application records have none.

use crate::logs::LoggedAction;

use super::dictionary::{ABSENT, Code, CodeMap, number};
use super::row::{Class, Field, Row};

/// A signature fires on one of the first packets, seldom much later.
const APART_MAX_US: i64 = 300_000_000;
/// Allowed connections that are remembered.
const HELD_MAX: usize = 1 << 18;
/// Dropped connections that are remembered.
const DROPS_MAX: usize = 1 << 16;

/// Source, source port and destination port, in the codes of one tally.
type Key = [Code; 3];

#[derive(Debug, Clone, Copy)]
struct Seen {
    time: i64,
    destination: Code,
}

#[derive(Debug, Clone, Copy)]
struct Dropped {
    seen: Seen,
    was_allowed: bool,
}

/// Finds the connections that IDPS dropped after a rule allowed them.
#[derive(Debug, Clone, Default)]
pub struct Drops {
    allowed: CodeMap<Key, Seen>,
    dropped: CodeMap<Key, Vec<Dropped>>,
    is_exceeded: bool,
}

impl Drops {
    /// Takes a record in any order. All have to be of one tally.
    pub(super) fn push(&mut self, row: &Row<'_>) {
        let event = &row.event;
        let key = [event.source, event.source_port, event.destination_port];
        let Some(time) = event.time.filter(|_| !key.contains(&ABSENT)) else { return };
        let seen = Seen { time, destination: event.destination };
        let is_deny = || row.head.get(Field::Action) == number(LoggedAction::Deny as u16);
        if row.head.class == Class::Allowed {
            self.allow(key, seen);
        } else if row.head.class == Class::Idps && is_deny() {
            self.drop(key, seen);
        }
    }

    fn allow(&mut self, key: Key, seen: Seen) {
        for dropped in self.dropped.get_mut(&key).into_iter().flatten() {
            dropped.was_allowed |= is_same(seen, dropped.seen);
        }
        if self.allowed.len() >= HELD_MAX && !self.allowed.contains_key(&key) {
            self.is_exceeded = true;
            let mut times: Vec<i64> = self.allowed.values().map(|seen| seen.time).collect();
            let middle = times.len() / 2;
            let (_, &mut middle, _) = times.select_nth_unstable(middle);
            self.allowed.retain(|_, seen| seen.time > middle);
        }
        self.allowed.insert(key, seen);
    }

    fn drop(&mut self, key: Key, seen: Seen) {
        let was_allowed = self.allowed.get(&key).is_some_and(|allowed| is_same(*allowed, seen));
        if self.dropped.len() >= DROPS_MAX && !self.dropped.contains_key(&key) {
            self.is_exceeded = true;
            return;
        }
        let known = self.dropped.entry(key).or_default();
        // Several signatures, or both families of categories, tell of one connection.
        match known.iter_mut().find(|dropped| is_same_drop(dropped.seen, seen)) {
            Some(dropped) => dropped.was_allowed |= was_allowed,
            None => known.push(Dropped { seen, was_allowed }),
        }
    }

    /// How many connections were allowed and then dropped.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.dropped.values().flatten().filter(|dropped| dropped.was_allowed).count() as u64
    }

    /// Whether more connections came than are remembered, so that the count may be too low.
    #[must_use]
    pub fn is_window_exceeded(&self) -> bool {
        self.is_exceeded && !self.dropped.is_empty()
    }
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
    use crate::tables::Account;
    use crate::tables::sample::{by, flow};

    fn count(records: &[LogRecord]) -> u64 {
        let counted = |records: &mut dyn Iterator<Item = &LogRecord>| {
            let mut account = Account::default();
            records.for_each(|record| assert!(account.record(record.clone()).is_continue()));
            account.drops.count()
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
