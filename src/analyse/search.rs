//! Depth-first subtraction: what is left of a set of flows when others are taken away.
//!
//! A piece is cut by the first blocker that overlaps it, its remains by the next one, and so on; the
//! first remains that no blocker overlaps are a witness. The worst case is exponential in the number
//! of axes, so every search counts its work and gives up at a bound instead of guessing. Work is
//! counted in comparisons, not in time: the same question has the same answer on every machine.

use super::space::{Axis, Product};

/// A search ran out of steps: the question is not decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfSteps;

/// One search with a bound on its work.
#[derive(Debug, Clone)]
pub struct Search {
    steps: u32,
}

/// A blocker with the work of one comparison with it.
type Weighed<'b> = (&'b Product, u32);

/// So many intervals are compared in about the time that a comparison takes anyway.
const INTERVALS_A_STEP: usize = 8;

/// A cut takes about as long as so many comparisons.
const CUT_STEPS: u32 = 16;

/// To say how much of a piece a blocker takes, about as long as so many.
const SIZE_STEPS: u32 = 4;

/// More remains than these are not kept: they take memory, and nobody reads them.
const PIECES_MAX: usize = 200_000;

impl Search {
    /// A search that may take `steps` comparisons.
    #[must_use]
    pub fn new(steps: u32) -> Self {
        Self { steps }
    }

    /// How many comparisons it may still take.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.steps
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
            all.len() < PIECES_MAX
        })?;
        if all.len() < PIECES_MAX { Ok(all) } else { Err(OutOfSteps) }
    }

    /// Hands what is left to `found` until it says to stop.
    fn walk(
        &mut self,
        pieces: &[Product],
        blockers: &[&Product],
        found: &mut impl FnMut(Product) -> bool,
    ) -> Result<(), OutOfSteps> {
        for piece in pieces {
            let blockers = self.sorted(piece, blockers)?;
            let mut open = vec![(piece.clone(), 0)];
            while let Some((piece, from)) = open.pop() {
                let Some(at) = self.next(&piece, &blockers, from)? else {
                    if found(piece) {
                        continue;
                    }
                    return Ok(());
                };
                let Some((blocker, weight)) = blockers.get(at) else { continue };
                self.take_cut(*weight, &piece)?;
                let mut left = Vec::new();
                piece.minus(blocker, &mut left);
                open.extend(left.into_iter().map(|piece| (piece, at + 1)));
            }
        }
        Ok(())
    }

    /// The first blocker from `from` on that overlaps `piece`.
    fn next(
        &mut self,
        piece: &Product,
        blockers: &[Weighed<'_>],
        from: usize,
    ) -> Result<Option<usize>, OutOfSteps> {
        let own = weight_of(piece);
        for (at, (blocker, weight)) in blockers.iter().enumerate().skip(from) {
            self.take(own.min(*weight))?;
            if piece.overlaps(blocker) {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// What is left of `pieces` when `blocker` is taken away.
    ///
    /// # Errors
    ///
    /// When the bound is reached first.
    pub fn without(
        &mut self,
        pieces: &[Product],
        blocker: &Product,
    ) -> Result<Vec<Product>, OutOfSteps> {
        let weight = weight_of(blocker);
        let mut left = Vec::with_capacity(pieces.len());
        for piece in pieces {
            self.take(weight.min(weight_of(piece)))?;
            if piece.overlaps(blocker) {
                self.take_cut(weight, piece)?;
                piece.minus(blocker, &mut left);
            } else {
                left.push(piece.clone());
            }
        }
        Ok(left)
    }

    fn take_cut(&mut self, weight: u32, piece: &Product) -> Result<(), OutOfSteps> {
        self.take(weight.saturating_add(weight_of(piece)).saturating_mul(CUT_STEPS))
    }

    fn take(&mut self, steps: u32) -> Result<(), OutOfSteps> {
        self.steps = self.steps.checked_sub(steps).ok_or(OutOfSteps)?;
        Ok(())
    }

    /// The blockers that overlap `piece`, those first that cover it on most axes, then those that take
    /// most of it: they leave least. One that covers all of it is the only one.
    fn sorted<'b>(
        &mut self,
        piece: &Product,
        blockers: &[&'b Product],
    ) -> Result<Vec<Weighed<'b>>, OutOfSteps> {
        let own = weight_of(piece);
        let mut keyed: Vec<(usize, f64, Weighed<'b>)> = Vec::new();
        for blocker in blockers {
            let weight = weight_of(blocker);
            self.take(own.min(weight))?;
            if !piece.overlaps(blocker) {
                continue;
            }
            self.take(own.max(weight).saturating_mul(SIZE_STEPS))?;
            let covers = |&&axis: &&Axis| piece.on(axis).is_subset(blocker.on(axis));
            let covered = Axis::ALL.iter().filter(covers).count();
            if covered == Axis::ALL.len() {
                return Ok(vec![(blocker, weight)]);
            }
            let taken = Axis::ALL.iter().map(|&axis| piece.on(axis).common(blocker.on(axis)));
            keyed.push((covered, taken.product(), (blocker, weight)));
        }
        keyed.sort_by(|(covered, taken, _), (others, theirs, _)| {
            others.cmp(covered).then(theirs.total_cmp(taken))
        });
        Ok(keyed.into_iter().map(|(_, _, blocker)| blocker).collect())
    }
}

/// The work of one comparison with a product.
fn weight_of(product: &Product) -> u32 {
    let intervals: usize = Axis::ALL.iter().map(|&axis| product.on(axis).intervals().len()).sum();
    u32::try_from(1 + intervals / INTERVALS_A_STEP).unwrap_or(u32::MAX)
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
        assert_eq!(Search::new(100).first_left(&pieces, &[&point]), Ok(None));
    }
}
