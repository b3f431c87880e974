//! Columns of the structured family, as the tables of Azure Monitor describe them.

use serde_json::{Map, Value, json};

use super::event::{Answer, Event, Kind};
use super::names;
use crate::compile::RulePath;
use crate::evaluate::Ruling;
use crate::flow::{Flow, FlowProtocol};
use crate::net::ApplicationProtocol;

/// The category and the columns of an event's record.
pub(super) fn columns(event: &Event) -> (&'static str, Value) {
    let flow = &event.flow;
    match &event.kind {
        Kind::Network { ruling, rule } => {
            let action = json!({ "Action": action(*ruling) });
            (
                "AZFWNetworkRule",
                merged([ends(flow), action, path(rule.as_ref()), reason(rule.as_ref())]),
            )
        }
        Kind::Application { ruling, rule } => {
            let action = json!({ "Action": action(*ruling) });
            let columns =
                [request(flow), action, path(rule.as_ref()), reason(rule.as_ref()), seen(flow)];
            ("AZFWApplicationRule", merged(columns))
        }
        Kind::MissingName => {
            let action = json!({ "Action": "Deny" });
            let why = json!({ "ActionReason": "SNI TLS extension was missing" });
            let columns = [request(flow), action, path(None), why, seen(flow)];
            ("AZFWApplicationRule", merged(columns))
        }
        Kind::Nat { rule, translation } => {
            let translated = json!({
                "TranslatedIp": translation.address.map(names::address).unwrap_or_default(),
                "TranslatedPort": translation.port.unwrap_or_default(),
            });
            ("AZFWNatRule", merged([ends(flow), translated, path(Some(rule))]))
        }
        Kind::ThreatIntel { is_denied } => ("AZFWThreatIntel", threat(flow, *is_denied)),
        Kind::Idps { is_dropped, signature } => {
            ("AZFWIdpsSignature", idps(flow, *is_dropped, signature))
        }
        Kind::Dns { id, duration_us, answer } => {
            ("AZFWDnsQuery", dns(flow, *id, *duration_us, *answer))
        }
    }
}

fn merged<const N: usize>(parts: [Value; N]) -> Value {
    let mut all = Map::new();
    for part in parts {
        if let Value::Object(part) = part {
            all.extend(part);
        }
    }
    Value::Object(all)
}

fn action(ruling: Ruling) -> &'static str {
    match ruling {
        Ruling::Allow => "Allow",
        Ruling::Deny => "Deny",
    }
}

fn ends(flow: &Flow) -> Value {
    json!({
        "Protocol": names::ip_protocol(flow),
        "SourceIp": names::address(flow.source),
        "SourcePort": flow.source_port.unwrap_or_default(),
        "DestinationIp": flow.destination.map(names::address).unwrap_or_default(),
        "DestinationPort": flow.port.unwrap_or_default(),
    })
}

fn path(rule: Option<&RulePath>) -> Value {
    let name = |of: fn(&RulePath) -> &str| rule.map(of).unwrap_or_default();
    json!({
        "Policy": name(|path| path.policy.as_deref().unwrap_or_default()),
        "RuleCollectionGroup": name(|path| path.group.as_deref().unwrap_or_default()),
        "RuleCollection": name(|path| &path.collection),
        "Rule": name(|path| &path.rule),
    })
}

fn reason(rule: Option<&RulePath>) -> Value {
    json!({ "ActionReason": if rule.is_some() { "" } else { "Default Action" } })
}

/// The log of application rules has no destination address.
fn request(flow: &Flow) -> Value {
    json!({
        "Protocol": names::protocol(flow),
        "SourceIp": names::address(flow.source),
        "SourcePort": flow.source_port.unwrap_or_default(),
        "DestinationPort": flow.port.unwrap_or_default(),
        "Fqdn": name(flow),
        "TargetUrl": flow.url.as_ref().map(ToString::to_string).unwrap_or_default(),
    })
}

fn name(flow: &Flow) -> &str {
    flow.name.known().map(crate::net::Fqdn::as_str).unwrap_or_default()
}

fn seen(flow: &Flow) -> Value {
    let is_https = flow.protocol == FlowProtocol::Application(ApplicationProtocol::Https);
    json!({
        "IsTlsInspected": is_https && flow.url.is_some(),
        "WebCategory": flow.web_category.as_deref().unwrap_or_default(),
        "IsExplicitProxyRequest": flow.is_explicit_proxy,
    })
}

/// A hit on a name has no destination address, a hit on an address no name.
fn threat(flow: &Flow, is_denied: bool) -> Value {
    let has_name = flow.name.known().is_some();
    let destination = flow.destination.filter(|_| !has_name).map(names::address);
    json!({
        "Protocol": if has_name { names::protocol(flow) } else { names::ip_protocol(flow) },
        "SourceIp": names::address(flow.source),
        "SourcePort": flow.source_port.unwrap_or_default(),
        "DestinationIp": destination.unwrap_or_default(),
        "DestinationPort": flow.port.unwrap_or_default(),
        "Fqdn": name(flow),
        "TargetUrl": flow.url.as_ref().map(ToString::to_string).unwrap_or_default(),
        "Action": if is_denied { "Deny" } else { "Alert" },
        "ThreatDescription": names::threat(flow),
        "IsTlsInspected": false,
    })
}

fn idps(flow: &Flow, is_dropped: bool, signature: &str) -> Value {
    let text = names::signature(signature);
    let hit = json!({
        "Action": if is_dropped { "drop" } else { "alert" },
        "SignatureId": signature,
        "Category": text.category,
        "Description": text.description,
        "Severity": text.severity,
    });
    merged([ends(flow), hit])
}

/// Azure itself cuts the columns of a timed out question at the wrong places.
fn dns(flow: &Flow, id: u16, duration_us: u32, answer: Answer) -> Value {
    let (code, flags, size) = match answer {
        Answer::Resolved => ("NOERROR", "qr,rd,ra", 96),
        Answer::Unknown => ("NXDOMAIN", "qr,rd,ra", 118),
        Answer::TimedOut => ("0", "", 0),
    };
    let is_cut = answer == Answer::TimedOut;
    json!({
        "SourceIp": if is_cut { String::new() } else { flow.source.to_string() },
        "SourcePort": if is_cut { 0 } else { flow.source_port.unwrap_or_default() },
        "QueryId": if is_cut { 0 } else { id },
        "QueryType": if is_cut { "A:" } else { "A" },
        "QueryClass": if is_cut { "" } else { "IN" },
        "QueryName": format!("{}.", name(flow)),
        "Protocol": if is_cut { "" } else { "udp" },
        "RequestSize": if is_cut { 0 } else { 40 },
        "DnssecOkBit": false,
        "EDNS0BufferSize": if is_cut { 0 } else { 1232 },
        "ResponseCode": code,
        "ResponseFlags": flags,
        "ResponseSize": size,
        "RequestDurationSecs": if is_cut { 0.0 } else { f64::from(duration_us) / 1e6 },
        "ErrorNumber": 0,
        "ErrorMessage": if is_cut { "i/o timeout" } else { "" },
    })
}
