//! What a rule of Calico asks for.

use std::fmt;

use ipnet::IpNet;
use smol_str::SmolStr;

use super::labels::Labels;
use crate::net::{IpFamily, IpProtocol, PortRange};
use crate::syntax::selector::Selector;

/// The label by which Calico knows the namespace of an endpoint.
pub(super) const NAMESPACE: &str = "projectcalico.org/namespace";
pub(super) const ORCHESTRATOR: &str = "projectcalico.org/orchestrator";
pub(super) const SERVICE_ACCOUNT: &str = "projectcalico.org/serviceaccount";
/// The label of a namespace or service account that holds its own name.
pub(super) const OWN_NAME: &str = "projectcalico.org/name";
/// Before the labels an endpoint has from its namespace, and from its service account.
pub(super) const OF_NAMESPACE: &str = "pcns.";
pub(super) const OF_ACCOUNT: &str = "pcsa.";

/// The criteria of one rule: all that are there have to hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct CalicoMatch {
    pub(super) protocol: Option<IpProtocol>,
    pub(super) not_protocol: Option<IpProtocol>,
    pub(super) family: Option<IpFamily>,
    pub(super) icmp: Option<Icmp>,
    pub(super) not_icmp: Option<Icmp>,
    pub(super) source: Entity,
    pub(super) destination: Entity,
    /// Asks for methods or paths, which packets do not show.
    pub(super) is_http: bool,
}

/// Types and codes of ICMP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Icmp {
    pub(super) kind: u8,
    pub(super) code: Option<u8>,
}

/// What one end has to be.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Entity {
    pub(super) nets: Option<Vec<IpNet>>,
    pub(super) not_nets: Vec<IpNet>,
    /// Namespace, service account and labels in one.
    pub(super) selector: Option<Selector>,
    pub(super) not_selector: Option<Selector>,
    pub(super) ports: Option<Vec<CalicoPort>>,
    pub(super) not_ports: Vec<CalicoPort>,
    /// Namespace and name.
    pub(super) service: Option<(SmolStr, SmolStr)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum CalicoPort {
    Range(PortRange),
    Named(SmolStr),
}

/// A named set of addresses.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NetworkSet {
    /// `None`: global.
    pub(super) namespace: Option<SmolStr>,
    pub(super) labels: Labels,
    pub(super) nets: Vec<IpNet>,
    /// It may hold more: a net that could not be read, or names.
    pub(super) is_partial: bool,
}

/// A tier of Calico.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CalicoTier {
    pub(super) name: SmolStr,
    pub(super) order: f64,
    /// What no rule of an applying policy matched goes to the next tier.
    pub(super) passes: bool,
    pub(super) is_flawed: bool,
}

impl fmt::Display for CalicoMatch {
    /// `tcp, to app == "db" port 5432`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        parts.extend(self.protocol.map(|protocol| protocol.to_string()));
        parts.extend(self.not_protocol.map(|protocol| format!("not {protocol}")));
        parts.extend(self.family.map(|family| match family {
            IpFamily::V4 => "ipv4".to_owned(),
            IpFamily::V6 => "ipv6".to_owned(),
        }));
        parts.extend(self.icmp.map(|icmp| format!("icmp {icmp}")));
        parts.extend(self.not_icmp.map(|icmp| format!("not icmp {icmp}")));
        for (word, entity) in [("from", &self.source), ("to", &self.destination)] {
            let text = entity.to_string();
            if !text.is_empty() {
                parts.push(format!("{word} {text}"));
            }
        }
        f.write_str(&if parts.is_empty() { "anything".to_owned() } else { parts.join(", ") })
    }
}

impl fmt::Display for Icmp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "{}/{code}", self.kind),
            None => write!(f, "{}", self.kind),
        }
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        let joined =
            |nets: &[IpNet]| nets.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        parts.extend(self.nets.as_deref().map(joined));
        if !self.not_nets.is_empty() {
            parts.push(format!("not {}", joined(&self.not_nets)));
        }
        parts.extend(self.selector.as_ref().map(ToString::to_string));
        parts.extend(self.not_selector.as_ref().map(|selector| format!("not {selector}")));
        parts.extend(
            self.service.as_ref().map(|(namespace, name)| format!("service {namespace}/{name}")),
        );
        parts.extend(self.ports.as_deref().map(|ports| format!("port {}", PortList(ports))));
        if !self.not_ports.is_empty() {
            parts.push(format!("not port {}", PortList(&self.not_ports)));
        }
        f.write_str(&parts.join(" "))
    }
}

struct PortList<'a>(&'a [CalicoPort]);

impl fmt::Display for PortList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |port: &CalicoPort| match port {
            CalicoPort::Range(range) => range.to_string(),
            CalicoPort::Named(name) => name.to_string(),
        };
        f.write_str(&self.0.iter().map(shown).collect::<Vec<_>>().join(","))
    }
}
