//! Differences as JSON. The shape is documented in `docs/diff.md`.

use serde::Serialize;

use crate::analyse::diff::{Diff, Difference, Uncompared};
use crate::analyse::space::Words;
use crate::compile::Ruleset;
use crate::report::verdict::{self, RuleJson, VerdictJson};
use crate::syntax::flow::json::flow_to_json;

/// `diff --format json`.
#[derive(Debug, Serialize)]
pub struct DiffJson {
    pub equivalent: bool,
    pub complete: bool,
    pub not_compared: Vec<UncomparedJson>,
    pub settings: Vec<String>,
    pub differences: Vec<DifferenceJson>,
    pub rule_changes: Vec<DifferenceJson>,
}

/// Flows of which some were not compared: those that a rule of one side decides.
#[derive(Debug, Serialize)]
pub struct UncomparedJson {
    /// `before`, `after` or `both`.
    pub side: &'static str,
    /// Null: any flows.
    pub rule: Option<RuleJson>,
}

/// Flows that one pair of rules decides.
#[derive(Debug, Serialize)]
pub struct DifferenceJson {
    pub region: Vec<RegionJson>,
    pub before: VerdictJson,
    pub after: VerdictJson,
    pub witness: serde_json::Value,
}

/// A product of sets; an empty list does not limit.
#[derive(Debug, Serialize)]
pub struct RegionJson {
    pub services: Vec<String>,
    pub sources: Vec<String>,
    pub destinations: Vec<String>,
    pub names: Vec<String>,
    pub paths: Vec<String>,
    pub web_categories: Vec<String>,
}

impl From<&Words> for RegionJson {
    fn from(words: &Words) -> Self {
        Self {
            services: words.services.clone(),
            sources: words.sources.clone(),
            destinations: words.destinations.clone(),
            names: words.names.clone(),
            paths: words.paths.clone(),
            web_categories: words.web_categories.clone(),
        }
    }
}

/// The JSON form of a comparison.
#[must_use]
pub fn json(diff: &Diff, before: &Ruleset, after: &Ruleset) -> DiffJson {
    let one = |difference: &Difference| DifferenceJson {
        region: difference.region.iter().map(RegionJson::from).collect(),
        before: verdict::json(before, &difference.witness, &difference.before),
        after: verdict::json(after, &difference.witness, &difference.after),
        witness: flow_to_json(&difference.witness),
    };
    let uncompared = |part: &Uncompared| {
        let (side, path) = match *part {
            Uncompared::Before(rule) => ("before", Some(before.path(rule))),
            Uncompared::After(rule) => ("after", Some(after.path(rule))),
            Uncompared::Anything => ("both", None),
        };
        UncomparedJson { side, rule: path.map(RuleJson::from) }
    };
    DiffJson {
        equivalent: diff.is_equivalent(),
        complete: !diff.is_incomplete(),
        not_compared: diff.uncompared.iter().map(uncompared).collect(),
        settings: diff.settings.clone(),
        differences: diff.differences.iter().map(one).collect(),
        rule_changes: diff.rule_changes.iter().map(one).collect(),
    }
}
