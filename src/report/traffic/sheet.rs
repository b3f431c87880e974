//! One table of the report, before any format: typed cells, titles, what was left out.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A value of a table. Text is raw: the renderer makes it safe for its format.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Text(String),
    Number(u64),
    /// Thousandths of a whole.
    Share(u64),
    Time(Timestamp),
    Empty,
}

impl Cell {
    pub(super) fn text(text: Option<impl AsRef<str>>) -> Self {
        text.map_or(Self::Empty, |text| Self::Text(text.as_ref().to_owned()))
    }

    pub(super) fn number(number: Option<u16>) -> Self {
        number.map_or(Self::Empty, |number| Self::Number(number.into()))
    }

    pub(super) fn time(time: Option<Timestamp>) -> Self {
        time.map_or(Self::Empty, Self::Time)
    }

    pub(super) fn share(part: u64, whole: u64) -> Self {
        Self::Share(per_mille(part, whole))
    }
}

/// Thousandths, rounded to the nearest.
pub(super) fn per_mille(part: u64, whole: u64) -> u64 {
    let thousands = u128::from(part) * 1000 + u128::from(whole) / 2;
    let share = thousands.checked_div(u128::from(whole)).unwrap_or(0);
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// Who gets to see a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Always,
    /// Everywhere but in a narrow terminal.
    Wide,
    /// For people: several values in one.
    Reading,
    /// For programs: the values that people read in one column.
    Data,
}

/// A column. `name` is the header in CSV, a promise; `title` is what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) shown: Shown,
    pub(super) is_number: bool,
}

/// A column of text or times.
pub(super) const fn words(name: &'static str, title: &'static str, shown: Shown) -> Column {
    Column { name, title, shown, is_number: false }
}

/// A column of numbers that everyone sees.
pub(super) const fn numbers(name: &'static str, title: &'static str) -> Column {
    Column { name, title, shown: Shown::Always, is_number: true }
}

/// A table of the report.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sheet {
    /// File name in CSV, without extension: a promise.
    pub(super) name: &'static str,
    pub(super) title: String,
    /// What the reader must know to read the numbers aright.
    pub(super) notes: Vec<String>,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// What is not shown, below the rows.
    pub(super) more: Option<String>,
    /// For programs: people find the same in other tables.
    pub(super) is_data: bool,
}

impl Sheet {
    /// The columns that `is_seen` lets through, and their cells row by row.
    pub(super) fn view(
        &self,
        is_seen: impl Fn(Shown) -> bool,
    ) -> (Vec<Column>, impl Iterator<Item = Vec<&Cell>>) {
        let seen: Vec<bool> = self.columns.iter().map(|column| is_seen(column.shown)).collect();
        let columns = self.columns.iter().zip(&seen).filter(|(_, seen)| **seen);
        let columns = columns.map(|(column, _)| *column).collect();
        let rows = self.rows.iter().map(move |row| {
            row.iter().zip(&seen).filter(|(_, seen)| **seen).map(|(cell, _)| cell).collect()
        });
        (columns, rows)
    }
}

/// `1234567` → `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `696` → `69.6 %`. What is not nothing is never shown as nothing.
pub(super) fn percent(share: u64, is_something: bool) -> String {
    if share == 0 && is_something {
        return "<0.1 %".to_owned();
    }
    format!("{}.{} %", share / 10, share % 10)
}

/// A time as `format` writes it, in UTC or in `zone`.
pub(super) fn local(time: Timestamp, zone: Option<&TimeZone>, format: &str) -> String {
    match zone {
        None => time.strftime(format).to_string(),
        Some(zone) => time.to_zoned(zone.clone()).strftime(format).to_string(),
    }
}

/// What times are said to be in.
pub(super) fn zone_name(zone: Option<&TimeZone>) -> String {
    zone.and_then(TimeZone::iana_name).unwrap_or("UTC").to_owned()
}

/// `2026-09-07 14:30:02`, UTC.
pub(super) fn second(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        let grouped_of = [0, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(grouped_of, ["0", "999", "1,000", "1,234,567"]);
        assert_eq!((per_mille(1, 3), per_mille(2, 3), per_mille(1, 0)), (333, 667, 0));
        assert_eq!((percent(696, true), percent(0, true)), ("69.6 %".into(), "<0.1 %".into()));
    }
}
