//! Exports of PowerShell that were cut off: `ConvertTo-Json` writes what lies deeper than `-Depth`
//! (2 when not given) as the name of its type.

use super::notes::Notes;
use crate::source::InputError;
use crate::syntax::json::{Member, Node, Value};

/// The error for the first value that stands for what was cut off.
pub(super) fn truncated(notes: &Notes<'_>, node: &Node) -> Option<InputError> {
    let found = stand_in(node)?;
    let written = notes.written(found.span);
    let error =
        notes.error(format!("the export is cut off: `{written}` stands for a value"), found.span);
    Some(error.with_help("export again with `ConvertTo-Json -Depth 100`"))
}

fn stand_in(node: &Node) -> Option<&Node> {
    match &node.value {
        Value::String(text) => is_stand_in(text).then_some(node),
        Value::Array(elements) => elements.iter().find_map(stand_in),
        Value::Object(members) => {
            members.iter().find_map(|it| stand_in(&it.value).filter(|_| is_read(it)))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unresolved(_) => None,
    }
}

fn is_stand_in(text: &str) -> bool {
    if !text.starts_with(['S', 'M', '@']) {
        return false;
    }
    text.starts_with("System.Object[]")
        || text.starts_with("System.Collections.")
        || text.starts_with("Microsoft.Azure.Commands.")
        || (text.starts_with("@{") && text.ends_with('}'))
}

/// Not read: tags, subnets, public IPs. It does not matter whether they are whole.
fn is_read(member: &Member) -> bool {
    let unread = ["tag", "tags", "subnet", "publicIpAddress", "identity", "firewalls", "insights"];
    !unread.iter().any(|key| super::fields::is_named(member, key))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::shown::check;

    #[test]
    fn cut_off_values_are_noticed_wherever_they_are_read() {
        check(
            r#"{"Name": "g", "Priority": 100, "RuleCollections": ["System.Object[]"]}"#,
            expect![[r#"
                the export is cut off: `System.Object[]` stands for a value (export again with `ConvertTo-Json -Depth 100`)
            "#]],
        );
        check(
            r#"{"Name": "g", "Priority": 100, "RuleCollections": [{"Name": "c", "Action": "@{Type=Allow}"}]}"#,
            expect![[r#"
                the export is cut off: `@{Type=Allow}` stands for a value (export again with `ConvertTo-Json -Depth 100`)
            "#]],
        );
        check(
            r#"[{"Name": "g", "Properties": {"Priority": 100, "RuleCollection": [
            "Microsoft.Azure.Commands.Network.Models.PSAzureFirewallPolicyFilterRuleCollection"]}}]"#,
            expect![[r#"
                the export is cut off: `Microsoft.Azure.Commands.Network.Models.PSAzureFirewallPolic…` stands for a value (export again with `ConvertTo-Json -Depth 100`)
            "#]],
        );
        check(
            r#"{"Name": "i", "Type": "Microsoft.Network/IpGroups", "IpAddresses": [], "Tag": "System.Collections.Hashtable"}"#,
            expect![[r#"
                IP Group i = 
            "#]],
        );
    }
}
