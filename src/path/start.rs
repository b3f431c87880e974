//! Where journeys begin: pods, interfaces, addresses, apps.

use std::net::IpAddr;

use super::hop::{HopVerdict, Layer};
use super::nat;
use super::packet::{Packet, Place};
use super::routes::{NextHop, Routes};
use super::topology::{Direction, Interface, Pod, Site};
use super::walk::{MachineKind, Spot, Step, Walk};
use crate::net::IpSet;

impl<'a> Walk<'a> {
    pub(super) fn start_at_pod(&mut self, pod: &'a Pod) {
        let topology = self.world.topology;
        if self.resolve_service(pod) == Step::End
            || self.policy(Direction::Outbound, pod) == Step::End
        {
            return;
        }
        let Some(node) = topology.kubernetes.node_of(pod) else {
            self.hop(
                Layer::SourceNat,
                "source NAT",
                HopVerdict::NoData,
                "the pod's node is not known",
            );
            return;
        };
        let cluster = topology.cluster_of(node);
        let Some(spot) = self.spot_of_node(node) else {
            let reason = format!("no subnet among the files holds node {node}");
            self.hop(Layer::Route, "route", HopVerdict::NoData, &reason);
            return;
        };
        if let Some(peer) =
            self.packet.destination.only().and_then(|to| topology.kubernetes.pod_at(to))
        {
            return self.reach_pod(pod, node, peer, spot);
        }
        if let Some(gateway) = &pod.egress_gateway {
            let reason = format!(
                "not evaluated: the pod leaves through Static Egress Gateway {gateway}, with an address of its prefix"
            );
            self.hop(Layer::SourceNat, "source NAT", HopVerdict::NoData, &reason);
            return;
        }
        if !pod.is_host_network
            && let Some(address) = self.packet.source.only()
        {
            let masquerade = topology.kubernetes.masquerade.as_ref();
            let to = self.packet.destination.addresses().clone();
            let source =
                nat::pod_source(cluster, masquerade, Some(spot.network), address, node, &to);
            if let Some(place) = source.place.filter(|place| *place != self.packet.source) {
                let packet = Packet { source: place, source_port: None, ..self.packet.clone() };
                self.translate(Layer::SourceNat, "source NAT", packet, &source.reason);
            }
            source.assumption.into_iter().for_each(|text| self.assume(text));
        }
        let spot = match self.packet.source.only() {
            Some(source) if source != node => {
                self.spot_at(source, MachineKind::Node).unwrap_or(spot)
            }
            Some(_) | None => spot,
        };
        self.leave(spot);
    }

    pub(super) fn start_at_interface(&mut self, nic: &'a Interface, address: IpAddr) {
        let topology = self.world.topology;
        let own = nic.addresses.iter().find(|it| it.address == Some(address));
        let subnet = own.and_then(|it| it.subnet.as_ref()).and_then(|id| topology.subnet(id));
        let spot = subnet.and_then(|subnet| {
            let network = topology.network_of(subnet)?;
            Some(Spot { subnet, network, machine: MachineKind::Interface(nic) })
        });
        if let Some(spot) = spot {
            self.leave(spot);
        } else {
            let reason = format!("the subnet of interface {} is not among the files", nic.name);
            self.hop(Layer::Route, "route", HopVerdict::NoData, &reason);
        }
    }

    pub(super) fn start_at_address(&mut self, address: IpAddr) {
        let topology = self.world.topology;
        if let Some(pod) = topology.kubernetes.pod_at(address) {
            return self.start_at_pod(pod);
        }
        let found = topology.subnets_at(address).count();
        if found > 1 {
            self.assume(format!(
                "{address} is in {found} subnets of the files; the first one is taken"
            ));
        }
        if let Some(spot) = self.spot_at(address, MachineKind::Unknown) {
            self.leave(spot);
        } else {
            let reason = format!("no subnet among the files holds {address}");
            self.hop(Layer::Route, "route", HopVerdict::NoData, &reason);
        }
    }

    /// An app enters its subnet with what is routed there; the rest leaves by itself.
    pub(super) fn start_at_site(&mut self, site: &'a Site) {
        let topology = self.world.topology;
        let subnet = site.subnet.as_ref().map(|id| (id, topology.subnet(id)));
        let Some((id, subnet)) = subnet else {
            return self.leaves_by_itself(site, "the app has no integration with a network");
        };
        let private: IpSet = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
            .iter()
            .filter_map(|it| it.parse::<ipnet::IpNet>().ok())
            .collect();
        let is_private = self.packet.destination.addresses().is_subset(&private);
        let Some(spot) = subnet.and_then(|subnet| {
            Some(Spot { subnet, network: topology.network_of(subnet)?, machine: MachineKind::None })
        }) else {
            let reason = format!("integration subnet {} is not among the files", id.name());
            self.hop(Layer::Route, "route", HopVerdict::NoData, &reason);
            return;
        };
        if !is_private && site.routes_all != Some(true) {
            let routes = Routes::of(topology, spot.subnet);
            let to = self.packet.destination.only();
            let hop = to.and_then(|to| routes.lookup(to)).map(|route| route.hop);
            if hop != Some(NextHop::ServiceEndpoint) {
                if site.routes_all.is_none() {
                    self.assume(format!(
                        "app {} does not route all: its export does not say `vnetRouteAllEnabled`",
                        site.name
                    ));
                }
                return self.leaves_by_itself(
                    site,
                    "route all is off: public traffic never enters the network",
                );
            }
        }
        let title = format!("app {}", site.name);
        let reason = format!("enters the network in subnet {}", spot.subnet.name);
        self.hop(Layer::AppService, &title, HopVerdict::Forward, &reason);
        self.leave(spot);
    }

    fn leaves_by_itself(&mut self, site: &Site, reason: &str) {
        self.bypasses = Some(true);
        let title = format!("app {}", site.name);
        let is_private = !self
            .packet
            .destination
            .addresses()
            .overlaps(&super::topology::public(crate::net::IpFamily::V4));
        if is_private {
            self.hop(
                Layer::AppService,
                &title,
                HopVerdict::Drop,
                &format!("{reason}, and the destination is private"),
            );
            return;
        }
        self.hop(Layer::AppService, &title, HopVerdict::Bypass, reason);
        let outbound: IpSet =
            site.outbound.iter().copied().map(crate::net::IpRange::single).collect();
        let place = Place::within(outbound, &format!("an outbound address of {}", site.name));
        self.arrive_public(place, None);
    }
}
