#![doc = include_str!("../../../../docs/checks/wide-threat-allowlist.md")]

use super::super::size::{addresses, v4_count};
use super::{Check, Context, Finding, Level, values};
use crate::net::{FqdnPattern, IpSet};
use crate::policy::Address;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "wide-threat-allowlist",
    summary: "a threat intelligence allowlist that lets much of the network pass",
    page: include_str!("../../../../docs/checks/wide-threat-allowlist.md"),
    controls: &[],
    run,
};

/// From a `/16` on.
const WIDE: u64 = 1 << 16;

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for settings in context.ruleset.layers.iter().filter_map(|layer| layer.settings.as_ref()) {
        let list = &settings.threat_intel_allowlist;
        for (address, span) in values(&list.addresses) {
            let set = match address {
                Address::Any => IpSet::all(),
                Address::Range(range) => [*range].into_iter().collect(),
                Address::ServiceTag(_) => continue,
            };
            if v4_count(&set) >= WIDE {
                findings.push(finding(&address.to_string(), &addresses(&set), span));
            }
        }
        for (pattern, span) in values(&list.fqdns) {
            if *pattern == FqdnPattern::Any {
                findings.push(finding("*", "every name", span));
            }
        }
    }
    findings
}

fn finding(entry: &str, what: &str, span: Option<crate::source::Span>) -> Finding {
    let message = format!(
        "`{entry}` ({what}) is exempt from threat intelligence: the list is compared with sources as well as destinations"
    );
    let help = "list the single addresses that were found to be listed by mistake";
    Finding::new(CHECK.name, Level::Warning, message).with_help(help).at(span)
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
              threat-intel-allow 10.0.0.0/8, *
            group g 100
              allow network n 100
                r: tcp * -> * : 22"#,
            expect![[r#"
                warning of policy in line 3: `10.0.0.0/8` (16777216 IPv4 addresses, 0.39 % of all) is exempt from threat intelligence: the list is compared with sources as well as destinations
                warning of policy in line 3: `*` (every IPv4 address) is exempt from threat intelligence: the list is compared with sources as well as destinations
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            policy p
              threat-intel-allow 10.1.0.0/24, www.example.com
            group g 100
              allow network n 100
                r: tcp * -> * : 22"#,
            expect![""],
        );
    }
}
