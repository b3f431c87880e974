//! Port scans (many ports of one destination) and sweeps (one port of many destinations).
//!
//! Thresholds: Zeek's `scan.zeek` for failed attempts, Microsoft Sentinel's "Port Scan" and "Port
//! Sweep" for Azure Firewall for all attempts. Windows slide, so that no burst is cut in two.

use std::collections::BTreeMap;
use std::hash::Hash;

use super::attempts::{Attempt, evidence, grouped};
use super::finding::{Finding, Severity};
use super::observed::{Observed, bit};
use super::places::Code;
use super::settings::{Settings, Tiers, Within};
use super::window::{Distinct, Sample, Stretch, slide};

/// The gravest that one group of attempts came to.
#[derive(Debug, Clone)]
struct Peak {
    severity: Severity,
    is_denied: bool,
    distinct: usize,
    within: Within,
    stretch: Stretch,
}

/// Which windows count.
struct Rules {
    denied: Tiers,
    passed: Option<Tiers>,
    /// Of all values in the window, what share must have been denied.
    denied_share: f64,
    /// What the thresholds for denied attempts are multiplied by.
    times: usize,
}

#[expect(clippy::cast_precision_loss, reason = "counts of a window are far below 2^53")]
fn peak<T: Copy + Eq + Hash>(
    attempts: &[Attempt],
    value: impl Fn(&Attempt) -> T,
    rules: &Rules,
) -> Option<Peak> {
    let samples: Vec<Sample<T>> = attempts
        .iter()
        .map(|one| Sample { time: one.time, value: value(one), is_denied: one.is_denied() })
        .collect();
    let mut best: Option<Peak> = None;
    let mut try_tiers = |tiers: Tiers, is_denied: bool, times: usize| {
        for (severity, within) in tiers.descending() {
            let count = |distinct: Distinct| {
                if is_denied { distinct.denied } else { distinct.passed }
            };
            let mut found: Option<(usize, Stretch)> = None;
            slide(&samples, within.within.0, |distinct, stretch| {
                let reached = count(distinct);
                let share = reached as f64 / distinct.any.max(1) as f64;
                let is_enough = reached >= within.count.saturating_mul(times)
                    && (!is_denied || share >= rules.denied_share);
                if is_enough && found.is_none_or(|(most, _)| reached > most) {
                    found = Some((reached, stretch));
                }
            });
            if let Some((distinct, stretch)) = found {
                if best.as_ref().is_none_or(|best| severity > best.severity) {
                    best = Some(Peak { severity, is_denied, distinct, within, stretch });
                }
                return;
            }
        }
    };
    try_tiers(rules.denied, true, rules.times);
    if let Some(tiers) = rules.passed {
        try_tiers(tiers, false, 1);
    }
    best
}

/// One finding a source, however many destinations it scanned.
pub(super) fn port_scans(settings: &Settings, observed: &Observed) -> Vec<Finding> {
    let settings = &settings.port_scan;
    let rules = Rules {
        denied: settings.denied,
        passed: Some(settings.passed),
        denied_share: 0.0,
        times: 1,
    };
    let is_wanted = |one: &Attempt| one.port != 0 && one.exempt & bit("port-scan") == 0;
    let groups = grouped(&observed.attempts, is_wanted, |one| (one.source, one.target));
    let mut by_source: BTreeMap<Code, Vec<(Peak, Vec<Attempt>)>> = BTreeMap::new();
    for group in groups.iter() {
        let Some(head) = group.first().copied() else { continue };
        if let Some(peak) = peak(group, |one| one.port, &rules) {
            let inside = group.get(peak.stretch.first..=peak.stretch.last).unwrap_or_default();
            by_source.entry(head.source).or_default().push((peak.clone(), inside.to_vec()));
        }
    }
    let findings = by_source.into_values().filter_map(|mut scans| {
        scans.sort_by_key(|(peak, _)| std::cmp::Reverse((peak.severity, peak.distinct)));
        let (peak, inside) = scans.first()?;
        let target = observed.tables.text(inside.first()?.target);
        let others = match scans.len() - 1 {
            0 => String::new(),
            1 => ", and ports of 1 more destination".to_owned(),
            more => format!(", and ports of {more} more destinations"),
        };
        let message = format!(
            "tried {} ports of {target} within {}, {}{others}",
            peak.distinct,
            peak.within.within,
            outcome(peak)
        );
        let all = || scans.iter().flat_map(|(_, inside)| inside);
        let mut finding = finding("port-scan", peak, inside, observed, message)?;
        finding.target = Some(target);
        finding.count = all().count() as u64;
        (finding.first, finding.last) = Observed::times(all());
        Some(finding.with_part("destinations", scans.len()))
    });
    findings.collect()
}

/// One finding a source, port and protocol.
pub(super) fn sweeps(settings: &Settings, observed: &Observed) -> Vec<Finding> {
    let settings = &settings.sweep;
    let is_wanted = |one: &Attempt| one.exempt & bit("sweep") == 0;
    let key = |one: &Attempt| (one.source, one.port, one.protocol);
    let groups = grouped(&observed.attempts, is_wanted, key);
    let findings = groups.iter().filter_map(|group| {
        let head = *group.first()?;
        let is_web = settings.web_ports.contains(&head.port);
        let rules = Rules {
            denied: settings.denied,
            passed: (!is_web).then_some(settings.passed),
            denied_share: settings.denied_share,
            times: if is_web { settings.web_times } else { 1 },
        };
        let peak = peak(group, |one| one.target, &rules)?;
        let inside = group.get(peak.stretch.first..=peak.stretch.last)?;
        let protocol = observed.tables.protocols.get(head.protocol).map_or("", |name| name);
        let service = if head.port == 0 {
            protocol.to_owned()
        } else {
            format!("{protocol} port {}", head.port)
        };
        let message = format!(
            "tried {service} of {} destinations within {}, {}",
            peak.distinct,
            peak.within.within,
            outcome(&peak)
        );
        let mut finding = finding("sweep", &peak, inside, observed, message)?;
        finding.count = inside.len() as u64;
        (finding.first, finding.last) = Observed::times(inside.iter());
        Some(finding)
    });
    findings.collect()
}

fn outcome(peak: &Peak) -> &'static str {
    if peak.is_denied { "and was denied" } else { "and was not denied" }
}

fn finding(
    detection: &'static str,
    peak: &Peak,
    inside: &[Attempt],
    observed: &Observed,
    message: String,
) -> Option<Finding> {
    let source = inside.first()?.source;
    let mut finding = Finding::new(detection, peak.severity, message);
    finding.source = Some(observed.tables.text(source));
    let shown = inside.iter().filter(|one| one.is_denied() == peak.is_denied);
    finding.evidence = evidence(shown, &observed.tables);
    let from = if observed.tables.is_public(source) { "the Internet" } else { "inside" };
    Some(finding.with_part("from", from).with_part("threshold", peak.within.count))
}
