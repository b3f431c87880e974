#![doc = include_str!("../../../../docs/checks/too-many-network-fqdns.md")]

use std::collections::BTreeSet;

use super::super::{Check, Context, Finding, Level};
use super::{Limit, count};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "too-many-network-fqdns",
    summary: "more names in network rules than Microsoft recommends",
    page: include_str!("../../../../docs/checks/too-many-network-fqdns.md"),
    controls: &[],
    run,
};

/// Advice on good performance, not a refusal.
const LIMIT: Limit = Limit { max: 1_000, above: Level::Warning, as_of: "October 2023" };

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut names = BTreeSet::new();
    let mut span = None;
    for (_, rule) in context.network_rules() {
        names.extend(rule.destination_fqdns.iter().map(|entry| entry.value.to_string()));
        span = span.or(super::super::written::place(&rule.destination_fqdns));
    }
    let finding = LIMIT.finding(&CHECK, count(names.len()), "FQDNs in network rules");
    let help = "move web traffic to application rules, which compare names without resolving them";
    finding.map(|finding| finding.with_help(help).at(span)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    fn text(count: u32) -> String {
        let names: Vec<String> =
            (0..count).map(|number| format!("fqdn host{number}.example.com")).collect();
        let names = names.join(", ");
        format!(
            "policy p\n  dns-proxy on\ngroup g 100\n  allow network n 100\n    r: tcp * -> {names} : 443\n"
        )
    }

    #[test]
    fn the_headroom_is_told() {
        check(
            &CHECK,
            &text(1001),
            expect![[r#"
            warning of policy in line 5: 1,001 of 1,000 FQDNs in network rules: above the limit (as of October 2023)
        "#]],
        );
        check(
            &CHECK,
            &text(500),
            expect![[r#"
            info of policy in line 5: 500 of 1,000 FQDNs in network rules: half of the limit is used (as of October 2023)
        "#]],
        );
    }

    #[test]
    fn far_below_the_limit_nothing_is_said() {
        check(&CHECK, &text(499), expect![""]);
    }
}
