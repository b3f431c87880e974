//! What the service tags of security rules hold where a packet is looked at.

use smol_str::{SmolStr, format_smolstr};

use super::topology::{
    Attached, Cluster, ClusterPlugin, Subnet, Topology, WrittenHop, public, reserved,
};
use crate::net::{IpFamily, IpSet};

/// How much the tag `VirtualNetwork` holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VnetTag {
    /// Address spaces alone.
    Strict,
    /// Also the prefixes of user-defined routes, as Azure fills it: with `0.0.0.0/0` it is everything
    /// (<https://learn.microsoft.com/azure/virtual-network/service-tags-overview>).
    #[default]
    Azure,
}

/// Addresses that are in a tag, and those that may be.
#[derive(Debug, Clone, Default)]
pub struct Members {
    pub sure: IpSet,
    /// Holds `sure`.
    pub possible: IpSet,
    /// What would settle it for the rest.
    pub needs: Vec<SmolStr>,
}

impl Members {
    pub(super) fn known(set: IpSet) -> Self {
        Self { possible: set.clone(), sure: set, needs: Vec::new() }
    }

    /// Nothing is known of it.
    pub(super) fn unknown(need: SmolStr) -> Self {
        Self { sure: IpSet::default(), possible: IpSet::all(), needs: vec![need] }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.sure = self.sure.union(&other.sure);
        self.possible = self.possible.union(&other.possible);
        self.needs.extend(other.needs);
    }

    fn maybe(&mut self, set: &IpSet, need: &str) {
        if !set.is_subset(&self.possible) {
            self.possible = self.possible.union(set);
            self.needs.push(need.into());
        }
    }
}

/// The tags as they are filled for one subnet.
#[derive(Debug, Clone)]
pub struct TagView<'a> {
    topology: &'a Topology,
    /// `VirtualNetwork` without user-defined routes.
    pub strict: Members,
    /// `VirtualNetwork` as it is taken.
    pub virtual_network: Members,
    /// The routes that widened it, by name and prefix.
    pub widened_by: Vec<SmolStr>,
}

/// Where the platform answers: DNS, probes, instance metadata.
const PLATFORM: [&str; 2] = ["168.63.129.16/32", "169.254.169.254/32"];

/// The addresses of the platform that are filtered by their own tags only.
#[must_use]
pub fn platform() -> IpSet {
    PLATFORM.iter().filter_map(|text| text.parse::<ipnet::IpNet>().ok()).collect()
}

impl<'a> TagView<'a> {
    #[must_use]
    pub fn of(topology: &'a Topology, subnet: &Subnet, mode: VnetTag) -> Self {
        let strict = strict(topology, subnet);
        let (mut virtual_network, mut widened_by) = (strict.clone(), Vec::new());
        if mode == VnetTag::Azure
            && let Attached::Known(table) = topology.route_table(subnet)
        {
            for route in &table.routes {
                let prefix = route.prefix.parse::<ipnet::IpNet>().ok();
                let set = prefix.map(|net| std::iter::once(net).collect::<IpSet>());
                let Some(set) = set.or_else(|| topology.tag(&route.prefix).cloned()) else {
                    continue;
                };
                if set.is_subset(&virtual_network.sure) {
                    continue;
                }
                if matches!(route.hop, WrittenHop::VirtualAppliance(_) | WrittenHop::Gateway) {
                    virtual_network.add(Members::known(set));
                    widened_by.push(format_smolstr!("{} ({})", route.name, route.prefix));
                } else {
                    // Which next hops count is not documented.
                    let need = format!("whether route `{}` widens `VirtualNetwork`", route.name);
                    virtual_network.maybe(&set, &need);
                }
            }
        }
        if let Attached::Missing(id) = topology.route_table(subnet) {
            let need = format!("route table `{}`", id.name());
            virtual_network.maybe(&IpSet::all(), &need);
        }
        Self { topology, strict, virtual_network, widened_by }
    }

    /// What a tag of a rule holds.
    #[must_use]
    pub fn members(&self, tag: &str) -> Members {
        match tag.to_ascii_lowercase().as_str() {
            "virtualnetwork" => self.virtual_network.clone(),
            "internet" => self.internet(),
            "azureloadbalancer" => "168.63.129.16".parse().map_or_else(
                |_| Members::default(),
                |address| Members::known(IpSet::single(address)),
            ),
            "azureplatformdns" | "azureplatformimds" | "azureplatformlkm" => {
                Members::known(platform())
            }
            _ => match self.topology.tag(tag) {
                Some(set) => Members::known(set.clone()),
                None => Members::unknown(format_smolstr!("service tag `{tag}`")),
            },
        }
    }

    /// Outside the network and publicly reachable. Whether what a route has put into
    /// `VirtualNetwork` leaves it is not documented.
    fn internet(&self) -> Members {
        let all = public(IpFamily::V4).union(&public(IpFamily::V6));
        let outside = all.without(&self.strict.sure);
        let sure = outside.without(&self.virtual_network.possible);
        let mut needs = Vec::new();
        if sure != outside {
            needs.push(
                "whether `Internet` still holds what a route has put into `VirtualNetwork`".into(),
            );
        }
        Members { sure, possible: outside, needs }
    }
}

fn strict(topology: &Topology, subnet: &Subnet) -> Members {
    let mut members = Members::default();
    let Some(network) = topology.network_of(subnet) else { return members };
    let mut sure: IpSet = network.prefixes.iter().collect();
    for peering in topology.open_peerings(network) {
        sure = sure.union(&peering.prefixes.iter().collect());
        if let Some(remote) = topology.network(&peering.remote) {
            sure = sure.union(&remote.prefixes.iter().collect());
        }
    }
    for cluster in &topology.clusters {
        // Pods of an overlay have addresses beside the network and reach each other under its
        // default rules, so the tag holds them.
        if cluster.plugin == ClusterPlugin::Overlay && is_in(topology, cluster, network) {
            sure = sure.union(&cluster.pod_prefixes.iter().collect());
        }
    }
    members.add(Members::known(
        sure.union(&"168.63.129.16".parse().map(IpSet::single).unwrap_or_default()),
    ));
    if topology.gateway(network) {
        if topology.has.learned {
            members.add(Members::known(topology.learned.iter().collect()));
        } else {
            members.maybe(&reserved(), "the address ranges behind the gateway");
        }
    }
    members
}

fn is_in(topology: &Topology, cluster: &Cluster, network: &super::topology::Network) -> bool {
    let subnets = cluster.pools.iter().filter_map(|pool| pool.subnet.as_ref());
    let mut networks = subnets.filter_map(|id| topology.network_of(topology.subnet(id)?));
    networks.any(|it| it.id == network.id)
}
