#![doc = include_str!("../../../../docs/checks/too-many-groups.md")]

use super::super::{Check, Context, Finding, Level};
use super::count;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "too-many-groups",
    summary: "more rule collection groups than a policy takes",
    page: include_str!("../../../../docs/checks/too-many-groups.md"),
    controls: &[],
    run,
};

/// Microsoft's page on limits (October 2023) names 50 for a policy made before July 2022 and 60 for
/// a later one; a public landing zone cites it with 90.
const MAX: [u64; 3] = [50, 60, 90];

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for layer in &context.ruleset.layers {
        let groups = count(layer.groups.len());
        let Some((level, standing)) = standing(groups) else { continue };
        let message = format!(
            "policy `{}` has {groups} rule collection groups: {standing}",
            layer.name.value
        );
        findings.push(
            Finding::new(CHECK.name, level, message)
                .with_help("join groups: one can hold collections of all types")
                .at(layer.name.span),
        );
    }
    findings
}

fn standing(groups: u64) -> Option<(Level, String)> {
    let [old, documented, newest] = MAX;
    let (level, standing) = match groups {
        _ if groups > newest => {
            (Level::Error, format!("above {newest}, the highest limit that is named anywhere"))
        }
        _ if groups > documented => (
            Level::Warning,
            format!(
                "above the limit of {documented} (as of October 2023); a later text names {newest}"
            ),
        ),
        _ if groups > old => (
            Level::Info,
            format!(
                "above {old}, the limit of a policy made before July 2022; a later one takes {documented} (as of October 2023)"
            ),
        ),
        _ if groups * 5 >= old * 4 => (
            Level::Info,
            format!(
                "near {old}, the limit of a policy made before July 2022; a later one takes {documented} (as of October 2023)"
            ),
        ),
        _ => return None,
    };
    Some((level, standing))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    fn text(count: u32) -> String {
        let groups: Vec<String> =
            (0..count).map(|number| format!("group g{number} {}\n", 100 + number)).collect();
        let groups = groups.concat();
        format!("policy p\n{groups}")
    }

    #[test]
    fn the_headroom_is_told() {
        check(
            &CHECK,
            &text(91),
            expect![[r#"
            error of policy in line 1: policy `p` has 91 rule collection groups: above 90, the highest limit that is named anywhere
        "#]],
        );
        check(
            &CHECK,
            &text(61),
            expect![[r#"
            warning of policy in line 1: policy `p` has 61 rule collection groups: above the limit of 60 (as of October 2023); a later text names 90
        "#]],
        );
        check(
            &CHECK,
            &text(51),
            expect![[r#"
            info of policy in line 1: policy `p` has 51 rule collection groups: above 50, the limit of a policy made before July 2022; a later one takes 60 (as of October 2023)
        "#]],
        );
        check(
            &CHECK,
            &text(40),
            expect![[r#"
            info of policy in line 1: policy `p` has 40 rule collection groups: near 50, the limit of a policy made before July 2022; a later one takes 60 (as of October 2023)
        "#]],
        );
    }

    #[test]
    fn far_below_the_limit_nothing_is_said() {
        check(&CHECK, &text(39), expect![""]);
    }
}
