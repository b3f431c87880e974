//! Flows as people and programs write them: flow notation, JSON objects, CSV rows.

pub mod csv;
pub mod json;
mod print;
mod properties;

use std::net::IpAddr;

use nom::Parser;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{multispace0, multispace1};
use nom::combinator::all_consuming;
use nom::error::context;
use nom::multi::many0;
use nom::sequence::{delimited, preceded};

use self::properties::{with_words, word};
use super::spelling::closest;
use super::trouble::{Parsed, Trouble, finished};
use super::value::{self, ValueError};
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::Fqdn;

pub use print::print_flow;

/// The word in front of an expected flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExpectedVerdict {
    Allow,
    Deny,
    Undecided,
}

impl ExpectedVerdict {
    /// The word as written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Undecided => "undecided",
        }
    }
}

/// A flow in flow notation: `https 10.240.0.12 -> mcr.example.com:443`.
///
/// ```
/// let flow = azfw::syntax::flow::flow("https 10.240.0.12 -> mcr.example.com").unwrap();
/// assert_eq!(flow.port, Some(443));
/// assert_eq!(azfw::syntax::flow::print_flow(&flow), "https 10.240.0.12 -> mcr.example.com:443");
/// ```
///
/// # Errors
/// The text is no flow.
pub fn flow(text: &str) -> Result<Flow, ValueError> {
    finished(text, all_consuming(delimited(multispace0, flow_line, multispace0)).parse(text))
}

// flow = protocol ip [":" port] "->" target *(space key "=" value)
fn flow_line(input: &str) -> Parsed<'_, Flow> {
    let (after_protocol, protocol) = protocol(input)?;
    let (rest, _) = context("a space behind the protocol", multispace1).parse(after_protocol)?;
    let (rest, (source, source_port)) = source(rest)?;
    let mut flow = Flow::new(protocol, source);
    flow.source_port = source_port.unwrap_or_default();
    let mut arrow =
        delimited(multispace0, context("`->` behind the source", tag("->")), multispace0);
    let (target_start, _) = arrow.parse(rest)?;
    let (rest, (target, port)) = target(target_start)?;
    match target {
        Target::Address(address) => flow.destination = Some(address),
        Target::Name(name) => flow.name = Name::Known(name),
        Target::Unknown => {}
    }
    if let Some(port) = port {
        flow.port = port;
    }
    if !protocol.has_ports() && (flow.port.is_some() || flow.source_port.is_some()) {
        return Trouble::new(target_start, format!("`{protocol}` has no ports"))
            .with_help("leave the port out")
            .fatal();
    }
    let (rest, words) = many0(preceded(multispace1, word)).parse(rest)?;
    match with_words(flow, words) {
        Ok(flow) => Ok((rest, flow)),
        Err(trouble) => trouble.fatal(),
    }
}

// protocol = word
fn protocol(input: &str) -> Parsed<'_, FlowProtocol> {
    let word = take_while1(|c: char| c.is_ascii_alphanumeric());
    let (rest, text) = context("a protocol such as `tcp` or `https`", word).parse(input)?;
    if let Some(protocol) = FlowProtocol::from_text(text) {
        return Ok((rest, protocol));
    }
    let known = ["tcp", "udp", "icmp", "http", "https", "mssql", "gre", "esp", "sctp"];
    let help = match closest(text, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write `tcp`, `udp`, `icmp`, `http`, `https`, `mssql` or an IP protocol number"
            .to_owned(),
    };
    Trouble::new(input, format!("`{text}` is no protocol of a flow")).with_help(help).fatal()
}

/// A port behind an address: not written, unknown, or known.
type WrittenPort = Option<Option<u16>>;

// source = ip [":" port]
fn source(input: &str) -> Parsed<'_, (IpAddr, WrittenPort)> {
    let (rest, text) = context("a source address", endpoint_text).parse(input)?;
    let (host, port) = split_port(input, text)?.1;
    match value::ip_address(host) {
        Ok(address) => Ok((rest, (address, port))),
        Err(error) => Trouble::new(input, format!("source: {}", error.message))
            .with_help(error.help.unwrap_or_else(|| "a flow has one source address".to_owned()))
            .fatal(),
    }
}

#[derive(Debug)]
enum Target {
    Address(IpAddr),
    Name(Fqdn),
    Unknown,
}

// target = ("?" / ip / name) [":" port]
fn target(input: &str) -> Parsed<'_, (Target, WrittenPort)> {
    let (rest, text) =
        context("an address, a name or `?` behind `->`", endpoint_text).parse(input)?;
    let (host, port) = split_port(input, text)?.1;
    if host == "?" {
        return Ok((rest, (Target::Unknown, port)));
    }
    if let Ok(address) = value::ip_address(host) {
        return Ok((rest, (Target::Address(address), port)));
    }
    if is_plain_name(host)
        && let Some(name) = Fqdn::new(host)
    {
        return Ok((rest, (Target::Name(name), port)));
    }
    let help = if host.contains('/') {
        "write the name alone and the URL behind it: `-> www.example.com url=www.example.com/path`"
    } else if host.contains('*') {
        "a flow has one destination; write a name that the pattern would match"
    } else {
        "write an address, a name or `?` for an unknown destination"
    };
    Trouble::new(input, format!("`{host}` is neither an address nor a name"))
        .with_help(help)
        .fatal()
}

/// Whether `text` is a host name for sure: the last label of an address is a number.
fn is_plain_name(text: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let last = text.trim_end_matches('.').rsplit('.').next().unwrap_or("");
    text.chars().all(is_letter)
        && !text.contains("..")
        && !text.starts_with('.')
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

fn endpoint_text(input: &str) -> Parsed<'_, &str> {
    let end = input.find(|c: char| c.is_whitespace() || c == '#').unwrap_or(input.len());
    let (text, _) = input.split_at(end);
    let (text, rest) = input.split_at(text.find("->").unwrap_or(end));
    if text.is_empty() {
        return Err(nom::Err::Error(Trouble::new(input, "")));
    }
    Ok((rest, text))
}

/// `host:port` in its parts; an IPv6 address with a port needs brackets.
fn split_port<'a>(input: &'a str, text: &'a str) -> Parsed<'a, (&'a str, WrittenPort)> {
    if value::ip_address(text).is_ok() {
        return Ok((input, (text, None)));
    }
    let Some((host, port)) = text.rsplit_once(':') else { return Ok((input, (text, None))) };
    if port == "?" {
        return Ok((input, (host, Some(None))));
    }
    match value::port(port) {
        Ok(port) => Ok((input, (host, Some(Some(port))))),
        Err(error) => Trouble::new(input, format!("port: {}", error.message))
            .with_help("write one port from 0 to 65535")
            .fatal(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let shown = match flow(text) {
            Ok(flow) => print_flow(&flow),
            Err(error) => {
                let help = error.help.map(|help| format!(" ({help})")).unwrap_or_default();
                format!("{}: {}{help}", error.offset, error.message)
            }
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn flows() {
        check("tcp 10.240.0.12 -> 192.0.2.14:443", expect!["tcp 10.240.0.12 -> 192.0.2.14:443"]);
        check(
            "HTTPS 10.240.0.12->Registry.example.com",
            expect!["https 10.240.0.12 -> registry.example.com:443"],
        );
        check(
            "https 10.240.0.12 -> registry.example.com:?",
            expect!["https 10.240.0.12 -> registry.example.com:?"],
        );
        check("icmp 10.0.1.4 -> 10.2.0.1", expect!["icmp 10.0.1.4 -> 10.2.0.1"]);
        check(
            "tcp 10.0.0.4:50000 -> [2001:db8::1]:443",
            expect!["tcp 10.0.0.4:50000 -> [2001:db8::1]:443"],
        );
        check("tcp 2001:db8::4 -> 2001:db8::1", expect!["tcp 2001:db8::4 -> 2001:db8::1"]);
        check("47 10.0.0.4 -> 192.0.2.1", expect!["gre 10.0.0.4 -> 192.0.2.1"]);
        check("99 10.0.0.4 -> ?", expect!["99 10.0.0.4 -> ?"]);
        check("https 10.0.0.4 -> ? fqdn=none", expect!["https 10.0.0.4 -> ?:443 fqdn=none"]);
        check(
            "http 10.0.0.4 -> ? url=http://a.example.com:8080/x?y",
            expect!["http 10.0.0.4 -> a.example.com:80 host_port=8080 url=a.example.com:8080/x"],
        );
    }

    #[test]
    fn properties_of_flows() {
        check(
            "https 10.0.0.4 -> a.example.com:443 destination=192.0.2.7 host_port=8443",
            expect!["https 10.0.0.4 -> a.example.com:443 destination=192.0.2.7 host_port=8443"],
        );
        check(
            "tcp 10.0.0.4 -> 192.0.2.7:22 application=none threat_intel=true",
            expect!["tcp 10.0.0.4 -> 192.0.2.7:22 application=none threat_intel=true"],
        );
        check(
            "tcp 10.0.0.4 -> 192.0.2.7:22 idps=2008983:deny explicit_proxy=true",
            expect!["tcp 10.0.0.4 -> 192.0.2.7:22 idps=2008983:deny explicit_proxy=true"],
        );
        check(
            "https 10.0.0.4 -> ?:443 category=\"Social networking\" idps=alert",
            expect![[r#"https 10.0.0.4 -> ?:443 category="Social networking" idps=alert"#]],
        );
        check(
            "http 10.0.0.4 -> 192.0.2.7 fqdn=192.0.2.7",
            expect!["http 10.0.0.4 -> 192.0.2.7:80 fqdn=192.0.2.7"],
        );
    }

    #[test]
    fn what_is_no_flow() {
        check("", expect!["0: expected a protocol such as `tcp` or `https`"]);
        check(
            "tpc 10.0.0.4 -> 192.0.2.7:22",
            expect!["0: `tpc` is no protocol of a flow (did you mean `tcp`?)"],
        );
        check(
            "any 10.0.0.4 -> 192.0.2.7:22",
            expect![
                "0: `any` is no protocol of a flow (write `tcp`, `udp`, `icmp`, `http`, `https`, `mssql` or an IP protocol number)"
            ],
        );
        check(
            "tcp host -> 192.0.2.7:22",
            expect!["4: source: expected an IP address (a flow has one source address)"],
        );
        check(
            "tcp 10.0.0.0/24 -> 192.0.2.7:22",
            expect!["4: source: unexpected text `/24` (a flow has one source address)"],
        );
        check("tcp 10.0.0.4 192.0.2.7:22", expect!["13: expected `->` behind the source"]);
        check("tcp 10.0.0.4 -> ", expect!["16: expected an address, a name or `?` behind `->`"]);
        check(
            "tcp 10.0.0.4 -> 192.0.2.700:22",
            expect![
                "16: `192.0.2.700` is neither an address nor a name (write an address, a name or `?` for an unknown destination)"
            ],
        );
        check(
            "tcp 10.0.0.4 -> *.example.com:22",
            expect![
                "16: `*.example.com` is neither an address nor a name (a flow has one destination; write a name that the pattern would match)"
            ],
        );
        check(
            "tcp 10.0.0.4 -> www.example.com/path",
            expect![
                "16: `www.example.com/path` is neither an address nor a name (write the name alone and the URL behind it: `-> www.example.com url=www.example.com/path`)"
            ],
        );
        check(
            "tcp 10.0.0.4 -> 192.0.2.7:70000",
            expect!["16: port: port `70000` is above 65535 (write one port from 0 to 65535)"],
        );
        check(
            "icmp 10.0.0.4 -> 192.0.2.7:8",
            expect!["17: `icmp` has no ports (leave the port out)"],
        );
        check(
            "icmp 10.0.0.4:1 -> 192.0.2.7",
            expect!["19: `icmp` has no ports (leave the port out)"],
        );
        check(
            "https 10.0.0.4 -> a.example.com fqdn=b.example.com",
            expect!["32: `fqdn`: the name stands twice (the target behind `->` gives it already)"],
        );
        check(
            "tcp 10.0.0.4 -> 192.0.2.7:22 idps=drop",
            expect![
                "29: `idps`: `drop` is no mode of a signature (write `alert` or `deny`, with the signature before it: `2008983:deny`)"
            ],
        );
        check(
            "tcp 10.0.0.4 -> 192.0.2.7:22 host=a",
            expect![
                "29: `host` is no property of a flow (known are `destination`, `fqdn`, `host_port`, `url`, `application`, `category`, `threat_intel`, `idps`, `explicit_proxy`)"
            ],
        );
        check(
            "tcp 10.0.0.4 -> 192.0.2.7:22 explict_proxy=true",
            expect![
                "29: `explict_proxy` is no property of a flow (did you mean `explicit_proxy`?)"
            ],
        );
        check("tcp 10.0.0.4 -> 192.0.2.7:22 and more", expect!["29: unexpected text `and more`"]);
        check(
            "tcp 10.0.0.4 -> 192.0.2.7:22 application=https",
            expect![
                "29: `application`: `https` is not `none` (write the application protocol in place of `tcp`: `https`, `http` or `mssql`)"
            ],
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(
            text in r#"(allow |tcp |10\.0\.0\.4|->|\[|\]|:|::1|\?|=|"|fqdn=|idps=|\\|#|[ -~]|\PC| ){0,24}"#,
        ) {
            if let Err(error) = flow(&text) {
                prop_assert!(text.is_char_boundary(error.offset) && !error.message.is_empty());
            }
        }
    }
}
