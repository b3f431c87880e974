//! Small values with a place, and questions about them.

use smol_str::{SmolStr, format_smolstr};

use crate::source::{Span, Spanned};
use crate::syntax::json::{Member, Node, Value};

pub(super) fn node(value: Value, span: Span) -> Node {
    Node { span, value }
}

pub(super) fn string(text: impl Into<SmolStr>, span: Span) -> Node {
    node(Value::String(text.into()), span)
}

pub(super) fn integer(number: i64, span: Span) -> Node {
    node(Value::Number(format_smolstr!("{number}")), span)
}

/// `text` is the expression with its brackets.
pub(super) fn unresolved(text: impl Into<SmolStr>, span: Span) -> Node {
    node(Value::Unresolved(text.into()), span)
}

pub(super) fn member(key: impl Into<SmolStr>, value: Node) -> Member {
    Member { key: Spanned::new(key.into(), value.span), value }
}

pub(super) fn object(members: Vec<(&str, Node)>, span: Span) -> Node {
    let members = members.into_iter().map(|(key, value)| member(key, value)).collect();
    node(Value::Object(members), span)
}

/// Stands in an array for all elements of an array that is not known: `[parameters('x')[*]]`.
pub(super) fn spread(text: &str, span: Span) -> Node {
    let inner = text.strip_suffix(']').unwrap_or(text);
    unresolved(format_smolstr!("{inner}[*]]"), span)
}

/// Whether this element of an array stands for any number of elements.
pub(super) fn is_spread(node: &Node) -> bool {
    matches!(&node.value, Value::Unresolved(text) if text.ends_with("[*]]"))
}

/// Number of values in a tree: what a copy of it costs.
pub(super) fn size(node: &Node) -> usize {
    match &node.value {
        Value::Array(elements) => 1 + elements.iter().map(size).sum::<usize>(),
        Value::Object(members) => {
            1 + members.iter().map(|member| size(&member.value)).sum::<usize>()
        }
        Value::String(text) | Value::Unresolved(text) => 1 + text.len() / 64,
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
    }
}

/// What a value is, for messages.
pub(super) fn kind_name(node: &Node) -> &'static str {
    match &node.value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
        Value::Unresolved(_) => "unresolved",
    }
}

/// Whether two values are equal; `None` where that depends on something unresolved.
/// Azure compares text with regard to case.
pub(super) fn is_same(left: &Node, right: &Node) -> Option<bool> {
    match (&left.value, &right.value) {
        (Value::Unresolved(_), _) | (_, Value::Unresolved(_)) => None,
        (Value::Array(left), Value::Array(right)) => {
            if left.iter().chain(right).any(is_spread) {
                return None;
            }
            if left.len() != right.len() {
                return Some(false);
            }
            all_same(left.iter().zip(right).map(|(left, right)| is_same(left, right)))
        }
        (Value::Object(members), Value::Object(others)) => {
            if members.len() != others.len() {
                return Some(false);
            }
            all_same(members.iter().map(|member| {
                right
                    .get(&member.key.value)
                    .map_or(Some(false), |value| is_same(&member.value, value))
            }))
        }
        (left, right) => Some(left == right),
    }
}

/// "And" of three values: a difference that is sure decides.
fn all_same(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(true);
    for part in parts {
        match part {
            Some(true) => {}
            Some(false) => return Some(false),
            None => all = None,
        }
    }
    all
}

/// The tree of a JSON text that stands in no file of its own; every part has the place `span`.
pub(super) fn from_json(json: serde_json::Value, span: Span) -> Node {
    let value = match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => Value::Bool(flag),
        serde_json::Value::Number(number) => Value::Number(format_smolstr!("{number}")),
        serde_json::Value::String(text) => Value::String(text.into()),
        serde_json::Value::Array(elements) => {
            Value::Array(elements.into_iter().map(|element| from_json(element, span)).collect())
        }
        serde_json::Value::Object(members) => Value::Object(
            members.into_iter().map(|(key, value)| member(key, from_json(value, span))).collect(),
        ),
    };
    node(value, span)
}

/// The JSON of a tree; `None` if part of it is unresolved.
pub(super) fn to_json(node: &Node) -> Option<serde_json::Value> {
    Some(match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(flag) => serde_json::Value::Bool(*flag),
        Value::Number(digits) => serde_json::from_str(digits).ok()?,
        Value::String(text) => serde_json::Value::String(text.to_string()),
        Value::Array(elements) => {
            serde_json::Value::Array(elements.iter().map(to_json).collect::<Option<_>>()?)
        }
        Value::Object(members) => {
            let pair =
                |member: &Member| Some((member.key.value.to_string(), to_json(&member.value)?));
            serde_json::Value::Object(members.iter().map(pair).collect::<Option<_>>()?)
        }
        Value::Unresolved(_) => return None,
    })
}
