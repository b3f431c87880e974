//! Tables of rules.

use Shown::{Always, Data, Reading, Wide};

use crate::logs::LoggedAction;
use crate::report::traffic::sheet::{Cell, Column, Sheet, Shown, grouped, numbers, words};
use crate::tables::{RuleRow, Summary};

use super::{FIRST, LAST, RECORDS, action, first, last, rule_cells, sheet, top};

const RULE_DATA: [Column; 4] = [
    words("policy", "policy", Data),
    words("group", "group", Data),
    words("collection", "collection", Data),
    words("rule", "rule", Data),
];
const RULE_TEXT: Column = words("rule_path", "rule", Reading);

fn rule_columns(before: &[Column]) -> Vec<Column> {
    let mut columns = before.to_vec();
    columns.extend(RULE_DATA);
    columns.push(RULE_TEXT);
    columns
}

fn rule_sheet(name: &'static str, title: &str, rules: &[RuleRow], connections: u64) -> Sheet {
    let columns = rule_columns(&[
        numbers("hits", "hits"),
        numbers("share", "share"),
        words("action", "action", Always),
        words("type", "type", Wide),
        Column { shown: Wide, ..numbers("sources", "sources") },
        Column { shown: Wide, ..numbers("destinations", "dests") },
        Column { shown: Data, ..FIRST },
        LAST,
    ]);
    let row = |row: &RuleRow| {
        // A translation stands beside the connection's own record, so it has no share.
        let share = match row.action {
            Some(LoggedAction::Allow | LoggedAction::Deny) => Cell::share(row.hits, connections),
            Some(LoggedAction::Alert | LoggedAction::Dnat) | None => Cell::Empty,
        };
        let mut cells = vec![
            Cell::Number(row.hits),
            share,
            action(row.action),
            Cell::Text(row.kind.name().to_owned()),
            Cell::Number(row.sources),
            Cell::Number(row.destinations),
            first(row.seen),
            last(row.seen),
        ];
        cells.extend(rule_cells(Some(&row.rule)));
        cells
    };
    sheet(name, title, &columns, rules.iter().map(row).collect())
}

pub(super) fn rules(summary: &Summary) -> Sheet {
    let totals = &summary.totals;
    let mut sheet = rule_sheet("rules", "Rules", &summary.rules, totals.connections());
    sheet.notes.push("Share of all allowed and denied connections.".to_owned());
    if totals.allowed_without_rule > 0 {
        sheet.notes.push(format!(
            "{} allowed connections name no rule.",
            grouped(totals.allowed_without_rule)
        ));
    }
    sheet
}

pub(super) fn never_hit(summary: &Summary) -> Option<Sheet> {
    let policy = summary.policy.as_ref()?;
    let columns = [
        words("type", "type", Always),
        words("action", "action", Always),
        words("rule_path", "rule", Always),
    ];
    let rows = policy.never_hit().map(|row| {
        vec![
            Cell::Text(row.rule.kind.to_string()),
            Cell::Text(row.rule.action.to_string()),
            Cell::Text(row.rule.path.to_string()),
        ]
    });
    let mut sheet = sheet("never_hit", "Rules never hit in these logs", &columns, rows.collect());
    sheet.title = format!("{} ({} of {})", sheet.title, sheet.rows.len(), policy.rules.len());
    sheet.notes = never_hit_notes(summary);
    Some(sheet)
}

/// Why a rule may be in use all the same.
fn never_hit_notes(summary: &Summary) -> Vec<String> {
    let mut notes = vec!["Unused within this period and this input only.".to_owned()];
    let unnamed = summary.totals.allowed_without_rule;
    if unnamed > 0 {
        notes.push(format!(
            "{} allowed connections name no rule: any of these rules may have allowed them.",
            grouped(unnamed)
        ));
    }
    for policy in summary.policy.iter().flat_map(|policy| &policy.unnamed_policies) {
        notes.push(format!(
            "No record names the policy {policy}: its rules were looked up by group, collection and rule alone."
        ));
    }
    notes
}

pub(super) fn policy(summary: &Summary) -> Option<Sheet> {
    let columns = [
        numbers("hits", "hits"),
        numbers("aggregated", "aggregated"),
        words("type", "type", Always),
        words("action", "action", Always),
        FIRST,
        LAST,
        words("rule_path", "rule", Always),
    ];
    let rows = summary.policy.as_ref()?.rules.iter().map(|row| {
        vec![
            Cell::Number(row.hits),
            Cell::Number(row.aggregated),
            Cell::Text(row.rule.kind.to_string()),
            Cell::Text(row.rule.action.to_string()),
            first(row.seen),
            last(row.seen),
            Cell::Text(row.rule.path.to_string()),
        ]
    });
    let title = "Rules of the policy, in its order";
    let sheet = sheet("policy_rules", title, &columns, rows.collect());
    Some(Sheet { is_data: true, ..sheet })
}

pub(super) fn unknown(summary: &Summary) -> Sheet {
    let unknown = summary.policy.as_ref().map(|policy| policy.unknown.as_slice());
    let title = "Rules in the logs that the policy does not have";
    rule_sheet("unknown_rules", title, unknown.unwrap_or_default(), summary.totals.connections())
}

pub(super) fn unresolved(summary: &Summary) -> Sheet {
    let columns = rule_columns(&[RECORDS, FIRST, LAST, words("fqdn", "name", Always)]);
    let title = "Names in rules that the firewall could not resolve";
    let mut sheet = top("unresolved", title, &columns, &summary.unresolved, |row| {
        let mut cells = vec![
            Cell::Number(row.records),
            first(row.seen),
            last(row.seen),
            Cell::text(row.fqdn.as_ref()),
        ];
        cells.extend(rule_cells(row.rule.as_ref()));
        cells
    });
    sheet.notes.insert(
        0,
        "Such a rule matches nothing for as long as its name has no address.".to_owned(),
    );
    sheet
}

pub(super) fn aggregation(summary: &Summary) -> Sheet {
    let columns = rule_columns(&[
        numbers("connections", "connections"),
        numbers("rows", "rows"),
        words("action", "action", Always),
        words("category", "category", Wide),
        FIRST,
        Column { shown: Wide, ..LAST },
    ]);
    let rows = summary.aggregation.iter().map(|row| {
        let mut cells = vec![
            Cell::Number(row.connections),
            Cell::Number(row.rows),
            action(row.action),
            Cell::Text(row.category.to_string()),
            first(row.seen),
            last(row.seen),
        ];
        cells.extend(rule_cells(row.rule.as_ref()));
        cells
    });
    let mut sheet = sheet("aggregation", "Policy Analytics aggregation", &columns, rows.collect());
    sheet.notes.push("Each row stands for connections that are logged one by one elsewhere: in no other number of this report.".to_owned());
    sheet
}
