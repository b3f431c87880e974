#![doc = include_str!("../../../docs/checks/tied-priorities.md")]

use super::{Check, Context, Finding, Level};
use crate::analyse::order::Standing;
use crate::analyse::search::Search;
use crate::analyse::space::Product;
use crate::compile::Need;
use crate::evaluate::Decision;
use crate::flow::Flow;

pub(super) const CHECK: Check = Check {
    name: "tied-priorities",
    summary: "groups or collections of equal priority, whose order Azure does not document",
    page: include_str!("../../../docs/checks/tied-priorities.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let layout = &context.layout;
    if !layout.has_ties() {
        return Vec::new();
    }
    let mut ties: Vec<(Need, Vec<usize>, Option<Flow>)> = Vec::new();
    for (need, rules) in layout.ties() {
        let witness = rules.iter().find_map(|&rule| conflict(context, rule));
        ties.push((need.clone(), rules, witness));
    }
    let finding = |(need, rules, witness): (Need, Vec<usize>, Option<Flow>)| {
        let rules = context.rules(&rules);
        let &first = rules.first()?;
        let what = need.strip_prefix("tie: ").unwrap_or(&need).to_owned();
        let (level, end) = match witness {
            Some(_) => (Level::Error, "which of them is asked first decides about traffic"),
            None => (Level::Warning, "no traffic depends on it today"),
        };
        Some(
            Finding::new(CHECK.name, level, format!("{what}: {end}"))
                .about(context.ruleset, first)
                .with_others(context.ruleset, rules.iter().skip(1).copied())
                .with_help("give them different priorities")
                .with_witness(witness),
        )
    };
    ties.into_iter().filter_map(finding).collect()
}

/// A flow that a rule and one that is tied with it decide differently.
fn conflict(context: &Context<'_>, rule: usize) -> Option<Flow> {
    let layout = &context.layout;
    let item = layout.items.get(rule)?;
    let before = layout.before(rule);
    let tied =
        layout.overlapping(rule).filter(|&other| layout.standing(other, rule) == Standing::Tied);
    tied.filter_map(|other| layout.items.get(other))
        .filter(|other| other.effect != item.effect)
        .find_map(|other| {
            let common: Vec<Product> = item
                .region
                .sure
                .iter()
                .flat_map(|piece| {
                    other.region.sure.iter().filter_map(|sure| piece.intersection(sure))
                })
                .collect();
            let left = Search::new(layout.steps()).first_left(&common, &layout.may(&before));
            let flow = layout.space.flow(&left.ok().flatten()?)?;
            let verdict = layout.verdict(&flow);
            (verdict.decision == Decision::Undecided).then(|| layout.simplest(flow))
        })
}
