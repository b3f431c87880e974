//! The tables of a [`Summary`], in the order in which people need them.

use crate::logs::LoggedAction;
use crate::tables::{LoggedRule, RuleRow, Seen, Summary, TalkerRow, Top};

use super::headline::{plural, severity};
use super::sheet::{Cell, Column, Sheet, Shown, grouped, numbers, words};

use Shown::{Always, Data, Reading, Wide};

/// All tables with rows, most urgent first. Hours are not among them: they are drawn.
pub(super) fn sheets(summary: &Summary) -> Vec<Sheet> {
    let mut sheets = vec![denied(summary), idps(summary), threat_intel(summary)];
    sheets.extend(never_hit(summary));
    sheets.push(rules(summary));
    sheets.extend(policy(summary));
    sheets.push(unknown_rules(summary));
    let talkers = [
        ("sources", "Sources", "source", &summary.sources),
        ("destinations", "Destination addresses", "destination", &summary.destinations),
        ("fqdns", "Destination names", "fqdn", &summary.fqdns),
        ("web_categories", "Web categories", "web_category", &summary.web_categories),
    ];
    let [sources, destinations, fqdns, categories] =
        talkers.map(|(name, title, column, top)| talker_sheet(name, title, column, top));
    sheets.extend([sources, destinations, fqdns, ports(summary), categories, dnat(summary)]);
    sheets.extend([dns_answers(summary), dns_failing(summary), unresolved(summary)]);
    sheets.extend([aggregation(summary), categories_sheet(summary), input_sheet(summary)]);
    sheets.retain(|sheet| !sheet.rows.is_empty());
    sheets
}

/// Records per hour.
pub(super) fn hours(summary: &Summary) -> Sheet {
    let columns =
        [words("hour", "hour (UTC)", Always), ALLOWED, DENIED, numbers("threats", "threats")];
    let rows = summary.hours.iter().map(|row| {
        vec![
            Cell::Time(row.hour),
            Cell::Number(row.allowed),
            Cell::Number(row.denied),
            Cell::Number(row.threats),
        ]
    });
    sheet("hours", "Hours", &columns, rows.collect())
}

fn sheet(name: &'static str, title: &str, columns: &[Column], rows: Vec<Vec<Cell>>) -> Sheet {
    let (title, columns) = (title.to_owned(), columns.to_vec());
    Sheet { name, title, notes: Vec::new(), columns, rows }
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
        sheet.notes.push(format!("{} with {records} not shown", plural(left_out, "more row")));
    }
    sheet
}

const FIRST: Column = words("first_seen", "first seen (UTC)", Wide);
const LAST: Column = words("last_seen", "last seen (UTC)", Always);
const RECORDS: Column = numbers("records", "records");
const ALLOWED: Column = numbers("allowed", "allowed");
const DENIED: Column = numbers("denied", "denied");
const PROTOCOL: Column = words("protocol", "protocol", Data);
const TARGET: Column = words("destination", "destination", Data);
const PORT: Column = words("port", "port", Data);
const RULE_DATA: [Column; 4] = [
    words("policy", "policy", Data),
    words("group", "group", Data),
    words("collection", "collection", Data),
    words("rule", "rule", Data),
];
const RULE_TEXT: Column = words("rule_path", "rule", Reading);

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

/// `tcp 192.0.2.4 -> 198.51.100.7:443`, as `azfw check` reads it.
fn flow(
    protocol: Option<&str>,
    source: Option<&str>,
    target: Option<&str>,
    port: Option<u16>,
) -> String {
    let target = match target {
        None => "(no destination)".to_owned(),
        Some(target) => bracketed(target, port),
    };
    format!("{} {} -> {target}", protocol.unwrap_or("?"), source.unwrap_or("?"))
}

/// `address:port`, with brackets where the address has colons.
fn bracketed(target: &str, port: Option<u16>) -> String {
    match port {
        None => target.to_owned(),
        Some(port) if target.contains(':') => format!("[{target}]:{port}"),
        Some(port) => format!("{target}:{port}"),
    }
}

fn denied(summary: &Summary) -> Sheet {
    let columns = [
        numbers("attempts", "attempts"),
        RECORDS,
        FIRST,
        LAST,
        PROTOCOL,
        words("source", "source", Data),
        TARGET,
        PORT,
        words("reason", "reason", Data),
        words("flow", "flow (and why, where Azure says more)", Reading),
    ];
    let mut sheet =
        top("denied_by_default", "Denied by default", &columns, &summary.denied, |row| {
            let flow = flow(
                row.protocol.as_deref(),
                row.source.as_deref(),
                row.target.as_deref(),
                row.port,
            );
            let reading = match row.reason.as_deref().filter(|reason| !is_default(reason)) {
                Some(reason) => format!("{flow} ({reason})"),
                None => flow,
            };
            vec![
                Cell::Number(row.attempts),
                Cell::Number(row.records),
                first(row.seen),
                last(row.seen),
                Cell::text(row.protocol.as_ref()),
                Cell::text(row.source.as_ref()),
                Cell::text(row.target.as_ref()),
                Cell::number(row.port),
                Cell::text(row.reason.as_ref()),
                Cell::Text(reading),
            ]
        });
    sheet.notes.insert(0, "No rule is named in these records. Repeats from one source port within 60 s of each other are one attempt.".to_owned());
    sheet
}

/// The texts by which Azure says that nothing matched.
fn is_default(reason: &str) -> bool {
    let reason = reason.trim_end_matches('.');
    reason.eq_ignore_ascii_case("Default Action") || reason.starts_with("No rule matched")
}

fn idps(summary: &Summary) -> Sheet {
    let columns = [
        words("severity", "severity", Always),
        words("action", "action", Always),
        RECORDS,
        numbers("sources", "sources"),
        Column { shown: Wide, ..numbers("destinations", "destinations") },
        FIRST,
        Column { shown: Wide, ..LAST },
        words("signature", "signature", Data),
        words("description", "description", Data),
        words("category", "category", Data),
        words("signature_text", "signature", Reading),
    ];
    let mut sheet = top("idps", "IDPS", &columns, &summary.idps, |row| {
        let texts = [&row.signature, &row.description].into_iter().flatten();
        let mut reading = texts.map(AsRef::as_ref).collect::<Vec<&str>>().join(" ");
        if let Some(category) = &row.category {
            reading.push_str(&format!(" ({category})"));
        }
        vec![
            Cell::Text(severity(row.severity)),
            action(row.action),
            Cell::Number(row.records),
            Cell::Number(row.sources),
            Cell::Number(row.destinations),
            first(row.seen),
            last(row.seen),
            Cell::text(row.signature.as_ref()),
            Cell::text(row.description.as_ref()),
            Cell::text(row.category.as_ref()),
            Cell::Text(reading),
        ]
    });
    sheet.notes.insert(
        0,
        "The connections themselves are counted by the rule that allowed them.".to_owned(),
    );
    sheet
}

fn threat_intel(summary: &Summary) -> Sheet {
    let columns = [
        words("action", "action", Always),
        RECORDS,
        numbers("sources", "sources"),
        FIRST,
        LAST,
        PROTOCOL,
        TARGET,
        PORT,
        words("threat", "threat", Data),
        words("target_text", "destination and threat", Reading),
    ];
    let mut sheet =
        top("threat_intel", "Threat intelligence", &columns, &summary.threat_intel, |row| {
            let target = row.target.as_deref().map_or_else(
                || "(no destination)".to_owned(),
                |target| bracketed(target, row.port),
            );
            let threat = row.threat.as_deref().unwrap_or("no description");
            vec![
                Cell::Text(if row.is_denied { "deny" } else { "alert" }.to_owned()),
                Cell::Number(row.records),
                Cell::Number(row.sources),
                first(row.seen),
                last(row.seen),
                Cell::text(row.protocol.as_ref()),
                Cell::text(row.target.as_ref()),
                Cell::number(row.port),
                Cell::text(row.threat.as_ref()),
                Cell::Text(format!("{target} ({threat})")),
            ]
        });
    sheet.notes.insert(0, "An alert stands beside the record of a rule; a denial stands for itself and is not among the denied above.".to_owned());
    sheet
}

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
        words("type", "type", Always),
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

fn rules(summary: &Summary) -> Sheet {
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

fn never_hit(summary: &Summary) -> Option<Sheet> {
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
    sheet.title.push_str(&format!(" ({} of {})", sheet.rows.len(), policy.rules.len()));
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

fn policy(summary: &Summary) -> Option<Sheet> {
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
    Some(sheet("policy_rules", "Rules of the policy, in its order", &columns, rows.collect()))
}

fn unknown_rules(summary: &Summary) -> Sheet {
    let unknown = summary.policy.as_ref().map(|policy| policy.unknown.as_slice());
    let title = "Rules in the logs that the policy does not have";
    rule_sheet("unknown_rules", title, unknown.unwrap_or_default(), summary.totals.connections())
}

fn talker_sheet(
    name: &'static str,
    title: &str,
    column: &'static str,
    rows: &Top<TalkerRow>,
) -> Sheet {
    let columns = [ALLOWED, DENIED, words(column, column, Data), words("name", "", Reading)];
    top(name, title, &columns, rows, |row| {
        vec![
            Cell::Number(row.allowed),
            Cell::Number(row.denied),
            Cell::Text(row.name.to_string()),
            Cell::Text(row.name.to_string()),
        ]
    })
}

fn ports(summary: &Summary) -> Sheet {
    let columns = [ALLOWED, DENIED, PROTOCOL, PORT, words("port_text", "", Reading)];
    top("ports", "Ports", &columns, &summary.ports, |row| {
        let protocol = row.protocol.as_deref().unwrap_or("?");
        let port = row.port.map_or_else(String::new, |port| format!(":{port}"));
        vec![
            Cell::Number(row.allowed),
            Cell::Number(row.denied),
            Cell::text(row.protocol.as_ref()),
            Cell::number(row.port),
            Cell::Text(format!("{protocol}{port}")),
        ]
    })
}

fn dnat(summary: &Summary) -> Sheet {
    let columns = [
        RECORDS,
        FIRST,
        LAST,
        PROTOCOL,
        words("client", "client", Data),
        words("public", "public", Data),
        words("public_port", "public port", Data),
        words("inner", "inner", Data),
        words("inner_port", "inner port", Data),
        words("policy", "policy", Data),
        words("group", "group", Data),
        words("collection", "collection", Data),
        words("rule", "rule", Data),
        words("translation", "client -> public => inner", Reading),
    ];
    top("dnat", "DNAT", &columns, &summary.dnat, |row| {
        let public = flow(
            row.protocol.as_deref(),
            row.client.as_deref(),
            row.public.as_deref(),
            row.public_port,
        );
        let inner = row
            .inner
            .as_deref()
            .map_or_else(|| "?".to_owned(), |inner| bracketed(inner, row.inner_port));
        let mut cells = vec![
            Cell::Number(row.records),
            first(row.seen),
            last(row.seen),
            Cell::text(row.protocol.as_ref()),
            Cell::text(row.client.as_ref()),
            Cell::text(row.public.as_ref()),
            Cell::number(row.public_port),
            Cell::text(row.inner.as_ref()),
            Cell::number(row.inner_port),
        ];
        let [policy, group, collection, rule, path] = rule_cells(row.rule.as_ref());
        let by = if let Cell::Text(path) = &path { format!(" by {path}") } else { String::new() };
        cells.extend([
            policy,
            group,
            collection,
            rule,
            Cell::Text(format!("{public} => {inner}{by}")),
        ]);
        cells
    })
}

fn dns_answers(summary: &Summary) -> Sheet {
    let columns = [RECORDS, words("query_type", "type", Always), words("answer", "answer", Always)];
    let rows = summary.dns.answers.iter().map(|row| {
        vec![
            Cell::Number(row.records),
            Cell::text(row.query_type.as_ref()),
            Cell::text(row.answer.as_ref()),
        ]
    });
    sheet("dns_answers", "DNS queries by answer", &columns, rows.collect())
}

fn dns_failing(summary: &Summary) -> Sheet {
    let columns =
        [RECORDS, FIRST, LAST, words("answer", "answer", Always), words("name", "name", Always)];
    top("dns_failing", "DNS names that failed", &columns, &summary.dns.failing, |row| {
        vec![
            Cell::Number(row.records),
            first(row.seen),
            last(row.seen),
            Cell::text(row.answer.as_ref()),
            Cell::text(row.name.as_ref()),
        ]
    })
}

fn unresolved(summary: &Summary) -> Sheet {
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

fn aggregation(summary: &Summary) -> Sheet {
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

fn categories_sheet(summary: &Summary) -> Sheet {
    let columns = [
        RECORDS,
        words("form", "form", Always),
        words("kind", "kind", Always),
        FIRST,
        LAST,
        words("category", "category", Always),
    ];
    let rows = summary.coverage.categories.iter().map(|row| {
        vec![
            Cell::Number(row.records),
            Cell::Text(row.form.name().to_owned()),
            Cell::Text(row.kind.name().to_owned()),
            first(row.seen),
            last(row.seen),
            Cell::Text(row.category.to_string()),
        ]
    });
    sheet("categories", "Records by category, duplicates left out", &columns, rows.collect())
}

/// Every entry of the input, by what became of it; the last row is their sum.
fn input_sheet(summary: &Summary) -> Sheet {
    let columns = [numbers("entries", "entries"), words("what", "", Always)];
    let coverage = &summary.coverage;
    let row = |count: u64, what: &str| vec![Cell::Number(count), Cell::Text(what.to_owned())];
    let counted = coverage.records.saturating_sub(coverage.duplicates);
    let mut rows = vec![row(counted, "counted")];
    let duplicates = "duplicates: the same event in the other family of categories";
    if coverage.duplicates > 0 {
        rows.push(row(coverage.duplicates, duplicates));
    }
    for (reason, count) in &coverage.input.ignored {
        rows.push(row(*count, &format!("ignored: {reason}")));
    }
    if coverage.input.rejected > 0 {
        rows.push(row(coverage.input.rejected, "rejected: could not be read"));
    }
    rows.push(row(coverage.input.entries, "in total"));
    let mut sheet = sheet("input", "Input", &columns, rows);
    if coverage.without_time > 0 {
        let records = plural(coverage.without_time, "record");
        sheet.notes.push(format!("{records} without a time: counted, but in no hour."));
    }
    for example in &coverage.input.rejected_examples {
        sheet.notes.push(format!("rejected: {}: {}", example.position, example.reason));
    }
    sheet
}
