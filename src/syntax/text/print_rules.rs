//! Rules as lines.

use smol_str::SmolStr;

use super::line::RuleKind;
use super::words::{
    addresses, fqdn, groups, joined, name, plain, qualified_fqdns, target_fqdns, urls, word,
    written,
};
use crate::policy::{
    ApplicationRule, BypassTraffic, NatRule, NetworkRule, Rule, RuleHead, Written,
};
use crate::source::Spanned;
use crate::syntax::quoting::in_quotes;

/// The line of a rule in a collection of type `kind`.
pub(super) fn rule(rule: &Rule, kind: RuleKind) -> String {
    let (own, body) = match rule {
        Rule::Network(rule) => (RuleKind::Network, network(rule)),
        Rule::Application(rule) => (RuleKind::Application, application(rule)),
        Rule::Nat(rule) => (RuleKind::Dnat, nat(rule)),
    };
    let start = if own == kind { String::new() } else { format!("{} ", own.word()) };
    format!("{start}{}: {body}{}", name(&rule.head().name.value), options(rule.head()))
}

fn sources(head: &RuleHead) -> String {
    joined([addresses(&head.sources), groups(&head.source_ip_groups)].concat())
}

fn network(rule: &NetworkRule) -> String {
    let destinations = [
        addresses(&rule.destinations),
        groups(&rule.destination_ip_groups),
        qualified_fqdns(&rule.destination_fqdns),
    ];
    format!(
        "{} {} -> {}{}",
        joined(plain(&rule.protocols)),
        sources(&rule.head),
        joined(destinations.concat()),
        ports(plain(&rule.destination_ports)),
    )
}

fn ports(ports: Vec<String>) -> String {
    if ports.is_empty() { String::new() } else { format!(" : {}", joined(ports)) }
}

fn application(rule: &ApplicationRule) -> String {
    let after = |qualifier: &'static str| move |text: String| format!("{qualifier} {text}");
    let texts = |values: &[Spanned<Written<SmolStr>>]| -> Vec<String> {
        values.iter().map(|value| written(&value.value, |text| word(text))).collect()
    };
    let targets = target_fqdns(&rule.target_fqdns)
        .into_iter()
        .chain(urls(&rule.target_urls))
        .chain(texts(&rule.fqdn_tags).into_iter().map(after("tag")))
        .chain(texts(&rule.web_categories).into_iter().map(after("category")))
        .chain(addresses(&rule.destinations).into_iter().map(after("address")));
    let mut out = format!(
        "{} {} -> {}",
        joined(plain(&rule.protocols)),
        sources(&rule.head),
        joined(targets)
    );
    match rule.terminate_tls.as_ref().map(|inspect| &inspect.value) {
        None => {}
        Some(Written::Value(true)) => out.push_str(" inspect"),
        Some(other) => out.extend([" inspect ", &written(other, |_| "off".to_owned())]),
    }
    for header in &rule.http_headers {
        out.extend([" header ", &word(&header.value.name)]);
        out.extend([" ", &in_quotes('"', &header.value.value)]);
    }
    out
}

fn nat(rule: &NatRule) -> String {
    let mut out = format!(
        "{} {} -> {}{}",
        joined(plain(&rule.protocols)),
        sources(&rule.head),
        joined(addresses(&rule.destinations)),
        ports(plain(&rule.destination_ports)),
    );
    let address = rule.translated_address.as_ref();
    let address = address.map(|value| written(&value.value, ToString::to_string));
    let name = rule.translated_fqdn.as_ref();
    let name = name.map(|value| format!("fqdn {}", written(&value.value, fqdn)));
    let targets: Vec<String> = address.into_iter().chain(name).collect();
    if targets.is_empty() && rule.translated_port.is_none() {
        return out;
    }
    out.push_str(" =>");
    if !targets.is_empty() {
        out.extend([" ", &targets.join(", ")]);
    }
    if let Some(port) = &rule.translated_port {
        out.extend([" : ", &written(&port.value, ToString::to_string)]);
    }
    out
}

fn options(head: &RuleHead) -> String {
    let mut out = String::new();
    if !head.unknown_fields.is_empty() {
        let fields = joined(head.unknown_fields.iter().map(|field| word(&field.value)));
        out.extend([" unknown ", &fields]);
    }
    if let Some(description) = &head.description {
        out.extend([" ", &in_quotes('"', description)]);
    }
    out
}

/// The `idps-bypass` line.
pub(super) fn bypass(entry: &BypassTraffic) -> String {
    let protocol = entry.protocol.as_ref();
    let protocol = protocol
        .map_or_else(|| "any".to_owned(), |protocol| written(protocol, ToString::to_string));
    let sources = [addresses(&entry.sources), groups(&entry.source_ip_groups)].concat();
    let destinations =
        [addresses(&entry.destinations), groups(&entry.destination_ip_groups)].concat();
    let description = entry.description.as_ref().map(|text| format!(" {}", in_quotes('"', text)));
    format!(
        "idps-bypass {}: {protocol} {} -> {}{}{}",
        name(&entry.name.value),
        joined(sources),
        joined(destinations),
        ports(plain(&entry.destination_ports)),
        description.unwrap_or_default(),
    )
}
