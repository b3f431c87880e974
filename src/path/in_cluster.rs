//! Within a cluster: services become pods, and pods reach pods.

use std::net::IpAddr;

use super::hop::{HopVerdict, Layer};
use super::packet::{Packet, Place};
use super::topology::{ClusterPlugin, Direction, Pod};
use super::walk::{MachineKind, Spot, Step, Walk};

impl<'a> Walk<'a> {
    /// Cluster addresses become pods before anything else looks at the packet.
    pub(super) fn resolve_service(&mut self, pod: &Pod) -> Step {
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
    pub(super) fn reach_pod(&mut self, pod: &'a Pod, node: IpAddr, peer: &'a Pod, spot: Spot<'a>) {
        let topology = self.world.topology;
        (self.bypasses, self.stays_in_cluster) = (Some(true), true);
        let other = topology.kubernetes.node_of(peer);
        if other == Some(node) {
            self.hop(
                Layer::Route,
                "route",
                HopVerdict::Forward,
                "both pods run on one node: the packet never leaves it",
            );
            self.policy(Direction::Inbound, peer);
            return;
        }
        let plugin = topology.cluster_of(node).map(|cluster| cluster.plugin);
        if matches!(plugin, Some(ClusterPlugin::NodeSubnet | ClusterPlugin::PodSubnet)) {
            (self.bypasses, self.stays_in_cluster) = (None, false);
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
            HopVerdict::Forward,
            &format!("{name}: pods reach each other without the routes of the subnet"),
        );
        let far = other.and_then(|node| self.spot_at(node, MachineKind::Node)).unwrap_or(spot);
        if self.groups(far, Direction::Inbound) == Step::On {
            self.policy(Direction::Inbound, peer);
        }
    }
}
