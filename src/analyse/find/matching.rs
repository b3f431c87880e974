//! Whether a flow and its verdict have the property of a question; not known is not false.

use super::cases::{addresses, is_of};
use crate::compile::{RulePath, Ruleset};
use crate::evaluate::{Decision, RuleRef, Ruling, Stage, Verdict};
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::IpProtocol;
use crate::syntax::query::{Condition, NameValue, Query, StageValue, VerdictValue};

/// The stage in which a rule is asked.
pub(super) fn stage_of(rule: RuleRef) -> Stage {
    match rule {
        RuleRef::Nat(_) => Stage::Dnat,
        RuleRef::Network(_) => Stage::Network,
        RuleRef::Application(_) => Stage::Application,
    }
}

/// One way in which the evaluation of a flow may end.
#[derive(Clone, Copy)]
struct End<'a> {
    /// Whether the verdict depends on what is not known, so that this is one end of several.
    is_undecided: bool,
    ruling: Ruling,
    stage: Stage,
    rule: Option<&'a RulePath>,
}

/// Whether the question is true of the flow; `None` where that depends on what is not known. It is
/// asked of each possible end: what is undecided may still be allowed.
pub(super) fn matches(
    query: &Query,
    ruleset: &Ruleset,
    flow: &Flow,
    verdict: &Verdict,
) -> Option<bool> {
    let is_undecided = verdict.decision == Decision::Undecided;
    let path = |rule: Option<RuleRef>| rule.map(|rule| ruleset.path(rule));
    let ends: Vec<End<'_>> = if verdict.candidates.is_empty() {
        let ruling = match verdict.decision {
            Decision::Allow => Ruling::Allow,
            Decision::Deny => Ruling::Deny,
            Decision::Undecided => return None,
        };
        vec![End { is_undecided, ruling, stage: verdict.stage?, rule: path(verdict.rule) }]
    } else {
        let ends = verdict.candidates.iter().map(|end| End {
            is_undecided,
            ruling: end.ruling,
            stage: end.stage,
            rule: path(end.rule),
        });
        ends.collect()
    };
    let first = is_true(query, flow, *ends.first()?)?;
    ends.iter().all(|&end| is_true(query, flow, end) == Some(first)).then_some(first)
}

fn is_true(query: &Query, flow: &Flow, end: End<'_>) -> Option<bool> {
    match query {
        Query::And(a, b) => match (is_true(a, flow, end), is_true(b, flow, end)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            (None, _) | (_, None) => None,
        },
        Query::Or(a, b) => match (is_true(a, flow, end), is_true(b, flow, end)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            (None, _) | (_, None) => None,
        },
        Query::Not(query) => is_true(query, flow, end).map(|is| !is),
        Query::Is(condition) => holds(condition, flow, end),
    }
}

fn holds(condition: &Condition, flow: &Flow, end: End<'_>) -> Option<bool> {
    Some(match condition {
        Condition::Protocol(values) => {
            let is = values.iter().any(|&asked| is_of(flow.protocol, asked));
            let asks_more = values.iter().any(|of| matches!(of, FlowProtocol::Application(_)));
            if !is && asks_more && may_carry_any(flow) {
                return None;
            }
            is
        }
        Condition::Source(values) => addresses(values).contains(flow.source),
        // A flow to a name whose destination was left out goes anywhere.
        Condition::Destination(values) => addresses(values).contains(flow.destination?),
        Condition::Port(values) => {
            flow.port.is_some_and(|port| values.iter().any(|range| range.contains(port)))
        }
        Condition::Fqdn(_) if may_have_name(flow) => return None,
        Condition::Fqdn(values) => values.iter().any(|value| match (value, &flow.name) {
            (NameValue::Pattern(pattern), Name::Known(name)) => pattern.matches(name),
            (NameValue::None, Name::Absent | Name::Unknown) => true,
            (NameValue::Pattern(_), Name::Absent | Name::Unknown)
            | (NameValue::None, Name::Known(_)) => false,
        }),
        Condition::Verdict(values)
            if end.is_undecided && values.contains(&VerdictValue::Undecided) =>
        {
            true
        }
        Condition::Verdict(_) | Condition::Stage(_) | Condition::Rule(_) => {
            end_fits(condition, end.ruling, end.stage, end.rule)
        }
    })
}

/// Whether a flow may be of any application protocol: plain TCP that says nothing more.
fn may_carry_any(flow: &Flow) -> bool {
    flow.protocol == FlowProtocol::Ip(IpProtocol::TCP) && !flow.is_without_application
}

/// Whether a flow may have a name that was left out.
fn may_have_name(flow: &Flow) -> bool {
    let carries = matches!(flow.protocol, FlowProtocol::Application(_)) || may_carry_any(flow);
    flow.name == Name::Unknown && carries
}

/// Whether a condition on what becomes of a flow holds for this end.
pub(super) fn end_fits(
    condition: &Condition,
    ruling: Ruling,
    stage: Stage,
    rule: Option<&RulePath>,
) -> bool {
    match condition {
        Condition::Verdict(values) => values.iter().any(|value| match value {
            VerdictValue::Allow => ruling == Ruling::Allow,
            VerdictValue::Deny => ruling == Ruling::Deny,
            VerdictValue::Undecided => false,
        }),
        Condition::Stage(values) => values.iter().any(|value| {
            stage
                == match value {
                    StageValue::Dnat => Stage::Dnat,
                    StageValue::Network => Stage::Network,
                    StageValue::Application => Stage::Application,
                    StageValue::Infrastructure => Stage::Infrastructure,
                    StageValue::Default => Stage::Default,
                }
        }),
        Condition::Rule(values) => rule.is_some_and(|rule| {
            let path = rule.to_string();
            values.iter().any(|value| {
                path == *value
                    || path
                        .strip_suffix(value.as_str())
                        .is_some_and(|rest| rest.ends_with(['/', ':']))
            })
        }),
        Condition::Protocol(_)
        | Condition::Source(_)
        | Condition::Destination(_)
        | Condition::Port(_)
        | Condition::Fqdn(_) => true,
    }
}
