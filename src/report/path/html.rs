//! A journey, and findings about a topology, as pages.

use super::findings::{Group, counts, groups};
use super::svg::{mark, picture};
use crate::analyse::check::Level;
use crate::evaluate::Decision;
use crate::path::audit::Finding;
use crate::path::{Hop, HopVerdict, Journey};
use crate::report::page::{Badge, Card, Cell, Column, Document, Section, Table};

/// The page of a journey: the verdict, the picture, and every station as a row.
#[must_use]
pub fn html(journey: &Journey) -> Document {
    let lead = format!("{} to {}: {}", journey.from, journey.to, journey.verdict());
    let mut page =
        Document::new("The way of a packet", &lead).with_input(&journey.packet.to_string());
    for need in journey.needs() {
        page = page.with_warning(&format!("it depends on {need}"));
    }
    for missing in &journey.missing {
        page = page.with_warning(&format!("no data: {missing}"));
    }
    for assumption in &journey.assumptions {
        page = page.with_input(&format!("assumed: {assumption}"));
    }
    page.with_cards(cards(journey))
        .with_section(Section::drawn("way", "The way", picture(journey)))
        .with_section(Section::new(
            "stations",
            "Stations",
            "The packet meets nothing.",
            [stations(journey)],
        ))
}

fn cards(journey: &Journey) -> Vec<Card> {
    let (tone, word) = match journey.decision {
        Decision::Allow => ("allowed", "allowed"),
        Decision::Deny => ("denied", "denied"),
        Decision::Undecided => ("", "undecided"),
    };
    let decided = match (journey.end(), journey.decided_at) {
        (Some(hop), Some(at)) => format!("station {}: {}", at + 1, hop.title),
        _ => String::new(),
    };
    let (way, detail) = match (journey.stays_in_cluster, journey.bypasses) {
        (true, _) => ("none", "the packet stays in the cluster"),
        (false, Some(true)) => ("bypassed", "no firewall sees the packet"),
        (false, Some(false)) => ("on the way", "the packet passes it"),
        (false, None) => ("not known", "it depends on what is not among the files"),
    };
    let mut cards = vec![Card::new(tone, "Verdict", word.to_owned(), &decided)];
    // What is stopped goes no way.
    if journey.decision != Decision::Deny {
        let tone = if way == "bypassed" { "threat" } else { "" };
        cards.push(Card::new(tone, "Firewall", way.to_owned(), detail));
    }
    cards
}

fn stations(journey: &Journey) -> Table {
    let columns = vec![
        Column::number("station"),
        Column::text("verdict"),
        Column::text("where"),
        Column::text("why"),
        Column::text("packet"),
    ];
    let rows = journey.hops.iter().enumerate().map(|(index, hop)| station(index + 1, hop));
    Table::new("stations", "From the source on", columns, rows)
}

fn station(number: usize, hop: &Hop) -> Vec<Cell> {
    let tone = match hop.verdict {
        HopVerdict::Allow | HopVerdict::Forward => "allowed",
        HopVerdict::Deny | HopVerdict::Drop => "denied",
        HopVerdict::Translate => "dnat",
        HopVerdict::Bypass => "medium",
        HopVerdict::Unknown | HopVerdict::NoData => "plain",
    };
    let mut why = Cell::text(&hop.reason);
    for note in &hop.notes {
        why = why.with_line("muted", note);
    }
    for need in &hop.needs {
        why = why.with_line("muted", &format!("depends on {need}"));
    }
    let mut packet = Cell::code(&hop.before.to_string());
    if hop.before != hop.after {
        packet = packet.with_line("code", &format!("becomes {}", hop.after));
    }
    vec![
        Cell::number(number as u64, number.to_string()),
        Cell::badge(Badge::new(tone, mark(hop.verdict).1, ""), None),
        Cell::text(&hop.title).with_line("muted", hop.layer.name()),
        why,
        packet,
    ]
}

/// The page of findings about a topology.
#[must_use]
pub fn findings_html(findings: &[Finding]) -> Document {
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let card = |tone, name, level, detail| Card::new(tone, name, count(level).to_string(), detail);
    let cards = vec![
        card("threat", "Errors", Level::Error, "traffic is lost, or passes where it must not"),
        card("denied", "Warnings", Level::Warning, "likely not what the author wants"),
        card("", "Infos", Level::Info, "worth a look, often meant so"),
    ];
    let columns = ["level", "check", "where", "finding"];
    let rows = groups(findings).into_iter().map(|group| row(&group));
    let table = Table::new("findings", "Gravest first", columns.map(Column::text).to_vec(), rows);
    Document::new("Audit of a network", &counts(findings))
        .with_cards(cards)
        .with_section(Section::new("findings", "Findings", "Nothing to complain about.", [table]))
}

fn row(group: &Group<'_>) -> Vec<Cell> {
    let (tone, rank) = match group.first.level {
        Level::Error => ("error", 2),
        Level::Warning => ("warning", 1),
        Level::Info => ("info", 0),
    };
    let mut places = Cell::default();
    for subject in &group.subjects {
        places = places.with_line("", subject);
    }
    let mut text = Cell::text(&group.first.message);
    for help in group.helps() {
        text = text.with_line("help", &help);
    }
    vec![
        Cell::badge(Badge::new(tone, group.first.level.name(), ""), Some(rank)),
        Cell::text(group.first.check),
        places,
        text,
    ]
}
