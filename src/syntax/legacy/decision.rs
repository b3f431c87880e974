//! `Url: …. Action: Deny. No rule matched. Proceeding with default action` and its relatives.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_until};
use nom::character::complete::{digit1, space0};
use nom::combinator::{opt, value};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, character::complete::alpha1};

use super::Trouble;
use super::rule_names::{RuleNames, rule_names};

/// An action, its URL and its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    pub url: Option<&'a str>,
    pub action: Action,
    /// How many dots stand behind the action. Two and nothing more say in today's network logs that
    /// no rule matched; in older ones the names of a rule that did may just be missing.
    pub dots: usize,
    pub cause: Option<Cause<'a>>,
}

/// The action words of legacy logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Allow,
    Deny,
    Alert,
    /// What IDPS in its deny mode writes.
    Drop,
}

/// Why the action was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause<'a> {
    Rule(RuleNames<'a>),
    ThreatIntel(&'a str),
    Signature {
        id: &'a str,
        description: &'a str,
        /// Absent where the text is cut.
        priority: Option<&'a str>,
        classification: Option<&'a str>,
    },
    /// Free text, verbatim.
    Reason(&'a str),
}

pub(super) const ACTION: &str = ". Action: ";

pub(super) fn decision(text: &str) -> Result<Decision<'_>, Trouble<'_>> {
    let (rest, was) = opt(was).parse(text).map_err(|_| ("an action", text))?;
    if let Some(after) = rest.strip_prefix("Url: ") {
        let (url, tail) = url_and_tail(after)?;
        let decision = decided(tail)?;
        return Ok(Decision { url: Some(url).filter(|url| !url.is_empty()), ..decision });
    }
    if rest.contains(ACTION) {
        return Err(("a single action", rest));
    }
    match (rest.strip_prefix("Action: "), was) {
        (Some(tail), _) => decided(tail),
        (None, Some(action)) => Ok(Decision { url: None, action, dots: 1, cause: cause(rest) }),
        (None, None) => Err(("an action", rest)),
    }
}

/// A URL is unbounded text that strangers write, so the firewall's own words are behind the last
/// `. Action: `. A name that could not be resolved is repeated behind them, though: then nobody can
/// tell which words are whose.
fn url_and_tail(text: &str) -> Result<(&str, &str), Trouble<'_>> {
    let (url, tail) = text.rsplit_once(ACTION).ok_or(("an action", text))?;
    if url.contains(ACTION) && text.contains(". Failed to resolve ") {
        return Err(("a single action", text));
    }
    Ok((url, tail))
}

fn was(text: &str) -> IResult<&str, Action> {
    let action = alt((value(Action::Allow, tag("allowed")), value(Action::Deny, tag("denied"))));
    delimited(tag("was "), action, (opt(tag(".")), space0)).parse(text)
}

fn decided(text: &str) -> Result<Decision<'_>, Trouble<'_>> {
    let word: IResult<&str, &str> = alpha1(text);
    let (rest, word) = word.map_err(|_| ("an action", text))?;
    let action = action(word).ok_or(("`Allow`, `Deny`, `Alert` or `Drop`", text))?;
    let tail = rest.trim_start_matches(['.', ' ']);
    if tail.len() == rest.len() && !rest.is_empty() {
        return Err(("`Allow`, `Deny`, `Alert` or `Drop`", text));
    }
    let gap = rest.get(..rest.len() - tail.len()).unwrap_or("");
    let dots = gap.bytes().filter(|&byte| byte == b'.').count();
    Ok(Decision { url: None, action, dots, cause: cause(tail) })
}

fn action(word: &str) -> Option<Action> {
    let words = [
        ("allow", Action::Allow),
        ("deny", Action::Deny),
        ("alert", Action::Alert),
        ("drop", Action::Drop),
    ];
    words.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, action)| action)
}

fn cause(text: &str) -> Option<Cause<'_>> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    // `Rule: ` begins both a signature and, without a collection, nothing else that is known.
    if let Ok((_, cause)) = signature(text) {
        return Some(cause);
    }
    if let Some(threat) = text.strip_prefix("ThreatIntel: ") {
        return Some(Cause::ThreatIntel(threat));
    }
    if let Some(reason) = text.strip_prefix("Reason: ") {
        return Some(Cause::Reason(reason));
    }
    Some(rule_names(text).map_or(Cause::Reason(text), Cause::Rule))
}

fn signature(text: &str) -> IResult<&str, Cause<'_>> {
    let head = alt((tag("Signature: "), tag("Rule: ")));
    let (rest, id) = delimited(head, digit1, tag(". IDS: ")).parse(text)?;
    let before: IResult<&str, &str> =
        terminated(take_until(". Priority: "), tag(". Priority: ")).parse(rest);
    let Ok((rest, description)) = before else {
        let description = rest.trim_end_matches(['.', ' ']);
        let cut = Cause::Signature { id, description, priority: None, classification: None };
        return Ok(("", cut));
    };
    let (rest, priority) = digit1(rest)?;
    let named: IResult<&str, &str> =
        preceded(opt(tag(".")), preceded(space0, tag("Classification: "))).parse(rest);
    let classification = named.ok().map(|(classification, _)| classification);
    let priority = Some(priority);
    Ok(("", Cause::Signature { id, description, priority, classification }))
}
