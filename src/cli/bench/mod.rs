//! `azfw bench`: how fast this rule set loads, compiles and evaluates on this machine.

mod measure;
mod result;
mod text;
mod traffic;

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};

use self::result::{BenchJson, BuildJson, RulesJson};
use super::args::{GlobalArgs, OutputArgs, RulesetArgs};
use super::failure::Failure;
#[cfg(feature = "logs")]
use super::log_inputs::LogReadingArgs;
use super::{ExitStatus, inputs, output};
use crate::compile::compile;
use crate::evaluate::Index;
use crate::load::classbench::classbench;
use crate::report::sanitize::terminal_lines;
use crate::source::{InputError, Sources};

/// How fast does this rule set load, compile and evaluate on this machine?
///
/// Measures the plain walk, which looks at one rule after the other, and the index side by side,
/// with flows of your own (`--logs`, `--flows`) or generated ones (`--traffic`).
#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// Files and folders of the rule set
    #[arg(required_unless_present = "classbench", value_name = "POLICY")]
    files: Vec<PathBuf>,
    /// A `ClassBench` filter set instead of a policy; its source ports are widened to all
    #[arg(long, value_name = "FILE", conflicts_with = "files")]
    classbench: Option<PathBuf>,
    /// Generated flows; several mixes may be listed
    #[arg(long, value_enum, value_delimiter = ',')]
    traffic: Vec<traffic::Traffic>,
    /// Flows from a file (JSON lines, CSV or flow notation)
    #[arg(long, value_name = "FILE")]
    flows: Vec<PathBuf>,
    /// The flows of these logs, files or folders
    #[cfg(feature = "logs")]
    #[arg(long, value_name = "LOGS")]
    logs: Vec<PathBuf>,
    #[cfg(feature = "logs")]
    #[command(flatten)]
    reading: LogReadingArgs,
    /// How many flows to generate for each mix
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    count: usize,
    /// The same seed generates the same flows
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Compare with the JSON of an earlier run
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
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
}

pub(super) fn run(args: &BenchArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let baseline = args.baseline.as_deref().map(result::baseline).transpose()?;
    let load_started = Instant::now();
    let (sources, inventory) = loaded(args, global)?;
    let load = load_started.elapsed();
    let options = args.ruleset.compile_options();
    let (compile_ms, compiled) = measure::shortest(|| compile(&inventory, &options));
    let (ruleset, warnings) = compiled.map_err(|error| Failure::compile(&error, &sources))?;
    if args.classbench.is_none() {
        output::warn(&warnings, &sources, global);
    }
    let (index_ms, index) = measure::shortest(|| Index::new(&ruleset));
    let mut traffic = Vec::new();
    for (name, flows) in traffic::of(args, global, &ruleset)? {
        traffic.push(measure::traffic(&index, name, &flows)?);
    }
    let result = BenchJson {
        rules: RulesJson {
            nat: ruleset.nat.rules.len(),
            network: ruleset.network.rules.len(),
            application: ruleset.application.rules.len(),
        },
        build: BuildJson {
            load_ms: measure::milliseconds(load),
            compile_ms,
            index_ms,
            index_mib: measure::mebibytes(index.size()),
        },
        cores: rayon::current_num_threads(),
        peak_memory_mib: measure::peak_memory_mib(),
        traffic,
    };
    let mut out = args.output.writer()?;
    match args.format {
        Format::Text => {
            let mut text = text::result(&result);
            if let Some(before) = &baseline {
                text.push_str(&text::comparison(before, &result));
            }
            write!(out, "{}", terminal_lines(&text))?;
        }
        Format::Json => {
            let json = serde_json::to_string_pretty(&result::document(&result, baseline.as_ref()))
                .map_err(|error| InputError::new(format!("cannot write JSON: {error}")))?;
            writeln!(out, "{json}")?;
        }
    }
    out.flush()?;
    Ok(ExitStatus::Yes)
}

/// The rule set of the files, or of the filter set.
fn loaded(
    args: &BenchArgs,
    global: &GlobalArgs,
) -> Result<(Sources, crate::policy::Inventory), Failure> {
    let Some(file) = &args.classbench else {
        let loaded = inputs::loaded(&args.files, &args.ruleset.readings)?;
        output::warn(&loaded.warnings, &loaded.sources, global);
        return Ok((loaded.sources, loaded.inventory));
    };
    let read = classbench(&file.display().to_string(), &inputs::text(file)?)?;
    if !global.quiet {
        anstream::eprintln!(
            "note: {} filters; {} lost a limit on source ports, which Azure rules do not have; \
             {} left out, whose protocol a rule cannot name",
            read.filters,
            read.widened,
            read.left_out
        );
    }
    Ok((Sources::default(), read.inventory))
}
