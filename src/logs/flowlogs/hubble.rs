//! Flows of Cilium's Hubble: `hubble observe -o json` and its exporter.
//!
//! The source is the address of a pod. Where the cluster hides pods behind the addresses of its nodes, the
//! firewall sees those instead; the log does not say which.

use jiff::Timestamp;

use super::fields::shown;
use super::tuple::forget_ports_without_meaning;
use super::{Entry, Found, RUNNING, denied, flow};
use crate::logs::record::{LogRecord, Origin};
use crate::logs::row::{address, canonical_name};
use crate::logs::value::Value;

pub(super) fn is_flow(flow: &Value<'_>) -> bool {
    flow.get("IP").is_some() || flow.get("verdict").is_some()
}

pub(super) fn entry(event: &Value<'_>, envelope: &Value<'_>, origin: Origin) -> Entry {
    let verdict = event.get("verdict").and_then(Value::text).unwrap_or("");
    if event.get("is_reply") == Some(&Value::Bool(true)) {
        return Ok(Found::Ignored("Hubble flow that is a reply"));
    }
    let is_denied = match verdict {
        "FORWARDED" | "AUDIT" => false,
        "DROPPED" => true,
        _ => return Ok(Found::Ignored("Hubble flow that is neither forwarded nor dropped")),
    };
    let mut record = flow("Hubble", origin);
    let time = event.get("time").or_else(|| envelope.get("time")).and_then(Value::text);
    record.time = time.map(instant).transpose()?;
    let Some(ip) = event.get("IP") else {
        return Ok(Found::Ignored("Hubble flow without addresses"));
    };
    let end = |name: &str| {
        let text = ip.get(name).and_then(Value::text).unwrap_or("");
        address(text).ok_or_else(|| format!("unreadable {name} address `{text}`"))
    };
    record.source = Some(end("source")?);
    record.destination = Some(end("destination")?);
    if let Some(found) = layer_4(event, &mut record)? {
        return Ok(found);
    }
    record.fqdn = only_name(event);
    record.flag = match event.get("traffic_direction").and_then(Value::text) {
        Some("INGRESS") => Some("in".into()),
        Some("EGRESS") => Some("out".into()),
        Some(_) | None => None,
    };
    forget_ports_without_meaning(&mut record);
    if is_denied {
        let why = event.get("drop_reason_desc").and_then(Value::text).unwrap_or("DROPPED");
        denied(&mut record, &format!("dropped in the cluster: {why}"));
    }
    Ok(Found::Flow(Box::new(record)))
}

/// Takes protocol and ports over, unless the packet is not the first of its flow.
fn layer_4(event: &Value<'_>, record: &mut LogRecord) -> Result<Option<Found>, String> {
    let Some(layer) = event.get("l4") else {
        return Ok(Some(Found::Ignored("Hubble flow without a transport protocol")));
    };
    for (key, protocol) in [("TCP", "tcp"), ("UDP", "udp"), ("SCTP", "sctp")] {
        if let Some(header) = layer.get(key) {
            record.protocol = Some(protocol.into());
            record.source_port = port(header, "source_port")?;
            record.destination_port = port(header, "destination_port")?;
            let flag = |name| header.get("flags").and_then(|flags| flags.get(name));
            let is_first =
                flag("SYN") == Some(&Value::Bool(true)) && flag("ACK") != Some(&Value::Bool(true));
            let runs = key == "TCP" && !is_first;
            return Ok(runs.then_some(Found::Ignored(RUNNING)));
        }
    }
    for (key, protocol) in [("ICMPv4", "icmp"), ("ICMPv6", "icmpv6")] {
        if let Some(header) = layer.get(key) {
            record.protocol = Some(protocol.into());
            record.icmp_type =
                header.get("type").and_then(shown).and_then(|text| text.parse().ok());
            return Ok(None);
        }
    }
    Ok(Some(Found::Ignored("Hubble flow without a transport protocol")))
}

fn port(header: &Value<'_>, name: &str) -> Result<Option<u16>, String> {
    let text = header.get(name).and_then(shown);
    text.map(|text| text.parse().map_err(|_| format!("unreadable `{name}`: `{text}`"))).transpose()
}

fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| format!("unreadable time `{text}`"))
}

/// The name that the destination was asked for by. Of several nobody knows which one was meant.
fn only_name(event: &Value<'_>) -> Option<smol_str::SmolStr> {
    match event.get("destination_names").and_then(Value::elements)? {
        [name] => name.text().map(canonical_name),
        _ => None,
    }
}
