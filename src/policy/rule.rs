//! Rule collection groups, rule collections and rules.

use std::fmt;
use std::net::IpAddr;

use smol_str::SmolStr;

use super::ResourceId;
use crate::net::{
    ApplicationProtocol, Fqdn, FqdnPattern, IpRange, PortRange, RuleProtocol, UrlPattern,
};
use crate::source::{Span, Spanned};

/// A value that a file writes, when all goes well.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Written<T> {
    Value(T),
    /// An expression that only a deployment can settle, such as `[reference(…).ipAddress]`.
    Unresolved(SmolStr),
    /// A text that is no such value, such as the port `70000`. Azure would refuse it; what its
    /// author meant is not known.
    Invalid(SmolStr),
}

impl<T> Written<T> {
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Unresolved(_) | Self::Invalid(_) => None,
        }
    }

    /// The same with another value.
    #[must_use]
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Written<U> {
        match self {
            Self::Value(value) => Written::Value(change(value)),
            Self::Unresolved(text) => Written::Unresolved(text),
            Self::Invalid(text) => Written::Invalid(text),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Written<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Unresolved(text) | Self::Invalid(text) => f.write_str(text),
        }
    }
}

/// A priority, 100 to 65000, lower first. Groups and collections count apart (`tests/spec/01-order.md`).
pub type Priority = u32;

/// `Microsoft.Network/firewallPolicies/ruleCollectionGroups`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleCollectionGroup {
    pub name: Spanned<SmolStr>,
    pub id: Option<ResourceId>,
    /// The policy it belongs to, where the file says so.
    pub policy: Option<ResourceId>,
    pub priority: Spanned<Priority>,
    pub collections: Vec<RuleCollection>,
    /// The read-only `size` that the service reports, as written.
    pub size: Option<SmolStr>,
}

/// Rules with one priority and one action. The collection decides, never the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleCollection {
    pub name: Spanned<SmolStr>,
    pub priority: Spanned<Priority>,
    pub action: Spanned<CollectionAction>,
    /// In the order in which they are tried.
    pub rules: Vec<Rule>,
}

/// What a collection says. Never the same type as a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CollectionAction {
    /// A filter collection: network or application rules.
    Filter(FilterAction),
    /// A DNAT collection.
    Dnat,
}

/// The action of a filter collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FilterAction {
    Allow,
    Deny,
}

impl CollectionAction {
    /// The name as Azure writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Filter(FilterAction::Allow) => "Allow",
            Self::Filter(FilterAction::Deny) => "Deny",
            Self::Dnat => "DNAT",
        }
    }
}

/// A rule of any type. A collection is not allowed to mix them, but a file can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    Network(NetworkRule),
    Application(ApplicationRule),
    Nat(NatRule),
}

impl Rule {
    /// The name of a rule that stands for rules which only a deployment knows.
    pub const UNKNOWN_RULES: &str = "(unknown rules)";

    /// Whether the rule stands for rules that are not known: how many, and of which type.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.head().name.value == Self::UNKNOWN_RULES
    }

    #[must_use]
    pub fn head(&self) -> &RuleHead {
        match self {
            Self::Network(rule) => &rule.head,
            Self::Application(rule) => &rule.head,
            Self::Nat(rule) => &rule.head,
        }
    }
}

/// What every rule has: names and sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleHead {
    pub name: Spanned<SmolStr>,
    pub description: Option<SmolStr>,
    /// `sourceAddresses`.
    pub sources: Vec<Spanned<Written<Address>>>,
    /// `sourceIpGroups`.
    pub source_ip_groups: Vec<Spanned<IpGroupRef>>,
    /// Fields that hold something and that this version does not know: the rule cannot be
    /// evaluated (`tests/spec/07-parsing.md`).
    pub unknown_fields: Vec<Spanned<SmolStr>>,
    /// The whole rule.
    pub span: RuleSpan,
}

/// Where a rule stands; not part of its value.
#[derive(Debug, Clone, Copy, Default)]
pub struct RuleSpan(pub Option<Span>);

impl PartialEq for RuleSpan {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for RuleSpan {}

/// One entry of an address list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// `*`.
    Any,
    /// An address, a prefix or a range `a-b`. A prefix with host bits set is the whole prefix.
    Range(IpRange),
    /// A token that is no address: a service tag, legal in destinations of network rules.
    ServiceTag(SmolStr),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Range(range) => range.fmt(f),
            Self::ServiceTag(tag) => f.write_str(tag),
        }
    }
}

/// A reference to an IP Group.
pub type IpGroupRef = Written<ResourceId>;

/// A network rule: source AND destination AND protocol and port (`tests/spec/03-network.md`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkRule {
    pub head: RuleHead,
    /// `ipProtocols` of a policy, `protocols` of a classic firewall.
    pub protocols: Vec<Spanned<Written<RuleProtocol>>>,
    pub destinations: Vec<Spanned<Written<Address>>>,
    pub destination_ip_groups: Vec<Spanned<IpGroupRef>>,
    pub destination_fqdns: Vec<Spanned<Written<FqdnPattern>>>,
    pub destination_ports: Vec<Spanned<Written<PortRange>>>,
}

/// An entry of an application rule's `protocols`: `Https:443`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Application {
    pub protocol: ApplicationProtocol,
    pub port: u16,
}

impl fmt::Display for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.protocol, self.port)
    }
}

/// An application rule (`tests/spec/04-application.md`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationRule {
    pub head: RuleHead,
    pub protocols: Vec<Spanned<Written<Application>>>,
    pub target_fqdns: Vec<Spanned<Written<FqdnPattern>>>,
    pub target_urls: Vec<Spanned<Written<UrlPattern>>>,
    pub fqdn_tags: Vec<Spanned<Written<SmolStr>>>,
    pub web_categories: Vec<Spanned<Written<SmolStr>>>,
    /// Accepted by the service with an undocumented effect (`tests/spec/08-readings.md`).
    pub destinations: Vec<Spanned<Written<Address>>>,
    /// `terminateTLS`; `None`: not written, which means no.
    pub terminate_tls: Option<Spanned<Written<bool>>>,
    pub http_headers: Vec<Spanned<HttpHeader>>,
}

impl ApplicationRule {
    /// A rule that names its targets by FQDN and says nothing else.
    #[must_use]
    pub fn of_fqdns(
        head: RuleHead,
        protocols: Vec<Spanned<Written<Application>>>,
        target_fqdns: Vec<Spanned<Written<FqdnPattern>>>,
    ) -> Self {
        Self {
            head,
            protocols,
            target_fqdns,
            target_urls: Vec::new(),
            fqdn_tags: Vec::new(),
            web_categories: Vec::new(),
            destinations: Vec::new(),
            terminate_tls: None,
            http_headers: Vec::new(),
        }
    }
}

/// An entry of `httpHeadersToInsert`. Has no effect on the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpHeader {
    pub name: SmolStr,
    pub value: SmolStr,
}

/// A DNAT rule (`tests/spec/05-dnat.md`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatRule {
    pub head: RuleHead,
    pub protocols: Vec<Spanned<Written<RuleProtocol>>>,
    pub destinations: Vec<Spanned<Written<Address>>>,
    pub destination_ports: Vec<Spanned<Written<PortRange>>>,
    pub translated_address: Option<Spanned<Written<IpAddr>>>,
    pub translated_fqdn: Option<Spanned<Written<Fqdn>>>,
    pub translated_port: Option<Spanned<Written<u16>>>,
}
