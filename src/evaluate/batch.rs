//! Many flows at once, on all cores.

use rayon::prelude::*;

use super::index::{Decided, Index};
use super::packet::{PacketEnd, PacketSlice, Packets};
use crate::flow::Flow;

/// Flows that one core takes at a time.
const CHUNK: usize = 1_024;
/// Packets that one core takes at a time: they cost less.
const PACKETS: usize = 16 * CHUNK;

impl Index<'_> {
    /// What the firewall does with each flow, in their order, computed on all cores.
    #[must_use]
    pub fn decided_all(&self, flows: &[Flow]) -> Vec<Decided> {
        let chunks = flows.par_chunks(CHUNK);
        chunks.flat_map_iter(|flows| self.decided_each(flows)).collect()
    }

    /// What the firewall does with each flow, in their order: faster than one by one.
    #[must_use]
    pub fn decided_each(&self, flows: &[Flow]) -> Vec<Decided> {
        let mut packets = Packets::with_capacity(flows.len());
        let is_packet = packets.add_of(flows);
        let mut ends = Vec::new();
        self.packet_ends(packets.all(), &mut ends);
        let mut ends = ends.into_iter();
        let each = flows.iter().zip(is_packet);
        each.map(|(flow, is_packet)| match is_packet.then(|| ends.next()).flatten() {
            Some(end) => self.decided_behind(flow, end),
            None => self.decided(flow),
        })
        .collect()
    }

    /// [`Index::packet_ends`] of all packets, computed on all cores.
    #[must_use]
    pub fn packet_ends_all(&self, packets: &Packets) -> Vec<PacketEnd> {
        let parts: Vec<PacketSlice<'_>> = packets.all().chunks(PACKETS).collect();
        let ends = parts.into_par_iter().map(|part| {
            let mut ends = Vec::new();
            self.packet_ends(part, &mut ends);
            ends
        });
        ends.collect::<Vec<_>>().concat()
    }
}
