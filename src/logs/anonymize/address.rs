//! Pseudonyms of addresses that keep networks together, after Crypto-PAn.
//!
//! Each bit is flipped or not by a keyed hash of the bits before it: two addresses that share their
//! first n bits share exactly the first n bits of their pseudonyms, and no two addresses have the same one.
//! (Xu, Fan, Ammar, Moon: Prefix-preserving IP address anonymization, 2002.)
//!
//! Private and other special ranges map onto themselves, because an analysis needs to know which
//! addresses are private: the bits on the way to such a range are not flipped. That gives away the
//! first bits of other addresses up to where they leave that way, three at least.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Remembered pseudonyms.
const HELD_MAX: usize = 1 << 18;

/// Ranges that stay ranges: first address, prefix length. Bits behind the prefix are hidden.
const PRIVATE_V4: [(u32, u32); 5] =
    [(0x0a00_0000, 8), (0x6440_0000, 10), (0xa9fe_0000, 16), (0xac10_0000, 12), (0xc0a8_0000, 16)];
/// Ranges whose addresses name nobody and stay as they are: this network, loopback, multicast and above.
const SPECIAL_V4: [(u32, u32); 3] = [(0, 8), (0x7f00_0000, 8), (0xe000_0000, 3)];
const PRIVATE_V6: [(u128, u32); 2] = [(0xfc << 120, 7), (0xfe80 << 112, 10)];
const SPECIAL_V6: [(u128, u32); 2] = [(0, 96), (0xff << 120, 8)];

/// Pseudonyms of addresses.
pub(super) struct Addresses {
    key: [u8; 32],
    known: HashMap<IpAddr, IpAddr>,
}

impl Addresses {
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self { key, known: HashMap::new() }
    }

    pub(super) fn pseudonym(&mut self, address: IpAddr) -> IpAddr {
        if let Some(known) = self.known.get(&address) {
            return *known;
        }
        let pseudonym = match address {
            IpAddr::V4(address) => {
                let bits = u128::from(address.to_bits()) << 96;
                let wide = |ranges: &[(u32, u32)]| -> Vec<(u128, u32)> {
                    ranges
                        .iter()
                        .map(|&(first, length)| (u128::from(first) << 96, length))
                        .collect()
                };
                let bits = self.scrambled(bits, 32, &wide(&PRIVATE_V4), &wide(&SPECIAL_V4));
                // The upper 32 bits are the address, the others stay zero.
                IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits >> 96).unwrap_or(0)))
            }
            IpAddr::V6(address) => {
                let bits = self.scrambled(address.to_bits(), 128, &PRIVATE_V6, &SPECIAL_V6);
                IpAddr::V6(Ipv6Addr::from_bits(bits))
            }
        };
        if self.known.len() >= HELD_MAX {
            self.known.clear();
        }
        self.known.insert(address, pseudonym);
        pseudonym
    }

    /// `bits`, of which the first `width` are the address, each flipped as those before it say.
    fn scrambled(
        &self,
        bits: u128,
        width: u32,
        private: &[(u128, u32)],
        special: &[(u128, u32)],
    ) -> u128 {
        if special.iter().any(|&range| is_prefix(range, bits)) {
            return bits;
        }
        let mut result = bits;
        for at in 0..width {
            // The way to a range stays; so does what a range is, up to its length.
            let is_on_the_way =
                |&&(first, length): &&(u128, u32)| at < length && leading(first ^ bits, at) == 0;
            let stays = private.iter().chain(special).any(|range| is_on_the_way(&range));
            if !stays && self.flips(leading(bits, at), at, width) {
                result ^= 1 << (127 - at);
            }
        }
        result
    }

    /// Whether the bit behind the first `count` of `prefix` is flipped.
    fn flips(&self, prefix: u128, count: u32, width: u32) -> bool {
        let mut input = [0; 18];
        let (head, tail) = input.split_at_mut(16);
        head.copy_from_slice(&prefix.to_be_bytes());
        for (place, value) in tail.iter_mut().zip([count, width]) {
            *place = u8::try_from(value).unwrap_or(u8::MAX);
        }
        let hash = blake3::keyed_hash(&self.key, &input);
        hash.as_bytes().first().is_some_and(|byte| byte & 1 == 1)
    }
}

/// The first `count` bits, the others zero.
fn leading(bits: u128, count: u32) -> u128 {
    if count == 0 { 0 } else { bits & (u128::MAX << (128 - count)) }
}

fn is_prefix((first, length): (u128, u32), bits: u128) -> bool {
    leading(first ^ bits, length) == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pseudonym(address: IpAddr) -> IpAddr {
        Addresses::new([7; 32]).pseudonym(address)
    }

    fn v4(bits: u32) -> u32 {
        match pseudonym(IpAddr::V4(Ipv4Addr::from_bits(bits))) {
            IpAddr::V4(address) => address.to_bits(),
            IpAddr::V6(_) => panic!("the family changed"),
        }
    }

    fn v6(bits: u128) -> u128 {
        match pseudonym(IpAddr::V6(Ipv6Addr::from_bits(bits))) {
            IpAddr::V6(address) => address.to_bits(),
            IpAddr::V4(_) => panic!("the family changed"),
        }
    }

    #[test]
    fn private_ranges_stay_and_their_addresses_do_not() {
        let class = |address: IpAddr| match address {
            IpAddr::V4(address) => {
                (address.is_private(), address.is_link_local(), address.is_loopback())
            }
            IpAddr::V6(address) => {
                (address.is_unique_local(), address.is_unicast_link_local(), address.is_loopback())
            }
        };
        for text in [
            "10.1.2.3",
            "172.20.1.1",
            "192.168.7.7",
            "198.51.100.7",
            "8.8.4.4",
            "fd00::1",
            "2001:db8::1",
        ] {
            let address: IpAddr = text.parse().unwrap();
            assert_ne!(pseudonym(address), address, "{text}");
            assert_eq!(class(pseudonym(address)), class(address), "{text}");
        }
        for text in ["127.0.0.1", "255.255.255.255", "224.0.0.1", "::1", "ff02::2", "0.0.0.0"] {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(pseudonym(address), address, "{text}");
        }
    }

    proptest! {
        #[test]
        fn common_prefixes_are_kept_exactly(a: u32, b: u32, near in 0..33_u32) {
            let b = if near == 0 { b } else { a ^ (b >> (near - 1)) };
            prop_assert_eq!((v4(a) ^ v4(b)).leading_zeros(), (a ^ b).leading_zeros());
            let class = |bits: u32| Ipv4Addr::from_bits(bits).is_private();
            prop_assert_eq!(class(v4(a)), class(a));
        }

        #[test]
        fn common_prefixes_are_kept_exactly_in_v6(a: u128, b: u128, near in 0..128_u32) {
            let b = a ^ (b >> near);
            prop_assert_eq!((v6(a) ^ v6(b)).leading_zeros(), (a ^ b).leading_zeros());
        }
    }
}
