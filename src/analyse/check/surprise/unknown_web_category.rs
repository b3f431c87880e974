#![doc = include_str!("../../../../docs/checks/unknown-web-category.md")]

use super::known_names::{WEB_CATEGORIES, instead};
use super::{Check, Context, Fault, Finding, Level, values};
use crate::compile::letters;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "unknown-web-category",
    summary: "a web category that is none that is known",
    page: include_str!("../../../../docs/checks/unknown-web-category.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.application_rules(), |rule| {
        let unknown = values(&rule.web_categories).filter(|(category, _)| {
            WEB_CATEGORIES.iter().all(|known| letters(known) != letters(category))
        });
        let fault = |(category, span): (&smol_str::SmolStr, _)| {
            let help = match instead(category, WEB_CATEGORIES.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "see the list of web categories on the check's page".to_owned(),
            };
            let message = format!(
                "`{category}` is no web category that the API was known to take in August 2026"
            );
            Fault::new(Level::Warning, message, help, span)
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
                r: https:443 * -> category PornographyOrSexuallyExplicit, category Newz"#,
            expect![[r#"
                warning of g/a/r in line 5: `PornographyOrSexuallyExplicit` is no web category that the API was known to take in August 2026
                warning of g/a/r in line 5: `Newz` is no web category that the API was known to take in August 2026
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
                r: https:443 * -> category socialnetworking, category "Social networking""#,
            expect![""],
        );
    }
}
