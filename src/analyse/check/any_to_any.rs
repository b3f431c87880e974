#![doc = include_str!("../../../docs/checks/any-to-any.md")]

use super::{Check, Context, Finding, Level};
use crate::evaluate::{RuleRef, Ruling};
use crate::net::{FqdnPattern, IpFamily};

pub(super) const CHECK: Check = Check {
    name: "any-to-any",
    summary: "an allow rule from every source to every destination",
    page: include_str!("../../../docs/checks/any-to-any.md"),
    controls: &["NS-1", "NS-3"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (place, rule, criteria) in context.allowing_network() {
        let is_any = criteria.sources.known.is_all_of(IpFamily::V4)
            && criteria.destinations.known.is_all_of(IpFamily::V4);
        if !is_any {
            continue;
        }
        let (level, what) = if criteria.ports.known.is_all() {
            (Level::Error, "every port".to_owned())
        } else {
            (Level::Warning, format!("port {}", criteria.ports.known))
        };
        let message =
            format!("allows {what} from every source to every destination, inbound ones too");
        findings.push(
            Finding::new(CHECK.name, level, message)
                .about(context.ruleset, rule)
                .with_help("name the sources that need it and the destinations they need")
                .with_witness(context.any_witness(CHECK.name, place, rule)),
        );
    }
    findings.extend(application(context));
    findings
}

fn application<'c>(context: &'c Context<'_>) -> impl Iterator<Item = Finding> + 'c {
    let allowing = context.live().filter(|(_, item)| item.effect.ruling == Ruling::Allow);
    allowing.filter_map(|(place, item)| {
        let RuleRef::Application(rank) = item.rule else { return None };
        let criteria = context.ruleset.application.criteria.get(rank as usize)?;
        let is_any = criteria.sources.known.is_all_of(IpFamily::V4)
            && criteria.targets.fqdns.contains(&FqdnPattern::Any);
        is_any.then(|| {
            let message =
                "allows every source to every name: as a filter it does nothing but require a name";
            Finding::new(CHECK.name, Level::Warning, message)
                .about(context.ruleset, item.rule)
                .with_help("name the sources, and list the names they need")
                .with_witness(context.any_witness(CHECK.name, place, item.rule))
        })
    })
}
