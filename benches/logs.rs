//! Reading logs: the whole way from bytes to counts, against passing over the newlines.

#![expect(clippy::expect_used, reason = "a bench that cannot read its own text has failed")]

use std::hint::black_box;
use std::io::Cursor;
use std::sync::Arc;

use azfw::generate::{Bulk, Event, PORTAL_HEADER, legacy_record, portal_row, structured_record};
use azfw::logs::{Bytes, Input, Options, read, read_all};
use azfw::tables::Account;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const EVENTS: usize = 20_000;
const FIREWALL: &str =
    "/SUBSCRIPTIONS/S/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.NETWORK/AZUREFIREWALLS/FW";

fn text(line: fn(&Event) -> String, header: &str) -> Arc<[u8]> {
    let start = "2026-09-15T00:00:00Z".parse().expect("a time");
    let lines: Vec<String> =
        Bulk::new(1, start, 21_600).take(EVENTS).map(|event| line(&event)).collect();
    format!("{header}{}\n", lines.join("\n")).into_bytes().into()
}

fn counted(text: &Arc<[u8]>, threads: usize) -> u64 {
    let bytes = Bytes::Stream(Box::new(Cursor::new(Arc::clone(text))));
    let input = Input { file: "f".into(), bytes };
    let mut account = Account::default();
    let result = read_all([Ok(input)].into_iter(), &Options::default(), threads, &mut account);
    let (_, counts) = result.expect("reading from memory");
    assert_eq!(counts.records_total(), EVENTS as u64);
    counts.records_total()
}

fn shape(criterion: &mut Criterion, name: &str, line: fn(&Event) -> String, header: &str) {
    let text = text(line, header);
    let mut group = criterion.benchmark_group(format!("logs/{name}"));
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.sample_size(20);
    group.bench_function("newlines", |bencher| {
        bencher.iter(|| memchr::memchr_iter(b'\n', black_box(&text)).count());
    });
    group.bench_function("counted_by_1_thread", |bencher| {
        bencher.iter(|| counted(black_box(&text), 1));
    });
    group.bench_function("counted_by_2_threads", |bencher| {
        bencher.iter(|| counted(black_box(&text), 2));
    });
    group.bench_function("general_reader", |bencher| {
        bencher.iter(|| {
            let mut account = Account::default();
            let text = black_box(&text[..]);
            read(text, "f".into(), &Options::default(), &mut account).expect("reading from memory")
        });
    });
    group.finish();
}

fn shapes(criterion: &mut Criterion) {
    shape(criterion, "legacy", |event| legacy_record(event, FIREWALL).line, "");
    shape(criterion, "structured", |event| structured_record(event, FIREWALL).line, "");
    shape(criterion, "csv", portal_row, &format!("{PORTAL_HEADER}\n"));
}

criterion_group!(benches, shapes);
criterion_main!(benches);
