//! Whether a rule matches: the criteria of `NetworkPolicy` and of admin policies.

use ipnet::IpNet;

use super::Case;
use crate::cluster::engine::{Engine, Reading};
use crate::cluster::fit::Fit;
use crate::cluster::object::Pod;
use crate::cluster::packet::{Party, Place};
use crate::cluster::policy::{Criteria, Direction, Namespaces, Peer, PortMatch, Ports, Rule};
use crate::cluster::select::own_label;
use crate::net::{FqdnPattern, PortRange};

impl<'c> Case<'c> {
    pub(super) fn fit(&self, rule: &Rule, direction: Direction) -> Fit {
        match &rule.criteria {
            Criteria::Calico(criteria) => self.calico_fit(criteria),
            Criteria::Kubernetes { peers, ports } => {
                let port = match ports {
                    None => Fit::Yes,
                    Some(ports) => Fit::any(ports.iter().map(|port| self.port_fit(port))),
                };
                port.and(|| match peers {
                    None => Fit::Yes,
                    Some(peers) => {
                        let other = self.other(direction);
                        Fit::any(peers.iter().map(|peer| self.peer_fit(peer, other)))
                    }
                })
            }
        }
    }

    fn port_fit(&self, port: &PortMatch) -> Fit {
        if port.protocol.is_some_and(|protocol| protocol != self.packet.protocol) {
            return Fit::No;
        }
        match &port.ports {
            Ports::All => Fit::Yes,
            Ports::Range(range) => port_in(*range, self.port),
            Ports::Named(name) => {
                let key = (name.clone(), self.packet.protocol);
                let is_ambiguous = self.readings.engine == Engine::Cilium
                    && self.cluster.ambiguous_ports.contains(&key);
                let fit = self.named_port(name, self.destination, self.port);
                if is_ambiguous && fit != Fit::No {
                    let why =
                        format!("Cilium fails where the port name `{name}` has several numbers");
                    return Fit::Unknown(why);
                }
                fit
            }
        }
    }

    /// Whether the party's pod calls the port so.
    pub(super) fn named_port(&self, name: &str, party: Party<'_>, port: Option<u16>) -> Fit {
        match party.place {
            Place::Outside | Place::Node(_) => Fit::No,
            Place::Unclear => Fit::Unknown(format!("whose port is called `{name}` is not known")),
            Place::Pod(_, pod) => {
                let mut numbers = pod.named_ports(name, self.packet.protocol).peekable();
                match port {
                    Some(port) => Fit::known(numbers.any(|number| number == port)),
                    None if numbers.peek().is_none() => Fit::No,
                    None => Fit::Unknown("the port is not known".to_owned()),
                }
            }
        }
    }

    fn peer_fit(&self, peer: &Peer, other: Party<'c>) -> Fit {
        match peer {
            Peer::Pods { namespaces, pods } => {
                let labels = |pod: &'c Pod| {
                    let selected = pods.as_ref().map_or(Some(true), |selector| {
                        selector.matches(&|key: &str| own_label(pod, key))
                    });
                    let in_namespace = || self.namespaces_fit(namespaces, pod);
                    Fit::of(selected, String::new).and(in_namespace)
                };
                self.as_pod(other, labels)
            }
            Peer::Block { range, except } => self.block_fit(*range, except, other),
            Peer::Network(range) => {
                let reading = self.readings.networks_hold_pods;
                let is_pod = other.pod().is_some_and(|(_, pod)| !pod.is_on_host());
                let inside = self.in_nets(std::slice::from_ref(range), other);
                if is_pod { as_read(reading).and(|| inside) } else { inside }
            }
            Peer::Nodes(selector) => self.node_fit(other, |node| {
                let label = |key: &str| match self.cluster.nodes.get(node) {
                    Some(node) => node.labels.get(key).map_or(
                        crate::syntax::selector::Label::Absent,
                        crate::syntax::selector::Label::Is,
                    ),
                    None => crate::syntax::selector::Label::Unknown,
                };
                Fit::of(selector.matches(&label), || "the node's labels are not known".to_owned())
            }),
            Peer::Domain(name) => self.domain_fit(name, other),
        }
    }

    fn namespaces_fit(&self, namespaces: &Namespaces, pod: &Pod) -> Fit {
        match namespaces {
            Namespaces::Own(namespace) => Fit::known(*namespace == pod.namespace),
            Namespaces::Selected(selector) => {
                let label = |key: &str| self.cluster.namespace_label(&pod.namespace, key);
                Fit::of(selector.matches(&label), || {
                    format!("the labels of namespace `{}` are not known", pod.namespace)
                })
            }
        }
    }

    /// The fit of a selector of pods, for whoever is there.
    pub(super) fn as_pod(&self, party: Party<'c>, fit: impl FnOnce(&'c Pod) -> Fit) -> Fit {
        match party.place {
            Place::Pod(_, pod) if pod.is_host_endpoint => Fit::No,
            Place::Pod(_, pod) if pod.flaw.is_some() => {
                Fit::Unknown(format!("pod {pod} cannot be read fully"))
            }
            Place::Pod(_, pod) if pod.is_host_network => {
                let reading = as_read(self.readings.host_network_is_pod);
                fit(pod).and(|| reading)
            }
            Place::Pod(_, pod) => fit(pod),
            Place::Node(_) | Place::Outside => Fit::No,
            Place::Unclear => Fit::Unknown(unclear(party)),
        }
    }

    fn block_fit(&self, range: IpNet, except: &[IpNet], other: Party<'_>) -> Fit {
        let inside = self
            .in_nets(&[range], other)
            .and(|| if except.is_empty() { Fit::Yes } else { self.in_nets(except, other).not() });
        let reading = match other.place {
            Place::Outside => return inside,
            Place::Pod(_, pod) if !pod.is_on_host() => self.readings.blocks_hold_pods,
            Place::Pod(..) | Place::Node(_) => self.readings.blocks_hold_nodes,
            // It counts as outside, as a pod or as a node.
            Place::Unclear => match self.readings.blocks_hold_pods {
                Reading::Yes => Reading::Yes,
                Reading::No | Reading::Unknown => Reading::Unknown,
            },
        };
        let why = "engines differ on whether an ipBlock holds pods and nodes";
        Fit::reading(reading, why).and(|| inside)
    }

    /// Whether the party's address is in one of the ranges.
    pub(super) fn in_nets(&self, nets: &[IpNet], party: Party<'_>) -> Fit {
        if let Some(address) = party.address {
            return Fit::known(nets.iter().any(|net| net.contains(&address)));
        }
        let is_all = |net: &IpNet| net.prefix_len() == 0;
        let holds_v4 = nets.iter().any(|net| is_all(net) && net.addr().is_ipv4());
        let holds_v6 = nets.iter().any(|net| is_all(net) && net.addr().is_ipv6());
        // Unless something shows IPv6, addresses are IPv4.
        if holds_v4 && (holds_v6 || !self.cluster.has_ipv6) {
            return Fit::Yes;
        }
        let is_of_family = |net: &&IpNet| self.cluster.has_ipv6 || net.addr().is_ipv4();
        if !nets.iter().any(|net| is_of_family(&net)) {
            return Fit::No;
        }
        Fit::Unknown(match party.pod() {
            Some((_, pod)) => format!("the address of {pod} is not known"),
            None => "the address of the other end is not known".to_owned(),
        })
    }

    /// The fit of something asked of a node, for whoever is there.
    fn node_fit(&self, party: Party<'_>, fit: impl FnOnce(usize) -> Fit) -> Fit {
        match party.place {
            Place::Node(node) => fit(node),
            Place::Pod(_, pod) if pod.is_on_host() => {
                let is_it =
                    |node: &super::super::object::Node| Some(&node.name) == pod.node.as_ref();
                match self.cluster.nodes.iter().position(is_it) {
                    Some(node) => fit(node),
                    None => Fit::Unknown(format!("the node of {pod} is not known")),
                }
            }
            Place::Pod(..) | Place::Outside => Fit::No,
            Place::Unclear => Fit::Unknown(unclear(party)),
        }
    }

    /// Names are only for what is outside.
    fn domain_fit(&self, name: &str, other: Party<'_>) -> Fit {
        let known = match (other.place, &self.packet.name) {
            (Place::Pod(..) | Place::Node(_), _) => return Fit::No,
            (Place::Outside, Some(known)) => known,
            (Place::Outside, None) => {
                return Fit::Unknown("the name of the destination is not known".to_owned());
            }
            (Place::Unclear, _) => return Fit::Unknown(unclear(other)),
        };
        Fit::known(FqdnPattern::new(name).is_some_and(|pattern| pattern.matches(known)))
    }
}

/// Whether a port is in a range.
pub(super) fn port_in(range: PortRange, port: Option<u16>) -> Fit {
    match port {
        Some(port) => Fit::known(range.contains(port)),
        None if range.first() <= 1 && range.last() == u16::MAX => Fit::Yes,
        None => Fit::Unknown("the port is not known".to_owned()),
    }
}

fn unclear(party: Party<'_>) -> String {
    match party.address {
        Some(address) => format!("{address} may be a pod that the input does not hold"),
        None => "who is at the other end is not known".to_owned(),
    }
}

fn as_read(reading: Reading) -> Fit {
    Fit::reading(reading, "engines differ here and the engine is not known")
}
