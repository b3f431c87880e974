//! The walk of one flow for people: which rules were looked at, and why each was passed over.

use crate::compile::Ruleset;
use crate::evaluate::{Criterion, RuleRef, Stage, Step, StepResult, Verdict};
use crate::flow::{Flow, Name};
use crate::policy::ThreatIntelMode;

use super::rule_line::{RuleWords, words};
use super::verdict::{decider, wrapped};

/// The walk as lines for a terminal of 80 columns, ending with what decided.
#[must_use]
pub fn text(ruleset: &Ruleset, flow: &Flow, verdict: &Verdict, steps: &[Step]) -> String {
    let mut out = String::new();
    push(&mut out, 2, &threat_intel_line(ruleset, flow));
    if flow.is_explicit_proxy {
        push(&mut out, 2, "DNAT and network rules: not asked, the flow goes to the explicit proxy");
    }
    for (title, stage, total) in [
        ("DNAT rules", Stage::Dnat, ruleset.nat.rules.len()),
        ("network rules", Stage::Network, ruleset.network.rules.len()),
        ("application rules", Stage::Application, ruleset.application.rules.len()),
    ] {
        let looked_at: Vec<_> = steps.iter().filter(|step| stage_of(step.rule) == stage).collect();
        if total == 0 {
            push(&mut out, 2, &format!("{title}: there are none"));
        } else if !looked_at.is_empty() {
            push(&mut out, 2, &format!("{title}, looked at {} of {total}:", looked_at.len()));
            for step in looked_at {
                push(&mut out, 4, &step_line(ruleset, flow, *step));
            }
        }
    }
    let end = if verdict.candidates.is_empty() {
        format!(
            "=> {} by {}",
            verdict.decision.name(),
            decider(ruleset, verdict.stage, verdict.rule)
        )
    } else {
        format!("=> {}", verdict.decision.name())
    };
    push(&mut out, 2, &end);
    out
}

fn push(out: &mut String, indent: usize, text: &str) {
    for line in wrapped(text, 80 - indent) {
        out.push_str(&" ".repeat(indent));
        out.push_str(&line);
        out.push('\n');
    }
}

fn stage_of(rule: RuleRef) -> Stage {
    match rule {
        RuleRef::Nat(_) => Stage::Dnat,
        RuleRef::Network(_) => Stage::Network,
        RuleRef::Application(_) => Stage::Application,
    }
}

fn threat_intel_line(ruleset: &Ruleset, flow: &Flow) -> String {
    let mode = ruleset.threat_intel.mode_text();
    let is_off = ruleset.threat_intel.mode == ThreatIntelMode::Off
        && ruleset.threat_intel.unknown_mode.is_empty();
    match (is_off, flow.is_listed_threat) {
        (true, _) => "threat intelligence: off".into(),
        (false, false) => {
            format!("threat intelligence ({mode}): the flow is not said to be listed")
        }
        (false, true) => format!("threat intelligence ({mode}): the feed lists the flow"),
    }
}

fn step_line(ruleset: &Ruleset, flow: &Flow, step: Step) -> String {
    let info = ruleset.info(step.rule);
    let action = info.action.name().to_lowercase();
    let rule = words(&info.written);
    match step.result {
        StepResult::Passed(criterion) => {
            let why = mismatch(&rule, flow, criterion);
            format!("passed   {}: {why}", info.path)
        }
        StepResult::May => format!("may {action} {}: {}", info.path, rule.line()),
        StepResult::Matched => format!("matched  {} ({action}): {}", info.path, rule.line()),
    }
}

/// Why a criterion does not fit: what the rule says, and what the flow has.
fn mismatch(rule: &RuleWords, flow: &Flow, criterion: Criterion) -> String {
    let port = flow.port.map_or_else(|| "unknown".into(), |port| port.to_string());
    let (theirs, ours) = match criterion {
        Criterion::Source => (clipped(&rule.sources), flow.source.to_string()),
        Criterion::Protocol => (clipped(&rule.protocols), flow.protocol.to_string()),
        Criterion::Port if rule.ports.is_empty() => {
            (clipped(&rule.protocols), format!("port {port}"))
        }
        Criterion::Port => (clipped(&rule.ports), port),
        Criterion::Destination => {
            let destination = flow.destination.map(|address| address.to_string());
            (clipped(&rule.targets), destination.unwrap_or_else(|| "not sent to it".into()))
        }
        Criterion::Name => (clipped(&rule.targets), target(flow)),
        Criterion::Translation => {
            return "its translated FQDN has no address, so the rule does not match".into();
        }
    };
    format!("{} {ours} is not in {theirs}", criterion.name())
}

fn target(flow: &Flow) -> String {
    match (&flow.url, &flow.name) {
        (Some(url), _) => url.to_string(),
        (None, Name::Known(name)) => name.to_string(),
        (None, Name::Unknown) => "unknown".into(),
        (None, Name::Absent) => "(none)".into(),
    }
}

/// A list that stays readable however long it is.
fn clipped(words: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<_> = words.iter().take(SHOWN).map(String::as_str).collect();
    match words.len().saturating_sub(SHOWN) {
        0 if shown.is_empty() => "an empty list".into(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
