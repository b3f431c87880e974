//! `azfw replay`: logged flows through a rule set.

use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{GlobalArgs, OutputArgs, RulesetArgs};
use super::failure::Failure;
use super::log_filter::{self, FilterArgs};
use super::log_inputs::{self, LogReadingArgs};
use super::{ExitStatus, inputs, output, sniff, topology};
use crate::analyse::replay::{Against, Agreement, Change, Comparison, Replay, Replayed, Replayer};
use crate::evaluate::{CacheUse, Index};
use crate::logs::{ReplayedLogs, Replaying};
use crate::path::carry::Carrier;
use crate::report::page::Document;
use crate::report::replay::{self as render, ReplayInput};
use crate::report::sanitize::terminal_lines;
use crate::source::InputError;

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

pub(super) fn run(args: &ReplayArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let (policy, logs) = sniff::policy_and_logs(&args.files, &args.reading.columns())?;
    let (ruleset, loaded) = inputs::ruleset(&policy, &args.ruleset, global)?;
    let filter = args.filter.filter(Some(&loaded.inventory), "with the rule set's files")?;
    let exports = match args.topology.as_slice() {
        [] => None,
        folders => Some(topology::exports(folders, &args.ruleset.readings, global)?),
    };
    let network = exports.as_ref().map(|exports| &exports.topology);
    let index = Index::new(&ruleset);
    if args.against.is_empty() {
        let replaying = Replaying::new(|| Replayer::new(&index), filter, network.map(Carrier::new));
        let (input, replay) = read(&logs, args, global, replaying)?;
        write(
            args,
            || render::text(&input, &replay),
            || render::json(&input, &replay),
            || render::html(&input, &replay),
        )?;
        return Ok(agreement_status(&replay));
    }
    let (after, _) = inputs::ruleset_beside(&loaded, &args.against, &args.ruleset, global)?;
    let after = Index::new(&after);
    let replaying =
        Replaying::new(|| Replayer::comparing(&index, &after), filter, network.map(Carrier::new));
    let (input, comparison) = read(&logs, args, global, replaying)?;
    write(
        args,
        || render::comparison_text(&input, &comparison),
        || render::comparison_json(&input, &comparison),
        || render::comparison_html(&input, &comparison),
    )?;
    Ok(change_status(&comparison))
}

/// What was read, and what the replay has found in it.
type Found<A> = (ReplayInput, Replayed<<A as Against>::Kind, <A as Against>::What>);

/// Reads the logs side by side, or in their order where rejected lines are to be written in theirs.
fn read<'a, A, F>(
    logs: &[PathBuf],
    args: &ReplayArgs,
    global: &GlobalArgs,
    mut replaying: Replaying<'a, A, F>,
) -> Result<Found<A>, Failure>
where
    A: Against + Send,
    A::Kind: Send,
    A::What: Send,
    F: Fn() -> Replayer<'a, A> + Send,
{
    let mut read = if args.reading.writes_rejects() {
        log_inputs::read(logs, &args.reading, global, &mut replaying)?
    } else {
        log_inputs::collect(logs, &args.reading, global, &mut replaying)?
    };
    log_inputs::warn_of_rejects(&read, global);
    let ReplayedLogs { found, counts, repeated, carried } = replaying.finish();
    read.leave_out_repeated(repeated);
    read.left_out.extend(log_filter::reasons(counts.left_out, counts.unsettled));
    say_cache_use(found.cache, global);
    let mut no_flow: Vec<(String, u64)> =
        counts.no_flow.into_iter().map(|(why, count)| (why.to_string(), count)).collect();
    no_flow.sort_by(|(a, count_a), (b, count_b)| count_b.cmp(count_a).then_with(|| a.cmp(b)));
    let input = ReplayInput {
        files: read.files,
        records: counts.records,
        no_flow,
        carried,
        lost: counts.lost.into_iter().collect(),
        left_out: read.left_out,
        ignored: read.counts.ignored_total(),
        rejected: read.counts.rejected,
    };
    Ok((input, found))
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

/// How fast a replay is depends on how often flows repeat themselves. How many are remembered depends
/// on who reads what, so it is said to somebody who looks, and is no part of what a run writes.
fn say_cache_use(used: CacheUse, global: &GlobalArgs) {
    if !global.quiet && used.lookups > 0 && std::io::stderr().is_terminal() {
        let percent = used.hits * 100 / used.lookups;
        anstream::eprintln!("note: {percent} % of the flows were met before and remembered");
    }
}

fn agreement_status(replay: &Replay) -> ExitStatus {
    let has = |agreement| replay.count(agreement) > 0;
    if has(Agreement::Disagrees) || has(Agreement::Impossible) || has(Agreement::OtherRule) {
        ExitStatus::No
    } else if has(Agreement::Possible) {
        ExitStatus::Undecided
    } else {
        ExitStatus::Yes
    }
}

fn change_status(comparison: &Comparison) -> ExitStatus {
    let has = |change| comparison.count(change) > 0;
    if has(Change::AllowToDeny) || has(Change::DenyToAllow) || has(Change::Translation) {
        ExitStatus::No
    } else if has(Change::Undecided) {
        ExitStatus::Undecided
    } else {
        ExitStatus::Yes
    }
}
