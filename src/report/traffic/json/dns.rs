//! What the DNS proxy saw, as JSON.

use serde::Serialize;

use crate::tables;

use super::{Largest, Period};

#[derive(Serialize)]
pub(super) struct Dns<'a> {
    answers: Vec<AnswerRow<'a>>,
    failing: Largest<FailingRow<'a>>,
    durations: Option<Durations>,
    slow: Largest<SlowRow<'a>>,
}

/// How long answers took, in seconds.
#[derive(Serialize)]
struct Durations {
    answers: u64,
    slow: u64,
    median_s: f64,
    p95_s: f64,
    longest_s: f64,
}

impl Durations {
    fn new(durations: &tables::Durations) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "years of microseconds are exact")]
        let seconds = |micros: u64| micros as f64 / 1e6;
        Self {
            answers: durations.answers,
            slow: durations.slow,
            median_s: seconds(durations.median_us),
            p95_s: seconds(durations.p95_us),
            longest_s: seconds(durations.longest_us),
        }
    }
}

#[derive(Serialize)]
struct SlowRow<'a> {
    name: Option<&'a str>,
    #[serde(flatten)]
    durations: Durations,
}

#[derive(Serialize)]
struct AnswerRow<'a> {
    answer: Option<&'a str>,
    #[serde(rename = "type")]
    query_type: Option<&'a str>,
    records: u64,
}

#[derive(Serialize)]
struct FailingRow<'a> {
    name: Option<&'a str>,
    answer: Option<&'a str>,
    records: u64,
    seen: Option<Period>,
}

impl<'a> Dns<'a> {
    pub(super) fn new(dns: &'a tables::DnsSummary) -> Self {
        let answers = dns.answers.iter().map(|row| AnswerRow {
            answer: row.answer.as_deref(),
            query_type: row.query_type.as_deref(),
            records: row.records,
        });
        let failing = |row: &'a tables::FailingRow| FailingRow {
            name: row.name.as_deref(),
            answer: row.answer.as_deref(),
            records: row.records,
            seen: row.seen.map(Period::from),
        };
        let slow = |row: &'a tables::SlowRow| SlowRow {
            name: row.name.as_deref(),
            durations: Durations::new(&row.durations),
        };
        Self {
            answers: answers.collect(),
            failing: Largest::new(&dns.failing, failing),
            durations: dns.durations.as_ref().map(Durations::new),
            slow: Largest::new(&dns.slow, slow),
        }
    }
}
