use crate::tables::sample::{half_a_day, input, policy};
use crate::tables::{Options, Summary, Tally};

use super::text::Layout;

fn summary(options: &Options<'_>) -> Summary {
    let records = half_a_day();
    let mut tally = Tally::new();
    records.iter().for_each(|record| tally.push(record));
    tally.finish(input(records.len()), options).unwrap()
}

#[test]
fn look() {
    let policy = policy();
    let summary = summary(&Options { top: 5, policy: Some(&policy) });
    for width in [80, 120] {
        println!("{}", super::text::render(&summary, Layout { width, is_coloured: false }));
    }
}
