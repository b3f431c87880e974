#![doc = include_str!("../../../../docs/checks/too-many-ip-groups.md")]

use std::collections::BTreeSet;

use super::super::{Check, Context, Finding, Level};
use super::{Limit, count};
use crate::policy::Rule;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "too-many-ip-groups",
    summary: "more IP Groups than a firewall takes",
    page: include_str!("../../../../docs/checks/too-many-ip-groups.md"),
    controls: &[],
    run,
};

const LIMIT: Limit = Limit { max: 200, above: Level::Error, as_of: "March 2026" };

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut groups = BTreeSet::new();
    for (_, rule) in context.written() {
        let destinations = match rule {
            Rule::Network(rule) => rule.destination_ip_groups.as_slice(),
            Rule::Application(_) | Rule::Nat(_) => &[],
        };
        let all = rule.head().source_ip_groups.iter().chain(destinations);
        groups.extend(all.map(|entry| entry.value.to_string().to_ascii_lowercase()));
    }
    let finding = LIMIT.finding(&CHECK, count(groups.len()), "IP Groups in the rules");
    let help = "join groups that the same rules use";
    finding.map(|finding| finding.with_help(help)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    fn text(count: u32) -> String {
        let groups: Vec<String> = (0..count).map(|number| format!("@group{number}")).collect();
        format!(
            "policy p\ngroup g 100\n  allow network n 100\n    r: tcp {} -> @group0 : 443\n",
            groups.join(", ")
        )
    }

    #[test]
    fn the_headroom_is_told() {
        check(
            &CHECK,
            &text(201),
            expect![[r#"
            error of policy: 201 of 200 IP Groups in the rules: above the limit (as of March 2026)
        "#]],
        );
        check(
            &CHECK,
            &text(160),
            expect![[r#"
            warning of policy: 160 of 200 IP Groups in the rules: near the limit (as of March 2026)
        "#]],
        );
        check(
            &CHECK,
            &text(100),
            expect![[r#"
            info of policy: 100 of 200 IP Groups in the rules: half of the limit is used (as of March 2026)
        "#]],
        );
    }

    #[test]
    fn far_below_the_limit_nothing_is_said() {
        check(&CHECK, &text(99), expect![""]);
    }
}
