//! A file's lines and the marks between them; comments are found here.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{char, none_of};
use nom::combinator::{opt, recognize};
use nom::multi::many0_count;
use nom::sequence::preceded;

use super::atom::{comment, gap};
use crate::syntax::trouble::{Parsed, Trouble};

/// What a piece of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceKind {
    Text,
    Comma,
    Comment,
    /// The end of a physical line within a logical one.
    Break,
}

/// A piece of a line, as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) kind: PieceKind,
    pub(super) text: &'a str,
    /// Nothing stands between it and the piece before.
    pub(super) is_glued: bool,
    /// Offset behind its last byte.
    pub(super) end: usize,
}

/// A statement, rule or comment: one line of the file, or several joined by commas.
#[derive(Debug)]
pub(super) struct RawLine<'a> {
    pub(super) pieces: Vec<Piece<'a>>,
    /// Offset of the first byte of the content.
    pub(super) start: usize,
    /// Offset behind the last byte of the content; a comment is not content.
    pub(super) end: usize,
}

impl RawLine<'_> {
    /// Whether the line goes over several lines of the file.
    pub(super) fn is_continued(&self) -> bool {
        self.pieces.iter().any(|piece| piece.kind == PieceKind::Break)
    }
}

/// The lines of a file in order.
pub(super) fn lines(text: &str) -> Vec<RawLine<'_>> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (after, line) = raw_line(text, rest);
        lines.push(line);
        rest = after;
    }
    lines
}

fn raw_line<'a>(text: &'a str, input: &'a str) -> (&'a str, RawLine<'a>) {
    let mut pieces: Vec<Piece<'a>> = Vec::new();
    let mut rest = input;
    loop {
        let before = rest;
        rest = gap(rest).map_or(rest, |(rest, _)| rest);
        let is_glued = rest.len() == before.len();
        if let Some(after) = rest.strip_prefix('\n') {
            if !goes_on(&pieces, after) {
                return (after, finish(text.len() - input.len(), pieces, text));
            }
            let end = text.len() - after.len();
            pieces.push(Piece { kind: PieceKind::Break, text: "\n", is_glued, end });
            rest = after;
            continue;
        }
        let Ok((after, (kind, piece))) = piece(rest) else {
            return (rest, finish(text.len() - input.len(), pieces, text));
        };
        let end = text.len() - after.len();
        pieces.push(Piece { kind, text: piece, is_glued, end });
        rest = after;
    }
}

/// Whether a comma stands at the end, behind which only a comment came, and a line follows.
fn goes_on(pieces: &[Piece<'_>], after: &str) -> bool {
    let mut before = pieces
        .iter()
        .rev()
        .filter(|piece| !matches!(piece.kind, PieceKind::Comment | PieceKind::Break));
    let is_open = before.next().is_some_and(|piece| piece.kind == PieceKind::Comma);
    let next = after.split('\n').next().unwrap_or("");
    is_open && !next.trim().is_empty()
}

fn finish<'a>(line_start: usize, pieces: Vec<Piece<'a>>, text: &str) -> RawLine<'a> {
    let mut content =
        pieces.iter().filter(|piece| matches!(piece.kind, PieceKind::Text | PieceKind::Comma));
    let first = content.next();
    let start = first.map_or(line_start, |piece| piece.end - piece.text.len());
    let end = content.next_back().or(first).map_or(start, |piece| piece.end);
    debug_assert!(end <= text.len(), "pieces lie in the text");
    RawLine { pieces, start, end }
}

// piece = comment / "," / quoted / word
fn piece(input: &str) -> Parsed<'_, (PieceKind, &str)> {
    let is_word = |c: char| !(c.is_whitespace() || matches!(c, ',' | '"' | '`' | '\u{feff}'));
    let text = alt((quoted('"'), quoted('`'), take_while1(is_word)));
    alt((
        comment.map(|text| (PieceKind::Comment, text)),
        tag(",").map(|text| (PieceKind::Comma, text)),
        text.map(|text| (PieceKind::Text, text)),
    ))
    .parse(input)
}

/// A quoted text with its quotes; one that does not end goes to the end of the line.
fn quoted<'a>(quote: char) -> impl Parser<&'a str, Output = &'a str, Error = Trouble<'a>> {
    let escape = preceded(char('\\'), none_of("\n"));
    let plain = take_while1(move |c| c != quote && c != '\\' && c != '\n');
    let body = many0_count(alt((recognize(escape), plain)));
    let end = alt((recognize(char(quote)), take_while(|c| c != '\n')));
    recognize((char(quote), body, opt(end)))
}
