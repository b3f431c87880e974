//! AKS clusters and apps: addresses that run out or collide, and traffic that never enters the network.

use std::collections::BTreeMap;

use super::planning::{
    needed, needed_for_pods, overlay_nodes_max, pods_max_default, smallest_prefix, surge, usable,
};
use super::routing::{default_hop, firewall_of, shown};
use super::{Finding, Level};
use crate::net::IpSet;
use crate::path::routes::Routes;
use crate::path::topology::{Cluster, ClusterPlugin, NodePool, Subnet, Topology};
use crate::policy::ResourceId;

pub(super) fn findings(topology: &Topology, routes: &[Routes]) -> Vec<Finding> {
    let mut found = Vec::new();
    for cluster in &topology.clusters {
        found.extend(sizes(topology, cluster));
        found.extend(ranges(topology, cluster));
        found.extend(overlay(cluster));
    }
    found.extend(apps(topology, routes));
    found
}

/// The nodes that a pool can grow to.
fn nodes(pool: &NodePool) -> u64 {
    pool.count_max.or(pool.count).unwrap_or(1)
}

/// Subnets that are too small for what their pools can grow to.
fn sizes(topology: &Topology, cluster: &Cluster) -> Vec<Finding> {
    let mut needs: BTreeMap<String, (ResourceId, u64)> = BTreeMap::new();
    let mut add = |id: &Option<ResourceId>, count: u64| {
        if let Some(id) = id {
            let key = id.as_str().to_ascii_lowercase();
            needs.entry(key).or_insert_with(|| (id.clone(), 0)).1 += count;
        }
    };
    for pool in &cluster.pools {
        let count = nodes(pool);
        let surge = surge(pool.surge.as_deref(), count);
        let pods = pool.pods_max.unwrap_or_else(|| pods_max_default(cluster.plugin));
        add(&pool.subnet, needed(cluster.plugin, count, surge, pods));
        add(&pool.pod_subnet, needed_for_pods(count, surge, pods));
    }
    let small = needs.into_values().filter_map(|(id, need)| {
        let subnet = topology.subnet(&id)?;
        let room = room(subnet)?;
        (need > room).then(|| {
            let fits = smallest_prefix(need).map_or_else(|| "no prefix".to_owned(), |length| format!("a /{length}"));
            Finding::new(
                "subnet-too-small",
                Level::Warning,
                shown(topology, subnet),
                format!("cluster `{}` ({}) needs {need} addresses with the nodes of an upgrade, the subnet has {room}", cluster.name, cluster.plugin.name()),
                format!("{fits} would do; internal load balancers need some more"),
            )
        })
    });
    small.collect()
}

fn room(subnet: &Subnet) -> Option<u64> {
    let v4 = subnet.prefixes.iter().filter(|prefix| prefix.addr().is_ipv4());
    let lengths: Vec<u8> = v4.map(ipnet::IpNet::prefix_len).collect();
    (!lengths.is_empty()).then(|| lengths.into_iter().map(usable).sum())
}

/// Ranges that AKS refuses, and ranges that collide.
fn ranges(topology: &Topology, cluster: &Cluster) -> Vec<Finding> {
    const FORBIDDEN: [&str; 4] =
        ["169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24"];
    let forbidden: IpSet =
        FORBIDDEN.iter().filter_map(|it| it.parse::<ipnet::IpNet>().ok()).collect();
    let pods: IpSet = cluster.pod_prefixes.iter().collect();
    let services: IpSet = cluster.service_prefixes.iter().collect();
    let mut found = Vec::new();
    let mut add = |check, message: String, help: &str| {
        found.push(Finding::new(check, Level::Error, cluster.name.to_string(), message, help));
    };
    for (what, set) in [("pods", &pods), ("services", &services)] {
        let bad = set.intersection(&forbidden);
        if !bad.is_empty() {
            add(
                "reserved-range",
                format!("the range of {what} holds {bad}, which AKS keeps for itself"),
                "choose another range",
            );
        }
    }
    let networks = topology.networks.iter().map(|network| {
        (format!("network {}", network.name), network.prefixes.iter().collect::<IpSet>())
    });
    let has_pods_of_its_own =
        matches!(cluster.plugin, ClusterPlugin::Overlay | ClusterPlugin::Kubenet);
    let pairs = networks.flat_map(|(name, set)| {
        let pods = has_pods_of_its_own.then(|| ("pods", pods.intersection(&set)));
        let services = Some(("services", services.intersection(&set)));
        pods.into_iter().chain(services).map(move |(what, shared)| (what, name.clone(), shared))
    });
    let inner = has_pods_of_its_own
        .then(|| ("services", "the range of pods".to_owned(), services.intersection(&pods)));
    for (what, name, shared) in pairs.chain(inner) {
        if !shared.is_empty() {
            add(
                "overlapping-range",
                format!("the range of {what} and {name} share {shared}"),
                "ranges of pods and services must be free in every network that the cluster talks to",
            );
        }
    }
    found
}

/// An overlay takes a /24 of its range for each node.
fn overlay(cluster: &Cluster) -> Option<Finding> {
    if cluster.plugin != ClusterPlugin::Overlay {
        return None;
    }
    let prefix = cluster.pod_prefixes.iter().find(|prefix| prefix.addr().is_ipv4())?;
    let most = overlay_nodes_max(prefix.prefix_len());
    let count: u64 = cluster
        .pools
        .iter()
        .map(|pool| nodes(pool) + surge(pool.surge.as_deref(), nodes(pool)))
        .sum();
    (count > most).then(|| {
        Finding::new(
            "pod-range-too-small",
            Level::Warning,
            cluster.name.to_string(),
            format!("the range of pods {prefix} serves {most} nodes, and an upgrade has {count}"),
            "an overlay takes a /24 for each node: choose a wider range",
        )
    })
}

/// Apps whose public traffic never enters the network.
fn apps(topology: &Topology, routes: &[Routes]) -> Vec<Finding> {
    let inside =
        topology.sites.iter().filter(|site| site.subnet.is_some() && site.routes_all != Some(true));
    let found = inside.map(|site| {
        let at = topology
            .subnets
            .iter()
            .position(|subnet| site.subnet.as_ref().is_some_and(|id| id.agrees_with(&subnet.id)));
        let hop = at.and_then(|at| routes.get(at)).and_then(default_hop);
        let level = if firewall_of(topology, hop).is_some() { Level::Warning } else { Level::Info };
        let how = if site.routes_all.is_none() {
            "its export does not say that it routes all"
        } else {
            "route all is off"
        };
        Finding::new(
            "app-without-route-all",
            level,
            site.name.to_string(),
            format!("public traffic of the app never enters the network: {how}"),
            "set `vnetRouteAllEnabled` to true",
        )
    });
    found.collect()
}
