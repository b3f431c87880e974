//! Policies of the cluster: names that pods cannot ask for, and what another engine would change.

use super::Finding;
use crate::analyse::check::Level;
use crate::cluster::{Cluster, DifferenceKind, DnsGap, Engine, Readings};
use crate::net::IpProtocol;
use crate::path::World;

/// Names that a message shows.
const SHOWN: usize = 3;

pub(super) fn findings(world: &World<'_>) -> Vec<Finding> {
    let Some((cluster, readings)) = world.policies.cluster() else { return Vec::new() };
    if cluster.policies().is_empty() {
        return Vec::new();
    }
    let mut found = dns(cluster, readings);
    if readings.engine == Engine::Npm {
        found.extend(engine_change(cluster));
    }
    found.extend(unenforced(world, cluster));
    found
}

fn dns(cluster: &Cluster, readings: Readings) -> Vec<Finding> {
    let Some(gaps) = cluster.dns_gaps(readings) else {
        return vec![Finding::new(
            "missing-dns-egress",
            Level::Info,
            "kube-system/kube-dns",
            "not evaluated: neither the service nor its pods are among the files",
            "export services and pods of all namespaces: `kubectl get svc,pods -A -o json`",
        )];
    };
    gaps.iter().map(|gap| dns_gap(cluster, gap)).collect()
}

fn dns_gap(cluster: &Cluster, gap: &DnsGap) -> Finding {
    let names: Vec<&str> = gap
        .pods
        .iter()
        .filter_map(|&id| cluster.pod(id))
        .map(|pod| pod.name.as_str())
        .take(SHOWN)
        .collect();
    let pods = and_more(names.join(", "), gap.pods.len());
    let policies: Vec<String> = gap.policies.iter().take(SHOWN).map(ToString::to_string).collect();
    let policies = and_more(policies.join(", "), gap.policies.len());
    let (level, message) = match (gap.protocol, gap.has_egress) {
        (IpProtocol::TCP, _) => (
            Level::Info,
            format!(
                "{pods} may ask the cluster's DNS over UDP only: {policies}; long answers need tcp 53"
            ),
        ),
        (_, true) => {
            (Level::Warning, format!("{pods} cannot ask the cluster's DNS (udp 53): {policies}"))
        }
        (_, false) => (
            Level::Info,
            format!("{pods} may send nothing at all, not even to the cluster's DNS: {policies}"),
        ),
    };
    Finding::new(
        "missing-dns-egress",
        level,
        format!("namespace {}", gap.namespace),
        message,
        "allow udp and tcp 53 to pods labelled `k8s-app: kube-dns` in namespace kube-system",
    )
}

fn and_more(shown: String, count: usize) -> String {
    match count.saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Azure NPM ends on Linux in September 2028; AKS moves clusters to Cilium.
fn engine_change(cluster: &Cluster) -> Vec<Finding> {
    let finding = |difference: crate::cluster::Difference| {
        let (check, help) = match difference.kind {
            DifferenceKind::IpBlock => (
                "npm-to-cilium-ip-block",
                "add peers with selectors for the pods that are meant; nodes need a policy of Cilium",
            ),
            DifferenceKind::OwnNode => (
                "npm-to-cilium-own-node",
                "where pods need their node, write a CiliumNetworkPolicy with `toEntities: [host]`",
            ),
            DifferenceKind::OuterService => (
                "npm-to-cilium-outer-service",
                "write an ingress rule for the clients, or set `externalTrafficPolicy: Local`",
            ),
            DifferenceKind::PortRange => (
                "npm-to-cilium-port-range",
                "move to Kubernetes with Cilium 1.17, or list the ports",
            ),
            DifferenceKind::PortName => {
                ("npm-to-cilium-port-name", "write the number, or one policy for each")
            }
        };
        Finding::new(check, Level::Warning, difference.subject, difference.message, help)
    };
    cluster.npm_differences().into_iter().map(finding).collect()
}

/// Policies in a cluster that nothing reads.
fn unenforced(world: &World<'_>, cluster: &Cluster) -> Vec<Finding> {
    if cluster.engine() != Engine::Unknown {
        return Vec::new();
    }
    let without = world.topology.clusters.iter().filter(|cluster| cluster.is_without_engine);
    let finding = |it: &crate::path::topology::Cluster| {
        Finding::new(
            "policies-without-engine",
            Level::Warning,
            it.name.to_string(),
            format!(
                "{} policies are written, and the cluster has no engine for them (`networkPolicy: none`)",
                cluster.policies().len()
            ),
            "set a network policy engine, else nothing is denied",
        )
    };
    without.map(finding).collect()
}
