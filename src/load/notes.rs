//! What a loader has to say about its input.

use crate::source::{InputError, Severity, Sources, Span, Warning};

/// Warnings as they are collected, and the texts that errors quote.
pub(super) struct Notes<'a> {
    sources: &'a Sources,
    pub(super) warnings: Vec<Warning>,
}

/// Longer texts are cut where messages quote them.
const QUOTE_MAX: usize = 60;

impl<'a> Notes<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self { sources, warnings: Vec::new() }
    }

    pub(super) fn sources(&self) -> &'a Sources {
        self.sources
    }

    pub(super) fn warn(&mut self, severity: Severity, message: impl Into<String>, span: Span) {
        self.warnings.push(Warning::new(severity, message, Some(span)));
    }

    pub(super) fn warn_with_help(
        &mut self,
        severity: Severity,
        message: impl Into<String>,
        span: Span,
        help: impl Into<String>,
    ) {
        self.warnings.push(Warning::new(severity, message, Some(span)).with_help(help));
    }

    /// The error that ends reading.
    pub(super) fn error(&self, message: impl Into<String>, span: Span) -> InputError {
        InputError::at(message, self.sources, span)
    }

    /// What the file holds at `span`, without the quotes of a text.
    pub(super) fn written(&self, span: Span) -> String {
        let text = self.sources.get(span.source).map_or("", |source| source.text());
        let text = text.get(span.start as usize..span.end as usize).unwrap_or("");
        let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
        quoted(text)
    }
}

/// A text as messages quote it: on one line, and not too long.
pub(super) fn quoted(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(QUOTE_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("")),
        None => text,
    }
}
