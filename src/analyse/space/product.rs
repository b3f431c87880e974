//! Products of one set per axis, and what is left of one when others are taken away.

use super::Set;

/// The axes of the space of flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axis {
    Source,
    Destination,
    /// Protocol, application protocol and port together.
    Service,
    /// The name in SNI or `Host`, or its absence.
    Name,
    /// The path of the URL.
    Path,
    WebCategory,
}

/// How many axes there are.
pub(super) const AXES: usize = 6;

impl Axis {
    /// All axes in the order in which products are cut.
    pub const ALL: [Self; AXES] =
        [Self::Source, Self::Destination, Self::Service, Self::Name, Self::Path, Self::WebCategory];

    fn index(self) -> usize {
        self as usize
    }
}

/// All flows whose value on every axis is in that axis' set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Product {
    // INVARIANT: no set is empty.
    sets: [Set; AXES],
}

impl Product {
    /// The product of the sets in the order of [`Axis::ALL`]; `None` when it holds nothing.
    #[must_use]
    pub fn new(sets: [Set; AXES]) -> Option<Self> {
        sets.iter().all(|set| !set.is_empty()).then_some(Self { sets })
    }

    /// The values on one axis.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "every axis has an index below their number")]
    pub fn on(&self, axis: Axis) -> &Set {
        &self.sets[axis.index()]
    }

    /// The same flows with other values on one axis; `None` when it holds nothing.
    #[must_use]
    pub fn with(&self, axis: Axis, set: Set) -> Option<Self> {
        if set.is_empty() {
            return None;
        }
        let mut product = self.clone();
        product.replace(axis, set);
        Some(product)
    }

    #[expect(clippy::indexing_slicing, reason = "every axis has an index below their number")]
    fn replace(&mut self, axis: Axis, set: Set) {
        self.sets[axis.index()] = set;
    }

    /// One flow of the product: the lowest value on every axis.
    #[must_use]
    pub fn corner(&self) -> Self {
        let sets = self
            .sets
            .each_ref()
            .map(|set| set.first().map_or_else(Set::empty, |first| Set::interval(first, first)));
        Self { sets }
    }

    /// Whether the two products have a flow in common.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.sets.iter().zip(&other.sets).all(|(ours, theirs)| ours.overlaps(theirs))
    }

    /// Whether every flow of this product is in the other.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.sets.iter().zip(&other.sets).all(|(ours, theirs)| ours.is_subset(theirs))
    }

    /// The flows in both products.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        if !self.overlaps(other) {
            return None;
        }
        let mut common = self.clone();
        for (ours, theirs) in common.sets.iter_mut().zip(&other.sets) {
            *ours = ours.intersection(theirs);
        }
        Some(common)
    }

    /// Takes `other` away: adds disjoint products to `left` that together hold what is left.
    pub fn minus(&self, other: &Self, left: &mut Vec<Self>) {
        if !self.overlaps(other) {
            left.push(self.clone());
            return;
        }
        let mut rest = self.clone();
        for axis in Axis::ALL {
            let outside = rest.on(axis).difference(other.on(axis));
            if outside.is_empty() {
                continue;
            }
            let inside = rest.on(axis).intersection(other.on(axis));
            let mut slice = rest.clone();
            slice.replace(axis, outside);
            left.push(slice);
            rest.replace(axis, inside);
        }
    }
}

/// What is left of `pieces` when `other` is taken away.
#[must_use]
pub fn without(pieces: &[Product], other: &Product) -> Vec<Product> {
    let mut left = Vec::with_capacity(pieces.len());
    for piece in pieces {
        piece.minus(other, &mut left);
    }
    left
}

#[cfg(test)]
pub(in crate::analyse) mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIDE: u32 = 3;

    fn side() -> impl Strategy<Value = Set> {
        (1u32..1 << SIDE).prop_map(|bits| {
            (0..SIDE).filter(|bit| bits >> bit & 1 == 1).map(|bit| (bit, bit)).collect()
        })
    }

    /// Products of a space of three values on each axis.
    pub(in crate::analyse) fn products() -> impl Strategy<Value = Product> {
        let sets = (side(), side(), side(), side(), side(), side());
        sets.prop_map(|(a, b, c, d, e, f)| Product::new([a, b, c, d, e, f]).unwrap())
    }

    /// Every point of that space.
    pub(in crate::analyse) fn points() -> Vec<Product> {
        let mut points = vec![Vec::new()];
        for _ in 0..AXES {
            points = points
                .iter()
                .flat_map(|point: &Vec<Set>| {
                    (0..SIDE).map(move |value| {
                        let mut longer = point.clone();
                        longer.push(Set::interval(value, value));
                        longer
                    })
                })
                .collect();
        }
        points.into_iter().map(|sets| Product::new(sets.try_into().unwrap()).unwrap()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn subtraction_leaves_each_other_point_once(a in products(), b in products()) {
            let mut left = Vec::new();
            a.minus(&b, &mut left);
            for point in points() {
                let holds = left.iter().filter(|piece| point.is_subset(piece)).count();
                let expected = usize::from(point.is_subset(&a) && !point.is_subset(&b));
                prop_assert_eq!(holds, expected);
                let common = a.intersection(&b);
                let is_common = common.is_some_and(|common| point.is_subset(&common));
                prop_assert_eq!(is_common, point.is_subset(&a) && point.is_subset(&b));
            }
        }
    }
}
