#![doc = include_str!("../../../docs/checks/dns-proxy-off.md")]

use super::threat_intelligence_not_denying::{has_settings, of_settings};
use super::{Check, Context, Finding, Level};
use crate::policy::SkuTier;

pub(super) const CHECK: Check = Check {
    name: "dns-proxy-off",
    summary: "the firewall does not answer DNS, so it and its clients may resolve names differently",
    page: include_str!("../../../docs/checks/dns-proxy-off.md"),
    controls: &["NS-10"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    if !has_settings(context) {
        return Vec::new();
    }
    let has_names = !context.ruleset.application.rules.is_empty();
    if context.ruleset.has_dns_proxy || !has_names || context.ruleset.tier == SkuTier::Basic {
        return Vec::new();
    }
    let span = of_settings(context, |settings| {
        settings.dns.as_ref().and_then(|dns| dns.enable_proxy.as_ref()?.span)
    });
    let message = "the DNS proxy is off: queries are not logged, and the firewall may resolve a name to other \
                   addresses than its clients do";
    vec![
        Finding::new(CHECK.name, Level::Info, message)
            .with_help("set `dnsSettings.enableProxy` to true and make the firewall the resolver of its networks")
            .at(span),
    ]
}
