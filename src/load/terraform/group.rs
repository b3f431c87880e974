//! `azurerm_firewall_policy_rule_collection_group`.

use smol_str::format_smolstr;

use super::entity::Entity;
use super::{Found, blocks};
use crate::load::kind::Kind;
use crate::load::notes::Notes;
use crate::load::shape::{Shape, list, text};
use crate::source::{InputError, Severity};
use crate::syntax::json::Node;

/// Names of fields in Terraform, and the same in Azure's API.
type Names = &'static [(&'static str, &'static str)];

/// A list of collections: its block, and what Azure calls its rules and its collections.
const BLOCKS: [(&str, &str, &str, Names); 3] = [
    ("nat_rule_collection", "NatRule", "FirewallPolicyNatRuleCollection", NAT),
    ("network_rule_collection", "NetworkRule", "FirewallPolicyFilterRuleCollection", NETWORK),
    (
        "application_rule_collection",
        "ApplicationRule",
        "FirewallPolicyFilterRuleCollection",
        APPLICATION,
    ),
];
const NETWORK: Names = &[
    ("protocols", "ipProtocols"),
    ("source_addresses", "sourceAddresses"),
    ("source_ip_groups", "sourceIpGroups"),
    ("destination_addresses", "destinationAddresses"),
    ("destination_ip_groups", "destinationIpGroups"),
    ("destination_fqdns", "destinationFqdns"),
    ("destination_ports", "destinationPorts"),
];
const APPLICATION: Names = &[
    ("source_addresses", "sourceAddresses"),
    ("source_ip_groups", "sourceIpGroups"),
    ("destination_addresses", "destinationAddresses"),
    ("destination_fqdns", "targetFqdns"),
    ("destination_urls", "targetUrls"),
    ("destination_fqdn_tags", "fqdnTags"),
    ("web_categories", "webCategories"),
    ("terminate_tls", "terminateTLS"),
    ("http_headers", "httpHeadersToInsert"),
];
const NAT: Names = &[
    ("protocols", "ipProtocols"),
    ("source_addresses", "sourceAddresses"),
    ("source_ip_groups", "sourceIpGroups"),
    ("destination_address", "destinationAddresses"),
    ("destination_ports", "destinationPorts"),
    ("translated_address", "translatedAddress"),
    ("translated_fqdn", "translatedFqdn"),
    ("translated_port", "translatedPort"),
];
const HEADER: Names = &[("name", "headerName"), ("value", "headerValue")];

/// The group in the shape of Azure's API.
pub(super) fn group(notes: &mut Notes<'_>, entity: &Entity) -> Result<Found, InputError> {
    let mut collections = Vec::new();
    for (block, rule_type, collection_type, names) in BLOCKS {
        for node in blocks(notes, entity, &entity.values, block)? {
            let rules = blocks(notes, entity, node, "rule")?;
            let rules = rules.iter().map(|rule| self::rule(rule, Some(rule_type), names));
            collections.push(
                collection(node, rules.collect())
                    .with_text("ruleCollectionType", collection_type)
                    .node(),
            );
        }
    }
    let properties = Shape::new(entity.span)
        .with_field("priority", &entity.values, "priority")
        .with("ruleCollections", Some(list(collections, entity.span)));
    let node = Shape::new(entity.span)
        .with_field("name", &entity.values, "name")
        .with("id", id(notes, entity))
        .with_text("type", Kind::Group.full_type().unwrap_or_default())
        .with("properties", Some(properties.node()))
        .node();
    Ok(Found { kind: Kind::Group, names: Vec::new(), node })
}

/// Its own id, else one below its policy's.
fn id(notes: &mut Notes<'_>, entity: &Entity) -> Option<Node> {
    if let Some(id) = entity.text("id") {
        return Some(text(id, entity.span));
    }
    let name = entity.text("name")?;
    if let Some(policy) = entity.text("firewall_policy_id") {
        return Some(text(format_smolstr!("{policy}/ruleCollectionGroups/{name}"), entity.span));
    }
    let message = format!("the policy of rule collection group `{name}` is known only after apply");
    let help = "it is taken for a group of the only policy; where there are several, give the \
                state after apply";
    notes.warn_with_help(Severity::Warning, message, entity.span, help);
    None
}

/// A collection with its rules.
pub(super) fn collection(node: &Node, rules: Vec<Node>) -> Shape {
    let action = Shape::new(node.span).with_field("type", node, "action");
    Shape::new(node.span)
        .with_field("name", node, "name")
        .with_field("priority", node, "priority")
        .with("action", node.get("action").map(|_| action.node()))
        .with("rules", Some(list(rules, node.span)))
}

/// A rule with its fields under the names of Azure's API.
pub(super) fn rule(node: &Node, rule_type: Option<&str>, names: &[(&str, &str)]) -> Node {
    let headers = node.get("http_headers").map_or(&[][..], Node::elements);
    let headers: Vec<Node> = headers
        .iter()
        .map(|header| Shape::new(header.span).with_renamed(header, HEADER).node())
        .collect();
    let mut shape = Shape::new(node.span);
    if let Some(rule_type) = rule_type {
        shape = shape.with_text("ruleType", rule_type);
    }
    if !headers.is_empty() {
        // The last of two equal keys counts, so the list goes in behind the fields as they are.
        let span = node.get("http_headers").map_or(node.span, |node| node.span);
        return shape
            .with_renamed(node, names)
            .with("httpHeadersToInsert", Some(list(headers, span)))
            .node();
    }
    shape.with_renamed(node, names).node()
}
