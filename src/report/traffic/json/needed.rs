//! Which rule is needed, and for whom.

use std::net::IpAddr;

use serde::Serialize;

use super::Period;
use crate::report::traffic::needed::rule;
use crate::report::traffic::remedy::Remedy;
use crate::report::traffic::sheets::source_group;
use crate::tables;

#[derive(Serialize)]
pub(super) struct DeniedGroupRow<'a> {
    source_type: &'static str,
    source_name: Option<&'a str>,
    sources: u64,
    source_addresses: &'a [IpAddr],
    protocol: Option<&'a str>,
    destination: Option<&'a str>,
    destination_name: Option<&'a str>,
    port: Option<u16>,
    reason: Option<&'a str>,
    remedy: &'static str,
    rule: Option<String>,
    records: u64,
    attempts: u64,
    seen: Option<Period>,
}

impl<'a> DeniedGroupRow<'a> {
    pub(super) fn new(row: &'a tables::DeniedGroupRow) -> Self {
        let (source_name, source_type) = source_group(&row.group);
        Self {
            source_type,
            source_name,
            sources: row.sources,
            source_addresses: &row.addresses,
            protocol: row.protocol.as_deref(),
            destination: row.target.as_deref(),
            destination_name: row.target_name.as_deref(),
            port: row.port,
            reason: row.reason.as_deref(),
            remedy: Remedy::of(row.protocol.as_deref(), row.reason.as_deref()).name(),
            rule: rule(row),
            records: row.records,
            attempts: row.attempts,
            seen: row.seen.map(Period::from),
        }
    }
}
