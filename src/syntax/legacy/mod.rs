//! Sentences of legacy logs: what `AzureFirewall…` categories carry as `msg`.
//!
//! ```text
//! message      = dns | dns-error | resolve-failure | traffic
//! traffic      = protocol " request from " endpoint [" to " endpoint] (dnat | decision)
//! protocol     = name [" Type=" number] {" "}            ; "HTTP" is followed by two spaces
//! dnat         = " was DNAT'ed to " endpoint ["." rule-names]
//! decision     = [" was allowed" | " was denied"] [". Url: " url] [". Action: " action] {"." | " "} [cause]
//! cause        = signature | "ThreatIntel: " text | "Reason: " text | rule-names | text
//! ```
//!
//! The shape follows from the text alone: pipelines drop or relabel `operationName`. The logs write
//! the action with no dot, one dot or two behind it, by age and category.

mod decision;
mod dns;
mod endpoint;
mod rule_names;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{space0, space1, u8 as number};
use nom::combinator::{map, opt};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

pub use decision::{Action, Cause, Decision};
pub use dns::{DnsAnswer, DnsError, ResolveFailure};
pub use endpoint::Endpoint;
pub use rule_names::RuleNames;

/// One sentence, taken apart but not interpreted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    Traffic(Traffic<'a>),
    ResolveFailure(ResolveFailure<'a>),
    Dns(DnsAnswer<'a>),
    DnsError(DnsError<'a>),
}

/// `… request from … to …` and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traffic<'a> {
    /// As written: `TCP`, `ICMPv6`, `HTTPS`.
    pub protocol: &'a str,
    pub icmp_type: Option<u8>,
    pub source: Endpoint<'a>,
    /// Absent where a TLS handshake named no server.
    pub destination: Option<Endpoint<'a>>,
    pub outcome: Outcome<'a>,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    Dnat { translated: Endpoint<'a>, rule: Option<RuleNames<'a>> },
    Decision(Decision<'a>),
}

/// A sentence that is none of the known ones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("message not understood: expected {expected} at character {column}")]
pub struct MessageError {
    expected: &'static str,
    offset: usize,
    /// In characters, from one.
    column: usize,
}

impl MessageError {
    /// Byte offset of the place where the text stops being a known sentence.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }
}

/// What a parser wanted and the text it found instead.
type Trouble<'a> = (&'static str, &'a str);

/// Takes the sentence `text` apart.
///
/// # Errors
///
/// Says what was expected and where, when `text` is none of the sentences the firewall is known to
/// write.
pub fn message(text: &str) -> Result<Message<'_>, MessageError> {
    parts(text).map_err(|(expected, rest)| {
        let offset = text.len().saturating_sub(rest.len());
        let column = text.get(..offset).unwrap_or(text).chars().count() + 1;
        MessageError { expected, offset, column }
    })
}

fn parts(text: &str) -> Result<Message<'_>, Trouble<'_>> {
    let text = text.trim_start();
    if let Some(rest) = text.strip_prefix("DNS Request: ") {
        return dns::answer(rest).map(Message::Dns);
    }
    if let Some(rest) = text.strip_prefix("Error: ") {
        return dns::error(rest).map(Message::DnsError);
    }
    if let Some(rest) = text.strip_prefix("Failed to resolve FQDN ") {
        return dns::resolve_failure(rest).map(Message::ResolveFailure);
    }
    traffic(text).map(Message::Traffic)
}

fn traffic(text: &str) -> Result<Traffic<'_>, Trouble<'_>> {
    let (rest, (protocol, icmp_type)) =
        protocol(text).map_err(|_| ("`PROTOCOL request from`", text))?;
    let (rest, source) = endpoint::endpoint(rest)?;
    let (rest, destination) = match rest.strip_prefix("to ") {
        Some(after) => endpoint::endpoint(after).map(|(rest, end)| (rest, Some(end)))?,
        None => (rest, None),
    };
    let outcome = match rest.strip_prefix("was DNAT'ed to ") {
        Some(after) => dnat(after)?,
        None => Outcome::Decision(decision::decision(rest)?),
    };
    Ok(Traffic { protocol, icmp_type, source, destination, outcome })
}

/// `ICMP Type=8 request from `, up to the address.
fn protocol(text: &str) -> IResult<&str, (&str, Option<u8>)> {
    let (rest, name) = take_while1(|c: char| c.is_ascii_alphanumeric()).parse(text)?;
    let (rest, icmp_type) = opt(preceded((space1, tag("Type=")), number)).parse(rest)?;
    let (rest, _) = (space1, tag("request from"), space1).parse(rest)?;
    Ok((rest, (name, icmp_type)))
}

fn dnat(text: &str) -> Result<Outcome<'_>, Trouble<'_>> {
    let (rest, translated) = endpoint::endpoint(text)?;
    let rest = rest.trim();
    // A name that a stranger made up to look like a translation stands before an action.
    if rest.contains(decision::ACTION) {
        return Err(("a translation without an action", rest));
    }
    if rest.is_empty() {
        return Ok(Outcome::Dnat { translated, rule: None });
    }
    let rule = rule_names::rule_names(rest).ok_or(("the names of a rule", rest))?;
    Ok(Outcome::Dnat { translated, rule: Some(rule) })
}

/// One word and the blanks behind it.
fn word(text: &str) -> IResult<&str, &str> {
    terminated(take_while1(|c: char| c != ' '), space0).parse(text)
}

/// `true` or `false` and the blanks behind it.
fn truth(text: &str) -> IResult<&str, bool> {
    let value = alt((map(tag("true"), |_| true), map(tag("false"), |_| false)));
    terminated(value, space0).parse(text)
}

#[cfg(test)]
mod tests;
