//! Sets of flows to a tag or a name of which no table says what it holds.
//!
//! A rule that names the same tag or name covers the set whatever it holds. Rules with other
//! destinations may match some of it: where they decide otherwise, the answer is open.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::named::{is_public, values};
use super::run::Answer;
use crate::compile::{AddressCriterion, Block, ProtocolCriterion, Ruleset};
use crate::evaluate::{Decision, Outcome, RuleRef, Ruling, Stage, Verdict, evaluate};
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::{FqdnPattern, IpProtocol, IpRange, PortRange};
use crate::policy::{Address, Rule, Written};
use crate::syntax::query::AddressValue;
use crate::syntax::suite::{Addresses, Flows, Target};

/// More parts of the sources than this are not looked at.
const PARTS_MAX: usize = 4096;

pub(super) fn answer(ruleset: &Ruleset, flows: &Flows, expected: Decision) -> Answer {
    let Some(sources) = representatives(ruleset, flows) else {
        return Answer::open("fewer sources: rules cut them into more than 4096 parts");
    };
    let mut deciders = Vec::new();
    let mut open = None;
    for source in sources {
        let flow = flow(flows, source);
        let verdict = evaluate(ruleset, &flow, &mut ());
        match end(ruleset, flows, &verdict) {
            End::Sure(decision, decider) if decision == expected => deciders.push(decider),
            End::Sure(_, (stage, rule)) => {
                let verdict = Verdict {
                    decision: opposite(expected),
                    stage: Some(stage),
                    rule,
                    candidates: Vec::new(),
                    translation: None,
                    ..verdict
                };
                return Answer::Not(Box::new((flow, verdict)));
            }
            End::Open(mut needs) => {
                needs.insert(0, table_help(&flows.target));
                // Another source may be treated otherwise for sure, which says more.
                let example = Some(Box::new((flow, verdict)));
                open.get_or_insert(Answer::Open { example, needs });
            }
        }
    }
    if let Some(open) = open {
        return open;
    }
    deciders.sort_unstable();
    deciders.dedup();
    Answer::As { deciders, verdict: None }
}

fn opposite(expected: Decision) -> Decision {
    match expected {
        Decision::Deny => Decision::Allow,
        Decision::Allow | Decision::Undecided => Decision::Deny,
    }
}

/// What would settle it, and in which form it is given.
fn table_help(target: &Target) -> String {
    match target {
        Target::ServiceTag(tag) => format!(
            "the addresses of service tag `{tag}` (give Microsoft's ServiceTags_*.json beside the policy)"
        ),
        Target::FqdnTag(tag) => format!(
            "the names of FQDN tag `{tag}` (give a table {{\"fqdnTags\": {{\"{tag}\": [\"…\"]}}}} beside the policy)"
        ),
        Target::AddressesOf(name) => format!(
            "the addresses of `{name}` (give a table {{\"dns\": {{\"{name}\": [\"…\"]}}}} beside the policy)"
        ),
        Target::Addresses(_) | Target::Names(_) => "what is not known of the rules".to_owned(),
    }
}

enum End {
    Sure(Decision, (Stage, Option<RuleRef>)),
    Open(Vec<String>),
}

/// What becomes of all flows to the named target.
fn end(ruleset: &Ruleset, flows: &Flows, verdict: &Verdict) -> End {
    if verdict.candidates.is_empty() {
        let stage = verdict.stage.unwrap_or(Stage::Default);
        return End::Sure(verdict.decision, (stage, verdict.rule));
    }
    let mut possible: Vec<&Outcome> = Vec::new();
    for outcome in &verdict.candidates {
        if !can_be(ruleset, flows, outcome) {
            continue;
        }
        possible.push(outcome);
        let covers = outcome.rule.is_some_and(|rule| covers(ruleset, flows, rule, outcome));
        if covers || outcome.needs.is_empty() {
            break;
        }
    }
    let is = |ruling: Ruling| possible.iter().all(|outcome| outcome.ruling == ruling);
    match possible.last() {
        Some(last) if is(last.ruling) => End::Sure(last.ruling.into(), (last.stage, last.rule)),
        Some(_) | None => {
            let mut needs: Vec<String> = Vec::new();
            for need in possible.iter().flat_map(|outcome| &outcome.needs) {
                if !needs.contains(need) {
                    needs.push(need.clone());
                }
            }
            End::Open(needs)
        }
    }
}

/// Whether the outcome can be that of a flow of the set.
fn can_be(ruleset: &Ruleset, flows: &Flows, outcome: &Outcome) -> bool {
    // Which addresses are public is told of IPv4 alone.
    let is_v6 = matches!(flows.sources, Addresses::Range(range) if range.first().is_ipv6());
    let goes_to_internet = !is_v6
        && (matches!(flows.target, Target::ServiceTag(_))
            || flows.destination == Some(Addresses::Internet));
    match outcome.rule {
        // Nobody sends to the firewall what goes to a service of Azure (tests/spec/08-readings.md).
        Some(RuleRef::Nat(_)) => false,
        Some(RuleRef::Network(rank)) if goes_to_internet => {
            let criteria = ruleset.network.criteria.get(rank as usize);
            criteria.is_none_or(|criteria| {
                !criteria.destinations.unknown.is_empty() || is_public(&criteria.destinations.known)
            })
        }
        Some(RuleRef::Network(_) | RuleRef::Application(_)) | None => true,
    }
}

/// Whether the rule surely matches every flow of the set: it names the target, and nothing else
/// about it is open.
fn covers(ruleset: &Ruleset, flows: &Flows, rule: RuleRef, outcome: &Outcome) -> bool {
    let tie = |blocks: &[Block]| is_tied(blocks, outcome);
    match (rule, &ruleset.info(rule).written) {
        (RuleRef::Network(rank), Rule::Network(written)) => {
            let Some(criteria) = ruleset.network.criteria.get(rank as usize) else { return false };
            let is_named = match &flows.target {
                Target::ServiceTag(tag) => written.destinations.iter().any(|it| {
                    matches!(&it.value, Written::Value(Address::ServiceTag(listed)) if holds_tag(listed, tag))
                }),
                Target::AddressesOf(name) | Target::Names(FqdnPattern::Exact(name)) => {
                    ruleset.has_dns_proxy
                        && written.destination_fqdns.iter().any(|it| {
                            matches!(&it.value, Written::Value(FqdnPattern::Exact(listed)) if listed == name)
                        })
                }
                Target::FqdnTag(_) | Target::Addresses(_) | Target::Names(_) => false,
            };
            is_named
                && !tie(&ruleset.network.blocks)
                && criteria.unknown.is_empty()
                && is_from(&criteria.sources, outcome)
                && is_protocol(&criteria.protocols, flows.protocol)
                && flows.ports.is_none_or(|ports| {
                    criteria.ports.known.ranges().any(|range| is_within(ports, range))
                })
                && (flows.ports.is_some()
                    || !flows.protocol.has_ports()
                    || criteria.ports.known.is_all())
        }
        (RuleRef::Application(rank), Rule::Application(written)) => {
            let Some(criteria) = ruleset.application.criteria.get(rank as usize) else {
                return false;
            };
            let Target::FqdnTag(tag) = &flows.target else { return false };
            let is_named = written.fqdn_tags.iter().any(|it| {
                matches!(&it.value, Written::Value(listed) if listed.eq_ignore_ascii_case(tag))
            });
            let is_protocol = criteria.protocols.iter().any(|entry| {
                flows.protocol == FlowProtocol::Application(entry.protocol)
                    && flows.ports == Some(PortRange::single(entry.port))
            });
            is_named
                && is_protocol
                && !tie(&ruleset.application.blocks)
                && criteria.unknown.is_empty()
                && criteria.destinations.is_none()
                && is_from(&criteria.sources, outcome)
        }
        (_, _) => false,
    }
}

/// Whether the outcome depends on the order of rules with equal priorities.
fn is_tied(blocks: &[Block], outcome: &Outcome) -> bool {
    blocks.iter().any(|block| match block {
        Block::Run(_) => false,
        Block::Tied { need, alternatives } => {
            outcome.needs.iter().any(|it| it.as_str() == need.as_str())
                || alternatives.iter().any(|part| is_tied(part, outcome))
        }
    })
}

/// Whether the sources are settled. The flow's source is one for which the rule is asked, so it is
/// among the known ones unless it may be among the unknown ones alone.
fn is_from(sources: &AddressCriterion, outcome: &Outcome) -> bool {
    sources.unknown.is_empty()
        || !sources
            .unknown
            .iter()
            .any(|need| outcome.needs.iter().any(|it| it.as_str() == need.as_str()))
}

fn is_protocol(criterion: &ProtocolCriterion, protocol: FlowProtocol) -> bool {
    let ip = protocol.ip();
    criterion.any && protocol.has_ports()
        || criterion.tcp && ip == IpProtocol::TCP
        || criterion.udp && ip == IpProtocol::UDP
        || criterion.icmp && protocol.is_icmp()
}

fn is_within(inner: PortRange, outer: PortRange) -> bool {
    outer.first() <= inner.first() && inner.last() <= outer.last()
}

/// Whether the tag `outer` holds all of `inner`: a tag holds its regions.
fn holds_tag(outer: &str, inner: &str) -> bool {
    let (outer, inner) = (outer.to_ascii_lowercase(), inner.to_ascii_lowercase());
    outer == inner || inner.strip_prefix(&outer).is_some_and(|rest| rest.starts_with('.'))
}

fn flow(flows: &Flows, source: IpAddr) -> Flow {
    let mut flow = Flow::new(flows.protocol, source);
    flow.port = flows.ports.filter(|ports| ports.first() == ports.last()).map(|it| it.first());
    if let Target::AddressesOf(name) | Target::Names(FqdnPattern::Exact(name)) = &flows.target {
        flow.name = Name::Known(name.clone());
    }
    flow
}

/// One source of each part that no rule cuts.
fn representatives(ruleset: &Ruleset, flows: &Flows) -> Option<Vec<IpAddr>> {
    let mut criteria: Vec<&AddressCriterion> = Vec::new();
    criteria.extend(ruleset.nat.criteria.iter().map(|it| &it.sources));
    criteria.extend(ruleset.network.criteria.iter().map(|it| &it.sources));
    criteria.extend(ruleset.application.criteria.iter().map(|it| &it.sources));
    let ranges: Vec<IpRange> = values(flows.sources)
        .into_iter()
        .flat_map(|value| match value {
            AddressValue::Any => vec![IpRange::ALL_V4],
            AddressValue::Range(range) => vec![range],
        })
        .collect();
    let mut found = BTreeSet::new();
    found.extend(ranges.iter().map(IpRange::first));
    for cut in criteria.into_iter().flat_map(|it| it.known.ranges()) {
        let starts = [Some(cut.first()), after(cut.last())];
        for start in starts.into_iter().flatten() {
            if ranges.iter().any(|range| range.contains(start)) {
                found.insert(start);
            }
        }
        if found.len() > PARTS_MAX {
            return None;
        }
    }
    Some(found.into_iter().collect())
}

fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            u32::from(address).checked_add(1).map(|next| Ipv4Addr::from(next).into())
        }
        IpAddr::V6(address) => {
            u128::from(address).checked_add(1).map(|next| Ipv6Addr::from(next).into())
        }
    }
}
