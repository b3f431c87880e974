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
    fn pair(&mut self, low: u64, high: u64) {
        self.state = folded(self.state ^ low, self.multiplier ^ high).rotate_left(23);
    }

    fn chunk(&mut self, bytes: &[u8; 16]) {
        let (low, high) = halves(bytes);
        self.pair(low, high);
    }

    /// Blocks in four lanes: one multiplication does not wait for the one before.
    fn blocks(&mut self, blocks: &[[u8; 64]]) {
        let mut lanes = [0_u64, 1, 2, 3].map(|lane| self.state.rotate_left(16) ^ lane);
        for block in blocks {
            let (chunks, _) = block.as_chunks::<16>();
            for (lane, chunk) in lanes.iter_mut().zip(chunks) {
                let (low, high) = halves(chunk);
                *lane = folded(*lane ^ low, self.multiplier ^ high).rotate_left(23);
            }
        }
        let [first, second, third, fourth] = lanes;
        self.pair(first, second);
        self.pair(third, fourth);
    }

    /// Less than sixteen bytes. Their number, which is hashed too, says which of them are taken twice.
    fn few(&mut self, bytes: &[u8]) {
        let word = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
        if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            self.pair(u64::from_le_bytes(*first), u64::from_le_bytes(*last));
        } else if let (Some(first), Some(last)) =
            (bytes.first_chunk::<4>(), bytes.last_chunk::<4>())
        {
            self.pair(word(first), word(last));
        } else {
            let at = |place: usize| bytes.get(place).copied().map_or(0, u64::from);
            self.pair(at(0) << 8 | at(1), at(2));
        }
    }
}

fn halves(bytes: &[u8; 16]) -> (u64, u64) {
    let pair = u128::from_le_bytes(*bytes);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
    (pair as u64, (pair >> 64) as u64)
}

impl Hasher for KeyedHasher {
    fn finish(&self) -> u64 {
        folded(self.state, self.multiplier)
    }

    fn write(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks::<64>();
        if !blocks.is_empty() {
            self.blocks(blocks);
        }
        let (chunks, _) = rest.as_chunks::<16>();
        for chunk in chunks {
            self.chunk(chunk);
        }
        // Sixteen bytes that overlap those before are read faster than a few of any number.
        match bytes.last_chunk::<16>() {
            Some(last) => self.chunk(last),
            None => self.few(bytes),
        }
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
    fn every_byte_counts() {
        let state = KeyedState::default();
        for length in 0..300 {
            let mut text = vec![b'a'; length];
            let mut hashes = HashSet::from([state.hash_one(&text)]);
            for at in 0..length {
                text[at] = b'b';
                hashes.insert(state.hash_one(&text));
                text[at] = b'a';
            }
            assert_eq!(hashes.len(), length + 1, "{length}");
        }
    }

    #[test]
    fn texts_of_every_length_differ() {
        let state = KeyedState::default();
        let text = [b'a'; 300];
        let hashes: HashSet<u64> = (0..300).map(|length| state.hash_one(&text[..length])).collect();
        assert_eq!(hashes.len(), 300);
        let numbers: HashSet<u64> = (0_u32..10_000).map(|number| state.hash_one(number)).collect();
        assert_eq!(numbers.len(), 10_000);
    }
}
