#![doc = include_str!("../../../docs/checks/masked-threat-intelligence.md")]

use super::size::internet_count;
use super::{Check, Context, Finding, Level};
use crate::evaluate::RuleRef;
use crate::policy::ThreatIntelMode;

pub(super) const CHECK: Check = Check {
    name: "masked-threat-intelligence",
    summary: "network rules on web ports that hide threat intelligence alerts",
    page: include_str!("../../../docs/checks/masked-threat-intelligence.md"),
    controls: &["NS-3", "LT-4"],
    run,
};

/// A destination below this many addresses of the Internet is a chosen partner, not the web.
const FEW: u64 = 1 << 16;

fn run(context: &Context<'_>) -> Vec<Finding> {
    if context.ruleset.threat_intel.mode != ThreatIntelMode::Alert {
        return Vec::new();
    }
    let masking: Vec<(usize, RuleRef)> = context
        .allowing_network()
        .filter(|(_, _, criteria)| {
            let is_tcp = criteria.protocols.any || criteria.protocols.tcp;
            let is_web = criteria.ports.known.contains(80) || criteria.ports.known.contains(443);
            is_tcp && is_web && internet_count(&criteria.destinations.known) >= FEW
        })
        .map(|(place, rule, _)| (place, rule))
        .collect();
    let Some(&(place, first)) = masking.first() else { return Vec::new() };
    let message = "threat intelligence only alerts, and it sees names and URLs on the way to application rules \
                   only: this web traffic is allowed before that";
    vec![
        Finding::new(CHECK.name, Level::Warning, message)
            .about(context.ruleset, first)
            .with_others(context.ruleset, masking.iter().skip(1).map(|&(_, rule)| rule))
            .with_help("allow web traffic by application rules, or set threat intelligence to Deny")
            .with_witness(context.any_witness(CHECK.name, place, first)),
    ]
}
