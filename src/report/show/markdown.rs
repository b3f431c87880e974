//! The effective rules as Markdown tables, one per stage.

use std::fmt::Write as _;

use super::stage;
use crate::compile::Ruleset;
use crate::evaluate::{RuleRef, Stage};
use crate::report::rule_line::words;
use crate::report::sanitize::markdown_cell;

/// The rules in evaluation order, fit for a wiki page or a pull request.
#[must_use]
pub fn markdown(ruleset: &Ruleset) -> String {
    let mut out = String::new();
    for (title, wanted) in [
        ("DNAT rules", Stage::Dnat),
        ("Network rules", Stage::Network),
        ("Application rules", Stage::Application),
    ] {
        let rules: Vec<_> =
            ruleset.rules().enumerate().filter(|(_, rule)| stage(*rule) == wanted).collect();
        if rules.is_empty() {
            continue;
        }
        let _ = write!(
            out,
            "## {title}\n\n| # | Action | Collection | Rule | Protocols | Sources | Targets | Ports |\n\
             |--:|---|---|---|---|---|---|---|\n"
        );
        for (number, rule) in rules {
            row(&mut out, ruleset, number + 1, rule);
        }
        out.push('\n');
    }
    out
}

fn row(out: &mut String, ruleset: &Ruleset, number: usize, rule: RuleRef) {
    let info = ruleset.info(rule);
    let words = words(&info.written);
    let place = match (&info.path.group, info.group_priority) {
        (Some(group), Some(priority)) => {
            format!(
                "{group} ({priority}) / {} ({})",
                info.path.collection, info.collection_priority
            )
        }
        (Some(_) | None, _) => format!("{} ({})", info.path.collection, info.collection_priority),
    };
    let targets = match &words.translated {
        Some(translated) => format!("{} => {translated}", words.targets.join(", ")),
        None => words.targets.join(", "),
    };
    let cells = [
        info.action.name().to_owned(),
        place,
        info.path.rule.to_string(),
        words.protocols.join(", "),
        words.sources.join(", "),
        targets,
        words.ports.join(", "),
    ];
    let cells: Vec<_> = cells.iter().map(|cell| markdown_cell(cell).into_owned()).collect();
    let _ = writeln!(out, "| {number} | {} |", cells.join(" | "));
}
