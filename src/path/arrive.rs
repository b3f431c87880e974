//! The far end of a journey: machines, pods, endpoints and load balancers, and the way back.

use super::app_service::Via;
use super::hop::{HopVerdict, Layer};
use super::nat::{self, FirewallSource};
use super::packet::{Packet, Place};
use super::routes::{NextHop, Routes};
use super::topology::{Direction, Firewall, PrivateEndpoint};
use super::walk::{MachineKind, Spot, Step, Walk};
use super::{firewall, topology};
use crate::net::{IpFamily, IpRange, IpSet};

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
        self.answers_over_peering(from, firewall);
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
        if let Some(subnet) = subnet {
            return Place::within(subnet.addresses.clone(), &subnet.name);
        }
        let own = firewall.private.iter().copied().map(IpRange::single).collect();
        Place::within(own, "the firewall's private address")
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
        let is_peer = matches!(route.hop, NextHop::Peering | NextHop::GlobalPeering);
        if is_peer && self.forwarded_over_peering(spot.network) == Step::End {
            return;
        }
        match route.hop {
            NextHop::Internet => self.arrive_public(None, None),
            NextHop::VnetLocal
            | NextHop::Peering
            | NextHop::GlobalPeering
            | NextHop::InterfaceEndpoint => self.arrive_private(spot, Some(firewall)),
            NextHop::ServiceEndpoint | NextHop::Gateway | NextHop::Appliance(_) | NextHop::None => {
                self.follow(spot, &route);
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
}

/// Whether a set holds public addresses alone.
#[must_use]
pub(super) fn is_public(set: &IpSet) -> bool {
    set.is_subset(&topology::public(IpFamily::V4).union(&topology::public(IpFamily::V6)))
}
