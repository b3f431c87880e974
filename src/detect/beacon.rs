//! Connections that come back as regularly as a clock.
//!
//! RITA v5's scores (`analysis/beacons.go`): the spread and the skew of the intervals, the evenness
//! over 24 bins, and how much of the whole time the connections cover. Rules of Azure Firewall log
//! neither bytes nor durations, so RITA's fourth score, of sizes, is missing and the other three
//! weigh a third each.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt as _, HashSet};

use super::attempts::{Attempt, evidence, grouped};
use super::finding::{Finding, Rhythm, Severity, as_one};
use super::observed::{Observed, bit};
use super::places::Code;
use super::settings::{Beacon, DAY, SECOND, Settings};

/// The parts of a beacon's score, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Score {
    /// How even the intervals are: skew and spread.
    intervals: f64,
    /// Of the former, the spread alone.
    steadiness: f64,
    histogram: f64,
    duration: f64,
}

/// Bins over the whole time of the logs.
const BINS: usize = 24;
/// What a destination that everybody uses loses.
const PREVALENT: f64 = 0.15;

impl Score {
    fn total(self) -> f64 {
        (self.intervals + self.histogram + self.duration) / 3.0
    }
}

/// One finding for each source, target and port.
pub(super) fn beacons(settings: &Settings, observed: &Observed) -> Vec<Finding> {
    let settings = &settings.beacon;
    let Some((start, end)) = observed.span() else { return Vec::new() };
    let span = (start / SECOND, end / SECOND);
    let exempt = bit("beacon") | bit("denied-beacon") | bit("strobe");
    let is_wanted = |one: &Attempt| one.exempt & exempt != exempt;
    let key = |one: &Attempt| (one.source, one.target, one.port, one.protocol, one.is_denied());
    let mut prevalence: HashMap<Code, HashSet<Code>> = HashMap::new();
    let mut sources: HashSet<Code> = HashSet::default();
    for one in &observed.attempts {
        prevalence.entry(one.target).or_default().insert(one.source);
        sources.insert(one.source);
    }
    let mut findings = Vec::new();
    let mut services: BTreeMap<_, (Vec<Finding>, bool)> = BTreeMap::new();
    for group in grouped(&observed.attempts, is_wanted, key).iter() {
        let Some(head) = group.first().copied() else { continue };
        if let Some(strobe) = strobe(group, settings, observed) {
            findings.push(strobe);
            continue;
        }
        let name = if head.is_denied() { "denied-beacon" } else { "beacon" };
        if head.exempt & bit(name) != 0 {
            continue;
        }
        let users = prevalence.get(&head.target).map_or(0, HashSet::len);
        let users = (users, sources.len());
        let finding = beacon(name, group, span, users, settings, observed);
        let service = (head.target, head.port, head.protocol, head.is_denied());
        let is_prevalent = is_prevalent(users, settings);
        let (of_service, _) = services.entry(service).or_insert((Vec::new(), is_prevalent));
        of_service.extend(finding);
    }
    for (of_service, is_prevalent) in services.into_values() {
        if of_service.len() <= ALONE_MAX {
            findings.extend(of_service);
        } else {
            findings.extend(service(of_service, is_prevalent));
        }
    }
    findings
}

/// From more sources on, beacons to one end are one finding: clients of a service do not differ.
const ALONE_MAX: usize = 5;

/// One source of two is half of all and proves nothing.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn is_prevalent((users, sources): (usize, usize), settings: &Beacon) -> bool {
    sources >= 10 && users as f64 >= settings.prevalent_share * sources as f64
}

/// Many sources that call one end like a clock: more likely the clients of a service than guests.
fn service(findings: Vec<Finding>, is_prevalent: bool) -> Option<Finding> {
    let mut one = as_one(findings, "each as regularly as a clock")?;
    // What half of all sources call is a service of the estate.
    one.severity = one.severity.min(if is_prevalent { Severity::Low } else { Severity::Medium });
    Some(one)
}

/// Time itself is asked for like a clock.
fn is_time(head: &Attempt, observed: &Observed) -> bool {
    let protocol = observed.tables.protocols.get(head.protocol);
    head.port == 123 && protocol.is_some_and(|name| name.eq_ignore_ascii_case("udp"))
}

fn beacon(
    name: &'static str,
    group: &[Attempt],
    span: (i64, i64),
    (users, sources): (usize, usize),
    settings: &Beacon,
    observed: &Observed,
) -> Option<Finding> {
    let head = group.first()?;
    let mut seconds: Vec<i64> = group.iter().map(|one| one.time / SECOND).collect();
    seconds.dedup();
    if seconds.len() < settings.minimum {
        return None;
    }
    let score = score(&seconds, span)?;
    let is_prevalent = is_prevalent((users, sources), settings);
    let total = score.total() - if is_prevalent { PREVALENT } else { 0.0 };
    if score.steadiness < settings.steadiness || total < settings.low {
        return None;
    }
    let severity = if head.is_denied() || is_time(head, observed) {
        Severity::Info
    } else if total >= settings.high {
        Severity::High
    } else if total >= settings.medium {
        Severity::Medium
    } else {
        Severity::Low
    };
    let message = format!(
        "{} connections, one every {} in the middle",
        seconds.len(),
        length(median_interval(&seconds)?)
    );
    let mut finding = Finding::new(name, severity, message);
    finding.source = Some(observed.tables.text(head.source));
    finding.target = Some(place(head, observed));
    finding.count = group.len() as u64;
    (finding.first, finding.last) = Observed::times(group.iter());
    finding.evidence = evidence(group.iter().take(1), &observed.tables);
    finding.rhythm = Some(rhythm(&seconds, span));
    let part = |value: f64| format!("{value:.2}");
    let prevalence = format!("{users} of {sources} sources");
    Some(
        finding
            .with_part("score", part(total))
            .with_part("intervals", part(score.intervals))
            .with_part("histogram", part(score.histogram))
            .with_part("duration", part(score.duration))
            .with_part("used by", prevalence),
    )
}

/// Steps of intervals: the middle one of a regular beacon holds nearly all.
const INTERVAL_STEPS: u64 = 24;

/// For a drawing: when the connections came, and how far apart.
fn rhythm(seconds: &[i64], (start, end): (i64, i64)) -> Rhythm {
    let gaps = || seconds.iter().zip(seconds.iter().skip(1)).map(|(a, b)| (b - a).unsigned_abs());
    let mut sorted: Vec<u64> = gaps().collect();
    sorted.sort_unstable();
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
    let step_seconds = (median * 2).div_ceil(INTERVAL_STEPS).max(1);
    let mut intervals = vec![0; usize::try_from(INTERVAL_STEPS).unwrap_or(0) + 1];
    for gap in gaps() {
        let step = usize::try_from((gap / step_seconds).min(INTERVAL_STEPS)).unwrap_or(0);
        if let Some(count) = intervals.get_mut(step) {
            *count += 1;
        }
    }
    Rhythm { bins: bins(seconds, start, end).to_vec(), intervals, step_seconds }
}

/// So many connections a day that no rhythm is needed.
fn strobe(group: &[Attempt], settings: &Beacon, observed: &Observed) -> Option<Finding> {
    let head = group.first()?;
    if (group.len() as u64) < settings.strobe || head.exempt & bit("strobe") != 0 {
        return None;
    }
    let day_of = |one: &Attempt| one.time.div_euclid(DAY);
    let days = group.chunk_by(|a, b| day_of(a) == day_of(b));
    let busiest = days.max_by_key(|day| day.len())?;
    if (busiest.len() as u64) < settings.strobe {
        return None;
    }
    let message = format!("{} connections in one day", busiest.len());
    let severity = if head.is_denied() { Severity::Low } else { Severity::Medium };
    let mut finding = Finding::new("strobe", severity, message);
    finding.source = Some(observed.tables.text(head.source));
    finding.target = Some(place(head, observed));
    finding.count = busiest.len() as u64;
    (finding.first, finding.last) = Observed::times(busiest.iter());
    finding.evidence = evidence(busiest.iter().take(1), &observed.tables);
    Some(finding)
}

fn place(head: &Attempt, observed: &Observed) -> String {
    let target = observed.tables.text(head.target);
    if head.port == 0 { target } else { format!("{target}:{}", head.port) }
}

fn length(seconds: f64) -> String {
    if seconds < 120.0 { format!("{seconds:.0} s") } else { format!("{:.1} min", seconds / 60.0) }
}

#[expect(clippy::cast_precision_loss, reason = "seconds between records are far below 2^53")]
fn intervals(seconds: &[i64]) -> Vec<f64> {
    let pairs = seconds.iter().zip(seconds.iter().skip(1));
    let mut intervals: Vec<f64> = pairs.map(|(a, b)| (b - a) as f64).collect();
    intervals.sort_by(f64::total_cmp);
    intervals
}

fn median_interval(seconds: &[i64]) -> Option<f64> {
    quartile(&intervals(seconds), 2)
}

/// The value below which `quarters` quarters of the sorted `values` lie.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a slice: not negative, far below 2^53"
)]
fn quartile(values: &[f64], quarters: usize) -> Option<f64> {
    let at = values.len().checked_sub(1)? as f64 * quarters as f64 / 4.0;
    let (low, high) = (values.get(at.floor() as usize)?, values.get(at.ceil() as usize)?);
    Some(low + (high - low) * at.fract())
}

/// The score of connections at distinct, sorted `seconds`, in logs that span `start` to `end`.
fn score(seconds: &[i64], (start, end): (i64, i64)) -> Option<Score> {
    let intervals = intervals(seconds);
    if intervals.len() < 3 {
        return None;
    }
    let (q1, q2, q3) =
        (quartile(&intervals, 1)?, quartile(&intervals, 2)?, quartile(&intervals, 3)?);
    let is_flat = q3 - q1 < 10.0 || same(q2, q1) || same(q2, q3);
    let bowley = if is_flat { 0.0 } else { (q1 + q3 - 2.0 * q2) / (q3 - q1) };
    let mut distances: Vec<f64> = intervals.iter().map(|value| (value - q2).abs()).collect();
    distances.sort_by(f64::total_cmp);
    let mad = quartile(&distances, 2)?;
    let steadiness = if q2 >= 1.0 { ((q2 - mad) / q2).max(0.0) } else { 1.0 };
    let bins = bins(seconds, start, end);
    Some(Score {
        intervals: f64::midpoint(1.0 - bowley.abs(), steadiness),
        steadiness,
        histogram: histogram(&bins),
        duration: duration(seconds, &bins, (start, end)),
    })
}

/// Whether two whole numbers of seconds, or halves of them, are the same.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

/// Connections in each of equally long stretches of the whole time.
fn bins(seconds: &[i64], start: i64, end: i64) -> [u64; BINS] {
    let mut bins = [0; BINS];
    let span = (end - start + 1).max(1);
    for second in seconds {
        let scaled = i128::from(second - start) * BINS as i128 / i128::from(span);
        let place = usize::try_from(scaled).unwrap_or(0).min(BINS - 1);
        if let Some(bin) = bins.get_mut(place) {
            *bin += 1;
        }
    }
    bins
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of connections: not negative, far below 2^53"
)]
fn histogram(bins: &[u64; BINS]) -> f64 {
    let total: u64 = bins.iter().sum();
    let mean = total as f64 / BINS as f64;
    let variance = bins.iter().map(|bin| (*bin as f64 - mean).powi(2)).sum::<f64>() / BINS as f64;
    let even = if mean > 0.0 { (1.0 - variance.sqrt() / mean).max(0.0) } else { 0.0 };
    let filled: Vec<u64> = bins.iter().copied().filter(|bin| *bin > 0).collect();
    if filled.len() < 11 {
        return even;
    }
    let highest = filled.iter().copied().max().unwrap_or(0);
    let step = ((highest as f64 * 0.05).ceil() as u64).max(1);
    let mut groups: HashMap<u64, usize> = HashMap::new();
    for bin in &filled {
        *groups.entry(bin / step).or_default() += 1;
    }
    let mut sizes: Vec<usize> = groups.into_values().collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let two: usize = sizes.iter().take(2).sum();
    let modal = (two as f64 / (BINS - 1) as f64).min(1.0);
    even.max(modal)
}

#[expect(clippy::cast_precision_loss, reason = "seconds and bins are far below 2^53")]
fn duration(seconds: &[i64], bins: &[u64; BINS], (start, end): (i64, i64)) -> f64 {
    let filled = bins.iter().filter(|bin| **bin > 0).count();
    let (Some(first), Some(last)) = (seconds.first(), seconds.last()) else { return 0.0 };
    if filled < 6 {
        return 0.0;
    }
    let coverage = (last - first) as f64 / (end - start).max(1) as f64;
    // The longest run of bins with connections; the last one is followed by the first.
    let (mut run, mut longest) = (0usize, 0usize);
    for bin in bins.iter().chain(bins) {
        run = if *bin > 0 { run + 1 } else { 0 };
        longest = longest.max(run.min(BINS));
    }
    coverage.max(longest as f64 / 12.0).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    const DAY_S: i64 = 86_400;

    #[test]
    fn a_clock_scores_one_and_chance_does_not() {
        let clock: Vec<i64> = (0..DAY_S / 60).map(|minute| minute * 60).collect();
        let found = score(&clock, (0, DAY_S - 1)).expect("a score");
        assert!(found.total() > 0.99, "{found:?}");

        let mut random = Random::new(7);
        let mut chance: Vec<i64> =
            (0..1440).map(|_| i64::try_from(random.below(86_400)).expect("a second")).collect();
        chance.sort_unstable();
        chance.dedup();
        let found = score(&chance, (0, DAY_S - 1)).expect("a score");
        assert!(found.steadiness < 0.5, "{found:?}");
    }

    #[test]
    fn jitter_of_a_fifth_is_still_steady() {
        let mut random = Random::new(11);
        let mut at = 0;
        let jittered: Vec<i64> = (0..200)
            .map(|_| {
                at += 300 - 60 + i64::try_from(random.below(121)).expect("a second");
                at
            })
            .collect();
        let found = score(&jittered, (0, at)).expect("a score");
        assert!(found.steadiness > 0.8 && found.total() > 0.8, "{found:?}");
    }

    #[test]
    fn a_drawing_holds_every_connection_and_every_interval() {
        let found = rhythm(&[0, 60, 120, 180, 400, 460], (0, 479));
        assert_eq!(found.bins.iter().sum::<u64>(), 6);
        assert_eq!((found.intervals.iter().sum::<u64>(), found.step_seconds), (5, 5));
        // Four intervals of a minute, and one that is longer than two.
        assert_eq!((found.intervals[12], found.intervals[24]), (4, 1));
    }

    #[test]
    fn rita_scores() {
        // Intervals 10, 20, 20, 20, 30: quartiles 20, 20, 20, no skew, no spread.
        let found = score(&[0, 10, 30, 50, 70, 100], (0, 100)).expect("a score");
        assert!(same(found.intervals, 1.0), "{found:?}");
        // Six connections fall into six bins: the duration counts.
        assert!(same(found.duration, 1.0), "{found:?}");
        assert_eq!(score(&[0, 10, 20], (0, 20)), None, "two intervals say nothing");
    }
}
