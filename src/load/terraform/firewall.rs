//! `azurerm_firewall` with the collections of a classic firewall, which are resources themselves.

use super::entity::Entity;
use super::group::{collection, rule};
use super::policy::is_set;
use super::{AFTER_APPLY, Found, block, blocks};
use crate::load::kind::Kind;
use crate::load::notes::Notes;
use crate::load::shape::{Shape, list, text};
use crate::source::{InputError, Severity, Span};
use crate::syntax::json::{Node, Value};

/// A type of collections: the resource, and Azure's list of them.
const COLLECTIONS: [(&str, &str); 3] = [
    ("azurerm_firewall_nat_rule_collection", "natRuleCollections"),
    ("azurerm_firewall_network_rule_collection", "networkRuleCollections"),
    ("azurerm_firewall_application_rule_collection", "applicationRuleCollections"),
];
const RULE: &[(&str, &str)] = &[
    ("source_addresses", "sourceAddresses"),
    ("source_ip_groups", "sourceIpGroups"),
    ("destination_addresses", "destinationAddresses"),
    ("destination_ip_groups", "destinationIpGroups"),
    ("destination_fqdns", "destinationFqdns"),
    ("destination_ports", "destinationPorts"),
    ("translated_address", "translatedAddress"),
    ("translated_port", "translatedPort"),
    ("target_fqdns", "targetFqdns"),
    ("fqdn_tags", "fqdnTags"),
    ("protocol", "protocols"),
];

/// Whether a resource of this type is a collection of a classic firewall.
pub(super) fn is_collection(kind: &str) -> bool {
    COLLECTIONS.iter().any(|(known, _)| *known == kind)
}

/// The firewall with its collections, in the shape of Azure's API.
pub(super) fn firewall(
    notes: &mut Notes<'_>,
    entity: &Entity,
    entities: &[Entity],
) -> Result<Found, InputError> {
    let owned = |other: &&Entity| is_of(other, entity);
    let collections: Vec<&Entity> = entities.iter().filter(owned).collect();
    let values = &entity.values;
    let inner = |shape: Shape| Some(shape.node());
    let shape = || Shape::new(entity.span);
    let policy = values.get("firewall_policy_id").filter(|id| is_set(id));
    let properties = with_collections(notes, shape(), &collections)?
        .with("sku", inner(shape().with_field("tier", values, "sku_tier")))
        .with_field("threatIntelMode", values, "threat_intel_mode")
        .with("firewallPolicy", policy.map(|id| shape().with("id", Some(id.clone())).node()))
        .with("ipConfigurations", Some(configurations(entity)))
        .with(
            "managementIpConfiguration",
            block(values, "management_ip_configuration").map(configuration),
        )
        .with(
            "virtualHub",
            block(values, "virtual_hub")
                .map(|hub| Shape::new(hub.span).with_field("id", hub, "virtual_hub_id").node()),
        )
        .with("additionalProperties", inner(additional(entity)));
    let node = entity
        .shape(Kind::Firewall)
        .with_field("location", values, "location")
        .with_field("zones", values, "zones")
        .with("properties", Some(properties.node()))
        .node();
    Ok(Found { kind: Kind::Firewall, names: Vec::new(), node })
}

/// Collections of firewalls that are managed elsewhere: one firewall for each name.
pub(super) fn without_firewall(
    notes: &mut Notes<'_>,
    entities: &[Entity],
) -> Result<Vec<Found>, InputError> {
    let is_firewall = |entity: &&Entity| entity.kind == "azurerm_firewall" && entity.is_managed;
    let mut rest: Vec<&Entity> = entities
        .iter()
        .filter(|entity| is_collection(&entity.kind))
        .filter(|entity| !entities.iter().filter(is_firewall).any(|it| is_of(entity, it)))
        .collect();
    let mut found = Vec::new();
    while let Some(first) = rest.first().copied() {
        let Some(name) = first.text("azure_firewall_name") else {
            let message = format!("the firewall of `{}` is known only after apply", first.address);
            return Err(notes.error(message, first.span).with_help(AFTER_APPLY));
        };
        let group = first.text("resource_group_name");
        let is_same = |entity: &Entity| {
            entity.text("azure_firewall_name").is_some_and(|it| it.eq_ignore_ascii_case(name))
                && entity.text("resource_group_name") == group
        };
        let (ours, others): (Vec<_>, Vec<_>) = rest.iter().partition(|entity| is_same(entity));
        let message = format!("firewall `{name}` is not here, only rule collections of it");
        let help = "its settings are taken as Azure's defaults";
        notes.warn_with_help(Severity::Note, message, first.span, help);
        let properties = with_collections(notes, Shape::new(first.span), &ours)?;
        let node = Shape::new(first.span)
            .with_text("name", name)
            .with_text("type", Kind::Firewall.full_type().unwrap_or_default())
            .with("properties", Some(properties.node()))
            .node();
        found.push(Found { kind: Kind::Firewall, names: vec![name.into()], node });
        rest = others;
    }
    Ok(found)
}

/// Whether `collection` is one of `firewall`.
fn is_of(collection: &Entity, firewall: &Entity) -> bool {
    let is_same = |ours: Option<&str>, theirs: Option<&str>| match (ours, theirs) {
        (Some(ours), Some(theirs)) => ours.eq_ignore_ascii_case(theirs),
        (Some(_) | None, _) => false,
    };
    let group = "resource_group_name";
    is_collection(&collection.kind)
        && is_same(collection.text("azure_firewall_name"), firewall.text("name"))
        && (is_same(collection.text(group), firewall.text(group))
            || (collection.text(group).is_none() && firewall.text(group).is_none()))
}

fn with_collections(
    notes: &mut Notes<'_>,
    mut shape: Shape,
    entities: &[&Entity],
) -> Result<Shape, InputError> {
    for (kind, key) in COLLECTIONS {
        let mut collections = Vec::new();
        let mut span: Option<Span> = None;
        for entity in entities.iter().filter(|entity| entity.kind == kind) {
            let rules = blocks(notes, entity, &entity.values, "rule")?;
            let rules = rules.iter().map(|node| rule(node, None, RULE)).collect();
            let action = entity.values.get("action").filter(|action| is_set(action)).cloned();
            let is_nat = key == "natRuleCollections";
            // A DNAT collection of old could also say `Snat`, which never did anything.
            let action = action.or_else(|| is_nat.then(|| text("Dnat", entity.span)));
            let content = Shape::new(entity.span).with_renamed(&entity.values, &[]);
            let content = content.with("action", action).node();
            collections.push(collection(&content, rules).node());
            span.get_or_insert(entity.span);
        }
        shape = shape.with(key, span.map(|span| list(collections, span)));
    }
    Ok(shape)
}

/// Private addresses and subnets of the firewall.
fn configurations(entity: &Entity) -> Node {
    let configurations = entity.values.get("ip_configuration").map_or(&[][..], Node::elements);
    let hub = block(&entity.values, "virtual_hub");
    list(configurations.iter().chain(hub).map(configuration).collect(), entity.span)
}

fn configuration(node: &Node) -> Node {
    let known = |key: &str| {
        node.get(key).filter(|it| is_set(it) && !matches!(it.value, Value::Unresolved(_))).cloned()
    };
    let subnet = known("subnet_id").map(|id| Shape::new(node.span).with("id", Some(id)).node());
    Shape::new(node.span)
        .with("privateIPAddress", known("private_ip_address"))
        .with("subnet", subnet)
        .node()
}

/// The settings that Azure hides in `additionalProperties`.
fn additional(entity: &Entity) -> Shape {
    let values = &entity.values;
    let set = |key: &str| values.get(key).filter(|node| is_set(node)).cloned();
    let proxy = set("dns_proxy_enabled").filter(|flag| flag.value != Value::Bool(false));
    let proxy = proxy.map(|flag| match &flag.value {
        Value::Bool(value) => text(value.to_string(), flag.span),
        _ => flag,
    });
    Shape::new(entity.span)
        .with("Network.DNS.EnableProxy", proxy)
        .with("Network.DNS.Servers", set("dns_servers"))
        .with("Network.SNAT.PrivateRanges", set("private_ip_ranges"))
}
