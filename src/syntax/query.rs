//! Questions about flows: `source in 10.0.0.0/8 and port = 22 and verdict = allow`.

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_while1};
use nom::character::complete::{char, multispace0, satisfy};
use nom::combinator::{all_consuming, cut, not, opt, peek, recognize, value};
use nom::error::context;
use nom::multi::{fold_many0, separated_list1};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::spelling::closest;
use super::trouble::{Parsed, Trouble, finished};
use super::value::{self, ValueError};
use crate::flow::FlowProtocol;
use crate::net::{FqdnPattern, IpRange, PortRange};
use crate::policy::Address;

/// A question: the flows for which it is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    /// One of the values is that of the flow.
    Is(Condition),
}

/// A field and the values that it may have; never an empty list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    Protocol(Vec<FlowProtocol>),
    Source(Vec<AddressValue>),
    Destination(Vec<AddressValue>),
    Port(Vec<PortRange>),
    Fqdn(Vec<NameValue>),
    Verdict(Vec<VerdictValue>),
    Stage(Vec<StageValue>),
    /// Paths or ends of paths of rules: `group/collection/rule`, `rule`.
    Rule(Vec<String>),
}

/// Addresses of either family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressValue {
    Any,
    Range(IpRange),
}

/// What the name of a flow is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameValue {
    Pattern(FqdnPattern),
    /// The flow has no name.
    None,
}

/// What becomes of the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerdictValue {
    Allow,
    Deny,
    Undecided,
}

/// What decides about the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageValue {
    Dnat,
    Network,
    Application,
    Infrastructure,
    Default,
}

const FIELDS: [&str; 8] =
    ["protocol", "source", "destination", "port", "fqdn", "verdict", "stage", "rule"];

/// Reads a question.
///
/// ```
/// let query = azfw::syntax::query::query("not fqdn in (*.example.com, example.com)").unwrap();
/// assert_eq!(query.to_string(), "not fqdn in (*.example.com, example.com)");
/// ```
///
/// # Errors
/// The text is no question; the error says where and what was expected.
pub fn query(text: &str) -> Result<Query, ValueError> {
    let result = all_consuming(terminated(disjunction, multispace0)).parse(text);
    finished(text, result.map_err(|error: nom::Err<Trouble<'_>>| error))
}

// disjunction = conjunction *("or" conjunction)
fn disjunction(input: &str) -> Parsed<'_, Query> {
    let (rest, first) = conjunction(input)?;
    let more = preceded(keyword("or"), cut(conjunction));
    fold_many0(more, move || first.clone(), |a, b| Query::Or(Box::new(a), Box::new(b))).parse(rest)
}

// conjunction = negation *("and" negation)
fn conjunction(input: &str) -> Parsed<'_, Query> {
    let (rest, first) = negation(input)?;
    let more = preceded(keyword("and"), cut(negation));
    fold_many0(more, move || first.clone(), |a, b| Query::And(Box::new(a), Box::new(b))).parse(rest)
}

// negation = "not" negation / "(" disjunction ")" / condition
fn negation(input: &str) -> Parsed<'_, Query> {
    let negated = preceded(keyword("not"), cut(negation)).map(|query| Query::Not(Box::new(query)));
    let close = context("`and`, `or` or `)`", preceded(multispace0, char(')')));
    let grouped = delimited(preceded(multispace0, char('(')), cut(disjunction), cut(close));
    alt((negated, grouped, condition)).parse(input)
}

fn keyword<'a>(word: &'static str) -> impl Parser<&'a str, Output = &'a str, Error = Trouble<'a>> {
    let end = not(peek(satisfy(is_word)));
    preceded(multispace0, terminated(tag_no_case(word), end))
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Whether the values have to be there or must not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sense {
    Is,
    IsNot,
}

// condition = field ("=" value / "!=" value / ["not"] "in" (value / "(" value *("," value) ")"))
fn condition(input: &str) -> Parsed<'_, Query> {
    let (input, ()) = value((), multispace0).parse(input)?;
    let (rest, field) = context("a field such as `source`", take_while1(is_word)).parse(input)?;
    let field = field.to_ascii_lowercase();
    if !FIELDS.contains(&field.as_str()) {
        let known = FIELDS.join(", ");
        let help = match closest(&field, FIELDS) {
            Some(near) => format!("did you mean `{near}`? fields are {known}"),
            None => format!("fields are {known}"),
        };
        return Trouble::new(input, format!("`{field}` is no field of a flow"))
            .with_help(help)
            .fatal();
    }
    let sense = alt((
        value(Sense::IsNot, preceded(multispace0, tag("!="))),
        value(Sense::Is, preceded(multispace0, tag("="))),
        value(Sense::IsNot, (keyword("not"), cut(keyword("in")))),
        value(Sense::Is, keyword("in")),
    ));
    let (rest, sense) = cut(context("`=`, `!=` or `in`", sense)).parse(rest)?;
    let (rest, words) = cut(values).parse(rest)?;
    let condition = Query::Is(typed(&field, &words)?);
    Ok((
        rest,
        match sense {
            Sense::Is => condition,
            Sense::IsNot => Query::Not(Box::new(condition)),
        },
    ))
}

// values = value / ("(" / "[") value *("," value) (")" / "]")
fn values(input: &str) -> Parsed<'_, Vec<&str>> {
    let (input, _) = multispace0(input)?;
    let list = |open, close| {
        let item = preceded(multispace0, word);
        let comma = preceded(multispace0, char(','));
        let end = context("`,` or the end of the list", preceded(multispace0, char(close)));
        delimited(char(open), cut(separated_list1(comma, item)), cut(end))
    };
    alt((list('(', ')'), list('[', ']'), word.map(|word| vec![word]))).parse(input)
}

// word = DQUOTE *any DQUOTE / 1*(any but space, comma and brackets)
fn word(input: &str) -> IResult<&str, &str, Trouble<'_>> {
    let quoted = delimited(char('"'), recognize(opt(take_while1(|c| c != '"'))), cut(char('"')));
    let plain = take_while1(|c: char| {
        !c.is_whitespace() && !matches!(c, ',' | '(' | ')' | '[' | ']' | '"')
    });
    context("a value", alt((quoted, plain))).parse(input)
}

fn typed<'a>(field: &str, words: &[&'a str]) -> Result<Condition, nom::Err<Trouble<'a>>> {
    Ok(match field {
        "protocol" => Condition::Protocol(all(words, protocol)?),
        "source" => Condition::Source(all(words, address)?),
        "destination" => Condition::Destination(all(words, address)?),
        "port" => Condition::Port(all(words, value::port_range)?),
        "fqdn" => Condition::Fqdn(all(words, name)?),
        "verdict" => Condition::Verdict(all(words, verdict)?),
        "stage" => Condition::Stage(all(words, stage)?),
        _ => Condition::Rule(words.iter().map(|word| (*word).to_owned()).collect()),
    })
}

fn all<'a, T>(
    words: &[&'a str],
    read: impl Fn(&str) -> Result<T, ValueError>,
) -> Result<Vec<T>, nom::Err<Trouble<'a>>> {
    let one = |word: &&'a str| {
        read(word).map_err(|error| {
            let trouble = Trouble::new(word, error.message);
            nom::Err::Failure(match error.help {
                Some(help) => trouble.with_help(help),
                None => trouble,
            })
        })
    };
    words.iter().map(one).collect()
}

fn error(message: String, help: &str) -> ValueError {
    ValueError { message, help: Some(help.to_owned()), offset: 0 }
}

fn protocol(text: &str) -> Result<FlowProtocol, ValueError> {
    FlowProtocol::from_text(text).ok_or_else(|| {
        error(
            format!("`{text}` is no protocol"),
            "write `tcp`, `udp`, `icmp`, `http`, `https`, `mssql` or a protocol number",
        )
    })
}

fn address(text: &str) -> Result<AddressValue, ValueError> {
    match value::address(text)?.address {
        Address::Any => Ok(AddressValue::Any),
        Address::Range(range) => Ok(AddressValue::Range(range)),
        Address::ServiceTag(tag) => Err(error(
            format!("`{tag}` is no address"),
            "write an address, a prefix such as `10.0.0.0/8` or a range `10.0.0.4-10.0.0.9`",
        )),
    }
}

fn name(text: &str) -> Result<NameValue, ValueError> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(NameValue::None);
    }
    value::fqdn_pattern(text).map(NameValue::Pattern)
}

fn verdict(text: &str) -> Result<VerdictValue, ValueError> {
    let known = [VerdictValue::Allow, VerdictValue::Deny, VerdictValue::Undecided];
    let found = known.into_iter().find(|known| known.name().eq_ignore_ascii_case(text));
    found.ok_or_else(|| {
        error(format!("`{text}` is no verdict"), "write `allow`, `deny` or `undecided`")
    })
}

fn stage(text: &str) -> Result<StageValue, ValueError> {
    let found = StageValue::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(text));
    found.ok_or_else(|| {
        error(
            format!("`{text}` is no stage"),
            "write `dnat`, `network`, `application`, `infrastructure` or `default`",
        )
    })
}

impl VerdictValue {
    /// The word that a question uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Undecided => "undecided",
        }
    }
}

impl StageValue {
    const ALL: [Self; 5] =
        [Self::Dnat, Self::Network, Self::Application, Self::Infrastructure, Self::Default];

    /// The word that a question uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dnat => "dnat",
            Self::Network => "network",
            Self::Application => "application",
            Self::Infrastructure => "infrastructure",
            Self::Default => "default",
        }
    }
}

impl std::fmt::Display for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::And(a, b) => write!(f, "({a} and {b})"),
            Self::Or(a, b) => write!(f, "({a} or {b})"),
            Self::Not(query) => write!(f, "not {query}"),
            Self::Is(condition) => condition.fmt(f),
        }
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let address = |value: &AddressValue| match value {
            AddressValue::Any => "*".to_owned(),
            AddressValue::Range(range) => range.to_string(),
        };
        let (field, words): (&str, Vec<String>) = match self {
            Self::Protocol(values) => {
                ("protocol", values.iter().map(ToString::to_string).collect())
            }
            Self::Source(values) => ("source", values.iter().map(address).collect()),
            Self::Destination(values) => ("destination", values.iter().map(address).collect()),
            Self::Port(values) => ("port", values.iter().map(ToString::to_string).collect()),
            Self::Fqdn(values) => {
                let word = |value: &NameValue| match value {
                    NameValue::Pattern(pattern) => pattern.to_string(),
                    NameValue::None => "none".to_owned(),
                };
                ("fqdn", values.iter().map(word).collect())
            }
            Self::Verdict(values) => {
                ("verdict", values.iter().map(|value| value.name().to_owned()).collect())
            }
            Self::Stage(values) => {
                ("stage", values.iter().map(|value| value.name().to_owned()).collect())
            }
            Self::Rule(values) => {
                ("rule", values.iter().map(|value| format!("\"{value}\"")).collect())
            }
        };
        write!(f, "{field} in ({})", words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let got = match query(text) {
            Ok(query) => {
                let printed = query.to_string();
                assert_eq!(super::query(&printed), Ok(query), "{printed}");
                printed
            }
            Err(error) => {
                let help = error.help.unwrap_or_default();
                format!("{}: {} [{help}]", error.offset, error.message)
            }
        };
        expected.assert_eq(&got);
    }

    #[test]
    fn and_binds_closer_than_or() {
        check(
            "source=10.0.0.0/8 and port = 22 or not (verdict != allow)",
            expect!["((source in (10.0.0.0/8) and port in (22)) or not not verdict in (allow))"],
        );
    }

    #[test]
    fn lists_ranges_and_names() {
        check(
            "fqdn not in [*.example.com, none] AND protocol in (tcp,https) and port in (80-90)",
            expect![
                "((not fqdn in (*.example.com, none) and protocol in (tcp, https)) and port in (80-90))"
            ],
        );
        check("rule = \"my group/c/r\"", expect![[r#"rule in ("my group/c/r")"#]]);
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        check(
            "sorce = 10.0.0.1",
            expect![
                "0: `sorce` is no field of a flow [did you mean `source`? fields are protocol, source, destination, port, fqdn, verdict, stage, rule]"
            ],
        );
        check(
            "source = 10.0.0.300",
            expect!["9: `10.0.0.300` is no IP address [each of the four numbers is 0 to 255]"],
        );
        check("source = 10.0.0.1 and", expect!["21: expected a field such as `source` []"]);
        check("port", expect!["4: expected `=`, `!=` or `in` []"]);
        check("(port = 22", expect!["10: expected `and`, `or` or `)` []"]);
        check(
            "verdict = maybe",
            expect!["10: `maybe` is no verdict [write `allow`, `deny` or `undecided`]"],
        );
        check("port = 22 source = *", expect!["10: unexpected text `source = *` []"]);
    }

    proptest! {
        #[test]
        fn nothing_makes_the_parser_panic(text in "[a-z0-9=!()*., \"/-]{0,40}") {
            let _ = query(&text);
        }
    }
}
