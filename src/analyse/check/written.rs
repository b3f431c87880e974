//! The rules as their files write them, for checks that ask about fields and not about flows.

use super::{Check, Context, Finding, Level};
use crate::evaluate::RuleRef;
use crate::policy::{
    Address, ApplicationRule, ClassicFirewall, NatRule, NetworkRule, Rule, Written,
};
use crate::source::{Span, Spanned};

/// What is wrong with one field of a rule.
pub(super) struct Fault {
    pub(super) level: Level,
    pub(super) message: String,
    pub(super) help: String,
    /// The field, where its place is known.
    pub(super) span: Option<Span>,
}

impl Fault {
    pub(super) fn new(
        level: Level,
        message: impl Into<String>,
        help: impl Into<String>,
        span: Option<Span>,
    ) -> Self {
        Self { level, message: message.into(), help: help.into(), span }
    }
}

impl<'a> Context<'a> {
    /// Every rule as written, in evaluation order.
    pub(super) fn written(&self) -> impl Iterator<Item = (RuleRef, &'a Rule)> + use<'a> {
        let ruleset = self.ruleset;
        ruleset.rules().map(move |rule| (rule, &ruleset.info(rule).written))
    }

    pub(super) fn network_rules(&self) -> impl Iterator<Item = (RuleRef, &'a NetworkRule)> {
        self.written().filter_map(|(rule, written)| match written {
            Rule::Network(network) => Some((rule, network)),
            Rule::Application(_) | Rule::Nat(_) => None,
        })
    }

    pub(super) fn application_rules(&self) -> impl Iterator<Item = (RuleRef, &'a ApplicationRule)> {
        self.written().filter_map(|(rule, written)| match written {
            Rule::Application(application) => Some((rule, application)),
            Rule::Network(_) | Rule::Nat(_) => None,
        })
    }

    pub(super) fn nat_rules(&self) -> impl Iterator<Item = (RuleRef, &'a NatRule)> {
        self.written().filter_map(|(rule, written)| match written {
            Rule::Nat(nat) => Some((rule, nat)),
            Rule::Network(_) | Rule::Application(_) => None,
        })
    }

    /// Whether the rule set is a classic firewall's.
    pub(super) fn is_classic(&self) -> bool {
        self.ruleset.layers.iter().all(|layer| layer.is_classic)
    }

    /// The firewalls that run the rule set, as far as the files hold them.
    pub(super) fn own_firewalls(&self) -> Vec<&'a ClassicFirewall> {
        let Some(layer) = self.ruleset.layers.last() else { return Vec::new() };
        let name = &layer.name.value;
        let runs = |firewall: &&ClassicFirewall| match &firewall.policy {
            Some(policy) => !layer.is_classic && policy.value.name().eq_ignore_ascii_case(name),
            None => layer.is_classic && firewall.name.value == *name,
        };
        self.inventory.firewalls.iter().filter(runs).collect()
    }

    /// A finding for each fault.
    pub(super) fn faults<'r, R: 'r, F: IntoIterator<Item = Fault>>(
        &self,
        check: &Check,
        rules: impl Iterator<Item = (RuleRef, &'r R)>,
        faults: impl Fn(&'r R) -> F,
    ) -> Vec<Finding> {
        let found = rules.flat_map(|(rule, written)| {
            faults(written).into_iter().map(move |fault| (rule, fault))
        });
        found.map(|(rule, fault)| self.fault(check, rule, fault)).collect()
    }

    fn fault(&self, check: &Check, rule: RuleRef, fault: Fault) -> Finding {
        Finding::new(check.name, fault.level, fault.message)
            .about(self.ruleset, rule)
            .with_help(fault.help)
            .within(fault.span)
    }

    /// One finding about all of `rules`, at the first of them; `None` when there are none. Many
    /// rules with one small fault are one thing to do.
    pub(super) fn gathered(
        &self,
        check: &Check,
        level: Level,
        rules: &[RuleRef],
        message: impl FnOnce(&str) -> String,
    ) -> Option<Finding> {
        let (&first, others) = rules.split_first()?;
        let who = match rules.len() {
            1 => "this rule".to_owned(),
            count => format!("{count} rules"),
        };
        let finding = Finding::new(check.name, level, message(&who)).about(self.ruleset, first);
        Some(finding.with_others(self.ruleset, others.iter().copied()))
    }
}

impl Finding {
    /// The finding stands at `span`, where that is known.
    pub(super) fn within(mut self, span: Option<Span>) -> Self {
        self.span = span.or(self.span);
        self
    }
}

/// The place of the first entry that has one.
pub(super) fn place<T>(entries: &[Spanned<T>]) -> Option<Span> {
    entries.first().and_then(|entry| entry.span)
}

/// The entries that were read as values.
pub(super) fn values<T>(
    entries: &[Spanned<Written<T>>],
) -> impl Iterator<Item = (&T, Option<Span>)> {
    entries.iter().filter_map(|entry| Some((entry.value.value()?, entry.span)))
}

/// Whether the entry covers every IPv4 address.
pub(super) fn is_everything(address: &Address) -> bool {
    match address {
        Address::Any => true,
        Address::Range(range) => *range == crate::net::IpRange::ALL_V4,
        Address::ServiceTag(_) => false,
    }
}
