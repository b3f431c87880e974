//! `azfw show`: the effective rules in evaluation order.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{GlobalArgs, OutputArgs, RulesetArgs};
use super::failure::Failure;
use super::{ExitStatus, inputs};
use crate::analyse::tags::used_tags;
use crate::compile::Ruleset;
use crate::report::{sanitize, show};
use crate::source::{InputError, Sources};

/// The effective rules in evaluation order, with inheritance and IP Groups resolved
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Files and folders of the rule set
    #[arg(required = true, value_name = "POLICY")]
    files: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Show the service tags, FQDN tags, web categories and IP Groups that the rules use, and which
    /// of them the given files do not cover (exit status 3 if there are any)
    #[arg(long)]
    tags: bool,
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
    if args.tags {
        return tags(args, &ruleset, &loaded.sources);
    }
    let text = match args.format {
        Format::Text => {
            sanitize::terminal_lines(&show::text(&ruleset, args.output.width())).into_owned()
        }
        Format::Markdown => show::markdown(&ruleset),
        Format::Csv => show::csv(&ruleset)
            .map_err(|error| InputError::new(format!("cannot write CSV: {error}")))?,
        Format::Json => {
            let json = show::json(&ruleset, &loaded.sources, &loaded.warnings);
            json_text(&json)?
        }
    };
    print(args, &text)?;
    Ok(ExitStatus::Yes)
}

/// The names whose content stands elsewhere.
fn tags(args: &ShowArgs, ruleset: &Ruleset, sources: &Sources) -> Result<ExitStatus, Failure> {
    let used = used_tags(ruleset);
    let text = match args.format {
        Format::Text => {
            let text = show::tags_text(&used, args.output.width());
            sanitize::terminal_lines(&text).into_owned()
        }
        Format::Markdown => show::tags_markdown(&used),
        Format::Csv => show::tags_csv(&used, sources)
            .map_err(|error| InputError::new(format!("cannot write CSV: {error}")))?,
        Format::Json => json_text(&show::tags_json(&used, sources))?,
    };
    print(args, &text)?;
    let is_known = used.iter().all(|tag| tag.is_covered);
    Ok(if is_known { ExitStatus::Yes } else { ExitStatus::Undecided })
}

fn json_text(json: &impl serde::Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(json)
        .map_err(|error| InputError::new(format!("cannot write JSON: {error}")))?;
    Ok(text + "\n")
}

fn print(args: &ShowArgs, text: &str) -> Result<(), Failure> {
    let mut out = args.output.writer()?;
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
