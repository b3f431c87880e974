//! Packets to a service: which pods they come to.

use std::net::IpAddr;

use super::{Case, in_one_family};
use crate::cluster::Cluster;
use crate::cluster::decision::{Decision, Door, ServiceHop, Side, Verdict};
use crate::cluster::engine::{Reading, Readings};
use crate::cluster::object::{Pod, Service, ServicePort, TargetPort};
use crate::cluster::packet::{End, Packet, Party, Place};
use crate::cluster::select::own_label;
use crate::net::IpProtocol;
use crate::syntax::selector::Label;

/// Where a service leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cluster) struct Target {
    pub(super) end: End,
    /// `None`: whatever port was asked for.
    pub(super) port: Option<u16>,
}

impl Cluster {
    /// Every endpoint of a service, for all its ports of a protocol.
    pub(in crate::cluster) fn endpoints(
        &self,
        service: &Service,
        protocol: IpProtocol,
    ) -> Vec<Target> {
        let ports = service.ports.iter().filter(|port| port.protocol == protocol);
        ports.flat_map(|port| self.targets(service, port)).collect()
    }

    /// The endpoints behind one port of a service.
    fn targets(&self, service: &Service, port: &ServicePort) -> Vec<Target> {
        let mut targets = Vec::new();
        if let Some(selector) = &service.selector {
            let is_selected = |pod: &&Pod| {
                pod.namespace == service.namespace
                    && !pod.is_finished
                    && selector.iter().all(|(key, value)| own_label(pod, key) == Label::Is(value))
            };
            for pod in self.pods.iter().filter(is_selected) {
                let number = match &port.target {
                    TargetPort::Number(number) => Some(*number),
                    TargetPort::Named(name) => pod.named_ports(name, port.protocol).next(),
                };
                targets.extend(number.map(|n| Target { end: End::Pod(pod.id), port: Some(n) }));
            }
        }
        if !targets.is_empty() {
            return targets;
        }
        for endpoint in &service.endpoints {
            let is_port = |(name, protocol, _): &&(Option<_>, IpProtocol, u16)| {
                *protocol == port.protocol && (*name == port.name || endpoint.ports.len() == 1)
            };
            if let Some(&(_, _, number)) = endpoint.ports.iter().find(is_port) {
                targets.push(Target { end: End::Address(endpoint.address), port: Some(number) });
            }
        }
        targets
    }

    /// The service that answers at an address, by which door.
    fn service_at(&self, address: IpAddr, packet: &Packet) -> Option<(&Service, Door)> {
        let holds = |list: &[IpAddr]| list.contains(&address);
        for service in &self.services {
            if holds(&service.cluster_addresses) {
                return Some((service, Door::ClusterAddress));
            }
            if holds(&service.outer_addresses) {
                return Some((service, Door::OuterAddress));
            }
        }
        if !self.nodes_by_address.contains_key(&address) {
            return None;
        }
        let port = packet.port?;
        let is_node_port =
            |p: &ServicePort| p.protocol == packet.protocol && p.node_port == Some(port);
        let service = self.services.iter().find(|service| service.ports.iter().any(is_node_port));
        service.map(|service| (service, Door::NodePort))
    }

    /// The decision for a packet to the address of a service; nothing where it is none.
    pub(super) fn through_service(&self, packet: &Packet, readings: Readings) -> Option<Decision> {
        let End::Address(address) = packet.destination else { return None };
        let (service, door) = self.service_at(address, packet)?;
        let of_protocol = |port: &&ServicePort| port.protocol == packet.protocol;
        let asked = |port: &&ServicePort| match (door, packet.port) {
            (_, None) => true,
            (Door::NodePort, port_asked) => port.node_port == port_asked,
            (Door::ClusterAddress | Door::OuterAddress, Some(asked)) => port.port == asked,
        };
        let ports = service.ports.iter().filter(of_protocol).filter(asked);
        let targets: Vec<Target> = ports.flat_map(|port| self.targets(service, port)).collect();
        let mut decision = self.over_targets(packet, readings, service, door, &targets);
        decision.service = Some(ServiceHop {
            service: service.to_string(),
            door,
            endpoints: targets.iter().map(|t| self.shown(*t, packet.protocol)).collect(),
        });
        Some(decision)
    }

    /// The decisions for all endpoints as one.
    fn over_targets(
        &self,
        packet: &Packet,
        readings: Readings,
        service: &Service,
        door: Door,
        targets: &[Target],
    ) -> Decision {
        let mut decision = Decision {
            verdict: Verdict::NotEvaluated(format!("{service} has no endpoint for this packet")),
            service: None,
            sides: Vec::new(),
            notes: Vec::new(),
        };
        let source = match self.party(packet.source) {
            Ok(source) => source,
            Err(why) => {
                decision.verdict = Verdict::Undecided(vec![why]);
                return decision;
            }
        };
        let mut verdict: Option<Verdict> = None;
        for target in targets {
            let Ok(destination) = self.party(target.end) else { continue };
            let (source, destination) = in_one_family(source, destination);
            let port = target.port.or(packet.port);
            let case = Case { cluster: self, readings, packet, source, destination, port };
            let one = case.through_door(service, door);
            verdict = Some(match verdict {
                None => one.verdict,
                Some(known) if known.is_like(&one.verdict) => known,
                Some(_) => {
                    let why = format!("the endpoints of {service} differ");
                    Verdict::Undecided(vec![why])
                }
            });
            push_new(&mut decision.sides, one.sides);
            push_new(&mut decision.notes, one.notes);
        }
        if let Some(verdict) = verdict {
            decision.verdict = verdict;
        }
        decision
    }

    fn shown(&self, target: Target, protocol: IpProtocol) -> String {
        let end = match target.end {
            End::Pod(id) => self.pod(id).map_or_else(String::new, ToString::to_string),
            End::Address(address) => address.to_string(),
            End::Outside(address) => address.map_or_else(String::new, |a| a.to_string()),
        };
        match target.port {
            Some(port) => format!("{end} {protocol} {port}"),
            None => end,
        }
    }
}

fn push_new<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
    for one in more {
        if !all.contains(&one) {
            all.push(one);
        }
    }
}

impl Case<'_> {
    /// The decision for one endpoint. With `externalTrafficPolicy: Cluster` a client from outside
    /// may be hidden behind any node.
    fn through_door(&self, service: &Service, door: Door) -> Decision {
        let decision = self.decision();
        let is_from_outside = matches!(self.source.place, Place::Outside | Place::Unclear);
        if door == Door::ClusterAddress || service.keeps_client || !is_from_outside {
            return decision;
        }
        match self.readings.cluster_door_is_open {
            Reading::Yes => {
                let note = "policies do not see what comes in with externalTrafficPolicy: Cluster";
                Decision { verdict: Verdict::Allow, notes: vec![note.to_owned()], ..decision }
            }
            Reading::No | Reading::Unknown => self.behind_nodes(service, decision),
        }
    }

    /// The decision if it is the same for the client and for every node that may stand for it.
    fn behind_nodes(&self, service: &Service, decision: Decision) -> Decision {
        let is_open = self.readings.cluster_door_is_open == Reading::Unknown;
        let node = |index: usize, address: IpAddr| {
            let source = Party { place: Place::Node(index), address: Some(address) };
            Case { source, ..*self }.decision().verdict
        };
        let nodes = self.cluster.nodes_by_address.iter();
        let mut others: Vec<Verdict> = nodes.map(|(&at, &index)| node(index, at)).collect();
        // Its own node is not filtered, and some node is the pod's own.
        if is_open || others.is_empty() {
            others.push(Verdict::Allow);
        }
        if others.iter().all(|other| other.is_like(&decision.verdict)) {
            return decision;
        }
        let why = format!(
            "with externalTrafficPolicy: Cluster of {service} a node stands for the client"
        );
        let sides: Vec<Side> = decision.sides.clone();
        Decision { verdict: Verdict::Undecided(vec![why]), sides, ..decision }
    }
}
