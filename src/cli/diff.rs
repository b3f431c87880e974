//! `azfw diff`: what a change of rules changes for traffic.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{GlobalArgs, OutputArgs, RulesetArgs};
use super::failure::Failure;
use super::{ExitStatus, inputs, output};
use crate::analyse::diff::{Diff, diff};
use crate::compile::Ruleset;
use crate::report::{diff as rendered, sanitize};
use crate::source::InputError;

/// What traffic does this change let through or stop?
///
/// Compares two rule sets for every possible flow: an answer of "equivalent" is a proof.
///
/// Exit status: 0 equivalent, 1 different, 3 it depends on what is not known.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct DiffArgs {
    /// File or folder of the old rule set
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// File or folder of the new rule set
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Files that both sides need: parent policy, IP Groups, service tags, other side tables
    #[arg(long = "with", value_name = "FILE")]
    with: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    ruleset: RulesetArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Markdown,
    Json,
    /// One page for the browser, which opens offline
    Html,
}

pub(super) fn run(args: &DiffArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let files = |side: &PathBuf| -> Vec<PathBuf> {
        std::iter::once(side).chain(&args.with).cloned().collect()
    };
    let (before, _) = inputs::ruleset(&files(&args.old), &args.ruleset, global)?;
    let (after, _) = inputs::ruleset(&files(&args.new), &args.ruleset, global)?;
    let Some(diff) = diff(&before, &after) else {
        return Err(Failure::new(
            "rule sets are compared under the reading that a DNAT match ends the evaluation",
            "leave out `--dnat legacy-override`",
        ));
    };
    if !global.quiet {
        for inconsistency in &diff.inconsistencies {
            let text = sanitize::terminal(inconsistency);
            anstream::eprintln!("note: a claim was dropped, please report it: {text}");
        }
    }
    let text = text(args, &diff, &before, &after)?;
    let mut out = args.output.writer()?;
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(if diff.is_equivalent() {
        ExitStatus::Yes
    } else if diff.surely_differs() {
        ExitStatus::No
    } else {
        ExitStatus::Undecided
    })
}

fn text(
    args: &DiffArgs,
    diff: &Diff,
    before: &Ruleset,
    after: &Ruleset,
) -> Result<String, Failure> {
    Ok(match args.format {
        Format::Text => {
            let text = rendered::text(diff, before, after, args.output.width());
            sanitize::terminal_lines(&text).into_owned()
        }
        Format::Markdown => rendered::markdown(diff, before, after),
        Format::Html => output::page(&rendered::html(diff, before, after))?,
        Format::Json => {
            let json = rendered::json(diff, before, after);
            let text = serde_json::to_string_pretty(&json)
                .map_err(|error| InputError::new(format!("cannot write JSON: {error}")))?;
            text + "\n"
        }
    })
}
