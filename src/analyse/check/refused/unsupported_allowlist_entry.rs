#![doc = include_str!("../../../../docs/checks/unsupported-allowlist-entry.md")]

use super::{Check, Context, Finding, Level, values};
use crate::net::{FqdnPattern, IpFamily, IpRange};
use crate::policy::Address;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "unsupported-allowlist-entry",
    summary: "an entry of the threat intelligence allowlist that not every tool takes",
    page: include_str!("../../../../docs/checks/unsupported-allowlist-entry.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for settings in context.ruleset.layers.iter().filter_map(|layer| layer.settings.as_ref()) {
        let list = &settings.threat_intel_allowlist;
        for (address, span) in values(&list.addresses) {
            if let Some(reason) = objection(address) {
                findings.push(finding(&format!("`{address}` {reason}"), span));
            }
        }
        for (pattern, span) in values(&list.fqdns) {
            if !matches!(pattern, FqdnPattern::Exact(_)) {
                let message =
                    format!("`{pattern}` is a pattern: only whole names are documented here");
                findings.push(finding(&message, span));
            }
        }
    }
    findings
}

fn finding(message: &str, span: Option<crate::source::Span>) -> Finding {
    let help = "write IPv4 addresses, prefixes and whole names";
    Finding::new(CHECK.name, Level::Info, format!("allowlist entry {message}"))
        .with_help(help)
        .at(span)
}

fn objection(address: &Address) -> Option<&'static str> {
    match address {
        Address::Any => Some("is neither an address nor a prefix"),
        Address::ServiceTag(_) => Some("is no address"),
        Address::Range(range) if range.family() == IpFamily::V6 => {
            Some("is IPv6, which threat intelligence does not look at")
        }
        Address::Range(range) => {
            is_no_prefix(range).then_some("is a range: Terraform takes addresses and prefixes only")
        }
    }
}

/// A range prints with its two ends when no prefix covers it exactly.
fn is_no_prefix(range: &IpRange) -> bool {
    range.to_string().contains('-')
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
              threat-intel-allow 203.0.113.4-203.0.113.6, 2001:db8::1, *.example.com
            group g 100
              allow network n 100
                r: tcp * -> * : 22"#,
            expect![[r#"
                info of policy in line 3: allowlist entry `203.0.113.4-203.0.113.6` is a range: Terraform takes addresses and prefixes only
                info of policy in line 3: allowlist entry `2001:db8::1` is IPv6, which threat intelligence does not look at
                info of policy in line 3: allowlist entry `*.example.com` is a pattern: only whole names are documented here
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            policy p
              threat-intel-allow 203.0.113.4, 203.0.113.0/24, www.example.com
            group g 100
              allow network n 100
                r: tcp * -> * : 22"#,
            expect![""],
        );
    }
}
