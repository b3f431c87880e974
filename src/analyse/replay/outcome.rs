//! What a replay has found.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::hash::Hash;

use foldhash::{HashMap, HashMapExt as _};

use super::{Agreement, Change, Logged, Place, VerdictSummary};
use crate::evaluate::CacheUse;
use crate::flow::Flow;

/// The result of a replay: how the verdicts of flows compare with something.
#[derive(Debug, Clone)]
pub struct Replayed<K, A> {
    pub records: u64,
    /// How much time was spared by remembering flows.
    pub cache: CacheUse,
    groups: HashMap<(K, A, VerdictSummary), Count>,
}

/// The result of a replay against the log.
pub type Replay = Replayed<Agreement, Option<Logged>>;

/// The result of a replay through two rule sets: before and after a change.
pub type Comparison = Replayed<Change, VerdictSummary>;

/// Flows that compare alike.
#[derive(Debug, Clone)]
pub(super) struct Count {
    pub(super) records: u64,
    pub(super) connections: u64,
    example: Flow,
    place: Place,
}

impl Count {
    /// No flow yet, but the example.
    pub(super) fn none(example: Flow, place: Place) -> Self {
        Self { records: 0, connections: 0, example, place }
    }
}

/// Flows that compare alike.
#[derive(Debug, Clone, Copy)]
pub struct Group<'a, K, A> {
    pub kind: K,
    /// What the verdict was compared with.
    pub against: &'a A,
    pub verdict: &'a VerdictSummary,
    pub records: u64,
    pub connections: u64,
    /// The first of them.
    pub example: &'a Flow,
    pub place: &'a Place,
}

impl<K, A> Default for Replayed<K, A> {
    fn default() -> Self {
        Self { records: 0, cache: CacheUse::default(), groups: HashMap::new() }
    }
}

impl<K: Copy + Ord + Hash, A: Ord + Hash> Replayed<K, A> {
    pub(super) fn add(&mut self, kind: K, (against, verdict): (A, VerdictSummary), count: Count) {
        let known = self.groups.entry((kind, against, verdict));
        known
            .and_modify(|known| {
                known.records += count.records;
                known.connections += count.connections;
            })
            .or_insert(count);
    }

    /// Takes over what was found in the records behind these. Lines are counted from `lines_before`
    /// there.
    pub fn merge(&mut self, next: Self, lines_before: u64) {
        self.records += next.records;
        self.cache = self.cache.and(next.cache);
        for ((kind, against, verdict), mut count) in next.groups {
            count.place.line += lines_before;
            self.add(kind, (against, verdict), count);
        }
    }

    /// Connections that the records stand for.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.groups.values().map(|count| count.connections).sum()
    }

    /// Records that compare in this way.
    #[must_use]
    pub fn count(&self, kind: K) -> u64 {
        let of_kind = self.groups.iter().filter(|((known, _, _), _)| *known == kind);
        of_kind.map(|(_, count)| count.records).sum()
    }

    /// All groups of some kinds: in the order of the kinds, then most records first.
    #[must_use]
    fn groups(&self, rank: impl Fn(K) -> Option<u8>) -> Vec<Group<'_, K, A>> {
        let mut by_rank: BTreeMap<u8, Vec<Group<'_, K, A>>> = BTreeMap::new();
        for ((kind, against, verdict), count) in &self.groups {
            let Some(rank) = rank(*kind) else { continue };
            let Count { records, connections, example, place } = count;
            let (records, connections) = (*records, *connections);
            let group =
                Group { kind: *kind, against, verdict, records, connections, example, place };
            by_rank.entry(rank).or_default().push(group);
        }
        for groups in by_rank.values_mut() {
            groups.sort_by(|a, b| {
                let key = |group: &Group<'_, K, A>| (Reverse(group.records), group.kind);
                let ties = || (a.against, a.verdict).cmp(&(b.against, b.verdict));
                key(a).cmp(&key(b)).then_with(ties)
            });
        }
        by_rank.into_values().flatten().collect()
    }
}

impl Replay {
    /// All groups but those that agree, most records first within a kind of agreement.
    #[must_use]
    pub fn differing(&self) -> Vec<Group<'_, Agreement, Option<Logged>>> {
        self.groups(|agreement| match agreement {
            Agreement::Agrees => None,
            Agreement::EvaluatedOnly => Some(0),
            Agreement::Impossible => Some(1),
            Agreement::Possible => Some(2),
            Agreement::Disagrees => Some(3),
            Agreement::OtherRule => Some(4),
        })
    }
}

impl Comparison {
    /// All groups but the unchanged ones, most records first within a kind of change. A flow that
    /// would be let in weighs most.
    #[must_use]
    pub fn changed(&self) -> Vec<Group<'_, Change, VerdictSummary>> {
        self.groups(|change| match change {
            Change::DenyToAllow => Some(0),
            Change::AllowToDeny => Some(1),
            Change::Translation => Some(2),
            Change::Undecided => Some(3),
            Change::Rule => Some(4),
            Change::None => None,
        })
    }
}
