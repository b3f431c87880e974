#![doc = include_str!("../../../docs/checks/plain-http.md")]

use super::{Check, Context, Finding, Level};
use crate::evaluate::{RuleRef, Ruling};
use crate::net::{ApplicationProtocol, FqdnPattern};

pub(super) const CHECK: Check = Check {
    name: "plain-http",
    summary: "application rules that allow HTTP without TLS",
    page: include_str!("../../../docs/checks/plain-http.md"),
    controls: &["NS-8", "DP-3"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let allowing = context.live().filter(|(_, item)| item.effect.ruling == Ruling::Allow);
    let mut limited = Vec::new();
    let mut findings = Vec::new();
    for (place, item) in allowing {
        let RuleRef::Application(rank) = item.rule else { continue };
        let Some(criteria) = context.ruleset.application.criteria.get(rank as usize) else {
            continue;
        };
        if !criteria.names(ApplicationProtocol::Http) {
            continue;
        }
        if !criteria.targets.fqdns.contains(&FqdnPattern::Any) {
            limited.push(item.rule);
            continue;
        }
        let message = "allows plain HTTP to every name";
        findings.push(
            Finding::new(CHECK.name, Level::Warning, message)
                .about(context.ruleset, item.rule)
                .with_help("allow `Https:443` only, and list the names that really need HTTP")
                .with_witness(context.any_witness(CHECK.name, place, item.rule)),
        );
    }
    if let Some(&first) = limited.first() {
        let message = match limited.len() {
            1 => "allows plain HTTP to listed names".to_owned(),
            count => format!("{count} application rules allow plain HTTP to listed names"),
        };
        findings.push(
            Finding::new(CHECK.name, Level::Info, message)
                .about(context.ruleset, first)
                .with_others(context.ruleset, limited.iter().skip(1).copied())
                .with_help("drop `Http:80` where the service offers HTTPS; certificate revocation lists need HTTP"),
        );
    }
    findings
}
