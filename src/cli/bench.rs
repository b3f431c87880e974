//! `azfw bench`: how fast this rule set loads, compiles and evaluates on this machine.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use rayon::prelude::*;
use serde::Serialize;

use super::args::{GlobalArgs, OutputArgs, RulesetArgs};
use super::failure::Failure;
use super::{ExitStatus, inputs};
use crate::analyse::traffic::{Mix, flows};
use crate::compile::{Ruleset, compile};
use crate::evaluate::{Decision, evaluate};
use crate::flow::Flow;
use crate::source::InputError;

/// How fast does this rule set load, compile and evaluate on this machine?
#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// Files and folders of the rule set
    #[arg(required = true, value_name = "POLICY")]
    files: Vec<PathBuf>,
    /// Flows to draw for each mix
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    flows: usize,
    /// The same seed draws the same flows
    #[arg(long, default_value_t = 1)]
    seed: u64,
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

/// `bench --format json`.
#[derive(Debug, Serialize)]
struct BenchJson {
    rules: RulesJson,
    load_ms: f64,
    compile_ms: f64,
    mixes: Vec<MixJson>,
}

#[derive(Debug, Serialize)]
struct RulesJson {
    nat: usize,
    network: usize,
    application: usize,
}

#[derive(Debug, Serialize)]
struct MixJson {
    mix: &'static str,
    flows: usize,
    allowed: usize,
    denied: usize,
    undecided: usize,
    flows_per_second_one_core: f64,
    flows_per_second_all_cores: f64,
}

pub(super) fn run(args: &BenchArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let load_started = Instant::now();
    let loaded = inputs::loaded(&args.files, &args.ruleset.readings)?;
    let load = load_started.elapsed();
    let options = args.ruleset.compile_options();
    let compile_started = Instant::now();
    let (ruleset, warnings) = compile(&loaded.inventory, &options)
        .map_err(|error| Failure::compile(&error, &loaded.sources))?;
    let compiled = compile_started.elapsed();
    super::output::warn(&warnings, &loaded.sources, global);
    let mixes =
        [("uniform", Mix::Uniform), ("last rule", Mix::LastRule), ("no match", Mix::NoMatch)];
    let result = BenchJson {
        rules: RulesJson {
            nat: ruleset.nat.rules.len(),
            network: ruleset.network.rules.len(),
            application: ruleset.application.rules.len(),
        },
        load_ms: milliseconds(load),
        compile_ms: milliseconds(compiled),
        mixes: mixes
            .into_iter()
            .map(|(name, mix)| {
                measured(&ruleset, name, &flows(&ruleset, mix, args.flows, args.seed))
            })
            .collect(),
    };
    let mut out = args.output.writer()?;
    match args.format {
        Format::Text => write!(out, "{}", text(&result))?,
        Format::Json => {
            let json = serde_json::to_string_pretty(&result)
                .map_err(|error| InputError::new(format!("cannot write JSON: {error}")))?;
            writeln!(out, "{json}")?;
        }
    }
    out.flush()?;
    Ok(ExitStatus::Yes)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn measured(ruleset: &Ruleset, mix: &'static str, flows: &[Flow]) -> MixJson {
    let started = Instant::now();
    let (mut allowed, mut denied, mut undecided) = (0, 0, 0);
    for flow in flows {
        match black_box(evaluate(ruleset, flow, &mut ())).decision {
            Decision::Allow => allowed += 1,
            Decision::Deny => denied += 1,
            Decision::Undecided => undecided += 1,
        }
    }
    let one_core = started.elapsed();
    let started = Instant::now();
    flows.par_iter().for_each(|flow| {
        black_box(evaluate(ruleset, flow, &mut ()));
    });
    let all_cores = started.elapsed();
    MixJson {
        mix,
        flows: flows.len(),
        allowed,
        denied,
        undecided,
        flows_per_second_one_core: rate(flows.len(), one_core),
        flows_per_second_all_cores: rate(flows.len(), all_cores),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of flows is far below 2^52")]
fn rate(flows: usize, took: Duration) -> f64 {
    flows as f64 / took.as_secs_f64().max(f64::MIN_POSITIVE)
}

fn text(result: &BenchJson) -> String {
    let rules = &result.rules;
    let mut text = format!(
        "{} DNAT, {} network, {} application rules\nload {:.1} ms, compile {:.1} ms\n\n\
         {:<12}{:>10}{:>10}{:>10}{:>10}{:>14}{:>14}\n",
        rules.nat,
        rules.network,
        rules.application,
        result.load_ms,
        result.compile_ms,
        "flows",
        "count",
        "allowed",
        "denied",
        "undecided",
        "1 core /s",
        "all cores /s"
    );
    for mix in &result.mixes {
        let _ = writeln!(
            text,
            "{:<12}{:>10}{:>10}{:>10}{:>10}{:>14.0}{:>14.0}",
            mix.mix,
            mix.flows,
            mix.allowed,
            mix.denied,
            mix.undecided,
            mix.flows_per_second_one_core,
            mix.flows_per_second_all_cores
        );
    }
    text
}
