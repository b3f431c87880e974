#![doc = include_str!("../../../../docs/checks/web-category-in-classic.md")]

use super::{Check, Context, Fault, Finding, Level, place};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "web-category-in-classic",
    summary: "policy features in the rules of a classic firewall",
    page: include_str!("../../../../docs/checks/web-category-in-classic.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    if !context.is_classic() {
        return Vec::new();
    }
    context.faults(&CHECK, context.application_rules(), |rule| {
        let (what, span) = match rule {
            _ if !rule.web_categories.is_empty() => ("web categories", place(&rule.web_categories)),
            _ if !rule.target_urls.is_empty() => ("target URLs", place(&rule.target_urls)),
            _ => return None,
        };
        let message = format!("{what} in a classic firewall: only a policy takes them");
        Some(Fault::new(Level::Error, message, "move the rules to a firewall policy", span))
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
            firewall f
              allow application a 100
                r: https:443 * -> category News
                u: http:80 * -> url www.example.com/a"#,
            expect![[r#"
                error of a/r in line 4: web categories in a classic firewall: only a policy takes them
                error of a/u in line 5: target URLs in a classic firewall: only a policy takes them
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
                r: https:443 * -> category News"#,
            expect![""],
        );
        check(
            &CHECK,
            r#"
            firewall f
              allow application a 100
                r: https:443 * -> www.example.com"#,
            expect![""],
        );
    }
}
