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
use super::inputs::{self, Loaded};
use super::log_filter::{self, FilterArgs};
use super::log_inputs::{self, LogArgs, LogReadingArgs, Read};
use super::report_html::{Beside, Extras};
use super::state::State;
use super::{ExitStatus, scratch};
use crate::compile::Ruleset;
use crate::evaluate::RuleRef;
use crate::logs::{Filtered, LogRecord, RecordKind, Sink};
use crate::report::traffic::{compare, csv, html, json, markdown, parquet, text};
use crate::source::InputError;
use crate::syntax::filter::Filter;
use crate::tables::{
    self, Account, Comparison, Input, Memory, Pairs, Plan, PolicyRule, Presence, RejectedExample,
    Summary, Tally,
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
    /// What differs from these earlier logs, in place of the report: new, gone and grown connections
    #[arg(long, value_name = "LOGS", num_args = 1, conflicts_with = "rejects")]
    compare: Vec<PathBuf>,
    /// Go on from what earlier runs have counted, read only what is new, and keep the sum in FILE
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["rejects", "compare", "wanted", "from", "to"]
    )]
    state: Option<PathBuf>,
    /// What records that wait for others may take in memory; beyond it they go to a temporary file
    #[arg(long, value_name = "SIZE", value_parser = scratch::size, default_value = "16M")]
    memory: usize,
    /// Write the report as one HTML page as well, with a time line, findings and a filter
    #[arg(long, value_name = "FILE", conflicts_with = "state")]
    html: Option<PathBuf>,
    #[command(flatten)]
    shown: ShownArgs,
}

/// How a report is shown.
#[derive(Debug, Args)]
pub(super) struct ShownArgs {
    /// Join with the rules of this rule set: which were never hit?
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,
    /// The policy to use, when the files of `--policy` hold several
    #[arg(long, value_name = "NAME", requires = "policy")]
    policy_name: Option<String>,
    #[command(flatten)]
    names: NameArgs,
    /// Rows of each list
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// CSV and Parquet are one file per table, in the folder that `-o` names
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    readings: ReadingArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl ShownArgs {
    fn policy(&self, global: &GlobalArgs) -> Result<Option<(Ruleset, Loaded)>, Failure> {
        match self.policy.as_slice() {
            [] => Ok(None),
            files => {
                let options = self.readings.compile_options(self.policy_name.clone());
                Ok(Some(inputs::compiled(files, &self.readings, &options, global)?))
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Markdown,
    Csv,
    Parquet,
}

/// One report over what several runs have counted
///
/// Exit status: 0, or 2 when a state could not be read.
#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// Files that `azfw report --state` has written, of different logs
    #[arg(required = true, value_name = "STATE")]
    states: Vec<PathBuf>,
    #[command(flatten)]
    shown: ShownArgs,
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
    let memory = scratch::memory(args.memory, reading.threads());
    let html = args.html.as_deref();
    if filter.is_none() && !reading.writes_rejects() && html.is_none() {
        let (read, account) = side_by_side(logs, reading, memory, global)?;
        return Ok((read, account, None));
    }
    let plan = Plan { memory, ..Plan::default() };
    let extras = html.map(|path| Extras::new(path, &plan));
    let filtered = Filtered::new(Beside { sink: Account::of(plan), extras }, filter);
    let mut watched = Watched { sink: filtered, presence: Presence::default() };
    let mut read = log_inputs::read(logs, reading, global, &mut watched)?;
    let Watched { sink: filtered, presence } = watched;
    read.left_out.extend(log_filter::left_out(&filtered));
    let Beside { sink: mut account, extras } = filtered.sink;
    account.presence = presence;
    Ok((read, account, extras))
}

/// Most logs are of one family of categories, without overlapping exports, and have no connection that
/// IDPS dropped, so nothing has to be remembered of the records. Where this turns out to be wrong, reading begins again.
fn side_by_side(
    logs: &[PathBuf],
    reading: &LogReadingArgs,
    memory: Memory,
    global: &GlobalArgs,
) -> Result<(Read, Account), Failure> {
    let is_read_once = logs.iter().any(|log| !log.is_file() && !log.is_dir());
    let mut plan = Plan {
        memory,
        finds_duplicates: is_read_once,
        finds_repeats: is_read_once,
        finds_drops: is_read_once,
    };
    loop {
        let mut account = Account::of(plan);
        let mut read = log_inputs::collect(logs, reading, global, &mut account)?;
        let Some(better) = account.better_plan() else {
            read.leave_out_repeated(account.flows_repeated());
            return Ok((read, account));
        };
        plan = better;
    }
}

/// Reads what is new, and adds it to what the state holds.
fn gone_on(
    args: &ReportArgs,
    path: &Path,
    global: &GlobalArgs,
) -> Result<(Read, Account), Failure> {
    let reading = &args.logs.reading;
    let memory = scratch::memory(args.memory, reading.threads());
    // Nothing that was read can be read again.
    let plan = Plan { memory, ..Plan::default() };
    let mut state = State::opened(path, &reading.meaning(), &plan)?;
    let parts = state.new_parts(log_inputs::files(&args.logs.logs)?)?;
    let read = log_inputs::collect_parts(parts, reading, global, &mut state.account)?;
    state.counts.merge(read.counts, log_inputs::REJECTS_KEPT);
    Ok(read_of(state.written(path, &plan)?))
}

/// What a state says was read.
fn read_of(state: State) -> (Read, Account) {
    let files = state.files();
    let State { account, counts, .. } = state;
    let mut read = Read { files, counts, left_out: Vec::new() };
    read.leave_out_repeated(account.flows_repeated());
    (read, account)
}

/// The report over several states.
pub(super) fn run_merge(args: &MergeArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let plan = Plan::default();
    let mut merged: Option<State> = None;
    for path in &args.states {
        let state = State::existing(path, &plan)?;
        match &mut merged {
            Some(merged) => merged.merge(state)?,
            None => merged = Some(state),
        }
    }
    let Some(merged) = merged else { return Err(nothing_read()) };
    let loaded = args.shown.policy(global)?;
    let (read, account) = read_of(merged);
    summarised((read, account, None), &args.shown, loaded.as_ref(), None)
}

pub(super) fn run(args: &ReportArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let loaded = args.shown.policy(global)?;
    let inventory = loaded.as_ref().map(|(_, loaded)| &loaded.inventory);
    let filter = args.filter.filter(inventory, "with `--policy FILE`")?;
    if !args.compare.is_empty() {
        return compare(args, filter, loaded.as_ref(), global);
    }
    let counted = match &args.state {
        Some(state) => {
            let (read, account) = gone_on(args, state, global)?;
            (read, account, None)
        }
        None => counted(args, filter, global)?,
    };
    summarised(counted, &args.shown, loaded.as_ref(), args.filter.zone()?.as_ref())
}

/// What becomes of them.
const FLOWS: &str = "flows of other logs, for `azfw replay`";

fn summarised(
    (read, account, extras): (Read, Account, Option<Extras>),
    shown: &ShownArgs,
    loaded: Option<&(Ruleset, Loaded)>,
    zone: Option<&TimeZone>,
) -> Result<ExitStatus, Failure> {
    let rules = loaded.map(|(ruleset, _)| policy_rules(ruleset));
    let inventory = loaded.map(|(_, loaded)| &loaded.inventory);
    let mut input = input(&read);
    input.ignored.extend(read.left_out.iter().cloned());
    input.gaps = account.presence.gaps();
    if account.flows() > 0 {
        input.ignored.push((FLOWS.to_owned(), account.flows()));
    }
    let is_nothing_read = read.counts.records_total() == 0;
    let names = shown.names.address_names(inventory)?;
    let options =
        tables::Options { top: shown.top, policy: rules.as_deref(), names: names.as_ref() };
    if let Some(extras) = extras {
        extras.write(input.clone(), options, zone, None)?;
    }
    let summary = account
        .tally
        .finish(input, &options)
        .map_err(|error| InputError::new(format!("cannot summarise the logs: {error}")))?;
    write(shown, &summary, zone)?;
    if is_nothing_read {
        return Err(nothing_read());
    }
    Ok(ExitStatus::Yes)
}

/// Counts the pairs of the firewall's records, and everything else where it is wanted.
struct Paired {
    pairs: Pairs,
    tally: Option<Tally>,
    /// Flows of other logs, which are not looked at.
    flows: u64,
}

impl Sink for Paired {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        if record.kind == RecordKind::Flow {
            self.flows += 1;
            return ControlFlow::Continue(());
        }
        self.pairs.push(&record);
        if let Some(tally) = &mut self.tally {
            tally.push(&record);
        }
        ControlFlow::Continue(())
    }
}

/// Reads one of the two sets of logs.
fn side<S: Sink>(
    logs: &[PathBuf],
    sink: S,
    args: &ReportArgs,
    filter: Option<Filter>,
    global: &GlobalArgs,
) -> Result<(Read, Watched<Filtered<S>>), Failure> {
    let mut watched = Watched { sink: Filtered::new(sink, filter), presence: Presence::default() };
    let mut read = log_inputs::read(logs, &args.logs.reading, global, &mut watched)?;
    log_inputs::warn_of_rejects(&read, global);
    log_filter::note_unsettled(&watched.sink, global);
    if read.counts.records_total() == 0 {
        return Err(nothing_read());
    }
    read.left_out.extend(log_filter::left_out(&watched.sink));
    Ok((read, watched))
}

fn compare(
    args: &ReportArgs,
    filter: Option<Filter>,
    loaded: Option<&(Ruleset, Loaded)>,
    global: &GlobalArgs,
) -> Result<ExitStatus, Failure> {
    let plan = Plan { memory: scratch::memory(args.memory, 1), ..Plan::default() };
    let html = args.html.as_deref();
    let paired = |tally| Paired { pairs: Pairs::new(&plan.memory), tally, flows: 0 };
    let before = paired(html.map(|_| Tally::of(&plan)));
    let (_, before) = side(&args.compare, before, args, filter.clone(), global)?;
    let before = before.sink.sink;
    let extras = html.map(|path| Extras::new(path, &plan));
    let after = Beside { sink: paired(None), extras };
    let (read, after) = side(&args.logs.logs, after, args, filter, global)?;
    let Watched { sink: after, presence } = after;
    let Beside { sink: after, extras } = after.sink;
    let after_flows = after.flows;
    let mut comparison = Comparison::new(before.pairs, after.pairs)
        .map_err(|error| InputError::new(format!("cannot compare the logs: {error}")))?;
    let names = args.shown.names.address_names(loaded.map(|(_, loaded)| &loaded.inventory))?;
    if let Some(names) = &names {
        comparison.name(names);
    }
    let zone = args.filter.zone()?;
    if let (Some(extras), Some(tally)) = (extras, before.tally) {
        let earlier = tally
            .finish(Input::default(), &tables::Options::default())
            .map_err(|error| InputError::new(format!("cannot summarise the logs: {error}")))?;
        let earlier = html::Earlier { totals: &earlier.totals, comparison: &comparison };
        let rules = loaded.map(|(ruleset, _)| policy_rules(ruleset));
        let options = tables::Options {
            top: args.shown.top,
            policy: rules.as_deref(),
            names: names.as_ref(),
        };
        let mut input = input(&read);
        input.ignored.extend(read.left_out.iter().cloned());
        input.gaps = presence.gaps();
        if after_flows > 0 {
            input.ignored.push((FLOWS.to_owned(), after_flows));
        }
        extras.write(input, options, zone.as_ref(), Some(earlier))?;
    }
    let shown = &args.shown;
    let text = match shown.format {
        Format::Csv => {
            let files = compare::as_csv(&comparison);
            write_folder(shown.output.output.as_deref(), &files)?;
            return Ok(ExitStatus::Yes);
        }
        Format::Parquet => {
            return Err(Failure::new(
                "a comparison is not written as Parquet",
                "write `--format csv -o FOLDER` or `--format json`",
            ));
        }
        Format::Text => compare::as_text(&comparison, shown.top, layout(shown, zone.as_ref())),
        Format::Markdown => compare::as_markdown(&comparison, shown.top),
        Format::Json => compare::as_json(&comparison),
    };
    write_text(shown, &text)?;
    Ok(ExitStatus::Yes)
}

fn nothing_read() -> Failure {
    Failure::new(
        "no firewall log record was found",
        "give exported logs of Azure Firewall: storage blobs, Event Hub records, query answers or CSV",
    )
}

fn layout<'z>(args: &ShownArgs, zone: Option<&'z TimeZone>) -> text::Layout<'z> {
    // Colour is taken out again where it is not wanted.
    let is_coloured = args.output.output.is_none();
    text::Layout { width: args.output.width(), is_coloured, zone }
}

fn write(args: &ShownArgs, summary: &Summary, zone: Option<&TimeZone>) -> Result<(), Failure> {
    let text = match args.format {
        Format::Csv => return write_folder(args.output.output.as_deref(), &csv::render(summary)),
        Format::Parquet => {
            let files = parquet::render(summary)
                .map_err(|error| InputError::new(format!("cannot write Parquet: {error}")))?;
            return write_folder(args.output.output.as_deref(), &files);
        }
        Format::Text => text::render(summary, layout(args, zone)),
        Format::Markdown => markdown::render(summary),
        Format::Json => json::render(summary),
    };
    write_text(args, &text)
}

fn write_text(args: &ShownArgs, text: &str) -> Result<(), Failure> {
    let mut out = args.output.writer()?;
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}

fn write_folder(
    folder: Option<&Path>,
    files: &[(String, impl AsRef<[u8]>)],
) -> Result<(), Failure> {
    let Some(folder) = folder else {
        return Err(Failure::new(
            "CSV and Parquet are one file per table and need a folder",
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
