//! Routes: subnets without a way to the firewall, ways around it, ways back that miss it.

use std::net::IpAddr;

use super::Finding;
use crate::analyse::check::Level;
use crate::evaluate::Stage;
use crate::net::{IpFamily, IpSet};
use crate::path::World;
use crate::path::bypass::is_platform;
use crate::path::nat::{FirewallSource, firewall_source};
use crate::path::routes::{NextHop, Routes};
use crate::path::tags::{TagView, VnetTag};
use crate::path::topology::{Attached, Firewall, Subnet, Topology, public};

pub(super) fn findings(world: &World<'_>, routes: &[Routes]) -> Vec<Finding> {
    let topology = world.topology;
    let mut found = Vec::new();
    for (subnet, routes) in topology.subnets.iter().zip(routes) {
        found.extend(own_loop(topology, subnet, routes));
        if is_platform(&subnet.name) {
            continue;
        }
        found.extend(without_firewall(topology, subnet, routes));
        found.extend(service_endpoints(topology, subnet, routes));
        found.extend(widened(topology, subnet));
        found.extend(unknown_appliances(topology, subnet));
    }
    found.extend(pairs(world, routes));
    found.extend(public_balancers(topology, routes));
    found
}

/// `network/subnet`.
pub(super) fn shown(topology: &Topology, subnet: &Subnet) -> String {
    match topology.network_of(subnet) {
        Some(network) => format!("{}/{}", network.name, subnet.name),
        None => subnet.name.to_string(),
    }
}

/// Where public addresses go, if all of them go one way.
pub(super) fn default_hop(routes: &Routes) -> Option<NextHop> {
    let probe = public(IpFamily::V4);
    let shares = routes.shares(&probe);
    let size = |set: &IpSet| -> u64 {
        set.v4().iter().map(|&(first, last)| u64::from(last - first) + 1).sum()
    };
    let widest = shares.into_iter().max_by_key(|(_, share)| size(share))?;
    widest.0.map(|route| route.hop)
}

pub(super) fn firewall_of(topology: &Topology, hop: Option<NextHop>) -> Option<&Firewall> {
    match hop {
        Some(NextHop::Appliance(Some(address))) => topology.firewall_at(address),
        _ => None,
    }
}

fn without_firewall(topology: &Topology, subnet: &Subnet, routes: &Routes) -> Option<Finding> {
    if topology.firewalls.is_empty() {
        return None;
    }
    if default_hop(routes) != Some(NextHop::Internet) || holds_only_endpoints(topology, subnet) {
        return None;
    }
    let (level, table) = match topology.route_table(subnet) {
        Attached::None => (Level::Warning, "it has no route table".to_owned()),
        Attached::Known(table) => (
            Level::Warning,
            format!("route table `{}` has no route for 0.0.0.0/0 to one", table.name),
        ),
        // What is not known is not said to be wrong.
        Attached::Missing(_) => return None,
    };
    Some(Finding::new(
        "no-route-to-firewall",
        level,
        shown(topology, subnet),
        format!("traffic to the Internet passes no firewall: {table}"),
        "add a route table with 0.0.0.0/0 to the firewall's private address",
    ))
}

/// Private endpoints begin no connections.
fn holds_only_endpoints(topology: &Topology, subnet: &Subnet) -> bool {
    let is_here =
        |id: Option<&crate::policy::ResourceId>| id.is_some_and(|id| id.agrees_with(&subnet.id));
    let has_endpoint = topology.private_endpoints.iter().any(|it| is_here(it.subnet.as_ref()));
    let mut addresses = topology.interfaces.iter().flat_map(|nic| &nic.addresses);
    let has_machine = addresses.any(|it| {
        let is_of_endpoint = topology.private_endpoints.iter().any(|endpoint| {
            it.address.is_some_and(|address| endpoint.addresses.contains(&address))
        });
        is_here(it.subnet.as_ref()) && !is_of_endpoint
    });
    has_endpoint && !has_machine && subnet.delegations.is_empty()
}

fn service_endpoints(topology: &Topology, subnet: &Subnet, routes: &Routes) -> Option<Finding> {
    let firewall = firewall_of(topology, default_hop(routes))?;
    let services: Vec<&str> =
        subnet.service_endpoints.iter().map(|it| it.service.as_str()).collect();
    (!services.is_empty()).then(|| {
        Finding::new(
            "service-endpoint-past-firewall",
            Level::Warning,
            shown(topology, subnet),
            format!("service endpoints {} lead past firewall `{}`: their routes are longer than 0.0.0.0/0", services.join(", "), firewall.name),
            "put the service endpoint on AzureFirewallSubnet, or use private endpoints",
        )
    })
}

fn widened(topology: &Topology, subnet: &Subnet) -> Option<Finding> {
    let Attached::Known(group) = topology.group_of_subnet(subnet) else { return None };
    let tags = TagView::of(topology, subnet, VnetTag::Azure);
    let everything = IpSet::all().in_family(IpFamily::V4);
    if !everything.is_subset(&tags.virtual_network.sure) {
        return None;
    }
    Some(Finding::new(
        "widened-virtual-network",
        Level::Warning,
        shown(topology, subnet),
        format!(
            "in its NSG the tag `VirtualNetwork` holds every address because of route {}: the default rules allow everything",
            tags.widened_by.join(", ")
        ),
        format!(
            "deny by prefixes in `{}`, before the default rules, not by leaving it to them",
            group.name
        ),
    ))
}

fn unknown_appliances(topology: &Topology, subnet: &Subnet) -> Vec<Finding> {
    let Attached::Known(table) = topology.route_table(subnet) else { return Vec::new() };
    let mut found: Vec<Finding> = Vec::new();
    for route in &table.routes {
        let crate::path::topology::WrittenHop::VirtualAppliance(Some(address)) = route.hop else {
            continue;
        };
        let is_known = topology.firewall_at(address).is_some()
            || topology
                .load_balancers
                .iter()
                .any(|it| it.frontends.iter().any(|front| front.address == Some(address)))
            || topology
                .interfaces
                .iter()
                .any(|nic| nic.addresses.iter().any(|it| it.address == Some(address)));
        if !is_known {
            found.push(Finding::new(
                "unknown-next-hop",
                Level::Warning,
                format!("{}/{}", table.name, route.name),
                format!("no firewall, load balancer or interface among the files has the next hop {address} (subnet {})", subnet.name),
                "correct the address, or export what has it",
            ));
        }
    }
    found
}

fn own_loop(topology: &Topology, subnet: &Subnet, routes: &Routes) -> Option<Finding> {
    let firewall = firewall_of(topology, default_hop(routes))?;
    let is_own = firewall.subnet.as_ref().is_some_and(|id| id.agrees_with(&subnet.id));
    is_own.then(|| {
        Finding::new(
            "firewall-loop",
            Level::Error,
            shown(topology, subnet),
            format!("the firewall's own subnet routes to firewall `{}`", firewall.name),
            "let 0.0.0.0/0 of AzureFirewallSubnet go to Internet",
        )
    })
}

/// Two subnets of which one goes through the firewall to the other, and the other answers directly.
fn pairs(world: &World<'_>, routes: &[Routes]) -> Vec<Finding> {
    let topology = world.topology;
    // A firewall that translates every source gets every answer.
    let hides_all = |firewall: &Firewall, to: IpAddr| {
        let rules = world.rules(firewall).ok();
        let kept = firewall_source(rules, Some(Stage::Network), &IpSet::single(to));
        kept == FirewallSource::Translated
    };
    let first =
        |subnet: &Subnet| -> Option<IpAddr> { Some(subnet.addresses.ranges().next()?.first()) };
    let all: Vec<(&Subnet, &Routes, IpAddr)> = topology
        .subnets
        .iter()
        .zip(routes)
        .filter(|(subnet, _)| !is_platform(&subnet.name))
        .filter_map(|(subnet, routes)| Some((subnet, routes, first(subnet)?)))
        .collect();
    let hop = |routes: &Routes, to: IpAddr| routes.lookup(to).map(|route| route.hop);
    let mut found = Vec::new();
    for &(subnet, routes, own) in &all {
        let mut lost: Vec<String> = Vec::new();
        let mut firewall = None;
        for &(other, back, to) in &all {
            let there = firewall_of(topology, hop(routes, to)).filter(|it| !hides_all(it, to));
            let answer = hop(back, own);
            let is_direct = matches!(
                answer,
                Some(
                    NextHop::VnetLocal | NextHop::Peering | NextHop::GlobalPeering | NextHop::None
                )
            );
            if there.is_some() && is_direct && other.id != subnet.id {
                lost.push(shown(topology, other));
                firewall = there;
            }
        }
        if let Some(firewall) = firewall {
            let name = shown(topology, subnet);
            found.push(Finding::new(
                "asymmetric-route",
                Level::Error,
                name.clone(),
                format!("packets to {} go through firewall `{}`, the answers do not: sessions by network rules are dropped", short_list(&lost), firewall.name),
                format!("give the other side a route for {} to the same firewall", subnet.addresses),
            ));
        }
    }
    found
}

fn short_list(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let head: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => head.join(", "),
        more => format!("{} and {more} more subnets", head.join(", ")),
    }
}

/// Public load balancers whose backends answer through the firewall.
fn public_balancers(topology: &Topology, routes: &[Routes]) -> Vec<Finding> {
    let mut found = Vec::new();
    let routes_at = |address: IpAddr| {
        let at = topology.subnets.iter().position(|subnet| subnet.addresses.contains(address))?;
        routes.get(at)
    };
    let mut add = |subject: String, what: &str, backend: IpAddr| {
        let firewall =
            routes_at(backend).and_then(|routes| firewall_of(topology, default_hop(routes)));
        if let Some(firewall) = firewall {
            found.push(Finding::new(
                "asymmetric-load-balancer",
                Level::Error,
                subject,
                format!("{what} is public, and its backends answer through firewall `{}`, which has no session for the answers", firewall.name),
                "publish it by a DNAT rule to an internal load balancer",
            ));
        }
    };
    let is_public = |address: &IpAddr| public(IpFamily::V4).contains(*address);
    for service in &topology.kubernetes.services {
        let node = topology.kubernetes.nodes.iter().find_map(|node| node.addresses.first());
        if let (Some(_), Some(&node)) = (service.external.iter().find(|it| is_public(it)), node) {
            add(format!("{}/{}", service.namespace, service.name), "the service", node);
        }
    }
    for balancer in &topology.load_balancers {
        let has_public = balancer.frontends.iter().any(|front| front.public.is_some());
        if let (true, false, Some(&backend)) =
            (has_public, balancer.rules.is_empty(), balancer.backends.first())
        {
            add(balancer.name.to_string(), "the load balancer", backend);
        }
    }
    found
}
