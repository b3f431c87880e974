//! Names against the patterns of application rules: six of ten patterns are whole names, nearly all
//! others `*.zone`, a few `*tail`; a bit more than half of the names meet one.
//!
//! Each rule names a hundred patterns. The figures are per flow, and for building the index.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use azfw::evaluate::{Decision, Index, evaluate};
use azfw::flow::{Flow, Name};
use azfw::net::Fqdn;
use azfw::syntax::flow::flow;
use criterion::{Criterion, Throughput};

use crate::estates;

const PATTERNS_OF_RULE: usize = 100;
const FLOWS: usize = 4_096;

/// The pattern of a number, and a name that it covers.
fn pattern(number: usize) -> (String, String) {
    let zone = format!("service{}.example{}.net", number, number % 97);
    match number % 100 {
        0..60 => (format!("www.{zone}"), format!("www.{zone}")),
        60..99 => (format!("*.{zone}"), format!("api.{zone}")),
        _ => (format!("*tail{number}.example.org"), format!("a-tail{number}.example.org")),
    }
}

fn export(patterns: usize) -> String {
    let mut rules = String::new();
    for first in (0..patterns).step_by(PATTERNS_OF_RULE) {
        let names: Vec<String> = (first..first + PATTERNS_OF_RULE)
            .map(|number| format!(r#""{}""#, pattern(number).0))
            .collect();
        let separator = if first == 0 { "" } else { "," };
        let _ = write!(
            rules,
            r#"{separator}{{"ruleType": "ApplicationRule", "name": "r{first}",
            "sourceAddresses": ["10.0.0.0/8"], "protocols": [{{"protocolType": "Https", "port": 443}}],
            "targetFqdns": [{}]}}"#,
            names.join(",")
        );
    }
    format!(
        r#"{{"value": [{{"type": "Microsoft.Network/firewallPolicies", "id": "/p", "name": "p",
        "properties": {{}}}}, {{
        "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
        "id": "/p/ruleCollectionGroups/g", "name": "g", "properties": {{"priority": 100,
        "ruleCollections": [{{"ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": "c", "priority": 100, "action": {{"type": "Allow"}}, "rules": [{rules}]}}]}}}}]}}"#
    )
}

/// Flows to names all over the patterns, 56 of 100 of which meet one.
fn flows(patterns: usize) -> Vec<Flow> {
    let flow = flow("https 10.0.0.4 -> www.example.com").expect("a flow");
    (0..FLOWS)
        .map(|number| {
            let (_, name) = pattern(number * 7_919 % patterns);
            let name = if number % 100 < 56 { name } else { format!("x.{name}.invalid") };
            Flow { name: Name::Known(Fqdn::new(&name).expect("a name")), ..flow.clone() }
        })
        .collect()
}

pub(crate) fn benches(criterion: &mut Criterion) {
    for patterns in [1_000, 10_000, 100_000] {
        let ruleset = estates::compiled(&estates::loaded(&export(patterns)));
        let index = Index::new(&ruleset);
        let flows = flows(patterns);
        let allowed = flows.iter().filter(|flow| index.decided(flow).decision == Decision::Allow);
        let share = allowed.count() * 100 / flows.len();
        assert!((54..59).contains(&share), "{share} % of the flows meet a pattern");
        for flow in flows.iter().take(8) {
            assert_eq!(index.verdict(flow), evaluate(&ruleset, flow, &mut ()), "{flow:?}");
        }
        let mut group = criterion.benchmark_group(format!("names/{patterns}_patterns"));
        group.sample_size(20);
        group.warm_up_time(Duration::from_millis(200));
        group.measurement_time(Duration::from_secs(1));
        group.throughput(Throughput::Elements(flows.len() as u64));
        group.bench_function("decided", |bencher| {
            bencher.iter(|| {
                for flow in black_box(&flows) {
                    black_box(index.decided(flow));
                }
            });
        });
        group.throughput(Throughput::Elements(patterns as u64));
        group.sample_size(10);
        group.bench_function("index", |bencher| {
            bencher.iter(|| Index::new(black_box(&ruleset)));
        });
        group.finish();
    }
}
