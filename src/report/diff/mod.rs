//! `azfw diff`: what a change means for traffic, one renderer per format.

mod html;
mod json;
mod markdown;
mod text;

use std::fmt::Write as _;

pub use html::html;
pub use json::{DiffJson, RegionJson, json};
pub use markdown::markdown;
pub use text::text;

use crate::analyse::diff::{Diff, Difference, Uncompared};
use crate::compile::Ruleset;
use crate::evaluate::Verdict;
use crate::report::verdict::decider;

/// The answer in one line.
fn headline(diff: &Diff) -> String {
    if diff.is_equivalent() {
        return "equivalent: every flow has the same verdict and translation on both sides"
            .to_owned();
    }
    let undecided = diff.differences.iter().filter(|difference| difference.is_undecided()).count();
    let sure = diff.differences.len() - undecided;
    let mut parts = Vec::new();
    let mut part = |count: usize, one: &str, many: &str| {
        if count > 0 {
            parts.push(format!("{count} {}", if count == 1 { one } else { many }));
        }
    };
    part(diff.settings.len(), "setting differs", "settings differ");
    part(sure, "kind of traffic changes its verdict", "kinds of traffic change their verdicts");
    part(undecided, "depends on what is not known", "depend on what is not known");
    if diff.is_incomplete() {
        parts.push("not everything was compared".to_owned());
    }
    parts.join(", ")
}

/// A verdict in words: `allow by network rule a/b/c`.
fn verdict(ruleset: &Ruleset, verdict: &Verdict) -> String {
    let mut text = verdict.decision.name().to_owned();
    if verdict.candidates.is_empty() {
        let _ = write!(text, " by {}", decider(ruleset, verdict.stage, verdict.rule));
    } else {
        let mut needs: Vec<&str> = Vec::new();
        for need in verdict.candidates.iter().flat_map(|outcome| &outcome.needs) {
            if !needs.contains(&need.as_str()) {
                needs.push(need);
            }
        }
        let _ = write!(text, " (depends on {})", needs.join(", "));
    }
    if let Some(translation) = &verdict.translation {
        let _ = write!(text, " => {translation}");
    }
    text
}

/// What was not compared, a line each, a bounded number of them.
fn uncompared(diff: &Diff, before: &Ruleset, after: &Ruleset) -> Vec<String> {
    const SHOWN: usize = 10;
    let line = |part: &Uncompared| match *part {
        Uncompared::Before(rule) => format!("some of what {} decides before", before.path(rule)),
        Uncompared::After(rule) => format!("some of what {} decides after", after.path(rule)),
        Uncompared::Anything => "some flows of any rule".to_owned(),
    };
    let mut lines: Vec<String> = diff.uncompared.iter().take(SHOWN).map(line).collect();
    if let Some(more @ 1..) = diff.uncompared.len().checked_sub(SHOWN) {
        lines.push(format!("and of {more} more rules"));
    }
    lines
}

/// The products of a difference, a bounded number of them.
fn region(difference: &Difference) -> Vec<String> {
    const SHOWN: usize = 6;
    let mut lines: Vec<String> =
        difference.region.iter().take(SHOWN).map(ToString::to_string).collect();
    if let Some(more @ 1..) = difference.region.len().checked_sub(SHOWN) {
        lines.push(format!("and {more} more parts"));
    }
    lines
}
