//! What rules alone do not show of a rule set: its policies, groups and collections as written.

use smol_str::SmolStr;

use super::link::Layer;
use crate::policy::{CollectionAction, Priority, RuleCollection, RuleCollectionGroup, Settings};
use crate::source::Spanned;

/// A policy of the chain, or a classic firewall.
#[derive(Debug, Clone)]
pub struct LayerOutline {
    pub name: Spanned<SmolStr>,
    /// A classic firewall has collections and no groups.
    pub is_classic: bool,
    /// The parent of the policy that is evaluated.
    pub is_inherited: bool,
    /// `None`: the files hold groups of the policy and not the policy itself.
    pub settings: Option<Settings>,
    /// In the order of the files.
    pub groups: Vec<GroupOutline>,
    /// Collections of a classic firewall.
    pub collections: Vec<CollectionOutline>,
}

/// A rule collection group.
#[derive(Debug, Clone)]
pub struct GroupOutline {
    pub name: Spanned<SmolStr>,
    pub priority: Spanned<Priority>,
    /// The read-only `size` that the service reports, as written.
    pub size: Option<SmolStr>,
    pub collections: Vec<CollectionOutline>,
}

/// A rule collection.
#[derive(Debug, Clone)]
pub struct CollectionOutline {
    pub name: Spanned<SmolStr>,
    pub priority: Spanned<Priority>,
    pub action: CollectionAction,
}

impl LayerOutline {
    pub(super) fn of(layer: &Layer<'_>) -> Self {
        Self {
            name: layer.place.clone(),
            is_classic: layer.policy.is_none(),
            is_inherited: layer.is_inherited,
            settings: layer.has_settings.then(|| layer.settings.clone()),
            groups: layer.groups.iter().map(|linked| GroupOutline::of(linked.group)).collect(),
            collections: layer.collections.iter().map(CollectionOutline::of).collect(),
        }
    }

    /// All collections, with the name of their group.
    pub fn collections(&self) -> impl Iterator<Item = (Option<&SmolStr>, &CollectionOutline)> {
        let grouped = self.groups.iter().flat_map(|group| {
            group.collections.iter().map(move |collection| (Some(&group.name.value), collection))
        });
        grouped.chain(self.collections.iter().map(|collection| (None, collection)))
    }
}

impl GroupOutline {
    fn of(group: &RuleCollectionGroup) -> Self {
        Self {
            name: group.name.clone(),
            priority: group.priority.clone(),
            size: group.size.clone(),
            collections: group.collections.iter().map(CollectionOutline::of).collect(),
        }
    }
}

impl CollectionOutline {
    fn of(collection: &RuleCollection) -> Self {
        Self {
            name: collection.name.clone(),
            priority: collection.priority.clone(),
            action: collection.action.value,
        }
    }
}
