#![doc = include_str!("../../../../docs/checks/destination-port-missing.md")]

use super::{Check, Context, Fault, Finding, Level};
use crate::net::RuleProtocol;
use crate::policy::{Rule, Written};
use crate::source::Spanned;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "destination-port-missing",
    summary: "a network or DNAT rule without destination ports",
    page: include_str!("../../../../docs/checks/destination-port-missing.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.written(), |rule| {
        let (ports, protocols) = match rule {
            Rule::Network(rule) => (rule.destination_ports.len(), &rule.protocols),
            Rule::Nat(rule) => (rule.destination_ports.len(), &rule.protocols),
            Rule::Application(_) => return None,
        };
        (ports == 0 && !is_icmp(protocols)).then(|| {
            let message =
                "no destination port: Azure refuses the rule, and here it matches nothing";
            Fault::new(Level::Error, message, "name the ports; `*` is every port", None)
        })
    })
}

/// Only ICMP has no ports; a rule without any protocol has another finding.
fn is_icmp(protocols: &[Spanned<Written<RuleProtocol>>]) -> bool {
    protocols.iter().all(|entry| entry.value == Written::Value(RuleProtocol::Icmp))
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
                r: tcp * -> * : none
                s: tcp, icmp * -> *"#,
            expect![[r#"
                error of g/n/r in line 5: no destination port: Azure refuses the rule, and here it matches nothing
                error of g/n/s in line 6: no destination port: Azure refuses the rule, and here it matches nothing
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
                r: icmp * -> *
                s: tcp * -> * : *
                t: none * -> *"#,
            expect![""],
        );
    }
}
