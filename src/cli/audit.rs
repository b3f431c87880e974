//! `azfw audit`: what is wrong with a rule set.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::args::{GlobalArgs, OutputArgs, RulesetArgs};
use super::failure::Failure;
use super::{ExitStatus, inputs, output};
use crate::analyse::check::{self, Finding, Level};
use crate::analyse::suppression::{suppressions, unsuppressed};
use crate::report::{audit, sanitize};
use crate::source::{InputError, Source, Sources};

/// What is wrong with this rule set?
///
/// Rules that can never decide anything, application rules that a network rule undoes, rules wider
/// than anyone needs, settings. Each finding that speaks of traffic shows a flow.
///
/// Exit status: 0 nothing at or above `--fail-on`, 1 otherwise.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct AuditArgs {
    /// Files and folders of the rule set
    #[arg(required = true, value_name = "POLICY")]
    files: Vec<PathBuf>,
    /// The level from which on findings count as a "no"
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = FailOn::Warning)]
    fail_on: FailOn,
    /// Findings that are accepted: one a line, CHECK RULE YYYY-MM-DD REASON
    #[arg(long, value_name = "FILE")]
    suppressions: Option<PathBuf>,
    /// The day that suppressions are compared with, instead of today
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<jiff::civil::Date>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    ruleset: RulesetArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Info,
    Warning,
    Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    /// SARIF 2.1.0, as GitHub code scanning reads it
    Sarif,
    Junit,
    Markdown,
    /// One page for the browser, which opens offline
    Html,
}

impl From<FailOn> for Level {
    fn from(level: FailOn) -> Self {
        match level {
            FailOn::Info => Self::Info,
            FailOn::Warning => Self::Warning,
            FailOn::Error => Self::Error,
        }
    }
}

pub(super) fn run(args: &AuditArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let (ruleset, mut loaded) = inputs::ruleset(&args.files, &args.ruleset, global)?;
    let audit = check::audit(&ruleset, &loaded.inventory);
    if !global.quiet {
        for inconsistency in &audit.inconsistencies {
            let text = sanitize::terminal(inconsistency);
            anstream::eprintln!("note: a claim was dropped, please report it: {text}");
        }
    }
    let mut findings = audit.findings;
    if let Some(file) = &args.suppressions {
        let today = args
            .today
            .unwrap_or_else(|| jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date());
        findings = accepted(file, findings, &mut loaded.sources, today)?;
    }
    let fail_on = Level::from(args.fail_on);
    let text = rendered(args, &findings, &loaded.sources, fail_on)?;
    let mut out = args.output.writer()?;
    out.write_all(text.as_bytes())?;
    out.flush()?;
    let fails = findings.iter().any(|finding| finding.level >= fail_on);
    Ok(if fails { ExitStatus::No } else { ExitStatus::Yes })
}

fn rendered(
    args: &AuditArgs,
    findings: &[Finding],
    sources: &Sources,
    fail_on: Level,
) -> Result<String, Failure> {
    let cannot_write = |error| InputError::new(format!("cannot write JSON: {error}"));
    Ok(match args.format {
        Format::Text => {
            let text = audit::text(findings, sources, args.output.width());
            sanitize::terminal_lines(&text).into_owned()
        }
        Format::Json => {
            let json = audit::json(findings, sources);
            serde_json::to_string_pretty(&json).map_err(cannot_write)? + "\n"
        }
        Format::Sarif => {
            let sarif = audit::sarif(findings, sources);
            serde_json::to_string_pretty(&sarif).map_err(cannot_write)? + "\n"
        }
        Format::Junit => audit::junit(findings, sources, fail_on),
        Format::Markdown => audit::markdown(findings, sources),
        Format::Html => output::page(&audit::html(findings, sources))?,
    })
}

/// The findings that the file does not accept.
fn accepted(
    file: &Path,
    findings: Vec<Finding>,
    sources: &mut Sources,
    today: jiff::civil::Date,
) -> Result<Vec<Finding>, Failure> {
    let text = inputs::text(file)?;
    let id = sources.add(Source::new(&file.display().to_string(), text.as_str()));
    let (accepted, errors) = suppressions(&text, id);
    if !errors.is_empty() {
        let shown = errors
            .into_iter()
            .map(|error| InputError::at(error.message, sources, error.span).with_help(error.help));
        return Err(shown.collect::<Vec<_>>().into());
    }
    Ok(unsuppressed(findings, &accepted, today))
}
