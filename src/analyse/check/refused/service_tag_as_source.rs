#![doc = include_str!("../../../../docs/checks/service-tag-as-source.md")]

use super::{Check, Context, Fault, Finding, Level, values};
use crate::policy::Address;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "service-tag-as-source",
    summary: "a service tag where a source address belongs",
    page: include_str!("../../../../docs/checks/service-tag-as-source.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.written(), |rule| {
        let tags = values(&rule.head().sources).filter_map(|(address, span)| match address {
            Address::ServiceTag(tag) => Some((tag, span)),
            Address::Any | Address::Range(_) => None,
        });
        let fault = |(tag, span)| {
            let message = format!("`{tag}` as a source matches nothing: a service tag can only be a destination of a network rule");
            Fault::new(Level::Error, message, "write addresses, prefixes, ranges, `*` or an IP Group", span)
        };
        tags.map(fault).collect::<Vec<_>>()
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
              allow network n 100
                r: tcp tag Sql.WestEurope, 10.0.0.0/8 -> * : 443"#,
            expect![[r#"
                error of g/n/r in line 5: `Sql.WestEurope` as a source matches nothing: a service tag can only be a destination of a network rule
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
              allow network n 100
                r: tcp 10.0.0.0/8 -> Sql.WestEurope : 1433"#,
            expect![""],
        );
    }
}
