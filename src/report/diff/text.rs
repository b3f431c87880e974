//! Differences for a terminal.

use std::fmt::Write as _;

use super::{headline, region, uncompared, verdict};
use crate::analyse::diff::{Diff, Difference};
use crate::compile::Ruleset;
use crate::report::verdict::wrapped;
use crate::syntax::flow::print_flow;

/// The differences of two rule sets.
#[must_use]
pub fn text(diff: &Diff, before: &Ruleset, after: &Ruleset, width: usize) -> String {
    let mut out = format!("{}\n", headline(diff));
    for setting in &diff.settings {
        let _ = writeln!(out, "\nsetting {setting}");
    }
    for difference in &diff.differences {
        one(&mut out, difference, before, after, width);
    }
    if !diff.rule_changes.is_empty() {
        out.push_str("\nSame verdict, other rule:\n");
        for change in &diff.rule_changes {
            one(&mut out, change, before, after, width);
        }
    }
    let lines = uncompared(diff, before, after);
    if !lines.is_empty() {
        out.push_str("\nNot compared, because the rules overlap in too many ways:\n");
    }
    for line in lines.iter().flat_map(|line| wrapped(&format!("  {line}"), width)) {
        let _ = writeln!(out, "{line}");
    }
    out
}

fn one(out: &mut String, difference: &Difference, before: &Ruleset, after: &Ruleset, width: usize) {
    let mut lines = |label: &str, text: &str| {
        for line in wrapped(&format!("{label}{text}"), width) {
            let _ = writeln!(out, "{line}");
        }
    };
    lines("", "");
    for part in region(difference) {
        lines("  ", &part);
    }
    lines("  - ", &verdict(before, &difference.before));
    lines("  + ", &verdict(after, &difference.after));
    lines("  flow: ", &print_flow(&difference.witness));
}
