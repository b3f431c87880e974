//! The axis of addresses: both families, cut where any set of interest begins or ends.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Set;
use crate::net::{IpFamily, IpRange, IpSet};

/// Stretches of addresses that no set of interest tells apart; IPv4 first.
#[derive(Debug, Clone)]
pub struct AddressAxis {
    // INVARIANT: sorted, without repetitions; the first entry is the first address of the family.
    v4: Vec<u32>,
    v6: Vec<u128>,
}

impl AddressAxis {
    /// The axis on which each of `sets` is a set of atoms.
    #[must_use]
    pub fn new<'a>(sets: impl IntoIterator<Item = &'a IpSet>) -> Self {
        let (mut v4, mut v6) = (vec![0], vec![0]);
        // Rules that share an IP Group share a set.
        let distinct: HashSet<&IpSet, foldhash::fast::RandomState> = sets.into_iter().collect();
        for set in distinct {
            for &(first, last) in set.v4() {
                v4.push(first);
                v4.extend(last.checked_add(1));
            }
            for &(first, last) in set.v6() {
                v6.push(first);
                v6.extend(last.checked_add(1));
            }
        }
        v4.sort_unstable();
        v4.dedup();
        v6.sort_unstable();
        v6.dedup();
        Self { v4, v6 }
    }

    fn v4_count(&self) -> u32 {
        u32::try_from(self.v4.len()).unwrap_or(u32::MAX)
    }

    /// The atoms of all addresses of one family.
    #[must_use]
    pub fn family(&self, family: IpFamily) -> Set {
        let v6_count = u32::try_from(self.v6.len()).unwrap_or(u32::MAX);
        match family {
            IpFamily::V4 => Set::interval(0, self.v4_count() - 1),
            IpFamily::V6 => Set::interval(self.v4_count(), self.v4_count() + v6_count - 1),
        }
    }

    /// The atom that holds `address`.
    #[must_use]
    pub fn atom(&self, address: IpAddr) -> u32 {
        match address {
            IpAddr::V4(address) => index(&self.v4, address.to_bits()),
            IpAddr::V6(address) => self.v4_count() + index(&self.v6, address.to_bits()),
        }
    }

    /// The atoms of a set whose ends are cuts of this axis.
    #[must_use]
    pub fn set(&self, addresses: &IpSet) -> Set {
        let v4 = addresses
            .v4()
            .iter()
            .map(|&(first, last)| (index(&self.v4, first), index(&self.v4, last)));
        let offset = self.v4_count();
        let v6 = addresses.v6().iter().map(|&(first, last)| {
            (offset + index(&self.v6, first), offset + index(&self.v6, last))
        });
        v4.chain(v6).collect()
    }

    /// The addresses of a set of atoms.
    #[must_use]
    pub fn addresses(&self, set: &Set) -> IpSet {
        set.intervals().iter().flat_map(|&(first, last)| self.ranges(first, last)).collect()
    }

    /// The atoms `first` to `last` as ranges, one for each family that they touch.
    fn ranges(&self, first: u32, last: u32) -> impl Iterator<Item = IpRange> {
        let count = self.v4_count();
        let v4 = (first < count).then(|| {
            let start = start(&self.v4, first).unwrap_or(0);
            let end = start_after(&self.v4, last.min(count - 1)).map_or(u32::MAX, |next| next - 1);
            IpRange::new(Ipv4Addr::from_bits(start).into(), Ipv4Addr::from_bits(end).into())
        });
        let v6 = (last >= count).then(|| {
            let start = start(&self.v6, first.saturating_sub(count)).unwrap_or(0);
            let end = start_after(&self.v6, last - count).map_or(u128::MAX, |next| next - 1);
            IpRange::new(Ipv6Addr::from_bits(start).into(), Ipv6Addr::from_bits(end).into())
        });
        v4.flatten().into_iter().chain(v6.flatten())
    }

    /// How many addresses a set holds, as far as a floating-point number can say it.
    #[must_use]
    pub fn measure(&self, set: &Set) -> f64 {
        let ranges = set.intervals().iter().flat_map(|&(first, last)| self.ranges(first, last));
        ranges.map(|range| size(&range)).sum()
    }

    /// An address of the set for people: one of `preferred` if the set holds it.
    #[must_use]
    pub fn example(&self, set: &Set, preferred: &[IpAddr]) -> Option<IpAddr> {
        let liked = preferred.iter().find(|&&address| set.contains(self.atom(address)));
        if let Some(&address) = liked {
            return Some(address);
        }
        let &(first, last) = set.intervals().first()?;
        let range = self.ranges(first, last).next()?;
        // The first addresses of an Azure subnet are reserved; the fifth can be a machine's.
        let fifth = match range.first() {
            IpAddr::V4(address) => {
                address.to_bits().checked_add(4).map(|bits| Ipv4Addr::from_bits(bits).into())
            }
            IpAddr::V6(address) => {
                address.to_bits().checked_add(4).map(|bits| Ipv6Addr::from_bits(bits).into())
            }
        };
        Some(fifth.filter(|&address| range.contains(address)).unwrap_or_else(|| range.first()))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a measure to compare and to show, not to decide")]
fn size(range: &IpRange) -> f64 {
    match (range.first(), range.last()) {
        (IpAddr::V4(first), IpAddr::V4(last)) => f64::from(last.to_bits() - first.to_bits()) + 1.0,
        (IpAddr::V6(first), IpAddr::V6(last)) => (last.to_bits() - first.to_bits()) as f64 + 1.0,
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => 0.0,
    }
}

/// The stretch that holds `value`.
fn index<T: Ord + Copy>(starts: &[T], value: T) -> u32 {
    let after = starts.partition_point(|&start| start <= value);
    u32::try_from(after.saturating_sub(1)).unwrap_or(u32::MAX)
}

fn start<T: Copy>(starts: &[T], atom: u32) -> Option<T> {
    starts.get(atom as usize).copied()
}

fn start_after<T: Copy>(starts: &[T], atom: u32) -> Option<T> {
    starts.get(atom as usize + 1).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set_of(parts: &[(u8, u8)], v6: bool) -> IpSet {
        let address = |value: u16| -> IpAddr {
            if v6 {
                Ipv6Addr::from_bits(u128::from(value)).into()
            } else {
                Ipv4Addr::from_bits(u32::from(value)).into()
            }
        };
        let range = |&(first, length): &(u8, u8)| {
            IpRange::new(address(first.into()), address(u16::from(first) + u16::from(length)))
                .unwrap()
        };
        parts.iter().map(range).collect()
    }

    fn parts() -> impl Strategy<Value = Vec<(u8, u8)>> {
        prop::collection::vec((any::<u8>(), 0u8..20), 0..5)
    }

    proptest! {
        #[test]
        fn a_set_survives_the_way_to_atoms_and_back(a in parts(), b in parts(), c in parts()) {
            let (a, b) = (set_of(&a, false).union(&set_of(&c, true)), set_of(&b, false));
            let axis = AddressAxis::new([&a, &b, &IpSet::all()]);
            prop_assert_eq!(&axis.addresses(&axis.set(&a)), &a);
            prop_assert_eq!(&axis.addresses(&axis.set(&b)), &b);
            prop_assert_eq!(axis.addresses(&axis.set(&IpSet::all())), IpSet::all());
            if let Some(example) = axis.example(&axis.set(&a), &[]) {
                prop_assert!(a.contains(example));
            }
            let union = axis.addresses(&axis.set(&a).union(&axis.set(&b)));
            prop_assert_eq!(union, a.union(&b));
        }
    }

    #[test]
    fn sizes_are_counts_of_addresses() {
        let axis = AddressAxis::new([]);
        assert!((axis.measure(&axis.family(IpFamily::V4)) - 4_294_967_296.0).abs() < 1.0);
        assert_eq!(axis.family(IpFamily::V6), Set::interval(1, 1));
    }
}
