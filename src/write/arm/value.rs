//! Values in a template: text, expressions, ids, and the parameters that they need.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::{Map, Value, json};
use smol_str::SmolStr;

use crate::policy::{Inventory, IpGroupRef, ResourceId, Written};
use crate::source::{Span, Spanned};
use crate::syntax::expression::{Accessor, Call, Expression, TemplateString};
use crate::write::remarks::{Remarks, Resource};

/// A part of a name with several levels.
pub(super) enum Part<'a> {
    Text(&'a str),
    Expression(Expression),
}

/// Turns values into JSON and remembers what they need.
#[derive(Default)]
pub(super) struct Values {
    /// Name and type.
    parameters: BTreeMap<String, &'static str>,
    /// Names of what stands for a value that is no expression of a template.
    substitutes: BTreeMap<SmolStr, String>,
    /// Expressions that were written, with their places.
    expressions: Vec<(SmolStr, Option<Span>)>,
    invalid: Vec<(SmolStr, Option<Span>)>,
}

impl Values {
    /// A text that is no expression.
    pub(super) fn literal(text: &str) -> Value {
        Value::String(TemplateString::Literal(text.into()).to_string())
    }

    /// A name; what a loader could not tell stands in it in brackets.
    pub(super) fn name(&mut self, text: &str) -> Value {
        let parts = name_parts(text);
        match parts.as_slice() {
            [Expression::String(only)] => Self::literal(only),
            [only] => self.expression(only, None),
            _ => self.expression(&call("concat", parts), None),
        }
    }

    /// A name with several levels.
    pub(super) fn joined_name(&mut self, parts: &[Part<'_>]) -> Value {
        let mut joined = Vec::new();
        for part in parts {
            if !joined.is_empty() {
                joined.push(Expression::String("/".into()));
            }
            match part {
                Part::Text(text) => joined.extend(name_parts(text)),
                Part::Expression(expression) => joined.push(expression.clone()),
            }
        }
        let joined = merged(joined);
        match joined.as_slice() {
            [Expression::String(plain)] => Self::literal(plain),
            _ => self.expression(&call("concat", joined), None),
        }
    }

    fn expression(&mut self, expression: &Expression, span: Option<Span>) -> Value {
        let text = TemplateString::Expression(expression.clone()).to_string();
        self.need(expression);
        self.expressions.push((text.as_str().into(), span));
        Value::String(text)
    }

    /// Declares what `expression` reads.
    fn need(&mut self, expression: &Expression) {
        let Expression::Call(Call { name, arguments, path }) = expression else { return };
        if let ([Expression::String(parameter)], true) =
            (arguments.as_slice(), name.eq_ignore_ascii_case("parameters"))
        {
            let kind = match path.first() {
                None => "string",
                Some(Accessor::Property(_) | Accessor::Index(Expression::String(_))) => "object",
                Some(Accessor::Index(Expression::Integer(_) | Expression::Call(_))) => "array",
            };
            self.parameters.insert(parameter.to_string(), kind);
        }
        for argument in arguments {
            self.need(argument);
        }
        for step in path {
            if let Accessor::Index(index) = step {
                self.need(index);
            }
        }
    }

    /// A parameter of the template.
    pub(super) fn declared(&mut self, name: &str, kind: &'static str) -> Expression {
        self.parameters.insert(name.to_owned(), kind);
        call("parameters", vec![Expression::String(name.into())])
    }

    /// The same as text.
    pub(super) fn declared_text(&mut self, name: &str) -> Value {
        let expression = self.declared(name, "string");
        Value::String(TemplateString::Expression(expression).to_string())
    }

    /// A value as text.
    pub(super) fn text<T: Display>(&mut self, value: &Spanned<Written<T>>) -> Value {
        match &value.value {
            Written::Value(known) => Self::literal(&known.to_string()),
            Written::Invalid(text) => {
                self.invalid.push((text.clone(), value.span));
                Self::literal(text)
            }
            Written::Unresolved(text) => self.unresolved(text, value.span),
        }
    }

    /// A value that is yes or no.
    pub(super) fn flag(&mut self, value: &Spanned<Written<bool>>) -> Value {
        match &value.value {
            Written::Value(flag) => Value::Bool(*flag),
            Written::Invalid(_) | Written::Unresolved(_) => self.text(value),
        }
    }

    /// What only a deployment settles: an expression as it was, else a parameter.
    pub(super) fn unresolved(&mut self, text: &SmolStr, span: Option<Span>) -> Value {
        if let Ok(TemplateString::Expression(expression)) = TemplateString::parse(text) {
            return self.expression(&expression, span);
        }
        let count = self.substitutes.len() + 1;
        let name = self.substitutes.entry(text.clone()).or_insert_with(|| format!("value{count}"));
        let name = name.clone();
        self.declared_text(&name)
    }

    /// A list of values.
    pub(super) fn list<T: Display>(&mut self, values: &[Spanned<Written<T>>]) -> Value {
        // All elements of an array of unknown length: the array itself.
        if let [Spanned { value: Written::Unresolved(text), .. }] = values
            && let Some(array) = text.strip_suffix("[*]]")
            && let Ok(TemplateString::Expression(array)) =
                TemplateString::parse(&format!("{array}]"))
        {
            return self.array(&array);
        }
        values.iter().map(|value| self.text(value)).collect()
    }

    /// An array that only a deployment settles.
    fn array(&mut self, array: &Expression) -> Value {
        let value = self.expression(array, None);
        if let Expression::Call(Call { arguments, path, .. }) = array
            && let ([Expression::String(name)], []) = (arguments.as_slice(), path.as_slice())
        {
            self.parameters.entry(name.to_string()).and_modify(|kind| *kind = "array");
        }
        value
    }

    /// References to IP Groups.
    pub(super) fn ip_groups(
        &mut self,
        inventory: &Inventory,
        groups: &[Spanned<IpGroupRef>],
    ) -> Value {
        let mut list = Vec::new();
        for group in groups {
            list.push(match &group.value {
                Written::Value(id) => {
                    let here = inventory.ip_groups.iter().find(|known| known.is_meant(id));
                    self.reference(id, here.map(|group| group.name.value.as_str()))
                }
                Written::Invalid(_) | Written::Unresolved(_) => self.text(group),
            });
        }
        Value::Array(list)
    }

    /// An id: of a resource `here` in the template, of one in the same resource group, or as it is.
    pub(super) fn reference(&mut self, id: &ResourceId, here: Option<&str>) -> Value {
        let text = id.as_str();
        if let Ok(TemplateString::Expression(expression)) = TemplateString::parse(text) {
            return self.expression(&expression, None);
        }
        let Some((kind, names)) = kind_and_names(text) else { return Self::literal(text) };
        if let Some(name) = here {
            return resource_id(&kind, &[name]);
        }
        if text.contains("/*/") {
            return resource_id(&kind, &names);
        }
        Self::literal(text)
    }

    /// The parameters, and what to say about what was written.
    pub(super) fn finish(self, remarks: &mut Remarks) -> Value {
        for (text, span) in self.invalid {
            let message = format!("`{text}` is written as it was, but Azure will refuse it");
            remarks.warn(message, span, "correct it before you deploy the template");
        }
        for (text, span) in &self.expressions {
            let is_bound = ["variables(", "copyindex(", "lambdavariables("]
                .iter()
                .any(|name| text.to_ascii_lowercase().contains(name));
            if is_bound {
                let message = format!("`{text}` reads something that only its own template has");
                remarks.warn(message, *span, "put the value in its place before you deploy");
            }
        }
        let mut parameters = Map::new();
        for (name, kind) in self.parameters {
            let meaning = self.substitutes.iter().find(|(_, known)| **known == name);
            let mut parameter = json!({ "type": kind });
            if let (Some((text, _)), Some(members)) = (meaning, parameter.as_object_mut()) {
                let note = json!({ "description": text.as_str() });
                members.insert("metadata".into(), note);
            }
            parameters.insert(name, parameter);
        }
        Value::Object(parameters)
    }
}

/// `Microsoft.Network/ipGroups` and `["servers"]` of an id.
fn kind_and_names(id: &str) -> Option<(String, Vec<&str>)> {
    let at = id.to_ascii_lowercase().rfind("/providers/")? + "/providers/".len();
    let mut segments = id.get(at..)?.split('/');
    let mut kind = segments.next()?.to_owned();
    let mut names = Vec::new();
    while let (Some(level), Some(name)) = (segments.next(), segments.next()) {
        kind.push('/');
        kind.push_str(level);
        names.push(name);
    }
    (!names.is_empty()).then_some((kind, names))
}

/// `[resourceId('Microsoft.Network/ipGroups', 'servers')]`.
pub(super) fn resource_id(kind: &str, names: &[&str]) -> Value {
    let parts: Vec<Part<'_>> = names.iter().map(|name| Part::Text(name)).collect();
    joined_id(kind, &parts)
}

/// The same for names that are not all text.
pub(super) fn joined_id(kind: &str, names: &[Part<'_>]) -> Value {
    let name = |part: &Part<'_>| match part {
        Part::Text(text) => match name_parts(text).as_slice() {
            [only] => only.clone(),
            parts => call("concat", parts.to_vec()),
        },
        Part::Expression(expression) => expression.clone(),
    };
    let kind = std::iter::once(Expression::String(kind.into()));
    let arguments = kind.chain(names.iter().map(name)).collect();
    Value::String(TemplateString::Expression(call("resourceId", arguments)).to_string())
}

fn call(name: &str, arguments: Vec<Expression>) -> Expression {
    Expression::Call(Call { name: name.into(), arguments, path: Vec::new() })
}

/// The same parts, where texts that follow each other are one.
fn merged(parts: Vec<Expression>) -> Vec<Expression> {
    let mut merged: Vec<Expression> = Vec::new();
    for part in parts {
        match (merged.last_mut(), part) {
            (Some(Expression::String(before)), Expression::String(text)) => {
                *before = format!("{before}{text}").into();
            }
            (_, part) => merged.push(part),
        }
    }
    merged
}

/// The text and the expressions in a name such as `[parameters('hub')]-policy`. Never empty.
fn name_parts(text: &str) -> Vec<Expression> {
    let mut parts = Vec::new();
    let mut plain = 0;
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|rest| rest.find('[')).map(|open| at + open) {
        at = open + 1;
        let closes = text.match_indices(']').map(|(close, _)| close + 1).filter(|end| *end > open);
        let inner =
            closes.into_iter().find_map(|end| match TemplateString::parse(text.get(open..end)?) {
                Ok(TemplateString::Expression(call @ Expression::Call(_))) => Some((end, call)),
                Ok(_) | Err(_) => None,
            });
        let Some((end, expression)) = inner else { continue };
        let before = text.get(plain..open).unwrap_or("");
        if !before.is_empty() {
            parts.push(Expression::String(before.into()));
        }
        parts.push(expression);
        (plain, at) = (end, end);
    }
    let rest = text.get(plain..).unwrap_or("");
    if parts.is_empty() || !rest.is_empty() {
        parts.push(Expression::String(rest.into()));
    }
    parts
}
