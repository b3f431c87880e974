//! `reference(…)`: what a resource looks like once it is deployed. Nothing offline knows it; a
//! person may, and says so.

use std::rc::Rc;

use smol_str::SmolStr;

use crate::load::template::build::{object, string, unresolved};
use crate::load::template::call::Outcome;
use crate::load::template::error::TemplateError;
use crate::load::template::evaluate::Evaluator;
use crate::load::template::function::{Trouble, id};
use crate::load::template::program::{Frame, LoopKind};
use crate::load::template::residual::{from_plain_text, plain_text};
use crate::source::Span;
use crate::syntax::expression::{Accessor, Call};
use crate::syntax::json::{Node, Value};

impl Evaluator<'_> {
    /// The value that the settings give for a property of a deployed resource.
    pub(super) fn resolved_reference(
        &self,
        call: &Call,
        frame: &Frame<'_>,
        span: Span,
    ) -> Result<Option<Rc<Node>>, TemplateError> {
        let is_reference = call.name.eq_ignore_ascii_case("reference");
        if !is_reference || call.path.is_empty() || self.settings.resolved.is_empty() {
            return Ok(None);
        }
        let Some(argument) = call.arguments.first() else { return Ok(None) };
        let target = self.expression(argument, frame, span)?;
        let Some(target) = target_text(&target) else { return Ok(None) };
        let target = self.symbolic_id(&target, frame)?.unwrap_or(target);
        let property = property_path(&call.path);
        let found =
            self.settings.resolved.iter().rev().find(|(key, _)| is_meant(key, &target, &property));
        Ok(found.map(|(_, value)| Rc::new(string(value.as_str(), span))))
    }

    /// `resourceInfo('symbol')`: what a resource is called, known before it is deployed.
    pub(super) fn resource_info(&self, symbol: &str, frame: &Frame<'_>, span: Span) -> Outcome {
        let refused = || Trouble::refused(format!("no resource has the symbolic name `{symbol}`"));
        let id = self.symbolic_id(symbol, frame)?.ok_or_else(refused)?;
        let name = id::name_parts(&id).last().unwrap_or_default();
        let name = if name.contains('[') {
            unresolved(from_plain_text(name), span)
        } else {
            string(name, span)
        };
        Ok(Rc::new(object(vec![("id", string(id.clone(), span)), ("name", name)], span)))
    }

    /// The id behind a symbolic name, with `[0]` behind it for one of several copies.
    fn symbolic_id(&self, name: &str, frame: &Frame<'_>) -> Result<Option<SmolStr>, TemplateError> {
        let (bare, index) = split_copy(name);
        let resources = frame.program.template.and_then(|template| template.get("resources"));
        let Some(resource) = resources.and_then(|resources| resources.get(bare)) else {
            return Ok(None);
        };
        let (Some(kind), Some(written)) =
            (resource.get("type").and_then(Node::text), resource.get("name"))
        else {
            return Ok(None);
        };
        let frame = match index {
            Some(index) => frame.top().in_loop(bare.into(), index, LoopKind::Resource),
            None => frame.top(),
        };
        let name = self.shared(written, &frame)?;
        let Some(name) = target_text(&name) else { return Ok(None) };
        let names: Vec<&str> = id::name_parts(&name).collect();
        Ok(Some(id::resource(None, None, kind, &names)))
    }
}

/// A name or id, its unknown parts in brackets.
pub(super) fn target_text(value: &Node) -> Option<SmolStr> {
    match &value.value {
        Value::String(text) => Some(text.clone()),
        Value::Unresolved(text) => Some(plain_text(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

/// A symbolic name and which of its copies is meant: `name[0]`.
pub(super) fn split_copy(name: &str) -> (&str, Option<usize>) {
    let copy = name.strip_suffix(']').and_then(|name| name.split_once('['));
    match copy.and_then(|(name, index)| Some((name, index.parse().ok()?))) {
        Some((name, index)) => (name, Some(index)),
        None => (name, None),
    }
}

/// `dnsSettings.fqdn` for `.dnsSettings.fqdn` and `['dnsSettings'].fqdn`.
fn property_path(path: &[Accessor]) -> String {
    let names = path.iter().map(|accessor| match accessor {
        Accessor::Property(name) => name.to_string(),
        Accessor::Index(index) => index.to_string().trim_matches('\'').to_owned(),
    });
    names.collect::<Vec<_>>().join(".")
}

/// Whether `key`, `type/name` or `type/name.property`, speaks of this property of this resource.
/// Without a property it speaks of the resource's address.
fn is_meant(key: &str, target: &str, property: &str) -> bool {
    let is_address = property.to_ascii_lowercase().ends_with("address");
    (is_address && ends_with_segments(target, key))
        || ends_with_segments(&format!("{target}.{property}"), key)
}

/// Whether `id` ends with the segments of `key`. A bare name agrees with its own last segment.
fn ends_with_segments(id: &str, key: &str) -> bool {
    let (id, key) = (id.to_ascii_lowercase(), key.trim_matches('/').to_ascii_lowercase());
    let id = id.trim_start_matches('/');
    if !id.contains('/') {
        return key.rsplit('/').next() == Some(id);
    }
    id.strip_suffix(key.as_str()).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}
