//! Rows of `NTANetAnalytics`, the table of Traffic Analytics: flows of some minutes taken together.
//!
//! Source ports are not kept, so a row stands for many flows, which its counters tell. Public ends
//! stand in columns of their own: `ADDRESS|FLOWS STARTED|…`, one group per address.

use std::net::IpAddr;

use super::fields::{address_of, count_of, kept, port_of};
use super::tuple::forget_ports_without_meaning;
use super::{Entry, Fields, Found, denied, flow, protocol_name};
use crate::logs::record::{LogRecord, Origin};
use crate::logs::row::address;
use crate::logs::time;

const CATEGORY: &str = "NTANetAnalytics";

/// One end of a row: an address and the flows that it started, where that is told apart.
type End = (IpAddr, Option<u64>);

/// The flows of one row: one for each pair of ends.
pub(super) fn entries(row: &dyn Fields, origin: &Origin) -> Vec<Entry> {
    if kept(row, "SubType").is_some_and(|kind| !kind.eq_ignore_ascii_case("FlowLog")) {
        return vec![Ok(Found::Ignored("row of `NTANetAnalytics` that is no flow"))];
    }
    if row.text("IsFlowCapturedAtUdrHop").is_some_and(|hop| hop.eq_ignore_ascii_case("true")) {
        return vec![Ok(Found::Ignored("flow log entry taken again on the way"))];
    }
    match pairs(row, origin) {
        Ok(records) => {
            records.into_iter().map(|record| Ok(Found::Flow(Box::new(record)))).collect()
        }
        Err(reason) => vec![Err(reason)],
    }
}

fn pairs(row: &dyn Fields, origin: &Origin) -> Result<Vec<LogRecord>, String> {
    let mut whole = flow(CATEGORY, origin.clone());
    let time = row.text("FlowStartTime").or_else(|| row.text("TimeGenerated"));
    whole.time = time.map(|text| time::time(&text, None)).transpose()?;
    let protocol = row.text("L4Protocol").ok_or("no protocol")?;
    whole.protocol = Some(match protocol.as_ref() {
        "T" => "tcp".into(),
        "U" => "udp".into(),
        other => protocol_name(other)?,
    });
    whole.destination_port = port_of(row, "DestPort")?;
    whole.rule = kept(row, "AclRule");
    whole.flag = match row.text("FlowDirection").as_deref() {
        Some("Inbound" | "I") => Some("in".into()),
        Some("Outbound" | "O") => Some("out".into()),
        Some(_) | None => None,
    };
    let is_denied = row.text("FlowStatus").is_some_and(|text| matches!(&*text, "Denied" | "D"));
    let columns = if is_denied {
        ["DeniedInFlows", "DeniedOutFlows"]
    } else {
        ["AllowedInFlows", "AllowedOutFlows"]
    };
    let flows: u64 = columns.iter().filter_map(|name| count_of(row, name)).sum();
    whole.count = Some(flows.max(1));
    if is_denied {
        denied(&mut whole, "denied by a network security group");
    }
    forget_ports_without_meaning(&mut whole);
    let sources = ends(row, "SrcIp", "SrcPublicIps")?;
    let destinations = ends(row, "DestIp", "DestPublicIps")?;
    Ok(sources
        .iter()
        .flat_map(|source| destinations.iter().map(move |destination| (source, destination)))
        .map(|(source, destination)| LogRecord {
            source: Some(source.0),
            destination: Some(destination.0),
            count: source.1.or(destination.1).or(whole.count),
            ..whole.clone()
        })
        .collect())
}

fn ends(row: &dyn Fields, own: &str, public: &str) -> Result<Vec<End>, String> {
    if let Some(address) = address_of(row, own)? {
        return Ok(vec![(address, None)]);
    }
    let groups = row.text(public).ok_or_else(|| format!("neither `{own}` nor `{public}`"))?;
    groups
        .split_whitespace()
        .map(|group| {
            let mut parts = group.split('|');
            let text = parts.next().unwrap_or("");
            let end = address(text).ok_or_else(|| format!("unreadable address `{text}`"))?;
            Ok((end, parts.next().and_then(|count| count.parse().ok()).filter(|count| *count > 0)))
        })
        .collect()
}
