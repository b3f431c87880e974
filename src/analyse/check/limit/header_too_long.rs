#![doc = include_str!("../../../../docs/checks/header-too-long.md")]

use super::super::written::Fault;
use super::super::{Check, Context, Finding, Level};
use super::Grouped;
use super::count;
use crate::policy::ApplicationRule;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "header-too-long",
    summary: "an inserted header that is longer than Azure takes",
    page: include_str!("../../../../docs/checks/header-too-long.md"),
    controls: &[],
    run,
};

const NAME_MAX: usize = 100;
const VALUE_MAX: usize = 16_000;
/// All names and values of a rule together.
const SUM_MAX: usize = 16_384;

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.application_rules(), faults)
}

fn faults(rule: &ApplicationRule) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |what: String, length: usize, max: usize, span| {
        if length > max {
            let message = format!(
                "{what} has {} of {} characters (limit as of July 2026)",
                Grouped(count(length)),
                Grouped(count(max))
            );
            faults.push(Fault::new(
                Level::Error,
                message,
                "shorten it, or insert fewer headers",
                span,
            ));
        }
    };
    let mut sum = 0;
    for header in &rule.http_headers {
        let (name, value) = (header.value.name.len(), header.value.value.len());
        fault(
            format!("the name of header `{:.20}…`", header.value.name),
            name,
            NAME_MAX,
            header.span,
        );
        fault(
            format!("the value of header `{:.20}`", header.value.name),
            value,
            VALUE_MAX,
            header.span,
        );
        sum += name + value;
    }
    let first = rule.http_headers.first().and_then(|header| header.span);
    fault("the sum of all headers".to_owned(), sum, SUM_MAX, first);
    faults
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    fn text(name: usize, value: usize) -> String {
        let (name, value) = ("X".repeat(name), "y".repeat(value));
        format!(
            "policy p\ngroup g 100\n  allow application a 100\n    r: http:80 * -> www.example.com header {name} \"{value}\" header Z \"z\"\n"
        )
    }

    #[test]
    fn the_headroom_is_told() {
        check(
            &CHECK,
            &text(101, 10),
            expect![[r#"
            error of g/a/r in line 4: the name of header `XXXXXXXXXXXXXXXXXXXX…` has 101 of 100 characters (limit as of July 2026)
        "#]],
        );
        check(
            &CHECK,
            &text(10, 16_001),
            expect![[r#"
            error of g/a/r in line 4: the value of header `XXXXXXXXXX` has 16,001 of 16,000 characters (limit as of July 2026)
        "#]],
        );
        check(
            &CHECK,
            &text(90, 16_300),
            expect![[r#"
            error of g/a/r in line 4: the value of header `XXXXXXXXXXXXXXXXXXXX` has 16,300 of 16,000 characters (limit as of July 2026)
            error of g/a/r in line 4: the sum of all headers has 16,392 of 16,384 characters (limit as of July 2026)
        "#]],
        );
    }

    #[test]
    fn far_below_the_limit_nothing_is_said() {
        check(&CHECK, &text(100, 15_000), expect![""]);
    }
}
