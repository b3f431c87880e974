//! The resources of a template: copies, conditions, children, nested deployments.

use std::rc::Rc;

use smol_str::SmolStr;

use crate::load::template::Resource;
use crate::load::template::build::{node, string};
use crate::load::template::error::TemplateError;
use crate::load::template::evaluate::{Count, Evaluator};
use crate::load::template::function::id::name_parts;
use crate::load::template::interest::{
    entries, full_kind, is_deployment, is_wanted, leads_to_wanted,
};
use crate::load::template::lazy::truth;
use crate::load::template::program::{Frame, LoopKind};
use crate::load::template::residual::plain_text;
use crate::source::{Severity, Warning};
use crate::syntax::json::{Member, Node, Value};

/// Members that say how a resource is deployed and nothing about its rules.
const NOT_CONTENT: [&str; 9] = [
    "resources",
    "copy",
    "condition",
    "dependsOn",
    "apiVersion",
    "comments",
    "tags",
    "identity",
    "scope",
];

/// The resource that a child stands in.
#[derive(Clone)]
pub(super) struct Parent {
    kind: SmolStr,
    names: Vec<SmolStr>,
}

impl Evaluator<'_> {
    /// Adds the wanted resources among those that `holder` lists.
    pub(super) fn resources<'a>(
        &self,
        holder: &'a Node,
        parent: Option<&Parent>,
        frame: &Frame<'a>,
        found: &mut Vec<Resource>,
    ) -> Result<(), TemplateError> {
        self.deeper(holder.span, || {
            for resource in entries(holder) {
                self.resource(resource, parent, frame, found)?;
            }
            Ok(())
        })
    }

    fn resource<'a>(
        &self,
        resource: &'a Node,
        parent: Option<&Parent>,
        frame: &Frame<'a>,
        found: &mut Vec<Resource>,
    ) -> Result<(), TemplateError> {
        let is_existing = |flag: &Node| flag.value == Value::Bool(true);
        if resource.get("existing").is_some_and(is_existing) {
            return Ok(());
        }
        let Some(written) = resource.get("type") else { return Ok(()) };
        let kind = self.shared(written, frame)?;
        let Some(kind) = kind.text() else { return Ok(()) };
        let kind = full_kind(kind, parent.map(|parent| parent.kind.as_str()));
        if !leads_to_wanted(self.interest, resource, &kind) {
            return Ok(());
        }
        let Some(copy) = resource.get("copy") else {
            return self.instance(resource, &kind, parent, frame, found);
        };
        let name = copy.get("name").and_then(Node::text).unwrap_or_default();
        match self.copy_count(copy, name, frame)? {
            Count::Known(0) => {
                self.note_no_copies(copy, &kind);
                Ok(())
            }
            Count::Known(count) => (0..count).try_for_each(|index| {
                let inner = frame.in_loop(name.into(), index, LoopKind::Resource);
                self.instance(resource, &kind, parent, &inner, found)
            }),
            Count::Unresolved(text) => {
                let message = format!("the number of copies `{name}` depends on `{text}`");
                let span = copy.get("count").map_or(copy.span, |count| count.span);
                Err(TemplateError::new(message, span)
                    .with_help("give the parameters it needs with `--set name=…`"))
            }
        }
    }

    /// Templates for everyone leave the number of groups to a parameter that is empty by default.
    fn note_no_copies(&self, copy: &Node, kind: &str) {
        let written = copy.get("count").and_then(|count| Some((count.text()?, count.span)));
        // What leads to a rule set without being one is a deployment of it.
        let is_shown = is_wanted(self.interest, kind) || is_deployment(kind);
        if let Some((written, span)) = written.filter(|_| is_shown) {
            let message = format!("no `{kind}` comes of this copy: `{written}` is 0");
            let help =
                "give the parameters in it values with `--set NAME=VALUE` or a parameter file";
            self.warn(Warning::new(Severity::Note, message, Some(span)).with_help(help));
        }
    }

    /// One resource, or one of its copies.
    fn instance<'a>(
        &self,
        resource: &'a Node,
        kind: &str,
        parent: Option<&Parent>,
        frame: &Frame<'a>,
        found: &mut Vec<Resource>,
    ) -> Result<(), TemplateError> {
        let names = self.names(resource, kind, parent, frame)?;
        let is_deployed = self.is_deployed(resource, &names, frame)?;
        let before = found.len();
        if is_deployed != Some(false) {
            if is_deployment(kind) {
                self.deployment(resource, &names.join("/"), frame, found)?;
            } else if is_wanted(self.interest, kind) {
                let node = self.content(resource, kind, &names, frame)?;
                found.push(Resource { kind: kind.into(), names: names.clone(), node });
            }
        }
        if is_deployed == Some(false) {
            self.skip_for_condition(resource, &names);
        }
        if is_deployed.is_none() && found.len() > before {
            self.warn_of_condition(resource, &names);
        }
        if is_deployment(kind) {
            return Ok(());
        }
        // The condition of a parent does not cascade to its children ("Conditional deployment in ARM
        // templates").
        let before = found.len();
        let parent = Parent { kind: kind.into(), names };
        self.resources(resource, Some(&parent), frame, found)?;
        if is_deployed == Some(false) && found.len() > before {
            self.warn_of_orphans(resource, &parent.names);
        }
        Ok(())
    }

    /// One name for each level of the type.
    fn names<'a>(
        &self,
        resource: &'a Node,
        kind: &str,
        parent: Option<&Parent>,
        frame: &Frame<'a>,
    ) -> Result<Vec<SmolStr>, TemplateError> {
        let Some(written) = resource.get("name") else {
            self.refuse("a resource without a name", resource.span);
            return Ok(Vec::new());
        };
        let value = self.shared(written, frame)?;
        let text = match &value.value {
            Value::String(text) | Value::Number(text) => text.clone(),
            Value::Unresolved(text) => plain_text(text),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                self.refuse("the name of a resource is text", written.span);
                SmolStr::default()
            }
        };
        let own: Vec<SmolStr> = name_parts(&text).map(SmolStr::from).collect();
        let levels = kind.split('/').count().saturating_sub(1);
        let names = match parent {
            Some(parent) if own.len() < levels => parent.names.iter().cloned().chain(own).collect(),
            Some(_) | None => own,
        };
        if names.len() != levels && is_wanted(self.interest, kind) {
            let message = format!("the name `{}` does not fit the type `{kind}`", names.join("/"));
            self.refuse(message, written.span);
        }
        Ok(names)
    }

    /// What the condition of a resource says; `None` where only a deployment knows.
    fn is_deployed<'a>(
        &self,
        resource: &'a Node,
        names: &[SmolStr],
        frame: &Frame<'a>,
    ) -> Result<Option<bool>, TemplateError> {
        let Some(condition) = resource.get("condition") else { return Ok(Some(true)) };
        let value = self.shared(condition, frame)?;
        Ok(truth(&value).unwrap_or_else(|_| {
            let name = names.join("/");
            let message = format!("the condition of `{name}` is neither true nor false");
            self.refuse(message, condition.span);
            None
        }))
    }

    fn warn_of_condition(&self, resource: &Node, names: &[SmolStr]) {
        let span = resource.get("condition").map_or(resource.span, |condition| condition.span);
        let name = names.join("/");
        let message = format!("whether `{name}` is deployed depends on an unknown value");
        let warning = Warning::new(Severity::Warning, message, Some(span));
        let help = "it is taken to be deployed; give the parameters it needs with `--set name=…`";
        self.warn(warning.with_help(help));
    }

    fn warn_of_orphans(&self, resource: &Node, names: &[SmolStr]) {
        let span = resource.get("condition").map_or(resource.span, |condition| condition.span);
        let name = names.join("/");
        let message =
            format!("the condition of `{name}` is false, but what stands within it is deployed");
        let help = "a condition does not count for children: give each the same condition";
        self.warn(Warning::new(Severity::Warning, message, Some(span)).with_help(help));
    }

    fn skip_for_condition(&self, resource: &Node, names: &[SmolStr]) {
        let span = resource.get("condition").map_or(resource.span, |condition| condition.span);
        let message = format!("`{}` is not deployed: its condition is false", names.join("/"));
        let warning = Warning::new(Severity::Note, message, Some(span));
        let help = "give other parameters with `--set NAME=VALUE` or a parameter file";
        self.skip(warning.with_help(help));
    }

    /// What the resource says, evaluated, with its full type and name.
    fn content<'a>(
        &self,
        resource: &'a Node,
        kind: &str,
        names: &[SmolStr],
        frame: &Frame<'a>,
    ) -> Result<Node, TemplateError> {
        let mut members = Vec::new();
        for part in resource.members() {
            let key = part.key.value.as_str();
            if NOT_CONTENT.iter().any(|skipped| skipped.eq_ignore_ascii_case(key)) {
                continue;
            }
            let value = match key {
                _ if key.eq_ignore_ascii_case("type") => string(kind, part.value.span),
                _ if key.eq_ignore_ascii_case("name") => string(names.join("/"), part.value.span),
                _ => self.node(&part.value, frame)?,
            };
            members.push(Member { key: part.key.clone(), value });
        }
        Ok(node(Value::Object(members), resource.span))
    }

    /// The text that a value of the template gives, if it is known.
    pub(super) fn known_text<'a>(
        &self,
        value: Option<&'a Node>,
        frame: &Frame<'a>,
    ) -> Result<Option<SmolStr>, TemplateError> {
        let Some(value) = value else { return Ok(None) };
        let value: Rc<Node> = self.shared(value, frame)?;
        Ok(value.text().map(SmolStr::from))
    }
}
