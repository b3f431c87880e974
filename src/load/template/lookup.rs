//! `parameters('x')`, `variables('x')` and a user's own functions.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use smol_str::SmolStr;

use crate::load::template::build::{from_json, node, string, unresolved};
use crate::load::template::call::Outcome;
use crate::load::template::error::TemplateError;
use crate::load::template::evaluate::Evaluator;
use crate::load::template::function::Trouble;
use crate::load::template::program::{Frame, Memo, Parameter, Program, Supplied, VariableSource};
use crate::source::{Severity, Span, Warning};
use crate::syntax::expression::Call;
use crate::syntax::json::{Node, Value};

impl Evaluator<'_> {
    pub(super) fn parameter(
        &self,
        name: &str,
        frame: &Frame<'_>,
        span: Span,
    ) -> Result<Rc<Node>, TemplateError> {
        let Some(parameter) = frame.program.parameters.get(&name.to_ascii_lowercase()) else {
            self.refuse(format!("the template declares no parameter `{name}`"), span);
            return Ok(Rc::new(unresolved(reference_text("parameters", name), span)));
        };
        let cycle = || own_value(format!("parameter `{name}` needs its own value"), span);
        let value = parameter.memo.value(cycle, || self.parameter_value(parameter, frame, span))?;
        // Each use of a parameter without a value is a place of its own.
        if matches!(value.value, Value::Unresolved(_)) && parameter.supplied.is_none() {
            return Ok(Rc::new(Node { span, value: value.value.clone() }));
        }
        Ok(value)
    }

    /// A null that is passed on counts as no value where there is a default.
    fn parameter_value<'a>(
        &self,
        parameter: &Parameter<'a>,
        frame: &Frame<'a>,
        span: Span,
    ) -> Result<Rc<Node>, TemplateError> {
        let supplied = match &parameter.supplied {
            Some(Supplied::Value(value)) => Some(Rc::clone(value)),
            Some(Supplied::Outer(value, outer)) => {
                Some(self.deeper(span, || self.shared(value, outer))?)
            }
            Some(Supplied::Secret(place)) => {
                let text = reference_text("parameters", &parameter.name);
                return Ok(Rc::new(unresolved(text, *place)));
            }
            None => None,
        };
        let default = parameter.declaration.and_then(|it| it.get("defaultValue"));
        match (supplied, default) {
            (Some(value), None) => Ok(value),
            (Some(value), Some(_)) if !value.is_null() => Ok(value),
            (_, Some(default)) => self.deeper(span, || self.shared(default, &frame.top())),
            (None, None) if is_nullable(parameter) => Ok(Rc::new(node(Value::Null, span))),
            (None, None) => {
                self.warn_of_missing(parameter, frame, span);
                let text = reference_text("parameters", &parameter.name);
                Ok(Rc::new(unresolved(text, span)))
            }
        }
    }

    fn warn_of_missing(&self, parameter: &Parameter<'_>, frame: &Frame<'_>, span: Span) {
        let name = &parameter.name;
        let place = parameter.declaration.map_or(span, |declaration| declaration.span);
        let (message, help) = match &frame.program.deployment {
            None => (
                format!("the parameter `{name}` has no value"),
                format!("give it with `--set {name}=…` or a parameter file"),
            ),
            Some(deployment) => (
                format!("the deployment `{deployment}` gives its parameter `{name}` no value"),
                "give it among the deployment's parameters".to_owned(),
            ),
        };
        self.warn(Warning::new(Severity::Warning, message, Some(place)).with_help(help));
    }

    pub(super) fn variable(&self, name: &str, frame: &Frame<'_>, span: Span) -> Outcome {
        let Some(variable) = frame.program.variables.get(&name.to_ascii_lowercase()) else {
            return Err(Trouble::refused(format!("the template has no variable `{name}`")));
        };
        let cycle = || own_value(format!("variable `{name}` needs its own value"), span);
        let top = frame.top();
        let compute = || match variable.source {
            VariableSource::Plain(value) => self.deeper(span, || self.shared(value, &top)),
            VariableSource::Copy(copy) => {
                self.deeper(span, || self.copied(copy, name, &top)).map(Rc::new)
            }
        };
        Ok(variable.memo.value(cycle, compute)?)
    }

    /// `namespace.name(…)`: the function's output, computed with its own parameters alone.
    pub(super) fn user_function(&self, call: &Call, frame: &Frame<'_>, span: Span) -> Outcome {
        let Some(function) = frame.program.template.and_then(|it| declared_function(it, call))
        else {
            return Err(Trouble::refused("the template declares no such function"));
        };
        let Some(output) = function.get("output").and_then(|output| output.get("value")) else {
            return Err(Trouble::refused("the function has no output"));
        };
        let values = self.arguments(call, frame, span)?;
        let declared = function.get("parameters").map_or(&[][..], Node::elements);
        let parameters = declared.iter().zip(values).filter_map(|(declaration, value)| {
            let name = SmolStr::from(declaration.get("name")?.text()?);
            let supplied = Some(Supplied::Value(value));
            let key = name.to_ascii_lowercase();
            Some((key, Parameter { name, declaration: None, supplied, memo: Memo::default() }))
        });
        let program = Program {
            template: frame.program.template,
            parameters: parameters.collect(),
            variables: HashMap::new(),
            place: frame.program.place.clone(),
            deployment: frame.program.deployment.clone(),
            deployments: RefCell::default(),
            outputs: RefCell::default(),
        };
        Ok(self.shared(output, &Frame::new(Rc::new(program)))?)
    }

    /// A parameter's value from the command line, read as its declaration says.
    pub(super) fn value_from_text(&self, text: &str, declaration: &Node) -> Node {
        let span = declaration.span;
        let kind = declaration.get("type").and_then(Node::text).unwrap_or_default();
        let json = || serde_json::from_str(text).ok().map(|json| from_json(json, span));
        match kind.to_ascii_lowercase().as_str() {
            "string" | "securestring" => string(text, span),
            "array" => {
                json().filter(|it| matches!(it.value, Value::Array(_))).unwrap_or_else(|| {
                    let parts = text.split(',').map(|part| string(part.trim(), span));
                    node(Value::Array(parts.collect()), span)
                })
            }
            // The type is declared elsewhere: `{"$ref": "#/definitions/site"}`.
            "" if !text.starts_with(['[', '{']) => string(text, span),
            _ => json().unwrap_or_else(|| {
                self.refuse(format!("`{text}` is no value for a parameter of type `{kind}`"), span);
                string(text, span)
            }),
        }
    }
}

/// Newer templates let a parameter be left out.
fn is_nullable(parameter: &Parameter<'_>) -> bool {
    parameter
        .declaration
        .and_then(|declaration| declaration.get("nullable"))
        .is_some_and(|flag| flag.value == Value::Bool(true))
}

/// `[parameters('x')]`
fn reference_text(function: &str, name: &str) -> String {
    format!("[{function}('{}')]", name.replace('\'', "''"))
}

fn declared_function<'a>(template: &'a Node, call: &Call) -> Option<&'a Node> {
    let (namespace, name) = call.name.split_once('.')?;
    let is_meant = |declared: &&Node| {
        declared
            .get("namespace")
            .and_then(Node::text)
            .is_some_and(|found| found.eq_ignore_ascii_case(namespace))
    };
    template.get("functions")?.elements().iter().find(is_meant)?.get("members")?.get(name)
}

fn own_value(message: String, span: Span) -> TemplateError {
    TemplateError::new(message, span)
        .with_help("follow the names in its value: one leads back to it")
}
