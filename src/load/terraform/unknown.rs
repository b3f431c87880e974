//! Values that are known only after apply, put where they belong.

use smol_str::{SmolStr, format_smolstr};

use crate::load::shape::{text, unresolved};
use crate::source::{Span, Spanned};
use crate::syntax::json::{Member, Node, Value};
use crate::syntax::terraform::whole;

/// One side of a change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<'n> {
    pub(super) values: &'n Node,
    /// The same shape with `true` for what is not known yet.
    pub(super) unknown: Option<&'n Node>,
}

/// What a reference comes to, when it can be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Settled {
    /// Its value.
    Value(SmolStr),
    /// The attribute that it reads, and that is not known.
    Attribute(SmolStr),
}

/// Follows a reference of the configuration.
pub(super) type Follow<'f> = &'f dyn Fn(&str) -> Option<Settled>;

/// Fills in what is not known.
pub(super) struct Filler<'f> {
    pub(super) follow: Follow<'f>,
}

impl Filler<'_> {
    /// The values of `change` with [`Value::Unresolved`] for what is not known. `written` is what
    /// the configuration holds in this place, `path` how messages call it.
    pub(super) fn filled(&self, change: Change<'_>, written: Option<&Node>, path: &str) -> Node {
        let values = change.values;
        match change.unknown.map(|unknown| &unknown.value) {
            Some(Value::Bool(true)) => self.single(values.span, written, path),
            Some(Value::Array(flags)) => {
                let entries = values.elements();
                Node {
                    span: values.span,
                    value: Value::Array(self.list(values.span, entries, flags, written, path)),
                }
            }
            Some(Value::Object(flags)) => Node {
                span: values.span,
                value: Value::Object(self.members(values, flags, written, path)),
            },
            Some(
                Value::Null
                | Value::Bool(false)
                | Value::Number(_)
                | Value::String(_)
                | Value::Unresolved(_),
            )
            | None => values.clone(),
        }
    }

    fn members(
        &self,
        values: &Node,
        flags: &[Member],
        written: Option<&Node>,
        path: &str,
    ) -> Vec<Member> {
        let null = Node { span: values.span, value: Value::Null };
        let below = |key: &str| written.and_then(|written| written.get(key));
        let mut members: Vec<Member> = values.members().to_vec();
        for flag in flags {
            let key = &flag.key.value;
            let known = members.iter_mut().find(|member| member.key.value == *key);
            let own = known.as_ref().map_or(&null, |member| &member.value);
            let change = Change { values: own, unknown: Some(&flag.value) };
            let value = self.filled(change, below(key), &format!("{path}.{key}"));
            match known {
                Some(member) => member.value = value,
                None if value.is_null() || is_nothing(&flag.value) => {}
                None => {
                    members.push(Member { key: Spanned { value: key.clone(), span: None }, value });
                }
            }
        }
        members
    }

    /// A list of values or of blocks.
    fn list(
        &self,
        span: Span,
        entries: &[Node],
        flags: &[Node],
        written: Option<&Node>,
        path: &str,
    ) -> Vec<Node> {
        let null = Node { span, value: Value::Null };
        let count = entries.len().max(flags.len());
        // Blocks of the configuration and of the plan agree only where none is made dynamically.
        let blocks = written.map_or(&[][..], Node::elements);
        let blocks = if blocks.len() == count { blocks } else { &[] };
        let mut targets = self.targets(flags, written).into_iter();
        let entry = |index: usize| {
            let (value, flag) = (entries.get(index), flags.get(index));
            let path = format!("{path}[{index}]");
            if let (Some(Value::Bool(true)), Some(target)) =
                (flag.map(|flag| &flag.value), targets.next())
            {
                return shown(target, span);
            }
            let change = Change { values: value.unwrap_or(&null), unknown: flag };
            self.filled(change, blocks.get(index), &path)
        };
        (0..count).map(entry).collect()
    }

    /// What the unknown entries of a list are, where as many references as unknown entries say it.
    fn targets(&self, flags: &[Node], written: Option<&Node>) -> Vec<Settled> {
        let unknown = flags.iter().filter(|flag| flag.value == Value::Bool(true)).count();
        let references = written.map(references).unwrap_or_default();
        if unknown != references.len() {
            return Vec::new();
        }
        let followed: Option<Vec<Settled>> =
            references.iter().map(|reference| (self.follow)(reference)).collect();
        followed.unwrap_or_default()
    }

    fn single(&self, span: Span, written: Option<&Node>, path: &str) -> Node {
        let references = written.map(references).unwrap_or_default();
        match references.as_slice() {
            [one] => match (self.follow)(one) {
                Some(settled) => shown(settled, span),
                None => unresolved(path, span),
            },
            _ => unresolved(path, span),
        }
    }
}

/// Nothing in it is unknown.
fn is_nothing(flag: &Node) -> bool {
    match &flag.value {
        Value::Bool(value) => !value,
        Value::Array(entries) => entries.iter().all(is_nothing),
        Value::Object(members) => members.iter().all(|member| is_nothing(&member.value)),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Unresolved(_) => true,
    }
}

fn references(written: &Node) -> Vec<&str> {
    let texts = written.get("references").map_or(&[][..], Node::elements);
    whole(&texts.iter().filter_map(Node::text).collect::<Vec<_>>())
}

fn shown(settled: Settled, span: Span) -> Node {
    match settled {
        Settled::Value(value) => text(value, span),
        Settled::Attribute(name) => unresolved(format_smolstr!("{name}"), span),
    }
}
