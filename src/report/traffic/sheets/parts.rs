//! Tables of what rules are made of, and how much of it was used.

use Shown::{Always, Data, Reading, Wide};

use crate::report::traffic::sheet::{Cell, Column, Sheet, Shown, grouped, numbers, words};
use crate::tables::{PartKind, PartUse, PolicyRuleUse, Summary};

use super::{rule_cells, sheet};

/// Parts of one list that are named in a line of text.
const NAMED_MAX: usize = 8;

const KIND: Column = words("part_type", "part", Always);

fn rules(summary: &Summary) -> impl Iterator<Item = &PolicyRuleUse> {
    summary.policy.iter().flat_map(|policy| &policy.rules)
}

fn title_of(kind: PartKind) -> &'static str {
    match kind {
        PartKind::WebCategory => "web category",
        PartKind::Fqdn => "name",
        PartKind::Source | PartKind::Destination | PartKind::Port | PartKind::Protocol => {
            kind.name()
        }
    }
}

/// Lists of rules with entries that no traffic used, one line per list.
pub(super) fn unused(summary: &Summary) -> Sheet {
    let columns = [
        numbers("unused", "unused"),
        Column { is_number: true, ..words("of", "of", Always) },
        KIND,
        words("parts", "rule: what no traffic used", Always),
    ];
    let mut rows = Vec::new();
    for rule in rules(summary) {
        let kinds = [
            PartKind::Source,
            PartKind::Destination,
            PartKind::Port,
            PartKind::Protocol,
            PartKind::Fqdn,
            PartKind::WebCategory,
        ];
        for kind in kinds {
            let list: Vec<&PartUse> = rule.parts.iter().filter(|part| part.kind == kind).collect();
            let unused: Vec<&str> = list
                .iter()
                .filter(|part| part.is_unused())
                .map(|part| part.text.as_str())
                .collect();
            if unused.is_empty() {
                continue;
            }
            let named = unused.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
            let more = match unused.len().saturating_sub(NAMED_MAX) {
                0 => String::new(),
                more => format!(" and {} more", grouped(more as u64)),
            };
            rows.push(vec![
                Cell::Number(unused.len() as u64),
                Cell::Number(list.len() as u64),
                Cell::Text(title_of(kind).to_owned()),
                Cell::Text(format!("{}: {named}{more}", rule.rule.path)),
            ]);
        }
    }
    let title = "Parts of rules that no traffic used";
    let mut sheet = sheet("unused_parts", title, &columns, rows);
    sheet.notes.push(
        "Of rules that were hit, within this period and this input only. What records cannot tell \
         is not listed: URLs, destination names of network rules, tags without a table."
            .to_owned(),
    );
    sheet
}

/// Wide parts, and the narrowest prefix that would have held the traffic.
pub(super) fn wide(summary: &Summary) -> Sheet {
    let columns = [
        numbers("seen", "seen"),
        Column { is_number: true, ..words("size", "of", Always) },
        KIND,
        words("part", "as written", Data),
        words("rule_path", "rule", Data),
        words("within", "all seen in", Data),
        words("part_text", "as written, and where it was seen", Reading),
    ];
    let mut rows = Vec::new();
    for rule in rules(summary).filter(|rule| rule.rule.action != "deny") {
        for part in rule.parts.iter().filter(|part| part.is_wide()) {
            rows.push(vec![
                Cell::Number(part.seen.unwrap_or_default()),
                part.size.map_or(Cell::Empty, Cell::Number),
                Cell::Text(title_of(part.kind).to_owned()),
                Cell::Text(part.text.to_string()),
                Cell::Text(rule.rule.path.to_string()),
                Cell::text(part.within.as_ref()),
                Cell::Text(match &part.within {
                    Some(within) => format!("{} in {}: {within}", part.text, rule.rule.path),
                    None => format!("{} in {}", part.text, rule.rule.path),
                }),
            ]);
        }
    }
    let title = "Wide parts of rules of which little was used";
    let mut sheet = sheet("wide_parts", title, &columns, rows);
    sheet.notes.push(
        "Of rules that let traffic pass: 256 addresses or 16 ports and more, of which less than a \
         tenth was seen."
            .to_owned(),
    );
    sheet
}

/// Every part of every rule that was hit, for programs.
pub(super) fn all(summary: &Summary) -> Sheet {
    let columns = [
        words("rule_path", "rule", Always),
        words("type", "type", Data),
        words("part_type", "part", Always),
        words("part", "as written", Always),
        numbers("seen", "seen"),
        numbers("size", "of"),
        words("within", "all seen in", Always),
    ];
    let mut rows = Vec::new();
    for rule in rules(summary) {
        for part in &rule.parts {
            rows.push(vec![
                Cell::Text(rule.rule.path.to_string()),
                Cell::Text(rule.rule.kind.to_string()),
                Cell::Text(part.kind.name().to_owned()),
                Cell::Text(part.text.to_string()),
                part.seen.map_or(Cell::Empty, Cell::Number),
                part.size.map_or(Cell::Empty, Cell::Number),
                Cell::text(part.within.as_ref()),
            ]);
        }
    }
    let sheet = sheet("rule_parts", "Parts of rules", &columns, rows);
    Sheet { is_data: true, ..sheet }
}

/// Web traffic that no application rule has seen.
pub(super) fn web(summary: &Summary) -> Sheet {
    let columns = [
        numbers("records", "records"),
        words("protocol", "protocol", Data),
        words("port", "port", Data),
        words("port_text", "port", Reading),
        Column { shown: Wide, ..numbers("public_destinations", "destinations") },
        words("policy", "policy", Data),
        words("group", "group", Data),
        words("collection", "collection", Data),
        words("rule", "rule", Data),
        words("rule_path", "rule", Reading),
    ];
    let rows = summary.web_by_network_rules.iter().map(|row| {
        let mut cells = vec![
            Cell::Number(row.records),
            Cell::Text(row.protocol.to_string()),
            Cell::Number(row.port.into()),
            Cell::Text(format!("{}:{}", row.protocol, row.port)),
            Cell::Number(row.public_destinations),
        ];
        cells.extend(rule_cells(Some(&row.rule)));
        cells
    });
    let title = "Web traffic to the internet that network rules allowed";
    let mut sheet = sheet("web_by_network_rules", title, &columns, rows.collect());
    sheet.notes.push(
        "Network rules come before application rules: no name, URL or category was compared. \
         Rules with a destination on the internet, all their connections to these ports."
            .to_owned(),
    );
    sheet
}
