//! The categories of the firewall's logs, and those that share their files.

use super::column::Column;
use super::row::Row;

/// A category or table of firewall logs, by what its rows hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Legacy,
    Network,
    Application,
    Nat,
    ThreatIntel,
    Idps,
    DnsQuery,
    DnsFailure,
    DnsTrace,
    FlowTrace,
    FatFlow,
    NetworkAggregation,
    ApplicationAggregation,
    NatAggregation,
}

/// Categories, and the tables whose names differ from them.
/// Source: Azure Monitor's list of supported resource logs for `Microsoft.Network/azureFirewalls`.
const FAMILIES: [(&str, Family); 22] = [
    ("AZFWNetworkRule", Family::Network),
    ("AZFWApplicationRule", Family::Application),
    ("AZFWNatRule", Family::Nat),
    ("AZFWThreatIntel", Family::ThreatIntel),
    ("AZFWIdpsSignature", Family::Idps),
    ("AZFWDnsQuery", Family::DnsQuery),
    ("AZFWFqdnResolveFailure", Family::DnsFailure),
    ("AZFWInternalFqdnResolutionFailure", Family::DnsFailure),
    ("AZFWDnsAdditional", Family::DnsTrace),
    ("AZFWDnsFlowTrace", Family::DnsTrace),
    ("AZFWFlowTrace", Family::FlowTrace),
    ("AZFWFatFlow", Family::FatFlow),
    ("AZFWNetworkRuleAggregation", Family::NetworkAggregation),
    ("AZFWApplicationRuleAggregation", Family::ApplicationAggregation),
    ("AZFWNatRuleAggregation", Family::NatAggregation),
    ("AzureFirewallNetworkRule", Family::Legacy),
    ("AzureFirewallApplicationRule", Family::Legacy),
    ("AzureFirewallDnsProxy", Family::Legacy),
    // Operation names that some pipelines write as category.
    ("AzureFirewallThreatIntelLog", Family::Legacy),
    ("AzureFirewallNetworkRuleLog", Family::Legacy),
    ("AzureFirewallApplicationRuleLog", Family::Legacy),
    ("AzureFirewallDnsProxyLog", Family::Legacy),
];

impl Family {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let mut known = FAMILIES.iter();
        known.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|&(_, family)| family)
    }

    fn name(self) -> &'static str {
        FAMILIES.iter().find(|(_, family)| *family == self).map_or("", |(name, _)| name)
    }
}

/// What a row turns out to be.
pub(super) enum Kind<'a> {
    /// A firewall record, with its category as written.
    Record(Family, &'a str),
    /// Something else that is known by name, and the reason to leave it out.
    Ignored(String),
    Unknown,
}

/// Finds out what `row` is: by its category, by its table, else by its columns.
pub(super) fn kind<'a>(row: &mut Row<'a>) -> Kind<'a> {
    let category = row.text(Column::Category);
    let table = row.text(Column::Table).filter(|name| *name != "AzureDiagnostics");
    if let Some(name) = category
        && let Some(family) = Family::from_name(name)
    {
        return Kind::Record(family, name);
    }
    if let Some(name) = table
        && let Some(family) = Family::from_name(name)
    {
        // In a table the column `Category` is the signature's.
        row.rename(Column::Category, Column::SignatureCategory);
        return Kind::Record(family, name);
    }
    if let Some(reason) = row.foreign {
        return Kind::Ignored(reason.to_owned());
    }
    let by_columns = inferred(row);
    let other_name = category.filter(|_| by_columns != Some(Family::Idps)).or(table);
    match (other_name, by_columns) {
        (Some(name), _) => Kind::Ignored(ignored_reason(name)),
        (None, Some(family)) => {
            row.rename(Column::Category, Column::SignatureCategory);
            Kind::Record(family, inferred_name(row, family))
        }
        (None, None) => Kind::Unknown,
    }
}

fn ignored_reason(name: &str) -> String {
    let known = [
        ("NetworkSecurityGroupFlowEvent", "NSG flow log in a shape that is not known"),
        ("FlowLogFlowEvent", "VNet flow log in a shape that is not known"),
        ("NTANetAnalytics", "row of `NTANetAnalytics` that is no flow"),
    ];
    let reason = known.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    let shown: String = name.chars().take(60).collect();
    reason.map_or_else(
        || format!("category `{shown}`, which is none of the firewall's"),
        |(_, reason)| (*reason).to_owned(),
    )
}

/// The family that only one set of columns can mean, where neither category nor table is written.
fn inferred(row: &Row<'_>) -> Option<Family> {
    let has = |column| row.has(column);
    let tests = [
        (has(Column::Message), Family::Legacy),
        (has(Column::SignatureId), Family::Idps),
        (has(Column::ThreatDescription), Family::ThreatIntel),
        (has(Column::QueryName), Family::DnsQuery),
        (has(Column::FlowRate), Family::FatFlow),
        (has(Column::Flag), Family::FlowTrace),
        (has(Column::Count) && has(Column::TranslatedIp), Family::NatAggregation),
        (has(Column::Count) && has(Column::DestinationIp), Family::NetworkAggregation),
        (has(Column::Count) && has(Column::Fqdn), Family::ApplicationAggregation),
        (has(Column::TranslatedIp), Family::Nat),
        (has(Column::Fqdn) && has(Column::ServerIp), Family::DnsFailure),
        (has(Column::Fqdn) && has(Column::Action), Family::Application),
        (has(Column::DestinationIp) && has(Column::Action), Family::Network),
    ];
    tests.into_iter().find(|(is_so, _)| *is_so).map(|(_, family)| family)
}

/// The category that an inferred row is counted under.
fn inferred_name(row: &Row<'_>, family: Family) -> &'static str {
    let operation = row.text(Column::Operation).unwrap_or("");
    match family {
        Family::Legacy if operation.eq_ignore_ascii_case("AzureFirewallApplicationRuleLog") => {
            "AzureFirewallApplicationRule"
        }
        Family::Legacy if operation.eq_ignore_ascii_case("AzureFirewallDnsProxyLog") => {
            "AzureFirewallDnsProxy"
        }
        Family::Legacy
        | Family::Network
        | Family::Application
        | Family::Nat
        | Family::ThreatIntel
        | Family::Idps
        | Family::DnsQuery
        | Family::DnsFailure
        | Family::DnsTrace
        | Family::FlowTrace
        | Family::FatFlow
        | Family::NetworkAggregation
        | Family::ApplicationAggregation
        | Family::NatAggregation => family.name(),
    }
}
