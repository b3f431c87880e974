//! Times as people write them in filters: each stands for a stretch as long as it is precise.

use std::ops::Bound;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A stretch of time: a day, a minute, a second, or a moment. The end is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    // INVARIANT: `start < end`.
    start: Timestamp,
    end: Timestamp,
}

impl Stretch {
    /// What `text` means: `2026-03-01` a day, `2026-03-01T10:00` a minute, `2026-03-01T10:00:00Z` a
    /// second, with a fraction a moment. Without a zone it is time of `zone`.
    #[must_use]
    pub fn parse(text: &str, zone: &TimeZone) -> Option<Self> {
        let Some((_, clock)) = text.split_once(['T', 't', ' ']) else {
            let day: Date = text.parse().ok()?;
            let next = day.tomorrow().ok()?;
            let start = day.to_zoned(zone.clone()).ok()?.timestamp();
            return Self::new(start, next.to_zoned(zone.clone()).ok()?.timestamp());
        };
        let time = text.parse::<Timestamp>().ok();
        let local = || text.parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok();
        let start = time.or_else(|| local().map(|local| local.timestamp()))?;
        Self::new(start, start.checked_add(precision(clock)).ok()?)
    }

    fn new(start: Timestamp, end: Timestamp) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// From its start, without an end.
    #[must_use]
    pub fn from_start(self) -> (Bound<Timestamp>, Bound<Timestamp>) {
        (Bound::Included(self.start), Bound::Unbounded)
    }

    /// Everything behind it.
    #[must_use]
    pub fn behind(self) -> (Bound<Timestamp>, Bound<Timestamp>) {
        (Bound::Included(self.end), Bound::Unbounded)
    }

    /// Everything before it.
    #[must_use]
    pub fn before(self) -> (Bound<Timestamp>, Bound<Timestamp>) {
        (Bound::Unbounded, Bound::Excluded(self.start))
    }

    /// Everything up to its end.
    #[must_use]
    pub fn through_end(self) -> (Bound<Timestamp>, Bound<Timestamp>) {
        (Bound::Unbounded, Bound::Excluded(self.end))
    }

    /// From the start of this one through the end of `last`; `None` where that is before.
    #[must_use]
    pub fn through(self, last: Self) -> Option<(Bound<Timestamp>, Bound<Timestamp>)> {
        let ends = (Bound::Included(self.start), Bound::Excluded(last.end));
        (self.start < last.end).then_some(ends)
    }
}

/// How long a time of day with `clock`'s precision lasts: `10:00`, `10:00:00`, `10:00:00.0`.
fn precision(clock: &str) -> Span {
    let clock = clock.split(['Z', 'z', '+', '-', '[']).next().unwrap_or(clock);
    match (clock.contains(['.', ',']), clock.matches(':').count()) {
        (true, _) => Span::new().nanoseconds(1),
        (false, 0) => Span::new().hours(1),
        (false, 1) => Span::new().minutes(1),
        (false, _) => Span::new().seconds(1),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, zone: &str, expected: Expect) {
        let zone = TimeZone::get(zone).unwrap();
        let got = Stretch::parse(text, &zone)
            .map_or_else(|| "no time".to_owned(), |time| format!("{} {}", time.start, time.end));
        expected.assert_eq(&got);
    }

    #[test]
    fn a_time_lasts_as_long_as_it_is_precise() {
        check("2026-03-01", "UTC", expect!["2026-03-01T00:00:00Z 2026-03-02T00:00:00Z"]);
        check("2026-03-01T10:00", "UTC", expect!["2026-03-01T10:00:00Z 2026-03-01T10:01:00Z"]);
        check("2026-03-01T10:00:00Z", "UTC", expect!["2026-03-01T10:00:00Z 2026-03-01T10:00:01Z"]);
        check(
            "2026-03-01T10:00:00.5+02:00",
            "UTC",
            expect!["2026-03-01T08:00:00.5Z 2026-03-01T08:00:00.500000001Z"],
        );
    }

    #[test]
    fn without_a_zone_it_is_time_of_the_zone_given() {
        check("2026-03-29", "Europe/Berlin", expect!["2026-03-28T23:00:00Z 2026-03-29T22:00:00Z"]);
        check(
            "2026-07-01 10:00",
            "Europe/Berlin",
            expect!["2026-07-01T08:00:00Z 2026-07-01T08:01:00Z"],
        );
        check(
            "2026-03-01T10:00Z",
            "Asia/Tokyo",
            expect!["2026-03-01T10:00:00Z 2026-03-01T10:01:00Z"],
        );
    }

    #[test]
    fn what_is_no_time_is_none() {
        check("yesterday", "UTC", expect!["no time"]);
        check("2026-02-30", "UTC", expect!["no time"]);
        check("-2h", "UTC", expect!["no time"]);
    }
}
