//! Differences as Markdown, fit for a comment on a pull request.

use std::fmt::Write as _;

use super::{headline, region, uncompared, verdict};
use crate::analyse::diff::{Diff, Difference};
use crate::compile::Ruleset;
use crate::report::sanitize::markdown_cell;
use crate::syntax::flow::print_flow;

/// Tables of the differences of two rule sets.
#[must_use]
pub fn markdown(diff: &Diff, before: &Ruleset, after: &Ruleset) -> String {
    let mut out = format!("## Firewall rules: {}\n", headline(diff));
    for setting in &diff.settings {
        let _ = write!(out, "\n- Setting {}\n", markdown_cell(setting));
    }
    table(&mut out, "Verdicts that change", &diff.differences, before, after);
    table(&mut out, "Same verdict, other rule", &diff.rule_changes, before, after);
    let lines = uncompared(diff, before, after);
    if !lines.is_empty() {
        out.push_str("\n### Not compared, because the rules overlap in too many ways\n\n");
    }
    for line in lines {
        let _ = writeln!(out, "- {}", markdown_cell(&line));
    }
    out
}

fn table(out: &mut String, title: &str, rows: &[Difference], before: &Ruleset, after: &Ruleset) {
    if rows.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "\n### {title}\n\n| Traffic | Before | After | For example |\n|---|---|---|---|\n"
    );
    for row in rows {
        let region: Vec<String> =
            region(row).iter().map(|part| markdown_cell(part).into_owned()).collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            region.join("<br>"),
            markdown_cell(&verdict(before, &row.before)),
            markdown_cell(&verdict(after, &row.after)),
            markdown_cell(&print_flow(&row.witness))
        );
    }
}
