//! Sets of atoms: the values of one axis of the space, numbered without gaps.

use std::sync::Arc;

/// An immutable set of numbers as intervals. Cheap to clone; equal sets are equal values.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Set {
    // INVARIANT: sorted, disjoint and not adjacent; both ends inclusive.
    intervals: Arc<[(u32, u32)]>,
}

impl Default for Set {
    fn default() -> Self {
        Self::empty()
    }
}

impl Set {
    /// The set without any number.
    #[must_use]
    pub fn empty() -> Self {
        Self { intervals: Arc::from([]) }
    }

    /// The numbers from `first` to `last`; none when `last` is below `first`.
    #[must_use]
    pub fn interval(first: u32, last: u32) -> Self {
        if last < first {
            return Self::empty();
        }
        Self { intervals: Arc::from([(first, last)]) }
    }

    /// Sorted, disjoint intervals, both ends inclusive.
    #[must_use]
    pub fn intervals(&self) -> &[(u32, u32)] {
        &self.intervals
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.intervals.is_empty()
    }

    /// Whether `value` is in the set.
    #[must_use]
    pub fn contains(&self, value: u32) -> bool {
        let after = self.intervals.partition_point(|&(first, _)| first <= value);
        let interval = after.checked_sub(1).and_then(|index| self.intervals.get(index));
        interval.is_some_and(|&(_, last)| value <= last)
    }

    /// The smallest number of the set.
    #[must_use]
    pub fn first(&self) -> Option<u32> {
        self.intervals.first().map(|&(first, _)| first)
    }

    /// Whether the two sets have a number in common.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.intervals, &other.intervals) {
            return !self.is_empty();
        }
        let mut ours = within(&self.intervals, &other.intervals);
        let mut theirs = within(&other.intervals, &self.intervals);
        while let ([(first, last), rest @ ..], [(from, to), others @ ..]) = (ours, theirs) {
            if first <= to && from <= last {
                return true;
            }
            if last < to {
                ours = rest;
            } else {
                theirs = others;
            }
        }
        false
    }

    /// Whether every number of this set is in the other.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.intervals, &other.intervals) {
            return true;
        }
        let ours = within(&self.intervals, &other.intervals);
        let mut theirs = within(&other.intervals, &self.intervals);
        if ours.len() < self.intervals.len() {
            return false;
        }
        for &(first, last) in ours {
            while let [(_, to), rest @ ..] = theirs
                && *to < first
            {
                theirs = rest;
            }
            // Intervals that touch are one interval, so one of theirs has to hold all of ours.
            if !matches!(theirs, [(from, to), ..] if *from <= first && last <= *to) {
                return false;
            }
        }
        true
    }

    /// How many numbers are in both sets.
    #[must_use]
    pub fn common(&self, other: &Self) -> f64 {
        let mut count = 0.0;
        let mut ours = within(&self.intervals, &other.intervals);
        let mut theirs = within(&other.intervals, &self.intervals);
        while let ([(first, last), rest @ ..], [(from, to), others @ ..]) = (ours, theirs) {
            let both = (*first.max(from), *last.min(to));
            if both.0 <= both.1 {
                count += f64::from(both.1 - both.0) + 1.0;
            }
            if last < to {
                ours = rest;
            } else {
                theirs = others;
            }
        }
        count
    }

    /// The numbers in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        // Sets that are kept as they are stay shared, and shared sets are compared at a glance.
        if self.is_subset(other) {
            return self.clone();
        }
        let mut common = Vec::new();
        let mut ours = within(&self.intervals, &other.intervals);
        let mut theirs = within(&other.intervals, &self.intervals);
        while let ([(first, last), rest @ ..], [(from, to), others @ ..]) = (ours, theirs) {
            let both = (*first.max(from), *last.min(to));
            if both.0 <= both.1 {
                common.push(both);
            }
            if last < to {
                ours = rest;
            } else {
                theirs = others;
            }
        }
        Self { intervals: common.into() }
    }

    /// The numbers of this set that are not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        let mut theirs = within(&other.intervals, &self.intervals);
        for &(first, last) in self.intervals() {
            while let [(_, to), rest @ ..] = theirs
                && *to < first
            {
                theirs = rest;
            }
            push_difference((first, last), theirs, &mut left);
        }
        Self { intervals: left.into() }
    }

    /// The numbers in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        if other.is_empty() {
            return self.clone();
        }
        self.intervals.iter().chain(&*other.intervals).copied().collect()
    }
}

/// The intervals that do not lie before or behind all `others`.
fn within<'s>(intervals: &'s [(u32, u32)], others: &[(u32, u32)]) -> &'s [(u32, u32)] {
    let (Some((first, _)), Some((_, last))) = (others.first(), others.last()) else { return &[] };
    let from = match intervals.first() {
        Some((_, to)) if to < first => intervals.partition_point(|(_, to)| to < first),
        Some(_) | None => 0,
    };
    let to = match intervals.last() {
        Some((from, _)) if from > last => intervals.partition_point(|(from, _)| from <= last),
        Some(_) | None => intervals.len(),
    };
    intervals.get(from..to).unwrap_or(&[])
}

/// What is left of one interval when `theirs`, which does not end before it, is taken away.
fn push_difference(
    (mut first, last): (u32, u32),
    theirs: &[(u32, u32)],
    left: &mut Vec<(u32, u32)>,
) {
    for &(from, to) in theirs {
        if from > last {
            break;
        }
        if first < from {
            left.push((first, from - 1));
        }
        if to >= last {
            return;
        }
        first = to + 1;
    }
    left.push((first, last));
}

impl FromIterator<(u32, u32)> for Set {
    /// The union of intervals in any order, both ends inclusive.
    fn from_iter<I: IntoIterator<Item = (u32, u32)>>(intervals: I) -> Self {
        let mut intervals: Vec<(u32, u32)> =
            intervals.into_iter().filter(|(first, last)| first <= last).collect();
        intervals.sort_unstable();
        intervals.dedup_by(|next, kept| {
            let touches = next.0 <= kept.1.saturating_add(1);
            if touches {
                kept.1 = kept.1.max(next.1);
            }
            touches
        });
        Self { intervals: intervals.into() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A set of numbers below 64 and the same as bits.
    fn sets() -> impl Strategy<Value = (Set, u64)> {
        prop::collection::vec((0u32..64, 0u32..6), 0..8).prop_map(|parts| {
            let set: Set =
                parts.iter().map(|&(first, length)| (first, (first + length).min(63))).collect();
            let bits =
                (0..64).filter(|&bit| set.contains(bit)).fold(0u64, |bits, bit| bits | 1 << bit);
            let plain = parts
                .iter()
                .flat_map(|&(first, length)| first..=(first + length).min(63))
                .fold(0u64, |bits, bit| bits | 1 << bit);
            assert_eq!(bits, plain);
            (set, bits)
        })
    }

    fn bits(set: &Set) -> u64 {
        let apart = |pair: &[(u32, u32)]| pair[0].1 + 1 < pair[1].0;
        assert!(set.intervals().windows(2).all(apart), "not canonical: {set:?}");
        set.intervals()
            .iter()
            .flat_map(|&(first, last)| first..=last)
            .fold(0, |bits, bit| bits | 1 << bit)
    }

    proptest! {
        #[test]
        fn operations_are_those_of_bits((a, ours) in sets(), (b, theirs) in sets()) {
            prop_assert_eq!(bits(&a.union(&b)), ours | theirs);
            prop_assert_eq!(bits(&a.intersection(&b)), ours & theirs);
            prop_assert_eq!(bits(&a.difference(&b)), ours & !theirs);
            prop_assert_eq!(a.overlaps(&b), ours & theirs != 0);
            prop_assert_eq!(a.is_subset(&b), ours & !theirs == 0);
            prop_assert_eq!(a == b, ours == theirs);
            prop_assert_eq!(a.first(), (ours != 0).then(|| ours.trailing_zeros()));
        }
    }

    #[test]
    fn the_ends_of_the_line_do_not_overflow() {
        let all = Set::interval(0, u32::MAX);
        assert!(all.difference(&all).is_empty());
        assert_eq!(all.difference(&Set::interval(0, 7)), Set::interval(8, u32::MAX));
        assert_eq!(Set::interval(5, 4), Set::empty());
    }
}
