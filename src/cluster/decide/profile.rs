//! What comes after all tiers of Calico: the profiles of an endpoint.
//!
//! A pod has the profile of its namespace, which allows everything unless someone changes it, and
//! that of its service account, which says nothing. An endpoint without a profile that matches is
//! denied.

use super::Case;
use super::walk::{Doubt, Outcome, Walk};
use crate::cluster::decision::Verdict;
use crate::cluster::engine::Engine;
use crate::cluster::object::Pod;
use crate::cluster::policy::{Direction, PolicyName, RuleAction};
use crate::net::IpProtocol;

/// How the profiles end the walk.
pub(super) enum Last {
    /// Nothing filters any more.
    Open,
    Outcome(Outcome),
    /// No rule of these matches.
    Denied(Vec<PolicyName>),
}

/// The profile that Calico gives host endpoints it makes itself.
const ALLOW_ALL: &str = "projectcalico-default-allow";

/// Ports of a host that Calico leaves open unless it is told otherwise: `failsafeInboundHostPorts`
/// and `failsafeOutboundHostPorts` of <https://docs.tigera.io/calico/latest/reference/resources/felixconfig>.
const FAILSAFE_IN: [(IpProtocol, u16); 9] = [
    (IpProtocol::TCP, 22),
    (IpProtocol::UDP, 68),
    (IpProtocol::TCP, 179),
    (IpProtocol::TCP, 2379),
    (IpProtocol::TCP, 2380),
    (IpProtocol::TCP, 5473),
    (IpProtocol::TCP, 6443),
    (IpProtocol::TCP, 6666),
    (IpProtocol::TCP, 6667),
];
const FAILSAFE_OUT: [(IpProtocol, u16); 9] = [
    (IpProtocol::UDP, 53),
    (IpProtocol::UDP, 67),
    (IpProtocol::TCP, 179),
    (IpProtocol::TCP, 2379),
    (IpProtocol::TCP, 2380),
    (IpProtocol::TCP, 5473),
    (IpProtocol::TCP, 6443),
    (IpProtocol::TCP, 6666),
    (IpProtocol::TCP, 6667),
];

impl Walk<'_, '_> {
    /// What the profiles of the endpoint say.
    pub(super) fn profiles(&self, doubts: &mut Vec<Doubt>) -> Last {
        let cluster = self.case.cluster;
        let is_plain = cluster.profiles.is_empty() && self.pod.profiles.is_none();
        if is_plain || matches!(self.case.readings.engine, Engine::Npm | Engine::Cilium) {
            return Last::Open;
        }
        let mut asked = Vec::new();
        for name in self.pod.profile_names() {
            let Some(profile) = cluster.profiles.get(&name) else {
                if name.starts_with("kns.") || name == ALLOW_ALL {
                    return Last::Open;
                }
                if name.starts_with("ksa.") {
                    continue;
                }
                let why = vec![format!("profile {name} is not in the input")];
                return Last::Outcome(Outcome::Stuck(Verdict::Undecided(why)));
            };
            asked.push(profile.name.clone());
            match self.outcome(profile, true, doubts) {
                Some(Outcome::Rule(RuleAction::Pass | RuleAction::Log, rule)) => {
                    let why = vec![format!("{rule} passes on from a profile")];
                    return Last::Outcome(Outcome::Stuck(Verdict::Undecided(why)));
                }
                Some(outcome) => return Last::Outcome(outcome),
                None => {}
            }
        }
        Last::Denied(asked)
    }
}

impl Case<'_> {
    /// Why a denial at a host endpoint is not certain; nothing for pods.
    pub(super) fn host_doubt(&self, direction: Direction, pod: &Pod) -> Option<String> {
        if !pod.is_host_endpoint {
            return None;
        }
        let other = self.other(direction);
        let is_own = |other: &Pod| other.node.is_some() && other.node == pod.node;
        if other.pod().is_some_and(|(_, other)| !other.is_host_endpoint && is_own(other)) {
            let why = "whether the interface sees what a host and its own pods exchange";
            return Some(why.to_owned());
        }
        let ports = match direction {
            Direction::Ingress => &FAILSAFE_IN,
            Direction::Egress => &FAILSAFE_OUT,
        };
        let port = self.port?;
        ports
            .contains(&(self.packet.protocol, port))
            .then(|| format!("{} {port} is a failsafe port of Calico", self.packet.protocol))
    }
}
