//! What stands above the tables: period, totals, warnings.

use jiff::tz::TimeZone;

use crate::tables::{Seen, Summary, Totals};

use super::sheet::{grouped, local, per_mille, percent, zone_name};

/// What a line of the headline is about, for colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Allowed,
    Denied,
    Threat,
}

/// One line: what, how much, and how that comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) value: Option<u64>,
    pub(super) detail: String,
    pub(super) tone: Tone,
}

pub(super) fn figures(summary: &Summary, zone: Option<&TimeZone>) -> Vec<Figure> {
    let totals = &summary.totals;
    let figure = |name, value: u64, detail, tone| Figure { name, value: Some(value), detail, tone };
    let detail = match summary.coverage.records {
        0 => "no records".to_owned(),
        _ => period(summary.period, zone),
    };
    let mut figures = vec![
        Figure { name: "period", value: None, detail, tone: Tone::Plain },
        figure("records", summary.coverage.records, input(summary), Tone::Plain),
        figure("allowed", totals.allowed, allowed(summary), Tone::Allowed),
        figure("denied", totals.denied(), denied(totals), Tone::Denied),
        figure("threats", totals.threats(), threats(totals), Tone::Threat),
    ];
    let others = others(totals);
    if !others.is_empty() {
        let count = totals.records() - totals.connections() - totals.threats();
        figures.push(figure("other", count, others.join(", "), Tone::Plain));
    }
    figures
}

fn period(period: Option<Seen>, zone: Option<&TimeZone>) -> String {
    let Some(Seen { first, last }) = period else { return "no record has a time".to_owned() };
    let minutes = (last.as_second() - first.as_second()) / 60;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let length = match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    };
    let shown = |time| local(time, zone, "%Y-%m-%d %H:%M:%S");
    format!("{} to {} {} ({length})", shown(first), shown(last), zone_name(zone))
}

fn input(summary: &Summary) -> String {
    let coverage = &summary.coverage;
    let input = &coverage.input;
    let files = plural(input.files, "file");
    let mut parts = vec![format!("from {files}, {}", size(input.bytes))];
    let ignored: u64 = input.ignored.iter().map(|(_, count)| count).sum();
    if coverage.duplicates > 0 {
        parts.push(format!("{} left out", plural(coverage.duplicates, "duplicate")));
    }
    let others = [(input.rejected, "rejected"), (ignored, "ignored")];
    let others = others.iter().filter(|(count, _)| *count > 0);
    let others: Vec<String> =
        others.map(|(count, what)| format!("{} {what}", grouped(*count))).collect();
    if !others.is_empty() {
        parts.push(format!("not among them: {}", others.join(", ")));
    }
    parts.join("; ")
}

fn allowed(summary: &Summary) -> String {
    let totals = &summary.totals;
    let share = share(totals.allowed, totals.connections());
    match summary.coverage.input.allowed_then_dropped {
        0 => share,
        dropped => format!("{share}; {} of them then dropped by IDPS", grouped(dropped)),
    }
}

fn denied(totals: &Totals) -> String {
    if totals.denied() == 0 {
        return share(0, totals.connections());
    }
    format!(
        "{}: {} by rule, {} by default; {}",
        share(totals.denied(), totals.connections()),
        grouped(totals.denied_by_rule),
        grouped(totals.denied_by_default),
        plural(totals.attempts(), "attempt"),
    )
}

fn share(part: u64, whole: u64) -> String {
    percent(per_mille(part, whole), part > 0)
}

fn threats(totals: &Totals) -> String {
    let mut parts = Vec::new();
    let mut add = |count: u64, what: &str| {
        if count > 0 {
            parts.push(format!("{} {what}", grouped(count)));
        }
    };
    add(totals.threat_denied, "denied by threat intelligence");
    add(totals.threat_alerts, "alerted by threat intelligence");
    for row in &totals.idps {
        let action = row.action.map_or("no action stated", crate::logs::LoggedAction::name);
        let severity = severity(row.severity);
        add(row.records, &format!("IDPS {severity} ({action})"));
    }
    parts.join(", ")
}

/// Azure counts severities from 1, the highest.
pub(super) fn severity(level: Option<u16>) -> String {
    match level {
        Some(1) => "high".to_owned(),
        Some(2) => "medium".to_owned(),
        Some(3) => "low".to_owned(),
        Some(level) => format!("severity {level}"),
        None => "severity unknown".to_owned(),
    }
}

fn others(totals: &Totals) -> Vec<String> {
    let all = [
        (totals.dnat, "translation", "translations"),
        (totals.dns, "DNS query", "DNS queries"),
        (totals.dns_failures, "failed lookup of the firewall", "failed lookups of the firewall"),
        (totals.flow_traces, "flow trace", "flow traces"),
        (totals.fat_flows, "fat flow", "fat flows"),
        (totals.aggregations, "aggregation row", "aggregation rows"),
        (totals.unstated, "rule row without an action", "rule rows without an action"),
    ];
    let seen = all.into_iter().filter(|(count, ..)| *count > 0);
    seen.map(|(count, one, many)| {
        format!("{} {}", grouped(count), if count == 1 { one } else { many })
    })
    .collect()
}

/// What makes the numbers less than certain. Stands above everything else.
pub(super) fn warnings(summary: &Summary) -> Vec<String> {
    let coverage = &summary.coverage;
    let mut warnings = Vec::new();
    let mut add = |is_so: bool, text: String| {
        if is_so {
            warnings.push(text);
        }
    };
    add(
        !coverage.is_reconciled(),
        "the counts of the input do not add up: please report this as a fault of azfw".to_owned(),
    );
    let rejected = coverage.input.rejected;
    let (entries, were) = if rejected == 1 { ("entry", "was") } else { ("entries", "were") };
    add(
        rejected > 0,
        format!(
            "{} {entries} could not be read and {were} not counted; see \"Input\"",
            grouped(rejected)
        ),
    );
    add(
        coverage.is_duplicate_window_exceeded,
        "records came later than two hours, by the times in the logs, behind others that an \
         earlier run had counted: an event that was written twice may be counted double"
            .to_owned(),
    );
    add(
        coverage.is_attempt_window_exceeded,
        "records came later than two hours, by the times in the logs, behind others that an \
         earlier run had counted: attempts may be counted too high"
            .to_owned(),
    );
    add(
        coverage.cut > 0,
        format!(
            "{} an address or a name for which there is no memory, counted as `(others)`: numbers \
             of different sources and destinations are too low; give more `--memory`",
            match coverage.cut {
                1 => "1 record has".to_owned(),
                many => format!("{} records have", grouped(many)),
            }
        ),
    );
    let silent: u64 = coverage.input.gaps.iter().map(|gap| gap.hours).sum();
    add(
        silent > 0,
        format!(
            "{} without a record on firewalls that are usually busy: logs may be missing; see \
             \"Hours without a record\"",
            plural(silent, "hour")
        ),
    );
    warnings
}

/// `1 file`, `2 files`.
pub(super) fn plural(count: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// Bytes for people, rounded down.
fn size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|&(unit, _)| bytes >= unit) {
        Some((unit, name)) => {
            let tenths = bytes / (unit / 10).max(1);
            format!("{}.{} {name}", grouped(tenths / 10), tenths % 10)
        }
        None => plural(bytes, "byte"),
    }
}
