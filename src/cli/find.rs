//! `azfw find`: a flow with a property, or the proof that none exists.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{GlobalArgs, OutputArgs, RulesetArgs};
use super::failure::Failure;
use super::{ExitStatus, inputs};
use crate::analyse::find::{Wanted, find};
use crate::report::{find as rendered, sanitize};
use crate::source::{InputError, Source, Sources, Span};
use crate::syntax::query::{Query, query};

/// Is there a flow with this property?
///
/// The last argument is the question; fields are protocol, source, destination, port, fqdn,
/// verdict, stage and rule:
///   azfw find policy.json "source in 10.0.0.0/8 and port = 22 and verdict = allow"
///
/// Exit status: 0 found, 1 proved that there is none, 3 it depends on what is not known.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct FindArgs {
    /// Files and folders of the rule set, and last the question
    #[arg(required = true, num_args = 2.., value_name = "POLICY... QUESTION")]
    arguments: Vec<String>,
    /// How many flows to show
    #[arg(short = 'n', long = "count", value_name = "N", default_value_t = 1)]
    count: usize,
    /// List all flows with the property, as sets
    #[arg(long)]
    all: bool,
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
    Json,
    /// The flows alone, in flow notation
    Flows,
}

pub(super) fn run(args: &FindArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let (question, files) = match args.arguments.split_last() {
        Some((question, files)) => (read(question)?, files),
        None => return Err(Failure::new("no question given", "write it as the last argument")),
    };
    let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
    let (ruleset, _) = inputs::ruleset(&files, &args.ruleset, global)?;
    let wanted = Wanted { witnesses: args.count.max(1), regions: args.all };
    let Some(answer) = find(&ruleset, &question, wanted) else {
        return Err(Failure::new(
            "flows are searched under the reading that a DNAT match ends the evaluation",
            "leave out `--dnat legacy-override`",
        ));
    };
    if !global.quiet {
        for inconsistency in &answer.inconsistencies {
            let text = sanitize::terminal(inconsistency);
            anstream::eprintln!("note: a claim was dropped, please report it: {text}");
        }
    }
    let text = match args.format {
        Format::Text => {
            let text = rendered::text(&answer, &ruleset, args.output.width());
            sanitize::terminal_lines(&text).into_owned()
        }
        Format::Flows => sanitize::terminal_lines(&rendered::flows(&answer)).into_owned(),
        Format::Json => {
            let json = rendered::json(&answer, &ruleset, args.all);
            let text = serde_json::to_string_pretty(&json)
                .map_err(|error| InputError::new(format!("cannot write JSON: {error}")))?;
            text + "\n"
        }
    };
    let mut out = args.output.writer()?;
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(if !answer.witnesses.is_empty() {
        ExitStatus::Yes
    } else if answer.is_absent() {
        ExitStatus::No
    } else {
        ExitStatus::Undecided
    })
}

/// Reads the question; a mistake is shown where it is.
fn read(text: &str) -> Result<Query, Failure> {
    query(text).map_err(|error| {
        let mut sources = Sources::default();
        let source = sources.add(Source::new("the question", text));
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let word = text.get(error.offset..).unwrap_or("");
        let length =
            word.find(|c: char| c.is_whitespace() || "(),".contains(c)).unwrap_or(word.len());
        let span = Span { source, start: at(error.offset), end: at(error.offset + length.max(1)) };
        let shown = InputError::at(error.message, &sources, span);
        match error.help {
            Some(help) => shown.with_help(help).into(),
            None => shown.into(),
        }
    })
}
