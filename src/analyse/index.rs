//! Which rules have flows in common: one row of bits per rule, made axis by axis.
//!
//! On each axis the distinct sets of the rules are compared with each other by one sweep over the
//! axis' atoms. Two rules have flows in common only where their sets do on every axis.

use std::collections::HashMap;

use rayon::prelude::*;

use super::space::{Axis, Product, Set};

/// Rows of bits of one length.
#[derive(Debug, Clone)]
struct Rows {
    width: usize,
    words: Vec<u64>,
}

impl Rows {
    fn new(rows: usize, columns: usize) -> Self {
        let width = columns.div_ceil(64).max(1);
        Self { width, words: vec![0; rows * width] }
    }

    fn row(&self, row: usize) -> &[u64] {
        self.words.get(row * self.width..(row + 1) * self.width).unwrap_or(&[])
    }
}

fn set(row: &mut [u64], bit: usize) {
    if let Some(word) = row.get_mut(bit / 64) {
        *word |= 1 << (bit % 64);
    }
}

fn clear(row: &mut [u64], bit: usize) {
    if let Some(word) = row.get_mut(bit / 64) {
        *word &= !(1 << (bit % 64));
    }
}

fn ones(row: &[u64]) -> impl Iterator<Item = usize> + '_ {
    row.iter().enumerate().flat_map(|(index, &word)| {
        let mut rest = word;
        std::iter::from_fn(move || {
            let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(index * 64 + bit)
        })
    })
}

/// Which rules have flows in common. `n` rules take `n²` bits.
#[derive(Debug)]
pub struct Overlaps {
    rows: Rows,
}

impl Overlaps {
    /// The overlaps of rules, each of which has the flows of some products.
    #[must_use]
    pub fn new(rules: &[&[Product]]) -> Self {
        let mut rows = Rows::new(rules.len(), rules.len());
        // A rule without flows overlaps nothing, not even on an axis with one set only.
        let mut nonempty = vec![0; rows.width];
        for (place, _) in rules.iter().enumerate().filter(|(_, products)| !products.is_empty()) {
            set(&mut nonempty, place);
        }
        let width = rows.width;
        rows.words.par_chunks_mut(width).zip(rules).for_each(|(row, products)| {
            if !products.is_empty() {
                row.copy_from_slice(&nonempty);
            }
        });
        // One axis after the other: what each needs for a while is as large as the result.
        for axis in Axis::ALL {
            if let Some(of_axis) = OfAxis::new(rules, axis) {
                rows.words.par_chunks_mut(width).zip(&of_axis.set_of).for_each(|(row, &number)| {
                    for (word, other) in row.iter_mut().zip(of_axis.rows.row(number)) {
                        *word &= other;
                    }
                });
            }
        }
        Self { rows }
    }

    /// The places of the rules that may have a flow in common with the one at `place`, ascending,
    /// itself among them. None that has one is missing; of rules with several products, some may be
    /// named of which no two products meet.
    pub fn of(&self, place: usize) -> impl Iterator<Item = usize> + '_ {
        ones(self.rows.row(place))
    }
}

/// The overlaps on one axis.
struct OfAxis {
    /// Rule to the number of its set.
    set_of: Vec<usize>,
    /// Number of a set to the rules whose sets overlap it.
    rows: Rows,
}

impl OfAxis {
    /// `None`: all rules have the same set, so the axis tells nothing apart.
    fn new(rules: &[&[Product]], axis: Axis) -> Option<Self> {
        let mut numbers: HashMap<Set, usize, foldhash::fast::RandomState> = HashMap::default();
        let mut distinct: Vec<Set> = Vec::new();
        let mut members: Vec<Vec<usize>> = Vec::new();
        let mut set_of = Vec::with_capacity(rules.len());
        for (place, products) in rules.iter().enumerate() {
            let set = match products {
                [product] => product.on(axis).clone(),
                several => {
                    several.iter().fold(Set::empty(), |all, product| all.union(product.on(axis)))
                }
            };
            let number = *numbers.entry(set).or_insert_with_key(|set| {
                distinct.push(set.clone());
                members.push(Vec::new());
                distinct.len() - 1
            });
            set_of.push(number);
            members.get_mut(number)?.push(place);
        }
        if distinct.len() < 2 {
            return None;
        }
        let sets = set_overlaps(&distinct);
        // Sets are numbered as they come, so here their numbers are those of the rules.
        if distinct.len() == rules.len() {
            return Some(Self { set_of, rows: sets });
        }
        let mut rows = Rows::new(distinct.len(), rules.len());
        let width = rows.width;
        rows.words.par_chunks_mut(width).enumerate().for_each(|(number, row)| {
            for place in ones(sets.row(number)).filter_map(|other| members.get(other)).flatten() {
                set(row, *place);
            }
        });
        Some(Self { set_of, rows })
    }
}

/// Which sets overlap which, by a sweep that keeps the sets that are open.
fn set_overlaps(sets: &[Set]) -> Rows {
    const IS_END: u64 = 1 << 31;
    let mut events: Vec<u64> = Vec::new();
    for (number, set) in sets.iter().enumerate() {
        let number = number as u64;
        for &(first, last) in set.intervals() {
            // Ends are inclusive: at one atom, what begins comes before what ends.
            events.push(u64::from(first) << 32 | number);
            events.push(u64::from(last) << 32 | IS_END | number);
        }
    }
    events.par_sort_unstable();
    let mut rows = Rows::new(sets.len(), sets.len());
    let width = rows.width;
    let share = sets.len().div_ceil(rayon::current_num_threads()).max(1);
    rows.words.par_chunks_mut(share * width).enumerate().for_each(|(part, words)| {
        let mut open = vec![0; width];
        for &event in &events {
            let number = usize::try_from(event & (IS_END - 1)).unwrap_or(usize::MAX);
            if event & IS_END != 0 {
                clear(&mut open, number);
                continue;
            }
            set(&mut open, number);
            let Some(own) = number.checked_sub(part * share) else { continue };
            let Some(row) = words.get_mut(own * width..(own + 1) * width) else { continue };
            for (word, open) in row.iter_mut().zip(&open) {
                *word |= open;
            }
        }
    });
    // A row holds what was open when the set began; what began later holds the set.
    add_transposed(&mut rows);
    rows
}

/// Mirrors a square of bits at its diagonal, 64 × 64 bits at a time.
fn add_transposed(rows: &mut Rows) {
    for above in 0..rows.width {
        for left in 0..=above {
            let (upper, lower) = (block(rows, left, above), block(rows, above, left));
            add_block(rows, left, above, &transposed(lower));
            add_block(rows, above, left, &transposed(upper));
        }
    }
}

/// The 64 words of a column of words from row `64 * band` on.
fn block(rows: &Rows, band: usize, column: usize) -> [u64; 64] {
    std::array::from_fn(|line| {
        rows.words.get((band * 64 + line) * rows.width + column).copied().unwrap_or(0)
    })
}

fn add_block(rows: &mut Rows, band: usize, column: usize, block: &[u64; 64]) {
    for (line, word) in block.iter().enumerate() {
        if let Some(own) = rows.words.get_mut((band * 64 + line) * rows.width + column) {
            *own |= word;
        }
    }
}

/// Swaps ever smaller quarters of the block.
#[expect(clippy::indexing_slicing, reason = "line and its partner differ in one bit below 64")]
fn transposed(mut block: [u64; 64]) -> [u64; 64] {
    let (mut size, mut mask) = (32, 0x0000_0000_ffff_ffff_u64);
    while size > 0 {
        for line in (0..64).filter(|line| line & size == 0) {
            let swapped = ((block[line] >> size) ^ block[line + size]) & mask;
            block[line] ^= swapped << size;
            block[line + size] ^= swapped;
        }
        size /= 2;
        mask ^= mask << size;
    }
    block
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analyse::space::product_tests::products;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_overlaps_are_those_of_the_products(
            products in prop::collection::vec(products(), 1..200),
            empty in 0usize..300,
        ) {
            let rules: Vec<&[Product]> = products
                .iter()
                .enumerate()
                .map(|(place, product)| if place == empty { &[][..] } else { std::slice::from_ref(product) })
                .collect();
            let overlaps = Overlaps::new(&rules);
            for (place, products) in rules.iter().enumerate() {
                let overlap = |other: &&[Product]| {
                    products.iter().any(|ours| other.iter().any(|theirs| ours.overlaps(theirs)))
                };
                let expected: Vec<usize> =
                    (0..rules.len()).filter(|&other| overlap(&rules[other])).collect();
                prop_assert_eq!(overlaps.of(place).collect::<Vec<_>>(), expected);
            }
        }

        #[test]
        fn no_overlap_of_rules_with_several_products_is_missing(
            rules in prop::collection::vec(prop::collection::vec(products(), 0..4), 1..80),
        ) {
            let rules: Vec<&[Product]> = rules.iter().map(Vec::as_slice).collect();
            let overlaps = Overlaps::new(&rules);
            for (place, products) in rules.iter().enumerate() {
                let found: Vec<usize> = overlaps.of(place).collect();
                for (other, theirs) in rules.iter().enumerate() {
                    let overlap =
                        products.iter().any(|ours| theirs.iter().any(|theirs| ours.overlaps(theirs)));
                    prop_assert!(!overlap || found.contains(&other));
                }
            }
        }
    }
}
