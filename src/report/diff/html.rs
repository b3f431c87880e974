//! Differences as a page.

use super::{headline, region, uncompared, verdict};
use crate::analyse::diff::{Diff, Difference};
use crate::compile::Ruleset;
use crate::evaluate::Decision;
use crate::report::page::{Badge, Card, Cell, Column, Document, Section, Table};
use crate::syntax::flow::print_flow;

/// The page: what changes its verdict first, then what another rule decides.
#[must_use]
pub fn html(diff: &Diff, before: &Ruleset, after: &Ruleset) -> Document {
    let count = |wanted: &str| {
        let changes = diff.differences.iter().filter(|one| change(one).1 == wanted);
        changes.count().to_string()
    };
    let cards = vec![
        Card::new("allowed", "Now allowed", count(ALLOWED), "kinds of traffic"),
        Card::new("denied", "Now denied", count(DENIED), "kinds of traffic"),
        Card::new("dnat", "Another translation", count(TRANSLATED), "kinds of traffic"),
        Card::new("", "Depends", count(DEPENDS), "on what is not known"),
    ];
    let settings = diff.settings.iter().map(|setting| vec![Cell::text(setting)]);
    let settings =
        Table::new("settings", "Settings that differ", vec![Column::text("setting")], settings);
    let title = "What differs between two rule sets";
    let mut document = Document::new(title, &headline(diff)).with_cards(cards);
    if diff.is_incomplete() {
        let parts = uncompared(diff, before, after).join("; ");
        document = document.with_warning(&format!(
            "Not everything was compared, because the rules overlap in too many ways: {parts}."
        ));
    }
    let verdicts = table("verdicts", "Traffic by its verdicts", &diff.differences, before, after);
    let rules = table("rules", "Traffic by its rules", &diff.rule_changes, before, after);
    document
        .with_section(Section::new(
            "changes",
            "Verdicts that change",
            "No flow changes its verdict or its translation.",
            [settings, verdicts],
        ))
        .with_section(Section::new(
            "rules",
            "Same verdict, other rule",
            "No flow is decided by another rule.",
            [rules],
        ))
}

const ALLOWED: &str = "now allowed";
const DENIED: &str = "now denied";
const TRANSLATED: &str = "another translation";
const DEPENDS: &str = "depends";
const RULE: &str = "other rule";

/// A class of the style and the words.
fn change(one: &Difference) -> (&'static str, &'static str) {
    let ends = (one.before.decision, one.after.decision);
    match ends {
        _ if one.is_undecided() => ("plain", DEPENDS),
        (_, Decision::Allow) if one.before.decision != Decision::Allow => ("allowed", ALLOWED),
        (_, Decision::Deny) if one.before.decision != Decision::Deny => ("denied", DENIED),
        _ if one.before.translation != one.after.translation => ("dnat", TRANSLATED),
        _ => ("plain", RULE),
    }
}

fn table(
    name: &'static str,
    title: &str,
    rows: &[Difference],
    before: &Ruleset,
    after: &Ruleset,
) -> Table {
    let columns = ["change", "traffic", "before", "after", "for example"];
    let rows = rows.iter().map(|row| {
        let (tone, words) = change(row);
        let traffic =
            region(row).iter().fold(Cell::default(), |cell, part| cell.with_line("code", part));
        vec![
            Cell::badge(Badge::new(tone, words, ""), None),
            traffic,
            Cell::text(&verdict(before, &row.before)),
            Cell::text(&verdict(after, &row.after)),
            Cell::code(&print_flow(&row.witness)),
        ]
    });
    Table::new(name, title, columns.map(Column::text).to_vec(), rows)
}
