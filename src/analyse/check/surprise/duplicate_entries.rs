#![doc = include_str!("../../../../docs/checks/duplicate-entries.md")]

use std::collections::BTreeSet;
use std::fmt::Display;

use super::{Check, Context, Finding, Level};
use crate::policy::Rule;
use crate::source::Spanned;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "duplicate-entries",
    summary: "an entry that stands twice in one list",
    page: include_str!("../../../../docs/checks/duplicate-entries.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut rules = Vec::new();
    let mut details = Vec::new();
    for (rule, written) in context.written() {
        let repeated = repeated(written);
        if !repeated.is_empty() {
            rules.push(rule);
            details.push(format!("`{}`: {}", context.ruleset.path(rule), repeated.join(", ")));
        }
    }
    let finding = context.gathered(&CHECK, Level::Info, &rules, |who| {
        let verb = if rules.len() == 1 { "lists" } else { "list" };
        format!("{who} {verb} an entry twice")
    });
    finding
        .map(|finding| finding.with_help("remove one of the two").with_details(details))
        .into_iter()
        .collect()
}

fn repeated(rule: &Rule) -> Vec<String> {
    let mut found = twice(&rule.head().sources);
    found.extend(twice(&rule.head().source_ip_groups));
    match rule {
        Rule::Network(rule) => {
            found.extend(twice(&rule.protocols));
            found.extend(twice(&rule.destinations));
            found.extend(twice(&rule.destination_ip_groups));
            found.extend(twice(&rule.destination_fqdns));
            found.extend(twice(&rule.destination_ports));
        }
        Rule::Application(rule) => {
            found.extend(twice(&rule.protocols));
            found.extend(twice(&rule.target_fqdns));
            found.extend(twice(&rule.target_urls));
            found.extend(twice(&rule.fqdn_tags));
            found.extend(twice(&rule.web_categories));
        }
        Rule::Nat(rule) => {
            found.extend(twice(&rule.protocols));
            found.extend(twice(&rule.destination_ports));
        }
    }
    found
}

fn twice<T: Display>(entries: &[Spanned<T>]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let texts = entries.iter().map(|entry| entry.value.to_string());
    let repeated: BTreeSet<String> =
        texts.filter(|text| !seen.insert(text.to_ascii_lowercase())).collect();
    repeated.into_iter().map(|text| format!("`{text}`")).collect()
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
                r: tcp 10.0.0.0/8 -> 192.0.2.1, 192.0.2.1 : 443
                s: tcp 10.0.0.0/8 -> AzureMonitor, tag azuremonitor : 443"#,
            expect![[r#"
                info of g/n/r in line 5: 2 rules list an entry twice
                  also g/n/s
                  - `g/n/r`: `192.0.2.1`
                  - `g/n/s`: `azuremonitor`
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
                r: tcp 10.0.0.0/8 -> 192.0.2.1, 192.0.2.2 : 443"#,
            expect![""],
        );
    }
}
