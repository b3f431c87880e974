//! What is wrong with a text that should be JSON.

use std::fmt::Write;

use super::grammar::{DEPTH_MAX, Problem, Trouble};
use crate::source::{SourceId, Span};

/// A text that is no JSON: where, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonError {
    message: String,
    help: Option<String>,
    span: Span,
}

/// How many open brackets the help for a truncated file names.
const OPEN_MAX: usize = 4;

impl JsonError {
    pub(super) fn new(text: &str, source: SourceId, trouble: Trouble<'_>) -> Self {
        let start = text.len().saturating_sub(trouble.rest.len());
        let (message, help) = match trouble.problem {
            Problem::TooDeep => (
                format!("values are nested more than {DEPTH_MAX} levels deep"),
                Some("no rule set needs that; check how the file was made".to_owned()),
            ),
            Problem::Expected(what) if trouble.rest.is_empty() => {
                (format!("expected {what}, but the file ends here"), truncation(text, &trouble))
            }
            Problem::Expected(what) => (
                format!("expected {what}, found `{}`", printable(found(trouble.rest))),
                mistake(text, start, what, trouble.rest).map(str::to_owned),
            ),
        };
        let length = if trouble.rest.is_empty() { 0 } else { found(trouble.rest).len() };
        Self { message, help, span: span(source, start, start + length) }
    }

    /// The byte at which reading stopped.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.span.start as usize
    }

    /// What was found instead of what was expected.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

/// A span from byte offsets; a place beyond 4 GiB is given as the last one that fits.
pub(super) fn span(source: SourceId, start: usize, end: usize) -> Span {
    let fits = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span { source, start: fits(start), end: fits(end) }
}

/// What stands at the beginning of `rest`: a word or one character.
fn found(rest: &str) -> &str {
    let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let first = rest.chars().next().map_or(0, char::len_utf8);
    let length = word.max(first);
    let shown = rest.char_indices().nth(24).map_or(length, |(end, _)| length.min(end));
    rest.get(..shown).unwrap_or(rest)
}

/// Control characters as escapes, the rest as it is.
fn printable(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

fn truncation(text: &str, trouble: &Trouble<'_>) -> Option<String> {
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return Some("the file is empty".to_owned());
    }
    let mut help = "the file looks cut off".to_owned();
    for (index, open) in trouble.open.iter().take(OPEN_MAX).enumerate() {
        let before = text.len().saturating_sub(open.len());
        let line = text.bytes().take(before).filter(|&byte| byte == b'\n').count() + 1;
        let sign = if open.starts_with('/') { "/*" } else { open.get(..1).unwrap_or("") };
        let lead = if index == 0 { "; still open: " } else { ", " };
        write!(help, "{lead}`{sign}` of line {line}").ok()?;
    }
    if trouble.open.len() > OPEN_MAX {
        write!(help, " and {} more", trouble.open.len() - OPEN_MAX).ok()?;
    }
    Some(help)
}

/// The usual mistakes of people who write JSON by hand, and of programs that write something else.
fn mistake(text: &str, start: usize, what: &str, rest: &str) -> Option<&'static str> {
    let before = text.get(..start)?.trim_end().chars().next_back();
    let word = found(rest);
    match rest.chars().next()? {
        '}' | ']' if before == Some(',') => Some("remove the comma before it"),
        ',' if before != Some(',') && !is_inside(text, start) => {
            Some("put several values into an array: `[` before the first, `]` behind the last")
        }
        '\'' => Some("JSON puts text in double quotes"),
        '"' if what.starts_with("`,`") => {
            Some("a comma or a closing quote may be missing before it")
        }
        '#' => Some("JSON comments begin with `//`"),
        _ if ["True", "False"].contains(&word) => Some("JSON writes `true` and `false`"),
        _ if ["None", "nil", "undefined", "NaN"].contains(&word) => Some("JSON writes `null`"),
        first if first.is_alphabetic() && !what.starts_with("an escape") => {
            Some("JSON puts keys and text in double quotes")
        }
        _ => None,
    }
}

/// Whether the place is inside brackets. Asked only of a comma that stands where none may.
fn is_inside(text: &str, start: usize) -> bool {
    let Some(before) = text.get(..start) else { return false };
    let mut depth = 0usize;
    let mut bytes = before.bytes();
    let mut is_string = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if is_string => drop(bytes.next()),
            b'"' => is_string = !is_string,
            b'{' | b'[' if !is_string => depth += 1,
            b'}' | b']' if !is_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    depth > 0
}
