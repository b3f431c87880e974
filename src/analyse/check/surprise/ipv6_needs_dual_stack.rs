#![doc = include_str!("../../../../docs/checks/ipv6-needs-dual-stack.md")]

use super::super::refused::ipv6_outside_network_rules::first_v6;
use super::{Check, Context, Finding, Level};
use crate::evaluate::RuleRef;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "ipv6-needs-dual-stack",
    summary: "IPv6 addresses in network rules, which only a dual-stack firewall takes",
    page: include_str!("../../../../docs/checks/ipv6-needs-dual-stack.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let with = context.network_rules().filter(|(_, rule)| {
        first_v6(&rule.head.sources).is_some() || first_v6(&rule.destinations).is_some()
    });
    let rules: Vec<RuleRef> = with.map(|(rule, _)| rule).collect();
    let verb = if rules.len() == 1 { "has" } else { "have" };
    let (level, end, help) = if context.is_classic() {
        (
            Level::Error,
            "only a policy takes them (preview, as of July 2026)",
            "move the rules to a firewall policy",
        )
    } else {
        (
            Level::Warning,
            "a firewall without dual stack breaks on them (preview, as of July 2026)",
            "deploy the firewall with dual stack, or leave the IPv6 addresses out",
        )
    };
    let finding = context
        .gathered(&CHECK, level, &rules, |who| format!("{who} {verb} IPv6 addresses: {end}"));
    finding.map(|finding| finding.with_help(help)).into_iter().collect()
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
              allow network n 100
                r: tcp 2001:db8::/32 -> * : 443"#,
            expect![[r#"
                warning of g/n/r in line 5: this rule has IPv6 addresses: a firewall without dual stack breaks on them (preview, as of July 2026)
            "#]],
        );
        check(
            &CHECK,
            r#"
            firewall f
              allow network n 100
                r: tcp * -> 2001:db8::1 : 443"#,
            expect![[r#"
                error of n/r in line 4: this rule has IPv6 addresses: only a policy takes them (preview, as of July 2026)
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
                r: tcp * -> * : 443"#,
            expect![""],
        );
    }
}
