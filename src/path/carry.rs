//! Logged flows as the firewall sees them: behind source NAT, and only where a route leads to it.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::nat;
use super::routes::{NextHop, Routes};
use super::topology::{ClusterPlugin, Subnet, Topology};
use crate::flow::Flow;
use crate::net::IpSet;

/// What becomes of a flow before the firewall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// It comes to the firewall like this.
    Arrives(Box<Flow>),
    /// It never comes there, or nobody can say how; what.
    Lost(String),
}

/// Carries flows to the firewall and counts what it does with them.
#[derive(Debug)]
pub struct Carrier<'a> {
    topology: &'a Topology,
    /// Routes by the place of their subnet.
    routes: HashMap<usize, Routes>,
    counts: BTreeMap<&'static str, u64>,
}

const AS_LOGGED: &str = "kept their source";
const TRANSLATED: &str = "left with the address of their node (source NAT)";
const UNPLACED: &str = "come from no subnet of the topology: taken as logged";
const FIREWALL_SUBNET: &str = "AzureFirewallSubnet";

impl<'a> Carrier<'a> {
    #[must_use]
    pub fn new(topology: &'a Topology) -> Self {
        Self { topology, routes: HashMap::new(), counts: BTreeMap::new() }
    }

    /// How many flows came to the firewall in which way.
    #[must_use]
    pub fn counts(&self) -> Vec<(String, u64)> {
        self.counts.iter().map(|(&what, &count)| (what.to_owned(), count)).collect()
    }

    /// A flow of a sensor before the firewall, as the firewall sees it.
    pub fn carry(&mut self, flow: &Flow) -> Carried {
        let Some(destination) = flow.destination else {
            return Carried::Lost("its destination address is not logged".to_owned());
        };
        let source = match self.source(flow.source, destination) {
            Ok(source) => source,
            Err(why) => return Carried::Lost(why),
        };
        let places = self.topology.subnets.iter().enumerate();
        let mut places = places.filter(|(_, subnet)| subnet.addresses.contains(source));
        let how = match (places.next(), places.next()) {
            (Some((index, subnet)), None) => match self.way(index, subnet, destination) {
                Ok(()) if source == flow.source => AS_LOGGED,
                Ok(()) => TRANSLATED,
                Err(why) => return Carried::Lost(why),
            },
            (Some(_), Some(_)) => {
                return Carried::Lost("several subnets hold its source".to_owned());
            }
            (None, _) => UNPLACED,
        };
        *self.counts.entry(how).or_default() += 1;
        let is_kept = source == flow.source;
        Carried::Arrives(Box::new(Flow {
            source,
            source_port: flow.source_port.filter(|_| is_kept),
            ..flow.clone()
        }))
    }

    /// The source behind the node, where it is a pod's.
    fn source(&self, source: IpAddr, destination: IpAddr) -> Result<IpAddr, String> {
        let Topology { kubernetes, clusters, .. } = self.topology;
        let is_hidden = |plugin| matches!(plugin, ClusterPlugin::Overlay | ClusterPlugin::Kubenet);
        let Some(pod) = kubernetes.pod_at(source) else {
            let mut hidden = clusters.iter().filter(|it| is_hidden(it.plugin));
            let is_pods = hidden.any(|it| it.pod_prefixes.iter().any(|net| net.contains(&source)));
            if is_pods {
                return Err("its pod is not among the files, so its node is not known".to_owned());
            }
            return Ok(source);
        };
        if pod.egress_gateway.is_some() {
            return Err("leaves through a Static Egress Gateway, which is not evaluated".to_owned());
        }
        let node = kubernetes.node_of(pod).ok_or("the node of its pod is not known")?;
        let cluster = self.topology.cluster_of(node);
        let is_inside = kubernetes.pod_at(destination).is_some()
            || kubernetes.service_at(destination).is_some()
            || cluster.is_some_and(|it| {
                let own = it.service_prefixes.iter();
                let pods = it.pod_prefixes.iter().filter(|_| is_hidden(it.plugin));
                own.chain(pods).any(|net| net.contains(&destination))
            });
        if is_inside {
            return Err("stays within the cluster".to_owned());
        }
        let network = self.topology.subnets_at(node).next();
        let network = network.and_then(|subnet| self.topology.network_of(subnet));
        let masquerade = kubernetes.masquerade.as_ref();
        let to = IpSet::single(destination);
        let found = nat::pod_source(cluster, masquerade, network, source, node, &to);
        let address = found.place.and_then(|place| place.only());
        address.ok_or_else(|| format!("its source behind the node is {}", found.reason))
    }

    /// Whether the routes of a subnet lead to a firewall.
    fn way(&mut self, index: usize, subnet: &Subnet, to: IpAddr) -> Result<(), String> {
        if subnet.name.eq_ignore_ascii_case(FIREWALL_SUBNET) {
            return Err("comes from the firewall".to_owned());
        }
        let topology = self.topology;
        let routes = self.routes.entry(index).or_insert_with(|| Routes::of(topology, subnet));
        let hop = routes.lookup(to).map(|route| route.hop);
        if let Some(hop) = hop
            && let Some(doubt) = routes.doubts(&IpSet::single(to), hop).next()
        {
            return Err(format!("its route depends on {}", doubt.need));
        }
        match hop {
            Some(NextHop::Appliance(Some(address))) if topology.firewall_at(address).is_some() => {
                Ok(())
            }
            Some(hop @ NextHop::Appliance(_)) => Err(format!("goes to {hop}, no known firewall")),
            Some(
                hop @ (NextHop::VnetLocal
                | NextHop::Peering
                | NextHop::GlobalPeering
                | NextHop::ServiceEndpoint
                | NextHop::InterfaceEndpoint
                | NextHop::Gateway
                | NextHop::Internet
                | NextHop::None),
            ) => Err(format!("goes past the firewall ({})", hop.name())),
            None => Err("has no route".to_owned()),
        }
    }
}
