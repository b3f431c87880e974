//! Ranges and sets of TCP or UDP ports.

use std::fmt;

use super::ip::merged;

/// An inclusive range of ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    // INVARIANT: `first <= last`.
    first: u16,
    last: u16,
}

impl PortRange {
    /// Every port: what `*` means.
    pub const ALL: Self = Self { first: 0, last: u16::MAX };

    /// The range from `first` to `last`, or `None` when `last` is below `first`.
    #[must_use]
    pub fn new(first: u16, last: u16) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    #[must_use]
    pub fn single(port: u16) -> Self {
        Self { first: port, last: port }
    }

    #[must_use]
    pub fn first(&self) -> u16 {
        self.first
    }

    #[must_use]
    pub fn last(&self) -> u16 {
        self.last
    }

    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            f.write_str("*")
        } else if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

/// A set of ports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PortSet {
    // INVARIANT: sorted, disjoint and not adjacent.
    intervals: Vec<(u16, u16)>,
}

impl PortSet {
    #[must_use]
    pub fn all() -> Self {
        Self { intervals: vec![(0, u16::MAX)] }
    }

    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        self.intervals.iter().any(|&(first, last)| first <= port && port <= last)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.intervals.is_empty()
    }

    /// Whether the set holds every port that a packet can be sent to (1 to 65535).
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self.intervals.as_slice(), [(0 | 1, u16::MAX)])
    }

    /// How many ports the set holds.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.intervals.iter().map(|&(first, last)| u32::from(last) - u32::from(first) + 1).sum()
    }

    /// The ranges of the set, ascending.
    pub fn ranges(&self) -> impl Iterator<Item = PortRange> + '_ {
        self.intervals.iter().map(|&(first, last)| PortRange { first, last })
    }
}

impl FromIterator<PortRange> for PortSet {
    fn from_iter<I: IntoIterator<Item = PortRange>>(ranges: I) -> Self {
        let intervals = ranges.into_iter().map(|range| (range.first, range.last)).collect();
        Self { intervals: merged(intervals, |last: u16| last.checked_add(1)) }
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.ranges().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            write!(f, "{range}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_inclusive_and_join() {
        let set: PortSet = [
            PortRange::single(443),
            PortRange::new(80, 90).unwrap(),
            PortRange::new(91, 99).unwrap(),
        ]
        .into_iter()
        .collect();
        assert_eq!(set.to_string(), "80-99,443");
        assert!(set.contains(80) && set.contains(99) && !set.contains(79) && !set.contains(100));
        assert_eq!(set.len(), 21);
    }

    #[test]
    fn a_set_without_port_zero_still_holds_every_port() {
        assert!(PortRange::new(1, 65535).into_iter().collect::<PortSet>().is_all());
        assert!(PortSet::all().is_all());
        assert!(!PortRange::new(2, 65535).into_iter().collect::<PortSet>().is_all());
    }
}
