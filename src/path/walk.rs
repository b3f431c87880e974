//! A journey from its origin on: the stations in the order in which a packet meets them.

use std::net::IpAddr;

use super::World;
use super::ends::{Origin, Target};
use super::hop::{Hop, HopVerdict, Journey, Layer, NoData, decision};
use super::packet::Packet;
use super::topology::{Direction, Interface, Network, Pod, Subnet};

/// Where a packet is when a filter or a router looks at it.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    pub(super) subnet: &'a Subnet,
    pub(super) network: &'a Network,
    pub(super) machine: MachineKind<'a>,
}

/// What is known of the interface of a machine.
#[derive(Clone, Copy)]
pub(super) enum MachineKind<'a> {
    Interface(&'a Interface),
    /// A node of AKS: its interface is part of a scale set and managed by AKS.
    Node,
    /// No export says.
    Unknown,
    /// Not a machine: a site's integration, a private endpoint.
    None,
}

/// A journey under way.
pub(super) struct Walk<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) packet: Packet,
    pub(super) target: &'a Target,
    pub(super) hops: Vec<Hop>,
    pub(super) bypasses: Option<bool>,
    pub(super) stays_in_cluster: bool,
    pub(super) assumptions: Vec<String>,
    pub(super) missing: Vec<String>,
    /// Part of the possible destinations went another way: denials hold for the rest only.
    pub(super) is_conditional: bool,
}

/// Whether the walk goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    On,
    /// Denied, dropped, or nothing more can be told.
    End,
}

impl<'a> Walk<'a> {
    pub(super) fn new(world: &'a World<'a>, packet: Packet, target: &'a Target) -> Self {
        Self {
            world,
            packet,
            target,
            hops: Vec::new(),
            bypasses: None,
            stays_in_cluster: false,
            assumptions: target.assumptions.clone(),
            missing: Vec::new(),
            is_conditional: false,
        }
    }

    pub(super) fn finish(self, from: &str, to: &str, packet: Packet) -> Journey {
        let (decision, decided_at) =
            decision(&self.hops, self.world.settings.no_data, self.is_conditional);
        Journey {
            from: from.to_owned(),
            to: to.to_owned(),
            packet,
            hops: self.hops,
            decision,
            decided_at,
            bypasses: self.bypasses,
            stays_in_cluster: self.stays_in_cluster,
            assumptions: self.assumptions,
            missing: self.missing,
        }
    }

    /// Adds a station that leaves the packet as it is.
    pub(super) fn hop(
        &mut self,
        layer: Layer,
        title: &str,
        verdict: HopVerdict,
        reason: &str,
    ) -> Step {
        let (before, after) = (self.packet.clone(), self.packet.clone());
        if verdict == HopVerdict::NoData {
            self.missing.push(format!("{title}: {reason}"));
        }
        self.hops.push(Hop {
            layer,
            title: title.to_owned(),
            verdict,
            object: None,
            rule: None,
            reason: reason.to_owned(),
            notes: Vec::new(),
            needs: Vec::new(),
            before,
            after,
        });
        match verdict {
            HopVerdict::Deny | HopVerdict::Drop => Step::End,
            HopVerdict::Allow
            | HopVerdict::Bypass
            | HopVerdict::Forward
            | HopVerdict::Translate
            | HopVerdict::Unknown
            | HopVerdict::NoData => Step::On,
        }
    }

    /// Adds to the station that was added last.
    pub(super) fn last(&mut self, change: impl FnOnce(&mut Hop)) {
        if let Some(hop) = self.hops.last_mut() {
            change(hop);
        }
    }

    pub(super) fn assume(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.assumptions.contains(&text) {
            self.assumptions.push(text);
        }
    }

    /// Gives the packet another source or destination and says why.
    pub(super) fn translate(&mut self, layer: Layer, title: &str, packet: Packet, reason: &str) {
        self.hop(layer, title, HopVerdict::Translate, reason);
        self.packet = packet.clone();
        self.last(|hop| hop.after = packet);
    }

    /// The whole journey of a packet that begins at `origin`.
    pub(super) fn go(&mut self, origin: Origin<'a>) {
        match origin {
            Origin::Pod(pod) => self.start_at_pod(pod),
            Origin::Interface(nic, address) => self.start_at_interface(nic, address),
            Origin::Address(address) => self.start_at_address(address),
            Origin::Site(site) => self.start_at_site(site),
            Origin::Internet(_) => self.start_outside(),
        }
    }

    /// The node's subnet and network.
    pub(super) fn spot_of_node(&self, node: IpAddr) -> Option<Spot<'a>> {
        self.spot_at(node, MachineKind::Node)
    }

    /// The subnet that holds `address`; what an interface among the files says wins over `machine`.
    pub(super) fn spot_at(&self, address: IpAddr, machine: MachineKind<'a>) -> Option<Spot<'a>> {
        let topology = self.world.topology;
        let subnet = topology.subnets_at(address).next()?;
        let network = topology.network_of(subnet)?;
        let machine = self.machine(address, network, machine);
        Some(Spot { subnet, network, machine })
    }

    pub(super) fn machine(
        &self,
        address: IpAddr,
        network: &Network,
        otherwise: MachineKind<'a>,
    ) -> MachineKind<'a> {
        let topology = self.world.topology;
        match topology.interface_at(address, network) {
            Some(nic) => MachineKind::Interface(nic),
            None if topology.kubernetes.node_at(address).is_some() => MachineKind::Node,
            None => otherwise,
        }
    }

    /// What the policies of a pod say.
    pub(super) fn policy(&mut self, direction: Direction, pod: &Pod) -> Step {
        let answer =
            self.world.policies.decide(direction, pod, &self.packet, self.target.name.as_ref());
        let way = match direction {
            Direction::Outbound => "egress",
            Direction::Inbound => "ingress",
        };
        let title = format!("k8s {way} of {}/{}", pod.namespace, pod.name);
        let step = self.hop(Layer::Kubernetes, &title, answer.verdict, &answer.reason);
        self.last(|hop| {
            hop.object = Some(format!("{}/{}", pod.namespace, pod.name));
            hop.rule = answer.rule;
            hop.notes = answer.notes;
            hop.needs = answer.needs;
        });
        step
    }
}

impl Default for super::Settings {
    fn default() -> Self {
        Self { vnet_tag: super::tags::VnetTag::Azure, no_data: NoData::Undecided }
    }
}
