//! Names → the patterns that match them.

use std::collections::BTreeSet;
use std::hash::Hasher;

use crate::net::{Fqdn, FqdnPattern};

/// Values by FQDN pattern; finds those of all patterns that match a name in one look per label.
///
/// `*.zone` is found by the part of the name from one of its dots on, `*tail` by its last bytes:
/// one look for each length that occurs. Most looks find nothing and end at one bit of a small
/// table.
#[derive(Debug)]
pub(super) struct NameMap<V> {
    /// For each pattern a bit, at the place that the highest bits of its hash say.
    filter: Vec<u64>,
    filter_shift: u32,
    /// Half of the hash, and the entry plus one; 0: free. A taken slot's next is the one behind it.
    // INVARIANT: the length is a power of two, and at least one slot is free.
    slots: Vec<(u32, u32)>,
    entries: Vec<Entry<V>>,
    /// The texts of all entries.
    text: String,
    has_zones: bool,
    tail_lengths: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Entry<V> {
    kind: Kind,
    start: usize,
    length: usize,
    value: V,
}

/// What a text is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The whole name.
    Exact = 1,
    /// A part of it from a dot on; then its last bytes.
    Zone = 2,
    Tail = 3,
}

/// Bits of the filter for each pattern: one look of sixteen passes it for nothing.
const FILTER_BITS: usize = 16;

impl<V: Copy> NameMap<V> {
    /// The map of `entries`, whose patterns are distinct. `*` and invalid patterns are left out.
    pub(super) fn new(entries: impl IntoIterator<Item = (FqdnPattern, V)>) -> Self {
        let entries: Vec<_> = entries.into_iter().collect();
        let slots = (2 * entries.len() + 1).next_power_of_two();
        let filter = (FILTER_BITS * entries.len().max(4)).next_power_of_two();
        let mut map = Self {
            filter: vec![0; filter / 64],
            filter_shift: 64 - filter.trailing_zeros(),
            slots: vec![(0, 0); slots],
            entries: Vec::with_capacity(entries.len()),
            text: String::new(),
            has_zones: false,
            tail_lengths: Vec::new(),
        };
        let mut lengths = BTreeSet::new();
        for (pattern, value) in &entries {
            match pattern {
                FqdnPattern::Exact(name) => map.insert(Kind::Exact, name.as_str(), *value),
                FqdnPattern::Suffix(suffix) if suffix.starts_with('.') => {
                    map.has_zones = true;
                    map.insert(Kind::Zone, suffix, *value);
                }
                FqdnPattern::Suffix(suffix) => {
                    lengths.insert(suffix.len());
                    map.insert(Kind::Tail, suffix, *value);
                }
                FqdnPattern::Any | FqdnPattern::Invalid(_) => {}
            }
        }
        map.tail_lengths = lengths.into_iter().collect();
        map
    }

    fn insert(&mut self, kind: Kind, text: &str, value: V) {
        let hash = Endings::new(text.as_bytes()).hash(kind, text.len());
        let bit = hash >> self.filter_shift;
        if let Some(word) = self.filter.get_mut(index(bit / 64)) {
            *word |= 1 << (bit % 64);
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.entries.push(Entry { kind, start, length: text.len(), value });
        let Ok(number) = u32::try_from(self.entries.len()) else { return };
        let mut at = self.first_slot(hash);
        while let Some(slot) = self.slots.get_mut(at) {
            if slot.1 == 0 {
                *slot = (tag(hash), number);
                return;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// Visits the values of all patterns that match `name`.
    #[inline]
    pub(super) fn visit(&self, name: &Fqdn, mut visit: impl FnMut(V)) {
        if self.entries.is_empty() {
            return;
        }
        let name = name.as_str().as_bytes();
        let endings = Endings::new(name);
        let mut look = |kind, length| {
            if let Some(value) = self.value(kind, &endings, length) {
                visit(value);
            }
        };
        look(Kind::Exact, name.len());
        if self.has_zones {
            // A zone does not match itself, so a dot at the very front begins none.
            let dots = name.iter().enumerate().skip(1).filter(|&(_, &byte)| byte == b'.');
            for (at, _) in dots {
                look(Kind::Zone, name.len() - at);
            }
        }
        for &length in self.tail_lengths.iter().take_while(|&&length| length <= name.len()) {
            look(Kind::Tail, length);
        }
    }

    /// The value of the last bytes of a name.
    #[inline]
    fn value(&self, kind: Kind, endings: &Endings<'_>, length: usize) -> Option<V> {
        let hash = endings.hash(kind, length);
        let bit = hash >> self.filter_shift;
        if self.filter.get(index(bit / 64))? >> (bit % 64) & 1 == 0 {
            return None;
        }
        let wanted = endings.name.get(endings.name.len() - length..)?;
        let mut at = self.first_slot(hash);
        loop {
            let &(found, number) = self.slots.get(at)?;
            let entry = self.entries.get((number as usize).checked_sub(1)?)?;
            if found == tag(hash) && entry.kind == kind {
                let text = self.text.as_bytes().get(entry.start..entry.start + entry.length)?;
                if text == wanted {
                    return Some(entry.value);
                }
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// Where the search for a hash begins.
    #[inline]
    fn first_slot(&self, hash: u64) -> usize {
        index(hash) & (self.slots.len() - 1)
    }

    /// Bytes of memory.
    pub(super) fn size(&self) -> usize {
        self.filter.len() * size_of::<u64>()
            + self.slots.len() * size_of::<(u32, u32)>()
            + self.entries.len() * size_of::<Entry<V>>()
            + self.text.len()
    }
}

/// The half of a hash that a slot keeps.
#[inline]
fn tag(hash: u64) -> u32 {
    let [.., a, b, c, d] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

#[inline]
fn index(number: u64) -> usize {
    usize::try_from(number & u64::from(u32::MAX)).unwrap_or(0)
}

/// A name hashed from its end, eight bytes at a time, so that the hash of each of its endings
/// takes one step more.
struct Endings<'a> {
    name: &'a [u8],
    /// The last eight bytes, those before them, and so on; the first byte is the lowest.
    words: [u64; WORDS],
    /// The hash of that many words.
    states: [u64; WORDS],
}

/// Longer endings are hashed from the start each time.
const WORDS: usize = 12;

impl<'a> Endings<'a> {
    #[inline]
    fn new(name: &'a [u8]) -> Self {
        let (mut words, mut states) = ([0; WORDS], [0; WORDS]);
        let mut state = 0;
        for ((word, to), chunk) in words.iter_mut().zip(&mut states).zip(name.rchunks(8)) {
            *to = state;
            *word = word_of(chunk);
            state = mixed(state, *word);
        }
        // An ending may be all of the words, which a full last one has no place behind it for.
        if let Some(to) = states.get_mut(name.len() / 8) {
            *to = if name.len().is_multiple_of(8) { state } else { *to };
        }
        Self { name, words, states }
    }

    /// The hash of the last `length` bytes, as one kind of pattern.
    #[inline]
    fn hash(&self, kind: Kind, length: usize) -> u64 {
        let (whole, rest) = (length / 8, length % 8);
        let known = self.states.get(whole).zip(self.words.get(whole));
        let (state, word) =
            known.map_or_else(|| hashed(self.name, length), |(&state, &word)| (state, word));
        let word = if rest == 0 { 0 } else { word >> (64 - 8 * rest) };
        mixed(state ^ (kind as u64) << 32, word ^ (length as u64) << 56)
    }
}

/// The hash of the whole words of the last `length` bytes, and the word before them.
#[cold]
fn hashed(name: &[u8], length: usize) -> (u64, u64) {
    let mut chunks = name.rchunks(8);
    let whole = chunks.by_ref().take(length / 8).map(word_of);
    let state = whole.fold(0, mixed);
    (state, chunks.next().map_or(0, word_of))
}

/// Eight bytes as a number; fewer are its highest bytes.
#[inline]
fn word_of(chunk: &[u8]) -> u64 {
    if let Ok(bytes) = chunk.try_into() {
        return u64::from_le_bytes(bytes);
    }
    chunk
        .iter()
        .rev()
        .zip(0..8u32)
        .fold(0, |word, (&byte, place)| word | u64::from(byte) << (56 - 8 * place))
}

/// Folding the 128 bits of the product takes every bit of the word into account.
#[inline]
fn mixed(state: u64, word: u64) -> u64 {
    let product = u128::from(state ^ word ^ 0xA076_1D64_78BD_642F) * 0x9E37_79B9_7F4A_7C15;
    let [low, high] = [product & u128::from(u64::MAX), product >> 64]
        .map(|half| u64::try_from(half).unwrap_or(0));
    high ^ low
}

/// Hashes eight bytes at a time, for tables of fixed size: nobody gains by making flows collide.
#[derive(Debug, Default)]
pub(in crate::evaluate) struct NameHasher {
    state: u64,
}

impl NameHasher {
    fn add(&mut self, word: u64) {
        self.state = mixed(self.state, word);
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
            front in r"([ab]{1,9}[.]){0,20}",
        ) {
            let patterns: BTreeSet<FqdnPattern> =
                texts.iter().filter_map(|text| FqdnPattern::new(text)).collect();
            let patterns: Vec<FqdnPattern> = patterns.into_iter().collect();
            let map = NameMap::new(patterns.iter().cloned().zip(0..));
            let long = names.iter().map(|name| format!("{front}{name}"));
            let all = names.iter().cloned().chain(long);
            for name in all.filter_map(|name| Fqdn::new(&name)) {
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

    #[test]
    fn patterns_of_every_length_are_found_at_the_end_of_longer_names() {
        let text = "abcdefgh.ijklmnopq.rstuvwxyz-0123456789.abcdefghi.jklmnop.qrstuvw.xyz-abcdef.gh\
                    ijklm.nopqrstuvwxyz.0123456789.example.com";
        let ends: Vec<&str> = (0..text.len()).map(|at| &text[at..]).collect();
        let tail = |end: &str| FqdnPattern::new(&format!("*{end}")).unwrap();
        let exact = |end: &str| FqdnPattern::Exact(Fqdn::new(end).unwrap());
        let tails: BTreeSet<FqdnPattern> = ends.iter().map(|end| tail(end)).collect();
        let names: BTreeSet<FqdnPattern> = ends.iter().map(|end| exact(end)).collect();
        let count = tails.len();
        let map = NameMap::new(tails.into_iter().chain(names).zip(0..));
        let mut found = Vec::new();
        map.visit(&Fqdn::new(&format!("x{text}")).unwrap(), |number: usize| found.push(number));
        assert_eq!(found.len(), count);
        assert!(found.iter().all(|&number| number < count));
        found.clear();
        map.visit(&Fqdn::new(text).unwrap(), |number: usize| found.push(number));
        // The tail that is the whole name, and the name itself.
        assert_eq!(found.len(), count + 1);
    }
}
