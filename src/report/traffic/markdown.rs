//! The report as Markdown, for tickets and merge requests.

use std::fmt::Write as _;

use crate::report::sanitize::markdown_cell;
use crate::tables::Summary;

use super::headline::{figures, warnings};
use super::sheet::{Cell, Sheet, Shown, grouped, percent, second};
use super::sheets::{hours, sheets};

/// The whole report as Markdown.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let mut text = "# Firewall report\n\n|  |  |  |\n|---|---:|---|\n".to_owned();
    for figure in figures(summary, None) {
        let value = figure.value.map(grouped).unwrap_or_default();
        let detail = markdown_cell(&figure.detail);
        let _ = writeln!(text, "| {} | {value} | {detail} |", figure.name);
    }
    for warning in warnings(summary) {
        let _ = write!(text, "\n**Warning:** {}\n", markdown_cell(&warning));
    }
    let mut all = sheets(summary);
    all.insert(0, hours(summary));
    for sheet in all.iter().filter(|sheet| !sheet.rows.is_empty() && !sheet.is_data) {
        table(sheet, &mut text);
    }
    text
}

/// One table under its heading.
pub(super) fn table(sheet: &Sheet, text: &mut String) {
    let _ = write!(text, "\n## {}\n\n", markdown_cell(&sheet.title));
    for note in &sheet.notes {
        let _ = write!(text, "{}\n\n", markdown_cell(note));
    }
    let (columns, rows) = sheet.view(|shown| match shown {
        Shown::Always | Shown::Wide | Shown::Reading => true,
        Shown::Data => false,
    });
    let titles = columns.iter().map(|column| markdown_cell(column.title).into_owned());
    text.push_str(&line(titles));
    let rules = columns.iter().map(|column| if column.is_number { "---:" } else { "---" });
    text.push_str(&line(rules.map(str::to_owned)));
    for row in rows {
        text.push_str(&line(row.into_iter().map(shown)));
    }
    if let Some(more) = &sheet.more {
        let _ = write!(text, "\n{}\n", markdown_cell(more));
    }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => markdown_cell(text).into_owned(),
        Cell::Number(number) => grouped(*number),
        Cell::Share(share) => percent(*share, true),
        Cell::Time(time) => second(*time),
        Cell::Empty => String::new(),
    }
}
