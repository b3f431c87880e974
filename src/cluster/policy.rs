//! Policies of every kind, as lists of rules for the pods they select.

use std::fmt;

use ipnet::IpNet;
use smol_str::SmolStr;

use super::calico::CalicoMatch;
use super::labels::LabelSelector;
use super::order::Places;
use crate::net::{IpProtocol, PortRange};
use crate::syntax::selector::Selector;

/// The kind of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PolicyKind {
    /// `NetworkPolicy` of `networking.k8s.io`.
    NetworkPolicy,
    AdminNetworkPolicy,
    BaselineAdminNetworkPolicy,
    ClusterNetworkPolicy,
    /// `NetworkPolicy` of Calico.
    CalicoNetworkPolicy,
    GlobalNetworkPolicy,
    /// A profile of Calico, asked after all tiers.
    Profile,
    /// A policy whose language is not evaluated, by its kind: Cilium's and others'.
    Other(SmolStr),
}

/// Which policy: kind, namespace where it has one, name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PolicyName {
    pub kind: PolicyKind,
    pub namespace: Option<SmolStr>,
    pub name: SmolStr,
}

impl fmt::Display for PolicyName {
    /// `NetworkPolicy shop/web-egress`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            PolicyKind::NetworkPolicy => "NetworkPolicy",
            PolicyKind::AdminNetworkPolicy => "AdminNetworkPolicy",
            PolicyKind::BaselineAdminNetworkPolicy => "BaselineAdminNetworkPolicy",
            PolicyKind::ClusterNetworkPolicy => "ClusterNetworkPolicy",
            PolicyKind::CalicoNetworkPolicy => "Calico NetworkPolicy",
            PolicyKind::GlobalNetworkPolicy => "GlobalNetworkPolicy",
            PolicyKind::Profile => "Profile",
            PolicyKind::Other(kind) => kind,
        };
        write!(f, "{kind} ")?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)
    }
}

/// A policy of any kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    pub name: PolicyName,
    /// The file it is from.
    pub file: SmolStr,
    pub tier: SmolStr,
    /// Lower is looked at first; infinite where none is written.
    pub order: f64,
    /// `None`: does not apply to what the pods receive.
    pub ingress: Option<Vec<Rule>>,
    /// `None`: does not apply to what the pods send.
    pub egress: Option<Vec<Rule>>,
    pub(super) subject: Subject,
    /// Among those of its tier; set when all are read.
    pub(super) places: Places,
    /// What of it could not be read: the pods it selects are undecided.
    pub(super) flaws: Vec<String>,
    /// What Azure NPM on Windows does not support and the policy uses.
    pub(super) windows_gap: Option<&'static str>,
}

impl Policy {
    /// What of the policy could not be read, as path and reason. Empty for a sound policy.
    #[must_use]
    pub fn flaws(&self) -> &[String] {
        &self.flaws
    }

    #[must_use]
    pub fn rules(&self, direction: Direction) -> Option<&[Rule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }
}

/// Which way the traffic goes, seen from the pod that a policy selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    Egress,
    Ingress,
}

impl Direction {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Egress => "egress",
            Self::Ingress => "ingress",
        }
    }
}

/// Which pods a policy is for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Subject {
    /// Pods of the policy's own namespace.
    Own { namespace: SmolStr, pods: LabelSelector },
    /// Pods of the namespaces; an admin policy never selects pods in the network of their host.
    Admin { namespaces: LabelSelector, pods: LabelSelector },
    /// Endpoints with these labels, those of their namespace and account among them.
    Calico(Selector),
    /// Endpoints as Cilium names them.
    Cilium { namespace: Option<SmolStr>, endpoints: LabelSelector },
    /// Could not be read: any pod (of the namespace) may be meant.
    Unread { namespace: Option<SmolStr> },
}

/// One rule of a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub action: RuleAction,
    pub name: Option<SmolStr>,
    pub(super) criteria: Criteria,
}

/// What a rule does with what it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleAction {
    Allow,
    Deny,
    /// The next tier decides.
    Pass,
    /// Nothing but a line in a log.
    Log,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Criteria {
    /// `None` stands for all peers, or all protocols and ports.
    Kubernetes {
        peers: Option<Vec<Peer>>,
        ports: Option<Vec<PortMatch>>,
    },
    Calico(Box<CalicoMatch>),
}

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Peer {
    /// Pods of namespaces.
    Pods {
        namespaces: Namespaces,
        pods: Option<LabelSelector>,
    },
    /// `ipBlock` of a `NetworkPolicy`.
    Block {
        range: IpNet,
        except: Vec<IpNet>,
    },
    /// `networks` of an admin policy.
    Network(IpNet),
    Nodes(LabelSelector),
    /// A name, or `*.` and a name for every name below it.
    Domain(SmolStr),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Namespaces {
    Own(SmolStr),
    Selected(LabelSelector),
}

/// One entry of `ports` or `protocols`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PortMatch {
    /// `None`: a port name of any protocol.
    pub(super) protocol: Option<IpProtocol>,
    pub(super) ports: Ports,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ports {
    All,
    Range(PortRange),
    /// What the pod at the destination calls so.
    Named(SmolStr),
}

impl fmt::Display for Criteria {
    /// `0.0.0.0/0 except 10.0.0.0/8, tcp 443`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kubernetes { peers, ports } => {
                listed(f, peers.as_deref(), "any peer")?;
                f.write_str(", ")?;
                listed(f, ports.as_deref(), "any port")
            }
            Self::Calico(criteria) => criteria.fmt(f),
        }
    }
}

/// More entries than this say no more.
const SHOWN_MAX: usize = 4;

fn listed<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    entries: Option<&[T]>,
    all: &str,
) -> fmt::Result {
    let Some(entries) = entries else { return f.write_str(all) };
    for (index, entry) in entries.iter().take(SHOWN_MAX).enumerate() {
        write!(f, "{}{entry}", if index == 0 { "" } else { " or " })?;
    }
    match entries.len().saturating_sub(SHOWN_MAX) {
        0 => Ok(()),
        more => write!(f, " or {more} more"),
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pods { namespaces: Namespaces::Own(namespace), pods } => {
                write!(f, "pods {namespace}/{}", Selected(pods.as_ref()))
            }
            Self::Pods { namespaces: Namespaces::Selected(namespaces), pods } => {
                write!(f, "pods {namespaces}/{}", Selected(pods.as_ref()))
            }
            Self::Block { range, except } if except.is_empty() => write!(f, "{range}"),
            Self::Block { range, except } => {
                let except: Vec<_> = except.iter().map(ToString::to_string).collect();
                write!(f, "{range} except {}", except.join(" "))
            }
            Self::Network(range) => write!(f, "{range}"),
            Self::Nodes(selector) => write!(f, "nodes {selector}"),
            Self::Domain(name) => f.write_str(name),
        }
    }
}

struct Selected<'a>(Option<&'a LabelSelector>);

impl fmt::Display for Selected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(selector) => selector.fmt(f),
            None => f.write_str("*"),
        }
    }
}

impl fmt::Display for PortMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.protocol {
            Some(protocol) => write!(f, "{protocol}")?,
            None => f.write_str("port")?,
        }
        match &self.ports {
            Ports::All => Ok(()),
            Ports::Range(range) => write!(f, " {range}"),
            Ports::Named(name) => write!(f, " {name}"),
        }
    }
}
