//! The tables of a [`Summary`], in the order in which people need them.

mod input;
mod needed;
mod parts;
mod rules;
mod traffic;

use crate::logs::LoggedAction;
use crate::tables::{LoggedRule, Seen, Summary, Top};

use super::headline::plural;
use super::sheet::{Cell, Column, Sheet, Shown, numbers, words};

pub(super) use needed::source_group;
pub(super) use traffic::{hours, named};

/// All tables with rows, most urgent first. Hours are not among them: they are drawn.
pub(super) fn sheets(summary: &Summary) -> Vec<Sheet> {
    let mut sheets = vec![
        needed::denied_groups(summary),
        traffic::denied_targets(summary),
        traffic::denied(summary),
        traffic::idps(summary),
        traffic::threat_intel(summary),
    ];
    sheets.extend(rules::never_hit(summary));
    sheets.push(rules::rules(summary));
    sheets.extend([parts::unused(summary), parts::wide(summary), parts::web(summary)]);
    sheets.extend(rules::policy(summary));
    sheets.push(parts::all(summary));
    sheets.push(rules::unknown(summary));
    sheets.extend(traffic::talkers(summary));
    sheets.extend(traffic::by_name(summary));
    sheets.extend([traffic::ports(summary), traffic::dnat(summary)]);
    sheets.extend([traffic::dns_answers(summary), traffic::dns_failing(summary)]);
    sheets.push(traffic::dns_slow(summary));
    sheets.extend([rules::unresolved(summary), rules::aggregation(summary)]);
    sheets.extend([input::categories(summary), input::gaps(summary), input::input(summary)]);
    sheets.retain(|sheet| !sheet.rows.is_empty());
    sheets
}

fn sheet(name: &'static str, title: &str, columns: &[Column], rows: Vec<Vec<Cell>>) -> Sheet {
    let (title, columns) = (title.to_owned(), columns.to_vec());
    Sheet { name, title, notes: Vec::new(), columns, rows, more: None, is_data: false }
}

/// A table of the largest: the note says what is not shown.
fn top<R>(
    name: &'static str,
    title: &str,
    columns: &[Column],
    top: &Top<R>,
    row: impl Fn(&R) -> Vec<Cell>,
) -> Sheet {
    let mut sheet = sheet(name, title, columns, top.rows.iter().map(row).collect());
    let left_out = top.rows_total.saturating_sub(top.rows.len() as u64);
    if left_out > 0 {
        let records = plural(top.records_left_out, "record");
        sheet.more = Some(format!("and {} with {records}", plural(left_out, "more row")));
    }
    sheet
}

const FIRST: Column = words("first_seen", "first seen (UTC)", Shown::Wide);
const LAST: Column = words("last_seen", "last seen (UTC)", Shown::Always);
const RECORDS: Column = numbers("records", "records");
const ALLOWED: Column = numbers("allowed", "allowed");
const DENIED: Column = numbers("denied", "denied");

fn first(seen: Option<Seen>) -> Cell {
    Cell::time(seen.map(|seen| seen.first))
}

fn last(seen: Option<Seen>) -> Cell {
    Cell::time(seen.map(|seen| seen.last))
}

fn action(action: Option<LoggedAction>) -> Cell {
    Cell::text(action.map(LoggedAction::name))
}

/// The four names for programs, then the path for people.
fn rule_cells(rule: Option<&LoggedRule>) -> [Cell; 5] {
    let Some(rule) = rule else { return std::array::from_fn(|_| Cell::Empty) };
    let parts = [&rule.group, &rule.collection].into_iter().flatten();
    let mut path: Vec<&str> = parts.map(AsRef::as_ref).collect();
    path.push(&rule.rule);
    [
        Cell::text(rule.policy.as_ref()),
        Cell::text(rule.group.as_ref()),
        Cell::text(rule.collection.as_ref()),
        Cell::text(Some(&rule.rule)),
        Cell::Text(path.join("/")),
    ]
}
