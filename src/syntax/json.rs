//! JSON with positions, as ARM templates write it.

use smol_str::SmolStr;

use crate::source::{Span, Spanned};

/// A JSON value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub span: Span,
    pub value: Value,
}

/// What a [`Node`] holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    /// The digits as written.
    Number(SmolStr),
    String(SmolStr),
    Array(Vec<Node>),
    Object(Vec<Member>),
    /// A template expression that nothing offline can settle, as written. The reader never makes
    /// one; the template evaluator does.
    Unresolved(SmolStr),
}

/// A key of an object and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub key: Spanned<SmolStr>,
    pub value: Node,
}

impl Node {
    /// The member `key`, compared without regard to case; the last one where a key stands twice.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.members()
            .iter()
            .rev()
            .find(|member| member.key.value.eq_ignore_ascii_case(key))
            .map(|member| &member.value)
    }

    /// The members of an object; none for any other value.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        match &self.value {
            Value::Object(members) => members,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Unresolved(_) => &[],
        }
    }

    /// The elements of an array; none for any other value.
    #[must_use]
    pub fn elements(&self) -> &[Node] {
        match &self.value {
            Value::Array(elements) => elements,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_)
            | Value::Unresolved(_) => &[],
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)
            | Value::Unresolved(_) => None,
        }
    }

    #[must_use]
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }
}
