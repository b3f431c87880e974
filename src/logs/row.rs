//! One record as columns, whatever container it came in.

use std::net::IpAddr;

use smol_str::SmolStr;

use super::column::Column;
use super::value::Value;
use crate::net::Fqdn;

/// One value of a row. Numbers and truths come as text in many containers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell<'a> {
    Missing,
    Bool(bool),
    Integer(u64),
    Float(f64),
    Text(&'a str),
}

impl<'a> Cell<'a> {
    pub(super) fn of(value: &'a Value<'_>) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Integer(value) => Self::Integer(*value),
            Value::Float(value) => Self::Float(*value),
            Value::Text(text) => Self::of_text(text),
            Value::Null | Value::Array(_) | Value::Object(_) => Self::Missing,
        }
    }

    pub(super) fn of_text(text: &'a str) -> Self {
        if text.trim().is_empty() { Self::Missing } else { Self::Text(text) }
    }
}

/// The known columns of one record.
#[derive(Debug, Clone)]
pub(super) struct Row<'a> {
    cells: [Cell<'a>; Column::COUNT],
    /// A column of another kind of log, by which that log is known.
    pub(super) foreign: Option<&'static str>,
}

/// Why a column that must be readable is not.
pub(super) type Unreadable = String;

impl<'a> Row<'a> {
    pub(super) fn new() -> Self {
        Self { cells: [Cell::Missing; Column::COUNT], foreign: None }
    }

    /// Sets a column unless it is set. A second `Category` is the one of an IDPS signature.
    pub(super) fn put(&mut self, column: Column, cell: Cell<'a>) {
        let is_set = !matches!(self.cell(column), Cell::Missing);
        let column = match column {
            Column::Category if is_set => Column::SignatureCategory,
            other => other,
        };
        if let Some(slot) = self.cells.get_mut(column as usize)
            && *slot == Cell::Missing
        {
            *slot = cell;
        }
    }

    /// Takes a cell out of one column and into another, as for a `Category` that turns out to be
    /// the one of a signature.
    pub(super) fn rename(&mut self, from: Column, to: Column) {
        let cell = self.cell(from);
        if let Some(slot) = self.cells.get_mut(from as usize) {
            *slot = Cell::Missing;
        }
        self.put(to, cell);
    }

    pub(super) fn cell(&self, column: Column) -> Cell<'a> {
        self.cells.get(column as usize).copied().unwrap_or(Cell::Missing)
    }

    pub(super) fn has(&self, column: Column) -> bool {
        self.cell(column) != Cell::Missing
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| *cell == Cell::Missing)
    }

    /// Whether there is nothing besides the envelope.
    pub(super) fn is_hollow(&self) -> bool {
        let mut cells = self.cells.iter().enumerate();
        cells.all(|(index, cell)| Column::is_envelope(index) || *cell == Cell::Missing)
    }

    /// Forgets the texts `None`: what the Azure command line writes for a missing value.
    pub(super) fn forget_none(&mut self) {
        for cell in &mut self.cells {
            if *cell == Cell::Text("None") {
                *cell = Cell::Missing;
            }
        }
    }

    pub(super) fn text(&self, column: Column) -> Option<&'a str> {
        match self.cell(column) {
            Cell::Text(text) => Some(text),
            Cell::Missing | Cell::Bool(_) | Cell::Integer(_) | Cell::Float(_) => None,
        }
    }

    /// A text as it is kept: numbers and truths in their text form.
    pub(super) fn string(&self, column: Column) -> Option<SmolStr> {
        match self.cell(column) {
            Cell::Missing => None,
            Cell::Bool(value) => Some(SmolStr::new_static(if value { "true" } else { "false" })),
            Cell::Integer(value) => Some(smol_str::format_smolstr!("{value}")),
            Cell::Float(value) => Some(smol_str::format_smolstr!("{value}")),
            Cell::Text(text) => Some(text.trim().into()),
        }
    }

    /// A number of at most 2^53: written as number, as text, or with the `.0` of a real column.
    pub(super) fn integer(&self, column: Column) -> Option<u64> {
        match self.cell(column) {
            Cell::Integer(value) => Some(value),
            Cell::Float(value) => whole(value),
            Cell::Text(text) => {
                let text = text.trim();
                text.parse().ok().or_else(|| whole(text.parse().ok()?))
            }
            Cell::Missing | Cell::Bool(_) => None,
        }
    }

    pub(super) fn number<T: TryFrom<u64>>(&self, column: Column) -> Option<T> {
        self.integer(column).and_then(|value| T::try_from(value).ok())
    }

    #[expect(clippy::cast_precision_loss, reason = "rates and durations are small")]
    pub(super) fn real(&self, column: Column) -> Option<f64> {
        let value = match self.cell(column) {
            Cell::Integer(value) => value as f64,
            Cell::Float(value) => value,
            Cell::Text(text) => text.trim().parse().ok()?,
            Cell::Missing | Cell::Bool(_) => return None,
        };
        value.is_finite().then_some(value)
    }

    pub(super) fn truth(&self, column: Column) -> Option<bool> {
        match self.cell(column) {
            Cell::Bool(value) => Some(value),
            Cell::Integer(0) => Some(false),
            Cell::Integer(1) => Some(true),
            Cell::Text(text) => match text.trim() {
                "0" => Some(false),
                "1" => Some(true),
                text if text.eq_ignore_ascii_case("true") => Some(true),
                text if text.eq_ignore_ascii_case("false") => Some(false),
                _ => None,
            },
            Cell::Missing | Cell::Integer(_) | Cell::Float(_) => None,
        }
    }

    /// An address, which structured network rows write in brackets when it is IPv6.
    pub(super) fn address(&self, column: Column) -> Result<Option<IpAddr>, Unreadable> {
        let Some(text) = self.string(column) else { return Ok(None) };
        match address(&text) {
            Some(address) => Ok(Some(address)),
            None => Err(format!("unreadable address in column `{}`", column.name())),
        }
    }

    /// A host name in the form it is compared in.
    pub(super) fn fqdn(&self, column: Column) -> Option<SmolStr> {
        self.text(column).map(canonical_name)
    }
}

/// Lower case, without the final dot; the root stays a dot.
pub(super) fn canonical_name(text: &str) -> SmolStr {
    Fqdn::new(text).map_or_else(|| text.trim().into(), |name| name.as_str().into())
}

/// An address with or without brackets.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    bare.unwrap_or(text).parse().ok()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is checked to be whole, positive and below 2^53"
)]
fn whole(value: f64) -> Option<u64> {
    let is_whole = (0.0..=9_007_199_254_740_992.0).contains(&value) && value.fract() == 0.0;
    is_whole.then_some(value as u64)
}
