//! One flow with a property, or the proof that none exists.
//!
//! A question is brought into cases (a set of flows each, and what has to become of them). For every
//! rule that fits, the flows of the case that the rule surely decides are looked for; where parts
//! are unknown, the flows that depend on them are cut apart and put to the evaluator.

mod cases;
mod matching;

use super::diff::Side;
use super::reach::{Item, Layout, internet};
use super::search::{OutOfSteps, Search};
use super::space::{Axis, Cuts, Product, Words, service};
use crate::compile::Ruleset;
use crate::evaluate::{Decision, RuleRef, Ruling, Stage, Verdict};
use crate::flow::Flow;
use crate::net::IpFamily;
use crate::syntax::query::Query;

use cases::{Case, QuerySets};

/// What a search has to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Flows that have the property, each confirmed by the evaluator.
    pub witnesses: Vec<(Flow, Verdict)>,
    /// All flows that have it, as disjoint sets, where they were asked for.
    pub regions: Vec<Found>,
    /// A flow that has it or not, depending on what is not known.
    pub possible: Option<(Flow, Verdict)>,
    /// The bound on work was reached: that nothing was found proves nothing.
    pub is_incomplete: bool,
    /// Claims that the evaluator did not confirm: faults of the analysis itself.
    pub inconsistencies: Vec<String>,
}

/// A set of flows and what decides about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub words: Words,
    pub ruling: Ruling,
    pub stage: Stage,
    pub rule: Option<RuleRef>,
}

impl Answer {
    /// Whether it is proved that no flow has the property.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.witnesses.is_empty()
            && self.possible.is_none()
            && !self.is_incomplete
            && self.inconsistencies.is_empty()
    }
}

/// What is wanted beside the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// How many flows to show.
    pub witnesses: usize,
    /// All flows that have the property.
    pub regions: bool,
}

/// Comparisons that may be made for one question.
const STEPS: u32 = 500_000_000;
/// More sets of flows than these are not listed.
const REGIONS_MAX: usize = 10_000;

/// Looks for flows with a property. `None` under the reading in which a network rule can override
/// DNAT, which makes two walks of one.
#[must_use]
pub fn find(ruleset: &Ruleset, query: &Query, wanted: Wanted) -> Option<Answer> {
    if ruleset.options.dnat == crate::compile::DnatMode::LegacyOverride {
        return None;
    }
    let sets = QuerySets::new(query);
    let internet = internet();
    let mut cuts = Cuts::default();
    cuts.add_ruleset(ruleset);
    cuts.add_ends(&internet, &internet);
    sets.add_to(&mut cuts);
    let layout = Layout::in_space(ruleset, cuts.space());
    let mut finder =
        Finder { layout: &layout, query, wanted, steps: STEPS, answer: Answer::default() };
    match cases::cases(query, &layout.space) {
        Some(cases) => {
            if cases.iter().try_for_each(|case| finder.case(case)).is_err() {
                finder.answer.is_incomplete = true;
            }
        }
        None => finder.answer.is_incomplete = true,
    }
    Some(finder.answer)
}

struct Finder<'a> {
    layout: &'a Layout<'a>,
    query: &'a Query,
    wanted: Wanted,
    steps: u32,
    answer: Answer,
}

impl Finder<'_> {
    fn is_satisfied(&self) -> bool {
        !self.wanted.regions && self.answer.witnesses.len() >= self.wanted.witnesses
    }

    fn case(&mut self, case: &Case) -> Result<(), OutOfSteps> {
        let flows = self.layout.space.possible_of(&case.flows);
        if flows.is_empty() {
            return Ok(());
        }
        for (place, item) in self.layout.items.iter().enumerate() {
            if self.is_satisfied() {
                return Ok(());
            }
            let stage = matching::stage_of(item.rule);
            let path = self.layout.ruleset.path(item.rule);
            if !case.fits(item.effect.ruling, stage, Some(path)) {
                continue;
            }
            let pieces = common(&flows, &item.region.sure);
            if pieces.is_empty() {
                continue;
            }
            let earlier = self.layout.maybe_before(place);
            let blockers = self.layout.may(&earlier);
            self.collect(&pieces, &blockers, (item.effect.ruling, stage, Some(item.rule)))?;
        }
        self.unmatched(case, &flows)?;
        self.unsure(&flows)
    }

    /// Flows that no rule matches: the built-in collection and the default.
    fn unmatched(&mut self, case: &Case, flows: &[Product]) -> Result<(), OutOfSteps> {
        let every: Vec<usize> = (0..self.layout.items.len()).collect();
        let space = &self.layout.space;
        let web =
            space.family(IpFamily::V4).and_then(|all| all.with(Axis::Service, service::web()));
        let names = space.fqdns(&self.layout.ruleset.infrastructure.fqdns);
        let listed: Vec<Product> =
            web.and_then(|web| web.with(Axis::Name, names)).into_iter().collect();
        if case.fits(Ruling::Allow, Stage::Infrastructure, None) && !self.is_satisfied() {
            let pieces = common(flows, &listed);
            let end = (Ruling::Allow, Stage::Infrastructure, None);
            self.collect(&pieces, &self.layout.may(&every), end)?;
        }
        if case.fits(Ruling::Deny, Stage::Default, None) && !self.is_satisfied() {
            let mut blockers = self.layout.may(&every);
            blockers.extend(&listed);
            self.collect(flows, &blockers, (Ruling::Deny, Stage::Default, None))?;
        }
        Ok(())
    }

    /// Flows that depend on what is not known: cut apart, then put to the evaluator.
    fn unsure(&mut self, flows: &[Product]) -> Result<(), OutOfSteps> {
        let tied: Vec<usize> =
            self.layout.ties().into_iter().flat_map(|(_, rules)| rules).collect();
        let mut side = None;
        if !self.layout.has_unknown() {
            return Ok(());
        }
        let items: Vec<(usize, Item)> = self.layout.items.iter().cloned().enumerate().collect();
        for (place, item) in self.layout.items.iter().enumerate() {
            let is_tied = tied.contains(&place);
            if self.is_satisfied() || (item.region.needs.is_empty() && !is_tied) {
                continue;
            }
            let before = self.layout.before(place);
            let mut blockers = self.layout.sure(&before);
            if !is_tied {
                blockers.extend(&item.region.sure);
            }
            let pieces = common(flows, &item.region.may);
            let left = Search::new(self.layout.steps()).all_left(&pieces, &blockers)?;
            let side = side
                .get_or_insert_with(|| Side::new(self.layout.ruleset, &self.layout.space, &items));
            let mut steps = self.steps;
            for piece in left {
                let relevant = side.meeting(&piece, &mut steps)?;
                let mut parts = Vec::new();
                side.classify(&piece, &relevant, &mut steps, &mut parts)?;
                for (part, _) in parts {
                    self.ask(&part);
                }
            }
            self.steps = steps;
        }
        Ok(())
    }

    fn ask(&mut self, part: &Product) {
        let Some(flow) = self.layout.space.flow(part) else { return };
        let verdict = self.layout.verdict(&flow);
        match matching::matches(self.query, self.layout.ruleset, &flow, &verdict) {
            Some(true)
                if verdict.decision == Decision::Undecided
                    || self.wanted.witnesses > self.answer.witnesses.len() =>
            {
                self.answer.witnesses.push((flow, verdict));
            }
            None => {
                self.answer.possible.get_or_insert((flow, verdict));
            }
            Some(true | false) => {}
        }
    }

    /// Takes in what is left of `pieces`; all of it surely has this end.
    fn collect(
        &mut self,
        pieces: &[Product],
        blockers: &[&Product],
        (ruling, stage, rule): (Ruling, Stage, Option<RuleRef>),
    ) -> Result<(), OutOfSteps> {
        let mut search = Search::new(self.steps);
        let left = if self.wanted.regions {
            search.all_left(pieces, blockers)?
        } else {
            search.first_left(pieces, blockers)?.into_iter().collect()
        };
        self.steps = search.steps();
        for part in left {
            if self.wanted.regions {
                if self.answer.regions.len() >= REGIONS_MAX {
                    return Err(OutOfSteps);
                }
                let words = self.layout.space.words(&part);
                self.answer.regions.push(Found { words, ruling, stage, rule });
            }
            if self.answer.witnesses.len() < self.wanted.witnesses {
                self.witness(&part);
            }
        }
        Ok(())
    }

    fn witness(&mut self, part: &Product) {
        let Some(flow) = self.layout.space.flow(part) else {
            self.answer.is_incomplete = true;
            return;
        };
        let verdict = self.layout.verdict(&flow);
        if matching::matches(self.query, self.layout.ruleset, &flow, &verdict) != Some(true) {
            self.answer.inconsistencies.push(format!("{flow:?} was to be found and is not"));
            return;
        }
        let simple = self.layout.simplest(flow.clone());
        let still = matching::matches(self.query, self.layout.ruleset, &simple, &verdict);
        self.answer.witnesses.push((if still == Some(true) { simple } else { flow }, verdict));
    }
}

fn common(flows: &[Product], others: &[Product]) -> Vec<Product> {
    flows
        .iter()
        .flat_map(|flow| others.iter().filter_map(|other| flow.intersection(other)))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analyse::small_world;
    use crate::evaluate::evaluate;
    use crate::syntax::query::query;

    const CONDITIONS: &[&str] = &[
        "source in (10.0.0.0/31, fd00::/127)",
        "source = 10.9.9.9",
        "destination != 192.0.2.1",
        "destination in 192.0.2.0/30",
        "port in (22, 80-90)",
        "port != 443",
        "protocol = tcp",
        "protocol in (https, udp)",
        "protocol = icmp",
        "fqdn = *.a.example",
        "fqdn in (a.example, none)",
        "verdict = allow",
        "verdict = deny",
        "verdict = undecided",
        "stage = network",
        "stage in (application, default)",
        "stage = dnat",
        "rule in (r1, r2)",
        "rule = c0/r0",
    ];

    fn questions() -> impl Strategy<Value = String> {
        let atom = prop::sample::select(CONDITIONS).prop_map(ToOwned::to_owned);
        atom.prop_recursive(3, 8, 2, |inner| {
            prop_oneof![
                4 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} and {b})")),
                1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
                1 => inner.prop_map(|a| format!("not {a}")),
            ]
        })
    }

    fn check(text: &str, question: &str) -> Result<(), TestCaseError> {
        let ruleset = small_world::ruleset(text);
        let query = query(question).unwrap();
        let answer = find(&ruleset, &query, Wanted { witnesses: 1, regions: false }).unwrap();
        prop_assert!(answer.inconsistencies.is_empty(), "{answer:?}\n{question}\n{text}");
        prop_assert!(!answer.is_incomplete);
        let (mut is_there, mut may_be_there) = (false, false);
        for flow in small_world::flows(text) {
            let verdict = evaluate(&ruleset, &flow, &mut ());
            match matching::matches(&query, &ruleset, &flow, &verdict) {
                Some(is) => is_there |= is,
                None => may_be_there = true,
            }
        }
        prop_assert_eq!(
            !answer.witnesses.is_empty(),
            is_there,
            "{}\n{}\n{:?}",
            question,
            text,
            answer
        );
        prop_assert!(
            answer.is_absent() != (is_there || may_be_there),
            "{question}\n{text}\n{answer:?}"
        );
        Ok(())
    }

    #[test]
    fn what_is_undecided_may_still_be_allowed() {
        let ruleset = small_world::ruleset(
            "policy p\ngroup g 100\n  deny network n 100\n    r0: tcp @missing -> 192.0.2.1 : 22\n  allow network a 200\n    r1: tcp 10.0.0.4 -> 192.0.2.1 : 22\n",
        );
        let ask = |question: &str| {
            let wanted = Wanted { witnesses: 1, regions: false };
            find(&ruleset, &query(question).unwrap(), wanted).unwrap()
        };
        for question in ["verdict = allow", "verdict = deny and rule = r0", "rule = r1"] {
            let answer = ask(&format!(
                "source = 10.0.0.4 and port = 22 and destination = 192.0.2.1 and protocol = tcp and {question}"
            ));
            assert!(
                answer.witnesses.is_empty() && answer.possible.is_some(),
                "{question} {answer:?}"
            );
        }
        assert!(ask("rule = r1 and verdict = deny").is_absent());
        let undecided = ask("verdict = undecided");
        assert!(!undecided.witnesses.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn a_flow_is_found_where_an_evaluation_finds_one(
            text in small_world::texts(false),
            question in questions(),
        ) {
            check(&text, &question)?;
        }

        #[test]
        fn what_depends_on_the_unknown_is_found_too(
            text in small_world::texts(true),
            question in questions(),
        ) {
            check(&text, &question)?;
        }
    }
}
