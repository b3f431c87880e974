//! The index answers like the plain walk, in every field.

use azfw::analyse::traffic::{Mix, flows as draw};
use azfw::compile::{Options, Ruleset, compile};
use azfw::evaluate::{Decided, Decision, FlowCache, Index, evaluate};
use azfw::flow::Flow;
use azfw::generate::{EstateRules, OddRuleset, estate};
use rayon::prelude::*;

use crate::input::load;

/// How often the flows of some rule sets came to what, so that the test is known to test much.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    flows: u64,
    undecided: u64,
    translated: u64,
    by_network_rule: u64,
    by_application_rule: u64,
}

impl Tally {
    fn and(self, other: Self) -> Self {
        Self {
            flows: self.flows + other.flows,
            undecided: self.undecided + other.undecided,
            translated: self.translated + other.translated,
            by_network_rule: self.by_network_rule + other.by_network_rule,
            by_application_rule: self.by_application_rule + other.by_application_rule,
        }
    }
}

#[track_caller]
fn compare(seed: u64, ruleset: &Ruleset, index: &Index<'_>, flow: &Flow) -> Tally {
    let plain = evaluate(ruleset, flow, &mut ());
    let indexed = index.verdict(flow);
    assert_eq!(indexed, plain, "rule set {seed}, {flow:?}");
    let decided = Decided::from(plain);
    assert_eq!(index.decided(flow), decided, "rule set {seed}, {flow:?}");
    let is_by = |stage| u64::from(decided.stage == Some(stage) && decided.rule.is_some());
    Tally {
        flows: 1,
        undecided: u64::from(decided.decision == Decision::Undecided),
        translated: u64::from(decided.translation.is_some()),
        by_network_rule: is_by(azfw::evaluate::Stage::Network),
        by_application_rule: is_by(azfw::evaluate::Stage::Application),
    }
}

fn compare_ruleset(seed: u64, flows: usize) -> Tally {
    let mut odd = OddRuleset::new(seed);
    let loaded = load(&odd.files).expect("the files can be read");
    let (ruleset, _) = compile(&loaded.inventory, &odd.options).expect("the rule set is whole");
    // Every fourth index has hardly any memory and leaves dimensions out.
    let index = match seed % 16 {
        0 => Index::within(&ruleset, 0),
        4 => Index::within(&ruleset, 16),
        8 => Index::within(&ruleset, 48),
        12 => Index::within(&ruleset, 128),
        _ => Index::new(&ruleset),
    };
    let tallies = (0..flows).map(|_| compare(seed, &ruleset, &index, &odd.flow()));
    tallies.fold(Tally::default(), Tally::and)
}

/// A million flows: two thousand rule sets, five hundred flows each.
#[test]
fn a_million_flows_through_odd_rule_sets() {
    let tallies = (0..2_000u64).into_par_iter().map(|seed| compare_ruleset(seed, 500));
    let tally = tallies.reduce(Tally::default, Tally::and);
    assert_eq!(tally.flows, 1_000_000);
    let least = tally.translated.min(tally.by_network_rule).min(tally.by_application_rule);
    assert!(least > 10_000 && tally.undecided > 100_000, "{tally:?}");
}

#[test]
fn estates_of_many_rules() {
    let kinds = [EstateRules::Network, EstateRules::Application, EstateRules::Mixed];
    let mixes = [Mix::Uniform, Mix::Zipf, Mix::Boundary, Mix::LastRule, Mix::NoMatch];
    kinds.into_par_iter().for_each(|kind| {
        let export = estate(900, kind, 3);
        let loaded = load(&[("estate.json".into(), export)]).expect("the file can be read");
        let (ruleset, _) = compile(&loaded.inventory, &Options::default()).expect("whole");
        let index = Index::new(&ruleset);
        let mut cache = FlowCache::new(Index::new(&ruleset), 64);
        let flows: Vec<Flow> = mixes.iter().flat_map(|&mix| draw(&ruleset, mix, 300, 11)).collect();
        let decided = index.decided_all(&flows);
        for (flow, decided) in flows.iter().zip(decided) {
            let plain = evaluate(&ruleset, flow, &mut ());
            assert_eq!(index.verdict(flow), plain, "{kind:?} {flow:?}");
            assert_eq!(decided, Decided::from(plain.clone()), "{kind:?} {flow:?}");
            assert_eq!(*cache.verdict(flow), plain, "{kind:?} {flow:?}");
            assert_eq!(*cache.verdict(flow), plain, "{kind:?} {flow:?}");
        }
        let used = cache.used();
        assert!(used.lookups == 3_000 && (1_500..2_900).contains(&used.hits), "{used:?}");
    });
}
