//! `azfw events`: every record in one normal form.

use std::io::{self, Write};
use std::ops::ControlFlow;

use clap::{Args, ValueEnum};

use super::ExitStatus;
use super::args::{GlobalArgs, OutputArgs};
use super::failure::Failure;
use super::log_inputs::{self, LogArgs};
use crate::logs::{LogRecord, NormalForm, Sink};
use crate::report::events::{self as render, COLUMNS};
use crate::report::sanitize::terminal_lines;

/// Every log record in one normal form, whatever file it came from
///
/// Exit status: 0, or 2 when nothing could be read.
#[derive(Debug, Args)]
pub(super) struct EventsArgs {
    #[command(flatten)]
    logs: LogArgs,
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One object a line
    Jsonl,
    /// One line a record, for people
    Text,
    Csv,
}

struct Printer {
    out: Box<dyn Write>,
    format: Format,
    /// The first error of writing; it ends the reading.
    error: Option<io::Error>,
}

impl Sink for Printer {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        match self.print(&record) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.error = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}

impl Printer {
    fn print(&mut self, record: &LogRecord) -> io::Result<()> {
        match self.format {
            Format::Jsonl => {
                serde_json::to_writer(&mut self.out, &NormalForm::from(record))?;
                self.out.write_all(b"\n")
            }
            Format::Text => writeln!(self.out, "{}", terminal_lines(&render::line(record))),
            Format::Csv => self.out.write_all(render::csv_row(record).as_bytes()),
        }
    }
}

pub(super) fn run(args: &EventsArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let mut printer = Printer { out: args.output.writer()?, format: args.format, error: None };
    if args.format == Format::Csv {
        writeln!(printer.out, "{}", COLUMNS.join(","))?;
    }
    let read = log_inputs::read(&args.logs.logs, &args.logs.reading, global, &mut printer)?;
    if let Some(error) = printer.error {
        return Err(error.into());
    }
    printer.out.flush()?;
    log_inputs::warn_of_rejects(&read, global);
    let is_nothing_read = read.counts.records_total() == 0 && read.counts.rejected > 0;
    Ok(if is_nothing_read { ExitStatus::CouldNotAnswer } else { ExitStatus::Yes })
}
