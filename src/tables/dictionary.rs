//! Texts and addresses as small numbers, so that aggregate tables hold no text.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use smol_str::SmolStr;

use crate::logs::KeyedState;

/// Stands for an absent value, a number up to 65535 or an entry of the dictionary.
pub(super) type Code = u32;

/// The code of a value that the record does not have.
pub(super) const ABSENT: Code = 0;

/// The code of values for which there is no room.
pub(super) const OTHERS: Code = Code::MAX - 1;

/// What such values are shown as.
const OTHERS_TEXT: &str = "(others)";

const FIRST_ENTRY: Code = 65_537;

/// The code of a small number: ports, severities and the like need no entry.
pub(super) fn number(value: u16) -> Code {
    Code::from(value) + 1
}

/// The number behind a code made by [`number`].
pub(super) fn as_number(code: Code) -> Option<u16> {
    u16::try_from(code.checked_sub(1)?).ok()
}

/// What an entry stands for. The order is the order of ties in every table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Entry {
    Address(IpAddr),
    Text(SmolStr),
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Entry {
    /// A number for the value that is the same in every dictionary.
    fn stable_hash(&self) -> u64 {
        let mut hasher = KeyedState::FIXED.build_hasher();
        match self {
            Self::Address(IpAddr::V4(address)) => hasher.write(&address.octets()),
            Self::Address(IpAddr::V6(address)) => hasher.write(&address.octets()),
            Self::Text(text) => {
                hasher.write_u8(1);
                hasher.write(text.as_bytes());
            }
        }
        hasher.finish()
    }
}

/// Every text and address seen, each once.
#[derive(Debug, Clone, Default)]
pub(super) struct Dictionary {
    // Log text comes from strangers: a keyed hash keeps crafted names from colliding.
    addresses4: HashMap<u32, Code, KeyedState>,
    addresses6: HashMap<Ipv6Addr, Code, KeyedState>,
    texts: HashMap<SmolStr, Code, KeyedState>,
    entries: Vec<Entry>,
    /// Of the entries.
    hashes: Vec<u64>,
    /// So many addresses and names of hosts are told apart, if there is a limit.
    entries_max: Option<usize>,
    recent: Recent,
}

/// The address that was last seen at each of a few places: a few hosts make most of the traffic.
#[derive(Debug, Clone, Default)]
struct Recent(Vec<(u32, Code)>);

const RECENT_BITS: u32 = 11;

impl Recent {
    fn place(bits: u32) -> usize {
        (bits.wrapping_mul(0x9e37_79b9) >> (u32::BITS - RECENT_BITS)) as usize
    }

    fn code(&self, bits: u32) -> Option<Code> {
        let (known, code) = *self.0.get(Self::place(bits))?;
        (known == bits && code != ABSENT).then_some(code)
    }

    fn set(&mut self, bits: u32, code: Code) {
        if self.0.is_empty() {
            self.0.resize(1 << RECENT_BITS, (0, ABSENT));
        }
        if let Some(place) = self.0.get_mut(Self::place(bits)) {
            *place = (bits, code);
        }
    }
}

impl Dictionary {
    pub(super) fn with_room(entries_max: usize) -> Self {
        Self { entries_max: Some(entries_max), ..Self::default() }
    }

    fn is_full(&self) -> bool {
        self.entries_max.is_some_and(|most| self.entries.len() >= most)
    }

    /// The name of a host. Strangers choose those.
    pub(super) fn host(&mut self, text: Option<&SmolStr>) -> Code {
        let is_new = |text: &&SmolStr| !text.is_empty() && !self.texts.contains_key(*text);
        if self.is_full() && text.as_ref().is_some_and(is_new) {
            return OTHERS;
        }
        self.text(text)
    }

    pub(super) fn text(&mut self, text: Option<&SmolStr>) -> Code {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return ABSENT };
        if let Some(&code) = self.texts.get(text) {
            return code;
        }
        let code = self.add(Entry::Text(text.clone()));
        self.texts.insert(text.clone(), code);
        code
    }

    pub(super) fn address(&mut self, address: Option<IpAddr>) -> Code {
        let is_full = self.is_full();
        address.map_or(ABSENT, |address| self.address_of(address, is_full))
    }

    fn address_of(&mut self, address: IpAddr, is_full: bool) -> Code {
        match address {
            IpAddr::V4(address) => self.address4_of(address.to_bits(), is_full),
            IpAddr::V6(address) => {
                if let Some(&code) = self.addresses6.get(&address) {
                    return code;
                }
                if is_full {
                    return OTHERS;
                }
                let code = self.add(Entry::Address(address.into()));
                self.addresses6.insert(address, code);
                code
            }
        }
    }

    /// The code of an IPv4 address.
    pub(super) fn address4(&mut self, bits: u32) -> Code {
        self.address4_of(bits, self.is_full())
    }

    fn address4_of(&mut self, bits: u32, is_full: bool) -> Code {
        if let Some(code) = self.recent.code(bits) {
            return code;
        }
        let code = if let Some(&code) = self.addresses4.get(&bits) {
            code
        } else if is_full {
            return OTHERS;
        } else {
            let code = self.add(Entry::Address(Ipv4Addr::from_bits(bits).into()));
            self.addresses4.insert(bits, code);
            code
        };
        self.recent.set(bits, code);
        code
    }

    /// The entries, in the order in which they came.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// A number for the value of a code that is the same in every dictionary.
    pub(super) fn hash(&self, code: Code) -> u64 {
        index(code).and_then(|index| self.hashes.get(index)).copied().unwrap_or(code.into())
    }

    /// The code of an entry of another dictionary, for which there is always room.
    pub(super) fn code(&mut self, entry: &Entry) -> Code {
        match entry {
            Entry::Address(address) => self.address_of(*address, false),
            Entry::Text(text) => self.text(Some(text)),
        }
    }

    fn add(&mut self, entry: Entry) -> Code {
        let code = Code::try_from(self.entries.len()).unwrap_or(Code::MAX - FIRST_ENTRY);
        self.hashes.push(entry.stable_hash());
        self.entries.push(entry);
        FIRST_ENTRY.saturating_add(code)
    }

    pub(super) fn entry(&self, code: Code) -> Option<&Entry> {
        self.entries.get(index(code)?)
    }

    pub(super) fn show(&self, code: Code) -> Option<SmolStr> {
        if code == OTHERS {
            return Some(SmolStr::new_static(OTHERS_TEXT));
        }
        match self.entry(code)? {
            Entry::Address(address) => Some(smol_str::format_smolstr!("{address}")),
            Entry::Text(text) => Some(text.clone()),
        }
    }

    /// The values in order, to be looked up by codes that say that order, whatever order they came in.
    pub(super) fn sorted(&self) -> (Self, Translation) {
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_unstable_by_key(|&index| self.entries.get(index));
        let mut translation = vec![ABSENT; order.len()];
        for (code, &index) in (FIRST_ENTRY..).zip(&order) {
            if let Some(place) = translation.get_mut(index) {
                *place = code;
            }
        }
        let entries = order.iter().filter_map(|&index| self.entries.get(index).cloned()).collect();
        (Self { entries, ..Self::default() }, Translation(translation))
    }
}

/// The place of a value among the entries of its dictionary.
pub(super) fn index(code: Code) -> Option<usize> {
    let index = code.checked_sub(FIRST_ENTRY)?;
    (code < OTHERS).then_some(index as usize)
}

/// The code of the entry at a place.
pub(super) fn code_at(index: usize) -> Code {
    Code::try_from(index).map_or(ABSENT, |index| index.saturating_add(FIRST_ENTRY))
}

/// Puts hashes together.
pub(super) fn mixed(hashes: impl IntoIterator<Item = u64>) -> u64 {
    let mut hasher = KeyedState::FIXED.build_hasher();
    hashes.into_iter().for_each(|hash| hasher.write_u64(hash));
    hasher.finish()
}

/// From the codes of one dictionary to those of another.
#[derive(Debug, Clone, Default)]
pub(super) struct Translation(Vec<Code>);

impl Translation {
    /// Goes on with the next `entries` of the one dictionary, which are added to the other.
    pub(super) fn extend(&mut self, entries: &[Entry], to: &mut Dictionary) {
        self.0.extend(entries.iter().map(|entry| to.code(entry)));
    }

    /// This translation, and then `next`.
    pub(super) fn then(&self, next: &Self) -> Self {
        Self(self.0.iter().map(|code| next.code(*code)).collect())
    }

    pub(super) fn code(&self, code: Code) -> Code {
        index(code).and_then(|index| self.0.get(index)).copied().unwrap_or(code)
    }

    pub(super) fn codes<const N: usize>(&self, codes: [Code; N]) -> [Code; N] {
        codes.map(|code| self.code(code))
    }
}

/// Hashes codes, arrays of codes and times. Codes count up from zero and are not chosen by anyone, so
/// a multiplication does.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CodeHasher(u64);

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for CodeHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        if let Some(rest) = rest.first_chunk::<4>() {
            self.write_u32(u32::from_le_bytes(*rest));
        }
    }

    /// Lengths: all keys of a table are of the same.
    fn write_usize(&mut self, _: usize) {}

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(23) ^ value).wrapping_mul(MULTIPLIER);
    }
}

pub(super) type CodeMap<K, V> = HashMap<K, V, BuildHasherDefault<CodeHasher>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_codes_do_not_depend_on_the_order_of_arrival() {
        let code_of = |first: &str, second: &str| {
            let mut dictionary = Dictionary::default();
            dictionary.text(Some(&first.into()));
            dictionary.text(Some(&second.into()));
            let alpha = dictionary.text(Some(&"alpha".into()));
            dictionary.sorted().1.code(alpha)
        };
        assert_eq!(code_of("alpha", "beta"), code_of("beta", "alpha"));
    }

    #[test]
    fn a_full_dictionary_knows_what_it_has_and_takes_what_another_one_had() {
        let mut full = Dictionary::with_room(2);
        let known = full.host(Some(&"a.example.com".into()));
        let address = "192.0.2.1".parse().ok();
        let code = full.address(address);
        assert_eq!(full.host(Some(&"b.example.com".into())), OTHERS);
        assert_eq!(full.address("192.0.2.2".parse().ok()), OTHERS);
        assert_eq!(full.address("2001:db8::1".parse().ok()), OTHERS);
        assert_eq!(full.host(Some(&"a.example.com".into())), known);
        assert_eq!((full.address(address), full.host(None)), (code, ABSENT));
        assert_eq!(full.show(OTHERS).as_deref(), Some("(others)"));
        let entry = Entry::Address("192.0.2.2".parse().unwrap());
        let code = full.code(&entry);
        assert_eq!(full.entry(code), Some(&entry));
        assert_eq!((index(OTHERS), Translation::default().code(OTHERS)), (None, OTHERS));
    }

    #[test]
    fn numbers_and_absence_translate_to_themselves() {
        let mut dictionary = Dictionary::default();
        dictionary.text(Some(&"b".into()));
        let a = dictionary.text(Some(&"a".into()));
        let (sorted, translation) = dictionary.sorted();
        let codes = translation.codes([ABSENT, number(65_535), a]);
        assert_eq!(codes, [ABSENT, 65_536, FIRST_ENTRY]);
        assert_eq!(sorted.show(FIRST_ENTRY).as_deref(), Some("a"));
        assert_eq!(as_number(codes[1]), Some(65_535));
    }
}
