#![doc = include_str!("../../../../docs/checks/application-destination-addresses.md")]

use super::{Check, Context, Finding, Level};
use crate::evaluate::RuleRef;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "application-destination-addresses",
    summary: "destination addresses in an application rule, whose effect is not documented",
    page: include_str!("../../../../docs/checks/application-destination-addresses.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let with = context.application_rules().filter(|(_, rule)| !rule.destinations.is_empty());
    let rules: Vec<RuleRef> = with.map(|(rule, _)| rule).collect();
    let finding = context.gathered(&CHECK, Level::Warning, &rules, |who| {
        let verb = if rules.len() == 1 { "has" } else { "have" };
        format!(
            "{who} {verb} `destinationAddresses` in an application rule: Azure takes them, and what they do is not documented"
        )
    });
    let help = "do not rely on them: limit by names, or by a network rule; `--app-destination-addresses and` shows what would change";
    finding.map(|finding| finding.with_help(help)).into_iter().collect()
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
                r: https:443 * -> www.example.com, address 192.0.2.1"#,
            expect![[r#"
                warning of g/a/r in line 5: this rule has `destinationAddresses` in an application rule: Azure takes them, and what they do is not documented
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
                r: https:443 * -> www.example.com"#,
            expect![""],
        );
    }
}
