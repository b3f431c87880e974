#![doc = include_str!("../../../../docs/checks/tags-beside-fqdns.md")]

use super::{Check, Context, Fault, Finding, Level, place};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "tags-beside-fqdns",
    summary: "FQDN tags and target FQDNs in one rule",
    page: include_str!("../../../../docs/checks/tags-beside-fqdns.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let is_classic = context.is_classic();
    context.faults(&CHECK, context.application_rules(), |rule| {
        if rule.fqdn_tags.is_empty() || rule.target_fqdns.is_empty() {
            return None;
        }
        let (level, message) = if is_classic {
            (Level::Error, "FQDN tags beside target FQDNs: Azure CLI and Terraform refuse that in a classic firewall")
        } else {
            (Level::Warning, "FQDN tags beside target FQDNs: Azure CLI refuses that")
        };
        let help = "write one rule for the tags and one for the names";
        Some(Fault::new(level, message, help, place(&rule.fqdn_tags)))
    })
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
            policy p
            group g 100
              allow application a 100
                r: https:443 * -> tag WindowsUpdate, www.example.com"#,
            expect![[r#"
                warning of g/a/r in line 5: FQDN tags beside target FQDNs: Azure CLI refuses that
            "#]],
        );
        check(
            &CHECK,
            r#"
            firewall f
              allow application a 100
                r: https:443 * -> tag WindowsUpdate, www.example.com"#,
            expect![[r#"
                error of a/r in line 4: FQDN tags beside target FQDNs: Azure CLI and Terraform refuse that in a classic firewall
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            policy p
            group g 100
              allow application a 100
                r: https:443 * -> tag WindowsUpdate
                s: https:443 * -> www.example.com"#,
            expect![""],
        );
    }
}
