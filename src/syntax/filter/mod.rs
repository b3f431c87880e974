//! The filter language of `report`, `events` and `replay`: `source in 10.0.0.0/8 and port != 443`.
//!
//! A test of a field that a record does not have has no answer; `not` of no answer is no answer
//! either. Here is the form; records are compared where they are defined.

mod field;
mod time;
mod value;

use std::ops::{Bound, RangeBounds};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use nom::Parser;
use nom::character::complete::{char, multispace0};
use nom::combinator::cut;
use nom::error::context;
use regex::Regex;
use smol_str::SmolStr;

use super::trouble::{Parsed, Trouble, finished};
use super::value::ValueError;
use crate::net::IpSet;

pub use field::{AddressField, Field, NumberField, TextField, TruthField};
pub use time::Stretch;

/// What a filter asks of a record.
#[derive(Debug, Clone)]
pub enum Filter {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Test(Test),
}

/// A question about one field.
#[derive(Debug, Clone)]
pub enum Test {
    Known(Field),
    Address(AddressField, IpSet),
    Number(NumberField, Vec<Range<f64>>),
    Time(Vec<Range<Timestamp>>),
    /// One of these texts, without regard to case.
    Text(TextField, Vec<SmolStr>),
    Pattern(TextField, Regex),
    Truth(TruthField, bool),
}

/// A stretch of numbers or of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range<T>(Bound<T>, Bound<T>);

impl<T: PartialOrd> Range<T> {
    #[must_use]
    pub fn contains(&self, value: &T) -> bool {
        (self.0.as_ref(), self.1.as_ref()).contains(value)
    }
}

impl<T> From<(Bound<T>, Bound<T>)> for Range<T> {
    fn from((first, last): (Bound<T>, Bound<T>)) -> Self {
        Self(first, last)
    }
}

/// The addresses behind names in a filter.
pub trait Names {
    /// The IP Group called `name`, in any case.
    fn ip_group(&self, name: &str) -> Named;
    /// The service tag called `name`, in any case.
    fn service_tag(&self, name: &str) -> Named;
}

/// What a name in a filter stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    Addresses(IpSet),
    /// Not found; why, and what to do about it.
    Unknown {
        message: String,
        help: String,
    },
}

/// What a filter is read with.
pub struct Reading<'a> {
    pub names: &'a dyn Names,
    /// The zone of times that are written without one.
    pub zone: &'a TimeZone,
}

/// More brackets and `not` within one another are refused.
const DEPTH_MAX: usize = 64;

/// Reads a filter.
///
/// # Errors
///
/// Says where it is no filter, and what to write instead.
pub fn filter(text: &str, reading: &Reading<'_>) -> Result<Filter, ValueError> {
    let parser = Grammar { reading };
    let result = parser.any_of(text, 0).and_then(|(rest, filter)| match rest {
        "" => Ok((rest, filter)),
        rest => Trouble::new(rest, format!("unexpected text `{}`", first_word(rest)))
            .with_help("join tests with `and` or `or`")
            .fatal(),
    });
    finished(text, result)
}

/// The grammar, with what names and times mean.
struct Grammar<'r> {
    reading: &'r Reading<'r>,
}

impl Grammar<'_> {
    // any-of = all-of *("or" all-of)
    fn any_of<'a>(&self, input: &'a str, depth: usize) -> Parsed<'a, Filter> {
        let (rest, all) = joined(input, "or", |input| self.all_of(input, depth))?;
        Ok((rest, one_or(all, Filter::Or)))
    }

    // all-of = unit *("and" unit)
    fn all_of<'a>(&self, input: &'a str, depth: usize) -> Parsed<'a, Filter> {
        let (rest, all) = joined(input, "and", |input| self.unit(input, depth))?;
        Ok((rest, one_or(all, Filter::And)))
    }

    // unit = "not" unit / "(" any-of ")" / test
    fn unit<'a>(&self, input: &'a str, depth: usize) -> Parsed<'a, Filter> {
        let (input, _) = multispace0(input)?;
        if depth > DEPTH_MAX {
            return Trouble::new(input, "too many brackets within one another").fatal();
        }
        if let Some(rest) = keyword(input, "not") {
            let (rest, inner) = self.unit(rest, depth + 1)?;
            return Ok((rest, Filter::Not(Box::new(inner))));
        }
        if let Some(inside) = input.strip_prefix('(') {
            let (rest, inner) = self.any_of(inside, depth + 1)?;
            let (rest, _) = cut(context("`)`", char(')'))).parse(rest)?;
            let (rest, _) = multispace0(rest)?;
            return Ok((rest, inner));
        }
        let (rest, test) = self.test(input)?;
        let (rest, _) = multispace0(rest)?;
        Ok((rest, test))
    }

    // test = field ("is" ["not"] ("known" / "unknown") / operator value / ["not"] "in" values)
    fn test<'a>(&self, input: &'a str) -> Parsed<'a, Filter> {
        let (rest, field) = field_name(input)?;
        let (rest, _) = multispace0(rest)?;
        if let Some(rest) = keyword(rest, "is") {
            return known(rest, field);
        }
        let (after_not, is_negated) = match keyword(rest, "not") {
            Some(after) => (after, true),
            None => (rest, false),
        };
        let (rest, (operator, is_negated)) = match keyword(after_not.trim_start(), "in") {
            Some(rest) => (rest, (Operator::In, is_negated)),
            None => operator(rest, field)?,
        };
        let (rest, _) = multispace0(rest)?;
        let (rest, test) = value::test(self.reading, field, operator, rest)?;
        let test = Filter::Test(test);
        Ok((rest, if is_negated { Filter::Not(Box::new(test)) } else { test }))
    }
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    In,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
}

// operator = "=" / "!=" / "<" / "<=" / ">" / ">=" / "~" / "!~"
fn operator(input: &str, field: Field) -> Parsed<'_, (Operator, bool)> {
    let all = [
        ("!=", Operator::Equal, true),
        ("<>", Operator::Equal, true),
        ("<=", Operator::LessOrEqual, false),
        (">=", Operator::GreaterOrEqual, false),
        ("!~", Operator::Matches, true),
        ("==", Operator::Equal, false),
        ("=", Operator::Equal, false),
        ("<", Operator::Less, false),
        (">", Operator::Greater, false),
        ("~", Operator::Matches, false),
    ];
    for (sign, operator, is_negated) in all {
        if let Some(rest) = input.strip_prefix(sign) {
            return Ok((rest, (operator, is_negated)));
        }
    }
    let help = match field {
        Field::Address(_) => "write `= ADDRESS`, `in 10.0.0.0/8`, `is known`",
        Field::Number(_) => "write `= 443`, `in 443,8000-8080`, `< 1024`, `is known`",
        Field::Time => "write `>= 2026-03-01`, `in 2026-03-01..2026-03-07`, `is known`",
        Field::Text(_) => "write `= WORD`, `in ONE,OTHER`, `~ \"PATTERN\"`, `is known`",
        Field::Truth(_) => "write `= true`, `= false`, `is known`",
    };
    let message = format!("expected a comparison behind `{}`", field.name());
    Trouble::new(input, message).with_help(help).fatal()
}

fn field_name(input: &str) -> Parsed<'_, Field> {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let (name, rest) = input.split_at(input.find(|c| !is_letter(c)).unwrap_or(input.len()));
    if name.is_empty() {
        return Trouble::new(input, "expected a test of a field")
            .with_help("write for example `source in 10.0.0.0/8` or `action = deny`")
            .fatal();
    }
    if let Some(field) = Field::from_name(name) {
        return Ok((rest, field));
    }
    let help = match Field::closest(name) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "the fields are those that `azfw events` prints, such as `source`, `port`, `fqdn`, `action`, `rule`".into(),
    };
    Trouble::new(input, format!("no field is called `{name}`")).with_help(help).fatal()
}

// known = ["not"] ("known" / "unknown")
fn known(input: &str, field: Field) -> Parsed<'_, Filter> {
    let (input, _) = multispace0(input)?;
    let (input, is_not) = match keyword(input, "not") {
        Some(rest) => (rest, true),
        None => (input, false),
    };
    let (input, _) = multispace0(input)?;
    let (rest, is_unknown) = match (keyword(input, "known"), keyword(input, "unknown")) {
        (Some(rest), _) => (rest, false),
        (None, Some(rest)) => (rest, true),
        (None, None) => {
            return Trouble::new(input, "expected `known` or `unknown` behind `is`")
                .with_help("compare with a value by `=`")
                .fatal();
        }
    };
    let test = Filter::Test(Test::Known(field));
    Ok((rest, if is_not == is_unknown { test } else { Filter::Not(Box::new(test)) }))
}

/// What stands behind `word`, if `input` begins with it as a word of its own, in any case.
fn keyword<'a>(input: &'a str, word: &str) -> Option<&'a str> {
    let (head, rest) = input.split_at_checked(word.len())?;
    let ends = !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    (head.eq_ignore_ascii_case(word) && ends).then_some(rest)
}

/// Parts with `word` between them.
fn joined<'a>(
    input: &'a str,
    word: &str,
    part: impl Fn(&'a str) -> Parsed<'a, Filter>,
) -> Parsed<'a, Vec<Filter>> {
    let (mut rest, first) = part(input)?;
    let mut parts = vec![first];
    while let Some(behind) = keyword(rest, word) {
        let (after, next) = part(behind)?;
        parts.push(next);
        rest = after;
    }
    Ok((rest, parts))
}

fn one_or(mut parts: Vec<Filter>, many: impl FnOnce(Vec<Filter>) -> Filter) -> Filter {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => {
            parts.push(last);
            many(parts)
        }
        (None, _) => many(parts),
    }
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or(text)
}

#[cfg(test)]
mod tests;
