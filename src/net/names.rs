//! Names that people have for addresses.

use std::collections::BTreeSet;
use std::net::IpAddr;

use smol_str::SmolStr;

use super::IpRange;

/// Names of ranges, in layers: a layer is asked only where those before it know no name. Within a
/// layer the narrowest range wins, and of ranges of one width the longest name, which says most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressNames {
    layers: Vec<Layer>,
}

/// IPv4 before IPv6, each by its bits.
type Place = (u8, u128);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Layer {
    // INVARIANT: ascending; a name holds from its place to the next one.
    starts: Vec<(Place, Option<SmolStr>)>,
    are_ip_groups: bool,
}

impl AddressNames {
    /// Adds a layer behind those there are.
    pub fn push(&mut self, names: Vec<(IpRange, SmolStr)>) {
        if !names.is_empty() {
            self.layers.push(Layer::new(names));
        }
    }

    /// Adds a layer of IP Groups, which rules can name.
    pub fn push_ip_groups(&mut self, names: Vec<(IpRange, SmolStr)>) {
        if !names.is_empty() {
            self.layers.push(Layer { are_ip_groups: true, ..Layer::new(names) });
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// The name of `address`.
    #[must_use]
    pub fn name(&self, address: IpAddr) -> Option<&SmolStr> {
        let place = place(address);
        self.layers.iter().find_map(|layer| layer.name(place))
    }

    /// The name of `address`, and whether it is that of an IP Group.
    #[must_use]
    pub fn name_and_kind(&self, address: IpAddr) -> Option<(&SmolStr, bool)> {
        let place = place(address);
        self.layers.iter().find_map(|layer| Some((layer.name(place)?, layer.are_ip_groups)))
    }
}

fn place(address: IpAddr) -> Place {
    match address {
        IpAddr::V4(address) => (4, address.to_bits().into()),
        IpAddr::V6(address) => (6, address.to_bits()),
    }
}

/// The place behind `address`, in its own family or past its end.
fn behind(address: IpAddr) -> Place {
    let (family, bits) = place(address);
    bits.checked_add(1).map_or((family + 1, 0), |bits| (family, bits))
}

impl Layer {
    fn new(mut names: Vec<(IpRange, SmolStr)>) -> Self {
        let width = |range: &IpRange| place(range.last()).1 - place(range.first()).1;
        names.sort_by(|(a, name_a), (b, name_b)| {
            let by_name = name_b.len().cmp(&name_a.len()).then_with(|| name_a.cmp(name_b));
            width(a).cmp(&width(b)).then(by_name)
        });
        // Where ranges begin and end; a rank stands for the range with it.
        let mut borders: Vec<(Place, bool, usize)> = Vec::with_capacity(names.len() * 2);
        for (rank, (range, _)) in names.iter().enumerate() {
            borders.push((place(range.first()), true, rank));
            borders.push((behind(range.last()), false, rank));
        }
        borders.sort_unstable();
        let mut starts: Vec<(Place, Option<SmolStr>)> = Vec::new();
        let mut open: BTreeSet<usize> = BTreeSet::new();
        for (at, begins, rank) in borders {
            if begins {
                open.insert(rank);
            } else {
                open.remove(&rank);
            }
            let narrowest = open.first().and_then(|rank| names.get(*rank));
            let name = narrowest.map(|(_, name)| name.clone());
            match starts.last_mut() {
                Some((last, known)) if *last == at => *known = name,
                Some((_, known)) if *known == name => {}
                Some(_) | None => starts.push((at, name)),
            }
        }
        Self { starts, are_ip_groups: false }
    }

    fn name(&self, at: Place) -> Option<&SmolStr> {
        let after = self.starts.partition_point(|(start, _)| *start <= at);
        self.starts.get(after.checked_sub(1)?)?.1.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(first: &str, last: &str) -> IpRange {
        IpRange::new(first.parse().unwrap(), last.parse().unwrap()).unwrap()
    }

    #[test]
    fn the_narrowest_range_of_the_first_layer_that_knows_wins() {
        let mut names = AddressNames::default();
        names.push(vec![
            (range("10.0.0.0", "10.255.255.255"), "corp".into()),
            (range("10.1.0.0", "10.1.255.255"), "spoke-a".into()),
            (range("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), "six".into()),
        ]);
        names.push(vec![
            (range("10.1.0.4", "10.1.0.4"), "group".into()),
            (range("192.0.2.0", "192.0.2.255"), "Storage".into()),
            (range("192.0.2.0", "192.0.2.255"), "Storage.WestEurope".into()),
            (range("255.255.255.255", "255.255.255.255"), "last".into()),
        ]);
        let name = |text: &str| names.name(text.parse().unwrap()).map(SmolStr::as_str);
        assert_eq!(name("10.1.0.4"), Some("spoke-a"));
        assert_eq!(name("10.2.0.0"), Some("corp"));
        assert_eq!(name("11.0.0.0"), None);
        assert_eq!(name("192.0.2.255"), Some("Storage.WestEurope"));
        assert_eq!(name("255.255.255.255"), Some("last"));
        assert_eq!(name("2001:db8::1"), Some("six"));
    }

    proptest! {
        #[test]
        fn it_is_what_trying_all_ranges_finds(
            parts in prop::collection::vec((0u32..64, 0u32..16), 0..12),
            probe in 0u32..80,
        ) {
            let address = |bits: u32| IpAddr::V4(bits.into());
            let named: Vec<(IpRange, SmolStr)> = parts
                .iter()
                .enumerate()
                .filter_map(|(index, &(first, length))| {
                    let range = IpRange::new(address(first), address(first + length))?;
                    Some((range, format!("{index:02}").into()))
                })
                .collect();
            let width = |range: &IpRange| place(range.last()).1 - place(range.first()).1;
            let expected = named
                .iter()
                .filter(|(range, _)| range.contains(address(probe)))
                .min_by_key(|(range, name)| (width(range), name.clone()))
                .map(|(_, name)| name);
            let mut names = AddressNames::default();
            names.push(named.clone());
            prop_assert_eq!(names.name(address(probe)), expected);
        }
    }
}
