//! What a cluster is made of besides policies: namespaces, nodes, pods and the services before them.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use smol_str::{SmolStr, format_smolstr};

use super::labels::Labels;
use super::packet::PodId;
use crate::net::IpProtocol;
use crate::syntax::selector::Label;

/// A namespace. One that policies and pods name but the input does not hold has unknown labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    pub name: SmolStr,
    pub labels: Labels,
    /// Whether the labels are all there are.
    pub is_known: bool,
}

impl Namespace {
    /// The label of this key; the API server itself sets `kubernetes.io/metadata.name`.
    pub(super) fn label(&self, key: &str) -> Label<'_> {
        match self.labels.get(key) {
            Some(value) => Label::Is(value),
            None if self.is_known => Label::Absent,
            None => Label::Unknown,
        }
    }
}

/// A machine of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub name: SmolStr,
    pub labels: Labels,
    pub addresses: Vec<IpAddr>,
    /// The addresses its pods get.
    pub pod_ranges: Vec<IpNet>,
}

/// A pod, or the pods that a workload makes, where no pod of it is in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are facts that do not hang together")]
pub struct Pod {
    pub(super) id: PodId,
    pub name: SmolStr,
    pub namespace: SmolStr,
    pub labels: Labels,
    /// None in a manifest.
    pub addresses: Vec<IpAddr>,
    pub node: Option<SmolStr>,
    pub host_address: Option<IpAddr>,
    /// It shares the network of its node.
    pub is_host_network: bool,
    pub is_windows: bool,
    /// It has ended: its address may already be another pod's.
    pub is_finished: bool,
    /// Stands for the pods of a workload.
    pub is_template: bool,
    pub ports: Vec<ContainerPort>,
    /// What made it: for a pod of a deployment that is a `ReplicaSet`.
    pub owner: Option<Owner>,
    pub service_account: SmolStr,
    /// No pod: an interface of a node that Calico filters (`HostEndpoint`).
    pub is_host_endpoint: bool,
    /// The profiles of Calico that its endpoint names. `None`: those that every pod has.
    pub(super) profiles: Option<Vec<SmolStr>>,
    /// What of it could not be read.
    pub(super) flaw: Option<String>,
}

/// What made a pod.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    pub kind: SmolStr,
    pub name: SmolStr,
}

/// A port that a container declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerPort {
    pub name: Option<SmolStr>,
    pub port: u16,
    pub protocol: IpProtocol,
}

impl Pod {
    /// Its place among the pods of its cluster.
    #[must_use]
    pub fn id(&self) -> PodId {
        self.id
    }

    /// It has the address of a node.
    pub(super) fn is_on_host(&self) -> bool {
        self.is_host_network || self.is_host_endpoint
    }

    /// The profiles of Calico, in the order they are asked.
    pub(super) fn profile_names(&self) -> Vec<SmolStr> {
        let Self { namespace, service_account, .. } = self;
        self.profiles.clone().unwrap_or_else(|| {
            vec![
                format_smolstr!("kns.{namespace}"),
                format_smolstr!("ksa.{namespace}.{service_account}"),
            ]
        })
    }

    /// The numbers behind a port name, for one protocol.
    pub(super) fn named_ports<'a>(
        &'a self,
        name: &'a str,
        protocol: IpProtocol,
    ) -> impl Iterator<Item = u16> + 'a {
        let is_it = move |port: &&ContainerPort| {
            port.protocol == protocol && port.name.as_deref() == Some(name)
        };
        self.ports.iter().filter(is_it).map(|port| port.port)
    }
}

impl fmt::Display for Pod {
    /// `shop/web-6d4cf`; the pods of a workload as `shop/web[Deployment]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_host_endpoint {
            return write!(f, "HostEndpoint {}", self.name);
        }
        write!(f, "{}/{}", self.namespace, self.name)?;
        match &self.owner {
            Some(owner) if self.is_template => write!(f, "[{}]", owner.kind),
            _ => Ok(()),
        }
    }
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub name: SmolStr,
    pub namespace: SmolStr,
    /// The labels its pods have. `None`: its endpoints are written by hand.
    pub selector: Option<Labels>,
    pub cluster_addresses: Vec<IpAddr>,
    /// Addresses of its load balancer and its `externalIPs`.
    pub outer_addresses: Vec<IpAddr>,
    pub ports: Vec<ServicePort>,
    /// `externalTrafficPolicy: Local`: clients from outside keep their address.
    pub keeps_client: bool,
    pub(super) endpoints: Vec<Endpoint>,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Service {}/{}", self.namespace, self.name)
    }
}

/// A port of a service and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePort {
    pub name: Option<SmolStr>,
    pub protocol: IpProtocol,
    pub port: u16,
    pub target: TargetPort,
    pub node_port: Option<u16>,
}

/// The port of the pods behind a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetPort {
    Number(u16),
    /// The number each pod has under this name.
    Named(SmolStr),
}

/// One address of an `Endpoints` or `EndpointSlice` object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) address: IpAddr,
    /// Name, protocol and number; no entry stands for every port.
    pub(super) ports: Vec<(Option<SmolStr>, IpProtocol, u16)>,
}
