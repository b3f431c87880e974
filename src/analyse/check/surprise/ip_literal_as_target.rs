#![doc = include_str!("../../../../docs/checks/ip-literal-as-target.md")]

use std::net::IpAddr;

use super::{Check, Context, Fault, Finding, Level, values};
use crate::net::FqdnPattern;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "ip-literal-as-target",
    summary: "an IP address as a target FQDN",
    page: include_str!("../../../../docs/checks/ip-literal-as-target.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.application_rules(), |rule| {
        let literal = |pattern: &FqdnPattern| match pattern {
            FqdnPattern::Exact(name) => name.as_str().parse::<IpAddr>().is_ok(),
            FqdnPattern::Any | FqdnPattern::Suffix(_) | FqdnPattern::Invalid(_) => false,
        };
        let fault = |(pattern, span): (&FqdnPattern, _)| {
            let message = format!("`{pattern}` is compared with the name in the request, not with the address it goes to");
            let help = "write a network rule for an address; keep this only for clients that put the address into the URL";
            Fault::new(Level::Warning, message, help, span)
        };
        values(&rule.target_fqdns).filter(|(pattern, _)| literal(pattern)).map(fault).collect::<Vec<_>>()
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
              allow application a 100
                r: https:443 * -> 192.0.2.1, www.example.com"#,
            expect![[r#"
                warning of g/a/r in line 5: `192.0.2.1` is compared with the name in the request, not with the address it goes to
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
              allow application a 100
                r: https:443 * -> www.example.com"#,
            expect![""],
        );
    }
}
