//! Load balancers: those among the files, and those of services of type `LoadBalancer`.

use std::net::IpAddr;

use super::hop::{HopVerdict, Layer};
use super::packet::{Packet, Place};
use super::topology::{Direction, Firewall, Frontend, LoadBalancer, LoadBalancerRule, Service};
use super::walk::{MachineKind, Step, Walk};
use crate::net::{IpRange, IpSet};
use crate::policy::ResourceId;

impl<'a> Walk<'a> {
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
        self.reach_backend(service, target);
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
    fn reach_backend(&mut self, service: &'a Service, port: Option<u16>) {
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
    pub(super) fn at_balancer(&mut self, to: IpAddr, via: Option<&'a Firewall>) -> bool {
        let Some((balancer, front)) = self.balancer_at(to) else { return false };
        let title = format!("load balancer {}", balancer.name);
        let is_of_front = |id: &ResourceId| {
            front.id.as_ref().map_or_else(|| id.name() == front.name, |own| own.agrees_with(id))
        };
        let rule = balancer.rules.iter().find(|rule| {
            rule.frontend.as_ref().is_none_or(is_of_front)
                && rule.protocol.is_none_or(|protocol| protocol == self.packet.protocol.ip())
                && (rule.frontend_port == 0 || Some(rule.frontend_port) == self.packet.port)
        });
        let missing = match rule {
            None => {
                self.hop(Layer::LoadBalancer, &title, HopVerdict::Drop, "no rule for this port");
                return true;
            }
            Some(rule) => self.reach_pool(balancer, rule, &title, via),
        };
        if let Some(missing) = missing {
            self.hop(Layer::LoadBalancer, &title, HopVerdict::NoData, missing);
        }
        true
    }

    /// On to a member of the pool; what is missing, where the way ends for that.
    fn reach_pool(
        &mut self,
        balancer: &LoadBalancer,
        rule: &LoadBalancerRule,
        title: &str,
        via: Option<&'a Firewall>,
    ) -> Option<&'static str> {
        let backends = self.backends(balancer);
        let Some(&first) = backends.first() else {
            return Some("the members of its pools are not among the files");
        };
        let mut set: IpSet = backends.iter().copied().map(IpRange::single).collect();
        if rule.is_floating {
            set = set.union(self.packet.destination.addresses());
        }
        let place = Place::within(set, &format!("a backend of {}", balancer.name))
            .unwrap_or_else(|| Place::at(first));
        let port = if rule.backend_port == 0 || rule.is_floating {
            self.packet.port
        } else {
            Some(rule.backend_port)
        };
        let packet = Packet { destination: place, port, ..self.packet.clone() };
        self.translate(Layer::LoadBalancer, title, packet, &format!("rule {}", rule.name));
        let Some(spot) = self.spot_at(first, MachineKind::Unknown) else {
            return Some("the subnet of its pool is not among the files");
        };
        if self.groups(spot, Direction::Inbound) == Step::On {
            self.reply(spot.subnet, via, false);
        }
        None
    }

    fn balancer_at(&self, to: IpAddr) -> Option<(&'a LoadBalancer, &'a Frontend)> {
        let topology = self.world.topology;
        topology.load_balancers.iter().find_map(|balancer| {
            let front = balancer.frontends.iter().find(|front| {
                let public =
                    front.public.as_ref().and_then(|id| topology.public_address(id)?.address);
                front.address == Some(to) || public == Some(to)
            })?;
            Some((balancer, front))
        })
    }

    /// The members of all pools of a balancer.
    fn backends(&self, balancer: &LoadBalancer) -> Vec<IpAddr> {
        let nics = &self.world.topology.interfaces;
        let address = |id: &ResourceId| {
            // The id of a configuration begins with that of its interface.
            let nic = id.parent()?;
            nics.iter().find(|it| it.id.agrees_with(&nic))?.addresses.first()?.address
        };
        let configured = balancer.backend_interfaces.iter().filter_map(address);
        let mut all: Vec<IpAddr> = balancer.backends.iter().copied().chain(configured).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}
