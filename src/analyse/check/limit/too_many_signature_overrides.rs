#![doc = include_str!("../../../../docs/checks/too-many-signature-overrides.md")]

use super::super::{Check, Context, Finding, Level};
use super::{Limit, count};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "too-many-signature-overrides",
    summary: "more IDPS signature overrides than Azure takes",
    page: include_str!("../../../../docs/checks/too-many-signature-overrides.md"),
    controls: &[],
    run,
};

const LIMIT: Limit = Limit { max: 10_000, above: Level::Error, as_of: "March 2025" };

fn run(context: &Context<'_>) -> Vec<Finding> {
    let settings = context.ruleset.layers.iter().filter_map(|layer| layer.settings.as_ref());
    let finding = |idps: &crate::policy::IntrusionDetection| {
        let finding =
            LIMIT.finding(&CHECK, count(idps.overrides.len()), "IDPS signature overrides")?;
        let span = idps.overrides.first().and_then(|entry| entry.id.span);
        Some(
            finding
                .with_help("set the mode of the policy, and override only what differs from it")
                .at(span),
        )
    };
    settings
        .filter_map(|settings| settings.intrusion_detection.as_ref())
        .filter_map(finding)
        .collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    fn text(count: u32) -> String {
        let overrides: Vec<String> = (0..count)
            .map(|number| format!("  idps-signature {} Alert\n", 2_000_000 + number))
            .collect();
        let overrides = overrides.concat();
        format!("policy p\n  tier Premium\n{overrides}group g 100\n")
    }

    #[test]
    fn the_headroom_is_told() {
        check(
            &CHECK,
            &text(10_001),
            expect![[r#"
            error of policy in line 3: 10,001 of 10,000 IDPS signature overrides: above the limit (as of March 2025)
        "#]],
        );
        check(
            &CHECK,
            &text(5_000),
            expect![[r#"
            info of policy in line 3: 5,000 of 10,000 IDPS signature overrides: half of the limit is used (as of March 2025)
        "#]],
        );
    }

    #[test]
    fn far_below_the_limit_nothing_is_said() {
        check(&CHECK, &text(4_999), expect![""]);
    }
}
