//! The parts of rules, as their authors wrote them, against the traffic that the rules decided.

use std::collections::BTreeSet;
use std::net::IpAddr;

use smol_str::{SmolStr, StrExt as _, ToSmolStr as _};

use crate::compile::{RuleInfo, Ruleset, letters};
use crate::net::{Fqdn, FqdnPattern, IpFamily, IpRange, IpSet, PortRange, RuleProtocol};
use crate::policy::{Address, Application, IpGroupRef, Rule, Written};
use crate::source::Spanned;

/// What a part of a rule speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartKind {
    Source,
    Destination,
    Port,
    Protocol,
    Fqdn,
    WebCategory,
}

impl PartKind {
    /// The name in outputs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Port => "port",
            Self::Protocol => "protocol",
            Self::Fqdn => "fqdn",
            Self::WebCategory => "web_category",
        }
    }
}

/// One entry of one list of a rule: an address, a prefix, an IP Group, a tag, a port, a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulePart {
    pub kind: PartKind,
    /// As written.
    pub text: SmolStr,
    extent: Extent,
}

/// What a part covers.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Extent {
    Addresses(IpSet),
    Ports(PortRange),
    Protocol(RuleProtocol),
    Application(Application),
    Names(Vec<FqdnPattern>),
    /// By its letters.
    WebCategory(SmolStr),
    /// What it covers is not known, or records do not say whether it was used.
    Unknown,
}

/// The parts of a rule of `ruleset`, in the order in which they are written.
#[must_use]
pub fn rule_parts(info: &RuleInfo, ruleset: &Ruleset) -> Vec<RulePart> {
    let head = info.written.head();
    let mut parts = Parts { ruleset, found: Vec::new() };
    parts.addresses(PartKind::Source, &head.sources, &head.source_ip_groups);
    match &info.written {
        Rule::Network(rule) => {
            parts.protocols(&rule.protocols);
            let (written, groups) = (&rule.destinations, &rule.destination_ip_groups);
            parts.addresses(PartKind::Destination, written, groups);
            // Records hold the address that such a name had, and not the name.
            for name in &rule.destination_fqdns {
                parts.push(PartKind::Fqdn, name.value.to_smolstr(), Extent::Unknown);
            }
            parts.ports(&rule.destination_ports);
        }
        Rule::Nat(rule) => {
            parts.protocols(&rule.protocols);
            parts.addresses(PartKind::Destination, &rule.destinations, &[]);
            parts.ports(&rule.destination_ports);
        }
        Rule::Application(rule) => {
            for entry in &rule.protocols {
                let extent = entry.value.value().copied().map(Extent::Application);
                parts.push(PartKind::Protocol, entry.value.to_smolstr(), known(extent));
            }
            for name in &rule.target_fqdns {
                let extent = name.value.value().map(|name| Extent::Names(vec![name.clone()]));
                parts.push(PartKind::Fqdn, name.value.to_smolstr(), known(extent));
            }
            for tag in &rule.fqdn_tags {
                let names = tag.value.value().and_then(|tag| ruleset.tables.fqdn_tag(tag));
                let extent = names.map(|names| Extent::Names(names.to_vec()));
                parts.push(PartKind::Fqdn, tag.value.to_smolstr(), known(extent));
            }
            for category in &rule.web_categories {
                let extent = category.value.value().map(|name| Extent::WebCategory(letters(name)));
                parts.push(PartKind::WebCategory, category.value.to_smolstr(), known(extent));
            }
        }
    }
    parts.found
}

fn known(extent: Option<Extent>) -> Extent {
    extent.unwrap_or(Extent::Unknown)
}

struct Parts<'a> {
    ruleset: &'a Ruleset,
    found: Vec<RulePart>,
}

impl Parts<'_> {
    fn push(&mut self, kind: PartKind, text: SmolStr, extent: Extent) {
        self.found.push(RulePart { kind, text, extent });
    }

    fn addresses(
        &mut self,
        kind: PartKind,
        written: &[Spanned<Written<Address>>],
        groups: &[Spanned<IpGroupRef>],
    ) {
        for entry in written {
            let addresses = entry.value.value().and_then(|address| match address {
                Address::Any => Some(IpSet::all()),
                Address::Range(range) => Some(IpSet::from_iter([*range])),
                Address::ServiceTag(tag) => self.ruleset.tables.service_tag(tag).cloned(),
            });
            let extent = known(addresses.map(Extent::Addresses));
            self.push(kind, entry.value.to_smolstr(), extent);
        }
        for group in groups {
            let name = match &group.value {
                Written::Value(id) => SmolStr::from(id.name()),
                Written::Unresolved(text) | Written::Invalid(text) => text.clone(),
            };
            let content = self.ruleset.ip_groups.get(&name);
            let content = content.filter(|content| content.unknown.is_empty());
            let extent = known(content.map(|content| Extent::Addresses(content.known.clone())));
            self.push(kind, name, extent);
        }
    }

    fn protocols(&mut self, written: &[Spanned<Written<RuleProtocol>>]) {
        for entry in written {
            let extent = known(entry.value.value().copied().map(Extent::Protocol));
            self.push(PartKind::Protocol, entry.value.to_smolstr(), extent);
        }
    }

    fn ports(&mut self, written: &[Spanned<Written<PortRange>>]) {
        for entry in written {
            let extent = known(entry.value.value().copied().map(Extent::Ports));
            self.push(PartKind::Port, entry.value.to_smolstr(), extent);
        }
    }
}

/// What the records of one rule name.
#[derive(Debug, Clone, Default)]
pub(super) struct Traffic {
    pub(super) sources: BTreeSet<IpAddr>,
    pub(super) destinations: BTreeSet<IpAddr>,
    pub(super) names: BTreeSet<SmolStr>,
    /// Protocol and port; what has no ports has none here.
    pub(super) ports: BTreeSet<(SmolStr, u16)>,
    pub(super) protocols: BTreeSet<SmolStr>,
    pub(super) web_categories: BTreeSet<SmolStr>,
    /// Some record names no web category: it may have been of any.
    pub(super) has_uncategorised: bool,
}

/// How much of a part was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartUse {
    pub kind: PartKind,
    /// As written.
    pub text: SmolStr,
    /// How many different addresses, ports or names of it were seen; `None`: records cannot tell.
    pub seen: Option<u64>,
    /// How many it covers; `None`: more than can be counted, or it is no matter of counting.
    pub size: Option<u64>,
    /// A few narrow prefixes, or the range of ports, that hold what was seen.
    pub within: Option<SmolStr>,
}

impl PartUse {
    /// Whether nothing of the part was seen, though it could have been.
    #[must_use]
    pub fn is_unused(&self) -> bool {
        self.seen == Some(0)
    }

    /// Whether less than a tenth of a wide part was used.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        let wide_from = match self.kind {
            PartKind::Source | PartKind::Destination => 256,
            PartKind::Port => 16,
            PartKind::Protocol | PartKind::Fqdn | PartKind::WebCategory => return false,
        };
        let Some(seen) = self.seen.filter(|seen| *seen > 0) else { return false };
        self.size.is_none_or(|size| size >= wide_from && seen.saturating_mul(10) < size)
    }
}

impl RulePart {
    pub(super) fn used(&self, traffic: &Traffic) -> PartUse {
        let seen_of = |seen: usize| Some(seen as u64);
        let (seen, size, within) = match &self.extent {
            Extent::Addresses(set) => self.used_addresses(set, traffic),
            Extent::Ports(range) => used_ports(*range, traffic),
            Extent::Protocol(protocol) => {
                let has = |name: &&SmolStr| is_of(*protocol, name);
                (seen_of(traffic.protocols.iter().filter(has).count()), None, None)
            }
            Extent::Application(Application { protocol, port }) => {
                let is_it = |(name, used): &&(SmolStr, u16)| {
                    name.eq_ignore_ascii_case(protocol.name()) && used == port
                };
                (seen_of(traffic.ports.iter().filter(is_it).count()), None, None)
            }
            Extent::Names(patterns) => {
                let is_it = |name: &&SmolStr| {
                    Fqdn::new(name)
                        .is_some_and(|name| patterns.iter().any(|pattern| pattern.matches(&name)))
                };
                (seen_of(traffic.names.iter().filter(is_it).count()), None, None)
            }
            Extent::WebCategory(wanted) => {
                let is_it = |name: &&SmolStr| letters(name) == *wanted;
                let seen = traffic.web_categories.iter().filter(is_it).count();
                let is_known = seen > 0 || !traffic.has_uncategorised;
                (seen_of(seen).filter(|_| is_known), None, None)
            }
            Extent::Unknown => (None, None, None),
        };
        PartUse { kind: self.kind, text: self.text.clone(), seen, size, within }
    }

    fn used_addresses(&self, set: &IpSet, traffic: &Traffic) -> Used {
        let side = match self.kind {
            PartKind::Source => &traffic.sources,
            PartKind::Destination
            | PartKind::Port
            | PartKind::Protocol
            | PartKind::Fqdn
            | PartKind::WebCategory => &traffic.destinations,
        };
        let seen: Vec<IpAddr> =
            side.iter().copied().filter(|address| set.contains(*address)).collect();
        (Some(seen.len() as u64), size_of_set(set), within(&seen))
    }
}

/// How much was seen, of how much, and where.
type Used = (Option<u64>, Option<u64>, Option<SmolStr>);

fn used_ports(range: PortRange, traffic: &Traffic) -> Used {
    let seen: BTreeSet<u16> =
        traffic.ports.iter().map(|(_, port)| *port).filter(|port| range.contains(*port)).collect();
    // ICMP has no ports, and a record that names none may have had any.
    if seen.is_empty() && traffic.ports.is_empty() {
        return (None, None, None);
    }
    let size = u64::from(range.last()) - u64::from(range.first()) + 1;
    let ends = seen.first().zip(seen.last());
    let within = ends.and_then(|(first, last)| PortRange::new(*first, *last));
    (Some(seen.len() as u64), Some(size), within.map(|range| range.to_smolstr()))
}

fn is_of(protocol: RuleProtocol, name: &str) -> bool {
    match protocol {
        RuleProtocol::Any => true,
        RuleProtocol::Tcp | RuleProtocol::Udp => name.eq_ignore_ascii_case(protocol.name()),
        RuleProtocol::Icmp => name.to_lowercase_smolstr().starts_with("icmp"),
    }
}

/// How many addresses a set holds, as long as they can be counted.
fn size_of_set(set: &IpSet) -> Option<u64> {
    let v4 = set.v4().iter().map(|(first, last)| u64::from(*last - *first) + 1).sum::<u64>();
    set.v6().iter().try_fold(v4, |size, (first, last)| {
        size.checked_add(u64::try_from(*last - *first).ok()?.checked_add(1)?)
    })
}

/// More prefixes than this are no summary.
const PREFIXES_MAX: usize = 4;
/// Prefixes longer than these say enough.
const LENGTH_V4: u32 = 16;
const LENGTH_V6: u32 = 48;

/// A few narrow prefixes that together hold all of these, which are sorted.
fn within(addresses: &[IpAddr]) -> Option<SmolStr> {
    let v4 = addresses.partition_point(|address| IpFamily::of(*address) == IpFamily::V4);
    let (v4, v6) = addresses.split_at(v4);
    let mut groups: Vec<&[IpAddr]> =
        [v4, v6].into_iter().filter(|group| !group.is_empty()).collect();
    while groups.len() < PREFIXES_MAX {
        let widest = groups.iter().enumerate().filter_map(|(index, group)| {
            let (first, last) = (*group.first()?, *group.last()?);
            let (length, middle) = middle(first, last)?;
            Some((length, index, group.partition_point(|address| *address < middle)))
        });
        let Some((_, index, at)) = widest.min() else { break };
        let (left, right) = groups.remove(index).split_at(at);
        groups.splice(index..index, [left, right]);
    }
    let prefixes: Vec<String> = groups
        .iter()
        .filter_map(|group| Some(prefix(*group.first()?, *group.last()?)?.to_string()))
        .collect();
    (!prefixes.is_empty()).then(|| prefixes.join(", ").into())
}

/// The length of the narrowest prefix that holds both, and where its second half begins; nothing
/// where the prefix is narrow enough.
fn middle(first: IpAddr, last: IpAddr) -> Option<(u32, IpAddr)> {
    match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            let (first, last) = (first.to_bits(), last.to_bits());
            let length = (first ^ last).leading_zeros();
            let host = u32::MAX.checked_shr(length + 1).unwrap_or(0);
            (length < LENGTH_V4).then(|| (length, IpAddr::V4((last & !host).into())))
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            let (first, last) = (first.to_bits(), last.to_bits());
            let length = (first ^ last).leading_zeros();
            let host = u128::MAX.checked_shr(length + 1).unwrap_or(0);
            (length < LENGTH_V6).then(|| (length, IpAddr::V6((last & !host).into())))
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

/// The narrowest prefix that holds two addresses of one family.
fn prefix(first: IpAddr, last: IpAddr) -> Option<IpRange> {
    match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            let (first, last) = (first.to_bits(), last.to_bits());
            let host = u32::MAX.checked_shr((first ^ last).leading_zeros()).unwrap_or(0);
            let ends = [first & !host, first | host].map(|bits| IpAddr::V4(bits.into()));
            IpRange::new(ends[0], ends[1])
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            let (first, last) = (first.to_bits(), last.to_bits());
            let host = u128::MAX.checked_shr((first ^ last).leading_zeros()).unwrap_or(0);
            let ends = [first & !host, first | host].map(|bits| IpAddr::V6(bits.into()));
            IpRange::new(ends[0], ends[1])
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(kind: PartKind, extent: Extent) -> RulePart {
        RulePart { kind, text: "part".into(), extent }
    }

    fn range(first: &str, last: &str) -> Extent {
        let range = IpRange::new(first.parse().unwrap(), last.parse().unwrap()).unwrap();
        Extent::Addresses([range].into_iter().collect())
    }

    fn traffic() -> Traffic {
        let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Traffic {
            sources: addresses(&["10.0.0.4", "10.0.0.9"]),
            destinations: addresses(&["192.0.2.1", "2001:db8::1"]),
            names: ["a.example.com".into()].into(),
            ports: [("tcp".into(), 443), ("tcp".into(), 8443)].into(),
            protocols: ["tcp".into(), "icmpv6".into()].into(),
            web_categories: BTreeSet::new(),
            has_uncategorised: true,
        }
    }

    #[track_caller]
    fn check(kind: PartKind, extent: Extent, expected: (Option<u64>, Option<u64>, Option<&str>)) {
        let used = part(kind, extent).used(&traffic());
        assert_eq!((used.seen, used.size, used.within.as_deref()), expected);
    }

    #[test]
    fn addresses_are_counted_with_the_prefix_that_holds_them() {
        let size = Some(1 << 24);
        let ten = || range("10.0.0.0", "10.255.255.255");
        check(PartKind::Source, ten(), (Some(2), size, Some("10.0.0.0/28")));
        check(PartKind::Destination, ten(), (Some(0), size, None));
        let all = Extent::Addresses(IpSet::all());
        check(PartKind::Destination, all, (Some(2), None, Some("192.0.2.1, 2001:db8::1")));
    }

    #[test]
    fn far_apart_addresses_have_a_prefix_each() {
        let of = |texts: &[&str]| {
            let addresses: Vec<IpAddr> = texts.iter().map(|text| text.parse().unwrap()).collect();
            within(&addresses).unwrap()
        };
        assert_eq!(of(&["10.0.0.4", "10.0.9.9", "192.0.2.1"]), "10.0.0.0/20, 192.0.2.1");
        let far =
            ["10.0.0.4", "10.200.0.1", "100.64.0.1", "172.16.0.1", "192.0.2.1", "203.0.113.1"];
        assert_eq!(of(&far), "10.0.0.0/8, 100.64.0.1, 172.16.0.1, 192.0.0.0/4");
        assert_eq!(of(&["0.0.0.0", "255.255.255.255"]), "0.0.0.0, 255.255.255.255");
        assert_eq!(of(&["2001:db8::1", "2002::1"]), "2001:db8::1, 2002::1");
    }

    #[test]
    fn ports_protocols_and_names() {
        let ports = |first, last| Extent::Ports(PortRange::new(first, last).unwrap());
        check(PartKind::Port, ports(0, 65_535), (Some(2), Some(65_536), Some("443-8443")));
        check(PartKind::Port, ports(80, 80), (Some(0), Some(1), None));
        check(PartKind::Protocol, Extent::Protocol(RuleProtocol::Udp), (Some(0), None, None));
        check(PartKind::Protocol, Extent::Protocol(RuleProtocol::Icmp), (Some(1), None, None));
        let name = |text: &str| Extent::Names(vec![FqdnPattern::new(text).unwrap()]);
        check(PartKind::Fqdn, name("*.example.com"), (Some(1), None, None));
        check(PartKind::Fqdn, name("b.example.com"), (Some(0), None, None));
    }

    #[test]
    fn what_records_cannot_tell_is_not_called_unused() {
        check(PartKind::Fqdn, Extent::Unknown, (None, None, None));
        check(PartKind::WebCategory, Extent::WebCategory("news".into()), (None, None, None));
        let ping = Traffic { protocols: ["icmp".into()].into(), ..Traffic::default() };
        let star = part(PartKind::Port, Extent::Ports(PortRange::ALL)).used(&ping);
        assert_eq!((star.seen, star.is_unused()), (None, false));
    }

    #[test]
    fn a_wide_part_is_one_of_which_little_was_used() {
        let used = |extent| part(PartKind::Source, extent).used(&traffic()).is_wide();
        assert!(used(range("10.0.0.0", "10.255.255.255")));
        assert!(used(Extent::Addresses(IpSet::all())));
        assert!(!used(range("10.0.0.0", "10.0.0.15")));
        assert!(!used(range("172.16.0.0", "172.31.255.255")));
    }
}
