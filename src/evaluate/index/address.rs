//! Addresses → the rules that cover them.

use super::sweep::Stretches;
use super::table::Row;

/// A /16 with more stretches than this gets a table of its /24s.
const STRETCHES_MAX: u32 = 16;

/// Stretches of IPv4 addresses, found by the top 16 bits and a short binary search.
#[derive(Debug)]
pub(super) struct Ipv4Map<const LANES: usize> {
    stretches: Stretches<u32, LANES>,
    /// For each /16, and one behind the last.
    coarse: Vec<Bucket>,
    /// For each crowded /16: the first stretch that starts in each /24, and in the next /16.
    fine: Vec<[u32; 257]>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// The first stretch that starts in it or behind it.
    first: u32,
    /// Index into `fine` plus one; 0: not crowded.
    fine: u32,
}

impl<const LANES: usize> Ipv4Map<LANES> {
    pub(super) fn new(stretches: Stretches<u32, LANES>) -> Self {
        let mut map = Self { coarse: Vec::with_capacity(65_537), fine: Vec::new(), stretches };
        let starts = &map.stretches.starts;
        let mut first = 0;
        for top in 0..=u64::from(u16::MAX) + 1 {
            first = first_from(starts, first, top << 16);
            map.coarse.push(Bucket { first: number(first), fine: 0 });
        }
        for (top, pair) in (0u64..).zip(map.coarse.clone().windows(2)) {
            let &[bucket, next] = pair else { continue };
            if next.first - bucket.first <= STRETCHES_MAX {
                continue;
            }
            let mut from = bucket.first as usize;
            map.fine.push(std::array::from_fn(|third| {
                // The last one is the next /16, so it is a sum and not a union of bits.
                from = first_from(starts, from, (top << 16) + ((third as u64) << 8));
                number(from)
            }));
            if let Some(bucket) = usize::try_from(top).ok().and_then(|top| map.coarse.get_mut(top))
            {
                bucket.fine = number(map.fine.len());
            }
        }
        map
    }

    /// The rows of `address`.
    #[inline]
    pub(super) fn rows(&self, address: u32) -> [Row; LANES] {
        let top = (address >> 16) as usize;
        let (Some(bucket), Some(next)) = (self.coarse.get(top), self.coarse.get(top + 1)) else {
            return self.stretches.rows(address);
        };
        let (mut first, mut last) = (bucket.first, next.first);
        if bucket.fine > 0
            && let Some(fine) = self.fine.get(bucket.fine as usize - 1)
        {
            let third = (address >> 8 & 0xFF) as usize;
            first = fine.get(third).copied().unwrap_or(first);
            last = fine.get(third + 1).copied().unwrap_or(last);
        }
        let (first, last) = (first as usize, last as usize);
        let starts = self.stretches.starts.get(first..last).unwrap_or(&[]);
        let after = first + starts.partition_point(|&start| start <= address);
        self.stretches.at(after.wrapping_sub(1))
    }

    /// Bytes of memory.
    pub(super) fn size(&self) -> usize {
        self.stretches.size()
            + self.coarse.len() * size_of::<Bucket>()
            + self.fine.len() * size_of::<[u32; 257]>()
    }
}

/// The first stretch at or behind `from` that starts at `address` or behind it.
fn first_from(starts: &[u32], from: usize, address: u64) -> usize {
    let rest = starts.get(from..).unwrap_or(&[]);
    from + rest.iter().take_while(|&&start| u64::from(start) < address).count()
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn low_bits(random: &mut Random) -> u32 {
        u32::try_from(random.below(1 << 32)).unwrap()
    }

    #[test]
    fn every_address_finds_the_stretch_it_is_in() {
        let mut random = Random::new(5);
        // Two crowded /16s, one of them the last, and stretches all over the rest.
        let mut starts: Vec<u32> = (0..4_000)
            .map(|number| match (number % 4, low_bits(&mut random)) {
                (0, any) => any,
                (1, low) => 0x0AF7_0000 | low >> 16,
                (2, low) => 0x0AF7_8000 | low >> 24,
                (_, low) => 0xFFFF_0000 | low >> 16,
            })
            .chain([0])
            .collect();
        starts.sort_unstable();
        starts.dedup();
        let rows: Vec<[Row; 1]> = (0..).map(|row| [row]).take(starts.len()).collect();
        let stretches = Stretches { starts: starts.clone(), rows };
        let map = Ipv4Map::new(stretches.clone());
        let near = starts.iter().flat_map(|&at| [at.saturating_sub(1), at, at.saturating_add(1)]);
        for address in near.chain((0..10_000).map(|_| low_bits(&mut random))) {
            assert_eq!(map.rows(address), stretches.rows(address), "{address:#x}");
        }
        assert!(map.fine.len() >= 2);
    }
}
