#![doc = include_str!("../../../../docs/checks/wildcard-in-network-rule.md")]

use super::{Check, Context, Fault, Finding, Level, values};
use crate::net::FqdnPattern;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "wildcard-in-network-rule",
    summary: "a destination FQDN of a network rule with a wildcard",
    page: include_str!("../../../../docs/checks/wildcard-in-network-rule.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.network_rules(), |rule| {
        let refused = values(&rule.destination_fqdns).filter(|(pattern, _)| match pattern {
            FqdnPattern::Any | FqdnPattern::Suffix(_) | FqdnPattern::Invalid(_) => true,
            FqdnPattern::Exact(_) => false,
        });
        let fault = |(pattern, span): (&FqdnPattern, _)| {
            let message =
                format!("`{pattern}` matches nothing: a network rule takes no wildcard in an FQDN");
            let help = "list the whole names, or use an application rule";
            Fault::new(Level::Error, message, help, span)
        };
        refused.map(fault).collect::<Vec<_>>()
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
              dns-proxy on
            group g 100
              allow network n 100
                r: tcp * -> fqdn *.example.com : 443
                s: tcp * -> fqdn * : 443"#,
            expect![[r#"
                error of g/n/r in line 6: `*.example.com` matches nothing: a network rule takes no wildcard in an FQDN
                error of g/n/s in line 7: `*` matches nothing: a network rule takes no wildcard in an FQDN
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            policy p
              dns-proxy on
            group g 100
              allow network n 100
                r: tcp * -> fqdn www.example.com : 443"#,
            expect![""],
        );
    }
}
