//! Values as bytes and back, for states. Numbers take as many bytes as they need; what has no order is
//! written in the order of its keys, so that the same content is the same bytes.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use smol_str::SmolStr;

/// What a state can hold.
pub trait Stored: Sized {
    fn put(&self, out: &mut Vec<u8>);

    /// The value that `input` begins with, which is passed. `None`: these are no such bytes.
    fn got(input: &mut &[u8]) -> Option<Self>;
}

impl Stored for u64 {
    #[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
    fn put(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while rest >= 0x80 {
            out.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        out.push(rest as u8);
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let (&byte, rest) = input.split_first()?;
            *input = rest;
            let bits = u64::from(byte & 0x7f);
            if bits.checked_shl(shift)? >> shift != bits {
                return None;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

/// Numbers that are written as `u64`.
macro_rules! as_u64 {
    ($($number:ty),*) => {$(
        impl Stored for $number {
            fn put(&self, out: &mut Vec<u8>) {
                u64::from(*self).put(out);
            }

            fn got(input: &mut &[u8]) -> Option<Self> {
                u64::got(input)?.try_into().ok()
            }
        }
    )*};
}

as_u64!(u8, u16, u32);

impl Stored for bool {
    fn put(&self, out: &mut Vec<u8>) {
        u64::from(*self).put(out);
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        match u64::got(input)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Stored for usize {
    fn put(&self, out: &mut Vec<u8>) {
        (*self as u64).put(out);
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        u64::got(input)?.try_into().ok()
    }
}

impl Stored for i64 {
    fn put(&self, out: &mut Vec<u8>) {
        // Small numbers of either sign become small ones without.
        ((*self << 1) ^ (*self >> 63)).cast_unsigned().put(out);
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        let value = u64::got(input)?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }
}

impl Stored for String {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        let length = usize::got(input)?;
        let (text, rest) = input.split_at_checked(length)?;
        *input = rest;
        String::from_utf8(text.to_vec()).ok()
    }
}

impl Stored for SmolStr {
    fn put(&self, out: &mut Vec<u8>) {
        self.to_string().put(out);
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        Some(String::got(input)?.into())
    }
}

impl Stored for IpAddr {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::V4(address) => {
                out.push(4);
                out.extend_from_slice(&address.octets());
            }
            Self::V6(address) => {
                out.push(6);
                out.extend_from_slice(&address.octets());
            }
        }
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        let (&family, rest) = input.split_first()?;
        let (address, rest) = match family {
            4 => {
                let (octets, rest) = rest.split_first_chunk::<4>()?;
                (Ipv4Addr::from(*octets).into(), rest)
            }
            6 => {
                let (octets, rest) = rest.split_first_chunk::<16>()?;
                (Ipv6Addr::from(*octets).into(), rest)
            }
            _ => return None,
        };
        *input = rest;
        Some(address)
    }
}

impl<T: Stored> Stored for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        Some(if bool::got(input)? { Some(T::got(input)?) } else { None })
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        for value in self {
            value.put(out);
        }
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        let length = usize::got(input)?;
        // Every value takes a byte at least: a damaged length does not make this large.
        (length <= input.len()).then_some(())?;
        (0..length).map(|_| T::got(input)).collect()
    }
}

impl<T: Stored + Copy + Default, const N: usize> Stored for [T; N] {
    fn put(&self, out: &mut Vec<u8>) {
        for value in self {
            value.put(out);
        }
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        let mut values = [T::default(); N];
        for value in &mut values {
            *value = T::got(input)?;
        }
        Some(values)
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        Some((A::got(input)?, B::got(input)?))
    }
}

impl<K: Stored + Ord, V: Stored> Stored for BTreeMap<K, V> {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        for (key, value) in self {
            key.put(out);
            value.put(out);
        }
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        Some(Vec::<(K, V)>::got(input)?.into_iter().collect())
    }
}

impl<K, V, S> Stored for HashMap<K, V, S>
where
    K: Stored + Ord + Hash,
    V: Stored,
    S: BuildHasher + Default,
{
    fn put(&self, out: &mut Vec<u8>) {
        let mut all: Vec<(&K, &V)> = self.iter().collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all.len().put(out);
        for (key, value) in all {
            key.put(out);
            value.put(out);
        }
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        Some(Vec::<(K, V)>::got(input)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type All = ((Vec<u64>, Vec<i64>), (BTreeMap<String, Option<u32>>, [u16; 3]));

    fn is_kept(value: &All) {
        let mut bytes = Vec::new();
        value.put(&mut bytes);
        let mut input = &bytes[..];
        assert_eq!(All::got(&mut input).as_ref(), Some(value));
        assert!(input.is_empty());
    }

    proptest! {
        #[test]
        fn values_come_back(value: ((Vec<u64>, Vec<i64>), (BTreeMap<String, Option<u32>>, [u16; 3]))) {
            is_kept(&value);
        }

        #[test]
        fn damaged_bytes_are_no_panic(bytes: Vec<u8>) {
            let _: Option<All> = All::got(&mut &bytes[..]);
        }
    }

    #[test]
    fn the_ends_of_numbers_come_back() {
        is_kept(&(
            (vec![0, 127, 128, u64::MAX], vec![i64::MIN, -1, 0, i64::MAX]),
            (BTreeMap::new(), [0, 1, u16::MAX]),
        ));
    }
}
