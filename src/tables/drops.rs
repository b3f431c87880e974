//! Connections that a rule allowed and IDPS then dropped.
//!
//! IDPS looks at packets of connections that are allowed already, so its drop is a second record, and
//! the record of the rule keeps saying `Allow`. The two are found by source, source port and
//! destination port, and by the destination where both have one: application records have none.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::logs::{LogRecord, LoggedAction, RecordKind};

/// A signature fires on one of the first packets, seldom much later.
const APART_MAX_US: i64 = 300_000_000;
/// Allowed connections that are remembered.
const HELD_MAX: usize = 1 << 18;
/// Dropped connections that are remembered.
const DROPS_MAX: usize = 1 << 16;

type Key = (IpAddr, u16, u16);

#[derive(Debug, Clone, Copy)]
struct Seen {
    time: i64,
    destination: Option<IpAddr>,
}

#[derive(Debug, Clone, Copy)]
struct Dropped {
    seen: Seen,
    was_allowed: bool,
}

/// Finds the connections that IDPS dropped after a rule allowed them.
#[derive(Debug, Clone, Default)]
pub struct Drops {
    allowed: HashMap<Key, Seen>,
    dropped: HashMap<Key, Vec<Dropped>>,
    is_exceeded: bool,
}

impl Drops {
    /// Takes a record in any order.
    pub fn push(&mut self, record: &LogRecord) {
        let (Some(source), Some(source_port), Some(port), Some(time)) =
            (record.source, record.source_port, record.destination_port, record.time)
        else {
            return;
        };
        let key = (source, source_port, port);
        let seen = Seen { time: time.as_microsecond(), destination: record.destination };
        let is_of_rule = matches!(record.kind, RecordKind::Network | RecordKind::Application);
        if is_of_rule && record.action == Some(LoggedAction::Allow) {
            self.allow(key, seen);
        } else if record.kind == RecordKind::Idps && record.action == Some(LoggedAction::Deny) {
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

fn is_one_end(ends: (Option<IpAddr>, Option<IpAddr>)) -> bool {
    match ends {
        (Some(a), Some(b)) => a == b,
        (None, _) | (_, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::sample::{by, flow};

    fn count(records: &[LogRecord]) -> u64 {
        let counted = |records: &mut dyn Iterator<Item = &LogRecord>| {
            let mut drops = Drops::default();
            records.for_each(|record| drops.push(record));
            drops.count()
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
