//! `azfw find`: flows with a property, or that there are none, as text and as JSON. The JSON shape
//! is documented in `docs/find.md`.

use std::fmt::Write as _;

use serde::Serialize;

use crate::analyse::find::{Answer, Found};
use crate::compile::Ruleset;
use crate::evaluate::Decision;
use crate::report::diff::RegionJson;
use crate::report::verdict::{self, RuleJson, decider, wrapped};
use crate::syntax::flow::json::flow_to_json;
use crate::syntax::flow::print_flow;

/// `find --format json`.
#[derive(Debug, Serialize)]
pub struct FindJson {
    pub found: bool,
    pub witnesses: Vec<serde_json::Value>,
    pub proved_absent: bool,
    /// A flow of which it depends on what is not known, where nothing was found for sure.
    pub possible: Option<serde_json::Value>,
    /// Null unless all regions were asked for.
    pub regions: Option<Vec<FoundJson>>,
}

/// Flows that one rule decides.
#[derive(Debug, Serialize)]
pub struct FoundJson {
    pub region: RegionJson,
    pub verdict: &'static str,
    pub stage: &'static str,
    pub rule: Option<RuleJson>,
}

/// The JSON form of an answer.
#[must_use]
pub fn json(answer: &Answer, ruleset: &Ruleset, has_regions: bool) -> FindJson {
    let region = |found: &Found| FoundJson {
        region: RegionJson::from(&found.words),
        verdict: Decision::from(found.ruling).name(),
        stage: found.stage.name(),
        rule: found.rule.map(|rule| RuleJson::from(ruleset.path(rule))),
    };
    FindJson {
        found: !answer.witnesses.is_empty(),
        witnesses: answer.witnesses.iter().map(|(flow, _)| flow_to_json(flow)).collect(),
        proved_absent: answer.is_absent(),
        possible: answer.possible.as_ref().map(|(flow, _)| flow_to_json(flow)),
        regions: has_regions.then(|| answer.regions.iter().map(region).collect()),
    }
}

/// The answer for a terminal.
#[must_use]
pub fn text(answer: &Answer, ruleset: &Ruleset, width: usize) -> String {
    let mut out = String::new();
    for (flow, verdict) in &answer.witnesses {
        out.push_str(&verdict::text(ruleset, flow, verdict));
    }
    if let (Some((flow, verdict)), true) = (&answer.possible, answer.witnesses.is_empty()) {
        out.push_str("depends on what is not known, for example:\n");
        out.push_str(&verdict::text(ruleset, flow, verdict));
    }
    if !answer.regions.is_empty() {
        out.push_str("\nall of them:\n");
    }
    for found in &answer.regions {
        let by = decider(ruleset, Some(found.stage), found.rule);
        let line = format!("{:<5} {}, by {by}", Decision::from(found.ruling).name(), found.words);
        for line in wrapped(&line, width) {
            let _ = writeln!(out, "{line}");
        }
    }
    if answer.is_incomplete {
        out.push_str("not everything was searched: the rules overlap in too many ways\n");
    } else if answer.is_absent() {
        out.push_str("proved: there is no such flow\n");
    }
    out
}

/// The flows alone, one a line, as other commands read them.
#[must_use]
pub fn flows(answer: &Answer) -> String {
    answer.witnesses.iter().map(|(flow, _)| print_flow(flow) + "\n").collect()
}
