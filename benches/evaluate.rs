//! One core, flow by flow: the index beside the plain walk.
//!
//! `evaluate/1000_rules/last_match/network` is the index, `plain/…` the walk. Each iteration
//! evaluates one flow after the other of a fixed list; the figures are per flow. `names/…` are many
//! patterns of names.

#![expect(clippy::expect_used, reason = "a bench that cannot go on has failed")]

mod estates;
mod names;

use std::cmp::Reverse;
use std::hint::black_box;
use std::time::Duration;

use azfw::analyse::traffic::{Mix, flows};
use azfw::compile::Ruleset;
use azfw::evaluate::{Index, evaluate};
use azfw::flow::Flow;
use azfw::generate::EstateRules;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};

const SIZES: [usize; 4] = [100, 1_000, 10_000, 20_000];
const KINDS: [(&str, EstateRules); 3] = [
    ("network", EstateRules::Network),
    ("application", EstateRules::Application),
    ("mixed", EstateRules::Mixed),
];
const FLOWS: usize = 512;

fn benches(criterion: &mut Criterion) {
    for size in SIZES {
        for (kind_name, kind) in KINDS {
            let ruleset = estates::compiled(&estates::loaded(&estates::export(size, kind)));
            let index = Index::new(&ruleset);
            let matches = [
                ("first", Mix::FirstRule),
                ("last", Mix::LastRule),
                ("none", Mix::NoMatch),
                ("uniform", Mix::Uniform),
            ];
            for (match_name, mix) in matches {
                let flows = wanted(&index, mix);
                let name = format!("{match_name}_match/{kind_name}");
                let mut group = group(criterion, &format!("evaluate/{size}_rules"), flows.len());
                group.bench_function(&name, |bencher| {
                    bencher.iter(|| {
                        for flow in black_box(&flows) {
                            black_box(index.decided(flow));
                        }
                    });
                });
                group.finish();
                plain(criterion, size, &name, &ruleset, &flows);
            }
        }
    }
}

fn group<'c>(
    criterion: &'c mut Criterion,
    name: &str,
    flows: usize,
) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(flows as u64));
    group.sample_size(20);
    group.warm_up_time(Duration::from_millis(200));
    group.measurement_time(Duration::from_millis(600));
    group
}

/// The walk takes a thousand times as long, so it sees fewer flows.
fn plain(criterion: &mut Criterion, size: usize, name: &str, ruleset: &Ruleset, flows: &[Flow]) {
    let flows = flows.get(..(100_000 / size).clamp(4, flows.len())).unwrap_or(flows);
    let mut group = group(criterion, &format!("plain/{size}_rules"), flows.len());
    group.sample_size(10);
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            for flow in black_box(flows) {
                black_box(evaluate(ruleset, flow, &mut ()));
            }
        });
    });
    group.finish();
}

/// Flows of a mix that come to what its name says, and give the same answer both ways.
fn wanted(index: &Index<'_>, mix: Mix) -> Vec<Flow> {
    let ruleset = index.ruleset();
    let (first, last) = (ruleset.rules().next(), ruleset.rules().last());
    let drawn = flows(ruleset, mix, 8 * FLOWS, 1);
    let is_wanted = |flow: &&Flow| {
        let rule = index.decided(flow).rule;
        match mix {
            Mix::FirstRule => rule == first,
            Mix::LastRule => rule == last,
            Mix::NoMatch => rule.is_none(),
            Mix::Uniform | Mix::Zipf | Mix::Boundary => true,
        }
    };
    let mut wanted: Vec<Flow> = drawn.iter().filter(is_wanted).take(FLOWS).cloned().collect();
    if wanted.is_empty() && mix == Mix::LastRule {
        wanted = of_late_rules(index);
    }
    for flow in wanted.iter().take(8) {
        assert_eq!(index.verdict(flow), evaluate(ruleset, flow, &mut ()), "{flow:?}");
    }
    assert!(!wanted.is_empty(), "no flow of {mix:?}");
    wanted
}

/// Flows that the latest rules decide, where earlier ones leave nothing to the last.
fn of_late_rules(index: &Index<'_>) -> Vec<Flow> {
    let mut drawn = flows(index.ruleset(), Mix::Uniform, 8 * FLOWS, 1);
    drawn.sort_by_cached_key(|flow| Reverse(index.decided(flow).rule));
    drawn.truncate(FLOWS / 8);
    drawn
}

criterion_group!(evaluation, benches, names::benches);
criterion_main!(evaluation);
