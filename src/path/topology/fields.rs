//! Fields of exported resources: below `properties` as ARM has them, or beside it as the CLI does.

use std::net::IpAddr;

use ipnet::IpNet;
use smol_str::SmolStr;

use crate::policy::ResourceId;
use crate::source::{Severity, Warning};
use crate::syntax::json::{Node, Value};

/// A resource, or a part of one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'n> {
    pub(super) node: &'n Node,
}

impl<'n> Fields<'n> {
    pub(super) fn of(node: &'n Node) -> Self {
        Self { node }
    }

    /// A value that is there and not null.
    pub(super) fn get(self, key: &str) -> Option<&'n Node> {
        let inner = self.node.get("properties").and_then(|properties| properties.get(key));
        inner.filter(|it| !it.is_null()).or_else(|| self.node.get(key)).filter(|it| !it.is_null())
    }

    pub(super) fn text(self, key: &str) -> Option<SmolStr> {
        self.get(key).and_then(text_of).filter(|text| !text.is_empty())
    }

    pub(super) fn flag(self, key: &str) -> Option<bool> {
        match &self.get(key)?.value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "enabled" => Some(true),
                "false" | "disabled" => Some(false),
                _ => None,
            },
            Value::Null
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)
            | Value::Unresolved(_) => None,
        }
    }

    pub(super) fn number<T: std::str::FromStr>(self, key: &str) -> Option<T> {
        self.text(key)?.parse().ok()
    }

    /// The parts below `key`.
    pub(super) fn parts(self, key: &str) -> impl Iterator<Item = Fields<'n>> + use<'n> {
        self.get(key).map(Node::elements).unwrap_or_default().iter().map(Fields::of)
    }

    pub(super) fn part(self, key: &str) -> Option<Fields<'n>> {
        self.get(key).map(Fields::of)
    }

    /// The id in `{"id": …}` below `key`, or written there as it is.
    pub(super) fn reference(self, key: &str) -> Option<ResourceId> {
        let node = self.get(key)?;
        let text = node.text().or_else(|| node.get("id").and_then(Node::text))?;
        (!text.trim().is_empty()).then(|| ResourceId::new(text))
    }

    pub(super) fn references(self, key: &str) -> Vec<ResourceId> {
        self.parts(key)
            .filter_map(|part| {
                let text = part.node.text().map(SmolStr::from).or_else(|| part.text("id"));
                text.map(|id| ResourceId::new(&id))
            })
            .collect()
    }

    /// Texts below any of `keys`: one, or a list of them.
    pub(super) fn texts(self, keys: &[&str]) -> Vec<SmolStr> {
        let mut texts = Vec::new();
        for node in keys.iter().filter_map(|key| self.get(key)) {
            match &node.value {
                Value::Array(entries) => texts.extend(entries.iter().filter_map(text_of)),
                _ => texts.extend(text_of(node)),
            }
        }
        texts.retain(|text| !text.is_empty());
        texts
    }

    /// Prefixes below any of `keys`; what is no prefix is reported.
    pub(super) fn prefixes(self, keys: &[&str], warnings: &mut Vec<Warning>) -> Vec<IpNet> {
        let mut prefixes = Vec::new();
        for text in self.texts(keys) {
            match prefix(&text) {
                Some(net) => prefixes.push(net),
                None => warnings.push(self.warning(
                    format!("`{text}` is no address prefix and is left out"),
                    "write it like `10.0.0.0/16`",
                )),
            }
        }
        prefixes.sort_unstable();
        prefixes.dedup();
        prefixes
    }

    pub(super) fn address(self, key: &str) -> Option<IpAddr> {
        self.text(key)?.parse().ok()
    }

    /// The id as written, else one without scope.
    pub(super) fn id(self, kind: &str) -> ResourceId {
        match self.text("id").filter(|id| is_id(id)) {
            Some(id) => ResourceId::new(&id),
            None => ResourceId::without_scope(kind, &[&self.name()]),
        }
    }

    /// Its own name: the last part of `name`, else of its id.
    pub(super) fn name(self) -> SmolStr {
        let name = self.node.get("name").and_then(text_of).or_else(|| self.text("id"));
        name.as_deref().and_then(|name| name.rsplit('/').next()).unwrap_or("(unnamed)").into()
    }

    pub(super) fn warning(self, message: String, help: &str) -> Warning {
        Warning::new(Severity::Warning, message, Some(self.node.span)).with_help(help)
    }
}

fn text_of(node: &Node) -> Option<SmolStr> {
    match &node.value {
        Value::String(text) | Value::Number(text) => Some(text.trim().into()),
        Value::Bool(flag) => Some(if *flag { "true" } else { "false" }.into()),
        Value::Null | Value::Array(_) | Value::Object(_) | Value::Unresolved(_) => None,
    }
}

/// Whether a text is the id of a resource; samples leave its scope out.
pub(super) fn is_id(text: &str) -> bool {
    text.starts_with('/') || text.to_ascii_lowercase().contains("/providers/")
}

/// A prefix, or an address as the prefix that holds it alone.
pub(super) fn prefix(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let net = text.parse::<IpNet>().ok().map(|net| net.trunc());
    net.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
