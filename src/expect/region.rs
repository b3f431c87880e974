//! Sets of flows whose addresses and names are known: answered exactly, by a search for a flow to
//! the contrary.

use super::named::values;
use super::run::Answer;
use crate::analyse::find::{self, Wanted, find};
use crate::compile::Ruleset;
use crate::evaluate::{Decision, RuleRef};
use crate::net::FqdnPattern;
use crate::syntax::query::{AddressValue, Condition, NameValue, Query, VerdictValue};
use crate::syntax::suite::Flows;

/// The target of a set, as a question takes it.
pub(super) struct Region {
    pub(super) names: Option<Vec<FqdnPattern>>,
    pub(super) destinations: Option<Vec<AddressValue>>,
}

pub(super) fn answer(
    ruleset: &Ruleset,
    flows: &Flows,
    region: &Region,
    expected: Decision,
    wants_deciders: bool,
) -> Answer {
    let ask = |verdict, wanted| {
        let of_verdict = Query::Is(Condition::Verdict(vec![verdict]));
        let conditions = conditions(flows, region);
        let query = conditions
            .into_iter()
            .fold(of_verdict, |query, it| Query::And(Box::new(it), Box::new(query)));
        find(ruleset, &query, wanted)
    };
    let (same, contrary) = match expected {
        Decision::Deny => (VerdictValue::Deny, VerdictValue::Allow),
        Decision::Allow | Decision::Undecided => (VerdictValue::Allow, VerdictValue::Deny),
    };
    let one = Wanted { witnesses: 1, regions: false };
    let Some(against) = ask(contrary, one) else {
        return Answer::open("the default reading of DNAT (leave out `--dnat legacy-override`)");
    };
    if let Some((flow, verdict)) = against.witnesses.into_iter().next() {
        return Answer::Not(Box::new((flow, verdict)));
    }
    let Some(unsure) = ask(VerdictValue::Undecided, one) else {
        return Answer::open("the default reading of DNAT");
    };
    if let Some((flow, verdict)) = unsure.witnesses.into_iter().next() {
        return Answer::undecided(flow, verdict);
    }
    if let Some((flow, verdict)) = against.possible.or(unsure.possible) {
        return Answer::undecided(flow, verdict);
    }
    if against.is_incomplete || unsure.is_incomplete || !against.inconsistencies.is_empty() {
        return Answer::open("more work than the search is allowed: test smaller sets");
    }
    let deciders = if wants_deciders {
        let all = ask(same, Wanted { witnesses: 1, regions: true });
        all.map(deciders).unwrap_or_default()
    } else {
        Vec::new()
    };
    Answer::As { deciders, verdict: None }
}

fn deciders(answer: find::Answer) -> Vec<(crate::evaluate::Stage, Option<RuleRef>)> {
    let mut deciders: Vec<_> = answer.regions.into_iter().map(|it| (it.stage, it.rule)).collect();
    deciders.sort_unstable();
    deciders.dedup();
    deciders
}

fn conditions(flows: &Flows, region: &Region) -> Vec<Query> {
    let names = region
        .names
        .as_ref()
        .map(|names| Condition::Fqdn(names.iter().cloned().map(NameValue::Pattern).collect()));
    [
        Some(Condition::Protocol(vec![flows.protocol])),
        Some(Condition::Source(values(flows.sources))),
        region.destinations.clone().map(Condition::Destination),
        flows.ports.map(|ports| Condition::Port(vec![ports])),
        names,
    ]
    .into_iter()
    .flatten()
    .map(Query::Is)
    .collect()
}
