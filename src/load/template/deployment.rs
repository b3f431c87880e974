//! Nested deployments: a template within a template, as Bicep writes its modules.

use std::rc::Rc;

use crate::load::template::Resource;
use crate::load::template::build::{node, unresolved};
use crate::load::template::error::TemplateError;
use crate::load::template::evaluate::Evaluator;
use crate::load::template::program::{Frame, Place, Program, Supplied};
use crate::source::{Severity, Warning};
use crate::syntax::json::{Member, Node, Value};

impl Evaluator<'_> {
    pub(super) fn deployment<'a>(
        &self,
        resource: &'a Node,
        name: &str,
        frame: &Frame<'a>,
        found: &mut Vec<Resource>,
    ) -> Result<(), TemplateError> {
        let Some(properties) = resource.get("properties") else { return Ok(()) };
        let Some(written) = properties.get("template") else {
            return self.warn_of_link(properties, name, frame);
        };
        if written.text().is_none() {
            return self.nested(resource, written, name, frame, found);
        }
        // A template kept as text: `[json(variables('template'))]`.
        let computed = self.shared(written, frame)?;
        match &computed.value {
            Value::Unresolved(_) => {
                let message = format!("the template of the deployment `{name}` is not known");
                let warning = Warning::new(Severity::Warning, message, Some(written.span));
                self.warn(warning.with_help("its resources are not seen; give it as a file"));
                Ok(())
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => self.nested(resource, &computed, name, frame, found),
        }
    }

    fn nested<'a>(
        &self,
        resource: &'a Node,
        template: &'a Node,
        name: &str,
        frame: &Frame<'a>,
        found: &mut Vec<Resource>,
    ) -> Result<(), TemplateError> {
        let inner = self.frame_within(resource, template, name, frame)?;
        self.resources(template, None, &inner, found)
    }

    /// What the expressions within a nested template see.
    pub(super) fn frame_within<'a>(
        &self,
        resource: &'a Node,
        template: &'a Node,
        name: &str,
        frame: &Frame<'a>,
    ) -> Result<Frame<'a>, TemplateError> {
        let Some(properties) = resource.get("properties").filter(|it| is_inner(it)) else {
            // Its expressions are computed in the terms of the template around it.
            return Ok(frame.clone());
        };
        let place = self.place(resource, frame)?;
        let mut program = Program::new(template, place, Some(name.into()));
        if let Some(arguments) = properties.get("parameters") {
            self.supply_all(&mut program, arguments, name, frame)?;
        }
        Ok(Frame::new(Rc::new(program)))
    }

    fn warn_of_link<'a>(
        &self,
        properties: &'a Node,
        name: &str,
        frame: &Frame<'a>,
    ) -> Result<(), TemplateError> {
        let Some(link) = properties.get("templateLink") else { return Ok(()) };
        let mut target = None;
        for key in ["relativePath", "uri", "id"] {
            if target.is_none() {
                target = self.known_text(link.get(key), frame)?;
            }
        }
        let target = target.map(|target| format!(" `{target}`")).unwrap_or_default();
        let message = format!("the deployment `{name}` links to another template{target}");
        let warning = Warning::new(Severity::Warning, message, Some(link.span));
        self.warn(
            warning.with_help("its resources are not seen; give that template as a file too"),
        );
        Ok(())
    }

    /// Where the nested template goes: here, unless it says otherwise.
    fn place<'a>(&self, resource: &'a Node, frame: &Frame<'a>) -> Result<Place, TemplateError> {
        let here = &frame.program.place;
        let subscription = resource.get("subscriptionId");
        let group = resource.get("resourceGroup");
        if subscription.is_none() && group.is_none() {
            return Ok(here.clone());
        }
        let subscription = match subscription {
            Some(_) => self.known_text(subscription, frame)?,
            None => here.subscription.clone(),
        };
        Ok(Place { subscription, resource_group: self.known_text(group, frame)?, location: None })
    }

    fn supply_all<'a>(
        &self,
        program: &mut Program<'a>,
        arguments: &'a Node,
        name: &str,
        frame: &Frame<'a>,
    ) -> Result<(), TemplateError> {
        if arguments.text().is_some() {
            let computed = self.shared(arguments, frame)?;
            for member in computed.members() {
                self.supply(program, member, computed_value(&member.value), name);
            }
            return Ok(());
        }
        for member in arguments.members() {
            let value = match &member.value.value {
                Value::String(_) => computed_value(&*self.shared(&member.value, frame)?),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_)
                | Value::Unresolved(_) => match member.value.get("value") {
                    Some(value) => Supplied::Outer(value, frame.clone()),
                    None => Supplied::Secret(member.value.span),
                },
            };
            self.supply(program, member, value, name);
        }
        Ok(())
    }

    fn supply<'a>(
        &self,
        program: &mut Program<'a>,
        member: &Member,
        value: Supplied<'a>,
        deployment: &str,
    ) {
        let name = &member.key.value;
        if !program.supply(name, value) {
            let message = format!("the deployment `{deployment}` declares no parameter `{name}`");
            self.refuse(message, member.key.span.unwrap_or(member.value.span));
        }
    }
}

/// Old templates leave the word out and mean the template around them.
fn is_inner(properties: &Node) -> bool {
    properties
        .get("expressionEvaluationOptions")
        .and_then(|options| options.get("scope"))
        .and_then(Node::text)
        .is_some_and(|scope| scope.eq_ignore_ascii_case("inner"))
}

/// The value in `{"value": …}` where that object was computed:
/// `[if(…, createObject('value', …), createObject('value', null()))]`.
fn computed_value<'a>(holder: &Node) -> Supplied<'a> {
    let value = match (&holder.value, holder.get("value")) {
        (_, Some(value)) => value.clone(),
        (Value::Unresolved(text), None) => {
            let inner = text.strip_suffix(']').unwrap_or(text);
            unresolved(format!("{inner}.value]"), holder.span)
        }
        _ => node(Value::Null, holder.span),
    };
    Supplied::Value(Rc::new(value))
}
