#![doc = include_str!("../../../../docs/checks/mixed-rule-types.md")]

use std::collections::BTreeMap;

use super::{Check, Context, Finding, Level};
use crate::evaluate::RuleRef;
use crate::policy::CollectionAction;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "mixed-rule-types",
    summary: "rules of several types in one collection",
    page: include_str!("../../../../docs/checks/mixed-rule-types.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let ruleset = context.ruleset;
    let mut collections: BTreeMap<_, Vec<RuleRef>> = BTreeMap::new();
    for rule in ruleset.rules() {
        let info = ruleset.info(rule);
        // Its type is not known, so it stands in both passes.
        if info.written.is_unknown() {
            continue;
        }
        let path = &info.path;
        let key = (&path.policy, &path.group, &path.collection, info.collection_priority);
        collections.entry(key).or_default().push(rule);
    }
    let mut findings = Vec::new();
    // A classic firewall keeps the types in lists of their own, where names may repeat.
    for ((.., name, _), rules) in collections.into_iter().filter(|_| !context.is_classic()) {
        let Some(&first) = rules.first() else { continue };
        let Some(&odd) = rules.iter().find(|&&rule| is_odd(context, first, rule)) else { continue };
        let message = if kind(odd) == kind(first) {
            format!("{} rules in collection `{name}`, whose action is of another type", kind(odd))
        } else {
            format!("collection `{name}` holds {} rules and {} rules", kind(first), kind(odd))
        };
        let message = format!("{message}: Azure refuses the mixture");
        findings.push(
            Finding::new(CHECK.name, Level::Error, message)
                .about(ruleset, odd)
                .with_help("put them into a collection of their own"),
        );
    }
    findings
}

/// Whether `rule` is of another type than the first, or than its collection's action.
fn is_odd(context: &Context<'_>, first: RuleRef, rule: RuleRef) -> bool {
    let translates = matches!(rule, RuleRef::Nat(_));
    let is_dnat = context.ruleset.info(rule).action == CollectionAction::Dnat;
    translates != is_dnat || kind(rule) != kind(first)
}

fn kind(rule: RuleRef) -> &'static str {
    match rule {
        RuleRef::Nat(_) => "DNAT",
        RuleRef::Network(_) => "network",
        RuleRef::Application(_) => "application",
    }
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
                n: tcp * -> * : 22
                application x: https:443 * -> www.example.com
              dnat d 200
                network y: tcp * -> * : 23"#,
            expect![[r#"
                error of g/d/y in line 8: network rules in collection `d`, whose action is of another type: Azure refuses the mixture
                error of g/n/x in line 6: collection `n` holds network rules and application rules: Azure refuses the mixture
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
                r: tcp * -> * : 22
              allow application a 200
                r: https:443 * -> www.example.com
              dnat d 300
                r: tcp * -> 203.0.113.3 : 443 => 10.0.2.10 : 443"#,
            expect![""],
        );
        check(
            &CHECK,
            r#"
            firewall f
              allow network n 100
                r: tcp * -> * : 22
              allow application n 100
                r: https:443 * -> www.example.com"#,
            expect![""],
        );
    }
}
