#![doc = include_str!("../../../../docs/checks/ip-group-too-large.md")]

use super::super::{Check, Context, Finding, Level};
use super::{Limit, count};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "ip-group-too-large",
    summary: "an IP Group with more entries than Azure takes",
    page: include_str!("../../../../docs/checks/ip-group-too-large.md"),
    controls: &[],
    run,
};

const LIMIT: Limit = Limit { max: 5_000, above: Level::Error, as_of: "March 2026" };

fn run(context: &Context<'_>) -> Vec<Finding> {
    let finding = |group: &crate::policy::IpGroup| {
        let what = format!("entries in IP Group `{}`", group.name.value);
        let finding = LIMIT.finding(&CHECK, count(group.addresses.len()), what)?;
        let help = "join neighbouring prefixes, or split the list into several groups";
        Some(finding.with_help(help).at(group.name.span))
    };
    context.inventory.ip_groups.iter().filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    fn text(count: u32) -> String {
        let entries: Vec<String> =
            (0..count).map(|number| format!("10.{}.{}.0/24", number / 250, number % 250)).collect();
        format!(
            "policy p\ngroup g 100\n  allow network n 100\n    r: tcp @many -> * : 443\nip-group many = {}\n",
            entries.join(", ")
        )
    }

    #[test]
    fn the_headroom_is_told() {
        check(
            &CHECK,
            &text(5001),
            expect![[r#"
            error of policy in line 5: 5,001 of 5,000 entries in IP Group `many`: above the limit (as of March 2026)
        "#]],
        );
        check(
            &CHECK,
            &text(2500),
            expect![[r#"
            info of policy in line 5: 2,500 of 5,000 entries in IP Group `many`: half of the limit is used (as of March 2026)
        "#]],
        );
    }

    #[test]
    fn far_below_the_limit_nothing_is_said() {
        check(&CHECK, &text(2499), expect![""]);
    }
}
