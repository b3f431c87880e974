#![doc = include_str!("../../../../docs/checks/protocol-missing.md")]

use super::{Check, Context, Fault, Finding, Level};
use crate::policy::Rule;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "protocol-missing",
    summary: "a rule without a protocol",
    page: include_str!("../../../../docs/checks/protocol-missing.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.written(), |rule| match rule {
        Rule::Network(rule) if rule.protocols.is_empty() => Some(refused("`TCP`, `UDP`, `ICMP` or `Any`")),
        Rule::Nat(rule) if rule.protocols.is_empty() => Some(refused("`TCP` or `UDP`")),
        // FQDN tags bring HTTP and HTTPS with them.
        Rule::Application(rule) if rule.protocols.is_empty() && rule.fqdn_tags.is_empty() => {
            let message = "no protocol: Azure has kept such rules, what they match is not documented, \
                           and here they match nothing";
            Some(Fault::new(Level::Warning, message, "write `Https:443` or what else the rule is for", None))
        }
        Rule::Network(_) | Rule::Nat(_) | Rule::Application(_) => None,
    })
}

fn refused(expected: &str) -> Fault {
    let message = "no protocol: Azure refuses the rule, and here it matches nothing";
    Fault::new(Level::Error, message, format!("write {expected}"), None)
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
                r: none * -> * : 443"#,
            expect![[r#"
                error of g/n/r in line 5: no protocol: Azure refuses the rule, and here it matches nothing
            "#]],
        );
        check(
            &CHECK,
            r#"
            policy p
            group g 100
              allow application a 100
                r: none * -> www.example.com"#,
            expect![[r#"
                warning of g/a/r in line 5: no protocol: Azure has kept such rules, what they match is not documented, and here they match nothing
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
                r: icmp * -> *"#,
            expect![""],
        );
        check(
            &CHECK,
            r#"
            policy p
            group g 100
              allow application a 100
                r: none * -> tag WindowsUpdate"#,
            expect![""],
        );
    }
}
