//! `azfw replay`: agreement with the log, or what another rule set would change.
//! The JSON shapes are documented in `docs/replay.md`.

mod html;

use std::fmt::Write as _;

pub use html::{comparison_html, html};

use serde::Serialize;

use crate::analyse::replay::{
    Agreement, Change, Comparison, Group, Logged, LoggedRule, Replay, VerdictSummary,
};
use crate::evaluate::{Decision, Stage};
use crate::report::verdict::{RuleJson, wrapped};
use crate::syntax::flow::json::flow_to_json;
use crate::syntax::flow::print_flow;

/// What became of the records that were read.
#[derive(Debug, Clone, Default)]
pub struct ReplayInput {
    pub files: u64,
    pub records: u64,
    /// Records that are no flows, by reason.
    pub no_flow: Vec<(String, u64)>,
    /// Flows that a topology brought to the firewall, by how they came there; empty without one.
    pub carried: Vec<(String, u64)>,
    /// Flows that never come to the firewall, by reason.
    pub lost: Vec<(String, u64)>,
    /// Records that the filter left out, by reason; they are in no other number.
    pub left_out: Vec<(String, u64)>,
    pub ignored: u64,
    pub rejected: u64,
}

/// Groups that text output shows; JSON holds all.
const GROUPS_MAX: usize = 30;

/// Agreement with the log, for a terminal.
#[must_use]
pub fn text(input: &ReplayInput, replay: &Replay) -> String {
    let mut out = heading(input, replay.records);
    for (agreement, words) in [
        (Agreement::Agrees, "agree with the log"),
        (Agreement::OtherRule, "same verdict, another rule than logged"),
        (Agreement::Disagrees, "DISAGREE with the log"),
        (Agreement::Possible, "undecided; what the log says is possible"),
        (Agreement::Impossible, "undecided; what the log says is NOT possible"),
        (Agreement::EvaluatedOnly, "evaluated only: their log holds no verdict of the firewall"),
    ] {
        let count = replay.count(agreement);
        count_line(&mut out, count, replay.records, words);
    }
    let mut last = None;
    let groups = replay.differing();
    for group in groups.iter().take(GROUPS_MAX) {
        if last != Some(group.kind) {
            let _ = write!(out, "\n{}\n", agreement_title(group.kind));
            last = Some(group.kind);
        }
        let ours = verdict(group.verdict);
        let words = match group.against {
            Some(logged) => format!("logged {}; evaluated {ours}", decision(logged)),
            None => ours,
        };
        group_lines(&mut out, group.records, &words, &group.verdict.needs);
        example(&mut out, &print_flow(group.example), &group.place.to_string());
    }
    more(&mut out, groups.len());
    out
}

/// What changes, for a terminal.
#[must_use]
pub fn comparison_text(input: &ReplayInput, comparison: &Comparison) -> String {
    let mut out = heading(input, comparison.records);
    for (change, words) in [
        (Change::None, "unchanged"),
        (Change::DenyToAllow, "from deny to ALLOW"),
        (Change::AllowToDeny, "from allow to DENY"),
        (Change::Translation, "to another translation"),
        (Change::Rule, "same verdict by another rule"),
        (Change::Undecided, "undecided under one of the two"),
    ] {
        let count = comparison.count(change);
        count_line(&mut out, count, comparison.records, words);
    }
    let mut last = None;
    let groups = comparison.changed();
    for group in groups.iter().take(GROUPS_MAX) {
        if last != Some(group.kind) {
            let _ = write!(out, "\n{}\n", change_title(group.kind));
            last = Some(group.kind);
        }
        let words = format!("{} becomes {}", verdict(group.against), verdict(group.verdict));
        let needs: Vec<_> =
            group.against.needs.iter().chain(&group.verdict.needs).cloned().collect();
        group_lines(&mut out, group.records, &words, &needs);
        example(&mut out, &print_flow(group.example), &group.place.to_string());
    }
    more(&mut out, groups.len());
    out
}

fn heading(input: &ReplayInput, replayed: u64) -> String {
    let no_flow: u64 = input.no_flow.iter().map(|(_, count)| count).sum();
    let mut out = format!(
        "{} records in {} files: {} replayed, {} are no flows",
        thousands(input.records),
        thousands(input.files),
        thousands(replayed),
        thousands(no_flow)
    );
    let lost: u64 = input.lost.iter().map(|(_, count)| count).sum();
    if lost > 0 {
        let _ = write!(out, ",\n{} do not come to the firewall", thousands(lost));
    }
    if input.ignored + input.rejected > 0 {
        let _ = write!(
            out,
            "\n{} other lines ignored, {} rejected",
            thousands(input.ignored),
            thousands(input.rejected)
        );
    }
    for (reason, count) in &input.left_out {
        let _ = write!(out, "\n{:>12}  {reason}", thousands(*count));
    }
    for (reason, count) in &input.no_flow {
        let _ = write!(out, "\n{:>12}  no flow: {reason}", thousands(*count));
    }
    for (reason, count) in &input.lost {
        let _ = write!(out, "\n{:>12}  not replayed: {reason}", thousands(*count));
    }
    for (what, count) in &input.carried {
        let _ = write!(out, "\n{:>12}  {what}", thousands(*count));
    }
    out.push_str("\n\n");
    out
}

fn count_line(out: &mut String, count: u64, total: u64, words: &str) {
    if count > 0 {
        let _ = writeln!(out, "{:>12}  {:>6}  {words}", thousands(count), share(count, total));
    }
}

fn agreement_title(agreement: Agreement) -> &'static str {
    match agreement {
        Agreement::Agrees => "Agreeing",
        Agreement::OtherRule => "Another rule than logged",
        Agreement::Disagrees => "Disagreements",
        Agreement::Possible => "Undecided",
        Agreement::Impossible => "Undecided, against the log",
        Agreement::EvaluatedOnly => "Evaluated only",
    }
}

fn change_title(change: Change) -> &'static str {
    match change {
        Change::None => "Unchanged",
        Change::Rule => "Another rule",
        Change::Translation => "Another translation",
        Change::AllowToDeny => "Would be denied",
        Change::DenyToAllow => "Would be allowed",
        Change::Undecided => "Undecided",
    }
}

fn group_lines(out: &mut String, records: u64, words: &str, needs: &[String]) {
    let mut lines = wrapped(words, 66);
    if !needs.is_empty() {
        lines.extend(wrapped(&format!("depends on {}", needs.join(", ")), 66));
    }
    for (index, line) in lines.iter().enumerate() {
        let count = if index == 0 { thousands(records) } else { String::new() };
        let _ = writeln!(out, "{count:>12}  {line}");
    }
}

fn example(out: &mut String, flow: &str, origin: &str) {
    let _ = writeln!(out, "{:>12}  e.g. {flow}\n{:>12}       {origin}", "", "");
}

fn more(out: &mut String, groups: usize) {
    if let Some(more @ 1..) = groups.checked_sub(GROUPS_MAX) {
        let _ = writeln!(out, "\n… and {more} more groups; `--format json` lists them all");
    }
}

fn decision(logged: &Logged) -> String {
    let mut text = format!("{} by {}", Decision::from(logged.ruling).name(), logged.rule);
    if let Some((address, port)) = logged.translated {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let _ = write!(text, " => {address}{port}");
    }
    text
}

fn verdict(summary: &VerdictSummary) -> String {
    let stage = summary.stage.map_or("several outcomes", Stage::name);
    let mut text = match &summary.rule {
        Some(path) => format!("{} by {path}", summary.decision.name()),
        None => format!("{} ({stage})", summary.decision.name()),
    };
    if let Some(translation) = &summary.translation {
        let _ = write!(text, " => {translation}");
    }
    text
}

/// `1234567` as `1,234,567`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A share in percent with one digit, never rounded to 0 or 100 when it is neither.
fn share(part: u64, total: u64) -> String {
    if total == 0 {
        return "-".into();
    }
    let permille = part.saturating_mul(1000) / total;
    let permille = if part > 0 { permille.max(1) } else { 0 };
    format!("{}.{}%", permille / 10, permille % 10)
}

/// `replay --format json`.
#[derive(Debug, Serialize)]
pub struct ReplayJson {
    pub input: InputJson,
    pub replayed: u64,
    pub connections: u64,
    pub agreement: AgreementJson,
    pub groups: Vec<GroupJson>,
}

/// What became of the records.
#[derive(Debug, Serialize)]
pub struct InputJson {
    pub files: u64,
    pub records: u64,
    pub no_flow: Vec<ReasonJson>,
    pub carried: Vec<ReasonJson>,
    pub lost: Vec<ReasonJson>,
    pub left_out: Vec<ReasonJson>,
    pub ignored: u64,
    pub rejected: u64,
}

/// Records with one reason.
#[derive(Debug, Serialize)]
pub struct ReasonJson {
    pub reason: String,
    pub count: u64,
}

/// Records by how they compare.
#[derive(Debug, Serialize)]
pub struct AgreementJson {
    pub agrees: u64,
    pub other_rule: u64,
    pub disagrees: u64,
    pub possible: u64,
    pub impossible: u64,
    pub evaluated_only: u64,
}

/// Records that compare alike.
#[derive(Debug, Serialize)]
pub struct GroupJson {
    pub agreement: &'static str,
    /// `null` where the log says nothing to compare with.
    pub logged: Option<LoggedJson>,
    pub evaluated: SummaryJson,
    pub records: u64,
    pub connections: u64,
    pub example: ExampleJson,
}

/// What a record says.
#[derive(Debug, Serialize)]
pub struct LoggedJson {
    pub verdict: &'static str,
    /// `default`, `unnamed` or the rule's place.
    pub rule: String,
    pub translated: Option<String>,
}

/// A verdict without the flow.
#[derive(Debug, Serialize)]
pub struct SummaryJson {
    pub verdict: &'static str,
    pub stage: Option<&'static str>,
    pub rule: Option<RuleJson>,
    pub translated: Option<String>,
    pub needs: Vec<String>,
}

/// One flow of a group and where it stands.
#[derive(Debug, Serialize)]
pub struct ExampleJson {
    pub flow: serde_json::Value,
    pub origin: String,
}

/// `replay --against --format json`.
#[derive(Debug, Serialize)]
pub struct ComparisonJson {
    pub input: InputJson,
    pub replayed: u64,
    pub connections: u64,
    pub changes: ChangesJson,
    pub groups: Vec<ChangeJson>,
}

/// Records by what changes.
#[derive(Debug, Serialize)]
pub struct ChangesJson {
    pub none: u64,
    pub deny_to_allow: u64,
    pub allow_to_deny: u64,
    pub translation: u64,
    pub rule: u64,
    pub undecided: u64,
}

/// Records that change alike.
#[derive(Debug, Serialize)]
pub struct ChangeJson {
    pub change: &'static str,
    pub before: SummaryJson,
    pub after: SummaryJson,
    pub records: u64,
    pub connections: u64,
    pub example: ExampleJson,
}

/// Agreement with the log as JSON.
#[must_use]
pub fn json(input: &ReplayInput, replay: &Replay) -> ReplayJson {
    let count = |agreement| replay.count(agreement);
    ReplayJson {
        input: input_json(input),
        replayed: replay.records,
        connections: replay.connections(),
        agreement: AgreementJson {
            agrees: count(Agreement::Agrees),
            other_rule: count(Agreement::OtherRule),
            disagrees: count(Agreement::Disagrees),
            possible: count(Agreement::Possible),
            impossible: count(Agreement::Impossible),
            evaluated_only: count(Agreement::EvaluatedOnly),
        },
        groups: replay.differing().iter().map(group_json).collect(),
    }
}

/// What changes as JSON.
#[must_use]
pub fn comparison_json(input: &ReplayInput, comparison: &Comparison) -> ComparisonJson {
    let count = |change| comparison.count(change);
    ComparisonJson {
        input: input_json(input),
        replayed: comparison.records,
        connections: comparison.connections(),
        changes: ChangesJson {
            none: count(Change::None),
            deny_to_allow: count(Change::DenyToAllow),
            allow_to_deny: count(Change::AllowToDeny),
            translation: count(Change::Translation),
            rule: count(Change::Rule),
            undecided: count(Change::Undecided),
        },
        groups: comparison.changed().iter().map(change_json).collect(),
    }
}

fn input_json(input: &ReplayInput) -> InputJson {
    let reason =
        |(reason, count): &(String, u64)| ReasonJson { reason: reason.clone(), count: *count };
    InputJson {
        files: input.files,
        records: input.records,
        no_flow: input.no_flow.iter().map(reason).collect(),
        carried: input.carried.iter().map(reason).collect(),
        lost: input.lost.iter().map(reason).collect(),
        left_out: input.left_out.iter().map(reason).collect(),
        ignored: input.ignored,
        rejected: input.rejected,
    }
}

fn group_json(group: &Group<'_, Agreement, Option<Logged>>) -> GroupJson {
    GroupJson {
        agreement: group.kind.name(),
        logged: group.against.as_ref().map(logged_json),
        evaluated: summary_json(group.verdict),
        records: group.records,
        connections: group.connections,
        example: ExampleJson { flow: flow_to_json(group.example), origin: group.place.to_string() },
    }
}

fn logged_json(logged: &Logged) -> LoggedJson {
    let rule = match &logged.rule {
        LoggedRule::Unnamed => "unnamed".into(),
        rule @ (LoggedRule::Default | LoggedRule::Named { .. }) => rule.to_string(),
    };
    let translated = logged.translated.map(|(address, port)| {
        port.map_or_else(|| address.to_string(), |port| format!("{address}:{port}"))
    });
    LoggedJson { verdict: Decision::from(logged.ruling).name(), rule, translated }
}

fn change_json(group: &Group<'_, Change, VerdictSummary>) -> ChangeJson {
    ChangeJson {
        change: group.kind.name(),
        before: summary_json(group.against),
        after: summary_json(group.verdict),
        records: group.records,
        connections: group.connections,
        example: ExampleJson { flow: flow_to_json(group.example), origin: group.place.to_string() },
    }
}

fn summary_json(summary: &VerdictSummary) -> SummaryJson {
    SummaryJson {
        verdict: summary.decision.name(),
        stage: summary.stage.map(Stage::name),
        rule: summary.rule.as_ref().map(RuleJson::from),
        translated: summary.translation.clone(),
        needs: summary.needs.clone(),
    }
}
