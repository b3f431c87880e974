//! Packets by the block: what a step of the search reads is asked for on behalf of all 64 packets
//! before the next step waits for it.

use super::address::Ipv4Map;
use super::decide::Decided;
use super::packet::PacketIndex;
use super::service::{self, Service};
use super::shape::{BLOCK, Confirmed, First, Indexed, Selection};
use super::table::{NONE, Row};
use super::{Index, confirmed};
use crate::compile::DnatMode;
use crate::evaluate::packet::{Packet, PacketEnd, PacketSlice};
use crate::evaluate::rule_fit;
use crate::evaluate::verdict::{RuleRef, Ruling, Stage};
use crate::flow::FlowProtocol;
use crate::net::IpProtocol;

impl Index<'_> {
    /// Adds where the DNAT and network rules leave each packet, in their order.
    pub fn packet_ends(&self, packets: PacketSlice<'_>, ends: &mut Vec<PacketEnd>) {
        ends.reserve(packets.len());
        for block in packets.chunks(BLOCK) {
            self.ends_of_block(block, ends);
        }
    }

    fn ends_of_block(&self, packets: PacketSlice<'_>, ends: &mut Vec<PacketEnd>) {
        let mut services: [Service; BLOCK] = [0; BLOCK];
        for ((service, &port), &protocol) in
            services.iter_mut().zip(packets.ports).zip(packets.protocols)
        {
            *service = service::of(IpProtocol(protocol), Some(port));
        }
        let network = self.network.first_of_each(packets, &services, |place, rank| {
            let rule = self.ruleset.network.criteria.get(rank as usize);
            let packet = packets.get(place).map(Packet::flow);
            packet
                .zip(rule)
                .map_or(Confirmed::No, |(flow, rule)| confirmed(rule_fit::network(&flow, rule)))
        });
        let network = network.into_iter().take(packets.len()).map(|first| match first {
            First::Nothing => PacketEnd::NO_RULE,
            First::Rule(rank) => PacketEnd::network(rank),
            First::Unsure => PacketEnd::UNSURE,
        });
        if matches!(self.nat, Indexed::NoRule) {
            ends.extend(network);
            return;
        }
        let nat = self.nat.first_of_each(packets, &services, |place, rank| {
            let rule = self.ruleset.nat.criteria.get(rank as usize);
            let packet = packets.get(place).map(Packet::flow);
            packet.zip(rule).map_or(Confirmed::No, |(flow, rule)| {
                confirmed(rule_fit::nat(self.ruleset, &flow, rule))
            })
        });
        let is_terminal = self.ruleset.options.dnat == DnatMode::Terminal;
        let with_nat =
            network.zip(nat).zip(packets.protocols).map(|((network, nat), &protocol)| {
                match nat {
                    // DNAT translates TCP and UDP only.
                    _ if !FlowProtocol::Ip(IpProtocol(protocol)).has_ports() => network,
                    First::Nothing => network,
                    First::Rule(rank) if is_terminal => PacketEnd::nat(rank),
                    First::Rule(_) | First::Unsure => PacketEnd::UNSURE,
                }
            });
        ends.extend(with_nat);
    }

    /// The answer for a packet that carries no application protocol, given where
    /// [`Index::packet_ends`] says the rules leave it.
    #[must_use]
    #[inline]
    pub fn decided_packet(&self, packet: Packet, end: PacketEnd) -> Decided {
        let port = FlowProtocol::Ip(packet.protocol).has_ports().then_some(packet.port);
        let decided = match end.rule() {
            Some(RuleRef::Nat(rank)) => self.by_nat(rank, port),
            Some(RuleRef::Network(rank)) => self.by_network(rank),
            None if end == PacketEnd::NO_RULE => {
                Some(Decided::by(Ruling::Deny, Stage::Default, None))
            }
            Some(RuleRef::Application(_)) | None => None,
        };
        decided.unwrap_or_else(|| self.decided(&packet.flow()))
    }
}

impl Indexed<PacketIndex<Ipv4Map<2>>> {
    /// The first rule of each packet, of at most [`BLOCK`].
    fn first_of_each(
        &self,
        packets: PacketSlice<'_>,
        services: &[Service; BLOCK],
        confirm: impl FnMut(usize, u32) -> Confirmed,
    ) -> [First; BLOCK] {
        let mut firsts = [First::Nothing; BLOCK];
        match self {
            Self::NoRule => {}
            Self::Rows(index) => index.first_of_each(packets, services, confirm, &mut firsts),
            Self::TooLarge => firsts = [First::Unsure; BLOCK],
        }
        firsts
    }
}

impl PacketIndex<Ipv4Map<2>> {
    fn first_of_each(
        &self,
        packets: PacketSlice<'_>,
        services: &[Service; BLOCK],
        confirm: impl FnMut(usize, u32) -> Confirmed,
        firsts: &mut [First; BLOCK],
    ) {
        const EMPTY: Selection<Row, Row> =
            Selection { sources: [NONE; 2], targets: [NONE; 2], services: [NONE; 4] };
        let mut selections = [EMPTY; BLOCK];
        for (selection, &source) in selections.iter_mut().zip(packets.sources) {
            selection.sources = self.source_rows(source);
        }
        for (selection, &destination) in selections.iter_mut().zip(packets.destinations) {
            selection.targets = self.destination_rows(destination);
        }
        for (selection, &service) in selections.iter_mut().zip(services) {
            selection.services = self.service_rows(service);
        }
        let selections = selections.get(..packets.len()).unwrap_or(&selections);
        self.shapes().first_of_each(selections, confirm, firsts);
    }
}
