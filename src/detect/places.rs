//! Addresses and names as numbers.

use std::net::IpAddr;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};
use smol_str::SmolStr;

/// A number that stands for a place.
pub(super) type Code = u32;

/// Where a connection comes from or goes to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    Address(IpAddr),
    /// Lower case.
    Name(SmolStr),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// Gives every distinct value a number, in the order of their coming.
#[derive(Debug)]
pub(super) struct Interner<T> {
    codes: HashMap<T, Code>,
    values: Vec<T>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { codes: HashMap::new(), values: Vec::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Interner<T> {
    /// The number of `value`.
    pub(super) fn code(&mut self, value: &T) -> Code {
        if let Some(code) = self.codes.get(value) {
            return *code;
        }
        // More than four thousand million distinct values do not fit into memory.
        let code = Code::try_from(self.values.len()).unwrap_or(Code::MAX);
        self.codes.insert(value.clone(), code);
        self.values.push(value.clone());
        code
    }

    pub(super) fn get(&self, code: Code) -> Option<&T> {
        self.values.get(code as usize)
    }
}

/// The tables behind all codes.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) ends: Interner<Place>,
    pub(super) protocols: Interner<SmolStr>,
    pub(super) files: Interner<Arc<str>>,
}

impl Places {
    /// The text of a place; `?` where none is known.
    pub(super) fn text(&self, code: Code) -> String {
        self.ends.get(code).map_or_else(|| "?".to_owned(), ToString::to_string)
    }

    /// Whether the place is an address that routers of the Internet carry.
    pub(super) fn is_public(&self, code: Code) -> bool {
        match self.ends.get(code) {
            Some(Place::Address(address)) => is_public(*address),
            Some(Place::Name(_)) | None => false,
        }
    }
}

/// RFC 6890's private, shared, link-local, loopback and reserved ranges are not public.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            let is_reserved = a == 0 || a >= 224;
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || is_shared || is_reserved)
        }
        IpAddr::V6(v6) => v6.segments().first().is_some_and(|first| first & 0xE000 == 0x2000),
    }
}
