//! Which resources of a template are worth evaluating.

use crate::syntax::json::{Node, Value};

/// What somebody expands a template for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interest {
    RuleSets,
    Networks,
}

/// The types that rule sets are made of; their child types too.
const RULE_SETS: [&str; 3] = [
    "microsoft.network/firewallpolicies",
    "microsoft.network/azurefirewalls",
    "microsoft.network/ipgroups",
];

const NETWORKS: [&str; 1] = ["microsoft.network/virtualnetworks"];

/// Whether resources of this full type are of `interest`. Resources that only extend one, such as
/// its diagnostic settings, are not.
pub(super) fn is_wanted(interest: Interest, kind: &str) -> bool {
    let wanted: &[&str] = match interest {
        Interest::RuleSets => &RULE_SETS,
        Interest::Networks => &NETWORKS,
    };
    let kind = kind.to_ascii_lowercase();
    let is_of = |root: &str| {
        kind.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    wanted.iter().any(|root| is_of(root)) && !kind.contains("/providers/")
}

pub(super) fn is_deployment(kind: &str) -> bool {
    kind.eq_ignore_ascii_case("Microsoft.Resources/deployments")
}

/// The resources of a template or of a parent resource, listed or under symbolic names.
pub(super) fn entries(holder: &Node) -> Vec<&Node> {
    let Some(resources) = holder.get("resources") else { return Vec::new() };
    match &resources.value {
        Value::Array(elements) => elements.iter().collect(),
        Value::Object(members) => members.iter().map(|member| &member.value).collect(),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Unresolved(_) => Vec::new(),
    }
}

/// Whether a resource is wanted or holds one that is. `kind` is its full type.
pub(super) fn leads_to_wanted(interest: Interest, resource: &Node, kind: &str) -> bool {
    if is_wanted(interest, kind) {
        return true;
    }
    if is_deployment(kind) {
        let Some(properties) = resource.get("properties") else { return false };
        return match properties.get("template") {
            Some(template) if template.text().is_none() => holds_wanted(interest, template, None),
            Some(_) => true,
            None => properties.get("templateLink").is_some(),
        };
    }
    holds_wanted(interest, resource, Some(kind))
}

fn holds_wanted(interest: Interest, holder: &Node, parent: Option<&str>) -> bool {
    entries(holder).into_iter().any(|resource| {
        let Some(kind) = resource.get("type").and_then(Node::text) else { return false };
        // A computed type may be any.
        kind.starts_with('[') || leads_to_wanted(interest, resource, &full_kind(kind, parent))
    })
}

/// A child that stands within its parent leaves out the parent's type.
pub(super) fn full_kind(kind: &str, parent: Option<&str>) -> String {
    match parent {
        Some(parent) if !kind.split('/').next().unwrap_or("").contains('.') => {
            format!("{parent}/{kind}")
        }
        Some(_) | None => kind.to_owned(),
    }
}
