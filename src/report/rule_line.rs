//! One rule as people read it: protocols, sources, `->`, targets.

use std::fmt::Display;

use crate::policy::{ApplicationRule, IpGroupRef, NatRule, NetworkRule, ResourceId, Rule, Written};
use crate::source::Spanned;

/// The parts of a rule, each as lists of words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleWords {
    /// `TCP`, `Https:443`.
    pub protocols: Vec<String>,
    /// Addresses, and IP Groups as `@name`.
    pub sources: Vec<String>,
    /// Addresses, tags, FQDNs, URLs, categories, IP Groups.
    pub targets: Vec<String>,
    /// Destination ports of network and DNAT rules.
    pub ports: Vec<String>,
    /// `address:port` of a DNAT rule.
    pub translated: Option<String>,
    /// Whatever else decides: `inspects TLS`.
    pub extras: Vec<String>,
}

/// The words of `rule`.
#[must_use]
pub fn words(rule: &Rule) -> RuleWords {
    let head = rule.head();
    let mut sources = list(&head.sources);
    sources.extend(groups(&head.source_ip_groups));
    let words = match rule {
        Rule::Network(rule) => network(rule),
        Rule::Application(rule) => application(rule),
        Rule::Nat(rule) => nat(rule),
    };
    let unknown =
        head.unknown_fields.iter().map(|field| format!("unknown field `{}`", field.value));
    RuleWords { sources, extras: words.extras.iter().cloned().chain(unknown).collect(), ..words }
}

impl RuleWords {
    /// All parts on one line.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = format!(
            "{} {} -> {}",
            or_none(&self.protocols),
            or_none(&self.sources),
            or_none(&self.targets)
        );
        if !self.ports.is_empty() {
            line.push_str(" : ");
            line.push_str(&self.ports.join(", "));
        }
        if let Some(translated) = &self.translated {
            line.push_str(" => ");
            line.push_str(translated);
        }
        for extra in &self.extras {
            line.push_str(" (");
            line.push_str(extra);
            line.push(')');
        }
        line
    }
}

fn or_none(words: &[String]) -> String {
    if words.is_empty() { "(none)".into() } else { words.join(", ") }
}

fn network(rule: &NetworkRule) -> RuleWords {
    let mut targets = list(&rule.destinations);
    targets.extend(groups(&rule.destination_ip_groups));
    targets.extend(rule.destination_fqdns.iter().map(|fqdn| format!("fqdn {}", fqdn.value)));
    RuleWords {
        protocols: list(&rule.protocols),
        targets,
        ports: list(&rule.destination_ports),
        ..RuleWords::default()
    }
}

fn application(rule: &ApplicationRule) -> RuleWords {
    let mut targets = list(&rule.target_fqdns);
    targets.extend(rule.target_urls.iter().map(|url| format!("url {}", url.value)));
    targets.extend(rule.fqdn_tags.iter().map(|tag| format!("tag {}", tag.value)));
    targets
        .extend(rule.web_categories.iter().map(|category| format!("category {}", category.value)));
    let mut extras = Vec::new();
    if rule.terminate_tls.as_ref().is_some_and(|written| written.value == Written::Value(true)) {
        extras.push("inspects TLS".to_owned());
    }
    if !rule.destinations.is_empty() {
        extras.push(format!("destination addresses {}", list(&rule.destinations).join(", ")));
    }
    RuleWords { protocols: list(&rule.protocols), targets, extras, ..RuleWords::default() }
}

fn nat(rule: &NatRule) -> RuleWords {
    let address = rule.translated_address.as_ref().map(|address| address.value.to_string());
    let fqdn = rule.translated_fqdn.as_ref().map(|fqdn| fqdn.value.to_string());
    let target = address.or(fqdn).unwrap_or_else(|| "(none)".into());
    let port = rule.translated_port.as_ref().map(|port| format!(":{}", port.value));
    RuleWords {
        protocols: list(&rule.protocols),
        targets: list(&rule.destinations),
        ports: list(&rule.destination_ports),
        translated: Some(target + &port.unwrap_or_default()),
        ..RuleWords::default()
    }
}

fn list<T: Display>(values: &[Spanned<Written<T>>]) -> Vec<String> {
    values.iter().map(|value| value.value.to_string()).collect()
}

fn groups(references: &[Spanned<IpGroupRef>]) -> impl Iterator<Item = String> + '_ {
    references.iter().map(|reference| match &reference.value {
        Written::Value(id) => format!("@{}", ResourceId::name(id)),
        Written::Unresolved(text) | Written::Invalid(text) => format!("@{text}"),
    })
}
