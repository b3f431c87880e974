//! Tables as the template shows them: every text made visible and cut to a length.

use super::rollup::{self, Rolls, deny_share};
use super::{Contents, Room, chart, earlier};
use crate::report::page::{Badge, Cell as View, Column, Row, Table, shown};
use crate::report::traffic::headline::plural;
use crate::report::traffic::needed;
use crate::report::traffic::sheet::{
    self, Cell, Sheet, Shown, grouped, per_mille, percent, second,
};
use crate::report::traffic::sheets::sheets;
use crate::tables::{Cube, PolicyRuleUse, RuleRow, Seen, Summary};

/// Tables that answer one question.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// What is said in place of tables.
    pub(super) none: &'static str,
    pub(super) tables: Vec<Table>,
}

const SECTIONS: [(&str, &str, &str, &[&str]); 9] = [
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
        &["domains", "fqdns", "destinations", "destinations_by_name", "ports", "web_categories"],
    ),
    ("sources", "Sources", "No connections.", &["sources", "subnets", "sources_by_name"]),
    ("dnat", "Inbound translations (DNAT)", "No translations.", &["dnat"]),
    ("dns", "DNS", "No DNS queries.", &["dns_failing", "dns_slow", "dns_answers"]),
    (
        "compare",
        "Compared with earlier logs",
        "Nothing changed.",
        &["new", "grown", "gone", "changed_rules"],
    ),
    ("coverage", "What this report rests on", "No input.", &["input", "categories", "gaps"]),
];

pub(super) fn sections(
    contents: Contents<'_>,
    cube: &Cube,
    rolls: &Rolls,
    room: Room,
) -> Vec<Section> {
    let summary = contents.summary;
    let all = sheets(summary);
    let years = Years::of(summary.period);
    let mut tables: Vec<Table> = all.iter().map(|sheet| table(sheet, years, room)).collect();
    for table in &mut tables {
        match table.name {
            "denied_by_source_name" => with_rules(table, summary, room),
            "sources" => with_fan_out(table, summary, cube),
            "fqdns" | "destinations" | "web_categories" | "ports" => with_share(table),
            _ => {}
        }
    }
    if let Some(policy) = policy(summary, cube, years, room) {
        let never = all.iter().find(|sheet| sheet.name == "never_hit");
        let notes = never.into_iter().flat_map(|sheet| &sheet.notes);
        let notes = notes.map(|note| shown(note, room.characters)).collect();
        // The rules of the logs are among those of the policy, or unknown to it.
        tables.retain(|table| !matches!(table.name, "policy_rules" | "rules"));
        tables.push(Table { notes, ..policy });
    } else if let Some(rules) = tables.iter_mut().find(|table| table.name == "rules") {
        let lines = chart::rule_lines(cube);
        rules.columns.insert(1, Column::text("over time"));
        for (row, rule) in rules.rows.iter_mut().zip(&summary.rules) {
            let spark = lines.get(logged_path(rule).as_str()).cloned();
            row.cells.insert(1, View { spark, ..View::default() });
        }
    }
    tables.push(rollup::domains(cube, rolls, room));
    tables.push(rollup::subnets(cube, rolls, room));
    tables.extend(earlier::tables(contents, years, room));
    tables.retain(|table| !table.rows.is_empty());
    let tables: Vec<Table> = tables.into_iter().map(Table::with_bars).collect();
    let mut sections = Vec::new();
    for (id, title, none, names) in SECTIONS {
        if id == "compare" && contents.earlier.is_none() {
            continue;
        }
        let chosen = names.iter().filter_map(|name| tables.iter().find(|one| one.name == *name));
        sections.push(Section { id, title, none, tables: chosen.cloned().collect() });
    }
    sections
}

/// Whether times need their year: the page says which it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Years {
    are_many: bool,
}

impl Years {
    fn of(period: Option<Seen>) -> Self {
        let year = |time: jiff::Timestamp| time.strftime("%Y").to_string();
        Self { are_many: period.is_none_or(|seen| year(seen.first) != year(seen.last)) }
    }

    fn cell(self, time: jiff::Timestamp) -> View {
        let whole = second(time);
        let short = whole.get(5..).filter(|_| !self.are_many).map(str::to_owned);
        View {
            text: short.unwrap_or_else(|| whole.clone()),
            full: Some(whole),
            class: "t",
            ..View::default()
        }
    }
}

pub(super) fn table(sheet: &Sheet, years: Years, room: Room) -> Table {
    let has_path = sheet.columns.iter().any(|column| column.name == "rule_path");
    let mut places: Vec<usize> = (0..sheet.columns.len()).collect();
    let column = |place: usize| sheet.columns.get(place);
    places.retain(|place| {
        column(*place).is_some_and(|column| match sheet.name {
            "denied_by_source_name" => NEEDED.contains(&column.name),
            _ => is_seen(column, has_path),
        }) && has_values(sheet, *place)
    });
    places.sort_by_key(|place| column(*place).map(rank));
    // What an address is called stands below it.
    let called = |place: &usize| {
        let name = column(*place).and_then(|column| match column.name {
            "source" => Some("source_name"),
            "destination" => Some("destination_name"),
            "client" => Some("client_name"),
            "inner" => Some("inner_name"),
            _ => None,
        })?;
        sheet.columns.iter().position(|column| column.name == name)
    };
    let below: Vec<usize> = places.iter().filter_map(called).collect();
    places.retain(|place| !below.contains(place));
    let columns: Vec<sheet::Column> =
        places.iter().filter_map(|place| column(*place).copied()).collect();
    let is_rules = matches!(sheet.name, "rules" | "policy_rules" | "unknown_rules");
    let rows_max = if is_rules { room.rules } else { room.rows };
    let rows = sheet.rows.iter().take(rows_max).map(|row| {
        let cells = places.iter().zip(&columns).filter_map(|(place, column)| {
            let view = view(row.get(*place)?, column, years, room);
            let name = match called(place).and_then(|name| row.get(name)) {
                Some(Cell::Text(name)) => shown(name, room.characters),
                _ => String::new(),
            };
            Some(view.with_line("muted", &name))
        });
        Row::from(cells.collect::<Vec<View>>())
    });
    let rows: Vec<Row> = rows.collect();
    let cut = sheet.rows.len().saturating_sub(rows_max) as u64;
    let shown = |text: &str| shown(text, room.characters);
    let mut more: Vec<String> = sheet.more.iter().map(|more| shown(more)).collect();
    if cut > 0 {
        more.insert(0, cut_note(cut));
    }
    let columns = columns
        .iter()
        .map(|column| Column { title: column.title.to_owned(), is_number: is_right(column) });
    Table {
        name: sheet.name,
        title: shown(&sheet.title),
        notes: sheet.notes.iter().map(|note| shown(note)).collect(),
        columns: columns.collect(),
        rows,
        more,
        is_stacked: sheet.name == "denied_by_source_name",
    }
}

/// What is shown of a rule that may be needed: for whom, for what, how much, and the rule.
const NEEDED: [&str; 9] = [
    "from",
    "protocol",
    "destination",
    "destination_name",
    "port",
    "attempts",
    "records",
    "sources",
    "rule_text",
];

/// Rules as they are written, to be copied.
fn with_rules(table: &mut Table, summary: &Summary, room: Room) {
    for (row, denied) in table.rows.iter_mut().zip(&summary.denied_groups.rows) {
        let rule = needed::rule(denied).filter(|rule| rule.len() <= room.characters);
        if let (Some(cell), Some(rule)) = (row.cells.last_mut(), rule) {
            *cell = View { copy: Some(rule.clone()), ..View::default() }.with_line("code", &rule);
        }
    }
}

fn cut_note(rows: u64) -> String {
    format!("{} not shown here; `--format csv` writes them", plural(rows, "more row"))
}

/// Which part of the connections was denied: the columns before it are those allowed and denied.
fn with_share(table: &mut Table) {
    let column = |title: &str| table.columns.iter().position(|column| column.title == title);
    let (Some(allowed), Some(denied)) = (column("allowed"), column("denied")) else { return };
    table.columns.insert(denied + 1, Column::number("deny share"));
    for row in &mut table.rows {
        let value = |place: usize| row.cells.get(place).and_then(|cell| cell.value).unwrap_or(0);
        let share = deny_share(value(allowed), value(denied));
        row.cells.insert((denied + 1).min(row.cells.len()), share);
    }
}

fn with_fan_out(table: &mut Table, summary: &Summary, cube: &Cube) {
    with_share(table);
    let Some(share) = table.columns.iter().position(|column| column.title == "deny share") else {
        return;
    };
    let fan_out = rollup::fan_out(cube);
    table.columns.insert(share + 1, Column::number("destinations"));
    for (row, source) in table.rows.iter_mut().zip(&summary.sources.rows) {
        let count = fan_out.get(source.name.as_str()).copied().unwrap_or(0);
        let least = if cube.others > 0 { "≥ " } else { "" };
        let cell = View::number(count, format!("{least}{}", grouped(count)));
        row.cells.insert((share + 1).min(row.cells.len()), cell);
    }
}

/// Every rule of the policy, with what the logs say of it.
fn policy(summary: &Summary, cube: &Cube, years: Years, room: Room) -> Option<Table> {
    let policy = summary.policy.as_ref()?;
    let lines = chart::rule_lines(cube);
    let columns = vec![
        Column::text("rule"),
        Column::text("over time"),
        Column::text("action"),
        Column::number("hits"),
        Column::number("share"),
        Column::number("sources"),
        Column::number("dests"),
        Column::text("type"),
        Column::text("first seen (UTC)"),
        Column::text("last seen (UTC)"),
    ];
    let rows = policy.rules.iter().take(room.rules).map(|rule| {
        let path = rule.rule.path.to_string();
        let logged = summary.rules.iter().find(|row| {
            let own = &rule.rule.path;
            row.rule.rule == own.rule
                && row.rule.collection.as_ref() == Some(&own.collection)
                && row.rule.group == own.group
                && (row.rule.policy.is_none() || row.rule.policy == own.policy)
        });
        let name = View {
            field: Some("rule"),
            badges: badges(rule, summary),
            ..View::text(&shown(&path, room.characters))
        };
        let spark = logged.and_then(|row| lines.get(logged_path(row).as_str()).cloned());
        let seen = |time: fn(&Seen) -> jiff::Timestamp| {
            rule.seen.as_ref().map_or_else(View::default, |seen| years.cell(time(seen)))
        };
        let hits = rule.hits + rule.aggregated;
        let share = if rule.rule.action == "dnat" {
            View { class: "n", ..View::default() }
        } else {
            let share = per_mille(rule.hits, summary.totals.connections());
            View::number(share, percent(share, rule.hits > 0))
        };
        let cells = vec![
            name,
            View { spark, ..View::default() },
            action(&rule.rule.action),
            number(hits),
            share,
            number(logged.map_or(0, |row| row.sources)),
            number(logged.map_or(0, |row| row.destinations)),
            View::text(&rule.rule.kind),
            seen(|seen| seen.first),
            seen(|seen| seen.last),
        ];
        Row { is_unused: rule.is_never_hit(), cells }
    });
    let rows: Vec<Row> = rows.collect();
    let cut = policy.rules.len().saturating_sub(rows.len()) as u64;
    Some(Table {
        name: "policy_rules",
        title: "Rules of the policy, in its order".to_owned(),
        notes: Vec::new(),
        columns,
        rows,
        more: (cut > 0).then(|| cut_note(cut)).into_iter().collect(),
        is_stacked: false,
    })
}

/// What is striking about a rule.
fn badges(rule: &PolicyRuleUse, summary: &Summary) -> Vec<Badge> {
    let mut badges = Vec::new();
    if rule.is_never_hit() {
        badges.push(Badge::new("denied", "unused", "never hit within this period and input"));
        return badges;
    }
    let wide = rule.parts.iter().filter(|part| part.is_wide());
    let wide: Vec<&str> = wide.map(|part| part.text.as_str()).collect();
    if rule.rule.action != "deny" && !wide.is_empty() {
        let title = format!("less than a tenth was used of {}", wide.join(", "));
        badges.push(Badge::new("medium", "over-broad", &title));
    }
    let path = &rule.rule.path;
    let is_web = summary.web_by_network_rules.iter().any(|row| {
        row.rule.rule == path.rule
            && row.rule.collection.as_ref() == Some(&path.collection)
            && row.rule.group == path.group
    });
    if is_web {
        let title = "allows web traffic to the internet before application rules see it";
        badges.push(Badge::new("threat", "bypasses application rules", title));
    }
    badges
}

fn action(action: &str) -> View {
    View::badge(Badge::new(tone("action", action).unwrap_or("plain"), action, ""), None)
}

/// A rule as the cube calls it.
fn logged_path(row: &RuleRow) -> String {
    let rule = &row.rule;
    let parts = [rule.group.as_ref(), rule.collection.as_ref(), Some(&rule.rule)];
    let mut parts: Vec<&str> = parts.into_iter().flatten().map(AsRef::as_ref).collect();
    parts.dedup();
    parts.join("/")
}

pub(super) fn number(value: u64) -> View {
    View::number(value, grouped(value))
}

/// Each value in a column of its own; rules alone as a path.
fn is_seen(column: &sheet::Column, has_path: bool) -> bool {
    match column.name {
        "policy" | "group" | "collection" | "remedy" | "remedy_text" => false,
        "rule" => !has_path,
        "rule_path" => true,
        _ => column.shown != Shown::Reading,
    }
}

/// What a row is about comes first: it must be seen on a phone. Then how much, then the rest.
fn rank(column: &sheet::Column) -> u8 {
    match column.name {
        "name" | "from" | "called" | "source_name" | "destination_name" | "client_name"
        | "inner_name" => 0,
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

fn view(cell: &Cell, column: &sheet::Column, years: Years, room: Room) -> View {
    let (text, value) = match cell {
        Cell::Empty => (String::new(), None),
        Cell::Text(text) => (shown(text, room.characters), None),
        // A port is a name made of digits.
        Cell::Number(number) if !column.is_number || column.name == "port" => {
            (number.to_string(), Some(*number))
        }
        Cell::Number(number) => (grouped(*number), Some(*number)),
        Cell::Share(share) => (percent(*share, true), Some(*share)),
        Cell::Time(time) => return years.cell(*time),
    };
    if let Some(tone) = tone(column.name, &text).filter(|_| !text.is_empty()) {
        return View::badge(Badge::new(tone, &text, ""), severity_rank(&text));
    }
    let field = field(column.name).filter(|_| !text.is_empty());
    let class = if is_right(column) { "n" } else { "" };
    View { text, value, field, class, ..View::default() }
}

/// Ports are names made of digits, which stand above one another all the same.
fn is_right(column: &sheet::Column) -> bool {
    column.is_number || field(column.name) == Some("port")
}

/// The badge's colour, for words such as `deny`.
fn tone(column: &str, text: &str) -> Option<&'static str> {
    match (column, text) {
        ("action", "deny") => Some("denied"),
        ("action", "allow") => Some("allowed"),
        ("action", "alert") => Some("threat"),
        ("severity", "high") => Some("high"),
        ("severity", "medium") => Some("medium"),
        ("action", "dnat") => Some("dnat"),
        ("severity" | "action", _) => Some("plain"),
        _ => None,
    }
}

/// Severities sort by what they mean.
fn severity_rank(text: &str) -> Option<u64> {
    ["low", "medium", "high"].iter().position(|known| *known == text).map(|place| place as u64)
}
