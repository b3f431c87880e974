//! Tables and findings as the template shows them: every text made visible and cut to a length.

use std::net::IpAddr;

use super::Room;
use crate::detect::{Finding, Severity};
use crate::report::sanitize;
use crate::report::traffic::headline::plural;
use crate::report::traffic::sheet::{Cell, Column, Sheet, Shown, grouped, percent, second};
use crate::report::traffic::sheets::sheets;
use crate::tables::Summary;

/// Tables that answer one question.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// What is said in place of tables.
    pub(super) none: &'static str,
    pub(super) tables: Vec<TableView>,
}

#[derive(Debug)]
pub(super) struct TableView {
    pub(super) name: &'static str,
    pub(super) title: String,
    pub(super) notes: Vec<String>,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<RowView>,
    pub(super) more: Vec<String>,
}

#[derive(Debug)]
pub(super) struct RowView {
    pub(super) is_unused: bool,
    pub(super) cells: Vec<CellView>,
}

#[derive(Debug)]
pub(super) struct CellView {
    pub(super) text: String,
    /// The number to sort by.
    pub(super) value: Option<u64>,
    /// The badge's colour, for words such as `deny`.
    pub(super) badge: Option<&'static str>,
    /// The field that a filter would ask for this value.
    pub(super) field: Option<&'static str>,
    /// `n` for numbers, `t` for times.
    pub(super) class: &'static str,
}

/// A finding with its evidence.
#[derive(Debug)]
pub(super) struct FindingView {
    pub(super) severity: &'static str,
    pub(super) detection: &'static str,
    pub(super) summary: &'static str,
    pub(super) techniques: String,
    pub(super) message: String,
    pub(super) when: String,
    pub(super) score: Vec<(String, String)>,
    pub(super) evidence: Vec<Vec<String>>,
    /// What would filter the page to it; empty where nothing would.
    pub(super) filter: String,
}

const SECTIONS: [(&str, &str, &str, &[&str]); 8] = [
    (
        "denied",
        "Denied by default, and why",
        "Nothing was denied by default.",
        &["denied_by_source_name", "denied_destinations", "denied_by_default"],
    ),
    (
        "rules",
        "Rules",
        "No record names a rule.",
        &[
            "policy_rules",
            "rules",
            "unused_parts",
            "wide_parts",
            "web_by_network_rules",
            "unknown_rules",
            "unresolved",
            "aggregation",
        ],
    ),
    (
        "threats",
        "Threats",
        "Neither IDPS nor threat intelligence reported anything.",
        &["idps", "threat_intel"],
    ),
    (
        "destinations",
        "Destinations",
        "No connections.",
        &["fqdns", "destinations", "destinations_by_name", "ports", "web_categories"],
    ),
    ("sources", "Sources", "No connections.", &["sources", "sources_by_name"]),
    ("dnat", "Inbound translations (DNAT)", "No translations.", &["dnat"]),
    ("dns", "DNS", "No DNS queries.", &["dns_failing", "dns_slow", "dns_answers"]),
    ("coverage", "What this report rests on", "No input.", &["input", "categories", "gaps"]),
];

pub(super) fn sections(summary: &Summary, room: Room) -> Vec<Section> {
    let all = sheets(summary);
    SECTIONS
        .iter()
        .map(|(id, title, none, names)| {
            let chosen = names.iter().filter_map(|name| all.iter().find(|one| one.name == *name));
            let mut tables: Vec<TableView> = chosen.map(|sheet| table(sheet, room)).collect();
            let never = all.iter().find(|sheet| sheet.name == "never_hit");
            for table in tables.iter_mut().filter(|table| table.name == "policy_rules") {
                let notes = never.into_iter().flat_map(|sheet| &sheet.notes);
                table.notes.extend(notes.map(|note| shown(note, room)));
            }
            Section { id, title, none, tables }
        })
        .collect()
}

fn table(sheet: &Sheet, room: Room) -> TableView {
    let has_path = sheet.columns.iter().any(|column| column.name == "rule_path");
    let mut places: Vec<usize> = (0..sheet.columns.len()).collect();
    let column = |place: usize| sheet.columns.get(place);
    places.retain(|place| {
        column(*place).is_some_and(|column| is_seen(column, has_path)) && has_values(sheet, *place)
    });
    places.sort_by_key(|place| column(*place).map(rank));
    let columns: Vec<Column> = places.iter().filter_map(|place| column(*place).copied()).collect();
    let is_rules = matches!(sheet.name, "rules" | "policy_rules" | "unknown_rules");
    let rows_max = if is_rules { room.rules } else { room.rows };
    let rows = sheet.rows.iter().take(rows_max).map(|row| {
        let is_unused =
            sheet.name == "policy_rules" && row.iter().take(2).all(|cell| *cell == Cell::Number(0));
        let cells = places.iter().filter_map(|place| row.get(*place));
        let cells = cells.zip(&columns).map(|(cell, column)| view(cell, column, room)).collect();
        RowView { is_unused, cells }
    });
    let rows: Vec<RowView> = rows.collect();
    let cut = sheet.rows.len().saturating_sub(rows_max) as u64;
    let mut more: Vec<String> = sheet.more.iter().map(|more| shown(more, room)).collect();
    if cut > 0 {
        more.insert(
            0,
            format!("{} not shown here; `--format csv` writes them", plural(cut, "more row")),
        );
    }
    TableView {
        name: sheet.name,
        title: shown(&sheet.title, room),
        notes: sheet.notes.iter().map(|note| shown(note, room)).collect(),
        columns,
        rows,
        more,
    }
}

/// Each value in a column of its own; rules alone as a path.
fn is_seen(column: &Column, has_path: bool) -> bool {
    match column.name {
        "policy" | "group" | "collection" | "remedy" => false,
        "rule" => !has_path,
        "rule_path" => true,
        _ => column.shown != Shown::Reading,
    }
}

/// What a row is about comes first: it must be seen on a phone. Then how much, then the rest.
fn rank(column: &Column) -> u8 {
    match column.name {
        "name" | "source_name" | "destination_name" | "client_name" | "inner_name" | "called" => 0,
        name if field(name).is_some() => 0,
        "action" | "severity" => 1,
        _ if column.is_number => 2,
        "first_seen" | "last_seen" => 4,
        _ => 3,
    }
}

/// The field that a filter would ask for values of this column.
fn field(column: &str) -> Option<&'static str> {
    match column {
        "source" | "client" => Some("source"),
        "destination" | "fqdn" | "public" => Some("target"),
        "port" | "public_port" => Some("port"),
        "protocol" => Some("protocol"),
        "rule_path" | "description" | "threat" => Some("rule"),
        _ => None,
    }
}

fn has_values(sheet: &Sheet, place: usize) -> bool {
    sheet.rows.iter().any(|row| row.get(place).is_some_and(|cell| *cell != Cell::Empty))
}

fn view(cell: &Cell, column: &Column, room: Room) -> CellView {
    let (text, value) = match cell {
        Cell::Empty => (String::new(), None),
        Cell::Text(text) => (shown(text, room), None),
        // A port is a name made of digits.
        Cell::Number(number) if !column.is_number => (number.to_string(), Some(*number)),
        Cell::Number(number) => (grouped(*number), Some(*number)),
        Cell::Share(share) => (percent(*share, true), Some(*share)),
        Cell::Time(time) => (second(*time), None),
    };
    let badge = match (column.name, text.as_str()) {
        ("action", "deny") => Some("denied"),
        ("action", "allow") => Some("allowed"),
        ("action", "alert") | ("severity", "high") => Some("threat"),
        ("severity", "medium") => Some("medium"),
        ("action", "dnat") => Some("dnat"),
        ("severity" | "action", _) => Some("plain"),
        _ => None,
    };
    let field = field(column.name);
    let class = match cell {
        Cell::Time(_) => "t",
        _ if column.is_number => "n",
        _ => "",
    };
    CellView { field: field.filter(|_| !text.is_empty()), text, value, badge, class }
}

pub(super) fn finding(finding: &Finding, room: Room) -> FindingView {
    let kind = finding.kind();
    let when = match (finding.first, finding.last) {
        (Some(first), Some(last)) if first != last => {
            format!("{} to {} UTC", second(first), second(last))
        }
        (Some(time), _) | (None, Some(time)) => format!("{} UTC", second(time)),
        (None, None) => String::new(),
    };
    FindingView {
        severity: finding.severity.name(),
        detection: finding.detection,
        summary: kind.map_or("", |kind| kind.summary),
        techniques: kind.map_or_else(String::new, |kind| kind.techniques.join(", ")),
        message: shown(&said(finding), room),
        when,
        score: finding
            .score
            .iter()
            .map(|part| (part.name.to_owned(), shown(&part.value, room)))
            .collect(),
        evidence: finding.evidence.iter().take(5).map(|one| evidence(one, room)).collect(),
        filter: filter(finding),
    }
}

/// Who to whom, and what is the case.
pub(super) fn said(finding: &Finding) -> String {
    let ends = crate::report::detect::ends(finding);
    if ends.is_empty() { finding.message.clone() } else { format!("{ends}: {}", finding.message) }
}

/// What the records of a finding have in common, as the page's filter would ask for it.
fn filter(finding: &Finding) -> String {
    let source = finding.source.as_deref().filter(|source| source.parse::<IpAddr>().is_ok());
    let mut tests: Vec<String> =
        source.map(|source| format!("source = {source}")).into_iter().collect();
    if let Some(target) = &finding.target {
        let (name, port) = name_and_port(target);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '_');
        if !name.is_empty() && name.chars().all(is_plain) {
            tests.push(format!("target = {name}"));
        }
        tests.extend(port.map(|port| format!("port = {port}")));
    }
    tests.join(" and ")
}

/// `www.example.com:443`, `[2001:db8::1]:443`; an address with colons alone has no port.
fn name_and_port(target: &str) -> (&str, Option<u16>) {
    let bare = |name: &str| !name.contains(':') || name.ends_with(']');
    let split = target.rsplit_once(':').filter(|(name, _)| bare(name));
    match split.and_then(|(name, port)| Some((name, port.parse().ok()?))) {
        Some((name, port)) => (name.trim_matches(['[', ']']), Some(port)),
        None => (target, None),
    }
}

fn evidence(one: &crate::detect::Evidence, room: Room) -> Vec<String> {
    let port = one.port.map_or_else(String::new, |port| port.to_string());
    let texts = [&one.source, &one.target, &port, &one.protocol, &one.outcome, &one.origin];
    let mut cells = vec![second(one.time)];
    cells.extend(texts.map(|text| shown(text, room)));
    cells
}

/// `1 high, 3 low`.
pub(super) fn severities(findings: &[Finding]) -> String {
    let all = [Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    let counts = all.map(|severity| {
        let count = findings.iter().filter(|finding| finding.severity == severity).count();
        (count, severity.name())
    });
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    counts.map(|(count, name)| format!("{count} {name}")).collect::<Vec<String>>().join(", ")
}

fn shown(text: &str, room: Room) -> String {
    shortened(&sanitize::terminal(text), room.characters)
}

pub(super) fn shortened(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_told_from_their_ports() {
        let all =
            ["a.example.com:443", "a.example.com", "2001:db8::1", "[2001:db8::1]:53", "10.0.0.4:x"];
        let split = all.map(name_and_port);
        let expected = [
            ("a.example.com", Some(443)),
            ("a.example.com", None),
            ("2001:db8::1", None),
            ("2001:db8::1", Some(53)),
            ("10.0.0.4:x", None),
        ];
        assert_eq!(split, expected);
    }
}
