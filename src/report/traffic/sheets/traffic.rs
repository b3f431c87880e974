//! Tables of connections, threats and DNS.

use Shown::{Always, Data, Reading, Wide};

use crate::report::traffic::headline::{plural, severity};
use crate::report::traffic::remedy::Remedy;
use crate::report::traffic::sheet::{Cell, Column, Sheet, Shown, numbers, words};
use crate::tables::{Durations, NamedRow, Summary, TalkerRow, Top};

use super::{ALLOWED, DENIED, FIRST, LAST, RECORDS, action, first, last, rule_cells, sheet, top};

const PROTOCOL: Column = words("protocol", "protocol", Data);
const TARGET: Column = words("destination", "destination", Data);
const TARGET_NAME: Column = words("destination_name", "called", Data);
const PORT: Column = words("port", "port", Data);
const REASON: Column = words("reason", "reason", Data);
const ATTEMPTS: Column = numbers("attempts", "attempts");

/// Records per hour.
pub(in crate::report::traffic) fn hours(summary: &Summary) -> Sheet {
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

/// `address:port`, with brackets where the address has colons.
pub(super) fn target(target: Option<&str>, port: Option<u16>) -> String {
    let target = target.unwrap_or("(unknown)");
    match port {
        None => target.to_owned(),
        Some(port) if target.contains(':') => format!("[{target}]:{port}"),
        Some(port) => format!("{target}:{port}"),
    }
}

pub(super) fn denied_targets(summary: &Summary) -> Sheet {
    let columns = [
        ATTEMPTS,
        RECORDS,
        numbers("sources", "sources"),
        Column { shown: Data, ..FIRST },
        LAST,
        PROTOCOL,
        TARGET,
        TARGET_NAME,
        PORT,
        REASON,
        words("remedy", "remedy", Data),
        words("remedy_text", "it would take", Wide),
        words("target_text", "destination (and reason)", Reading),
    ];
    let title = "Denied by default, by destination";
    let rows = &summary.denied_targets;
    let mut sheet = top("denied_destinations", title, &columns, rows, |row| {
        let protocol = row.protocol.as_deref().unwrap_or("?");
        let target = target(row.target.as_deref(), row.port);
        let target = named(target, row.target_name.as_deref());
        let remedy = Remedy::of(row.protocol.as_deref(), row.reason.as_deref());
        vec![
            Cell::Number(row.attempts),
            Cell::Number(row.records),
            Cell::Number(row.sources),
            first(row.seen),
            last(row.seen),
            Cell::text(row.protocol.as_ref()),
            Cell::text(row.target.as_ref()),
            Cell::text(row.target_name.as_ref()),
            Cell::number(row.port),
            Cell::text(row.reason.as_ref()),
            Cell::Text(remedy.name().to_owned()),
            Cell::Text(remedy.text().to_owned()),
            Cell::Text(with_reason(format!("{protocol} {target}"), row.reason.as_deref())),
        ]
    });
    let note = "No rule is named in these records; a reason is shown where it is another than \
                the default action. Repeats from one source port within 60 s of each other are \
                one attempt.";
    sheet.notes.push(note.to_owned());
    sheet
}

pub(super) fn denied(summary: &Summary) -> Sheet {
    let columns = [
        ATTEMPTS,
        RECORDS,
        FIRST,
        LAST,
        PROTOCOL,
        words("source", "source", Data),
        words("source_name", "called", Data),
        TARGET,
        TARGET_NAME,
        PORT,
        REASON,
        words("flow", "flow (and reason)", Reading),
    ];
    let title = "Denied by default, by flow";
    top("denied_by_default", title, &columns, &summary.denied, |row| {
        let (protocol, source) = (row.protocol.as_deref(), row.source.as_deref());
        let names = (row.source_name.as_deref(), row.target_name.as_deref());
        let flow = flow(protocol, (source, names.0), (row.target.as_deref(), names.1), row.port);
        vec![
            Cell::Number(row.attempts),
            Cell::Number(row.records),
            first(row.seen),
            last(row.seen),
            Cell::text(protocol),
            Cell::text(source),
            Cell::text(names.0),
            Cell::text(row.target.as_ref()),
            Cell::text(names.1),
            Cell::number(row.port),
            Cell::text(row.reason.as_ref()),
            Cell::Text(with_reason(flow, row.reason.as_deref())),
        ]
    })
}

pub(super) fn with_reason(text: String, reason: Option<&str>) -> String {
    match reason.filter(|reason| !is_default(reason)) {
        Some(reason) => format!("{text} ({reason})"),
        None => text,
    }
}

/// The texts by which Azure says that nothing matched.
fn is_default(reason: &str) -> bool {
    let reason = reason.trim_end_matches('.');
    reason.eq_ignore_ascii_case("Default Action") || reason.starts_with("No rule matched")
}

pub(super) fn idps(summary: &Summary) -> Sheet {
    let columns = [
        words("severity", "severity", Always),
        words("action", "action", Always),
        RECORDS,
        numbers("sources", "sources"),
        Column { shown: Data, ..numbers("destinations", "destinations") },
        Column { shown: Data, ..FIRST },
        Column { shown: Wide, ..LAST },
        words("signature", "signature", Data),
        words("description", "description", Data),
        words("category", "category", Data),
        words("signature_text", "signature", Reading),
    ];
    let mut sheet = top("idps", "IDPS", &columns, &summary.idps, |row| {
        let category = row.category.as_ref().map(|category| format!("({category})"));
        let texts = [row.signature.as_deref(), row.description.as_deref(), category.as_deref()];
        let reading = texts.into_iter().flatten().collect::<Vec<&str>>().join(" ");
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

pub(super) fn threat_intel(summary: &Summary) -> Sheet {
    let columns = [
        words("action", "action", Always),
        RECORDS,
        numbers("sources", "sources"),
        FIRST,
        LAST,
        PROTOCOL,
        TARGET,
        TARGET_NAME,
        PORT,
        words("threat", "threat", Data),
        words("target_text", "destination and threat", Reading),
    ];
    let mut sheet =
        top("threat_intel", "Threat intelligence", &columns, &summary.threat_intel, |row| {
            let target = target(row.target.as_deref(), row.port);
            let target = named(target, row.target_name.as_deref());
            let threat = row.threat.as_deref().unwrap_or("no description");
            vec![
                Cell::Text(if row.is_denied { "deny" } else { "alert" }.to_owned()),
                Cell::Number(row.records),
                Cell::Number(row.sources),
                first(row.seen),
                last(row.seen),
                Cell::text(row.protocol.as_ref()),
                Cell::text(row.target.as_ref()),
                Cell::text(row.target_name.as_ref()),
                Cell::number(row.port),
                Cell::text(row.threat.as_ref()),
                Cell::Text(format!("{target} ({threat})")),
            ]
        });
    sheet.notes.insert(0, "An alert stands beside the record of a rule; a denial stands for itself and is not among the denied above.".to_owned());
    sheet
}

/// Sources, destinations, names and web categories with the most connections.
pub(super) fn talkers(summary: &Summary) -> [Sheet; 4] {
    let tables = [
        ("sources", "Sources", "source", &summary.sources),
        ("destinations", "Destination addresses", "destination", &summary.destinations),
        ("fqdns", "Destination names", "fqdn", &summary.fqdns),
        ("web_categories", "Web categories", "web_category", &summary.web_categories),
    ];
    tables.map(|(name, title, column, rows)| talker_sheet(name, title, column, rows))
}

fn talker_sheet(
    name: &'static str,
    title: &str,
    column: &'static str,
    rows: &Top<TalkerRow>,
) -> Sheet {
    let readable = match column {
        "fqdn" => "name",
        "web_category" => "web category",
        other => other,
    };
    let called = match column {
        "source" => "source_name",
        "destination" => "destination_name",
        _ => "",
    };
    let mut columns = vec![
        ALLOWED,
        DENIED,
        words(column, readable, Data),
        words(called, "called", Data),
        words("text", readable, Reading),
    ];
    columns.retain(|column| !column.name.is_empty());
    top(name, title, &columns, rows, |row| {
        let text = named(row.name.to_string(), row.called.as_deref());
        let mut cells = vec![
            Cell::Number(row.allowed),
            Cell::Number(row.denied),
            Cell::Text(row.name.to_string()),
        ];
        if !called.is_empty() {
            cells.push(Cell::text(row.called.as_ref()));
        }
        cells.push(Cell::Text(text));
        cells
    })
}

/// The same by what the addresses are called.
pub(super) fn by_name(summary: &Summary) -> [Sheet; 2] {
    let sheet = |name, title, rows: &Top<NamedRow>| {
        let addresses = numbers("addresses", "addresses");
        let columns = [ALLOWED, DENIED, addresses, words("called", "called", Always)];
        top(name, title, &columns, rows, |row| {
            let name = row.name.as_deref().unwrap_or("(no name)");
            vec![
                Cell::Number(row.allowed),
                Cell::Number(row.denied),
                Cell::Number(row.addresses),
                Cell::text(Some(name)),
            ]
        })
    };
    [
        sheet("sources_by_name", "Sources by name", &summary.sources_by_name),
        sheet("destinations_by_name", "Destinations by name", &summary.destinations_by_name),
    ]
}

pub(super) fn ports(summary: &Summary) -> Sheet {
    let columns =
        [ALLOWED, DENIED, PROTOCOL, PORT, words("port_text", "protocol and port", Reading)];
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

pub(super) fn dnat(summary: &Summary) -> Sheet {
    let columns = [
        RECORDS,
        FIRST,
        LAST,
        PROTOCOL,
        words("client", "client", Data),
        words("client_name", "called", Data),
        words("public", "public", Data),
        words("public_port", "public port", Data),
        words("inner", "inner", Data),
        words("inner_name", "called", Data),
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
            (row.client.as_deref(), row.client_name.as_deref()),
            (row.public.as_deref(), None),
            row.public_port,
        );
        let inner = target(row.inner.as_deref(), row.inner_port);
        let inner = named(inner, row.inner_name.as_deref());
        let mut cells = vec![
            Cell::Number(row.records),
            first(row.seen),
            last(row.seen),
            Cell::text(row.protocol.as_ref()),
            Cell::text(row.client.as_ref()),
            Cell::text(row.client_name.as_ref()),
            Cell::text(row.public.as_ref()),
            Cell::number(row.public_port),
            Cell::text(row.inner.as_ref()),
            Cell::text(row.inner_name.as_ref()),
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

pub(super) fn dns_answers(summary: &Summary) -> Sheet {
    let columns = [
        RECORDS,
        numbers("share", "share"),
        words("query_type", "type", Always),
        words("answer", "answer", Always),
    ];
    let rows = summary.dns.answers.iter().map(|row| {
        vec![
            Cell::Number(row.records),
            Cell::share(row.records, summary.totals.dns),
            Cell::text(row.query_type.as_ref()),
            Cell::text(row.answer.as_ref()),
        ]
    });
    let mut sheet = sheet("dns_answers", "DNS queries by answer", &columns, rows.collect());
    if let Some(Durations { answers, median_us, p95_us, longest_us, .. }) = summary.dns.durations {
        sheet.notes.push(format!(
            "Of {} half came within {}, 95 % within {}, all within {}.",
            plural(answers, "timed answer"),
            duration(median_us),
            duration(p95_us),
            duration(longest_us)
        ));
    }
    sheet
}

/// Names whose answers took long.
pub(super) fn dns_slow(summary: &Summary) -> Sheet {
    let reading = |name, title| Column { is_number: true, ..words(name, title, Reading) };
    let data = |name| Column { shown: Data, ..numbers(name, name) };
    let columns = [
        numbers("slow", "slow"),
        numbers("answers", "answers"),
        reading("median", "half within"),
        reading("p95", "95 % within"),
        reading("longest", "all within"),
        data("median_us"),
        data("p95_us"),
        data("longest_us"),
        words("name", "name", Always),
    ];
    let mut sheet =
        top("dns_slow", "DNS names with slow answers", &columns, &summary.dns.slow, |row| {
            let Durations { answers, slow, median_us, p95_us, longest_us } = row.durations;
            vec![
                Cell::Number(slow),
                Cell::Number(answers),
                Cell::Text(duration(median_us)),
                Cell::Text(duration(p95_us)),
                Cell::Text(duration(longest_us)),
                Cell::Number(median_us),
                Cell::Number(p95_us),
                Cell::Number(longest_us),
                Cell::text(row.name.as_ref()),
            ]
        });
    sheet.notes.push(
        "Slow: longer than 100 ms. Records of queries do not say which server was asked."
            .to_owned(),
    );
    sheet
}

/// Microseconds for people: `310 us`, `12 ms`, `1.2 s`.
fn duration(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} us"),
        1_000..10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        10_000..1_000_000 => format!("{} ms", micros / 1_000),
        1_000_000.. => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

pub(super) fn dns_failing(summary: &Summary) -> Sheet {
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

/// An end of a connection, and what it is called.
type End<'a> = (Option<&'a str>, Option<&'a str>);

/// `tcp 192.0.2.4 (hub) -> 198.51.100.7:443`; without names as `azfw check` reads it.
fn flow(protocol: Option<&str>, source: End<'_>, target: End<'_>, port: Option<u16>) -> String {
    let protocol = protocol.unwrap_or("?");
    let source = named(source.0.unwrap_or("?").to_owned(), source.1);
    let target = named(self::target(target.0, port), target.1);
    format!("{protocol} {source} -> {target}")
}

/// `192.0.2.4 (hub)`.
pub(in crate::report::traffic) fn named(text: String, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{text} ({name})"),
        None => text,
    }
}
