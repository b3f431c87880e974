//! Notices that exports overlap, so that an event stands in several of them.
//!
//! To find every repeated event, all of them have to be remembered. Most logs have none, so first a
//! sample is looked at: all events while they are few, then those whose time falls into an ever
//! smaller share. An event and its repetition have the same time and are in the sample both, or
//! neither.

use crate::logs::Form;

use super::coding::Coding;
use super::dictionary::mixed;
use super::duplicates::{has_identity, identity};
use super::row::{Field, Row};

/// So many events are remembered.
const EVENTS_MAX: usize = 1 << 16;
/// So many are looked at together for the first time. While they are few it is found early that exports
/// overlap, and less has to be read twice.
const EVENTS_FIRST: usize = 1 << 10;
const SECOND_US: i64 = 1_000_000;

/// A sample of events.
#[derive(Debug)]
pub(super) struct Repeats {
    is_on: bool,
    /// Events are in the sample whose times fall below.
    below: u32,
    /// Where the time falls, and a hash of the event. Two events of one time whose hashes are equal by
    /// chance cost no more than a second reading.
    events: Vec<(u32, u32)>,
    /// So many of the events, when there are as many, are to be compared.
    compared_at: usize,
    has_any: bool,
}

impl Repeats {
    pub(super) fn new(is_on: bool) -> Self {
        let events = Vec::new();
        Self { is_on, below: u32::MAX, events, compared_at: EVENTS_FIRST, has_any: false }
    }

    pub(super) fn push(&mut self, row: &Row<'_>, coding: &Coding) {
        let Some(time) = row.event.time.filter(|_| self.is_on) else { return };
        let place = place(time);
        if place >= self.below || time % SECOND_US == 0 {
            return;
        }
        if !has_identity(row.head) || row.event.is_cut() {
            return;
        }
        let form = u64::from(row.head.form == Form::Legacy);
        let query_type = coding.dictionary.hash(row.head.get(Field::DnsType));
        let event = mixed([identity(row, coding), form, query_type, time.cast_unsigned()]);
        #[expect(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
        self.add((place, event as u32));
    }

    fn add(&mut self, event: (u32, u32)) {
        self.events.push(event);
        if self.events.len() >= self.compared_at {
            self.compare();
        }
    }

    /// Finds events that are there twice, and makes the sample smaller where it is too large.
    pub(super) fn compare(&mut self) {
        self.events.sort_unstable();
        self.has_any |= self.events.windows(2).any(|pair| matches!(pair, [a, b] if a == b));
        self.events.dedup();
        while self.events.len() > EVENTS_MAX {
            self.below /= 2;
            let below = self.below;
            self.events.truncate(self.events.partition_point(|(place, _)| *place < below));
        }
        self.compared_at = (self.events.len() * 2).max(EVENTS_FIRST);
    }

    /// Whether an event was there twice, of those that were compared.
    pub(super) fn has_any(&self) -> bool {
        self.has_any
    }

    /// Takes over what another reader has seen, and compares all.
    pub(super) fn merge(&mut self, other: Self) {
        self.has_any |= other.has_any;
        self.below = self.below.min(other.below);
        self.events.extend(other.events);
        let below = self.below;
        self.events.retain(|(place, _)| *place < below);
        self.compare();
    }
}

fn place(time: i64) -> u32 {
    (time.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::{EVENTS_MAX, Repeats};
    use crate::logs::{Dns, LogRecord, LoggedAction, RecordKind};
    use crate::tables::sample::{as_legacy, by, denied, flow, record};
    use crate::tables::spill::tests::little;
    use crate::tables::{Coverage, Input, Memory, Options, Plan, Summary, Tally};

    fn summary(records: &[LogRecord]) -> Summary {
        let mut tally = Tally::new();
        for record in records {
            tally.push(record);
        }
        tally.finish(Input::default(), &Options::default()).unwrap()
    }

    #[test]
    fn a_handshake_without_a_server_name_counts_once() {
        let missing = |reason: &str, port: Option<u16>| {
            let mut packet = record(RecordKind::Application, 0.25);
            packet.protocol = Some("https".into());
            packet.source = "10.0.1.4".parse().ok();
            (packet.source_port, packet.destination_port) = (Some(6065), port);
            denied(packet, reason)
        };
        let structured = missing("SNI TLS extension was missing", Some(443));
        let legacy = as_legacy(missing("SNI TLS extension was missing.", None));
        let got = summary(&[legacy, structured]);
        assert_eq!((got.coverage.duplicates, got.totals.denied()), (1, 1));
    }

    #[test]
    fn an_event_of_two_exports_counts_once_and_the_fuller_record_counts() {
        let full = |at| {
            let packet = flow(RecordKind::Network, at, "tcp 10.0.1.4:40000 -> 203.0.113.9:8443");
            by(packet, LoggedAction::Deny, "g/c/r")
        };
        let short = |at| {
            let mut packet = full(at);
            (packet.group, packet.collection) = (None, None);
            packet
        };
        let check = |records: &[LogRecord], expected: [u64; 4]| {
            for reversed in [false, true] {
                let mut records = records.to_vec();
                if reversed {
                    records.reverse();
                }
                let got = summary(&records);
                let Coverage { duplicates, repeated, .. } = got.coverage;
                let rules = got.rules.iter().filter(|row| row.rule.group.is_some()).count() as u64;
                assert_eq!([duplicates, repeated, got.totals.denied(), rules], expected);
            }
        };
        check(&[full(0.25), short(0.25)], [1, 1, 1, 1]);
        check(
            &[full(0.25), full(0.25), as_legacy(full(0.25)), as_legacy(full(0.25))],
            [3, 2, 1, 1],
        );
        check(&[as_legacy(full(0.25)), as_legacy(full(0.25))], [1, 1, 1, 1]);
        check(&[full(0.25), full(0.250_001)], [0, 0, 2, 1]);
        // A time of whole seconds says too little.
        check(&[full(1.0), full(1.0)], [0, 0, 2, 1]);
    }

    #[test]
    fn a_client_may_ask_for_two_types_at_once() {
        let query = |query_type: &str| {
            let mut query = record(RecordKind::Dns, 0.25);
            let name = Some("www.example.com".into());
            let query_type = Some(query_type.into());
            query.dns = Some(Box::new(Dns { query_type, name, ..Dns::default() }));
            query
        };
        let got = summary(&[query("A"), query("AAAA"), query("A")]);
        assert_eq!((got.coverage.repeated, got.totals.dns), (1, 2));
    }

    #[test]
    fn a_reading_that_remembers_nothing_notices_overlapping_exports() {
        let nothing = Plan {
            memory: little(),
            finds_duplicates: false,
            finds_repeats: false,
            finds_drops: false,
        };
        let packet = |at: f64| {
            let text = format!("tcp 10.0.1.4:{} -> 203.0.113.9:8443", 40_000.0 + at);
            denied(flow(RecordKind::Network, at / 7.0, &text), "Default Action")
        };
        let noticed = |records: &mut dyn Iterator<Item = f64>| {
            let mut tally = Tally::of(&nothing);
            records.for_each(|at| tally.push(&packet(at)));
            // Merging looks at what was not yet compared.
            let mut all = Tally::of(&nothing);
            all.merge(tally);
            all.needs().better_than(&nothing).is_some_and(|plan| plan.finds_repeats)
        };
        let many = || (0..100_000_u32).map(f64::from);
        assert!(!noticed(&mut many()));
        assert!(noticed(&mut (0..700).chain([333]).map(f64::from)));
        // Of very many a sample is looked at, which an overlap of some thousands does not escape.
        assert!(noticed(&mut many().chain((50_000..60_000_u32).map(f64::from))));
    }

    #[test]
    fn however_many_events_have_one_time_few_are_remembered() {
        let mut repeats = Repeats::new(true);
        let place = 0;
        (0..300_000).for_each(|event| {
            if place < repeats.below {
                repeats.add((place, event));
            }
        });
        assert!(repeats.events.len() <= 2 * EVENTS_MAX, "{}", repeats.events.len());
        assert!(!repeats.has_any);
    }

    #[test]
    fn memory_is_bounded_and_says_so() {
        let memory = Memory { values_max: 50, ..little() };
        let mut tally = Tally::of(&Plan { memory, ..Plan::default() });
        for at in 0..1_000 {
            let text = format!("https 10.0.{}.4:40000 -> name{at}.example.com:443", at % 9);
            let packet = flow(RecordKind::Application, f64::from(at) + 0.5, &text);
            tally.push(&denied(packet, "Default Action"));
            let text = format!("tcp 198.51.100.{}:{at} -> 203.0.113.9:443", at % 250);
            tally.push(&flow(RecordKind::Nat, f64::from(at) + 0.5, &text));
        }
        let got = tally.finish(Input::default(), &Options::default()).unwrap();
        assert_eq!((got.totals.denied(), got.totals.dnat), (1_000, 1_000));
        assert!(got.coverage.cut > 1_500, "{}", got.coverage.cut);
        // Nothing that cannot be told apart is taken for one event or one attempt.
        assert_eq!((got.coverage.duplicates, got.totals.attempts()), (0, 1_000));
        let others = got.denied.rows.iter().any(|row| row.target.as_deref() == Some("(others)"));
        assert!(others, "{:?}", got.denied.rows);
    }
}
