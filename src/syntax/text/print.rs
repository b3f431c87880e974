//! Writes rule sets in their text form.

use super::build::{FIREWALL, GROUP, POLICY, group_id};
use super::line::RuleKind;
use super::print_rules::rule;
use super::print_settings::settings;
use super::reader::IP_GROUP;
use super::words::{addresses, joined, name, plain, reference, word, written};
use crate::policy::{
    ClassicFirewall, CollectionAction, FilterAction, FirewallPolicy, Inventory, IpGroup, Placement,
    ResourceId, Rule, RuleCollection, RuleCollectionGroup,
};

/// An IP Group with more addresses than this has a line for each.
const ADDRESSES_IN_LINE_MAX: usize = 4;

/// The line of a rule in a collection of its own type.
#[cfg(feature = "logs")]
pub(crate) fn rule_line(line: &Rule) -> String {
    let kind = match line {
        Rule::Network(_) => RuleKind::Network,
        Rule::Application(_) => RuleKind::Application,
        Rule::Nat(_) => RuleKind::Dnat,
    };
    rule(line, kind)
}

/// The rule sets as text, from which [`super::parse`] reads the same rule sets.
/// Side tables are no part of it.
#[must_use]
pub fn print(inventory: &Inventory) -> String {
    let mut out = String::new();
    let mut groups = inventory.groups.iter().peekable();
    for policy in &inventory.policies {
        print_policy(&mut out, policy);
        let is_own =
            |group: &&RuleCollectionGroup| policy.id.is_some() && group.policy == policy.id;
        while let Some(group) = groups.next_if(is_own) {
            print_group(&mut out, group, Some(policy));
        }
    }
    for group in groups {
        print_group(&mut out, group, inventory.policies.last());
    }
    for firewall in &inventory.firewalls {
        print_firewall(&mut out, firewall);
    }
    for group in &inventory.ip_groups {
        print_ip_group(&mut out, group);
    }
    out
}

/// Begins a block behind an empty line.
fn begin(out: &mut String, line: &str) {
    if !out.is_empty() {
        out.push('\n');
    }
    out.extend([line, "\n"]);
}

/// A line directly below the line that begins a resource.
fn below(out: &mut String, line: &str) {
    out.extend(["  ", line, "\n"]);
}

fn print_policy(out: &mut String, policy: &FirewallPolicy) {
    begin(out, &format!("policy {}", name(&policy.name.value)));
    let known = ResourceId::without_scope(POLICY, &[&policy.name.value]);
    print_id(out, policy.id.as_ref(), Some(&known));
    if let Some(base) = &policy.base {
        below(out, &format!("parent {}", reference(&base.value, POLICY, &[])));
    }
    for line in settings(&policy.settings) {
        below(out, &line);
    }
    if !policy.group_references.is_empty() {
        let parents = [policy.name.value.as_str()];
        let groups = policy.group_references.iter();
        let groups = joined(groups.map(|group| reference(&group.value, GROUP, &parents)));
        below(out, &format!("group-references {groups}"));
    }
}

/// The `id` line, where the id is not the one that the reader would take anyway.
fn print_id(out: &mut String, id: Option<&ResourceId>, known: Option<&ResourceId>) {
    match id {
        _ if id == known => {}
        Some(id) => below(out, &format!("id {}", word(id.as_str()))),
        None => below(out, "id none"),
    }
}

fn print_group(out: &mut String, group: &RuleCollectionGroup, above: Option<&FirewallPolicy>) {
    let mut line = format!("group {} {}", name(&group.name.value), group.priority.value);
    let is_implied = above.is_some_and(|policy| policy.id == group.policy);
    if !is_implied {
        let policy = group.policy.as_ref().map(|policy| reference(policy, POLICY, &[]));
        line.extend([" of ", policy.as_deref().unwrap_or("none")]);
    }
    begin(out, &line);
    let known = group.policy.as_ref().map(|policy| group_id(policy, &group.name.value));
    print_id(out, group.id.as_ref(), known.as_ref());
    if let Some(size) = &group.size {
        below(out, &format!("size {}", word(size)));
    }
    for collection in &group.collections {
        print_collection(out, collection);
    }
}

fn print_firewall(out: &mut String, firewall: &ClassicFirewall) {
    let mut line = format!("firewall {}", name(&firewall.name.value));
    if let Some(policy) = &firewall.policy {
        line.extend([" policy ", &reference(&policy.value, POLICY, &[])]);
    }
    begin(out, &line);
    let known = ResourceId::without_scope(FIREWALL, &[&firewall.name.value]);
    print_id(out, firewall.id.as_ref(), Some(&known));
    if !firewall.addresses.is_empty() {
        below(out, &format!("addresses {}", joined(plain(&firewall.addresses))));
    }
    print_placement(out, &firewall.placement);
    for line in settings(&firewall.settings) {
        below(out, &line);
    }
    for collection in &firewall.collections {
        print_collection(out, collection);
    }
}

fn print_placement(out: &mut String, placement: &Placement) {
    let Placement { zones, subnets, management_subnet, virtual_hub } = placement;
    if !zones.is_empty() {
        let zones = zones.iter().map(|zone| written(&zone.value, |zone| word(zone)));
        below(out, &format!("zones {}", joined(zones)));
    }
    if !subnets.is_empty() {
        let ids = subnets.iter().map(|id| word(id.value.as_str()));
        below(out, &format!("subnets {}", joined(ids)));
    }
    if let Some(id) = management_subnet {
        let id = written(&id.value, |id| word(id.as_str()));
        below(out, &format!("management-subnet {id}"));
    }
    if let Some(id) = virtual_hub {
        let id = written(&id.value, |id| word(id.as_str()));
        below(out, &format!("virtual-hub {id}"));
    }
}

fn print_ip_group(out: &mut String, group: &IpGroup) {
    let words = addresses(&group.addresses);
    let list =
        if words.len() > ADDRESSES_IN_LINE_MAX { words.join(",\n    ") } else { joined(words) };
    begin(out, &format!("ip-group {} = {list}", name(&group.name.value)));
    let known = ResourceId::without_scope(IP_GROUP, &[&group.name.value]);
    print_id(out, group.id.as_ref(), Some(&known));
    if let Some(location) = &group.location {
        below(out, &format!("location {}", word(location)));
    }
}

fn print_collection(out: &mut String, collection: &RuleCollection) {
    let kind = collection_kind(collection);
    let start = match collection.action.value {
        CollectionAction::Filter(FilterAction::Allow) => format!("allow {}", kind.word()),
        CollectionAction::Filter(FilterAction::Deny) => format!("deny {}", kind.word()),
        CollectionAction::Dnat => "dnat".to_owned(),
    };
    out.push('\n');
    let name = name(&collection.name.value);
    below(out, &format!("{start} {name} {}", collection.priority.value));
    for one in &collection.rules {
        out.extend(["    ", &rule(one, kind), "\n"]);
    }
}

/// The type of the rules of a collection that say nothing of it.
fn collection_kind(collection: &RuleCollection) -> RuleKind {
    let is_application = |rule: &Rule| matches!(rule, Rule::Application(_));
    match collection.action.value {
        CollectionAction::Dnat => RuleKind::Dnat,
        CollectionAction::Filter(_) if collection.rules.first().is_some_and(is_application) => {
            RuleKind::Application
        }
        CollectionAction::Filter(_) => RuleKind::Network,
    }
}
