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
    let written = |layer: &crate::compile::LayerOutline| {
        let mode = layer.settings.as_ref()?.threat_intel_mode.as_ref()?;
        Some((mode.value.value().copied(), mode.span))
    };
    // A parent that says nothing alerts; one whose mode is not known is not compared.
    let of_parent = match written(parent) {
        Some((Some(mode), _)) => mode,
        Some((None, _)) => return Vec::new(),
        None => ThreatIntelMode::Alert,
    };
    let Some((Some(own), span)) = written(child) else { return Vec::new() };
    if own >= of_parent {
        return Vec::new();
    }
    let message = format!(
        "threat intelligence is {} here and {} in the parent `{}`: the stricter one counts",
        own.name(),
        of_parent.name(),
        parent.name.value
    );
    let help = format!("write {}, so that the file says what happens", of_parent.name());
    vec![Finding::new(CHECK.name, Level::Warning, message).with_help(help).at(span)]
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
