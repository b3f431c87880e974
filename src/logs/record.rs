//! One log record in normal form, whatever file it came from.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use smol_str::SmolStr;

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    Network,
    Application,
    Nat,
    ThreatIntel,
    Idps,
    Dns,
    /// The firewall itself failed to resolve a name that a rule uses.
    DnsFailure,
    FlowTrace,
    FatFlow,
    Aggregation,
    /// The start of a flow that another log than the firewall's tells of.
    Flow,
}

impl RecordKind {
    /// The word that `azfw events` prints.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Application => "application",
            Self::Nat => "nat",
            Self::ThreatIntel => "threat_intel",
            Self::Idps => "idps",
            Self::Dns => "dns",
            Self::DnsFailure => "dns_failure",
            Self::FlowTrace => "flow_trace",
            Self::FatFlow => "fat_flow",
            Self::Aggregation => "aggregation",
            Self::Flow => "flow",
        }
    }
}

/// Which family of categories a record belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// `AzureFirewall…`: one free text `msg`.
    Legacy,
    /// `AZFW…`: columns.
    Structured,
    /// No category of the firewall: flow logs of networks, clusters and sensors.
    FlowLog,
}

impl Form {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Structured => "structured",
            Self::FlowLog => "flow_log",
        }
    }
}

/// What the firewall says it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LoggedAction {
    Allow,
    Deny,
    Alert,
    Dnat,
}

impl LoggedAction {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Alert => "alert",
            Self::Dnat => "dnat",
        }
    }
}

/// Where a record stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    pub file: Arc<str>,
    /// Counted from one; the record's number where a file has no lines.
    pub line: u64,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// The `category` of the envelope as written, for coverage counts.
pub type Category = SmolStr;

/// One record. Fields are absent when unknown; addresses are in canonical form.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRecord {
    /// UTC, as precise as the source. Absent where the source has none that can be read.
    pub time: Option<Timestamp>,
    pub kind: RecordKind,
    pub form: Form,
    /// The category or table as written (`AZFWNetworkRule`, `AzureFirewallNetworkRule`).
    pub category: Category,
    /// Resource id of the firewall, lower case.
    pub firewall: Option<SmolStr>,
    /// Lower case: `tcp`, `https`, `icmp`.
    pub protocol: Option<SmolStr>,
    pub icmp_type: Option<u8>,
    pub source: Option<IpAddr>,
    pub source_port: Option<u16>,
    pub destination: Option<IpAddr>,
    pub destination_port: Option<u16>,
    pub fqdn: Option<SmolStr>,
    pub url: Option<SmolStr>,
    pub web_category: Option<SmolStr>,
    pub action: Option<LoggedAction>,
    /// The text Azure gives, verbatim.
    pub reason: Option<SmolStr>,
    /// Known to have ended in the default action: no rule matched. `false` where that is unknown, as
    /// in older network logs, which leave out the names of rules.
    pub is_default_action: bool,
    pub policy: Option<SmolStr>,
    pub group: Option<SmolStr>,
    pub collection: Option<SmolStr>,
    pub rule: Option<SmolStr>,
    pub translated: Option<IpAddr>,
    pub translated_port: Option<u16>,
    /// What threat intelligence says of the destination or source.
    pub threat: Option<SmolStr>,
    pub signature: Option<Box<Signature>>,
    pub tls_inspected: Option<bool>,
    pub explicit_proxy: Option<bool>,
    /// `Flag` of a flow trace: `SYN-ACK`, `FIN`, …
    pub flag: Option<SmolStr>,
    pub rate_mbps: Option<f64>,
    pub dns: Option<Box<Dns>>,
    /// How many connections an aggregation row stands for.
    pub count: Option<u64>,
    pub tenant: Option<SmolStr>,
    pub correlation: Option<SmolStr>,
    pub origin: Origin,
}

/// An IDPS signature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signature {
    pub id: Option<SmolStr>,
    pub category: Option<SmolStr>,
    pub description: Option<SmolStr>,
    /// 1 is high, 3 is low.
    pub severity: Option<u8>,
}

/// A DNS query seen by the DNS proxy.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dns {
    pub id: Option<u32>,
    /// Query type: `A`, `AAAA`, …
    pub query_type: Option<SmolStr>,
    pub class: Option<SmolStr>,
    pub name: Option<SmolStr>,
    pub protocol: Option<SmolStr>,
    pub request_size: Option<u32>,
    pub dnssec_ok: Option<bool>,
    pub edns_size: Option<u32>,
    pub rcode: Option<SmolStr>,
    pub flags: Option<SmolStr>,
    pub response_size: Option<u32>,
    pub duration_s: Option<f64>,
    pub error: Option<SmolStr>,
    pub server: Option<SmolStr>,
}

impl LogRecord {
    /// A record of which only its place is known.
    #[must_use]
    pub fn new(kind: RecordKind, form: Form, category: &str, origin: Origin) -> Self {
        Self {
            time: None,
            kind,
            form,
            category: category.into(),
            firewall: None,
            protocol: None,
            icmp_type: None,
            source: None,
            source_port: None,
            destination: None,
            destination_port: None,
            fqdn: None,
            url: None,
            web_category: None,
            action: None,
            reason: None,
            is_default_action: false,
            policy: None,
            group: None,
            collection: None,
            rule: None,
            translated: None,
            translated_port: None,
            threat: None,
            signature: None,
            tls_inspected: None,
            explicit_proxy: None,
            flag: None,
            rate_mbps: None,
            dns: None,
            count: None,
            tenant: None,
            correlation: None,
            origin,
        }
    }
}
