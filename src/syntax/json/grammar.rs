//! The grammar of JSON, one function per line of it.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_until, take_while_m_n};
use nom::character::complete::{anychar, char, digit1, one_of};
use nom::combinator::{cut, map, map_opt, opt, recognize, value as constant};
use nom::error::{ContextError, ErrorKind, ParseError, context};
use nom::sequence::{preceded, terminated};
use nom::{Err, IResult, Parser};
use smol_str::SmolStr;

use super::error::span;
use super::{Member, Node, Value};
use crate::source::{SourceId, Span, Spanned};

/// Deeper nesting is refused: the readers of the tree are recursive.
pub(super) const DEPTH_MAX: usize = 128;

/// What went wrong, and where.
#[derive(Debug)]
pub(super) struct Trouble<'a> {
    /// The text from the place of the trouble on.
    pub(super) rest: &'a str,
    pub(super) problem: Problem,
    /// When the text ended: from each opening sign that has no closing one, innermost first.
    pub(super) open: Vec<&'a str>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Problem {
    Expected(&'static str),
    TooDeep,
}

impl<'a> Trouble<'a> {
    fn expected(rest: &'a str, what: &'static str) -> Self {
        Self { rest, problem: Problem::Expected(what), open: Vec::new() }
    }

    /// Notes what is still open when the text ends.
    fn inside(mut self, opening: &'a str) -> Self {
        if self.rest.is_empty() {
            self.open.push(opening);
        }
        self
    }
}

impl<'a> ParseError<&'a str> for Trouble<'a> {
    fn from_error_kind(rest: &'a str, _kind: ErrorKind) -> Self {
        Self::expected(rest, "")
    }

    fn append(_rest: &'a str, _kind: ErrorKind, other: Self) -> Self {
        other
    }
}

impl<'a> ContextError<&'a str> for Trouble<'a> {
    fn add_context(_rest: &'a str, what: &'static str, other: Self) -> Self {
        match other.problem {
            Problem::Expected("") => Self { problem: Problem::Expected(what), ..other },
            Problem::Expected(_) | Problem::TooDeep => other,
        }
    }
}

type Parsed<'a, T> = IResult<&'a str, T, Trouble<'a>>;

/// Turns the text that is left into positions, and counts levels.
#[derive(Debug, Clone, Copy)]
struct Place {
    length: usize,
    source: SourceId,
    depth: usize,
}

impl Place {
    fn span(self, from: &str, to: &str) -> Span {
        let offset = |rest: &str| self.length.saturating_sub(rest.len());
        span(self.source, offset(from), offset(to))
    }

    fn deeper(self, rest: &str) -> Result<Self, Err<Trouble<'_>>> {
        if self.depth == DEPTH_MAX {
            let problem = Problem::TooDeep;
            return Err(Err::Failure(Trouble { rest, problem, open: Vec::new() }));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

pub(super) fn document(text: &str, source: SourceId) -> Result<Node, Trouble<'_>> {
    let place = Place { length: text.len(), source, depth: 0 };
    let (rest, node) =
        preceded(opening, |input| element(input, place)).parse(text).map_err(inner)?;
    if rest.is_empty() {
        return Ok(node);
    }
    Err(Trouble::expected(rest, "the end of the file"))
}

pub(super) fn documents(text: &str, source: SourceId) -> Result<Vec<Node>, Trouble<'_>> {
    let place = Place { length: text.len(), source, depth: 0 };
    let (mut rest, ()) = opening(text).map_err(inner)?;
    let mut nodes = Vec::new();
    while !rest.is_empty() {
        let (after, node) = element(rest, place).map_err(inner)?;
        nodes.push(node);
        rest = after;
    }
    Ok(nodes)
}

fn inner(error: Err<Trouble<'_>>) -> Trouble<'_> {
    match error {
        Err::Error(trouble) | Err::Failure(trouble) => trouble,
        Err::Incomplete(_) => Trouble::expected("", "more text"),
    }
}

/// A byte order mark and blank space.
fn opening(input: &str) -> Parsed<'_, ()> {
    blank(input.strip_prefix('\u{feff}').unwrap_or(input))
}

/// A value and the blank space behind it.
fn element(input: &str, place: Place) -> Parsed<'_, Node> {
    let (rest, node) = cut(|input| value(input, place)).parse(input)?;
    let (rest, ()) = blank(rest)?;
    Ok((rest, node))
}

fn value(input: &str, place: Place) -> Parsed<'_, Node> {
    let (rest, value) = match input.as_bytes().first() {
        Some(b'{') => map(|input| object(input, place), Value::Object).parse(input),
        Some(b'[') => map(|input| array(input, place), Value::Array).parse(input),
        Some(b'"') => map(string, Value::String).parse(input),
        Some(b'-' | b'0'..=b'9') => map(number, Value::Number).parse(input),
        Some(_) | None => context("a value", literal).parse(input),
    }?;
    Ok((rest, Node { span: place.span(input, rest), value }))
}

fn array(input: &str, place: Place) -> Parsed<'_, Vec<Node>> {
    let place = place.deeper(input)?;
    let entries = list(input, ']', "`,` or `]`", |input| element(input, place));
    entries.map_err(|error| error.map(|trouble| trouble.inside(input)))
}

fn object(input: &str, place: Place) -> Parsed<'_, Vec<Member>> {
    let place = place.deeper(input)?;
    let members = list(input, '}', "`,` or `}`", |input| member(input, place));
    members.map_err(|error| error.map(|trouble| trouble.inside(input)))
}

/// What stands between the opening sign and `close`, with commas between. A loop of its own:
/// of a large file a third of the time goes into lists.
fn list<'a, T>(
    input: &'a str,
    close: char,
    expected: &'static str,
    mut entry: impl FnMut(&'a str) -> Parsed<'a, T>,
) -> Parsed<'a, Vec<T>> {
    let (mut rest, _) = (anychar, blank).parse(input)?;
    let mut entries = Vec::new();
    if let Some(after) = rest.strip_prefix(close) {
        return Ok((after, entries));
    }
    loop {
        let (after, found) = entry(rest)?;
        entries.push(found);
        let Some(next) = after.strip_prefix(',') else {
            let (after, _) = cut(context(expected, char(close))).parse(after)?;
            return Ok((after, entries));
        };
        (rest, ()) = blank(next)?;
    }
}

fn member(input: &str, place: Place) -> Parsed<'_, Member> {
    if !input.starts_with('"') {
        return Err(Err::Failure(Trouble::expected(input, "a key in double quotes")));
    }
    let (rest, key) = string(input)?;
    let key = Spanned::new(key, place.span(input, rest));
    let (rest, ()) = blank(rest)?;
    let Some(rest) = rest.strip_prefix(':') else {
        return Err(Err::Failure(Trouble::expected(rest, "`:`")));
    };
    let (rest, ()) = blank(rest)?;
    let (rest, value) = element(rest, place)?;
    Ok((rest, Member { key, value }))
}

fn literal(input: &str) -> Parsed<'_, Value> {
    alt((
        constant(Value::Null, tag("null")),
        constant(Value::Bool(true), tag("true")),
        constant(Value::Bool(false), tag("false")),
    ))
    .parse(input)
}

/// The digits as written; leading zeros are no JSON.
fn number(input: &str) -> Parsed<'_, SmolStr> {
    // Nearly all are ports and priorities.
    let digits = input.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(input.len());
    let (plain, rest) = input.split_at(digits);
    if !plain.is_empty() && !plain.starts_with('0') && !rest.starts_with(['.', 'e', 'E']) {
        return Ok((rest, plain.into()));
    }
    let integer = alt((tag("0"), digit1));
    let fraction = (char('.'), cut(digit1));
    let exponent = (one_of("eE"), opt(one_of("+-")), cut(digit1));
    let parts = (opt(char('-')), cut(integer), opt(fraction), opt(exponent));
    map(context("a digit", recognize(parts)), SmolStr::from).parse(input)
}

/// A string without its quotes, escapes replaced. Line breaks and tabs may stand in it, as in ARM.
fn string(input: &str) -> Parsed<'_, SmolStr> {
    let (rest, _) = char('"').parse(input)?;
    let (plain, mut rest) = plain_run(rest);
    if let Some(after) = rest.strip_prefix('"') {
        return Ok((after, plain.into()));
    }
    let mut text = String::from(plain);
    while !rest.starts_with('"') {
        let (after, escaped) = cut(escape)
            .parse(rest)
            .map_err(|error: Err<Trouble<'_>>| error.map(|trouble| trouble.inside(input)))?;
        text.push(escaped);
        let (plain, after) = plain_run(after);
        text.push_str(plain);
        rest = after;
    }
    let (rest, _) = char('"').parse(rest)?;
    Ok((rest, text.into()))
}

/// What comes before the next quote, backslash or forbidden control character.
fn plain_run(input: &str) -> (&str, &str) {
    let is_plain = |byte: u8| match byte {
        b'"' | b'\\' => false,
        b'\t' | b'\n' | b'\r' => true,
        _ => byte >= b' ',
    };
    let skipped = run_of_words(input.as_bytes(), special);
    let rest = input.bytes().skip(skipped).position(|byte| !is_plain(byte));
    input.split_at(rest.map_or(input.len(), |rest| skipped + rest))
}

/// Marks the first quote, backslash or control character of eight bytes, without looking at each:
/// below `n` is the byte whose top bit `byte - n` borrows. A mark above the first may be wrong.
fn special(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let below = |word: u64, limit: u8| {
        word.wrapping_sub(ONES.wrapping_mul(limit.into())) & !word & (ONES << 7)
    };
    let equal = |byte: u8| below(word ^ ONES.wrapping_mul(byte.into()), 1);
    below(word, b' ') | equal(b'"') | equal(b'\\')
}

fn escape(input: &str) -> Parsed<'_, char> {
    let (input, _) = context("the closing `\"` of a text", char('\\')).parse(input)?;
    let single = alt((
        one_of("\"\\/"),
        constant('\u{8}', char('b')),
        constant('\u{c}', char('f')),
        constant('\n', char('n')),
        constant('\r', char('r')),
        constant('\t', char('t')),
    ));
    context("an escape such as `\\n`, `\\\"` or `\\u00e4`", alt((single, unicode))).parse(input)
}

/// `u00e4`, or the two halves of a character beyond 16 bits: `ud83d\ude00`.
fn unicode(input: &str) -> Parsed<'_, char> {
    let (rest, first) = unit(input)?;
    let second = match first {
        0xd800..=0xdbff => preceded(char('\\'), unit),
        _ => return map_opt(unit, |unit| char::from_u32(unit.into())).parse(input),
    };
    let whole = |second: u16| char::decode_utf16([first, second]).next().and_then(Result::ok);
    map_opt(second, whole).parse(rest)
}

fn unit(input: &str) -> Parsed<'_, u16> {
    let digits = take_while_m_n(4, 4, |c: char| c.is_ascii_hexdigit());
    map_opt(preceded(char('u'), digits), |digits| u16::from_str_radix(digits, 16).ok()).parse(input)
}

/// Blank space and comments.
fn blank(input: &str) -> Parsed<'_, ()> {
    let mut rest = input;
    // Between most tokens stands nothing.
    if rest.as_bytes().first().is_some_and(|&byte| byte > b'/') {
        return Ok((rest, ()));
    }
    loop {
        rest = behind_blank(rest);
        if !rest.starts_with('/') {
            return Ok((rest, ()));
        }
        (rest, _) = cut(context("`//` or `/*`", alt((line_comment, block_comment)))).parse(rest)?;
    }
}

/// The text behind blank space: line ends, and the indentation of the next line.
fn behind_blank(input: &str) -> &str {
    const SPACES: u64 = 0x2020_2020_2020_2020;
    let bytes = input.as_bytes();
    let line = bytes.iter().position(|byte| !matches!(byte, b'\n' | b'\r')).unwrap_or(0);
    let (_, indented) = bytes.split_at(line);
    let spaces = run_of_words(indented, |word| word ^ SPACES);
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let rest = bytes.iter().skip(line + spaces).position(|byte| !is_blank(byte));
    input.split_at(rest.map_or(input.len(), |rest| line + spaces + rest)).1
}

/// How many bytes from the start on are as they should be, looked at eight at a time: `wrong` has
/// bits in the first byte that is not. The last few bytes are left to the caller.
fn run_of_words(bytes: &[u8], wrong: impl Fn(u64) -> u64) -> usize {
    let (words, _) = bytes.as_chunks();
    let mut run = 0;
    for word in words {
        let wrong = wrong(u64::from_le_bytes(*word));
        if wrong != 0 {
            return run + wrong.trailing_zeros() as usize / 8;
        }
        run += 8;
    }
    run
}

fn line_comment(input: &str) -> Parsed<'_, &str> {
    preceded(tag("//"), take_till(|c| c == '\n')).parse(input)
}

fn block_comment(input: &str) -> Parsed<'_, &str> {
    let (rest, _) = tag("/*").parse(input)?;
    let result: Parsed<'_, &str> = terminated(take_until("*/"), tag("*/")).parse(rest);
    result.map_err(|_| Err::Failure(Trouble::expected("", "`*/`").inside(input)))
}
