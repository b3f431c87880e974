//! IDPS signatures: by source and category, and attempts at privileges.
//!
//! Severity 1 is the gravest (Azure's own scale: 1 high, 2 medium, 3 low). Published rules compare
//! it with "at least", which drops the gravest hits; here each severity has a threshold of its own.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use super::attempts::{Attempt, evidence};
use super::finding::{Finding, Severity, plural};
use super::observed::{Observed, SignatureHit, bit};
use super::places::Code;
use super::settings::{Idps, Settings, Within};

pub(super) fn findings(settings: &Settings, observed: &Observed) -> Vec<Finding> {
    let settings = &settings.idps;
    let mut all = by_category(settings, observed);
    all.extend(brute_force(settings, observed));
    all
}

fn of_level(settings: &Idps, severity: Option<u8>) -> (Severity, Within) {
    match severity {
        Some(1) => (Severity::High, settings.high),
        Some(2) => (Severity::Medium, settings.medium),
        // A severity that is missing or off the scale says nothing graver.
        Some(_) | None => (Severity::Low, settings.low),
    }
}

/// One finding for each source inside, and for each destination that the Internet attacks: who runs
/// the firewall can look at both, while the sources outside are many and change.
fn by_category(settings: &Idps, observed: &Observed) -> Vec<Finding> {
    let is_inbound = |hit: &SignatureHit| observed.tables.is_public(hit.attempt.source);
    let key = |hit: &SignatureHit| {
        let end = if is_inbound(hit) { hit.destination } else { hit.attempt.source };
        (is_inbound(hit), end, hit.category.clone(), of_level(settings, hit.severity).0)
    };
    let groups = grouped(observed, "idps", |_| true, key);
    let findings = groups.into_iter().filter_map(|hits| {
        let head = *hits.first()?;
        let (severity, limit) = of_level(settings, head.severity);
        let most = most_within(&hits, limit.within.0);
        if most < limit.count {
            return None;
        }
        let ids: BTreeSet<&SmolStr> = hits.iter().map(|hit| &hit.id).collect();
        let message = format!(
            "{}: {} of {}",
            named(&head.category, "signatures without a category"),
            plural(hits.len(), "hit"),
            plural(ids.len(), "signature")
        );
        let mut finding = finding("idps", severity, message, &hits, observed)?;
        let single = |end: fn(&SignatureHit) -> Code, ends: &str| {
            let all: BTreeSet<_> = hits.iter().map(|hit| end(hit)).collect();
            match all.len() {
                1 => observed.tables.text(end(head)),
                more => format!("{more} {ends}"),
            }
        };
        finding.source = Some(single(|hit| hit.attempt.source, "sources"));
        finding.target = Some(single(|hit| hit.destination, "destinations"));
        Some(finding.with_part("threshold", limit.count))
    });
    findings.collect()
}

fn brute_force(settings: &Idps, observed: &Observed) -> Vec<Finding> {
    let limit = settings.brute_force;
    let is_about_privileges =
        |hit: &SignatureHit| hit.category.to_ascii_lowercase().contains("privilege");
    let key = |hit: &SignatureHit| (hit.id.clone(), hit.destination);
    let groups = grouped(observed, "idps-brute-force", is_about_privileges, key);
    let findings = groups.into_iter().filter_map(|hits| {
        let head = *hits.first()?;
        let most = most_within(&hits, limit.within.0);
        if most < limit.count {
            return None;
        }
        let about = named(&head.description, "no description");
        let message =
            format!("signature {} fired {most} times within {}: {about}", head.id, limit.within);
        let severity = of_level(settings, head.severity).0;
        let mut finding = finding("idps-brute-force", severity, message, &hits, observed)?;
        finding.target = Some(observed.tables.text(head.destination));
        Some(finding.with_part("threshold", limit.count))
    });
    findings.collect()
}

fn grouped<'a, K: Ord>(
    observed: &'a Observed,
    name: &str,
    is_wanted: impl Fn(&SignatureHit) -> bool,
    key: impl Fn(&SignatureHit) -> K,
) -> Vec<Vec<&'a SignatureHit>> {
    let mut hits: Vec<&SignatureHit> = observed
        .signatures
        .iter()
        .filter(|hit| hit.attempt.exempt & bit(name) == 0 && is_wanted(hit))
        .collect();
    // They are in the order of time, and sorting is stable.
    hits.sort_by_cached_key(|hit| key(hit));
    hits.chunk_by(|a, b| key(a) == key(b)).map(<[_]>::to_vec).collect()
}

/// The most hits in any window of that width.
fn most_within(hits: &[&SignatureHit], width: i64) -> usize {
    let mut first = 0;
    let mut most = 0;
    for (last, hit) in hits.iter().enumerate() {
        let earliest = hit.attempt.time.saturating_sub(width);
        while hits.get(first).is_some_and(|hit| hit.attempt.time < earliest) {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

fn finding(
    detection: &'static str,
    severity: Severity,
    message: String,
    hits: &[&SignatureHit],
    observed: &Observed,
) -> Option<Finding> {
    let attempts: Vec<Attempt> = hits.iter().map(|hit| hit.attempt).collect();
    let mut finding = Finding::new(detection, severity, message);
    finding.count = hits.len() as u64;
    (finding.first, finding.last) = Observed::times(attempts.iter());
    finding.evidence = evidence(attempts.iter(), &observed.tables);
    let passed = attempts.iter().filter(|one| !one.is_denied()).count();
    let severity = hits.first()?.severity;
    let severity = severity.map_or_else(|| "none".to_owned(), |severity| severity.to_string());
    Some(finding.with_part("signature severity", severity).with_part("not denied", passed))
}

fn named<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}
