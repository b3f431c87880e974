//! Input files, positions in them, and what was wrong with them.

mod excerpt;
mod marks;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use miette::SourceSpan;

pub(crate) use self::excerpt::Excerpt;
use self::marks::Marks;

/// One input text with the name that messages show.
#[derive(Debug, Clone)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
    /// Made when the first position is asked for.
    marks: OnceLock<Marks>,
}

impl Source {
    #[must_use]
    pub fn new(name: &str, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into(), marks: OnceLock::new() }
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
        let marks = source.marks.get_or_init(|| Marks::of(&source.text));
        let (line, column) = marks.place(&source.text, span.start as usize)?;
        Some(Position { file: Arc::clone(&source.name), line, column })
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
    code: Option<Arc<Excerpt>>,
    #[label("here")]
    label: Option<SourceSpan>,
}

impl InputError {
    /// An error that belongs to no place in a file.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        let message = visible(&message.into()).into();
        Self { message, help: None, code: None, label: None }
    }

    /// An error at `span` of one of `sources`.
    #[must_use]
    pub fn at(message: impl Into<String>, sources: &Sources, span: Span) -> Self {
        let error = Self::new(message);
        let Some(excerpt) = Excerpt::new(sources, span) else { return error };
        Self { label: Some(excerpt.label()), code: Some(Arc::new(excerpt)), ..error }
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(visible(&help.into()).into());
        self
    }
}

/// Characters that change what is seen without being seen: in a terminal they move the cursor,
/// reverse the direction of reading, or hide what stands there.
pub(crate) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A message that quotes a file, with what is hidden in it written out. Its own line ends stay.
fn visible(message: &str) -> Cow<'_, str> {
    let is_bad = |character| character != '\n' && is_hidden(character);
    if !message.contains(is_bad) {
        return Cow::Borrowed(message);
    }
    let mut safe = String::with_capacity(message.len() + 8);
    for character in message.chars() {
        if is_bad(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
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
}
