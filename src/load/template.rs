//! The resources that a template writes out.

use smol_str::SmolStr;

use crate::source::{InputError, Warning};
use crate::syntax::json::{Node, Value};

/// What is known of a deployment.
#[derive(Debug, Clone, Default)]
pub struct TemplateSettings {}

pub(super) struct Expansion {
    pub(super) resources: Vec<Found>,
    pub(super) warnings: Vec<Warning>,
}

pub(super) struct Found {
    pub(super) kind: SmolStr,
    pub(super) names: Vec<SmolStr>,
    pub(super) node: Node,
}

#[expect(clippy::unnecessary_wraps, reason = "expressions will fail")]
pub(super) fn expand(
    root: &Node,
    _: &[Node],
    _: &TemplateSettings,
) -> Result<Expansion, InputError> {
    let mut resources = Vec::new();
    if let Some(Node { value: Value::Array(nodes), .. }) = root.get("resources") {
        for node in nodes {
            let Some(kind) = node.get("type").and_then(Node::text) else { continue };
            let name = node.get("name").and_then(Node::text).unwrap_or_default();
            let names = name.split('/').map(SmolStr::from).collect();
            resources.push(Found { kind: kind.into(), names, node: node.clone() });
        }
    }
    Ok(Expansion { resources, warnings: Vec::new() })
}
