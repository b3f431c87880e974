//! Findings as a page.

use std::collections::BTreeMap;

use super::counts;
use crate::analyse::check::{CHECKS, Finding, Level};
use crate::report::page::{Badge, Card, Cell, Column, Document, Section, Table};
use crate::source::Sources;
use crate::syntax::flow::print_flow;

/// The page: findings in full, and how many there are of each check.
#[must_use]
pub fn html(findings: &[Finding], sources: &Sources) -> Document {
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let card = |tone, name, level, detail| Card::new(tone, name, count(level).to_string(), detail);
    let cards = vec![
        card("threat", "Errors", Level::Error, "traffic passes or fails against what rules say"),
        card("denied", "Warnings", Level::Warning, "likely not what the author wants"),
        card("", "Infos", Level::Info, "worth a look, often meant so"),
    ];
    Document::new("Audit of a rule set", &counts(findings))
        .with_cards(cards)
        .with_section(Section::new(
            "findings",
            "Findings",
            "Nothing to complain about.",
            [table(findings, sources)],
        ))
        .with_section(Section::new(
            "checks",
            "By check",
            "No check found anything.",
            [by_check(findings)],
        ))
}

fn level(level: Level) -> Cell {
    let (tone, rank) = match level {
        Level::Error => ("error", 2),
        Level::Warning => ("warning", 1),
        Level::Info => ("info", 0),
    };
    Cell::badge(Badge::new(tone, level.name(), ""), Some(rank))
}

fn table(findings: &[Finding], sources: &Sources) -> Table {
    let columns = ["level", "check", "finding", "rule", "flow that shows it"];
    let rows = findings.iter().map(|finding| {
        let rule = finding.rule.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut rule = Cell::text(&rule);
        for other in &finding.others {
            rule = rule.with_line("muted", &format!("with {other}"));
        }
        let position = finding.span.and_then(|span| sources.position(span));
        let position = position.map(|position| position.to_string()).unwrap_or_default();
        let mut text = Cell::text(&finding.message);
        for detail in &finding.details {
            text = text.with_line("muted", detail);
        }
        for need in &finding.depends_on {
            text = text.with_line("muted", &format!("depends on {need}"));
        }
        let witness = finding.witness.as_ref().map(print_flow).unwrap_or_default();
        vec![
            level(finding.level),
            Cell::text(finding.check),
            text.with_line("help", &finding.help),
            rule.with_line("code", &position),
            Cell::default().with_line("code", &witness),
        ]
    });
    Table::new("findings", "Gravest first", columns.map(Column::text).to_vec(), rows)
}

fn by_check(findings: &[Finding]) -> Table {
    let mut counts: BTreeMap<&str, (Level, u64)> = BTreeMap::new();
    for finding in findings {
        let (level, count) = counts.entry(finding.check).or_insert((finding.level, 0));
        *level = finding.level.max(*level);
        *count += 1;
    }
    let columns = vec![
        Column::text("level"),
        Column::text("check"),
        Column::number("findings"),
        Column::text("what it looks for"),
    ];
    let rows = counts.into_iter().map(|(name, (gravest, count))| {
        let check = CHECKS.iter().find(|check| check.name == name);
        vec![
            level(gravest),
            Cell::text(name),
            Cell::number(count, count.to_string()),
            Cell::text(check.map_or("", |check| check.summary)),
        ]
    });
    Table::new("checks", "Checks that found something", columns, rows)
}
