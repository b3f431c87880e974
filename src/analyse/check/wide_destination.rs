#![doc = include_str!("../../../docs/checks/wide-destination.md")]

use super::size::{addresses, is_internet};
use super::{Check, Context, Finding, Level};
use crate::net::IpFamily;

pub(super) const CHECK: Check = Check {
    name: "wide-destination",
    summary: "an allow network rule to most of the Internet",
    page: include_str!("../../../docs/checks/wide-destination.md"),
    controls: &["NS-1", "NS-3"],
    run,
};

/// So few ports are a service that may be anywhere, such as time.
const FEW_PORTS: u32 = 2;

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, rule, criteria) in context.allowing_network() {
        let destinations = &criteria.destinations.known;
        let is_any_to_any =
            criteria.sources.known.is_all_of(IpFamily::V4) && destinations.is_all_of(IpFamily::V4);
        if is_any_to_any || !is_internet(destinations) {
            continue;
        }
        let ports = &criteria.ports.known;
        let level = if ports.len() <= FEW_PORTS { Level::Info } else { Level::Warning };
        let message =
            format!("allows as destination {}, the Internet among them", addresses(destinations));
        findings.push(
            Finding::new(CHECK.name, level, message)
                .about(context.ruleset, rule)
                .with_help("name the addresses or a service tag; for the web, use application rules with names")
                .with_witness(context.any_witness(CHECK.name, place, rule)),
        );
    }
    findings
}
