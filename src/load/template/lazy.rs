//! Functions that do not need all their arguments: a known part decides, and what stands in the
//! branch not taken may be wrong or unknown.

use std::rc::Rc;

use crate::load::template::build::{is_same, kind_name, node};
use crate::load::template::call::Outcome;
use crate::load::template::evaluate::Evaluator;
use crate::load::template::function::Trouble;
use crate::load::template::program::Frame;
use crate::source::Span;
use crate::syntax::expression::Call;
use crate::syntax::json::{Node, Value};

impl Evaluator<'_> {
    pub(super) fn lazy(&self, name: &str, call: &Call, frame: &Frame<'_>, span: Span) -> Outcome {
        match name {
            "if" => self.choice(call, frame, span),
            "coalesce" => self.first_not_null(call, frame, span),
            _ => self.all_or_any(name == "and", call, frame, span),
        }
    }

    fn choice(&self, call: &Call, frame: &Frame<'_>, span: Span) -> Outcome {
        let condition = self.argument(call, 0, frame, span)?;
        match truth(&condition)? {
            Some(true) => self.argument(call, 1, frame, span),
            Some(false) => self.argument(call, 2, frame, span),
            None => {
                let one = self.in_branch(|| self.argument(call, 1, frame, span))?;
                let other = self.in_branch(|| self.argument(call, 2, frame, span))?;
                if is_same(&one, &other) == Some(true) { Ok(one) } else { Err(Trouble::Unknown) }
            }
        }
    }

    fn first_not_null(&self, call: &Call, frame: &Frame<'_>, span: Span) -> Outcome {
        for index in 0..call.arguments.len() {
            let value = self.argument(call, index, frame, span)?;
            match &value.value {
                Value::Null => {}
                Value::Unresolved(_) if index + 1 < call.arguments.len() => {
                    return Err(Trouble::Unknown);
                }
                Value::Unresolved(_)
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_) => return Ok(value),
            }
        }
        Ok(Rc::new(node(Value::Null, span)))
    }

    fn all_or_any(&self, is_all: bool, call: &Call, frame: &Frame<'_>, span: Span) -> Outcome {
        let mut is_unknown = false;
        for index in 0..call.arguments.len() {
            let value = self.argument(call, index, frame, span)?;
            match truth(&value)? {
                Some(flag) if flag != is_all => {
                    return Ok(Rc::new(node(Value::Bool(flag), span)));
                }
                Some(_) => {}
                None => is_unknown = true,
            }
        }
        if is_unknown {
            return Err(Trouble::Unknown);
        }
        Ok(Rc::new(node(Value::Bool(is_all), span)))
    }
}

/// A condition; `None` where only a deployment knows.
pub(super) fn truth(value: &Node) -> Result<Option<bool>, Trouble> {
    match &value.value {
        Value::Bool(flag) => Ok(Some(*flag)),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Value::Unresolved(_) => Ok(None),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            Err(Trouble::refused(format!("takes a condition, not {}", kind_name(value))))
        }
    }
}
