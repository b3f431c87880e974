//! Hours in which a source is denied, or reaches around, far more than in its other hours.
//!
//! After Microsoft Sentinel's "Abnormal Deny Rate for Source IP", corrected: hours without a record
//! count as hours with none, the hour that is judged is no part of what it is compared with, and the
//! median has a say beside the mean, which one outlier moves. Small counts scatter by nature, so the
//! distance also has to be one that chance would not explain (six times the square root of the mean).
//! And what all other sources do in that hour is its measure too: a working day that begins is no
//! attack.

use std::collections::{BTreeMap, BTreeSet};

use super::Coverage;
use super::attempts::{Attempt, evidence, grouped, timestamp};
use super::finding::{Finding, Severity, as_one};
use super::observed::{Observed, bit};
use super::settings::{HOUR, Rate, Settings};

/// An hour that stands out.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Outlier {
    hour: i64,
    count: u64,
    mean: f64,
    deviation: f64,
}

/// How much of the mean absolute deviation a standard deviation is, in a normal distribution.
const DEVIATION_OF_MAD: f64 = 1.4826;
/// Distance from the mean that chance does not explain, in square roots of the mean.
const BEYOND_CHANCE: f64 = 6.0;

pub(super) fn deny_rate(
    settings: &Settings,
    observed: &Observed,
    coverage: &mut Coverage,
) -> Vec<Finding> {
    let is_wanted = |one: &Attempt| one.is_denied() && one.exempt & bit("deny-rate") == 0;
    outliers("deny-rate", &settings.deny_rate, observed, coverage, is_wanted, |hour| {
        hour.len() as u64
    })
}

pub(super) fn fan_out(
    settings: &Settings,
    observed: &Observed,
    coverage: &mut Coverage,
) -> Vec<Finding> {
    let is_wanted = |one: &Attempt| one.exempt & bit("fan-out") == 0;
    outliers("fan-out", &settings.fan_out, observed, coverage, is_wanted, |hour| {
        hour.iter().map(|one| one.target).collect::<BTreeSet<_>>().len() as u64
    })
}

fn outliers(
    detection: &'static str,
    settings: &Rate,
    observed: &Observed,
    coverage: &mut Coverage,
    is_wanted: impl Fn(&Attempt) -> bool,
    measure: impl Fn(&[Attempt]) -> u64,
) -> Vec<Finding> {
    let Some((first, last)) = observed.span() else { return Vec::new() };
    let hour_of = |time: i64| time.div_euclid(HOUR);
    let hours = usize::try_from(hour_of(last) - hour_of(first) + 1).unwrap_or(usize::MAX);
    if hours < settings.hours {
        let why = format!("the logs span {hours} of the {} hours it needs", settings.hours);
        coverage.not_judged.push((detection, why));
        return Vec::new();
    }
    let groups = grouped(&observed.attempts, is_wanted, |one| one.source);
    let sources: Vec<Source<'_>> = groups
        .iter()
        .map(|group| {
            let chunks = group.chunk_by(|a, b| hour_of(a.time) == hour_of(b.time));
            let hours = chunks.filter_map(|chunk| {
                Some((hour_of(chunk.first()?.time), Hour { count: measure(chunk), chunk }))
            });
            hours.collect()
        })
        .collect();
    let mut everybody: BTreeMap<i64, u64> = BTreeMap::new();
    for (hour, own) in sources.iter().flatten() {
        *everybody.entry(*hour).or_default() += own.count;
    }
    let findings = sources.iter().filter_map(|source| {
        let counts: Vec<(i64, u64)> = source.iter().map(|(hour, own)| (*hour, own.count)).collect();
        let found: Vec<Outlier> = strange_hours(&counts, &everybody, hours, settings);
        let worst = found.iter().max_by_key(|outlier| (outlier.count, outlier.hour))?;
        let chunk = source.get(&worst.hour)?.chunk;
        Some(finding(detection, worst, found.len(), chunk, observed))
    });
    let (clear, mut faint): (Vec<Finding>, Vec<Finding>) =
        findings.partition(|finding| finding.severity > Severity::Low);
    if faint.len() > FAINT_MAX {
        faint = as_one(faint, "each has an hour far above its others").into_iter().collect();
    }
    clear.into_iter().chain(faint).collect()
}

/// Among many sources some have a busy hour by chance: more low findings than this are one.
const FAINT_MAX: usize = 5;

/// The attempts of one source in an hour.
struct Hour<'a> {
    count: u64,
    chunk: &'a [Attempt],
}

type Source<'a> = BTreeMap<i64, Hour<'a>>;

/// What a source would have in an hour if it followed all others.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn following((hour, count): (i64, u64), own: &[(i64, u64)], everybody: &BTreeMap<i64, u64>) -> f64 {
    let own_rest: u64 = own.iter().map(|(_, count)| count).sum::<u64>() - count;
    let all: u64 = everybody.values().sum();
    let in_hour = everybody.get(&hour).copied().unwrap_or(0);
    let others_in_hour = in_hour.saturating_sub(count);
    let others_rest = all.saturating_sub(in_hour).saturating_sub(own_rest);
    if others_rest == 0 {
        0.0
    } else {
        own_rest as f64 * others_in_hour as f64 / others_rest as f64
    }
}

/// The hours among `counts` that stand out from all others of `hours` hours.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn strange_hours(
    counts: &[(i64, u64)],
    everybody: &BTreeMap<i64, u64>,
    hours: usize,
    settings: &Rate,
) -> Vec<Outlier> {
    let sum: f64 = counts.iter().map(|(_, count)| *count as f64).sum();
    let squares: f64 = counts.iter().map(|(_, count)| (*count as f64).powi(2)).sum();
    let others = hours.saturating_sub(1).max(1) as f64;
    let strange = counts.iter().filter_map(|&(hour, count)| {
        let value = count as f64;
        let mean = (sum - value) / others;
        let deviation = ((squares - value * value) / others - mean * mean).max(0.0).sqrt();
        let usual = mean.max(following((hour, count), counts, everybody));
        let is_far = count >= settings.minimum
            && value > mean + settings.deviations * deviation
            && value >= settings.times * usual
            && value > usual + BEYOND_CHANCE * (usual + 1.0).sqrt();
        if !is_far {
            return None;
        }
        let rest = counts.iter().filter(|(other, _)| *other != hour).map(|(_, count)| *count);
        let (median, mad) = median_and_mad(rest.collect(), hours.saturating_sub(1));
        let limit = median + settings.deviations * DEVIATION_OF_MAD * mad;
        (value > limit).then_some(Outlier { hour, count, mean, deviation })
    });
    strange.collect()
}

/// Median and median absolute deviation of `values` filled up with zeros to `length`.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn median_and_mad(mut values: Vec<u64>, length: usize) -> (f64, f64) {
    values.resize(length.max(values.len()), 0);
    values.sort_unstable();
    let median = values.get(values.len() / 2).copied().unwrap_or(0);
    let mut distances: Vec<u64> = values.iter().map(|value| value.abs_diff(median)).collect();
    distances.sort_unstable();
    (median as f64, distances.get(distances.len() / 2).copied().unwrap_or(0) as f64)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn finding(
    detection: &'static str,
    worst: &Outlier,
    hours: usize,
    chunk: &[Attempt],
    observed: &Observed,
) -> Finding {
    let what = if detection == "fan-out" { "destinations" } else { "denied attempts" };
    let usual = format!("{:.1} in its other hours", worst.mean);
    let more = match hours {
        1 => String::new(),
        hours => format!("; {} more such hours", hours - 1),
    };
    let message = format!("{} {what} in an hour, {usual}{more}", worst.count);
    let is_grave = worst.count as f64 >= 10.0 * worst.mean.max(10.0);
    let severity = if is_grave { Severity::Medium } else { Severity::Low };
    let mut finding = Finding::new(detection, severity, message);
    finding.source = chunk.first().map(|one| observed.tables.text(one.source));
    finding.first = timestamp(worst.hour * HOUR);
    finding.last = chunk.last().and_then(|one| timestamp(one.time));
    finding.count = worst.count;
    finding.evidence = evidence(chunk.iter(), &observed.tables);
    finding
        .with_part("mean", format!("{:.1}", worst.mean))
        .with_part("deviation", format!("{:.1}", worst.deviation))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strange(counts: &[u64]) -> Vec<i64> {
        let counts: Vec<_> = (0..).zip(counts.iter().copied()).filter(|(_, n)| *n > 0).collect();
        let alone = counts.iter().copied().collect();
        let found = strange_hours(&counts, &alone, 12, &Rate::default());
        found.iter().map(|one| one.hour).collect()
    }

    #[test]
    fn who_does_as_everybody_does_is_not_strange() {
        let own: Vec<(i64, u64)> = vec![(0, 4), (1, 4), (2, 4), (3, 60), (4, 4), (5, 4)];
        let strange = |everybody: [u64; 6]| {
            let everybody = (0..).zip(everybody).collect();
            strange_hours(&own, &everybody, 12, &Rate::default()).len()
        };
        assert_eq!(strange([400, 400, 400, 400, 400, 400]), 1);
        assert_eq!(strange([400, 400, 400, 6000, 400, 400]), 0);
    }

    #[test]
    fn an_hour_is_compared_with_all_others() {
        assert_eq!(strange(&[2, 3, 2, 80, 3]), [3]);
        assert_eq!(strange(&[0, 0, 0, 20]), [3], "the least that counts");
        assert!(strange(&[0, 0, 0, 19]).is_empty());
        assert!(strange(&[40, 55, 38, 60, 44, 52, 41, 39, 57, 43, 50, 48]).is_empty());
        // Office hours are no outliers of the night.
        assert!(strange(&[0, 0, 0, 0, 0, 0, 0, 0, 30, 31, 29, 33]).is_empty());
    }

    #[test]
    fn hours_without_a_record_count_as_none() {
        assert_eq!(median_and_mad(vec![5, 7], 5), (0.0, 0.0));
        assert_eq!(median_and_mad(vec![1, 2, 3, 4, 100], 5), (3.0, 1.0));
    }
}
