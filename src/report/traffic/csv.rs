//! The report as CSV: one file per table, values as programs want them.

use crate::report::sanitize::csv_cell;
use crate::tables::Summary;

use super::sheet::{Cell, Sheet, Shown};
use super::sheets::{hours, sheets};

/// File names and contents. Tables without rows are left out; the names are in `docs/report.md`.
#[must_use]
pub fn render(summary: &Summary) -> Vec<(String, String)> {
    let mut all = sheets(summary);
    all.insert(0, hours(summary));
    all.into_iter().filter(|sheet| !sheet.rows.is_empty()).map(file).collect()
}

/// File name and content of one table.
pub(super) fn file(sheet: Sheet) -> (String, String) {
    let (columns, rows) = sheet.view(|shown| match shown {
        Shown::Always | Shown::Wide | Shown::Data => true,
        Shown::Reading => false,
    });
    let mut text = record(columns.iter().map(|column| column.name.to_owned()));
    for row in rows {
        text.push_str(&record(row.into_iter().map(plain)));
    }
    (format!("{}.csv", sheet.name), text)
}

fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => csv_cell(text).into_owned(),
        Cell::Number(number) => number.to_string(),
        Cell::Share(share) => format!("{}.{}", share / 10, share % 10),
        Cell::Time(time) => time.to_string(),
        Cell::Empty => String::new(),
    }
}

/// One line, quoted where RFC 4180 asks for it.
fn record(cells: impl Iterator<Item = String>) -> String {
    let quoted = cells.map(|cell| {
        let is_plain = !cell.contains([',', '"', '\n', '\r']);
        if is_plain { cell } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
    });
    quoted.collect::<Vec<_>>().join(",") + "\n"
}
