//! `azfw replay`: logged flows through a rule set.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{GlobalArgs, OutputArgs, RulesetArgs};
use super::failure::Failure;
use super::log_filter::{self, FilterArgs};
use super::log_inputs::{self, LogReadingArgs, Read};
use super::{ExitStatus, inputs, output, sniff, topology};
use crate::analyse::replay::{Agreement, Case, Change, Comparer, Comparison, Replay, Replayer};
use crate::evaluate::CacheUse;
use crate::logs::{Filtered, LogRecord, Sink, case_of};
use crate::path::carry::{Carried, Carrier};
use crate::path::topology::Topology;
use crate::report::page::Document;
use crate::report::replay::{self as render, ReplayInput};
use crate::report::sanitize::terminal_lines;
use crate::source::InputError;
use crate::syntax::filter::Filter;

/// Logged flows through a rule set: does it agree with the log, and what would change?
///
/// Every logged network, application and NAT event is evaluated as a flow. With `--against NEW` the
/// verdicts of two rule sets are compared instead.
///
/// Exit status: 0 agreement (nothing changes), 1 disagreements (changes), 3 only undecided flows.
#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// Files of the rule set, and log files and folders, told apart by content
    #[arg(required = true, num_args = 2.., value_name = "POLICY LOGS")]
    files: Vec<PathBuf>,
    /// Compare with this rule set: what would it change? Give it once for each file; side tables and
    /// IP Groups that it does not bring are those of POLICY
    #[arg(long, value_name = "NEW", num_args = 1)]
    against: Vec<PathBuf>,
    /// Exports of the network before the firewall: flows of other logs than the firewall's are
    /// carried through source NAT and routes first; repeatable
    #[arg(long, value_name = "DIR")]
    topology: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    ruleset: RulesetArgs,
    #[command(flatten)]
    reading: LogReadingArgs,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    /// One page for the browser, which opens offline
    Html,
}

/// Takes the flows out of records.
struct Cases<'t, F> {
    push: F,
    records: u64,
    no_flow: BTreeMap<String, u64>,
    carrier: Option<Carrier<'t>>,
    lost: BTreeMap<String, u64>,
}

impl<F: FnMut(&Case)> Cases<'_, F> {
    /// What the firewall logs it saw like this; the rest comes to it through the network.
    fn case(&mut self, case: Case) {
        let Some(carrier) = self.carrier.as_mut().filter(|_| case.logged.is_none()) else {
            return (self.push)(&case);
        };
        match carrier.carry(&case.flow) {
            Carried::Arrives(flow) => (self.push)(&Case { flow: *flow, ..case }),
            Carried::Lost(why) => *self.lost.entry(why).or_default() += 1,
        }
    }
}

impl<F: FnMut(&Case)> Sink for Cases<'_, F> {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        self.records += 1;
        match case_of(&record) {
            Ok(case) => self.case(case),
            Err(reason) => *self.no_flow.entry(reason.to_string()).or_default() += 1,
        }
        ControlFlow::Continue(())
    }
}

pub(super) fn run(args: &ReplayArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let (policy, logs) = sniff::policy_and_logs(&args.files, &args.reading.columns())?;
    let (ruleset, loaded) = inputs::ruleset(&policy, &args.ruleset, global)?;
    let filter = args.filter.filter(Some(&loaded.inventory), "with the rule set's files")?;
    let exports = match args.topology.as_slice() {
        [] => None,
        folders => Some(topology::exports(folders, &args.ruleset.readings, global)?),
    };
    let network = exports.as_ref().map(|exports| &exports.topology);
    if args.against.is_empty() {
        let mut replayer = Replayer::new(&ruleset);
        let input = read(&logs, args, global, filter, network, |case| replayer.push(case))?;
        let replay = replayer.finish();
        say_cache_use(replay.cache, global);
        write(
            args,
            || render::text(&input, &replay),
            || render::json(&input, &replay),
            || render::html(&input, &replay),
        )?;
        return Ok(agreement_status(&replay));
    }
    let (after, _) = inputs::ruleset_beside(&loaded, &args.against, &args.ruleset, global)?;
    let mut comparer = Comparer::new(&ruleset, &after);
    let input = read(&logs, args, global, filter, network, |case| comparer.push(case))?;
    let comparison = comparer.finish();
    write(
        args,
        || render::comparison_text(&input, &comparison),
        || render::comparison_json(&input, &comparison),
        || render::comparison_html(&input, &comparison),
    )?;
    Ok(change_status(&comparison))
}

fn read(
    logs: &[PathBuf],
    args: &ReplayArgs,
    global: &GlobalArgs,
    filter: Option<Filter>,
    network: Option<&Topology>,
    push: impl FnMut(&Case),
) -> Result<ReplayInput, Failure> {
    let cases = Cases {
        push,
        records: 0,
        no_flow: BTreeMap::new(),
        carrier: network.map(Carrier::new),
        lost: BTreeMap::new(),
    };
    let mut filtered = Filtered::new(cases, filter);
    let read = log_inputs::read(logs, &args.reading, global, &mut filtered)?;
    log_inputs::warn_of_rejects(&read, global);
    let mut left_out = read.left_out.clone();
    left_out.extend(log_filter::left_out(&filtered));
    let Cases { records, no_flow, carrier, lost, .. } = filtered.sink;
    let carried = carrier.map(|carrier| carrier.counts()).unwrap_or_default();
    let lost = lost.into_iter().collect();
    Ok(ReplayInput { carried, lost, left_out, ..input(&read, records, no_flow) })
}

fn input(read: &Read, records: u64, no_flow: BTreeMap<String, u64>) -> ReplayInput {
    ReplayInput {
        files: read.files,
        records,
        no_flow: no_flow.into_iter().collect(),
        carried: Vec::new(),
        lost: Vec::new(),
        left_out: Vec::new(),
        ignored: read.counts.ignored_total(),
        rejected: read.counts.rejected,
    }
}

fn write<T: serde::Serialize>(
    args: &ReplayArgs,
    text: impl FnOnce() -> String,
    json: impl FnOnce() -> T,
    html: impl FnOnce() -> Document,
) -> Result<(), Failure> {
    let mut out = args.output.writer()?;
    match args.format {
        Format::Text => write!(out, "{}", terminal_lines(&text()))?,
        Format::Json => {
            let json = serde_json::to_string_pretty(&json())
                .map_err(|error| InputError::new(format!("cannot write JSON: {error}")))?;
            writeln!(out, "{json}")?;
        }
        Format::Html => out.write_all(output::page(&html())?.as_bytes())?,
    }
    out.flush()?;
    Ok(())
}

/// How fast a replay is depends on how often flows repeat themselves.
fn say_cache_use(used: CacheUse, global: &GlobalArgs) {
    if !global.quiet && used.lookups > 0 {
        let percent = used.hits * 100 / used.lookups;
        anstream::eprintln!("note: {percent} % of the flows were met before and remembered");
    }
}

fn agreement_status(replay: &Replay) -> ExitStatus {
    let has = |agreement| replay.by_agreement.get(&agreement).is_some_and(|&count| count > 0);
    if has(Agreement::Disagrees) || has(Agreement::Impossible) || has(Agreement::OtherRule) {
        ExitStatus::No
    } else if has(Agreement::Possible) {
        ExitStatus::Undecided
    } else {
        ExitStatus::Yes
    }
}

fn change_status(comparison: &Comparison) -> ExitStatus {
    let has = |change| comparison.by_change.get(&change).is_some_and(|&count| count > 0);
    if has(Change::AllowToDeny) || has(Change::DenyToAllow) || has(Change::Translation) {
        ExitStatus::No
    } else if has(Change::Undecided) {
        ExitStatus::Undecided
    } else {
        ExitStatus::Yes
    }
}
