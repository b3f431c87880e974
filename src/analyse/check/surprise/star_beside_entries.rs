#![doc = include_str!("../../../../docs/checks/star-beside-entries.md")]

use std::fmt::Display;

use super::{Check, Context, Finding, Level, is_everything, values};
use crate::net::{FqdnPattern, PortRange, RuleProtocol};
use crate::policy::{Rule, Written};
use crate::source::Spanned;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "star-beside-entries",
    summary: "`*` beside other entries, which it makes meaningless",
    page: include_str!("../../../../docs/checks/star-beside-entries.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut rules = Vec::new();
    let mut details = Vec::new();
    for (rule, written) in context.written() {
        let fields = fields(written);
        if !fields.is_empty() {
            rules.push(rule);
            details.push(format!("`{}`: {}", context.ruleset.path(rule), fields.join("; ")));
        }
    }
    let finding = context.gathered(&CHECK, Level::Info, &rules, |who| {
        let verb = if rules.len() == 1 { "lists" } else { "list" };
        format!(
            "{who} {verb} entries that change nothing, because one beside them covers everything"
        )
    });
    let help = "remove the other entries, or the one that covers everything if it is not meant";
    finding.map(|finding| finding.with_help(help).with_details(details)).into_iter().collect()
}

fn fields(rule: &Rule) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(mixture("sources", &rule.head().sources, is_everything));
    if !rule.head().source_ip_groups.is_empty()
        && values(&rule.head().sources).any(|(address, _)| is_everything(address))
    {
        found.push("source IP Groups beside `*`".to_owned());
    }
    match rule {
        Rule::Network(rule) => {
            found.extend(mixture("destinations", &rule.destinations, is_everything));
            found.extend(mixture("ports", &rule.destination_ports, |ports| {
                *ports == PortRange::ALL
            }));
            // `Any` with explicit ports is TCP and UDP: ICMP beside it means something.
            let has_star =
                values(&rule.destination_ports).any(|(ports, _)| *ports == PortRange::ALL);
            if has_star {
                found
                    .extend(mixture("protocols", &rule.protocols, |one| *one == RuleProtocol::Any));
            }
        }
        Rule::Application(rule) => {
            found.extend(mixture("targets", &rule.target_fqdns, |one| *one == FqdnPattern::Any));
        }
        Rule::Nat(_) => {}
    }
    found
}

/// Entries beside one that covers everything.
fn mixture<T: Display + PartialEq>(
    field: &str,
    entries: &[Spanned<Written<T>>],
    is_all: impl Fn(&T) -> bool,
) -> Option<String> {
    const SHOWN: usize = 3;
    let (all, _) = values(entries).find(|(entry, _)| is_all(entry))?;
    let others: Vec<String> = values(entries)
        .filter(|(entry, _)| !is_all(entry))
        .map(|(entry, _)| format!("`{entry}`"))
        .collect();
    let more = others.len().saturating_sub(SHOWN);
    let shown = others.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!others.is_empty()).then(|| format!("{field}: {shown}{tail} beside `{all}`"))
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
                r: tcp *, 10.0.0.0/8 -> 0.0.0.0/0, AzureMonitor : *, 443
                s: any, icmp @nodes, * -> 192.0.2.1 : *
            ip-group nodes = 10.0.0.0/8"#,
            expect![[r#"
                info of g/n/r in line 5: 2 rules list entries that change nothing, because one beside them covers everything
                  also g/n/s
                  - `g/n/r`: sources: `10.0.0.0/8` beside `*`; destinations: `AzureMonitor` beside `0.0.0.0/0`; ports: `443` beside `*`
                  - `g/n/s`: source IP Groups beside `*`; protocols: `ICMP` beside `Any`
            "#]],
        );
        check(
            &CHECK,
            r#"
            policy p
            group g 100
              allow application a 100
                r: https:443 10.0.0.0/8 -> *, www.example.com"#,
            expect![[r#"
                info of g/a/r in line 5: this rule lists entries that change nothing, because one beside them covers everything
                  - `g/a/r`: targets: `www.example.com` beside `*`
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
                r: tcp * -> 192.0.2.1, 192.0.2.2 : 80, 443
                s: any, icmp * -> 192.0.2.1 : 443"#,
            expect![""],
        );
    }
}
