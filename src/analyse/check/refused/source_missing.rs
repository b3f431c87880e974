#![doc = include_str!("../../../../docs/checks/source-missing.md")]

use super::{Check, Context, Fault, Finding, Level};
use crate::policy::Rule;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "source-missing",
    summary: "a rule without a source",
    page: include_str!("../../../../docs/checks/source-missing.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let is_classic = context.is_classic();
    context.faults(&CHECK, context.written(), |rule| {
        let head = rule.head();
        if !head.sources.is_empty() || !head.source_ip_groups.is_empty() {
            return None;
        }
        // Published templates of classic firewalls leave it out in application rules.
        let (level, message) = if is_classic && matches!(rule, Rule::Application(_)) {
            let message = "no source: what Azure makes of that is not documented, here the rule matches nothing";
            (Level::Warning, message)
        } else {
            (Level::Error, "no source: Azure refuses the rule, and here it matches nothing")
        };
        let help = "name source addresses or IP Groups; `*` is every source";
        Some(Fault::new(level, message, help, None))
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
                r: tcp none -> * : 443"#,
            expect![[r#"
                error of g/n/r in line 5: no source: Azure refuses the rule, and here it matches nothing
            "#]],
        );
    }

    #[test]
    fn an_application_rule_of_a_classic_firewall_is_doubtful() {
        check(
            &CHECK,
            "firewall f\n  allow application a 100\n    r: https:443 none -> www.example.com\n",
            expect![[r#"
                warning of a/r in line 3: no source: what Azure makes of that is not documented, here the rule matches nothing
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
                r: tcp @nodes -> * : 443"#,
            expect![""],
        );
    }
}
