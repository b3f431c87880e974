//! Hours without a record on a firewall that is usually busy: logs that are missing, or an outage.

use std::collections::BTreeMap;

use jiff::Timestamp;
use smol_str::SmolStr;

use crate::logs::LogRecord;

const HOUR_S: i64 = 3600;
/// With at least so many records in a usual hour, an hour without one is no chance.
const BUSY_PER_HOUR: u64 = 20;
/// A firewall that rests at night or at weekends is not usually busy: of four hours three have records.
const BUSY_SHARE: (u64, u64) = (3, 4);
/// Of hours that are this few nothing is usual.
const HOURS_MIN: usize = 6;
/// Wrong clocks must not make the report endless.
const GAPS_MAX: usize = 100;

/// Hours in a row without a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Absent where records do not name their firewall.
    pub firewall: Option<SmolStr>,
    /// The first hour without a record.
    pub first: Timestamp,
    pub hours: u64,
    /// The median of the hours with records.
    pub usual: u64,
}

/// Records by hour, of each firewall.
pub(super) type StoredPresence = Vec<(Option<SmolStr>, BTreeMap<i64, u64>)>;

/// Counts records by firewall and hour.
#[derive(Debug, Clone, Default)]
pub struct Presence {
    firewalls: StoredPresence,
    /// The place of the last record's firewall: the next one is mostly of the same.
    last: usize,
}

impl Presence {
    /// Takes a record in any order.
    pub fn push(&mut self, record: &LogRecord) {
        let Some(time) = record.time else { return };
        self.add_all(record.firewall.as_ref(), time.as_second().div_euclid(HOUR_S), 1);
    }

    /// Takes records of `firewall` and of an hour since 1970.
    pub(super) fn add_all(&mut self, firewall: Option<&SmolStr>, hour: i64, count: u64) {
        let is_last = self.firewalls.get(self.last).is_some_and(|(id, _)| id.as_ref() == firewall);
        if !is_last {
            let known = self.firewalls.iter().position(|(id, _)| id.as_ref() == firewall);
            self.last = known.unwrap_or_else(|| {
                self.firewalls.push((firewall.cloned(), BTreeMap::new()));
                self.firewalls.len() - 1
            });
        }
        if let Some((_, hours)) = self.firewalls.get_mut(self.last) {
            *hours.entry(hour).or_default() += count;
        }
    }

    /// Takes over what `other` has counted. The order of merging does not matter.
    pub fn merge(&mut self, other: Self) {
        for (firewall, hours) in other.firewalls {
            for (hour, count) in hours {
                self.add_all(firewall.as_ref(), hour, count);
            }
        }
    }

    /// Hours of each firewall, in order.
    pub(super) fn stored(mut self) -> StoredPresence {
        self.firewalls.sort();
        self.firewalls
    }

    /// Takes back what was stored.
    pub(super) fn restored(firewalls: StoredPresence) -> Self {
        Self { firewalls, last: 0 }
    }

    /// The gaps, by firewall and time.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps: Vec<Gap> =
            self.firewalls.iter().flat_map(|(id, hours)| gaps_of(id.as_ref(), hours)).collect();
        gaps.sort_by(|a, b| (&a.firewall, a.first).cmp(&(&b.firewall, b.first)));
        gaps.truncate(GAPS_MAX);
        gaps
    }
}

fn gaps_of(firewall: Option<&SmolStr>, hours: &BTreeMap<i64, u64>) -> Vec<Gap> {
    let usual = median(hours);
    if hours.len() < HOURS_MIN || usual < BUSY_PER_HOUR || !is_mostly_busy(hours) {
        return Vec::new();
    }
    let pairs = hours.keys().zip(hours.keys().skip(1));
    pairs
        .filter_map(|(&before, &after)| {
            let silent = u64::try_from(after - before - 1).ok().filter(|hours| *hours > 0)?;
            let first = Timestamp::from_second((before + 1) * HOUR_S).ok()?;
            Some(Gap { firewall: firewall.cloned(), first, hours: silent, usual })
        })
        .collect()
}

fn median(hours: &BTreeMap<i64, u64>) -> u64 {
    let mut counts: Vec<u64> = hours.values().copied().collect();
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied().unwrap_or(0)
}

fn is_mostly_busy(hours: &BTreeMap<i64, u64>) -> bool {
    let ends = (hours.keys().next(), hours.keys().next_back());
    let (Some(first), Some(last)) = ends else { return false };
    let span = (last - first + 1).unsigned_abs();
    (hours.len() as u64).saturating_mul(BUSY_SHARE.1) >= span.saturating_mul(BUSY_SHARE.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::RecordKind;
    use crate::tables::sample::record;

    fn gaps(hours: &[u32], per_hour: u32) -> Vec<(String, u64)> {
        let mut presence = Presence::default();
        for hour in hours {
            for index in 0..per_hour {
                let at = f64::from(*hour) * 3600.0 + f64::from(index);
                presence.push(&record(RecordKind::Network, at));
            }
        }
        let gaps = presence.gaps();
        gaps.iter().map(|gap| (gap.first.to_string(), gap.hours)).collect()
    }

    #[test]
    fn silence_on_a_busy_firewall_is_a_gap() {
        let hours = [0, 1, 2, 3, 6, 7, 8, 9, 10];
        assert_eq!(gaps(&hours, 20), [("2026-09-07T16:00:00Z".to_owned(), 2)]);
        assert!(gaps(&hours, 19).is_empty(), "not busy enough");
        assert!(gaps(&[0, 1, 2, 3, 8], 50).is_empty(), "too few hours to know what is usual");
        assert!(gaps(&[0, 1, 2, 20, 21, 22, 40, 41], 50).is_empty(), "it rests at night");
    }

    #[test]
    fn each_firewall_is_looked_at_alone() {
        let mut presence = Presence::default();
        for hour in 0..12 {
            for index in 0..30 {
                let mut one = record(RecordKind::Network, f64::from(hour * 3600 + index));
                presence.push(&one);
                one.firewall = Some("other".into());
                if hour != 5 {
                    presence.push(&one);
                }
            }
        }
        let gaps = presence.gaps();
        assert_eq!(gaps.len(), 1);
        assert_eq!(
            (gaps[0].firewall.as_deref(), gaps[0].hours, gaps[0].usual),
            (Some("other"), 1, 30)
        );
    }
}
