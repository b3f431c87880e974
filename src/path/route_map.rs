//! Which of many nested prefixes is the longest around an address, for all addresses at once.
//!
//! Prefixes are nested or disjoint. One walk in ascending order, the open ones on a stack, cuts the
//! space into stretches that one prefix owns.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::net::{IpRange, IpSet};

/// Stretches of both families and the number of the prefix that owns each.
#[derive(Debug, Clone, Default)]
pub(super) struct RouteMap {
    v4: Vec<Stretch>,
    v6: Vec<Stretch>,
}

/// From its start up to the next one's.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    start: u128,
    owner: Option<usize>,
}

/// A prefix as an interval.
#[derive(Debug, Clone, Copy)]
struct Interval {
    first: u128,
    last: u128,
    owner: usize,
}

impl RouteMap {
    /// The map of prefixes by number. Of equal prefixes the first one counts.
    pub(super) fn new(prefixes: impl Iterator<Item = (usize, IpNet)>) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (owner, prefix) in prefixes {
            match prefix {
                IpNet::V4(net) => v4.push(Interval {
                    first: net.network().to_bits().into(),
                    last: net.broadcast().to_bits().into(),
                    owner,
                }),
                IpNet::V6(net) => v6.push(Interval {
                    first: net.network().to_bits(),
                    last: net.broadcast().to_bits(),
                    owner,
                }),
            }
        }
        Self { v4: stretches(v4), v6: stretches(v6) }
    }

    pub(super) fn lookup(&self, address: IpAddr) -> Option<usize> {
        let (stretches, bits) = match address {
            IpAddr::V4(address) => (&self.v4, address.to_bits().into()),
            IpAddr::V6(address) => (&self.v6, address.to_bits()),
        };
        let after = stretches.partition_point(|stretch| stretch.start <= bits);
        stretches.get(after.checked_sub(1)?)?.owner
    }

    /// `addresses` in parts, one for each owner, by number; what nobody owns comes first.
    pub(super) fn shares(&self, addresses: &IpSet) -> Vec<(Option<usize>, IpSet)> {
        self.by_owner()
            .into_iter()
            .filter_map(|(owner, ranges)| {
                let share = ranges.into_iter().collect::<IpSet>().intersection(addresses);
                (!share.is_empty()).then_some((owner, share))
            })
            .collect()
    }

    /// All addresses in parts, likewise.
    pub(super) fn by_owner(&self) -> Vec<(Option<usize>, Vec<IpRange>)> {
        let v4 = pieces(&self.v4, u32::MAX.into(), |bits| {
            Ipv4Addr::from_bits(u32::try_from(bits).unwrap_or(u32::MAX)).into()
        });
        let v6 = pieces(&self.v6, u128::MAX, |bits| Ipv6Addr::from_bits(bits).into());
        let mut pieces: Vec<(Option<usize>, IpRange)> = v4.chain(v6).collect();
        pieces.sort_by_key(|&(owner, _)| owner);
        pieces
            .chunk_by(|(one, _), (other, _)| one == other)
            .filter_map(|chunk| {
                let owner = chunk.first()?.0;
                Some((owner, chunk.iter().map(|&(_, range)| range).collect()))
            })
            .collect()
    }
}

fn pieces(
    stretches: &[Stretch],
    last: u128,
    address: impl Fn(u128) -> IpAddr,
) -> impl Iterator<Item = (Option<usize>, IpRange)> {
    // Behind the last address of the family nothing begins.
    let within = stretches.iter().filter(move |stretch| stretch.start <= last);
    let ends = within.clone().skip(1).map(|next| next.start - 1).chain([last]);
    within.zip(ends).filter_map(move |(stretch, end)| {
        Some((stretch.owner, IpRange::new(address(stretch.start), address(end))?))
    })
}

fn stretches(mut intervals: Vec<Interval>) -> Vec<Stretch> {
    // Wider ones first where several begin at one address: the narrower is on top then.
    intervals.sort_by_key(|it| (it.first, std::cmp::Reverse(it.last), it.owner));
    intervals.dedup_by_key(|it| (it.first, it.last));
    let mut stretches = vec![Stretch { start: 0, owner: None }];
    let mut open: Vec<Interval> = Vec::new();
    for interval in intervals {
        while let Some(top) = open.pop_if(|top| top.last < interval.first) {
            close(&mut stretches, top, &open);
        }
        begin(&mut stretches, interval.first, Some(interval.owner));
        open.push(interval);
    }
    while let Some(top) = open.pop() {
        close(&mut stretches, top, &open);
    }
    stretches
}

/// Behind a prefix the one around it goes on.
fn close(stretches: &mut Vec<Stretch>, closed: Interval, open: &[Interval]) {
    if let Some(next) = closed.last.checked_add(1) {
        begin(stretches, next, open.last().map(|around| around.owner));
    }
}

fn begin(stretches: &mut Vec<Stretch>, start: u128, owner: Option<usize>) {
    // Two ends, or an end and a start, at one address: the later one counts.
    if stretches.last().is_some_and(|last| last.start == start) {
        stretches.pop();
    }
    stretches.push(Stretch { start, owner });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nets(parts: &[(u32, u8)]) -> Vec<IpNet> {
        // The whole space is eight bits wide and stands at both ends of the real one.
        let net = |&(bits, length): &(u32, u8)| {
            let high = if bits & 1 == 0 { 0 } else { 0xffff_ff00 };
            let address = Ipv4Addr::from_bits(high | (bits >> 1 & 0xff));
            IpNet::new(address.into(), 24 + length).unwrap().trunc()
        };
        parts.iter().map(net).collect()
    }

    fn longest(nets: &[IpNet], address: IpAddr) -> Option<usize> {
        let around = nets.iter().enumerate().filter(|(_, net)| net.contains(&address));
        around
            .max_by_key(|(index, net)| (net.prefix_len(), std::cmp::Reverse(*index)))
            .map(|it| it.0)
    }

    proptest! {
        #[test]
        fn the_map_is_the_longest_prefix(
            parts in prop::collection::vec((0u32..512, 0u8..9), 0..14),
            has_default: bool,
        ) {
            let mut nets = nets(&parts);
            if has_default {
                nets.push("0.0.0.0/0".parse().unwrap());
            }
            let map = RouteMap::new(nets.iter().copied().enumerate());
            let shares = map.shares(&IpSet::all());
            let probes = (0..256).flat_map(|low| [low, 0xffff_ff00 | low, 0x0a00_0000 | low]);
            for probe in probes.map(|bits| IpAddr::from(Ipv4Addr::from_bits(bits))) {
                let expected = longest(&nets, probe);
                prop_assert_eq!(map.lookup(probe), expected);
                let holders: Vec<_> =
                    shares.iter().filter(|(_, share)| share.contains(probe)).map(|it| it.0).collect();
                prop_assert_eq!(holders, vec![expected]);
            }
        }
    }
}
