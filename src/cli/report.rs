//! `azfw report`: what happened, from exported logs.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use smol_str::SmolStr;

use super::args::{GlobalArgs, OutputArgs, ReadingArgs};
use super::failure::Failure;
use super::log_inputs::{self, LogArgs, Read};
use super::{ExitStatus, inputs};
use crate::compile::Ruleset;
use crate::evaluate::RuleRef;
use crate::report::traffic::{csv, json, markdown, text};
use crate::source::InputError;
use crate::tables::{self, Input, PolicyRule, RejectedExample, Summary, Tally};

/// Allowed, denied, threats: what exported logs say happened
///
/// Exit status: 0, or 2 when nothing could be read.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    #[command(flatten)]
    logs: LogArgs,
    /// Join with the rules of this rule set: which were never hit?
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,
    /// The policy to use, when the files of `--policy` hold several
    #[arg(long, value_name = "NAME", requires = "policy")]
    policy_name: Option<String>,
    /// Rows of each list
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// CSV writes one file per table into the folder that `-o` names
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
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

pub(super) fn run(args: &ReportArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let rules = match args.policy.as_slice() {
        [] => None,
        files => {
            let options = args.readings.compile_options(args.policy_name.clone());
            let (ruleset, _) = inputs::compiled(files, &args.readings, &options, global)?;
            Some(policy_rules(&ruleset))
        }
    };
    let mut tally = Tally::new();
    let read = log_inputs::collect(&args.logs.logs, &args.logs.reading, global, &mut tally)?;
    let is_nothing_read = read.counts.records_total() == 0;
    let options = tables::Options { top: args.top, policy: rules.as_deref() };
    let summary = tally
        .finish(input(&read), &options)
        .map_err(|error| InputError::new(format!("cannot summarise the logs: {error}")))?;
    write(args, &summary)?;
    if is_nothing_read {
        return Err(Failure::new(
            "no firewall log record was found",
            "give exported logs of Azure Firewall: storage blobs, Event Hub records, query answers or CSV",
        ));
    }
    Ok(ExitStatus::Yes)
}

fn write(args: &ReportArgs, summary: &Summary) -> Result<(), Failure> {
    let text = match args.format {
        Format::Csv => return write_folder(args.output.output.as_deref(), &csv::render(summary)),
        Format::Text => {
            let layout = text::Layout {
                width: args.output.width(),
                // Colour is taken out again where it is not wanted.
                is_coloured: args.output.output.is_none(),
            };
            text::render(summary, layout)
        }
        Format::Markdown => markdown::render(summary),
        Format::Json => json::render(summary),
    };
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
        })
        .collect()
}
