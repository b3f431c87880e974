//! Rules of the firewall whose sources never arrive: addresses of pods that hide behind nodes.

use super::{Finding, Level};
use crate::compile::{AddressCriterion, Ruleset};
use crate::evaluate::RuleRef;
use crate::net::IpSet;
use crate::path::World;
use crate::path::topology::{Cluster, ClusterPlugin, Topology};

pub(super) fn findings(world: &World<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let hidden: Vec<(&Cluster, IpSet)> = world
        .topology
        .clusters
        .iter()
        .filter(|it| matches!(it.plugin, ClusterPlugin::Overlay | ClusterPlugin::Kubenet))
        .map(|cluster| (cluster, hidden(world.topology, cluster)))
        .collect();
    for governed in world.rules {
        let Ok(ruleset) = &governed.rules else { continue };
        for rule in ruleset.rules() {
            let Some(sources) = sources(ruleset, rule) else { continue };
            for (cluster, hidden) in &hidden {
                found.extend(dead(ruleset, rule, sources, cluster, hidden));
            }
        }
    }
    found
}

/// Addresses that pods of the cluster have and nothing else does.
fn hidden(topology: &Topology, cluster: &Cluster) -> IpSet {
    let pods: IpSet = cluster.pod_prefixes.iter().collect();
    let networks: IpSet = topology.networks.iter().flat_map(|network| &network.prefixes).collect();
    pods.without(&networks).without(&topology.learned.iter().collect())
}

fn sources(ruleset: &Ruleset, rule: RuleRef) -> Option<&AddressCriterion> {
    match rule {
        RuleRef::Nat(rank) => ruleset.nat.criteria.get(rank as usize).map(|it| &it.sources),
        RuleRef::Network(rank) => ruleset.network.criteria.get(rank as usize).map(|it| &it.sources),
        RuleRef::Application(rank) => {
            ruleset.application.criteria.get(rank as usize).map(|it| &it.sources)
        }
    }
}

fn dead(
    ruleset: &Ruleset,
    rule: RuleRef,
    sources: &AddressCriterion,
    cluster: &Cluster,
    hidden: &IpSet,
) -> Option<Finding> {
    // A source that holds far more than the pods is not written for them.
    let part = sources.known.intersection(hidden);
    let is_meant = !part.is_empty()
        && sources.known.is_subset(&hidden.union(&part))
        && sources.unknown.is_empty();
    if !is_meant {
        return None;
    }
    let path = ruleset.path(rule).to_string();
    Some(Finding::new(
        "dead-source",
        Level::Warning,
        path,
        format!(
            "the source {} never arrives: pods of cluster `{}` ({}) leave with the address of their node",
            sources.known,
            cluster.name,
            cluster.plugin.name()
        ),
        "name the subnet of the node pool as the source",
    ))
}
