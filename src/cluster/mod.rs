//! Network policy of a Kubernetes cluster, decided offline from manifests or exports.
//!
//! Tiers are looked at one after the other: policies of the administrator, then `NetworkPolicy` and
//! what Calico adds, then the baseline. What no tier decides is allowed. Both ends have to allow a
//! connection; replies need no rule. `tests/spec/cluster.md` holds the rules with their sources.
//!
//! ```
//! use azfw::cluster::{Cluster, Document, End, Engine, Packet, Verdict};
//!
//! let manifests = "
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web, namespace: shop, labels: {app: web}}
//! ---
//! apiVersion: networking.k8s.io/v1
//! kind: NetworkPolicy
//! metadata: {name: web-egress, namespace: shop}
//! spec:
//!   podSelector: {matchLabels: {app: web}}
//!   policyTypes: [Egress]
//!   egress:
//!   - to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]
//!     ports: [{port: 443}]
//! ";
//! let documents = Document::read_all("shop.yaml", manifests).unwrap();
//! let (cluster, warnings) = Cluster::read(&documents);
//! assert!(warnings.is_empty());
//!
//! let web = End::Pod(cluster.find_pod("shop/web").unwrap().id());
//! let packet = Packet::tcp(web, End::Address("192.0.2.7".parse().unwrap()), 443);
//! let decision = cluster.decide(&packet, Engine::Unknown.readings());
//! assert_eq!(decision.verdict, Verdict::Allow);
//! assert_eq!(
//!     decision.sides[0].cause.to_string(),
//!     "NetworkPolicy shop/web-egress rule 1 (0.0.0.0/0 except 10.0.0.0/8, tcp 443)",
//! );
//! ```

mod calico;
mod decide;
mod decision;
mod differences;
mod dns;
mod document;
mod engine;
mod find;
mod fit;
mod index;
mod item;
mod labels;
mod object;
mod order;
mod packet;
mod policy;
mod read;
mod select;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::OnceLock;

use smol_str::SmolStr;

use crate::net::IpProtocol;
use calico::NetworkSet;
pub use decision::{Cause, Decision, Door, RuleName, ServiceHop, Side, Verdict};
pub use differences::{Difference, DifferenceKind};
pub use dns::DnsGap;
pub use document::Document;
pub use engine::{Engine, Reading, Readings};
pub use find::FindError;
use index::{Applied, Tier};
pub use labels::{LabelSelector, Labels};
pub use object::{ContainerPort, Namespace, Node, Owner, Pod, Service, ServicePort, TargetPort};
pub use packet::{End, Packet, PodId};
pub use policy::{Direction, Policy, PolicyKind, PolicyName, Rule, RuleAction};

/// The tier of `AdminNetworkPolicy` and of `ClusterNetworkPolicy` with `tier: Admin`.
pub const ADMIN_TIER: &str = "kube-admin";
/// The tier of `NetworkPolicy` and of Calico's policies that name none.
pub const DEFAULT_TIER: &str = "default";
/// The tier of `BaselineAdminNetworkPolicy` and of `ClusterNetworkPolicy` with `tier: Baseline`.
pub const BASELINE_TIER: &str = "kube-baseline";

/// Where Calico puts `NetworkPolicy` among its own policies.
const NETWORK_POLICY_ORDER: f64 = 1000.0;

/// A cluster as far as network policy goes. Nothing in it changes after reading.
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    namespaces: BTreeMap<SmolStr, Namespace>,
    nodes: Vec<Node>,
    pods: Vec<Pod>,
    services: Vec<Service>,
    policies: Vec<Policy>,
    network_sets: Vec<NetworkSet>,
    /// Labels of service accounts by namespace and name.
    accounts: BTreeMap<(SmolStr, SmolStr), Labels>,
    has_host_endpoints: bool,
    /// Profiles of Calico by their names.
    profiles: BTreeMap<SmolStr, Policy>,
    /// Policies for host endpoints that are looked at before all others, or before translation.
    early: Vec<Policy>,
    /// Policies that also filter what passes through the nodes to pods.
    forwarding: Vec<PolicyName>,
    tiers: Vec<Tier>,
    /// Running pods by their own address.
    pods_by_address: HashMap<IpAddr, Vec<PodId>>,
    nodes_by_address: HashMap<IpAddr, usize>,
    /// Port names that stand for several numbers.
    ambiguous_ports: HashSet<(SmolStr, IpProtocol)>,
    has_ipv6: bool,
    /// For every pod and tier the policies that select it, found when first asked for.
    applied: Vec<OnceLock<Vec<Vec<Applied>>>>,
}

impl Cluster {
    /// Every pod, one for each workload of which no pod is given, and every host endpoint.
    #[must_use]
    pub fn pods(&self) -> &[Pod] {
        &self.pods
    }

    /// The pod of this id.
    #[must_use]
    pub fn pod(&self, id: PodId) -> Option<&Pod> {
        self.pods.get(id.0)
    }

    /// The policies, as they were read.
    #[must_use]
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    #[must_use]
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The namespaces, those among them that pods name and the input does not hold.
    pub fn namespaces(&self) -> impl Iterator<Item = &Namespace> {
        self.namespaces.values()
    }

    /// The engine whose agents are among the pods, or whose policies are written.
    #[must_use]
    pub fn engine(&self) -> Engine {
        let agents = [
            ("calico-node", Engine::Calico),
            ("cilium", Engine::Cilium),
            ("azure-npm", Engine::Npm),
        ];
        let mut found = Engine::Unknown;
        for pod in &self.pods {
            let label = pod.labels.get("k8s-app");
            let agent = agents.iter().find(|(name, _)| label == Some(name));
            match (agent, found) {
                (Some(&(_, engine)), Engine::Unknown) => found = engine,
                // Two engines: one is being replaced by the other.
                (Some(&(_, engine)), other) if engine != other => return Engine::Unknown,
                (Some(_) | None, _) => {}
            }
        }
        found
    }

    /// The pod that has this address of its own, not that of its host.
    #[must_use]
    pub fn pod_at(&self, address: IpAddr) -> Option<&Pod> {
        match self.pods_by_address.get(&address)?.as_slice() {
            [id] => self.pod(*id).filter(|pod| !pod.is_host_endpoint),
            _ => None,
        }
    }

    /// The node that has this address.
    #[must_use]
    pub fn node_at(&self, address: IpAddr) -> Option<&Node> {
        self.nodes.get(*self.nodes_by_address.get(&address)?)
    }
}
