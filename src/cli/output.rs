//! Standard output, files, and what goes to standard error.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};

use miette::{Diagnostic, LabeledSpan, SourceCode};

use super::args::{GlobalArgs, OutputArgs};
use super::failure::Failure;
use crate::report::page::Document;
use crate::report::sanitize::terminal;
use crate::source::{Excerpt, InputError, Severity, Sources, Warning};

impl OutputArgs {
    /// The place that results are written to.
    pub(super) fn writer(&self) -> Result<Box<dyn Write>, Failure> {
        match &self.output {
            None => Ok(Box::new(BufWriter::new(anstream::stdout().lock()))),
            Some(path) => {
                let file = File::create(path).map_err(|error| {
                    InputError::new(format!("cannot write `{}`: {error}", path.display()))
                })?;
                Ok(Box::new(BufWriter::new(file)))
            }
        }
    }

    /// Columns to fill: those of the terminal, 80 where there is none.
    pub(super) fn width(&self) -> usize {
        const WITHOUT_TERMINAL: usize = 80;
        if self.output.is_some() || !io::stdout().is_terminal() {
            return WITHOUT_TERMINAL;
        }
        terminal_columns().unwrap_or(WITHOUT_TERMINAL).max(40)
    }
}

/// A page as text.
pub(super) fn page(document: &Document) -> Result<String, Failure> {
    let cannot_make = |error| InputError::new(format!("cannot make the page: {error}"));
    Ok(document.html().map_err(cannot_make)?)
}

fn terminal_columns() -> Option<usize> {
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// How many warnings are printed before they are only counted.
const WARNINGS_MAX: usize = 20;

/// Prints warnings to standard error: the gravest first, then in the order of the input.
pub(super) fn warn(warnings: &[Warning], sources: &Sources, global: &GlobalArgs) {
    if global.quiet {
        return;
    }
    let mut sorted: Vec<&Warning> = warnings.iter().collect();
    sorted.sort_by_key(|warning| std::cmp::Reverse(warning.severity));
    for warning in sorted.iter().take(WARNINGS_MAX) {
        anstream::eprintln!("{:?}", miette::Report::new(Shown::new(warning, sources)));
    }
    if let Some(more @ 1..) = sorted.len().checked_sub(WARNINGS_MAX) {
        anstream::eprintln!("… and {more} more; `azfw show --format json` lists them all");
    }
}

/// A warning with the line it speaks of.
#[derive(Debug)]
struct Shown {
    message: String,
    help: Option<String>,
    severity: Severity,
    place: Option<Excerpt>,
}

impl Shown {
    fn new(warning: &Warning, sources: &Sources) -> Self {
        let place = warning.span.and_then(|span| Excerpt::new(sources, span));
        Self {
            message: terminal(&warning.message).into_owned(),
            help: warning.help.as_ref().map(|help| terminal(help).into_owned()),
            severity: warning.severity,
            place,
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity.name(), self.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Note => miette::Severity::Advice,
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|place| place as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = self.place.as_ref()?.label();
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(None, label))))
    }
}
