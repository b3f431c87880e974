//! What rules compare, with names resolved as far as they can be.

use smol_str::SmolStr;

use crate::net::{ApplicationProtocol, FqdnPattern, IpSet, PortSet, UrlPattern};
use crate::policy::{Application, FilterAction};

/// What is not known and would settle a comparison, for people: ``service tag `Storage` ``.
pub type Need = SmolStr;

/// A set of addresses, some of whose parts may be unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct AddressCriterion {
    pub known: IpSet,
    /// Parts that are not known: a service tag without a file, an IP Group that is not there.
    pub unknown: Vec<Need>,
}

/// The protocols of a network or DNAT rule.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the four words that Azure knows, each there or not"
)]
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ProtocolCriterion {
    pub any: bool,
    pub tcp: bool,
    pub udp: bool,
    pub icmp: bool,
    pub unknown: Vec<Need>,
}

/// A set of destination ports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PortCriterion {
    pub known: PortSet,
    /// `*` is listed: with protocol `Any` the rule then covers protocols without ports too.
    pub is_star: bool,
    pub unknown: Vec<Need>,
}

/// What a network rule compares.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NetworkCriteria {
    pub action: FilterAction,
    pub sources: AddressCriterion,
    pub protocols: ProtocolCriterion,
    pub ports: PortCriterion,
    pub destinations: AddressCriterion,
    /// Reasons for which the rule as a whole is not understood.
    pub unknown: Vec<Need>,
}

/// What an application rule compares.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApplicationCriteria {
    pub action: FilterAction,
    pub sources: AddressCriterion,
    pub protocols: Vec<Application>,
    /// Entries of `protocols` that are not known.
    pub unknown_protocols: Vec<Need>,
    pub targets: TargetCriterion,
    /// `terminateTLS`: the URL of HTTPS can be seen.
    pub terminates_tls: bool,
    /// `destinationAddresses`, `None` when the rule has none or they are ignored.
    pub destinations: Option<AddressCriterion>,
    pub unknown: Vec<Need>,
}

impl ApplicationCriteria {
    /// Whether the rule names `protocol` on some port.
    #[must_use]
    pub fn names(&self, protocol: ApplicationProtocol) -> bool {
        self.protocols.iter().any(|entry| entry.protocol == protocol)
    }
}

/// The targets of an application rule: any of them suffices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct TargetCriterion {
    /// Target FQDNs and the names of FQDN tags that a table lists.
    pub fqdns: Vec<FqdnPattern>,
    pub urls: Vec<UrlPattern>,
    /// Web categories by their letters alone, lower case.
    pub web_categories: Vec<SmolStr>,
    /// Tags without a table, unresolved entries.
    pub unknown: Vec<Need>,
}

/// What a DNAT rule compares and where it sends a flow.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NatCriteria {
    pub sources: AddressCriterion,
    pub protocols: ProtocolCriterion,
    pub ports: PortCriterion,
    pub destinations: AddressCriterion,
    pub target: NatTarget,
    pub unknown: Vec<Need>,
}

/// Where a DNAT rule sends a flow.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NatTarget {
    pub address: NatAddress,
    /// `None`: the port stays as it is.
    pub port: Option<NatPort>,
}

/// The translated address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NatAddress {
    Known(std::net::IpAddr),
    /// The rule matches, but the address is an expression that only a deployment can settle.
    Unknown,
    /// `translatedFqdn` that the DNS table lists without an address: the rule does not match.
    Unresolvable,
}

/// The translated port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NatPort {
    Known(u16),
    Unknown,
}
