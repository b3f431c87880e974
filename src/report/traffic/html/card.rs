//! The totals at the top of the page.

use super::{Contents, chart, earlier, finding};
use crate::report::traffic::headline::{self, Tone};
use crate::report::traffic::sheet::{grouped, per_mille, percent};
use crate::tables::{Cube, Totals};

/// One number with its share.
#[derive(Debug, Default)]
pub(super) struct Card {
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) value: u64,
    pub(super) text: String,
    pub(super) share: String,
    pub(super) detail: String,
    pub(super) spark: String,
    /// Against earlier logs.
    pub(super) change: String,
    pub(super) anchor: &'static str,
}

impl Card {
    fn new(key: &'static str, name: &'static str, value: u64) -> Self {
        Self { key, name, value, text: grouped(value), anchor: key, ..Self::default() }
    }
}

pub(super) fn cards(contents: Contents<'_>, cube: &Cube) -> Vec<Card> {
    let mut cards = connections(contents, cube);
    let Contents { summary, findings, .. } = contents;
    let totals = &summary.totals;
    let queries = |totals: &Totals| totals.dns + totals.dns_failures;
    let failing: u64 = summary.dns.failing.rows.iter().map(|row| row.records).sum();
    let failing = failing + summary.dns.failing.records_left_out;
    cards.push(Card {
        detail: if failing > 0 { format!("{} failed", grouped(failing)) } else { String::new() },
        change: earlier::change(contents, queries),
        ..Card::new("dns", "DNS queries", queries(totals))
    });
    cards.push(Card {
        detail: finding::severities(findings),
        ..Card::new("findings", "Findings", findings.len() as u64)
    });
    cards
}

fn connections(contents: Contents<'_>, cube: &Cube) -> Vec<Card> {
    let summary = contents.summary;
    let totals = &summary.totals;
    let figures = headline::figures(summary, None);
    let detail = |tone: Tone| {
        let figure = figures.iter().find(|figure| figure.tone == tone);
        figure.map_or_else(String::new, |figure| figure.detail.clone())
    };
    let share = |part: u64| percent(per_mille(part, totals.connections()), part > 0);
    let behind_share =
        |text: String| text.split_once(": ").map_or_else(String::new, |(_, rest)| rest.to_owned());
    let dropped = match summary.coverage.input.allowed_then_dropped {
        0 => String::new(),
        dropped => format!("{} of them then dropped by IDPS", grouped(dropped)),
    };
    let [allowed, denied, threats, dnat] = chart::sparks(cube);
    vec![
        Card {
            share: share(totals.allowed),
            detail: dropped,
            spark: allowed,
            change: earlier::change(contents, |totals| totals.allowed),
            anchor: "rules",
            ..Card::new("allowed", "Allowed", totals.allowed)
        },
        Card {
            share: share(totals.denied()),
            detail: behind_share(detail(Tone::Denied)),
            spark: denied,
            change: earlier::change(contents, Totals::denied),
            ..Card::new("denied", "Denied", totals.denied())
        },
        Card {
            detail: detail(Tone::Threat),
            spark: threats,
            change: earlier::change(contents, Totals::threats),
            anchor: "threats",
            ..Card::new("threat", "Threats", totals.threats())
        },
        Card {
            spark: dnat,
            change: earlier::change(contents, |totals| totals.dnat),
            ..Card::new("dnat", "DNAT", totals.dnat)
        },
    ]
}
