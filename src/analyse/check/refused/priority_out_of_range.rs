#![doc = include_str!("../../../../docs/checks/priority-out-of-range.md")]

use super::{Check, Context, Finding, Level};
use crate::policy::Priority;
use crate::source::Spanned;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "priority-out-of-range",
    summary: "a group or collection with a priority that Azure does not take",
    page: include_str!("../../../../docs/checks/priority-out-of-range.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut look = |what: &str, name: &str, priority: &Spanned<Priority>| {
        if !(100..=65_000).contains(&priority.value) {
            let message = format!(
                "{what} `{name}` has priority {}: Azure takes 100 to 65000",
                priority.value
            );
            findings.push(
                Finding::new(CHECK.name, Level::Error, message)
                    .with_help(
                        "give it a priority within the range; the order among the others can stay",
                    )
                    .at(priority.span),
            );
        }
    };
    for layer in &context.ruleset.layers {
        for group in &layer.groups {
            look("rule collection group", &group.name.value, &group.priority);
        }
        for (_, collection) in layer.collections() {
            look("rule collection", &collection.name.value, &collection.priority);
        }
    }
    findings
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
            group low 99
              allow network n 65001
                r: tcp * -> * : 22"#,
            expect![[r#"
                error of policy in line 3: rule collection group `low` has priority 99: Azure takes 100 to 65000
                error of policy in line 4: rule collection `n` has priority 65001: Azure takes 100 to 65000
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
              allow network n 65000
                r: tcp * -> * : 22"#,
            expect![""],
        );
    }
}
