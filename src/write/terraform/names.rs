//! Names of resources in Terraform: stable, made of Azure's.

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::{ClassicFirewall, FirewallPolicy, Inventory, IpGroup, RuleCollectionGroup};
use crate::write::remarks::Resource;

/// The Terraform names of an inventory's resources.
pub(super) struct Names<'a> {
    inventory: &'a Inventory,
    /// By type, in the order of the inventory.
    names: BTreeMap<&'static str, Vec<String>>,
}

/// A resource that gets a name.
pub(super) trait Named: Resource + Sized {
    fn all(inventory: &Inventory) -> &[Self];
}

impl Named for FirewallPolicy {
    fn all(inventory: &Inventory) -> &[Self] {
        &inventory.policies
    }
}

impl Named for RuleCollectionGroup {
    fn all(inventory: &Inventory) -> &[Self] {
        &inventory.groups
    }
}

impl Named for ClassicFirewall {
    fn all(inventory: &Inventory) -> &[Self] {
        &inventory.firewalls
    }
}

impl Named for IpGroup {
    fn all(inventory: &Inventory) -> &[Self] {
        &inventory.ip_groups
    }
}

impl<'a> Names<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let names = BTreeMap::from([
            (FirewallPolicy::KIND, numbered(&inventory.policies)),
            (RuleCollectionGroup::KIND, numbered(&inventory.groups)),
            (ClassicFirewall::KIND, numbered(&inventory.firewalls)),
            (IpGroup::KIND, numbered(&inventory.ip_groups)),
        ]);
        Self { inventory, names }
    }

    /// The name of `resource`, which is one of the inventory's.
    pub(super) fn of<T: Named>(&self, resource: &T) -> String {
        let all = T::all(self.inventory);
        let index = all.iter().position(|other| std::ptr::eq(other, resource));
        let name = index.and_then(|index| self.names.get(T::KIND)?.get(index));
        name.cloned().unwrap_or_else(|| identifier(resource.name()))
    }
}

/// A name for each resource: its own in letters, with a number where another has that already.
fn numbered<T: Resource>(resources: &[T]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let name = |resource: &T| {
        let own = identifier(resource.name());
        let numbers = (2..).map(|number| format!("{own}_{number}"));
        let free = std::iter::once(own.clone()).chain(numbers).find(|name| !taken.contains(name));
        let name = free.unwrap_or(own);
        taken.insert(name.clone());
        name
    };
    resources.iter().map(name).collect()
}

/// Letters, digits, `_` and `-`; begins with a letter.
pub(super) fn identifier(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            c if c.is_ascii_alphanumeric() => out.push(c.to_ascii_lowercase()),
            '-' | '_' => out.push(character),
            _ => out.push('_'),
        }
    }
    if !out.starts_with(|c: char| c.is_ascii_alphabetic()) {
        out.insert(0, 'r');
    }
    out
}
