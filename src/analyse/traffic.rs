//! Flows that fit a rule set, drawn with a seed: what benchmarks evaluate.

use std::net::IpAddr;

use crate::compile::{AddressCriterion, PortCriterion, Ruleset};
use crate::evaluate::RuleRef;
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::{Fqdn, FqdnPattern, IpProtocol, IpRange, PortRange, UrlPattern};
use crate::random::Random;

/// How flows are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// Seven of ten flows aim at a rule, each rule as often as any other; the others at nothing.
    Uniform,
    /// Every flow aims at the last rule of its stage.
    LastRule,
    /// No flow aims at a rule.
    NoMatch,
}

/// `count` flows for `ruleset`; the same seed gives the same flows.
#[must_use]
pub fn flows(ruleset: &Ruleset, mix: Mix, count: usize, seed: u64) -> Vec<Flow> {
    let mut random = Random::new(seed);
    let rules: Vec<RuleRef> = ruleset.rules().collect();
    (0..count)
        .map(|_| {
            let aim = match mix {
                Mix::Uniform if random.below(10) < 7 => pick(&rules, &mut random).copied(),
                Mix::LastRule => rules.last().copied(),
                Mix::Uniform | Mix::NoMatch => None,
            };
            aim.and_then(|rule| aimed(ruleset, rule, &mut random))
                .unwrap_or_else(|| stray(&mut random))
        })
        .collect()
}

fn pick<'a, T>(items: &'a [T], random: &mut Random) -> Option<&'a T> {
    let index = random.below(items.len() as u64);
    items.get(usize::try_from(index).unwrap_or(0))
}

/// A flow that fits everything that is known of a rule.
fn aimed(ruleset: &Ruleset, rule: RuleRef, random: &mut Random) -> Option<Flow> {
    match rule {
        RuleRef::Nat(rank) => {
            let rule = ruleset.nat.criteria.get(rank as usize)?;
            let protocol = if rule.protocols.tcp || rule.protocols.any {
                IpProtocol::TCP
            } else {
                IpProtocol::UDP
            };
            network_flow(protocol, &rule.sources, &rule.destinations, &rule.ports, random)
        }
        RuleRef::Network(rank) => {
            let rule = ruleset.network.criteria.get(rank as usize)?;
            let protocols = &rule.protocols;
            let protocol = if protocols.any || protocols.tcp {
                IpProtocol::TCP
            } else if protocols.udp {
                IpProtocol::UDP
            } else {
                IpProtocol::ICMP
            };
            network_flow(protocol, &rule.sources, &rule.destinations, &rule.ports, random)
        }
        RuleRef::Application(rank) => {
            let rule = ruleset.application.criteria.get(rank as usize)?;
            let application = pick(&rule.protocols, random)?;
            let source = address(&rule.sources, random)?;
            let mut flow = Flow::new(FlowProtocol::Application(application.protocol), source);
            flow.port = Some(application.port);
            flow.name = Name::Known(name(&rule.targets.fqdns, &rule.targets.urls, random)?);
            flow.destination = Some(IpAddr::from([203, 0, 113, random.bits().to_be_bytes()[0]]));
            Some(flow)
        }
    }
}

fn network_flow(
    protocol: IpProtocol,
    sources: &AddressCriterion,
    destinations: &AddressCriterion,
    ports: &PortCriterion,
    random: &mut Random,
) -> Option<Flow> {
    let mut flow = Flow::new(FlowProtocol::Ip(protocol), address(sources, random)?);
    flow.destination = Some(address(destinations, random)?);
    if flow.protocol.has_ports() {
        let ranges: Vec<PortRange> = ports.known.ranges().collect();
        let range = pick(&ranges, random)?;
        flow.port = Some(random.between(range.first().max(1), range.last()));
        flow.is_without_application = true;
    }
    Some(flow)
}

/// An IPv4 address of the set, any of its ranges.
fn address(set: &AddressCriterion, random: &mut Random) -> Option<IpAddr> {
    let &(first, last) = pick(set.known.v4(), random)?;
    let offset = random.below(u64::from(last - first) + 1);
    let range =
        IpRange::single(IpAddr::from((first + u32::try_from(offset).unwrap_or(0)).to_be_bytes()));
    Some(range.first())
}

fn name(fqdns: &[FqdnPattern], urls: &[UrlPattern], random: &mut Random) -> Option<Fqdn> {
    let pattern = match (pick(fqdns, random), pick(urls, random)) {
        (Some(pattern), _) | (None, Some(UrlPattern::Valid { host: pattern, .. })) => pattern,
        (None, Some(UrlPattern::Invalid(_)) | None) => return None,
    };
    let label = format!("h{}", random.below(1000));
    match pattern {
        FqdnPattern::Any => Fqdn::new(&format!("{label}.example.com")),
        FqdnPattern::Exact(name) => Some(name.clone()),
        FqdnPattern::Suffix(suffix) => Fqdn::new(&format!("{label}{suffix}")),
        FqdnPattern::Invalid(_) => None,
    }
}

/// A flow between documentation addresses, which rule sets rarely name.
fn stray(random: &mut Random) -> Flow {
    let [a, b, c, ..] = random.bits().to_be_bytes();
    let source = IpAddr::from([198, 51, 100, a]);
    let mut flow = Flow::new(FlowProtocol::Ip(IpProtocol::TCP), source);
    flow.destination = Some(IpAddr::from([203, 0, 113, b]));
    flow.port = Some(30_000 + u16::from(c));
    flow.is_without_application = true;
    flow
}
