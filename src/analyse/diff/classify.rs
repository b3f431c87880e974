//! What becomes of every flow of a set: the set cut into parts that one rule set treats alike.

use crate::analyse::order::{Order, Standing};
use crate::analyse::reach::{Effect, Item};
use crate::analyse::search::OutOfSteps;
use crate::analyse::space::service;
use crate::analyse::space::{Axis, Product, Space};
use crate::compile::{NatAddress, NatPort, Ruleset};
use crate::evaluate::Ruling;
use crate::net::IpFamily;

/// What becomes of the flows of a part.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fate {
    /// Rules that may decide, in evaluation order.
    pub maybe: Vec<usize>,
    pub end: End,
}

/// What surely ends the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// The rule at this place in evaluation order.
    Rule(usize),
    /// The built-in infrastructure collection, with the names that the user lists.
    Infrastructure,
    Default,
}

/// A cut takes about as long as so many comparisons.
const CUT_STEPS: u32 = 8;

/// One rule set, ready to say what becomes of flows.
pub struct Side<'a> {
    pub ruleset: &'a Ruleset,
    /// The rules that can matter, by their place in evaluation order, ascending.
    items: &'a [(usize, Item)],
    order: Order,
    infrastructure: Option<Product>,
}

fn meets(item: &Item, piece: &Product) -> bool {
    item.region.may.iter().any(|may| may.overlaps(piece))
}

impl<'a> Side<'a> {
    /// Rules of `ruleset` with their places, ascending, in a space that tells them apart.
    #[must_use]
    pub fn new(ruleset: &'a Ruleset, space: &Space, items: &'a [(usize, Item)]) -> Self {
        let web =
            space.family(IpFamily::V4).and_then(|all| all.with(Axis::Service, service::web()));
        let names = space.fqdns(&ruleset.infrastructure.fqdns);
        let infrastructure = web.and_then(|web| web.with(Axis::Name, names));
        Self { ruleset, items, order: Order::new(ruleset), infrastructure }
    }

    /// The rule at a place in evaluation order, if it can matter.
    #[must_use]
    pub fn item(&self, place: usize) -> Option<&'a Item> {
        let at = self.items.binary_search_by_key(&place, |(place, _)| *place).ok()?;
        self.items.get(at).map(|(_, item)| item)
    }

    /// The rules that may match a flow of `piece`, by their places.
    ///
    /// # Errors
    ///
    /// When more than `steps` comparisons would be needed.
    pub fn meeting(&self, piece: &Product, steps: &mut u32) -> Result<Vec<usize>, OutOfSteps> {
        let count = u32::try_from(self.items.len()).map_err(|_| OutOfSteps)?;
        *steps = steps.checked_sub(count).ok_or(OutOfSteps)?;
        Ok(self.overlapping(piece))
    }

    /// The rules that may match a flow of `piece`, by their places.
    #[must_use]
    pub fn overlapping(&self, piece: &Product) -> Vec<usize> {
        let items = self.items.iter().filter(|(_, item)| meets(item, piece));
        items.map(|(place, _)| *place).collect()
    }

    /// Those of some rules that may match a flow of `piece`.
    ///
    /// # Errors
    ///
    /// When more than `steps` comparisons would be needed.
    pub fn among(
        &self,
        rules: &[usize],
        piece: &Product,
        steps: &mut u32,
    ) -> Result<Vec<usize>, OutOfSteps> {
        let count = u32::try_from(rules.len()).map_err(|_| OutOfSteps)?;
        *steps = steps.checked_sub(count).ok_or(OutOfSteps)?;
        let meet = |&rule: &usize| self.item(rule).is_some_and(|item| meets(item, piece));
        Ok(rules.iter().copied().filter(meet).collect())
    }

    /// Cuts `piece` into parts that are treated alike. `relevant` are the rules that may match some
    /// of it, in evaluation order.
    ///
    /// # Errors
    ///
    /// When more than `steps` comparisons would be needed; `parts` then has some of them.
    pub fn classify(
        &self,
        piece: &Product,
        relevant: &[usize],
        steps: &mut u32,
        parts: &mut Vec<(Product, Fate)>,
    ) -> Result<(), OutOfSteps> {
        let mut open: Vec<(Product, usize, Vec<usize>)> = vec![(piece.clone(), 0, Vec::new())];
        while let Some((piece, from, maybe)) = open.pop() {
            let mut compared = 0;
            let mut rest = relevant.iter().enumerate().skip(from);
            let next = rest.find_map(|(at, &rule)| {
                compared += 1;
                let item = self.item(rule)?;
                let may = item.region.may.iter().find(|may| may.overlaps(&piece))?;
                Some((at, rule, item, may))
            });
            *steps = steps.checked_sub(CUT_STEPS + compared).ok_or(OutOfSteps)?;
            let Some((at, rule, item, may)) = next else {
                self.unmatched(piece, maybe, parts);
                continue;
            };
            let mut outside = Vec::new();
            piece.minus(may, &mut outside);
            // Another product of the same rule may still match what is outside of this one.
            open.extend(outside.into_iter().map(|piece| (piece, at, maybe.clone())));
            let Some(inside) = piece.intersection(may) else { continue };
            let (is_tied, cut) = self.tie(&inside, rule, relevant);
            if let Some(cut) = cut {
                let mut rest = Vec::new();
                inside.minus(cut, &mut rest);
                rest.extend(inside.intersection(cut));
                open.extend(rest.into_iter().map(|piece| (piece, at, maybe.clone())));
                continue;
            }
            // Products of one rule can overlap; what one takes, the next does not see.
            let mut unsure = vec![inside];
            for sure in item.region.sure.iter().filter(|_| !is_tied) {
                let mut rest = Vec::new();
                for piece in unsure {
                    let fate = || Fate { maybe: maybe.clone(), end: End::Rule(rule) };
                    parts.extend(piece.intersection(sure).map(|part| (part, fate())));
                    piece.minus(sure, &mut rest);
                }
                unsure = rest;
            }
            let with_rule: Vec<usize> = maybe.iter().copied().chain([rule]).collect();
            open.extend(unsure.into_iter().map(|piece| (piece, at + 1, with_rule.clone())));
        }
        Ok(())
    }

    /// Whether a rule that is tied with this one may match all of `piece`; or a product along which
    /// the piece has to be cut first, because one may match only a part of it.
    fn tie(&self, piece: &Product, rule: usize, relevant: &[usize]) -> (bool, Option<&Product>) {
        if !self.order.has_ties() {
            return (false, None);
        }
        let tied =
            relevant.iter().filter(|&&other| self.order.standing(other, rule) == Standing::Tied);
        let products = tied.filter_map(|&other| self.item(other)).flat_map(|item| &item.region.may);
        let mut is_tied = false;
        for product in products.filter(|product| product.overlaps(piece)) {
            if !piece.is_subset(product) {
                return (false, Some(product));
            }
            is_tied = true;
        }
        (is_tied, None)
    }

    fn unmatched(&self, piece: Product, maybe: Vec<usize>, parts: &mut Vec<(Product, Fate)>) {
        let mut rest = Vec::new();
        match &self.infrastructure {
            Some(listed) => {
                let common = piece.intersection(listed);
                piece.minus(listed, &mut rest);
                let fate = Fate { maybe: maybe.clone(), end: End::Infrastructure };
                parts.extend(common.map(|common| (common, fate)));
            }
            None => rest.push(piece),
        }
        let fate = Fate { maybe, end: End::Default };
        parts.extend(rest.into_iter().map(|piece| (piece, fate.clone())));
    }

    /// What a part's flows come to; `None`: it depends on what is not known.
    #[must_use]
    pub fn effect(&self, fate: &Fate) -> Option<Effect> {
        let end = match fate.end {
            End::Rule(rule) => self.item(rule)?.effect.clone(),
            End::Infrastructure => Effect { ruling: Ruling::Allow, target: None },
            End::Default => Effect { ruling: Ruling::Deny, target: None },
        };
        let is_known = end.target.as_ref().is_none_or(|target| {
            matches!(target.address, NatAddress::Known(_))
                && !matches!(target.port, Some(NatPort::Unknown))
        });
        let agrees = |&rule: &usize| self.item(rule).is_some_and(|item| item.effect == end);
        (is_known && fate.maybe.iter().all(agrees)).then_some(end)
    }
}
