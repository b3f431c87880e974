#![doc = include_str!("../../../../docs/checks/feature-beyond-basic.md")]

use super::{Check, Context, Finding, Level, values};
use crate::analyse::reach::internet;
use crate::evaluate::RuleRef;
use crate::policy::{Address, SkuTier, ThreatIntelMode};
use crate::source::Span;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "feature-beyond-basic",
    summary: "features that the Basic tier does not have",
    page: include_str!("../../../../docs/checks/feature-beyond-basic.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    if context.is_classic() || context.ruleset.tier != SkuTier::Basic {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = private_dnat(context).into_iter().collect();
    for settings in context.ruleset.layers.iter().filter_map(|layer| layer.settings.as_ref()) {
        if let Some(mode) = settings
            .threat_intel_mode
            .as_ref()
            .filter(|mode| mode.value.value() == Some(&ThreatIntelMode::Deny))
        {
            let message = "threat intelligence in mode Deny: the Basic tier can only alert (as of February 2023)";
            findings.push(set(
                message,
                "set `threatIntelMode` to Alert, or take the Standard tier",
                mode.span,
            ));
        }
        let Some(dns) = &settings.dns else { continue };
        let proxy = dns.enable_proxy.as_ref().filter(|proxy| proxy.value.value() == Some(&true));
        let span =
            proxy.map(|proxy| proxy.span).or_else(|| dns.servers.first().map(|server| server.span));
        if let Some(span) = span {
            let message =
                "DNS proxy or custom DNS servers: the Basic tier has neither (as of February 2023)";
            findings.push(set(message, "leave `dnsSettings` out, or take the Standard tier", span));
        }
    }
    findings
}

fn set(message: &str, help: &str, span: Option<Span>) -> Finding {
    Finding::new(CHECK.name, Level::Warning, message).with_help(help).at(span)
}

/// DNAT on the firewall's private address.
fn private_dnat(context: &Context<'_>) -> Option<Finding> {
    let internet = internet();
    let is_private = |address: &Address| match address {
        Address::Range(range) => !internet.contains(range.first()),
        Address::Any | Address::ServiceTag(_) => false,
    };
    let of_private = context
        .nat_rules()
        .filter(|(_, rule)| values(&rule.destinations).any(|(address, _)| is_private(address)));
    let rules: Vec<RuleRef> = of_private.map(|(rule, _)| rule).collect();
    let finding = context.gathered(&CHECK, Level::Error, &rules, |who| {
        format!(
            "DNAT on a private address ({who}): the Basic tier does not have it (as of April 2025)"
        )
    })?;
    Some(finding.with_help("use a public address of the firewall, or take the Standard tier"))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    #[test]
    fn it_is_found() {
        check(
            &CHECK,
            r#"
            policy p
              tier Basic
              threat-intel Deny
              dns-proxy on
            group g 100
              dnat d 100
                sql: tcp * -> 10.0.0.4 : 3306 => 10.0.2.10 : 3306"#,
            expect![[r#"
                error of g/d/sql in line 8: DNAT on a private address (this rule): the Basic tier does not have it (as of April 2025)
                warning of policy in line 4: threat intelligence in mode Deny: the Basic tier can only alert (as of February 2023)
                warning of policy in line 5: DNS proxy or custom DNS servers: the Basic tier has neither (as of February 2023)
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            policy p
              tier Basic
              threat-intel Alert
              dns-proxy off
            group g 100
              dnat d 100
                web: tcp * -> 203.0.113.3 : 443 => 10.0.2.10 : 443"#,
            expect![""],
        );
        check(
            &CHECK,
            r#"
            policy p
              threat-intel Deny
              dns-proxy on
            group g 100
              dnat d 100
                sql: tcp * -> 10.0.0.4 : 3306 => 10.0.2.10 : 3306"#,
            expect![""],
        );
    }
}
