//! From the values that each rule covers to the rules that cover each value.

use std::collections::HashMap;
use std::hash::Hash;

use super::table::{NONE, Row, RuleSet, TableBuilder, TooLarge};
use crate::random::Random;

/// A value of a dimension: an address or a service.
pub(super) trait Position: Copy + Ord + Hash {
    const FIRST: Self;

    /// The next value, unless this is the last one.
    fn after(self) -> Option<Self>;
}

impl Position for u32 {
    const FIRST: Self = 0;

    fn after(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Position for u128 {
    const FIRST: Self = 0;

    fn after(self) -> Option<Self> {
        self.checked_add(1)
    }
}

/// The values that one rule covers.
pub(super) struct Cover<'a, P> {
    /// Sorted, disjoint and not adjacent.
    pub(super) intervals: &'a [(P, P)],
    /// The table that holds the rule, as one of the lanes of the sweep, and its index there.
    pub(super) lane: usize,
    pub(super) index: u32,
}

/// Stretches of values that the same rules cover.
#[derive(Debug, Clone)]
pub(super) struct Stretches<P, const LANES: usize> {
    // INVARIANT: both are of one length, at least 1; `starts` ascends from `P::FIRST`.
    pub(super) starts: Vec<P>,
    /// The rules that cover the stretch, as a row of each lane's table.
    pub(super) rows: Vec<[Row; LANES]>,
}

/// The rules of one table that cover the value at which the sweep stands.
struct Active {
    rules: RuleSet,
    is_changed: bool,
    row: Row,
}

/// A number that stands for a rule in sums over sets of rules.
fn key(index: u32) -> u128 {
    let mut random = Random::new(u64::from(index));
    u128::from(random.bits()) << 64 | u128::from(random.bits())
}

/// The stretches of `covers`. Costs a sort of the bounds of all distinct sets of intervals.
pub(super) fn stretches<P: Position, const LANES: usize>(
    covers: &[Cover<'_, P>],
    tables: [&mut TableBuilder; LANES],
) -> Result<Stretches<P, LANES>, TooLarge> {
    let (sets, members) = distinct(covers);
    let mut bounds = bounds(&sets);
    bounds.sort_unstable();
    let mut tables = tables;
    let mut lanes = tables.each_ref().map(|table| Active {
        rules: table.no_rule(),
        is_changed: false,
        row: NONE,
    });
    let mut found = Stretches { starts: vec![P::FIRST], rows: vec![[NONE; LANES]] };
    for bound in bounds.chunk_by(|a, b| a.0 == b.0) {
        let Some(&(start, _)) = bound.first() else { continue };
        for &(_, set) in bound {
            for &(lane, index) in members.get(set as usize).into_iter().flatten() {
                if let Some(active) = lanes.get_mut(lane) {
                    active.rules.toggle(index, key(index));
                    active.is_changed = true;
                }
            }
        }
        let mut rows = [NONE; LANES];
        for ((active, table), row) in lanes.iter_mut().zip(&mut tables).zip(&mut rows) {
            if std::mem::take(&mut active.is_changed) {
                active.row = table.row(&active.rules)?;
            }
            *row = active.row;
        }
        found.push(start, rows);
    }
    Ok(found)
}

impl<P: Position, const LANES: usize> Stretches<P, LANES> {
    fn push(&mut self, start: P, rows: [Row; LANES]) {
        if self.rows.last() == Some(&rows) {
            return;
        }
        if start == P::FIRST {
            self.starts.clear();
            self.rows.clear();
        }
        self.starts.push(start);
        self.rows.push(rows);
    }

    /// The rows of a value.
    pub(super) fn rows(&self, value: P) -> [Row; LANES] {
        let after = self.starts.partition_point(|&start| start <= value);
        self.at(after.wrapping_sub(1))
    }

    /// The rows of a stretch.
    #[inline]
    pub(super) fn at(&self, stretch: usize) -> [Row; LANES] {
        self.rows.get(stretch).copied().unwrap_or([NONE; LANES])
    }

    /// Bytes of memory.
    pub(super) fn size(&self) -> usize {
        self.starts.len() * size_of::<P>() + self.rows.len() * size_of::<[Row; LANES]>()
    }
}

/// The rules of a set of intervals: lane and index.
type Members = Vec<(usize, u32)>;
/// Distinct sets of intervals.
type Sets<'a, P> = Vec<&'a [(P, P)]>;

/// The distinct sets of intervals, and the rules of each. IP Groups and ports repeat themselves.
fn distinct<'a, P: Position>(covers: &[Cover<'a, P>]) -> (Sets<'a, P>, Vec<Members>) {
    let mut known: HashMap<&[(P, P)], usize> = HashMap::new();
    let (mut sets, mut members): (Sets<'a, P>, Vec<Members>) = (Vec::new(), Vec::new());
    for cover in covers {
        let set = *known.entry(cover.intervals).or_insert_with(|| {
            sets.push(cover.intervals);
            members.push(Vec::new());
            sets.len() - 1
        });
        if let Some(members) = members.get_mut(set) {
            members.push((cover.lane, cover.index));
        }
    }
    (sets, members)
}

/// The values at which a set begins to hold or ceases to.
fn bounds<P: Position>(sets: &[&[(P, P)]]) -> Vec<(P, u32)> {
    let mut bounds = Vec::with_capacity(2 * sets.iter().map(|set| set.len()).sum::<usize>());
    for (number, set) in (0u32..).zip(sets) {
        for &(first, last) in *set {
            bounds.push((first, number));
            bounds.extend(last.after().map(|after| (after, number)));
        }
    }
    bounds
}
