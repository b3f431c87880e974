//! What is wrapped around resources: lists, answers, samples of the API, tables of Resource Graph.

use smol_str::SmolStr;

use super::Side;
use super::kind::{Kind, Recognised, recognised};
use crate::source::Spanned;
use crate::syntax::json::{Member, Node, Value};

/// Whether `node` is the root of an ARM template.
pub(super) fn is_template(node: &Node) -> bool {
    let schema = node.get("$schema").and_then(Node::text).unwrap_or("").to_ascii_lowercase();
    schema.contains("deploymenttemplate.json")
        || (node.get("resources").is_some() && node.get("contentVersion").is_some())
}

/// Whether `node` is a parameter file: values for the parameters of a template.
pub(super) fn is_parameter_file(node: &Node) -> bool {
    let schema = node.get("$schema").and_then(Node::text).unwrap_or("").to_ascii_lowercase();
    let is_value = |member: &Member| {
        member.value.get("value").is_some() || member.value.get("reference").is_some()
    };
    let is_alone = || node.get("resources").is_none() && node.get("responses").is_none();
    schema.contains("deploymentparameters.json")
        || node.get("parameters").is_some_and(|parameters| {
            let members = parameters.members();
            is_alone() && !members.is_empty() && members.iter().all(is_value)
        })
}

/// The parameter of a parameter file that holds rule sets, if one does.
pub(super) fn parameter_with_rules(file: &Node) -> Option<&str> {
    let holds_rules = |value: &Node| {
        let is_known = |node: &Node| matches!(recognised(node), Recognised::Known(_));
        is_known(value) || value.elements().iter().any(is_known)
    };
    let mut parameters = file.get("parameters")?.members().iter();
    let found = parameters.find(|member| member.value.get("value").is_some_and(holds_rules));
    found.map(|member| member.key.value.as_str())
}

/// A template that an answer or a request wraps, and what holds the values of its parameters:
/// `az group export` by REST, the body of a deployment, a template spec.
pub(super) fn wrapped_template(node: &Node) -> Option<(&Node, &Node)> {
    let holders = [Some(node), node.get("properties")].into_iter().flatten();
    let mut templates = holders.flat_map(|holder| {
        let templates = ["template", "mainTemplate"].into_iter();
        templates.filter_map(move |key| Some((holder.get(key)?, holder)))
    });
    templates.find(|(template, _)| is_template(template))
}

/// One side of the changes that `az deployment group what-if` foresees.
pub(super) fn foreseen(node: &Node, side: Side) -> Option<Vec<&Node>> {
    let changes = node.get("changes").or_else(|| node.get("properties")?.get("changes"))?;
    let changes = changes.elements();
    let is_change =
        |change: &Node| change.get("resourceId").is_some() && change.get("changeType").is_some();
    if changes.is_empty() || !changes.iter().all(is_change) {
        return None;
    }
    Some(changes.iter().filter_map(|change| side_of(change, side)).collect())
}

/// What is there on one side of a change; a resource that is not changed may stand on one alone.
fn side_of(change: &Node, side: Side) -> Option<&Node> {
    let held = |key: &str| change.get(key).filter(|node| !node.is_null());
    match side {
        Side::Before => held("before"),
        Side::After => held("after").or_else(|| {
            let kind = change.get("changeType").and_then(Node::text)?;
            held("before").filter(|_| !kind.eq_ignore_ascii_case("Delete"))
        }),
    }
}

/// The body in a sample of the API specification: of the answer, else of the request.
pub(super) fn sample_body(node: &Node) -> Option<&Node> {
    let parameters = node.get("parameters")?;
    let responses = node.get("responses");
    let body = |status| responses?.get(status)?.get("body").filter(|body| !body.is_null());
    let request = || {
        let body = |member: &Member| member.value.get("properties").is_some();
        parameters.members().iter().find(|member| body(member)).map(|member| &member.value)
    };
    body("200").or_else(|| body("201")).or_else(request)
}

/// The names that the parameters of a sample give to a request without an id.
pub(super) fn sample_names(kind: Kind, node: &Node, sample: &Node) -> Vec<SmolStr> {
    if node.get("id").is_some() {
        return Vec::new();
    }
    let keys: &[&str] = match kind {
        Kind::Policy => &["firewallPolicyName"],
        Kind::PolicyDraft => &["firewallPolicyName", ""],
        Kind::Group => &["firewallPolicyName", "ruleCollectionGroupName"],
        Kind::GroupDraft => &["firewallPolicyName", "ruleCollectionGroupName", ""],
        Kind::RuleGroup => &["firewallPolicyName", "ruleGroupName"],
        Kind::Firewall => &["azureFirewallName"],
        Kind::IpGroup => &["ipGroupsName"],
        Kind::ServiceTags | Kind::Collection => &[],
    };
    let name = |key: &&str| match *key {
        "" => Some(SmolStr::new_static("default")),
        key => sample.get(key).and_then(Node::text).map(SmolStr::from),
    };
    keys.iter().map(name).collect::<Option<Vec<SmolStr>>>().unwrap_or_default()
}

/// The elements of `{"value": […]}` or of Resource Graph's `{"data": […]}`.
pub(super) fn list(node: &Node) -> Option<&Node> {
    let list = node.get("value").or_else(|| node.get("data"))?;
    let is_resource = node.get("properties").is_some() || node.get("name").is_some();
    (matches!(list.value, Value::Array(_)) && !is_resource).then_some(list)
}

/// The rows of Resource Graph's table format: names of columns first, then lists of values.
pub(super) fn rows(node: &Node) -> Option<Vec<Node>> {
    let table = node.get("data").unwrap_or(node);
    let name = |column: &Node| column.get("name").and_then(Node::text).map(SmolStr::from);
    let columns: Option<Vec<SmolStr>> = table.get("columns")?.elements().iter().map(name).collect();
    let columns = columns?;
    let row = |row: &Node| {
        let members = columns.iter().zip(row.elements()).map(|(key, value)| Member {
            key: Spanned::new(key.clone(), value.span),
            value: value.clone(),
        });
        Node { span: row.span, value: Value::Object(members.collect()) }
    };
    Some(table.get("rows")?.elements().iter().map(row).collect())
}
