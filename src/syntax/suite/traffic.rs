//! One flow, or all flows of a set: what a test speaks of.

use std::fmt;

use smol_str::SmolStr;

use crate::flow::{Flow, FlowProtocol};
use crate::net::{Fqdn, FqdnPattern, IpRange, PortRange};
use crate::policy::Address;
use crate::syntax::flow::{flow, print_flow};
use crate::syntax::value::{self, ValueError};

/// What a test is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Traffic {
    /// One flow, with what is known of it.
    Flow(Box<Flow>),
    /// Every flow of a set: all have to be treated as expected.
    Flows(Flows),
}

/// All flows from some sources to some targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flows {
    pub protocol: FlowProtocol,
    pub sources: Addresses,
    pub target: Target,
    /// `None`: not known, or a protocol without ports.
    pub ports: Option<PortRange>,
    /// Where names resolve to; `None`: anywhere.
    pub destination: Option<Addresses>,
}

/// A set of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    Any,
    /// What the Internet routes.
    Internet,
    Range(IpRange),
}

/// Where the flows of a set go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Addresses(Addresses),
    Names(FqdnPattern),
    /// The addresses of a service tag.
    ServiceTag(SmolStr),
    /// The names of an FQDN tag.
    FqdnTag(SmolStr),
    /// The addresses that a name resolves to.
    AddressesOf(Fqdn),
}

const SERVICE_TAG: &str = "service-tag:";
const FQDN_TAG: &str = "fqdn-tag:";
const ADDRESSES_OF: &str = "fqdn:";
const INTERNET: &str = "internet";
const DESTINATION: &str = "destination=";

/// Reads a flow in flow notation, or a set of flows in the same shape.
///
/// # Errors
/// The text is neither.
pub(super) fn traffic(text: &str) -> Result<Traffic, ValueError> {
    match parts(text) {
        Some(parts) if parts.is_set() => flows(&parts).map(Traffic::Flows),
        Some(_) | None => flow(text).map(|flow| Traffic::Flow(Box::new(flow))),
    }
}

/// The words of a line, each with its offset.
struct Parts<'a> {
    protocol: (usize, &'a str),
    source: (usize, &'a str),
    target: (usize, &'a str),
    words: Vec<(usize, &'a str)>,
}

fn parts(text: &str) -> Option<Parts<'_>> {
    let (before, behind) = text.split_once("->")?;
    let words_of = |text: &'_ str, start: usize| -> Vec<(usize, usize)> {
        let mut words = Vec::new();
        for word in text.split_whitespace() {
            // The words are slices of the text.
            let at = word.as_ptr() as usize - text.as_ptr() as usize;
            words.push((start + at, word.len()));
        }
        words
    };
    let word = |(at, length): (usize, usize)| Some((at, text.get(at..at + length)?));
    let [protocol, source] = words_of(before, 0).as_slice().try_into().ok()?;
    let mut rest = words_of(behind, before.len() + 2).into_iter().map(word);
    Some(Parts {
        protocol: word(protocol)?,
        source: word(source)?,
        target: rest.next()??,
        words: rest.collect::<Option<_>>()?,
    })
}

impl Parts<'_> {
    /// Whether an end names more than one flow could have.
    fn is_set(&self) -> bool {
        let target = self.target.1;
        let (host, port) = host_and_port(target);
        self.source.1.contains(['/', '*', '-'])
            || [SERVICE_TAG, FQDN_TAG, ADDRESSES_OF].iter().any(|mark| target.starts_with(mark))
            || host.contains('*')
            || host.eq_ignore_ascii_case(INTERNET)
            || (host.contains(['/', '-']) && value::address(host).is_ok_and(is_range))
            || port.is_some_and(|port| port.contains(['-', '*']))
            || self.words.iter().any(|(_, word)| {
                word.strip_prefix(DESTINATION).is_some_and(|place| {
                    place.eq_ignore_ascii_case(INTERNET) || place.contains('/')
                })
            })
    }
}

fn is_range(parsed: value::ParsedAddress) -> bool {
    matches!(parsed.address, Address::Range(_))
}

fn host_and_port(text: &str) -> (&str, Option<&str>) {
    if value::address(text).is_ok_and(is_range) {
        return (text, None);
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && !format!("{host}:").ends_with("tag:") => {
            (host, Some(port))
        }
        Some(_) | None => (text, None),
    }
}

fn flows(parts: &Parts<'_>) -> Result<Flows, ValueError> {
    let (at, word) = parts.protocol;
    let protocol = FlowProtocol::from_text(word).ok_or_else(|| {
        wrong(at, format!("`{word}` is no protocol of a flow"))
            .with("write `tcp`, `udp`, `icmp`, `http`, `https`, `mssql` or an IP protocol number")
    })?;
    let sources = addresses(parts.source, "source")?;
    let (at, word) = parts.target;
    let (host, port) = host_and_port(word);
    let target = target(at, host, protocol)?;
    let ports = ports(at, port, protocol)?;
    let mut destination = None;
    for &(at, word) in &parts.words {
        let Some(place) = word.strip_prefix(DESTINATION) else {
            return Err(wrong(at, format!("`{word}` cannot be said of a set of flows"))
                .with("a set takes `destination=PREFIX` and `destination=internet`"));
        };
        destination = Some(addresses((at + DESTINATION.len(), place), "destination")?);
    }
    let goes_by_name =
        matches!(target, Target::Names(_) | Target::FqdnTag(_) | Target::AddressesOf(_));
    if destination.is_some() && !goes_by_name {
        return Err(
            wrong(at, "the target gives the destination already").with("leave `destination=…` out")
        );
    }
    Ok(Flows { protocol, sources, target, ports, destination })
}

fn addresses((at, text): (usize, &str), what: &str) -> Result<Addresses, ValueError> {
    if text.eq_ignore_ascii_case(INTERNET) {
        return Ok(Addresses::Internet);
    }
    match value::address(text) {
        Ok(parsed) => match parsed.address {
            Address::Any => Ok(Addresses::Any),
            Address::Range(range) => Ok(Addresses::Range(range)),
            Address::ServiceTag(_) => Err(wrong(at, format!("{what}: `{text}` is no address"))
                .with("write an address, a prefix, a range or `*`")),
        },
        Err(error) => Err(ValueError {
            message: format!("{what}: {}", error.message),
            offset: at + error.offset,
            ..error
        }),
    }
}

fn target(at: usize, host: &str, protocol: FlowProtocol) -> Result<Target, ValueError> {
    let is_web = matches!(protocol, FlowProtocol::Application(_));
    if let Some(tag) = host.strip_prefix(SERVICE_TAG).filter(|tag| !tag.is_empty()) {
        return Ok(Target::ServiceTag(tag.into()));
    }
    if let Some(tag) = host.strip_prefix(FQDN_TAG).filter(|tag| !tag.is_empty()) {
        if is_web {
            return Ok(Target::FqdnTag(tag.into()));
        }
        return Err(wrong(at, "only `http`, `https` and `mssql` go by FQDN tags")
            .with("write the protocol of the application rule"));
    }
    if let Some(name) = host.strip_prefix(ADDRESSES_OF) {
        return match Fqdn::new(name) {
            Some(name) => Ok(Target::AddressesOf(name)),
            None => Err(wrong(at, "a name is missing behind `fqdn:`").with("write the name")),
        };
    }
    if host.eq_ignore_ascii_case(INTERNET) {
        return Ok(Target::Addresses(Addresses::Internet));
    }
    if host == "*" && !is_web {
        return Ok(Target::Addresses(Addresses::Any));
    }
    if let Ok(parsed) = value::address(host)
        && let Address::Range(range) = parsed.address
    {
        return Ok(Target::Addresses(Addresses::Range(range)));
    }
    match FqdnPattern::new(host) {
        Some(FqdnPattern::Exact(name)) if !is_web => Err(wrong(
            at,
            format!("a set of `{protocol}` flows goes to addresses, and `{name}` is a name"),
        )
        .with(format!("write `fqdn:{name}` for the addresses that the name resolves to"))),
        Some(pattern @ (FqdnPattern::Any | FqdnPattern::Exact(_) | FqdnPattern::Suffix(_)))
            if is_web =>
        {
            Ok(Target::Names(pattern))
        }
        Some(_) | None => Err(wrong(at, format!("`{host}` is no target of a set of flows")).with(
            "write a prefix, a name, `*.example.com`, `internet`, `service-tag:NAME`, \
             `fqdn-tag:NAME` or `fqdn:NAME`",
        )),
    }
}

fn ports(
    at: usize,
    port: Option<&str>,
    protocol: FlowProtocol,
) -> Result<Option<PortRange>, ValueError> {
    match (port, protocol) {
        (Some(_), _) if !protocol.has_ports() => {
            Err(wrong(at, format!("`{protocol}` has no ports")).with("leave the port out"))
        }
        (Some("?"), _) => Ok(None),
        (Some("*"), _) => Ok(Some(PortRange::ALL)),
        (Some(text), _) => {
            value::port_range(text).map(Some).map_err(|error| ValueError { offset: at, ..error })
        }
        (None, FlowProtocol::Application(application)) => {
            Ok(Some(PortRange::single(application.default_port())))
        }
        (None, FlowProtocol::Ip(_)) if protocol.has_ports() => {
            Err(wrong(at, "the port is missing")
                .with("write `:443`, `:8000-8080`, `:*`, or `:?` where it is not known"))
        }
        (None, FlowProtocol::Ip(_)) => Ok(None),
    }
}

fn wrong(offset: usize, message: impl Into<String>) -> ValueError {
    ValueError { message: message.into(), help: None, offset }
}

trait With {
    fn with(self, help: impl Into<String>) -> Self;
}

impl With for ValueError {
    fn with(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flow(flow) => f.write_str(&print_flow(flow)),
            Self::Flows(flows) => flows.fmt(f),
        }
    }
}

impl fmt::Display for Flows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> {}", self.protocol, self.sources, self.target)?;
        match self.ports {
            _ if !self.protocol.has_ports() => {}
            Some(ports) => write!(f, ":{ports}")?,
            None => f.write_str(":?")?,
        }
        match &self.destination {
            Some(place) => write!(f, " {DESTINATION}{place}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Internet => f.write_str(INTERNET),
            Self::Range(range) => range.fmt(f),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addresses(Addresses::Range(range)) if range.first().is_ipv6() => {
                write!(f, "[{range}]")
            }
            Self::Addresses(place) => place.fmt(f),
            Self::Names(pattern) => pattern.fmt(f),
            Self::ServiceTag(tag) => write!(f, "{SERVICE_TAG}{tag}"),
            Self::FqdnTag(tag) => write!(f, "{FQDN_TAG}{tag}"),
            Self::AddressesOf(name) => write!(f, "{ADDRESSES_OF}{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let shown = match traffic(text) {
            Ok(read) => {
                let printed = read.to_string();
                assert_eq!(traffic(&printed).as_ref(), Ok(&read), "{printed}");
                match read {
                    Traffic::Flow(_) => format!("flow: {printed}"),
                    Traffic::Flows(_) => format!("set: {printed}"),
                }
            }
            Err(error) => {
                format!("{}: {} ({})", error.offset, error.message, error.help.unwrap_or_default())
            }
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn flows_and_sets_of_flows() {
        check(
            "https 10.0.0.4 -> a-b.example.com:443",
            expect!["flow: https 10.0.0.4 -> a-b.example.com:443"],
        );
        check(
            "HTTPS 10.0.0.0/24 -> *.example.com",
            expect!["set: https 10.0.0.0/24 -> *.example.com:443"],
        );
        check(
            "https 10.0.0.4 -> www.example.com destination=internet",
            expect!["set: https 10.0.0.4 -> www.example.com:443 destination=internet"],
        );
        check(
            "tcp * -> service-tag:AzureCloud.westeurope:9000",
            expect!["set: tcp * -> service-tag:AzureCloud.westeurope:9000"],
        );
        check(
            "https 10.0.0.4 -> fqdn-tag:WindowsUpdate",
            expect!["set: https 10.0.0.4 -> fqdn-tag:WindowsUpdate:443"],
        );
        check(
            "udp 10.0.0.0/8 -> fqdn:time.example.com:123",
            expect!["set: udp 10.0.0.0/8 -> fqdn:time.example.com:123"],
        );
        check(
            "tcp 10.0.0.4 -> 192.0.2.0/30:8000-8080",
            expect!["set: tcp 10.0.0.4 -> 192.0.2.0/30:8000-8080"],
        );
        check("tcp 10.0.0.4 -> internet:*", expect!["set: tcp 10.0.0.4 -> internet:*"]);
        check("icmp 10.0.0.0/8 -> *", expect!["set: icmp 10.0.0.0/8 -> *"]);
    }

    #[test]
    fn what_is_neither() {
        check(
            "tcp 10.0.0.0/8 -> www.example.com:443",
            expect![
                "18: a set of `tcp` flows goes to addresses, and `www.example.com` is a name (write `fqdn:www.example.com` for the addresses that the name resolves to)"
            ],
        );
        check(
            "tcp 10.0.0.0/8 -> 192.0.2.1",
            expect![
                "18: the port is missing (write `:443`, `:8000-8080`, `:*`, or `:?` where it is not known)"
            ],
        );
        check(
            "https 10.0.0.0/8 -> *.example.com idps=deny",
            expect![
                "34: `idps=deny` cannot be said of a set of flows (a set takes `destination=PREFIX` and `destination=internet`)"
            ],
        );
        check(
            "tcp 10.0.0.0/33 -> *:1",
            expect!["13: source: `33` is no prefix length (write `/0` to `/32`)"],
        );
        check(
            "https 10.0.0.4 -> www.*.com:443",
            expect![
                "18: `www.*.com` is no target of a set of flows (write a prefix, a name, `*.example.com`, `internet`, `service-tag:NAME`, `fqdn-tag:NAME` or `fqdn:NAME`)"
            ],
        );
    }
}
