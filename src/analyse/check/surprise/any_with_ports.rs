#![doc = include_str!("../../../../docs/checks/any-with-ports.md")]

use super::{Check, Context, Finding, Level, values};
use crate::evaluate::RuleRef;
use crate::net::{PortRange, RuleProtocol};
use crate::policy::NetworkRule;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "any-with-ports",
    summary: "protocol `Any` with explicit ports, which means TCP and UDP only",
    page: include_str!("../../../../docs/checks/any-with-ports.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let limited = |rule: &NetworkRule| {
        let has_any = values(&rule.protocols).any(|(protocol, _)| *protocol == RuleProtocol::Any);
        let has_star = values(&rule.destination_ports).any(|(ports, _)| *ports == PortRange::ALL);
        has_any && !has_star && !rule.destination_ports.is_empty()
    };
    let rules: Vec<RuleRef> =
        context.network_rules().filter(|(_, rule)| limited(rule)).map(|(rule, _)| rule).collect();
    let finding = context.gathered(&CHECK, Level::Info, &rules, |who| {
        let verb = if rules.len() == 1 { "names" } else { "name" };
        format!("{who} {verb} protocol `Any` with ports, which means TCP and UDP on these ports: ICMP and others do not match")
    });
    let help = "write `TCP` or `UDP` where one of them is enough; ICMP needs a rule with port `*`";
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
                r: any * -> 192.0.2.1 : 443
                s: any * -> 192.0.2.2 : 80, 443"#,
            expect![[r#"
                info of g/n/r in line 5: 2 rules name protocol `Any` with ports, which means TCP and UDP on these ports: ICMP and others do not match
                  also g/n/s
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
                r: any * -> 192.0.2.1 : *
                s: tcp * -> 192.0.2.2 : 80"#,
            expect![""],
        );
    }
}
