//! Objects as Azure's API writes them, built from values that stand in files of another form.

use smol_str::SmolStr;

use crate::source::{Span, Spanned};
use crate::syntax::json::{Member, Node, Value};

/// A text.
pub(super) fn text(text: impl Into<SmolStr>, span: Span) -> Node {
    Node { span, value: Value::String(text.into()) }
}

/// A value that only a deployment settles.
pub(super) fn unresolved(text: impl Into<SmolStr>, span: Span) -> Node {
    Node { span, value: Value::Unresolved(text.into()) }
}

/// A list.
pub(super) fn list(entries: Vec<Node>, span: Span) -> Node {
    Node { span, value: Value::Array(entries) }
}

/// An object that grows field by field.
#[derive(Debug)]
pub(super) struct Shape {
    span: Span,
    members: Vec<Member>,
}

impl Shape {
    /// An object that stands at `span`.
    pub(super) fn new(span: Span) -> Self {
        Self { span, members: Vec::new() }
    }

    /// With one more field, where there is a value for it.
    pub(super) fn with(mut self, key: &str, value: Option<Node>) -> Self {
        if let Some(value) = value {
            self.members.push(Member { key: Spanned::new(key.into(), value.span), value });
        }
        self
    }

    /// With the field `key` of `from`, under another name.
    pub(super) fn with_field(self, key: &str, from: &Node, field: &str) -> Self {
        self.with(key, from.get(field).filter(|node| !node.is_null()).cloned())
    }

    /// With a text of which the file says nothing.
    pub(super) fn with_text(self, key: &str, value: impl Into<SmolStr>) -> Self {
        let span = self.span;
        self.with(key, Some(text(value, span)))
    }

    /// With all fields of `from`: those of `names` under the second name, others as they are.
    pub(super) fn with_renamed(mut self, from: &Node, names: &[(&str, &str)]) -> Self {
        for member in from.members().iter().filter(|member| !member.value.is_null()) {
            let known = names.iter().find(|(name, _)| member.key.value.eq_ignore_ascii_case(name));
            let key = known.map_or(member.key.value.clone(), |(_, name)| SmolStr::from(*name));
            let key = Spanned { value: key, span: member.key.span };
            self.members.push(Member { key, value: member.value.clone() });
        }
        self
    }

    /// With entries behind those that the list `key` has already.
    pub(super) fn with_entries(mut self, key: &str, entries: Node) -> Self {
        let known = self.members.iter_mut().find(|member| member.key.value == key);
        match (known.map(|member| &mut member.value.value), entries.value) {
            (Some(Value::Array(known)), Value::Array(more)) => known.extend(more),
            (_, value) => return self.with(key, Some(Node { span: entries.span, value })),
        }
        self
    }

    pub(super) fn node(self) -> Node {
        Node { span: self.span, value: Value::Object(self.members) }
    }
}
