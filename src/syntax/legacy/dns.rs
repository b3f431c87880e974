//! Sentences of the DNS proxy, and of the firewall's own look-ups.
//!
//! ```text
//! dns             = "DNS Request: " endpoint " - " id type class name protocol size dnssec-ok
//!                   edns-size rcode flags size seconds "s"
//! dns-error       = "Error: " number name type ": " text
//! resolve-failure = "Failed to resolve FQDN " name "." ["Error "] [text]
//!                   [". Rule Collection: " … ". Rule: " …]
//! ```

use nom::bytes::complete::{tag, take_until};
use nom::character::complete::{space0, u32 as number};
use nom::sequence::terminated;
use nom::{IResult, Parser};

use super::endpoint::{Endpoint, endpoint};
use super::rule_names::{RuleNames, rule_names};
use super::{Trouble, truth, word};

/// A query that the DNS proxy answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DnsAnswer<'a> {
    pub client: Endpoint<'a>,
    pub id: u32,
    pub query_type: &'a str,
    pub class: &'a str,
    /// With its final dot.
    pub name: &'a str,
    pub protocol: &'a str,
    pub request_size: u32,
    pub dnssec_ok: bool,
    pub edns_size: u32,
    pub rcode: &'a str,
    pub flags: &'a str,
    pub response_size: u32,
    /// Decimal seconds, without the unit.
    pub seconds: &'a str,
}

/// A query for which the upstream server had no answer. The client is not logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DnsError<'a> {
    pub number: u32,
    pub name: &'a str,
    pub query_type: &'a str,
    pub error: &'a str,
    /// The upstream server, where the text names one.
    pub server: Option<&'a str>,
}

/// The firewall could not resolve a name that a rule uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResolveFailure<'a> {
    pub fqdn: &'a str,
    pub error: Option<&'a str>,
    pub rule: Option<RuleNames<'a>>,
}

pub(super) fn answer(text: &str) -> Result<DnsAnswer<'_>, Trouble<'_>> {
    let (rest, client) = endpoint(text)?;
    let (_, answer) = fields(client, rest).map_err(|_| ("the fields of a DNS query", rest))?;
    Ok(answer)
}

fn fields<'a>(client: Endpoint<'a>, text: &'a str) -> IResult<&'a str, DnsAnswer<'a>> {
    let (rest, _) = (tag("-"), space0).parse(text)?;
    let (rest, (id, query_type, class, name, protocol)) =
        (amount, word, word, word, word).parse(rest)?;
    let (rest, (request_size, dnssec_ok, edns_size)) = (amount, truth, amount).parse(rest)?;
    let (rest, (rcode, flags, response_size, seconds)) = (word, word, amount, word).parse(rest)?;
    let seconds = seconds.strip_suffix('s').unwrap_or(seconds);
    let answer = DnsAnswer {
        client,
        id,
        query_type,
        class,
        name,
        protocol,
        request_size,
        dnssec_ok,
        edns_size,
        rcode,
        flags,
        response_size,
        seconds,
    };
    Ok((rest, answer))
}

fn amount(text: &str) -> IResult<&str, u32> {
    terminated(number, space0).parse(text)
}

pub(super) fn error(text: &str) -> Result<DnsError<'_>, Trouble<'_>> {
    let head: IResult<&str, _> =
        (amount, word, terminated(take_until(":"), (tag(":"), space0))).parse(text);
    let (error, (number, name, query_type)) =
        head.map_err(|_| ("the number, name and type of a DNS query", text))?;
    let server = error.split_once("->").and_then(|(_, after)| after.split_once(": "));
    Ok(DnsError { number, name, query_type, error, server: server.map(|(server, _)| server) })
}

pub(super) fn resolve_failure(text: &str) -> Result<ResolveFailure<'_>, Trouble<'_>> {
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    let fqdn = name.trim_end_matches(['.', ':']);
    if fqdn.is_empty() {
        return Err(("a name", text));
    }
    let start = rest.rfind("Policy: ").or_else(|| rest.rfind("Rule Collection: "));
    let (error, rule) = match start.map(|at| rest.split_at(at)) {
        Some((error, names)) => match rule_names(names) {
            Some(rule) => (error, Some(rule)),
            None => (rest, None),
        },
        None => (rest, None),
    };
    let error = error.trim().strip_prefix("Error ").unwrap_or(error.trim());
    let error = if rule.is_some() { error.strip_suffix('.').unwrap_or(error) } else { error };
    Ok(ResolveFailure { fqdn, error: Some(error).filter(|error| !error.is_empty()), rule })
}
