//! Tables of denials by default. There may be about as many rows as denied records, so they are looked at
//! part by part, and of each part only what may come out on top is kept.

use polars::prelude::*;

use crate::net::AddressNames;

use super::attempts::{Denials, Denied, settle};
use super::coding::Coding;
use super::denied_groups::DeniedGroups;
use super::dictionary::{Dictionary, Translation, as_number};
use super::finish::{Finish, SummaryError};
use super::frame::{COUNT, Line, distinct, frame_of, lines, measures, ranked};
use super::row::Class;
use super::summary::{DeniedRow, DeniedTargetRow, Top};

const ATTEMPTS: &str = "attempts";
const BY: &[&str] = &[ATTEMPTS, COUNT];
const FLOW_KEYS: [&str; 5] = ["reason", "source", "target", "port", "protocol"];
const TARGET_KEYS: [&str; 4] = ["reason", "target", "port", "protocol"];

/// What came out on top of all denials.
#[derive(Debug, Default)]
pub(super) struct DeniedTops {
    pub(super) attempts_by_rule: u64,
    pub(super) attempts_by_default: u64,
    targets: Largest,
    flows: Largest,
    pub(super) groups: DeniedGroups,
}

/// Where denials are named: their codes, and what addresses are called.
pub(super) type Named<'a> = (&'a Dictionary, Option<&'a AddressNames>);

impl DeniedTops {
    pub(super) fn attempts(&self) -> u64 {
        self.attempts_by_rule + self.attempts_by_default
    }

    /// What comes out on top of some denials.
    fn of(mut denials: Vec<Denied>, named: Named<'_>, top: usize) -> PolarsResult<Self> {
        let by_rule = Class::DeniedByRule.code();
        let [attempts_by_rule, attempts_by_default] = [true, false].map(|is_by_rule| {
            let groups = denials.iter().filter(|denied| (denied.group[0] == by_rule) == is_by_rule);
            groups.map(|denied| denied.attempts).sum::<u64>()
        });
        let tops = Self { attempts_by_rule, attempts_by_default, ..Self::default() };
        denials.retain(|denied| denied.group[0] != by_rule);
        if denials.is_empty() {
            return Ok(tops);
        }
        let groups = DeniedGroups::of(&denials, named, top);
        let all = flows(&denials)?;
        let [count, first, last] = measures();
        let numbers = [count, first, last, col(ATTEMPTS).sum(), distinct("source")];
        let targets = ranked(all.group_by(TARGET_KEYS.map(col)).agg(numbers), BY, &TARGET_KEYS)?;
        let targets = Largest {
            rows_total: targets.height() as u64,
            records: targets.column(COUNT)?.u64()?.iter().flatten().sum(),
            rows: Some(targets.head(Some(top))),
        };
        let (rows_total, records) =
            (denials.len() as u64, denials.iter().map(|denied| denied.measure.count).sum());
        // Only rows that are large enough are worth sorting.
        let least = least_of_top(&denials, top);
        denials.retain(|denied| denied.attempts >= least);
        let largest = ranked(flows(&denials)?, BY, &FLOW_KEYS)?.head(Some(top));
        let flows = Largest { rows_total, records, rows: Some(largest) };
        Ok(Self { targets, flows, groups, ..tops })
    }

    /// Takes what comes out on top of others.
    fn merge(&mut self, other: Self, top: usize) -> PolarsResult<()> {
        self.attempts_by_rule += other.attempts_by_rule;
        self.attempts_by_default += other.attempts_by_default;
        self.groups.merge(other.groups, top);
        self.targets.merge(other.targets, &TARGET_KEYS, top)?;
        self.flows.merge(other.flows, &FLOW_KEYS, top)
    }
}

/// The largest rows of a table that is looked at part by part.
#[derive(Debug, Default)]
struct Largest {
    rows: Option<DataFrame>,
    rows_total: u64,
    records: u64,
}

impl Largest {
    /// Takes another part. No row of it has the keys of a row of another part.
    fn merge(&mut self, other: Self, keys: &[&str], top: usize) -> PolarsResult<()> {
        self.rows_total += other.rows_total;
        self.records += other.records;
        self.rows = match (self.rows.take(), other.rows) {
            (Some(rows), Some(part)) => {
                Some(ranked(rows.vstack(&part)?.lazy(), BY, keys)?.head(Some(top)))
            }
            (rows, part) => rows.or(part),
        };
        Ok(())
    }

    fn top<const K: usize, const C: usize, R>(
        &self,
        keys: [&str; K],
        counts: [&str; C],
        row: impl Fn(Line<K, C>) -> R,
    ) -> PolarsResult<Top<R>> {
        let Some(rows) = &self.rows else { return Ok(Top::NONE) };
        let shown: u64 = rows.column(COUNT)?.u64()?.iter().flatten().sum();
        let lines = lines(rows, usize::MAX, keys, counts)?.into_iter();
        Ok(Top {
            rows: lines.map(row).collect(),
            rows_total: self.rows_total,
            records_left_out: self.records - shown,
        })
    }
}

/// Looks at all denials.
pub(super) fn denied_tops(
    all: &mut [(Translation, &mut Denials, &Coding)],
    named: Named<'_>,
    top: usize,
) -> Result<DeniedTops, SummaryError> {
    let mut tops = DeniedTops::default();
    settle(
        all,
        |denials| DeniedTops::of(denials, named, top),
        |part| -> Result<(), SummaryError> { Ok(tops.merge(part?, top)?) },
    )?;
    Ok(tops)
}

/// The attempts of the last row that comes out on top.
fn least_of_top(denials: &[Denied], top: usize) -> u64 {
    let mut attempts: Vec<u64> = denials.iter().map(|denied| denied.attempts).collect();
    if top == 0 || top >= attempts.len() {
        return 0;
    }
    let (_, least, _) = attempts.select_nth_unstable_by(top - 1, |a, b| b.cmp(a));
    *least
}

fn flows(denials: &[Denied]) -> PolarsResult<LazyFrame> {
    let rows = denials.iter().map(|denied| {
        let [_, key @ ..] = denied.group;
        (key, denied.measure)
    });
    let attempts: Vec<u64> = denials.iter().map(|denied| denied.attempts).collect();
    let mut frame = frame_of(denials.len(), rows, FLOW_KEYS)?;
    frame.with_column(Column::new(ATTEMPTS.into(), attempts))?;
    Ok(frame.lazy())
}

impl Finish<'_> {
    /// Denials by default, by what was asked for.
    pub(super) fn denied_targets(&self) -> PolarsResult<Top<DeniedTargetRow>> {
        let row = |Line { keys, counts: [records, attempts, sources], seen }: Line<4, 3>| {
            let [reason, target, port, protocol] = keys;
            DeniedTargetRow {
                target: self.text(target),
                target_name: self.name(target),
                port: as_number(port),
                protocol: self.text(protocol),
                reason: self.text(reason),
                sources,
                records,
                attempts,
                seen,
            }
        };
        self.denied.targets.top(TARGET_KEYS, [COUNT, ATTEMPTS, "source"], row)
    }

    /// Denials by default, by who asked for what.
    pub(super) fn denied_flows(&self) -> PolarsResult<Top<DeniedRow>> {
        let row = |Line { keys, counts: [records, attempts], seen }: Line<5, 2>| {
            let [reason, source, target, port, protocol] = keys;
            DeniedRow {
                source: self.text(source),
                source_name: self.name(source),
                target: self.text(target),
                target_name: self.name(target),
                port: as_number(port),
                protocol: self.text(protocol),
                reason: self.text(reason),
                records,
                attempts,
                seen,
            }
        };
        self.denied.flows.top(FLOW_KEYS, [COUNT, ATTEMPTS], row)
    }
}
