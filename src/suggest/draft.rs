//! Parts of a rule set that are made, not read.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::observed::Times;
use crate::policy::{
    CollectionAction, FilterAction, FirewallPolicy, ResourceId, Rule, RuleCollection,
    RuleCollectionGroup, RuleHead, RuleSpan, Settings,
};
use crate::source::Spanned;

/// A value that stands in no file.
pub(super) fn made<T>(value: T) -> Spanned<T> {
    Spanned::unplaced(value)
}

/// The names and the evidence of a rule.
pub(super) fn head(name: &str, times: Times, sources: usize) -> RuleHead {
    RuleHead {
        name: made(name.into()),
        description: Some(evidence(times, sources).into()),
        sources: Vec::new(),
        source_ip_groups: Vec::new(),
        unknown_fields: Vec::new(),
        span: RuleSpan::default(),
    }
}

/// `1,204 connections of 12 sources, 2026-03-01 to 2026-03-07`.
pub(super) fn evidence(times: Times, sources: usize) -> String {
    let day = |time: jiff::Timestamp| time.to_string().chars().take(10).collect::<String>();
    let period = match (times.first, times.last) {
        (Some(first), Some(last)) if day(first) == day(last) => format!(", {}", day(first)),
        (Some(first), Some(last)) => format!(", {} to {}", day(first), day(last)),
        (None, _) | (_, None) => String::new(),
    };
    let of = if sources == 1 { "source" } else { "sources" };
    format!("{} of {sources} {of}{period}", connections(times.connections, ""))
}

/// `1 connection`, `12 allowed connections`.
pub(super) fn connections(count: u64, of_kind: &str) -> String {
    format!("{count} {of_kind}{}", if count == 1 { "connection" } else { "connections" })
}

/// A collection in the making: name, priority, action and rules.
pub(super) type Part = (&'static str, u32, CollectionAction, Vec<Rule>);

/// A group of collections, of which those without rules are left out.
pub(super) fn group(
    policy: &str,
    name: &str,
    priority: u32,
    parts: Vec<Part>,
) -> Option<RuleCollectionGroup> {
    let with_rules = parts.into_iter().filter(|(.., rules)| !rules.is_empty());
    let collection = |(name, priority, action, rules): Part| RuleCollection {
        name: made(name.into()),
        priority: made(priority),
        action: made(action),
        rules,
    };
    let collections: Vec<RuleCollection> = with_rules.map(collection).collect();
    let kind = "Microsoft.Network/firewallPolicies/ruleCollectionGroups";
    (!collections.is_empty()).then(|| RuleCollectionGroup {
        name: made(name.into()),
        id: Some(ResourceId::without_scope(kind, &[policy, name])),
        policy: Some(ResourceId::without_scope("Microsoft.Network/firewallPolicies", &[policy])),
        priority: made(priority),
        collections,
        size: None,
    })
}

pub(super) const ALLOW: CollectionAction = CollectionAction::Filter(FilterAction::Allow);
pub(super) const DENY: CollectionAction = CollectionAction::Filter(FilterAction::Deny);

/// A policy with these settings.
pub(super) fn policy(name: &str, settings: Settings) -> FirewallPolicy {
    FirewallPolicy {
        name: made(name.into()),
        id: Some(ResourceId::without_scope("Microsoft.Network/firewallPolicies", &[name])),
        base: None,
        settings,
        group_references: Vec::new(),
    }
}

/// Names of rules that are not taken yet.
#[derive(Debug, Default)]
pub(super) struct RuleNames {
    taken: BTreeSet<SmolStr>,
    /// The next number to try, by name.
    numbers: BTreeMap<SmolStr, u32>,
}

impl RuleNames {
    /// `wanted` with what no rule may be called taken out, and a number where it is taken.
    pub(super) fn free(&mut self, wanted: &str) -> SmolStr {
        let is_fine = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let plain: String =
            wanted.chars().map(|c| if is_fine(c) { c } else { '-' }).take(70).collect();
        let plain = match plain.trim_matches(['-', '.']) {
            "" => "rule",
            plain => plain,
        };
        let plain = SmolStr::from(plain);
        let mut name = plain.clone();
        let number = self.numbers.entry(plain.clone()).or_insert(2);
        while !self.taken.insert(name.clone()) {
            name = format!("{plain}-{number}").into();
            *number += 1;
        }
        name
    }
}
