//! The flows whose fate differs: found rule by rule, among those that a changed rule may decide.
//!
//! A flow that no changed rule may decide on either side ends alike on both. Every other flow is
//! looked at once: at the first changed rule that may decide it in the old rule set, or, where there
//! is none, in the new one. So the parts never overlap, and each rule has a bound of its own.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::Uncompared;
use super::classify::{End, Fate, Side};
use crate::analyse::search::OutOfSteps;
use crate::analyse::space::{Product, Space, without};

/// Sets of flows, by what becomes of them on both sides.
pub(super) type Pairs = BTreeMap<(Fate, Fate), Vec<Product>>;

/// Comparisons that may be made, shared by the changed rules. The bound is on work, not on time: the
/// answer is always the same.
const STEPS: usize = 100_000_000;
const STEPS_MIN: usize = 20_000;
const STEPS_MAX: usize = 30_000_000;
/// A part that is kept takes memory until the end, so it counts as much.
const PART_STEPS: u32 = 64;

/// One side and its rules without a counterpart, by their places in evaluation order.
#[derive(Clone, Copy)]
pub(super) struct Changed<'a> {
    pub(super) side: &'a Side<'a>,
    pub(super) places: &'a [usize],
}

impl Changed<'_> {
    /// The first changed rule that may decide flows with this fate.
    fn first(&self, fate: &Fate) -> Option<usize> {
        let end = match fate.end {
            End::Rule(rule) => Some(rule),
            End::Infrastructure | End::Default => None,
        };
        let rules = fate.maybe.iter().copied().chain(end);
        rules.into_iter().find(|rule| self.places.binary_search(rule).is_ok())
    }
}

/// Which side a changed rule is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Before,
    After,
}

/// What was found at one rule, and whether that is all.
struct Found {
    parts: Vec<(Fate, Fate, Product)>,
    is_complete: bool,
}

/// What becomes of all flows that a changed rule may decide, where it differs.
pub(super) fn by_rules(
    space: &Space,
    before: Changed<'_>,
    after: Changed<'_>,
) -> (Pairs, Vec<Uncompared>) {
    let rules = before.places.iter().map(|&place| (Which::Before, place));
    let rules: Vec<_> =
        rules.chain(after.places.iter().map(|&place| (Which::After, place))).collect();
    let look = |rules: &[(Which, usize)]| -> Vec<Found> {
        let steps = share(rules.len());
        let found = rules
            .par_iter()
            .map(|&(which, place)| at_rule(space, (before, after), (which, place), steps));
        found.collect()
    };
    let mut found = look(&rules);
    // What few rules leave open may take the work that the others did not need.
    let open: Vec<usize> = (0..rules.len())
        .filter(|&index| found.get(index).is_some_and(|found| !found.is_complete))
        .collect();
    if share(open.len()) / 4 > share(rules.len()) {
        let again: Vec<_> = open.iter().filter_map(|&index| rules.get(index).copied()).collect();
        for (index, more) in open.into_iter().zip(look(&again)) {
            if let Some(found) = found.get_mut(index) {
                *found = more;
            }
        }
    }
    let mut pairs = Pairs::new();
    let mut uncompared = Vec::new();
    for (found, (which, place)) in found.into_iter().zip(rules) {
        for (was, is, part) in found.parts {
            pairs.entry((was, is)).or_default().push(part);
        }
        if !found.is_complete {
            let side = if which == Which::Before { before.side } else { after.side };
            let rule = side.item(place).map(|item| item.rule);
            uncompared.push(match (rule, which) {
                (Some(rule), Which::Before) => Uncompared::Before(rule),
                (Some(rule), Which::After) => Uncompared::After(rule),
                (None, _) => Uncompared::Anything,
            });
        }
    }
    (pairs, uncompared)
}

/// What becomes of all flows, where it differs.
pub(super) fn everywhere(
    space: &Space,
    old: &Side<'_>,
    new: &Side<'_>,
) -> (Pairs, Vec<Uncompared>) {
    let mut pairs = Pairs::new();
    let mut uncompared = Vec::new();
    let mut steps = share(1);
    for piece in &space.everything() {
        let mut parts = Vec::new();
        let mut found = Vec::new();
        let is_whole =
            old.classify(piece, &old.overlapping(piece), &mut steps, &mut parts).and_then(|()| {
                parts.drain(..).try_for_each(|(part, was)| {
                    let relevant = new.overlapping(&part);
                    let mut others = Vec::new();
                    new.classify(&part, &relevant, &mut steps, &mut others)?;
                    found.extend(others.into_iter().map(|(part, is)| (was.clone(), is, part)));
                    Ok(())
                })
            });
        for (was, is, part) in found {
            let is_possible = !space.possible_of(std::slice::from_ref(&part)).is_empty();
            if is_possible && super::differs((old, &was), (new, &is)) {
                pairs.entry((was, is)).or_default().push(part);
            }
        }
        if is_whole.is_err() {
            uncompared.push(Uncompared::Anything);
        }
    }
    uncompared.dedup();
    (pairs, uncompared)
}

fn share(count: usize) -> u32 {
    u32::try_from((STEPS / count.max(1)).clamp(STEPS_MIN, STEPS_MAX)).unwrap_or(u32::MAX)
}

fn at_rule(
    space: &Space,
    (before, after): (Changed<'_>, Changed<'_>),
    (which, place): (Which, usize),
    steps: u32,
) -> Found {
    let mut look = Look { space, before, after, which, place, steps, parts: Vec::new() };
    let is_complete = look.run().is_ok();
    Found { parts: look.parts, is_complete }
}

/// The look at one rule.
struct Look<'a> {
    space: &'a Space,
    before: Changed<'a>,
    after: Changed<'a>,
    which: Which,
    place: usize,
    steps: u32,
    parts: Vec<(Fate, Fate, Product)>,
}

impl Look<'_> {
    fn run(&mut self) -> Result<(), OutOfSteps> {
        let (own, other) = match self.which {
            Which::Before => (self.before, self.after),
            Which::After => (self.after, self.before),
        };
        let Some(item) = own.side.item(self.place) else { return Ok(()) };
        for piece in disjoint(&item.region.may) {
            let (ours, theirs) = (own.side.overlapping(&piece), other.side.overlapping(&piece));
            let mut parts = Vec::new();
            let mut result = own.side.classify(&piece, &ours, &mut self.steps, &mut parts);
            for (part, fate) in parts {
                if own.first(&fate) == Some(self.place) {
                    // What was found before the bound was reached is worth telling too.
                    result = self.other_side(&part, &fate, (other, &theirs)).and(result);
                }
            }
            result?;
        }
        Ok(())
    }

    fn other_side(
        &mut self,
        part: &Product,
        fate: &Fate,
        (other, relevant): (Changed<'_>, &[usize]),
    ) -> Result<(), OutOfSteps> {
        let relevant = other.side.among(relevant, part, &mut self.steps)?;
        let mut parts = Vec::new();
        let result = other.side.classify(part, &relevant, &mut self.steps, &mut parts);
        for (part, theirs) in parts {
            let (was, is) = match self.which {
                Which::Before => (fate.clone(), theirs),
                // A changed rule of the old side has these flows already.
                Which::After if other.first(&theirs).is_some() => continue,
                Which::After => (theirs, fate.clone()),
            };
            if super::differs((self.before.side, &was), (self.after.side, &is)) {
                self.steps = self.steps.checked_sub(PART_STEPS).ok_or(OutOfSteps)?;
                if !self.space.possible_of(std::slice::from_ref(&part)).is_empty() {
                    self.parts.push((was, is, part));
                }
            }
        }
        result
    }
}

/// The same flows as products that do not overlap.
fn disjoint(products: &[Product]) -> Vec<Product> {
    let mut all: Vec<Product> = Vec::new();
    for product in products {
        let mut fresh = vec![product.clone()];
        for known in &all {
            if fresh.iter().any(|piece| piece.overlaps(known)) {
                fresh = without(&fresh, known);
            }
        }
        all.extend(fresh);
    }
    all
}
