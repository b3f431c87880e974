//! The order in which rules are tried: the one place that knows it.
//!
//! Sort key: inheritance level, priority of the group, priority of the collection, position of the
//! rule. Source: "Azure Firewall rule processing logic" (23 March 2026), `tests/spec/01-order.md`.
//! What happens with equal priorities is not documented, so every order stays possible.

use std::ops::Range;

use smol_str::SmolStr;

use super::link::{Layer, LinkedGroup};
use crate::policy::{Priority, Rule, RuleCollection};

/// A stretch of the order in which the rules of one type are tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// Rules with these ranks, one after the other.
    Run(Range<u32>),
    /// Parts with equal priority: nobody outside Azure knows which comes first.
    Tied { need: SmolStr, alternatives: Vec<Vec<Block>> },
}

/// The type of a rule, each with a pass of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum RuleKind {
    Nat,
    Network,
    Application,
}

impl RuleKind {
    pub(super) fn of(rule: &Rule) -> Self {
        match rule {
            Rule::Nat(_) => Self::Nat,
            Rule::Network(_) => Self::Network,
            Rule::Application(_) => Self::Application,
        }
    }
}

/// A rule and where it stands.
pub(super) struct Placed<'a> {
    pub(super) layer: &'a Layer<'a>,
    pub(super) group: Option<&'a LinkedGroup<'a>>,
    pub(super) collection: &'a RuleCollection,
    pub(super) rule: &'a Rule,
}

/// The rules of `kind` in evaluation order, and the order's blocks.
pub(super) fn ordered<'a>(
    layers: &[&'a Layer<'a>],
    kind: RuleKind,
) -> (Vec<Placed<'a>>, Vec<Block>) {
    let mut order = Order { kind, placed: Vec::new() };
    let mut blocks = Vec::new();
    for layer in layers {
        blocks.extend(order.groups(layer));
        blocks.extend(order.collections(layer, None, layer.collections));
    }
    (order.placed, joined(blocks))
}

struct Order<'a> {
    kind: RuleKind,
    placed: Vec<Placed<'a>>,
}

impl<'a> Order<'a> {
    fn groups(&mut self, layer: &'a Layer<'a>) -> Vec<Block> {
        let groups: Vec<_> = layer.groups.iter().collect();
        by_priority(
            groups,
            |group| group.group.priority.value,
            |tied| {
                let alternatives = tied
                    .iter()
                    .map(|group| self.collections(layer, Some(group), &group.group.collections))
                    .collect();
                let names = tied.iter().map(|group| group.group.name.value.as_str());
                tie("rule collection group", names, alternatives)
            },
        )
    }

    fn collections(
        &mut self,
        layer: &'a Layer<'a>,
        group: Option<&'a LinkedGroup<'a>>,
        collections: &'a [RuleCollection],
    ) -> Vec<Block> {
        let kind = self.kind;
        let of_kind: Vec<_> = collections
            .iter()
            .filter(|collection| collection.rules.iter().any(|rule| RuleKind::of(rule) == kind))
            .collect();
        by_priority(
            of_kind,
            |collection| collection.priority.value,
            |tied| {
                let alternatives = tied
                    .iter()
                    .map(|collection| vec![self.run(layer, group, collection)])
                    .collect();
                let names = tied.iter().map(|collection| collection.name.value.as_str());
                tie("rule collection", names, alternatives)
            },
        )
    }

    fn run(
        &mut self,
        layer: &'a Layer<'a>,
        group: Option<&'a LinkedGroup<'a>>,
        collection: &'a RuleCollection,
    ) -> Block {
        let first = self.rank();
        let rules = collection.rules.iter().filter(|rule| RuleKind::of(rule) == self.kind);
        self.placed.extend(rules.map(|rule| Placed { layer, group, collection, rule }));
        Block::Run(first..self.rank())
    }

    fn rank(&self) -> u32 {
        u32::try_from(self.placed.len()).unwrap_or(u32::MAX)
    }
}

/// Sorts `items` by priority and makes blocks of those that share one.
fn by_priority<'a, T>(
    mut items: Vec<&'a T>,
    priority: impl Fn(&T) -> Priority,
    blocks: impl FnMut(&[&'a T]) -> Vec<Block>,
) -> Vec<Block> {
    items.sort_by_key(|item| priority(item));
    items.chunk_by(|a, b| priority(a) == priority(b)).flat_map(blocks).collect()
}

/// One block of alternatives, or the blocks themselves where only one alternative has any rule.
fn tie<'n>(
    what: &str,
    names: impl Iterator<Item = &'n str>,
    alternatives: Vec<Vec<Block>>,
) -> Vec<Block> {
    let names: Vec<String> = names
        .zip(&alternatives)
        .filter(|(_, blocks)| !blocks.is_empty())
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    let mut alternatives: Vec<_> =
        alternatives.into_iter().filter(|blocks| !blocks.is_empty()).collect();
    if alternatives.len() < 2 {
        return alternatives.pop().unwrap_or_default();
    }
    let need = format!("tie: {what}s {} have equal priority", names.join(" and "));
    vec![Block::Tied { need: need.into(), alternatives }]
}

/// Joins runs that follow each other.
fn joined(blocks: Vec<Block>) -> Vec<Block> {
    let mut joined: Vec<Block> = Vec::new();
    for block in blocks {
        match (joined.last_mut(), block) {
            (Some(Block::Run(last)), Block::Run(next)) if last.end == next.start => {
                last.end = next.end;
            }
            (_, block) => joined.push(block),
        }
    }
    joined
}
