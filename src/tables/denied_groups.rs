//! Denials by default by what their sources are called: which rule is needed, and for whom?

use std::cmp::Ordering;
use std::collections::HashMap;
use std::net::IpAddr;

use super::attempts::{Asked, Denied};
use super::denied::{Named, Ranked};
use super::dictionary::{ABSENT, Code, CodeMap, Dictionary, Entry, as_number};
use super::finish::Finish;
use super::frame::seen;
use super::rule_use::is_public;
use super::summary::{DeniedGroupRow, SourceGroup, Top};
use super::tally::Measure;
use crate::net::AddressNames;

/// So many addresses of a row are kept. A rule with more sources is better written with a group.
const ADDRESSES_MAX: usize = 64;

/// Denials of what sources asked for that are called alike.
#[derive(Debug)]
pub(super) struct Grouped {
    group: SourceGroup,
    asked: Asked,
    sources: u64,
    attempts: u64,
    measure: Measure,
    /// The first of the sources, in order. Only of what comes out on top.
    addresses: Vec<IpAddr>,
}

impl Ranked for Grouped {
    fn attempts(&self) -> u64 {
        self.attempts
    }

    fn records(&self) -> u64 {
        self.measure.count
    }

    fn tie(&self, other: &Self) -> Ordering {
        (&self.group, self.asked).cmp(&(&other.group, other.asked))
    }
}

/// The groups that sources belong to, by their numbers.
pub(super) struct Groups<'a> {
    named: Named<'a>,
    all: Vec<SourceGroup>,
    numbers: HashMap<SourceGroup, usize>,
    /// Of sources.
    known: CodeMap<Code, usize>,
}

impl<'a> Groups<'a> {
    pub(super) fn new(named: Named<'a>) -> Self {
        Self { named, all: Vec::new(), numbers: HashMap::new(), known: CodeMap::default() }
    }

    fn number(&mut self, source: Code) -> usize {
        let Self { named: (dictionary, names), all, numbers, known } = self;
        *known.entry(source).or_insert_with(|| {
            let group = group(address(source, dictionary), *names);
            *numbers.entry(group).or_insert_with_key(|group| {
                all.push(group.clone());
                all.len() - 1
            })
        })
    }

    /// Adds the rows that denials come to, all of which ask for the same.
    pub(super) fn add(&mut self, denials: &[Denied], rows: &mut Vec<Grouped>) {
        let mut numbered: Vec<(usize, &Denied)> =
            denials.iter().map(|denied| (self.number(denied.source()), denied)).collect();
        numbered.sort_unstable_by_key(|(number, _)| *number);
        for denials in numbered.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((number, first)) = denials.first() else { continue };
            let group = self.all.get(*number).cloned().unwrap_or(SourceGroup::Unknown);
            let mut row = Grouped {
                group,
                asked: first.asked(),
                sources: 0,
                attempts: 0,
                measure: Measure::ZERO,
                addresses: Vec::new(),
            };
            for (_, denied) in denials {
                row.sources += u64::from(denied.source() != ABSENT);
                row.attempts += denied.attempts;
                row.measure.add(denied.measure);
            }
            rows.push(row);
        }
    }

    /// Finds the addresses of a row among all denials, which are in the order of their groups.
    pub(super) fn find_addresses(&mut self, denials: &[Denied], row: &mut Grouped) {
        let first = denials.partition_point(|denied| denied.asked() < row.asked);
        let denials = denials.iter().skip(first).take_while(|denied| denied.asked() == row.asked);
        let sources = denials.map(Denied::source);
        let number = self.numbers.get(&row.group).copied();
        let own = sources.filter(|source| self.known.get(source).copied() == number);
        let addresses = own.filter_map(|source| address(source, self.named.0));
        row.addresses = addresses.take(ADDRESSES_MAX).collect();
    }
}

fn address(source: Code, dictionary: &Dictionary) -> Option<IpAddr> {
    match dictionary.entry(source)? {
        Entry::Address(address) => Some(*address),
        Entry::Text(_) => None,
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
        self.denied.groups.top(|row| {
            let [reason, target, port, protocol] = row.asked;
            DeniedGroupRow {
                group: row.group.clone(),
                sources: row.sources,
                addresses: row.addresses.clone(),
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
