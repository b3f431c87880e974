//! Packets: flows of which all is known that DNAT and network rules look at, column by column.

use std::net::{IpAddr, Ipv4Addr};

use super::verdict::RuleRef;
use crate::flow::{Flow, FlowProtocol};
use crate::net::IpProtocol;

/// The first packet of a connection over IPv4, as DNAT and network rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Packet {
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
    pub protocol: IpProtocol,
    /// The destination port; 0 where the protocol has none.
    pub port: u16,
}

impl Packet {
    /// The packet of `flow`, unless something about it is not known or something besides the rules
    /// decides: threat intelligence, IDPS, the explicit proxy.
    #[must_use]
    #[inline]
    pub fn of(flow: &Flow) -> Option<Self> {
        let (IpAddr::V4(source), Some(IpAddr::V4(destination))) = (flow.source, flow.destination)
        else {
            return None;
        };
        let port = match flow.port {
            Some(port) if flow.protocol.has_ports() => port,
            None if flow.protocol.has_ports() => return None,
            Some(_) | None => 0,
        };
        let is_plain = !flow.is_listed_threat && flow.idps.is_none() && !flow.is_explicit_proxy;
        is_plain.then_some(Self { source, destination, protocol: flow.protocol.ip(), port })
    }

    /// The flow of this packet alone: one that carries no application protocol.
    #[must_use]
    pub fn flow(self) -> Flow {
        let protocol = FlowProtocol::Ip(self.protocol);
        let mut flow = Flow::new(protocol, IpAddr::V4(self.source));
        flow.destination = Some(IpAddr::V4(self.destination));
        flow.port = protocol.has_ports().then_some(self.port);
        flow.is_without_application = true;
        flow
    }
}

/// Packets, column by column: eleven bytes each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packets {
    // INVARIANT: all four are of one length.
    sources: Vec<u32>,
    destinations: Vec<u32>,
    ports: Vec<u16>,
    protocols: Vec<u8>,
}

impl Packets {
    #[must_use]
    pub fn with_capacity(count: usize) -> Self {
        Self {
            sources: Vec::with_capacity(count),
            destinations: Vec::with_capacity(count),
            ports: Vec::with_capacity(count),
            protocols: Vec::with_capacity(count),
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    pub fn clear(&mut self) {
        self.sources.clear();
        self.destinations.clear();
        self.ports.clear();
        self.protocols.clear();
    }

    /// Adds the packets among `flows`, and says of each flow whether it is one.
    pub(super) fn add_of(&mut self, flows: &[Flow]) -> Vec<bool> {
        let add = |flow: &Flow| Packet::of(flow).map(|packet| self.push(packet)).is_some();
        flows.iter().map(add).collect()
    }

    #[inline]
    pub fn push(&mut self, packet: Packet) {
        self.sources.push(packet.source.to_bits());
        self.destinations.push(packet.destination.to_bits());
        self.ports.push(packet.port);
        self.protocols.push(packet.protocol.0);
    }

    /// All packets.
    #[must_use]
    pub fn all(&self) -> PacketSlice<'_> {
        PacketSlice {
            sources: &self.sources,
            destinations: &self.destinations,
            ports: &self.ports,
            protocols: &self.protocols,
        }
    }
}

impl FromIterator<Packet> for Packets {
    fn from_iter<I: IntoIterator<Item = Packet>>(packets: I) -> Self {
        let mut columns = Self::default();
        packets.into_iter().for_each(|packet| columns.push(packet));
        columns
    }
}

/// Some of [`Packets`].
#[derive(Debug, Clone, Copy)]
pub struct PacketSlice<'a> {
    // INVARIANT: all four are of one length.
    pub(super) sources: &'a [u32],
    pub(super) destinations: &'a [u32],
    pub(super) ports: &'a [u16],
    pub(super) protocols: &'a [u8],
}

impl<'a> PacketSlice<'a> {
    /// At most `count` packets from a place on.
    pub(super) fn part(&self, from: usize, count: usize) -> PacketSlice<'a> {
        let to = from.saturating_add(count).min(self.len());
        let from = from.min(to);
        Self {
            sources: self.sources.get(from..to).unwrap_or(&[]),
            destinations: self.destinations.get(from..to).unwrap_or(&[]),
            ports: self.ports.get(from..to).unwrap_or(&[]),
            protocols: self.protocols.get(from..to).unwrap_or(&[]),
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// The packet at a place.
    #[must_use]
    #[inline]
    pub fn get(&self, place: usize) -> Option<Packet> {
        Some(Packet {
            source: Ipv4Addr::from_bits(*self.sources.get(place)?),
            destination: Ipv4Addr::from_bits(*self.destinations.get(place)?),
            protocol: IpProtocol(*self.protocols.get(place)?),
            port: *self.ports.get(place)?,
        })
    }

    pub fn iter(&self) -> impl Iterator<Item = Packet> + 'a {
        let packets = *self;
        (0..self.len()).filter_map(move |place| packets.get(place))
    }

    /// The packets in parts of `count`, the last of which may be shorter.
    pub fn chunks(&self, count: usize) -> impl Iterator<Item = PacketSlice<'a>> + 'a {
        let (packets, count) = (*self, count.max(1));
        (0..self.len()).step_by(count).map(move |from| packets.part(from, count))
    }
}

/// Where the DNAT and network rules leave a packet, in four bytes.
/// `Index::decided_packet` says what that comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketEnd(u32);

const NAT: u32 = 1 << 31;

impl PacketEnd {
    /// None of these rules matches: application rules come next, or the default.
    pub const NO_RULE: Self = Self(u32::MAX);
    /// Something about a rule is not known: the walk has to list what is possible.
    pub const UNSURE: Self = Self(u32::MAX - 1);

    #[inline]
    pub(super) fn network(rank: u32) -> Self {
        if rank < NAT { Self(rank) } else { Self::UNSURE }
    }

    #[inline]
    pub(super) fn nat(rank: u32) -> Self {
        if rank < Self::UNSURE.0 - NAT { Self(NAT | rank) } else { Self::UNSURE }
    }

    /// The rule that decides.
    #[must_use]
    #[inline]
    pub fn rule(self) -> Option<RuleRef> {
        match self {
            Self::NO_RULE | Self::UNSURE => None,
            Self(nat) if nat >= NAT => Some(RuleRef::Nat(nat - NAT)),
            Self(rank) => Some(RuleRef::Network(rank)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_rule_or_what_it_says() {
        assert_eq!(PacketEnd::network(7).rule(), Some(RuleRef::Network(7)));
        assert_eq!(PacketEnd::nat(7).rule(), Some(RuleRef::Nat(7)));
        assert_eq!(PacketEnd::NO_RULE.rule(), None);
        assert_eq!(PacketEnd::nat(u32::MAX - NAT - 1), PacketEnd::UNSURE);
        assert_eq!(PacketEnd::nat(u32::MAX), PacketEnd::UNSURE);
        assert_eq!(PacketEnd::network(u32::MAX), PacketEnd::UNSURE);
    }

    #[test]
    fn a_packet_is_the_packet_of_its_flow() {
        for protocol in [IpProtocol::TCP, IpProtocol::UDP, IpProtocol::ICMP, IpProtocol(200)] {
            let port = if FlowProtocol::Ip(protocol).has_ports() { 443 } else { 0 };
            let source = Ipv4Addr::new(192, 0, 2, 1);
            let destination = Ipv4Addr::new(198, 51, 100, 2);
            let packet = Packet { source, destination, protocol, port };
            assert_eq!(Packet::of(&packet.flow()), Some(packet));
        }
    }
}
