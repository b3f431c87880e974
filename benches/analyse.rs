//! Exact analysis of whole rule sets: an audit, and the comparison of two sides that differ in one
//! rule.

#![expect(clippy::expect_used, reason = "a bench that cannot go on has failed")]

mod estates;

use std::hint::black_box;
use std::time::Duration;

use azfw::analyse::check::audit;
use azfw::analyse::diff::diff;
use azfw::analyse::find::{Wanted, find};
use azfw::generate::EstateRules;
use azfw::syntax::query::query;
use criterion::{Criterion, criterion_group, criterion_main};

fn benches(criterion: &mut Criterion) {
    for size in [100, 1_000, 10_000, 20_000] {
        let export = estates::export(size, EstateRules::Mixed);
        let inventory = estates::loaded(&export);
        let ruleset = estates::compiled(&inventory);
        let changed = estates::compiled(&estates::loaded(&changed(&export)));
        assert!(!diff(&ruleset, &changed).expect("a comparison").is_equivalent());
        let question =
            query("protocol = udp and port = 9 and verdict = allow").expect("a question");
        let wanted = Wanted { witnesses: 1, regions: false };
        let mut group = criterion.benchmark_group(format!("analyse/{size}_rules"));
        group.sample_size(10);
        group.warm_up_time(Duration::from_millis(200));
        group.measurement_time(Duration::from_secs(2));
        group.bench_function("audit", |bencher| {
            bencher.iter(|| audit(black_box(&ruleset), &inventory));
        });
        group.bench_function("diff_of_one_rule", |bencher| {
            bencher.iter(|| diff(black_box(&ruleset), &changed));
        });
        group.bench_function("find_nothing", |bencher| {
            bencher.iter(|| find(black_box(&ruleset), &question, wanted));
        });
        group.finish();
    }
}

/// The same export with another port in one of its first rules.
fn changed(export: &str) -> String {
    const PORTS: &str = "\"destinationPorts\":[\"";
    let at = export.find(PORTS).expect("a rule with ports") + PORTS.len();
    let (start, rest) = export.split_at(at);
    let end = rest.find('"').expect("the end of a port");
    format!("{start}7777{}", &rest[end..])
}

criterion_group!(analyse, benches);
criterion_main!(analyse);
