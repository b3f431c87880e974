//! `azapi_resource`: any resource of Azure, with its body as the API takes it.

use smol_str::SmolStr;

use super::entity::Entity;
use super::{AFTER_APPLY, Found};
use crate::load::kind::Kind;
use crate::load::notes::Notes;
use crate::load::shape::{Shape, text};
use crate::source::{InputError, Severity, Span};
use crate::syntax::json::{self, Member, Node, Value};

/// The type without its API version.
pub(super) fn kind(entity: &Entity) -> &str {
    let full = entity.text("type").unwrap_or("azapi_resource");
    full.split_once('@').map_or(full, |(kind, _)| kind)
}

/// The resource in the shape of Azure's API; `None`: it has nothing to do with rule sets.
pub(super) fn resource(
    notes: &mut Notes<'_>,
    entity: &Entity,
) -> Result<Option<Found>, InputError> {
    let Some(kind) = Kind::of_type(self::kind(entity)).filter(|kind| *kind != Kind::ServiceTags)
    else {
        return Ok(None);
    };
    let body = body(notes, entity)?;
    let mut shape = Shape::new(entity.span)
        .with_field("name", &entity.values, "name")
        .with_field("location", &entity.values, "location")
        .with_text("type", kind.full_type().unwrap_or_default());
    if let Some(id) = id(entity) {
        shape = shape.with("id", Some(id));
    }
    let node = match body {
        Some(body) => shape.with_field("properties", &body, "properties").node(),
        None => shape.node(),
    };
    Ok(Some(Found { kind, names: Vec::new(), node }))
}

/// Its id, else one below its parent's.
fn id(entity: &Entity) -> Option<Node> {
    if let Some(id) = entity.text("id") {
        return Some(text(id, entity.span));
    }
    let (parent, name) = (entity.text("parent_id")?, entity.text("name")?);
    let kind = self::kind(entity);
    let level = kind.rsplit('/').next()?;
    let is_child = kind.matches('/').count() > 1;
    let provider = if is_child { "" } else { "/providers/Microsoft.Network" };
    Some(text(format!("{parent}{provider}/{level}/{name}"), entity.span))
}

/// The body: an object, or JSON in a text as older versions of the provider take it.
fn body(notes: &Notes<'_>, entity: &Entity) -> Result<Option<Node>, InputError> {
    let Some(body) = entity.values.get("body").filter(|body| !body.is_null()) else {
        return Ok(None);
    };
    match &body.value {
        Value::String(text) => {
            let parsed = json::document(text, body.span.source).map_err(|error| {
                let message = format!("the body of `{}` is no JSON: {error}", entity.address);
                notes.error(message, body.span)
            })?;
            Ok(Some(placed(parsed, body.span)))
        }
        Value::Unresolved(_) => {
            let message = format!("the body of `{}` is known only after apply", entity.address);
            Err(notes.error(message, body.span).with_help(AFTER_APPLY))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Ok(Some(body.clone()))
        }
    }
}

/// The same node, all of which stands at `span`: a text within a text has no places of its own.
fn placed(node: Node, span: Span) -> Node {
    let value = match node.value {
        Value::Array(entries) => {
            Value::Array(entries.into_iter().map(|entry| placed(entry, span)).collect())
        }
        Value::Object(members) => {
            let member = |mut member: Member| {
                member.key.span = Some(span);
                Member { key: member.key, value: placed(member.value, span) }
            };
            Value::Object(members.into_iter().map(member).collect())
        }
        single @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Unresolved(_)) => single,
    };
    Node { span, value }
}

/// A resource that changes another one: what comes out is in neither of them.
pub(super) fn note_update(notes: &mut Notes<'_>, entity: &Entity) {
    let full = entity.text("type").map(SmolStr::from).unwrap_or_default();
    let kind = full.split_once('@').map_or(full.as_str(), |(kind, _)| kind);
    if Kind::of_type(kind).is_none() {
        return;
    }
    let message = format!("`{}` changes a resource that is defined elsewhere", entity.address);
    let help = "what it changes is not taken into account: give the export of the resource";
    notes.warn_with_help(Severity::Error, message, entity.span, help);
}
