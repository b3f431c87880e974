//! The effective rules for a terminal: a heading per collection, a line per rule.

use std::fmt::Write as _;

use super::{stage, unknowns};
use crate::compile::{RuleInfo, Ruleset};
use crate::evaluate::{RuleRef, Stage};
use crate::report::rule_line::words;
use crate::report::verdict::wrapped;

/// The rules in evaluation order, for a terminal of `width` columns.
#[must_use]
pub fn text(ruleset: &Ruleset, width: usize) -> String {
    let mut out = heading(ruleset);
    let mut last_stage: Option<Stage> = None;
    let mut last_collection: Option<String> = None;
    for (number, rule) in ruleset.rules().enumerate() {
        let info = ruleset.info(rule);
        let stage = stage(rule);
        if last_stage != Some(stage) {
            let _ = write!(out, "\n{}\n", stage_title(stage));
            last_stage = Some(stage);
            last_collection = None;
        }
        let collection = collection_title(info);
        if last_collection.as_ref() != Some(&collection) {
            let _ = writeln!(out, "  {collection}");
            last_collection = Some(collection);
        }
        rule_lines(&mut out, ruleset, rule, number + 1, width);
    }
    out.push_str(&ip_groups(ruleset, width));
    out
}

fn heading(ruleset: &Ruleset) -> String {
    let name = match ruleset.policies.as_slice() {
        [] => "classic firewall".to_owned(),
        [policy] => format!("policy {policy}"),
        [parent, policy, ..] => format!("policy {policy}, parent {parent}"),
    };
    let unresolved = ruleset.rules().filter(|&rule| !unknowns(ruleset, rule).is_empty()).count();
    let mut out = format!(
        "{name}\n{} DNAT, {} network, {} application rules",
        ruleset.nat.rules.len(),
        ruleset.network.rules.len(),
        ruleset.application.rules.len()
    );
    if unresolved > 0 {
        let _ = write!(out, "; {unresolved} with parts that are not known (marked ?)");
    }
    let _ = write!(
        out,
        "\nthreat intelligence {}, IDPS {}\n",
        ruleset.threat_intel.mode_text(),
        ruleset.idps.mode_text()
    );
    out
}

fn stage_title(stage: Stage) -> &'static str {
    match stage {
        Stage::Dnat => "DNAT rules",
        Stage::Network => "Network rules",
        Stage::ThreatIntel
        | Stage::Application
        | Stage::Infrastructure
        | Stage::Default
        | Stage::Idps => "Application rules",
    }
}

fn collection_title(info: &RuleInfo) -> String {
    let path = &info.path;
    let mut title =
        format!("{} {} ({})", info.action.name(), path.collection, info.collection_priority);
    if let (Some(group), Some(priority)) = (&path.group, info.group_priority) {
        let _ = write!(title, " in {group} ({priority})");
    }
    if let (true, Some(policy)) = (path.is_inherited, &path.policy) {
        let _ = write!(title, ", from parent {policy}");
    }
    title
}

fn rule_lines(out: &mut String, ruleset: &Ruleset, rule: RuleRef, number: usize, width: usize) {
    let info = ruleset.info(rule);
    let unknown = unknowns(ruleset, rule);
    let mark = if unknown.is_empty() { ' ' } else { '?' };
    let _ = writeln!(out, "{number:>5}{mark} {}", info.path.rule);
    let mut lines = wrapped(&words(&info.written).line(), width.saturating_sub(11));
    lines.extend(
        wrapped(&format!("? {}", unknown.join(", ")), width.saturating_sub(11))
            .into_iter()
            .filter(|_| !unknown.is_empty()),
    );
    for line in lines {
        let _ = writeln!(out, "         {line}");
    }
}

/// What the IP Groups that rules name hold.
fn ip_groups(ruleset: &Ruleset, width: usize) -> String {
    let mut out = String::new();
    if !ruleset.ip_groups.is_empty() {
        out.push_str("\nIP Groups\n");
    }
    for (name, set) in &ruleset.ip_groups {
        let ranges = set.known.ranges().map(|range| range.to_string());
        let unknown = set.unknown.iter().map(|need| format!("? {need}"));
        let holds: Vec<_> = ranges.chain(unknown).collect();
        let holds = if holds.is_empty() { "(empty)".into() } else { holds.join(", ") };
        let lines = wrapped(&format!("@{name} = {holds}"), width.saturating_sub(4));
        for line in lines {
            let _ = writeln!(out, "  {line}");
        }
    }
    out
}
