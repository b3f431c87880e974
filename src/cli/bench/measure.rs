//! The measuring itself: rounds, medians, spread.

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use super::result::{PacketsJson, RateJson, SpeedJson, StageSpeedJson, StagesJson, TrafficJson};
use crate::cli::failure::Failure;
use crate::evaluate::{
    Decided, Decision, FlowCache, Index, Packet, PacketMemo, Packets, Stage, Verdict, evaluate,
};
use crate::flow::Flow;
use crate::syntax::flow::print_flow;

/// Rounds of a rate; the median counts.
const ROUNDS: usize = 5;
/// How long a round takes at least, so that the clock does not matter.
const ROUND: Duration = Duration::from_millis(120);
/// How many times as long it takes at most on a busy machine.
const ROUND_STRETCH: u32 = 8;
/// Flows between two looks at the clock.
const CHUNK: usize = 256;
/// Flows whose single evaluation is timed.
const TIMED_MAX: usize = 20_000;
/// How long the single evaluations take at most.
const TIMED: Duration = Duration::from_millis(500);
/// Flows whose verdicts are compared, and how long that takes at most.
const COMPARED_MAX: usize = 2_000;
const COMPARED: Duration = Duration::from_secs(1);

/// Measures one set of flows, which is not empty.
pub(super) fn traffic(
    index: &Index<'_>,
    name: &str,
    flows: &[Flow],
) -> Result<TrafficJson, Failure> {
    let compared = compared(index, flows)?;
    let ruleset = index.ruleset();
    let plain = speed(flows, |flow| {
        black_box(evaluate(ruleset, black_box(flow), &mut ()));
    });
    let indexed = speed(flows, |flow| {
        black_box(index.decided(black_box(flow)));
    });
    let batched = batched(index, flows);
    let indexed_all_cores = rate(Clock::Wall, || {
        black_box(index.decided_all(black_box(flows)));
        flows.len()
    });
    let (cache_cold, cache_hot, cache_hit_rate) = cached(index, flows);
    let mut result = TrafficJson {
        traffic: name.to_owned(),
        flows: flows.len(),
        compared,
        allowed: 0,
        denied: 0,
        undecided: 0,
        decided_by: StagesJson::default(),
        plain,
        indexed,
        batched,
        indexed_all_cores,
        cache_cold,
        cache_hot,
        cache_hit_rate,
        packets: packets(index, flows),
        stages: Vec::new(),
    };
    let decided = index.decided_all(flows);
    result.stages = stages(index, flows, &decided);
    for decided in decided {
        match decided.decision {
            Decision::Allow => result.allowed += 1,
            Decision::Deny => result.denied += 1,
            Decision::Undecided => result.undecided += 1,
        }
        *result.decided_by.of(decided.stage) += 1;
    }
    Ok(result)
}

/// Flows of a batch.
const BATCH: usize = 1_024;

fn batched(index: &Index<'_>, flows: &[Flow]) -> RateJson {
    let mut batches = flows.chunks(BATCH).cycle();
    rate(Clock::Thread, || {
        let batch = batches.next().unwrap_or(flows);
        black_box(index.decided_each(black_box(batch)));
        batch.len()
    })
}

/// The packets of the flows, column by column, as inputs too large for anything else hold them.
fn packets(index: &Index<'_>, flows: &[Flow]) -> Option<PacketsJson> {
    let packets: Packets = flows.iter().filter_map(Packet::of).collect();
    if packets.is_empty() {
        return None;
    }
    let mut ends = Vec::new();
    let one_core = rate(Clock::Thread, || {
        ends.clear();
        index.packet_ends(black_box(packets.all()), &mut ends);
        black_box(&ends);
        packets.len()
    });
    let all_cores = rate(Clock::Wall, || {
        black_box(index.packet_ends_all(black_box(&packets)));
        packets.len()
    });
    let mut memo = PacketMemo::new(PacketMemo::PACKETS);
    let memory_empty = once(|| {
        ends.clear();
        memo.packet_ends(index, black_box(packets.all()), &mut ends);
        packets.len()
    });
    let used = memo.used();
    let memory_filled = rate(Clock::Thread, || {
        ends.clear();
        memo.packet_ends(index, black_box(packets.all()), &mut ends);
        black_box(&ends);
        packets.len()
    });
    Some(PacketsJson {
        packets: packets.len(),
        one_core,
        all_cores,
        // A cold memory is cold once only; it varies about as much as a filled one.
        memory_empty: RateJson { noise: memory_filled.noise, flows_per_second: memory_empty },
        memory_filled,
        memory_hit_rate: share(used.hits, used.lookups),
    })
}

/// The index, for the flows of each stage that decides at least one of a hundred.
fn stages(index: &Index<'_>, flows: &[Flow], decided: &[Decided]) -> Vec<StageSpeedJson> {
    let stages = [Stage::Dnat, Stage::Network, Stage::Application, Stage::Default];
    let of_stage = stages.into_iter().map(|stage| {
        let decided = flows.iter().zip(decided);
        let flows = decided.filter(|(_, decided)| decided.stage == Some(stage));
        (stage, flows.map(|(flow, _)| flow.clone()).collect::<Vec<Flow>>())
    });
    of_stage
        .filter(|(_, of_stage)| of_stage.len() * 100 >= flows.len())
        .map(|(stage, flows)| StageSpeedJson {
            stage: stage.name().to_owned(),
            flows: flows.len(),
            rate: batched(index, &flows),
        })
        .collect()
}

impl StagesJson {
    fn of(&mut self, stage: Option<Stage>) -> &mut usize {
        match stage {
            Some(Stage::ThreatIntel) => &mut self.threat_intel,
            Some(Stage::Dnat) => &mut self.dnat,
            Some(Stage::Network) => &mut self.network,
            Some(Stage::Application) => &mut self.application,
            Some(Stage::Infrastructure) => &mut self.infrastructure,
            Some(Stage::Default) => &mut self.default,
            Some(Stage::Idps) => &mut self.idps,
            None => &mut self.several,
        }
    }
}

/// Compares both ways of evaluating, so that no figure is that of a wrong answer.
fn compared(index: &Index<'_>, flows: &[Flow]) -> Result<usize, Failure> {
    let started = Instant::now();
    let step = (flows.len() / COMPARED_MAX).max(1);
    let mut compared = 0;
    for batch in flows.chunks(step) {
        let Some(flow) = batch.first() else { continue };
        let plain = evaluate(index.ruleset(), flow, &mut ());
        let is_same = index.verdict(flow) == plain;
        let plain = Decided::from(plain);
        let in_batch = index.decided_each(batch).into_iter().next();
        if !is_same || index.decided(flow) != plain || in_batch != Some(plain) {
            return Err(Failure::new(
                format!("the index and the plain walk differ on `{}`", print_flow(flow)),
                "this is a defect of azfw: please report it with the rule set and the flow",
            ));
        }
        compared += 1;
        if started.elapsed() > COMPARED {
            break;
        }
    }
    Ok(compared)
}

fn speed(flows: &[Flow], mut evaluate: impl FnMut(&Flow)) -> SpeedJson {
    let (median_ns, p99_ns) = latency(flows, &mut evaluate);
    let mut chunks = flows.chunks(CHUNK).cycle();
    let rate = rate(Clock::Thread, || {
        let chunk = chunks.next().unwrap_or(flows);
        chunk.iter().for_each(&mut evaluate);
        chunk.len()
    });
    SpeedJson { rate, median_ns, p99_ns }
}

/// Calls `work`, which says how many flows it took, for some rounds. The clock of one core is the
/// time it spent on this thread, where the system tells it: other programs then do not count.
fn rate(clock: Clock, mut work: impl FnMut() -> usize) -> RateJson {
    work();
    let mut rates: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let (started, cpu_started) = (Instant::now(), clock.cpu_time());
            let mut flows = 0;
            loop {
                let wall = started.elapsed();
                if wall >= ROUND {
                    let cpu = clock
                        .cpu_time()
                        .zip(cpu_started)
                        .map(|(now, then)| now.saturating_sub(then));
                    let took = cpu.unwrap_or(wall);
                    if took >= ROUND || wall >= ROUND * ROUND_STRETCH {
                        return per_second(flows, if took.is_zero() { wall } else { took });
                    }
                }
                flows += work();
            }
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    let median = at(&rates, 0.5);
    let noise = if median > 0.0 { (at(&rates, 1.0) - at(&rates, 0.0)) / median } else { 0.0 };
    RateJson { flows_per_second: median, noise }
}

/// What counts as time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    /// The time that the thread was on a core.
    Thread,
    /// The time that passed: what several threads take together.
    Wall,
}

impl Clock {
    fn cpu_time(self) -> Option<Duration> {
        match self {
            Self::Thread => cpu_time(),
            Self::Wall => None,
        }
    }
}

/// The time that this thread was on a core, where Linux says so.
fn cpu_time() -> Option<Duration> {
    let status = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    status.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// The shortest of three runs of `work`, in milliseconds, and the result of the last one.
pub(super) fn shortest<T>(mut work: impl FnMut() -> T) -> (f64, T) {
    let mut timed = || {
        let started = Instant::now();
        let result = black_box(work());
        (milliseconds(started.elapsed()), result)
    };
    let [first, second, (third, result)] = [timed(), timed(), timed()];
    (first.0.min(second.0).min(third), result)
}

/// Median and 99th percentile of single evaluations, without what the clock itself takes.
fn latency(flows: &[Flow], mut evaluate: impl FnMut(&Flow)) -> (f64, f64) {
    let of_clock = sorted((0..1_000).map(|_| timed(|| ())));
    let of_clock = at(&of_clock, 0.5);
    let started = Instant::now();
    let flows = flows.iter().take(TIMED_MAX).take_while(|_| started.elapsed() < TIMED);
    let times = sorted(flows.map(|flow| timed(|| evaluate(flow))));
    ((at(&times, 0.5) - of_clock).max(0.0), (at(&times, 0.99) - of_clock).max(0.0))
}

/// Nanoseconds that `work` takes.
fn timed(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64() * 1e9
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The value at a share of sorted values.
fn at(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a small number of values"
    )]
    let place = (last as f64 * share).round() as usize;
    sorted.get(place).copied().unwrap_or(0.0)
}

/// A cache that knows no flow, one that knows all that fit, and the share of repeated flows.
fn cached(index: &Index<'_>, flows: &[Flow]) -> (RateJson, RateJson, f64) {
    let mut cache = FlowCache::new(index, FlowCache::<Verdict>::FLOWS);
    let pass = |cache: &mut FlowCache<'_, Verdict>| {
        once(|| {
            for flow in flows {
                black_box(cache.get(black_box(flow), |verdict| verdict));
            }
            flows.len()
        })
    };
    let cold = pass(&mut cache);
    let used = cache.used();
    let mut hot: Vec<f64> = (0..ROUNDS).map(|_| pass(&mut cache)).collect();
    hot.sort_by(f64::total_cmp);
    let median = at(&hot, 0.5);
    let noise = if median > 0.0 { (at(&hot, 1.0) - at(&hot, 0.0)) / median } else { 0.0 };
    // A cold cache is cold once only; it varies about as much as a hot one.
    let rate = |flows_per_second| RateJson { flows_per_second, noise };
    (rate(cold), rate(median), share(used.hits, used.lookups))
}

/// The rate of one run.
fn once(work: impl FnOnce() -> usize) -> f64 {
    let (started, cpu_started) = (Instant::now(), cpu_time());
    let flows = work();
    let cpu = cpu_time().zip(cpu_started).map(|(now, then)| now.saturating_sub(then));
    let took = cpu.filter(|cpu| !cpu.is_zero()).unwrap_or_else(|| started.elapsed());
    per_second(flows, took)
}

#[expect(clippy::cast_precision_loss, reason = "counts of flows are far below 2^52")]
fn share(count: u64, of: u64) -> f64 {
    count as f64 / of.max(1) as f64
}

#[expect(clippy::cast_precision_loss, reason = "a count of flows is far below 2^52")]
fn per_second(flows: usize, took: Duration) -> f64 {
    flows as f64 / took.as_secs_f64().max(f64::MIN_POSITIVE)
}

pub(super) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "a size in memory is far below 2^52")]
pub(super) fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The most memory that this process had, where Linux says so.
pub(super) fn peak_memory_mib() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes / 1024.0)
}
