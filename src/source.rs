//! Input files, positions in them, and what was wrong with them.

use std::fmt;
use std::sync::Arc;

use miette::{NamedSource, SourceSpan};

/// One input text with the name that messages show.
#[derive(Debug, Clone)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
}

impl Source {
    #[must_use]
    pub fn new(name: &str, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// All input files of one run. A [`Span`] means a place in one of them.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    sources: Vec<Source>,
}

/// Which of the [`Sources`] a span points into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

impl Sources {
    pub fn add(&mut self, source: Source) -> SourceId {
        let id = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        self.sources.push(source);
        SourceId(id)
    }

    #[must_use]
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(id.0 as usize)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter()
    }

    /// Where `span` begins, as a person finds it in an editor.
    #[must_use]
    pub fn position(&self, span: Span) -> Option<Position> {
        let source = self.get(span.source)?;
        let before = source.text.get(..span.start as usize)?;
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Some(Position { file: Arc::clone(&source.name), line, column })
    }

    /// What of `span` is worth showing: all of it, or its first line when it has more. A whole
    /// object would push the message that it belongs to off the screen.
    #[must_use]
    pub fn first_line(&self, span: Span) -> Span {
        let text = self.get(span.source).map_or("", Source::text);
        let shown = text.get(span.start as usize..span.end as usize).unwrap_or("");
        let first = shown.lines().next().map_or(0, str::len);
        let end = u32::try_from(first).map_or(span.end, |length| span.start.saturating_add(length));
        Span { end: end.min(span.end), ..span }
    }
}

/// A stretch of bytes in one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub source: SourceId,
    /// Byte offset of the first byte.
    pub start: u32,
    /// Byte offset behind the last byte.
    pub end: u32,
}

/// A place for people: line and column count from one, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub file: Arc<str>,
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A value and where it was written. Equality looks at the value alone.
#[derive(Debug, Clone)]
pub struct Spanned<T> {
    pub value: T,
    /// Absent for values that no file holds, such as those of a test or a default.
    pub span: Option<Span>,
}

impl<T> Spanned<T> {
    #[must_use]
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span: Some(span) }
    }

    /// A value that stands in no file.
    #[must_use]
    pub fn unplaced(value: T) -> Self {
        Self { value, span: None }
    }

    /// The same place with another value.
    #[must_use]
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: change(self.value), span: self.span }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

/// How much a [`Warning`] matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; the result is what it would be anyway.
    Note,
    /// Something was read in a way its author may not expect.
    Warning,
    /// Something could not be used: Azure would refuse it, or the answer lacks it.
    Error,
}

impl Severity {
    /// The word that is printed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something about the input that did not stop the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    pub severity: Severity,
    /// What is the case: lower case, no final stop, user text in backticks.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    pub span: Option<Span>,
}

impl Warning {
    #[must_use]
    pub fn new(severity: Severity, message: impl Into<String>, span: Option<Span>) -> Self {
        Self { severity, message: message.into(), help: None, span }
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Input that nothing could be made of. Shows the source line when there is one.
#[derive(Debug, Clone, thiserror::Error, miette::Diagnostic)]
#[error("{message}")]
pub struct InputError {
    // Boxed texts keep the error small enough to be returned by value everywhere.
    message: Box<str>,
    #[help]
    help: Option<Box<str>>,
    #[source_code]
    code: Option<NamedSource<Arc<str>>>,
    #[label("here")]
    label: Option<SourceSpan>,
}

impl InputError {
    /// An error that belongs to no place in a file.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into().into(), help: None, code: None, label: None }
    }

    /// An error at `span` of one of `sources`.
    #[must_use]
    pub fn at(message: impl Into<String>, sources: &Sources, span: Span) -> Self {
        let error = Self::new(message);
        let Some(source) = sources.get(span.source) else { return error };
        let span = sources.first_line(span);
        let (start, end) = (span.start as usize, span.end as usize);
        Self {
            code: Some(NamedSource::new(source.name(), Arc::clone(&source.text))),
            label: Some(SourceSpan::new(start.into(), end.saturating_sub(start))),
            ..error
        }
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into().into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_lines_and_characters_from_one() {
        let mut sources = Sources::default();
        let source = sources.add(Source::new("a.json", "{\n  \"ü\": 1\n}"));
        let at = |start| sources.position(Span { source, start, end: start }).unwrap().to_string();
        assert_eq!(at(0), "a.json:1:1");
        assert_eq!(at(4), "a.json:2:3");
        assert_eq!(at(9), "a.json:2:7");
    }

    #[test]
    fn of_a_long_object_the_first_line_is_shown() {
        let mut sources = Sources::default();
        let source = sources.add(Source::new("a.json", "[\n{\"a\":\r\n1}\n]"));
        let shown = |start, end| {
            let span = sources.first_line(Span { source, start, end });
            (span.start, span.end)
        };
        assert_eq!(shown(2, 11), (2, 7));
        assert_eq!(shown(3, 6), (3, 6));
        assert_eq!(shown(6, 6), (6, 6));
        assert_eq!(shown(400, 500), (400, 400));
    }
}
