//! The checks of `azfw audit`: one file each. A check's module documentation is its page.
//!
//! A check looks at a [`Context`] and returns findings; it does no I/O and keeps no state. A new one
//! is a file, a page in `docs/checks/` and a line in [`CHECKS`].

mod any_to_any;
mod bypassed_by_network_rule;
mod dnat_deny_conflict;
mod dnat_open_to_every_source;
mod dns_proxy_off;
mod finding;
mod idps_not_denying;
mod management_port_open;
mod masked_threat_intelligence;
mod mergeable_rules;
mod network_fqdn_without_dns_proxy;
mod parent_nat;
mod partly_shadowed;
mod plain_http;
mod redundant_rule;
mod shadowed_rule;
mod size;
#[cfg(test)]
mod tests;
mod threat_intelligence_not_denying;
mod tied_priorities;
mod wide_destination;
mod wide_ports;
mod wide_source;
mod wildcard_without_dot;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use super::reach::{Item, Layout, Reach};
use super::redundant::{Redundant, redundant};
use super::space::Product;
use crate::compile::{NetworkCriteria, RulePath, Ruleset};
use crate::evaluate::{RuleRef, Ruling};
use crate::flow::Flow;
use crate::policy::Inventory;

pub use finding::{Finding, Level};

/// One check.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// The bad pattern that it looks for.
    pub name: &'static str,
    /// What it finds, in one line.
    pub summary: &'static str,
    /// Its page in `docs/checks/`.
    pub page: &'static str,
    /// Controls of the Microsoft cloud security benchmark that it speaks to.
    pub controls: &'static [&'static str],
    run: fn(&Context<'_>) -> Vec<Finding>,
}

/// All checks, in the order of their names.
pub const CHECKS: &[Check] = &[
    any_to_any::CHECK,
    bypassed_by_network_rule::CHECK,
    dnat_deny_conflict::CHECK,
    dnat_open_to_every_source::CHECK,
    dns_proxy_off::CHECK,
    idps_not_denying::CHECK,
    management_port_open::CHECK,
    masked_threat_intelligence::CHECK,
    mergeable_rules::CHECK,
    network_fqdn_without_dns_proxy::CHECK,
    parent_nat::CHECK,
    partly_shadowed::CHECK,
    plain_http::CHECK,
    redundant_rule::CHECK,
    shadowed_rule::CHECK,
    threat_intelligence_not_denying::CHECK,
    tied_priorities::CHECK,
    wide_destination::CHECK,
    wide_ports::CHECK,
    wide_source::CHECK,
    wildcard_without_dot::CHECK,
];

/// What checks look at.
pub struct Context<'a> {
    pub ruleset: &'a Ruleset,
    /// Settings as written, and everything else that the files hold.
    pub inventory: &'a Inventory,
    /// The rules in the space of flows.
    pub layout: Layout<'a>,
    /// Whether each rule can decide a flow, in evaluation order.
    pub reaches: Vec<Reach>,
    /// The rules that can be removed without changing any verdict.
    pub redundant: Vec<Redundant>,
    redundant_places: HashSet<usize>,
    inconsistencies: RefCell<Vec<String>>,
}

/// What all checks found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The gravest first, then in evaluation order of the rules, then by check.
    pub findings: Vec<Finding>,
    /// Claims that the evaluator did not confirm and that were therefore dropped: faults of the
    /// analysis itself.
    pub inconsistencies: Vec<String>,
}

/// Runs every check.
#[must_use]
pub fn audit(ruleset: &Ruleset, inventory: &Inventory) -> Audit {
    let context = Context::new(ruleset, inventory);
    let mut findings: Vec<Finding> =
        CHECKS.iter().flat_map(|check| (check.run)(&context)).collect();
    let places: HashMap<&RulePath, usize> =
        ruleset.rules().enumerate().map(|(place, rule)| (ruleset.path(rule), place)).collect();
    let place = |finding: &Finding| {
        let place = finding.rule.as_ref().and_then(|path| places.get(path));
        place.copied().unwrap_or(usize::MAX)
    };
    findings.sort_by_cached_key(|finding| {
        (std::cmp::Reverse(finding.level), place(finding), finding.check)
    });
    Audit { findings, inconsistencies: context.inconsistencies.into_inner() }
}

impl<'a> Context<'a> {
    /// Lays out the rules and asks what each can decide.
    #[must_use]
    pub fn new(ruleset: &'a Ruleset, inventory: &'a Inventory) -> Self {
        let layout = Layout::new(ruleset);
        let reaches = layout.reaches();
        let redundant = redundant(&layout, &reaches);
        let redundant_places = redundant.iter().map(|found| found.rule).collect();
        let inconsistencies = RefCell::default();
        Self { ruleset, inventory, layout, reaches, redundant, redundant_places, inconsistencies }
    }

    /// Whether the rule surely decides a flow and cannot be removed.
    fn is_needed(&self, place: usize) -> bool {
        matches!(self.reaches.get(place), Some(Reach::Reachable(_)))
            && !self.redundant_places.contains(&place)
    }

    /// The rules that can decide a flow, or may be able to, with their places.
    fn live(&self) -> impl Iterator<Item = (usize, &Item)> {
        let items = self.layout.items.iter().enumerate();
        items.filter(|(place, _)| self.reaches.get(*place) != Some(&Reach::Unreachable))
    }

    /// The network rules that allow and can decide a flow.
    fn allowing_network(&self) -> impl Iterator<Item = (usize, RuleRef, &'a NetworkCriteria)> {
        let ruleset = self.ruleset;
        self.live().filter(|(_, item)| item.effect.ruling == Ruling::Allow).filter_map(
            move |(place, item)| match item.rule {
                RuleRef::Network(rank) => {
                    Some((place, item.rule, ruleset.network.criteria.get(rank as usize)?))
                }
                RuleRef::Nat(_) | RuleRef::Application(_) => None,
            },
        )
    }

    /// A flow of `product` that the rule surely decides, in its shortest form. What the evaluator
    /// does not confirm is noted as an inconsistency.
    fn witness(&self, check: &str, product: &Product, rule: RuleRef) -> Option<Flow> {
        let flow = self.layout.space.flow(product)?;
        if self.layout.decided_by(product, rule).is_none() {
            let path = self.ruleset.path(rule);
            self.note(format!("{check}: {flow:?} is not decided by {path}"));
            return None;
        }
        Some(self.layout.simplest(flow))
    }

    /// Any flow that the rule surely decides.
    fn any_witness(&self, check: &str, place: usize, rule: RuleRef) -> Option<Flow> {
        match self.reaches.get(place)? {
            Reach::Reachable(product) => self.witness(check, product, rule),
            Reach::Unreachable | Reach::Depends(_) | Reach::NotDecided => None,
        }
    }

    /// Notes a claim that the evaluator does not confirm.
    fn note(&self, inconsistency: String) {
        self.inconsistencies.borrow_mut().push(inconsistency);
    }

    /// The rules at these places.
    fn rules(&self, places: &[usize]) -> Vec<RuleRef> {
        places
            .iter()
            .filter_map(|&place| self.layout.items.get(place))
            .map(|item| item.rule)
            .collect()
    }
}

/// Several rules in words: `a/b/c`, `a/b/d` and 3 more.
fn named(ruleset: &Ruleset, rules: &[RuleRef]) -> String {
    const SHOWN: usize = 3;
    let names: Vec<String> =
        rules.iter().take(SHOWN).map(|&rule| format!("`{}`", ruleset.path(rule))).collect();
    match (rules.len().saturating_sub(SHOWN), names.split_last()) {
        (0, Some((last, []))) => last.clone(),
        (0, Some((last, others))) => format!("{} and {last}", others.join(", ")),
        (more, _) => format!("{} and {more} more", names.join(", ")),
    }
}
