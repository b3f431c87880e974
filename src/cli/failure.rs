//! Why a command could not answer.

use std::io;

use crate::compile::CompileError;
use crate::source::{InputError, Sources};

/// Ends a command without an answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// Whoever read the output has enough: no error.
    BrokenPipe,
    /// Errors to print, each with its place where it has one.
    Reports(Vec<miette::Report>),
}

impl Failure {
    /// An error without a place in a file.
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        InputError::new(message).with_help(help).into()
    }

    /// The error of a compilation, shown in its file.
    pub(super) fn compile(error: &CompileError, sources: &Sources) -> Self {
        let shown = match error.span() {
            Some(span) => InputError::at(error.to_string(), sources, span),
            None => InputError::new(error.to_string()),
        };
        match error.help() {
            Some(help) => shown.with_help(help).into(),
            None => shown.into(),
        }
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Self::Reports(vec![error.into()])
    }
}

impl From<Vec<InputError>> for Failure {
    fn from(errors: Vec<InputError>) -> Self {
        Self::Reports(errors.into_iter().map(Into::into).collect())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::BrokenPipe;
        }
        InputError::new(format!("cannot write: {error}")).into()
    }
}
