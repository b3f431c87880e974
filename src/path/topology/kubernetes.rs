//! AKS clusters, and what of their Kubernetes objects has addresses.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;
use smol_str::SmolStr;

use super::Topology;
use super::fields::{Fields, prefix};
use crate::cluster::Engine;
use crate::net::IpProtocol;
use crate::policy::ResourceId;
use crate::source::Warning;

/// `managedClusters`.
#[derive(Debug, Clone)]
pub struct Cluster {
    pub id: Option<ResourceId>,
    pub name: SmolStr,
    pub plugin: ClusterPlugin,
    pub pod_prefixes: Vec<IpNet>,
    pub service_prefixes: Vec<IpNet>,
    /// `outboundType`, lower case.
    pub outbound: Option<SmolStr>,
    pub node_group: Option<SmolStr>,
    /// What enforces network policies.
    pub engine: Engine,
    /// The export says that nothing enforces them.
    pub is_without_engine: bool,
    pub pools: Vec<NodePool>,
}

/// How pods get their addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClusterPlugin {
    Overlay,
    Kubenet,
    /// Pods take addresses of the node's subnet.
    NodeSubnet,
    /// Pods take addresses of a subnet of their own.
    PodSubnet,
    /// `networkProfile` says nothing that is known.
    Unknown,
}

impl ClusterPlugin {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Overlay => "Azure CNI Overlay",
            Self::Kubenet => "kubenet",
            Self::NodeSubnet => "Azure CNI node subnet",
            Self::PodSubnet => "Azure CNI pod subnet",
            Self::Unknown => "unknown network plugin",
        }
    }
}

/// An entry of `agentPoolProfiles`.
#[derive(Debug, Clone)]
pub struct NodePool {
    pub name: SmolStr,
    pub count: Option<u64>,
    /// `maxCount` where the pool scales itself.
    pub count_max: Option<u64>,
    pub pods_max: Option<u64>,
    /// `upgradeSettings.maxSurge`: a number or a percentage.
    pub surge: Option<SmolStr>,
    pub subnet: Option<ResourceId>,
    pub pod_subnet: Option<ResourceId>,
    pub is_windows: bool,
}

/// Objects of `kubectl get … -o json`.
#[derive(Debug, Clone, Default)]
pub struct Kubernetes {
    pub nodes: Vec<Node>,
    pub pods: Vec<Pod>,
    pub services: Vec<Service>,
    /// What the `ip-masq-agent` is told; `None`: no `ConfigMap` of it is among the files.
    pub masquerade: Option<Masquerade>,
}

#[derive(Debug, Clone)]
pub struct Node {
    pub name: SmolStr,
    pub addresses: Vec<IpAddr>,
}

#[derive(Debug, Clone)]
pub struct Pod {
    pub namespace: SmolStr,
    pub name: SmolStr,
    pub node: Option<SmolStr>,
    pub addresses: Vec<IpAddr>,
    pub host_address: Option<IpAddr>,
    pub is_host_network: bool,
    /// The Static Egress Gateway that it is told to leave through.
    pub egress_gateway: Option<SmolStr>,
    pub labels: Vec<(SmolStr, SmolStr)>,
}

#[derive(Debug, Clone)]
pub struct Service {
    pub namespace: SmolStr,
    pub name: SmolStr,
    pub addresses: Vec<IpAddr>,
    /// Addresses of its load balancer.
    pub external: Vec<IpAddr>,
    /// `None`: it has no selector.
    pub selector: Option<Vec<(SmolStr, SmolStr)>>,
    pub ports: Vec<ServicePort>,
    /// `externalTrafficPolicy: Local` keeps the client's address.
    pub keeps_source: bool,
}

#[derive(Debug, Clone)]
pub struct ServicePort {
    pub protocol: IpProtocol,
    pub port: u16,
    /// A number; a name is `None`.
    pub target: Option<u16>,
    pub node: Option<u16>,
}

/// `nonMasqueradeCIDRs` of all `ConfigMaps` together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Masquerade {
    pub spared: Vec<IpNet>,
}

impl Kubernetes {
    /// Pods called `namespace/name`, or `name` in any namespace.
    pub fn pods_named<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a Pod> {
        let (namespace, name) = match text.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, text),
        };
        self.pods.iter().filter(move |pod| {
            pod.name == name && namespace.is_none_or(|namespace| pod.namespace == namespace)
        })
    }

    #[must_use]
    pub fn pod_at(&self, address: IpAddr) -> Option<&Pod> {
        self.pods.iter().find(|pod| !pod.is_host_network && pod.addresses.contains(&address))
    }

    #[must_use]
    pub fn node_at(&self, address: IpAddr) -> Option<&Node> {
        self.nodes.iter().find(|node| node.addresses.contains(&address))
    }

    /// The service that answers at a cluster address or at that of its load balancer.
    #[must_use]
    pub fn service_at(&self, address: IpAddr) -> Option<&Service> {
        let mut services = self.services.iter();
        services.find(|it| it.addresses.contains(&address) || it.external.contains(&address))
    }

    /// The pods that a service selects.
    pub fn behind<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = &'a Pod> {
        self.pods.iter().filter(move |pod| {
            pod.namespace == service.namespace
                && service.selector.as_ref().is_some_and(|selector| {
                    !selector.is_empty() && selector.iter().all(|label| pod.labels.contains(label))
                })
        })
    }

    /// The address of the node that a pod runs on.
    #[must_use]
    pub fn node_of(&self, pod: &Pod) -> Option<IpAddr> {
        let node = pod.node.as_ref();
        let node = node.and_then(|name| self.nodes.iter().find(|node| node.name == *name));
        pod.host_address.or_else(|| node.and_then(|node| node.addresses.first().copied()))
    }
}

pub(super) fn cluster(topology: &mut Topology, fields: Fields<'_>, warnings: &mut Vec<Warning>) {
    let profile = fields.part("networkProfile").unwrap_or(fields);
    let pool = |fields: Fields<'_>| NodePool {
        name: fields.name(),
        count: fields.number("count"),
        count_max: fields
            .number("maxCount")
            .filter(|_| fields.flag("enableAutoScaling") != Some(false)),
        pods_max: fields.number("maxPods"),
        surge: fields.part("upgradeSettings").and_then(|it| it.text("maxSurge")),
        subnet: fields.reference("vnetSubnetID"),
        pod_subnet: fields.reference("podSubnetID"),
        is_windows: fields.text("osType").is_some_and(|os| os.eq_ignore_ascii_case("Windows")),
    };
    let pools: Vec<NodePool> = fields.parts("agentPoolProfiles").map(pool).collect();
    let plugin = profile.text("networkPlugin").unwrap_or_default().to_ascii_lowercase();
    let mode = profile.text("networkPluginMode").unwrap_or_default();
    let has_pod_subnet = pools.iter().any(|pool| pool.pod_subnet.is_some());
    let plugin = match plugin.as_str() {
        "azure" if mode.eq_ignore_ascii_case("overlay") => ClusterPlugin::Overlay,
        "azure" if has_pod_subnet => ClusterPlugin::PodSubnet,
        "azure" => ClusterPlugin::NodeSubnet,
        "kubenet" => ClusterPlugin::Kubenet,
        _ => ClusterPlugin::Unknown,
    };
    let policy = profile.text("networkPolicy");
    let engine = policy
        .as_deref()
        .or(profile.text("networkDataplane").as_deref().filter(|it| *it == "cilium"))
        .and_then(Engine::from_text)
        .unwrap_or_default();
    topology.clusters.push(Cluster {
        id: fields.text("id").map(|id| ResourceId::new(&id)),
        name: fields.name(),
        plugin,
        pod_prefixes: profile.prefixes(&["podCidr", "podCidrs"], warnings),
        service_prefixes: profile.prefixes(&["serviceCidr", "serviceCidrs"], warnings),
        outbound: profile.text("outboundType").map(|text| text.to_ascii_lowercase().into()),
        node_group: fields.text("nodeResourceGroup"),
        engine,
        is_without_engine: policy.is_some_and(|it| it.eq_ignore_ascii_case("none")),
        pools,
    });
}

fn named(fields: Fields<'_>) -> (SmolStr, SmolStr) {
    let text = |key| fields.part("metadata").and_then(|metadata| metadata.text(key));
    (text("namespace").unwrap_or_else(|| "default".into()), text("name").unwrap_or_default())
}

fn labels(fields: Option<Fields<'_>>) -> Vec<(SmolStr, SmolStr)> {
    let members = fields.map(|fields| fields.node.members()).unwrap_or_default();
    let label = |member: &crate::syntax::json::Member| {
        Some((member.key.value.clone(), member.value.text()?.into()))
    };
    members.iter().filter_map(label).collect()
}

fn addresses(fields: Option<&Fields<'_>>, list: &str, key: &str) -> Vec<IpAddr> {
    let Some(fields) = fields else { return Vec::new() };
    fields.parts(list).filter_map(|part| part.address(key)).collect()
}

pub(super) fn node(kubernetes: &mut Kubernetes, fields: Fields<'_>) {
    let status = fields.part("status");
    let is_internal = |part: &Fields<'_>| part.text("type").is_some_and(|it| it == "InternalIP");
    let found = status.map(|status| {
        let internal = status.parts("addresses").filter(is_internal);
        internal.filter_map(|part| part.address("address")).collect()
    });
    kubernetes.nodes.push(Node { name: named(fields).1, addresses: found.unwrap_or_default() });
}

pub(super) fn pod(kubernetes: &mut Kubernetes, fields: Fields<'_>) {
    let (spec, status) = (fields.part("spec"), fields.part("status"));
    let phase = status.and_then(|status| status.text("phase"));
    // A finished pod has given its address back.
    if phase.is_some_and(|phase| phase == "Succeeded" || phase == "Failed") {
        return;
    }
    let (namespace, name) = named(fields);
    let mut found = addresses(status.as_ref(), "podIPs", "ip");
    if found.is_empty() {
        found.extend(status.and_then(|status| status.address("podIP")));
    }
    kubernetes.pods.push(Pod {
        namespace,
        name,
        node: spec.and_then(|spec| spec.text("nodeName")),
        addresses: found,
        host_address: status.and_then(|status| status.address("hostIP")),
        is_host_network: spec.and_then(|spec| spec.flag("hostNetwork")).unwrap_or(false),
        egress_gateway: fields
            .part("metadata")
            .and_then(|metadata| metadata.part("annotations"))
            .and_then(|annotations| annotations.text(EGRESS_GATEWAY)),
        labels: labels(fields.part("metadata").and_then(|metadata| metadata.part("labels"))),
    });
}

pub(super) fn service(kubernetes: &mut Kubernetes, fields: Fields<'_>) {
    let Some(spec) = fields.part("spec") else { return };
    let (namespace, name) = named(fields);
    let mut own: Vec<IpAddr> =
        spec.texts(&["clusterIP", "clusterIPs"]).iter().filter_map(|it| it.parse().ok()).collect();
    own.dedup();
    let balancer = fields.part("status").and_then(|status| status.part("loadBalancer"));
    let port = |part: Fields<'_>| {
        let port = part.number("port")?;
        let target = part.text("targetPort");
        Some(ServicePort {
            protocol: part
                .text("protocol")
                .and_then(|it| IpProtocol::from_text(&it))
                .unwrap_or(IpProtocol::TCP),
            port,
            target: target.map_or(Some(port), |target| target.parse().ok()),
            node: part.number("nodePort"),
        })
    };
    kubernetes.services.push(Service {
        namespace,
        name,
        addresses: own,
        external: addresses(balancer.as_ref(), "ingress", "ip"),
        selector: spec.get("selector").map(|_| labels(spec.part("selector"))),
        ports: spec.parts("ports").filter_map(port).collect(),
        keeps_source: spec.text("externalTrafficPolicy").is_some_and(|policy| policy == "Local"),
    });
}

/// <https://learn.microsoft.com/azure/aks/configure-static-egress-gateway>
const EGRESS_GATEWAY: &str = "kubernetes.azure.com/static-gateway-configuration";

/// What the agent reads; other keys do not matter here.
#[derive(Deserialize)]
struct AgentConfig {
    #[serde(rename = "nonMasqueradeCIDRs", default)]
    spared: Vec<String>,
}

/// A `ConfigMap`; those of the agent are merged (`azure-ip-masq-agent-config*`).
pub(super) fn config_map(
    kubernetes: &mut Kubernetes,
    fields: Fields<'_>,
    warnings: &mut Vec<Warning>,
) {
    let (_, name) = named(fields);
    if !name.contains("ip-masq-agent-config") {
        return;
    }
    let data = fields.part("data").map(|data| data.node.members()).unwrap_or_default();
    let masquerade = kubernetes.masquerade.get_or_insert_default();
    for member in data {
        let Some(text) = member.value.text() else { continue };
        match serde_saphyr::from_str::<AgentConfig>(text) {
            Ok(config) => {
                masquerade.spared.extend(config.spared.iter().filter_map(|it| prefix(it)));
            }
            Err(error) => {
                let message = format!(
                    "ConfigMap `{name}`: `{}` is no configuration of ip-masq-agent: {error}",
                    member.key.value
                );
                warnings
                    .push(fields.warning(message, "sources of pods may be told wrong without it"));
            }
        }
    }
    masquerade.spared.sort_unstable();
    masquerade.spared.dedup();
}
