//! What a run found: the JSON of `azfw bench`, and its comparison with that of an earlier run.
//! The shape is documented in `docs/bench.md`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::cli::failure::Failure;
use crate::cli::inputs;
use crate::source::InputError;

/// `bench --format json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct BenchJson {
    pub(super) rules: RulesJson,
    pub(super) build: BuildJson,
    pub(super) cores: usize,
    /// `None` where the system does not say.
    pub(super) peak_memory_mib: Option<f64>,
    pub(super) traffic: Vec<TrafficJson>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RulesJson {
    pub(super) nat: usize,
    pub(super) network: usize,
    pub(super) application: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct BuildJson {
    pub(super) load_ms: f64,
    pub(super) compile_ms: f64,
    pub(super) index_ms: f64,
    pub(super) index_mib: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TrafficJson {
    pub(super) traffic: String,
    pub(super) flows: usize,
    /// Flows whose whole verdicts, by plain walk and by index, were compared. They are equal, or
    /// there is no result.
    pub(super) compared: usize,
    pub(super) allowed: usize,
    pub(super) denied: usize,
    pub(super) undecided: usize,
    pub(super) decided_by: StagesJson,
    pub(super) plain: SpeedJson,
    pub(super) indexed: SpeedJson,
    /// The index, flows taken 1,024 at a time.
    #[serde(default)]
    pub(super) batched: RateJson,
    pub(super) indexed_all_cores: RateJson,
    pub(super) cache_cold: RateJson,
    pub(super) cache_hot: RateJson,
    /// Of the first pass: the share of flows that had been seen before.
    pub(super) cache_hit_rate: f64,
    /// `None`: no flow is known well enough.
    #[serde(default)]
    pub(super) packets: Option<PacketsJson>,
    /// The flows that each stage decides, on their own.
    #[serde(default)]
    pub(super) stages: Vec<StageSpeedJson>,
}

/// DNAT and network rules alone, for the flows of which all is known that these look at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PacketsJson {
    pub(super) packets: usize,
    pub(super) one_core: RateJson,
    pub(super) all_cores: RateJson,
    pub(super) memory_empty: RateJson,
    pub(super) memory_filled: RateJson,
    /// Of the first pass: the share of packets that were remembered.
    pub(super) memory_hit_rate: f64,
}

/// The index, for the flows that one stage decides.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StageSpeedJson {
    pub(super) stage: String,
    pub(super) flows: usize,
    #[serde(flatten)]
    pub(super) rate: RateJson,
}

/// How many flows each stage decided.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct StagesJson {
    pub(super) threat_intel: usize,
    pub(super) dnat: usize,
    pub(super) network: usize,
    pub(super) application: usize,
    pub(super) infrastructure: usize,
    pub(super) default: usize,
    pub(super) idps: usize,
    /// More than one is possible.
    pub(super) several: usize,
}

/// One way of evaluating on one core.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SpeedJson {
    #[serde(flatten)]
    pub(super) rate: RateJson,
    pub(super) median_ns: f64,
    pub(super) p99_ns: f64,
}

/// A rate and how much it varied between rounds: (highest - lowest) / median.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct RateJson {
    pub(super) flows_per_second: f64,
    pub(super) noise: f64,
}

/// One figure of two runs.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ChangeJson {
    pub(super) figure: String,
    pub(super) before: f64,
    pub(super) after: f64,
    /// After to before.
    pub(super) ratio: f64,
    /// What the ratio can be off from 1 by chance, by the spread within both runs.
    pub(super) noise: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    #[serde(flatten)]
    result: &'a BenchJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<ChangeJson>>,
}

/// The result, with the changes since an earlier run.
pub(super) fn document<'a>(result: &'a BenchJson, before: Option<&BenchJson>) -> Document<'a> {
    Document { result, changes: before.map(|before| changes(before, result)) }
}

/// Reads the JSON of an earlier run.
pub(super) fn baseline(file: &Path) -> Result<BenchJson, Failure> {
    let text = inputs::text(file)?;
    serde_json::from_str(&text).map_err(|error| {
        let message = format!("`{}` is no result of a benchmark: {error}", file.display());
        InputError::new(message)
            .with_help("write one with `azfw bench … --format json -o FILE`")
            .into()
    })
}

/// What both runs measured.
pub(super) fn changes(before: &BenchJson, after: &BenchJson) -> Vec<ChangeJson> {
    let mut changes = vec![
        change("load, ms".into(), before.build.load_ms, after.build.load_ms, 0.3),
        change("compile, ms".into(), before.build.compile_ms, after.build.compile_ms, 0.3),
        change("index, ms".into(), before.build.index_ms, after.build.index_ms, 0.3),
        change("index, MiB".into(), before.build.index_mib, after.build.index_mib, 0.0),
    ];
    for now in &after.traffic {
        let then = before.traffic.iter().find(|then| then.traffic == now.traffic);
        let Some(then) = then else { continue };
        for (what, before, after) in rates(then).into_iter().zip(rates(now)).filter_map(both) {
            let figure = format!("{}: {what}, flows/s", now.traffic);
            let noise = before.noise.max(after.noise);
            changes.push(change(figure, before.flows_per_second, after.flows_per_second, noise));
        }
    }
    changes
}

/// A rate and what it is called; `None`: not measured.
type NamedRate = (&'static str, Option<RateJson>);

/// What the rates of one traffic are called, in an order that is always the same.
fn rates(traffic: &TrafficJson) -> [NamedRate; 8] {
    let packets = traffic.packets.as_ref();
    [
        ("plain", Some(traffic.plain.rate)),
        ("index", Some(traffic.indexed.rate)),
        ("batches", Some(traffic.batched)),
        ("index, all cores", Some(traffic.indexed_all_cores)),
        ("cache, cold", Some(traffic.cache_cold)),
        ("cache, hot", Some(traffic.cache_hot)),
        ("packets", packets.map(|packets| packets.one_core)),
        ("packets, remembered", packets.map(|packets| packets.memory_filled)),
    ]
}

/// One rate of two runs, where both measured it.
fn both(
    ((what, before), (_, after)): (NamedRate, NamedRate),
) -> Option<(&'static str, RateJson, RateJson)> {
    let (before, after) = before.zip(after)?;
    (before.flows_per_second > 0.0).then_some((what, before, after))
}

fn change(figure: String, before: f64, after: f64, noise: f64) -> ChangeJson {
    let ratio = if before > 0.0 { after / before } else { 1.0 };
    ChangeJson { figure, before, after, ratio, noise }
}
