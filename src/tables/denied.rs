//! Tables of denials by default. There may be about as many rows as denied records, so they are looked at
//! part by part, and of each part only what may come out on top is kept.

use std::cmp::{Ordering, Reverse};

use crate::net::AddressNames;

use super::attempts::{Asked, Denied, DeniedRows, settle};
use super::denied_groups::{Grouped, Groups};
use super::dictionary::{ABSENT, Dictionary, Translation, as_number};
use super::finish::{Finish, SummaryError};
use super::frame::seen;
use super::row::Class;
use super::summary::{DeniedRow, DeniedTargetRow, Top};
use super::tally::Measure;

/// What came out on top of all denials.
#[derive(Debug, Default)]
pub(super) struct DeniedTops {
    pub(super) attempts_by_rule: u64,
    pub(super) attempts_by_default: u64,
    targets: Largest<Target>,
    flows: Largest<Denied>,
    pub(super) groups: Largest<Grouped>,
}

/// Denials of what was asked for, by whomever.
#[derive(Debug)]
pub(super) struct Target {
    asked: Asked,
    sources: u64,
    attempts: u64,
    measure: Measure,
}

/// Where denials are named: their codes, and what addresses are called.
pub(super) type Named<'a> = (&'a Dictionary, Option<&'a AddressNames>);

impl DeniedTops {
    pub(super) fn attempts(&self) -> u64 {
        self.attempts_by_rule + self.attempts_by_default
    }

    /// What comes out on top of some denials, given in the order of their groups.
    fn of(mut denials: Vec<Denied>, named: Named<'_>, top: usize) -> Self {
        let attempts = |denials: &[Denied]| denials.iter().map(|denied| denied.attempts).sum();
        let attempts_of_all: u64 = attempts(&denials);
        let by_rule = Class::DeniedByRule.code();
        denials.retain(|denied| denied.group[0] != by_rule);
        let attempts_by_default: u64 = attempts(&denials);
        let mut groups = Groups::new(named);
        let (mut targets, mut grouped) = (Vec::new(), Vec::new());
        for denials in denials.chunk_by(|a, b| a.asked() == b.asked()) {
            targets.extend(Target::of(denials));
            groups.add(denials, &mut grouped);
        }
        let mut grouped = Largest::of(grouped, top);
        for row in &mut grouped.rows {
            groups.find_addresses(&denials, row);
        }
        Self {
            attempts_by_rule: attempts_of_all - attempts_by_default,
            attempts_by_default,
            targets: Largest::of(targets, top),
            groups: grouped,
            flows: Largest::of(denials, top),
        }
    }

    /// Takes what comes out on top of others, of which none asked for what one of these asked for.
    fn merge(&mut self, other: Self, top: usize) {
        self.attempts_by_rule += other.attempts_by_rule;
        self.attempts_by_default += other.attempts_by_default;
        self.targets.merge(other.targets, top);
        self.flows.merge(other.flows, top);
        self.groups.merge(other.groups, top);
    }
}

impl Target {
    /// The denials, all of which ask for the same, in the order of their sources.
    fn of(denials: &[Denied]) -> Option<Self> {
        let mut target = Self {
            asked: denials.first()?.asked(),
            sources: 0,
            attempts: 0,
            measure: Measure::ZERO,
        };
        for denied in denials {
            target.sources += u64::from(denied.source() != ABSENT);
            target.attempts += denied.attempts;
            target.measure.add(denied.measure);
        }
        Some(target)
    }
}

/// Rows of which the largest are wanted: those with the most attempts, and of these those with the
/// most records.
pub(super) trait Ranked {
    fn attempts(&self) -> u64;
    fn records(&self) -> u64;
    /// The order of rows that are as large.
    fn tie(&self, other: &Self) -> Ordering;
}

impl Ranked for Target {
    fn attempts(&self) -> u64 {
        self.attempts
    }

    fn records(&self) -> u64 {
        self.measure.count
    }

    fn tie(&self, other: &Self) -> Ordering {
        self.asked.cmp(&other.asked)
    }
}

impl Ranked for Denied {
    fn attempts(&self) -> u64 {
        self.attempts
    }

    fn records(&self) -> u64 {
        self.measure.count
    }

    fn tie(&self, other: &Self) -> Ordering {
        let key = |denied: &Self| {
            let [reason, rest @ ..] = denied.asked();
            (reason, denied.source(), rest)
        };
        key(self).cmp(&key(other))
    }
}

/// The largest rows of a table that is looked at part by part, in order.
#[derive(Debug)]
pub(super) struct Largest<T> {
    rows: Vec<T>,
    rows_total: u64,
    records: u64,
}

impl<T> Default for Largest<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), rows_total: 0, records: 0 }
    }
}

impl<T: Ranked> Largest<T> {
    fn of(rows: Vec<T>, top: usize) -> Self {
        let (rows_total, records) = (rows.len() as u64, rows.iter().map(T::records).sum());
        let mut largest = Self { rows, rows_total, records };
        largest.keep(top);
        largest
    }

    fn keep(&mut self, top: usize) {
        let size = |row: &T| Reverse((row.attempts(), row.records()));
        let order = |a: &T, b: &T| size(a).cmp(&size(b)).then_with(|| a.tie(b));
        if top < self.rows.len() {
            self.rows.select_nth_unstable_by(top, order);
            self.rows.truncate(top);
            self.rows.shrink_to_fit();
        }
        self.rows.sort_unstable_by(order);
    }

    /// Takes another part. No row of it has the keys of a row of another part.
    fn merge(&mut self, other: Self, top: usize) {
        self.rows_total += other.rows_total;
        self.records += other.records;
        self.rows.extend(other.rows);
        self.keep(top);
    }

    pub(super) fn top<R>(&self, row: impl Fn(&T) -> R) -> Top<R> {
        let shown: u64 = self.rows.iter().map(T::records).sum();
        Top {
            rows: self.rows.iter().map(row).collect(),
            rows_total: self.rows_total,
            records_left_out: self.records - shown,
        }
    }
}

/// Looks at all denials.
pub(super) fn denied_tops(
    all: &mut [(Translation, &mut DeniedRows)],
    named: Named<'_>,
    top: usize,
) -> Result<DeniedTops, SummaryError> {
    let mut tops = DeniedTops::default();
    settle(
        all,
        |denials| DeniedTops::of(denials, named, top),
        |part| -> Result<(), SummaryError> {
            tops.merge(part, top);
            Ok(())
        },
    )?;
    Ok(tops)
}

impl Finish<'_> {
    /// Denials by default, by what was asked for.
    pub(super) fn denied_targets(&self) -> Top<DeniedTargetRow> {
        self.denied.targets.top(|row| {
            let [reason, target, port, protocol] = row.asked;
            DeniedTargetRow {
                target: self.text(target),
                target_name: self.name(target),
                port: as_number(port),
                protocol: self.text(protocol),
                reason: self.text(reason),
                sources: row.sources,
                records: row.measure.count,
                attempts: row.attempts,
                seen: seen(row.measure.first_known(), row.measure.last_known()),
            }
        })
    }

    /// Denials by default, by who asked for what.
    pub(super) fn denied_flows(&self) -> Top<DeniedRow> {
        self.denied.flows.top(|row| {
            let ([reason, target, port, protocol], source) = (row.asked(), row.source());
            DeniedRow {
                source: self.text(source),
                source_name: self.name(source),
                target: self.text(target),
                target_name: self.name(target),
                port: as_number(port),
                protocol: self.text(protocol),
                reason: self.text(reason),
                records: row.measure.count,
                attempts: row.attempts,
                seen: seen(row.measure.first_known(), row.measure.last_known()),
            }
        })
    }
}
