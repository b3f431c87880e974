#![doc = include_str!("../../../docs/checks/wildcard-without-dot.md")]

use super::{Check, Context, Finding, Level};
use crate::analyse::search::Search;
use crate::analyse::space::{Axis, Product};
use crate::evaluate::{RuleRef, Ruling};
use crate::net::FqdnPattern;

pub(super) const CHECK: Check = Check {
    name: "wildcard-without-dot",
    summary: "an allowed name such as `*contoso.com`, which anyone can register a match for",
    page: include_str!("../../../docs/checks/wildcard-without-dot.md"),
    controls: &["NS-3"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let allowing = context.live().filter(|(_, item)| item.effect.ruling == Ruling::Allow);
    let mut findings = Vec::new();
    for (place, item) in allowing {
        let RuleRef::Application(rank) = item.rule else { continue };
        let Some(criteria) = context.ruleset.application.criteria.get(rank as usize) else {
            continue;
        };
        let patterns = criteria.targets.fqdns.iter().filter(|pattern| has_no_dot(pattern));
        for pattern in patterns {
            let Some(foreign) = foreign(context, place, pattern) else { continue };
            let Some(witness) = context.witness(CHECK.name, &foreign, item.rule) else { continue };
            let suffix = pattern.to_string().trim_start_matches('*').to_owned();
            let message = format!(
                "`{pattern}` also allows names of strangers, such as `{}`",
                witness.name.known().map_or_else(String::new, ToString::to_string)
            );
            findings.push(
                Finding::new(CHECK.name, Level::Warning, message)
                    .about(context.ruleset, item.rule)
                    .with_help(format!("write `{suffix}` and `*.{suffix}`"))
                    .with_witness(Some(witness)),
            );
        }
    }
    findings
}

fn has_no_dot(pattern: &FqdnPattern) -> bool {
    match pattern {
        FqdnPattern::Suffix(suffix) => !suffix.starts_with('.') && suffix.contains('.'),
        FqdnPattern::Any | FqdnPattern::Exact(_) | FqdnPattern::Invalid(_) => false,
    }
}

/// Flows that the rule decides to names that end in the suffix without a dot before it.
fn foreign(context: &Context<'_>, place: usize, pattern: &FqdnPattern) -> Option<Product> {
    let layout = &context.layout;
    let FqdnPattern::Suffix(suffix) = pattern else { return None };
    let own = [FqdnPattern::new(&format!("*.{suffix}"))?, FqdnPattern::new(suffix)?];
    let names = layout.space.fqdn(pattern).difference(&layout.space.fqdns(&own));
    let item = layout.items.get(place)?;
    let pieces: Vec<Product> = item
        .region
        .sure
        .iter()
        .filter_map(|piece| piece.with(Axis::Name, piece.on(Axis::Name).intersection(&names)))
        .collect();
    let others = layout.maybe_before(place);
    let left = Search::new(layout.steps()).first_left(&pieces, &layout.may(&others));
    left.ok().flatten()
}
