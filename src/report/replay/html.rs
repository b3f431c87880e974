//! Agreement with the log, and what another rule set would change, as pages.

use super::{ReplayInput, agreement_title, change_title, decision, share, thousands, verdict};
use crate::analyse::replay::{Agreement, Change, Comparison, Replay, VerdictSummary};
use crate::flow::Flow;
use crate::report::page::{Badge, Card, Cell, Column, Document, Section, Table};
use crate::syntax::flow::print_flow;

/// Agreement with the log.
#[must_use]
pub fn html(input: &ReplayInput, replay: &Replay) -> Document {
    let count = |agreement| replay.count(agreement);
    let undecided = count(Agreement::Possible) + count(Agreement::Impossible);
    let cards = vec![
        card("allowed", "Agree with the log", count(Agreement::Agrees), replay.records),
        card("denied", "Disagree", count(Agreement::Disagrees), replay.records),
        card("", "Another rule", count(Agreement::OtherRule), replay.records),
        card("", "Undecided", undecided, replay.records),
    ];
    let columns = vec![
        Column::text("comparison"),
        Column::number("records"),
        Column::number("connections"),
        Column::text("logged"),
        Column::text("evaluated"),
        Column::text("for example"),
    ];
    let rows = replay.differing().into_iter().map(|group| {
        let tone = match group.kind {
            Agreement::Agrees => "allowed",
            Agreement::Disagrees | Agreement::Impossible => "denied",
            Agreement::OtherRule => "medium",
            Agreement::Possible | Agreement::EvaluatedOnly => "plain",
        };
        vec![
            Cell::badge(Badge::new(tone, agreement_title(group.kind), ""), None),
            number(group.records),
            number(group.connections),
            Cell::text(&group.against.as_ref().map(decision).unwrap_or_default()),
            evaluated(group.verdict),
            example(group.example, &group.place.to_string()),
        ]
    });
    let table = Table::new("groups", "Flows that compare alike", columns, rows);
    document("Logs replayed through a rule set", input, replay.records)
        .with_cards(cards)
        .with_section(Section::new(
            "groups",
            "What does not agree",
            "Every flow agrees with the log.",
            [table],
        ))
        .with_section(coverage(input))
}

/// What changes.
#[must_use]
pub fn comparison_html(input: &ReplayInput, comparison: &Comparison) -> Document {
    let count = |change| comparison.count(change);
    let cards = vec![
        card("", "Unchanged", count(Change::None), comparison.records),
        card("allowed", "Would be allowed", count(Change::DenyToAllow), comparison.records),
        card("denied", "Would be denied", count(Change::AllowToDeny), comparison.records),
        card("dnat", "Another translation", count(Change::Translation), comparison.records),
        card("", "Undecided", count(Change::Undecided), comparison.records),
    ];
    let columns = vec![
        Column::text("change"),
        Column::number("records"),
        Column::number("connections"),
        Column::text("before"),
        Column::text("after"),
        Column::text("for example"),
    ];
    let rows = comparison.changed().into_iter().map(|group| {
        let tone = match group.kind {
            Change::DenyToAllow => "allowed",
            Change::AllowToDeny => "denied",
            Change::Translation => "dnat",
            Change::None | Change::Rule | Change::Undecided => "plain",
        };
        vec![
            Cell::badge(Badge::new(tone, change_title(group.kind), ""), None),
            number(group.records),
            number(group.connections),
            evaluated(group.against),
            evaluated(group.verdict),
            example(group.example, &group.place.to_string()),
        ]
    });
    let table = Table::new("groups", "Flows that change alike", columns, rows);
    document("What a change does to logged flows", input, comparison.records)
        .with_cards(cards)
        .with_section(Section::new("groups", "What changes", "Nothing changes.", [table]))
        .with_section(coverage(input))
}

fn document(title: &'static str, input: &ReplayInput, replayed: u64) -> Document {
    let no_flow: u64 = input.no_flow.iter().map(|(_, count)| count).sum();
    let lead = format!(
        "{} records in {} files: {} replayed, {} are no flows",
        thousands(input.records),
        thousands(input.files),
        thousands(replayed),
        thousands(no_flow)
    );
    Document::new(title, &lead)
}

fn coverage(input: &ReplayInput) -> Section {
    let reasons = input.left_out.iter().map(|(reason, count)| (reason.clone(), *count));
    let no_flow =
        input.no_flow.iter().map(|(reason, count)| (format!("no flow: {reason}"), *count));
    let others = [
        ("other lines, ignored".to_owned(), input.ignored),
        ("lines that could not be read".to_owned(), input.rejected),
    ];
    let all = reasons.chain(no_flow).chain(others).filter(|(_, count)| *count > 0);
    let rows = all.map(|(reason, count)| vec![number(count), Cell::text(&reason)]);
    let columns = vec![Column::number("records"), Column::text("why they were not replayed")];
    let table = Table::new("input", "Not replayed", columns, rows);
    Section::new("input", "What this rests on", "Every record was replayed.", [table])
}

fn card(tone: &'static str, name: &'static str, count: u64, total: u64) -> Card {
    Card::new(tone, name, thousands(count), &format!("{} of the records", share(count, total)))
}

fn number(count: u64) -> Cell {
    Cell::number(count, thousands(count))
}

fn evaluated(summary: &VerdictSummary) -> Cell {
    let cell = Cell::text(&verdict(summary));
    match summary.needs.as_slice() {
        [] => cell,
        needs => cell.with_line("muted", &format!("depends on {}", needs.join(", "))),
    }
}

fn example(flow: &Flow, origin: &str) -> Cell {
    Cell::code(&print_flow(flow)).with_line("muted", origin)
}
