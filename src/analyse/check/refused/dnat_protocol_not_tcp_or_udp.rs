#![doc = include_str!("../../../../docs/checks/dnat-protocol-not-tcp-or-udp.md")]

use super::{Check, Context, Fault, Finding, Level, values};
use crate::net::RuleProtocol;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "dnat-protocol-not-tcp-or-udp",
    summary: "a DNAT rule of a policy for another protocol than TCP and UDP",
    page: include_str!("../../../../docs/checks/dnat-protocol-not-tcp-or-udp.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    // The schema of a classic firewall lists `Any`, which then means TCP and UDP.
    if context.is_classic() {
        return Vec::new();
    }
    context.faults(&CHECK, context.nat_rules(), |rule| {
        let odd = |protocol: &RuleProtocol| match protocol {
            RuleProtocol::Any | RuleProtocol::Icmp => true,
            RuleProtocol::Tcp | RuleProtocol::Udp => false,
        };
        let (protocol, span) = values(&rule.protocols).find(|(protocol, _)| odd(protocol))?;
        let message =
            format!("protocol `{protocol}` in a DNAT rule: a policy translates TCP and UDP only");
        Some(Fault::new(Level::Error, message, "write `TCP`, `UDP` or both", span))
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
              dnat d 100
                r: any * -> 203.0.113.3 : 443 => 10.0.2.10 : 443"#,
            expect![[r#"
                error of g/d/r in line 5: protocol `Any` in a DNAT rule: a policy translates TCP and UDP only
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
              dnat d 100
                r: tcp, udp * -> 203.0.113.3 : 443 => 10.0.2.10 : 443"#,
            expect![""],
        );
        check(
            &CHECK,
            r#"
            firewall f
              dnat d 100
                r: any * -> 203.0.113.3 : 443 => 10.0.2.10 : 443"#,
            expect![""],
        );
    }
}
