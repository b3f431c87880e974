#![doc = include_str!("../../../../docs/checks/group-too-large.md")]

use super::super::{Check, Context, Finding, Level};
use super::count;
use super::{Grouped, json_size};
use crate::compile::GroupOutline;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "group-too-large",
    summary: "a rule collection group near or above the size that Azure takes",
    page: include_str!("../../../../docs/checks/group-too-large.md"),
    controls: &[],
    run,
};

/// In bytes, for a policy made since July 2022.
const MAX: u64 = 2_000_000;
/// For an older policy.
const MAX_BEFORE_2022: u64 = 1_000_000;
const AS_OF: &str = "October 2023";

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for layer in context.ruleset.layers.iter().filter(|layer| !layer.is_classic) {
        for group in &layer.groups {
            let (bytes, origin) = match reported(group) {
                Some(bytes) => (bytes, "as the service reports"),
                None => (estimated(context, &layer.name.value, group), "by the length of its JSON"),
            };
            let Some((level, standing)) = standing(bytes) else { continue };
            let message = format!(
                "rule collection group `{}` has {} of {} kB, {origin}: {standing} (as of {AS_OF})",
                group.name.value,
                Grouped(bytes / 1000),
                Grouped(MAX / 1000),
            );
            findings.push(
                Finding::new(CHECK.name, level, message)
                    .with_help("move collections to another group, and long lists of addresses to IP Groups")
                    .at(group.name.span),
            );
        }
    }
    findings
}

fn standing(bytes: u64) -> Option<(Level, &'static str)> {
    match bytes {
        _ if bytes > MAX => Some((Level::Error, "above the limit")),
        _ if bytes * 5 >= MAX * 4 => Some((Level::Warning, "near the limit")),
        _ if bytes > MAX_BEFORE_2022 => Some((
            Level::Info,
            "above the limit of a policy that was made before July 2022, which is 1,000 kB",
        )),
        _ if bytes * 5 >= MAX_BEFORE_2022 * 4 => Some((
            Level::Info,
            "near the limit of a policy that was made before July 2022, which is 1,000 kB",
        )),
        _ => None,
    }
}

fn estimated(context: &Context<'_>, policy: &str, group: &GroupOutline) -> u64 {
    let info = context.ruleset.rules().map(|rule| context.ruleset.info(rule));
    let own = info.filter(|info| {
        info.path.group.as_ref() == Some(&group.name.value)
            && info.path.policy.as_ref().is_some_and(|name| name == policy)
    });
    let rules: usize = own.map(|info| json_size::of_rule(&info.written)).sum();
    let collections = group.collections.iter();
    let frames: usize =
        collections.map(|collection| json_size::of_collection(&collection.name.value)).sum();
    count(rules + frames)
}

/// The read-only `size`, such as `0.00160408 MB`, in bytes.
fn reported(group: &GroupOutline) -> Option<u64> {
    let text = group.size.as_ref()?.trim();
    let number = text.strip_suffix("MB").or_else(|| text.strip_suffix("mb"))?.trim();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    // Six decimals of a megabyte are bytes.
    let fraction: String = fraction.chars().chain("000000".chars()).take(6).collect();
    Some(whole.parse::<u64>().ok()?.checked_mul(1_000_000)? + fraction.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    /// A group with the size that the service reports, or with `rules` rules when there is none.
    fn text(size: &str, rules: u32) -> String {
        let size = if size.is_empty() { String::new() } else { format!("  size \"{size}\"\n") };
        let description = "a description that makes the rule long ".repeat(250);
        let rules: Vec<String> = (0..rules)
            .map(|number| {
                format!("    r{number}: tcp * -> 192.0.2.1 : {} \"{description}\"\n", number + 1)
            })
            .collect();
        let rules = rules.concat();
        format!("policy p\ngroup g 100\n{size}  allow network n 100\n{rules}")
    }

    #[test]
    fn the_headroom_is_told() {
        check(
            &CHECK,
            &text("2.00160408 MB", 1),
            expect![[r#"
            error of policy in line 2: rule collection group `g` has 2,001 of 2,000 kB, as the service reports: above the limit (as of October 2023)
        "#]],
        );
        check(
            &CHECK,
            &text("1.7 MB", 1),
            expect![[r#"
            warning of policy in line 2: rule collection group `g` has 1,700 of 2,000 kB, as the service reports: near the limit (as of October 2023)
        "#]],
        );
        check(
            &CHECK,
            &text("1.2 MB", 1),
            expect![[r#"
            info of policy in line 2: rule collection group `g` has 1,200 of 2,000 kB, as the service reports: above the limit of a policy that was made before July 2022, which is 1,000 kB (as of October 2023)
        "#]],
        );
        check(
            &CHECK,
            &text("0.9MB", 1),
            expect![[r#"
            info of policy in line 2: rule collection group `g` has 900 of 2,000 kB, as the service reports: near the limit of a policy that was made before July 2022, which is 1,000 kB (as of October 2023)
        "#]],
        );
        check(
            &CHECK,
            &text("", 90),
            expect![[r#"
            info of policy in line 2: rule collection group `g` has 898 of 2,000 kB, by the length of its JSON: near the limit of a policy that was made before July 2022, which is 1,000 kB (as of October 2023)
        "#]],
        );
    }

    #[test]
    fn far_below_the_limit_nothing_is_said() {
        check(&CHECK, &text("0.00160408 MB", 1), expect![""]);
        check(&CHECK, &text("", 2), expect![""]);
    }
}
