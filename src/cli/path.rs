//! `azfw path`: what a packet meets on its way, and whether it arrives.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{GlobalArgs, OutputArgs};
use super::failure::Failure;
use super::topology::TopologyArgs;
use super::{ExitStatus, inputs, output};
use crate::analyse::check::Level;
use crate::evaluate::Decision;
use crate::path::audit::findings;
use crate::path::{EndError, Journey, World};
use crate::report::path as rendered;
use crate::report::sanitize;
use crate::source::InputError;
use crate::syntax::journey::{ExpectedJourney, expected_journey};

/// What does a packet meet on its way, and does it arrive?
///
///   azfw path --topology exports --from pod:shop/web --to www.example.com:443
///
/// `--resolve ADDRESS` gives the address of the destination's name.
///
/// Exit status: 0 it arrives (or as expected), 1 it is denied or lost (or not as expected),
/// 3 undecided.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct PathArgs {
    #[command(flatten)]
    topology: TopologyArgs,
    /// pod:NAMESPACE/NAME, vm:NAME, nic:NAME, ip:ADDRESS, app:NAME or internet:ADDRESS
    #[arg(long, value_name = "SOURCE", required_unless_present_any = ["expect", "audit"])]
    from: Option<String>,
    /// HOST:PORT, ADDRESS:PORT, pod:NAMESPACE/NAME:PORT, vm:NAME:PORT or nic:NAME:PORT, with /udp,
    /// /tcp, /https … where it matters
    #[arg(long, value_name = "DESTINATION", required_unless_present_any = ["expect", "audit"])]
    to: Option<String>,
    /// Journeys and what is expected of them, one a line; repeatable
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "to"])]
    expect: Vec<PathBuf>,
    /// Findings about the whole topology instead of one journey
    #[arg(long, conflicts_with_all = ["from", "to", "expect"])]
    audit: bool,
    /// With `--audit`: findings at this level and above answer "no"
    #[arg(long, value_enum, default_value_t = FailOn::Warning, requires = "audit")]
    fail_on: FailOn,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    /// A picture that code hosts draw
    Mermaid,
    /// A picture of its own, in light and in dark
    Svg,
    /// One page for the browser, with the picture, which opens offline
    Html,
}

/// The least level that makes the answer "no".
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Info,
    Warning,
    Error,
    Never,
}

impl FailOn {
    fn level(self) -> Option<Level> {
        match self {
            Self::Info => Some(Level::Info),
            Self::Warning => Some(Level::Warning),
            Self::Error => Some(Level::Error),
            Self::Never => None,
        }
    }
}

pub(super) fn run(args: &PathArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let exports = args.topology.exports(global)?;
    let world = World {
        topology: &exports.topology,
        rules: &exports.rules,
        policies: &exports.policies(),
        settings: args.topology.settings(),
    };
    if args.audit {
        return audited(args, &world);
    }
    if !args.expect.is_empty() {
        return expectations(args, &world);
    }
    let (from, to) = (args.from.as_deref().unwrap_or(""), args.to.as_deref().unwrap_or(""));
    let journey =
        world.travel(from, to, args.topology.address()).map_err(|error| failure("", &error))?;
    let text = match args.format {
        Format::Text => sanitize::terminal_lines(&rendered::text(&journey)).into_owned(),
        Format::Mermaid => rendered::mermaid(&journey),
        Format::Svg => rendered::svg(&journey),
        Format::Html => output::page(&rendered::html(&journey))?,
        Format::Json => json(&journey)?,
    };
    let mut out = args.output.writer()?;
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(match journey.decision {
        Decision::Allow => ExitStatus::Yes,
        Decision::Deny => ExitStatus::No,
        Decision::Undecided => ExitStatus::Undecided,
    })
}

/// Findings about the whole topology.
fn audited(args: &PathArgs, world: &World<'_>) -> Result<ExitStatus, Failure> {
    let found = findings(world);
    let text = match args.format {
        Format::Text => sanitize::terminal_lines(&rendered::findings_text(&found)).into_owned(),
        Format::Json => {
            let text = serde_json::to_string_pretty(&rendered::findings_json(&found))
                .map_err(|error| InputError::new(format!("cannot write JSON: {error}")))?;
            text + "\n"
        }
        Format::Html => output::page(&rendered::findings_html(&found))?,
        Format::Mermaid | Format::Svg => {
            let help = "use `--format text`, `json` or `html`";
            return Err(Failure::new("findings have no picture", help));
        }
    };
    let mut out = args.output.writer()?;
    out.write_all(text.as_bytes())?;
    out.flush()?;
    let is_bad = |level: Level| found.iter().any(|finding| finding.level >= level);
    Ok(if args.fail_on.level().is_some_and(is_bad) { ExitStatus::No } else { ExitStatus::Yes })
}

fn json(journey: &Journey) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(&rendered::json(journey))
        .map_err(|error| InputError::new(format!("cannot write JSON: {error}")))?;
    Ok(text + "\n")
}

fn failure(place: &str, error: &EndError) -> Failure {
    Failure::new(format!("{place}{error}"), error.help.clone())
}

/// Runs files of expectations: one line each, and a sum.
fn expectations(args: &PathArgs, world: &World<'_>) -> Result<ExitStatus, Failure> {
    let mut out = args.output.writer()?;
    let (mut count, mut failed) = (0, 0);
    for file in &args.expect {
        let name = file.display();
        for (index, line) in inputs::text(file)?.lines().enumerate() {
            let place = format!("{name}:{}: ", index + 1);
            let expected = match expected_journey(line) {
                Ok(None) => continue,
                Ok(Some(expected)) => expected,
                Err(message) => {
                    let help = "write `pod:shop/web -> www.example.com:443 => denied at firewall`";
                    return Err(Failure::new(format!("{place}{message}"), help));
                }
            };
            let journey = world
                .travel(expected.from, expected.to, expected.address)
                .map_err(|error| failure(&place, &error))?;
            count += 1;
            let is_so = is_as_expected(&journey, &expected);
            failed += usize::from(!is_so);
            let word = if is_so { "ok    " } else { "FAILED" };
            let line = format!("{word}  {} -> {} => {}", expected.from, expected.to, expected.text);
            writeln!(out, "{}", sanitize::terminal(&line))?;
            if !is_so {
                writeln!(out, "        but {}", sanitize::terminal(&journey.verdict()))?;
                if let Some(hop) = journey.end() {
                    let text = format!("{}: {}", hop.title, hop.reason);
                    writeln!(out, "        {}", sanitize::terminal(&text))?;
                }
                for need in journey.needs() {
                    writeln!(out, "        depends on {}", sanitize::terminal(need))?;
                }
            }
        }
    }
    writeln!(out, "{count} journeys: {} as expected, {failed} not", count - failed)?;
    out.flush()?;
    Ok(if failed == 0 { ExitStatus::Yes } else { ExitStatus::No })
}

fn is_as_expected(journey: &Journey, expected: &ExpectedJourney<'_>) -> bool {
    let layer = journey.end().map(|hop| hop.layer.name());
    journey.decision.name() == expected.verdict.name()
        && expected
            .layer
            .is_none_or(|wanted| layer.is_some_and(|it| it.eq_ignore_ascii_case(wanted)))
        && expected.bypasses.is_none_or(|wanted| journey.bypasses == Some(wanted))
}
