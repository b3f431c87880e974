//! `azfw suggest`: rules for what logs show, and the proof that they do.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{GlobalArgs, OutputArgs, ReadingArgs};
use super::failure::Failure;
use super::log_filter::{self, FilterArgs};
use super::log_inputs::{self, LogArgs};
use super::{ExitStatus, inputs};
use crate::compile::{self, CompileError, Ruleset};
use crate::logs::Filtered;
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
/// Exit status: 0 both are proven, 1 one is not so or the service takes fewer rules than these, 3
/// the logs do not say enough to tell, 2 nothing could be read.
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
        None => suggest::within_limits(&observed, known, &own, &options).map_err(nothing)?,
    };
    let before = policy.as_ref().map(|(ruleset, _)| ruleset);
    finish(args, &observed, &suggestion, before, &options, global)
}

fn nothing(error: CompileError) -> InputError {
    InputError::new(format!("nothing can be suggested: {error}"))
}

fn finish(
    args: &SuggestArgs,
    observed: &Observed,
    suggestion: &Suggestion,
    before: Option<&Ruleset>,
    options: &compile::Options,
    global: &GlobalArgs,
) -> Result<ExitStatus, Failure> {
    let (ruleset, _) = compile::compile(&suggestion.inventory, options).map_err(nothing)?;
    let proof = suggest::prove(observed, &ruleset, before);
    let account = render::account(observed, suggestion, &proof);
    let written = match args.format {
        Format::Text => write::text(&suggestion.inventory),
        Format::Arm => write::arm(&suggestion.inventory),
        Format::Terraform => write::terraform(&suggestion.inventory),
    };
    if written.is_another_rule_set() {
        return Err(Failure::new(
            "nothing is written: the rules cannot be expressed in this form",
            "`--format text` can express everything",
        ));
    }
    let status = match (proof.holds() && suggestion.above_limits.is_empty(), proof.is_complete()) {
        (false, _) => ExitStatus::No,
        (true, false) => ExitStatus::Undecided,
        (true, true) => ExitStatus::Yes,
    };
    let mut out = args.output.writer()?;
    if args.format == Format::Text {
        for line in account.lines() {
            writeln!(out, "# {}", sanitize::terminal(line))?;
        }
        writeln!(out)?;
    } else if !global.quiet || status == ExitStatus::No {
        anstream::eprint!("{}", sanitize::terminal_lines(&account));
    }
    out.write_all(written.text.as_bytes())?;
    out.flush()?;
    Ok(status)
}
