//! One connection attempt, with what is known about it.

use std::net::IpAddr;

use smol_str::SmolStr;

use crate::net::{ApplicationProtocol, Fqdn, IpProtocol, RequestUrl};

/// One connection attempt. What is not known is said to be unknown, never guessed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Flow {
    pub protocol: FlowProtocol,
    pub source: IpAddr,
    pub source_port: Option<u16>,
    /// The address the packet is sent to. `None`: unknown, as in the logs of application rules.
    pub destination: Option<IpAddr>,
    /// The destination port of TCP and UDP. `None`: unknown.
    pub port: Option<u16>,
    /// The name in the SNI or the `Host` header.
    pub name: Name,
    /// The port written in the `Host` header, where one is.
    pub host_port: Option<u16>,
    pub url: Option<RequestUrl>,
    /// Known to carry no application protocol (SSH on 443, a bare connect probe).
    pub is_without_application: bool,
    pub web_category: Option<SmolStr>,
    /// The threat intelligence feed lists an end of the flow.
    pub is_listed_threat: bool,
    pub idps: Option<IdpsHit>,
    /// Sent to the firewall's explicit proxy port.
    pub is_explicit_proxy: bool,
}

/// What a flow is said to be: an application protocol over TCP, or an IP protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowProtocol {
    Application(ApplicationProtocol),
    /// `tcp` here says nothing about the application protocol; `icmp` covers `ICMPv6`.
    Ip(IpProtocol),
}

impl FlowProtocol {
    /// The protocol of a keyword (`https`, `tcp`, `gre`) in any case, or of an IP protocol number.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let application = ApplicationProtocol::from_text(text).map(Self::Application);
        application.or_else(|| IpProtocol::from_text(text).map(Self::Ip))
    }

    /// The protocol in the IP header.
    #[must_use]
    pub fn ip(self) -> IpProtocol {
        match self {
            Self::Application(_) => IpProtocol::TCP,
            Self::Ip(protocol) => protocol,
        }
    }

    /// Whether packets of this protocol have ports that rules look at.
    #[must_use]
    pub fn has_ports(self) -> bool {
        self.ip() == IpProtocol::TCP || self.ip() == IpProtocol::UDP
    }

    #[must_use]
    pub fn is_icmp(self) -> bool {
        self.ip() == IpProtocol::ICMP || self.ip() == IpProtocol::ICMPV6
    }
}

impl std::fmt::Display for FlowProtocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Application(ApplicationProtocol::Http) => f.write_str("http"),
            Self::Application(ApplicationProtocol::Https) => f.write_str("https"),
            Self::Application(ApplicationProtocol::Mssql) => f.write_str("mssql"),
            Self::Ip(protocol) => protocol.fmt(f),
        }
    }
}

/// What is known of the name a client asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    Unknown,
    /// Known to be absent: no SNI, no `Host`.
    Absent,
    Known(Fqdn),
}

impl Name {
    #[must_use]
    pub fn known(&self) -> Option<&Fqdn> {
        match self {
            Self::Known(name) => Some(name),
            Self::Unknown | Self::Absent => None,
        }
    }
}

/// An IDPS signature that fired on the flow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdpsHit {
    pub signature: Option<SmolStr>,
    pub mode: HitMode,
}

/// What a signature is set to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HitMode {
    Alert,
    Deny,
}

impl Flow {
    /// A flow of which only the protocol and the source are known.
    ///
    /// The port is the default of `http`, `https` and `mssql`, else unknown.
    #[must_use]
    pub fn new(protocol: FlowProtocol, source: IpAddr) -> Self {
        let port = match protocol {
            FlowProtocol::Application(application) => Some(application.default_port()),
            FlowProtocol::Ip(_) => None,
        };
        Self {
            protocol,
            source,
            source_port: None,
            destination: None,
            port,
            name: Name::Unknown,
            host_port: None,
            url: None,
            is_without_application: false,
            web_category: None,
            is_listed_threat: false,
            idps: None,
            is_explicit_proxy: false,
        }
    }

    /// The same flow with what its URL says filled in: the URL's host is the name where that is
    /// unknown, its port the one of the `Host` header (`tests/spec/08-readings.md`).
    #[must_use]
    pub fn with_url(mut self, url: RequestUrl) -> Self {
        if self.name == Name::Unknown {
            self.name = Name::Known(url.host.clone());
        }
        self.host_port = self.host_port.or(url.port);
        self.url = Some(url);
        self
    }
}
