//! Where packets ended that were seen before: real traffic repeats itself.

use super::cache::CacheUse;
use super::index::Index;
use super::packet::{Packet, PacketEnd, PacketSlice, Packets};

/// A memory of packets and where the DNAT and network rules leave them. It never changes an answer:
/// packets are compared in full.
///
/// A table of fixed size, sixteen bytes a packet. A packet has one place in it; a new one takes the
/// place of the one that was there. Where hardly any packet repeats an earlier one, the memory is
/// left alone for a while, as looking there would only cost time.
#[derive(Debug, Clone)]
pub struct PacketMemo {
    // INVARIANT: the length is a power of two.
    slots: Vec<Slot>,
    used: CacheUse,
    /// Packets until the memory is asked again.
    pause: usize,
    // Kept for their memory.
    unknown: Packets,
    places: Vec<Place>,
    found: Vec<PacketEnd>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    source: u32,
    destination: u32,
    /// Protocol and port; `u32::MAX`: nothing is here.
    service: u32,
    end: PacketEnd,
}

/// A packet that is not remembered: its place among the packets, and in the table.
#[derive(Debug, Clone, Copy)]
struct Place {
    packet: usize,
    slot: usize,
    new: Slot,
}

/// Packets after which it is judged whether the memory is worth it.
const PERIOD: usize = 4_096;
/// Share of packets that have to be remembered: one in so many.
const WORTH: usize = 8;
/// Packets for which the memory is left alone.
const PAUSE: usize = 16 * PERIOD;

impl PacketMemo {
    /// Packets that are remembered unless another number is wanted: one megabyte.
    pub const PACKETS: usize = 1 << 16;

    /// A memory of `packets` packets, rounded up to a power of two.
    #[must_use]
    pub fn new(packets: usize) -> Self {
        let nothing = Slot { source: 0, destination: 0, service: u32::MAX, end: PacketEnd::UNSURE };
        Self {
            slots: vec![nothing; packets.max(1).next_power_of_two()],
            used: CacheUse::default(),
            pause: 0,
            unknown: Packets::default(),
            places: Vec::new(),
            found: Vec::new(),
        }
    }

    #[must_use]
    pub fn used(&self) -> CacheUse {
        self.used
    }

    /// Adds where the DNAT and network rules of `index` leave each packet, in their order. One
    /// memory serves one index.
    pub fn packet_ends(
        &mut self,
        index: &Index<'_>,
        packets: PacketSlice<'_>,
        ends: &mut Vec<PacketEnd>,
    ) {
        ends.reserve(packets.len());
        for period in packets.chunks(PERIOD) {
            self.used.lookups += period.len() as u64;
            if self.pause > 0 {
                self.pause = self.pause.saturating_sub(period.len());
                index.packet_ends(period, ends);
                continue;
            }
            let hits = self.remembered(index, period, ends);
            self.used.hits += hits as u64;
            if period.len() == PERIOD && hits < PERIOD / WORTH {
                self.pause = PAUSE;
            }
        }
    }

    /// The ends of a period, and how many of them were remembered.
    fn remembered(
        &mut self,
        index: &Index<'_>,
        packets: PacketSlice<'_>,
        ends: &mut Vec<PacketEnd>,
    ) -> usize {
        self.unknown.clear();
        self.places.clear();
        self.found.clear();
        let first = ends.len();
        let mask = self.slots.len() - 1;
        for (place, packet) in packets.iter().enumerate() {
            let new = Slot::of(packet);
            let slot = new.place(mask);
            match self.slots.get(slot) {
                Some(known) if known.is_of(&new) => ends.push(known.end),
                Some(_) | None => {
                    ends.push(PacketEnd::UNSURE);
                    self.unknown.push(packet);
                    self.places.push(Place { packet: first + place, slot, new });
                }
            }
        }
        index.packet_ends(self.unknown.all(), &mut self.found);
        for (&Place { packet, slot, new }, &end) in self.places.iter().zip(&self.found) {
            if let Some(to) = ends.get_mut(packet) {
                *to = end;
            }
            if let Some(slot) = self.slots.get_mut(slot) {
                *slot = Slot { end, ..new };
            }
        }
        packets.len() - self.places.len()
    }
}

impl Slot {
    #[inline]
    fn of(packet: Packet) -> Self {
        Self {
            source: packet.source.to_bits(),
            destination: packet.destination.to_bits(),
            service: u32::from(packet.protocol.0) << 16 | u32::from(packet.port),
            end: PacketEnd::UNSURE,
        }
    }

    #[inline]
    fn is_of(&self, other: &Self) -> bool {
        self.source == other.source
            && self.destination == other.destination
            && self.service == other.service
    }

    /// The place of a packet in a table of `mask + 1` slots.
    #[inline]
    fn place(&self, mask: usize) -> usize {
        let ends = u64::from(self.source) << 32 | u64::from(self.destination);
        let service = u64::from(self.service) << 17;
        // Folding the 128 bits of the product takes every bit into account.
        let product = u128::from(ends ^ service) * 0x9E37_79B9_7F4A_7C15;
        let [low, high] = [product & u128::from(u64::MAX), product >> 64]
            .map(|half| usize::try_from(half).unwrap_or(0));
        (low ^ high) & mask
    }
}
