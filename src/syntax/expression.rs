//! ARM template expressions: `[concat('hub-', parameters('name'))]`.
//!
//! A template is JSON in which a string that begins with `[` and ends with `]` is computed when it
//! is deployed
//! (<https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions>).

use std::fmt;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{char, digit1, multispace0};
use nom::combinator::{opt, recognize};
use nom::error::ParseError;
use nom::multi::fold_many0;
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};
use smol_str::{SmolStr, SmolStrBuilder};

/// Deeper nesting than any person or compiler writes; a limit keeps the stack safe.
const LEVELS_MAX: usize = 64;

/// What a string of a template means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateString {
    /// The text itself; a doubled opening bracket is already a single one.
    Literal(SmolStr),
    Expression(Expression),
}

/// A template expression without its outer brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    String(SmolStr),
    Integer(i64),
    Call(Call),
}

/// A function call and what is picked from its result: `parameters('x').a[0]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// As written; functions are compared without regard to case. A user's own function has its
    /// namespace in front: `contoso.name`.
    pub name: SmolStr,
    pub arguments: Vec<Expression>,
    pub path: Vec<Accessor>,
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accessor {
    /// `.name`
    Property(SmolStr),
    /// `[0]` or `['name']`
    Index(Expression),
}

/// Text that is no template expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at offset {offset} of the expression")]
pub struct ExpressionError {
    offset: usize,
    expected: &'static str,
}

impl ExpressionError {
    /// Bytes before the place that is wrong.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What should stand there.
    #[must_use]
    pub fn expected(&self) -> &'static str {
        self.expected
    }
}

impl TemplateString {
    /// Reads a string value of a template: `[…]` is an expression, `[[…]` is text that begins with
    /// a bracket, anything else is itself.
    ///
    /// # Errors
    ///
    /// If the text is in brackets and what stands between them is no expression.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let Some(inner) = text.strip_prefix('[').filter(|rest| rest.ends_with(']')) else {
            return Ok(Self::Literal(text.into()));
        };
        if inner.starts_with('[') {
            return Ok(Self::Literal(inner.into()));
        }
        let inner = inner.strip_suffix(']').unwrap_or(inner);
        match whole(inner) {
            Ok(expression) => Ok(Self::Expression(expression)),
            Err(trouble) => Err(ExpressionError {
                offset: 1 + inner.len() - trouble.rest.len(),
                expected: trouble.expected,
            }),
        }
    }
}

impl fmt::Display for TemplateString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) if text.starts_with('[') && text.ends_with(']') => {
                write!(f, "[{text}")
            }
            Self::Literal(text) => f.write_str(text),
            Self::Expression(expression) => write!(f, "[{expression}]"),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Integer(number) => number.fmt(f),
            Self::Call(call) => call.fmt(f),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        for (index, argument) in self.arguments.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{argument}")?;
        }
        f.write_str(")")?;
        self.path.iter().try_for_each(|accessor| accessor.fmt(f))
    }
}

impl fmt::Display for Accessor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(name) => write!(f, ".{name}"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// Where a parser stopped and what it wanted there.
#[derive(Debug)]
struct Trouble<'a> {
    rest: &'a str,
    expected: &'static str,
}

impl<'a> ParseError<&'a str> for Trouble<'a> {
    fn from_error_kind(rest: &'a str, _kind: nom::error::ErrorKind) -> Self {
        Self { rest, expected: "an expression" }
    }

    fn append(_rest: &'a str, _kind: nom::error::ErrorKind, other: Self) -> Self {
        other
    }

    /// Of several ways that all fail, the one that came furthest knows best what is missing.
    fn or(self, other: Self) -> Self {
        if other.rest.len() < self.rest.len() { other } else { self }
    }
}

type Parsed<'a, T> = IResult<&'a str, T, Trouble<'a>>;

fn failure<'a, T>(rest: &'a str, expected: &'static str) -> Parsed<'a, T> {
    Err(nom::Err::Failure(Trouble { rest, expected }))
}

fn whole(input: &str) -> Result<Expression, Trouble<'_>> {
    match expression(input, 0) {
        Ok(("", expression)) => Ok(expression),
        Ok((rest, _)) => Err(Trouble { rest, expected: "the end of the expression" }),
        Err(nom::Err::Error(trouble) | nom::Err::Failure(trouble)) => Err(trouble),
        Err(nom::Err::Incomplete(_)) => Err(Trouble { rest: "", expected: "more text" }),
    }
}

/// `'text'`, `12` or a call, with white space around it.
fn expression(input: &str, level: usize) -> Parsed<'_, Expression> {
    if level > LEVELS_MAX {
        return failure(input, "fewer levels of nesting");
    }
    let (input, _) = multispace0(input)?;
    let (rest, found) = match input.chars().next() {
        Some('\'') => string(input).map(|(rest, text)| (rest, Expression::String(text)))?,
        Some('-' | '0'..='9') => integer(input)?,
        Some(first) if is_name_start(first) => {
            call(input, level).map(|(rest, call)| (rest, Expression::Call(call)))?
        }
        Some(_) | None => return failure(input, "a function, a string or a number"),
    };
    let (rest, _) = multispace0(rest)?;
    Ok((rest, found))
}

/// `'it''s'`
fn string(input: &str) -> Parsed<'_, SmolStr> {
    let (input, _) = char('\'')(input)?;
    let piece = alt((take_while1(|c| c != '\''), tag("''").map(|_| "'")));
    let (rest, text) = fold_many0(piece, SmolStrBuilder::new, |mut text, piece: &str| {
        text.push_str(piece);
        text
    })
    .parse(input)?;
    let Some(rest) = rest.strip_prefix('\'') else { return failure(rest, "a closing `'`") };
    Ok((rest, text.finish()))
}

fn integer(input: &str) -> Parsed<'_, Expression> {
    let (rest, digits) = recognize(preceded(opt(char('-')), digit1)).parse(input)?;
    match digits.parse() {
        Ok(number) => Ok((rest, Expression::Integer(number))),
        Err(_) => failure(input, "a number of at most 64 bits"),
    }
}

/// `name(argument, …)` and what follows it.
fn call(input: &str, level: usize) -> Parsed<'_, Call> {
    let (rest, name) = function_name(input)?;
    let (rest, _) = multispace0(rest)?;
    let Some(rest) = rest.strip_prefix('(') else { return failure(rest, "`(`") };
    let (rest, arguments) = arguments(rest, level)?;
    let (rest, path) = path(rest, level)?;
    Ok((rest, Call { name: name.into(), arguments, path }))
}

/// `name` or `namespace.name`; a compiler's namespace is `__bicep`.
fn function_name(input: &str) -> Parsed<'_, &str> {
    recognize((take_while1(is_name_start), take_while(|c| is_name_part(c) || c == '.')))
        .parse(input)
}

fn arguments(input: &str, level: usize) -> Parsed<'_, Vec<Expression>> {
    let (mut input, _) = multispace0(input)?;
    let mut found = Vec::new();
    if let Some(rest) = input.strip_prefix(')') {
        return Ok((rest, found));
    }
    loop {
        let (rest, argument) = expression(input, level + 1)?;
        found.push(argument);
        if let Some(rest) = rest.strip_prefix(')') {
            return Ok((rest, found));
        }
        let Some(rest) = rest.strip_prefix(',') else { return failure(rest, "`,` or `)`") };
        input = rest;
    }
}

/// `.name[0]['name']`
fn path(mut input: &str, level: usize) -> Parsed<'_, Vec<Accessor>> {
    let mut found = Vec::new();
    loop {
        let (next, _) = multispace0(input)?;
        let (rest, accessor) = match next.chars().next() {
            Some('.') => property(next)?,
            Some('[') => index(next, level)?,
            Some(_) | None => return Ok((input, found)),
        };
        found.push(accessor);
        input = rest;
    }
}

fn property(input: &str) -> Parsed<'_, Accessor> {
    let (rest, _) = (char('.'), multispace0).parse(input)?;
    match take_while1::<_, _, Trouble<'_>>(is_name_part)(rest) {
        Ok((rest, name)) => Ok((rest, Accessor::Property(name.into()))),
        Err(_) => failure(rest, "the name of a property"),
    }
}

fn index(input: &str, level: usize) -> Parsed<'_, Accessor> {
    let close = |input| match char::<_, Trouble<'_>>(']')(input) {
        Ok(done) => Ok(done),
        Err(_) => failure(input, "`]`"),
    };
    let inner = |input| expression(input, level + 1);
    delimited(char('['), inner, close).map(Accessor::Index).parse(input)
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '$')
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let got = match TemplateString::parse(text) {
            Ok(TemplateString::Literal(text)) => format!("text {text}"),
            Ok(TemplateString::Expression(expression)) => expression.to_string(),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&got);
    }

    #[test]
    fn text_is_itself_unless_it_stands_in_brackets() {
        check("10.0.0.0/24", expect!["text 10.0.0.0/24"]);
        check("[abc", expect!["text [abc"]);
        check("[[abc]", expect!["text [abc]"]);
        check("[[abc", expect!["text [[abc"]);
        check("", expect!["text "]);
    }

    #[test]
    fn calls_nest_and_values_are_picked_from_them() {
        check(
            "[concat('it''s', parameters('x').a[0]['b-c'])]",
            expect!["concat('it''s', parameters('x').a[0]['b-c'])"],
        );
        check("[ add( 1 ,\n -2 ) ]", expect!["add(1, -2)"]);
        check("[resourceGroup().location]", expect!["resourceGroup().location"]);
        check("[contoso.name(true())]", expect!["contoso.name(true())"]);
        check("[variables('a')\n .b [ 0 ]]", expect!["variables('a').b[0]"]);
        check("['a]b']", expect!["'a]b'"]);
    }

    #[test]
    fn trouble_names_the_place_and_what_is_missing() {
        check(
            "[]",
            expect!["expected a function, a string or a number at offset 1 of the expression"],
        );
        check("[concat('a]", expect!["expected a closing `'` at offset 10 of the expression"]);
        check("[concat('a' 'b')]", expect!["expected `,` or `)` at offset 12 of the expression"]);
        check("[parameters]", expect!["expected `(` at offset 11 of the expression"]);
        check("[f().]", expect!["expected the name of a property at offset 5 of the expression"]);
        check("[f()[0]", expect!["expected `]` at offset 6 of the expression"]);
        check(
            "[f() g()]",
            expect!["expected the end of the expression at offset 5 of the expression"],
        );
        check(
            "[99999999999999999999]",
            expect!["expected a number of at most 64 bits at offset 1 of the expression"],
        );
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = format!("[{}1{}]", "not(".repeat(5000), ")".repeat(5000));
        let error = TemplateString::parse(&deep).unwrap_err();
        assert_eq!(error.expected(), "fewer levels of nesting");
        let wide = format!("[f(){}]", "[0].a".repeat(5000));
        assert_eq!(TemplateString::parse(&wide).unwrap().to_string(), wide);
    }

    fn any_expression() -> impl Strategy<Value = Expression> {
        let leaf = prop_oneof![
            "[a-z'\\[\\]{}, ]{0,8}".prop_map(|text| Expression::String(text.into())),
            any::<i64>().prop_map(Expression::Integer),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            let accessor = prop_oneof![
                "[a-zA-Z_][a-z0-9_]{0,5}".prop_map(|name| Accessor::Property(name.into())),
                inner.clone().prop_map(Accessor::Index),
            ];
            (
                "[a-zA-Z_]{1,6}(\\.[a-z]{1,4})?",
                proptest::collection::vec(inner, 0..4),
                proptest::collection::vec(accessor, 0..3),
            )
                .prop_map(|(name, arguments, path)| {
                    Expression::Call(Call { name: name.into(), arguments, path })
                })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        #[test]
        fn printing_and_reading_agree(expression in any_expression()) {
            let written = TemplateString::Expression(expression);
            prop_assert_eq!(TemplateString::parse(&written.to_string()), Ok(written));
        }

        #[test]
        fn literals_survive_too(text in "[\\[\\]ab']{0,6}") {
            let written = TemplateString::Literal(text.into());
            // `[[a` stays as it is: only text that ends with a bracket too needs the escape.
            prop_assert_eq!(TemplateString::parse(&written.to_string()), Ok(written));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\[[a-z()\\[\\]'.,0-9 \\n-]{0,40}\\]|.{0,40}") {
            let _ = TemplateString::parse(&text);
        }
    }
}
