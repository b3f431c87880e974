//! A packet and the policies of a cluster → what becomes of it, and why.

mod calico;
mod criteria;
mod profile;
mod service;
mod walk;

use std::net::IpAddr;

use super::Cluster;
use super::decision::{Cause, Decision, Side, Verdict};
use super::engine::{Reading, Readings};
use super::object::Pod;
use super::packet::{End, Packet, Party, Place, PodId};
use super::policy::{Direction, Policy};
use crate::net::IpFamily;

/// One packet between two parties that are known, services behind it.
#[derive(Debug, Clone, Copy)]
struct Case<'c> {
    cluster: &'c Cluster,
    readings: Readings,
    packet: &'c Packet,
    source: Party<'c>,
    destination: Party<'c>,
    port: Option<u16>,
}

impl Cluster {
    /// What the policies do with a packet, and which of their rules decide it.
    ///
    /// Whoever sends and whoever receives both have to allow it. A packet to the address of a
    /// service is decided for each of its endpoints; where they differ, it is undecided.
    #[must_use]
    pub fn decide(&self, packet: &Packet, readings: Readings) -> Decision {
        if let Some(decision) = self.through_service(packet, readings) {
            return decision;
        }
        let parties = self
            .party(packet.source)
            .and_then(|source| Ok((source, self.party(packet.destination)?)));
        let (source, destination) = match parties {
            Ok((source, destination)) => in_one_family(source, destination),
            Err(why) => return undecided(why),
        };
        let port = packet.port;
        Case { cluster: self, readings, packet, source, destination, port }.decision()
    }

    /// Who an end is; an error where two have its address.
    fn party(&self, end: End) -> Result<Party<'_>, String> {
        let address = match end {
            End::Pod(id) => {
                let Some(pod) = self.pod(id) else {
                    return Err("the pod is not one of this cluster".to_owned());
                };
                let address = match pod.addresses.as_slice() {
                    [only] => Some(*only),
                    _ => None,
                };
                return Ok(Party { place: Place::Pod(id, pod), address });
            }
            End::Outside(address) => return Ok(Party { place: Place::Outside, address }),
            End::Address(address) => address,
        };
        let place = match self.pods_by_address.get(&address).map(Vec::as_slice) {
            Some([id]) => match self.pod(*id) {
                Some(pod) => Place::Pod(*id, pod),
                None => Place::Outside,
            },
            Some(_) => return Err(format!("several pods have the address {address}")),
            None => match self.nodes_by_address.get(&address) {
                Some(&node) => Place::Node(node),
                None if self.may_be_inside(address) => Place::Unclear,
                None => Place::Outside,
            },
        };
        Ok(Party { place, address: Some(address) })
    }

    /// Whether a pod or node that the input does not hold may have an address.
    fn may_be_inside(&self, address: IpAddr) -> bool {
        let mut ranges = self.nodes.iter().flat_map(|node| &node.pod_ranges);
        if ranges.any(|range| range.contains(&address)) {
            return true;
        }
        // Manifests hold no addresses; pods and nodes of a cluster have private ones.
        let is_private = match address {
            IpAddr::V4(address) => {
                address.is_private() || (address.to_bits() >> 22) == (0x6440_0000 >> 22)
            }
            IpAddr::V6(address) => address.is_unique_local(),
        };
        let lacks_address =
            |pod: &Pod| pod.addresses.is_empty() && !pod.is_finished && !pod.is_on_host();
        is_private && (self.pods.iter().any(lacks_address) || self.pods.is_empty())
    }
}

/// The address of a pod that has several is the one of the other end's family.
fn in_one_family<'c>(source: Party<'c>, destination: Party<'c>) -> (Party<'c>, Party<'c>) {
    let of_family = |party: Party<'c>, other: Party<'c>| {
        let Some((_, pod)) = party.pod().filter(|_| party.address.is_none()) else { return party };
        let addresses = &pod.addresses;
        let wanted = other.address.map(IpFamily::of);
        let is_wanted = |address: &&IpAddr| wanted == Some(IpFamily::of(**address));
        // Without a wish the first address is the one that is used first.
        let address = addresses.iter().find(is_wanted).or_else(|| addresses.first());
        Party { address: address.copied(), ..party }
    };
    let source = of_family(source, destination);
    (source, of_family(destination, source))
}

fn undecided(why: String) -> Decision {
    Decision {
        verdict: Verdict::Undecided(vec![why]),
        service: None,
        sides: Vec::new(),
        notes: Vec::new(),
    }
}

impl<'c> Case<'c> {
    fn decision(&self) -> Decision {
        let mut notes = Vec::new();
        let sides: Vec<Side> = [Direction::Egress, Direction::Ingress]
            .into_iter()
            .filter_map(|direction| {
                let (id, pod) = self.me(direction).pod()?;
                Some(self.side(direction, id, pod))
            })
            .collect();
        let mut verdict = sides
            .iter()
            .map(|side| side.verdict.clone())
            .reduce(Verdict::and)
            .unwrap_or_else(|| self.without_pods());
        if self.cluster.has_host_endpoints {
            verdict = verdict.and(self.host_endpoints(&sides));
        }
        for party in [self.source, self.destination] {
            if matches!(party.place, Place::Unclear)
                && let Some(address) = party.address
            {
                notes.push(format!("{address} may be a pod or node that the input does not hold"));
            }
        }
        Decision { verdict, service: None, sides, notes }
    }

    /// The end whose policies are asked in a direction.
    fn me(&self, direction: Direction) -> Party<'c> {
        match direction {
            Direction::Egress => self.source,
            Direction::Ingress => self.destination,
        }
    }

    fn other(&self, direction: Direction) -> Party<'c> {
        match direction {
            Direction::Egress => self.destination,
            Direction::Ingress => self.source,
        }
    }

    /// Neither end is a pod.
    fn without_pods(&self) -> Verdict {
        let is_unclear = |party: Party<'_>| matches!(party.place, Place::Unclear);
        if is_unclear(self.source) || is_unclear(self.destination) {
            let why = "an end may be a pod that the input does not hold".to_owned();
            return Verdict::Undecided(vec![why]);
        }
        Verdict::NotEvaluated("neither end is a pod of the cluster".to_owned())
    }

    /// What host endpoints of Calico may do, whose policies are not evaluated.
    fn host_endpoints(&self, sides: &[Side]) -> Verdict {
        for party in [self.source, self.destination] {
            let host = match party.place {
                Place::Node(_) => None,
                Place::Pod(_, pod) if pod.is_host_network => None,
                Place::Pod(_, pod) if pod.is_host_endpoint => Some(pod),
                Place::Pod(..) | Place::Outside | Place::Unclear => continue,
            };
            let Some(host) = host else {
                let why = "which host endpoint, if any, has the address is not known";
                return Verdict::NotEvaluated(why.to_owned());
            };
            let is_for_it = |policy: &&Policy| self.cluster.selects(policy, host) != Some(false);
            if let Some(Policy { name, .. }) = self.cluster.early.iter().find(is_for_it) {
                let why = format!("{name} (doNotTrack or preDNAT) is not evaluated");
                return Verdict::NotEvaluated(why);
            }
        }
        let is_pod = |party: Party<'_>| party.pod().is_some_and(|(_, pod)| !pod.is_host_endpoint);
        if !is_pod(self.source) && !is_pod(self.destination) {
            return Verdict::Allow;
        }
        match self.cluster.forwarding.first() {
            Some(policy) if !sides.is_empty() => Verdict::NotEvaluated(format!(
                "{policy} also filters what host endpoints forward, which is not evaluated"
            )),
            Some(_) | None => Verdict::Allow,
        }
    }

    /// What the policies for one pod say.
    fn side(&self, direction: Direction, id: PodId, pod: &'c Pod) -> Side {
        let done = |verdict, cause| Side {
            direction,
            pod: pod.to_string(),
            verdict,
            cause,
            passed: Vec::new(),
        };
        if let Some(flaw) = &pod.flaw {
            let why = format!("the pod cannot be read fully: {flaw}");
            return done(Verdict::Undecided(vec![why]), Cause::Open);
        }
        let other = self.other(direction);
        if other.pod().is_some_and(|(other, _)| other == id && !pod.is_template) {
            return done(Verdict::Allow, Cause::Always("a pod always reaches itself"));
        }
        let is_own_node = self.is_own_node(pod, other);
        if is_own_node && direction == Direction::Ingress {
            return done(Verdict::Allow, Cause::Always("a node always reaches its own pods"));
        }
        if pod.is_host_network && self.readings.host_network_is_pod == Reading::No {
            let why = "policies are not for pods in the network of their host";
            return done(Verdict::Allow, Cause::Always(why));
        }
        if is_own_node && self.readings.own_node_is_reached == Reading::Yes {
            return done(Verdict::Allow, Cause::Always("a pod always reaches its own node"));
        }
        let ending = self.walk(direction, id, pod);
        let mut side = Side { passed: ending.passed, ..done(ending.verdict, ending.cause) };
        if side.verdict == Verdict::Deny
            && let Some(why) = self.host_doubt(direction, pod)
        {
            side.verdict = Verdict::Undecided(vec![why]);
        }
        if side.verdict != Verdict::Allow {
            if is_own_node {
                self.unless(
                    &mut side,
                    self.readings.own_node_is_reached,
                    "pods reach their own node",
                );
            }
            if pod.is_host_network {
                // Read as `Yes` or `Unknown`: `No` was settled above.
                let is_exempt = match self.readings.host_network_is_pod {
                    Reading::Unknown => Reading::Unknown,
                    Reading::Yes | Reading::No => Reading::No,
                };
                self.unless(
                    &mut side,
                    is_exempt,
                    "policies spare pods in the network of their host",
                );
            }
        }
        side
    }

    /// A side that does not allow is undecided where an engine may open it all the same.
    fn unless(&self, side: &mut Side, is_open: Reading, what: &str) {
        if is_open == Reading::Unknown && side.verdict == Verdict::Deny {
            let engine = self.readings.engine.name();
            let why = format!("whether {what} hangs on the engine (`{engine}`)");
            side.verdict = Verdict::Undecided(vec![why]);
        }
    }

    /// Whether a party is the node a pod runs on, or in that node's network.
    fn is_own_node(&self, pod: &Pod, other: Party<'_>) -> bool {
        let is_host = match other.place {
            Place::Pod(_, other) if other.is_host_endpoint => true,
            Place::Pod(_, other) => {
                other.is_host_network && self.readings.host_network_is_pod != Reading::Yes
            }
            Place::Node(_) => true,
            Place::Outside | Place::Unclear => false,
        };
        if !is_host {
            return false;
        }
        if other.address.is_some() && other.address == pod.host_address {
            return true;
        }
        let name = match other.place {
            Place::Pod(_, other) => other.node.as_ref(),
            Place::Node(node) => self.cluster.nodes.get(node).map(|node| &node.name),
            Place::Outside | Place::Unclear => None,
        };
        name.is_some() && name == pod.node.as_ref()
    }
}
