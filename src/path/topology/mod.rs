//! The network around a firewall as its exports describe it, and the links between resources.

mod effective;
mod fields;
mod kubernetes;
mod network;
mod peering;
mod read;
mod security;
mod sites;

use std::net::IpAddr;

use ipnet::IpNet;
use smol_str::SmolStr;

use crate::net::{IpFamily, IpSet};
use crate::policy::{ResourceId, SideTables};

pub use effective::{EffectiveRoute, EffectiveRoutes};
pub use kubernetes::{
    Cluster, ClusterPlugin, Kubernetes, Masquerade, Node, NodePool, Pod, Service,
};
pub use network::{
    EndpointPolicies, Firewall, Frontend, Interface, InterfaceAddress, LoadBalancer,
    LoadBalancerRule, Machine, Network, PrivateEndpoint, PublicAddress, RouteTable,
    ServiceEndpoint, Subnet, WrittenHop, WrittenRoute,
};
pub use peering::Peering;
pub use read::{Reading, read};
pub use security::{
    Access, AdminRules, Direction, EffectiveGroup, RuleEnd, SecurityGroup, SecurityRule,
};
pub use sites::{Restriction, RestrictionSource, Site};

/// Everything that the files hold about the network.
#[derive(Debug, Clone, Default)]
pub struct Topology {
    pub networks: Vec<Network>,
    pub subnets: Vec<Subnet>,
    pub route_tables: Vec<RouteTable>,
    pub security_groups: Vec<SecurityGroup>,
    pub interfaces: Vec<Interface>,
    pub machines: Vec<Machine>,
    pub public_addresses: Vec<PublicAddress>,
    pub private_endpoints: Vec<PrivateEndpoint>,
    pub firewalls: Vec<Firewall>,
    pub load_balancers: Vec<LoadBalancer>,
    pub clusters: Vec<Cluster>,
    pub kubernetes: Kubernetes,
    pub sites: Vec<Site>,
    /// Prefixes that a gateway has learned or is told about.
    pub learned: Vec<IpNet>,
    pub admin_rules: Vec<AdminRules>,
    pub effective_groups: Vec<EffectiveGroup>,
    pub effective_routes: Vec<EffectiveRoutes>,
    /// Service tags and DNS answers.
    pub tables: SideTables,
    /// What the files hold at all: a list that is there and empty is not a missing one.
    pub has: Present,
}

/// Which kinds of exports are among the files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Present {
    pub interfaces: bool,
    pub learned: bool,
}

/// A resource that another one refers to.
#[derive(Debug)]
pub enum Attached<'a, T> {
    /// Nothing is referred to.
    None,
    Known(&'a T),
    /// It is referred to and not among the files.
    Missing(&'a ResourceId),
}

impl<T> Clone for Attached<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Attached<'_, T> {}

fn attached<'a, T>(
    id: Option<&'a ResourceId>,
    all: &'a [T],
    id_of: impl Fn(&T) -> &ResourceId,
) -> Attached<'a, T> {
    match id {
        None => Attached::None,
        Some(id) => match all.iter().find(|it| id_of(it).agrees_with(id)) {
            Some(found) => Attached::Known(found),
            None => Attached::Missing(id),
        },
    }
}

impl Topology {
    /// The network that a subnet belongs to.
    #[must_use]
    pub fn network_of(&self, subnet: &Subnet) -> Option<&Network> {
        self.networks.get(subnet.network)
    }

    #[must_use]
    pub fn network(&self, id: &ResourceId) -> Option<&Network> {
        self.networks.iter().find(|network| network.id.agrees_with(id))
    }

    #[must_use]
    pub fn subnet(&self, id: &ResourceId) -> Option<&Subnet> {
        self.subnets.iter().find(|subnet| subnet.id.agrees_with(id))
    }

    /// The subnets that hold `address`: several, where networks overlap.
    pub fn subnets_at(&self, address: IpAddr) -> impl Iterator<Item = &Subnet> {
        self.subnets.iter().filter(move |subnet| subnet.addresses.contains(address))
    }

    /// The subnet that holds `address` as seen from `network`: its own, else one of a peer.
    #[must_use]
    pub fn subnet_near(&self, address: IpAddr, network: &Network) -> Option<&Subnet> {
        let own = |subnet: &&Subnet| self.network_of(subnet).is_some_and(|it| it.id == network.id);
        let is_peer = |subnet: &&Subnet| {
            let other = self.network_of(subnet).map(|other| &other.id);
            let mut peerings = network.peerings.iter();
            other.is_some_and(|id| peerings.any(|peering| peering.remote.agrees_with(id)))
        };
        let found = self.subnets_at(address).find(own);
        found.or_else(|| self.subnets_at(address).find(is_peer))
    }

    /// The route table of a subnet: the subnet names it, or it names the subnet.
    #[must_use]
    pub fn route_table<'a>(&'a self, subnet: &'a Subnet) -> Attached<'a, RouteTable> {
        let lists = |table: &&RouteTable| table.subnets.iter().any(|it| it.agrees_with(&subnet.id));
        match (&subnet.route_table, self.route_tables.iter().find(lists)) {
            (None, Some(table)) => Attached::Known(table),
            (id, _) => attached(id.as_ref(), &self.route_tables, |table| &table.id),
        }
    }

    #[must_use]
    pub fn group_of_subnet<'a>(&'a self, subnet: &'a Subnet) -> Attached<'a, SecurityGroup> {
        let lists =
            |group: &&SecurityGroup| group.subnets.iter().any(|it| it.agrees_with(&subnet.id));
        match (&subnet.security_group, self.security_groups.iter().find(lists)) {
            (None, Some(group)) => Attached::Known(group),
            (id, _) => attached(id.as_ref(), &self.security_groups, |group| &group.id),
        }
    }

    #[must_use]
    pub fn group_of_interface<'a>(&'a self, nic: &'a Interface) -> Attached<'a, SecurityGroup> {
        let lists =
            |group: &&SecurityGroup| group.interfaces.iter().any(|it| it.agrees_with(&nic.id));
        match (&nic.security_group, self.security_groups.iter().find(lists)) {
            (None, Some(group)) => Attached::Known(group),
            (id, _) => attached(id.as_ref(), &self.security_groups, |group| &group.id),
        }
    }

    /// The interface that has `address` in a subnet of `network`.
    #[must_use]
    pub fn interface_at(&self, address: IpAddr, network: &Network) -> Option<&Interface> {
        self.interfaces.iter().find(|nic| {
            nic.addresses.iter().any(|own| {
                own.address == Some(address)
                    && own
                        .subnet
                        .as_ref()
                        .and_then(ResourceId::parent)
                        .is_none_or(|parent| parent.agrees_with(&network.id))
            })
        })
    }

    #[must_use]
    pub fn public_address(&self, id: &ResourceId) -> Option<&PublicAddress> {
        self.public_addresses.iter().find(|it| it.id.agrees_with(id))
    }

    /// The firewall that has the private address.
    #[must_use]
    pub fn firewall_at(&self, address: IpAddr) -> Option<&Firewall> {
        self.firewalls.iter().find(|firewall| firewall.private.contains(&address))
    }

    /// The peers of a network that packets reach: its connected peerings with their prefixes.
    pub fn open_peerings<'a>(&self, network: &'a Network) -> impl Iterator<Item = &'a Peering> {
        network.peerings.iter().filter(|peering| peering.is_connected && peering.allows_access)
    }

    /// The networks that `network` is peered with and whose files are there.
    pub fn peers<'a>(&'a self, network: &'a Network) -> impl Iterator<Item = &'a Network> {
        self.open_peerings(network).filter_map(|peering| self.network(&peering.remote))
    }

    /// Whether a gateway gives this network routes: its own, or that of a peer.
    #[must_use]
    pub fn gateway(&self, network: &Network) -> bool {
        let has_own = |network: &Network| {
            self.subnets.iter().any(|subnet| {
                subnet.name.eq_ignore_ascii_case("GatewaySubnet")
                    && self.network_of(subnet).is_some_and(|it| it.id == network.id)
            })
        };
        has_own(network) || self.open_peerings(network).any(|peering| peering.uses_remote_gateway)
    }

    /// The AKS cluster that a node address belongs to; the only one where no subnet says it.
    #[must_use]
    pub fn cluster_of(&self, node: IpAddr) -> Option<&Cluster> {
        let holds = |cluster: &&Cluster| {
            let pools = cluster.pools.iter().filter_map(|pool| pool.subnet.as_ref());
            pools.filter_map(|id| self.subnet(id)).any(|subnet| subnet.addresses.contains(node))
        };
        let found = self.clusters.iter().find(holds);
        found.or(match self.clusters.as_slice() {
            [only] => Some(only),
            _ => None,
        })
    }

    /// The addresses of a service tag, `None` when no file lists it.
    #[must_use]
    pub fn tag(&self, name: &str) -> Option<&IpSet> {
        self.tables.service_tag(name)
    }
}

/// Addresses that nobody routes to on the Internet, both families.
#[must_use]
pub fn reserved() -> IpSet {
    const RESERVED: [&str; 15] = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/3",
        "4000::/2",
        "8000::/1",
    ];
    RESERVED.iter().filter_map(|text| text.parse::<IpNet>().ok()).collect()
}

/// Addresses of the Internet: what the tag `Internet` holds for a network without routes of its own.
#[must_use]
pub fn public(family: IpFamily) -> IpSet {
    IpSet::all().in_family(family).without(&reserved())
}

/// A name of a resource for people: the last part of its id.
#[must_use]
pub fn short(id: &ResourceId) -> SmolStr {
    id.name().into()
}
