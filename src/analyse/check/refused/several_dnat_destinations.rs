#![doc = include_str!("../../../../docs/checks/several-dnat-destinations.md")]

use super::{Check, Context, Fault, Finding, Level, place};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "several-dnat-destinations",
    summary: "a DNAT rule with more than one destination address",
    page: include_str!("../../../../docs/checks/several-dnat-destinations.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.nat_rules(), |rule| {
        let count = rule.destinations.len();
        (count > 1).then(|| {
            let message = format!("{count} destination addresses: a DNAT rule takes one");
            let help = "write one rule for each address";
            Fault::new(Level::Warning, message, help, place(&rule.destinations))
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
                r: tcp * -> 203.0.113.3, 203.0.113.4 : 443 => 10.0.2.10 : 443"#,
            expect![[r#"
                warning of g/d/r in line 5: 2 destination addresses: a DNAT rule takes one
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
                r: tcp * -> 203.0.113.3 : 443 => 10.0.2.10 : 443"#,
            expect![""],
        );
    }
}
