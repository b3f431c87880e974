//! The result of a run for a terminal of 80 columns.

use std::fmt::Write as _;

use super::result::{BenchJson, RateJson, TrafficJson, changes};

/// The result in words and aligned numbers.
pub(super) fn result(result: &BenchJson) -> String {
    let rules = &result.rules;
    let build = &result.build;
    let mut out = format!(
        "{} rules: {} DNAT, {} network, {} application\n\
         load {}, compile {}, index {} ({:.1} MiB)\n",
        thousands(rules.nat + rules.network + rules.application),
        thousands(rules.nat),
        thousands(rules.network),
        thousands(rules.application),
        duration(build.load_ms),
        duration(build.compile_ms),
        duration(build.index_ms),
        build.index_mib,
    );
    let cores = result.cores;
    let _ = write!(out, "{cores} core{}", if cores == 1 { "" } else { "s" });
    match result.peak_memory_mib {
        Some(peak) => {
            let _ = writeln!(out, ", {peak:.0} MiB of memory at most");
        }
        None => out.push('\n'),
    }
    for traffic in &result.traffic {
        traffic_text(&mut out, traffic, cores);
    }
    out
}

fn traffic_text(out: &mut String, traffic: &TrafficJson, cores: usize) {
    let share = |count| percent(count, traffic.flows);
    let _ = writeln!(
        out,
        "\n{}: {} flows, {} allowed, {} denied, {} undecided",
        traffic.traffic,
        thousands(traffic.flows),
        share(traffic.allowed),
        share(traffic.denied),
        share(traffic.undecided)
    );
    let by = &traffic.decided_by;
    let stages = [
        ("threat intelligence", by.threat_intel),
        ("DNAT", by.dnat),
        ("network", by.network),
        ("application", by.application),
        ("infrastructure", by.infrastructure),
        ("no rule", by.default),
        ("IDPS", by.idps),
        ("more than one possible", by.several),
    ];
    let stages = stages.into_iter().filter(|(_, count)| *count > 0);
    let stages: Vec<_> = stages.map(|(stage, count)| format!("{stage} {}", share(count))).collect();
    let _ = writeln!(out, "  decided by: {}", stages.join(", "));
    let _ = writeln!(
        out,
        "  {:<24}{:>13}{:>9}{:>7}{:>12}{:>11}",
        "", "flows/s", "speedup", "noise", "median", "p99"
    );
    let plain = traffic.plain.rate.flows_per_second;
    let mut line = |what: &str, rate: RateJson, latency: Option<(f64, f64)>| {
        let speedup = if plain > 0.0 { rate.flows_per_second / plain } else { 0.0 };
        let _ = write!(
            out,
            "  {what:<24}{:>13}{:>9}{:>7}",
            rounded(rate.flows_per_second),
            if what == PLAIN { String::new() } else { format!("{speedup:.1}x") },
            format!("{:.0} %", rate.noise * 100.0),
        );
        if let Some((median, p99)) = latency {
            let _ = write!(out, "{:>12}{:>11}", nanoseconds(median), nanoseconds(p99));
        }
        out.push('\n');
    };
    let (walk, index) = (&traffic.plain, &traffic.indexed);
    line(PLAIN, walk.rate, Some((walk.median_ns, walk.p99_ns)));
    line("index", index.rate, Some((index.median_ns, index.p99_ns)));
    line("index, in batches", traffic.batched, None);
    line(&format!("index on all {cores} cores"), traffic.indexed_all_cores, None);
    line("flow cache, empty", traffic.cache_cold, None);
    line("flow cache, filled", traffic.cache_hot, None);
    if let Some(packets) = &traffic.packets {
        line("packets", packets.one_core, None);
        line(&format!("packets on all {cores} cores"), packets.all_cores, None);
        line("packet memory, empty", packets.memory_empty, None);
        line("packet memory, filled", packets.memory_filled, None);
    }
    for stage in &traffic.stages {
        line(&format!("stage {}", stage.stage), stage.rate, None);
    }
    let _ = writeln!(
        out,
        "  {:.0} % of the flows repeat an earlier one; {} compared: the same answers",
        traffic.cache_hit_rate * 100.0,
        thousands(traffic.compared)
    );
}

const PLAIN: &str = "plain walk, rule by rule";

/// The changes since an earlier run.
pub(super) fn comparison(before: &BenchJson, after: &BenchJson) -> String {
    let mut out = format!(
        "\nsince the baseline\n  {:<32}{:>14}{:>14}{:>8}{:>8}\n",
        "", "before", "now", "ratio", "noise"
    );
    for change in changes(before, after) {
        let is_by_chance = (change.ratio - 1.0).abs() <= change.noise;
        let _ = writeln!(
            out,
            "  {:<32}{:>14}{:>14}{:>8}{:>8}{}",
            change.figure,
            rounded(change.before),
            rounded(change.after),
            format!("{:.2}", change.ratio),
            format!("{:.0} %", change.noise * 100.0),
            if is_by_chance { "" } else { " *" }
        );
    }
    out.push_str("  * more than noise explains\n");
    out
}

fn percent(count: usize, of: usize) -> String {
    #[expect(clippy::cast_precision_loss, reason = "counts of flows are far below 2^52")]
    let share = count as f64 / of.max(1) as f64 * 100.0;
    if count > 0 && share < 1.0 { "<1 %".to_owned() } else { format!("{share:.0} %") }
}

/// A duration that was measured once: three digits are enough.
fn duration(milliseconds: f64) -> String {
    if milliseconds >= 1000.0 {
        format!("{:.2} s", milliseconds / 1000.0)
    } else {
        format!("{milliseconds:.1} ms")
    }
}

fn nanoseconds(nanoseconds: f64) -> String {
    if nanoseconds >= 10_000.0 {
        format!("{:.1} us", nanoseconds / 1000.0)
    } else {
        format!("{nanoseconds:.0} ns")
    }
}

/// Three digits of a large number, all of a small one.
fn rounded(value: f64) -> String {
    if value < 1000.0 {
        return format!("{value:.1}");
    }
    let digits = value.log10().floor() - 2.0;
    let unit = 10f64.powf(digits);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rates are positive and far below 2^52"
    )]
    let whole = ((value / unit).round() * unit) as usize;
    thousands(whole)
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_enough_to_be_compared() {
        assert_eq!(rounded(12_345_678.0), "12,300,000");
        assert_eq!(rounded(999.94), "999.9");
        assert_eq!(rounded(1_000.0), "1,000");
        assert_eq!(duration(1234.0), "1.23 s");
        assert_eq!(nanoseconds(81.4), "81 ns");
        assert_eq!(percent(1, 1000), "<1 %");
        assert_eq!(percent(0, 0), "0 %");
    }
}
