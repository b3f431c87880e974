//! `azfw show`: the effective rules in evaluation order, one renderer per format.

mod csv;
mod json;
mod markdown;
mod tags;
mod text;

use crate::compile::{AddressCriterion, Ruleset};
use crate::evaluate::{RuleRef, Stage};

pub use csv::csv;
pub use json::{PositionJson, ShowJson, json};
pub use markdown::markdown;
pub use tags::{TagsJson, tags_csv, tags_json, tags_markdown, tags_text};
pub use text::text;

/// The stage in which a rule is asked.
#[must_use]
pub fn stage(rule: RuleRef) -> Stage {
    match rule {
        RuleRef::Nat(_) => Stage::Dnat,
        RuleRef::Network(_) => Stage::Network,
        RuleRef::Application(_) => Stage::Application,
    }
}

/// What a rule's addresses come to: sources, and destinations where it has any.
fn resolved(
    ruleset: &Ruleset,
    rule: RuleRef,
) -> (Option<&AddressCriterion>, Option<&AddressCriterion>) {
    match rule {
        RuleRef::Nat(rank) => {
            let rule = ruleset.nat.criteria.get(rank as usize);
            (rule.map(|rule| &rule.sources), rule.map(|rule| &rule.destinations))
        }
        RuleRef::Network(rank) => {
            let rule = ruleset.network.criteria.get(rank as usize);
            (rule.map(|rule| &rule.sources), rule.map(|rule| &rule.destinations))
        }
        RuleRef::Application(rank) => {
            let rule = ruleset.application.criteria.get(rank as usize);
            (rule.map(|rule| &rule.sources), rule.and_then(|rule| rule.destinations.as_ref()))
        }
    }
}

/// What is not known about a rule: its verdicts can come out undecided.
#[must_use]
pub fn unknowns(ruleset: &Ruleset, rule: RuleRef) -> Vec<String> {
    let (sources, destinations) = resolved(ruleset, rule);
    let addresses = [sources, destinations].into_iter().flatten().flat_map(|set| &set.unknown);
    let others: Vec<_> = match rule {
        RuleRef::Nat(rank) => ruleset.nat.criteria.get(rank as usize).map(|rule| {
            [&rule.protocols.unknown, &rule.ports.unknown, &rule.unknown]
                .into_iter()
                .flatten()
                .collect()
        }),
        RuleRef::Network(rank) => ruleset.network.criteria.get(rank as usize).map(|rule| {
            [&rule.protocols.unknown, &rule.ports.unknown, &rule.unknown]
                .into_iter()
                .flatten()
                .collect()
        }),
        RuleRef::Application(rank) => ruleset.application.criteria.get(rank as usize).map(|rule| {
            let parts = [&rule.unknown_protocols, &rule.targets.unknown, &rule.unknown];
            parts.into_iter().flatten().collect()
        }),
    }
    .unwrap_or_default();
    addresses.chain(others).map(ToString::to_string).collect()
}
