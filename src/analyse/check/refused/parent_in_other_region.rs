#![doc = include_str!("../../../../docs/checks/parent-in-other-region.md")]

use super::{Check, Context, Finding, Level};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "parent-in-other-region",
    summary: "a policy in another region than its parent",
    page: include_str!("../../../../docs/checks/parent-in-other-region.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let [parent, child] = context.ruleset.layers.as_slice() else { return Vec::new() };
    let region = |layer: &crate::compile::LayerOutline| {
        layer.settings.as_ref()?.location.clone().filter(|text| !text.starts_with('['))
    };
    let (Some(of_parent), Some(of_child)) = (region(parent), region(child)) else {
        return Vec::new();
    };
    if plain(&of_parent) == plain(&of_child) {
        return Vec::new();
    }
    let message = format!(
        "policy `{}` is in `{of_child}`, its parent `{}` in `{of_parent}`: both must be in one region",
        child.name.value, parent.name.value
    );
    let help = "move one of the policies; firewalls of other regions can use either";
    vec![Finding::new(CHECK.name, Level::Error, message).with_help(help).at(child.name.span)]
}

/// `West Europe` and `westeurope` are one region.
fn plain(region: &str) -> String {
    region.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase()
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
              location westeurope
            policy p
              location northeurope
              parent base
            group g 100
              allow network n 100
                r: tcp * -> * : 22
            group h 100 of base"#,
            expect![[r#"
                error of policy in line 4: policy `p` is in `northeurope`, its parent `base` in `westeurope`: both must be in one region
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            policy base
              location westeurope
            policy p
              location "West Europe"
              parent base
            group g 100
            group h 100 of base"#,
            expect![""],
        );
        check(
            &CHECK,
            r#"
            policy base
              location westeurope
            policy p
              parent base
            group g 100
            group h 100 of base"#,
            expect![""],
        );
    }
}
