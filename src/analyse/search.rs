//! Depth-first subtraction: what is left of a set of flows when others are taken away.
//!
//! A piece is cut by the first blocker that overlaps it, its remains by the next one, and so on; the
//! first remains that no blocker overlaps are a witness. The worst case is exponential in the number
//! of axes, so every search counts its steps and gives up at a bound instead of guessing.

use super::space::{Axis, Product};

/// A search ran out of steps: the question is not decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfSteps;

/// One search with a bound on its work.
#[derive(Debug, Clone)]
pub struct Search {
    steps: u32,
}

impl Search {
    /// A search that may cut `steps` pieces.
    #[must_use]
    pub fn new(steps: u32) -> Self {
        Self { steps }
    }

    /// A part of `pieces` that no blocker holds.
    ///
    /// # Errors
    ///
    /// When the bound is reached first.
    pub fn first_left(
        &mut self,
        pieces: &[Product],
        blockers: &[&Product],
    ) -> Result<Option<Product>, OutOfSteps> {
        let mut found = None;
        self.walk(pieces, blockers, &mut |left| {
            found = Some(left);
            false
        })?;
        Ok(found)
    }

    /// All parts of `pieces` that no blocker holds.
    ///
    /// # Errors
    ///
    /// When the bound is reached first.
    pub fn all_left(
        &mut self,
        pieces: &[Product],
        blockers: &[&Product],
    ) -> Result<Vec<Product>, OutOfSteps> {
        let mut all = Vec::new();
        self.walk(pieces, blockers, &mut |left| {
            all.push(left);
            true
        })?;
        Ok(all)
    }

    /// Hands what is left to `found` until it says to stop.
    fn walk(
        &mut self,
        pieces: &[Product],
        blockers: &[&Product],
        found: &mut impl FnMut(Product) -> bool,
    ) -> Result<(), OutOfSteps> {
        for piece in pieces {
            let blockers = sorted(piece, blockers);
            let mut open = vec![(piece.clone(), 0)];
            while let Some((piece, from)) = open.pop() {
                let mut rest = blockers.iter().enumerate().skip(from);
                let Some((at, blocker)) = rest.find(|(_, blocker)| piece.overlaps(blocker)) else {
                    if found(piece) {
                        continue;
                    }
                    return Ok(());
                };
                self.steps = self.steps.checked_sub(1).ok_or(OutOfSteps)?;
                let mut left = Vec::new();
                piece.minus(blocker, &mut left);
                open.extend(left.into_iter().map(|piece| (piece, at + 1)));
            }
        }
        Ok(())
    }
}

/// The blockers that overlap `piece`, those first that cover it on most axes: they leave least.
fn sorted<'b>(piece: &Product, blockers: &[&'b Product]) -> Vec<&'b Product> {
    let covered = |blocker: &Product| {
        Axis::ALL.iter().filter(|&&axis| piece.on(axis).is_subset(blocker.on(axis))).count()
    };
    let mut keyed: Vec<_> = blockers
        .iter()
        .filter(|blocker| piece.overlaps(blocker))
        .map(|blocker| (std::cmp::Reverse(covered(blocker)), *blocker))
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, blocker)| blocker).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analyse::space::product_tests::{points, products};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn what_is_left_is_what_no_blocker_holds(
            piece in products(),
            blockers in prop::collection::vec(products(), 0..5),
        ) {
            let blockers: Vec<&Product> = blockers.iter().collect();
            let pieces = [piece.clone()];
            let left = Search::new(100_000).all_left(&pieces, &blockers).unwrap();
            let first = Search::new(100_000).first_left(&pieces, &blockers).unwrap();
            prop_assert_eq!(first.is_none(), left.is_empty());
            for point in points() {
                let is_blocked = blockers.iter().any(|blocker| point.is_subset(blocker));
                let expected = usize::from(point.is_subset(&piece) && !is_blocked);
                prop_assert_eq!(left.iter().filter(|left| point.is_subset(left)).count(), expected);
            }
        }
    }

    #[test]
    fn a_search_without_steps_gives_up() {
        let point = points().swap_remove(0);
        let pieces = [point.clone()];
        assert_eq!(Search::new(0).first_left(&pieces, &[&point]), Err(OutOfSteps));
        assert_eq!(Search::new(1).first_left(&pieces, &[&point]), Ok(None));
    }
}
