//! Sources put together: IP Groups and subnets in place of single addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::Options;
use crate::net::{IpRange, IpSet};
use crate::policy::{Address, IpGroup, IpGroupRef, ResourceId, RuleHead, Written};
use crate::source::Spanned;

/// One entry of a rule's sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum SourceEntry {
    /// A place in the list of IP Groups.
    Group(usize),
    Prefix(IpRange),
    Any,
}

/// Puts sources together.
pub(super) struct Sources<'a> {
    options: &'a Options,
    groups: &'a [IpGroup],
    /// The addresses of each group; none where an entry is not known.
    sets: Vec<Option<IpSet>>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(options: &'a Options, groups: &'a [IpGroup]) -> Self {
        Self { options, groups, sets: groups.iter().map(addresses).collect() }
    }

    /// Entries that hold all of `allowed` and none of `denied`. Groups and subnets that would hold a
    /// denied source are not used.
    pub(super) fn entries(
        &self,
        allowed: &BTreeSet<IpAddr>,
        denied: &BTreeSet<IpAddr>,
    ) -> BTreeSet<SourceEntry> {
        let mut by_entry: BTreeMap<SourceEntry, Vec<IpAddr>> = BTreeMap::new();
        for source in allowed {
            let entry = self.group_of(*source).or_else(|| self.subnet_of(*source));
            by_entry.entry(entry.unwrap_or_else(|| single(*source))).or_default().push(*source);
        }
        let mut entries = BTreeSet::new();
        for (entry, sources) in by_entry {
            let holds_denied =
                denied.iter().any(|source| !allowed.contains(source) && self.holds(entry, *source));
            if holds_denied || sources.len() < self.options.subnet_sources {
                entries.extend(sources.into_iter().map(single));
            } else {
                entries.insert(entry);
            }
        }
        entries
    }

    /// The smallest group that holds the address.
    fn group_of(&self, source: IpAddr) -> Option<SourceEntry> {
        let size = |set: &IpSet| -> u64 {
            set.v4().iter().map(|(first, last)| u64::from(last - first) + 1).sum()
        };
        let holding = self.sets.iter().enumerate().filter_map(|(place, set)| {
            let set = set.as_ref().filter(|set| set.contains(source))?;
            Some((size(set), place))
        });
        holding.min().map(|(_, place)| SourceEntry::Group(place))
    }

    /// The subnet around an address inside; addresses of the Internet have no neighbours.
    fn subnet_of(&self, source: IpAddr) -> Option<SourceEntry> {
        let (v4, v6) = self.options.subnet;
        let is_inside = match source {
            IpAddr::V4(v4) => {
                v4.is_private() || (v4.octets()[0] == 100 && v4.octets()[1] & 0xC0 == 64)
            }
            IpAddr::V6(v6) => v6.segments()[0] & 0xFE00 == 0xFC00,
        };
        let length = if source.is_ipv4() { v4.min(32) } else { v6.min(128) };
        let net = IpNet::new(source, length).ok().filter(|_| is_inside)?;
        IpRange::new(net.network(), net.broadcast()).map(SourceEntry::Prefix)
    }

    fn holds(&self, entry: SourceEntry, source: IpAddr) -> bool {
        match entry {
            SourceEntry::Group(place) => self
                .sets
                .get(place)
                .and_then(Option::as_ref)
                .is_some_and(|set| set.contains(source)),
            SourceEntry::Prefix(range) => range.contains(source),
            SourceEntry::Any => true,
        }
    }

    /// Writes `entries` as the sources of a rule.
    pub(super) fn write(&self, entries: &BTreeSet<SourceEntry>, head: &mut RuleHead) {
        for entry in entries {
            let address = match entry {
                SourceEntry::Group(place) => {
                    head.source_ip_groups.extend(self.groups.get(*place).map(reference));
                    continue;
                }
                SourceEntry::Prefix(range) => Address::Range(*range),
                SourceEntry::Any => Address::Any,
            };
            head.sources.push(Spanned::unplaced(Written::Value(address)));
        }
    }
}

/// The IP Groups that `entries` name, by their places.
pub(super) fn named(entries: &BTreeSet<SourceEntry>) -> BTreeSet<usize> {
    let groups = entries.iter().filter_map(|entry| match entry {
        SourceEntry::Group(place) => Some(*place),
        SourceEntry::Prefix(_) | SourceEntry::Any => None,
    });
    groups.collect()
}

pub(super) fn single(source: IpAddr) -> SourceEntry {
    SourceEntry::Prefix(IpRange::single(source))
}

fn reference(group: &IpGroup) -> Spanned<IpGroupRef> {
    let id = group.id.clone().unwrap_or_else(|| {
        ResourceId::without_scope("Microsoft.Network/ipGroups", &[&group.name.value])
    });
    Spanned::unplaced(Written::Value(id))
}

fn addresses(group: &IpGroup) -> Option<IpSet> {
    let entries = group.addresses.iter().map(|entry| match &entry.value {
        Written::Value(Address::Range(range)) => Some(*range),
        Written::Value(Address::Any | Address::ServiceTag(_))
        | Written::Unresolved(_)
        | Written::Invalid(_) => None,
    });
    entries.collect::<Option<Vec<_>>>().map(|ranges| ranges.into_iter().collect())
}
