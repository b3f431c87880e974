#![doc = include_str!("../../../../docs/checks/network-rules-too-large.md")]

use std::collections::BTreeSet;

use super::super::{Check, Context, Finding, Level};
use super::{Grouped, Limit, count};
use crate::policy::NetworkRule;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "network-rules-too-large",
    summary: "sources times destinations of all network rules near or above what Azure takes",
    page: include_str!("../../../../docs/checks/network-rules-too-large.md"),
    controls: &[],
    run,
};

const LIMIT: Limit = Limit { max: 20_000, above: Level::Error, as_of: "October 2023" };

/// How many of the largest rules are named.
const SHOWN: usize = 3;

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut sizes: Vec<_> =
        context.network_rules().map(|(rule, written)| (pairs(written), rule)).collect();
    let total = sizes.iter().map(|(pairs, _)| pairs).sum();
    sizes.sort_by_key(|(pairs, _)| std::cmp::Reverse(*pairs));
    let largest: Vec<_> = sizes.iter().take(SHOWN).collect();
    let Some((_, first)) = largest.first() else { return Vec::new() };
    let what = "pairs of sources and destinations in network rules";
    let Some(finding) = LIMIT.finding(&CHECK, total, what) else { return Vec::new() };
    let detail = |(pairs, rule): &&(u64, _)| {
        format!("`{}` has {}", context.ruleset.path(*rule), Grouped(*pairs))
    };
    vec![
        finding
            .at(context.ruleset.info(*first).span)
            .with_details(largest.iter().map(detail))
            .with_help("put long lists of addresses into IP Groups: a group counts as one entry"),
    ]
}

/// Unique sources times unique destinations; an IP Group counts as one of either.
fn pairs(rule: &NetworkRule) -> u64 {
    let mut sources = BTreeSet::new();
    sources.extend(rule.head.sources.iter().map(|entry| entry.value.to_string()));
    sources.extend(rule.head.source_ip_groups.iter().map(|entry| entry.value.to_string()));
    let mut destinations = BTreeSet::new();
    destinations.extend(rule.destinations.iter().map(|entry| entry.value.to_string()));
    destinations.extend(rule.destination_ip_groups.iter().map(|entry| entry.value.to_string()));
    destinations.extend(rule.destination_fqdns.iter().map(|entry| entry.value.to_string()));
    count(sources.len()).saturating_mul(count(destinations.len()))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    /// One rule with `count` sources and a hundred destinations, where a group counts as one.
    fn text(count: u32) -> String {
        let sources: Vec<String> =
            (0..count).map(|number| format!("10.1.{}.{}", number / 250, number % 250)).collect();
        let destinations: Vec<String> = (0..99).map(|number| format!("10.2.0.{number}")).collect();
        format!(
            "policy p\ngroup g 100\n  allow network n 100\n    r: tcp {} -> {}, @servers : 443\nip-group servers = 10.3.0.0/24, 10.4.0.0/24\n",
            sources.join(", "),
            destinations.join(", ")
        )
    }

    #[test]
    fn the_headroom_is_told() {
        check(
            &CHECK,
            &text(201),
            expect![[r#"
            error of policy in line 4: 20,100 of 20,000 pairs of sources and destinations in network rules: above the limit (as of October 2023)
              - `g/n/r` has 20,100
        "#]],
        );
        check(
            &CHECK,
            &text(173),
            expect![[r#"
            warning of policy in line 4: 17,300 of 20,000 pairs of sources and destinations in network rules: near the limit (as of October 2023)
              - `g/n/r` has 17,300
        "#]],
        );
        check(
            &CHECK,
            &text(100),
            expect![[r#"
            info of policy in line 4: 10,000 of 20,000 pairs of sources and destinations in network rules: half of the limit is used (as of October 2023)
              - `g/n/r` has 10,000
        "#]],
        );
    }

    #[test]
    fn far_below_the_limit_nothing_is_said() {
        check(&CHECK, &text(99), expect![""]);
    }
}
