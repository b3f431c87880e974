//! Events per minute and class.

use super::dictionary::CodeMap;
use super::row::{CLASSES, Class};

const MINUTE_US: i64 = 60_000_000;
const DAY_MINUTES: i64 = 24 * 60;

/// Events per minute and class. The minute of the last event is at hand.
#[derive(Debug, Clone, Default)]
pub(super) struct Activity {
    minute: i64,
    counts: [u64; CLASSES],
    pub(super) earlier: CodeMap<i64, [u64; CLASSES]>,
    /// Beyond so many, days are told apart: wrong clocks may tell of any minute.
    pub(super) minutes_max: Option<usize>,
}

impl Activity {
    pub(super) fn add(&mut self, time: i64, class: Class) {
        let minute = time.div_euclid(MINUTE_US);
        if minute != self.minute {
            self.put_away();
            self.minute = minute;
        }
        if let Some(count) = self.counts.get_mut(class as usize) {
            *count += 1;
        }
    }

    pub(super) fn put_away(&mut self) {
        let counts = std::mem::take(&mut self.counts);
        if counts.iter().any(|&count| count > 0) {
            self.add_all(self.minute, counts);
        }
    }

    fn add_all(&mut self, mut minute: i64, counts: [u64; CLASSES]) {
        let is_full = self.minutes_max.is_some_and(|most| self.earlier.len() >= most);
        if is_full && !self.earlier.contains_key(&minute) {
            minute -= minute.rem_euclid(DAY_MINUTES);
        }
        let known = self.earlier.entry(minute).or_default();
        known.iter_mut().zip(counts).for_each(|(known, count)| *known += count);
    }

    pub(super) fn merge(&mut self, mut other: Self) {
        other.put_away();
        for (minute, counts) in other.earlier {
            self.add_all(minute, counts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_clocks_fill_no_memory() {
        let mut activity = Activity { minutes_max: Some(10), ..Activity::default() };
        for minute in 0..100_000 {
            activity.add(minute * MINUTE_US, Class::Allowed);
        }
        activity.put_away();
        assert!(activity.earlier.len() <= 10 + 100_000 / 1440 + 1);
        let all: u64 = activity.earlier.values().flatten().sum();
        assert_eq!(all, 100_000);
    }
}
