#![doc = include_str!("../../../../docs/checks/port-out-of-range.md")]

use super::{Check, Context, Fault, Finding, Level, values};
use crate::net::PortRange;
use crate::policy::{ApplicationRule, NatRule, Rule};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "port-out-of-range",
    summary: "a port that Azure does not take in a rule of this type",
    page: include_str!("../../../../docs/checks/port-out-of-range.md"),
    controls: &[],
    run,
};

/// The service says "User ports must be in [1, 64000]"; Microsoft's known issues (13 April 2025) end
/// at 63999.
const DNAT_MAX: u16 = 64_000;

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.written(), |rule| match rule {
        Rule::Network(rule) => {
            values(&rule.destination_ports).filter_map(|(ports, span)| zero(*ports, span)).collect()
        }
        Rule::Application(rule) => application(rule),
        Rule::Nat(rule) => nat(rule),
    })
}

fn zero(ports: PortRange, span: Option<crate::source::Span>) -> Option<Fault> {
    let begins_at_zero = ports.first() == 0 && ports != PortRange::ALL;
    begins_at_zero.then(|| {
        let message = format!("port `{ports}`: Azure takes 1 to 65535");
        Fault::new(Level::Error, message, "begin with port 1, or write `*` for all", span)
    })
}

fn application(rule: &ApplicationRule) -> Vec<Fault> {
    let fault = |(entry, span): (&crate::policy::Application, _)| match entry.port {
        0 => Some(Fault::new(
            Level::Error,
            format!("`{entry}`: Azure takes ports 1 to 65535"),
            "write the port that the service listens on",
            span,
        )),
        port if port > DNAT_MAX => Some(Fault::new(
            Level::Warning,
            format!(
                "`{entry}`: the documents allow ports to 65535, the Terraform provider to 64000"
            ),
            "choose a port up to 64000 if the rule is deployed by Terraform",
            span,
        )),
        _ => None,
    };
    values(&rule.protocols).filter_map(fault).collect()
}

fn nat(rule: &NatRule) -> Vec<Fault> {
    let fault = |(ports, span): (&PortRange, _)| match ports.last() {
        last if last > DNAT_MAX => Some(Fault::new(
            Level::Error,
            format!("DNAT port `{ports}`: Azure takes 1 to 64000 (as of April 2025)"),
            "publish a port up to 63999 and translate it to the port of the service",
            span,
        )),
        DNAT_MAX => Some(Fault::new(
            Level::Warning,
            "DNAT port 64000: the service names it as the last, the known issues (as of April 2025) name 63999",
            "publish a port up to 63999",
            span,
        )),
        _ => zero(*ports, span),
    };
    let mut faults: Vec<Fault> = values(&rule.destination_ports).filter_map(fault).collect();
    if let Some(port) = rule.translated_port.as_ref().filter(|port| port.value.value() == Some(&0))
    {
        let message = "translated port 0: Azure takes 1 to 65535";
        faults.push(Fault::new(
            Level::Error,
            message,
            "write the port that the service listens on",
            port.span,
        ));
    }
    faults
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
                high: tcp * -> 203.0.113.3 : 64500 => 10.0.2.10 : 443
                last: tcp * -> 203.0.113.3 : 64000 => 10.0.2.10 : 443
                all: tcp * -> 203.0.113.4 : * => 10.0.2.10 : 0"#,
            expect![[r#"
                error of g/d/high in line 5: DNAT port `64500`: Azure takes 1 to 64000 (as of April 2025)
                warning of g/d/last in line 6: DNAT port 64000: the service names it as the last, the known issues (as of April 2025) name 63999
                error of g/d/all in line 7: DNAT port `*`: Azure takes 1 to 64000 (as of April 2025)
                error of g/d/all in line 7: translated port 0: Azure takes 1 to 65535
            "#]],
        );
        check(
            &CHECK,
            r#"
            policy p
            group g 100
              allow network n 100
                zero: tcp * -> * : 0-80"#,
            expect![[r#"
                error of g/n/zero in line 5: port `0-80`: Azure takes 1 to 65535
            "#]],
        );
        check(
            &CHECK,
            r#"
            policy p
            group g 100
              allow application a 100
                zero: https:0 * -> www.example.com
                high: https:64001 * -> www.example.com"#,
            expect![[r#"
                error of g/a/zero in line 5: `Https:0`: Azure takes ports 1 to 65535
                warning of g/a/high in line 6: `Https:64001`: the documents allow ports to 65535, the Terraform provider to 64000
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
                r: tcp * -> 203.0.113.3 : 63999 => 10.0.2.10 : 443"#,
            expect![""],
        );
        check(
            &CHECK,
            r#"
            policy p
            group g 100
              allow network n 100
                r: tcp * -> * : *
                s: tcp * -> * : 1-65535"#,
            expect![""],
        );
        check(
            &CHECK,
            r#"
            policy p
            group g 100
              allow application a 100
                r: https:64000 * -> www.example.com"#,
            expect![""],
        );
    }
}
