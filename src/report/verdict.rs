//! `azfw check`: one verdict as text and as JSON. The JSON shape is documented in `docs/check.md`.

use std::fmt::Write as _;

use serde::Serialize;

use crate::compile::{RulePath, Ruleset};
use crate::evaluate::{Decision, Outcome, RuleRef, Stage, Translation, Verdict};
use crate::flow::Flow;
use crate::syntax::flow::json::flow_to_json;
use crate::syntax::flow::print_flow;

/// One line of `check --format jsonl`.
#[derive(Debug, Serialize)]
pub struct VerdictJson {
    pub flow: serde_json::Value,
    pub verdict: &'static str,
    pub stage: Option<&'static str>,
    pub rule: Option<RuleJson>,
    pub translated: Option<TranslatedJson>,
    pub alerts: Vec<&'static str>,
    pub candidates: Vec<CandidateJson>,
    pub notes: Vec<String>,
}

/// A rule by its place; `policy` and `group` are null for a classic firewall.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RuleJson {
    pub policy: Option<String>,
    pub group: Option<String>,
    pub collection: String,
    pub rule: String,
}

impl From<&RulePath> for RuleJson {
    fn from(path: &RulePath) -> Self {
        Self {
            policy: path.policy.as_ref().map(ToString::to_string),
            group: path.group.as_ref().map(ToString::to_string),
            collection: path.collection.to_string(),
            rule: path.rule.to_string(),
        }
    }
}

/// Where DNAT sends a flow; null where that is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TranslatedJson {
    pub address: Option<String>,
    pub port: Option<u16>,
}

impl From<&Translation> for TranslatedJson {
    fn from(translation: &Translation) -> Self {
        Self {
            address: translation.address.map(|address| address.to_string()),
            port: translation.port,
        }
    }
}

/// One possible outcome and what would have to be so.
#[derive(Debug, Serialize)]
pub struct CandidateJson {
    pub verdict: &'static str,
    pub stage: &'static str,
    pub rule: Option<RuleJson>,
    pub translated: Option<TranslatedJson>,
    pub needs: Vec<String>,
}

/// The JSON form of a verdict.
#[must_use]
pub fn json(ruleset: &Ruleset, flow: &Flow, verdict: &Verdict) -> VerdictJson {
    let rule = |rule: Option<RuleRef>| rule.map(|rule| RuleJson::from(ruleset.path(rule)));
    let candidate = |outcome: &Outcome| CandidateJson {
        verdict: Decision::from(outcome.ruling).name(),
        stage: outcome.stage.name(),
        rule: rule(outcome.rule),
        translated: outcome.translation.as_ref().map(TranslatedJson::from),
        needs: outcome.needs.clone(),
    };
    VerdictJson {
        flow: flow_to_json(flow),
        verdict: verdict.decision.name(),
        stage: verdict.stage.map(Stage::name),
        rule: rule(verdict.rule),
        translated: verdict.translation.as_ref().map(TranslatedJson::from),
        alerts: verdict.alerts.iter().map(|alert| alert.name()).collect(),
        candidates: verdict.candidates.iter().map(candidate).collect(),
        notes: verdict.notes.clone(),
    }
}

/// The verdict for a terminal: the flow, then indented what decided.
#[must_use]
pub fn text(ruleset: &Ruleset, flow: &Flow, verdict: &Verdict) -> String {
    let mut out = format!("{:<9}  {}\n", verdict.decision.name(), print_flow(flow));
    let mut line = |text: String| {
        for part in wrapped(&text, 80 - INDENT.len()) {
            out.push_str(INDENT);
            out.push_str(&part);
            out.push('\n');
        }
    };
    if verdict.candidates.is_empty() {
        line(decider(ruleset, verdict.stage, verdict.rule));
    } else {
        let shared = shared_needs(&verdict.candidates);
        for outcome in &verdict.candidates {
            line(candidate(ruleset, outcome, shared.is_none()));
        }
        if let Some(needs) = shared {
            line(format!("depends on: {}", needs.join("; ")));
        }
    }
    if let (Some(translation), true) = (&verdict.translation, verdict.candidates.is_empty()) {
        line(format!("translated to {translation}"));
    }
    for alert in &verdict.alerts {
        line(format!("alert: {}", alert.name()));
    }
    for note in &verdict.notes {
        line(format!("note: {note}"));
    }
    out
}

const INDENT: &str = "           ";

/// What all the outcomes that are not sure depend on, when it is the same for each.
fn shared_needs(candidates: &[Outcome]) -> Option<&[String]> {
    let mut unsure = candidates.iter().filter(|outcome| !outcome.needs.is_empty());
    let first = unsure.next()?;
    unsure.all(|outcome| outcome.needs == first.needs).then_some(&first.needs)
}

fn candidate(ruleset: &Ruleset, outcome: &Outcome, with_needs: bool) -> String {
    let ruling = Decision::from(outcome.ruling).name();
    let decider = decider(ruleset, Some(outcome.stage), outcome.rule);
    let mut text = if outcome.needs.is_empty() {
        format!("else {ruling} by {decider}")
    } else {
        format!("maybe {ruling} by {decider}")
    };
    if let Some(translation) = &outcome.translation {
        let _ = write!(text, " => {translation}");
    }
    if with_needs && !outcome.needs.is_empty() {
        let _ = write!(text, ", depends on {}", outcome.needs.join("; "));
    }
    text
}

/// What decided, in words: `network rule group/collection/rule`.
#[must_use]
pub fn decider(ruleset: &Ruleset, stage: Option<Stage>, rule: Option<RuleRef>) -> String {
    let path = rule.map(|rule| ruleset.path(rule).to_string()).unwrap_or_default();
    match (stage, rule) {
        (Some(Stage::ThreatIntel), _) => "threat intelligence".into(),
        (Some(Stage::Dnat), _) => format!("DNAT rule {path}"),
        (Some(Stage::Network), _) => format!("network rule {path}"),
        (Some(Stage::Application), _) => format!("application rule {path}"),
        (Some(Stage::Infrastructure), _) => "the built-in infrastructure collection".into(),
        (Some(Stage::Default), _) => "default: no rule matches".into(),
        (Some(Stage::Idps), Some(_)) => format!("IDPS, after {path} allowed it"),
        (Some(Stage::Idps), None) => "IDPS".into(),
        (None, Some(_)) => format!("rule {path}"),
        (None, None) => "not the same in every case".into(),
    }
}

/// `text` in lines of at most `width` characters, broken at spaces; a longer word stands alone.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("  {word}")),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}
