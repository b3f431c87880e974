//! Verdicts of flows that were seen before: real traffic repeats itself.

use std::hash::{Hash, Hasher};
use std::rc::Rc;

use super::index::{Index, NameHasher};
use super::verdict::Verdict;
use crate::flow::Flow;

/// How much a cache spared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheUse {
    pub lookups: u64,
    pub hits: u64,
}

/// An index with a memory of flows. It never changes an answer: flows are compared in full.
///
/// The memory is a table of fixed size. A flow has one place in it; a new flow takes the place of
/// the one that was there.
#[derive(Debug)]
pub struct FlowCache<'a> {
    index: Index<'a>,
    // INVARIANT: the length is a power of two.
    slots: Vec<Option<Box<Entry>>>,
    used: CacheUse,
}

#[derive(Debug)]
struct Entry {
    flow: Flow,
    verdict: Rc<Verdict>,
}

impl<'a> FlowCache<'a> {
    /// Flows that are remembered unless another number is wanted: about 24 MiB when full.
    pub const FLOWS: usize = 1 << 16;

    /// A cache of `flows` flows, rounded up to a power of two.
    #[must_use]
    pub fn new(index: Index<'a>, flows: usize) -> Self {
        let slots = std::iter::repeat_with(|| None).take(flows.max(1).next_power_of_two());
        Self { index, slots: slots.collect(), used: CacheUse::default() }
    }

    /// The index that answers what is not remembered.
    #[must_use]
    pub fn index(&self) -> &Index<'a> {
        &self.index
    }

    #[must_use]
    pub fn used(&self) -> CacheUse {
        self.used
    }

    /// The verdict of `flow`, equal to that of the index. The source port is left out of the
    /// comparison: no rule looks at it.
    pub fn verdict(&mut self, flow: &Flow) -> Rc<Verdict> {
        self.used.lookups += 1;
        let hash = usize::try_from(hash(flow) >> 16).unwrap_or(0);
        let place = hash & (self.slots.len() - 1);
        let known = self.slots.get(place).and_then(Option::as_ref);
        if let Some(entry) = known.filter(|entry| is_same(&entry.flow, flow)) {
            self.used.hits += 1;
            return Rc::clone(&entry.verdict);
        }
        let verdict = Rc::new(self.index.verdict(flow));
        if let Some(slot) = self.slots.get_mut(place) {
            let entry = Entry { flow: flow.clone(), verdict: Rc::clone(&verdict) };
            *slot = Some(Box::new(entry));
        }
        verdict
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
