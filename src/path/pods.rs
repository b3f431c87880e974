//! What Kubernetes policies say of a packet, as far as a journey needs it.

use std::net::IpAddr;

use super::arrive::is_public;
use super::firewall::few;
use super::hop::HopVerdict;
use super::packet::{Packet, Place};
use super::topology::{Direction, Pod};
use crate::cluster::{self, Cluster, End, Readings, Verdict};
use crate::net::Fqdn;

/// An answer about one end of a packet.
#[derive(Debug, Clone)]
pub struct PolicyAnswer {
    pub verdict: HopVerdict,
    pub rule: Option<String>,
    pub reason: String,
    pub notes: Vec<String>,
    pub needs: Vec<String>,
}

impl PolicyAnswer {
    fn new(verdict: HopVerdict, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { verdict, rule: None, reason, notes: Vec::new(), needs: Vec::new() }
    }
}

/// Whoever evaluates the policies of a cluster.
pub trait PodPolicies {
    /// What the policies of `pod` say of a packet that leaves it or comes to it. `name` is that of
    /// the destination.
    fn decide(
        &self,
        direction: Direction,
        pod: &Pod,
        packet: &Packet,
        name: Option<&Fqdn>,
    ) -> PolicyAnswer;

    /// The cluster whose policies these are, and how they are read.
    fn cluster(&self) -> Option<(&Cluster, Readings)> {
        None
    }
}

/// Nobody: the files hold no policies.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPolicies;

impl PodPolicies for NoPolicies {
    fn decide(
        &self,
        _direction: Direction,
        _pod: &Pod,
        _packet: &Packet,
        _name: Option<&Fqdn>,
    ) -> PolicyAnswer {
        // An export with pods and no policies does not say whether there are none.
        PolicyAnswer::new(
            HopVerdict::NoData,
            "not evaluated (no data): no policies of Kubernetes among the files",
        )
    }
}

/// The policies of a cluster.
#[derive(Debug, Clone, Copy)]
pub struct ClusterPolicies<'c> {
    pub cluster: &'c Cluster,
    pub readings: Readings,
}

impl PodPolicies for ClusterPolicies<'_> {
    fn cluster(&self) -> Option<(&Cluster, Readings)> {
        Some((self.cluster, self.readings))
    }

    fn decide(
        &self,
        direction: Direction,
        pod: &Pod,
        packet: &Packet,
        name: Option<&Fqdn>,
    ) -> PolicyAnswer {
        if self.cluster.policies().is_empty() {
            return NoPolicies.decide(direction, pod, packet, name);
        }
        let own = match self.cluster.find_pod(&format!("{}/{}", pod.namespace, pod.name)) {
            Ok(found) => End::Pod(found.id()),
            Err(error) => return PolicyAnswer::new(HopVerdict::NoData, error.to_string()),
        };
        let other = match direction {
            Direction::Outbound => &packet.destination,
            Direction::Inbound => &packet.source,
        };
        let Some(ends) = ends(other) else {
            let mut answer = PolicyAnswer::new(HopVerdict::Unknown, "it depends on the other end");
            answer.needs.push(format!("which address {other} is"));
            return answer;
        };
        let mut answers =
            ends.into_iter().map(|end| self.answer(direction, own, end, packet, name));
        let Some(first) = answers.next() else {
            return PolicyAnswer::new(HopVerdict::NoData, "the other end is not known");
        };
        if answers.all(|answer| answer.verdict == first.verdict) {
            return first;
        }
        let mut answer = PolicyAnswer::new(HopVerdict::Unknown, "it depends on the other end");
        answer.needs.push(format!("which address {other} is"));
        answer
    }
}

/// The other end, or each that it can be.
fn ends(place: &Place) -> Option<Vec<End>> {
    if place.only().is_none() && is_public(place.addresses()) {
        return Some(vec![End::Outside(None)]);
    }
    let addresses: Vec<IpAddr> = few(place.addresses())?;
    Some(addresses.into_iter().map(End::Address).collect())
}

impl ClusterPolicies<'_> {
    fn answer(
        &self,
        direction: Direction,
        own: End,
        other: End,
        packet: &Packet,
        name: Option<&Fqdn>,
    ) -> PolicyAnswer {
        let (source, destination, wanted) = match direction {
            Direction::Outbound => (own, other, cluster::Direction::Egress),
            Direction::Inbound => (other, own, cluster::Direction::Ingress),
        };
        let protocol = packet.protocol.ip();
        let mut asked = cluster::Packet::new(source, destination, protocol, packet.port);
        asked.source_port = packet.source_port;
        asked.name = name.cloned();
        let decision = self.cluster.decide(&asked, self.readings);
        let side = decision.sides.iter().find(|side| side.direction == wanted);
        let verdict = side.map_or(&decision.verdict, |side| &side.verdict);
        let reason = side.map_or_else(|| verdict.to_string(), |side| side.cause.to_string());
        let mut answer = match verdict {
            Verdict::Allow => PolicyAnswer::new(HopVerdict::Allow, reason),
            Verdict::Deny => PolicyAnswer::new(HopVerdict::Deny, reason),
            Verdict::Undecided(needs) => {
                let mut answer = PolicyAnswer::new(HopVerdict::Unknown, reason);
                answer.needs.clone_from(needs);
                answer
            }
            Verdict::NotEvaluated(why) => {
                PolicyAnswer::new(HopVerdict::NoData, format!("not evaluated: {why}"))
            }
        };
        answer.notes = decision.notes;
        if let Some(cluster::Cause::Rule(rule)) = side.map(|side| &side.cause) {
            answer.rule = Some(format!("{} rule {}", rule.policy, rule.index));
        }
        answer
    }
}
