//! Windows that slide over events in the order of time, counting distinct values exactly.

use std::collections::VecDeque;
use std::hash::Hash;

use foldhash::{HashMap, HashMapExt as _};

/// Distinct values of what lies in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Distinct {
    /// Values with at least one denied attempt.
    pub(super) denied: usize,
    /// Values with at least one attempt of the other kind.
    pub(super) passed: usize,
    /// All values.
    pub(super) any: usize,
}

/// A stretch of events, as places in their slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) first: usize,
    /// Included.
    pub(super) last: usize,
}

/// One event of a window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample<T> {
    /// Microseconds.
    pub(super) time: i64,
    pub(super) value: T,
    pub(super) is_denied: bool,
}

/// Calls `look` with each longest window that ends at an event and is no wider than `width`.
/// `samples` are in the order of time.
pub(super) fn slide<T: Copy + Eq + Hash>(
    samples: &[Sample<T>],
    width: i64,
    mut look: impl FnMut(Distinct, Stretch),
) {
    let mut held: HashMap<T, (u32, u32)> = HashMap::new();
    let mut inside: VecDeque<Sample<T>> = VecDeque::new();
    let mut distinct = Distinct::default();
    let mut first = 0;
    for (last, sample) in samples.iter().enumerate() {
        inside.push_back(*sample);
        let counts = held.entry(sample.value).or_default();
        distinct.any += usize::from(*counts == (0, 0));
        if sample.is_denied {
            distinct.denied += usize::from(counts.0 == 0);
            counts.0 += 1;
        } else {
            distinct.passed += usize::from(counts.1 == 0);
            counts.1 += 1;
        }
        while let Some(oldest) = inside.front().copied()
            && oldest.time < sample.time.saturating_sub(width)
        {
            inside.pop_front();
            first += 1;
            leave(&mut held, &mut distinct, oldest);
        }
        look(distinct, Stretch { first, last });
    }
}

fn leave<T: Eq + Hash>(
    held: &mut HashMap<T, (u32, u32)>,
    distinct: &mut Distinct,
    oldest: Sample<T>,
) {
    let Some(counts) = held.get_mut(&oldest.value) else { return };
    if oldest.is_denied {
        counts.0 -= 1;
        distinct.denied -= usize::from(counts.0 == 0);
    } else {
        counts.1 -= 1;
        distinct.passed -= usize::from(counts.1 == 0);
    }
    if *counts == (0, 0) {
        distinct.any -= 1;
        held.remove(&oldest.value);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_window_counts_what_lies_in_it(
            events in prop::collection::vec((0i64..200, 0u8..12, any::<bool>()), 0..80),
            width in 0i64..60,
        ) {
            let mut samples: Vec<_> = events
                .iter()
                .map(|&(time, value, is_denied)| Sample { time, value, is_denied })
                .collect();
            samples.sort_by_key(|sample| sample.time);
            slide(&samples, width, |distinct, stretch| {
                let end = samples[stretch.last].time;
                let inside: Vec<_> = samples[..=stretch.last]
                    .iter()
                    .filter(|sample| end - sample.time <= width)
                    .collect();
                let values = |denied: Option<bool>| {
                    let of_kind = |sample: &&&Sample<u8>| denied.is_none_or(|d| d == sample.is_denied);
                    inside.iter().filter(of_kind).map(|sample| sample.value).collect::<BTreeSet<_>>()
                };
                assert_eq!(stretch.last + 1 - stretch.first, inside.len());
                assert_eq!(distinct.denied, values(Some(true)).len());
                assert_eq!(distinct.passed, values(Some(false)).len());
                assert_eq!(distinct.any, values(None).len());
            });
        }
    }
}
