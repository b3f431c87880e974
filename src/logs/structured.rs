//! Rows of the `AZFW…` categories as records.

use std::net::SocketAddr;

use smol_str::SmolStr;

use super::category::Family;
use super::column::Column;
use super::record::{Dns, Form, LogRecord, LoggedAction, Origin, RecordKind, Signature};
use super::row::{Row, canonical_name};

/// The record that `row` holds. Its envelope is not filled in.
pub(super) fn record(
    row: &Row<'_>,
    family: Family,
    category: &str,
    origin: Origin,
) -> Result<LogRecord, String> {
    let mut record = LogRecord::new(kind(family), Form::Structured, category, origin);
    match family {
        Family::DnsQuery | Family::DnsTrace => dns(&mut record, row),
        Family::DnsFailure => dns_failure(&mut record, row),
        Family::Legacy
        | Family::Network
        | Family::Application
        | Family::Nat
        | Family::ThreatIntel
        | Family::Idps
        | Family::FlowTrace
        | Family::FatFlow
        | Family::NetworkAggregation
        | Family::ApplicationAggregation
        | Family::NatAggregation => traffic(&mut record, row)?,
    }
    rule_names(&mut record, row);
    let is_translation = matches!(family, Family::Nat | Family::NatAggregation);
    record.action = if is_translation { Some(LoggedAction::Dnat) } else { action(row)? };
    if family == Family::Idps {
        record.signature = Some(Box::new(signature(row)));
    }
    Ok(record)
}

fn kind(family: Family) -> RecordKind {
    match family {
        Family::Network | Family::Legacy => RecordKind::Network,
        Family::Application => RecordKind::Application,
        Family::Nat => RecordKind::Nat,
        Family::ThreatIntel => RecordKind::ThreatIntel,
        Family::Idps => RecordKind::Idps,
        Family::DnsQuery | Family::DnsTrace => RecordKind::Dns,
        Family::DnsFailure => RecordKind::DnsFailure,
        Family::FlowTrace => RecordKind::FlowTrace,
        Family::FatFlow => RecordKind::FatFlow,
        Family::NetworkAggregation | Family::ApplicationAggregation | Family::NatAggregation => {
            RecordKind::Aggregation
        }
    }
}

fn traffic(record: &mut LogRecord, row: &Row<'_>) -> Result<(), String> {
    if let Some(text) = row.text(Column::Protocol) {
        let (protocol, icmp_type) = protocol(text);
        record.protocol = Some(protocol);
        record.icmp_type = icmp_type;
    }
    record.source = row.address(Column::SourceIp)?;
    record.source_port = row.number(Column::SourcePort);
    record.destination = row.address(Column::DestinationIp)?;
    record.destination_port = row.number(Column::DestinationPort);
    record.translated = row.address(Column::TranslatedIp)?;
    record.translated_port = row.number(Column::TranslatedPort);
    record.fqdn = row.fqdn(Column::Fqdn);
    record.url = row.string(Column::Url);
    record.web_category = row.string(Column::WebCategory);
    record.reason = row.string(Column::ActionReason);
    record.is_default_action =
        is_default(record.reason.as_deref()) || row.truth(Column::IsDefaultRule) == Some(true);
    record.threat = row.string(Column::ThreatDescription);
    record.tls_inspected = row.truth(Column::IsTlsInspected);
    record.explicit_proxy = row.truth(Column::IsExplicitProxy);
    record.flag = row.string(Column::Flag);
    record.rate_mbps = row.real(Column::FlowRate);
    record.count = row.integer(Column::Count);
    Ok(())
}

/// `TCP`, or `ICMPv6 Type=128`: the type of an ICMP packet stands in the protocol.
fn protocol(text: &str) -> (SmolStr, Option<u8>) {
    let (name, after) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let icmp_type =
        after.trim().strip_prefix("Type=").and_then(|number| number.trim().parse().ok());
    (name.to_ascii_lowercase().into(), icmp_type)
}

fn is_default(reason: Option<&str>) -> bool {
    reason.is_some_and(|reason| {
        reason.eq_ignore_ascii_case("Default Action") || reason.starts_with("No rule matched")
    })
}

fn rule_names(record: &mut LogRecord, row: &Row<'_>) {
    record.policy = row.string(Column::Policy);
    record.group = row.string(Column::Group);
    record.collection = row.string(Column::Collection);
    record.rule = row.string(Column::Rule);
}

/// The action. Flow traces say `Log`, which is none.
fn action(row: &Row<'_>) -> Result<Option<LoggedAction>, String> {
    let Some(text) = row.string(Column::Action) else { return Ok(None) };
    let known = [
        ("allow", Some(LoggedAction::Allow)),
        ("deny", Some(LoggedAction::Deny)),
        ("drop", Some(LoggedAction::Deny)),
        ("alert", Some(LoggedAction::Alert)),
        ("log", None),
    ];
    let word = text.trim_end_matches('.');
    let found = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    found.map(|&(_, action)| action).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        format!("unknown action `{shown}`")
    })
}

fn signature(row: &Row<'_>) -> Signature {
    Signature {
        id: row.string(Column::SignatureId),
        category: row.string(Column::SignatureCategory),
        description: row.string(Column::Description),
        severity: row.number(Column::Severity),
    }
}

/// Azure cuts rows of upstream time-outs at the wrong places, so no column is relied upon.
fn dns(record: &mut LogRecord, row: &Row<'_>) {
    record.source = row.address(Column::SourceIp).ok().flatten();
    record.source_port = row.number(Column::SourcePort);
    record.flag = row.string(Column::MessageType);
    record.dns = Some(Box::new(Dns {
        id: row.number(Column::QueryId),
        query_type: row.string(Column::QueryType),
        class: row.string(Column::QueryClass),
        name: row.string(Column::QueryName).map(|name| canonical_name(&name)),
        protocol: row.string(Column::Protocol).map(|text| text.to_ascii_lowercase().into()),
        request_size: row.number(Column::RequestSize),
        dnssec_ok: row.truth(Column::DnssecOk),
        edns_size: row.number(Column::EdnsSize),
        rcode: row.string(Column::ResponseCode),
        flags: row.string(Column::ResponseFlags),
        response_size: row.number(Column::ResponseSize),
        duration_s: row.real(Column::Duration),
        error: row.string(Column::ErrorMessage).or_else(|| error_number(row)),
        server: server(row),
    }));
}

fn error_number(row: &Row<'_>) -> Option<SmolStr> {
    let is_error = row.integer(Column::ErrorNumber).is_some_and(|number| number != 0);
    row.string(Column::ErrorNumber).filter(|_| is_error)
}

fn dns_failure(record: &mut LogRecord, row: &Row<'_>) {
    record.fqdn = row.fqdn(Column::Fqdn);
    record.reason = row.string(Column::Error);
    record.dns = server(row).map(|server| Box::new(Dns { server: Some(server), ..Dns::default() }));
}

/// `192.0.2.53:53`
fn server(row: &Row<'_>) -> Option<SmolStr> {
    let text = row.string(Column::ServerIp)?;
    let address = super::row::address(&text);
    match (address, row.number(Column::ServerPort)) {
        (Some(address), Some(port)) => Some(SocketAddr::new(address, port).to_string().into()),
        (Some(address), None) => Some(address.to_string().into()),
        (None, _) => Some(text),
    }
}
