//! A packet on its way, with what is known of its ends.

use std::fmt;
use std::net::IpAddr;

use smol_str::SmolStr;

use crate::flow::FlowProtocol;
use crate::net::IpSet;

/// One end of a packet: an address, or a set of which the end is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    // INVARIANT: not empty.
    addresses: IpSet,
    /// What the set is, for people; `None` for one address.
    name: Option<SmolStr>,
}

impl Place {
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        Self { addresses: IpSet::single(address), name: None }
    }

    /// One of `addresses`; `None` when there are none.
    #[must_use]
    pub fn within(addresses: IpSet, name: &str) -> Option<Self> {
        let name = addresses.only().is_none().then(|| name.into());
        (!addresses.is_empty()).then_some(Self { addresses, name })
    }

    #[must_use]
    pub fn addresses(&self) -> &IpSet {
        &self.addresses
    }

    /// The address, where it is known.
    #[must_use]
    pub fn only(&self) -> Option<IpAddr> {
        self.addresses.only()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => f.write_str(name),
            None => self.addresses.fmt(f),
        }
    }
}

/// The five values that filters look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    pub protocol: FlowProtocol,
    pub source: Place,
    /// `None`: any port a client may take.
    pub source_port: Option<u16>,
    pub destination: Place,
    /// `None`: not known, or the protocol has none.
    pub port: Option<u16>,
}

impl Packet {
    /// The packet that answers this one.
    #[must_use]
    pub fn reply(&self) -> Self {
        Self {
            protocol: self.protocol,
            source: self.destination.clone(),
            source_port: self.port,
            destination: self.source.clone(),
            port: self.source_port,
        }
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> ", self.source)?;
        match (self.port, self.destination.only()) {
            (Some(port), Some(IpAddr::V6(address))) => write!(f, "[{address}]:{port}")?,
            (Some(port), _) => write!(f, "{}:{port}", self.destination)?,
            (None, _) => write!(f, "{}", self.destination)?,
        }
        write!(f, "/{}", self.protocol)
    }
}
