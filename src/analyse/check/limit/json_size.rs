//! How long a rule is as the JSON that Azure keeps, without spaces.

use std::fmt::Display;

use crate::policy::{ApplicationRule, NatRule, NetworkRule, Rule, RuleHead};
use crate::source::Spanned;

/// Bytes of a collection without its rules.
pub(super) fn of_collection(name: &str) -> usize {
    let frame = r#"{"ruleCollectionType":"FirewallPolicyFilterRuleCollection","name":"","priority":10000,"action":{"type":"Allow"},"rules":[]},"#;
    frame.len() + name.len()
}

/// Bytes of a rule.
pub(super) fn of_rule(rule: &Rule) -> usize {
    match rule {
        Rule::Network(rule) => network(rule),
        Rule::Application(rule) => application(rule),
        Rule::Nat(rule) => nat(rule),
    }
}

fn network(rule: &NetworkRule) -> usize {
    head("NetworkRule", &rule.head)
        + list("ipProtocols", &rule.protocols)
        + list("destinationAddresses", &rule.destinations)
        + list("destinationIpGroups", &rule.destination_ip_groups)
        + list("destinationFqdns", &rule.destination_fqdns)
        + list("destinationPorts", &rule.destination_ports)
}

fn application(rule: &ApplicationRule) -> usize {
    let protocol = r#"{"protocolType":"Https","port":443},"#.len();
    let header = r#"{"headerName":"","headerValue":""},"#.len();
    let headers: usize = rule
        .http_headers
        .iter()
        .map(|entry| header + entry.value.name.len() + entry.value.value.len())
        .sum();
    head("ApplicationRule", &rule.head)
        + r#""protocols":[],"terminateTLS":false,"httpHeadersToInsert":[],"#.len()
        + rule.protocols.len() * protocol
        + headers
        + list("targetFqdns", &rule.target_fqdns)
        + list("targetUrls", &rule.target_urls)
        + list("fqdnTags", &rule.fqdn_tags)
        + list("webCategories", &rule.web_categories)
        + list("destinationAddresses", &rule.destinations)
}

fn nat(rule: &NatRule) -> usize {
    let single = |field: &str, value: Option<String>| {
        value.map_or(0, |value| field.len() + value.len() + r#""":"","#.len())
    };
    head("NatRule", &rule.head)
        + list("ipProtocols", &rule.protocols)
        + list("destinationAddresses", &rule.destinations)
        + list("destinationPorts", &rule.destination_ports)
        + single(
            "translatedAddress",
            rule.translated_address.as_ref().map(|one| one.value.to_string()),
        )
        + single("translatedFqdn", rule.translated_fqdn.as_ref().map(|one| one.value.to_string()))
        + single("translatedPort", rule.translated_port.as_ref().map(|one| one.value.to_string()))
}

fn head(kind: &str, head: &RuleHead) -> usize {
    let description =
        head.description.as_ref().map_or(0, |text| text.len() + r#""description":"","#.len());
    r#"{"ruleType":"","name":""},"#.len()
        + kind.len()
        + head.name.value.len()
        + description
        + list("sourceAddresses", &head.sources)
        + list("sourceIpGroups", &head.source_ip_groups)
}

/// `"field":["a","b"],`
fn list<T: Display>(field: &str, entries: &[Spanned<T>]) -> usize {
    let entries: usize = entries.iter().map(|entry| entry.value.to_string().len() + 3).sum();
    field.len() + entries + r#""":[],"#.len()
}
