//! What each rule can decide, exactly, under the union of all that is asked before it.
//!
//! The stages share one space, so an application rule whose traffic a network rule always takes is
//! found like any other. Where something is unknown (a service tag without a file, a tie), the
//! question is asked for both extremes: equal answers are certain, else the answer names what it
//! depends on.

use rayon::prelude::*;

use super::index::Overlaps;
use super::order::{Order, Standing};
use super::sample;
use super::search::{OutOfSteps, Search};
use super::space::{Cuts, Product, Region, Regions, Space};
use crate::compile::{DnatMode, NatTarget, Need, Ruleset};
use crate::evaluate::{Index, RuleRef, Ruling, Verdict};
use crate::flow::Flow;
use crate::net::{IpRange, IpSet};
use crate::policy::FilterAction;

/// What a rule does with a flow that it decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    pub ruling: Ruling,
    /// Where a DNAT rule sends it.
    pub target: Option<NatTarget>,
}

/// One rule with the flows it matches.
#[derive(Debug, Clone)]
pub struct Item {
    pub rule: RuleRef,
    pub region: Region,
    pub effect: Effect,
}

/// Whether a rule can decide any flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Every flow of this set is surely decided by the rule.
    Reachable(Product),
    /// It decides nothing, whatever the unknown parts are.
    Unreachable,
    /// It depends on what is not known.
    Depends(Vec<Need>),
    /// The bound on work was reached.
    NotDecided,
}

/// A rule set laid out in the space of flows.
#[derive(Debug)]
pub struct Layout<'a> {
    pub ruleset: &'a Ruleset,
    pub space: Space,
    /// All rules in evaluation order.
    pub items: Vec<Item>,
    order: Order,
    overlaps: Overlaps,
    evaluator: Index<'a>,
}

/// Comparisons that all searches of one question may take together, shared evenly: a second or two.
const STEPS: usize = 100_000_000;
/// Hundreds suffice for rules as people write them.
const STEPS_MIN: usize = 20_000;
const STEPS_MAX: usize = 10_000_000;

impl<'a> Layout<'a> {
    /// Lays out the rules of `ruleset`.
    #[must_use]
    pub fn new(ruleset: &'a Ruleset) -> Self {
        let mut cuts = Cuts::default();
        cuts.add_ruleset(ruleset);
        // Checks ask for the Internet apart from private networks.
        let internet = internet();
        cuts.add_ends(&internet, &internet);
        Self::in_space(ruleset, cuts.space())
    }

    /// Lays out the rules of `ruleset` in a space that tells them apart.
    #[must_use]
    pub fn in_space(ruleset: &'a Ruleset, space: Space) -> Self {
        let (items, evaluator) = rayon::join(|| items(ruleset, &space), || Index::new(ruleset));
        let products: Vec<&[Product]> =
            items.iter().map(|item| item.region.may.as_slice()).collect();
        let overlaps = Overlaps::new(&products);
        Self { ruleset, space, items, order: Order::new(ruleset), overlaps, evaluator }
    }

    /// What the evaluator says of a flow.
    #[must_use]
    pub fn verdict(&self, flow: &Flow) -> Verdict {
        self.evaluator.verdict(flow)
    }

    /// The bound on the work of one search.
    #[must_use]
    pub fn steps(&self) -> u32 {
        share(self.items.len())
    }

    /// The bound on the work of a search that is made for a few rules only.
    #[must_use]
    pub fn steps_for_few(&self) -> u32 {
        u32::try_from(STEPS_MAX).unwrap_or(u32::MAX)
    }

    /// The rules that may match a flow that this rule may match too, by their place in evaluation
    /// order, ascending. None that does is missing.
    pub fn overlapping(&self, rule: usize) -> impl Iterator<Item = usize> + '_ {
        self.overlaps.of(rule).filter(move |&other| other != rule)
    }

    /// Where `other` stands to `rule`.
    #[must_use]
    pub fn standing(&self, other: usize, rule: usize) -> Standing {
        self.order.standing(other, rule)
    }

    /// Whether any two rules have an unknown order.
    #[must_use]
    pub fn has_ties(&self) -> bool {
        self.order.has_ties()
    }

    /// Whether anything about a rule or the order of rules is unknown.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        self.has_ties() || self.items.iter().any(|item| !item.region.needs.is_empty())
    }

    /// Every tie: what it is, and its rules by their place in evaluation order.
    #[must_use]
    pub fn ties(&self) -> Vec<(&Need, Vec<usize>)> {
        self.order.ties().collect()
    }

    /// The overlapping rules that are surely asked before this one.
    #[must_use]
    pub fn before(&self, rule: usize) -> Vec<usize> {
        let is_before = |other: &usize| self.standing(*other, rule) == Standing::Before;
        self.overlapping(rule).filter(is_before).collect()
    }

    /// The overlapping rules that are or may be asked before this one.
    #[must_use]
    pub fn maybe_before(&self, rule: usize) -> Vec<usize> {
        let is_earlier = |other: &usize| self.standing(*other, rule) != Standing::After;
        self.overlapping(rule).filter(is_earlier).collect()
    }

    /// What rules surely match.
    #[must_use]
    pub fn sure<'s>(&'s self, rules: &'s [usize]) -> Vec<&'s Product> {
        rules
            .iter()
            .filter_map(|&rule| self.items.get(rule))
            .flat_map(|item| &item.region.sure)
            .collect()
    }

    /// What rules may match.
    #[must_use]
    pub fn may<'s>(&'s self, rules: &'s [usize]) -> Vec<&'s Product> {
        rules
            .iter()
            .filter_map(|&rule| self.items.get(rule))
            .flat_map(|item| &item.region.may)
            .collect()
    }

    /// Whether each rule can decide a flow.
    #[must_use]
    pub fn reaches(&self) -> Vec<Reach> {
        let all = 0..self.items.len();
        let mut reaches: Vec<Reach> =
            all.into_par_iter().map(|rule| self.reach(rule, self.steps())).collect();
        // What few rules leave undecided may take the work that the others did not need.
        let is_open = |(_, reach): &(usize, &Reach)| **reach == Reach::NotDecided;
        let open: Vec<usize> =
            reaches.iter().enumerate().filter(is_open).map(|(rule, _)| rule).collect();
        let share = share(open.len());
        let points = sample::points_for(open.len());
        let again = open.par_iter().map(|&rule| {
            let known =
                if share / 4 > self.steps() { self.reach(rule, share) } else { Reach::NotDecided };
            (rule, self.or_by_point(known, rule, points))
        });
        for (rule, reach) in again.collect::<Vec<_>>() {
            if let Some(known) = reaches.get_mut(rule) {
                *known = reach;
            }
        }
        reaches
    }

    /// What is not decided, settled by a point that the rule decides where one is found.
    fn or_by_point(&self, reach: Reach, rule: usize, points: usize) -> Reach {
        if reach != Reach::NotDecided || self.has_override() {
            return reach;
        }
        sample::decided_point(self, rule, points).map_or(reach, Reach::Reachable)
    }

    fn reach(&self, rule: usize, steps: u32) -> Reach {
        match self.decided_reach(rule, steps) {
            Ok(reach) if self.has_override() => self.under_override(rule, reach),
            Ok(reach) => reach,
            Err(OutOfSteps) => Reach::NotDecided,
        }
    }

    /// Whether a network rule can override a DNAT rule: a flow then takes part in two walks.
    #[must_use]
    pub fn has_override(&self) -> bool {
        let is_override = self.ruleset.options.dnat == DnatMode::LegacyOverride;
        is_override && !self.ruleset.nat.rules.is_empty()
    }

    /// Translated packets are not in the space, so what they could change is not decided.
    fn under_override(&self, rule: usize, reach: Reach) -> Reach {
        let Some(item) = self.items.get(rule) else { return reach };
        match (item.rule, &reach) {
            (RuleRef::Nat(_), Reach::Reachable(product)) => {
                if self.decided_by(product, item.rule).is_some() {
                    reach
                } else {
                    Reach::NotDecided
                }
            }
            (RuleRef::Network(_), Reach::Unreachable | Reach::Depends(_))
                if item.effect.ruling == Ruling::Deny =>
            {
                Reach::NotDecided
            }
            (RuleRef::Nat(_) | RuleRef::Network(_) | RuleRef::Application(_), _) => reach,
        }
    }

    fn decided_reach(&self, rule: usize, steps: u32) -> Result<Reach, OutOfSteps> {
        let Some(item) = self.items.get(rule) else { return Ok(Reach::Unreachable) };
        let mut search = Search::new(steps);
        let surely_before = self.before(rule);
        let most = search.first_left(&item.region.may, &self.sure(&surely_before))?;
        let Some(most) = most else { return Ok(Reach::Unreachable) };
        let maybe_before = self.maybe_before(rule);
        let is_known =
            |&other: &usize| self.items.get(other).is_some_and(|item| item.region.needs.is_empty());
        let all_known = item.region.needs.is_empty() && maybe_before.iter().all(is_known);
        if all_known && maybe_before.len() == surely_before.len() {
            return Ok(Reach::Reachable(most));
        }
        let least = search.first_left(&item.region.sure, &self.may(&maybe_before))?;
        Ok(match least {
            Some(least) => Reach::Reachable(least),
            None => Reach::Depends(self.needs(rule, &maybe_before)),
        })
    }

    /// Whether rules before it may take everything, even if all that is unknown about it matches.
    #[must_use]
    pub fn may_be_shadowed(&self, rule: usize) -> bool {
        let Some(item) = self.items.get(rule) else { return false };
        let earlier = self.maybe_before(rule);
        let left = Search::new(self.steps()).first_left(&item.region.may, &self.may(&earlier));
        left == Ok(None)
    }

    /// What is unknown about a rule and the rules that may come before it.
    fn needs(&self, rule: usize, maybe_before: &[usize]) -> Vec<Need> {
        let own = self.items.get(rule).into_iter().flat_map(|item| &item.region.needs);
        let matched = self.items.get(rule).map_or(&[][..], |item| &item.region.may);
        let meets = |item: &&Item| {
            item.region.may.iter().any(|may| matched.iter().any(|piece| piece.overlaps(may)))
        };
        let of_others = maybe_before.iter().filter_map(|&other| self.items.get(other));
        let of_others = of_others.filter(meets).flat_map(|item| &item.region.needs);
        let ties = maybe_before.iter().flat_map(|&other| self.order.needs(other, rule));
        let mut needs: Vec<Need> = Vec::new();
        for need in own.chain(of_others).chain(ties) {
            if !needs.contains(need) {
                needs.push(need.clone());
            }
        }
        needs
    }

    /// The flows that may come to this rule: what it may match without what surely is decided before.
    ///
    /// # Errors
    ///
    /// When the bound on work is reached first.
    pub fn left(&self, rule: usize) -> Result<Vec<Product>, OutOfSteps> {
        let Some(item) = self.items.get(rule) else { return Ok(Vec::new()) };
        let before = self.before(rule);
        Search::new(self.steps()).all_left(&item.region.may, &self.sure(&before))
    }

    /// The place of a rule in evaluation order.
    #[must_use]
    pub fn place(&self, rule: RuleRef) -> usize {
        let network = self.ruleset.nat.rules.len();
        match rule {
            RuleRef::Nat(rank) => rank as usize,
            RuleRef::Network(rank) => network + rank as usize,
            RuleRef::Application(rank) => {
                network + self.ruleset.network.rules.len() + rank as usize
            }
        }
    }

    /// A flow of `product` that the evaluator surely decides by `rule`.
    #[must_use]
    pub fn decided_by(&self, product: &Product, rule: RuleRef) -> Option<Flow> {
        let flow = self.space.flow(product)?;
        let verdict = self.verdict(&flow);
        (verdict.candidates.is_empty() && verdict.rule == Some(rule)).then_some(flow)
    }
}

/// The bound on the work of each of so many searches.
fn share(searches: usize) -> u32 {
    let share = (STEPS / searches.max(1)).clamp(STEPS_MIN, STEPS_MAX);
    u32::try_from(share).unwrap_or(u32::MAX)
}

/// The IPv4 addresses that the Internet routes: neither private nor shared, local, multicast or
/// reserved (the IANA special-purpose address registry).
#[must_use]
pub fn internet() -> IpSet {
    const PUBLIC: [([u8; 4], [u8; 4]); 8] = [
        ([1, 0, 0, 0], [9, 255, 255, 255]),
        ([11, 0, 0, 0], [100, 63, 255, 255]),
        ([100, 128, 0, 0], [126, 255, 255, 255]),
        ([128, 0, 0, 0], [169, 253, 255, 255]),
        ([169, 255, 0, 0], [172, 15, 255, 255]),
        ([172, 32, 0, 0], [192, 167, 255, 255]),
        ([192, 169, 0, 0], [198, 17, 255, 255]),
        ([198, 20, 0, 0], [223, 255, 255, 255]),
    ];
    let ranges = PUBLIC.iter().filter_map(|&(first, last)| IpRange::new(first.into(), last.into()));
    ranges.collect()
}

/// The rules of `ruleset` with their regions.
fn items(ruleset: &Ruleset, space: &Space) -> Vec<Item> {
    let mut regions = Regions::new(space);
    ruleset.rules().map(|rule| Item::new(ruleset, rule, regions.of(ruleset, rule))).collect()
}

impl Item {
    /// A rule of `ruleset`, which matches the flows of `region`.
    #[must_use]
    pub fn new(ruleset: &Ruleset, rule: RuleRef, region: Region) -> Self {
        Self { rule, region, effect: effect(ruleset, rule) }
    }
}

fn effect(ruleset: &Ruleset, rule: RuleRef) -> Effect {
    let ruling = |action: FilterAction| match action {
        FilterAction::Allow => Ruling::Allow,
        FilterAction::Deny => Ruling::Deny,
    };
    let found = match rule {
        RuleRef::Nat(rank) => ruleset
            .nat
            .criteria
            .get(rank as usize)
            .map(|rule| Effect { ruling: Ruling::Allow, target: Some(rule.target.clone()) }),
        RuleRef::Network(rank) => ruleset
            .network
            .criteria
            .get(rank as usize)
            .map(|rule| Effect { ruling: ruling(rule.action), target: None }),
        RuleRef::Application(rank) => ruleset
            .application
            .criteria
            .get(rank as usize)
            .map(|rule| Effect { ruling: ruling(rule.action), target: None }),
    };
    found.unwrap_or(Effect { ruling: Ruling::Deny, target: None })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analyse::small_world;
    use crate::evaluate::evaluate;

    /// What an evaluation of every flow says of each rule: it decides one for sure, it may decide
    /// one, neither.
    fn by_evaluation(ruleset: &Ruleset, text: &str) -> Vec<(bool, bool)> {
        let rules: Vec<RuleRef> = ruleset.rules().collect();
        let mut found = vec![(false, false); rules.len()];
        for flow in small_world::flows(text) {
            let verdict = evaluate(ruleset, &flow, &mut ());
            for (found, &rule) in found.iter_mut().zip(&rules) {
                let is_sole = verdict.candidates.is_empty() && verdict.rule == Some(rule);
                found.0 |= is_sole;
                found.1 |=
                    is_sole || verdict.candidates.iter().any(|other| other.rule == Some(rule));
            }
        }
        found
    }

    fn check(text: &str) -> Result<(), TestCaseError> {
        let ruleset = small_world::ruleset(text);
        let layout = Layout::new(&ruleset);
        let expected = by_evaluation(&ruleset, text);
        for (item, (reach, (surely, maybe))) in
            layout.items.iter().zip(layout.reaches().into_iter().zip(expected))
        {
            let path = ruleset.path(item.rule);
            match reach {
                Reach::Reachable(product) => {
                    prop_assert!(surely, "{path} decides nothing for sure\n{text}");
                    let flow = layout.decided_by(&product, item.rule);
                    prop_assert!(flow.is_some(), "the witness of {path} shows nothing\n{text}");
                }
                Reach::Unreachable => prop_assert!(!maybe, "{path} may decide a flow\n{text}"),
                Reach::Depends(needs) => {
                    prop_assert!(
                        maybe && !surely && !needs.is_empty(),
                        "{path} is certain\n{text}"
                    );
                }
                Reach::NotDecided => prop_assert!(false, "{path} is not decided\n{text}"),
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn reachability_is_that_of_an_evaluation_of_every_flow(text in small_world::texts(false)) {
            check(&text)?;
        }

        #[test]
        fn inherited_rules_come_first(
            parent in small_world::texts(true),
            child in small_world::texts(true),
        ) {
            check(&small_world::inherited(&parent, &child))?;
        }

        #[test]
        fn what_is_unknown_is_said_to_be(text in small_world::texts(true)) {
            check(&text)?;
        }
    }
}
