//! Denials by default by what their sources are called: which rule is needed, and for whom?

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use super::attempts::Denied;
use super::denied::Named;
use super::dictionary::{ABSENT, Code, CodeMap, Dictionary, Entry, as_number};
use super::finish::Finish;
use super::frame::seen;
use super::rule_use::is_public;
use super::summary::{DeniedGroupRow, SourceGroup, Top};
use super::tally::Measure;
use crate::net::AddressNames;

/// So many addresses of a row are kept. A rule with more sources is better written with a group.
const ADDRESSES_MAX: usize = 64;

/// Sources, and reason, target, port and protocol.
type Key = (SourceGroup, [Code; 4]);

/// What came out on top of all rows.
#[derive(Debug, Default)]
pub(super) struct DeniedGroups {
    rows: Vec<(Key, Row)>,
    rows_total: u64,
    records: u64,
}

#[derive(Debug)]
struct Row {
    sources: u64,
    attempts: u64,
    measure: Measure,
    /// Only of what comes out on top.
    addresses: BTreeSet<IpAddr>,
}

impl Row {
    const NONE: Self =
        Self { sources: 0, attempts: 0, measure: Measure::ZERO, addresses: BTreeSet::new() };
}

/// The groups that sources belong to, by their numbers.
#[derive(Default)]
struct Groups {
    all: Vec<SourceGroup>,
    numbers: HashMap<SourceGroup, usize>,
    /// Of sources.
    known: CodeMap<Code, usize>,
}

impl Groups {
    fn number(&mut self, source: Code, (dictionary, names): Named<'_>) -> usize {
        let Self { all, numbers, known } = self;
        *known.entry(source).or_insert_with(|| {
            let group = group(address(source, dictionary), names);
            *numbers.entry(group).or_insert_with_key(|group| {
                all.push(group.clone());
                all.len() - 1
            })
        })
    }
}

fn address(source: Code, dictionary: &Dictionary) -> Option<IpAddr> {
    match dictionary.entry(source)? {
        Entry::Address(address) => Some(*address),
        Entry::Text(_) => None,
    }
}

impl DeniedGroups {
    /// What comes out on top of some denials.
    pub(super) fn of(denials: &[Denied], named: Named<'_>, top: usize) -> Self {
        let mut groups = Groups::default();
        let mut rows: CodeMap<(usize, [Code; 4]), Row> = CodeMap::default();
        let split = |denied: &Denied| {
            let [_, reason, source, target, port, protocol] = denied.group;
            (source, [reason, target, port, protocol])
        };
        for denied in denials {
            let (source, key) = split(denied);
            let row = rows.entry((groups.number(source, named), key)).or_insert(Row::NONE);
            row.sources += u64::from(source != ABSENT);
            row.attempts += denied.attempts;
            row.measure.add(denied.measure);
        }
        let (rows_total, records) =
            (rows.len() as u64, rows.values().map(|row| row.measure.count).sum());
        let order = |(number, key): &(usize, [Code; 4]), row: &Row| {
            (size(row), groups.all.get(*number), *key)
        };
        let mut rows: Vec<((usize, [Code; 4]), Row)> = rows.into_iter().collect();
        keep_first(&mut rows, top, |(a, row_a), (b, row_b)| order(a, row_a).cmp(&order(b, row_b)));
        let mut rows: CodeMap<(usize, [Code; 4]), Row> = rows.into_iter().collect();
        for denied in denials {
            let (source, key) = split(denied);
            let Some(row) = rows.get_mut(&(groups.number(source, named), key)) else { continue };
            row.addresses.extend(address(source, named.0));
            if row.addresses.len() > ADDRESSES_MAX {
                row.addresses.pop_last();
            }
        }
        let named = |((number, key), row)| {
            let group = groups.all.get(number).cloned().unwrap_or(SourceGroup::Unknown);
            ((group, key), row)
        };
        Self { rows: rows.into_iter().map(named).collect(), rows_total, records }
    }

    /// Takes another part. No row of it has the target of a row of another part.
    pub(super) fn merge(&mut self, other: Self, top: usize) {
        self.rows_total += other.rows_total;
        self.records += other.records;
        self.rows.extend(other.rows);
        let order = |(a, row_a): &(Key, Row), (b, row_b): &(Key, Row)| {
            size(row_a).cmp(&size(row_b)).then_with(|| a.cmp(b))
        };
        keep_first(&mut self.rows, top, order);
        self.rows.sort_by(order);
    }
}

/// The largest come first.
fn size(row: &Row) -> Reverse<(u64, u64)> {
    Reverse((row.attempts, row.measure.count))
}

/// Keeps the rows that would be the first in an order.
fn keep_first<T>(rows: &mut Vec<T>, top: usize, order: impl Fn(&T, &T) -> Ordering) {
    if top < rows.len() {
        rows.select_nth_unstable_by(top, order);
        rows.truncate(top);
    }
}

fn group(address: Option<IpAddr>, names: Option<&AddressNames>) -> SourceGroup {
    let Some(address) = address else { return SourceGroup::Unknown };
    match names.and_then(|names| names.name_and_kind(address)) {
        Some((name, true)) => SourceGroup::IpGroup(name.clone()),
        Some((name, false)) => SourceGroup::Named(name.clone()),
        None if is_public(address) => SourceGroup::Internet,
        None => SourceGroup::Inside,
    }
}

impl Finish<'_> {
    /// Denials by default, by what the sources are called.
    pub(super) fn denied_groups(&self) -> Top<DeniedGroupRow> {
        let denied = &self.denied.groups;
        let shown: u64 = denied.rows.iter().map(|(_, row)| row.measure.count).sum();
        let row = |((group, key), row): &(Key, Row)| {
            let [reason, target, port, protocol] = *key;
            DeniedGroupRow {
                group: group.clone(),
                sources: row.sources,
                addresses: row.addresses.iter().copied().collect(),
                target: self.text(target),
                target_name: self.name(target),
                port: as_number(port),
                protocol: self.text(protocol),
                reason: self.text(reason),
                records: row.measure.count,
                attempts: row.attempts,
                seen: seen(row.measure.first_known(), row.measure.last_known()),
            }
        };
        Top {
            rows: denied.rows.iter().map(row).collect(),
            rows_total: denied.rows_total,
            records_left_out: denied.records - shown,
        }
    }
}
