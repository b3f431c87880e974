//! What is computed once about a cluster: tiers in their order, who has which address, which
//! policies select which pod.

use std::collections::HashMap;
use std::sync::OnceLock;

use smol_str::SmolStr;

use super::calico::CalicoTier;
use super::labels::Labels;
use super::object::Namespace;
use super::order;
use super::packet::PodId;
use super::policy::{Policy, PolicyKind};
use super::{ADMIN_TIER, BASELINE_TIER, Cluster, DEFAULT_TIER};
use crate::net::IpProtocol;

/// Policies that are looked at together, first to last.
#[derive(Debug, Clone)]
pub(super) struct Tier {
    pub(super) name: SmolStr,
    order: f64,
    /// What no rule of a policy matched goes to the next tier, instead of being denied.
    pub(super) passes: bool,
    /// Policies of one order have no order among each other.
    pub(super) has_ties: bool,
    policies: Vec<usize>,
}

impl Tier {
    /// How many of the policies that come next are looked at as one.
    pub(super) fn tied(&self, policies: &[(&Policy, bool)]) -> usize {
        let all = || policies.iter().map(|&(policy, _)| policy);
        if !self.has_ties {
            return order::tied(all());
        }
        let first = policies.first().map(|(policy, _)| policy.order);
        all().take_while(|policy| Some(policy.order) == first).count()
    }
}

/// A policy that selects a pod.
#[derive(Debug, Clone, Copy)]
pub(super) struct Applied {
    pub(super) policy: usize,
    /// It may also not select it.
    pub(super) is_certain: bool,
}

impl Cluster {
    /// Puts together what was read.
    pub(super) fn complete(&mut self, calico_tiers: Vec<CalicoTier>) {
        self.name_namespaces();
        self.index_addresses();
        self.index_ports();
        self.index_tiers(calico_tiers);
        self.applied = self.pods.iter().map(|_| OnceLock::new()).collect();
    }

    /// Namespaces that are only named have one label that is known.
    fn name_namespaces(&mut self) {
        for pod in &self.pods {
            self.namespaces.entry(pod.namespace.clone()).or_insert_with(|| {
                let mut labels = Labels::default();
                labels.set("kubernetes.io/metadata.name", &pod.namespace);
                Namespace { name: pod.namespace.clone(), labels, is_known: false }
            });
        }
    }

    fn index_addresses(&mut self) {
        for (index, node) in self.nodes.iter().enumerate() {
            for &address in &node.addresses {
                self.nodes_by_address.insert(address, index);
            }
        }
        let windows: Vec<&SmolStr> = self
            .nodes
            .iter()
            .filter(|node| node.labels.get("kubernetes.io/os") == Some("windows"))
            .map(|node| &node.name)
            .collect();
        for (index, pod) in self.pods.iter_mut().enumerate() {
            pod.id = PodId(index);
            pod.is_windows |= pod.node.as_ref().is_some_and(|node| windows.contains(&node));
            if pod.is_host_network || pod.is_finished {
                continue;
            }
            for &address in &pod.addresses {
                self.pods_by_address.entry(address).or_default().push(PodId(index));
            }
        }
        let nodes = self.nodes.iter().flat_map(|node| &node.addresses);
        let services = self.services.iter().flat_map(|service| &service.cluster_addresses);
        let mut all = self.pods.iter().flat_map(|pod| &pod.addresses).chain(nodes).chain(services);
        self.has_ipv6 = all.any(std::net::IpAddr::is_ipv6);
    }

    fn index_ports(&mut self) {
        let mut numbers: HashMap<(SmolStr, IpProtocol), u16> = HashMap::new();
        for port in self.pods.iter().flat_map(|pod| &pod.ports) {
            let Some(name) = &port.name else { continue };
            let key = (name.clone(), port.protocol);
            if *numbers.entry(key.clone()).or_insert(port.port) != port.port {
                self.ambiguous_ports.insert(key);
            }
        }
    }

    fn index_tiers(&mut self, calico_tiers: Vec<CalicoTier>) {
        let mut tiers = standard_tiers();
        for tier in calico_tiers {
            let order = if tier.is_flawed { f64::NEG_INFINITY } else { tier.order };
            match tiers.iter_mut().find(|known| known.name == tier.name) {
                Some(known) => (known.order, known.passes) = (order, tier.passes),
                None => tiers.push(Tier { order, passes: tier.passes, ..empty(&tier.name) }),
            }
        }
        for (index, policy) in self.policies.iter_mut().enumerate() {
            if !tiers.iter().any(|tier| tier.name == policy.tier) {
                tiers.push(Tier { order: f64::NEG_INFINITY, ..empty(&policy.tier) });
            }
            let Some(tier) = tiers.iter_mut().find(|tier| tier.name == policy.tier) else {
                continue;
            };
            // Looked at first, where it leaves nothing decided that it may decide otherwise.
            if tier.order == f64::NEG_INFINITY {
                policy.flaws.push(format!("its tier `{}` is not known", tier.name));
            }
            if matches!(policy.name.kind, PolicyKind::Other(_)) {
                policy.order = f64::NEG_INFINITY;
            }
            tier.policies.push(index);
        }
        tiers.sort_by(|a, b| a.order.total_cmp(&b.order).then_with(|| a.name.cmp(&b.name)));
        for tier in &mut tiers {
            order::arrange(&mut tier.policies, &mut self.policies);
        }
        tiers.retain(|tier| !tier.policies.is_empty());
        self.tiers = tiers;
    }

    /// For every tier the policies that select the pod, in order.
    pub(super) fn applied(&self, id: PodId) -> &[Vec<Applied>] {
        let Some(cell) = self.applied.get(id.0) else { return &[] };
        cell.get_or_init(|| self.tiers.iter().map(|tier| self.applied_of(tier, id)).collect())
    }

    fn applied_of(&self, tier: &Tier, id: PodId) -> Vec<Applied> {
        let Some(pod) = self.pod(id) else { return Vec::new() };
        let applied = |&policy: &usize| {
            let selected = self.selects(self.policies.get(policy)?, pod);
            (selected != Some(false))
                .then_some(Applied { policy, is_certain: selected == Some(true) })
        };
        tier.policies.iter().filter_map(applied).collect()
    }
}

fn empty(name: &str) -> Tier {
    Tier { name: name.into(), order: 0.0, passes: false, has_ties: false, policies: Vec::new() }
}

/// The tiers that every cluster has, with the orders that Calico gives them.
fn standard_tiers() -> Vec<Tier> {
    let kubernetes = |name, order| Tier { order, passes: true, has_ties: true, ..empty(name) };
    vec![
        kubernetes(ADMIN_TIER, 1_000.0),
        Tier { order: 1_000_000.0, ..empty(DEFAULT_TIER) },
        kubernetes(BASELINE_TIER, 10_000_000.0),
    ]
}
