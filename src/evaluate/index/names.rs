//! Names → the patterns that match them.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use smol_str::SmolStr;

use crate::net::{Fqdn, FqdnPattern};

/// Values by FQDN pattern; finds those of all patterns that match a name in one look per label.
///
/// `*.zone` is found by the part of the name from one of its dots on, `*tail` by its last bytes:
/// one look for each length that occurs.
#[derive(Debug)]
pub(super) struct NameMap<V> {
    exact: Map<V>,
    zones: Map<V>,
    tails: Map<V>,
    tail_lengths: Vec<usize>,
}

type Map<V> = HashMap<SmolStr, V, BuildHasherDefault<NameHasher>>;

impl<V: Copy> NameMap<V> {
    /// The map of `entries`, whose patterns are distinct. `*` and invalid patterns are left out.
    pub(super) fn new(entries: impl IntoIterator<Item = (FqdnPattern, V)>) -> Self {
        let mut map = Self {
            exact: Map::default(),
            zones: Map::default(),
            tails: Map::default(),
            tail_lengths: Vec::new(),
        };
        let mut lengths = BTreeSet::new();
        for (pattern, value) in entries {
            match pattern {
                FqdnPattern::Exact(name) => {
                    map.exact.insert(name.as_str().into(), value);
                }
                FqdnPattern::Suffix(suffix) if suffix.starts_with('.') => {
                    map.zones.insert(suffix, value);
                }
                FqdnPattern::Suffix(suffix) => {
                    lengths.insert(suffix.len());
                    map.tails.insert(suffix, value);
                }
                FqdnPattern::Any | FqdnPattern::Invalid(_) => {}
            }
        }
        map.tail_lengths = lengths.into_iter().collect();
        map
    }

    /// Visits the values of all patterns that match `name`.
    #[inline]
    pub(super) fn visit(&self, name: &Fqdn, mut visit: impl FnMut(V)) {
        let name = name.as_str();
        if let Some(&value) = self.exact.get(name) {
            visit(value);
        }
        if !self.zones.is_empty() {
            // A zone does not match itself, so a dot at the very front begins none.
            let dots = name.bytes().enumerate().skip(1).filter(|&(_, byte)| byte == b'.');
            for (at, _) in dots {
                if let Some(&value) = name.get(at..).and_then(|zone| self.zones.get(zone)) {
                    visit(value);
                }
            }
        }
        for &length in self.tail_lengths.iter().take_while(|&&length| length <= name.len()) {
            let tail = name.get(name.len() - length..);
            if let Some(&value) = tail.and_then(|tail| self.tails.get(tail)) {
                visit(value);
            }
        }
    }

    /// Bytes of memory, about.
    pub(super) fn size(&self) -> usize {
        let entry = size_of::<(SmolStr, V)>() + 1;
        let slots = self.exact.capacity() + self.zones.capacity() + self.tails.capacity();
        let maps = [&self.exact, &self.zones, &self.tails];
        let heap = |name: &SmolStr| if name.is_heap_allocated() { name.len() + 16 } else { 0 };
        slots * entry + maps.iter().flat_map(|map| map.keys()).map(heap).sum::<usize>()
    }
}

/// Hashes names eight bytes at a time. The keys come from the user's own rule set, so nobody who
/// sends names can make them collide.
#[derive(Debug, Default)]
pub(in crate::evaluate) struct NameHasher {
    state: u64,
}

impl NameHasher {
    fn add(&mut self, word: u64) {
        // Folding the 128 bits of the product takes every bit of the word into account.
        let product = u128::from(self.state ^ word ^ 0xA076_1D64_78BD_642F) * 0x9E37_79B9_7F4A_7C15;
        let [low, high] = [product & u128::from(u64::MAX), product >> 64]
            .map(|half| u64::try_from(half).unwrap_or(0));
        self.state = high ^ low;
    }
}

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let chunk: [u8; 8] = chunk.try_into().unwrap_or_default();
            self.add(u64::from_le_bytes(chunk));
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(chunks.remainder()) {
            *to = *from;
        }
        self.add(u64::from_le_bytes(last) ^ (bytes.len() as u64).rotate_right(8));
    }

    fn write_u8(&mut self, byte: u8) {
        self.add(u64::from(byte));
    }

    fn finish(&self) -> u64 {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_map_finds_the_patterns_that_match(
            texts in prop::collection::btree_set(r"[*]?[.]?([ab]{1,2}[.]){0,2}[aäb]{1,2}[.]?", 0..12),
            names in prop::collection::vec(r"[.]?([ab]{1,2}[.]){0,3}[aäb.]{1,2}", 12),
        ) {
            let patterns: BTreeSet<FqdnPattern> =
                texts.iter().filter_map(|text| FqdnPattern::new(text)).collect();
            let patterns: Vec<FqdnPattern> = patterns.into_iter().collect();
            let map = NameMap::new(patterns.iter().cloned().zip(0..));
            for name in names.iter().filter_map(|name| Fqdn::new(name)) {
                let mut found = Vec::new();
                map.visit(&name, |number: usize| found.push(number));
                found.sort_unstable();
                let matching: Vec<usize> = (0..patterns.len())
                    .filter(|&number| {
                        patterns[number] != FqdnPattern::Any && patterns[number].matches(&name)
                    })
                    .collect();
                prop_assert_eq!(found, matching, "{} {:?}", name, patterns);
            }
        }
    }
}
