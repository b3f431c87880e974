//! Points tried where a proof takes too long: one that the rule decides answers the question too.

use super::reach::Layout;
use super::space::{Axis, Product, Set};
use crate::random::Random;

/// Points of all rules together, and of one.
const POINTS: usize = 200_000;
const POINTS_MAX: usize = 256;

/// How many points to try for each of so many rules.
pub(super) fn points_for(rules: usize) -> usize {
    (POINTS / rules.max(1)).min(POINTS_MAX)
}

/// A point that the evaluator says the rule decides. That none is found proves nothing.
pub(super) fn decided_point(layout: &Layout<'_>, rule: usize, points: usize) -> Option<Product> {
    let item = layout.items.get(rule)?;
    let pieces = &item.region.sure;
    // The same numbers in every run, and others for every rule.
    let mut random = Random::new(rule as u64);
    (0..points).find_map(|_| {
        let piece = usize::try_from(random.below(pieces.len() as u64)).ok()?;
        let point = point_of(pieces.get(piece)?, &mut random)?;
        layout.decided_by(&point, item.rule).map(|_| point)
    })
}

fn point_of(piece: &Product, random: &mut Random) -> Option<Product> {
    Axis::ALL.into_iter().try_fold(piece.clone(), |point, axis| {
        let value = value_of(piece.on(axis), random)?;
        point.with(axis, Set::interval(value, value))
    })
}

/// A number of the set, each as likely as any other.
fn value_of(set: &Set, random: &mut Random) -> Option<u32> {
    let size = |&(first, last): &(u32, u32)| u64::from(last - first) + 1;
    let mut left = random.below(set.intervals().iter().map(size).sum());
    set.intervals().iter().find_map(|interval| {
        let within = left < size(interval);
        if !within {
            left -= size(interval);
        }
        within.then(|| interval.0 + u32::try_from(left).unwrap_or(0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_of_the_set() {
        let set: Set = [(3, 5), (9, 9)].into_iter().collect();
        let mut random = Random::new(1);
        let drawn: std::collections::BTreeSet<u32> =
            (0..100).filter_map(|_| value_of(&set, &mut random)).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [3, 4, 5, 9]);
        assert_eq!(value_of(&Set::empty(), &mut random), None);
    }
}
