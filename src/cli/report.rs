//! `azfw report`: what happened, from exported logs.

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use smol_str::SmolStr;

use super::address_names::NameArgs;
use super::args::{GlobalArgs, OutputArgs, ReadingArgs};
use super::failure::Failure;
use super::log_filter::{self, FilterArgs};
use super::log_inputs::{self, LogArgs, Read};
use super::report_html::{self, Beside, Extras};
use super::{ExitStatus, inputs};
use crate::compile::Ruleset;
use crate::evaluate::RuleRef;
use crate::logs::{Filtered, LogRecord, RecordKind, Sink};
use crate::report::traffic::{compare, csv, json, markdown, text};
use crate::source::InputError;
use crate::syntax::filter::Filter;
use crate::tables::{
    self, Account, Comparison, Input, Pairs, PolicyRule, Presence, RejectedExample, Summary, Tally,
};

/// Allowed, denied, threats: what exported logs say happened
///
/// Exit status: 0, or 2 when nothing could be read.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    #[command(flatten)]
    logs: LogArgs,
    #[command(flatten)]
    filter: FilterArgs,
    /// Join with the rules of this rule set: which were never hit?
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,
    /// The policy to use, when the files of `--policy` hold several
    #[arg(long, value_name = "NAME", requires = "policy")]
    policy_name: Option<String>,
    #[command(flatten)]
    names: NameArgs,
    /// What differs from these earlier logs, in place of the report: new, gone and grown connections
    #[arg(long, value_name = "LOGS", num_args = 1, conflicts_with = "rejects")]
    compare: Vec<PathBuf>,
    /// Rows of each list
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// CSV writes one file per table into the folder that `-o` names
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write the report as one HTML page as well, with a time line, findings and a filter
    #[arg(long, value_name = "FILE", conflicts_with = "compare")]
    html: Option<PathBuf>,
    #[command(flatten)]
    readings: ReadingArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Markdown,
    Csv,
}

/// Notes the hours that have records before a filter chooses among them.
struct Watched<S> {
    sink: S,
    presence: Presence,
}

impl<S: Sink> Sink for Watched<S> {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        if record.kind != RecordKind::Flow {
            self.presence.push(&record);
        }
        self.sink.record(record)
    }
}

/// Reads the logs that are asked for. This is where it is decided how.
///
/// Counting needs no whole records, so files are read side by side into codes. A filter looks at any
/// field, a page finds things in any, and rejects are written in their order: for these, whole
/// records come one by one.
fn counted(
    args: &ReportArgs,
    filter: Option<Filter>,
    global: &GlobalArgs,
) -> Result<(Read, Account, Option<Extras>), Failure> {
    let (logs, reading) = (&args.logs.logs, &args.logs.reading);
    let extras = args.html.as_ref().map(|_| Extras::new());
    if filter.is_none() && !reading.writes_rejects() && extras.is_none() {
        let mut account = Account::default();
        let mut read = log_inputs::collect(logs, reading, global, &mut account)?;
        read.leave_out_repeated(account.flows_repeated());
        return Ok((read, account, None));
    }
    let filtered = Filtered::new(Beside { sink: Account::default(), extras }, filter);
    let mut watched = Watched { sink: filtered, presence: Presence::default() };
    let mut read = log_inputs::read(logs, reading, global, &mut watched)?;
    let Watched { sink: filtered, presence } = watched;
    read.left_out.extend(log_filter::left_out(&filtered));
    let Beside { sink: mut account, extras } = filtered.sink;
    account.presence = presence;
    Ok((read, account, extras))
}

pub(super) fn run(args: &ReportArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let loaded = match args.policy.as_slice() {
        [] => None,
        files => {
            let options = args.readings.compile_options(args.policy_name.clone());
            Some(inputs::compiled(files, &args.readings, &options, global)?)
        }
    };
    let inventory = loaded.as_ref().map(|(_, loaded)| &loaded.inventory);
    let filter = args.filter.filter(inventory, "with `--policy FILE`")?;
    if !args.compare.is_empty() {
        return compare(args, filter, global);
    }
    let rules = loaded.as_ref().map(|(ruleset, _)| policy_rules(ruleset));
    let (read, account, extras) = counted(args, filter, global)?;
    let mut input = input(&read);
    input.ignored.extend(read.left_out.iter().cloned());
    input.gaps = account.presence.gaps();
    input.allowed_then_dropped = account.drops.count();
    input.is_drop_window_exceeded = account.drops.is_window_exceeded();
    if account.flows() > 0 {
        input.ignored.push(("flows of other logs, for `azfw replay`".to_owned(), account.flows()));
    }
    let is_nothing_read = read.counts.records_total() == 0;
    let names = args.names.address_names(inventory)?;
    let zone = args.filter.zone()?;
    let summary_of = |tally: Tally, input: Input, top: usize| {
        let options = tables::Options { top, policy: rules.as_deref(), names: names.as_ref() };
        let summary = tally.finish(input, &options);
        summary.map_err(|error| InputError::new(format!("cannot summarise the logs: {error}")))
    };
    if let (Some(path), Some(extras)) = (&args.html, extras) {
        let top = args.top.max(report_html::TOP_MIN);
        let summary = summary_of(account.tally.clone(), input.clone(), top)?;
        report_html::write(path, &summary, extras, zone.as_ref())?;
    }
    let summary = summary_of(account.tally, input, args.top)?;
    write(args, &summary, zone.as_ref())?;
    if is_nothing_read {
        return Err(nothing_read());
    }
    Ok(ExitStatus::Yes)
}

/// Counts the pairs of the firewall's records.
struct Paired(Pairs);

impl Sink for Paired {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        if record.kind != RecordKind::Flow {
            self.0.push(&record);
        }
        ControlFlow::Continue(())
    }
}

fn compare(
    args: &ReportArgs,
    filter: Option<Filter>,
    global: &GlobalArgs,
) -> Result<ExitStatus, Failure> {
    let pairs = |logs: &[PathBuf]| -> Result<Pairs, Failure> {
        let mut filtered = Filtered::new(Paired(Pairs::default()), filter.clone());
        let read = log_inputs::read(logs, &args.logs.reading, global, &mut filtered)?;
        log_inputs::warn_of_rejects(&read, global);
        log_filter::note_unsettled(&filtered, global);
        if read.counts.records_total() == 0 {
            return Err(nothing_read());
        }
        Ok(filtered.sink.0)
    };
    let comparison = Comparison::new(pairs(&args.compare)?, pairs(&args.logs.logs)?);
    let zone = args.filter.zone()?;
    let text = match args.format {
        Format::Csv => {
            let files = compare::as_csv(&comparison);
            write_folder(args.output.output.as_deref(), &files)?;
            return Ok(ExitStatus::Yes);
        }
        Format::Text => compare::as_text(&comparison, args.top, layout(args, zone.as_ref())),
        Format::Markdown => compare::as_markdown(&comparison, args.top),
        Format::Json => compare::as_json(&comparison),
    };
    write_text(args, &text)?;
    Ok(ExitStatus::Yes)
}

fn nothing_read() -> Failure {
    Failure::new(
        "no firewall log record was found",
        "give exported logs of Azure Firewall: storage blobs, Event Hub records, query answers or CSV",
    )
}

fn layout<'z>(args: &ReportArgs, zone: Option<&'z TimeZone>) -> text::Layout<'z> {
    // Colour is taken out again where it is not wanted.
    let is_coloured = args.output.output.is_none();
    text::Layout { width: args.output.width(), is_coloured, zone }
}

fn write(args: &ReportArgs, summary: &Summary, zone: Option<&TimeZone>) -> Result<(), Failure> {
    let text = match args.format {
        Format::Csv => return write_folder(args.output.output.as_deref(), &csv::render(summary)),
        Format::Text => text::render(summary, layout(args, zone)),
        Format::Markdown => markdown::render(summary),
        Format::Json => json::render(summary),
    };
    write_text(args, &text)
}

fn write_text(args: &ReportArgs, text: &str) -> Result<(), Failure> {
    let mut out = args.output.writer()?;
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}

fn write_folder(folder: Option<&Path>, files: &[(String, String)]) -> Result<(), Failure> {
    let Some(folder) = folder else {
        return Err(Failure::new(
            "CSV is one file per table and needs a folder",
            "name it with `-o FOLDER`",
        ));
    };
    let cannot_write = |path: &Path, error: &dyn std::fmt::Display| {
        InputError::new(format!("cannot write `{}`: {error}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
    for (name, content) in files {
        let path = folder.join(name);
        fs::write(&path, content).map_err(|error| cannot_write(&path, &error))?;
    }
    Ok(())
}

fn input(read: &Read) -> Input {
    let counts = &read.counts;
    Input {
        files: read.files,
        bytes: counts.bytes,
        entries: counts.inputs,
        ignored: counts.ignored.iter().map(|(reason, count)| (reason.clone(), *count)).collect(),
        rejected: counts.rejected,
        rejected_examples: counts
            .first_rejects
            .iter()
            .map(|reject| RejectedExample {
                position: format!("{}:{}", reject.origin.file, reject.origin.line),
                reason: reject.reason.clone(),
            })
            .collect(),
        ..Input::default()
    }
}

fn policy_rules(ruleset: &Ruleset) -> Vec<PolicyRule> {
    let kind = |rule: RuleRef| match rule {
        RuleRef::Nat(_) => "nat",
        RuleRef::Network(_) => "network",
        RuleRef::Application(_) => "application",
    };
    ruleset
        .rules()
        .map(|rule| PolicyRule {
            path: ruleset.path(rule).clone(),
            kind: kind(rule).into(),
            action: SmolStr::from(ruleset.info(rule).action.name().to_lowercase()),
            parts: tables::rule_parts(ruleset.info(rule), ruleset),
        })
        .collect()
}
