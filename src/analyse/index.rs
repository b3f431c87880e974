//! Which products overlap which: bit rows per axis, made by one sweep over the axis' atoms.

use std::collections::HashMap;

use rayon::prelude::*;

use super::space::{Axis, Product, Set};

/// A row of bits.
#[derive(Debug, Clone)]
struct Bits {
    words: Vec<u64>,
}

impl Bits {
    fn new(count: usize) -> Self {
        Self { words: vec![0; count.div_ceil(64)] }
    }

    fn set(&mut self, bit: usize) {
        if let Some(word) = self.words.get_mut(bit / 64) {
            *word |= 1 << (bit % 64);
        }
    }

    fn clear(&mut self, bit: usize) {
        if let Some(word) = self.words.get_mut(bit / 64) {
            *word &= !(1 << (bit % 64));
        }
    }

    fn or(&mut self, other: &Self) {
        for (ours, theirs) in self.words.iter_mut().zip(&other.words) {
            *ours |= theirs;
        }
    }

    fn and(&mut self, other: &Self) {
        for (ours, theirs) in self.words.iter_mut().zip(&other.words) {
            *ours &= theirs;
        }
    }

    fn ones(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
                rest &= rest - 1;
                Some(index * 64 + bit)
            })
        })
    }
}

/// Finds the products that overlap a product.
#[derive(Debug)]
pub struct Index {
    axes: Vec<AxisIndex>,
    count: usize,
}

/// The overlaps on one axis.
#[derive(Debug)]
struct AxisIndex {
    /// Product to the number of its set.
    set_of: Vec<u32>,
    /// Number of a set to the products that overlap it.
    rows: Vec<Bits>,
}

impl Index {
    /// The index of `products`, which are asked for by their place.
    #[must_use]
    pub fn new(products: &[Product]) -> Self {
        let axes = Axis::ALL.into_par_iter().filter_map(|axis| AxisIndex::new(products, axis));
        Self { axes: axes.collect(), count: products.len() }
    }

    /// The places of all products that overlap the one at `place`, itself among them, ascending.
    #[must_use]
    pub fn overlapping(&self, place: usize) -> Vec<usize> {
        let mut rows = self.axes.iter().filter_map(|axis| {
            let set = *axis.set_of.get(place)?;
            axis.rows.get(set as usize)
        });
        let Some(first) = rows.next() else { return (0..self.count).collect() };
        let mut common = first.clone();
        for row in rows {
            common.and(row);
        }
        common.ones().collect()
    }
}

impl AxisIndex {
    /// `None`: all products have the same set, so the axis tells nothing apart.
    fn new(products: &[Product], axis: Axis) -> Option<Self> {
        let mut numbers: HashMap<&Set, u32> = HashMap::new();
        let mut distinct: Vec<&Set> = Vec::new();
        let mut members: Vec<Vec<usize>> = Vec::new();
        let mut set_of = Vec::with_capacity(products.len());
        for (place, product) in products.iter().enumerate() {
            let set = product.on(axis);
            let number = *numbers.entry(set).or_insert_with(|| {
                distinct.push(set);
                members.push(Vec::new());
                u32::try_from(distinct.len() - 1).unwrap_or(u32::MAX)
            });
            set_of.push(number);
            members.get_mut(number as usize)?.push(place);
        }
        if distinct.len() < 2 {
            return None;
        }
        let overlaps = overlaps(&distinct);
        let rows = overlaps.par_iter().map(|sets| {
            let mut row = Bits::new(products.len());
            for place in sets.ones().filter_map(|set| members.get(set)).flatten() {
                row.set(*place);
            }
            row
        });
        Some(Self { set_of, rows: rows.collect() })
    }
}

/// Which sets overlap which, by a sweep that keeps the sets that are open.
fn overlaps(sets: &[&Set]) -> Vec<Bits> {
    let mut events: Vec<(u32, bool, usize)> = Vec::new();
    for (number, set) in sets.iter().enumerate() {
        for &(first, last) in set.intervals() {
            // Ends are inclusive: at one atom, what begins comes before what ends.
            events.push((first, false, number));
            events.push((last, true, number));
        }
    }
    events.sort_unstable();
    let mut rows = vec![Bits::new(sets.len()); sets.len()];
    let mut open = Bits::new(sets.len());
    for (_, is_end, number) in events {
        if is_end {
            open.clear(number);
        } else {
            open.set(number);
            if let Some(row) = rows.get_mut(number) {
                row.or(&open);
            }
        }
    }
    // A row holds what was open when the set began; what began later holds the set.
    for number in 0..rows.len() {
        let seen: Vec<usize> = rows.get(number).map_or_else(Vec::new, |row| row.ones().collect());
        for other in seen {
            if let Some(row) = rows.get_mut(other) {
                row.set(number);
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analyse::space::product_tests::products;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_index_finds_what_overlaps(products in prop::collection::vec(products(), 1..80)) {
            let index = Index::new(&products);
            for (place, product) in products.iter().enumerate() {
                let expected: Vec<usize> =
                    (0..products.len()).filter(|&other| products[other].overlaps(product)).collect();
                prop_assert_eq!(index.overlapping(place), expected);
            }
        }
    }
}
