//! The report as JSON. The shape is a promise, described in `docs/report.md`.

mod dns;
mod needed;
mod rows;
mod talkers;

use serde::Serialize;

use crate::tables::{Seen, Summary, Top, Totals};

/// The report as one JSON object, indented, with a line break at its end.
#[must_use]
pub fn render(summary: &Summary) -> String {
    // Strings, numbers and lists with text keys: writing them to memory cannot fail.
    let mut text = serde_json::to_string_pretty(&Report::new(summary)).unwrap_or_default();
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Report<'a> {
    period: Option<Period>,
    coverage: rows::Coverage<'a>,
    totals: Figures,
    hours: Vec<rows::HourRow>,
    denied_by_source_name: Largest<needed::DeniedGroupRow<'a>>,
    denied_destinations: Largest<rows::DeniedTargetRow<'a>>,
    denied_by_default: Largest<rows::DeniedRow<'a>>,
    rules: Vec<rows::RuleRow<'a>>,
    web_by_network_rules: Vec<rows::WebRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<rows::Policy<'a>>,
    sources: Largest<talkers::TalkerRow<'a>>,
    destinations: Largest<talkers::TalkerRow<'a>>,
    sources_by_name: Largest<talkers::NamedRow<'a>>,
    destinations_by_name: Largest<talkers::NamedRow<'a>>,
    fqdns: Largest<talkers::WordRow<'a>>,
    web_categories: Largest<talkers::WordRow<'a>>,
    ports: Largest<rows::PortRow<'a>>,
    dnat: Largest<rows::DnatRow<'a>>,
    threat_intel: Largest<rows::ThreatRow<'a>>,
    idps: Largest<rows::IdpsRow<'a>>,
    dns: dns::Dns<'a>,
    unresolved: Largest<rows::UnresolvedRow<'a>>,
    aggregation: Vec<rows::AggregationRow<'a>>,
}

impl<'a> Report<'a> {
    fn new(summary: &'a Summary) -> Self {
        let connections = summary.totals.connections();
        Self {
            period: summary.period.map(Period::from),
            coverage: rows::Coverage::new(&summary.coverage),
            totals: Figures::new(&summary.totals, summary.coverage.input.allowed_then_dropped),
            hours: summary.hours.iter().map(rows::HourRow::new).collect(),
            denied_by_source_name: Largest::new(
                &summary.denied_groups,
                needed::DeniedGroupRow::new,
            ),
            denied_destinations: Largest::new(&summary.denied_targets, rows::DeniedTargetRow::new),
            denied_by_default: Largest::new(&summary.denied, rows::DeniedRow::new),
            rules: summary.rules.iter().map(|row| rows::RuleRow::new(row, connections)).collect(),
            web_by_network_rules: summary
                .web_by_network_rules
                .iter()
                .map(rows::WebRow::new)
                .collect(),
            policy: summary.policy.as_ref().map(|policy| rows::Policy::new(policy, connections)),
            sources: Largest::new(&summary.sources, talkers::TalkerRow::new),
            destinations: Largest::new(&summary.destinations, talkers::TalkerRow::new),
            sources_by_name: Largest::new(&summary.sources_by_name, talkers::NamedRow::new),
            destinations_by_name: Largest::new(
                &summary.destinations_by_name,
                talkers::NamedRow::new,
            ),
            fqdns: Largest::new(&summary.fqdns, talkers::WordRow::new),
            web_categories: Largest::new(&summary.web_categories, talkers::WordRow::new),
            ports: Largest::new(&summary.ports, rows::PortRow::new),
            dnat: Largest::new(&summary.dnat, rows::DnatRow::new),
            threat_intel: Largest::new(&summary.threat_intel, rows::ThreatRow::new),
            idps: Largest::new(&summary.idps, rows::IdpsRow::new),
            dns: dns::Dns::new(&summary.dns),
            unresolved: Largest::new(&summary.unresolved, rows::UnresolvedRow::new),
            aggregation: summary.aggregation.iter().map(rows::AggregationRow::new).collect(),
        }
    }
}

/// Times as RFC 3339, UTC.
#[derive(Serialize)]
struct Period {
    first: String,
    last: String,
}

impl From<Seen> for Period {
    fn from(seen: Seen) -> Self {
        Self { first: seen.first.to_string(), last: seen.last.to_string() }
    }
}

/// The largest rows of a table and what was left out.
#[derive(Serialize)]
struct Largest<R> {
    rows: Vec<R>,
    rows_total: u64,
    records_left_out: u64,
}

impl<R> Largest<R> {
    fn new<'a, T>(top: &'a Top<T>, row: impl Fn(&'a T) -> R) -> Self {
        Self {
            rows: top.rows.iter().map(row).collect(),
            rows_total: top.rows_total,
            records_left_out: top.records_left_out,
        }
    }
}

#[derive(Serialize)]
struct Figures {
    connections: u64,
    allowed: u64,
    allowed_without_rule: u64,
    allowed_then_dropped: u64,
    denied: u64,
    denied_by_rule: u64,
    denied_by_default: u64,
    attempts_by_rule: u64,
    attempts_by_default: u64,
    threats: u64,
    threat_intel_alert: u64,
    threat_intel_deny: u64,
    idps: Vec<IdpsFigure>,
    dnat: u64,
    dns: u64,
    dns_failures: u64,
    flow_traces: u64,
    fat_flows: u64,
    aggregation_rows: u64,
    aggregated_connections: u64,
    without_action: u64,
}

#[derive(Serialize)]
struct IdpsFigure {
    severity: Option<u16>,
    action: Option<&'static str>,
    records: u64,
}

impl Figures {
    fn new(totals: &Totals, allowed_then_dropped: u64) -> Self {
        let idps = totals.idps.iter().map(|row| IdpsFigure {
            severity: row.severity,
            action: row.action.map(crate::logs::LoggedAction::name),
            records: row.records,
        });
        Self {
            connections: totals.connections(),
            allowed: totals.allowed,
            allowed_without_rule: totals.allowed_without_rule,
            allowed_then_dropped,
            denied: totals.denied(),
            denied_by_rule: totals.denied_by_rule,
            denied_by_default: totals.denied_by_default,
            attempts_by_rule: totals.attempts_by_rule,
            attempts_by_default: totals.attempts_by_default,
            threats: totals.threats(),
            threat_intel_alert: totals.threat_alerts,
            threat_intel_deny: totals.threat_denied,
            idps: idps.collect(),
            dnat: totals.dnat,
            dns: totals.dns,
            dns_failures: totals.dns_failures,
            flow_traces: totals.flow_traces,
            fat_flows: totals.fat_flows,
            aggregation_rows: totals.aggregations,
            aggregated_connections: totals.aggregated_connections,
            without_action: totals.unstated,
        }
    }
}
