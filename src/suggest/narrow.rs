//! A policy cut down to what was used of it.
//!
//! Only allow rules of the evaluated policy itself change: entries that nothing used go, and entries
//! that are very wide become what was used inside them. What is left of a rule lies inside what it
//! was, so no flow becomes allowed that was not. Deny rules, DNAT rules and a parent's rules stay.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use foldhash::{HashMap, HashMapExt as _};

use super::draft::made;
use super::observed::{Observed, Times};
use super::services::rule_protocol;
use super::sources::{SourceEntry, Sources};
use super::{Options, Suggestion, groups};
use crate::compile::Ruleset;
use crate::evaluate::{Decision, Index, RuleRef};
use crate::flow::{Flow, FlowProtocol};
use crate::net::{FqdnPattern, IpRange, IpSet, PortRange, RuleProtocol};
use crate::policy::{
    Address, ApplicationRule, CollectionAction, FilterAction, Inventory, IpGroupRef, NetworkRule,
    Rule, RuleCollection, RuleHead, Written,
};
use crate::source::Spanned;

/// IPv4 entries with more addresses, and IPv6 entries wider than /48, are cut to what was used.
const WIDE_V4: u64 = 1 << 16;
const WIDE_V6: u128 = 1 << 80;
/// Ranges of more ports are cut, where so few were used.
const WIDE_PORTS: usize = 16;
/// `*` as a name becomes the names that were used, if they are no more.
const NAMES_MAX: usize = 100;

/// What a rule was used for.
#[derive(Default)]
struct Used<'a> {
    flows: Vec<&'a Flow>,
    times: Times,
    /// A flow may have been decided by it; what was used is not known in full.
    is_uncertain: bool,
}

/// The allow rules of `inventory`'s evaluated policy, cut down to what `observed` used of them.
#[must_use]
pub fn narrowed(
    observed: &Observed,
    ruleset: &Ruleset,
    inventory: &Inventory,
    options: &Options,
) -> Suggestion {
    let mut notes = Vec::new();
    let used = used(observed, ruleset);
    let mut by_path: BTreeMap<Path, Vec<RuleRef>> = BTreeMap::new();
    for rule in ruleset.rules().filter(|rule| !ruleset.path(*rule).is_inherited) {
        by_path.entry(path_of(ruleset, rule)).or_default().push(rule);
    }
    let narrower = Narrower {
        sources: Sources::new(options, groups(Some(inventory))),
        inventory,
        used: &used,
        by_path: &by_path,
    };
    let mut result = inventory.without_repeats();
    let policy = ruleset.policies.last();
    for group in &mut result.groups {
        let is_ours = group
            .policy
            .as_ref()
            .is_none_or(|of| policy.is_some_and(|policy| of.name().eq_ignore_ascii_case(policy)));
        if is_ours {
            let name = group.name.value.to_string();
            for collection in &mut group.collections {
                narrower.collection(Some(&name), collection, &mut notes);
            }
            group.collections.retain(|collection| !collection.rules.is_empty());
        }
    }
    result.groups.retain(|group| !group.collections.is_empty());
    if policy.is_none() {
        for collection in result.firewalls.iter_mut().flat_map(|one| &mut one.collections) {
            narrower.collection(None, collection, &mut notes);
        }
        for firewall in &mut result.firewalls {
            firewall.collections.retain(|collection| !collection.rules.is_empty());
        }
    }
    Suggestion { inventory: result, notes, above_limits: Vec::new() }
}

/// Group, collection and rule, lower case.
type Path = (Option<String>, String, String);

fn path(group: Option<&str>, collection: &str, rule: &str) -> Path {
    (group.map(str::to_lowercase), collection.to_lowercase(), rule.to_lowercase())
}

fn path_of(ruleset: &Ruleset, rule: RuleRef) -> Path {
    let own = ruleset.path(rule);
    path(own.group.as_deref(), &own.collection, &own.rule)
}

fn used<'a>(observed: &'a Observed, ruleset: &Ruleset) -> HashMap<RuleRef, Used<'a>> {
    let index = Index::new(ruleset);
    let mut used: HashMap<RuleRef, Used<'a>> = HashMap::new();
    for (flow, fate) in observed.flows().filter(|(_, fate)| fate.allowed.connections > 0) {
        let verdict = index.verdict(flow);
        match (verdict.decision, verdict.rule) {
            (Decision::Allow, Some(rule)) => {
                let used = used.entry(rule).or_default();
                used.flows.push(flow);
                used.times.join(fate.allowed);
            }
            (Decision::Allow | Decision::Undecided, _) => {
                for rule in verdict.candidates.iter().filter_map(|outcome| outcome.rule) {
                    let used = used.entry(rule).or_default();
                    used.is_uncertain = true;
                    used.times.join(fate.allowed);
                }
            }
            // The proof says so.
            (Decision::Deny, _) => {}
        }
    }
    used
}

struct Narrower<'a> {
    sources: Sources<'a>,
    inventory: &'a Inventory,
    used: &'a HashMap<RuleRef, Used<'a>>,
    by_path: &'a BTreeMap<Path, Vec<RuleRef>>,
}

impl Narrower<'_> {
    fn collection(
        &self,
        group: Option<&str>,
        collection: &mut RuleCollection,
        notes: &mut Vec<String>,
    ) {
        let is_dnat = match collection.action.value {
            CollectionAction::Filter(FilterAction::Allow) => false,
            CollectionAction::Filter(FilterAction::Deny) => return,
            CollectionAction::Dnat => true,
        };
        let name = collection.name.value.to_string();
        collection.rules.retain_mut(|rule| {
            let own = rule.head().name.value.to_string();
            let shown = match group {
                Some(group) => format!("{group}/{name}/{own}"),
                None => format!("{name}/{own}"),
            };
            let known = self.by_path.get(&path(group, &name, &own));
            let Some([reference]) = known.map(Vec::as_slice) else {
                // Rules of one name cannot be told apart in the result.
                return true;
            };
            if is_dnat {
                if !self.used.contains_key(reference) {
                    notes.push(format!("nothing used it, and DNAT rules are kept: {shown}"));
                }
                return true;
            }
            if rule.is_unknown() || !rule.head().unknown_fields.is_empty() {
                notes.push(format!("kept as it is, because it is not wholly known: {shown}"));
                return true;
            }
            match self.used.get(reference) {
                None => {
                    notes.push(format!("left out, because nothing used it: {shown}"));
                    false
                }
                Some(used) if used.is_uncertain => {
                    notes.push(format!(
                        "kept as it is, because the logs do not say all that it decided: {shown}"
                    ));
                    true
                }
                Some(used) => {
                    let before = rule.clone();
                    self.rule(rule, used);
                    if *rule != before {
                        let times = super::draft::evidence(used.times, sources_of(used).len());
                        notes.push(format!("narrowed to {times}: {shown}"));
                    }
                    true
                }
            }
        });
    }

    fn rule(&self, rule: &mut Rule, used: &Used<'_>) {
        match rule {
            Rule::Network(rule) => self.network(rule, used),
            Rule::Application(rule) => self.application(rule, used),
            Rule::Nat(_) => {}
        }
    }

    fn network(&self, rule: &mut NetworkRule, used: &Used<'_>) {
        self.head(&mut rule.head, used);
        let destinations: BTreeSet<IpAddr> =
            used.flows.iter().filter_map(|flow| flow.destination).collect();
        // A name can stand for any address.
        if rule.destination_fqdns.is_empty() {
            let replaced = |addresses: &BTreeSet<IpAddr>, within: IpRange| {
                let set: IpSet = addresses
                    .iter()
                    .filter(|address| within.contains(**address))
                    .copied()
                    .map(IpRange::single)
                    .collect();
                set.ranges().collect::<Vec<_>>()
            };
            self.addresses(
                &mut rule.destinations,
                &mut rule.destination_ip_groups,
                &destinations,
                replaced,
            );
        }
        let is_any = rule
            .protocols
            .iter()
            .any(|one| one.value.value().is_none_or(|protocol| *protocol == RuleProtocol::Any));
        // `Any` holds protocols without ports only with `*` as its ports.
        if is_any && used.flows.iter().any(|flow| !flow.protocol.has_ports()) {
            return;
        }
        let ports: BTreeSet<u16> = used.flows.iter().filter_map(|flow| flow.port).collect();
        cut_ports(&mut rule.destination_ports, &ports);
        let protocols = used.flows.iter().map(|flow| rule_protocol(flow.protocol.ip()));
        let Some(known) = protocols.collect::<Option<BTreeSet<_>>>() else { return };
        if rule.protocols.iter().all(|one| one.value.value().is_some()) {
            if is_any {
                rule.protocols = known.into_iter().map(|one| made(Written::Value(one))).collect();
            } else {
                let is_used = |one: &RuleProtocol| known.contains(one);
                rule.protocols.retain(|one| one.value.value().is_none_or(is_used));
            }
        }
    }

    fn application(&self, rule: &mut ApplicationRule, used: &Used<'_>) {
        self.head(&mut rule.head, used);
        let names: BTreeSet<_> = used.flows.iter().filter_map(|flow| flow.name.known()).collect();
        // What a tag, a category or a URL allowed does not show in the names alone.
        let is_names_alone = rule.target_urls.is_empty()
            && rule.fqdn_tags.is_empty()
            && rule.web_categories.is_empty();
        let all_named = used.flows.iter().all(|flow| flow.name.known().is_some());
        if is_names_alone && all_named {
            let is_star =
                |one: &Spanned<Written<FqdnPattern>>| one.value == Written::Value(FqdnPattern::Any);
            if rule.target_fqdns.iter().any(is_star) && names.len() <= NAMES_MAX {
                let exact = names.iter().map(|name| FqdnPattern::Exact((*name).clone()));
                rule.target_fqdns = exact.map(|one| made(Written::Value(one))).collect();
            } else {
                rule.target_fqdns.retain(|one| {
                    one.value.value().is_none_or(|one| names.iter().any(|name| one.matches(name)))
                });
            }
        }
        let applications: BTreeSet<_> = used
            .flows
            .iter()
            .filter_map(|flow| match flow.protocol {
                FlowProtocol::Application(protocol) => Some((protocol, flow.port)),
                FlowProtocol::Ip(_) => None,
            })
            .collect();
        if applications.len() == 1 || applications.iter().all(|(_, port)| port.is_some()) {
            let kept: Vec<_> = rule
                .protocols
                .iter()
                .filter(|one| {
                    one.value
                        .value()
                        .is_none_or(|one| applications.contains(&(one.protocol, Some(one.port))))
                })
                .cloned()
                .collect();
            if !kept.is_empty() {
                rule.protocols = kept;
            }
        }
    }

    fn head(&self, head: &mut RuleHead, used: &Used<'_>) {
        let sources = sources_of(used);
        let replaced = |addresses: &BTreeSet<IpAddr>, within: IpRange| {
            let inside: BTreeSet<IpAddr> =
                addresses.iter().filter(|address| within.contains(**address)).copied().collect();
            let entries = self.sources.entries(&inside, &BTreeSet::new());
            let ranges = entries.into_iter().flat_map(|entry| match entry {
                SourceEntry::Prefix(range)
                    if within.contains(range.first()) && within.contains(range.last()) =>
                {
                    vec![range]
                }
                // What does not lie inside goes back to its single addresses.
                SourceEntry::Prefix(range) => {
                    let held = inside.iter().filter(|address| range.contains(**address));
                    held.copied().map(IpRange::single).collect()
                }
                SourceEntry::Group(_) | SourceEntry::Any => {
                    inside.iter().copied().map(IpRange::single).collect()
                }
            });
            let set: IpSet = ranges.collect();
            set.ranges().collect::<Vec<_>>()
        };
        self.addresses(&mut head.sources, &mut head.source_ip_groups, &sources, replaced);
    }

    /// Cuts a list of addresses to `used`. `replaced` gives ranges in place of a wide one.
    fn addresses(
        &self,
        list: &mut Vec<Spanned<Written<Address>>>,
        group_list: &mut Vec<Spanned<IpGroupRef>>,
        used: &BTreeSet<IpAddr>,
        replaced: impl Fn(&BTreeSet<IpAddr>, IpRange) -> Vec<IpRange>,
    ) {
        let mut kept = Vec::new();
        let mut wide = Vec::new();
        for entry in list.iter() {
            match &entry.value {
                Written::Value(Address::Any) => wide.extend(everything()),
                Written::Value(Address::Range(range)) if is_wide(*range) => wide.push(*range),
                Written::Value(Address::Range(range)) => {
                    if used.iter().any(|address| range.contains(*address)) {
                        kept.push(entry.clone());
                    }
                }
                Written::Value(Address::ServiceTag(tag)) => {
                    let set = self.inventory.tables.service_tag(tag);
                    if set.is_none_or(|set| used.iter().any(|address| set.contains(*address))) {
                        kept.push(entry.clone());
                    }
                }
                Written::Unresolved(_) | Written::Invalid(_) => kept.push(entry.clone()),
            }
        }
        let ranges: BTreeSet<IpRange> =
            wide.into_iter().flat_map(|range| replaced(used, range)).collect();
        kept.extend(ranges.into_iter().map(|range| made(Written::Value(Address::Range(range)))));
        let kept_groups: Vec<_> =
            group_list.iter().filter(|group| self.is_used(group, used)).cloned().collect();
        // A rule that was used has something left; else it is not understood, and stays.
        if !kept.is_empty() || !kept_groups.is_empty() {
            *list = kept;
            *group_list = kept_groups;
        }
    }

    fn is_used(&self, reference: &Spanned<IpGroupRef>, used: &BTreeSet<IpAddr>) -> bool {
        let Some(id) = reference.value.value() else { return true };
        let group = self.inventory.ip_groups.iter().find(|group| match &group.id {
            Some(own) => own.agrees_with(id),
            None => group.name.value.eq_ignore_ascii_case(id.name()),
        });
        let Some(group) = group else { return true };
        group.addresses.iter().any(|entry| match &entry.value {
            Written::Value(Address::Range(range)) => {
                used.iter().any(|address| range.contains(*address))
            }
            Written::Value(Address::Any | Address::ServiceTag(_))
            | Written::Unresolved(_)
            | Written::Invalid(_) => true,
        })
    }
}

fn sources_of(used: &Used<'_>) -> BTreeSet<IpAddr> {
    used.flows.iter().map(|flow| flow.source).collect()
}

fn cut_ports(list: &mut Vec<Spanned<Written<PortRange>>>, used: &BTreeSet<u16>) {
    let mut kept: Vec<Spanned<Written<PortRange>>> = Vec::new();
    for entry in list.iter() {
        let Written::Value(range) = &entry.value else {
            kept.push(entry.clone());
            continue;
        };
        let inside: Vec<u16> = used.iter().copied().filter(|port| range.contains(*port)).collect();
        let is_wide = usize::from(range.last() - range.first()) >= WIDE_PORTS;
        if is_wide && inside.len() <= WIDE_PORTS {
            let single = |port: u16| made(Written::Value(PortRange::single(port)));
            kept.extend(inside.into_iter().map(single));
        } else if !inside.is_empty() {
            kept.push(entry.clone());
        }
    }
    if !kept.is_empty() {
        *list = kept;
    }
}

fn everything() -> impl Iterator<Item = IpRange> {
    IpSet::all().ranges().collect::<Vec<_>>().into_iter()
}

fn is_wide(range: IpRange) -> bool {
    match (range.first(), range.last()) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            u64::from(last.to_bits() - first.to_bits()) >= WIDE_V4
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => last.to_bits() - first.to_bits() >= WIDE_V6,
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}
