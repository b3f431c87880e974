//! What is wrapped around resources: lists, answers, samples of the API, tables of Resource Graph.

use smol_str::SmolStr;

use super::kind::Kind;
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
