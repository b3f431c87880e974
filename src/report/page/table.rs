//! A table of a page.

use std::fmt::{self, Display, Formatter};

use askama::Template;
use askama::filters::{Escaper as _, Html, HtmlSafe};

use super::shown;

/// Longest text of a cell.
const CHARACTERS_MAX: usize = 2_000;

/// Text that a browser may break behind a `/`: paths of rules are long.
#[derive(Debug)]
pub(crate) struct Breakable<'a>(&'a str);

impl Display for Breakable<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for part in self.0.split_inclusive('/') {
            Html.write_escaped_str(&mut *f, part)?;
            if part.ends_with('/') {
                f.write_str("<wbr>")?;
            }
        }
        Ok(())
    }
}

impl HtmlSafe for Breakable<'_> {}

/// A heading.
#[derive(Debug, Clone)]
pub struct Column {
    pub(crate) title: String,
    pub(crate) is_number: bool,
}

impl Column {
    #[must_use]
    pub fn text(title: &str) -> Self {
        Self { title: shown(title, CHARACTERS_MAX), is_number: false }
    }

    #[must_use]
    pub fn number(title: &str) -> Self {
        Self { title: shown(title, CHARACTERS_MAX), is_number: true }
    }
}

/// A word in a frame; `tone` is a class of the style.
#[derive(Debug, Clone)]
pub struct Badge {
    pub(crate) tone: &'static str,
    pub(crate) text: String,
    /// What it means, where the word does not say all.
    pub(crate) title: String,
}

impl Badge {
    #[must_use]
    pub fn new(tone: &'static str, text: &str, title: &str) -> Self {
        Self { tone, text: shown(text, CHARACTERS_MAX), title: shown(title, CHARACTERS_MAX) }
    }
}

/// A line below the text of a cell.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// `code`, `muted` or nothing.
    pub(crate) class: &'static str,
}

impl Line {
    pub(crate) fn breakable(&self) -> Breakable<'_> {
        Breakable(&self.text)
    }
}

/// One value, ready to be shown.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    pub(crate) text: String,
    /// The number to sort by.
    pub(crate) value: Option<u64>,
    /// The field that a filter would ask for this value.
    pub(crate) field: Option<&'static str>,
    /// `n` for numbers, `t` for times.
    pub(crate) class: &'static str,
    /// The whole text, where a shorter one is shown.
    pub(crate) full: Option<String>,
    pub(crate) badges: Vec<Badge>,
    pub(crate) lines: Vec<Line>,
    /// The path of a small drawing.
    pub(crate) spark: Option<String>,
    /// Thousandths of the longest bar of the table: the denied part and the allowed one.
    pub(crate) bar: Option<[u64; 2]>,
    /// What a button copies.
    pub(crate) copy: Option<String>,
}

impl Cell {
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self { text: shown(text, CHARACTERS_MAX), ..Self::default() }
    }

    /// Text as it could be typed into a file or a command.
    #[must_use]
    pub fn code(text: &str) -> Self {
        Self::default().with_line("code", text)
    }

    /// A number, written as `text`.
    #[must_use]
    pub fn number(value: u64, text: String) -> Self {
        Self { text, value: Some(value), class: "n", ..Self::default() }
    }

    /// A word in a frame; `rank` is what it is sorted by.
    #[must_use]
    pub fn badge(badge: Badge, rank: Option<u64>) -> Self {
        Self { badges: vec![badge], value: rank, ..Self::default() }
    }

    pub(crate) fn breakable(&self) -> Breakable<'_> {
        Breakable(&self.text)
    }

    #[must_use]
    pub fn with_line(mut self, class: &'static str, text: &str) -> Self {
        if !text.is_empty() {
            self.lines.push(Line { text: shown(text, CHARACTERS_MAX), class });
        }
        self
    }
}

#[derive(Debug, Clone, Default)]
pub struct Row {
    pub(crate) is_unused: bool,
    pub(crate) cells: Vec<Cell>,
}

impl From<Vec<Cell>> for Row {
    fn from(cells: Vec<Cell>) -> Self {
        Self { is_unused: false, cells }
    }
}

/// Rows under headings.
#[derive(Debug, Clone, Template)]
#[template(path = "table.html")]
pub struct Table {
    /// What scripts know it by.
    pub(crate) name: &'static str,
    pub(crate) title: String,
    pub(crate) notes: Vec<String>,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row>,
    pub(crate) more: Vec<String>,
    /// On a phone, rows become cards: for long texts, which need its whole width.
    pub(crate) is_stacked: bool,
}

impl HtmlSafe for Table {}

/// More rows than anybody reads; other formats have all.
const ROWS_MAX: usize = 2_000;

impl Table {
    #[must_use]
    pub fn new(
        name: &'static str,
        title: &str,
        columns: Vec<Column>,
        rows: impl IntoIterator<Item = Vec<Cell>>,
    ) -> Self {
        let mut rows: Vec<Row> = rows.into_iter().map(Row::from).collect();
        let left_out = rows.len().saturating_sub(ROWS_MAX);
        rows.truncate(ROWS_MAX);
        let more = (left_out > 0).then(|| format!("and {left_out} more; `--format json` has all"));
        let title = shown(title, CHARACTERS_MAX);
        Self {
            name,
            title,
            notes: Vec::new(),
            columns,
            rows,
            more: more.into_iter().collect(),
            is_stacked: false,
        }
    }

    /// Bars of what was denied and allowed below the first cell of each row, where there are such
    /// numbers.
    #[must_use]
    pub fn with_bars(mut self) -> Self {
        let place = |title: &str| self.columns.iter().position(|column| column.title == title);
        let (Some(denied), Some(allowed)) = (place("denied"), place("allowed")) else {
            return self;
        };
        let counts = |row: &Row| {
            [denied, allowed]
                .map(|place| row.cells.get(place).and_then(|cell| cell.value).unwrap_or(0))
        };
        let sums = self.rows.iter().map(|row| counts(row).iter().sum::<u64>());
        let most = u128::from(sums.max().unwrap_or(0));
        let length = |count: u64| {
            let length = (u128::from(count) * 1000).checked_div(most).unwrap_or(0);
            u64::try_from(length).unwrap_or(0)
        };
        for row in &mut self.rows {
            let bar = counts(row).map(length);
            if let Some(cell) = row.cells.first_mut() {
                cell.bar = Some(bar);
            }
        }
        self
    }

    fn pairs<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = (&'a Cell, &'a Column)> {
        row.cells.iter().zip(&self.columns)
    }

    pub(crate) fn stacked(self) -> Self {
        Self { is_stacked: true, ..self }
    }

    #[must_use]
    pub fn with_note(mut self, note: &str) -> Self {
        self.notes.push(shown(note, CHARACTERS_MAX));
        self
    }
}
