//! What two sets of addresses have in common, and what one has more than the other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};

use super::{IpFamily, IpRange, IpSet};

impl IpSet {
    /// The set that holds just `address`.
    #[must_use]
    pub fn single(address: IpAddr) -> Self {
        std::iter::once(IpRange::single(address)).collect()
    }

    /// The addresses in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let v4 = common(self.v4(), other.v4()).into_iter().filter_map(v4_range);
        let v6 = common(self.v6(), other.v6()).into_iter().filter_map(v6_range);
        v4.chain(v6).collect()
    }

    /// The addresses of this set that are not in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let v4 = rest(self.v4(), other.v4(), |at| at.checked_sub(1), |at| at.checked_add(1));
        let v6 = rest(self.v6(), other.v6(), |at| at.checked_sub(1), |at| at.checked_add(1));
        v4.into_iter().filter_map(v4_range).chain(v6.into_iter().filter_map(v6_range)).collect()
    }

    /// Whether every address of this set is in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.without(other).is_empty()
    }

    /// The address of a set that holds one address.
    #[must_use]
    pub fn only(&self) -> Option<IpAddr> {
        let mut ranges = self.ranges();
        let range = ranges.next().filter(|range| range.first() == range.last())?;
        ranges.next().is_none().then(|| range.first())
    }

    /// The addresses of one family.
    #[must_use]
    pub fn in_family(&self, family: IpFamily) -> Self {
        self.ranges().filter(|range| range.family() == family).collect()
    }

    /// The set as the shortest list of prefixes, ascending.
    #[must_use]
    pub fn prefixes(&self) -> Vec<IpNet> {
        let mut prefixes = Vec::new();
        for range in self.ranges() {
            match (range.first(), range.last()) {
                (IpAddr::V4(first), IpAddr::V4(last)) => {
                    prefixes.extend(Ipv4Subnets::new(first, last, 0).map(IpNet::from));
                }
                (IpAddr::V6(first), IpAddr::V6(last)) => {
                    prefixes.extend(Ipv6Subnets::new(first, last, 0).map(IpNet::from));
                }
                (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {}
            }
        }
        prefixes
    }
}

impl FromIterator<IpNet> for IpSet {
    fn from_iter<I: IntoIterator<Item = IpNet>>(nets: I) -> Self {
        nets.into_iter().map(IpRange::from).collect()
    }
}

impl<'a> FromIterator<&'a IpNet> for IpSet {
    fn from_iter<I: IntoIterator<Item = &'a IpNet>>(nets: I) -> Self {
        nets.into_iter().copied().collect()
    }
}

fn v4_range((first, last): (u32, u32)) -> Option<IpRange> {
    IpRange::new(Ipv4Addr::from_bits(first).into(), Ipv4Addr::from_bits(last).into())
}

fn v6_range((first, last): (u128, u128)) -> Option<IpRange> {
    IpRange::new(Ipv6Addr::from_bits(first).into(), Ipv6Addr::from_bits(last).into())
}

/// What two sorted lists of disjoint intervals share.
fn common<T: Ord + Copy>(ours: &[(T, T)], theirs: &[(T, T)]) -> Vec<(T, T)> {
    let (mut ours, mut theirs) = (ours.iter().peekable(), theirs.iter().peekable());
    let mut shared = Vec::new();
    while let (Some(&&(first, last)), Some(&&(other_first, other_last))) =
        (ours.peek(), theirs.peek())
    {
        let (start, end) = (first.max(other_first), last.min(other_last));
        if start <= end {
            shared.push((start, end));
        }
        if last < other_last {
            ours.next();
        } else {
            theirs.next();
        }
    }
    shared
}

/// What `ours` holds beside `theirs`; both sorted lists of disjoint intervals.
fn rest<T: Ord + Copy>(
    ours: &[(T, T)],
    theirs: &[(T, T)],
    before: impl Fn(T) -> Option<T>,
    after: impl Fn(T) -> Option<T>,
) -> Vec<(T, T)> {
    let mut left = Vec::new();
    for &(first, last) in ours {
        let begin = theirs.partition_point(|&(_, end)| end < first);
        let mut start = Some(first);
        for &(cut_first, cut_last) in theirs.iter().skip(begin) {
            let Some(from) = start.filter(|_| cut_first <= last) else { break };
            if let Some(end) = before(cut_first).filter(|&end| cut_first > from && from <= end) {
                left.push((from, end));
            }
            start = after(cut_last).filter(|&next| next <= last).map(|next| next.max(from));
        }
        if let Some(from) = start {
            left.push((from, last));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(parts: &[(u32, u32)]) -> IpSet {
        parts.iter().filter_map(|&(first, length)| v4_range((first, first + length))).collect()
    }

    fn parts() -> impl Strategy<Value = Vec<(u32, u32)>> {
        prop::collection::vec((0u32..60, 0u32..9), 0..6)
    }

    proptest! {
        #[test]
        fn operations_are_those_of_membership(ours in parts(), theirs in parts()) {
            let (ours, theirs) = (set(&ours), set(&theirs));
            let (both, rest) = (ours.intersection(&theirs), ours.without(&theirs));
            for probe in 0..80 {
                let probe: IpAddr = Ipv4Addr::from_bits(probe).into();
                let (a, b) = (ours.contains(probe), theirs.contains(probe));
                prop_assert_eq!(both.contains(probe), a && b);
                prop_assert_eq!(rest.contains(probe), a && !b);
            }
            prop_assert_eq!(ours.is_subset(&theirs), rest.is_empty());
            prop_assert_eq!(ours.prefixes().into_iter().collect::<IpSet>(), ours);
        }
    }

    #[test]
    fn the_ends_of_the_space_are_no_trap() {
        let all = IpSet::all();
        assert!(all.without(&all).is_empty());
        let top = IpSet::single("255.255.255.255".parse().unwrap());
        let rest = all.without(&top);
        assert_eq!(rest.union(&top), all);
        assert_eq!(all.without(&IpSet::default()), all);
        assert_eq!(top.only(), Some("255.255.255.255".parse().unwrap()));
        assert_eq!(rest.only(), None);
    }
}
