//! Flows that fit a rule set, drawn with a seed: what benchmarks evaluate.

use std::net::{IpAddr, Ipv4Addr};

use crate::compile::{AddressCriterion, PortCriterion, Ruleset};
use crate::evaluate::RuleRef;
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::{Fqdn, FqdnPattern, IpProtocol, PortRange, UrlPattern};
use crate::random::Random;

/// How flows are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// Seven of ten flows aim at a rule, each rule as often as any other; the others at nothing.
    Uniform,
    /// Flows as in `Uniform`, few of them often and many rarely: the n-th with weight 1/n, as in
    /// real logs.
    Zipf,
    /// Flows at and just outside the bounds of what a rule names.
    Boundary,
    /// Every flow aims at the first rule.
    FirstRule,
    /// Every flow aims at the last rule of the last stage that has any.
    LastRule,
    /// No flow aims at a rule.
    NoMatch,
}

/// Distinct flows of [`Mix::Zipf`].
const ZIPF_FLOWS: usize = 10_000;

/// `count` flows for `ruleset`; the same seed gives the same flows.
#[must_use]
pub fn flows(ruleset: &Ruleset, mix: Mix, count: usize, seed: u64) -> Vec<Flow> {
    let mut random = Random::new(seed);
    let rules: Vec<RuleRef> = ruleset.rules().collect();
    if mix == Mix::Zipf {
        let distinct = flows(ruleset, Mix::Uniform, ZIPF_FLOWS, random.bits());
        return by_zipf(&distinct, count, &mut random);
    }
    (0..count)
        .map(|_| {
            let aim = match mix {
                Mix::Uniform | Mix::Zipf if random.below(10) < 7 => {
                    pick(&rules, &mut random).copied()
                }
                Mix::Boundary => pick(&rules, &mut random).copied(),
                Mix::FirstRule => rules.first().copied(),
                Mix::LastRule => rules.last().copied(),
                Mix::Uniform | Mix::Zipf | Mix::NoMatch => None,
            };
            let reach = if mix == Mix::Boundary { Reach::Bounds } else { Reach::Inside };
            aim.and_then(|rule| aimed(ruleset, rule, reach, &mut random))
                .unwrap_or_else(|| stray(&mut random))
        })
        .collect()
}

/// Where in what a rule names a flow lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Inside,
    /// At the first or last value, or one beyond it.
    Bounds,
}

fn by_zipf(distinct: &[Flow], count: usize, random: &mut Random) -> Vec<Flow> {
    // Whole numbers, so that every machine draws the same.
    let mut total = 0;
    let ends: Vec<u64> = (1..=distinct.len() as u64)
        .map(|place| {
            total += 1_000_000_000 / place;
            total
        })
        .collect();
    (0..count)
        .filter_map(|_| {
            let drawn = random.below(total);
            distinct.get(ends.partition_point(|&end| end <= drawn)).cloned()
        })
        .collect()
}

fn pick<'a, T>(items: &'a [T], random: &mut Random) -> Option<&'a T> {
    let index = random.below(items.len() as u64);
    items.get(usize::try_from(index).unwrap_or(0))
}

/// A flow that fits everything that is known of a rule.
fn aimed(ruleset: &Ruleset, rule: RuleRef, reach: Reach, random: &mut Random) -> Option<Flow> {
    match rule {
        RuleRef::Nat(rank) => {
            let rule = ruleset.nat.criteria.get(rank as usize)?;
            let protocol = if rule.protocols.tcp || rule.protocols.any {
                IpProtocol::TCP
            } else {
                IpProtocol::UDP
            };
            network_flow(protocol, &rule.sources, &rule.destinations, &rule.ports, reach, random)
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
            network_flow(protocol, &rule.sources, &rule.destinations, &rule.ports, reach, random)
        }
        RuleRef::Application(rank) => {
            let rule = ruleset.application.criteria.get(rank as usize)?;
            let application = pick(&rule.protocols, random)?;
            let source = address(&rule.sources, reach, random)?;
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
    reach: Reach,
    random: &mut Random,
) -> Option<Flow> {
    let mut flow = Flow::new(FlowProtocol::Ip(protocol), address(sources, reach, random)?);
    flow.destination = Some(address(destinations, reach, random)?);
    if flow.protocol.has_ports() {
        let ranges: Vec<PortRange> = ports.known.ranges().collect();
        let range = pick(&ranges, random)?;
        flow.port = Some(match reach {
            Reach::Inside => random.between(range.first().max(1), range.last()),
            Reach::Bounds if random.one_in(2) => range.first().saturating_sub(1).max(1),
            Reach::Bounds => range.last(),
        });
        flow.is_without_application = true;
    }
    Some(flow)
}

/// An IPv4 address of the set, in any of its ranges, or at its bounds.
fn address(set: &AddressCriterion, reach: Reach, random: &mut Random) -> Option<IpAddr> {
    let &(first, last) = pick(set.known.v4(), random)?;
    let bits = match reach {
        Reach::Inside => {
            let offset = random.below(u64::from(last - first) + 1);
            first + u32::try_from(offset).unwrap_or(0)
        }
        Reach::Bounds => match random.below(6) {
            0 => first.saturating_sub(1),
            1 => last.saturating_add(1),
            2 | 3 => first,
            _ => last,
        },
    };
    Some(IpAddr::V4(Ipv4Addr::from_bits(bits)))
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
