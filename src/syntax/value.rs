//! The value languages of rules: addresses, ports, `Https:443`, name and URL patterns.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use nom::branch::alt;
use nom::bytes::complete::{take_while, take_while1};
use nom::character::complete::{char, multispace0, multispace1, satisfy};
use nom::combinator::{all_consuming, eof, opt, peek, recognize, value};
use nom::error::context;
use nom::sequence::{delimited, pair, preceded, terminated};
use nom::{IResult, Parser};

use super::single::{one_value, placeholder};
use super::trouble::{Parsed, Trouble, finished};
use crate::net::{ApplicationProtocol, FqdnPattern, IpRange, PortRange, RuleProtocol, UrlPattern};
use crate::policy::{Address, Application};

/// Why a text is no value of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ValueError {
    /// Lower case, no final stop, user text in backticks.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Where in the text, in bytes.
    pub offset: usize,
}

/// An address entry and whether it said more than it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedAddress {
    pub address: Address,
    /// The prefix was written with bits set behind its length: `10.0.0.4/24` for `10.0.0.0/24`.
    pub host_bits: bool,
    /// One address was written as a range from it to itself.
    pub is_range_of_one: bool,
}

/// An entry of an address list: `*`, `10.0.0.4`, `10.0.0.0/8`, `10.0.0.4-10.0.0.9` or a service tag.
///
/// ```
/// let parsed = azfw::syntax::value::address("10.0.0.4/24").unwrap();
/// assert_eq!(parsed.address.to_string(), "10.0.0.0/24");
/// assert!(parsed.host_bits);
/// ```
///
/// # Errors
/// The text is no entry of an address list.
pub fn address(text: &str) -> Result<ParsedAddress, ValueError> {
    if let Some(plain) = plain_ipv4(text) {
        return Ok(plain);
    }
    one_value(text)?;
    whole(text, alt((value(ParsedAddress::new(Address::Any), char('*')), tag, addresses)))
}

/// One IP address, with or without brackets.
///
/// # Errors
/// The text is no IP address.
pub fn ip_address(text: &str) -> Result<IpAddr, ValueError> {
    one_value(text)?;
    whole(text, ip)
}

/// `443`, `8000-8999` or `*`.
///
/// # Errors
/// The text is no port and no range of ports.
pub fn port_range(text: &str) -> Result<PortRange, ValueError> {
    if let Some(port) = plain_number(text) {
        return Ok(PortRange::single(port));
    }
    one_value(text)?;
    whole(text, alt((value(PortRange::ALL, char('*')), ports)))
}

/// One port.
///
/// # Errors
/// The text is no number from 0 to 65535.
pub fn port(text: &str) -> Result<u16, ValueError> {
    one_value(text)?;
    whole(text, port_number)
}

/// `Https:443`; without a port the protocol's default.
///
/// # Errors
/// The text names no protocol of application rules, or no port behind it.
pub fn application(text: &str) -> Result<Application, ValueError> {
    one_value(text)?;
    whole(text, application_value)
}

/// A target FQDN. A pattern that Azure refuses is a [`FqdnPattern::Invalid`], no error.
///
/// # Errors
/// The text is empty, a list or a placeholder.
pub fn fqdn_pattern(text: &str) -> Result<FqdnPattern, ValueError> {
    one_value(text)?;
    FqdnPattern::new(text).ok_or_else(|| missing("a name such as `www.contoso.com`"))
}

/// A target URL. A pattern that Azure refuses is a [`UrlPattern::Invalid`], no error.
///
/// # Errors
/// The text is empty or a placeholder.
pub fn url_pattern(text: &str) -> Result<UrlPattern, ValueError> {
    placeholder(text)?;
    UrlPattern::new(text).ok_or_else(|| missing("a URL such as `www.contoso.com/path/*`"))
}

/// `TCP`, `UDP`, `ICMP` or `Any`, in any case.
///
/// # Errors
/// The text names no protocol of network and DNAT rules.
pub fn rule_protocol(text: &str) -> Result<RuleProtocol, ValueError> {
    one_value(text)?;
    whole(text, rule_protocol_value)
}

impl ParsedAddress {
    fn new(address: Address) -> Self {
        Self { address, host_bits: false, is_range_of_one: false }
    }
}

/// What nearly all entries are: an IPv4 address, alone or with a prefix length. The grammar reads
/// them alike; this is for speed.
fn plain_ipv4(text: &str) -> Option<ParsedAddress> {
    let (address, length) = text.split_once('/').unwrap_or((text, ""));
    let address: Ipv4Addr = address.parse().ok()?;
    if address_only(text, length) {
        return Some(ParsedAddress::new(Address::Range(IpRange::single(address.into()))));
    }
    let net = Ipv4Net::new(address, plain_number(length)?).ok()?;
    let host_bits = net.network() != address;
    let address = Address::Range(IpNet::V4(net).into());
    Some(ParsedAddress { host_bits, ..ParsedAddress::new(address) })
}

fn address_only(text: &str, length: &str) -> bool {
    length.is_empty() && !text.ends_with('/')
}

/// A number of digits alone.
fn plain_number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

// value = *space item *space
fn whole<'a, T>(
    text: &'a str,
    item: impl Parser<&'a str, Output = T, Error = Trouble<'a>>,
) -> Result<T, ValueError> {
    let result: Parsed<'a, T> =
        all_consuming(delimited(multispace0, item, multispace0)).parse(text);
    finished(text, result)
}

// tag = letter *(letter / digit / "." / "_" / "-")
fn tag(input: &str) -> Parsed<'_, ParsedAddress> {
    let name = pair(
        satisfy(|c| c.is_ascii_alphabetic()),
        take_while(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')),
    );
    // An IPv6 address can begin like a tag; a `:` or `/` follows then.
    let (input, name) = terminated(recognize(name), peek(alt((eof, multispace1)))).parse(input)?;
    Ok((input, ParsedAddress::new(Address::ServiceTag(name.into()))))
}

// addresses = ip ["/" length / "-" ip]
fn addresses(input: &str) -> Parsed<'_, ParsedAddress> {
    let (rest, first) = ip(input)?;
    if let (rest, Some(_)) = opt(char::<&str, Trouble<'_>>('/')).parse(rest)? {
        return prefix(first, rest);
    }
    let (rest, dash) = opt(dash).parse(rest)?;
    if dash.is_none() {
        return Ok((rest, ParsedAddress::new(Address::Range(IpRange::single(first)))));
    }
    let (after, last) = ip(rest)?;
    match IpRange::new(first, last) {
        Some(range) => {
            let is_range_of_one = first == last;
            let parsed = ParsedAddress::new(Address::Range(range));
            Ok((after, ParsedAddress { is_range_of_one, ..parsed }))
        }
        None if first > last && first.is_ipv4() == last.is_ipv4() => {
            Trouble::new(rest, format!("the range ends at `{last}`, below its start `{first}`"))
                .with_help(format!("write `{last}-{first}`"))
                .fatal()
        }
        None => Trouble::new(rest, "a range cannot mix IPv4 and IPv6")
            .with_help("write one range for each family")
            .fatal(),
    }
}

fn prefix(address: IpAddr, input: &str) -> Parsed<'_, ParsedAddress> {
    let digits = take_while1(|c: char| c.is_ascii_digit() || c == '.');
    let (rest, length) = context("a prefix length such as `24`", digits).parse(input)?;
    let longest: u8 = if address.is_ipv4() { 32 } else { 128 };
    if let Some(length) = length.parse().ok().filter(|&length: &u8| length <= longest)
        && let Ok(net) = IpNet::new(address, length)
    {
        let host_bits = net.network() != address;
        let address = Address::Range(net.into());
        return Ok((rest, ParsedAddress { host_bits, ..ParsedAddress::new(address) }));
    }
    let mask = length.parse().ok().and_then(|mask| ipnet::ip_mask_to_prefix(mask).ok());
    let help = match mask {
        Some(length) if address.is_ipv4() => format!("write `{address}/{length}`"),
        Some(_) | None => format!("write `/0` to `/{longest}`"),
    };
    Trouble::new(input, format!("`{length}` is no prefix length")).with_help(help).fatal()
}

// ip = "[" ip-text "]" / ip-text
fn ip(input: &str) -> Parsed<'_, IpAddr> {
    alt((delimited(char('['), ip_text, char(']')), ip_text)).parse(input)
}

// ip-text = 1*(hex digit / "." / ":")
fn ip_text(input: &str) -> Parsed<'_, IpAddr> {
    let token = take_while1(|c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':'));
    let (rest, text) = context("an IP address", token).parse(input)?;
    match text.parse() {
        Ok(address) => Ok((rest, address)),
        Err(_) => Trouble::new(input, format!("`{text}` is no IP address"))
            .with_help(ip_help(text))
            .fatal(),
    }
}

fn ip_help(text: &str) -> &'static str {
    if text.contains(':') {
        return "an IPv6 address has eight groups of up to four hex digits, or `::` for left out ones";
    }
    let parts = text.split('.').count();
    if parts == 4 && text.split('.').any(|part| part.len() > 1 && part.starts_with('0')) {
        return "write the numbers without leading zeros";
    }
    if parts == 4 {
        return "each of the four numbers is 0 to 255";
    }
    "an IPv4 address has four numbers of 0 to 255 with dots between them"
}

// dash = *space "-" *space
fn dash(input: &str) -> Parsed<'_, char> {
    delimited(multispace0, char('-'), multispace0).parse(input)
}

// ports = port ["-" port]
fn ports(input: &str) -> Parsed<'_, PortRange> {
    let (rest, first) = port_number(input)?;
    let (rest, dash) = opt(dash).parse(rest)?;
    if dash.is_none() {
        return Ok((rest, PortRange::single(first)));
    }
    let (after, last) = port_number(rest)?;
    match PortRange::new(first, last) {
        Some(range) => Ok((after, range)),
        None => Trouble::new(rest, "expected a last port not below the first")
            .with_help(format!("write `{last}-{first}`"))
            .fatal(),
    }
}

// port = 1*digit
fn port_number(input: &str) -> Parsed<'_, u16> {
    let digits = take_while1(|c: char| c.is_ascii_digit());
    let (rest, digits) = context("a port (0 to 65535)", digits).parse(input)?;
    match digits.parse() {
        Ok(port) => Ok((rest, port)),
        Err(_) => Trouble::new(input, format!("port `{digits}` is above 65535"))
            .with_help("write a number from 0 to 65535")
            .fatal(),
    }
}

// application = word [":" port]
fn application_value(input: &str) -> Parsed<'_, Application> {
    let (rest, name) = context("`http`, `https` or `mssql`", word).parse(input)?;
    let Some(protocol) = ApplicationProtocol::from_text(name) else {
        return Trouble::new(input, format!("`{name}` is no protocol of an application rule"))
            .with_help("write `http:80`, `https:443` or `mssql:1433`")
            .fatal();
    };
    let colon = delimited(multispace0, char(':'), multispace0);
    let (rest, port) = opt(preceded(colon, nom::combinator::cut(port_number))).parse(rest)?;
    Ok((rest, Application { protocol, port: port.unwrap_or(protocol.default_port()) }))
}

// rule-protocol = word
fn rule_protocol_value(input: &str) -> Parsed<'_, RuleProtocol> {
    let (rest, name) = context("`TCP`, `UDP`, `ICMP` or `Any`", word).parse(input)?;
    if let Some(protocol) = RuleProtocol::from_text(name) {
        return Ok((rest, protocol));
    }
    let help = match ApplicationProtocol::from_text(name) {
        Some(protocol) => {
            format!("write `TCP` and the destination port {}", protocol.default_port())
        }
        None => "write `TCP`, `UDP`, `ICMP` or `Any`".to_owned(),
    };
    Trouble::new(input, format!("`{name}` is no protocol of a network or DNAT rule"))
        .with_help(help)
        .fatal()
}

// word = 1*(letter / digit)
fn word(input: &str) -> IResult<&str, &str, Trouble<'_>> {
    take_while1(|c: char| c.is_ascii_alphanumeric()).parse(input)
}

fn missing(expected: &str) -> ValueError {
    ValueError { message: format!("expected {expected}"), help: None, offset: 0 }
}

/// Whether `text` can stand for a service tag: what [`address`] takes for one.
#[must_use]
pub fn is_service_tag(text: &str) -> bool {
    tag(text).is_ok_and(|(rest, _)| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn shown<T: std::fmt::Display>(result: Result<T, ValueError>) -> String {
        match result {
            Ok(value) => value.to_string(),
            Err(error) => {
                let help = error.help.map(|help| format!(" ({help})")).unwrap_or_default();
                format!("{}: {}{help}", error.offset, error.message)
            }
        }
    }

    #[track_caller]
    fn check_address(text: &str, expected: Expect) {
        let parsed = address(text).map(|parsed| {
            format!("{}{}", parsed.address, if parsed.host_bits { " host bits" } else { "" })
        });
        expected.assert_eq(&shown(parsed));
    }

    #[test]
    fn addresses_in_all_their_forms() {
        check_address("*", expect!["*"]);
        check_address(" 10.0.0.4 ", expect!["10.0.0.4"]);
        check_address("10.0.0.4/24", expect!["10.0.0.0/24 host bits"]);
        check_address("10.0.0.4/32", expect!["10.0.0.4"]);
        check_address("10.0.0.1 - 10.0.0.9", expect!["10.0.0.1-10.0.0.9"]);
        check_address("[2001:db8::1]", expect!["2001:db8::1"]);
        check_address("2001:db8::/32", expect!["2001:db8::/32"]);
        check_address("fe80::1-fe80::9", expect!["fe80::1-fe80::9"]);
        check_address("AzureCloud.WestEurope", expect!["AzureCloud.WestEurope"]);
    }

    #[test]
    fn what_is_no_address() {
        check_address(
            "10.0.0.300",
            expect!["0: `10.0.0.300` is no IP address (each of the four numbers is 0 to 255)"],
        );
        check_address(
            "10.0.0.04",
            expect!["0: `10.0.0.04` is no IP address (write the numbers without leading zeros)"],
        );
        check_address(
            "10.0.0",
            expect![
                "0: `10.0.0` is no IP address (an IPv4 address has four numbers of 0 to 255 with dots between them)"
            ],
        );
        check_address("10.0.0.0/33", expect!["9: `33` is no prefix length (write `/0` to `/32`)"]);
        check_address(
            "10.0.0.0/255.255.255.0",
            expect!["9: `255.255.255.0` is no prefix length (write `10.0.0.0/24`)"],
        );
        check_address(
            "10.0.0.9-10.0.0.1",
            expect![
                "9: the range ends at `10.0.0.1`, below its start `10.0.0.9` (write `10.0.0.1-10.0.0.9`)"
            ],
        );
        check_address(
            "10.0.0.9-::1",
            expect!["9: a range cannot mix IPv4 and IPv6 (write one range for each family)"],
        );
        check_address(
            "10.102.240.84, 10.102.240.85",
            expect![
                "13: `10.102.240.84, 10.102.240.85` is more than one value (write each value as an entry of its own)"
            ],
        );
        check_address("10.0.0.1 10.0.0.2", expect!["9: unexpected text `10.0.0.2`"]);
        check_address(
            "<your-subnet>",
            expect!["0: `<your-subnet>` is a placeholder (put the real value in its place)"],
        );
        check_address("", expect!["0: expected an IP address"]);
        check_address("2001:db8::g", expect!["10: unexpected text `g`"]);
    }

    #[track_caller]
    fn check_ports(text: &str, expected: Expect) {
        expected.assert_eq(&shown(port_range(text)));
    }

    #[test]
    fn ports() {
        check_ports("443", expect!["443"]);
        check_ports("8000 - 8999", expect!["8000-8999"]);
        check_ports("0-65535", expect!["*"]);
        check_ports(
            "70000",
            expect!["0: port `70000` is above 65535 (write a number from 0 to 65535)"],
        );
        check_ports(
            "443-80",
            expect!["4: expected a last port not below the first (write `80-443`)"],
        );
        check_ports("443-", expect!["4: expected a port (0 to 65535)"]);
        check_ports("https", expect!["0: expected a port (0 to 65535)"]);
        check_ports(
            "80,443",
            expect!["2: `80,443` is more than one value (write each value as an entry of its own)"],
        );
    }

    #[test]
    fn protocols() {
        expect!["Https:443"].assert_eq(&shown(application("https")));
        expect!["Mssql:1500"].assert_eq(&shown(application("MSSQL : 1500")));
        expect!["0: `ftp` is no protocol of an application rule (write `http:80`, `https:443` or `mssql:1433`)"].assert_eq(&shown(application("ftp:21")));
        expect!["6: expected a port (0 to 65535)"].assert_eq(&shown(application("https:")));
        expect!["TCP"].assert_eq(&shown(rule_protocol("tcp")));
        expect!["0: `HTTPS` is no protocol of a network or DNAT rule (write `TCP` and the destination port 443)"].assert_eq(&shown(rule_protocol("HTTPS")));
        expect!["3: unexpected text `/udp`"].assert_eq(&shown(rule_protocol("tcp/udp")));
    }

    #[test]
    fn names_and_urls() {
        expect!["*.contoso.com"].assert_eq(&shown(fqdn_pattern("*.Contoso.com")));
        expect!["www.contoso.*"].assert_eq(&shown(fqdn_pattern("www.contoso.*")));
        expect!["13: `a.example.com, b.example.com` is more than one value (write each value as an entry of its own)"].assert_eq(&shown(fqdn_pattern("a.example.com, b.example.com")));
        expect!["0: expected a name such as `www.contoso.com`"]
            .assert_eq(&shown(fqdn_pattern("  ")));
        expect!["www.contoso.com/test/*"].assert_eq(&shown(url_pattern("www.contoso.com/test/*")));
        expect!["0: `{{host}}/path` is a placeholder (put the real value in its place)"]
            .assert_eq(&shown(url_pattern("{{host}}/path")));
    }

    fn some_ip() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            any::<[u8; 4]>().prop_map(IpAddr::from),
            any::<[u8; 16]>().prop_map(IpAddr::from)
        ]
    }

    proptest! {
        #[test]
        fn the_short_ways_read_as_the_grammar(
            text in "[0-9]{1,3}[.][0-9]{1,2}[.][0-9]{1,2}[.][0-9]{1,3}(/[0-9]{0,3})?", digits in "[0-9+ ]{0,6}",
        ) {
            if let Some(plain) = plain_ipv4(&text) {
                prop_assert_eq!(whole(&text, addresses), Ok(plain));
            }
            if let Some(port) = plain_number(&digits) {
                prop_assert_eq!(whole(&digits, super::ports), Ok(PortRange::single(port)));
            }
        }

        #[test]
        fn a_printed_address_reads_back(
            first in some_ip(), last in some_ip(), tag in "[A-Za-z][A-Za-z0-9._-]{0,9}",
        ) {
            let range = IpRange::new(first, last).unwrap_or_else(|| IpRange::single(first));
            for value in [Address::Any, Address::Range(range), Address::ServiceTag(tag.into())] {
                prop_assert_eq!(address(&value.to_string()).unwrap().address, value);
            }
            prop_assert_eq!(ip_address(&first.to_string()).unwrap(), first);
        }

        #[test]
        fn printed_ports_and_protocols_read_back(first: u16, last: u16) {
            let range = PortRange::new(first, last).unwrap_or_else(|| PortRange::single(first));
            prop_assert_eq!(port_range(&range.to_string()).unwrap(), range);
            for protocol in [ApplicationProtocol::Http, ApplicationProtocol::Mssql] {
                let value = Application { protocol, port: first };
                prop_assert_eq!(application(&value.to_string()).unwrap(), value);
            }
        }

        #[test]
        fn a_printed_pattern_reads_back(text in r"[*]?[a-zA-Z0-9.\-*/:]{0,12}") {
            if let Ok(pattern) = fqdn_pattern(&text) {
                prop_assert_eq!(fqdn_pattern(&pattern.to_string()).unwrap(), pattern);
            }
            if let Ok(pattern) = url_pattern(&text) {
                prop_assert_eq!(url_pattern(&pattern.to_string()).unwrap(), pattern);
            }
        }

        #[test]
        fn no_text_makes_a_parser_panic(text in r"[0-9a-fA-F.:/*\[\]<>,\- \PC]{0,24}") {
            let results = [
                address(&text).err(), ip_address(&text).err(), port_range(&text).err(),
                port(&text).err(), application(&text).err(), fqdn_pattern(&text).err(),
                url_pattern(&text).err(), rule_protocol(&text).err(),
            ];
            for error in results.into_iter().flatten() {
                prop_assert!(error.offset <= text.len() && !error.message.is_empty());
            }
        }
    }
}
