#![doc = include_str!("../../../../docs/checks/translated-address-missing.md")]

use super::{Check, Context, Fault, Finding, Level};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "translated-address-missing",
    summary: "a DNAT rule that does not say where to",
    page: include_str!("../../../../docs/checks/translated-address-missing.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.nat_rules(), |rule| {
        let is_missing = rule.translated_address.is_none() && rule.translated_fqdn.is_none();
        is_missing.then(|| {
            let message =
                "neither a translated address nor a translated FQDN: Azure refuses the rule";
            Fault::new(Level::Error, message, "set `translatedAddress` or `translatedFqdn`", None)
        })
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
              dnat d 100
                r: tcp * -> 203.0.113.3 : 443 => none : 8443"#,
            expect![[r#"
                error of g/d/r in line 5: neither a translated address nor a translated FQDN: Azure refuses the rule
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
              dnat d 100
                r: tcp * -> 203.0.113.3 : 443 => 10.0.2.10 : 8443
                s: tcp * -> 203.0.113.3 : 444 => fqdn app.example.com : 8443"#,
            expect![""],
        );
    }
}
