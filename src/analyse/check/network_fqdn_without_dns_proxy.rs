#![doc = include_str!("../../../docs/checks/network-fqdn-without-dns-proxy.md")]

use super::{Check, Context, Finding, Level};
use crate::policy::Rule;

pub(super) const CHECK: Check = Check {
    name: "network-fqdn-without-dns-proxy",
    summary: "destination FQDNs of network rules while the DNS proxy is off",
    page: include_str!("../../../docs/checks/network-fqdn-without-dns-proxy.md"),
    controls: &["NS-10"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    if context.ruleset.has_dns_proxy {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for rule in context.ruleset.rules() {
        let Rule::Network(written) = &context.ruleset.info(rule).written else { continue };
        if written.destination_fqdns.is_empty() {
            continue;
        }
        let names: Vec<String> =
            written.destination_fqdns.iter().map(|fqdn| format!("`{}`", fqdn.value)).collect();
        let message = format!("{} match nothing: the DNS proxy is off", names.join(", "));
        let span = written.destination_fqdns.first().and_then(|fqdn| fqdn.span);
        let finding = Finding::new(CHECK.name, Level::Error, message)
            .about(context.ruleset, rule)
            .with_help("set `dnsSettings.enableProxy` to true and let clients use the firewall as their resolver");
        let own = finding.span;
        findings.push(finding.at(span.or(own)));
    }
    findings
}
