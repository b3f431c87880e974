//! `azfw events`: every record in one normal form.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use super::address_names::NameArgs;
use super::args::{GlobalArgs, OutputArgs, ReadingArgs};
use super::failure::Failure;
use super::log_filter::{self, FilterArgs};
use super::log_inputs::{self, LogArgs};
use super::{ExitStatus, inputs};
use crate::logs::{Anonymizer, Filtered, KEY_CHARS_MIN, LogRecord, NormalForm, Sink};
use crate::net::AddressNames;
use crate::report::events::{self as render, COLUMNS};
use crate::report::events_parquet::EventsFile;
use crate::report::sanitize::terminal_lines;
use crate::source::InputError;

/// Every log record in one normal form, whatever file it came from
///
/// Exit status: 0, or 2 when nothing could be read.
#[derive(Debug, Args)]
pub(super) struct EventsArgs {
    #[command(flatten)]
    logs: LogArgs,
    #[command(flatten)]
    filter: FilterArgs,
    /// Files with the IP Groups and service tags that --where names
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,
    #[command(flatten)]
    names: NameArgs,
    /// Put pseudonyms in place of addresses and names; KEY of 16 characters or more, or @FILE
    #[arg(long, value_name = "KEY", conflicts_with_all = ["rejects", "names"])]
    anonymize: Option<String>,
    /// Pseudonyms also for the names of policies and rules
    #[arg(long, requires = "anonymize")]
    anonymize_rules: bool,
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    #[command(flatten)]
    readings: ReadingArgs,
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
    /// A table of typed columns; needs `-o FILE`
    Parquet,
}

/// Where records go, and how.
enum Out {
    Jsonl(Box<dyn Write>),
    Text(Box<dyn Write>),
    Csv(Box<dyn Write>),
    Parquet(Box<EventsFile<BufWriter<File>>>),
}

impl Out {
    fn new(format: Format, output: &OutputArgs) -> Result<Self, Failure> {
        Ok(match format {
            Format::Jsonl => Self::Jsonl(output.writer()?),
            Format::Text => Self::Text(output.writer()?),
            Format::Csv => {
                let mut out = output.writer()?;
                writeln!(out, "{}", COLUMNS.join(","))?;
                Self::Csv(out)
            }
            Format::Parquet => {
                let Some(path) = &output.output else {
                    let remedy = "name it with `-o FILE`";
                    return Err(Failure::new("Parquet is binary and needs a file", remedy));
                };
                let file = File::create(path).map_err(|error| {
                    InputError::new(format!("cannot write `{}`: {error}", path.display()))
                })?;
                Self::Parquet(Box::new(EventsFile::new(BufWriter::new(file))?))
            }
        })
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Jsonl(mut out) | Self::Text(mut out) | Self::Csv(mut out) => out.flush(),
            Self::Parquet(file) => file.finish(),
        }
    }
}

struct Printer {
    out: Out,
    zone: Option<TimeZone>,
    anonymizer: Option<Anonymizer>,
    names: Option<AddressNames>,
    /// The first error of writing; it ends the reading.
    error: Option<io::Error>,
}

impl Sink for Printer {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        let record = match &mut self.anonymizer {
            Some(anonymizer) => anonymizer.apply(record),
            None => record,
        };
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
        let mut form = NormalForm::from(record);
        if let Some(names) = &self.names {
            form.name(names);
        }
        match &mut self.out {
            Out::Jsonl(out) => {
                serde_json::to_writer(&mut *out, &form)?;
                out.write_all(b"\n")
            }
            Out::Text(out) => {
                let line = render::line(record, self.zone.as_ref(), self.names.as_ref());
                writeln!(out, "{}", terminal_lines(&line))
            }
            Out::Csv(out) => out.write_all(render::csv_row(&form).as_bytes()),
            Out::Parquet(file) => file.push(&form),
        }
    }
}

fn anonymizer(args: &EventsArgs) -> Result<Option<Anonymizer>, Failure> {
    let Some(key) = &args.anonymize else { return Ok(None) };
    let key = match key.strip_prefix('@') {
        Some(file) => inputs::text(Path::new(file))?,
        None => key.clone(),
    };
    let anonymizer = Anonymizer::new(key.trim(), args.anonymize_rules).map_err(|error| {
        let help = format!("write {KEY_CHARS_MIN} characters or more that nobody can guess");
        Failure::new(error.to_string(), help)
    })?;
    Ok(Some(anonymizer))
}

pub(super) fn run(args: &EventsArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let loaded = match args.policy.as_slice() {
        [] => None,
        files => Some(inputs::loaded(files, &args.readings)?),
    };
    let inventory = loaded.as_ref().map(|loaded| &loaded.inventory);
    let filter = args.filter.filter(inventory, "with `--policy FILE`")?;
    let zone = args.filter.zone()?;
    let anonymizer = anonymizer(args)?;
    // A name would give away what a pseudonym hides.
    let names = match &anonymizer {
        Some(_) => None,
        None => args.names.address_names(inventory)?,
    };
    let out = Out::new(args.format, &args.output)?;
    let printer = Printer { out, zone, anonymizer, names, error: None };
    let mut filtered = Filtered::new(printer, filter);
    let read = log_inputs::read(&args.logs.logs, &args.logs.reading, global, &mut filtered)?;
    log_filter::note_unsettled(&filtered, global);
    let printer = filtered.sink;
    if let Some(error) = printer.error {
        return Err(error.into());
    }
    printer.out.finish()?;
    log_inputs::warn_of_rejects(&read, global);
    let is_nothing_read = read.counts.records_total() == 0 && read.counts.rejected > 0;
    Ok(if is_nothing_read { ExitStatus::CouldNotAnswer } else { ExitStatus::Yes })
}
