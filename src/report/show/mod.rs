//! `azfw show`: the effective rules in evaluation order, one renderer per format.

mod csv;
mod json;
mod markdown;
mod tags;
mod text;

use crate::compile::Ruleset;
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

/// What is not known about a rule: its verdicts can come out undecided.
#[must_use]
pub fn unknowns(ruleset: &Ruleset, rule: RuleRef) -> Vec<String> {
    let (sources, destinations) = ruleset.ends(rule);
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
