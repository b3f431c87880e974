//! The far end of a journey: machines, pods, endpoints and load balancers, and the way back.

use std::net::IpAddr;

use super::app_service::Via;
use super::hop::{HopVerdict, Layer};
use super::nat::{self, FirewallSource};
use super::packet::{Packet, Place};
use super::routes::{NextHop, Routes};
use super::topology::{ClusterPlugin, Direction, Firewall, Pod, PrivateEndpoint, Service, Subnet};
use super::walk::{MachineKind, Spot, Step, Walk};
use super::{firewall, topology};
use crate::net::{IpFamily, IpProtocol, IpRange, IpSet};

impl<'a> Walk<'a> {
    /// Through a firewall: its rules, its source address, the routes behind it.
    pub(super) fn through(&mut self, from: Spot<'a>, firewall: &'a Firewall) {
        let title = format!("firewall {}", firewall.name);
        if firewall.subnet.as_ref().is_some_and(|id| id.agrees_with(&from.subnet.id)) {
            self.hop(
                Layer::Firewall,
                &title,
                HopVerdict::Drop,
                "its own routes lead back to itself",
            );
            return;
        }
        self.bypasses = Some(false);
        let (step, stage) = self.rules(firewall, &title);
        if step == Step::End {
            return;
        }
        let ruleset = self.world.rules(firewall).ok();
        let to = self.packet.destination.addresses().clone();
        let kept = nat::firewall_source(ruleset, stage, &to);
        let is_public = !to.overlaps(&topology::reserved());
        let (place, reason) = match (kept, is_public) {
            (FirewallSource::Kept, _) => (None, ""),
            (FirewallSource::Translated, true) => {
                (self.public_place(firewall), "the firewall's public address")
            }
            (FirewallSource::Translated, false) => {
                (self.inner_place(firewall), "an address of the firewall's subnet")
            }
            (FirewallSource::Unknown, _) => (
                self.inner_place(firewall).and_then(|inner| {
                    let both = inner.addresses().union(self.packet.source.addresses());
                    Place::within(both, &format!("{} or {inner}", self.packet.source))
                }),
                "it depends on whether a network or an application rule allows it",
            ),
        };
        if let Some(place) = place {
            let packet = Packet { source: place, ..self.packet.clone() };
            let title = format!("source NAT of {}", firewall.name);
            self.translate(Layer::SourceNat, &title, packet, reason);
        }
        self.behind(firewall);
    }

    /// What the rules of a firewall say; with the stage that decides.
    pub(super) fn rules(
        &mut self,
        firewall: &'a Firewall,
        title: &str,
    ) -> (Step, Option<crate::evaluate::Stage>) {
        let world = self.world;
        match world.rules(firewall) {
            Err(reason) => {
                let reason = format!("not evaluated (no data): {reason}");
                let step = self.hop(Layer::Firewall, title, HopVerdict::NoData, &reason);
                self.last(|hop| hop.object = Some(firewall.id.as_str().to_owned()));
                (step, None)
            }
            Ok(ruleset) => {
                let passage = firewall::passage(ruleset, &self.packet, self.target.name.as_ref());
                let step = self.hop(Layer::Firewall, title, passage.verdict, &passage.reason);
                let seen = self.packet.source.to_string();
                self.last(|hop| {
                    hop.object = Some(firewall.id.as_str().to_owned());
                    hop.rule = passage.rule;
                    hop.needs = passage.needs;
                    hop.notes = passage.notes;
                    hop.notes.push(format!("source seen: {seen}"));
                });
                if let Some(translation) = passage.translation
                    && let Some(address) = translation.address
                {
                    let packet = Packet {
                        destination: Place::at(address),
                        port: translation.port.or(self.packet.port),
                        ..self.packet.clone()
                    };
                    self.translate(
                        Layer::Firewall,
                        &format!("DNAT of {}", firewall.name),
                        packet,
                        "destination of the rule",
                    );
                }
                (step, passage.stage)
            }
        }
    }

    fn public_place(&self, firewall: &Firewall) -> Option<Place> {
        let topology = self.world.topology;
        let named = firewall.public.iter().filter_map(|id| topology.public_address(id)?.address);
        let all: IpSet =
            named.chain(firewall.public_literals.iter().copied()).map(IpRange::single).collect();
        Place::within(all, &format!("a public address of {}", firewall.name))
    }

    pub(super) fn inner_place(&self, firewall: &Firewall) -> Option<Place> {
        let subnet = firewall.subnet.as_ref().and_then(|id| self.world.topology.subnet(id));
        match subnet {
            Some(subnet) => Place::within(subnet.addresses.clone(), &subnet.name),
            None => {
                let own = firewall.private.iter().copied().map(IpRange::single).collect();
                Place::within(own, "the firewall's private address")
            }
        }
    }

    /// From the firewall's subnet on.
    pub(super) fn behind(&mut self, firewall: &'a Firewall) {
        let topology = self.world.topology;
        let subnet = firewall.subnet.as_ref().and_then(|id| topology.subnet(id));
        let spot = subnet.and_then(|subnet| {
            let network = topology.network_of(subnet)?;
            Some(Spot { subnet, network, machine: MachineKind::None })
        });
        let Some(spot) = spot else {
            let reason = "not evaluated (no data): the firewall's subnet is not among the files";
            self.hop(
                Layer::Route,
                &format!("route behind {}", firewall.name),
                HopVerdict::NoData,
                reason,
            );
            return;
        };
        let routes = Routes::of(topology, spot.subnet);
        let Some(route) = self.route(spot, &routes) else { return };
        match route.hop {
            NextHop::Internet => self.arrive_public(None, None),
            NextHop::VnetLocal
            | NextHop::Peering
            | NextHop::GlobalPeering
            | NextHop::InterfaceEndpoint => self.arrive_private(spot, Some(firewall)),
            NextHop::ServiceEndpoint | NextHop::Gateway | NextHop::Appliance(_) | NextHop::None => {
                self.follow(spot, &route)
            }
        }
    }

    /// A destination on the Internet.
    pub(super) fn arrive_public(&mut self, source: Option<Place>, _from: Option<Spot<'a>>) {
        if let Some(source) = source.filter(|source| *source != self.packet.source) {
            let packet = Packet { source, ..self.packet.clone() };
            self.translate(Layer::SourceNat, "egress address", packet, "outbound address");
        }
        if self.admit(Via::Public) == Step::On && self.bypasses == Some(false) {
            self.hop(Layer::Reply, "reply", HopVerdict::Allow, "same firewall: symmetric");
        }
    }

    /// A destination in the network or a peer, seen from `from`.
    pub(super) fn arrive_private(&mut self, from: Spot<'a>, via: Option<&'a Firewall>) {
        let topology = self.world.topology;
        let Some(to) = self.packet.destination.addresses().ranges().next().map(|it| it.first())
        else {
            return;
        };
        let endpoint = topology.private_endpoints.iter().find(|it| it.addresses.contains(&to));
        if let Some(endpoint) = endpoint {
            return self.at_endpoint(endpoint, via);
        }
        if let Some(service) =
            topology.kubernetes.services.iter().find(|it| it.external.contains(&to))
        {
            return self.at_service(service, via);
        }
        if self.at_balancer(to, via) {
            return;
        }
        let Some(subnet) = topology.subnet_near(to, from.network) else {
            let reason = format!("not evaluated (no data): no subnet among the files holds {to}");
            self.hop(Layer::Endpoint, "destination", HopVerdict::NoData, &reason);
            return;
        };
        let Some(network) = topology.network_of(subnet) else { return };
        let machine = self.machine(to, network, MachineKind::Unknown);
        let pod = topology.kubernetes.pod_at(to);
        let machine = if pod.is_some() { MachineKind::Node } else { machine };
        let spot = Spot { subnet, network, machine };
        if self.groups(spot, Direction::Inbound) == Step::End {
            return;
        }
        if let Some(pod) = pod
            && self.policy(Direction::Inbound, pod) == Step::End
        {
            return;
        }
        self.reply(subnet, via, false);
    }

    fn at_endpoint(&mut self, endpoint: &'a PrivateEndpoint, via: Option<&'a Firewall>) {
        let topology = self.world.topology;
        let title = format!("private endpoint {}", endpoint.name);
        let is_closed =
            endpoint.state.as_ref().is_some_and(|state| !state.eq_ignore_ascii_case("Approved"));
        if is_closed {
            let reason = format!(
                "its connection is {}",
                endpoint.state.as_deref().unwrap_or("not approved")
            );
            self.hop(Layer::Endpoint, &title, HopVerdict::Drop, &reason);
            return;
        }
        let subnet = endpoint.subnet.as_ref().and_then(|id| topology.subnet(id));
        let Some((subnet, network)) = subnet.and_then(|it| Some((it, topology.network_of(it)?)))
        else {
            self.hop(
                Layer::Endpoint,
                &title,
                HopVerdict::NoData,
                "its subnet is not among the files",
            );
            return;
        };
        if subnet.endpoint_policies.security_group {
            let spot = Spot { subnet, network, machine: MachineKind::None };
            if self.groups(spot, Direction::Inbound) == Step::End {
                return;
            }
        }
        let reason = if subnet.endpoint_policies.security_group {
            "reached"
        } else {
            "reached; network policies of its subnet are off, so no NSG is asked"
        };
        self.hop(Layer::Endpoint, &title, HopVerdict::Allow, reason);
        self.last(|hop| hop.object = Some(endpoint.id.as_str().to_owned()));
        if self.admit(Via::PrivateEndpoint(endpoint)) == Step::On {
            self.reply(subnet, via, true);
        }
    }

    /// The balancer of a service of type `LoadBalancer`: on to the nodes and a pod behind it.
    pub(super) fn at_service(&mut self, service: &'a Service, via: Option<&'a Firewall>) {
        let topology = self.world.topology;
        let title = format!("load balancer of service {}/{}", service.namespace, service.name);
        let port = self.packet.port;
        let known = service
            .ports
            .iter()
            .find(|it| Some(it.port) == port && it.protocol == self.packet.protocol.ip());
        let Some(known) = known else {
            self.hop(Layer::LoadBalancer, &title, HopVerdict::Drop, "the service has no such port");
            return;
        };
        let nodes: IpSet = topology
            .kubernetes
            .nodes
            .iter()
            .flat_map(|node| node.addresses.iter().copied())
            .map(IpRange::single)
            .collect();
        let all = nodes.union(self.packet.destination.addresses());
        let name = format!("{} on a node", self.packet.destination);
        let Some(place) = Place::within(all, &name).filter(|_| !nodes.is_empty()) else {
            self.hop(
                Layer::LoadBalancer,
                &title,
                HopVerdict::NoData,
                "the nodes are not among the files",
            );
            return;
        };
        self.translate(
            Layer::LoadBalancer,
            &title,
            Packet { destination: place, ..self.packet.clone() },
            "one of the nodes",
        );
        let node = topology.kubernetes.nodes.iter().find_map(|node| node.addresses.first());
        let Some(spot) = node.and_then(|&node| self.spot_at(node, MachineKind::Node)) else {
            self.hop(
                Layer::LoadBalancer,
                &title,
                HopVerdict::NoData,
                "the subnet of the nodes is not among the files",
            );
            return;
        };
        if self.groups(spot, Direction::Inbound) == Step::End {
            return;
        }
        let target = known.target;
        self.to_backend(service, target);
        if self
            .hops
            .last()
            .is_some_and(|hop| matches!(hop.verdict, HopVerdict::Deny | HopVerdict::Drop))
        {
            return;
        }
        self.reply(spot.subnet, via, false);
    }

    /// From a node to one of the pods of a service.
    fn to_backend(&mut self, service: &'a Service, port: Option<u16>) {
        let topology = self.world.topology;
        let mut pods = topology.kubernetes.behind(service);
        let Some((pod, address)) = pods.find_map(|pod| Some((pod, *pod.addresses.first()?))) else {
            let title = format!("pods of service {}/{}", service.namespace, service.name);
            self.hop(
                Layer::Kubernetes,
                &title,
                HopVerdict::NoData,
                "no pod among the files is selected by it",
            );
            return;
        };
        let more = pods.count();
        if more > 0 {
            self.assume(format!(
                "pod {} stands for {more} more of service {}/{}",
                pod.name, service.namespace, service.name
            ));
        }
        let outside = self.packet.clone();
        let nodes =
            topology.kubernetes.nodes.iter().flat_map(|node| node.addresses.iter().copied());
        let source = if service.keeps_source {
            None
        } else {
            Place::within(nodes.map(IpRange::single).collect(), "a node")
        };
        self.packet = Packet {
            source: source.unwrap_or_else(|| self.packet.source.clone()),
            destination: Place::at(address),
            port,
            ..self.packet.clone()
        };
        self.policy(Direction::Inbound, pod);
        // The reply is judged by what the node sees.
        self.packet = outside;
    }

    /// A load balancer among the files; whether there is one at `to`.
    fn at_balancer(&mut self, to: IpAddr, via: Option<&'a Firewall>) -> bool {
        let topology = self.world.topology;
        let found = topology.load_balancers.iter().find_map(|balancer| {
            let front = balancer.frontends.iter().find(|front| {
                let public =
                    front.public.as_ref().and_then(|id| topology.public_address(id)?.address);
                front.address == Some(to) || public == Some(to)
            })?;
            Some((balancer, front))
        });
        let Some((balancer, front)) = found else { return false };
        let title = format!("load balancer {}", balancer.name);
        let is_of_front = |id: &crate::policy::ResourceId| {
            front.id.as_ref().map_or_else(|| id.name() == front.name, |own| own.agrees_with(id))
        };
        let rule = balancer.rules.iter().find(|rule| {
            rule.frontend.as_ref().is_none_or(is_of_front)
                && rule.protocol.is_none_or(|protocol| protocol == self.packet.protocol.ip())
                && (rule.frontend_port == 0 || Some(rule.frontend_port) == self.packet.port)
        });
        let Some(rule) = rule else {
            self.hop(Layer::LoadBalancer, &title, HopVerdict::Drop, "no rule for this port");
            return true;
        };
        let configured = balancer.backend_interfaces.iter().filter_map(|id| {
            let nic = topology.interfaces.iter().find(|nic| {
                id.as_str().to_ascii_lowercase().starts_with(&nic.id.as_str().to_ascii_lowercase())
            })?;
            nic.addresses.first()?.address
        });
        let mut backends: Vec<IpAddr> =
            balancer.backends.iter().copied().chain(configured).collect();
        backends.sort_unstable();
        backends.dedup();
        let Some(&first) = backends.first() else {
            self.hop(
                Layer::LoadBalancer,
                &title,
                HopVerdict::NoData,
                "the members of its pools are not among the files",
            );
            return true;
        };
        let mut set: IpSet = backends.iter().copied().map(IpRange::single).collect();
        if rule.is_floating {
            set = set.union(self.packet.destination.addresses());
        }
        let place = Place::within(set, &format!("a backend of {}", balancer.name))
            .unwrap_or_else(|| Place::at(first));
        let port = match rule.backend_port {
            0 => self.packet.port,
            port if !rule.is_floating => Some(port),
            _ => self.packet.port,
        };
        let reason = format!("rule {}", rule.name);
        self.translate(
            Layer::LoadBalancer,
            &title,
            Packet { destination: place, port, ..self.packet.clone() },
            &reason,
        );
        let Some(spot) = self.spot_at(first, MachineKind::Unknown) else {
            self.hop(
                Layer::LoadBalancer,
                &title,
                HopVerdict::NoData,
                "the subnet of its pool is not among the files",
            );
            return true;
        };
        if self.groups(spot, Direction::Inbound) == Step::On {
            self.reply(spot.subnet, via, false);
        }
        true
    }

    /// A public load balancer's frontend, for journeys from the Internet.
    pub(super) fn at_public_balancer(&mut self, to: IpAddr) -> bool {
        self.at_balancer(to, None)
    }

    /// Cluster addresses become pods before anything else looks at the packet.
    pub(super) fn to_service(&mut self, pod: &Pod) -> Step {
        let topology = self.world.topology;
        let Some(to) = self.packet.destination.only() else { return Step::On };
        let node = topology.kubernetes.node_of(pod);
        let cluster = node.and_then(|node| topology.cluster_of(node));
        let service = topology.kubernetes.services.iter().find(|it| it.addresses.contains(&to));
        let Some(service) = service else {
            let is_virtual = cluster
                .is_some_and(|it| it.service_prefixes.iter().any(|prefix| prefix.contains(&to)));
            if is_virtual {
                self.hop(
                    Layer::Kubernetes,
                    "service",
                    HopVerdict::NoData,
                    &format!("no service among the files has address {to}"),
                );
                return Step::End;
            }
            return Step::On;
        };
        let title = format!("service {}/{}", service.namespace, service.name);
        let known = service.ports.iter().find(|it| {
            Some(it.port) == self.packet.port && it.protocol == self.packet.protocol.ip()
        });
        let Some(known) = known else {
            return self.hop(
                Layer::Kubernetes,
                &title,
                HopVerdict::Drop,
                "the service has no such port",
            );
        };
        let mut pods = topology.kubernetes.behind(service);
        let Some((backend, address)) = pods.find_map(|pod| Some((pod, *pod.addresses.first()?)))
        else {
            self.hop(
                Layer::Kubernetes,
                &title,
                HopVerdict::NoData,
                "no pod among the files is selected by it",
            );
            return Step::End;
        };
        let more = pods.count();
        if more > 0 {
            self.assume(format!(
                "pod {} stands for {more} more of service {}/{}",
                backend.name, service.namespace, service.name
            ));
        }
        let packet =
            Packet { destination: Place::at(address), port: known.target, ..self.packet.clone() };
        self.translate(Layer::Kubernetes, &title, packet, "one of its pods");
        Step::On
    }

    /// From pod to pod of one cluster.
    pub(super) fn to_pod(&mut self, pod: &'a Pod, node: IpAddr, peer: &'a Pod, spot: Spot<'a>) {
        let topology = self.world.topology;
        self.bypasses = Some(true);
        let other = topology.kubernetes.node_of(peer);
        if other == Some(node) {
            self.hop(
                Layer::Route,
                "route",
                HopVerdict::Bypass,
                "both pods run on one node: the packet never leaves it",
            );
            self.policy(Direction::Inbound, peer);
            return;
        }
        let plugin = topology.cluster_of(node).map(|cluster| cluster.plugin);
        if matches!(plugin, Some(ClusterPlugin::NodeSubnet | ClusterPlugin::PodSubnet)) {
            self.bypasses = None;
            let spot = pod
                .addresses
                .first()
                .and_then(|&own| self.spot_at(own, MachineKind::Node))
                .unwrap_or(spot);
            return self.leave(spot);
        }
        if self.groups(spot, Direction::Outbound) == Step::End {
            return;
        }
        let name = plugin.unwrap_or(ClusterPlugin::Unknown).name();
        self.hop(
            Layer::Route,
            "route",
            HopVerdict::Bypass,
            &format!("{name}: pods reach each other without the routes of the subnet"),
        );
        let far = other.and_then(|node| self.spot_at(node, MachineKind::Node)).unwrap_or(spot);
        if self.groups(far, Direction::Inbound) == Step::On {
            self.policy(Direction::Inbound, peer);
        }
    }

    /// Whether the answer finds the same way back. `subnet` is where the destination stands.
    pub(super) fn reply(
        &mut self,
        subnet: &'a Subnet,
        via: Option<&'a Firewall>,
        is_endpoint: bool,
    ) {
        let topology = self.world.topology;
        let title = "reply";
        let source = self.packet.source.clone();
        let is_of_firewall = |firewall: &Firewall| {
            self.inner_place(firewall)
                .is_some_and(|inner| source.addresses().is_subset(inner.addresses()))
        };
        if is_endpoint && let Some(firewall) = via.filter(|it| !is_of_firewall(it)) {
            let reason = format!(
                "private endpoints answer past the firewall; {} has to translate the source",
                firewall.name
            );
            self.hop(Layer::Reply, title, HopVerdict::Unknown, &reason);
            self.last(|hop| {
                hop.needs.push(
                    "whether the answer of the private endpoint comes back through the firewall"
                        .to_owned(),
                )
            });
            return;
        }
        let routes = Routes::of(topology, subnet);
        let shares = routes.shares(source.addresses());
        let mut hops: Vec<Option<NextHop>> =
            shares.iter().map(|(route, _)| route.map(|it| it.hop)).collect();
        hops.dedup();
        let (&[Some(hop)], Some((Some(route), _))) = (hops.as_slice(), shares.first()) else {
            let verdict = if hops.len() > 1 { HopVerdict::Unknown } else { HopVerdict::Drop };
            let reason =
                if hops.len() > 1 { "it depends on the source's address" } else { "no route back" };
            self.hop(Layer::Reply, title, verdict, reason);
            if verdict == HopVerdict::Unknown {
                self.last(|hop| {
                    hop.needs.push("the source's address, for the way back".to_owned())
                });
            }
            return;
        };
        let needs: Vec<String> =
            routes.doubts(source.addresses(), hop).map(|it| it.need.to_string()).collect();
        let back = match hop {
            NextHop::Appliance(Some(address)) => self.firewall_at(address),
            _ => None,
        };
        let (verdict, reason) =
            way_back(via, back, hop, via.is_some_and(is_of_firewall), self.packet.protocol.ip());
        let verdict = if needs.is_empty() { verdict } else { HopVerdict::Unknown };
        self.hop(Layer::Reply, title, verdict, &format!("{route}: {reason}"));
        self.last(|hop| {
            hop.needs = needs;
            if verdict == HopVerdict::Unknown && hop.needs.is_empty() {
                hop.needs
                    .push("what the firewall does with an answer it has no session for".to_owned());
            }
        });
    }
}

/// Whether the answer passes the same stateful boxes as the question.
fn way_back(
    via: Option<&Firewall>,
    back: Option<&Firewall>,
    hop: NextHop,
    is_translated: bool,
    protocol: IpProtocol,
) -> (HopVerdict, String) {
    let lost = |firewall: &Firewall| {
        let text =
            format!("asymmetric: {} has no session for the answer and drops it", firewall.name);
        // Only TCP has an answer that cannot be taken for a new session.
        if protocol == IpProtocol::TCP {
            (HopVerdict::Drop, text)
        } else {
            (
                HopVerdict::Unknown,
                format!("asymmetric: {} takes the answer for a new session", firewall.name),
            )
        }
    };
    match (via, back) {
        _ if hop == NextHop::None => (HopVerdict::Drop, "the answer is dropped".to_owned()),
        (Some(_), _) if is_translated => (
            HopVerdict::Allow,
            "back to the firewall, whose address the source is: symmetric".to_owned(),
        ),
        (Some(firewall), Some(other)) if firewall.id == other.id => {
            (HopVerdict::Allow, "same firewall: symmetric".to_owned())
        }
        (Some(firewall), None) if !matches!(hop, NextHop::Appliance(_)) => {
            if protocol == IpProtocol::TCP {
                (
                    HopVerdict::Drop,
                    format!(
                        "asymmetric: the answer goes past {}, which then drops the session",
                        firewall.name
                    ),
                )
            } else {
                (HopVerdict::Allow, format!("asymmetric: the answer goes past {}", firewall.name))
            }
        }
        (None, None) if !matches!(hop, NextHop::Appliance(_)) => {
            (HopVerdict::Allow, "direct: symmetric".to_owned())
        }
        (_, Some(other)) => lost(other),
        (_, None) => (HopVerdict::Unknown, "through an appliance that is not known".to_owned()),
    }
}

/// Whether a set holds public addresses alone.
#[must_use]
pub(super) fn is_public(set: &IpSet) -> bool {
    set.is_subset(&topology::public(IpFamily::V4).union(&topology::public(IpFamily::V6)))
}
