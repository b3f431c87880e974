//! Coded tables as polars frames, and frames as plain lines.

use jiff::Timestamp;
use polars::prelude::*;

use super::dictionary::{ABSENT, Code};
use super::summary::Seen;
use super::tally::Table;

/// The measure columns of every table.
pub(super) const COUNT: &str = "count";
const FIRST: &str = "first";
const LAST: &str = "last";

/// A table with named key columns.
pub(super) fn frame<const N: usize>(table: &Table<N>, keys: [&str; N]) -> PolarsResult<DataFrame> {
    let (height, rows) = (table.rows.len(), &table.rows);
    let mut codes: [Vec<Code>; N] = std::array::from_fn(|_| Vec::with_capacity(height));
    let mut counts = Vec::with_capacity(height);
    let mut first = Vec::with_capacity(height);
    let mut last = Vec::with_capacity(height);
    for (key, measure) in rows {
        codes.iter_mut().zip(*key).for_each(|(column, code)| column.push(code));
        counts.push(measure.count);
        first.push(measure.first_known());
        last.push(measure.last_known());
    }
    let named = keys.into_iter().zip(codes);
    let mut columns: Vec<Column> =
        named.map(|(name, codes)| Column::new(name.into(), codes)).collect();
    columns.push(Column::new(COUNT.into(), counts));
    columns.push(Column::new(FIRST.into(), first));
    columns.push(Column::new(LAST.into(), last));
    DataFrame::new(height, columns)
}

/// Sums the counts and spans the times of a group.
pub(super) fn measures() -> [Expr; 3] {
    [col(COUNT).sum(), col(FIRST).min(), col(LAST).max()]
}

/// How many different known values a column has in a group.
pub(super) fn distinct(column: &str) -> Expr {
    let known = col(column).filter(col(column).neq(lit(ABSENT)));
    known.n_unique().cast(DataType::UInt64).alias(column)
}

/// Largest first; ties in the order of the keys, so that the order is always the same.
pub(super) fn ranked(frame: &DataFrame, by: &[&str], keys: &[&str]) -> PolarsResult<DataFrame> {
    let columns: Vec<PlSmallStr> = by.iter().chain(keys).map(|&name| name.into()).collect();
    let descending = by.iter().map(|_| true).chain(keys.iter().map(|_| false));
    let order = SortMultipleOptions::default()
        .with_order_descending_multi(descending.collect::<Vec<_>>())
        .with_nulls_last(true);
    frame.sort(columns, order)
}

/// One line of a frame: key columns, number columns, times.
pub(super) struct Line<const K: usize, const C: usize> {
    pub(super) keys: [Code; K],
    pub(super) counts: [u64; C],
    pub(super) seen: Option<Seen>,
}

/// The first lines of a frame. Times are read where the frame has them.
pub(super) fn lines<const K: usize, const C: usize>(
    frame: &DataFrame,
    limit: usize,
    keys: [&str; K],
    counts: [&str; C],
) -> PolarsResult<Vec<Line<K, C>>> {
    let frame = frame.head(Some(limit));
    let keys = keys.map(|name| frame.column(name).and_then(|column| column.u32()));
    let counts = counts.map(|name| frame.column(name).and_then(|column| column.u64()));
    let first = frame.column(FIRST).and_then(|column| column.i64()).ok();
    let last = frame.column(LAST).and_then(|column| column.i64()).ok();
    let mut lines = Vec::with_capacity(frame.height());
    for index in 0..frame.height() {
        let mut line = Line { keys: [ABSENT; K], counts: [0; C], seen: None };
        for (value, column) in line.keys.iter_mut().zip(&keys) {
            *value = column.as_ref().map_err(Clone::clone)?.get(index).unwrap_or(ABSENT);
        }
        for (value, column) in line.counts.iter_mut().zip(&counts) {
            *value = column.as_ref().map_err(Clone::clone)?.get(index).unwrap_or(0);
        }
        let time = |column: Option<&Int64Chunked>| column.and_then(|column| column.get(index));
        line.seen = seen(time(first), time(last));
        lines.push(line);
    }
    Ok(lines)
}

pub(super) fn seen(first: Option<i64>, last: Option<i64>) -> Option<Seen> {
    let time = |value: Option<i64>| Timestamp::from_microsecond(value?).ok();
    Some(Seen { first: time(first)?, last: time(last)? })
}
