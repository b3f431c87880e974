//! A question as a list of cases: flows, and what has to become of them.

use crate::analyse::space::service::{Service, WITH_PORTS, of_protocol, web};
use crate::analyse::space::{Axis, Cuts, Product, Set, Space};
use crate::compile::RulePath;
use crate::evaluate::{Ruling, Stage};
use crate::flow::FlowProtocol;
use crate::net::{FqdnPattern, IpFamily, IpProtocol, IpRange, IpSet, PortRange};
use crate::syntax::query::{AddressValue, Condition, NameValue, Query};

use super::matching;

/// Flows, and conditions on what becomes of them.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) flows: Vec<Product>,
    /// Conditions on verdict, stage and rule; `false`: must not hold.
    fate: Vec<(Condition, bool)>,
}

impl Case {
    /// Whether flows with this end are wanted.
    pub(super) fn fits(&self, ruling: Ruling, stage: Stage, rule: Option<&RulePath>) -> bool {
        self.fate.iter().all(|(condition, is_wanted)| {
            matching::end_fits(condition, ruling, stage, rule) == *is_wanted
        })
    }
}

/// The sets that a question names, to be told apart by the space.
pub(super) struct QuerySets {
    sources: Vec<IpSet>,
    destinations: Vec<IpSet>,
    fqdns: Vec<FqdnPattern>,
}

impl QuerySets {
    pub(super) fn new(query: &Query) -> Self {
        let mut sets = Self { sources: Vec::new(), destinations: Vec::new(), fqdns: Vec::new() };
        sets.add(query);
        sets
    }

    fn add(&mut self, query: &Query) {
        match query {
            Query::And(a, b) | Query::Or(a, b) => {
                self.add(a);
                self.add(b);
            }
            Query::Not(query) => self.add(query),
            Query::Is(Condition::Source(values)) => self.sources.push(addresses(values)),
            Query::Is(Condition::Destination(values)) => self.destinations.push(addresses(values)),
            Query::Is(Condition::Fqdn(values)) => {
                self.fqdns.extend(values.iter().filter_map(|value| match value {
                    NameValue::Pattern(pattern) => Some(pattern.clone()),
                    NameValue::None => None,
                }));
            }
            Query::Is(
                Condition::Protocol(_)
                | Condition::Port(_)
                | Condition::Verdict(_)
                | Condition::Stage(_)
                | Condition::Rule(_),
            ) => {}
        }
    }

    pub(super) fn add_to<'a>(&'a self, cuts: &mut Cuts<'a>) {
        for set in &self.sources {
            cuts.add_ends(set, set);
        }
        for set in &self.destinations {
            cuts.add_ends(set, set);
        }
        for fqdn in &self.fqdns {
            cuts.add_fqdn(fqdn);
        }
    }
}

/// The addresses of a list.
pub(super) fn addresses(values: &[AddressValue]) -> IpSet {
    let ranges = values.iter().flat_map(|value| match value {
        AddressValue::Any => vec![IpRange::ALL_V4, IpRange::ALL_V6],
        AddressValue::Range(range) => vec![*range],
    });
    ranges.collect()
}

/// More cases than these are not gone through.
const CASES_MAX: usize = 4_096;

/// One conjunction: conditions that hold or do not.
type Conjunction = Vec<(Condition, bool)>;

/// The cases of a question; `None` when there are too many.
pub(super) fn cases(query: &Query, space: &Space) -> Option<Vec<Case>> {
    let conjunctions = conjunctions(query, true)?;
    Some(conjunctions.into_iter().map(|conjunction| case(conjunction, space)).collect())
}

fn conjunctions(query: &Query, is_wanted: bool) -> Option<Vec<Conjunction>> {
    let all = match (query, is_wanted) {
        (Query::Is(condition), _) => vec![vec![(condition.clone(), is_wanted)]],
        (Query::Not(query), _) => conjunctions(query, !is_wanted)?,
        (Query::Or(a, b), true) | (Query::And(a, b), false) => {
            let mut all = conjunctions(a, is_wanted)?;
            all.extend(conjunctions(b, is_wanted)?);
            all
        }
        (Query::And(a, b), true) | (Query::Or(a, b), false) => {
            let (a, b) = (conjunctions(a, is_wanted)?, conjunctions(b, is_wanted)?);
            if a.len().saturating_mul(b.len()) > CASES_MAX {
                return None;
            }
            a.iter()
                .flat_map(|a| b.iter().map(move |b| a.iter().chain(b).cloned().collect()))
                .collect()
        }
    };
    (all.len() <= CASES_MAX).then_some(all)
}

fn case(conjunction: Conjunction, space: &Space) -> Case {
    let families = [IpFamily::V4, IpFamily::V6].into_iter();
    let mut flows: Vec<Product> = families.filter_map(|family| space.family(family)).collect();
    let mut fate = Vec::new();
    for (condition, is_wanted) in conjunction {
        let Some((axis, set)) = axis_set(&condition, space) else {
            fate.push((condition, is_wanted));
            continue;
        };
        flows = flows.iter().flat_map(|flow| limited(flow, axis, &set, is_wanted, space)).collect();
    }
    Case { flows, fate }
}

/// What a condition leaves of a set of flows.
fn limited(flow: &Product, axis: Axis, set: &Set, is_wanted: bool, space: &Space) -> Vec<Product> {
    if axis != Axis::Name {
        let own = flow.on(axis);
        let kept = if is_wanted { own.intersection(set) } else { own.difference(set) };
        return flow.with(axis, kept).into_iter().collect();
    }
    // Only HTTP, HTTPS and MSSQL can have a name; every other flow has none.
    let services = flow.on(Axis::Service);
    let with_names = flow.with(Axis::Service, services.intersection(&web()));
    let with_names = with_names.and_then(|flow| {
        let own = flow.on(Axis::Name);
        flow.with(axis, if is_wanted { own.intersection(set) } else { own.difference(set) })
    });
    let nameless_fits = set.contains(space.nameless()) == is_wanted;
    let without = flow.with(Axis::Service, services.difference(&web())).filter(|_| nameless_fits);
    with_names.into_iter().chain(without).collect()
}

/// The values of an axis for which a condition holds; `None` for a condition on what becomes of the
/// flow.
fn axis_set(condition: &Condition, space: &Space) -> Option<(Axis, Set)> {
    match condition {
        Condition::Source(values) => Some((Axis::Source, space.sources.set(&addresses(values)))),
        Condition::Destination(values) => {
            Some((Axis::Destination, space.destinations.set(&addresses(values))))
        }
        Condition::Protocol(values) => {
            let sets = values.iter().map(|&protocol| of_protocol(protocol));
            Some((Axis::Service, sets.fold(Set::empty(), |all, set| all.union(&set))))
        }
        Condition::Port(values) => {
            let sets = values.iter().map(|&range| on_ports(range));
            Some((Axis::Service, sets.fold(Set::empty(), |all, set| all.union(&set))))
        }
        Condition::Fqdn(values) => {
            let sets = values.iter().map(|value| match value {
                NameValue::Pattern(pattern) => space.fqdn(pattern),
                NameValue::None => Set::interval(space.nameless(), space.nameless()),
            });
            Some((Axis::Name, sets.fold(Set::empty(), |all, set| all.union(&set))))
        }
        Condition::Verdict(_) | Condition::Stage(_) | Condition::Rule(_) => None,
    }
}

fn on_ports(range: PortRange) -> Set {
    let services = WITH_PORTS.iter().map(|service| service.ports(range.first(), range.last()));
    services.fold(Set::empty(), |all, set| all.union(&set))
}

/// Whether a flow of `protocol` is meant by a question for `asked`. Rules do not tell IP protocols
/// other than TCP, UDP and ICMP apart, so neither does a question.
pub(super) fn is_of(protocol: FlowProtocol, asked: FlowProtocol) -> bool {
    let service = match protocol {
        FlowProtocol::Application(protocol) => Service::Web(protocol),
        FlowProtocol::Ip(IpProtocol::TCP) => Service::Tcp,
        FlowProtocol::Ip(IpProtocol::UDP) => Service::Udp,
        FlowProtocol::Ip(IpProtocol::ICMP | IpProtocol::ICMPV6) => Service::Icmp,
        FlowProtocol::Ip(_) => Service::Other,
    };
    service.all().is_subset(&of_protocol(asked))
}
