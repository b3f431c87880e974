//! Counts by hour, class, ends, port and rule together, for a page that filters by itself.
//!
//! Tables of the summary cannot be cut to one source or one hour afterwards; cells can. The largest
//! cells are kept, the rest is added up by hour and class, so that totals stay right.

use std::collections::BTreeMap;
use std::io;

use smol_str::SmolStr;

use crate::logs::{LogRecord, LoggedAction, RecordKind};

use super::coding::Coding;
use super::dictionary::{ABSENT, Code, CodeMap, Dictionary, as_number};
use super::duplicates::{self, Duplicates, Sought};
use super::row::{Class, Field, Row};
use super::spill::Memory;

const HOUR_US: i64 = 3_600_000_000;
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

/// Hour, class, source, target, port, protocol, and the three parts of what decided.
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
    cells: CodeMap<Key, u64>,
    /// Of cells that were let go, by hour and class.
    rest: BTreeMap<(Option<i64>, CellClass), u64>,
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

    /// The largest cells that can be written in about `bytes_max`, and the rest by hour and class.
    #[must_use]
    pub fn cube(&self, bytes_max: usize) -> Cube {
        let hours: Vec<i64> = self.cells.cells.keys().filter_map(|(hour, ..)| *hour).collect();
        let hours = hours.into_iter().chain(self.cells.rest.keys().filter_map(|(hour, _)| *hour));
        let (first, last) =
            hours.fold((i64::MAX, i64::MIN), |(low, high), hour| (low.min(hour), high.max(hour)));
        let span = if first <= last { last - first + 1 } else { 0 };
        let step = ((span + BUCKETS_MAX - 1) / BUCKETS_MAX).max(1);
        let bucket = |hour: Option<i64>| hour.map(|hour| (hour - first) / step);
        let (dictionary, translation) = self.coding.dictionary.sorted();
        let mut cells: CodeMap<Key, u64> = CodeMap::default();
        for ((hour, class, codes), count) in &self.cells.cells {
            *cells.entry((bucket(*hour), *class, translation.codes(*codes))).or_default() += count;
        }
        let mut cells: Vec<(Key, u64)> = cells.into_iter().collect();
        cells.sort_unstable_by(|(a, of_a), (b, of_b)| of_b.cmp(of_a).then(a.cmp(b)));
        let mut writing = Writing::new(dictionary, bytes_max);
        let mut rest: BTreeMap<(Option<i64>, CellClass), u64> = BTreeMap::new();
        for ((hour, class), count) in &self.cells.rest {
            *rest.entry((bucket(*hour), *class)).or_default() += count;
        }
        for ((bucket, class, codes), count) in cells {
            if !writing.write(bucket, class, codes, count) {
                *rest.entry((bucket, class)).or_default() += count;
            }
        }
        let others: u64 = rest.values().sum();
        writing.cells.extend(rest.into_iter().map(|((bucket, class), records)| {
            let ends = None;
            Cell { bucket, class, ends, records }
        }));
        Cube {
            first_second: if span == 0 { 0 } else { first.saturating_mul(3600) },
            bucket_hours: step.unsigned_abs(),
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
        let hour = row.event.time.map(|time| time.div_euclid(HOUR_US));
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
        *self.cells.entry((hour, class, codes)).or_default() += 1;
        if self.cells.len() > CELLS_HELD_MAX {
            self.let_go();
        }
    }

    /// Adds up the smaller half.
    fn let_go(&mut self) {
        let mut counts: Vec<u64> = self.cells.values().copied().collect();
        let middle = counts.len() / 2;
        let (_, median, _) = counts.select_nth_unstable(middle);
        let median = *median;
        for ((hour, class, _), count) in self.cells.extract_if(|_, count| *count <= median) {
            *self.rest.entry((hour, class)).or_default() += count;
        }
    }
}

/// Records that have the same hour, class, ends and rule.
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
    pub bucket_hours: u64,
    pub buckets: u64,
    /// Begins with the empty text, which stands for an unknown value.
    pub texts: Vec<SmolStr>,
    /// Largest first; last those that add up smaller ones.
    pub cells: Vec<Cell>,
    /// Records in cells that add up smaller ones.
    pub others: u64,
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
    use crate::tables::sample::half_a_day;
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
        assert!(cube.buckets <= 2_000 && cube.bucket_hours > 200, "{cube:?}");
        let last = cube.cells.iter().filter_map(|cell| cell.bucket).max();
        assert!(last < i64::try_from(cube.buckets).ok());
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
