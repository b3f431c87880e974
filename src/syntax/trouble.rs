//! What a parser reports: where it stopped, what it expected there and what to write instead.

use nom::IResult;
use nom::error::{ContextError, ErrorKind, ParseError};

use super::value::ValueError;

/// The error type of the parsers of short texts.
#[derive(Debug)]
pub(crate) struct Trouble<'a> {
    /// What was left to read; its length gives the offset.
    rest: &'a str,
    /// Empty until a parser names what it expected.
    message: String,
    help: Option<String>,
}

/// The result of a parser of short texts.
pub(crate) type Parsed<'a, T> = IResult<&'a str, T, Trouble<'a>>;

impl<'a> Trouble<'a> {
    pub(crate) fn new(rest: &'a str, message: impl Into<String>) -> Self {
        Self { rest, message: message.into(), help: None }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The error that ends the parse: no other branch is tried.
    pub(crate) fn fatal<T>(self) -> Parsed<'a, T> {
        Err(nom::Err::Failure(self))
    }

    /// The same for the reader of `text`, in which parsing began.
    pub(crate) fn within(self, text: &str) -> ValueError {
        let offset = text.len().saturating_sub(self.rest.len());
        let message = match (self.message.is_empty(), self.rest.trim()) {
            (false, _) => self.message,
            (true, "") => "something is missing here".to_owned(),
            (true, rest) => format!("unexpected text `{rest}`"),
        };
        ValueError { message, help: self.help, offset }
    }
}

impl<'a> ParseError<&'a str> for Trouble<'a> {
    fn from_error_kind(rest: &'a str, _kind: ErrorKind) -> Self {
        Self { rest, message: String::new(), help: None }
    }

    fn append(_rest: &'a str, _kind: ErrorKind, other: Self) -> Self {
        other
    }

    /// Of two failed branches the one that came further knows better what was meant.
    fn or(self, other: Self) -> Self {
        if self.rest.len() < other.rest.len() { self } else { other }
    }
}

impl<'a> ContextError<&'a str> for Trouble<'a> {
    fn add_context(_rest: &'a str, expected: &'static str, mut other: Self) -> Self {
        if other.message.is_empty() {
            other.message = format!("expected {expected}");
        }
        other
    }
}

/// The value of a whole parse of `text`, or what was wrong with it.
pub(crate) fn finished<'a, T>(text: &'a str, result: Parsed<'a, T>) -> Result<T, ValueError> {
    match result {
        Ok((_, value)) => Ok(value),
        Err(nom::Err::Error(trouble) | nom::Err::Failure(trouble)) => Err(trouble.within(text)),
        // Only streaming parsers answer so, and none is used.
        Err(nom::Err::Incomplete(_)) => {
            Err(Trouble::new("", "the text ends too early").within(text))
        }
    }
}
