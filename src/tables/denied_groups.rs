//! Denials by default by what their sources are called: which rule is needed, and for whom?

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::net::IpAddr;

use super::attempts::Denied;
use super::dictionary::{ABSENT, Code, CodeMap, Dictionary, Entry, as_number};
use super::finish::Finish;
use super::frame::seen;
use super::rule_use::is_public;
use super::summary::{DeniedGroupRow, SourceGroup, Top};
use super::tally::Measure;
use crate::net::AddressNames;

/// So many addresses of a row are kept. A rule with more sources is better written with a group.
const ADDRESSES_MAX: usize = 64;

/// The number of a group of sources, and reason, target, port and protocol.
type Key = (usize, [Code; 4]);

/// What came out on top of all rows.
#[derive(Debug, Default)]
pub(super) struct DeniedGroups {
    rows: Vec<(Key, Row)>,
    rows_total: u64,
    records: u64,
    groups: Vec<SourceGroup>,
    /// Of sources.
    numbers: CodeMap<Code, usize>,
}

#[derive(Debug)]
struct Row {
    sources: u64,
    addresses: BTreeSet<IpAddr>,
    attempts: u64,
    measure: Measure,
}

impl DeniedGroups {
    /// Takes another part. No row of it has the target of a row of another part.
    pub(super) fn add(
        &mut self,
        denials: &[Denied],
        (dictionary, names): (&Dictionary, Option<&AddressNames>),
        top: usize,
    ) {
        let mut rows: CodeMap<Key, Row> = CodeMap::default();
        for Denied { group, measure, attempts } in denials {
            let [_, reason, source, target, port, protocol] = *group;
            let address = match dictionary.entry(source) {
                Some(Entry::Address(address)) => Some(*address),
                Some(Entry::Text(_)) | None => None,
            };
            let number = self.number(source, address, names);
            let row = rows.entry((number, [reason, target, port, protocol])).or_insert_with(|| {
                let addresses = BTreeSet::new();
                Row { sources: 0, addresses, attempts: 0, measure: Measure::ZERO }
            });
            row.sources += u64::from(source != ABSENT);
            row.addresses.extend(address);
            if row.addresses.len() > ADDRESSES_MAX {
                row.addresses.pop_last();
            }
            row.attempts += attempts;
            row.measure.add(*measure);
        }
        self.rows_total += rows.len() as u64;
        self.records += rows.values().map(|row| row.measure.count).sum::<u64>();
        self.rows.extend(rows);
        let groups = &self.groups;
        self.rows.sort_by(|((a, key_a), row_a), ((b, key_b), row_b)| {
            let size = |row: &Row| Reverse((row.attempts, row.measure.count));
            let by_group = || groups.get(*a).cmp(&groups.get(*b));
            size(row_a).cmp(&size(row_b)).then_with(by_group).then(key_a.cmp(key_b))
        });
        self.rows.truncate(top);
    }

    fn number(
        &mut self,
        source: Code,
        address: Option<IpAddr>,
        names: Option<&AddressNames>,
    ) -> usize {
        if let Some(&number) = self.numbers.get(&source) {
            return number;
        }
        let group = group(address, names);
        let known = self.groups.iter().position(|known| *known == group);
        let number = known.unwrap_or(self.groups.len());
        if known.is_none() {
            self.groups.push(group);
        }
        self.numbers.insert(source, number);
        number
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
        let row = |((number, key), row): &(Key, Row)| {
            let [reason, target, port, protocol] = *key;
            DeniedGroupRow {
                group: denied.groups.get(*number).cloned().unwrap_or(SourceGroup::Unknown),
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
