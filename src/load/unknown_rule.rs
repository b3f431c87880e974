//! Rules of a collection that a template computes from values that are not known.

use smol_str::SmolStr;

use super::fields::Subject;
use super::notes::{Notes, quoted};
use super::part::GIVE_VALUES;
use super::rule_kind::{Expected, RuleKind};
use crate::policy::{ApplicationRule, NatRule, NetworkRule, Rule, RuleHead, RuleSpan, Written};
use crate::source::{Severity, Span, Spanned};

/// What stands for the rules that `expression` gives: one that may match any flow, for each type
/// that they can have.
pub(super) fn unknown_rules(
    notes: &mut Notes<'_>,
    collection: &Subject<'_>,
    expected: Expected,
    expression: &SmolStr,
    span: Span,
) -> Vec<Rule> {
    let message = format!("rules of {collection} are not known: `{}`", quoted(expression));
    let help = format!("every flow that comes to the collection may match it; {GIVE_VALUES}");
    notes.warn_with_help(Severity::Error, message, span, help);
    let kinds: &[RuleKind] = match expected {
        Expected::Anything => &[RuleKind::Network, RuleKind::Application],
        Expected::UnlessWritten(RuleKind::Nat) | Expected::Always(RuleKind::Nat) => {
            &[RuleKind::Nat]
        }
        Expected::UnlessWritten(RuleKind::Network) | Expected::Always(RuleKind::Network) => {
            &[RuleKind::Network]
        }
        Expected::UnlessWritten(RuleKind::Application)
        | Expected::Always(RuleKind::Application) => &[RuleKind::Application],
    };
    // The whole of a long expression in each of the fields would hide the rule behind it.
    let expression = SmolStr::from(quoted(expression));
    kinds.iter().map(|&kind| unknown_rule(kind, &expression, span)).collect()
}

fn unknown<T>(expression: &SmolStr, span: Span) -> Spanned<Written<T>> {
    Spanned::new(Written::Unresolved(expression.clone()), span)
}

fn unknown_rule(kind: RuleKind, expression: &SmolStr, span: Span) -> Rule {
    let head = RuleHead {
        name: Spanned::new(Rule::UNKNOWN_RULES.into(), span),
        description: None,
        sources: vec![unknown(expression, span)],
        source_ip_groups: Vec::new(),
        unknown_fields: Vec::new(),
        span: RuleSpan(Some(span)),
    };
    match kind {
        RuleKind::Network => Rule::Network(NetworkRule {
            head,
            protocols: vec![unknown(expression, span)],
            destinations: vec![unknown(expression, span)],
            destination_ip_groups: Vec::new(),
            destination_fqdns: Vec::new(),
            destination_ports: vec![unknown(expression, span)],
        }),
        RuleKind::Application => Rule::Application(ApplicationRule::of_fqdns(
            head,
            vec![unknown(expression, span)],
            vec![unknown(expression, span)],
        )),
        RuleKind::Nat => Rule::Nat(NatRule {
            head,
            protocols: vec![unknown(expression, span)],
            destinations: vec![unknown(expression, span)],
            destination_ports: vec![unknown(expression, span)],
            translated_address: Some(unknown(expression, span)),
            translated_fqdn: None,
            translated_port: Some(unknown(expression, span)),
        }),
    }
}
