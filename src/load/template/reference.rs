//! `reference(…)`: what a resource looks like once it is deployed. Nothing offline knows it; a
//! person may, and says so.

use std::rc::Rc;

use smol_str::SmolStr;

use crate::load::template::build::string;
use crate::load::template::error::TemplateError;
use crate::load::template::evaluate::Evaluator;
use crate::load::template::function::id;
use crate::load::template::program::Frame;
use crate::load::template::residual::plain_text;
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
        let target = match &target.value {
            Value::String(text) => text.clone(),
            Value::Unresolved(text) => plain_text(text),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => return Ok(None),
        };
        let target = self.symbolic_id(&target, frame)?.unwrap_or(target);
        let property = property_path(&call.path);
        let found =
            self.settings.resolved.iter().rev().find(|(key, _)| is_meant(key, &target, &property));
        Ok(found.map(|(_, value)| Rc::new(string(value.as_str(), span))))
    }

    /// The id behind a symbolic name, with `[0]` behind it for one of several copies.
    fn symbolic_id(&self, name: &str, frame: &Frame<'_>) -> Result<Option<SmolStr>, TemplateError> {
        let bare = name.split_once('[').map_or(name, |(bare, _)| bare);
        let resources = frame.program.template.and_then(|template| template.get("resources"));
        let Some(resource) = resources.and_then(|resources| resources.get(bare)) else {
            return Ok(None);
        };
        let (Some(kind), Some(written)) =
            (resource.get("type").and_then(Node::text), resource.get("name"))
        else {
            return Ok(None);
        };
        let index = name
            .get(bare.len()..)
            .and_then(|rest| rest.strip_prefix('[')?.strip_suffix(']')?.parse::<usize>().ok());
        let frame = match index {
            Some(index) => frame.in_loop(
                bare.into(),
                index,
                crate::load::template::program::LoopKind::Resource,
            ),
            None => frame.top(),
        };
        let name = self.shared(written, &frame)?;
        let name = match &name.value {
            Value::String(text) => text.clone(),
            Value::Unresolved(text) => plain_text(text),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => return Ok(None),
        };
        let names: Vec<&str> = id::name_parts(&name).collect();
        Ok(Some(id::resource(None, None, kind, &names)))
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
