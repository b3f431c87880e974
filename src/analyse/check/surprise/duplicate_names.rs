#![doc = include_str!("../../../../docs/checks/duplicate-names.md")]

use std::collections::BTreeMap;

use super::{Check, Context, Finding, Level};
use crate::evaluate::RuleRef;
use crate::policy::Rule;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "duplicate-names",
    summary: "rules of one collection, or collections of one group, with the same name",
    page: include_str!("../../../../docs/checks/duplicate-names.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = collections(context);
    let ruleset = context.ruleset;
    let mut names: BTreeMap<_, Vec<RuleRef>> = BTreeMap::new();
    for rule in ruleset.rules() {
        let info = ruleset.info(rule);
        let path = &info.path;
        // What stands in place of rules that only a deployment makes has no name of its own.
        if path.rule == Rule::UNKNOWN_RULES {
            continue;
        }
        let collection = (&path.policy, &path.group, &path.collection, info.collection_priority);
        names.entry((collection, path.rule.to_lowercase())).or_default().push(rule);
    }
    for rules in names.into_values().filter(|rules| rules.len() > 1) {
        let Some((&first, others)) = rules.split_first() else { continue };
        let name = &ruleset.path(first).rule;
        let message = format!(
            "{} rules of this collection are called `{name}`: the logs cannot tell them apart",
            rules.len()
        );
        findings.push(
            Finding::new(CHECK.name, Level::Warning, message)
                .about(ruleset, first)
                .with_others(ruleset, others.iter().copied())
                .with_help("give each rule a name of its own"),
        );
    }
    findings
}

fn collections(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    // A classic firewall keeps three lists, where names may repeat.
    for layer in context.ruleset.layers.iter().filter(|layer| !layer.is_classic) {
        for group in &layer.groups {
            let mut count: BTreeMap<String, usize> = BTreeMap::new();
            for collection in &group.collections {
                *count.entry(collection.name.value.to_lowercase()).or_default() += 1;
            }
            for (name, number) in count.into_iter().filter(|(_, number)| *number > 1) {
                let twin =
                    group.collections.iter().rfind(|one| one.name.value.to_lowercase() == name);
                let Some(twin) = twin else { continue };
                let message = format!(
                    "{number} collections of group `{}` are called `{}`: the logs cannot tell them apart",
                    group.name.value, twin.name.value
                );
                findings.push(
                    Finding::new(CHECK.name, Level::Warning, message)
                        .with_help("give each collection a name of its own")
                        .at(twin.name.span),
                );
            }
        }
    }
    findings
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
                r: tcp * -> 192.0.2.1 : 22
                R: tcp * -> 192.0.2.2 : 22
              allow network N 200
                r: tcp * -> 192.0.2.3 : 22"#,
            expect![[r#"
                warning of policy in line 7: 2 collections of group `g` are called `N`: the logs cannot tell them apart
                warning of g/n/r in line 5: 2 rules of this collection are called `r`: the logs cannot tell them apart
                  also g/n/R
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
                r: tcp * -> 192.0.2.1 : 22
                s: tcp * -> 192.0.2.2 : 22
              allow network m 200
                r: tcp * -> 192.0.2.3 : 22"#,
            expect![""],
        );
    }
}
