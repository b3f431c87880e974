//! Verdicts of many flows under one rule set, as numbers.

use foldhash::{HashMap, HashMapExt as _};

use super::VerdictSummary;
use crate::compile::Ruleset;
use crate::evaluate::{CacheUse, Decided, FlowCache, Index, Settled, Verdict};
use crate::flow::Flow;

/// Finds the verdicts of flows and gives each different one a number.
#[derive(Debug)]
pub(super) struct Settler<'a> {
    cache: FlowCache<'a, usize>,
    known: Known<'a>,
    /// Until when [`Settler::used`] was asked for.
    said: CacheUse,
}

/// The verdicts that were met.
#[derive(Debug)]
struct Known<'a> {
    ruleset: &'a Ruleset,
    verdicts: Vec<(Verdict, VerdictSummary)>,
    numbers: HashMap<Verdict, usize>,
    /// Of those of which nothing is unknown.
    decided: HashMap<Decided, usize>,
}

impl Known<'_> {
    fn number(&mut self, verdict: Verdict) -> usize {
        if let Some(&number) = self.numbers.get(&verdict) {
            return number;
        }
        let summary = VerdictSummary::of(self.ruleset, &verdict);
        self.verdicts.push((verdict.clone(), summary));
        let number = self.verdicts.len() - 1;
        self.numbers.insert(verdict, number);
        number
    }

    fn decided(&mut self, decided: Decided) -> usize {
        if let Some(&number) = self.decided.get(&decided) {
            return number;
        }
        let Decided { decision, stage, rule, translation } = decided.clone();
        let number =
            self.number(Verdict { decision, stage, rule, translation, ..Verdict::default_deny() });
        self.decided.insert(decided, number);
        number
    }
}

impl<'a> Settler<'a> {
    pub(super) fn new(index: &'a Index<'a>) -> Self {
        let known = Known {
            ruleset: index.ruleset(),
            verdicts: Vec::new(),
            numbers: HashMap::new(),
            decided: HashMap::new(),
        };
        let cache = FlowCache::new(index, FlowCache::<usize>::FLOWS);
        Self { cache, known, said: CacheUse::default() }
    }

    pub(super) fn ruleset(&self) -> &'a Ruleset {
        self.known.ruleset
    }

    /// Adds the number of the verdict of each flow, in their order.
    pub(super) fn settle(&mut self, flows: &[Flow], numbers: &mut Vec<usize>) {
        let known = &mut self.known;
        let settled = self.cache.settle_each(flows, |verdict| known.number(verdict));
        numbers.extend(settled.into_iter().map(|settled| match settled {
            Settled::Decided(decided) => self.known.decided(decided),
            Settled::Walked(number) => number,
        }));
    }

    /// The verdict that has a number.
    ///
    /// # Panics
    ///
    /// Never for a number that was given out since the last [`Settler::forget`].
    #[expect(clippy::indexing_slicing, reason = "numbers are places in this very list")]
    pub(super) fn known(&self, number: usize) -> (&Verdict, &VerdictSummary) {
        let (verdict, summary) = &self.known.verdicts[number];
        (verdict, summary)
    }

    /// How many verdicts have a number.
    pub(super) fn known_len(&self) -> usize {
        self.known.verdicts.len()
    }

    /// Numbers begin anew.
    pub(super) fn forget(&mut self) {
        self.cache.forget();
        self.known.verdicts.clear();
        self.known.numbers.clear();
        self.known.decided.clear();
    }

    /// How much time was spared since this was last asked for.
    pub(super) fn used(&mut self) -> CacheUse {
        let used = self.cache.used();
        let before = std::mem::replace(&mut self.said, used);
        CacheUse { lookups: used.lookups - before.lookups, hits: used.hits - before.hits }
    }
}
