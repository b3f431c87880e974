//! What changes when Azure NPM is replaced by Cilium, policy by policy.
//!
//! <https://learn.microsoft.com/azure/aks/migrate-from-npm-to-cilium-network-policy>

use std::collections::BTreeMap;

use ipnet::IpNet;
use smol_str::SmolStr;

use super::Cluster;
use super::object::{Pod, Service};
use super::policy::{Criteria, Direction, Peer, Policy, PolicyKind, Ports, Rule};
use crate::net::IpProtocol;

/// What the two engines do differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DifferenceKind {
    /// An `ipBlock` holds pods and nodes with NPM alone.
    IpBlock,
    /// With NPM a pod always reaches its own node.
    OwnNode,
    /// With NPM no policy sees what comes in with `externalTrafficPolicy: Cluster`.
    OuterService,
    /// `endPort` needs Cilium 1.17.
    PortRange,
    /// One port name with several numbers breaks in Cilium.
    PortName,
}

/// One place where it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub kind: DifferenceKind,
    /// `NetworkPolicy shop/web`, `Service shop/web`, `namespace shop`.
    pub subject: String,
    pub message: String,
}

impl Cluster {
    /// Where NPM and Cilium would read this cluster differently, in the order of the kinds.
    #[must_use]
    pub fn npm_differences(&self) -> Vec<Difference> {
        let mut found = Vec::new();
        let is_plain = |policy: &&Policy| policy.name.kind == PolicyKind::NetworkPolicy;
        for policy in self.policies.iter().filter(is_plain) {
            for direction in [Direction::Egress, Direction::Ingress] {
                for (index, rule) in policy.rules(direction).unwrap_or_default().iter().enumerate()
                {
                    let place = format!("{} rule {}", direction.name(), index + 1);
                    self.in_rule(policy, &place, rule, &mut found);
                }
            }
        }
        found.extend(self.isolated_from_nodes());
        found.extend(self.services.iter().filter_map(|service| self.behind_door(service)));
        found.sort_by_key(|difference| difference.kind);
        found
    }

    fn in_rule(&self, policy: &Policy, place: &str, rule: &Rule, found: &mut Vec<Difference>) {
        let Criteria::Kubernetes { peers, ports } = &rule.criteria else { return };
        let mut add = |kind, message: String| {
            found.push(Difference { kind, subject: policy.name.to_string(), message });
        };
        for peer in peers.iter().flatten() {
            let Peer::Block { range, except } = peer else { continue };
            if self.has_own_address_in(*range, except) {
                add(
                    DifferenceKind::IpBlock,
                    format!(
                        "{place}: {range} also means pods and nodes with NPM, and neither with Cilium"
                    ),
                );
            }
        }
        for port in ports.iter().flatten() {
            match &port.ports {
                Ports::Range(range) if range.first() != range.last() => add(
                    DifferenceKind::PortRange,
                    format!("{place}: `endPort` needs Cilium 1.17 or later"),
                ),
                Ports::Named(name) if self.is_ambiguous(name, port.protocol) => add(
                    DifferenceKind::PortName,
                    format!(
                        "{place}: the port name `{name}` has several numbers, with which Cilium fails"
                    ),
                ),
                Ports::Range(_) | Ports::Named(_) | Ports::All => {}
            }
        }
    }

    fn is_ambiguous(&self, name: &SmolStr, protocol: Option<IpProtocol>) -> bool {
        let protocol = protocol.unwrap_or(IpProtocol::TCP);
        self.ambiguous_ports.contains(&(name.clone(), protocol))
    }

    /// Whether a pod or node has, or may get, an address of a block.
    fn has_own_address_in(&self, range: IpNet, except: &[IpNet]) -> bool {
        // Everything holds them, whatever their addresses are.
        if range.prefix_len() == 0 && except.is_empty() {
            return true;
        }
        let ranges = self.nodes.iter().flat_map(|node| &node.pod_ranges);
        let is_part = |net: &IpNet| {
            let overlaps = range.contains(net) || net.contains(&range);
            overlaps && !except.iter().any(|hole| hole.contains(net))
        };
        let addresses = self.nodes_by_address.keys().chain(self.pods_by_address.keys());
        let holds = |address: &std::net::IpAddr| {
            range.contains(address) && !except.iter().any(|hole| hole.contains(address))
        };
        ranges.into_iter().any(is_part) || addresses.into_iter().any(holds)
    }

    /// Namespaces with pods whose egress is isolated.
    fn isolated_from_nodes(&self) -> Vec<Difference> {
        let mut counts: BTreeMap<&SmolStr, usize> = BTreeMap::new();
        for pod in self.plain_pods().filter(|pod| self.is_isolated(pod, Direction::Egress)) {
            *counts.entry(&pod.namespace).or_default() += 1;
        }
        let difference = |(namespace, count): (&SmolStr, usize)| Difference {
            kind: DifferenceKind::OwnNode,
            subject: format!("namespace {namespace}"),
            message: format!(
                "policies isolate the egress of {count} {}: with NPM pods reach their own node all the same, with Cilium no NetworkPolicy can allow it",
                if count == 1 { "pod" } else { "pods" }
            ),
        };
        counts.into_iter().map(difference).collect()
    }

    /// A service that outsiders reach through any node, with pods whose ingress is isolated.
    fn behind_door(&self, service: &Service) -> Option<Difference> {
        let is_door = !service.outer_addresses.is_empty()
            || service.ports.iter().any(|port| port.node_port.is_some());
        if !is_door || service.keeps_client {
            return None;
        }
        let selector = service.selector.as_ref()?;
        let is_behind = |pod: &&Pod| {
            pod.namespace == service.namespace
                && selector.iter().all(|(key, value)| pod.labels.get(key) == Some(value))
        };
        let mut pods = self.plain_pods().filter(is_behind);
        pods.any(|pod| self.is_isolated(pod, Direction::Ingress)).then(|| Difference {
            kind: DifferenceKind::OuterService,
            subject: service.to_string(),
            message: "what comes in from outside (externalTrafficPolicy: Cluster) passes no policy with NPM; with Cilium it meets the ingress rules of the pods".to_owned(),
        })
    }

    fn plain_pods(&self) -> impl Iterator<Item = &Pod> {
        self.pods.iter().filter(|pod| !pod.is_on_host() && !pod.is_finished)
    }

    /// Whether a `NetworkPolicy` selects the pod for a direction.
    fn is_isolated(&self, pod: &Pod, direction: Direction) -> bool {
        let mut applied = self.applied(pod.id).iter().flatten();
        applied.any(|one| {
            self.policies.get(one.policy).is_some_and(|policy| {
                policy.name.kind == PolicyKind::NetworkPolicy && policy.rules(direction).is_some()
            })
        })
    }
}
