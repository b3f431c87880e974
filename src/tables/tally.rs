//! Counts records one by one into small coded tables.

use std::io;

use crate::logs::LogRecord;

use super::attempts::{Denials, DeniedRows};
use super::coding::{Coding, Recoding};
use super::counts::Counted;
use super::dictionary::{Code, CodeMap, OTHERS, Translation};
use super::drops::Drops;
use super::duplicates::{self, Duplicates, Families, Removed, Sought};
use super::repeats::Repeats;
use super::row::Event;
use super::spill::Memory;
use super::summary::Seen;

/// How often something was seen, first and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measure {
    pub(super) count: u64,
    /// [`i64::MAX`] where no time is known.
    pub(super) first: i64,
    /// [`i64::MIN`] where no time is known.
    pub(super) last: i64,
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

    pub(super) fn first_known(&self) -> Option<i64> {
        (self.first <= self.last).then_some(self.first)
    }

    pub(super) fn last_known(&self) -> Option<i64> {
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

    /// The same; but where there are `most` rows, new ones differ in those `ends` no more.
    pub(super) fn add_within(
        &mut self,
        most: Option<usize>,
        mut key: [Code; N],
        ends: &[usize],
        measure: Measure,
    ) {
        let is_full = most.is_some_and(|most| self.rows.len() >= most);
        if is_full && !self.rows.contains_key(&key) {
            for &end in ends {
                key.get_mut(end).into_iter().for_each(|code| *code = OTHERS);
            }
        }
        self.add(key, measure);
    }

    pub(super) fn merge(&mut self, other: Self, translation: &Translation) {
        for (key, measure) in other.rows {
            self.add(translation.codes(key), measure);
        }
    }
}

/// What a tally is to look for, and with how much memory.
#[derive(Debug, Clone)]
pub struct Plan {
    /// For what is found out about records only when others are known.
    pub memory: Memory,
    /// Records of an event that both families of categories have written are found.
    pub finds_duplicates: bool,
    /// Records of an event that several exports hold are found.
    pub finds_repeats: bool,
    /// Connections that IDPS dropped after they were allowed are found.
    pub finds_drops: bool,
}

impl Plan {
    fn sought(&self) -> Sought {
        match (self.finds_duplicates, self.finds_repeats) {
            (_, true) => Sought::PairsAndRepeats,
            (true, false) => Sought::Pairs,
            (false, false) => Sought::Nothing,
        }
    }
}

impl Default for Plan {
    fn default() -> Self {
        let memory = Memory::default();
        Self { memory, finds_duplicates: true, finds_repeats: true, finds_drops: true }
    }
}

/// What has been seen of records for which others have to be remembered.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Needs {
    pub(super) families: Families,
    pub(super) has_drop: bool,
    pub(super) has_repeat: bool,
}

impl Needs {
    pub(super) fn add(&mut self, other: Self) {
        self.families.add(other.families);
        self.has_drop |= other.has_drop;
        self.has_repeat |= other.has_repeat;
    }

    /// The plan that would have found all, if this one did not.
    pub(super) fn better_than(self, plan: &Plan) -> Option<Plan> {
        let finds_duplicates = plan.finds_duplicates || self.families.are_both();
        let finds_drops = plan.finds_drops || self.has_drop;
        let finds_repeats = plan.finds_repeats || self.has_repeat;
        let finds = [finds_duplicates, finds_repeats, finds_drops];
        let is_better = finds != [plan.finds_duplicates, plan.finds_repeats, plan.finds_drops];
        let memory = || plan.memory.clone();
        is_better.then(|| Plan { memory: memory(), finds_duplicates, finds_repeats, finds_drops })
    }
}

/// Records that say all they have to say only when others are known.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) duplicates: Duplicates,
    pub(super) denials: Denials,
    pub(super) drops: Drops,
}

/// What waits of another tally, to which nothing is added any more, and the way from its codes.
#[derive(Debug)]
pub(super) struct Others {
    pub(super) recoding: Recoding,
    pub(super) duplicates: Duplicates,
    pub(super) denied: DeniedRows,
    pub(super) drops: Drops,
}

/// Counts log records. Several can be filled side by side and merged.
///
/// Two families of categories may write the same event; the second record of an event is dropped
/// and counted as a duplicate.
#[derive(Debug)]
pub struct Tally {
    pub(super) coding: Coding,
    pub(super) counted: Counted,
    pub(super) waiting: Waiting,
    pub(super) others: Vec<Others>,
    /// Records taken, duplicates included.
    pub(super) records: u64,
    /// Duplicates of earlier runs.
    pub(super) removed: Removed,
    pub(super) repeats: Repeats,
    /// Records with an address or name for which there was no room.
    pub(super) cut: u64,
    pub(super) times: Times,
    /// Memory to use again.
    to_count: Vec<Event>,
}

/// The times of all records, and what earlier runs are done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) oldest: i64,
    pub(super) newest: i64,
    /// Records before this were not kept.
    pub(super) horizon: i64,
    /// Records before the horizon came later.
    pub(super) is_late: bool,
}

impl Times {
    pub(super) const NONE: Self =
        Self { oldest: i64::MAX, newest: i64::MIN, horizon: i64::MIN, is_late: false };

    fn add(&mut self, time: i64) {
        self.is_late |= time < self.horizon;
        self.oldest = self.oldest.min(time);
        self.newest = self.newest.max(time);
    }

    fn merge(&mut self, other: Self) {
        let has_horizon = other.horizon > i64::MIN;
        self.is_late |= other.is_late
            || other.oldest < self.horizon && (!has_horizon || self.oldest < other.horizon);
        self.oldest = self.oldest.min(other.oldest);
        self.newest = self.newest.max(other.newest);
        self.horizon = self.horizon.max(other.horizon);
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self::of(&Plan::default())
    }
}

impl Tally {
    /// A tally that finds everything and stays in memory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        // Rows that wait, of which there are five kinds, are seldom all of them many.
        let memory = Memory { bytes: plan.memory.bytes / 2, ..plan.memory.clone() };
        Self {
            coding: Coding::with_room(memory.values_max),
            counted: Counted::with_room(memory.values_max),
            waiting: Waiting {
                duplicates: Duplicates::new(plan.sought(), &memory),
                denials: Denials::new(&memory),
                drops: Drops::new(plan.finds_drops, &memory),
            },
            others: Vec::new(),
            records: 0,
            removed: Removed::default(),
            repeats: Repeats::new(!plan.finds_repeats),
            cut: 0,
            times: Times::NONE,
            to_count: Vec::new(),
        }
    }

    /// Counts one record.
    pub fn push(&mut self, record: &LogRecord) {
        let event = self.coding.event(record);
        self.pass(&[event]);
    }

    /// Counts events.
    pub(super) fn pass(&mut self, events: &[Event]) {
        let mut counted = std::mem::take(&mut self.to_count);
        for event in events {
            let Some(row) = self.coding.row(*event) else { continue };
            self.records += 1;
            self.cut += u64::from(event.is_cut());
            if let Some(time) = event.time {
                self.times.add(time);
            }
            self.repeats.push(&row, &self.coding);
            self.waiting.drops.push(&row, &self.coding);
            if !self.waiting.duplicates.keeps(&row, &self.coding) {
                counted.push(*event);
            }
        }
        count(&counted, &self.coding, &mut self.counted, &mut self.waiting.denials);
        counted.clear();
        self.to_count = counted;
    }

    pub(super) fn needs(&self) -> Needs {
        let Waiting { duplicates, drops, .. } = &self.waiting;
        let has_repeat = self.repeats.has_any();
        Needs { families: duplicates.families, has_drop: drops.has_drop, has_repeat }
    }

    /// Whether nothing was counted or taken over. Earlier runs leave at least the time that they are
    /// done with.
    fn is_new(&self) -> bool {
        self.records == 0 && self.others.is_empty() && self.times == Times::NONE
    }

    /// Takes over what `other` has counted. The order of merging does not matter.
    pub fn merge(&mut self, mut other: Self) {
        if self.is_new() {
            other.repeats.compare();
            *self = other;
            return;
        }
        let recoding = Recoding::new(&other.coding, &mut self.coding);
        self.records += other.records;
        self.removed.add(other.removed);
        self.repeats.merge(other.repeats);
        self.cut += other.cut;
        self.times.merge(other.times);
        self.counted.merge(other.counted, &recoding, &self.coding);
        let Waiting { duplicates, denials, drops } = other.waiting;
        let denied = denials.into_rows(&other.coding);
        let others = other.others.into_iter().map(|others| {
            let recoding = others.recoding.then(&recoding);
            Others { recoding, ..others }
        });
        self.others.extend(others);
        self.others.push(Others { recoding, duplicates, denied, drops });
    }

    /// Counts what waited for a duplicate in vain. The answer is how many had not.
    pub(super) fn settle(&mut self) -> io::Result<Removed> {
        let Self { coding, counted, waiting, others, .. } = self;
        let Waiting { duplicates, denials, .. } = waiting;
        let mut all = vec![(None, duplicates)];
        all.extend(
            others.iter_mut().map(|others| (Some(&others.recoding), &mut others.duplicates)),
        );
        let coding = &*coding;
        let mut removed = duplicates::settle(&mut all, coding, |events| {
            count(events, coding, counted, denials);
        })?;
        removed.add(self.removed);
        Ok(removed)
    }
}

/// So many events stay in the nearest caches from one table to the next.
const COUNTED_TOGETHER: usize = 1 << 10;

/// Counts events that are not known to be duplicates.
pub(super) fn count(
    events: &[Event],
    coding: &Coding,
    counted: &mut Counted,
    denials: &mut Denials,
) {
    for events in events.chunks(COUNTED_TOGETHER) {
        counted.add(events, coding);
    }
    let rows = events.iter().filter_map(|event| coding.row(*event));
    rows.filter(|row| row.head.class.is_denied()).for_each(|row| denials.add(&row, coding));
}
