//! Quoted texts with escapes, in the text form of rule sets and in flow notation.

use std::borrow::Cow;

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while_m_n, take_while1};
use nom::character::complete::{anychar, char};
use nom::combinator::{cut, map, map_opt, value, verify};
use nom::error::context;
use nom::multi::fold_many0;
use nom::sequence::{delimited, preceded};

use super::trouble::{Parsed, Trouble};

/// Text between two `quote`s, with its escapes resolved.
pub(super) fn quoted<'a>(
    quote: char,
) -> impl Parser<&'a str, Output = String, Error = Trouble<'a>> {
    let plain = take_while1(move |c| c != quote && c != '\\' && c != '\n');
    let piece = alt((
        map(plain, Cow::Borrowed),
        preceded(char('\\'), cut(map(escape, |c| Cow::Owned(c.to_string())))),
    ));
    let body = fold_many0(piece, String::new, |mut text: String, piece: Cow<'_, str>| {
        text.push_str(&piece);
        text
    });
    let close = cut(context("the closing quote in the same line", char(quote)));
    delimited(char(quote), body, close)
}

// escape = "\" / quote / "n" / "r" / "t" / "u{" 1*6hexdigit "}"
fn escape(input: &str) -> Parsed<'_, char> {
    let hex = take_while_m_n(1, 6, |c: char| c.is_ascii_hexdigit());
    let code = map_opt(delimited(tag("u{"), hex, char('}')), |hex| {
        u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)
    });
    let simple = alt((
        value('\n', char('n')),
        value('\r', char('r')),
        value('\t', char('t')),
        verify(anychar, |c| matches!(c, '\\' | '"' | '`')),
    ));
    context("`\\\"`, `\\\\`, `\\n`, `\\r`, `\\t` or `\\u{7f}`", alt((code, simple))).parse(input)
}

/// `text` between two `quote`s, escaped so that it reads back.
pub(super) fn in_quotes(quote: char, text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if c.is_control() || (c.is_whitespace() && c != ' ') || is_invisible(c) => {
                out.extend(c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// Characters that show nothing or reorder what stands around them: a reviewer must see them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}
