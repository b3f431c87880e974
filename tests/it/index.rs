//! The index answers like the plain walk, in every field.

use azfw::analyse::traffic::{Mix, flows as draw};
use azfw::compile::{Options, Ruleset, compile};
use azfw::evaluate::{
    Decided, Decision, FlowCache, Index, Packet, PacketEnd, PacketMemo, Packets, Settled, Verdict,
    evaluate,
};
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
    packets: u64,
    sure_packets: u64,
    remembered: u64,
}

impl Tally {
    fn and(self, other: Self) -> Self {
        Self {
            flows: self.flows + other.flows,
            undecided: self.undecided + other.undecided,
            translated: self.translated + other.translated,
            by_network_rule: self.by_network_rule + other.by_network_rule,
            by_application_rule: self.by_application_rule + other.by_application_rule,
            packets: self.packets + other.packets,
            sure_packets: self.sure_packets + other.sure_packets,
            remembered: self.remembered + other.remembered,
        }
    }
}

/// The verdicts of the plain walk.
fn walked(ruleset: &Ruleset, flows: &[Flow]) -> Vec<Verdict> {
    flows.iter().map(|flow| evaluate(ruleset, flow, &mut ())).collect()
}

#[track_caller]
fn compare(seed: u64, index: &Index<'_>, flow: &Flow, plain: &Verdict) -> Tally {
    let indexed = index.verdict(flow);
    assert_eq!(indexed, *plain, "rule set {seed}, {flow:?}");
    let decided = Decided::from(indexed);
    assert_eq!(index.decided(flow), decided, "rule set {seed}, {flow:?}");
    let is_by = |stage| u64::from(decided.stage == Some(stage) && decided.rule.is_some());
    Tally {
        flows: 1,
        undecided: u64::from(decided.decision == Decision::Undecided),
        translated: u64::from(decided.translation.is_some()),
        by_network_rule: is_by(azfw::evaluate::Stage::Network),
        by_application_rule: is_by(azfw::evaluate::Stage::Application),
        ..Tally::default()
    }
}

/// The flows in batches and as packets, with and without a memory, against the plain walk.
fn compare_batches(seed: u64, index: &Index<'_>, flows: &[Flow], plain: &[Verdict]) -> Tally {
    for ((flow, decided), plain) in flows.iter().zip(index.decided_each(flows)).zip(plain) {
        assert_eq!(decided, Decided::from(plain.clone()), "rule set {seed}, {flow:?}");
    }
    let mut cache = FlowCache::new(index, 64);
    for _ in 0..2 {
        let settled = cache.settle_each(flows, |verdict| verdict);
        for ((flow, settled), plain) in flows.iter().zip(settled).zip(plain) {
            match settled {
                Settled::Decided(decided) => {
                    assert!(plain.candidates.is_empty(), "rule set {seed}, {flow:?}");
                    assert_eq!(decided, Decided::from(plain.clone()), "rule set {seed}, {flow:?}");
                }
                Settled::Walked(verdict) => {
                    assert_eq!(verdict, *plain, "rule set {seed}, {flow:?}");
                }
            }
        }
    }
    let packets: Packets = flows.iter().filter_map(Packet::of).collect();
    let mut ends = Vec::new();
    index.packet_ends(packets.all(), &mut ends);
    assert_eq!(ends.len(), packets.len());
    // So small a memory that packets take the places of others, and twice, so that it knows some.
    let mut memo = PacketMemo::new(64);
    for _ in 0..2 {
        let mut remembered = Vec::new();
        memo.packet_ends(index, packets.all(), &mut remembered);
        assert_eq!(remembered, ends, "rule set {seed}");
    }
    for (packet, &end) in packets.all().iter().zip(&ends) {
        let plain = Decided::from(evaluate(index.ruleset(), &packet.flow(), &mut ()));
        assert_eq!(index.decided_packet(packet, end), plain, "rule set {seed}, {packet:?}");
    }
    Tally {
        packets: packets.len() as u64,
        sure_packets: ends.iter().filter(|&&end| end != PacketEnd::UNSURE).count() as u64,
        remembered: memo.used().hits,
        ..Tally::default()
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
    let flows: Vec<Flow> = (0..flows).map(|_| odd.flow()).collect();
    let plain = walked(&ruleset, &flows);
    let each = flows.iter().zip(&plain).map(|(flow, plain)| compare(seed, &index, flow, plain));
    each.fold(compare_batches(seed, &index, &flows, &plain), Tally::and)
}

/// A million flows: two thousand rule sets, five hundred flows each.
#[test]
fn a_million_flows_through_odd_rule_sets() {
    let tallies = (0..2_000u64).into_par_iter().map(|seed| compare_ruleset(seed, 500));
    let tally = tallies.reduce(Tally::default, Tally::and);
    assert_eq!(tally.flows, 1_000_000);
    let least = tally.translated.min(tally.by_network_rule).min(tally.by_application_rule);
    assert!(least > 10_000 && tally.undecided > 100_000, "{tally:?}");
    let least = tally.packets.min(tally.sure_packets).min(tally.remembered);
    assert!(least > 10_000, "{tally:?}");
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
        let mut cache = FlowCache::new(&index, 64);
        let flows: Vec<Flow> = mixes.iter().flat_map(|&mix| draw(&ruleset, mix, 300, 11)).collect();
        let decided = index.decided_all(&flows);
        let plain = walked(&ruleset, &flows);
        for ((flow, decided), plain) in flows.iter().zip(decided).zip(&plain) {
            assert_eq!(index.verdict(flow), *plain, "{kind:?} {flow:?}");
            assert_eq!(decided, Decided::from(plain.clone()), "{kind:?} {flow:?}");
            for _ in 0..2 {
                assert_eq!(cache.get(flow, |verdict| verdict), plain, "{kind:?} {flow:?}");
            }
        }
        assert!(compare_batches(3, &index, &flows, &plain).sure_packets > 100);
        let used = cache.used();
        assert!(used.lookups == 3_000 && (1_500..2_900).contains(&used.hits), "{used:?}");
    });
}

/// Every rule covers other addresses and other ports, so that no two values share a row and rows
/// would take far more memory than they may.
#[test]
fn a_rule_set_too_large_for_rows_keeps_within_its_memory() {
    use std::fmt::Write as _;

    const WORDS_MAX: usize = 4_096;
    let mut rules = String::new();
    for number in 0..1_500 {
        let (high, low) = (number / 250, number % 250);
        let _ = write!(
            rules,
            r#"{}{{"ruleType": "NetworkRule", "name": "r{number}", "ipProtocols": ["TCP"],
            "sourceAddresses": ["10.0.0.0-10.{high}.{low}.255"],
            "destinationAddresses": ["10.{high}.{low}.0-10.255.255.255"],
            "destinationPorts": ["{}-65535"]}}"#,
            if number == 0 { "" } else { "," },
            1_000 + number,
        );
    }
    let export = format!(
        r#"{{"value": [{{"type": "Microsoft.Network/firewallPolicies", "id": "/p", "name": "p",
        "properties": {{}}}}, {{
        "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
        "id": "/p/ruleCollectionGroups/g", "name": "g", "properties": {{"priority": 100,
        "ruleCollections": [{{"ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": "c", "priority": 100, "action": {{"type": "Allow"}}, "rules": [{rules}]}}]}}}}]}}"#
    );
    let loaded = load(&[("wide.json".into(), export)]).expect("the file can be read");
    let (ruleset, _) = compile(&loaded.inventory, &Options::default()).expect("whole");
    let (wide, narrow) = (Index::new(&ruleset), Index::within(&ruleset, WORDS_MAX));
    // Rows of eight tables for two families, and what finds them.
    assert!(wide.size() > 1 << 20 && narrow.size() < 8 * 8 * WORDS_MAX + (3 << 20));
    assert!(narrow.size() < wide.size());
    let flows: Vec<Flow> =
        [Mix::Uniform, Mix::Boundary].iter().flat_map(|&mix| draw(&ruleset, mix, 200, 5)).collect();
    let plain = walked(&ruleset, &flows);
    for index in [&wide, &narrow] {
        for (flow, plain) in flows.iter().zip(&plain) {
            compare(0, index, flow, plain);
        }
        compare_batches(0, index, &flows, &plain);
    }
}
