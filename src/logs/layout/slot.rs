//! The parts of a line that differ from one record to the next, in their strict spellings.
//!
//! What is spelled in any other way is left to the general reader, so these need not know more than
//! what exports usually write.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::Timestamp;

use super::clock::Clock;

/// What stands between two pieces that lines have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// With the byte that ends it.
    Time(u8),
    Address4(End),
    Address6(End),
    Port(End),
    Name,
    Url,
}

/// Which end of a connection a value belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Source,
    Destination,
}

/// The values of one line. Those it has no slot for are absent.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::logs) struct Slots<'a> {
    pub(in crate::logs) time: Option<Timestamp>,
    pub(in crate::logs) source: Option<IpAddr>,
    pub(in crate::logs) source_port: Option<u16>,
    pub(in crate::logs) destination: Option<IpAddr>,
    pub(in crate::logs) destination_port: Option<u16>,
    pub(in crate::logs) name: Option<&'a str>,
    pub(in crate::logs) url: Option<&'a str>,
}

const NAME_BYTES_MAX: usize = 253;
const URL_BYTES_MAX: usize = 4096;
const ADDRESS6_BYTES_MAX: usize = 39;

impl Slot {
    /// Reads the value that `text` begins with into `slots`; the answer is its length.
    pub(super) fn read<'a>(
        self,
        text: &'a [u8],
        clock: &mut Clock,
        slots: &mut Slots<'a>,
    ) -> Option<usize> {
        match self {
            Self::Time(end) => {
                let (time, length) = clock.time(text, end)?;
                slots.time = Some(time);
                Some(length)
            }
            Self::Address4(end) => {
                let (address, length) = address4(text)?;
                *slots.address(end) = Some(address.into());
                Some(length)
            }
            Self::Address6(end) => {
                let (address, length) = address6(text)?;
                *slots.address(end) = Some(address.into());
                Some(length)
            }
            Self::Port(end) => {
                let (port, length) = port(text)?;
                *slots.port(end) = Some(port);
                Some(length)
            }
            Self::Name => {
                let name = name(text)?;
                slots.name = Some(name);
                Some(name.len())
            }
            Self::Url => {
                let url = url(text)?;
                slots.url = Some(url);
                Some(url.len())
            }
        }
    }
}

impl Slots<'_> {
    fn address(&mut self, end: End) -> &mut Option<IpAddr> {
        match end {
            End::Source => &mut self.source,
            End::Destination => &mut self.destination,
        }
    }

    fn port(&mut self, end: End) -> &mut Option<u16> {
        match end {
            End::Source => &mut self.source_port,
            End::Destination => &mut self.destination_port,
        }
    }
}

/// A number of at most `digits_max` digits without leading zeros, and how many it has.
fn number(text: &[u8], digits_max: usize) -> Option<(u32, usize)> {
    let mut value = 0;
    let mut length = 0;
    for &byte in text.iter().take(digits_max + 1) {
        if !byte.is_ascii_digit() {
            break;
        }
        value = value * 10 + u32::from(byte - b'0');
        length += 1;
    }
    let has_leading_zero = length > 1 && text.first() == Some(&b'0');
    (length > 0 && length <= digits_max && !has_leading_zero).then_some((value, length))
}

fn port(text: &[u8]) -> Option<(u16, usize)> {
    let (value, length) = number(text, 5)?;
    Some((u16::try_from(value).ok()?, length))
}

fn address4(text: &[u8]) -> Option<(Ipv4Addr, usize)> {
    let (mut bits, mut length) = (0, 0);
    for index in 0..4 {
        if index > 0 {
            if text.get(length) != Some(&b'.') {
                return None;
            }
            length += 1;
        }
        let (octet, digits) = number(text.get(length..)?, 3)?;
        if octet > 255 {
            return None;
        }
        bits = bits << 8 | octet;
        length += digits;
    }
    Some((Ipv4Addr::from_bits(bits), length))
}

fn address6(text: &[u8]) -> Option<(Ipv6Addr, usize)> {
    let is_part = |byte: &&u8| byte.is_ascii_hexdigit() || **byte == b':';
    let length = text.iter().take(ADDRESS6_BYTES_MAX + 1).take_while(is_part).count();
    let text = std::str::from_utf8(text.get(..length)?).ok()?;
    Some((text.parse().ok()?, length))
}

/// A host name that cannot be an address: it ends with a letter.
fn name(text: &[u8]) -> Option<&str> {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'.' | b'-' | b'_');
    let length = text.iter().take(NAME_BYTES_MAX + 1).take_while(is_part).count();
    let name = text.get(..length)?;
    let is_name = length <= NAME_BYTES_MAX && name.last().is_some_and(u8::is_ascii_alphabetic);
    std::str::from_utf8(name).ok().filter(|_| is_name)
}

/// Printable ASCII up to the quote, with a letter at its end or a slash.
fn url(text: &[u8]) -> Option<&str> {
    let is_part = |byte: &&u8| byte.is_ascii_graphic() && !matches!(**byte, b'"' | b'\\');
    let length = text.iter().take(URL_BYTES_MAX + 1).take_while(is_part).count();
    let is_url = (1..=URL_BYTES_MAX).contains(&length) && text.get(length) == Some(&b'"');
    std::str::from_utf8(text.get(..length)?).ok().filter(|_| is_url)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn addresses_are_those_of_the_standard_library(text in "[0-9.]{1,16}") {
            let whole = address4(text.as_bytes()).filter(|(_, length)| *length == text.len());
            prop_assert_eq!(whole.map(|(address, _)| address), text.parse().ok());
        }

        #[test]
        fn every_address_is_read(bits: u32, rest in "[\": ]") {
            let text = format!("{}{rest}", Ipv4Addr::from_bits(bits));
            prop_assert_eq!(
                address4(text.as_bytes()),
                Some((Ipv4Addr::from_bits(bits), text.len() - 1))
            );
        }
    }

    #[test]
    fn ports_are_plain_numbers() {
        assert_eq!(port(b"443,"), Some((443, 3)));
        assert_eq!(port(b"0\""), Some((0, 1)));
        for text in ["", "00", "0443", "65536", "123456", "-1", "+1", " 1"] {
            assert_eq!(port(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn names_are_no_addresses() {
        assert_eq!(name(b"www.example.com:443"), Some("www.example.com"));
        for text in ["192.0.2.7", "", "example.com.", "a1", ":"] {
            assert_eq!(name(text.as_bytes()), None, "{text}");
        }
    }
}
