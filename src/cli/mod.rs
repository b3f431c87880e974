//! The command line: arguments, opening files, exit status. The only module that does I/O.

#[cfg(feature = "logs")]
mod address_names;
mod args;
mod audit;
mod bench;
mod bypass;
mod check;
mod convert;
#[cfg(feature = "logs")]
mod detect;
mod diff;
#[cfg(feature = "logs")]
mod events;
mod failure;
mod find;
mod inputs;
#[cfg(feature = "logs")]
mod log_filter;
#[cfg(feature = "logs")]
mod log_inputs;
mod manual;
mod output;
mod path;
#[cfg(feature = "logs")]
mod rejects;
#[cfg(feature = "logs")]
mod replay;
#[cfg(feature = "logs")]
mod report;
#[cfg(feature = "logs")]
mod report_html;
#[cfg(feature = "logs")]
mod scratch;
mod show;
#[cfg(feature = "logs")]
mod sniff;
#[cfg(feature = "logs")]
mod state;
#[cfg(feature = "logs")]
mod suggest;
mod test;
mod topology;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use args::GlobalArgs;
use failure::Failure;

/// What a command answers; the process exits with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ExitStatus {
    /// Yes, clean.
    Yes = 0,
    /// The answer is no.
    No = 1,
    /// It could not be answered.
    CouldNotAnswer = 2,
    /// It depends on what is not known.
    Undecided = 3,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}

/// Azure Firewall rule sets and logs, offline.
///
/// Exit status: 0 yes, 1 no (a flow is denied, a finding, a difference), 2 could not answer,
/// 3 undecided.
#[derive(Debug, Parser)]
#[command(name = "azfw", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::CheckArgs),
    Show(show::ShowArgs),
    Convert(convert::ConvertArgs),
    Test(test::TestArgs),
    Audit(audit::AuditArgs),
    Find(find::FindArgs),
    Diff(diff::DiffArgs),
    Path(path::PathArgs),
    Bypass(bypass::BypassArgs),
    #[cfg(feature = "logs")]
    Report(report::ReportArgs),
    #[cfg(feature = "logs")]
    Merge(report::MergeArgs),
    #[cfg(feature = "logs")]
    Events(events::EventsArgs),
    #[cfg(feature = "logs")]
    Detect(detect::DetectArgs),
    #[cfg(feature = "logs")]
    Suggest(suggest::SuggestArgs),
    #[cfg(feature = "logs")]
    Replay(replay::ReplayArgs),
    Bench(bench::BenchArgs),
    Completions(manual::CompletionsArgs),
    Man(manual::ManArgs),
}

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    cli.global.apply();
    let result = match &cli.command {
        Command::Check(args) => check::run(args, &cli.global),
        Command::Show(args) => show::run(args, &cli.global),
        Command::Convert(args) => convert::run(args, &cli.global),
        Command::Test(args) => test::run(args, &cli.global),
        Command::Audit(args) => audit::run(args, &cli.global),
        Command::Find(args) => find::run(args, &cli.global),
        Command::Diff(args) => diff::run(args, &cli.global),
        Command::Path(args) => path::run(args, &cli.global),
        Command::Bypass(args) => bypass::run(args, &cli.global),
        #[cfg(feature = "logs")]
        Command::Report(args) => report::run(args, &cli.global),
        #[cfg(feature = "logs")]
        Command::Merge(args) => report::run_merge(args, &cli.global),
        #[cfg(feature = "logs")]
        Command::Events(args) => events::run(args, &cli.global),
        #[cfg(feature = "logs")]
        Command::Detect(args) => detect::run(args, &cli.global),
        #[cfg(feature = "logs")]
        Command::Suggest(args) => suggest::run(args, &cli.global),
        #[cfg(feature = "logs")]
        Command::Replay(args) => replay::run(args, &cli.global),
        Command::Bench(args) => bench::run(args, &cli.global),
        Command::Completions(args) => manual::completions(args, Cli::command()),
        Command::Man(args) => manual::pages(args, Cli::command()),
    };
    match result {
        Ok(status) => status.into(),
        Err(Failure::BrokenPipe) => ExitStatus::Yes.into(),
        Err(Failure::Reports(reports)) => {
            for report in reports {
                anstream::eprintln!("{report:?}");
            }
            ExitStatus::CouldNotAnswer.into()
        }
    }
}
