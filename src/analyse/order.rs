//! Which rules are asked before which, ties included.

use std::ops::Range;

use smol_str::SmolStr;

use crate::compile::{Block, Ruleset};

/// Where one rule stands to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Before,
    After,
    /// Equal priorities: nobody outside Azure knows which is asked first.
    Tied,
}

/// Rules whose order to each other is not known.
#[derive(Debug, Clone)]
struct Tie {
    need: SmolStr,
    /// The rules of each part; parts follow each other.
    parts: Vec<Range<usize>>,
}

/// The order of all rules of a rule set: DNAT, network, application.
#[derive(Debug, Clone)]
pub struct Order {
    ties: Vec<Tie>,
}

impl Order {
    #[must_use]
    pub fn new(ruleset: &Ruleset) -> Self {
        let mut ties = Vec::new();
        let network = ruleset.nat.rules.len();
        let application = network + ruleset.network.rules.len();
        add(&ruleset.nat.blocks, 0, &mut ties);
        add(&ruleset.network.blocks, network, &mut ties);
        add(&ruleset.application.blocks, application, &mut ties);
        Self { ties }
    }

    /// Where the rule `other` stands to the rule `rule`, both by their place in evaluation order.
    #[must_use]
    pub fn standing(&self, other: usize, rule: usize) -> Standing {
        if self.ties.iter().any(|tie| tie.separates(other, rule)) {
            Standing::Tied
        } else if other < rule {
            Standing::Before
        } else {
            Standing::After
        }
    }

    /// The ties that make the order of two rules unknown.
    pub fn needs(&self, other: usize, rule: usize) -> impl Iterator<Item = &SmolStr> {
        self.ties.iter().filter(move |tie| tie.separates(other, rule)).map(|tie| &tie.need)
    }

    /// Every tie: what it is, and its rules.
    pub fn ties(&self) -> impl Iterator<Item = (&SmolStr, Vec<usize>)> {
        self.ties.iter().map(|tie| (&tie.need, tie.parts.iter().cloned().flatten().collect()))
    }

    /// Whether any two rules have an unknown order.
    #[must_use]
    pub fn has_ties(&self) -> bool {
        !self.ties.is_empty()
    }
}

impl Tie {
    fn separates(&self, a: usize, b: usize) -> bool {
        let part = |place: usize| self.parts.iter().position(|part| part.contains(&place));
        matches!((part(a), part(b)), (Some(a), Some(b)) if a != b)
    }
}

fn add(blocks: &[Block], offset: usize, ties: &mut Vec<Tie>) {
    for block in blocks {
        let Block::Tied { need, alternatives } = block else { continue };
        let parts = alternatives.iter().filter_map(|blocks| extent(blocks, offset)).collect();
        ties.push(Tie { need: need.clone(), parts });
        for alternative in alternatives {
            add(alternative, offset, ties);
        }
    }
}

/// The rules of blocks, which follow each other.
fn extent(blocks: &[Block], offset: usize) -> Option<Range<usize>> {
    let extents = blocks.iter().filter_map(|block| match block {
        Block::Run(ranks) => Some(offset + ranks.start as usize..offset + ranks.end as usize),
        Block::Tied { alternatives, .. } => {
            let mut parts = alternatives.iter().filter_map(|blocks| extent(blocks, offset));
            let first = parts.next()?;
            Some(parts.fold(first, |all, part| all.start.min(part.start)..all.end.max(part.end)))
        }
    });
    extents.reduce(|all, part| all.start.min(part.start)..all.end.max(part.end))
}
