//! From a file to an index: reading JSON, compiling, building the index.

#![expect(clippy::expect_used, reason = "a bench that cannot go on has failed")]

mod estates;

use std::hint::black_box;
use std::time::Duration;

use azfw::evaluate::Index;
use azfw::generate::EstateRules;
use criterion::{Criterion, criterion_group, criterion_main};

fn benches(criterion: &mut Criterion) {
    for size in [100, 1_000, 10_000, 20_000] {
        let export = estates::export(size, EstateRules::Mixed);
        let inventory = estates::loaded(&export);
        let ruleset = estates::compiled(&inventory);
        let mut group = criterion.benchmark_group(format!("build/{size}_rules"));
        group.sample_size(10);
        group.warm_up_time(Duration::from_millis(200));
        group.measurement_time(Duration::from_secs(2));
        group.bench_function("load_json", |bencher| {
            bencher.iter(|| estates::loaded(black_box(&export)));
        });
        // The same bytes without a meaning: what reading them costs anyone.
        group.bench_function("serde_json_value", |bencher| {
            bencher.iter(|| serde_json::from_str::<serde_json::Value>(black_box(&export)).ok());
        });
        group.bench_function("compile", |bencher| {
            bencher.iter(|| estates::compiled(black_box(&inventory)));
        });
        group.bench_function("index", |bencher| {
            bencher.iter(|| Index::new(black_box(&ruleset)));
        });
        group.finish();
    }
}

criterion_group!(build, benches);
criterion_main!(build);
