//! Times, of which only seconds and fractions are read: the minutes before are remembered.
//!
//! A time is `minute:SS.fraction zone`. What its minute and zone amount to is left to the general
//! reader and looked up by their bytes; seconds are added to that.

use jiff::Timestamp;

use super::super::time::{DateOrder, time};
use super::slot::number;

/// Minutes that are remembered: records arrive up to half a minute out of order.
const MINUTES_MAX: usize = 4;
const TIME_BYTES_MAX: usize = 48;

/// Reads times.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    order: Option<DateOrder>,
    minutes: Vec<Minute>,
    /// The one to forget next.
    oldest: usize,
    last: usize,
}

#[derive(Debug, Clone)]
struct Minute {
    head: Box<[u8]>,
    zone: Box<[u8]>,
    /// Seconds since 1970.
    start: i64,
}

impl Clock {
    pub(super) fn new(order: Option<DateOrder>) -> Self {
        Self { order, minutes: Vec::new(), oldest: 0, last: 0 }
    }

    /// The time that `text` begins with and that the byte `end` ends, and its length.
    pub(super) fn time(&mut self, text: &[u8], end: u8) -> Option<(Timestamp, usize)> {
        if let Some(minute) = self.minutes.get(self.last)
            && let Some(found) = minute.time(text, end)
        {
            return Some(found);
        }
        let known = self.minutes.iter().position(|minute| minute.time(text, end).is_some());
        self.last = match known {
            Some(index) => index,
            None => self.learn(text, end)?,
        };
        self.minutes.get(self.last)?.time(text, end)
    }

    fn learn(&mut self, text: &[u8], end: u8) -> Option<usize> {
        let length = text.iter().take(TIME_BYTES_MAX).position(|&byte| byte == end)?;
        let text = text.get(..length)?;
        let mut colons = text.iter().enumerate().filter(|(_, byte)| **byte == b':');
        let (head, rest) = text.split_at_checked(colons.nth(1)?.0)?;
        if !is_minute(head) {
            return None;
        }
        let (_, zone) = seconds(rest)?;
        let zone = rest.get(zone..)?;
        if zone.first().is_some_and(|byte| matches!(byte, b'.' | b',' | b'0'..=b'9')) {
            return None;
        }
        let whole = [head, b":00", zone].concat();
        let start = time(std::str::from_utf8(&whole).ok()?, self.order).ok()?;
        if start.subsec_nanosecond() != 0 {
            return None;
        }
        let minute = Minute { head: head.into(), zone: zone.into(), start: start.as_second() };
        Some(self.remember(minute))
    }

    fn remember(&mut self, minute: Minute) -> usize {
        if self.minutes.len() < MINUTES_MAX {
            self.minutes.push(minute);
            return self.minutes.len() - 1;
        }
        let place = self.oldest;
        self.oldest = (place + 1) % MINUTES_MAX;
        if let Some(old) = self.minutes.get_mut(place) {
            *old = minute;
        }
        place
    }
}

impl Minute {
    fn time(&self, text: &[u8], end: u8) -> Option<(Timestamp, usize)> {
        let rest = text.strip_prefix(&*self.head)?;
        let ((second, nanosecond), length) = seconds(rest)?;
        let after = rest.get(length..)?.strip_prefix(&*self.zone)?;
        if after.first() != Some(&end) {
            return None;
        }
        let time = Timestamp::new(self.start.checked_add(second)?, nanosecond).ok()?;
        Some((time, text.len() - after.len()))
    }
}

/// `2025-03-13T07:11` or `7/18/2025, 12:26`. Nothing that could be a zone stands in it, or its last
/// colon could be the zone's.
fn is_minute(text: &[u8]) -> bool {
    if let [_, _, _, _, b'-', _, _, b'-', _, _, b'T' | b' ', _, _, b':', _, _] = text {
        let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
        return digits == 12;
    }
    let is_part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'/' | b',' | b' ' | b':');
    let has_minute = text.iter().rev().take_while(|byte| byte.is_ascii_digit()).count() == 2;
    has_minute && text.contains(&b'/') && text.iter().all(is_part)
}

/// `:SS` or `:SS.fraction`: seconds and nanoseconds, and their length.
fn seconds(text: &[u8]) -> Option<((i64, i32), usize)> {
    let [b':', tens @ b'0'..=b'5', ones @ b'0'..=b'9', rest @ ..] = text else { return None };
    let second = i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
    let [b'.', fraction @ ..] = rest else { return Some(((second, 0), 3)) };
    let (value, digits) = match number(fraction) {
        Some((value, digits)) => (value, digits as usize),
        None => long_fraction(fraction)?,
    };
    let nanosecond = value * SCALES.get(digits)?;
    Some(((second, i32::try_from(nanosecond).ok()?), 4 + digits))
}

/// A fraction of more digits than most exports write, and how many.
fn long_fraction(text: &[u8]) -> Option<(u64, usize)> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let fraction = text.get(..digits).filter(|_| digits < SCALES.len())?;
    Some((std::str::from_utf8(fraction).ok()?.parse().ok()?, digits))
}

/// What a fraction of so many digits is to be multiplied with to be nanoseconds.
const SCALES: [u64; 10] =
    [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is read is what the general reader reads.
    #[track_caller]
    fn check(text: &str, order: Option<DateOrder>, is_read: bool) {
        let mut clock = Clock::new(order);
        // Once learning, once remembering.
        for _ in 0..2 {
            let quoted = format!("{text}\"");
            let got = clock.time(quoted.as_bytes(), b'"');
            assert_eq!(got.is_some(), is_read, "{text}");
            if let Some((got, length)) = got {
                assert_eq!((Ok(got), length), (time(text, order), text.len()));
            }
        }
    }

    #[test]
    fn the_spellings_of_exports() {
        check("2025-03-13T07:11:59.992099+00:00", None, true);
        check("2018-04-16T23:45:04.8295037Z", None, true);
        check("2025-03-13T07:11:59+02:00", None, true);
        check("2025-11-21 19:45:18.0766240", None, true);
        check("7/18/2025, 12:26:46.737 PM", None, true);
        check("1/9/2007 9:41:00 AM +01:00", Some(DateOrder::DayFirst), true);
    }

    #[test]
    fn what_could_mean_something_else_is_not_read() {
        check("2025-03-13T07:11+02:30", None, false);
        check("7/7/2025 1:26 -01:30", None, false);
        check("7/7/2025 1:26 +01:30", None, false);
        check("2025-03-13T07:11:60Z", None, false);
        check("2025-03-13T07:11:59.Z", None, false);
        check("2025-03-13T07:11:59.1234567890Z", None, false);
        check("1/9/2007 9:41:00 AM", None, false);
        check("2025-13-13T07:11:59Z", None, false);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn no_time_is_read_otherwise_than_by_the_general_reader(
            first in "(2025-0[1-3]-1[0-9][T ]|7/1?8/2025,? )",
            rest in "[0-2][0-9]:[0-6][0-9](:[0-6][0-9])?([.,][0-9]{0,10})?( ?[AP]M)?(Z|[+-]0[0-3]:[03]0)?",
        ) {
            let text = format!("{first}{rest}");
            let mut clock = Clock::new(Some(DateOrder::MonthFirst));
            let quoted = format!("{text}\"");
            for _ in 0..2 {
                if let Some((got, length)) = clock.time(quoted.as_bytes(), b'"') {
                    prop_assert_eq!(length, text.len());
                    prop_assert_eq!(Ok(got), time(&text, Some(DateOrder::MonthFirst)));
                }
            }
        }
    }
}
