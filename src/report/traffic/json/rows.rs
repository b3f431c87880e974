//! The rows of the JSON report's tables. Unknown values are null.

use serde::Serialize;

use crate::logs::LoggedAction;
use crate::report::traffic::remedy::Remedy;
use crate::report::traffic::sheet::per_mille;
use crate::tables;

use super::Period;

#[derive(Serialize)]
pub(super) struct Coverage<'a> {
    files: u64,
    bytes: u64,
    entries: u64,
    records: u64,
    duplicates: u64,
    repeated: u64,
    beyond_memory: u64,
    ignored: Vec<IgnoredRow<'a>>,
    rejected: u64,
    rejected_examples: Vec<RejectedRow<'a>>,
    without_time: u64,
    reconciled: bool,
    duplicate_window_exceeded: bool,
    attempt_window_exceeded: bool,
    gaps: Vec<GapRow<'a>>,
    categories: Vec<CategoryRow<'a>>,
}

#[derive(Serialize)]
struct GapRow<'a> {
    firewall: Option<&'a str>,
    first_hour: String,
    hours: u64,
    usual_per_hour: u64,
}

#[derive(Serialize)]
struct IgnoredRow<'a> {
    reason: &'a str,
    entries: u64,
}

#[derive(Serialize)]
struct RejectedRow<'a> {
    position: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct CategoryRow<'a> {
    category: &'a str,
    form: &'static str,
    kind: &'static str,
    records: u64,
    seen: Option<Period>,
}

impl<'a> Coverage<'a> {
    pub(super) fn new(coverage: &'a tables::Coverage) -> Self {
        let input = &coverage.input;
        let ignored = input.ignored.iter();
        let rejected = input.rejected_examples.iter();
        let categories = coverage.categories.iter().map(|row| CategoryRow {
            category: &row.category,
            form: row.form.name(),
            kind: row.kind.name(),
            records: row.records,
            seen: row.seen.map(Period::from),
        });
        let gaps = input.gaps.iter().map(|gap| GapRow {
            firewall: gap.firewall.as_deref(),
            first_hour: gap.first.to_string(),
            hours: gap.hours,
            usual_per_hour: gap.usual,
        });
        Self {
            files: input.files,
            bytes: input.bytes,
            entries: input.entries,
            records: coverage.records,
            duplicates: coverage.duplicates,
            repeated: coverage.repeated,
            beyond_memory: coverage.cut,
            ignored: ignored
                .map(|(reason, entries)| IgnoredRow { reason, entries: *entries })
                .collect(),
            rejected: input.rejected,
            rejected_examples: rejected
                .map(|example| RejectedRow { position: &example.position, reason: &example.reason })
                .collect(),
            without_time: coverage.without_time,
            reconciled: coverage.is_reconciled(),
            duplicate_window_exceeded: coverage.is_duplicate_window_exceeded,
            attempt_window_exceeded: coverage.is_attempt_window_exceeded,
            gaps: gaps.collect(),
            categories: categories.collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct HourRow {
    hour: String,
    allowed: u64,
    denied: u64,
    threats: u64,
}

impl HourRow {
    pub(super) fn new(row: &tables::HourRow) -> Self {
        let tables::HourRow { hour, allowed, denied, threats } = *row;
        Self { hour: hour.to_string(), allowed, denied, threats }
    }
}

#[derive(Serialize)]
pub(super) struct DeniedTargetRow<'a> {
    protocol: Option<&'a str>,
    destination: Option<&'a str>,
    destination_name: Option<&'a str>,
    port: Option<u16>,
    reason: Option<&'a str>,
    remedy: &'static str,
    sources: u64,
    records: u64,
    attempts: u64,
    seen: Option<Period>,
}

impl<'a> DeniedTargetRow<'a> {
    pub(super) fn new(row: &'a tables::DeniedTargetRow) -> Self {
        Self {
            protocol: row.protocol.as_deref(),
            destination: row.target.as_deref(),
            destination_name: row.target_name.as_deref(),
            port: row.port,
            reason: row.reason.as_deref(),
            remedy: Remedy::of(row.protocol.as_deref(), row.reason.as_deref()).name(),
            sources: row.sources,
            records: row.records,
            attempts: row.attempts,
            seen: row.seen.map(Period::from),
        }
    }
}

#[derive(Serialize)]
pub(super) struct DeniedRow<'a> {
    protocol: Option<&'a str>,
    source: Option<&'a str>,
    source_name: Option<&'a str>,
    destination: Option<&'a str>,
    destination_name: Option<&'a str>,
    port: Option<u16>,
    reason: Option<&'a str>,
    records: u64,
    attempts: u64,
    seen: Option<Period>,
}

impl<'a> DeniedRow<'a> {
    pub(super) fn new(row: &'a tables::DeniedRow) -> Self {
        Self {
            protocol: row.protocol.as_deref(),
            source: row.source.as_deref(),
            source_name: row.source_name.as_deref(),
            destination: row.target.as_deref(),
            destination_name: row.target_name.as_deref(),
            port: row.port,
            reason: row.reason.as_deref(),
            records: row.records,
            attempts: row.attempts,
            seen: row.seen.map(Period::from),
        }
    }
}

/// A rule by its names, as everywhere in the output of azfw.
#[derive(Serialize)]
struct RuleNames<'a> {
    policy: Option<&'a str>,
    group: Option<&'a str>,
    collection: Option<&'a str>,
    rule: &'a str,
}

impl<'a> RuleNames<'a> {
    fn logged(rule: &'a tables::LoggedRule) -> Self {
        Self {
            policy: rule.policy.as_deref(),
            group: rule.group.as_deref(),
            collection: rule.collection.as_deref(),
            rule: &rule.rule,
        }
    }
}

#[derive(Serialize)]
pub(super) struct RuleRow<'a> {
    rule: RuleNames<'a>,
    #[serde(rename = "type")]
    kind: &'static str,
    action: Option<&'static str>,
    hits: u64,
    /// Of all allowed and denied connections; null for translations.
    share: Option<f64>,
    sources: u64,
    destinations: u64,
    seen: Option<Period>,
}

impl<'a> RuleRow<'a> {
    pub(super) fn new(row: &'a tables::RuleRow, connections: u64) -> Self {
        let share = match row.action {
            Some(LoggedAction::Allow | LoggedAction::Deny) => {
                let thousandths = u16::try_from(per_mille(row.hits, connections)).unwrap_or(1000);
                Some(f64::from(thousandths) / 1000.0)
            }
            Some(LoggedAction::Alert | LoggedAction::Dnat) | None => None,
        };
        Self {
            rule: RuleNames::logged(&row.rule),
            kind: row.kind.name(),
            action: row.action.map(LoggedAction::name),
            hits: row.hits,
            share,
            sources: row.sources,
            destinations: row.destinations,
            seen: row.seen.map(Period::from),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Policy<'a> {
    rules: Vec<PolicyRuleRow<'a>>,
    never_hit: usize,
    unknown_rules: Vec<RuleRow<'a>>,
    policies_not_named: Vec<&'a str>,
}

#[derive(Serialize)]
struct PolicyRuleRow<'a> {
    rule: RuleNames<'a>,
    inherited: bool,
    #[serde(rename = "type")]
    kind: &'a str,
    action: &'a str,
    hits: u64,
    aggregated: u64,
    never_hit: bool,
    seen: Option<Period>,
    parts: Vec<PartRow<'a>>,
}

/// One entry of one list of a rule.
#[derive(Serialize)]
struct PartRow<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    part: &'a str,
    unused: bool,
    /// Null: records cannot tell.
    seen: Option<u64>,
    size: Option<u64>,
    within: Option<&'a str>,
}

impl<'a> PartRow<'a> {
    fn new(part: &'a tables::PartUse) -> Self {
        Self {
            kind: part.kind.name(),
            part: &part.text,
            unused: part.is_unused(),
            seen: part.seen,
            size: part.size,
            within: part.within.as_deref(),
        }
    }
}

impl<'a> Policy<'a> {
    pub(super) fn new(policy: &'a tables::PolicyUse, connections: u64) -> Self {
        let rules = policy.rules.iter().map(|row| PolicyRuleRow {
            rule: RuleNames {
                policy: row.rule.path.policy.as_deref(),
                group: row.rule.path.group.as_deref(),
                collection: Some(&row.rule.path.collection),
                rule: &row.rule.path.rule,
            },
            inherited: row.rule.path.is_inherited,
            kind: &row.rule.kind,
            action: &row.rule.action,
            hits: row.hits,
            aggregated: row.aggregated,
            never_hit: row.is_never_hit(),
            seen: row.seen.map(Period::from),
            parts: row.parts.iter().map(PartRow::new).collect(),
        });
        Self {
            rules: rules.collect(),
            never_hit: policy.never_hit().count(),
            unknown_rules: policy
                .unknown
                .iter()
                .map(|row| RuleRow::new(row, connections))
                .collect(),
            policies_not_named: policy.unnamed_policies.iter().map(AsRef::as_ref).collect(),
        }
    }
}

/// Web traffic that a network rule allowed.
#[derive(Serialize)]
pub(super) struct WebRow<'a> {
    rule: RuleNames<'a>,
    protocol: &'a str,
    port: u16,
    records: u64,
    public_destinations: u64,
}

impl<'a> WebRow<'a> {
    pub(super) fn new(row: &'a tables::WebRow) -> Self {
        Self {
            rule: RuleNames::logged(&row.rule),
            protocol: &row.protocol,
            port: row.port,
            records: row.records,
            public_destinations: row.public_destinations,
        }
    }
}

#[derive(Serialize)]
pub(super) struct PortRow<'a> {
    protocol: Option<&'a str>,
    port: Option<u16>,
    allowed: u64,
    denied: u64,
}

impl<'a> PortRow<'a> {
    pub(super) fn new(row: &'a tables::PortRow) -> Self {
        let tables::PortRow { protocol, port, allowed, denied } = row;
        Self { protocol: protocol.as_deref(), port: *port, allowed: *allowed, denied: *denied }
    }
}

#[derive(Serialize)]
pub(super) struct DnatRow<'a> {
    protocol: Option<&'a str>,
    client: Option<&'a str>,
    client_name: Option<&'a str>,
    public: Option<&'a str>,
    public_port: Option<u16>,
    inner: Option<&'a str>,
    inner_name: Option<&'a str>,
    inner_port: Option<u16>,
    rule: Option<RuleNames<'a>>,
    records: u64,
    seen: Option<Period>,
}

impl<'a> DnatRow<'a> {
    pub(super) fn new(row: &'a tables::DnatRow) -> Self {
        Self {
            protocol: row.protocol.as_deref(),
            client: row.client.as_deref(),
            client_name: row.client_name.as_deref(),
            public: row.public.as_deref(),
            public_port: row.public_port,
            inner: row.inner.as_deref(),
            inner_name: row.inner_name.as_deref(),
            inner_port: row.inner_port,
            rule: row.rule.as_ref().map(RuleNames::logged),
            records: row.records,
            seen: row.seen.map(Period::from),
        }
    }
}

#[derive(Serialize)]
pub(super) struct ThreatRow<'a> {
    threat: Option<&'a str>,
    protocol: Option<&'a str>,
    destination: Option<&'a str>,
    destination_name: Option<&'a str>,
    port: Option<u16>,
    action: &'static str,
    sources: u64,
    records: u64,
    seen: Option<Period>,
}

impl<'a> ThreatRow<'a> {
    pub(super) fn new(row: &'a tables::ThreatRow) -> Self {
        Self {
            threat: row.threat.as_deref(),
            protocol: row.protocol.as_deref(),
            destination: row.target.as_deref(),
            destination_name: row.target_name.as_deref(),
            port: row.port,
            action: if row.is_denied { "deny" } else { "alert" },
            sources: row.sources,
            records: row.records,
            seen: row.seen.map(Period::from),
        }
    }
}

#[derive(Serialize)]
pub(super) struct IdpsRow<'a> {
    signature: Option<&'a str>,
    description: Option<&'a str>,
    category: Option<&'a str>,
    severity: Option<u16>,
    action: Option<&'static str>,
    sources: u64,
    destinations: u64,
    records: u64,
    seen: Option<Period>,
}

impl<'a> IdpsRow<'a> {
    pub(super) fn new(row: &'a tables::IdpsRow) -> Self {
        Self {
            signature: row.signature.as_deref(),
            description: row.description.as_deref(),
            category: row.category.as_deref(),
            severity: row.severity,
            action: row.action.map(LoggedAction::name),
            sources: row.sources,
            destinations: row.destinations,
            records: row.records,
            seen: row.seen.map(Period::from),
        }
    }
}

#[derive(Serialize)]
pub(super) struct UnresolvedRow<'a> {
    fqdn: Option<&'a str>,
    rule: Option<RuleNames<'a>>,
    records: u64,
    seen: Option<Period>,
}

impl<'a> UnresolvedRow<'a> {
    pub(super) fn new(row: &'a tables::UnresolvedRow) -> Self {
        Self {
            fqdn: row.fqdn.as_deref(),
            rule: row.rule.as_ref().map(RuleNames::logged),
            records: row.records,
            seen: row.seen.map(Period::from),
        }
    }
}

#[derive(Serialize)]
pub(super) struct AggregationRow<'a> {
    category: &'a str,
    rule: Option<RuleNames<'a>>,
    action: Option<&'static str>,
    rows: u64,
    connections: u64,
    seen: Option<Period>,
}

impl<'a> AggregationRow<'a> {
    pub(super) fn new(row: &'a tables::AggregationRow) -> Self {
        Self {
            category: &row.category,
            rule: row.rule.as_ref().map(RuleNames::logged),
            action: row.action.map(LoggedAction::name),
            rows: row.rows,
            connections: row.connections,
            seen: row.seen.map(Period::from),
        }
    }
}
