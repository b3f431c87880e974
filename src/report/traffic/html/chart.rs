//! The time line and the small lines of the cards, as SVG paths.

use std::collections::BTreeMap;

use foldhash::HashMap;
use jiff::Timestamp;

use crate::report::traffic::sheet::grouped;
use crate::tables::{CellClass, Cube, Gap};

/// Size of the drawing, in its own units. The script draws into the same.
const WIDTH: u64 = 1_000;
const HEIGHT: u64 = 180;
/// Bars that can still be told apart.
const BARS_MAX: u64 = 250;
const SPARK_WIDTH: u64 = 100;
const SPARK_HEIGHT: u64 = 24;

/// Kinds of records as the page tells them apart.
const GROUPS: usize = 4;

/// The time line: one path for each kind of records.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) allowed: String,
    pub(super) denied: String,
    pub(super) threat: String,
    /// Where usually busy firewalls wrote nothing: left edges and widths.
    pub(super) gaps: Vec<(u64, u64)>,
    pub(super) highest: String,
    pub(super) ticks: Vec<String>,
    pub(super) per: String,
    pub(super) is_empty: bool,
}

/// Records of each group by bar.
fn bars(cube: &Cube, bars_max: u64) -> (u64, Vec<[u64; GROUPS]>) {
    let per_bar = cube.buckets.div_ceil(bars_max).max(1);
    let count = usize::try_from(cube.buckets.div_ceil(per_bar)).unwrap_or(0);
    let mut bars = vec![[0; GROUPS]; count];
    for cell in &cube.cells {
        let bucket = cell.bucket.and_then(|bucket| u64::try_from(bucket).ok());
        let bar = bucket.and_then(|bucket| usize::try_from(bucket / per_bar).ok());
        let group = match cell.class {
            CellClass::Allowed => 0,
            CellClass::DeniedByRule | CellClass::DeniedByDefault => 1,
            CellClass::ThreatAlert
            | CellClass::ThreatDenied
            | CellClass::IdpsAlert
            | CellClass::IdpsDenied => 2,
            CellClass::Dnat => 3,
        };
        let place = bar.and_then(|bar| bars.get_mut(bar)).and_then(|bar| bar.get_mut(group));
        if let Some(place) = place {
            *place += cell.records;
        }
    }
    (per_bar, bars)
}

impl Chart {
    pub(super) fn new(cube: &Cube, gaps: &[Gap]) -> Self {
        let (per_bar, bars) = bars(cube, BARS_MAX);
        let stacked = |bar: &[u64; GROUPS]| bar.iter().take(3).sum::<u64>();
        let highest = bars.iter().map(stacked).max().unwrap_or(0);
        let count = bars.len() as u64;
        let mut paths = [const { String::new() }; 3];
        for (index, bar) in bars.iter().enumerate() {
            let left = scaled(index as u64, count, WIDTH);
            let right = scaled(index as u64 + 1, count, WIDTH);
            let width = (right - left).saturating_sub(u64::from(right - left > 3)).max(1);
            let mut below = 0;
            for (path, records) in paths.iter_mut().zip(bar) {
                if *records > 0 {
                    let top = HEIGHT - scaled(below + records, highest, HEIGHT);
                    let bottom = HEIGHT - scaled(below, highest, HEIGHT);
                    // What is there is seen.
                    let top = top.min(bottom.saturating_sub(1));
                    path.push_str(&format!("M{left} {bottom}h{width}V{top}h-{width}z"));
                }
                below += records;
            }
        }
        let [allowed, denied, threat] = paths;
        let minutes = cube.bucket_seconds * per_bar / 60;
        Self {
            allowed,
            denied,
            threat,
            gaps: gaps.iter().filter_map(|gap| gap_place(gap, cube)).collect(),
            highest: grouped(highest),
            ticks: ticks(cube),
            per: match minutes {
                1 => "a minute".to_owned(),
                60 => "an hour".to_owned(),
                minutes if minutes % 60 == 0 => format!("in {} hours", minutes / 60),
                minutes => format!("in {minutes} minutes"),
            },
            is_empty: highest == 0,
        }
    }
}

/// `part` of `whole`, on a scale of `length`.
fn scaled(part: u64, whole: u64, length: u64) -> u64 {
    let product = u128::from(part) * u128::from(length);
    let place = product.checked_div(u128::from(whole)).unwrap_or(0);
    u64::try_from(place).unwrap_or(length).min(length)
}

fn gap_place(gap: &Gap, cube: &Cube) -> Option<(u64, u64)> {
    let seconds = cube.buckets * cube.bucket_seconds;
    let begin = u64::try_from(gap.first.as_second() - cube.first_second).ok()?;
    let left = scaled(begin, seconds, WIDTH);
    Some((left, scaled(gap.hours * 3600, seconds, WIDTH).max(2)))
}

fn ticks(cube: &Cube) -> Vec<String> {
    let seconds = cube.buckets * cube.bucket_seconds;
    let format = if seconds <= 62 * 86_400 { "%m-%d %H:%M" } else { "%Y-%m-%d" };
    // Full hours, where that is possible.
    let even = [6, 4, 5, 3].into_iter().find(|count| cube.buckets.is_multiple_of(*count));
    let count = even.unwrap_or(5).min(cube.buckets);
    (0..count)
        .filter_map(|index| {
            let offset = i64::try_from(seconds * index / count).ok()?;
            let time = Timestamp::from_second(cube.first_second.checked_add(offset)?).ok()?;
            Some(time.strftime(format).to_string())
        })
        .collect()
}

/// A line for each group; empty where there is nothing.
pub(super) fn sparks(cube: &Cube) -> [String; GROUPS] {
    let (_, bars) = bars(cube, SPARK_WIDTH / 2);
    let mut index = 0..GROUPS;
    [(); GROUPS].map(|()| {
        let group = index.next().unwrap_or(0);
        let values: Vec<u64> =
            bars.iter().map(|bar| bar.get(group).copied().unwrap_or(0)).collect();
        line(&values, SPARK_WIDTH, SPARK_HEIGHT)
    })
}

/// `values` from left to right; empty where all are 0.
fn line(values: &[u64], width: u64, height: u64) -> String {
    let count = values.len().saturating_sub(1).max(1) as u64;
    let highest = values.iter().copied().max().unwrap_or(0);
    if highest == 0 {
        return String::new();
    }
    let mut path = String::new();
    for (place, value) in values.iter().enumerate() {
        let letter = if place == 0 { 'M' } else { 'L' };
        let x = scaled(place as u64, count, width);
        let y = height - scaled(*value, highest, height - 2) - 1;
        path.push_str(&format!("{letter}{x} {y}"));
    }
    if values.len() == 1 {
        path.push_str(&format!("h{width}"));
    }
    path
}

/// Places of a line in a table.
const MINI_PLACES: u64 = 24;

/// A small line for each rule, by what the cube calls it.
pub(super) fn rule_lines(cube: &Cube) -> HashMap<&str, String> {
    let places = MINI_PLACES.min(cube.buckets).max(1);
    let drawn = |buckets: &BTreeMap<i64, u64>| {
        let mut values = vec![0; usize::try_from(places).unwrap_or(1)];
        for (bucket, records) in buckets {
            let place = scaled(bucket.unsigned_abs(), cube.buckets, places).min(places - 1);
            if let Some(value) = usize::try_from(place).ok().and_then(|at| values.get_mut(at)) {
                *value += records;
            }
        }
        line(&values, 72, 18)
    };
    cube.rules.iter().map(|(rule, buckets)| (rule.as_str(), drawn(buckets))).collect()
}

/// Bars from left to right in a box of `width` and `height`; what is there is seen.
pub(super) fn bar_path(values: &[u64], width: u64, height: u64) -> String {
    let highest = values.iter().copied().max().unwrap_or(0);
    let count = values.len() as u64;
    let mut path = String::new();
    for (place, value) in values.iter().enumerate().filter(|(_, value)| **value > 0) {
        let left = scaled(place as u64, count, width);
        let right = scaled(place as u64 + 1, count, width);
        let high = scaled(*value, highest, height).max(1);
        let wide = (right - left).saturating_sub(1).max(1);
        path.push_str(&format!("M{left} {height}v-{high}h{wide}v{high}z"));
    }
    path
}
