//! `azfw show`: the effective rules in evaluation order.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{GlobalArgs, OutputArgs, RulesetArgs};
use super::failure::Failure;
use super::{ExitStatus, inputs};
use crate::report::{sanitize, show};
use crate::source::InputError;

/// The effective rules in evaluation order, with inheritance and IP Groups resolved
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Files and folders of the rule set
    #[arg(required = true, value_name = "POLICY")]
    files: Vec<PathBuf>,
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
    Csv,
    Json,
}

pub(super) fn run(args: &ShowArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let (ruleset, loaded) = inputs::ruleset(&args.files, &args.ruleset, global)?;
    let text = match args.format {
        Format::Text => {
            sanitize::terminal_lines(&show::text(&ruleset, args.output.width())).into_owned()
        }
        Format::Markdown => show::markdown(&ruleset),
        Format::Csv => show::csv(&ruleset)
            .map_err(|error| InputError::new(format!("cannot write CSV: {error}")))?,
        Format::Json => {
            let json = show::json(&ruleset, &loaded.sources, &loaded.warnings);
            let text = serde_json::to_string_pretty(&json)
                .map_err(|error| InputError::new(format!("cannot write JSON: {error}")))?;
            text + "\n"
        }
    };
    let mut out = args.output.writer()?;
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(ExitStatus::Yes)
}
