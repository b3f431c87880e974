//! Standard output, files, and what goes to standard error.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use super::args::{GlobalArgs, OutputArgs};
use super::failure::Failure;
use crate::report::sanitize::terminal;
use crate::source::{InputError, Severity, Sources, Warning};

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
        anstream::eprintln!("{}", warning_text(warning, sources));
    }
    if let Some(more @ 1..) = sorted.len().checked_sub(WARNINGS_MAX) {
        anstream::eprintln!("… and {more} more; `azfw show --format json` lists them all");
    }
}

fn warning_text(warning: &Warning, sources: &Sources) -> String {
    let color = match warning.severity {
        Severity::Note => AnsiColor::Cyan,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Error => AnsiColor::Red,
    };
    let style = Style::new().bold().fg_color(Some(color.into()));
    let mut text =
        format!("{style}{}{style:#}: {}", warning.severity.name(), terminal(&warning.message));
    if let Some(position) = warning.span.and_then(|span| sources.position(span)) {
        let _ = write!(text, "\n  --> {}", terminal(&position.to_string()));
    }
    if let Some(help) = &warning.help {
        let _ = write!(text, "\n  help: {}", terminal(help));
    }
    text
}
