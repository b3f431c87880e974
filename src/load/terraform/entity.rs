//! The resources of a state or a plan, wherever in it they stand.

use std::collections::BTreeSet;

use smol_str::{SmolStr, format_smolstr};

use super::unknown::Change;
use crate::load::Side;
use crate::load::kind::Kind;
use crate::load::shape::Shape;
use crate::source::Span;
use crate::syntax::json::{Node, Value};

/// One resource of Terraform.
#[derive(Debug, Clone)]
pub(super) struct Entity {
    /// `module.hub[0].azurerm_firewall_policy.main`.
    pub(super) address: SmolStr,
    /// The address of its module, empty for the root.
    pub(super) module: SmolStr,
    /// `azurerm_firewall_policy`.
    pub(super) kind: SmolStr,
    pub(super) name: SmolStr,
    /// `count` or `for_each` key, as it stands in the address: `[0]`, `["a"]` or nothing.
    pub(super) index: SmolStr,
    /// A resource, not a data source.
    pub(super) is_managed: bool,
    pub(super) values: Node,
    /// What is known only after apply, in the shape of `values`.
    pub(super) unknown: Option<Node>,
    pub(super) span: Span,
}

/// The id parts of the types whose ids others refer to.
const KINDS: [(&str, &str); 3] = [
    ("azurerm_firewall_policy", "firewallPolicies"),
    ("azurerm_ip_group", "ipGroups"),
    ("azurerm_firewall", "azureFirewalls"),
];

impl Entity {
    /// The resource in the state `values`, with nothing unknown.
    fn of_state(node: &Node, module: &str, values: &Node) -> Option<Self> {
        let text = |key: &str| node.get(key).and_then(Node::text);
        let (kind, name) = (text("type")?, text("name")?);
        let index = index(node.get("index"));
        let is_managed = text("mode") != Some("data");
        let own = if is_managed { "" } else { "data." };
        let dot = if module.is_empty() { "" } else { "." };
        let address = format_smolstr!("{module}{dot}{own}{kind}.{name}{index}");
        Some(Self {
            address: text("address").map_or(address, SmolStr::from),
            module: module.into(),
            kind: kind.into(),
            name: name.into(),
            index,
            is_managed,
            values: values.clone(),
            unknown: None,
            span: values.span,
        })
    }

    /// A field that is a text and known.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key).and_then(Node::text).filter(|text| !text.is_empty())
    }

    /// Its resource id; one made of its name where Azure has not given it yet.
    pub(super) fn id(&self) -> Option<SmolStr> {
        if let Some(id) = self.text("id") {
            return Some(id.into());
        }
        let (_, kind) = KINDS.iter().find(|(kind, _)| self.kind == *kind)?;
        let group = self.text("resource_group_name").unwrap_or("*");
        let name = self.text("name")?;
        Some(format_smolstr!(
            "/subscriptions/*/resourceGroups/{group}/providers/Microsoft.Network/{kind}/{name}"
        ))
    }

    /// The beginning of the resource in the shape of Azure's API.
    pub(super) fn shape(&self, kind: Kind) -> Shape {
        let id = self.id().map(|id| crate::load::shape::text(id, self.span));
        let full = kind.full_type().unwrap_or_default();
        Shape::new(self.span)
            .with_field("name", &self.values, "name")
            .with("id", id)
            .with_text("type", full)
    }
}

/// `[0]` or `["a"]` of an `index` or `index_key`.
fn index(node: Option<&Node>) -> SmolStr {
    match node.map(|node| &node.value) {
        Some(Value::Number(digits)) => format_smolstr!("[{digits}]"),
        Some(Value::String(text)) => format_smolstr!("[{text:?}]"),
        Some(
            Value::Null
            | Value::Bool(_)
            | Value::Array(_)
            | Value::Object(_)
            | Value::Unresolved(_),
        )
        | None => SmolStr::default(),
    }
}

/// All resources that are there on the wanted side; a state has only one.
pub(super) fn entities(root: &Node, side: Side) -> Vec<Entity> {
    let mut entities = Vec::new();
    if super::is_state_file(root) {
        of_state_file(root, &mut entities);
        return entities;
    }
    if !super::is_plan(root) {
        of_values(root.get("values"), &mut entities);
        return entities;
    }
    match side {
        Side::Before => {
            of_values(root.get("prior_state").and_then(|state| state.get("values")), &mut entities);
            changes(root, "before", None, &mut entities);
        }
        Side::After => {
            changes(root, "after", Some("after_unknown"), &mut entities);
            of_values(root.get("planned_values"), &mut entities);
            // Data sources were read before the plan was made.
            let mut prior = Vec::new();
            of_values(root.get("prior_state").and_then(|state| state.get("values")), &mut prior);
            entities.extend(prior.into_iter().filter(|entity| !entity.is_managed));
        }
    }
    let mut seen = BTreeSet::new();
    entities.retain(|entity| seen.insert(entity.address.clone()));
    entities
}

/// Resources in `resource_changes`.
fn changes(root: &Node, side: &str, unknown: Option<&str>, entities: &mut Vec<Entity>) {
    for node in root.get("resource_changes").map_or(&[][..], Node::elements) {
        let Some(change) = node.get("change") else { continue };
        let Some(values) = change.get(side).filter(|values| !values.is_null()) else { continue };
        let module = node.get("module_address").and_then(Node::text).unwrap_or("");
        let Some(mut entity) = Entity::of_state(node, module, values) else { continue };
        entity.unknown = unknown.and_then(|key| change.get(key)).cloned();
        entities.push(entity);
    }
}

/// Resources below `root_module`.
fn of_values(values: Option<&Node>, entities: &mut Vec<Entity>) {
    if let Some(module) = values.and_then(|values| values.get("root_module")) {
        of_module(module, entities);
    }
}

fn of_module(module: &Node, entities: &mut Vec<Entity>) {
    let address = module.get("address").and_then(Node::text).unwrap_or("");
    for node in module.get("resources").map_or(&[][..], Node::elements) {
        let values = node.get("values").filter(|values| !values.is_null());
        entities.extend(values.and_then(|values| Entity::of_state(node, address, values)));
    }
    for child in module.get("child_modules").map_or(&[][..], Node::elements) {
        of_module(child, entities);
    }
}

/// Resources of a `terraform.tfstate`.
fn of_state_file(root: &Node, entities: &mut Vec<Entity>) {
    for node in root.get("resources").map_or(&[][..], Node::elements) {
        let module = node.get("module").and_then(Node::text).unwrap_or("");
        for instance in node.get("instances").map_or(&[][..], Node::elements) {
            // What is about to be replaced is kept beside its successor.
            if instance.get("deposed").is_some() {
                continue;
            }
            let Some(values) = instance.get("attributes") else { continue };
            let Some(mut entity) = Entity::of_state(node, module, values) else { continue };
            entity.index = index(instance.get("index_key"));
            entity.address = format_smolstr!("{}{}", entity.address, entity.index);
            entities.push(entity);
        }
    }
}

impl<'n> From<&'n Entity> for Change<'n> {
    fn from(entity: &'n Entity) -> Self {
        Self { values: &entity.values, unknown: entity.unknown.as_ref() }
    }
}
