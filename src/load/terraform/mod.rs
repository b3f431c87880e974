//! Terraform: what `terraform show -json` prints of a state or of a plan, and a state file.
//!
//! Resources of the `azurerm` and `azapi` providers are brought into the shape in which Azure's API
//! writes them, with the places of the user's file, and go through the same readers.
//! (<https://developer.hashicorp.com/terraform/internals/json-format>)

mod azapi;
mod entity;
mod firewall;
mod group;
mod link;
mod network;
mod policy;
mod unknown;

use std::collections::BTreeMap;

use smol_str::SmolStr;

use self::entity::Entity;
use self::link::Links;
use super::kind::Kind;
use super::notes::Notes;
use super::shape::Shape;
use super::{Options, Side};
use crate::source::{InputError, Severity, Span};
use crate::syntax::json::{Node, Value};

/// A resource in the shape of Azure's API.
pub(super) struct Found {
    pub(super) kind: Kind,
    /// Its names from the outermost level to its own; empty where its id says more.
    pub(super) names: Vec<SmolStr>,
    pub(super) node: Node,
}

/// What a file of Terraform holds.
pub(super) struct Content {
    pub(super) found: Vec<Found>,
    /// Virtual networks and subnets: the full type, names and content.
    pub(super) networks: Vec<(&'static str, Vec<SmolStr>, Node)>,
    /// Types of resources that are not read, with counts.
    pub(super) others: BTreeMap<String, usize>,
    /// Whether finding nothing is an answer: nothing is there before the first deployment.
    pub(super) may_be_empty: bool,
}

/// Whether `node` is a state or a plan.
pub(super) fn is_terraform(node: &Node) -> bool {
    let has = |key: &str| node.get(key).is_some();
    let is_shown = has("format_version")
        && ["values", "planned_values", "resource_changes", "terraform_version"]
            .iter()
            .any(|key| has(key));
    is_shown || is_state_file(node)
}

/// Whether `node` is the content of a `terraform.tfstate`.
fn is_state_file(node: &Node) -> bool {
    ["lineage", "serial", "resources"].iter().all(|key| node.get(key).is_some())
}

/// Whether `node` is Terraform code in JSON, which holds expressions and no values.
pub(super) fn is_code(node: &Node) -> bool {
    let types = node.get("resource").map_or(&[][..], Node::members).iter();
    let mut types = types.map(|member| member.key.value.as_str());
    types.any(|name| name.starts_with("azurerm_") || name.starts_with("azapi_"))
}

fn is_plan(node: &Node) -> bool {
    ["planned_values", "resource_changes", "prior_state"].iter().any(|key| node.get(key).is_some())
}

/// The rule sets in a state or in one side of a plan.
///
/// # Errors
///
/// Something that decides which rules there are is known only after apply.
pub(super) fn content(
    notes: &mut Notes<'_>,
    root: &Node,
    options: &Options,
) -> Result<Content, InputError> {
    let mut entities = entity::entities(root, options.side);
    let links = Links::new(root, &entities, &options.template.resolved);
    let settled: Vec<Node> = entities.iter().map(|entity| links.settled(entity)).collect();
    for (entity, values) in entities.iter_mut().zip(settled) {
        entity.values = values;
    }
    let mut others = BTreeMap::new();
    let (mut found, mut networks) = (Vec::new(), Vec::new());
    for entity in &entities {
        networks.extend(network::network(entity));
        match entity.kind.as_str() {
            "azurerm_firewall_policy" if entity.is_managed => found.push(policy::policy(entity)),
            "azurerm_firewall_policy_rule_collection_group" => {
                found.push(group::group(notes, entity)?);
            }
            "azurerm_firewall" if entity.is_managed => {
                found.push(firewall::firewall(notes, entity, &entities)?);
            }
            "azurerm_ip_group" => found.push(ip_group(entity, &entities)),
            "azapi_resource" => match azapi::resource(notes, entity)? {
                Some(resource) => found.push(resource),
                None => *others.entry(format!("`{}`", azapi::kind(entity))).or_default() += 1,
            },
            "azapi_update_resource" => azapi::note_update(notes, entity),
            kind if firewall::is_collection(kind) || kind == IP_GROUP_CIDR => {}
            kind => *others.entry(format!("`{kind}`")).or_default() += 1,
        }
    }
    found.extend(firewall::without_firewall(notes, &entities)?);
    require_groups_of_addresses(notes, &entities)?;
    let may_be_empty = is_plan(root) && options.side == Side::Before;
    if may_be_empty && found.is_empty() {
        notes.warn(Severity::Note, "before this plan there is no rule set", root.span);
    }
    Ok(Content { found, networks, others, may_be_empty })
}

const IP_GROUP_CIDR: &str = "azurerm_ip_group_cidr";

/// An IP Group with the addresses of its own and those that are resources themselves.
fn ip_group(entity: &Entity, entities: &[Entity]) -> Found {
    let mut addresses: Vec<Node> = match entity.values.get("cidrs") {
        Some(Node { value: Value::Array(entries), .. }) => entries.clone(),
        Some(node) if !node.is_null() => vec![node.clone()],
        Some(_) | None => Vec::new(),
    };
    for cidr in entities.iter().filter(|other| other.kind == IP_GROUP_CIDR) {
        let is_ours = cidr
            .values
            .get("ip_group_id")
            .and_then(Node::text)
            .is_some_and(|id| entity.id().is_some_and(|own| own.eq_ignore_ascii_case(id)));
        let Some(address) = cidr.values.get("cidr").filter(|_| is_ours) else { continue };
        if addresses.iter().all(|known| known.value != address.value) {
            addresses.push(address.clone());
        }
    }
    let properties = Shape::new(entity.span)
        .with("ipAddresses", Some(super::shape::list(addresses, entity.span)));
    Found {
        kind: Kind::IpGroup,
        names: Vec::new(),
        node: entity
            .shape(Kind::IpGroup)
            .with_field("location", &entity.values, "location")
            .with("properties", Some(properties.node()))
            .node(),
    }
}

/// An address without its IP Group would be missing from a group in silence.
fn require_groups_of_addresses(
    notes: &mut Notes<'_>,
    entities: &[Entity],
) -> Result<(), InputError> {
    for cidr in entities.iter().filter(|entity| entity.kind == IP_GROUP_CIDR) {
        let id = cidr.values.get("ip_group_id");
        let Some(id) = id.and_then(Node::text) else {
            let message = format!("the IP Group of `{}` is known only after apply", cidr.address);
            return Err(notes.error(message, cidr.span).with_help(AFTER_APPLY));
        };
        let is_known = entities.iter().any(|group| {
            group.kind == "azurerm_ip_group"
                && group.id().is_some_and(|own| own.eq_ignore_ascii_case(id))
        });
        if !is_known {
            let message = format!("`{}` adds to IP Group `{id}`, which is not here", cidr.address);
            let help = "give the IP Group as well: `az network ip-group show`";
            notes.warn_with_help(Severity::Warning, message, cidr.span, help);
        }
    }
    Ok(())
}

/// What to do when a plan does not know enough.
const AFTER_APPLY: &str =
    "apply, and give the state instead of the plan: `terraform show -json > state.json`";

/// The blocks called `key` within `node`.
///
/// # Errors
///
/// How many there are is known only after apply.
fn blocks<'n>(
    notes: &Notes<'_>,
    entity: &Entity,
    node: &'n Node,
    key: &str,
) -> Result<&'n [Node], InputError> {
    let Some(found) = node.get(key) else { return Ok(&[]) };
    let unknown = match &found.value {
        Value::Unresolved(_) => Some(found.span),
        Value::Array(entries) => unknown_entry(entries),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            None
        }
    };
    match unknown {
        None => Ok(found.elements()),
        Some(span) => {
            let message = format!("`{key}` of `{}` is known only after apply", entity.address);
            Err(notes.error(message, span).with_help(AFTER_APPLY))
        }
    }
}

fn unknown_entry(entries: &[Node]) -> Option<Span> {
    let unknown = entries.iter().find(|entry| matches!(entry.value, Value::Unresolved(_)));
    unknown.map(|entry| entry.span)
}

/// The one block called `key`, if it is there.
fn block<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.get(key)?.elements().first()
}

#[cfg(test)]
mod tests;
