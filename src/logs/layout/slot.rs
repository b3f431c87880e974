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
    /// The name in a DNS query, most often with its final dot.
    QueryName,
    Query(QueryNumber),
    /// How many seconds a DNS answer took.
    Seconds,
    Url,
    /// A URL in the sentence of a legacy record, which goes on behind it.
    SentenceUrl,
}

/// A number that differs from one DNS query to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QueryNumber {
    Id,
    RequestSize,
    ResponseSize,
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
    /// Plain ASCII.
    pub(in crate::logs) name: Option<&'a [u8]>,
    pub(in crate::logs) url: Option<&'a str>,
    pub(in crate::logs) query: Query,
}

/// The numbers of a DNS query.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::logs) struct Query {
    pub(in crate::logs) id: Option<u32>,
    pub(in crate::logs) request_size: Option<u32>,
    pub(in crate::logs) response_size: Option<u32>,
    pub(in crate::logs) seconds: Option<f64>,
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
            Self::QueryName => {
                let name = query_name(text)?;
                slots.name = Some(name);
                Some(name.len())
            }
            Self::Query(which) => {
                let (value, length) = whole(text)?;
                *slots.query.number(which) = Some(value);
                Some(length)
            }
            Self::Seconds => {
                let (value, length) = seconds(text)?;
                slots.query.seconds = Some(value);
                Some(length)
            }
            Self::Url => {
                let url = url(text)?;
                slots.url = Some(url);
                Some(url.len())
            }
            Self::SentenceUrl => {
                let url = sentence_url(text)?;
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

impl Query {
    fn number(&mut self, which: QueryNumber) -> &mut Option<u32> {
        match which {
            QueryNumber::Id => &mut self.id,
            QueryNumber::RequestSize => &mut self.request_size,
            QueryNumber::ResponseSize => &mut self.response_size,
        }
    }
}

/// For each byte that is no digit, its highest bit.
#[inline]
fn stops(word: u64) -> u64 {
    const HIGHEST: u64 = 0x8080_8080_8080_8080;
    // A digit is 0x30 to 0x39: without its 3 it is at most 9, and 9 + 0x76 has no highest bit yet.
    let digits = word ^ 0x3030_3030_3030_3030;
    let low_bits = digits & !HIGHEST;
    (low_bits.wrapping_add(0x7676_7676_7676_7676) | digits) & HIGHEST
}

/// The number that the first `digits` of eight bytes write, at most eight.
#[inline]
fn value(word: u64, digits: u32) -> u64 {
    // Bytes in front of the digits count as zero.
    let word = word.wrapping_shl(64_u32.wrapping_sub(8 * digits)) & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff
}

/// The number that `text` begins with, and how many digits it has: one to seven.
#[inline]
pub(super) fn number(text: &[u8]) -> Option<(u64, u32)> {
    let window = window(text);
    let word = u64::from_le_bytes(window);
    let digits = stops(word).trailing_zeros() / 8;
    (1..8).contains(&digits).then(|| (value(word, digits), digits))
}

/// The first `N` bytes, with zeros where the text has less.
#[inline]
fn window<const N: usize>(text: &[u8]) -> [u8; N] {
    text.first_chunk().copied().unwrap_or_else(|| {
        let mut window = [0; N];
        window.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        window
    })
}

fn port(text: &[u8]) -> Option<(u16, usize)> {
    let (value, length) = whole(text)?;
    Some((u16::try_from(value).ok()?, length))
}

/// A number of at most seven digits, as JSON writes it.
fn whole(text: &[u8]) -> Option<(u32, usize)> {
    let (value, digits) = number(text)?;
    let has_leading_zero = digits > 1 && text.first() == Some(&b'0');
    let value = u32::try_from(value).ok().filter(|_| !has_leading_zero)?;
    Some((value, digits as usize))
}

/// `0.000324423` or `9.2102e-05`, as JSON writes it. So few digits are exact, and so are the powers of
/// ten: the quotient is the number that is nearest, which every reader gives.
fn seconds(text: &[u8]) -> Option<(f64, usize)> {
    let (whole, mut length) = whole(text)?;
    let (mut digits, mut places) = (u64::from(whole), 0);
    let digits_at = |start: usize| {
        let rest = text.get(start..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        std::str::from_utf8(rest.get(..count)?).ok().filter(|text| !text.is_empty())
    };
    if text.get(length) == Some(&b'.') {
        let fraction = digits_at(length + 1)?;
        (places, length) = (fraction.len(), length + 1 + fraction.len());
        let shifted = digits.checked_mul(10_u64.checked_pow(u32::try_from(places).ok()?)?)?;
        digits = shifted.checked_add(fraction.parse().ok()?)?;
    }
    if text.get(length..)?.starts_with(b"e-") {
        let exponent = digits_at(length + 2)?;
        length += 2 + exponent.len();
        places = places.checked_add(exponent.parse().ok()?)?;
    }
    #[expect(clippy::cast_precision_loss, reason = "it has fewer bits than the mantissa")]
    let digits = (digits < 1 << f64::MANTISSA_DIGITS).then_some(digits as f64)?;
    Some((digits / POWERS.get(places)?, length))
}

/// The powers of ten that are exact.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// For each of eight bytes that is no digit, a bit.
#[inline]
fn stop_bits(bytes: [u8; 8]) -> u64 {
    // The multiplication brings the lowest bits of the bytes together.
    (stops(u64::from_le_bytes(bytes)) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// Numbers in addresses have one to three digits, and a processor guesses wrongly how many. So
/// nothing here branches on it.
#[expect(clippy::needless_bitwise_bool, reason = "the lazy operators branch")]
fn address4(text: &[u8]) -> Option<(Ipv4Addr, usize)> {
    let Some(window) = text.first_chunk::<16>() else {
        return address4(&window::<16>(text));
    };
    // Sixteen bytes hold every address and the byte behind it.
    #[expect(clippy::indexing_slicing, reason = "a remainder of sixteen is a place in sixteen")]
    let at = |place: u32| u32::from(window[place as usize % 16]);
    let ([low, high], _) = window.as_chunks::<8>() else { return None };
    let mut stops = stop_bits(*low) | stop_bits(*high) << 8 | 1 << 16;
    let (mut bits, mut start, mut is_wrong) = (0_u32, 0_u32, false);
    for index in 0..4 {
        let stop = stops.trailing_zeros();
        let digits = stop.wrapping_sub(start);
        let digit = |back: u32| {
            let digit = at(stop.wrapping_sub(back)).wrapping_sub(u32::from(b'0'));
            if back <= digits { digit } else { 0 }
        };
        let tens = digit(2).wrapping_mul(10).wrapping_add(digit(3).wrapping_mul(100));
        let octet = digit(1).wrapping_add(tens);
        let has_leading_zero = (digits > 1) & (at(start) == u32::from(b'0'));
        let is_ended = (index == 3) | (at(stop) == u32::from(b'.'));
        is_wrong |= (digits.wrapping_sub(1) > 2) | (octet > 255) | has_leading_zero | !is_ended;
        bits = bits << 8 | octet & 0xff;
        start = stop + 1;
        stops &= stops.wrapping_sub(1);
    }
    (!is_wrong).then(|| (Ipv4Addr::from_bits(bits), start.saturating_sub(1) as usize))
}

fn address6(text: &[u8]) -> Option<(Ipv6Addr, usize)> {
    let is_part = |byte: &&u8| byte.is_ascii_hexdigit() || **byte == b':';
    let length = text.iter().take(ADDRESS6_BYTES_MAX + 1).take_while(is_part).count();
    let text = std::str::from_utf8(text.get(..length)?).ok()?;
    Some((text.parse().ok()?, length))
}

/// Whether a byte is part of a host name.
const IN_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    loop {
        #[expect(clippy::indexing_slicing, reason = "the table has a place for every byte")]
        let place = &mut table[byte as usize];
        *place = byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};

/// A host name that cannot be an address: it ends with a letter. It is plain ASCII.
fn name(text: &[u8]) -> Option<&[u8]> {
    let name = in_name(text)?;
    is_name(name).then_some(name)
}

/// The same with or without a final dot.
fn query_name(text: &[u8]) -> Option<&[u8]> {
    let name = in_name(text)?;
    is_name(name.strip_suffix(b".").unwrap_or(name)).then_some(name)
}

/// What may be a name, with one byte more than it may have.
fn in_name(text: &[u8]) -> Option<&[u8]> {
    let window = text.get(..NAME_BYTES_MAX + 2).unwrap_or(text);
    #[expect(clippy::indexing_slicing, reason = "the table has a place for every byte")]
    let is_end = |byte: &u8| !IN_NAME[usize::from(*byte)];
    text.get(..window.iter().position(is_end).unwrap_or(window.len()))
}

fn is_name(name: &[u8]) -> bool {
    name.len() <= NAME_BYTES_MAX && name.last().is_some_and(u8::is_ascii_alphabetic)
}

/// Printable ASCII up to the quote.
fn url(text: &[u8]) -> Option<&str> {
    let (url, rest) = in_url(text)?;
    (!url.is_empty() && rest.first() == Some(&b'"')).then_some(url)
}

/// The same up to the full stop and the blank behind it.
fn sentence_url(text: &[u8]) -> Option<&str> {
    let (url, rest) = in_url(text)?;
    let url = url.strip_suffix('.').filter(|url| !url.is_empty())?;
    (rest.first() == Some(&b' ')).then_some(url)
}

/// What may be a URL, and what stands behind it.
fn in_url(text: &[u8]) -> Option<(&str, &[u8])> {
    let is_part = |byte: &&u8| byte.is_ascii_graphic() && !matches!(**byte, b'"' | b'\\');
    let length = text.iter().take(URL_BYTES_MAX + 1).take_while(is_part).count();
    let (url, rest) = text.split_at_checked(length).filter(|_| length <= URL_BYTES_MAX)?;
    Some((std::str::from_utf8(url).ok()?, rest))
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
        fn every_address_is_read(bits: u32, rest in "([\": ].{0,20})?") {
            let text = format!("{}{rest}", Ipv4Addr::from_bits(bits));
            prop_assert_eq!(
                address4(text.as_bytes()),
                Some((Ipv4Addr::from_bits(bits), text.len() - rest.len()))
            );
        }
    }

    proptest! {
        #[test]
        fn numbers_are_those_of_the_standard_library(text in "[0-9]{1,9}.{0,9}|.{0,9}") {
            let digits = text.bytes().take_while(u8::is_ascii_digit).count();
            let expected = (1..8).contains(&digits).then(|| text[..digits].parse().unwrap());
            prop_assert_eq!(number(text.as_bytes()).map(|(value, _)| value), expected);
        }

        #[test]
        fn ports_are_those_of_the_standard_library(text in "[0-9]{1,6}") {
            let is_plain = text == "0" || !text.starts_with('0');
            let expected = text.parse().ok().filter(|_| is_plain).map(|port| (port, text.len()));
            prop_assert_eq!(port(text.as_bytes()), expected);
        }
    }

    proptest! {
        #[test]
        fn seconds_are_what_the_readers_of_json_and_of_text_give(
            text in "(0|[1-9][0-9]{0,3})(\\.[0-9]{1,20})?(e-[0-9]{1,2})?"
        ) {
            if let Some((value, length)) = seconds(text.as_bytes()) {
                prop_assert_eq!(length, text.len());
                prop_assert_eq!(Ok(value), text.parse());
                prop_assert_eq!(Some(value), serde_json::from_str(&text).ok());
            }
        }

        #[test]
        fn seconds_as_logs_write_them_are_read(text in "[0-9]\\.[0-9]{1,10}(e-0[0-9])?") {
            prop_assert!(seconds(text.as_bytes()).is_some());
        }
    }

    #[test]
    fn seconds_are_plain_numbers() {
        assert_eq!(seconds(b"0.000324423s"), Some((3.244_23e-4, 11)));
        assert_eq!(seconds(b"9.2102e-05,"), Some((9.2102e-5, 10)));
        assert_eq!(seconds(b"3}"), Some((3.0, 1)));
        for text in ["", ".5", "1.", "01.5", "-1", "1.5e-", "1e-400", "0.12345678901234567"] {
            assert_eq!(seconds(text.as_bytes()), None, "{text}");
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
        assert_eq!(name(b"www.example.com:443"), Some(&b"www.example.com"[..]));
        for text in ["192.0.2.7", "", "example.com.", "a1", ":"] {
            assert_eq!(name(text.as_bytes()), None, "{text}");
        }
        assert_eq!(query_name(b"example.com. udp"), Some(&b"example.com."[..]));
        assert_eq!(query_name(b"example.com\""), Some(&b"example.com"[..]));
        for text in ["192.0.2.7.", "", ".", "a..", &"a".repeat(254)] {
            assert_eq!(query_name(text.as_bytes()), None, "{text}");
        }
    }
}
