//! What threat intelligence listed: connections that passed all the same, and destinations that
//! several sources reach for.
//!
//! Sentinel's "Several deny/allow to the same threat intelligence destination", with the name kept
//! where one is known (the published query overwrites it with the address).

use super::attempts::{Attempt, evidence};
use super::finding::{Finding, Severity, plural};
use super::observed::{Observed, ThreatHit, bit};
use super::settings::Settings;
use super::window::{Sample, slide};

pub(super) fn findings(settings: &Settings, observed: &Observed) -> Vec<Finding> {
    let mut hits: Vec<&ThreatHit> = observed.threats.iter().collect();
    hits.sort_by(|a, b| {
        let key = |hit: &ThreatHit| (hit.attempt.target, hit.description.clone(), hit.attempt);
        key(a).cmp(&key(b))
    });
    let groups = hits
        .chunk_by(|a, b| a.attempt.target == b.attempt.target && a.description == b.description);
    groups
        .flat_map(|group| {
            let about = group.first().map(|hit| hit.description.as_str()).unwrap_or_default();
            let about = if about.is_empty() { String::new() } else { format!(": {about}") };
            let passed: Vec<Attempt> = chosen(group, "threat-allowed", false);
            let spread: Vec<Attempt> = chosen(group, "threat-spread", true);
            [allowed(&passed, &about, observed), spread_of(&spread, &about, settings, observed)]
        })
        .flatten()
        .collect()
}

fn chosen(group: &[&ThreatHit], name: &str, with_denied: bool) -> Vec<Attempt> {
    group
        .iter()
        .map(|hit| hit.attempt)
        .filter(|one| one.exempt & bit(name) == 0 && (with_denied || !one.is_denied()))
        .collect()
}

fn allowed(passed: &[Attempt], about: &str, observed: &Observed) -> Option<Finding> {
    let head = passed.first()?;
    let connections = plural(passed.len(), "connection");
    let message = format!("{connections} that threat intelligence lists, and that passed{about}");
    let mut finding = Finding::new("threat-allowed", Severity::High, message);
    fill(&mut finding, passed, head, observed);
    Some(finding)
}

fn spread_of(
    hits: &[Attempt],
    about: &str,
    settings: &Settings,
    observed: &Observed,
) -> Option<Finding> {
    let limit = settings.threat_spread.sources;
    let samples: Vec<Sample<u32>> = hits
        .iter()
        .map(|one| Sample { time: one.time, value: one.source, is_denied: one.is_denied() })
        .collect();
    let mut most = 0;
    slide(&samples, limit.within.0, |distinct, _| most = most.max(distinct.any));
    let head = hits.first().filter(|_| most >= limit.count)?;
    let message = format!("{most} sources within {}{about}", limit.within);
    let mut finding = Finding::new("threat-spread", Severity::High, message);
    fill(&mut finding, hits, head, observed);
    Some(finding.with_part("threshold", limit.count))
}

fn fill(finding: &mut Finding, hits: &[Attempt], head: &Attempt, observed: &Observed) {
    finding.target = Some(observed.tables.text(head.target));
    finding.count = hits.len() as u64;
    (finding.first, finding.last) = Observed::times(hits.iter());
    finding.evidence = evidence(hits.iter(), &observed.tables);
}
