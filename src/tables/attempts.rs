//! Counts attempts: a client that is denied asks again, and each packet is logged.

use std::collections::hash_map::Entry;

use super::dictionary::{Code, CodeMap, Translation};

/// Denied records of the same connection that lie no further apart are one attempt.
pub(super) const RETRY_MAX_US: i64 = 60_000_000;

/// What the attempts are counted for.
pub(super) type Group = [Code; 6];

/// A denied connection: its group and the source port.
type Connection = (Group, Code);

/// Open attempts per connection, as stretches of time further apart than [`RETRY_MAX_US`], and the
/// number of closed ones per group. The stretches do not depend on the order of arrival.
#[derive(Debug, Clone)]
pub(super) struct Attempts {
    open: CodeMap<Connection, Stretches>,
    closed: CodeMap<Group, u64>,
    held_max: usize,
    /// Attempts were closed early to save memory: a late retry may count as a new attempt.
    pub(super) is_window_exceeded: bool,
}

impl Attempts {
    pub(super) fn new(held_max: usize) -> Self {
        Self {
            open: CodeMap::default(),
            closed: CodeMap::default(),
            held_max: held_max.max(2),
            is_window_exceeded: false,
        }
    }

    /// A denied record. Without time or source port nothing can be said of it: it counts alone.
    pub(super) fn add(&mut self, group: Group, source_port: Option<Code>, time: Option<i64>) {
        let (Some(source_port), Some(time)) = (source_port, time) else {
            *self.closed.entry(group).or_default() += 1;
            return;
        };
        match self.open.entry((group, source_port)) {
            Entry::Occupied(mut open) => open.get_mut().add((time, time)),
            Entry::Vacant(free) => {
                free.insert(Stretches::new((time, time)));
                self.limit();
            }
        }
    }

    /// Closes the older half of the open attempts once there are too many.
    fn limit(&mut self) {
        if self.open.len() <= self.held_max {
            return;
        }
        self.is_window_exceeded = true;
        let mut ends: Vec<i64> = self.open.values().map(Stretches::end).collect();
        let middle = ends.len() / 2;
        let (_, &mut middle, _) = ends.select_nth_unstable(middle);
        for ((group, _), stretches) in self.open.extract_if(|_, open| open.end() <= middle) {
            *self.closed.entry(group).or_default() += stretches.count();
        }
    }

    pub(super) fn merge(&mut self, other: Self, translation: &Translation) {
        self.is_window_exceeded |= other.is_window_exceeded;
        for (group, attempts) in other.closed {
            *self.closed.entry(translation.codes(group)).or_default() += attempts;
        }
        for ((group, source_port), stretches) in other.open {
            let connection = (translation.codes(group), source_port);
            for stretch in stretches.all() {
                match self.open.entry(connection) {
                    Entry::Occupied(mut open) => open.get_mut().add(stretch),
                    Entry::Vacant(free) => {
                        free.insert(Stretches::new(stretch));
                    }
                }
            }
            self.limit();
        }
    }

    /// Attempts per group, all closed.
    pub(super) fn finish(self) -> CodeMap<Group, u64> {
        let mut closed = self.closed;
        for ((group, _), stretches) in self.open {
            *closed.entry(group).or_default() += stretches.count();
        }
        closed
    }
}

/// Stretches of time, sorted and far apart. Almost always there is one.
#[derive(Debug, Clone)]
struct Stretches {
    /// The last one.
    last: (i64, i64),
    earlier: Vec<(i64, i64)>,
}

impl Stretches {
    fn new(stretch: (i64, i64)) -> Self {
        Self { last: stretch, earlier: Vec::new() }
    }

    fn add(&mut self, (first, last): (i64, i64)) {
        let (begin, end) = self.last;
        if begin <= first && first <= end.saturating_add(RETRY_MAX_US) {
            self.last = (begin, end.max(last));
            return;
        }
        let mut all = std::mem::take(&mut self.earlier);
        all.push(self.last);
        extend(&mut all, (first, last));
        self.last = all.pop().unwrap_or((first, last));
        self.earlier = all;
    }

    fn all(self) -> impl Iterator<Item = (i64, i64)> {
        self.earlier.into_iter().chain([self.last])
    }

    fn count(&self) -> u64 {
        self.earlier.len() as u64 + 1
    }

    fn end(&self) -> i64 {
        self.last.1
    }
}

/// Adds a stretch of time to sorted stretches and joins those that are close enough.
fn extend(stretches: &mut Vec<(i64, i64)>, (first, last): (i64, i64)) {
    let is_before = |&(_, end): &(i64, i64)| end.saturating_add(RETRY_MAX_US) < first;
    let is_touched = |&(begin, _): &(i64, i64)| begin <= last.saturating_add(RETRY_MAX_US);
    let start = stretches.partition_point(is_before);
    let end = stretches.partition_point(is_touched).max(start);
    let joined = stretches
        .get(start..end)
        .unwrap_or_default()
        .iter()
        .fold((first, last), |(first, last), &(begin, end)| (first.min(begin), last.max(end)));
    stretches.splice(start..end, [joined]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000;

    fn stretches(seconds: &[i64]) -> Vec<(i64, i64)> {
        let mut times = seconds.iter().map(|second| (second * SECOND, second * SECOND));
        let mut stretches = Stretches::new(times.next().unwrap());
        times.for_each(|time| stretches.add(time));
        stretches.all().collect()
    }

    #[test]
    fn retries_within_a_minute_of_each_other_are_one_attempt() {
        assert_eq!(stretches(&[0, 1, 3, 63]).len(), 1);
        assert_eq!(stretches(&[0, 61]).len(), 2);
        assert_eq!(stretches(&[0, 61, 30]).len(), 1);
        assert_eq!(stretches(&[500, 0]), [(0, 0), (500 * SECOND, 500 * SECOND)]);
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_does_not_matter(
            seconds in proptest::collection::vec(0_i64..900, 1..40)
        ) {
            let mut sorted = seconds.clone();
            sorted.sort_unstable();
            let gaps = sorted.windows(2).filter(|pair| pair[1] - pair[0] > 60).count();
            prop_assert_eq!(stretches(&seconds).len(), gaps + 1);
            prop_assert_eq!(stretches(&seconds), stretches(&sorted));
        }
    }
}
