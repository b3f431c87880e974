//! One row of a table of rules.

use smol_str::SmolStr;

use super::Header;
use super::column::Column;
use crate::load::notes::Notes;
use crate::load::shape::{list, text, unresolved};
use crate::source::{InputError, Span};
use crate::syntax::csv::{Cell, entries};
use crate::syntax::json::Node;

/// The cells of a row by their columns.
pub(super) struct Row<'r> {
    header: &'r Header,
    cells: &'r [Cell],
    pub(super) span: Span,
}

impl<'r> Row<'r> {
    /// # Errors
    ///
    /// The row has more cells than the table has columns.
    pub(super) fn new(
        notes: &Notes<'_>,
        header: &'r Header,
        cells: &'r [Cell],
    ) -> Result<Self, InputError> {
        let extra = cells.get(header.columns.len()..).unwrap_or_default();
        if let Some(cell) = extra.iter().find(|cell| !cell.text.is_empty()) {
            let message = format!(
                "the row has {} cells, the table {} columns",
                cells.len(),
                header.columns.len()
            );
            let help = "put a list into double quotes: `\"192.0.2.1,192.0.2.2\"`";
            return Err(notes.error(message, cell.span).with_help(help));
        }
        let (first, last) = (cells.first(), cells.last());
        let whole = first.zip(last).map(|(first, last)| Span {
            source: first.span.source,
            start: first.span.start,
            end: last.span.end,
        });
        let source = first.map(|cell| cell.span.source);
        let span = whole.or_else(|| source.map(|source| Span { source, start: 0, end: 0 }));
        match span {
            Some(span) => Ok(Self { header, cells, span }),
            None => Err(InputError::new("the row has no cells")),
        }
    }

    /// The cell of a column, unless it is empty.
    fn cell(&self, column: Column) -> Option<&'r Cell> {
        let index = self.header.columns.iter().position(|(found, _)| *found == Some(column))?;
        self.cells.get(index).filter(|cell| !cell.text.trim().is_empty())
    }

    /// What the table calls a column.
    pub(super) fn heading(&self, column: Column) -> SmolStr {
        let found = self.header.columns.iter().find(|(found, _)| *found == Some(column));
        found.map(|(_, name)| name.clone()).unwrap_or_default()
    }

    pub(super) fn text(&self, column: Column) -> Option<&'r str> {
        self.cell(column).map(|cell| plain(&cell.text).trim())
    }

    pub(super) fn node(&self, column: Column) -> Option<Node> {
        self.cell(column).map(|cell| text(plain(&cell.text).trim(), cell.span))
    }

    pub(super) fn place(&self, column: Column) -> Span {
        self.cell(column).map_or(self.span, |cell| cell.span)
    }

    /// The entries of a list.
    ///
    /// # Errors
    ///
    /// A quote in it does not end.
    pub(super) fn list(&self, notes: &Notes<'_>, column: Column) -> Result<Node, InputError> {
        let Some(cell) = self.cell(column) else { return Ok(list(Vec::new(), self.span)) };
        let content = plain(&cell.text);
        let protection = cell.text.len() - content.len();
        let found = entries(content).map_err(|at| {
            let message = format!("a quote in `{}` does not end", self.heading(column));
            let help = "end it with `\"`; write a quote within it as `\\\"`";
            notes.error(message, cell.part(at + protection, cell.text.len())).with_help(help)
        })?;
        let entry = |entry: crate::syntax::csv::Entry| {
            let span = cell.part(entry.start + protection, entry.end + protection);
            if entry.is_expression { unresolved(entry.text, span) } else { text(entry.text, span) }
        };
        Ok(list(found.into_iter().map(entry).collect(), cell.span))
    }
}

/// The text without the `'` that keeps spreadsheets from running it as a formula.
fn plain(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest)
            if rest.starts_with([
                '=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠',
            ]) =>
        {
            rest
        }
        Some(_) | None => text,
    }
}
