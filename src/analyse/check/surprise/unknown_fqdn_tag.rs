#![doc = include_str!("../../../../docs/checks/unknown-fqdn-tag.md")]

use super::known_names::{FQDN_TAGS, instead, is_office};
use super::{Check, Context, Fault, Finding, Level, values};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "unknown-fqdn-tag",
    summary: "an FQDN tag that is none that is known",
    page: include_str!("../../../../docs/checks/unknown-fqdn-tag.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.application_rules(), |rule| {
        let unknown = values(&rule.fqdn_tags).filter(|(tag, _)| {
            let is_listed = FQDN_TAGS.iter().any(|known| known.eq_ignore_ascii_case(tag));
            // A table of the user's own knows better than a list of a certain day.
            !is_listed && !is_office(tag) && context.ruleset.tables.fqdn_tag(tag).is_none()
        });
        let fault = |(tag, span): (&smol_str::SmolStr, _)| {
            let help = match instead(tag, FQDN_TAGS.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "Microsoft defines FQDN tags; write other names as target FQDNs".to_owned(),
            };
            Fault::new(
                Level::Warning,
                format!("`{tag}` is no FQDN tag that was known in March 2026"),
                help,
                span,
            )
        };
        unknown.map(fault).collect::<Vec<_>>()
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
                r: https:443 * -> tag WindowsUpdates, tag Nonsense"#,
            expect![[r#"
                warning of g/a/r in line 5: `WindowsUpdates` is no FQDN tag that was known in March 2026
                warning of g/a/r in line 5: `Nonsense` is no FQDN tag that was known in March 2026
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
                r: https:443 * -> tag WINDOWSUPDATE, tag HDInsight, tag Office365.Skype.Optimize"#,
            expect![""],
        );
    }
}
