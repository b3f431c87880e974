//! `azfw detect`: what in exported logs looks like an attack or a fault.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use super::args::{GlobalArgs, OutputArgs, ReadingArgs};
use super::failure::Failure;
use super::log_filter::{self, FilterArgs};
use super::log_inputs::{self, LogArgs};
use super::{ExitStatus, inputs};
use crate::detect::{Allow, Detected, Detector, Indicators, Settings, Severity};
use crate::logs::Filtered;
use crate::policy::Inventory;
use crate::report::{detect, sanitize};
use crate::source::{InputError, Source, Sources, Span};

/// Scans, sweeps, beacons, floods, listed addresses: what in logs looks like an attack or a fault
///
/// Every finding comes with its severity, the parts of its score, ATT&CK techniques and records that
/// show it. Thresholds and an allow list stand in a file (docs/detect.md).
///
/// Exit status: 0 nothing at or above `--fail-on`, 1 otherwise, 2 when nothing could be read.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct DetectArgs {
    #[command(flatten)]
    logs: LogArgs,
    #[command(flatten)]
    filter: FilterArgs,
    /// Thresholds and the allow list, in TOML
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Addresses, prefixes and names to look for, one a line
    #[arg(long, value_name = "FILE")]
    indicators: Vec<PathBuf>,
    /// Files with the IP Groups and service tags that filters name
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,
    /// The severity from which on findings count as a "no"
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Medium)]
    fail_on: FailOn,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    readings: ReadingArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Info,
    Low,
    Medium,
    High,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Csv,
    /// SARIF 2.1.0
    Sarif,
}

impl From<FailOn> for Severity {
    fn from(severity: FailOn) -> Self {
        match severity {
            FailOn::Info => Self::Info,
            FailOn::Low => Self::Low,
            FailOn::Medium => Self::Medium,
            FailOn::High => Self::High,
        }
    }
}

pub(super) fn run(args: &DetectArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let loaded = match args.policy.as_slice() {
        [] => None,
        files => Some(inputs::loaded(files, &args.readings)?),
    };
    let inventory = loaded.as_ref().map(|loaded| &loaded.inventory);
    let filter = args.filter.filter(inventory, "with `--policy FILE`")?;
    let zone = args.filter.zone()?;
    let settings = settings(args)?;
    let allow = allow(&settings, inventory, zone.as_ref())?;
    let detector = Detector::new(settings, allow, indicators(args)?);
    let mut filtered = Filtered::new(detector, filter);
    let read = log_inputs::read(&args.logs.logs, &args.logs.reading, global, &mut filtered)?;
    log_filter::note_unsettled(&filtered, global);
    log_inputs::warn_of_rejects(&read, global);
    if read.counts.records_total() == 0 {
        return Err(Failure::new(
            "no log record was found",
            "give exported logs of Azure Firewall: storage blobs, Event Hub records, query answers or CSV",
        ));
    }
    let detected = filtered.sink.finish();
    let text = rendered(args, &detected, zone.as_ref())?;
    let mut out = args.output.writer()?;
    out.write_all(text.as_bytes())?;
    out.flush()?;
    let fail_on = Severity::from(args.fail_on);
    let fails = detected.findings.iter().any(|finding| finding.severity >= fail_on);
    Ok(if fails { ExitStatus::No } else { ExitStatus::Yes })
}

fn rendered(
    args: &DetectArgs,
    detected: &Detected,
    zone: Option<&TimeZone>,
) -> Result<String, Failure> {
    let cannot_write = |error| InputError::new(format!("cannot write JSON: {error}"));
    Ok(match args.format {
        Format::Text => {
            let text = detect::text(detected, zone, args.output.width());
            sanitize::terminal_lines(&text).into_owned()
        }
        Format::Json => {
            serde_json::to_string_pretty(&detect::json(detected)).map_err(cannot_write)? + "\n"
        }
        Format::Csv => detect::csv(detected),
        Format::Sarif => {
            let first = args.logs.logs.first().map(|path| path.display().to_string());
            let sarif = detect::sarif(detected, &first.unwrap_or_default());
            serde_json::to_string_pretty(&sarif).map_err(cannot_write)? + "\n"
        }
    })
}

fn settings(args: &DetectArgs) -> Result<Settings, Failure> {
    let Some(path) = &args.settings else { return Ok(Settings::default()) };
    let text = inputs::text(path)?;
    Settings::parse(&text).map_err(|error| {
        let mut sources = Sources::default();
        let shown = match error.place {
            Some(place) => {
                let source = sources.add(Source::new(&path.display().to_string(), text.clone()));
                let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
                let span = Span { source, start: offset(place.start), end: offset(place.end) };
                InputError::at(error.message, &sources, span)
            }
            None => InputError::new(format!("{}: {}", path.display(), error.message)),
        };
        shown.with_help("docs/detect.md lists every setting with its default").into()
    })
}

fn allow(
    settings: &Settings,
    inventory: Option<&Inventory>,
    zone: Option<&TimeZone>,
) -> Result<Vec<Allow>, Failure> {
    let zone = zone.cloned().unwrap_or(TimeZone::UTC);
    let remedy = "with `--policy FILE`";
    let entries = settings.allow.iter().map(|entry| {
        let records =
            log_filter::parsed("where of an [[allow]]", &entry.records, inventory, remedy, &zone)?;
        Ok(Allow { detections: entry.detections.clone(), records })
    });
    entries.collect()
}

fn indicators(args: &DetectArgs) -> Result<Indicators, Failure> {
    /// Of a file that is no list, every line is wrong.
    const SHOWN_MAX: usize = 5;
    let mut indicators = Indicators::default();
    for path in &args.indicators {
        let text = inputs::text(path)?;
        indicators.add(&text).map_err(|wrong| {
            let errors = wrong.iter().take(SHOWN_MAX).map(|error| {
                let message =
                    format!("{}:{}: `{}` is no indicator", path.display(), error.line, error.text);
                InputError::new(sanitize::terminal(&message).into_owned())
                    .with_help("write an address, a prefix or a name a line; `#` begins a comment")
            });
            Failure::from(errors.collect::<Vec<_>>())
        })?;
    }
    Ok(indicators)
}
