//! What the last stretch of the logs holds that the days before it did not.
//!
//! After Microsoft Sentinel's hunting queries, with a set difference in place of their join (which
//! reports known destinations of every source that has two). Whatever is new is one finding a kind,
//! with its most frequent cases: on most networks there is something new every day.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::Hash;

use super::Coverage;
use super::attempts::{Attempt, evidence, timestamp};
use super::finding::{Finding, Severity, plural};
use super::observed::{Observed, bit};
use super::places::Places;
use super::settings::{DAY, Settings};

const NAMES: [&str; 4] = ["first-seen", "uncommon-port", "port-of-source", "port-protocol"];
/// How many cases a message names.
const NAMED_MAX: usize = 3;

pub(super) fn findings(
    settings: &Settings,
    observed: &Observed,
    coverage: &mut Coverage,
) -> Vec<Finding> {
    let learning = &settings.learning;
    let Some((_, last)) = observed.span() else { return Vec::new() };
    let cut = last.saturating_sub(learning.judged.0);
    let (known, judged) =
        observed.attempts.split_at(observed.attempts.partition_point(|one| one.time <= cut));
    let days: BTreeSet<i64> = known.iter().map(|one| one.time.div_euclid(DAY)).collect();
    if days.len() < learning.days {
        let why = format!(
            "{} of the {} days it learns from lie before the last {}",
            days.len(),
            learning.days,
            learning.judged
        );
        coverage.not_judged.extend(NAMES.map(|name| (name, why.clone())));
        return Vec::new();
    }
    let tables = &observed.tables;
    let port = |one: &Attempt| {
        let protocol = tables.protocols.get(one.protocol).map_or("", |name| name);
        format!("{protocol} {}", one.port)
    };
    let target = |one: &Attempt| tables.text(one.target);
    let has_port = |one: &Attempt| one.port != 0;
    let ports: HashSet<u16> = known.iter().map(|one| one.port).collect();
    let split = Split { known, judged, tables };
    let found = [
        split.news("first-seen", "destination", Severity::Info, |_| true, |one| one.target, target),
        split.news("uncommon-port", "port", Severity::Low, has_port, |one| one.port, port),
        split.news(
            "port-of-source",
            "pair of source and port",
            Severity::Info,
            |one| has_port(one) && ports.contains(&one.port),
            |one| (one.source, one.port),
            |one| format!("{} {}", tables.text(one.source), port(one)),
        ),
        split.news(
            "port-protocol",
            "pair of port and protocol",
            Severity::Low,
            |one| has_port(one) && ports.contains(&one.port),
            |one| (one.port, one.protocol),
            port,
        ),
    ];
    let learned = format!("{} days", days.len());
    found.into_iter().flatten().map(|finding| finding.with_part("learned", &learned)).collect()
}

struct Split<'a> {
    known: &'a [Attempt],
    judged: &'a [Attempt],
    tables: &'a Places,
}

impl Split<'_> {
    fn news<K: Ord + Hash + Copy>(
        &self,
        name: &'static str,
        what: &str,
        severity: Severity,
        is_wanted: impl Fn(&Attempt) -> bool,
        key: impl Fn(&Attempt) -> K,
        shown: impl Fn(&Attempt) -> String,
    ) -> Option<Finding> {
        let known: HashSet<K> = self.known.iter().map(&key).collect();
        let mut new: BTreeMap<K, Vec<&Attempt>> = BTreeMap::new();
        for one in self.judged {
            if one.exempt & bit(name) == 0 && is_wanted(one) && !known.contains(&key(one)) {
                new.entry(key(one)).or_default().push(one);
            }
        }
        let mut cases: Vec<Vec<&Attempt>> = new.into_values().collect();
        // Most frequent first; the sort keeps the order of keys among equals.
        cases.sort_by_key(|case| std::cmp::Reverse(case.len()));
        let first = cases.iter().flatten().map(|one| one.time).min()?;
        let last = cases.iter().flatten().map(|one| one.time).max()?;
        let heads = || cases.iter().filter_map(|case| case.first().copied());
        let mut named: Vec<String> = heads().take(NAMED_MAX).map(shown).collect();
        if cases.len() > NAMED_MAX {
            named.push("…".to_owned());
        }
        let what = plural(cases.len(), what);
        let message = format!("{what} not seen before: {}", named.join(", "));
        let mut finding = Finding::new(name, severity, message);
        finding.first = timestamp(first);
        finding.last = timestamp(last);
        finding.count = cases.len() as u64;
        finding.evidence = evidence(heads(), self.tables);
        Some(finding)
    }
}
