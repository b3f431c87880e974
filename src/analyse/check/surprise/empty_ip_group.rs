#![doc = include_str!("../../../../docs/checks/empty-ip-group.md")]

use super::{Check, Context, Fault, Finding, Level};
use crate::policy::{IpGroupRef, Rule, Written};
use crate::source::Spanned;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "empty-ip-group",
    summary: "a rule that uses an IP Group without entries",
    page: include_str!("../../../../docs/checks/empty-ip-group.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.written(), |rule| {
        let head = rule.head();
        let sources = side(context, "source", &head.source_ip_groups, head.sources.is_empty());
        let destinations = match rule {
            Rule::Network(rule) => {
                let is_alone = rule.destinations.is_empty() && rule.destination_fqdns.is_empty();
                side(context, "destination", &rule.destination_ip_groups, is_alone)
            }
            Rule::Application(_) | Rule::Nat(_) => None,
        };
        sources.into_iter().chain(destinations).collect::<Vec<_>>()
    })
}

fn side(
    context: &Context<'_>,
    what: &str,
    groups: &[Spanned<IpGroupRef>],
    is_alone: bool,
) -> Option<Fault> {
    let is_empty = |group: &&Spanned<IpGroupRef>| match &group.value {
        Written::Value(id) => {
            let held = context.ruleset.ip_groups.get(id.name());
            held.is_some_and(|held| held.known.is_empty() && held.unknown.is_empty())
        }
        Written::Unresolved(_) | Written::Invalid(_) => false,
    };
    let empty: Vec<_> = groups.iter().filter(is_empty).collect();
    let first = empty.first()?;
    let name = first.value.value().map_or("", |id| id.name());
    let is_nothing_left = is_alone && empty.len() == groups.len();
    let end = if is_nothing_left {
        "the rule is skipped, it does not match everything"
    } else {
        "it adds nothing to the other entries"
    };
    let level = if is_nothing_left { Level::Warning } else { Level::Info };
    let message = format!("{what} IP Group `{name}` is empty: {end}");
    Some(Fault::new(level, message, "fill the group, or remove it from the rule", first.span))
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
                r: tcp @nothing -> * : 443
                s: tcp 10.0.0.4, @nothing -> * : 443
            ip-group nothing = none"#,
            expect![[r#"
                warning of g/n/r in line 5: source IP Group `nothing` is empty: the rule is skipped, it does not match everything
                info of g/n/s in line 6: source IP Group `nothing` is empty: it adds nothing to the other entries
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
                r: tcp @nodes -> * : 443
                s: tcp @elsewhere -> * : 443
            ip-group nodes = 10.0.0.0/8"#,
            expect![""],
        );
    }
}
