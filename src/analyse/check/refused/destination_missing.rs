#![doc = include_str!("../../../../docs/checks/destination-missing.md")]

use super::{Check, Context, Fault, Finding, Level};
use crate::policy::Rule;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "destination-missing",
    summary: "a network or DNAT rule without a destination",
    page: include_str!("../../../../docs/checks/destination-missing.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.written(), |rule| {
        let help = match rule {
            Rule::Network(rule) => {
                let is_there = !rule.destinations.is_empty()
                    || !rule.destination_ip_groups.is_empty()
                    || !rule.destination_fqdns.is_empty();
                (!is_there).then_some(
                    "set `destinationAddresses`, `destinationIpGroups` or `destinationFqdns`",
                )
            }
            Rule::Nat(rule) => rule
                .destinations
                .is_empty()
                .then_some("name the public or private address of the firewall"),
            Rule::Application(_) => None,
        };
        let message = "no destination: Azure refuses the rule, and here it matches nothing";
        help.map(|help| Fault::new(Level::Error, message, help, None))
    })
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
                r: tcp * -> none : 443"#,
            expect![[r#"
                error of g/n/r in line 5: no destination: Azure refuses the rule, and here it matches nothing
            "#]],
        );
        check(
            &CHECK,
            r#"
            policy p
            group g 100
              dnat d 100
                r: tcp * -> none : 443 => 10.0.2.10 : 443"#,
            expect![[r#"
                error of g/d/r in line 5: no destination: Azure refuses the rule, and here it matches nothing
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
                r: tcp * -> fqdn time.example.com : 443
                s: tcp * -> @nodes : 443"#,
            expect![""],
        );
    }
}
