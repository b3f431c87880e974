//! IP protocols, the protocols a rule can name, and application protocols.

use std::fmt;

/// An IP protocol by its IANA number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpProtocol(pub u8);

impl IpProtocol {
    pub const ICMP: Self = Self(1);
    pub const TCP: Self = Self(6);
    pub const UDP: Self = Self(17);
    pub const GRE: Self = Self(47);
    pub const ESP: Self = Self(50);
    pub const AH: Self = Self(51);
    pub const ICMPV6: Self = Self(58);
    pub const SCTP: Self = Self(132);

    /// The protocol of a keyword such as `tcp` or `gre` in any case, or of a number.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let known = KEYWORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        known.map(|&(_, protocol)| protocol).or_else(|| text.parse().ok().map(Self))
    }
}

const KEYWORDS: [(&str, IpProtocol); 8] = [
    ("icmp", IpProtocol::ICMP),
    ("tcp", IpProtocol::TCP),
    ("udp", IpProtocol::UDP),
    ("gre", IpProtocol::GRE),
    ("esp", IpProtocol::ESP),
    ("ah", IpProtocol::AH),
    ("icmpv6", IpProtocol::ICMPV6),
    ("sctp", IpProtocol::SCTP),
];

impl fmt::Display for IpProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match KEYWORDS.iter().find(|(_, protocol)| protocol == self) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

/// What a network or DNAT rule can name as its protocol.
/// Source: `tests/spec/03-network.md` and the enum `FirewallPolicyRuleNetworkProtocol` of the REST API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleProtocol {
    Any,
    Tcp,
    Udp,
    Icmp,
}

impl RuleProtocol {
    /// The protocol of a name in any case, as Azure accepts it.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Any, Self::Tcp, Self::Udp, Self::Icmp]
            .into_iter()
            .find(|protocol| protocol.name().eq_ignore_ascii_case(text))
    }

    /// The name as Azure writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "Any",
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Icmp => "ICMP",
        }
    }
}

impl fmt::Display for RuleProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A protocol that application rules understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApplicationProtocol {
    Http,
    Https,
    Mssql,
}

impl ApplicationProtocol {
    /// The protocol of a name in any case.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Http, Self::Https, Self::Mssql]
            .into_iter()
            .find(|protocol| protocol.name().eq_ignore_ascii_case(text))
    }

    /// The name as Azure writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "Http",
            Self::Https => "Https",
            Self::Mssql => "Mssql",
        }
    }

    /// The port that a flow of this protocol has when none is given.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Mssql => 1433,
        }
    }
}

impl fmt::Display for ApplicationProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
