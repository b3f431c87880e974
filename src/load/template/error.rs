//! Why a template cannot be expanded.

use crate::source::{InputError, Sources, Span};

/// Something in a template that leaves no resources to speak of: a cycle, or a number of copies
/// that only a deployment knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    message: String,
    help: Option<String>,
    span: Option<Span>,
}

impl TemplateError {
    pub(super) fn new(message: impl Into<String>, span: Span) -> Self {
        Self { message: message.into(), help: None, span: Some(span) }
    }

    #[must_use]
    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Where the trouble stands.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.span
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The same error with the text around it.
    #[must_use]
    pub fn in_sources(self, sources: &Sources) -> InputError {
        let error = match self.span {
            Some(span) => InputError::at(self.message, sources, span),
            None => InputError::new(self.message),
        };
        match self.help {
            Some(help) => error.with_help(help),
            None => error,
        }
    }
}
