#![doc = include_str!("../../../../docs/checks/target-missing.md")]

use super::{Check, Context, Fault, Finding, Level};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "target-missing",
    summary: "an application rule without a target",
    page: include_str!("../../../../docs/checks/target-missing.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.application_rules(), |rule| {
        let is_there = !rule.target_fqdns.is_empty()
            || !rule.target_urls.is_empty()
            || !rule.fqdn_tags.is_empty()
            || !rule.web_categories.is_empty();
        (!is_there).then(|| {
            let message = "no target: Azure refuses the rule, and here it matches nothing";
            let help = "name target FQDNs, URLs, FQDN tags or web categories; `*` is every name";
            Fault::new(Level::Error, message, help, None)
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
              allow application a 100
                r: https:443 * -> none"#,
            expect![[r#"
                error of g/a/r in line 5: no target: Azure refuses the rule, and here it matches nothing
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
                r: https:443 * -> category News"#,
            expect![""],
        );
    }
}
