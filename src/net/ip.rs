//! Ranges and sets of IP addresses, both families.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// The address family of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IpFamily {
    V4,
    V6,
}

impl IpFamily {
    /// The family of `address`.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

/// An inclusive range of addresses of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpRange {
    // INVARIANT: `first` and `last` are of one family and `first <= last`.
    first: IpAddr,
    last: IpAddr,
}

impl IpRange {
    /// All IPv4 addresses: `0.0.0.0/0`.
    pub const ALL_V4: Self =
        Self { first: IpAddr::V4(Ipv4Addr::UNSPECIFIED), last: IpAddr::V4(Ipv4Addr::BROADCAST) };
    /// All IPv6 addresses: `::/0`.
    pub const ALL_V6: Self = Self {
        first: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        last: IpAddr::V6(Ipv6Addr::from_bits(u128::MAX)),
    };

    /// The range from `first` to `last`, or `None` when the families differ or `last` is below `first`.
    #[must_use]
    pub fn new(first: IpAddr, last: IpAddr) -> Option<Self> {
        (IpFamily::of(first) == IpFamily::of(last) && first <= last).then_some(Self { first, last })
    }

    /// The range that holds just `address`.
    #[must_use]
    pub fn single(address: IpAddr) -> Self {
        Self { first: address, last: address }
    }

    #[must_use]
    pub fn first(&self) -> IpAddr {
        self.first
    }

    #[must_use]
    pub fn last(&self) -> IpAddr {
        self.last
    }

    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        // Derived order puts every IPv4 address below every IPv6 address, so the family is compared too.
        self.first <= address && address <= self.last
    }

    #[must_use]
    pub fn family(&self) -> IpFamily {
        IpFamily::of(self.first)
    }
}

impl From<IpNet> for IpRange {
    fn from(net: IpNet) -> Self {
        Self { first: net.network(), last: net.broadcast() }
    }
}

impl fmt::Display for IpRange {
    /// `10.0.0.4`, `10.0.0.0/8` when the range is a prefix, else `10.0.0.1-10.0.0.9`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            return write!(f, "{}", self.first);
        }
        match prefix_length(self) {
            Some(length) => write!(f, "{}/{length}", self.first),
            None => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

fn prefix_length(range: &IpRange) -> Option<u32> {
    match (range.first, range.last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            let host = first.to_bits() ^ last.to_bits();
            let is_prefix = host.count_ones() == host.trailing_ones()
                && first.to_bits() & host == 0
                && last.to_bits() & host == host;
            is_prefix.then(|| 32 - host.count_ones())
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            let host = first.to_bits() ^ last.to_bits();
            let is_prefix = host.count_ones() == host.trailing_ones()
                && first.to_bits() & host == 0
                && last.to_bits() & host == host;
            is_prefix.then(|| 128 - host.count_ones())
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

/// A set of addresses of both families.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct IpSet {
    // INVARIANT: both lists are sorted, disjoint and not adjacent: equal sets have equal lists.
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

impl IpSet {
    /// The set of all addresses of both families: what `*` means.
    #[must_use]
    pub fn all() -> Self {
        Self { v4: vec![(0, u32::MAX)], v6: vec![(0, u128::MAX)] }
    }

    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => contains(&self.v4, address.to_bits()),
            IpAddr::V6(address) => contains(&self.v6, address.to_bits()),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Whether no address of `family` is in the set.
    #[must_use]
    pub fn is_empty_in(&self, family: IpFamily) -> bool {
        match family {
            IpFamily::V4 => self.v4.is_empty(),
            IpFamily::V6 => self.v6.is_empty(),
        }
    }

    /// Whether every address of `family` is in the set.
    #[must_use]
    pub fn is_all_of(&self, family: IpFamily) -> bool {
        match family {
            IpFamily::V4 => self.v4 == [(0, u32::MAX)],
            IpFamily::V6 => self.v6 == [(0, u128::MAX)],
        }
    }

    /// Whether the two sets have an address in common.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        overlap(&self.v4, &other.v4) || overlap(&self.v6, &other.v6)
    }

    /// The addresses in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.ranges().chain(other.ranges()).collect()
    }

    /// Sorted, disjoint IPv4 intervals, both ends inclusive.
    #[must_use]
    pub fn v4(&self) -> &[(u32, u32)] {
        &self.v4
    }

    /// Sorted, disjoint IPv6 intervals, both ends inclusive.
    #[must_use]
    pub fn v6(&self) -> &[(u128, u128)] {
        &self.v6
    }

    /// The ranges of the set, IPv4 first, ascending.
    pub fn ranges(&self) -> impl Iterator<Item = IpRange> + '_ {
        let v4 = self.v4.iter().map(|&(first, last)| IpRange {
            first: IpAddr::V4(Ipv4Addr::from_bits(first)),
            last: IpAddr::V4(Ipv4Addr::from_bits(last)),
        });
        let v6 = self.v6.iter().map(|&(first, last)| IpRange {
            first: IpAddr::V6(Ipv6Addr::from_bits(first)),
            last: IpAddr::V6(Ipv6Addr::from_bits(last)),
        });
        v4.chain(v6)
    }
}

impl FromIterator<IpRange> for IpSet {
    fn from_iter<I: IntoIterator<Item = IpRange>>(ranges: I) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for range in ranges {
            match (range.first, range.last) {
                (IpAddr::V4(first), IpAddr::V4(last)) => v4.push((first.to_bits(), last.to_bits())),
                (IpAddr::V6(first), IpAddr::V6(last)) => v6.push((first.to_bits(), last.to_bits())),
                (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {}
            }
        }
        Self {
            v4: merged(v4, |last| last.checked_add(1)),
            v6: merged(v6, |last| last.checked_add(1)),
        }
    }
}

impl fmt::Display for IpSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::all() {
            return f.write_str("*");
        }
        for (index, range) in self.ranges().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            write!(f, "{range}")?;
        }
        Ok(())
    }
}

fn overlap<T: Ord + Copy>(ours: &[(T, T)], theirs: &[(T, T)]) -> bool {
    let (few, many) = if ours.len() < theirs.len() { (ours, theirs) } else { (theirs, ours) };
    few.iter().any(|&(first, last)| {
        let at = many.partition_point(|&(_, to)| to < first);
        many.get(at).is_some_and(|&(from, _)| from <= last)
    })
}

fn contains<T: Ord + Copy>(intervals: &[(T, T)], value: T) -> bool {
    let after = intervals.partition_point(|&(first, _)| first <= value);
    after
        .checked_sub(1)
        .and_then(|index| intervals.get(index))
        .is_some_and(|&(_, last)| value <= last)
}

/// Sorts intervals and joins those that overlap or touch.
pub(super) fn merged<T: Ord + Copy>(
    mut intervals: Vec<(T, T)>,
    successor: impl Fn(T) -> Option<T>,
) -> Vec<(T, T)> {
    intervals.sort_unstable();
    intervals.dedup_by(|next, kept| {
        let touches = successor(kept.1).is_none_or(|after| next.0 <= after);
        if touches {
            kept.1 = kept.1.max(next.1);
        }
        touches
    });
    intervals
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(first: &str, last: &str) -> IpRange {
        IpRange::new(first.parse().unwrap(), last.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_range_prints_as_the_shortest_form_people_write() {
        assert_eq!(range("10.0.0.0", "10.255.255.255").to_string(), "10.0.0.0/8");
        assert_eq!(range("10.0.0.1", "10.0.0.1").to_string(), "10.0.0.1");
        assert_eq!(range("10.0.0.1", "10.0.0.2").to_string(), "10.0.0.1-10.0.0.2");
        assert_eq!(IpRange::ALL_V6.to_string(), "::/0");
    }

    #[test]
    fn a_range_of_two_families_or_backwards_does_not_exist() {
        assert_eq!(IpRange::new("10.0.0.2".parse().unwrap(), "10.0.0.1".parse().unwrap()), None);
        assert_eq!(IpRange::new("10.0.0.2".parse().unwrap(), "::1".parse().unwrap()), None);
    }

    #[test]
    fn touching_ranges_become_one() {
        let set: IpSet =
            [range("10.0.0.4", "10.0.0.7"), range("10.0.0.0", "10.0.0.3")].into_iter().collect();
        assert_eq!(set.to_string(), "10.0.0.0/29");
        let all: IpSet = [IpRange::ALL_V4, range("1.1.1.1", "1.1.1.2")].into_iter().collect();
        assert!(all.is_all_of(IpFamily::V4) && all.is_empty_in(IpFamily::V6));
    }

    proptest! {
        #[test]
        fn membership_is_that_of_the_parts(
            parts in prop::collection::vec((0u32..64, 0u32..8), 0..8),
            probe in 0u32..80,
        ) {
            let ranges: Vec<IpRange> = parts
                .iter()
                .map(|&(first, length)| IpRange {
                    first: IpAddr::V4(Ipv4Addr::from_bits(first)),
                    last: IpAddr::V4(Ipv4Addr::from_bits(first + length)),
                })
                .collect();
            let set: IpSet = ranges.iter().copied().collect();
            let probe = IpAddr::V4(Ipv4Addr::from_bits(probe));
            prop_assert_eq!(set.contains(probe), ranges.iter().any(|range| range.contains(probe)));
            prop_assert!(set.v4().windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
            let single: IpSet = [IpRange::single(probe)].into_iter().collect();
            prop_assert_eq!(set.overlaps(&single), set.contains(probe));
            prop_assert_eq!(single.overlaps(&set), set.contains(probe));
        }
    }
}
