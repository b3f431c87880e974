//! Counts by time, class, ends, port and rule together, for a page that filters by itself.
//!
//! Tables of the summary cannot be cut to one source or one hour afterwards; cells can. The largest
//! cells are kept, the rest is added up by time and class, so that totals stay right. Short logs are
//! counted in steps of minutes, others in hours.

use std::collections::BTreeMap;
use std::io;

use smol_str::SmolStr;

use crate::logs::{LogRecord, LoggedAction, RecordKind};

use super::coding::Coding;
use super::dictionary::{ABSENT, Code, CodeMap, Dictionary, as_number};
use super::duplicates::{self, Duplicates, Sought};
use super::row::{Class, Field, Row};
use super::spill::Memory;

const MINUTE_US: i64 = 60_000_000;
/// Widths of a step, in minutes: each is a multiple of the one before.
const WIDTHS: [i64; 4] = [1, 5, 15, 60];
/// More steps than this are no easier to read.
const STEPS_MAX: i64 = 150;
/// More cells than this are not worth a finer time line.
const FINE_CELLS_MAX: usize = 40_000;
/// So many cells are counted apart; beyond that, the smaller half is added up.
const CELLS_HELD_MAX: usize = 2_000_000;
/// A chart has no room for more, and wrong clocks must not make more.
const BUCKETS_MAX: i64 = 2_000;
/// What a cell takes when it is written, about.
const CELL_BYTES: usize = 30;

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

    fn of(row: &Row<'_>) -> Option<Self> {
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

/// Step, class, source, target, port, protocol, and the three parts of what decided.
type Key = (Option<i64>, CellClass, [Code; 7]);

/// Takes records and counts them into cells.
#[derive(Debug)]
pub struct CubeTally {
    coding: Coding,
    duplicates: Duplicates,
    cells: Cells,
}

#[derive(Debug, Default)]
struct Cells {
    counted: CodeMap<Key, u64>,
    /// Of cells that were let go, by step and class.
    rest: BTreeMap<(Option<i64>, CellClass), u64>,
    /// Of allowed, of denied by a rule and of translations: all of them, by step and rule.
    rules: CodeMap<(i64, [Code; 3]), u64>,
    /// Place in [`WIDTHS`].
    width: usize,
    /// First and last step.
    span: Option<(i64, i64)>,
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
        Self {
            coding: Coding::default(),
            duplicates: Duplicates::new(Sought::PairsAndRepeats, memory),
            cells: Cells::default(),
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
        duplicates::settle(&mut [(None, duplicates)], coding, |event| {
            if let Some(row) = coding.row(event) {
                cells.add(&row);
            }
        })?;
        Ok(())
    }

    /// The largest cells that can be written in about `bytes_max`, and the rest by time and class.
    #[must_use]
    pub fn cube(&self, bytes_max: usize) -> Cube {
        let (first, last) = self.cells.span.unwrap_or((0, -1));
        let span = if first <= last { last - first + 1 } else { 0 };
        let step = ((span + BUCKETS_MAX - 1) / BUCKETS_MAX).max(1);
        let bucket = |place: Option<i64>| place.map(|place| (place - first) / step);
        let (dictionary, translation) = self.coding.dictionary.sorted();
        let mut cells: CodeMap<Key, u64> = CodeMap::default();
        for ((place, class, codes), count) in &self.cells.counted {
            *cells.entry((bucket(*place), *class, translation.codes(*codes))).or_default() += count;
        }
        let mut totals: CodeMap<(CellClass, [Code; 7]), u64> = CodeMap::default();
        for ((_, class, codes), count) in &cells {
            *totals.entry((*class, *codes)).or_default() += count;
        }
        // What is kept is kept for the whole time.
        let total = |class, codes| totals.get(&(class, codes)).copied().unwrap_or(0);
        let mut cells: Vec<(u64, Key, u64)> = cells
            .into_iter()
            .map(|(key @ (_, class, codes), count)| (total(class, codes), key, count))
            .collect();
        let order = |(_, class, codes): &Key| (*class, *codes);
        cells.sort_unstable_by(|(of_a, a, _), (of_b, b, _)| {
            of_b.cmp(of_a).then(order(a).cmp(&order(b))).then(a.0.cmp(&b.0))
        });
        let mut writing = Writing::new(dictionary, bytes_max);
        let mut rest: BTreeMap<(Option<i64>, CellClass), u64> = BTreeMap::new();
        for ((place, class), count) in &self.cells.rest {
            *rest.entry((bucket(*place), *class)).or_default() += count;
        }
        for (_, (bucket, class, codes), count) in cells {
            if !writing.write(bucket, class, codes, count) {
                *rest.entry((bucket, class)).or_default() += count;
            }
        }
        let others: u64 = rest.values().sum();
        writing.cells.extend(rest.into_iter().map(|((bucket, class), records)| {
            let ends = None;
            Cell { bucket, class, ends, records }
        }));
        let mut rules: BTreeMap<SmolStr, BTreeMap<i64, u64>> = BTreeMap::new();
        for ((place, rule), count) in &self.cells.rules {
            let name = writing.text(translation.codes(*rule));
            let line = rules.entry(name.into()).or_default();
            *line.entry((place - first) / step).or_default() += count;
        }
        Cube {
            rules,
            first_second: first.saturating_mul(self.cells.seconds()),
            bucket_seconds: step.saturating_mul(self.cells.seconds()).unsigned_abs(),
            buckets: span.unsigned_abs().div_ceil(step.unsigned_abs()),
            texts: writing.texts,
            cells: writing.cells,
            others,
        }
    }
}

impl Cells {
    fn add(&mut self, row: &Row<'_>) {
        let Some(class) = CellClass::of(row) else { return };
        let place = row.event.time.map(|time| time.div_euclid(self.seconds() * 1_000_000));
        let decided = match row.head.class {
            Class::Idps => [Field::SignatureId, Field::SignatureCategory, Field::SignatureText],
            Class::ThreatAlert | Class::ThreatDenied => [Field::Threat; 3],
            Class::Allowed
            | Class::DeniedByRule
            | Class::DeniedByDefault
            | Class::Dnat
            | Class::Dns
            | Class::DnsFailure
            | Class::FlowTrace
            | Class::FatFlow
            | Class::Aggregation
            | Class::Unstated => [Field::Group, Field::Collection, Field::Rule],
        };
        let [first, second, third] = row.key(decided);
        let ends = [Field::Source, Field::Target, Field::DestinationPort, Field::Protocol];
        let [source, target, port, protocol] = row.key(ends);
        let codes = [source, target, port, protocol, first, second, third];
        *self.counted.entry((place, class, codes)).or_default() += 1;
        let is_ruled =
            matches!(class, CellClass::Allowed | CellClass::DeniedByRule | CellClass::Dnat);
        if let Some(place) = place.filter(|_| is_ruled && third != ABSENT) {
            *self.rules.entry((place, [first, second, third])).or_default() += 1;
        }
        if let Some(place) = place {
            let (first, last) = self.span.unwrap_or((place, place));
            self.span = Some((first.min(place), last.max(place)));
        }
        while self.is_too_fine() {
            self.widen();
        }
        if self.counted.len() > CELLS_HELD_MAX {
            self.let_go();
        }
    }

    fn minutes(&self) -> i64 {
        WIDTHS.get(self.width).copied().unwrap_or(60)
    }

    fn seconds(&self) -> i64 {
        self.minutes() * MINUTE_US / 1_000_000
    }

    /// What a finer time line would cost is asked of all records so far, so their order is nothing.
    fn is_too_fine(&self) -> bool {
        let steps = self.span.map_or(0, |(first, last)| last - first);
        self.width + 1 < WIDTHS.len() && (steps >= STEPS_MAX || self.counted.len() > FINE_CELLS_MAX)
    }

    fn widen(&mut self) {
        let before = self.minutes();
        self.width += 1;
        let times = self.minutes() / before;
        let wider = |place: i64| place.div_euclid(times);
        self.span = self.span.map(|(first, last)| (wider(first), wider(last)));
        let cells = std::mem::take(&mut self.counted);
        for ((place, class, codes), count) in cells {
            *self.counted.entry((place.map(wider), class, codes)).or_default() += count;
        }
        let rules = std::mem::take(&mut self.rules);
        for ((place, rule), count) in rules {
            *self.rules.entry((wider(place), rule)).or_default() += count;
        }
        let rest = std::mem::take(&mut self.rest);
        for ((place, class), count) in rest {
            *self.rest.entry((place.map(wider), class)).or_default() += count;
        }
    }

    /// Adds up the smaller half.
    fn let_go(&mut self) {
        let mut counts: Vec<u64> = self.counted.values().copied().collect();
        let middle = counts.len() / 2;
        let (_, median, _) = counts.select_nth_unstable(middle);
        let median = *median;
        for ((place, class, _), count) in self.counted.extract_if(|_, count| *count <= median) {
            *self.rest.entry((place, class)).or_default() += count;
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
    /// Of what has most records first; last those that add up smaller ones.
    pub cells: Vec<Cell>,
    /// Records in cells that add up smaller ones.
    pub others: u64,
    /// Of every rule all records, by bucket.
    pub rules: BTreeMap<SmolStr, BTreeMap<i64, u64>>,
}

/// Chooses cells until the room is used up.
struct Writing {
    dictionary: Dictionary,
    bytes_left: usize,
    places: CodeMap<[Code; 3], usize>,
    texts: Vec<SmolStr>,
    cells: Vec<Cell>,
}

impl Writing {
    fn new(dictionary: Dictionary, bytes_max: usize) -> Self {
        let mut places = CodeMap::default();
        places.insert([ABSENT; 3], 0);
        let texts = vec![SmolStr::default()];
        Self { dictionary, bytes_left: bytes_max, places, texts, cells: Vec::new() }
    }

    /// Whether there was room for the cell.
    fn write(
        &mut self,
        bucket: Option<i64>,
        class: CellClass,
        codes: [Code; 7],
        records: u64,
    ) -> bool {
        let [source, target, port, protocol, first, second, third] = codes;
        let texts = [
            [ABSENT, ABSENT, source],
            [ABSENT, ABSENT, target],
            [ABSENT, ABSENT, protocol],
            [first, second, third],
        ];
        let new = texts.iter().filter(|text| !self.places.contains_key(*text));
        let new: usize = new.map(|text| written_bytes(&self.text(*text)) + 3).sum();
        if CELL_BYTES + new > self.bytes_left {
            return false;
        }
        self.bytes_left -= CELL_BYTES + new;
        let [source, target, protocol, rule] = texts.map(|text| self.place(text));
        let ends = Some(CellEnds { source, target, port: as_number(port), protocol, rule });
        self.cells.push(Cell { bucket, class, ends, records });
        true
    }

    fn place(&mut self, codes: [Code; 3]) -> usize {
        if let Some(&place) = self.places.get(&codes) {
            return place;
        }
        self.texts.push(self.text(codes).into());
        self.places.insert(codes, self.texts.len() - 1);
        self.texts.len() - 1
    }

    /// The known parts; equal ones once.
    fn text(&self, codes: [Code; 3]) -> String {
        let mut parts: Vec<SmolStr> =
            codes.iter().filter_map(|code| self.dictionary.show(*code)).collect();
        parts.dedup();
        parts.join("/")
    }
}

/// Every character that may have to be written out counts as the longest way to do so.
fn written_bytes(text: &str) -> usize {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '/');
    text.chars().map(|character| if is_plain(character) { 1 } else { 12 }).sum()
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
            assert!(kept * CELL_BYTES <= bytes_max);
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
        assert!(cube.buckets <= 2_000 && cube.bucket_seconds > 200 * 3600, "{cube:?}");
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
