//! The time formats of exports.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// Which number comes first in dates such as `7/8/2025`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    MonthFirst,
    DayFirst,
}

/// Reads a time: RFC 3339 with up to nine fraction digits, the same without a zone or with a blank
/// (then UTC), the slashed form of portal exports, or what forwarders make of it, a number since 1970.
///
/// # Errors
///
/// Says why: not a time, or one whose day and month could be swapped while no `order` is given.
pub(super) fn time(text: &str, order: Option<DateOrder>) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if text.contains('/') {
        return slashed(text, order);
    }
    if let Some(time) = written_number(text) {
        return Ok(time);
    }
    let without_zone = text.parse::<DateTime>().ok().filter(|_| text.contains(':'));
    without_zone.and_then(|time| at(time, Offset::UTC)).ok_or_else(|| unreadable(text))
}

/// A number since 1970 of seconds, milliseconds, microseconds or nanoseconds: which of them shows in
/// its size.
pub(super) fn since_1970(number: i64) -> Option<Timestamp> {
    let nanoseconds = i128::from(number) * i128::from(unit(number)?);
    Timestamp::from_nanosecond(nanoseconds).ok()
}

/// What a number since 1970 counts, in nanoseconds. Seconds stay below a hundred thousand millions
/// until the year 5138, the other units pass that of theirs in 1973; and no log is from before.
fn unit(number: i64) -> Option<i64> {
    match number {
        ..100_000_000 => None,
        100_000_000..100_000_000_000 => Some(NANOSECONDS),
        100_000_000_000..100_000_000_000_000 => Some(1_000_000),
        100_000_000_000_000..100_000_000_000_000_000 => Some(1_000),
        _ => Some(1),
    }
}

const NANOSECONDS: i64 = 1_000_000_000;

/// The same as text, with or without a fraction.
fn written_number(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let billionths: i64 = format!("{fraction:0<9.9}").parse().ok()?;
    let rest = billionths.checked_mul(unit(number)?)? / NANOSECONDS;
    since_1970(number)?.checked_add(SignedDuration::from_nanos(rest)).ok()
}

fn unreadable(text: &str) -> String {
    let shown: String = text.chars().take(40).collect();
    format!("unreadable time `{shown}`")
}

fn at(time: DateTime, offset: Offset) -> Option<Timestamp> {
    time.to_zoned(TimeZone::fixed(offset)).ok().map(|zoned| zoned.timestamp())
}

/// `7/18/2025, 12:26:46.737 PM`, `1/9/2007 9:41:00 AM +01:00`, `18/07/2025 12:26:46`.
fn slashed(text: &str, order: Option<DateOrder>) -> Result<Timestamp, String> {
    let mut words = text.split([' ', ',', '\u{202f}']).filter(|word| !word.is_empty());
    let date = words.next().and_then(numbers).ok_or_else(|| unreadable(text))?;
    let clock = words.next().unwrap_or("0:00");
    let mut half = None;
    let mut offset = Offset::UTC;
    for word in words {
        match word {
            "AM" | "am" => half = Some(Half::Morning),
            "PM" | "pm" => half = Some(Half::Afternoon),
            zone => offset = fixed_offset(zone).ok_or_else(|| unreadable(text))?,
        }
    }
    let (month, day) = month_and_day(date, order).ok_or_else(|| {
        "ambiguous time: day and month could be swapped; say which comes first".to_owned()
    })?;
    let (_, _, year) = date;
    let (hour, minute_and_second) = clock.split_once(':').ok_or_else(|| unreadable(text))?;
    let hour = hour_of_day(hour, half).ok_or_else(|| unreadable(text))?;
    let iso = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute_and_second}");
    iso.parse().ok().and_then(|time| at(time, offset)).ok_or_else(|| unreadable(text))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Morning,
    Afternoon,
}

fn numbers(date: &str) -> Option<(u16, u16, u16)> {
    let mut parts = date.split('/').map(str::parse::<u16>);
    let found = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    (parts.next().is_none() && found.2 >= 1000).then_some(found)
}

fn month_and_day(
    (first, second, _): (u16, u16, u16),
    order: Option<DateOrder>,
) -> Option<(u16, u16)> {
    match order {
        _ if first > 12 || first == second => Some((second, first)),
        _ if second > 12 => Some((first, second)),
        Some(DateOrder::MonthFirst) => Some((first, second)),
        Some(DateOrder::DayFirst) => Some((second, first)),
        None => None,
    }
}

fn hour_of_day(text: &str, half: Option<Half>) -> Option<u8> {
    let hour: u8 = text.parse().ok()?;
    match half {
        None => Some(hour),
        Some(_) if !(1..=12).contains(&hour) => None,
        Some(Half::Morning) => Some(hour % 12),
        Some(Half::Afternoon) => Some(hour % 12 + 12),
    }
}

fn fixed_offset(zone: &str) -> Option<Offset> {
    if zone == "Z" || zone == "UTC" {
        return Some(Offset::UTC);
    }
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds = i32::from(hours) * 3600 + i32::from(minutes) * 60;
    (minutes < 60).then(|| Offset::from_seconds(sign * seconds).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, order: Option<DateOrder>, expected: Expect) {
        let got = time(text, order).map_or_else(|error| error, |time| time.to_string());
        expected.assert_eq(&got);
    }

    #[test]
    fn the_times_of_records() {
        check("2018-04-16T23:45:04.8295037Z", None, expect!["2018-04-16T23:45:04.8295037Z"]);
        check("2025-03-13T07:11:59.992099+00:00", None, expect!["2025-03-13T07:11:59.992099Z"]);
        check("2023-04-03T17:51:00.44382Z", None, expect!["2023-04-03T17:51:00.44382Z"]);
        check("2019-11-24T23:38:39.362Z", None, expect!["2019-11-24T23:38:39.362Z"]);
        check("2025-03-13T07:11:59.123456789Z", None, expect!["2025-03-13T07:11:59.123456789Z"]);
        check("2025-03-13T07:11:59+02:00", None, expect!["2025-03-13T05:11:59Z"]);
    }

    #[test]
    fn without_a_zone_it_is_utc() {
        check("2025-11-21 19:45:18.0766240", None, expect!["2025-11-21T19:45:18.076624Z"]);
        check("2025-11-21T19:45:18", None, expect!["2025-11-21T19:45:18Z"]);
    }

    #[test]
    fn the_times_of_portal_exports() {
        check("7/18/2025, 12:26:46.737 PM", None, expect!["2025-07-18T12:26:46.737Z"]);
        check("7/18/2025, 12:26:46.737 AM", None, expect!["2025-07-18T00:26:46.737Z"]);
        check("18/07/2025 13:26:46", None, expect!["2025-07-18T13:26:46Z"]);
        check("7/7/2025 1:26:46 PM +01:00", None, expect!["2025-07-07T12:26:46Z"]);
    }

    #[test]
    fn numbers_count_from_1970_in_the_unit_that_their_size_shows() {
        check("1700000000", None, expect!["2023-11-14T22:13:20Z"]);
        check("1700000000.5", None, expect!["2023-11-14T22:13:20.5Z"]);
        check("1700000000.1234567891", None, expect!["2023-11-14T22:13:20.123456789Z"]);
        check("1700000000123", None, expect!["2023-11-14T22:13:20.123Z"]);
        check("1700000000123456", None, expect!["2023-11-14T22:13:20.123456Z"]);
        check("1700000000123456789", None, expect!["2023-11-14T22:13:20.123456789Z"]);
        check("1700000000123.5", None, expect!["2023-11-14T22:13:20.1235Z"]);
        check("45000", None, expect!["unreadable time `45000`"]);
        check("-1700000000", None, expect!["unreadable time `-1700000000`"]);
        check("1.7e9", None, expect!["unreadable time `1.7e9`"]);
    }

    #[test]
    fn day_and_month_are_not_guessed() {
        let ambiguous = "1/9/2007 9:41:00 AM";
        check(
            ambiguous,
            None,
            expect!["ambiguous time: day and month could be swapped; say which comes first"],
        );
        check(ambiguous, Some(DateOrder::MonthFirst), expect!["2007-01-09T09:41:00Z"]);
        check(ambiguous, Some(DateOrder::DayFirst), expect!["2007-09-01T09:41:00Z"]);
    }

    #[test]
    fn what_is_no_time_is_said_to_be_none() {
        check("yesterday", None, expect!["unreadable time `yesterday`"]);
        check("2025-13-41T00:00:00Z", None, expect!["unreadable time `2025-13-41T00:00:00Z`"]);
        check("7/18/2025, 13:26 PM", None, expect!["unreadable time `7/18/2025, 13:26 PM`"]);
        check("2025-11-21", None, expect!["unreadable time `2025-11-21`"]);
        check("1/2/99999", None, expect!["unreadable time `1/2/99999`"]);
    }
}
