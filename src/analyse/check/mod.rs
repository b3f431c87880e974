//! The checks of `azfw audit`: one file each. A check's module documentation is its page.
//!
//! A check looks at a [`Context`] and returns findings; it does no I/O and keeps no state. A new one
//! is a file, a page in `docs/checks/` and a line in [`CHECKS`]. Those in `limit`, `refused` and
//! `surprise` ask about fields as written; the others about flows and settings.

mod any_to_any;
mod bypassed_by_network_rule;
mod dnat_deny_conflict;
mod dnat_open_to_every_source;
mod dns_proxy_off;
mod finding;
mod idps_not_denying;
mod limit;
mod management_port_open;
mod masked_threat_intelligence;
mod mergeable_rules;
mod network_fqdn_without_dns_proxy;
mod parent_nat;
mod partly_shadowed;
mod plain_http;
mod redundant_rule;
mod refused;
mod shadowed_rule;
mod size;
mod surprise;
#[cfg(test)]
mod tests;
mod threat_intelligence_not_denying;
mod tied_priorities;
#[cfg(test)]
mod trial;
mod wide_destination;
mod wide_ports;
mod wide_source;
mod wildcard_without_dot;
mod written;

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};

use super::reach::{Item, Layout, Reach};
use super::redundant::{Redundant, redundant};
use super::space::Product;
use crate::compile::{NetworkCriteria, RulePath, Ruleset};
use crate::evaluate::{RuleRef, Ruling};
use crate::flow::Flow;
use crate::policy::Inventory;

pub use finding::{Finding, Level};
pub use management_port_open::is_management_port;

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
    surprise::any_with_ports::CHECK,
    surprise::application_destination_addresses::CHECK,
    bypassed_by_network_rule::CHECK,
    refused::destination_missing::CHECK,
    refused::destination_port_missing::CHECK,
    dnat_deny_conflict::CHECK,
    surprise::dnat_not_to_firewall::CHECK,
    dnat_open_to_every_source::CHECK,
    refused::dnat_protocol_not_tcp_or_udp::CHECK,
    dns_proxy_off::CHECK,
    surprise::duplicate_entries::CHECK,
    surprise::duplicate_names::CHECK,
    surprise::empty_ip_group::CHECK,
    refused::feature_beyond_basic::CHECK,
    surprise::firewall_without_zones::CHECK,
    limit::group_too_large::CHECK,
    limit::header_too_long::CHECK,
    surprise::header_without_tls_inspection::CHECK,
    surprise::icmp_with_ports::CHECK,
    idps_not_denying::CHECK,
    refused::invalid_name::CHECK,
    refused::invalid_translated_fqdn::CHECK,
    limit::ip_group_too_large::CHECK,
    surprise::ip_literal_as_target::CHECK,
    surprise::ipv6_needs_dual_stack::CHECK,
    refused::ipv6_outside_network_rules::CHECK,
    refused::malformed_target::CHECK,
    management_port_open::CHECK,
    refused::management_subnet_missing::CHECK,
    masked_threat_intelligence::CHECK,
    mergeable_rules::CHECK,
    refused::misplaced_wildcard::CHECK,
    refused::mixed_rule_types::CHECK,
    network_fqdn_without_dns_proxy::CHECK,
    limit::network_rules_too_large::CHECK,
    refused::parent_in_other_region::CHECK,
    parent_nat::CHECK,
    partly_shadowed::CHECK,
    plain_http::CHECK,
    refused::policy_tier_above_firewall::CHECK,
    refused::port_out_of_range::CHECK,
    refused::premium_feature_below_premium::CHECK,
    refused::priority_out_of_range::CHECK,
    refused::protocol_missing::CHECK,
    redundant_rule::CHECK,
    refused::reserved_header::CHECK,
    refused::service_tag_as_source::CHECK,
    refused::several_dnat_destinations::CHECK,
    refused::several_dnat_ports::CHECK,
    shadowed_rule::CHECK,
    surprise::single_label_translated_fqdn::CHECK,
    refused::small_firewall_subnet::CHECK,
    surprise::snat_between_networks::CHECK,
    refused::source_missing::CHECK,
    surprise::star_beside_entries::CHECK,
    surprise::stricter_parent::CHECK,
    refused::tags_beside_fqdns::CHECK,
    refused::target_missing::CHECK,
    threat_intelligence_not_denying::CHECK,
    tied_priorities::CHECK,
    surprise::tls_inspection_without_certificate::CHECK,
    limit::too_many_collections::CHECK,
    limit::too_many_dnat_destinations::CHECK,
    limit::too_many_dns_servers::CHECK,
    limit::too_many_groups::CHECK,
    limit::too_many_ip_groups::CHECK,
    limit::too_many_network_fqdns::CHECK,
    limit::too_many_public_addresses::CHECK,
    limit::too_many_signature_overrides::CHECK,
    refused::translated_address_missing::CHECK,
    refused::two_translated_addresses::CHECK,
    surprise::unknown_fqdn_tag::CHECK,
    surprise::unknown_service_tag::CHECK,
    surprise::unknown_web_category::CHECK,
    refused::unsupported_allowlist_entry::CHECK,
    surprise::url_without_tls_inspection::CHECK,
    refused::web_category_in_classic::CHECK,
    wide_destination::CHECK,
    wide_ports::CHECK,
    wide_source::CHECK,
    surprise::wide_threat_allowlist::CHECK,
    refused::wildcard_in_network_rule::CHECK,
    wildcard_without_dot::CHECK,
    refused::wrong_firewall_subnet::CHECK,
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
    /// What `bypassed-by-network-rule` finds, which another check asks too.
    bypassing: OnceCell<Vec<(usize, Finding)>>,
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

/// Documented maxima that a rule set is above, in words.
#[must_use]
pub fn above_limits(ruleset: &Ruleset, inventory: &Inventory) -> Vec<String> {
    const LIMITS: [Check; 8] = [
        limit::group_too_large::CHECK,
        limit::ip_group_too_large::CHECK,
        limit::network_rules_too_large::CHECK,
        limit::too_many_collections::CHECK,
        limit::too_many_dnat_destinations::CHECK,
        limit::too_many_groups::CHECK,
        limit::too_many_ip_groups::CHECK,
        limit::too_many_network_fqdns::CHECK,
    ];
    // Nothing is counted by what a rule decides, which takes longest to find out.
    let context = Context::with(ruleset, inventory, Layout::new(ruleset), Vec::new(), Vec::new());
    let findings = LIMITS.iter().flat_map(|check| (check.run)(&context));
    let above = findings.filter(|finding| finding.level == Level::Error);
    above.map(|finding| finding.message).collect()
}

impl<'a> Context<'a> {
    /// Lays out the rules and asks what each can decide.
    #[must_use]
    pub fn new(ruleset: &'a Ruleset, inventory: &'a Inventory) -> Self {
        let layout = Layout::new(ruleset);
        let reaches = layout.reaches();
        let redundant = redundant(&layout, &reaches);
        Self::with(ruleset, inventory, layout, reaches, redundant)
    }

    fn with(
        ruleset: &'a Ruleset,
        inventory: &'a Inventory,
        layout: Layout<'a>,
        reaches: Vec<Reach>,
        redundant: Vec<Redundant>,
    ) -> Self {
        let redundant_places = redundant.iter().map(|found| found.rule).collect();
        Self {
            ruleset,
            inventory,
            layout,
            reaches,
            redundant,
            redundant_places,
            bypassing: OnceCell::new(),
            inconsistencies: RefCell::default(),
        }
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
