#![doc = include_str!("../../../../docs/checks/ipv6-outside-network-rules.md")]

use super::{Check, Context, Fault, Finding, Level, values};
use crate::net::IpFamily;
use crate::policy::{Address, Rule, Written};
use crate::source::Spanned;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "ipv6-outside-network-rules",
    summary: "IPv6 addresses where Azure takes IPv4 only",
    page: include_str!("../../../../docs/checks/ipv6-outside-network-rules.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = context.faults(&CHECK, context.written(), |rule| {
        let (sources, what) = match rule {
            // A source of a network rule may be IPv6, on a dual-stack firewall.
            Rule::Network(_) => return None,
            Rule::Application(rule) => (&rule.head.sources, "an application rule"),
            Rule::Nat(rule) => (&rule.head.sources, "a DNAT rule"),
        };
        let translated = match rule {
            Rule::Nat(rule) => rule
                .translated_address
                .as_ref()
                .filter(|entry| entry.value.value().is_some_and(std::net::IpAddr::is_ipv6)),
            Rule::Application(_) | Rule::Network(_) => None,
        };
        let destinations = match rule {
            Rule::Nat(rule) => rule.destinations.as_slice(),
            Rule::Application(_) | Rule::Network(_) => &[],
        };
        let (text, span) = first_v6(sources)
            .or_else(|| first_v6(destinations))
            .or_else(|| translated.map(|entry| (entry.value.to_string(), entry.span)))?;
        let message = format!(
            "`{text}` in {what}: Azure takes IPv6 in network rules only (preview, as of July 2026)"
        );
        Some(Fault::new(Level::Error, message, "use IPv4 here", span))
    });
    for group in &context.inventory.ip_groups {
        let Some((text, span)) = first_v6(&group.addresses) else { continue };
        let message = format!(
            "`{text}` in IP Group `{}`: IP Groups hold IPv4 only (as of July 2026)",
            group.name.value
        );
        let help = "write IPv6 prefixes into the network rules themselves";
        findings.push(Finding::new(CHECK.name, Level::Error, message).with_help(help).at(span));
    }
    findings
}

type Place = (String, Option<crate::source::Span>);

/// The first IPv6 entry of a list.
pub(in crate::analyse::check) fn first_v6(entries: &[Spanned<Written<Address>>]) -> Option<Place> {
    let is_v6 = |address: &Address| match address {
        Address::Range(range) => range.family() == IpFamily::V6,
        Address::Any | Address::ServiceTag(_) => false,
    };
    values(entries)
        .find(|(address, _)| is_v6(address))
        .map(|(address, span)| (address.to_string(), span))
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
            group g 100
              allow application a 100
                r: https:443 2001:db8::/32 -> www.example.com"#,
            expect![[r#"
                error of g/a/r in line 5: `2001:db8::/32` in an application rule: Azure takes IPv6 in network rules only (preview, as of July 2026)
            "#]],
        );
        check(
            &CHECK,
            r#"
            policy p
            group g 100
              dnat d 100
                r: tcp * -> 203.0.113.3 : 443 => 2001:db8::1 : 443"#,
            expect![[r#"
                error of g/d/r in line 5: `2001:db8::1` in a DNAT rule: Azure takes IPv6 in network rules only (preview, as of July 2026)
            "#]],
        );
        check(
            &CHECK,
            r#"
            policy p
            group g 100
              allow network n 100
                r: tcp @six -> * : 443
            ip-group six = 2001:db8::/32"#,
            expect![[r#"
                error of policy in line 6: `2001:db8::/32` in IP Group `six`: IP Groups hold IPv4 only (as of July 2026)
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            policy p
            group g 100
              allow network n 100
                r: tcp 2001:db8::/32 -> 2001:db8:1::/48 : 443
            ip-group four = 10.0.0.0/8"#,
            expect![""],
        );
    }
}
