//! The report for a terminal: most urgent first, readable without colour.

use anstyle::{AnsiColor, Style};
use jiff::tz::TimeZone;

use crate::report::grid::{Align, Grid};
use crate::report::sanitize::terminal;
use crate::tables::{HourRow, Summary};

use super::headline::{Figure, Tone, figures, warnings};
use super::sheet::{Cell, Sheet, Shown, grouped, local, percent, zone_name};
use super::sheets::sheets;

/// How the text is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout<'z> {
    /// Columns of the terminal; below 60 is drawn as 60.
    pub width: usize,
    pub is_coloured: bool,
    /// The zone of times; UTC without one.
    pub zone: Option<&'z TimeZone>,
}

impl Default for Layout<'_> {
    fn default() -> Self {
        Self { width: 80, is_coloured: false, zone: None }
    }
}

const WIDTH_MIN: usize = 60;
/// From here on there is room for columns that are good to have.
const WIDTH_WIDE: usize = 110;
/// Longer lines of prose are hard to follow.
const PROSE_MAX: usize = 100;
/// Longer periods are drawn by day.
const HOURS_MAX: usize = 72;

/// The whole report as text.
#[must_use]
pub fn render(summary: &Summary, layout: Layout<'_>) -> String {
    let layout = Layout { width: layout.width.max(WIDTH_MIN), ..layout };
    let mut text = String::new();
    for figure in figures(summary, layout.zone) {
        text.push_str(&headline(&figure, layout));
    }
    for warning in warnings(summary) {
        let style = AnsiColor::Yellow.on_default().bold();
        text.push_str(&paragraph("warning:  ", style, &terminal(&warning), layout));
    }
    timeline(&summary.hours, layout, &mut text);
    // The period above names the year; where there is only one, the tables need not repeat it.
    let year = |time| local(time, layout.zone, "%Y");
    let is_one_year = summary.period.is_none_or(|seen| year(seen.first) == year(seen.last));
    let time = if is_one_year { "%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M" };
    for sheet in sheets(summary).iter().filter(|sheet| !sheet.is_data) {
        draw(sheet, time, layout, &mut text);
    }
    text
}

fn headline(figure: &Figure, layout: Layout<'_>) -> String {
    let style = match figure.tone {
        Tone::Plain => Style::new(),
        Tone::Allowed => AnsiColor::Green.on_default(),
        Tone::Denied => AnsiColor::Red.on_default(),
        Tone::Threat => AnsiColor::Magenta.on_default(),
    };
    let start = match &figure.value {
        None => format!("{:<10}", figure.name),
        Some(value) => format!("{:<10}{:>11}  ", figure.name, grouped(*value)),
    };
    paragraph(&start, style, &figure.detail, layout)
}

/// `start`, then the text over as many lines as it needs, all behind the start.
fn paragraph(start: &str, style: Style, text: &str, layout: Layout<'_>) -> String {
    let margin = start.chars().count();
    let room = layout.width.saturating_sub(margin);
    let mut lines = vec![String::new()];
    let mut width = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > room {
            lines.push(String::new());
            width = 0;
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(if width > 0 { " " } else { "" });
            line.push_str(word);
        }
        width += length + usize::from(width > 0);
    }
    let text = lines.join(&format!("\n{}", " ".repeat(margin)));
    let line = format!("{}{text}", painted(start, style, layout));
    format!("{}\n", line.trim_end())
}

fn painted(text: &str, style: Style, layout: Layout<'_>) -> String {
    if layout.is_coloured { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

fn heading(title: &str, layout: Layout<'_>, text: &mut String) {
    text.push('\n');
    text.push_str(&painted(&terminal(title), Style::new().bold(), layout));
    text.push('\n');
}

pub(super) fn draw(sheet: &Sheet, time: &str, layout: Layout<'_>, text: &mut String) {
    heading(&sheet.title, layout, text);
    let prose = Layout { width: layout.width.min(PROSE_MAX), ..layout };
    for note in &sheet.notes {
        text.push_str(&paragraph("  ", Style::new(), &terminal(note), prose));
    }
    let is_wide = layout.width >= WIDTH_WIDE;
    let (columns, rows) = sheet.view(|shown| match shown {
        Shown::Always | Shown::Reading => true,
        Shown::Wide => is_wide,
        Shown::Data => false,
    });
    let align = |is_number| if is_number { Align::Right } else { Align::Left };
    let zone = zone_name(layout.zone);
    let titles: Vec<String> =
        columns.iter().map(|column| column.title.replace("(UTC)", &format!("({zone})"))).collect();
    let heads = titles.iter().zip(&columns);
    let mut heads: Vec<_> =
        heads.map(|(title, column)| (title.as_str(), align(column.is_number))).collect();
    let mut rows: Vec<Vec<String>> = rows
        .map(|row| row.into_iter().map(|cell| shown(cell, time, layout.zone)).collect())
        .collect();
    let bars = bars_at(sheet, &columns);
    if let Some(place) = bars {
        heads.insert(place, ("", Align::Left));
        let room = if is_wide { 24 } else { 12 };
        for (row, bar) in rows.iter_mut().zip(talker_bars(sheet, room)) {
            row.insert(place, bar);
        }
    }
    let mut grid = Grid::new(&heads);
    if let Some(place) = bars.filter(|_| layout.is_coloured) {
        grid.paint(place, coloured);
    }
    for row in rows {
        grid.push(row);
    }
    let (head, body) = grid.lines(layout.width);
    text.push_str(&painted(head.trim_end_matches('\n'), Style::new().dimmed(), layout));
    text.push('\n');
    text.push_str(&body);
    if let Some(more) = &sheet.more {
        text.push_str(&paragraph("  ", Style::new(), more, layout));
    }
}

/// Behind numbers of allowed and denied there is a bar of both.
fn bars_at(sheet: &Sheet, columns: &[super::sheet::Column]) -> Option<usize> {
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let place = names.windows(2).position(|pair| *pair == ["allowed", "denied"])?;
    (sheet.rows.len() > 1).then_some(place + 2)
}

/// A bar for each row, all on one scale.
fn talker_bars(sheet: &Sheet, room: usize) -> Vec<String> {
    let place = |name| sheet.columns.iter().position(|column| column.name == name);
    let places = [place("allowed"), place("denied")];
    let counts = sheet.rows.iter().map(|row| {
        places.map(|place| match place.and_then(|place| row.get(place)) {
            Some(Cell::Number(number)) => *number,
            Some(Cell::Text(_) | Cell::Share(_) | Cell::Time(_) | Cell::Empty) | None => 0,
        })
    });
    let counts: Vec<[u64; 2]> = counts.collect();
    let most = counts.iter().map(|[allowed, denied]| allowed + denied).max().unwrap_or(0);
    counts.into_iter().map(|[allowed, denied]| strip(allowed, denied, most, room)).collect()
}

/// `#` is red, `=` is green.
fn coloured(bar: &str) -> String {
    let (denied, allowed) = bar.split_at(bar.len() - bar.trim_start_matches('#').len());
    let painted = |text: &str, colour: AnsiColor| {
        let style = colour.on_default();
        if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
    };
    painted(denied, AnsiColor::Red) + &painted(allowed, AnsiColor::Green)
}

fn shown(cell: &Cell, time_format: &str, zone: Option<&TimeZone>) -> String {
    match cell {
        Cell::Text(text) => terminal(text).into_owned(),
        Cell::Number(number) => grouped(*number),
        Cell::Share(share) => percent(*share, true),
        Cell::Time(time) => local(*time, zone, time_format),
        Cell::Empty => "-".to_owned(),
    }
}

/// One line of the timeline: an hour or a day.
struct Bar {
    label: String,
    allowed: u64,
    denied: u64,
    threats: u64,
}

fn timeline(hours: &[HourRow], layout: Layout<'_>, text: &mut String) {
    if hours.is_empty() {
        return;
    }
    let is_daily = hours.len() > HOURS_MAX;
    let bars = bars(hours, is_daily, layout.zone);
    let title = if is_daily { "Days" } else { "Hours" };
    heading(&format!("{title} ({})", zone_name(layout.zone)), layout, text);
    let columns = [
        ("", Align::Left),
        ("allowed", Align::Right),
        ("denied", Align::Right),
        ("threats", Align::Right),
        ("= allowed  # denied", Align::Left),
    ];
    let mut grid = Grid::new(&columns);
    if layout.is_coloured {
        grid.paint(4, coloured);
    }
    let most = bars.iter().map(|bar| bar.allowed + bar.denied).max().unwrap_or(0);
    let room = layout.width.saturating_sub(50).min(60);
    for bar in &bars {
        let numbers = [bar.allowed, bar.denied, bar.threats].map(grouped);
        let mut cells = vec![bar.label.clone()];
        cells.extend(numbers);
        cells.push(strip(bar.allowed, bar.denied, most, room));
        grid.push(cells);
    }
    let (head, body) = grid.lines(layout.width);
    text.push_str(&painted(head.trim_end_matches('\n'), Style::new().dimmed(), layout));
    text.push('\n');
    text.push_str(&body);
}

fn bars(hours: &[HourRow], is_daily: bool, zone: Option<&TimeZone>) -> Vec<Bar> {
    let format = if is_daily { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M" };
    let mut bars: Vec<Bar> = Vec::new();
    for row in hours {
        let label = local(row.hour, zone, format);
        let HourRow { allowed, denied, threats, .. } = *row;
        if let Some(bar) = bars.last_mut().filter(|bar| bar.label == label) {
            bar.allowed += allowed;
            bar.denied += denied;
            bar.threats += threats;
        } else {
            bars.push(Bar { label, allowed, denied, threats });
        }
    }
    bars
}

/// Denied first: it is what the reader looks for. What is not nothing takes at least one place.
fn strip(allowed: u64, denied: u64, most: u64, room: usize) -> String {
    let places = |count: u64| {
        let room = u64::try_from(room).unwrap_or(0);
        let exact = (u128::from(count) * u128::from(room)).checked_div(u128::from(most));
        let places = usize::try_from(exact.unwrap_or(0)).unwrap_or(0);
        if count > 0 { places.max(1) } else { 0 }
    };
    let least = usize::from(denied > 0) + usize::from(allowed > 0);
    let all = places(allowed + denied).max(least);
    let denied = places(denied).min(all.saturating_sub(usize::from(allowed > 0)));
    "#".repeat(denied) + &"=".repeat(all - denied)
}
