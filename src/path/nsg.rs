//! What network security groups and security admin rules do with a packet.
//!
//! By priority, the first rule that matches decides. A rule that may match (an unknown tag, an
//! unknown port) is kept, and the walk goes on to the one that surely does.

use smol_str::{SmolStr, format_smolstr};

use super::packet::{Packet, Place};
use super::tags::{Members, TagView, platform};
use super::topology::{Access, Direction, RuleEnd, SecurityRule, Topology};
use crate::evaluate::Fit;
use crate::net::PortSet;

/// What the rules of one list come to.
#[derive(Debug, Clone)]
pub struct Filtered<'r> {
    /// `None`: it depends on `needs`.
    pub access: Option<Access>,
    /// The rule that surely matches, where all that may match before it do the same.
    pub rule: Option<&'r SecurityRule>,
    /// Rules that may match, and what would settle it.
    pub candidates: Vec<(&'r SecurityRule, Vec<SmolStr>)>,
    /// The deciding rule matches only because of a widened tag.
    pub is_widened: bool,
    /// The platform's own address, which rules for other traffic do not filter.
    pub is_platform: bool,
}

impl Filtered<'_> {
    /// What would settle it, without repetitions.
    #[must_use]
    pub fn needs(&self) -> Vec<String> {
        let all = self.candidates.iter().flat_map(|(_, needs)| needs);
        let mut needs: Vec<String> = Vec::new();
        for need in all {
            if !needs.iter().any(|known| known == need.as_str()) {
                needs.push(need.to_string());
            }
        }
        needs
    }
}

/// The rules of one direction of a list, sorted by priority, applied to a packet. `None`: no rule
/// matches, as can be with admin rules.
#[must_use]
pub fn filter<'r>(
    rules: &'r [SecurityRule],
    direction: Direction,
    packet: &Packet,
    tags: &TagView<'_>,
    topology: &Topology,
) -> Filtered<'r> {
    let is_platform = packet.destination.addresses().is_subset(&platform());
    let mut candidates: Vec<(&SecurityRule, Vec<SmolStr>)> = Vec::new();
    let mut end = None;
    for rule in rules.iter().filter(|rule| rule.direction == direction) {
        if is_platform && !names_platform(rule) {
            continue;
        }
        match fit(rule, packet, tags, topology) {
            Fit::No => {}
            Fit::Yes => {
                end = Some(rule);
                break;
            }
            Fit::May(needs) => candidates.push((rule, needs)),
        }
    }
    let sure = end.map(|rule| rule.access);
    // What nothing decides goes on: the platform's addresses, and admin rules that do not match.
    let otherwise = sure.unwrap_or(Access::Allow);
    let is_same = candidates.iter().all(|(rule, _)| rule.access == otherwise);
    Filtered {
        access: is_same.then_some(otherwise),
        rule: end.filter(|_| is_same),
        is_widened: end.is_some_and(|rule| is_widened(rule, packet, tags)),
        is_platform: is_platform && end.is_none(),
        candidates,
    }
}

fn names_platform(rule: &SecurityRule) -> bool {
    let mut tags = rule.destination.tags.iter();
    tags.any(|tag| tag.to_ascii_lowercase().starts_with("azureplatform"))
}

fn is_widened(rule: &SecurityRule, packet: &Packet, tags: &TagView<'_>) -> bool {
    let beyond = |end: &RuleEnd, place: &Place| {
        end.tags.iter().any(|tag| tag.eq_ignore_ascii_case("VirtualNetwork"))
            && !place.addresses().is_subset(&tags.strict.sure)
    };
    beyond(&rule.source, &packet.source) || beyond(&rule.destination, &packet.destination)
}

fn fit(rule: &SecurityRule, packet: &Packet, tags: &TagView<'_>, topology: &Topology) -> Fit {
    let unknown = if rule.unknown.is_empty() { Fit::Yes } else { Fit::May(rule.unknown.clone()) };
    let parts = [
        protocol(rule, packet),
        address(&rule.source, &packet.source, "source", tags, topology),
        address(&rule.destination, &packet.destination, "destination", tags, topology),
        port(&rule.source_ports, packet.source_port, packet, "source port"),
        port(&rule.ports, packet.port, packet, "destination port"),
        unknown,
    ];
    let mut needs = Vec::new();
    for part in parts {
        match part {
            Fit::No => return Fit::No,
            Fit::Yes => {}
            Fit::May(more) => needs.extend(more),
        }
    }
    if needs.is_empty() { Fit::Yes } else { Fit::May(needs) }
}

fn protocol(rule: &SecurityRule, packet: &Packet) -> Fit {
    match rule.protocol {
        None => Fit::Yes,
        Some(protocol) if protocol == packet.protocol.ip() => Fit::Yes,
        Some(protocol) if protocol == crate::net::IpProtocol::ICMP && packet.protocol.is_icmp() => {
            Fit::Yes
        }
        Some(_) => Fit::No,
    }
}

fn port(ports: &PortSet, port: Option<u16>, packet: &Packet, what: &str) -> Fit {
    if ports.is_all() {
        return Fit::Yes;
    }
    match port {
        _ if packet.protocol.is_icmp() => {
            Fit::May(vec![format_smolstr!("whether a rule with ports holds ICMP")])
        }
        _ if !packet.protocol.has_ports() => Fit::No,
        Some(port) if ports.contains(port) => Fit::Yes,
        Some(_) => Fit::No,
        None => Fit::May(vec![what.into()]),
    }
}

fn address(
    end: &RuleEnd,
    place: &Place,
    what: &str,
    tags: &TagView<'_>,
    topology: &Topology,
) -> Fit {
    if end.is_any {
        return Fit::Yes;
    }
    let mut members = Members::known(end.prefixes.iter().collect());
    for tag in &end.tags {
        members.add(tags.members(tag));
    }
    for group in &end.groups {
        members.add(application_group(topology, group));
    }
    within(place, &members, what)
}

/// Whether an end that may be any address of a place is among members.
pub(super) fn within(place: &Place, members: &Members, what: &str) -> Fit {
    let addresses = place.addresses();
    if addresses.is_subset(&members.sure) {
        return Fit::Yes;
    }
    if !addresses.overlaps(&members.possible) {
        return Fit::No;
    }
    let mut needs = Vec::new();
    // A place that reaches beyond what may match, or that is in by some of its addresses alone.
    let is_place = addresses.only().is_none()
        && (!addresses.is_subset(&members.possible)
            || (addresses.overlaps(&members.sure) && members.needs.is_empty()));
    if is_place {
        needs.push(format_smolstr!("which address the {what} ({place}) is"));
    }
    if addresses.overlaps(&members.possible.without(&members.sure)) {
        needs.extend(members.needs.iter().cloned());
    }
    if needs.is_empty() {
        needs.push(format_smolstr!("which address the {what} ({place}) is"));
    }
    Fit::May(needs)
}

/// The addresses of the interfaces in an application security group.
fn application_group(topology: &Topology, group: &crate::policy::ResourceId) -> Members {
    let need = format_smolstr!("the members of application security group `{}`", group.name());
    if !topology.has.interfaces {
        return Members::unknown(need);
    }
    let configurations = topology.interfaces.iter().flat_map(|nic| &nic.addresses);
    let members =
        configurations.filter(|it| it.application_groups.iter().any(|id| id.agrees_with(group)));
    Members::known(members.filter_map(|it| it.address).map(crate::net::IpRange::single).collect())
}

/// A rule as Azure's tools print it: `DefaultRule_AllowVnetInBound`, `UserRule_web`.
#[must_use]
pub fn diagnostic_name(rule: &SecurityRule) -> String {
    let own = rule.name.rsplit('/').next().unwrap_or(&rule.name);
    format!("{}_{own}", if rule.is_default { "DefaultRule" } else { "UserRule" })
}
