//! Verdicts of flows that were seen before: real traffic repeats itself.

use std::hash::{Hash, Hasher};

use super::index::{Decided, Index, NameHasher};
use super::memo::PacketMemo;
use super::packet::Packets;
use super::verdict::Verdict;
use crate::flow::Flow;

/// How much a cache spared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheUse {
    pub lookups: u64,
    pub hits: u64,
}

impl CacheUse {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { lookups: self.lookups + other.lookups, hits: self.hits + other.hits }
    }
}

/// An index with a memory of packets and of flows. It never changes an answer: both are compared in
/// full. What is remembered of a flow is its verdict, or whatever `V` is made of it.
///
/// The memory of flows is a table of fixed size. A flow has one place in it; a new flow takes the
/// place of the one that was there.
#[derive(Debug)]
pub struct FlowCache<'a, V> {
    index: &'a Index<'a>,
    // INVARIANT: the length is a power of two.
    slots: Vec<Option<Box<Entry<V>>>>,
    used: CacheUse,
    packets: PacketMemo,
    // Kept for its memory.
    columns: Packets,
}

#[derive(Debug)]
struct Entry<V> {
    flow: Flow,
    value: V,
}

/// How the verdict of a flow was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled<V> {
    /// From tables: nothing about it is unknown.
    Decided(Decided),
    /// By the walk, or remembered: what was made of the whole verdict.
    Walked(V),
}

impl<'a, V> FlowCache<'a, V> {
    /// Flows that are remembered unless another number is wanted: about 24 MiB when full.
    pub const FLOWS: usize = 1 << 16;

    /// A cache of `flows` flows, rounded up to a power of two.
    #[must_use]
    pub fn new(index: &'a Index<'a>, flows: usize) -> Self {
        let slots = std::iter::repeat_with(|| None).take(flows.max(1).next_power_of_two());
        Self {
            index,
            slots: slots.collect(),
            used: CacheUse::default(),
            packets: PacketMemo::new(PacketMemo::PACKETS),
            columns: Packets::default(),
        }
    }

    /// How often flows and packets were looked for and found.
    #[must_use]
    pub fn used(&self) -> CacheUse {
        self.used.and(self.packets.used())
    }

    /// Forgets all flows: what was made of them is of no use any more.
    pub fn forget(&mut self) {
        self.slots.fill_with(|| None);
    }

    /// What `make` makes of the verdict of `flow`, which is that of the index. The source port is
    /// left out of the comparison: no rule looks at it.
    pub fn get(&mut self, flow: &Flow, make: impl FnOnce(Verdict) -> V) -> &V {
        self.used.lookups += 1;
        let hash = usize::try_from(hash(flow) >> 16).unwrap_or(0);
        let place = hash & (self.slots.len() - 1);
        #[expect(clippy::indexing_slicing, reason = "the mask is the length less one")]
        let slot = &mut self.slots[place];
        if slot.as_ref().is_some_and(|entry| is_same(&entry.flow, flow)) {
            self.used.hits += 1;
        } else {
            *slot = None;
        }
        let entry = slot.get_or_insert_with(|| {
            let value = make(self.index.verdict(flow));
            Box::new(Entry { flow: flow.clone(), value })
        });
        &entry.value
    }

    /// Settles many flows, in their order: as packets where they are packets, each at once where the
    /// first rule that may match surely does, else as [`FlowCache::get`] does.
    pub fn settle_each(
        &mut self,
        flows: &[Flow],
        mut make: impl FnMut(Verdict) -> V,
    ) -> Vec<Settled<V>>
    where
        V: Clone,
    {
        let index = self.index;
        self.columns.clear();
        let is_packet = self.columns.add_of(flows);
        let mut ends = Vec::new();
        self.packets.packet_ends(index, self.columns.all(), &mut ends);
        let mut ends = ends.into_iter();
        let mut settled = Vec::with_capacity(flows.len());
        for (flow, is_packet) in flows.iter().zip(is_packet) {
            let decided = match is_packet.then(|| ends.next()).flatten() {
                Some(end) => index.quickly_behind(flow, end),
                None => index.quickly(flow),
            };
            settled.push(match decided {
                Some(decided) => Settled::Decided(decided),
                None => Settled::Walked(self.get(flow, &mut make).clone()),
            });
        }
        settled
    }
}

/// All that a verdict depends on; a new field cannot be forgotten here.
fn parts(flow: &Flow) -> impl Hash + PartialEq {
    let Flow {
        protocol,
        source,
        source_port: _,
        destination,
        port,
        name,
        host_port,
        url,
        is_without_application,
        web_category,
        is_listed_threat,
        idps,
        is_explicit_proxy,
    } = flow;
    (
        (protocol, source, destination, port, name, host_port),
        (url, is_without_application, web_category, is_listed_threat, idps, is_explicit_proxy),
    )
}

fn hash(flow: &Flow) -> u64 {
    let mut hasher = NameHasher::default();
    parts(flow).hash(&mut hasher);
    hasher.finish()
}

fn is_same(a: &Flow, b: &Flow) -> bool {
    parts(a) == parts(b)
}
