//! Addresses → the rules that cover them.

use super::sweep::Stretches;
use super::table::{NONE, Row, TooLarge};

/// Stretches of IPv4 addresses, found by the top 16 bits and at most three looks more.
///
/// A part of the addresses (a /16, a /24) with few stretches lists where they end, and those ends
/// are compared all at once: a binary search would be mispredicted at every step. A crowded part
/// has a table of its 256 parts.
#[derive(Debug)]
pub(super) struct Ipv4Map<const LANES: usize> {
    /// Each /16.
    coarse: Vec<Place>,
    /// The 256 parts of each crowded /16 or /24.
    tables: Vec<[Place; 256]>,
    parts: Vec<Part>,
    /// By stretch.
    rows: Vec<[Row; LANES]>,
}

/// Where a look goes on: at a stretch, a part with few stretches, or a table.
#[derive(Debug, Clone, Copy)]
struct Place(u32);

/// The two highest bits of a [`Place`] say what the others count.
const PART: u32 = 1 << 30;
const TABLE: u32 = 2 << 30;
const COUNTED: u32 = PART - 1;

impl Place {
    fn new(kind: u32, index: usize) -> Result<Self, TooLarge> {
        let index = u32::try_from(index).ok().filter(|&index| index <= COUNTED);
        index.map(|index| Self(kind | index)).ok_or(TooLarge)
    }

    #[inline]
    fn index(self) -> usize {
        (self.0 & COUNTED) as usize
    }

    #[inline]
    fn is_part(self) -> bool {
        self.0 & PART != 0
    }

    #[inline]
    fn is_table(self) -> bool {
        self.0 & TABLE != 0
    }
}

/// How many stretches may begin within a part; more make a table. With them, a part is half a line
/// of the processor's cache.
const BEGINNINGS_MAX: usize = 14;

/// A few stretches.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// For each stretch that begins within, the lower half of the address before it; then
    /// `u16::MAX`, which no address is above.
    before: [u16; BEGINNINGS_MAX],
    /// The stretch that covers its first address.
    first: u32,
}

impl Part {
    #[inline]
    fn stretch(&self, low: u16) -> usize {
        // Written to be turned into vector instructions: no sum can overflow.
        let begun =
            self.before.iter().fold(0u16, |sum, &before| sum.wrapping_add((before < low).into()));
        self.first as usize + usize::from(begun)
    }
}

impl<const LANES: usize> Ipv4Map<LANES> {
    pub(super) fn new(stretches: Stretches<u32, LANES>) -> Result<Self, TooLarge> {
        let Stretches { starts, rows } = stretches;
        let mut map = Self { coarse: Vec::new(), tables: Vec::new(), parts: Vec::new(), rows };
        map.coarse.reserve_exact(1 << 16);
        let mut rest = Rest { starts: &starts, passed: 0 };
        for top in 0..=u16::MAX {
            let place = map.place(u32::from(top) << 16, 16, &mut rest)?;
            map.coarse.push(place);
        }
        Ok(map)
    }

    /// Takes what begins in the part of `2^bits` addresses from `first` on.
    fn place(&mut self, first: u32, bits: u32, rest: &mut Rest<'_>) -> Result<Place, TooLarge> {
        rest.pass(first);
        let Some(stretch) = rest.passed.checked_sub(1) else { return Place::new(0, 0) };
        let within = rest.up_to(first | ((1 << bits) - 1));
        if within.is_empty() {
            return Place::new(0, stretch);
        }
        if within.len() <= BEGINNINGS_MAX {
            let mut part =
                Part { before: [u16::MAX; BEGINNINGS_MAX], first: Place::new(0, stretch)?.0 };
            for (before, start) in part.before.iter_mut().zip(within) {
                // They begin behind the first address, so their lower half is not 0.
                *before = low(start - 1);
            }
            rest.passed += within.len();
            self.parts.push(part);
            return Place::new(PART, self.parts.len() - 1);
        }
        let bits = bits.saturating_sub(8);
        let mut table = [Place(0); 256];
        for (part, place) in (0..).zip(&mut table) {
            *place = self.place(first + (part << bits), bits, rest)?;
        }
        self.tables.push(table);
        Place::new(TABLE, self.tables.len() - 1)
    }

    /// The rows of `address`.
    #[inline]
    pub(super) fn rows(&self, address: u32) -> [Row; LANES] {
        let mut place = self.coarse.get((address >> 16) as usize).copied().unwrap_or(Place(0));
        if place.is_table() {
            place = self.entry(place, address >> 8);
            if place.is_table() {
                place = self.entry(place, address);
            }
        }
        let stretch = if place.is_part() {
            self.parts.get(place.index()).map_or(0, |part| part.stretch(low(address)))
        } else {
            place.index()
        };
        self.rows.get(stretch).copied().unwrap_or([NONE; LANES])
    }

    #[inline]
    fn entry(&self, table: Place, part: u32) -> Place {
        let part = usize::from(part.to_le_bytes()[0]);
        self.tables
            .get(table.index())
            .and_then(|table| table.get(part))
            .copied()
            .unwrap_or(Place(0))
    }

    /// Bytes of memory.
    pub(super) fn size(&self) -> usize {
        self.rows.len() * size_of::<[Row; LANES]>()
            + self.coarse.len() * size_of::<Place>()
            + self.tables.len() * size_of::<[Place; 256]>()
            + self.parts.len() * size_of::<Part>()
    }
}

/// The starts of stretches, taken in their order.
struct Rest<'a> {
    starts: &'a [u32],
    passed: usize,
}

impl<'a> Rest<'a> {
    /// Passes the stretch that starts at `first`, if one does.
    fn pass(&mut self, first: u32) {
        if self.starts.get(self.passed) == Some(&first) {
            self.passed += 1;
        }
    }

    /// The next starts, up to `last`.
    fn up_to(&self, last: u32) -> &'a [u32] {
        let next = self.starts.get(self.passed..).unwrap_or(&[]);
        // Most parts hold none or few, so looking one by one is faster than halving.
        let count = next.iter().take_while(|&&start| start <= last).count();
        next.get(..count).unwrap_or(&[])
    }
}

#[inline]
fn low(address: u32) -> u16 {
    let [low, high, ..] = address.to_le_bytes();
    u16::from_le_bytes([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn any_address(random: &mut Random) -> u32 {
        u32::try_from(random.below(1 << 32)).unwrap()
    }

    #[test]
    fn every_address_finds_the_stretch_it_is_in() {
        let mut random = Random::new(5);
        // Two crowded /16s, one of them the last, with crowded /24s, and stretches all over the rest.
        let mut starts: Vec<u32> = (0..4_000)
            .map(|number| match (number % 4, any_address(&mut random)) {
                (0, any) => any,
                (1, low) => 0x0AF7_0000 | low >> 16,
                (2, low) => 0x0AF7_8000 | low >> 24,
                (_, low) => 0xFFFF_0000 | low >> 16,
            })
            .chain([0, u32::MAX])
            .collect();
        starts.sort_unstable();
        starts.dedup();
        let rows: Vec<[Row; 1]> = (0..).map(|row| [row]).take(starts.len()).collect();
        let stretches = Stretches { starts: starts.clone(), rows };
        let map = Ipv4Map::new(stretches.clone()).unwrap();
        let near = starts.iter().flat_map(|&at| [at.saturating_sub(1), at, at.saturating_add(1)]);
        for address in near.chain((0..10_000).map(|_| any_address(&mut random))) {
            assert_eq!(map.rows(address), stretches.rows(address), "{address:#x}");
        }
        assert!(map.tables.len() >= 3 && map.parts.len() > 100);
    }
}
