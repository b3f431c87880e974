//! Function calls: which of them need the template around them, and what is left of a call that
//! only a deployment can settle.

use std::rc::Rc;

use smol_str::{SmolStr, format_smolstr};

use crate::load::template::build::{integer, is_spread, kind_name, unresolved};
use crate::load::template::error::TemplateError;
use crate::load::template::evaluate::Evaluator;
use crate::load::template::function::{self, Arguments, Trouble};
use crate::load::template::outputs::OUTPUT_STEPS;
use crate::load::template::program::Frame;
use crate::source::Span;
use crate::syntax::expression::{Accessor, Call, Expression};
use crate::syntax::json::{Node, Value};

pub(super) type Outcome = Result<Rc<Node>, Trouble>;

/// One step into a value, evaluated.
enum Step {
    Name(SmolStr),
    Index(i64),
    Unresolved,
}

impl Evaluator<'_> {
    /// What a call gives, with its path walked.
    pub(super) fn call(
        &self,
        call: &Call,
        frame: &Frame<'_>,
        span: Span,
    ) -> Result<Rc<Node>, TemplateError> {
        if let Some(known) = self.resolved_reference(call, frame, span)? {
            return Ok(known);
        }
        if let Some(output) = self.deployment_output(call, frame, span)? {
            let rest = call.path.get(OUTPUT_STEPS..).unwrap_or_default();
            return self.picked(&output, rest, call, frame, span);
        }
        let name = call.name.to_ascii_lowercase();
        let values =
            if is_special(&name) { None } else { Some(self.arguments(call, frame, span)?) };
        let values = values.as_deref();
        let outcome = match values {
            None => self.special(&name, call, frame, span),
            Some(values) => {
                let arguments = Arguments::new(values, span);
                function::apply(&name, &arguments, &frame.program.place, self.settings.cloud)
                    .map(Rc::new)
            }
        };
        let value = match outcome {
            Ok(value) => value,
            Err(Trouble::Unknown) => self.residual(call, values, frame, span)?,
            Err(Trouble::Refused(reason)) => {
                self.refuse(format!("`{}`: {reason}", call.name), span);
                self.residual(call, values, frame, span)?
            }
            Err(Trouble::Stop(error)) => return Err(error),
        };
        self.picked(&value, &call.path, call, frame, span)
    }

    /// The part of a call's value that its path picks.
    fn picked(
        &self,
        value: &Rc<Node>,
        path: &[Accessor],
        call: &Call,
        frame: &Frame<'_>,
        span: Span,
    ) -> Result<Rc<Node>, TemplateError> {
        if path.is_empty() {
            return Ok(Rc::clone(value));
        }
        match self.walked(value, path, frame, span) {
            Ok(value) => Ok(value),
            Err(Trouble::Unknown) => {
                let whole = Call { path: Vec::new(), ..call.clone() };
                let text = self.extended(&format!("[{whole}]"), path, frame, span)?;
                Ok(Rc::new(unresolved(text, span)))
            }
            Err(Trouble::Refused(reason)) => {
                self.refuse(format!("`{call}`: {reason}"), span);
                Ok(Rc::new(unresolved(format!("[{call}]"), span)))
            }
            Err(Trouble::Stop(error)) => Err(error),
        }
    }

    /// Functions that need more than the values of their arguments.
    fn special(&self, name: &str, call: &Call, frame: &Frame<'_>, span: Span) -> Outcome {
        match name {
            "parameters" => {
                let name = self.name_argument(call, frame, span)?;
                Ok(self.parameter(&name, frame, span)?)
            }
            "variables" => {
                let name = self.name_argument(call, frame, span)?;
                self.variable(&name, frame, span)
            }
            "lambdavariables" => {
                let name = self.name_argument(call, frame, span)?;
                let refused = || Trouble::refused(format!("no lambda variable `{name}` here"));
                frame.binding(&name).ok_or_else(refused)
            }
            "copyindex" => self.copy_index(call, frame, span),
            "resourceinfo" => {
                let name = self.name_argument(call, frame, span)?;
                self.resource_info(&name, frame, span)
            }
            "if" | "and" | "or" | "coalesce" => self.lazy(name, call, frame, span),
            _ if name.contains('.') => self.user_function(call, frame, span),
            _ => self.with_lambda(name, call, frame, span),
        }
    }

    pub(super) fn arguments(
        &self,
        call: &Call,
        frame: &Frame<'_>,
        span: Span,
    ) -> Result<Vec<Rc<Node>>, TemplateError> {
        call.arguments.iter().map(|argument| self.expression(argument, frame, span)).collect()
    }

    /// Argument `index`, evaluated now.
    pub(super) fn argument(
        &self,
        call: &Call,
        index: usize,
        frame: &Frame<'_>,
        span: Span,
    ) -> Outcome {
        match call.arguments.get(index) {
            Some(argument) => Ok(self.expression(argument, frame, span)?),
            None => Err(Trouble::refused(format!("takes at least {} arguments", index + 1))),
        }
    }

    fn name_argument(
        &self,
        call: &Call,
        frame: &Frame<'_>,
        span: Span,
    ) -> Result<SmolStr, Trouble> {
        let value = self.argument(call, 0, frame, span)?;
        match &value.value {
            Value::String(name) => Ok(name.clone()),
            Value::Unresolved(_) => Err(Trouble::Unknown),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => Err(Trouble::refused("takes a name")),
        }
    }

    /// `copyIndex()`, `copyIndex(offset)`, `copyIndex('loop', offset)`.
    fn copy_index(&self, call: &Call, frame: &Frame<'_>, span: Span) -> Outcome {
        let values = self.arguments(call, frame, span)?;
        let arguments = Arguments::new(&values, span);
        let name = arguments.maybe_text(0);
        let offset = match (name, arguments.len()) {
            (Some(_), 2) => arguments.integer(1)?,
            (None, 1) => arguments.integer(0)?,
            _ => 0,
        };
        let index = frame.loop_index(name).and_then(|index| i64::try_from(index).ok());
        let index = index.and_then(|index| index.checked_add(offset));
        let index = index.ok_or_else(|| Trouble::refused("no such copy loop here"))?;
        Ok(Rc::new(integer(index, span)))
    }

    /// Follows the path behind a call.
    fn walked(&self, value: &Node, path: &[Accessor], frame: &Frame<'_>, span: Span) -> Outcome {
        let mut at = value;
        for (walked, accessor) in path.iter().enumerate() {
            if let Value::Unresolved(text) = &at.value {
                let rest = path.get(walked..).unwrap_or_default();
                return Ok(Rc::new(unresolved(self.extended(text, rest, frame, span)?, span)));
            }
            let step = self.step(accessor, frame, span)?;
            at = stepped(at, &step)?;
        }
        Ok(Rc::new(at.clone()))
    }

    fn step(&self, accessor: &Accessor, frame: &Frame<'_>, span: Span) -> Result<Step, Trouble> {
        let index = match accessor {
            Accessor::Property(name) => return Ok(Step::Name(name.clone())),
            Accessor::Index(index) => self.expression(index, frame, span)?,
        };
        match &index.value {
            Value::String(name) => Ok(Step::Name(name.clone())),
            Value::Number(digits) => {
                let refused = |_| Trouble::refused(format!("`{digits}` is no index"));
                digits.parse().map(Step::Index).map_err(refused)
            }
            Value::Unresolved(_) => Ok(Step::Unresolved),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                Err(Trouble::refused(format!("{} is no index", kind_name(&index))))
            }
        }
    }

    /// An unresolved expression with more path behind it.
    fn extended(
        &self,
        text: &str,
        path: &[Accessor],
        frame: &Frame<'_>,
        span: Span,
    ) -> Result<SmolStr, TemplateError> {
        let mut longer = text.strip_suffix(']').unwrap_or(text).to_owned();
        for accessor in path {
            let accessor = match accessor {
                Accessor::Property(_) => accessor.clone(),
                Accessor::Index(index) => Accessor::Index(self.reduced(index, frame, span)?),
            };
            longer.push_str(&accessor.to_string());
        }
        longer.push(']');
        Ok(longer.into())
    }
}

/// Whether [`Evaluator::special`] knows the function, given in lower case.
fn is_special(name: &str) -> bool {
    const NAMES: [&str; 16] = [
        "parameters",
        "variables",
        "lambdavariables",
        "copyindex",
        "resourceinfo",
        "if",
        "and",
        "or",
        "coalesce",
        "map",
        "filter",
        "reduce",
        "sort",
        "toobject",
        "mapvalues",
        "groupby",
    ];
    NAMES.contains(&name) || name.contains('.')
}

/// The value one step further in.
fn stepped<'n>(at: &'n Node, step: &Step) -> Result<&'n Node, Trouble> {
    match (&at.value, step) {
        (_, Step::Unresolved) => Err(Trouble::Unknown),
        (Value::Object(_), Step::Name(name)) => {
            at.get(name).ok_or_else(|| Trouble::refused(format!("no property `{name}`")))
        }
        (Value::Array(elements), Step::Index(index)) => {
            let index = usize::try_from(*index).unwrap_or(usize::MAX);
            if elements.iter().take(index.saturating_add(1)).any(is_spread) {
                return Err(Trouble::Unknown);
            }
            let message = || format!("no element {index} in an array of {}", elements.len());
            elements.get(index).ok_or_else(|| Trouble::refused(message()))
        }
        (_, Step::Name(name)) => {
            Err(Trouble::refused(format!("{} has no property `{name}`", kind_name(at))))
        }
        (_, Step::Index(index)) => {
            Err(Trouble::refused(format!("{} has no element {index}", kind_name(at))))
        }
    }
}

/// The text of an unresolved expression, in brackets.
pub(super) fn bracketed(expression: &Expression) -> SmolStr {
    format_smolstr!("[{expression}]")
}
