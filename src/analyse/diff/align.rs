//! Which rules of two rule sets are the same in the same order.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use crate::compile::Ruleset;

/// The rules of two rule sets that have no counterpart, by their place in evaluation order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Unaligned {
    pub(super) before: Vec<usize>,
    pub(super) after: Vec<usize>,
}

/// Aligns the rules of each stage. A flow that no unaligned rule matches has the same first match
/// in both rule sets.
pub(super) fn unaligned(before: &Ruleset, after: &Ruleset) -> Unaligned {
    let mut all = Unaligned::default();
    add(&mut all, (0, 0), &before.nat.criteria, &after.nat.criteria);
    let network = (before.nat.rules.len(), after.nat.rules.len());
    add(&mut all, network, &before.network.criteria, &after.network.criteria);
    let application =
        (network.0 + before.network.rules.len(), network.1 + after.network.rules.len());
    add(&mut all, application, &before.application.criteria, &after.application.criteria);
    all
}

fn add<C: Eq + Hash>(all: &mut Unaligned, offset: (usize, usize), before: &[C], after: &[C]) {
    let pairs = common(before, after);
    let missing = |count: usize, kept: Vec<usize>, offset: usize| {
        let mut is_kept = vec![false; count];
        for place in kept {
            if let Some(kept) = is_kept.get_mut(place) {
                *kept = true;
            }
        }
        is_kept
            .into_iter()
            .enumerate()
            .filter(|(_, kept)| !kept)
            .map(move |(place, _)| offset + place)
    };
    let kept = pairs.iter().map(|&(a, _)| a).collect();
    all.before.extend(missing(before.len(), kept, offset.0));
    let kept = pairs.iter().map(|&(_, b)| b).collect();
    all.after.extend(missing(after.len(), kept, offset.1));
}

/// A long common subsequence, as pairs of places: equal rules are paired in their order, then the
/// longest run of pairs that does not cross is kept.
fn common<C: Eq + Hash>(before: &[C], after: &[C]) -> Vec<(usize, usize)> {
    // Most changes are small: equal starts and ends are paired without hashing them.
    let start = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let (before_rest, after_rest) =
        (before.get(start..).unwrap_or(&[]), after.get(start..).unwrap_or(&[]));
    let end = before_rest.iter().rev().zip(after_rest.iter().rev());
    let end = end.take_while(|(a, b)| a == b).count();
    let middle = |all: &[C]| start..all.len() - end;
    let between = common_between(
        before.get(middle(before)).unwrap_or(&[]),
        after.get(middle(after)).unwrap_or(&[]),
    );
    let tail = (before.len() - end..before.len()).zip(after.len() - end..after.len());
    let between = between.into_iter().map(|(a, b)| (start + a, start + b));
    (0..start).map(|place| (place, place)).chain(between).chain(tail).collect()
}

fn common_between<C: Eq + Hash>(before: &[C], after: &[C]) -> Vec<(usize, usize)> {
    let mut places: HashMap<&C, VecDeque<usize>> = HashMap::new();
    for (place, criteria) in after.iter().enumerate() {
        places.entry(criteria).or_default().push_back(place);
    }
    let pairs: Vec<(usize, usize)> = before
        .iter()
        .enumerate()
        .filter_map(|(place, criteria)| Some((place, places.get_mut(criteria)?.pop_front()?)))
        .collect();
    longest_increasing(&pairs)
}

fn longest_increasing(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // The last pair of the best run of each length, and each pair's predecessor.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = Vec::new();
    let target = |index: usize| pairs.get(index).map_or(0, |pair| pair.1);
    for (index, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|&end| target(end) < pair.1);
        previous.push(length.checked_sub(1).and_then(|shorter| ends.get(shorter).copied()));
        match ends.get_mut(length) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let mut run = Vec::new();
    let mut at = ends.last().copied();
    while let Some(index) = at {
        run.extend(pairs.get(index));
        at = previous.get(index).copied().flatten();
    }
    run.reverse();
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_rule_is_the_only_one_without_a_counterpart() {
        assert_eq!(common(&["a", "b", "c", "d"], &["b", "c", "a", "d"]), [(1, 0), (2, 1), (3, 3)]);
        assert_eq!(common(&["a", "a", "b"], &["a", "x", "a"]), [(0, 0), (1, 2)]);
    }
}
