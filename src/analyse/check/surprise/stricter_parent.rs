#![doc = include_str!("../../../../docs/checks/stricter-parent.md")]

use super::{Check, Context, Finding, Level};
use crate::policy::ThreatIntelMode;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "stricter-parent",
    summary: "a child policy that asks for laxer threat intelligence than its parent",
    page: include_str!("../../../../docs/checks/stricter-parent.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let [parent, child] = context.ruleset.layers.as_slice() else { return Vec::new() };
    let written =
        |layer: &crate::compile::LayerOutline| layer.settings.as_ref()?.threat_intel_mode.clone();
    // A parent that says nothing alerts.
    let of_parent = written(parent).map_or(ThreatIntelMode::Alert, |mode| mode.value);
    let Some(own) = written(child).filter(|mode| mode.value < of_parent) else { return Vec::new() };
    let message = format!(
        "threat intelligence is {} here and {} in the parent `{}`: the stricter one counts",
        own.value.name(),
        of_parent.name(),
        parent.name.value
    );
    let help = format!("write {}, so that the file says what happens", of_parent.name());
    vec![Finding::new(CHECK.name, Level::Warning, message).with_help(help).at(own.span)]
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
            policy base
              threat-intel Deny
            policy p
              threat-intel Off
              parent base
            group g 100
            group h 100 of base"#,
            expect![[r#"
                warning of policy in line 5: threat intelligence is Off here and Deny in the parent `base`: the stricter one counts
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            policy base
              threat-intel Alert
            policy p
              threat-intel Deny
              parent base
            group g 100
            group h 100 of base"#,
            expect![""],
        );
        check(
            &CHECK,
            r#"
            policy base
              threat-intel Deny
            policy p
              parent base
            group g 100
            group h 100 of base"#,
            expect![""],
        );
    }
}
