#![doc = include_str!("../../../../docs/checks/header-without-tls-inspection.md")]

use super::{Check, Context, Fault, Finding, Level, values};
use crate::net::ApplicationProtocol;
use crate::policy::Written;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "header-without-tls-inspection",
    summary: "headers inserted into HTTPS by a rule that does not inspect TLS",
    page: include_str!("../../../../docs/checks/header-without-tls-inspection.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.application_rules(), |rule| {
        let header = rule.http_headers.first()?;
        let is_inspecting =
            rule.terminate_tls.as_ref().is_some_and(|flag| flag.value != Written::Value(false));
        let has_https =
            values(&rule.protocols).any(|(entry, _)| entry.protocol == ApplicationProtocol::Https);
        (has_https && !is_inspecting).then(|| {
            let message = format!(
                "header `{}` is not inserted into HTTPS: the rule does not inspect TLS",
                header.value.name
            );
            let help = "set `terminateTLS` to true (Premium), or limit the rule to HTTP";
            Fault::new(Level::Warning, message, help, header.span)
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
              tier Premium
            group g 100
              allow application a 100
                r: http:80, https:443 * -> www.example.com header X-Tenant "y""#,
            expect![[r#"
                warning of g/a/r in line 6: header `X-Tenant` is not inserted into HTTPS: the rule does not inspect TLS
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            policy p
              tier Premium
            group g 100
              allow application a 100
                r: https:443 * -> www.example.com inspect header X-Tenant "y"
                s: http:80 * -> www.example.com header X-Tenant "y""#,
            expect![""],
        );
    }
}
