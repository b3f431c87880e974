//! `azfw events` as text and CSV; the JSON shape is [`crate::logs::NormalForm`].

use std::fmt::Write as _;
use std::net::IpAddr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::sanitize::csv_cell;
use crate::logs::{LogRecord, NormalForm};
use crate::net::AddressNames;

/// The columns of the CSV: the fields of the JSON form, nested ones joined with a dot.
pub const COLUMNS: [&str; 50] = [
    "time",
    "kind",
    "form",
    "firewall",
    "protocol",
    "icmp_type",
    "source",
    "source_name",
    "source_port",
    "destination",
    "destination_name",
    "destination_port",
    "fqdn",
    "url",
    "web_category",
    "action",
    "reason",
    "policy",
    "group",
    "collection",
    "rule",
    "translated",
    "translated_port",
    "threat",
    "signature.id",
    "signature.category",
    "signature.description",
    "signature.severity",
    "tls_inspected",
    "explicit_proxy",
    "flag",
    "rate_mbps",
    "dns.id",
    "dns.type",
    "dns.class",
    "dns.name",
    "dns.protocol",
    "dns.request_size",
    "dns.dnssec_ok",
    "dns.edns_size",
    "dns.rcode",
    "dns.flags",
    "dns.response_size",
    "dns.duration_s",
    "dns.error",
    "dns.server",
    "count",
    "tenant",
    "correlation",
    "origin",
];

/// One row, with its line end.
#[must_use]
pub fn csv_row(form: &NormalForm<'_>) -> String {
    let json = serde_json::to_value(form).unwrap_or(Value::Null);
    let cells = COLUMNS.map(|column| {
        let value = column.split('.').try_fold(&json, |value, key| value.get(key));
        let text = match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => csv_cell(text).into_owned(),
            Some(other) => other.to_string(),
        };
        quoted(&text)
    });
    cells.join(",") + "\n"
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// `2026-03-01T10:00:00Z`, or with the offset of a zone `2026-03-01T11:00:00+01:00`.
fn second(time: Timestamp, zone: Option<&TimeZone>) -> String {
    match zone {
        None => format!("{time:.0}"),
        Some(zone) => time.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    }
}

/// An address as it stands before a port.
fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// `192.0.2.4:443 (hub)`.
fn end(host: Option<String>, port: Option<u16>, name: Option<&smol_str::SmolStr>) -> String {
    let mut text = host.unwrap_or_else(|| "-".to_owned());
    if let Some(port) = port {
        let _ = write!(text, ":{port}");
    }
    if let Some(name) = name {
        let _ = write!(text, " ({name})");
    }
    text
}

/// One record on one line: time (in UTC or `zone`), kind, action, who to whom, which rule.
#[must_use]
pub fn line(record: &LogRecord, zone: Option<&TimeZone>, names: Option<&AddressNames>) -> String {
    let time = record.time.map_or_else(|| "-".into(), |time| second(time, zone));
    let action = record.action.map_or("-", crate::logs::LoggedAction::name);
    let protocol = record.protocol.as_deref().unwrap_or("-");
    let mut line = format!("{time:<20} {:<12} {action:<6} {protocol:<6}", record.kind.name());
    let called = |address: Option<IpAddr>| names.zip(address).and_then(|(n, at)| n.name(at));
    let source = end(record.source.map(host), record.source_port, called(record.source));
    let _ = write!(line, " {source}");
    if let Some(dns) = &record.dns {
        let text = |text: &Option<smol_str::SmolStr>| text.clone().unwrap_or_default();
        let _ = write!(line, " {} {} {}", text(&dns.query_type), text(&dns.name), text(&dns.rcode));
    }
    let target = record.fqdn.as_ref().map(ToString::to_string);
    let destination = target.or(record.destination.map(host));
    let name = called(record.destination.filter(|_| record.fqdn.is_none()));
    if destination.is_some() || record.destination_port.is_some() {
        let _ = write!(line, " -> {}", end(destination, record.destination_port, name));
    }
    if let Some(address) = record.translated {
        let (port, name) = (record.translated_port, called(record.translated));
        let _ = write!(line, " => {}", end(Some(host(address)), port, name));
    }
    let rule: Vec<&str> = [&record.group, &record.collection, &record.rule]
        .into_iter()
        .flatten()
        .map(smol_str::SmolStr::as_str)
        .collect();
    let signature =
        record.signature.as_ref().and_then(|signature| signature.description.as_deref());
    for detail in [
        Some(rule.join("/")).as_deref().filter(|path| !path.is_empty()),
        record.reason.as_deref(),
        record.threat.as_deref(),
        signature,
    ]
    .into_iter()
    .flatten()
    {
        let _ = write!(line, "  {detail}");
    }
    line
}
