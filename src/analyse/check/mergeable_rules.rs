#![doc = include_str!("../../../docs/checks/mergeable-rules.md")]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Check, Context, Finding, Level, named};
use crate::compile::RulePath;
use crate::evaluate::RuleRef;
use crate::policy::{Rule, RuleHead};

pub(super) const CHECK: Check = Check {
    name: "mergeable-rules",
    summary: "rules of one collection that one rule could replace",
    page: include_str!("../../../docs/checks/mergeable-rules.md"),
    controls: &[],
    run,
};

/// The parts of a rule that have to be equal, or of which one may differ.
struct Parts {
    /// What can be united: sources, targets, protocols, ports.
    lists: [BTreeSet<String>; 4],
    /// What has to be equal beside them.
    fixed: String,
}

/// Numbers for texts, so that they are compared and kept once.
#[derive(Default)]
struct Known {
    numbers: HashMap<String, u32, foldhash::fast::RandomState>,
}

impl Known {
    fn number(&mut self, text: String) -> u32 {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(text).or_insert(next)
    }
}

fn run(context: &Context<'_>) -> Vec<Finding> {
    let live = context
        .layout
        .items
        .iter()
        .enumerate()
        .filter(|(place, item)| context.is_needed(*place) && item.region.needs.is_empty());
    let rules: Vec<RuleRef> = live.map(|(_, item)| item.rule).collect();
    let mut known = Known::default();
    let mut clusters: BTreeMap<(usize, [u32; 6]), Vec<RuleRef>> = BTreeMap::new();
    for &rule in &rules {
        let info = context.ruleset.info(rule);
        let Some(parts) = parts(&info.written) else { continue };
        let collection = known.number(format!("{:?}", collection(&info.path)));
        let fixed = known.number(parts.fixed);
        let lists = parts.lists.map(|list| known.number(format!("{list:?}")));
        for free in 0..lists.len() {
            let [a, b, c, d] = lists;
            let mut key = [a, b, c, d, collection, fixed];
            if let Some(list) = key.get_mut(free) {
                *list = u32::MAX;
            }
            clusters.entry((free, key)).or_default().push(rule);
        }
    }
    let mut clusters: Vec<Vec<RuleRef>> =
        clusters.into_values().filter(|rules| rules.len() > 1).collect();
    clusters.sort_by_key(|rules| (std::cmp::Reverse(rules.len()), rules.first().copied()));
    let mut used: BTreeSet<RuleRef> = BTreeSet::new();
    let mut findings = Vec::new();
    for rules in clusters {
        if rules.iter().any(|rule| used.contains(rule)) {
            continue;
        }
        used.extend(&rules);
        findings.extend(finding(context, &rules));
    }
    findings
}

fn finding(context: &Context<'_>, rules: &[RuleRef]) -> Option<Finding> {
    let (&first, others) = rules.split_first()?;
    let message = format!(
        "could be one rule with {}: they differ in one list only and stand in one collection, so no verdict changes",
        named(context.ruleset, others)
    );
    Some(
        Finding::new(CHECK.name, Level::Info, message)
            .about(context.ruleset, first)
            .with_others(context.ruleset, others.iter().copied())
            .with_help("unite the list in which they differ"),
    )
}

fn collection(path: &RulePath) -> (Option<&str>, Option<&str>, &str) {
    (path.policy.as_deref(), path.group.as_deref(), &path.collection)
}

/// `None` for rules that are left alone: DNAT translates each rule's traffic to one place.
fn parts(rule: &Rule) -> Option<Parts> {
    let words = |values: &mut dyn Iterator<Item = String>| values.collect::<BTreeSet<String>>();
    match rule {
        Rule::Network(rule) => {
            let addresses = rule.destinations.iter().map(|to| to.value.to_string());
            let groups =
                rule.destination_ip_groups.iter().map(|group| format!("{:?}", group.value));
            let fqdns = rule.destination_fqdns.iter().map(|fqdn| format!("fqdn {}", fqdn.value));
            Some(Parts {
                lists: [
                    sources(&rule.head),
                    words(&mut addresses.chain(groups).chain(fqdns)),
                    words(&mut rule.protocols.iter().map(|protocol| protocol.value.to_string())),
                    words(&mut rule.destination_ports.iter().map(|port| port.value.to_string())),
                ],
                // Azure takes no names beside addresses.
                fixed: format!("{}", rule.destination_fqdns.is_empty()),
            })
        }
        Rule::Application(rule) => {
            let fqdns = rule.target_fqdns.iter().map(|fqdn| format!("fqdn {}", fqdn.value));
            let urls = rule.target_urls.iter().map(|url| format!("url {}", url.value));
            let tags = rule.fqdn_tags.iter().map(|tag| format!("tag {}", tag.value));
            let categories = rule.web_categories.iter().map(|of| format!("category {}", of.value));
            let destinations: Vec<_> =
                rule.destinations.iter().map(|to| to.value.to_string()).collect();
            let headers: Vec<_> = rule.http_headers.iter().map(|header| &header.value).collect();
            let tls = rule.terminate_tls.as_ref().map(|tls| tls.value.to_string());
            Some(Parts {
                lists: [
                    sources(&rule.head),
                    words(&mut fqdns.chain(urls).chain(tags).chain(categories)),
                    words(&mut rule.protocols.iter().map(|protocol| protocol.value.to_string())),
                    BTreeSet::new(),
                ],
                // Azure takes no FQDN tags beside names; tags alone need no protocol.
                fixed: format!(
                    "{destinations:?} {headers:?} {tls:?} {} {}",
                    rule.fqdn_tags.is_empty(),
                    rule.protocols.is_empty()
                ),
            })
        }
        Rule::Nat(_) => None,
    }
}

fn sources(head: &RuleHead) -> BTreeSet<String> {
    let addresses = head.sources.iter().map(|source| source.value.to_string());
    addresses
        .chain(head.source_ip_groups.iter().map(|group| format!("{:?}", group.value)))
        .collect()
}
