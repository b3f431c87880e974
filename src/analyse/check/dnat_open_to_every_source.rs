#![doc = include_str!("../../../docs/checks/dnat-open-to-every-source.md")]

use super::size::is_internet;
use super::{Check, Context, Finding, Level};
use crate::evaluate::RuleRef;

pub(super) const CHECK: Check = Check {
    name: "dnat-open-to-every-source",
    summary: "a DNAT rule that everyone on the Internet can use",
    page: include_str!("../../../docs/checks/dnat-open-to-every-source.md"),
    controls: &["NS-1", "NS-3"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let finding = |(place, rule): (usize, RuleRef)| {
        let RuleRef::Nat(rank) = rule else { return None };
        let criteria = context.ruleset.nat.criteria.get(rank as usize)?;
        if !is_internet(&criteria.sources.known) {
            return None;
        }
        let is_web = criteria
            .ports
            .known
            .ranges()
            .all(|ports| ports.first() == ports.last() && matches!(ports.first(), 80 | 443));
        let level = if is_web { Level::Info } else { Level::Warning };
        let message = format!(
            "publishes port {} to every source; a match ends the evaluation, so no later rule can narrow it",
            criteria.ports.known
        );
        Some(
            Finding::new(CHECK.name, level, message)
                .about(context.ruleset, rule)
                .with_help("name the sources in the DNAT rule itself; put a web application firewall before public web sites")
                .with_witness(context.any_witness(CHECK.name, place, rule)),
        )
    };
    context.live().map(|(place, item)| (place, item.rule)).filter_map(finding).collect()
}
