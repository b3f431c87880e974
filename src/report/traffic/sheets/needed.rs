//! Which rule is needed, and for whom.

use Shown::{Always, Data, Reading, Wide};

use crate::report::traffic::headline::plural;
use crate::report::traffic::needed::rule;
use crate::report::traffic::remedy::Remedy;
use crate::report::traffic::sheet::{Cell, Column, Sheet, Shown, numbers, words};
use crate::tables::{DeniedGroupRow, SourceGroup, Summary};

use super::traffic::{named, target, with_reason};
use super::{FIRST, LAST, RECORDS, first, last, top};

/// What sources are called, and of what kind the name is.
pub(in crate::report::traffic) fn source_group(
    group: &SourceGroup,
) -> (Option<&str>, &'static str) {
    match group {
        SourceGroup::IpGroup(name) => (Some(name), "ip_group"),
        SourceGroup::Named(name) => (Some(name), "name"),
        SourceGroup::Inside => (None, "private"),
        SourceGroup::Internet => (None, "internet"),
        SourceGroup::Unknown => (None, "unknown"),
    }
}

pub(super) fn denied_groups(summary: &Summary) -> Sheet {
    let columns = [
        numbers("attempts", "attempts"),
        Column { shown: Wide, ..RECORDS },
        numbers("sources", "sources"),
        Column { shown: Data, ..FIRST },
        Column { shown: Data, ..LAST },
        words("source_type", "sources are", Data),
        words("source_name", "called", Data),
        words("protocol", "protocol", Data),
        words("destination", "destination", Data),
        words("destination_name", "called", Data),
        Column { shown: Data, ..numbers("port", "port") },
        words("reason", "reason", Data),
        words("remedy", "remedy", Data),
        words("rule", "rule", Data),
        words("from", "from", Always),
        words("rule_text", "rule that would allow it, or why none", Reading),
    ];
    let title = "Denied by default: which rule is needed?";
    let rows = &summary.denied_groups;
    let mut sheet = top("denied_by_source_name", title, &columns, rows, |row| {
        let (name, kind) = source_group(&row.group);
        let remedy = Remedy::of(row.protocol.as_deref(), row.reason.as_deref());
        let rule = rule(row);
        vec![
            Cell::Number(row.attempts),
            Cell::Number(row.records),
            Cell::Number(row.sources),
            first(row.seen),
            last(row.seen),
            Cell::Text(kind.to_owned()),
            Cell::text(name),
            Cell::text(row.protocol.as_ref()),
            Cell::text(row.target.as_ref()),
            Cell::text(row.target_name.as_ref()),
            Cell::number(row.port),
            Cell::text(row.reason.as_ref()),
            Cell::Text(remedy.name().to_owned()),
            Cell::text(rule.as_ref()),
            Cell::Text(from(row)),
            Cell::Text(rule.unwrap_or_else(|| without_rule(row, remedy))),
        ]
    });
    let note = "Whether it should pass is for you to say. Each line is one rule of the text form \
                (.azfw), as narrow as what was seen.";
    sheet.notes.push(note.to_owned());
    sheet
}

/// Who asks, for people.
fn from(row: &DeniedGroupRow) -> String {
    match (&row.group, row.addresses.as_slice()) {
        (SourceGroup::IpGroup(name) | SourceGroup::Named(name), _) => name.to_string(),
        (_, [one]) if row.sources == 1 => one.to_string(),
        (SourceGroup::Inside, _) => "private addresses".to_owned(),
        (SourceGroup::Internet, _) => "the internet".to_owned(),
        (SourceGroup::Unknown, _) => "(unknown)".to_owned(),
    }
}

/// What was asked for, and why there is no line.
fn without_rule(row: &DeniedGroupRow, remedy: Remedy) -> String {
    let protocol = row.protocol.as_deref().unwrap_or("?");
    let target = target(row.target.as_deref(), row.port);
    let target = named(target, row.target_name.as_deref());
    let asked = with_reason(format!("{protocol} {target}"), row.reason.as_deref());
    match (&row.group, remedy) {
        (_, Remedy::NameResolution | Remedy::TlsInspection) => {
            format!("{}: {asked}", remedy.text())
        }
        (SourceGroup::Internet, _) => format!("no line for the internet: {asked}"),
        (_, Remedy::NetworkRule | Remedy::ApplicationRule | Remedy::NetworkRuleByAddress) => {
            let sources = plural(row.sources, "source");
            format!("{} for {sources}: {asked}", remedy.text())
        }
    }
}
