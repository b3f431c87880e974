//! `azfw suggest`: rules for what logs show, and the proof that they do.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{GlobalArgs, OutputArgs, ReadingArgs};
use super::failure::Failure;
use super::log_filter::{self, FilterArgs};
use super::log_inputs::{self, LogArgs};
use super::{ExitStatus, inputs};
use crate::analyse::check;
use crate::compile;
use crate::logs::Filtered;
use crate::policy::Inventory;
use crate::report::{sanitize, suggest as render};
use crate::source::InputError;
use crate::suggest::{self, Observed, Options, Suggestion};
use crate::write;

/// Least-privilege rules for the traffic that logs show, proven by replaying it
///
/// Without --policy: rules for everything that was allowed, and for nothing else. With it: the
/// policy's allow rules cut down to what was used of them, unused ones left out.
///
/// Every flow of the logs is then run through the result: what was allowed must still be, and what
/// was denied must not become allowed.
///
/// Exit status: 0 both are proven, 1 one is not so, 3 the logs do not say enough to tell, 2 nothing
/// could be read.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct SuggestArgs {
    #[command(flatten)]
    logs: LogArgs,
    #[command(flatten)]
    filter: FilterArgs,
    /// The rule set to cut down
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,
    /// The policy to use, when the files of `--policy` hold several
    #[arg(long, value_name = "NAME", requires = "policy")]
    policy_name: Option<String>,
    /// Files with IP Groups, which then stand for their addresses as sources
    #[arg(long, value_name = "FILE", conflicts_with = "policy")]
    groups: Vec<PathBuf>,
    /// Prefix length of subnets (IPv4) that stand for their sources; 32: never
    #[arg(long, value_name = "LENGTH", default_value_t = 24, value_parser = clap::value_parser!(u8).range(8..=32))]
    subnet: u8,
    /// A wildcard for so many names below one name; 0: never
    #[arg(long, value_name = "N", default_value_t = 0)]
    roll_up: usize,
    /// The name of the suggested policy
    #[arg(long, value_name = "NAME", default_value = "suggested", conflicts_with = "policy")]
    name: String,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    readings: ReadingArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The text form, with the proof as comments
    Text,
    /// An ARM template; the proof goes to standard error
    Arm,
    /// Code for the azurerm provider; the proof goes to standard error
    Terraform,
}

pub(super) fn run(args: &SuggestArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let options = args.readings.compile_options(args.policy_name.clone());
    let policy = match args.policy.as_slice() {
        [] => None,
        files => Some(inputs::compiled(files, &args.readings, &options, global)?),
    };
    let groups = match args.groups.as_slice() {
        [] => None,
        files => Some(inputs::loaded(files, &args.readings)?),
    };
    let known = policy.as_ref().map(|(_, loaded)| loaded).or(groups.as_ref());
    let known = known.map(|loaded| &loaded.inventory);
    let filter = args.filter.filter(known, "with `--groups FILE`")?;
    let mut filtered = Filtered::new(Observed::default(), filter);
    let read = log_inputs::read(&args.logs.logs, &args.logs.reading, global, &mut filtered)?;
    log_filter::note_unsettled(&filtered, global);
    log_inputs::warn_of_rejects(&read, global);
    let observed = filtered.sink;
    if observed.has_no_allowed() {
        return Err(Failure::new(
            "the logs hold no allowed connection, so there is nothing to allow",
            "give logs of network, application or DNAT rules in which something was allowed",
        ));
    }
    let own = Options {
        subnet: (args.subnet, Options::default().subnet.1),
        roll_up: args.roll_up,
        policy: args.name.clone(),
        ..Options::default()
    };
    let suggestion = match &policy {
        Some((ruleset, loaded)) => suggest::narrowed(&observed, ruleset, &loaded.inventory, &own),
        None => within_limits(&observed, known, &own, &options)?,
    };
    finish(args, &observed, &suggestion, &options, global)
}

/// Shorter prefixes that stand for sources, where longer ones make more than the service takes.
const WIDER: [u8; 3] = [20, 16, 12];

/// Rules for what was observed, with subnets as wide as the limits of the service make necessary.
fn within_limits(
    observed: &Observed,
    known: Option<&Inventory>,
    own: &Options,
    options: &compile::Options,
) -> Result<Suggestion, Failure> {
    let mut first = suggest::from_logs(observed, known, own);
    let above = above_limits(&first, options)?;
    if above.is_empty() {
        return Ok(first);
    }
    for length in WIDER.into_iter().filter(|length| *length < own.subnet.0) {
        let wider = Options { subnet: (length, own.subnet.1), ..own.clone() };
        let mut suggestion = suggest::from_logs(observed, known, &wider);
        if above_limits(&suggestion, options)?.is_empty() {
            suggestion.notes.push(format!(
                "sources are put together as /{length}, because /{} makes more than the service takes: {}",
                own.subnet.0,
                above.join("; ")
            ));
            return Ok(suggestion);
        }
    }
    first.notes.push(format!(
        "NOT DEPLOYABLE as it is, the service takes less: {}; choose fewer logs with `--where`, or put sources into IP Groups and give them with `--groups`",
        above.join("; ")
    ));
    Ok(first)
}

fn above_limits(
    suggestion: &Suggestion,
    options: &compile::Options,
) -> Result<Vec<String>, Failure> {
    let (ruleset, _) = compile::compile(&suggestion.inventory, options)
        .map_err(|error| InputError::new(format!("nothing can be suggested: {error}")))?;
    Ok(check::above_limits(&ruleset, &suggestion.inventory))
}

fn finish(
    args: &SuggestArgs,
    observed: &Observed,
    suggestion: &Suggestion,
    options: &compile::Options,
    global: &GlobalArgs,
) -> Result<ExitStatus, Failure> {
    let (ruleset, _) = compile::compile(&suggestion.inventory, options)
        .map_err(|error| InputError::new(format!("nothing can be suggested: {error}")))?;
    let proof = suggest::prove(observed, &ruleset);
    let account = render::account(observed, suggestion, &proof);
    let written = match args.format {
        Format::Text => write::text(&suggestion.inventory),
        Format::Arm => write::arm(&suggestion.inventory),
        Format::Terraform => write::terraform(&suggestion.inventory),
    };
    let mut out = args.output.writer()?;
    if args.format == Format::Text {
        for line in account.lines() {
            writeln!(out, "# {}", sanitize::terminal(line))?;
        }
        writeln!(out)?;
    } else if !global.quiet {
        anstream::eprint!("{}", sanitize::terminal_lines(&account));
    }
    out.write_all(written.text.as_bytes())?;
    out.flush()?;
    Ok(match (proof.holds(), proof.is_complete()) {
        (false, _) => ExitStatus::No,
        (true, false) => ExitStatus::Undecided,
        (true, true) => ExitStatus::Yes,
    })
}
