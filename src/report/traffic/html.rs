//! The report as one HTML file that opens from disk, works without JavaScript, prints, and filters
//! itself where JavaScript runs.
//!
//! Everything from logs is hostile: text is made visible by [`sanitize`] and then escaped by the
//! template; data for the script is JSON in which no character can end the element. The policy of
//! the page names its one script and its one style by their hashes and forbids all else.

mod card;
mod chart;
mod data;
mod earlier;
mod finding;
mod rollup;
mod section;

use askama::Template;
use jiff::tz::TimeZone;

use super::headline;
use super::sheet::grouped;
use crate::detect::Finding;
use crate::report::page::{Frame, shown};
use crate::report::sanitize;
use crate::tables::{Comparison, Cube, CubeTally, Summary, Totals};
use card::Card;
use chart::Chart;
use data::ScriptData;
use finding::FindingView;
use rollup::Rolls;
use section::Section;

/// No page is larger, whatever the logs hold.
const PAGE_BYTES_MAX: usize = 5_000_000;
/// So large pages get where the logs hold more connections than there is room for: what a cube takes
/// is known only roughly before it is written.
const PAGE_BYTES_AIM: usize = 4_500_000;
/// Less than this is not worth another try.
const SPARE_BYTES_MIN: usize = 200_000;

const SCRIPT: &str = include_str!("../../../templates/report.js");

/// What the page is made of.
#[derive(Debug, Clone, Copy)]
pub struct Contents<'a> {
    pub summary: &'a Summary,
    pub cube: &'a CubeTally,
    /// Gravest first.
    pub findings: &'a [Finding],
    /// The zone of the headline; tables are in UTC.
    pub zone: Option<&'a TimeZone>,
    pub earlier: Option<Earlier<'a>>,
}

/// Logs of the time before.
#[derive(Debug, Clone, Copy)]
pub struct Earlier<'a> {
    pub totals: &'a Totals,
    pub comparison: &'a Comparison,
}

/// How much of everything there is room for.
#[derive(Debug, Clone, Copy)]
struct Room {
    rows: usize,
    /// Of tables of rules.
    rules: usize,
    /// Of one text.
    characters: usize,
    cube_bytes: usize,
}

/// The first that keeps the page small enough is taken; the last one always does.
const ROOMS: [Room; 4] = [
    Room { rows: 100, rules: 4_000, characters: 300, cube_bytes: 2_500_000 },
    Room { rows: 100, rules: 1_000, characters: 200, cube_bytes: 1_500_000 },
    Room { rows: 40, rules: 400, characters: 120, cube_bytes: 700_000 },
    Room { rows: 10, rules: 40, characters: 80, cube_bytes: 200_000 },
];

#[derive(Debug, Template)]
#[template(path = "report.html")]
struct Page {
    frame: Frame,
    period: String,
    input: String,
    warnings: Vec<String>,
    points: Vec<Point>,
    cards: Vec<Card>,
    chart: Chart,
    sections: Vec<Section>,
    findings: Vec<FindingView>,
    findings_left_out: usize,
    data: ScriptData,
}

/// One sentence of what matters, and where the rest of it stands.
#[derive(Debug)]
struct Point {
    text: String,
    anchor: &'static str,
    tone: &'static str,
}

/// The page. The same contents give the same bytes.
///
/// # Errors
///
/// Fails only by a fault of this program.
pub fn render(contents: Contents<'_>) -> Result<String, askama::Error> {
    let mut page = String::new();
    for room in ROOMS {
        let cube = contents.cube.cube(room.cube_bytes);
        page = page_in(contents, &cube, room).render()?;
        // What the tables leave is the cube's.
        let spare = PAGE_BYTES_AIM.saturating_sub(page.len());
        if cube.others > 0 && spare > SPARE_BYTES_MIN {
            let cube = contents.cube.cube(room.cube_bytes + spare);
            let fuller = page_in(contents, &cube, room).render()?;
            if fuller.len() <= PAGE_BYTES_MAX {
                page = fuller;
            }
        }
        if page.len() <= PAGE_BYTES_MAX {
            break;
        }
    }
    Ok(page)
}

fn page_in(contents: Contents<'_>, cube: &Cube, room: Room) -> Page {
    let Contents { summary, findings, zone, .. } = contents;
    let rolls = Rolls::new(cube);
    let figures = headline::figures(summary, zone);
    let detail = |name: &str| {
        let figure = figures.iter().find(|figure| figure.name == name);
        figure.map_or_else(String::new, |figure| sanitize::terminal(&figure.detail).into_owned())
    };
    let warnings = headline::warnings(summary);
    let safe = |text: String| sanitize::terminal(&text).into_owned();
    Page {
        frame: Frame::new("Azure Firewall report", Some(SCRIPT)),
        period: detail("period"),
        input: format!("{} records {}", grouped(summary.coverage.records), detail("records")),
        warnings: warnings.into_iter().map(safe).collect(),
        points: points(summary, findings, room),
        cards: card::cards(contents, cube),
        chart: Chart::new(cube, &summary.coverage.input.gaps),
        sections: section::sections(contents, cube, &rolls, room),
        findings: (1..)
            .zip(findings.iter().take(room.rows))
            .map(|(rank, one)| finding::finding(rank, one, room))
            .collect(),
        findings_left_out: findings.len().saturating_sub(room.rows),
        data: ScriptData::new(cube, &rolls),
    }
}

/// The few sentences that somebody in a hurry reads.
fn points(summary: &Summary, findings: &[Finding], room: Room) -> Vec<Point> {
    let mut points = Vec::new();
    let mut add = |tone, anchor, text: String| {
        let text = shown(&text, room.characters);
        points.push(Point { text, anchor, tone });
    };
    for gravest in findings.iter().take(2) {
        let text = format!(
            "{} ({}): {}",
            gravest.detection,
            gravest.severity.name(),
            finding::said(gravest)
        );
        add("threat", "findings", text);
    }
    if let Some(row) = summary.idps.rows.first() {
        let severity = headline::severity(row.severity);
        let signature = row.description.as_deref().or(row.signature.as_deref()).unwrap_or("?");
        let records = headline::plural(row.records, "record");
        add("threat", "threats", format!("IDPS, {severity}: {signature}: {records}"));
    }
    if let Some(row) = summary.denied_targets.rows.first() {
        let by_default = grouped(summary.totals.denied_by_default);
        let (protocol, target) = (row.protocol.as_deref(), row.target.as_deref());
        let port = row.port.map_or_else(String::new, |port| format!(" port {port}"));
        let text = format!(
            "Denied by default: {by_default} records, most often {} {}{port} ({} from {})",
            protocol.unwrap_or("?"),
            target.unwrap_or("(unknown)"),
            grouped(row.records),
            headline::plural(row.sources, "source"),
        );
        add("denied", "denied", text);
    }
    if let Some(policy) = &summary.policy {
        let never = policy.never_hit().count();
        let text = format!("{never} of {} rules of the policy never hit", policy.rules.len());
        add("plain", "rules", text);
    }
    if let Some(row) = summary.dns.failing.rows.first() {
        let name = row.name.as_deref().unwrap_or("(unknown)");
        let records = headline::plural(row.records, "query").replace("querys", "queries");
        add("plain", "dns", format!("DNS fails most often for {name}: {records}"));
    }
    points
}

#[cfg(test)]
mod tests;
