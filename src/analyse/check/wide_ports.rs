#![doc = include_str!("../../../docs/checks/wide-ports.md")]

use super::{Check, Context, Finding, Level};
use crate::net::IpFamily;

pub(super) const CHECK: Check = Check {
    name: "wide-ports",
    summary: "an allow network rule for a thousand ports or more",
    page: include_str!("../../../docs/checks/wide-ports.md"),
    controls: &["NS-1"],
    run,
};

const WIDE: u32 = 1_000;

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, rule, criteria) in context.allowing_network() {
        let protocols = &criteria.protocols;
        let is_any_to_any = criteria.sources.known.is_all_of(IpFamily::V4)
            && criteria.destinations.known.is_all_of(IpFamily::V4);
        let has_ports = protocols.any || protocols.tcp || protocols.udp;
        let ports = &criteria.ports.known;
        if !has_ports || ports.len() < WIDE || (is_any_to_any && ports.is_all()) {
            continue;
        }
        let (level, message) = if ports.is_all() {
            (Level::Warning, "allows every port".to_owned())
        } else {
            (Level::Info, format!("allows {} ports ({ports})", ports.len()))
        };
        findings.push(
            Finding::new(CHECK.name, level, message)
                .about(context.ruleset, rule)
                .with_help("list the ports that are used; the logs of the firewall name them")
                .with_witness(context.any_witness(CHECK.name, place, rule)),
        );
    }
    findings
}
