//! The values of a filter, by the kind of their field.

use std::borrow::Cow;
use std::ops::Bound;

use nom::Parser;
use nom::bytes::complete::take_while1;
use nom::character::complete::{char, multispace0};
use nom::combinator::{cut, opt};
use nom::error::context;
use nom::multi::separated_list1;
use nom::sequence::delimited;
use regex::{Regex, RegexBuilder};

use super::{Field, Named, Operator, Range, Reading, Stretch, Test, TextField};
use crate::net::IpSet;
use crate::policy::Address;
use crate::syntax::spelling::closest;
use crate::syntax::trouble::{Parsed, Trouble};
use crate::syntax::value;

/// What a pattern may compile to: a hostile one must not fill the memory.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// The test of `field` whose value stands at the beginning of `input`.
pub(super) fn test<'a>(
    reading: &Reading<'_>,
    field: Field,
    operator: Operator,
    input: &'a str,
) -> Parsed<'a, Test> {
    match field {
        Field::Address(field) => {
            only(input, operator, &[Operator::Equal, Operator::In], ADDRESS_HELP)?;
            let (rest, sets) = items(input, operator, |input| addresses(reading, input))?;
            let all = sets.iter().flat_map(IpSet::ranges).collect();
            Ok((rest, Test::Address(field, all)))
        }
        Field::Number(field) => {
            only(input, operator, &ORDERED, "compare a number by `=`, `in`, `<` or `>`")?;
            let (rest, ranges) = items(input, operator, |input| numbers(operator, input))?;
            Ok((rest, Test::Number(field, ranges)))
        }
        Field::Time => {
            only(input, operator, &ORDERED, "compare a time by `=`, `in`, `<` or `>`")?;
            let (rest, ranges) = items(input, operator, |input| times(reading, operator, input))?;
            Ok((rest, Test::Time(ranges)))
        }
        Field::Text(field) if operator == Operator::Matches => {
            let (rest, pattern) = pattern(input)?;
            Ok((rest, Test::Pattern(field, pattern)))
        }
        Field::Text(field) => {
            only(input, operator, &[Operator::Equal, Operator::In], "a text has no order")?;
            let (rest, words) = items(input, operator, |input| word(field, input))?;
            Ok((rest, Test::Text(field, words.into_iter().map(Into::into).collect())))
        }
        Field::Truth(field) => {
            only(input, operator, &[Operator::Equal], "write `= true` or `= false`")?;
            let (rest, text) = text(input)?;
            match text.to_ascii_lowercase().as_str() {
                "true" | "yes" => Ok((rest, Test::Truth(field, true))),
                "false" | "no" => Ok((rest, Test::Truth(field, false))),
                other => Trouble::new(input, format!("`{other}` is neither true nor false"))
                    .with_help("write `true` or `false`")
                    .fatal(),
            }
        }
    }
}

const ADDRESS_HELP: &str =
    "write `in 10.0.0.0/8`; addresses are compared as addresses, not as texts";

const ORDERED: [Operator; 6] = [
    Operator::Equal,
    Operator::In,
    Operator::Less,
    Operator::LessOrEqual,
    Operator::Greater,
    Operator::GreaterOrEqual,
];

/// Refuses an operator that means nothing for the field.
fn only<'a>(
    input: &'a str,
    operator: Operator,
    allowed: &[Operator],
    help: &str,
) -> Result<(), nom::Err<Trouble<'a>>> {
    if allowed.contains(&operator) {
        return Ok(());
    }
    Err(nom::Err::Failure(
        Trouble::new(input, "this field is not compared that way").with_help(help),
    ))
}

/// One value, or several behind `in`: `a,b` or `(a, b)`.
fn items<'a, T>(
    input: &'a str,
    operator: Operator,
    item: impl Fn(&'a str) -> Parsed<'a, T>,
) -> Parsed<'a, Vec<T>> {
    if operator != Operator::In {
        let (rest, one) = item(input)?;
        let (after, comma) = opt(delimited(multispace0, char(','), multispace0)).parse(rest)?;
        if comma.is_some() {
            return Trouble::new(after, "several values behind a comparison with one")
                .with_help("write `in` before a list")
                .fatal();
        }
        return Ok((rest, vec![one]));
    }
    let comma = || delimited(multispace0, char(','), multispace0);
    let (input, open) = opt(char('(')).parse(input)?;
    let (input, _) = multispace0(input)?;
    let (rest, list) = separated_list1(comma(), cut(item)).parse(input)?;
    if open.is_none() {
        return Ok((rest, list));
    }
    let (rest, _) = multispace0(rest)?;
    let (rest, _) = cut(context("`,` or `)`", char(')'))).parse(rest)?;
    Ok((rest, list))
}

// text = '"' *char '"' / "'" *char "'" / 1*wordchar
fn text(input: &str) -> Parsed<'_, Cow<'_, str>> {
    if let Some(quote) = input.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        return quoted(input, quote);
    }
    let bare = take_while1(|c: char| !c.is_whitespace() && !matches!(c, ',' | '(' | ')' | '"'));
    let (rest, text) = cut(context("a value", bare)).parse(input)?;
    Ok((rest, Cow::Borrowed(text)))
}

/// Text in quotes. `\"` is a quote; every other backslash stays, so that patterns need no second
/// layer of escapes.
fn quoted(input: &str, quote: char) -> Parsed<'_, Cow<'_, str>> {
    let body = input.get(1..).unwrap_or("");
    let mut is_escaped = false;
    for (at, c) in body.char_indices() {
        if c == quote && !is_escaped {
            let (inside, rest) = body.split_at(at);
            let rest = rest.get(1..).unwrap_or("");
            let escape = format!("\\{quote}");
            let has_escape = inside.contains(&escape);
            let inside = if has_escape {
                Cow::Owned(inside.replace(&escape, &quote.to_string()))
            } else {
                Cow::Borrowed(inside)
            };
            return Ok((rest, inside));
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    Trouble::new(input, "the quoted text does not end")
        .with_help(format!("close it with `{quote}`"))
        .fatal()
}

fn word(field: TextField, input: &str) -> Parsed<'_, String> {
    let is_bare = !input.starts_with(['"', '\'']);
    let (rest, text) = text(input)?;
    let words = field.words();
    if !words.is_empty() && !words.iter().any(|word| word.eq_ignore_ascii_case(&text)) {
        let help = match closest(&text, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write one of {}", words.join(", ")),
        };
        let name = Field::Text(field).name();
        return Trouble::new(input, format!("no {name} is called `{text}`"))
            .with_help(help)
            .fatal();
    }
    if is_bare && text.contains('*') {
        return Trouble::new(input, format!("`{text}` would be compared letter by letter"))
            .with_help(format!("write a pattern: `~ \"{}\"`", as_pattern(&text)))
            .fatal();
    }
    // Names are kept without the final dot.
    let is_name = matches!(field, TextField::Fqdn | TextField::QueryName) && text.len() > 1;
    let text = if is_name { text.trim_end_matches('.') } else { &text };
    Ok((rest, text.to_owned()))
}

/// The pattern that does what `*` promises.
fn as_pattern(text: &str) -> String {
    let parts: Vec<String> = text.split('*').map(regex::escape).collect();
    format!("^{}$", parts.join(".*"))
}

fn pattern(input: &str) -> Parsed<'_, Regex> {
    let (rest, text) = text(input)?;
    match RegexBuilder::new(&text).size_limit(PATTERN_BYTES_MAX).build() {
        Ok(pattern) => Ok((rest, pattern)),
        Err(error) => {
            // The first lines of the message draw the pattern, which stands above a caret here too.
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or(&error);
            let reason = reason.trim_start_matches("error: ");
            Trouble::new(input, format!("no valid pattern: {reason}"))
                .with_help("write a regular expression, such as `\"\\.example\\.com$\"`")
                .fatal()
        }
    }
}

// addresses = "@" text / "*" / ip ["/" length / "-" ip] / tag
fn addresses<'a>(reading: &Reading<'_>, input: &'a str) -> Parsed<'a, IpSet> {
    if let Some(name) = input.strip_prefix('@') {
        let (rest, name) = text(name)?;
        return named(input, rest, reading.names.ip_group(&name));
    }
    let token = take_while1(|c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '/' | '-' | '_' | '[' | ']' | '*')
    });
    let (rest, text) =
        cut(context("an address such as `10.0.0.4` or `10.0.0.0/8`", token)).parse(input)?;
    match value::address(text) {
        Ok(parsed) => match parsed.address {
            Address::Any => Ok((rest, IpSet::all())),
            Address::Range(range) => Ok((rest, std::iter::once(range).collect())),
            Address::ServiceTag(tag) => named(input, rest, reading.names.service_tag(&tag)),
        },
        Err(error) => {
            let place = input.get(error.offset..).unwrap_or(input);
            let trouble = Trouble::new(place, error.message);
            match error.help {
                Some(help) => trouble.with_help(help).fatal(),
                None => trouble.fatal(),
            }
        }
    }
}

fn named<'a>(input: &'a str, rest: &'a str, named: Named) -> Parsed<'a, IpSet> {
    match named {
        Named::Addresses(set) => Ok((rest, set)),
        Named::Unknown { message, help } => Trouble::new(input, message).with_help(help).fatal(),
    }
}

// numbers = number ["-" number]
fn numbers(operator: Operator, input: &str) -> Parsed<'_, Range<f64>> {
    let (rest, first) = number(input)?;
    let bounds = match operator {
        Operator::Less => (Bound::Unbounded, Bound::Excluded(first)),
        Operator::LessOrEqual => (Bound::Unbounded, Bound::Included(first)),
        Operator::Greater => (Bound::Excluded(first), Bound::Unbounded),
        Operator::GreaterOrEqual => (Bound::Included(first), Bound::Unbounded),
        Operator::Equal | Operator::In | Operator::Matches => {
            let Some(after) = rest.strip_prefix('-') else {
                return Ok((rest, (Bound::Included(first), Bound::Included(first)).into()));
            };
            let (end, last) = number(after)?;
            if last < first {
                return Trouble::new(after, format!("the range ends at `{last}`, below `{first}`"))
                    .with_help(format!("write `{last}-{first}`"))
                    .fatal();
            }
            return Ok((end, (Bound::Included(first), Bound::Included(last)).into()));
        }
    };
    Ok((rest, bounds.into()))
}

fn number(input: &str) -> Parsed<'_, f64> {
    let digits = take_while1(|c: char| c.is_ascii_digit() || c == '.');
    let (rest, text) = cut(context("a number", digits)).parse(input)?;
    match text.parse() {
        Ok(number) if !rest.starts_with(|c: char| c.is_alphanumeric()) => Ok((rest, number)),
        Ok(_) | Err(_) => Trouble::new(input, "expected a number").fatal(),
    }
}

// times = time [".." time]
fn times<'a>(
    reading: &Reading<'_>,
    operator: Operator,
    input: &'a str,
) -> Parsed<'a, Range<jiff::Timestamp>> {
    let (rest, text) = text(input)?;
    let (first, last) = match text.split_once("..") {
        Some((first, last)) => (first, Some(last)),
        None => (text.as_ref(), None),
    };
    let unreadable = |text: &str| {
        nom::Err::Failure(
            Trouble::new(input, format!("`{text}` is no time"))
                .with_help("write `2026-03-01`, `2026-03-01T10:00` or `2026-03-01T10:00:00Z`"),
        )
    };
    let time = |text: &str| Stretch::parse(text, reading.zone).ok_or_else(|| unreadable(text));
    let start = time(first)?;
    let range = match (operator, last) {
        (Operator::Equal | Operator::In, Some(last)) => {
            let last = time(last)?;
            match start.through(last) {
                Some(range) => range,
                None => return Trouble::new(input, "the range ends before it begins").fatal(),
            }
        }
        (_, Some(_)) => {
            return Trouble::new(input, "expected one time")
                .with_help("write `in` before a range")
                .fatal();
        }
        (Operator::Less, None) => start.before(),
        (Operator::LessOrEqual, None) => start.through_end(),
        (Operator::Greater, None) => start.behind(),
        (Operator::GreaterOrEqual, None) => start.from_start(),
        (Operator::Equal | Operator::In | Operator::Matches, None) => {
            start.through(start).unwrap_or(start.before())
        }
    };
    Ok((rest, range.into()))
}
