#![doc = include_str!("../../../../docs/checks/icmp-with-ports.md")]

use super::{Check, Context, Fault, Finding, Level, place, values};
use crate::net::{PortRange, RuleProtocol};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "icmp-with-ports",
    summary: "ICMP beside explicit ports, which do not restrict it",
    page: include_str!("../../../../docs/checks/icmp-with-ports.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.network_rules(), |rule| {
        let has_icmp = values(&rule.protocols).any(|(protocol, _)| *protocol == RuleProtocol::Icmp);
        let has_ports = values(&rule.destination_ports).any(|(ports, _)| *ports != PortRange::ALL);
        (has_icmp && has_ports).then(|| {
            let message =
                "ICMP beside explicit ports: ICMP has none, so the rule is taken to match all ICMP";
            Fault::new(
                Level::Warning,
                message,
                "give ICMP a rule of its own with port `*`",
                place(&rule.destination_ports),
            )
        })
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
                r: icmp, tcp * -> * : 80"#,
            expect![[r#"
                warning of g/n/r in line 5: ICMP beside explicit ports: ICMP has none, so the rule is taken to match all ICMP
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
                r: icmp * -> * : *
                s: icmp * -> *
                t: tcp * -> * : 80"#,
            expect![""],
        );
    }
}
