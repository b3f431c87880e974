//! Words, quoted texts, lists and comments: what lines are made of.

use std::borrow::Cow;

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::char;
use nom::combinator::{cut, map, map_opt, opt, value};
use nom::error::context;
use nom::multi::{many0, many0_count};
use nom::sequence::preceded;

use crate::syntax::quoting::quoted;
use crate::syntax::trouble::{Parsed, Trouble};

/// How an atom was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AtomKind {
    Word,
    Quoted,
    /// In backticks: an expression.
    Unresolved,
    /// `!"…"`: a text that is no value.
    Invalid,
}

/// The smallest piece of a line that means something.
#[derive(Debug, Clone)]
pub(super) struct Atom<'a> {
    pub(super) kind: AtomKind,
    /// Written with `@`: a reference to an IP Group.
    pub(super) is_reference: bool,
    /// Without quotes and escapes.
    pub(super) text: Cow<'a, str>,
    pub(super) place: Place,
}

impl Atom<'_> {
    /// Whether the atom is the bare word `word`.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == AtomKind::Word && !self.is_reference && self.text.eq_ignore_ascii_case(word)
    }
}

/// A stretch of a line, counted from the line's end: parsers know what is left, not what was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) left_at_start: usize,
    pub(super) left_at_end: usize,
}

impl Place {
    pub(super) fn between(start: &str, end: &str) -> Self {
        Self { left_at_start: start.len(), left_at_end: end.len() }
    }
}

/// A word before an entry that says what the entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Qualifier {
    Fqdn,
    Url,
    Tag,
    Category,
    Address,
}

impl Qualifier {
    pub(super) const ALL: [Self; 5] =
        [Self::Fqdn, Self::Url, Self::Tag, Self::Category, Self::Address];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Fqdn => "fqdn",
            Self::Url => "url",
            Self::Tag => "tag",
            Self::Category => "category",
            Self::Address => "address",
        }
    }
}

/// An entry of a list.
#[derive(Debug, Clone)]
pub(super) struct Item<'a> {
    pub(super) qualifiers: Vec<Qualifier>,
    pub(super) atom: Atom<'a>,
}

/// Words that separate the parts of a line and are never entries.
const RESERVED: [&str; 4] = [":", "->", "=>", "="];

/// Whether `text` can stand in a line without quotes.
pub(super) fn is_plain_word(text: &str) -> bool {
    !text.starts_with(['@', '!', '#']) && matches!(word(text), Ok(("", _)))
}

/// Whether `text` can be the name of a rule without quotes.
pub(super) fn is_plain_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_name_char)
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

fn is_space(c: char) -> bool {
    c != '\n' && (c.is_whitespace() || c == '\u{feff}')
}

/// Spaces within a physical line.
pub(super) fn gap(input: &str) -> Parsed<'_, &str> {
    take_while(is_space).parse(input)
}

// comment = "#" *any
pub(super) fn comment(input: &str) -> Parsed<'_, &str> {
    nom::combinator::recognize((char('#'), take_while(|c| c != '\n'))).parse(input)
}

// comma = "," *(space / [comment] newline)
fn comma(input: &str) -> Parsed<'_, ()> {
    let filler = alt((take_while1(is_space), tag("\n"), comment));
    value((), (gap, char(','), many0_count(filler))).parse(input)
}

// list = item *("," item)
pub(super) fn list(input: &str) -> Parsed<'_, Vec<Item<'_>>> {
    let (input, first) = item(input)?;
    let more = preceded(comma, cut(context("another entry behind the comma", item)));
    let (input, mut rest) = many0(more).parse(input)?;
    rest.insert(0, first);
    Ok((input, rest))
}

// item = *qualifier atom
pub(super) fn item(input: &str) -> Parsed<'_, Item<'_>> {
    let (input, qualifiers) = many0(qualifier).parse(input)?;
    let (input, atom) = preceded(gap, atom).parse(input)?;
    Ok((input, Item { qualifiers, atom }))
}

/// A qualifier, where an atom follows it.
fn qualifier(input: &str) -> Parsed<'_, Qualifier> {
    let (input, found) = map_opt(preceded(gap, word), |text| {
        Qualifier::ALL.into_iter().find(|one| one.word().eq_ignore_ascii_case(text))
    })
    .parse(input)?;
    let (input, _) = take_while1(is_space).parse(input)?;
    let (_, _) = atom(input)?;
    Ok((input, found))
}

// atom = ["@" / "!"] (word / quoted) / ["@"] unresolved
pub(super) fn atom(input: &str) -> Parsed<'_, Atom<'_>> {
    let (rest, reference) = opt(char('@')).parse(input)?;
    let unresolved = map(quoted('`'), |text| (AtomKind::Unresolved, Cow::Owned(text)));
    let invalid =
        map(preceded(char('!'), quoted('"')), |text| (AtomKind::Invalid, Cow::Owned(text)));
    let quoted = map(quoted('"'), |text| (AtomKind::Quoted, Cow::Owned(text)));
    let word = map(word, |text| (AtomKind::Word, Cow::Borrowed(text)));
    let (rest, (kind, text)) = alt((unresolved, invalid, quoted, word)).parse(rest)?;
    let place = Place::between(input, rest);
    Ok((rest, Atom { kind, is_reference: reference.is_some(), text, place }))
}

// word = 1*(any but space, comma, quote, backtick)
pub(super) fn word(input: &str) -> Parsed<'_, &str> {
    let is_end = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | '"' | '`');
    let end = input.find(|c: char| is_end(c) || c == '\u{feff}').unwrap_or(input.len());
    let (text, _) = input.split_at(end);
    let arrow = ["->", "=>"].into_iter().filter_map(|arrow| text.find(arrow)).min();
    let (text, rest) = input.split_at(arrow.unwrap_or(end));
    if text.is_empty() || text.starts_with('#') || RESERVED.contains(&text) {
        return Err(nom::Err::Error(Trouble::new(input, "")));
    }
    if text.starts_with('!') {
        let rest = text.trim_start_matches('!');
        let help = format!("write `!\"{rest}\"` for a text that is no value");
        let trouble = Trouble::new(input, format!("`{text}` is no word")).with_help(help);
        return Err(nom::Err::Error(trouble));
    }
    Ok((rest, text))
}

// name = 1*(letter / digit / "_" / "." / "-") / quoted
pub(super) fn name(input: &str) -> Parsed<'_, Atom<'_>> {
    let quoted = map(quoted('"'), |text| (AtomKind::Quoted, Cow::Owned(text)));
    let plain = map(take_while1(is_name_char), |text| (AtomKind::Word, Cow::Borrowed(text)));
    let (rest, (kind, text)) = alt((quoted, plain)).parse(input)?;
    Ok((rest, Atom { kind, is_reference: false, text, place: Place::between(input, rest) }))
}
