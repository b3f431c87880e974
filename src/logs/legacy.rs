//! Sentences of legacy logs as records.

use std::net::IpAddr;

use smol_str::SmolStr;

use super::column::Column;
use super::record::{Dns, Form, LogRecord, LoggedAction, Origin, RecordKind, Signature};
use super::row::{Row, canonical_name};
use crate::net::ApplicationProtocol;
use crate::syntax::legacy::{
    Action, Cause, Decision, DnsAnswer, DnsError, Endpoint, Message, Outcome, ResolveFailure,
    RuleNames, Traffic, message,
};

/// The record that the sentence of `row` tells of. Its envelope is not filled in.
pub(super) fn record(row: &Row<'_>, category: &str, origin: Origin) -> Result<LogRecord, String> {
    let text = row.text(Column::Message).ok_or("no message")?;
    let parts = message(text).map_err(|error| error.to_string())?;
    let new = |kind| LogRecord::new(kind, Form::Legacy, category, origin);
    Ok(match parts {
        Message::Traffic(traffic) => {
            let kind = traffic_kind(&traffic, row.text(Column::Operation));
            traffic_record(new(kind), &traffic)?
        }
        Message::ResolveFailure(failure) => resolve_failure(new(RecordKind::DnsFailure), &failure),
        Message::Dns(answer) => dns_answer(new(RecordKind::Dns), &answer)?,
        Message::DnsError(error) => dns_error(new(RecordKind::Dns), &error),
    })
}

fn traffic_kind(traffic: &Traffic<'_>, operation: Option<&str>) -> RecordKind {
    let decision = match &traffic.outcome {
        Outcome::Dnat { .. } => return RecordKind::Nat,
        Outcome::Decision(decision) => decision,
    };
    match decision.cause {
        Some(Cause::ThreatIntel(_)) => return RecordKind::ThreatIntel,
        Some(Cause::Signature { .. }) => return RecordKind::Idps,
        Some(Cause::Rule(_)) => {}
        // The text does not tell; some pipelines cut it.
        Some(Cause::Reason(_)) | None => match operation {
            Some("AzureFirewallThreatIntelLog") => return RecordKind::ThreatIntel,
            Some("AzureFirewallIDSLog") => return RecordKind::Idps,
            Some(_) | None => {}
        },
    }
    match ApplicationProtocol::from_text(traffic.protocol) {
        Some(_) => RecordKind::Application,
        None => RecordKind::Network,
    }
}

fn traffic_record(mut record: LogRecord, traffic: &Traffic<'_>) -> Result<LogRecord, String> {
    record.protocol = Some(lower(traffic.protocol));
    record.icmp_type = traffic.icmp_type;
    let is_application = ApplicationProtocol::from_text(traffic.protocol).is_some();
    record.source = Some(address(traffic.source, "source")?);
    record.source_port = traffic.source.port;
    if let Some(destination) = traffic.destination {
        record.destination_port = destination.port;
        // An application rule logs the name that was asked for, even where that is an address.
        let is_name = is_application && record.kind == RecordKind::Application;
        record.destination = destination.address().filter(|_| !is_name);
        if record.destination.is_none() {
            record.fqdn = Some(canonical_name(destination.host));
        }
    }
    match &traffic.outcome {
        Outcome::Dnat { translated, rule } => dnat(&mut record, *translated, rule.as_ref())?,
        Outcome::Decision(decision) => decided(&mut record, decision),
    }
    Ok(record)
}

fn address(end: Endpoint<'_>, which: &str) -> Result<IpAddr, String> {
    end.address().ok_or_else(|| format!("unreadable {which} address in the message"))
}

fn dnat(
    record: &mut LogRecord,
    translated: Endpoint<'_>,
    rule: Option<&RuleNames<'_>>,
) -> Result<(), String> {
    record.action = Some(LoggedAction::Dnat);
    record.translated = Some(address(translated, "translated")?);
    record.translated_port = translated.port;
    if let Some(rule) = rule {
        rule_names(record, rule);
    }
    Ok(())
}

fn decided(record: &mut LogRecord, decision: &Decision<'_>) {
    record.url = decision.url.map(SmolStr::from);
    record.action = Some(match decision.action {
        Action::Allow => LoggedAction::Allow,
        Action::Deny | Action::Drop => LoggedAction::Deny,
        Action::Alert => LoggedAction::Alert,
    });
    match &decision.cause {
        None => {
            // One dot or none is an older form that left out the names of rules that did match.
            record.is_default_action = record.kind == RecordKind::Network
                && decision.action == Action::Deny
                && decision.dots == 2;
        }
        Some(Cause::Rule(rule)) => rule_names(record, rule),
        Some(Cause::ThreatIntel(threat)) => record.threat = Some((*threat).into()),
        Some(Cause::Signature { id, description, priority, classification }) => {
            record.signature = Some(Box::new(Signature {
                id: Some((*id).into()),
                category: classification.map(SmolStr::from),
                description: Some((*description).into()),
                severity: priority.and_then(|priority| priority.parse().ok()),
            }));
        }
        Some(Cause::Reason(reason)) => {
            record.is_default_action = reason.starts_with("No rule matched");
            record.reason = Some((*reason).into());
        }
    }
}

fn rule_names(record: &mut LogRecord, names: &RuleNames<'_>) {
    let name = |text: &str| Some(text).filter(|text| !text.is_empty()).map(SmolStr::from);
    record.policy = names.policy.and_then(name);
    record.group = names.group.and_then(name);
    record.collection = name(names.collection);
    record.rule = name(names.rule);
    record.web_category = names.web_category.and_then(name);
}

fn resolve_failure(mut record: LogRecord, failure: &ResolveFailure<'_>) -> LogRecord {
    record.fqdn = Some(canonical_name(failure.fqdn));
    record.reason = failure.error.map(SmolStr::from);
    if let Some(rule) = &failure.rule {
        rule_names(&mut record, rule);
    }
    record
}

fn dns_answer(mut record: LogRecord, answer: &DnsAnswer<'_>) -> Result<LogRecord, String> {
    record.source = Some(address(answer.client, "source")?);
    record.source_port = answer.client.port;
    record.dns = Some(Box::new(Dns {
        id: Some(answer.id),
        query_type: Some(answer.query_type.into()),
        class: Some(answer.class.into()),
        name: Some(canonical_name(answer.name)),
        protocol: Some(lower(answer.protocol)),
        request_size: Some(answer.request_size),
        dnssec_ok: Some(answer.dnssec_ok),
        edns_size: Some(answer.edns_size),
        rcode: there(answer.rcode),
        flags: there(answer.flags),
        response_size: Some(answer.response_size),
        duration_s: answer.seconds.parse().ok().filter(|seconds: &f64| seconds.is_finite()),
        error: None,
        server: None,
    }));
    Ok(record)
}

/// The DNS proxy writes a dash for what an answer does not have.
fn there(text: &str) -> Option<SmolStr> {
    (text != "-").then(|| text.into())
}

fn dns_error(mut record: LogRecord, error: &DnsError<'_>) -> LogRecord {
    record.dns = Some(Box::new(Dns {
        query_type: Some(error.query_type.into()),
        name: Some(canonical_name(error.name)),
        error: Some(error.error.into()),
        server: error.server.map(SmolStr::from),
        ..Dns::default()
    }));
    record
}

fn lower(text: &str) -> SmolStr {
    text.to_ascii_lowercase().into()
}
