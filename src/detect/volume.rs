//! Days that are far busier or quieter than the line and the week through all days say.
//!
//! As Kusto's `series_decompose_anomalies` does it: a fitted line and the mean of each day of the
//! week are taken away, and what remains is scored by its distance from the middle half, in units of
//! that half's width (Tukey's fences).

use std::collections::BTreeMap;

use super::Coverage;
use super::attempts::timestamp;
use super::finding::{Finding, Severity};
use super::observed::{Observed, bit};
use super::settings::{DAY, Settings, Volume};

const WEEK: usize = 7;

pub(super) fn volumes(
    settings: &Settings,
    observed: &Observed,
    coverage: &mut Coverage,
) -> Vec<Finding> {
    let settings = &settings.strange_volume;
    let Some((first, last)) = observed.span() else { return Vec::new() };
    // The first and the last day are seldom whole.
    let (first_day, end_day) = (first.div_euclid(DAY) + 1, last.div_euclid(DAY));
    let days = usize::try_from(end_day - first_day).unwrap_or(0);
    if days < settings.days {
        let why = format!("the logs hold {days} of the {} whole days it needs", settings.days);
        coverage.not_judged.push(("strange-volume", why));
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (name, is_denied) in [("denied", true), ("not denied", false)] {
        let mut counts: BTreeMap<i64, u64> = (first_day..end_day).map(|day| (day, 0)).collect();
        for one in &observed.attempts {
            if one.is_denied() == is_denied
                && one.exempt & bit("strange-volume") == 0
                && let Some(count) = counts.get_mut(&one.time.div_euclid(DAY))
            {
                *count += 1;
            }
        }
        let series: Vec<u64> = counts.into_values().collect();
        for (place, expected, score) in strange_days(&series, settings) {
            let day = first_day + i64::try_from(place).unwrap_or(0);
            let count = series.get(place).copied().unwrap_or(0);
            let message = format!(
                "{count} connections {name} in a day, where {expected:.0} were to be expected"
            );
            let mut finding = Finding::new("strange-volume", Severity::Low, message);
            finding.first = timestamp(day * DAY);
            finding.last = timestamp((day + 1) * DAY - 1);
            finding.count = count;
            findings.push(finding.with_part("score", format!("{score:.1}")));
        }
    }
    findings
}

/// Places of strange days, what was to be expected, and their score.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn strange_days(series: &[u64], settings: &Volume) -> Vec<(usize, f64, f64)> {
    let values: Vec<f64> = series.iter().map(|count| *count as f64).collect();
    let line = fitted(&values);
    let rest: Vec<f64> = values.iter().zip(&line).map(|(value, line)| value - line).collect();
    // Two weeks do not tell a weekday from a chance; the median is not moved by one strange day.
    let week: Vec<f64> = (0..WEEK)
        .map(|weekday| {
            let of_day = rest.iter().skip(weekday).step_by(WEEK).copied().collect();
            if values.len() >= 3 * WEEK { median(of_day) } else { 0.0 }
        })
        .collect();
    let expected: Vec<f64> =
        line.iter().zip(week.iter().cycle()).map(|(line, weekday)| line + weekday).collect();
    let left: Vec<f64> = values.iter().zip(&expected).map(|(value, fit)| value - fit).collect();
    let mut sorted = left.clone();
    sorted.sort_by(f64::total_cmp);
    let at = |quarters: usize| sorted.get(sorted.len() * quarters / 4).copied().unwrap_or(0.0);
    let (low, high) = (at(1), at(3));
    let width = (high - low).max(1.0);
    let scored = left.iter().zip(&expected).enumerate().filter_map(|(place, (left, expected))| {
        let beyond = if *left > high { left - high } else { left - low };
        let is_outside = *left > high || *left < low;
        let score = beyond / width;
        let is_strange =
            is_outside && score.abs() >= settings.score && left.abs() >= settings.minimum as f64;
        is_strange.then_some((place, expected.max(0.0), score))
    });
    scored.collect()
}

/// The line through the values that a few outliers do not move (Theil and Sen).
#[expect(clippy::cast_precision_loss, reason = "days are few")]
fn fitted(values: &[f64]) -> Vec<f64> {
    let mut slopes = Vec::new();
    for (a, first) in values.iter().enumerate() {
        for (b, second) in values.iter().enumerate().skip(a + 1) {
            slopes.push((second - first) / (b - a) as f64);
        }
    }
    let slope = median(slopes);
    let starts = values.iter().enumerate().map(|(day, value)| value - slope * day as f64).collect();
    let start = median(starts);
    (0..values.len()).map(|day| start + slope * day as f64).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_off_the_line_stands_out() {
        let mut series: Vec<u64> = (0..21).map(|day| 10_000 + 100 * day + (day % 3) * 50).collect();
        let strange = |series: &[u64]| {
            let found = strange_days(series, &Volume::default());
            found.into_iter().map(|(place, ..)| place).collect::<Vec<_>>()
        };
        assert!(strange(&series).is_empty());
        series[12] += 9_000;
        assert_eq!(strange(&series), [12]);
        series[5] = 0;
        assert_eq!(strange(&series), [5, 12]);
    }

    #[test]
    fn weekends_are_no_outliers() {
        let series: Vec<u64> =
            (0..35).map(|day| if day % 7 < 5 { 50_000 + day * 13 } else { 4_000 }).collect();
        assert!(strange_days(&series, &Volume::default()).is_empty());
    }
}
