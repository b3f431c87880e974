#![doc = include_str!("../../../docs/checks/wide-source.md")]

use super::size::{addresses, v4_count};
use super::{Check, Context, Finding, Level};
use crate::evaluate::{RuleRef, Ruling};
use crate::net::{FqdnPattern, IpFamily};

pub(super) const CHECK: Check = Check {
    name: "wide-source",
    summary: "an allow rule for sources far beyond any network of one's own",
    page: include_str!("../../../docs/checks/wide-source.md"),
    controls: &["NS-1"],
    run,
};

/// Twice the largest private range: more than anyone's own network.
const WIDE: u64 = 1 << 25;

fn run(context: &Context<'_>) -> Vec<Finding> {
    let allowing = context.live().filter(|(_, item)| item.effect.ruling == Ruling::Allow);
    let finding = |(place, rule): (usize, RuleRef)| {
        let (sources, is_any_to_any, level) = match rule {
            RuleRef::Network(rank) => {
                let rule = context.ruleset.network.criteria.get(rank as usize)?;
                let to_any = rule.destinations.known.is_all_of(IpFamily::V4);
                (&rule.sources.known, to_any, Level::Warning)
            }
            RuleRef::Application(rank) => {
                let rule = context.ruleset.application.criteria.get(rank as usize)?;
                let to_any = rule.targets.fqdns.contains(&FqdnPattern::Any);
                (&rule.sources.known, to_any, Level::Info)
            }
            // A DNAT rule has a check of its own.
            RuleRef::Nat(_) => return None,
        };
        let is_all = sources.is_all_of(IpFamily::V4);
        if v4_count(sources) < WIDE || (is_all && is_any_to_any) {
            return None;
        }
        let message = format!("allows as source {}", addresses(sources));
        Some(
            Finding::new(CHECK.name, level, message)
                .about(context.ruleset, rule)
                .with_help("name the subnets or the IP Group that need it")
                .with_witness(context.any_witness(CHECK.name, place, rule)),
        )
    };
    allowing.map(|(place, item)| (place, item.rule)).filter_map(finding).collect()
}
