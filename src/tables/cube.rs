//! Counts by time, class, ends, port and rule together, for a page that filters by itself.
//!
//! Tables of the summary cannot be cut to one source or one hour afterwards; cells can. The cells of
//! the connections with most records are kept, the rest is added up by time and class, so that totals
//! stay right. Short logs are counted in steps of minutes, others in hours, long ones in days and
//! more. Neither what is held nor what is written grows beyond its bounds, whatever the logs hold.

mod cells;
mod choice;

use std::collections::BTreeMap;
use std::io;

use smol_str::SmolStr;

use crate::logs::{LogRecord, LoggedAction, RecordKind};

use super::coding::Coding;
use super::duplicates::{self, Duplicates, Sought};
use super::row::{Class, Field, Row};
use super::spill::Memory;
use cells::{Bounds, Cells};
use choice::Choice;

/// What the records of a cell say happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CellClass {
    Allowed,
    DeniedByRule,
    DeniedByDefault,
    ThreatAlert,
    ThreatDenied,
    IdpsAlert,
    IdpsDenied,
    Dnat,
}

impl CellClass {
    pub const ALL: [Self; 8] = [
        Self::Allowed,
        Self::DeniedByRule,
        Self::DeniedByDefault,
        Self::ThreatAlert,
        Self::ThreatDenied,
        Self::IdpsAlert,
        Self::IdpsDenied,
        Self::Dnat,
    ];

    pub(super) fn of(row: &Row<'_>) -> Option<Self> {
        let is_deny =
            row.get(Field::Action) == super::dictionary::number(LoggedAction::Deny as u16);
        match row.head.class {
            Class::Allowed => Some(Self::Allowed),
            Class::DeniedByRule => Some(Self::DeniedByRule),
            Class::DeniedByDefault => Some(Self::DeniedByDefault),
            Class::ThreatAlert => Some(Self::ThreatAlert),
            Class::ThreatDenied => Some(Self::ThreatDenied),
            Class::Idps if is_deny => Some(Self::IdpsDenied),
            Class::Idps => Some(Self::IdpsAlert),
            Class::Dnat => Some(Self::Dnat),
            Class::Dns
            | Class::DnsFailure
            | Class::FlowTrace
            | Class::FatFlow
            | Class::Aggregation
            | Class::Unstated => None,
        }
    }
}

/// Takes records and counts them into cells.
#[derive(Debug)]
pub struct CubeTally {
    coding: Coding,
    duplicates: Duplicates,
    cells: Cells,
}

impl Default for CubeTally {
    fn default() -> Self {
        Self::new(&Memory::default())
    }
}

impl CubeTally {
    /// No cells yet. Records that wait for others take so much memory.
    #[must_use]
    pub fn new(memory: &Memory) -> Self {
        Self::within(Bounds::default(), memory)
    }

    fn within(bounds: Bounds, memory: &Memory) -> Self {
        Self {
            coding: Coding::with_room(memory.values_max),
            duplicates: Duplicates::new(Sought::PairsAndRepeats, memory),
            cells: Cells::within(bounds),
        }
    }

    /// Counts one record, as a [`Tally`](super::Tally) does.
    pub fn push(&mut self, record: &LogRecord) {
        if record.kind == RecordKind::Flow {
            return;
        }
        let event = self.coding.event(record);
        let Some(row) = self.coding.row(event) else { return };
        if !self.duplicates.keeps(&row, &self.coding) {
            self.cells.add(&row);
        }
    }

    /// Counts what waited for a duplicate in vain.
    ///
    /// # Errors
    ///
    /// Fails where what waits cannot be read back.
    pub fn settle(&mut self) -> io::Result<()> {
        let Self { coding, duplicates, cells } = self;
        duplicates::settle(&mut [(None, duplicates)], coding, |events| {
            events.iter().filter_map(|event| coding.row(*event)).for_each(|row| cells.add(&row));
        })?;
        Ok(())
    }

    /// The connections with most records that can be written in about `bytes_max`, and the rest by
    /// class and time.
    #[must_use]
    pub fn cube(&self, bytes_max: usize) -> Cube {
        let (first, last) = self.cells.span().unwrap_or((0, -1));
        let (dictionary, translation) = self.coding.dictionary.sorted();
        let cells = self.cells.translated(&translation);
        let mut connections: Vec<(u64, &[(cells::Key, u64)])> =
            cells::connections(&cells).map(|cells| (cells::records(cells), cells)).collect();
        // Equal ones stay in the order of their values.
        connections.sort_by_key(|(records, _)| std::cmp::Reverse(*records));
        let mut choice = Choice::new(dictionary, first, bytes_max);
        choice.rest = self.cells.rest();
        for (_, connection) in connections {
            choice.offer(connection);
        }
        let others = choice.rest.values().sum();
        let bucket = |step: i32| i64::from(step) - i64::from(first);
        let rest = choice.rest.iter().map(|((class, step), records)| Cell {
            bucket: step.map(bucket),
            class: *class,
            ends: None,
            records: *records,
        });
        choice.cells.extend(rest);
        let mut rules: BTreeMap<SmolStr, BTreeMap<i64, u64>> = BTreeMap::new();
        for (step, rule, count) in self.cells.rules() {
            let name = choice.text(translation.codes(rule));
            let line = rules.entry(name.into()).or_default();
            *line.entry(bucket(step).max(0)).or_default() += count;
        }
        Cube {
            rules,
            first_second: i64::from(first) * self.cells.seconds(),
            bucket_seconds: self.cells.seconds().unsigned_abs(),
            buckets: u64::try_from(bucket(last) + 1).unwrap_or(0),
            texts: choice.texts,
            cells: choice.cells,
            others,
        }
    }
}

/// Records that have the same step, class, ends and rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Place on the time line; absent where records have no time.
    pub bucket: Option<i64>,
    pub class: CellClass,
    /// Absent where the cell adds up smaller ones.
    pub ends: Option<CellEnds>,
    pub records: u64,
}

/// Places in [`Cube::texts`], 0 where a value is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellEnds {
    pub source: usize,
    /// The destination address, else the name.
    pub target: usize,
    pub port: Option<u16>,
    pub protocol: usize,
    /// `group/collection/rule`; of threats the signature or what threat intelligence says.
    pub rule: usize,
}

/// Counts that can be added up in many ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cube {
    /// Begin of the first bucket, seconds since 1970.
    pub first_second: i64,
    /// Width of a bucket.
    pub bucket_seconds: u64,
    pub buckets: u64,
    /// Begins with the empty text, which stands for an unknown value.
    pub texts: Vec<SmolStr>,
    /// By connection, those with most records first, and then by time; last those that add up
    /// smaller ones.
    pub cells: Vec<Cell>,
    /// Records in cells that add up smaller ones.
    pub others: u64,
    /// Of every rule all records, by bucket.
    pub rules: BTreeMap<SmolStr, BTreeMap<i64, u64>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::sample::{by, flow, half_a_day};
    use crate::tables::{Input, Options, Tally};

    fn counted(records: &[LogRecord]) -> CubeTally {
        let mut cube = CubeTally::default();
        for record in records {
            cube.push(record);
        }
        cube.settle().unwrap();
        cube
    }

    fn total(cube: &Cube, classes: &[CellClass]) -> u64 {
        let cells = cube.cells.iter().filter(|cell| classes.contains(&cell.class));
        cells.map(|cell| cell.records).sum()
    }

    #[test]
    fn totals_are_those_of_the_summary_however_few_cells_are_kept() {
        let records = half_a_day();
        let mut tally = Tally::new();
        for record in &records {
            tally.push(record);
        }
        let totals = tally.finish(Input::default(), &Options::default()).unwrap().totals;
        for bytes_max in [0, 400, 4_000, 1_000_000] {
            use CellClass::{
                Allowed, DeniedByDefault, DeniedByRule, Dnat, IdpsAlert, IdpsDenied, ThreatAlert,
                ThreatDenied,
            };
            let cube = counted(&records).cube(bytes_max);
            assert_eq!(total(&cube, &[Allowed]), totals.allowed);
            assert_eq!(total(&cube, &[DeniedByRule, DeniedByDefault]), totals.denied());
            let threats = [ThreatAlert, ThreatDenied, IdpsAlert, IdpsDenied];
            assert_eq!(total(&cube, &threats), totals.threats());
            assert_eq!(total(&cube, &[Dnat]), totals.dnat);
            let of_rules: u64 = cube.rules.values().flat_map(BTreeMap::values).sum();
            let untimed_or_unnamed =
                totals.allowed + totals.denied_by_rule + totals.dnat - of_rules;
            assert!(untimed_or_unnamed <= totals.allowed_without_rule + 2, "{of_rules}");
            let kept = cube.cells.iter().filter(|cell| cell.ends.is_some()).count();
            assert!(kept * 5 <= bytes_max);
            assert_eq!(cube.others == 0, bytes_max == 1_000_000);
        }
    }

    #[test]
    fn the_order_of_records_does_not_matter() {
        let mut records = half_a_day();
        let forth = counted(&records).cube(4_000);
        records.reverse();
        assert_eq!(counted(&records).cube(4_000), forth);
    }

    #[test]
    fn wrong_clocks_do_not_make_the_time_line_endless() {
        let mut records = half_a_day();
        if let Some(first) = records.first_mut() {
            first.time = "1970-01-01T00:00:00Z".parse().ok();
        }
        let cube = counted(&records).cube(1_000_000);
        assert!(cube.buckets <= 2_000, "{cube:?}");
        assert_eq!(cube.bucket_seconds, 2 * 7 * 86_400);
        let last = cube.cells.iter().filter_map(|cell| cell.bucket).max();
        assert!(last < i64::try_from(cube.buckets).ok());
    }

    #[test]
    fn short_logs_are_counted_in_minutes_and_long_ones_in_hours() {
        let width = |hours: u32| {
            let records: Vec<LogRecord> = (0..=hours * 60)
                .map(|minute| {
                    let text = "tcp 10.0.1.4:1 -> 192.0.2.1:443";
                    let at = f64::from(minute) * 60.0;
                    by(flow(RecordKind::Network, at, text), LoggedAction::Allow, "g/c/r")
                })
                .collect();
            let cube = counted(&records).cube(1_000_000);
            assert_eq!(total(&cube, &[CellClass::Allowed]), u64::from(hours) * 60 + 1);
            (cube.bucket_seconds, cube.buckets)
        };
        assert_eq!(width(2), (60, 121));
        assert_eq!(width(3), (300, 37));
        assert_eq!(width(24), (900, 97));
        assert_eq!(width(48), (3600, 49));
        assert_eq!(width(24 * 90), (3 * 3600, 721));
    }

    #[test]
    fn what_is_held_has_bounds_and_totals_stay_right() {
        let bounds = Bounds { cells: 500, rule_steps: 100 };
        let mut tally = CubeTally::within(bounds, &Memory::default());
        let often = "tcp 10.0.9.9:1 -> 192.0.2.9:443";
        for index in 0..4_000_u32 {
            let text = format!("tcp 10.0.{}.{}:1 -> 192.0.2.1:443", index / 250, index % 250);
            let at = f64::from(index) * 60.0;
            let rule = format!("g/c/{}", index % 50);
            tally.push(&by(flow(RecordKind::Network, at, &text), LoggedAction::Allow, &rule));
            tally.push(&by(flow(RecordKind::Network, at, often), LoggedAction::Deny, "g/c/often"));
        }
        tally.settle().unwrap();
        let (cells, rule_steps) = tally.cells.held();
        assert!(cells <= 501 && rule_steps <= 101, "{cells} cells, {rule_steps} steps of rules");
        let cube = tally.cube(1_000_000);
        assert_eq!(total(&cube, &[CellClass::Allowed]), 4_000);
        assert_eq!(total(&cube, &[CellClass::DeniedByRule]), 4_000);
        assert_eq!(cube.rules.values().flat_map(BTreeMap::values).sum::<u64>(), 8_000);
        // What is frequent is kept, whatever comes and goes beside it.
        let first = cube.cells.first().and_then(|cell| cell.ends).unwrap();
        assert_eq!(cube.texts.get(first.source).map(SmolStr::as_str), Some("10.0.9.9"));
        let kept = cube.cells.iter().filter(|cell| cell.ends == Some(first));
        assert_eq!(kept.map(|cell| cell.records).sum::<u64>(), 4_000);
    }

    #[test]
    fn hosts_beyond_memory_are_added_up() {
        let memory = Memory { values_max: 40, ..Memory::default() };
        let mut tally = CubeTally::new(&memory);
        for index in 0..100_u32 {
            let text = format!("tcp 10.0.0.{index}:1 -> 192.0.2.1:443");
            let at = f64::from(index);
            tally.push(&by(flow(RecordKind::Network, at, &text), LoggedAction::Allow, "g/c/r"));
        }
        tally.settle().unwrap();
        let cube = tally.cube(1_000_000);
        assert_eq!(total(&cube, &[CellClass::Allowed]), 100);
        assert!(cube.others > 50 && !cube.texts.iter().any(|text| text.contains("others")));
    }

    #[test]
    fn letting_go_keeps_totals() {
        let mut cube = counted(&half_a_day());
        let before = cube.cube(1_000_000);
        cube.cells.let_go();
        let after = cube.cube(1_000_000);
        assert!(after.cells.len() < before.cells.len() && after.others > 0);
        for class in CellClass::ALL {
            assert_eq!(total(&before, &[class]), total(&after, &[class]));
        }
    }
}
