//! Follows references through the configuration: variables, outputs, attributes.

use std::collections::BTreeMap;

use smol_str::{SmolStr, format_smolstr};

use super::entity::Entity;
use super::unknown::{Change, Filler, Settled};
use crate::syntax::json::Node;
use crate::syntax::terraform::{Reference, whole};

/// References are not followed further than this: modules are nested a few levels at most.
const STEPS_MAX: usize = 32;

/// Everything a reference can lead to.
pub(super) struct Links<'n> {
    configuration: Option<&'n Node>,
    /// Ids and addresses of what can be referred to, by module, type and name.
    targets: BTreeMap<(SmolStr, SmolStr, SmolStr), Vec<Target>>,
    /// What the user says that an attribute comes to.
    resolved: &'n [(String, String)],
}

struct Target {
    is_managed: bool,
    index: SmolStr,
    address: SmolStr,
    /// The id that stands for the one that Azure has yet to give.
    made_id: Option<SmolStr>,
    has_id: bool,
}

impl<'n> Links<'n> {
    pub(super) fn new(
        root: &'n Node,
        entities: &[Entity],
        resolved: &'n [(String, String)],
    ) -> Self {
        let mut targets: BTreeMap<_, Vec<Target>> = BTreeMap::new();
        for entity in entities {
            let key = (entity.module.clone(), entity.kind.clone(), entity.name.clone());
            targets.entry(key).or_default().push(Target {
                is_managed: entity.is_managed,
                index: entity.index.clone(),
                address: entity.address.clone(),
                made_id: entity.id(),
                has_id: entity.text("id").is_some(),
            });
        }
        let configuration = root.get("configuration").and_then(|it| it.get("root_module"));
        Self { configuration, targets, resolved }
    }

    /// The values of `entity`, where what is not known yet names where it will come from.
    pub(super) fn settled(&self, entity: &Entity) -> Node {
        let follow = |reference: &str| self.followed(&entity.module, reference, STEPS_MAX);
        let filler = Filler { follow: &follow };
        let written = self.written(entity);
        let node = filler.filled(Change::from(entity), written, &entity.address);
        self.resolved(node)
    }

    /// The expressions of the resource in the configuration.
    fn written(&self, entity: &Entity) -> Option<&'n Node> {
        let resources = self.module(&entity.module)?.get("resources")?.elements();
        let is_it = |resource: &&Node| {
            let text = |key: &str| resource.get(key).and_then(Node::text);
            text("type") == Some(&entity.kind)
                && text("name") == Some(&entity.name)
                && (text("mode") != Some("data")) == entity.is_managed
        };
        resources.iter().find(is_it)?.get("expressions")
    }

    /// The configuration of the module with this address.
    fn module(&self, address: &str) -> Option<&'n Node> {
        let mut module = self.configuration?;
        for (call, _) in calls(address) {
            module = module.get("module_calls")?.get(call)?.get("module")?;
        }
        Some(module)
    }

    fn followed(&self, module: &str, reference: &str, steps: usize) -> Option<Settled> {
        let steps = steps.checked_sub(1)?;
        match Reference::parse(reference)? {
            Reference::Variable(name) => {
                let (parent, call) = parent(module)?;
                let expressions =
                    self.module(parent)?.get("module_calls")?.get(call)?.get("expressions")?;
                self.followed(parent, one_reference(expressions.get(&name)?)?, steps)
            }
            Reference::Output { module: call, index, name } => {
                let dot = if module.is_empty() { "" } else { "." };
                let address = format!("{module}{dot}module.{call}{index}");
                let output =
                    self.module(&address)?.get("outputs")?.get(&name)?.get("expression")?;
                self.followed(&address, one_reference(output)?, steps)
            }
            Reference::Attribute { is_managed, kind, name, index, path } => {
                self.attribute(module, is_managed, (kind, name, index), &path)
            }
        }
    }

    /// An attribute of the one resource that is meant.
    fn attribute(
        &self,
        module: &str,
        is_managed: bool,
        (kind, name, index): (SmolStr, SmolStr, SmolStr),
        path: &[SmolStr],
    ) -> Option<Settled> {
        let key = (SmolStr::from(module), kind, name);
        let targets = self.targets.get(&key).map_or(&[][..], Vec::as_slice);
        let is_meant = |target: &&Target| {
            target.is_managed == is_managed && (index.is_empty() || target.index == index)
        };
        if targets.is_empty() {
            let (_, kind, name) = key;
            let dot = if module.is_empty() { "" } else { "." };
            let text = format_smolstr!("{module}{dot}{kind}.{name}{index}.{}", path.join("."));
            return is_managed.then_some(Settled::Attribute(text));
        }
        let mut meant = targets.iter().filter(is_meant);
        let (target, None) = (meant.next()?, meant.next()) else { return None };
        // Where the attribute is known, something else in the expression is not.
        if let ([field], Some(id), false) = (path, &target.made_id, target.has_id)
            && field == "id"
        {
            return Some(Settled::Value(id.clone()));
        }
        Some(Settled::Attribute(format_smolstr!("{}.{}", target.address, path.join("."))))
    }

    /// Puts in what the user has resolved.
    fn resolved(&self, node: Node) -> Node {
        use crate::syntax::json::{Member, Value};
        let value = match node.value {
            Value::Unresolved(text) => {
                let known = self.resolved.iter().rev().find(|(name, _)| *name == text);
                match known {
                    Some((_, value)) => Value::String(value.as_str().into()),
                    None => Value::Unresolved(text),
                }
            }
            Value::Array(entries) => {
                Value::Array(entries.into_iter().map(|entry| self.resolved(entry)).collect())
            }
            Value::Object(members) => {
                let member = |it: Member| Member { key: it.key, value: self.resolved(it.value) };
                Value::Object(members.into_iter().map(member).collect())
            }
            plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
        };
        Node { span: node.span, value }
    }
}

/// The one thing that an expression refers to.
fn one_reference(expression: &Node) -> Option<&str> {
    let texts: Vec<&str> =
        expression.get("references")?.elements().iter().filter_map(Node::text).collect();
    match whole(&texts).as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

/// The calls in a module's address with their indexes: `module.a[0].module.b`.
fn calls(address: &str) -> Vec<(&str, &str)> {
    let mut calls = Vec::new();
    let mut rest = address;
    while let Some(behind) = rest.strip_prefix("module.") {
        let name = behind.find(['.', '[']).unwrap_or(behind.len());
        let (name, behind) = behind.split_at(name);
        let index = if behind.starts_with("[\"") {
            behind.find("\"]").map_or(behind.len(), |at| at + 2)
        } else if behind.starts_with('[') {
            behind.find(']').map_or(behind.len(), |at| at + 1)
        } else {
            0
        };
        let (index, behind) = behind.split_at(index);
        calls.push((name, index));
        rest = behind.strip_prefix('.').unwrap_or(behind);
    }
    calls
}

/// The address of the module around a module, and the name of the call.
fn parent(address: &str) -> Option<(&str, &str)> {
    let calls = calls(address);
    let (name, index) = calls.last()?;
    let own = "module.".len() + name.len() + index.len();
    let before = address.get(..address.len().checked_sub(own)?)?;
    Some((before.trim_end_matches('.'), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_modules() {
        assert_eq!(
            calls("module.a[0].module.b[\"x.y\"].module.c"),
            [("a", "[0]"), ("b", "[\"x.y\"]"), ("c", "")]
        );
        assert_eq!(parent("module.a[0].module.b[\"x.y\"]"), Some(("module.a[0]", "b")));
        assert_eq!(parent("module.a"), Some(("", "a")));
        assert_eq!(parent(""), None);
    }
}
