//! The fields that a filter can name: those of `azfw events`, and a few shorter names.

use crate::syntax::spelling::closest;

/// A field of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Time,
    Address(AddressField),
    Number(NumberField),
    Text(TextField),
    Truth(TruthField),
}

/// A field that holds an IP address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressField {
    Source,
    Destination,
    Translated,
}

/// A field that holds a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberField {
    IcmpType,
    SourcePort,
    DestinationPort,
    TranslatedPort,
    Severity,
    RateMbps,
    DnsId,
    RequestSize,
    EdnsSize,
    ResponseSize,
    DurationS,
    Count,
}

/// A field that holds a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextField {
    Kind,
    Form,
    Firewall,
    Protocol,
    Fqdn,
    Url,
    WebCategory,
    Action,
    Reason,
    Policy,
    Group,
    Collection,
    Rule,
    Threat,
    SignatureId,
    SignatureCategory,
    SignatureDescription,
    Flag,
    QueryType,
    QueryClass,
    QueryName,
    QueryProtocol,
    Rcode,
    DnsFlags,
    DnsError,
    DnsServer,
    Tenant,
    Correlation,
    Origin,
}

/// A field that holds yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TruthField {
    TlsInspected,
    ExplicitProxy,
    DnssecOk,
}

/// The first name of a field is the one that `azfw events` prints.
const FIELDS: [(&str, Field); 50] = [
    ("time", Field::Time),
    ("kind", Field::Text(TextField::Kind)),
    ("form", Field::Text(TextField::Form)),
    ("firewall", Field::Text(TextField::Firewall)),
    ("protocol", Field::Text(TextField::Protocol)),
    ("icmp_type", Field::Number(NumberField::IcmpType)),
    ("source", Field::Address(AddressField::Source)),
    ("source_port", Field::Number(NumberField::SourcePort)),
    ("destination", Field::Address(AddressField::Destination)),
    ("destination_port", Field::Number(NumberField::DestinationPort)),
    ("port", Field::Number(NumberField::DestinationPort)),
    ("fqdn", Field::Text(TextField::Fqdn)),
    ("name", Field::Text(TextField::Fqdn)),
    ("url", Field::Text(TextField::Url)),
    ("web_category", Field::Text(TextField::WebCategory)),
    ("action", Field::Text(TextField::Action)),
    ("reason", Field::Text(TextField::Reason)),
    ("policy", Field::Text(TextField::Policy)),
    ("group", Field::Text(TextField::Group)),
    ("collection", Field::Text(TextField::Collection)),
    ("rule", Field::Text(TextField::Rule)),
    ("translated", Field::Address(AddressField::Translated)),
    ("translated_port", Field::Number(NumberField::TranslatedPort)),
    ("threat", Field::Text(TextField::Threat)),
    ("signature.id", Field::Text(TextField::SignatureId)),
    ("signature.category", Field::Text(TextField::SignatureCategory)),
    ("signature.description", Field::Text(TextField::SignatureDescription)),
    ("signature.severity", Field::Number(NumberField::Severity)),
    ("tls_inspected", Field::Truth(TruthField::TlsInspected)),
    ("explicit_proxy", Field::Truth(TruthField::ExplicitProxy)),
    ("flag", Field::Text(TextField::Flag)),
    ("rate_mbps", Field::Number(NumberField::RateMbps)),
    ("dns.id", Field::Number(NumberField::DnsId)),
    ("dns.type", Field::Text(TextField::QueryType)),
    ("dns.class", Field::Text(TextField::QueryClass)),
    ("dns.name", Field::Text(TextField::QueryName)),
    ("dns.protocol", Field::Text(TextField::QueryProtocol)),
    ("dns.request_size", Field::Number(NumberField::RequestSize)),
    ("dns.dnssec_ok", Field::Truth(TruthField::DnssecOk)),
    ("dns.edns_size", Field::Number(NumberField::EdnsSize)),
    ("dns.rcode", Field::Text(TextField::Rcode)),
    ("dns.flags", Field::Text(TextField::DnsFlags)),
    ("dns.response_size", Field::Number(NumberField::ResponseSize)),
    ("dns.duration_s", Field::Number(NumberField::DurationS)),
    ("dns.error", Field::Text(TextField::DnsError)),
    ("dns.server", Field::Text(TextField::DnsServer)),
    ("count", Field::Number(NumberField::Count)),
    ("tenant", Field::Text(TextField::Tenant)),
    ("correlation", Field::Text(TextField::Correlation)),
    ("origin", Field::Text(TextField::Origin)),
];

impl Field {
    /// The field called `name`, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let found = FIELDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|&(_, field)| field)
    }

    /// The name that `azfw events` prints.
    #[must_use]
    pub fn name(self) -> &'static str {
        FIELDS.iter().find(|(_, field)| *field == self).map_or("", |(name, _)| name)
    }

    /// All names, aliases among them.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FIELDS.iter().map(|(name, _)| *name)
    }

    /// The name that a misspelt one may stand for.
    pub(super) fn closest(name: &str) -> Option<&'static str> {
        closest(name, Self::names())
    }
}

impl TextField {
    /// The words that can stand in the field; empty where it can hold anything.
    #[must_use]
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Kind => &KINDS,
            Self::Form => &FORMS,
            Self::Action => &ACTIONS,
            Self::Firewall
            | Self::Protocol
            | Self::Fqdn
            | Self::Url
            | Self::WebCategory
            | Self::Reason
            | Self::Policy
            | Self::Group
            | Self::Collection
            | Self::Rule
            | Self::Threat
            | Self::SignatureId
            | Self::SignatureCategory
            | Self::SignatureDescription
            | Self::Flag
            | Self::QueryType
            | Self::QueryClass
            | Self::QueryName
            | Self::QueryProtocol
            | Self::Rcode
            | Self::DnsFlags
            | Self::DnsError
            | Self::DnsServer
            | Self::Tenant
            | Self::Correlation
            | Self::Origin => &[],
        }
    }
}

const KINDS: [&str; 11] = [
    "network",
    "application",
    "nat",
    "threat_intel",
    "idps",
    "dns",
    "dns_failure",
    "flow_trace",
    "fat_flow",
    "aggregation",
    "flow",
];
const FORMS: [&str; 3] = ["legacy", "structured", "flow_log"];
const ACTIONS: [&str; 4] = ["allow", "deny", "alert", "dnat"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_under_its_own_name() {
        for name in Field::names() {
            let field = Field::from_name(&name.to_uppercase()).unwrap();
            assert_eq!(Field::from_name(field.name()), Some(field));
        }
        assert_eq!(Field::from_name("port").map(Field::name), Some("destination_port"));
        assert_eq!(Field::from_name("name").map(Field::name), Some("fqdn"));
        assert_eq!(Field::closest("sorce"), Some("source"));
    }
}
