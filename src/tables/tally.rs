//! Counts records one by one into small coded tables.

use crate::logs::LogRecord;

use super::attempts::Attempts;
use super::coding::{Coding, Recoding};
use super::counter::Batch;
use super::counts::Counted;
use super::dictionary::{Code, CodeMap, Translation};
use super::duplicates::Duplicates;
use super::row::{Event, Field, Row};
use super::summary::Seen;

/// How many recent events are remembered to find duplicates and retries, by default.
pub const HELD_MAX: usize = 100_000;

/// How often something was seen, first and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measure {
    pub(super) count: u64,
    /// [`i64::MAX`] where no time is known.
    first: i64,
    /// [`i64::MIN`] where no time is known.
    last: i64,
}

impl Measure {
    pub(super) const ZERO: Self = Self { count: 0, first: i64::MAX, last: i64::MIN };

    pub(super) fn of(count: u64, seen: Option<Seen>) -> Self {
        let zero = Self { count, ..Self::ZERO };
        seen.map_or(zero, |Seen { first, last }| Self {
            count,
            first: first.as_microsecond(),
            last: last.as_microsecond(),
        })
    }

    pub(super) fn at(count: u64, time: Option<i64>) -> Self {
        time.map_or(Self { count, ..Self::ZERO }, |time| Self { count, first: time, last: time })
    }

    pub(super) fn first(&self) -> Option<i64> {
        (self.first <= self.last).then_some(self.first)
    }

    pub(super) fn last(&self) -> Option<i64> {
        (self.first <= self.last).then_some(self.last)
    }

    pub(super) fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// A coded aggregate table: `N` key columns and a measure.
#[derive(Debug, Clone)]
pub(super) struct Table<const N: usize> {
    pub(super) rows: CodeMap<[Code; N], Measure>,
}

impl<const N: usize> Default for Table<N> {
    fn default() -> Self {
        Self { rows: CodeMap::default() }
    }
}

impl<const N: usize> Table<N> {
    pub(super) fn add(&mut self, key: [Code; N], measure: Measure) {
        self.rows.entry(key).or_insert(Measure::ZERO).add(measure);
    }

    pub(super) fn merge(&mut self, other: Self, translation: &Translation) {
        for (key, measure) in other.rows {
            self.add(translation.codes(key), measure);
        }
    }
}

/// Counts log records. Several can be filled side by side and merged.
///
/// Two families of categories may write the same event; the second record of an event is dropped
/// and counted as a duplicate. Events are remembered for as long as the memory limit allows, see
/// [`Tally::with_held_max`].
#[derive(Debug, Clone)]
pub struct Tally {
    pub(super) coding: Coding,
    pub(super) counted: Counted,
    pub(super) duplicates: Duplicates,
    pub(super) attempts: Attempts,
    /// Records taken, duplicates included.
    pub(super) records: u64,
    /// From the codes of each worker.
    workers: Vec<Recoding>,
}

impl Default for Tally {
    fn default() -> Self {
        Self::with_held_max(HELD_MAX)
    }
}

impl Tally {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A tally that remembers at most `held_max` events for duplicates and as many denied
    /// connections for retries. Beyond that the older half is forgotten, and the summary says so.
    #[must_use]
    pub fn with_held_max(held_max: usize) -> Self {
        Self {
            coding: Coding::default(),
            counted: Counted::default(),
            duplicates: Duplicates::new(held_max),
            attempts: Attempts::new(held_max),
            records: 0,
            workers: Vec::new(),
        }
    }

    /// Counts one record.
    pub fn push(&mut self, record: &LogRecord) {
        self.push_seen(record, |_| {});
    }

    /// Counts one record, and shows it to `see` before it is known whether it is a duplicate.
    pub(super) fn push_seen(&mut self, record: &LogRecord, see: impl FnOnce(&Row<'_>)) {
        let event = self.coding.event(record);
        if let Some(row) = self.coding.row(event) {
            see(&row);
        }
        self.pass(event);
    }

    fn pass(&mut self, event: Event) {
        self.records += 1;
        let Self { coding, duplicates, counted, attempts, .. } = self;
        let mut count = |event| count(event, coding, counted, attempts);
        duplicates.pass(event, &coding.heads, &mut count);
    }

    /// Another worker begins.
    pub(super) fn begin_worker(&mut self) {
        self.workers.push(Recoding::default());
    }

    /// Counts what a worker has read, and shows it to `see` before it is known what is a duplicate.
    pub(super) fn take(&mut self, worker: usize, batch: &Batch, mut see: impl FnMut(&Row<'_>)) {
        let Some(recoding) = self.workers.get_mut(worker) else { return };
        let mut recoding = std::mem::take(recoding);
        recoding.codes.extend(&batch.entries, &mut self.coding.dictionary);
        recoding.extend_heads(&batch.heads, &mut self.coding);
        for event in &batch.events {
            let event = recoding.event(*event);
            if let Some(row) = self.coding.row(event) {
                see(&row);
            }
            self.pass(event);
        }
        if let Some(place) = self.workers.get_mut(worker) {
            *place = recoding;
        }
    }

    /// Takes over what `other` has counted. The order of merging does not matter.
    pub fn merge(&mut self, other: Self) {
        let recoding = Recoding::new(&other.coding, &mut self.coding);
        self.records += other.records;
        self.counted.merge(other.counted, &recoding, &self.coding);
        self.attempts.merge(other.attempts, &recoding.codes);
        let Self { coding, duplicates, counted, attempts, .. } = self;
        let mut count = |event| count(event, coding, counted, attempts);
        let translated = |event| recoding.event(event);
        let heads = &coding.heads;
        duplicates.merge(other.duplicates, &recoding.codes, translated, heads, &mut count);
    }

    /// Counts what still waits for a duplicate.
    pub(super) fn settle(&mut self) {
        let Self { coding, duplicates, counted, attempts, .. } = self;
        duplicates.drain(&mut |event| count(event, coding, counted, attempts));
    }
}

fn count(event: Event, coding: &Coding, counted: &mut Counted, attempts: &mut Attempts) {
    let Some(row) = coding.row(event) else { return };
    counted.add(&row);
    if row.head.class.is_denied() {
        attempts.add(attempt_group(&row), row.client_port(), event.time);
    }
}

/// Denials by rule are told apart by connection only; those by default are shown per reason.
fn attempt_group(row: &Row<'_>) -> [Code; 6] {
    row.key([
        Field::Class,
        Field::Reason,
        Field::Source,
        Field::Target,
        Field::DestinationPort,
        Field::Protocol,
    ])
}
