//! Hashes of text and addresses that strangers chose.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Builds hashers with a key that nobody outside the process knows, so that crafted names do not
/// collide. Several times faster than the standard one on short texts, and good for nothing else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyedState {
    key: u64,
    multiplier: u64,
}

impl Default for KeyedState {
    fn default() -> Self {
        let random = RandomState::new();
        Self { key: random.hash_one(0_u8), multiplier: random.hash_one(1_u8) | 1 }
    }
}

impl KeyedState {
    /// With a key that is always the same: for numbers that are compared from run to run, and only
    /// where a collision does no harm or cannot be provoked.
    pub(crate) const FIXED: Self =
        Self { key: 0x243f_6a88_85a3_08d3, multiplier: 0x9e37_79b9_7f4a_7c15 };
}

impl BuildHasher for KeyedState {
    type Hasher = KeyedHasher;

    fn build_hasher(&self) -> KeyedHasher {
        KeyedHasher { state: self.key, multiplier: self.multiplier }
    }
}

/// Multiplies to twice the width and folds both halves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyedHasher {
    state: u64,
    multiplier: u64,
}

#[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
fn folded(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

impl KeyedHasher {
    fn pair(&mut self, bytes: [u8; 16]) {
        let pair = u128::from_le_bytes(bytes);
        #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
        let (low, high) = (pair as u64, (pair >> 64) as u64);
        self.state = folded(self.state ^ low, self.multiplier ^ high).rotate_left(23);
    }
}

impl Hasher for KeyedHasher {
    fn finish(&self) -> u64 {
        folded(self.state, self.multiplier)
    }

    fn write(&mut self, bytes: &[u8]) {
        let (pairs, rest) = bytes.as_chunks::<16>();
        for pair in pairs {
            self.pair(*pair);
        }
        let mut last = [0; 16];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.pair(last);
        self.write_usize(bytes.len());
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.state = folded(self.state ^ value, self.multiplier);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn texts_of_every_length_differ() {
        let state = KeyedState::default();
        let text = [b'a'; 100];
        let hashes: HashSet<u64> = (0..100).map(|length| state.hash_one(&text[..length])).collect();
        assert_eq!(hashes.len(), 100);
        let numbers: HashSet<u64> = (0_u32..10_000).map(|number| state.hash_one(number)).collect();
        assert_eq!(numbers.len(), 10_000);
    }
}
