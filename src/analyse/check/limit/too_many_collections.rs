#![doc = include_str!("../../../../docs/checks/too-many-collections.md")]

use std::collections::BTreeSet;

use super::super::{Check, Context, Finding, Level};
use super::{Limit, count};
use crate::evaluate::RuleRef;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "too-many-collections",
    summary: "more collections of one type than Azure takes",
    page: include_str!("../../../../docs/checks/too-many-collections.md"),
    controls: &[],
    run,
};

const LIMIT: Limit = Limit { max: 2_000, above: Level::Error, as_of: "April 2025" };

fn run(context: &Context<'_>) -> Vec<Finding> {
    type IsType = fn(RuleRef) -> bool;
    let types: [(&str, IsType); 3] = [
        ("DNAT collections", |rule| matches!(rule, RuleRef::Nat(_))),
        ("network rule collections", |rule| matches!(rule, RuleRef::Network(_))),
        ("application rule collections", |rule| matches!(rule, RuleRef::Application(_))),
    ];
    let mut findings = Vec::new();
    for (what, is_type) in types {
        let paths = context
            .ruleset
            .rules()
            .filter(|rule| is_type(*rule))
            .map(|rule| context.ruleset.path(rule));
        let collections: BTreeSet<_> =
            paths.map(|path| (&path.policy, &path.group, &path.collection)).collect();
        let finding = LIMIT.finding(&CHECK, count(collections.len()), what);
        let help = "join collections of equal action that follow each other";
        findings.extend(finding.map(|finding| finding.with_help(help)));
    }
    findings
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    fn text(count: u32) -> String {
        let collections: Vec<String> = (0..count)
            .map(|number| {
                format!(
                    "  allow network n{number} {}\n    r: tcp * -> 192.0.2.1 : {}\n",
                    100 + number,
                    number + 1
                )
            })
            .collect();
        let collections = collections.concat();
        format!("policy p\ngroup g 100\n{collections}")
    }

    #[test]
    fn the_headroom_is_told() {
        check(
            &CHECK,
            &text(1000),
            expect![[r#"
            info of policy: 1,000 of 2,000 network rule collections: half of the limit is used (as of April 2025)
        "#]],
        );
    }

    #[test]
    fn far_below_the_limit_nothing_is_said() {
        check(&CHECK, &text(20), expect![""]);
    }
}
