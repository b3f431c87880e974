#![doc = include_str!("../../../../docs/checks/source-missing.md")]

use super::{Check, Context, Fault, Finding, Level};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "source-missing",
    summary: "a rule without a source",
    page: include_str!("../../../../docs/checks/source-missing.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.written(), |rule| {
        let head = rule.head();
        (head.sources.is_empty() && head.source_ip_groups.is_empty()).then(|| {
            let message = "no source: Azure refuses the rule, and here it matches nothing";
            Fault::new(
                Level::Error,
                message,
                "name source addresses or IP Groups; `*` is every source",
                None,
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
                r: tcp none -> * : 443"#,
            expect![[r#"
                error of g/n/r in line 5: no source: Azure refuses the rule, and here it matches nothing
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
