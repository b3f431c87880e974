//! What is left of an expression that only a deployment can settle: the expression with everything
//! known filled in, so that the same text means the same value wherever it stands.

use std::rc::Rc;

use smol_str::SmolStr;

use crate::load::template::build::{string, unresolved};
use crate::load::template::call::bracketed;
use crate::load::template::error::TemplateError;
use crate::load::template::evaluate::Evaluator;
use crate::load::template::function::{self, Arguments};
use crate::load::template::program::Frame;
use crate::source::Span;
use crate::syntax::expression::{Call, Expression, TemplateString};
use crate::syntax::json::{Node, Value};

/// Longer than anybody reads; what would be longer stays as written.
const TEXT_MAX: usize = 400;

impl Evaluator<'_> {
    /// The value of a call that could not be settled, without its path. `values` are those of its
    /// arguments where they are evaluated already.
    pub(super) fn residual(
        &self,
        call: &Call,
        values: Option<&[Rc<Node>]>,
        frame: &Frame<'_>,
        span: Span,
    ) -> Result<Rc<Node>, TemplateError> {
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for (index, argument) in call.arguments.iter().enumerate() {
            arguments.push(match values.and_then(|values| values.get(index)) {
                Some(value) if !is_id(argument) => self.written(argument, value),
                Some(_) | None => self.in_branch(|| self.reduced(argument, frame, span))?,
            });
        }
        let rest = joined(&call.name, &arguments).unwrap_or_else(|| {
            Expression::Call(Call { name: call.name.clone(), arguments, path: Vec::new() })
        });
        // An id says which resource it means even where nobody knows the subscription.
        let text = bracketed(&rest);
        if text.len() > TEXT_MAX {
            let call = Expression::Call(Call { path: Vec::new(), ..call.clone() });
            return Ok(Rc::new(unresolved(bracketed(&call), span)));
        }
        if is_scope(&rest) {
            let plain = plain_text(&text);
            return Ok(Rc::new(string(function::id::with_known_scope(&plain), span)));
        }
        Ok(Rc::new(unresolved(text, span)))
    }

    /// An argument with everything known filled in.
    pub(super) fn reduced(
        &self,
        expression: &Expression,
        frame: &Frame<'_>,
        span: Span,
    ) -> Result<Expression, TemplateError> {
        let Expression::Call(call) = expression else { return Ok(expression.clone()) };
        if call.name.eq_ignore_ascii_case("lambda") {
            return Ok(expression.clone());
        }
        if is_id(expression) {
            let arguments = call.arguments.iter().map(|a| self.reduced(a, frame, span));
            let arguments = arguments.collect::<Result<_, _>>()?;
            return Ok(Expression::Call(Call { arguments, ..call.clone() }));
        }
        let value = self.expression(expression, frame, span)?;
        Ok(self.written(expression, &value))
    }

    /// The shortest expression for the value that `expression` gave.
    fn written(&self, expression: &Expression, value: &Node) -> Expression {
        match &value.value {
            Value::String(text) => Expression::String(text.clone()),
            Value::Number(digits) => match digits.parse() {
                Ok(number) => Expression::Integer(number),
                Err(_) => expression.clone(),
            },
            Value::Bool(flag) => constant(if *flag { "true" } else { "false" }),
            Value::Null => constant("null"),
            Value::Unresolved(text) => match self.parsed(text).as_deref() {
                Ok(TemplateString::Expression(inner)) => inner.clone(),
                Ok(TemplateString::Literal(_)) | Err(_) => expression.clone(),
            },
            Value::Array(_) | Value::Object(_) => expression.clone(),
        }
    }
}

/// A call that makes an id, with nothing picked from it.
fn is_id(expression: &Expression) -> bool {
    match expression {
        Expression::Call(call) => {
            call.path.is_empty() && function::id::is_id_function(&call.name.to_ascii_lowercase())
        }
        Expression::String(_) | Expression::Integer(_) => false,
    }
}

/// A name or id with its unknown parts in brackets: `[parameters('hub')]-policy` for
/// `[concat(parameters('hub'), '-policy')]`.
pub(super) fn plain_text(text: &str) -> SmolStr {
    let Ok(TemplateString::Expression(Expression::Call(call))) = TemplateString::parse(text) else {
        return text.into();
    };
    if !call.name.eq_ignore_ascii_case("concat") || !call.path.is_empty() {
        return text.into();
    }
    let part = |argument: &Expression| match argument {
        Expression::String(text) => text.clone(),
        Expression::Integer(_) | Expression::Call(_) => bracketed(argument),
    };
    call.arguments.iter().map(part).collect::<Vec<_>>().concat().into()
}

/// The expression for a name with unknown parts: the way back from [`plain_text`].
pub(super) fn from_plain_text(name: &str) -> SmolStr {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in name.char_indices() {
        let end = match c {
            '[' if depth == 0 => at,
            ']' if depth == 1 => at + 1,
            _ => start,
        };
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        parts.extend(name.get(start..end).map(part_of_name));
        start = end;
    }
    parts.extend(name.get(start..).map(part_of_name));
    bracketed(&concatenated(parts))
}

fn part_of_name(part: &str) -> Expression {
    match TemplateString::parse(part) {
        Ok(TemplateString::Expression(expression)) => expression,
        Ok(TemplateString::Literal(_)) | Err(_) => Expression::String(part.into()),
    }
}

fn constant(name: &str) -> Expression {
    Expression::Call(Call { name: name.into(), arguments: Vec::new(), path: Vec::new() })
}

/// Whether a `concat` begins with the scope of an id.
fn is_scope(expression: &Expression) -> bool {
    let first = match expression {
        Expression::Call(call) if call.name.eq_ignore_ascii_case("concat") => {
            call.arguments.first()
        }
        Expression::Call(_) | Expression::String(_) | Expression::Integer(_) => None,
    };
    let Some(Expression::String(text)) = first else { return false };
    text.get(..15).is_some_and(|start| start.eq_ignore_ascii_case("/subscriptions/"))
}

/// `concat` and `format` of text in one form, whichever of them was written.
fn joined(name: &str, arguments: &[Expression]) -> Option<Expression> {
    let parts = if name.eq_ignore_ascii_case("concat") {
        arguments.to_vec()
    } else if name.eq_ignore_ascii_case("format") {
        format_parts(arguments)?
    } else {
        return None;
    };
    Some(concatenated(parts))
}

/// One `concat` of all parts, or the part itself where there is but one.
fn concatenated(parts: Vec<Expression>) -> Expression {
    let mut flat: Vec<Expression> = Vec::new();
    for part in parts {
        match part {
            Expression::Call(call)
                if call.name.eq_ignore_ascii_case("concat") && call.path.is_empty() =>
            {
                call.arguments.into_iter().for_each(|inner| push_part(&mut flat, inner));
            }
            other => push_part(&mut flat, other),
        }
    }
    match flat.as_slice() {
        [only @ Expression::Call(_)] => only.clone(),
        _ => Expression::Call(Call { name: "concat".into(), arguments: flat, path: Vec::new() }),
    }
}

/// Adds a part, growing the text before it where both are text.
fn push_part(parts: &mut Vec<Expression>, part: Expression) {
    let text = match &part {
        Expression::String(text) => text.clone(),
        Expression::Integer(number) => number.to_string().into(),
        Expression::Call(_) => {
            parts.push(part);
            return;
        }
    };
    if let Some(Expression::String(before)) = parts.last_mut() {
        *before = format!("{before}{text}").into();
    } else if !text.is_empty() {
        parts.push(Expression::String(text));
    }
}

/// The pieces of `format('{0}/{1}', …)`; `None` if an argument is formatted in a special way.
fn format_parts(arguments: &[Expression]) -> Option<Vec<Expression>> {
    let (Expression::String(pattern), rest) = arguments.split_first()? else { return None };
    let mut parts = Vec::new();
    for piece in function::format::pieces(pattern).ok()? {
        match piece {
            function::format::Piece::Text(text) => parts.push(Expression::String(text.into())),
            function::format::Piece::Hole { index, style: "" } => {
                parts.push(rest.get(index)?.clone());
            }
            function::format::Piece::Hole { .. } => return None,
        }
    }
    Some(parts)
}

impl Arguments<'_> {
    /// The text of an argument that becomes part of a name or an id: unknown parts in brackets.
    pub(super) fn name_text(&self, index: usize) -> Option<SmolStr> {
        match &self.node(index)?.value {
            Value::String(text) | Value::Number(text) => Some(text.clone()),
            Value::Unresolved(text) => Some(plain_text(text)),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }
}
