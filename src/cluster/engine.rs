//! What enforces the policies, and how it reads what the API leaves open.
//!
//! The differences of Azure NPM and Cilium are documented:
//! <https://learn.microsoft.com/azure/aks/migrate-from-npm-to-cilium-network-policy>.

/// The network policy engine of a cluster (`networkProfile.networkPolicy` of `az aks show`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Engine {
    /// Not known: what engines do differently stays undecided.
    #[default]
    Unknown,
    /// Azure Network Policy Manager.
    Npm,
    /// Calico, open source.
    Calico,
    /// Cilium, 1.17 or later.
    Cilium,
}

impl Engine {
    /// The engine of its name in any case: `azure`, `npm` and `azure-npm`, `calico`, `cilium`.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "azure" | "npm" | "azure-npm" => Some(Self::Npm),
            "calico" => Some(Self::Calico),
            "cilium" => Some(Self::Cilium),
            _ => None,
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Npm => "npm",
            Self::Calico => "calico",
            Self::Cilium => "cilium",
        }
    }

    /// How the engine reads what the API leaves open.
    #[must_use]
    pub fn readings(self) -> Readings {
        use Reading::{No, Unknown, Yes};
        let of = |npm, calico, cilium| match self {
            Self::Unknown => Unknown,
            Self::Npm => npm,
            Self::Calico => calico,
            Self::Cilium => cilium,
        };
        Readings {
            engine: self,
            blocks_hold_pods: of(Yes, Yes, No),
            blocks_hold_nodes: of(Yes, Yes, No),
            networks_hold_pods: Yes,
            host_network_is_pod: of(No, No, No),
            own_node_is_reached: of(Yes, Unknown, No),
            cluster_door_is_open: of(Yes, No, No),
            other_protocols_are_filtered: of(Unknown, Yes, Unknown),
        }
    }
}

/// Whether an engine does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reading {
    Yes,
    No,
    /// Not documented, or the engine is not known: what hangs on it stays undecided.
    Unknown,
}

/// How an engine reads what the API leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Readings {
    pub engine: Engine,
    /// An `ipBlock` holds the addresses of pods.
    pub blocks_hold_pods: Reading,
    /// An `ipBlock` holds the addresses of nodes.
    pub blocks_hold_nodes: Reading,
    /// A `networks` peer of an admin policy holds the addresses of pods.
    pub networks_hold_pods: Reading,
    /// A pod in the network of its host is selected by policies and their peers like other pods;
    /// otherwise it is its node.
    pub host_network_is_pod: Reading,
    /// A pod always reaches its own node. The other way is always open.
    pub own_node_is_reached: Reading,
    /// What comes in through a load balancer or node port with `externalTrafficPolicy: Cluster`
    /// passes no policy.
    pub cluster_door_is_open: Reading,
    /// `NetworkPolicy` filters protocols besides TCP, UDP and SCTP as well.
    pub other_protocols_are_filtered: Reading,
}
