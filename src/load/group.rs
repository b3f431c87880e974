//! Rule collection groups.

use smol_str::SmolStr;

use super::collection::{collection, subject};
use super::kind::{Kind, Resource};
use super::notes::Notes;
use crate::policy::{ResourceId, RuleCollection, RuleCollectionGroup};
use crate::source::{InputError, Severity, Spanned};
use crate::syntax::json::Node;

/// The name of the group that rule collections without one are put in.
const UNGROUPED: &str = "ungrouped";

/// A group, or the draft of one, which stands for the group itself.
///
/// # Errors
///
/// Its priority or one of its collections cannot be used.
pub(super) fn group(
    notes: &mut Notes<'_>,
    resource: &Resource<'_>,
) -> Result<RuleCollectionGroup, InputError> {
    let mut subject = subject(notes, resource.node, "rule collection group")?;
    let id = id(resource);
    if let Some(name) = name(resource, id.as_ref()) {
        subject.name.value = name;
    }
    let priority = notes.priority(&subject, 0)?;
    let mut collections = Vec::new();
    let found = subject.fields.entries(&["ruleCollections", "ruleCollection"]);
    for node in found {
        collections.push(collection(notes, node, None, found.len())?);
    }
    Ok(RuleCollectionGroup {
        policy: id.as_ref().and_then(ResourceId::parent),
        name: subject.name,
        id,
        priority,
        collections,
        size: subject.fields.text("size"),
    })
}

/// The id of the group; a draft is a child of what it is a draft of.
pub(super) fn id(resource: &Resource<'_>) -> Option<ResourceId> {
    match resource.kind {
        Kind::GroupDraft | Kind::PolicyDraft => resource.id()?.parent(),
        Kind::Policy
        | Kind::Group
        | Kind::RuleGroup
        | Kind::Firewall
        | Kind::IpGroup
        | Kind::ServiceTags
        | Kind::Collection => resource.id(),
    }
}

/// The name of a resource; a draft has that of what it is a draft of.
pub(super) fn name(resource: &Resource<'_>, id: Option<&ResourceId>) -> Option<SmolStr> {
    match (resource.kind, id) {
        (Kind::GroupDraft | Kind::PolicyDraft, Some(id)) => Some(id.name().into()),
        _ => resource.name(),
    }
}

/// A group of collections that a file holds without one. Their order among themselves is known;
/// where they stand among other groups is not.
///
/// # Errors
///
/// One of the collections cannot be used.
pub(super) fn ungrouped(
    notes: &mut Notes<'_>,
    loose: &[&Node],
) -> Result<Option<RuleCollectionGroup>, InputError> {
    let Some(first) = loose.first() else { return Ok(None) };
    let collections: Result<Vec<RuleCollection>, InputError> =
        loose.iter().map(|node| collection(notes, node, None, loose.len())).collect();
    let message = format!("rule collections without a group: read as group `{UNGROUPED}`");
    let help = "give the whole rule collection group, which has a priority";
    notes.warn_with_help(Severity::Warning, message, first.span, help);
    Ok(Some(RuleCollectionGroup {
        name: Spanned::new(UNGROUPED.into(), first.span),
        id: None,
        policy: None,
        priority: Spanned::unplaced(100),
        collections: collections?,
        size: None,
    }))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::shown::check;

    const ID: &str = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/\
        firewallPolicies/hub/ruleCollectionGroups/web";

    #[test]
    fn nested_and_flattened() {
        check(
            &format!(
                r#"{{"name": "web", "id": "{ID}", "properties": {{"priority": 300, "ruleCollections": []}}}}"#
            ),
            expect![[r#"
                group web of hub 300
            "#]],
        );
        check(
            &format!(
                r#"{{"name": "web", "id": "{ID}", "priority": "300", "ruleCollections": null,
                "type": "Microsoft.Network/FirewallPolicies/RuleCollectionGroups"}}"#
            ),
            expect![[r#"
                group web of hub 300
            "#]],
        );
    }

    #[test]
    fn powershell() {
        check(
            &format!(
                r#"[{{"Name": "web", "Properties": {{"Priority": 300, "Size": "0.1 MB", "Name": null, "Id": "{ID}",
                "RuleCollection": [{{"Action": {{"Type": "Allow"}}, "Name": "c", "Priority": 100,
                "RuleCollectionType": "FirewallPolicyFilterRuleCollection", "Rules": [
                {{"protocols": ["TCP"], "SourceAddresses": ["10.0.0.4"], "DestinationPorts": ["22"],
                "Description": null, "Name": "r", "RuleType": "NetworkRule"}}]}}]}}}}]"#
            ),
            expect![[r#"
                group web of hub 300
                 c 100 Allow
                  network r: TCP 10.0.0.4| -> ||:22
            "#]],
        );
    }

    #[test]
    fn a_draft_stands_for_the_group() {
        check(
            &format!(
                r#"{{"name": "default", "id": "{ID}/ruleCollectionGroupDrafts/default",
                "properties": {{"priority": 300, "ruleCollections": []}}}}"#
            ),
            expect![[r#"
                group web of hub 300
            "#]],
        );
    }

    #[test]
    fn a_request_without_a_name_is_called_as_its_file() {
        check(
            r#"{"properties": {"priority": 300, "ruleCollections": []}}"#,
            expect![[r#"
            group a 300
        "#]],
        );
    }

    #[test]
    fn a_priority_is_needed() {
        check(
            r#"{"name": "web", "properties": {"ruleCollections": []}}"#,
            expect![[r#"
            rule collection group `web` has no priority (write a `priority` of 100 to 65000)
        "#]],
        );
        check(
            r#"{"name": "web", "priority": 65001, "ruleCollections": []}"#,
            expect![[r#"
                group web 65001
            "#]],
        );
    }

    #[test]
    fn collections_without_a_group() {
        check(
            r#"[{"name": "a", "priority": 200, "action": {"type": "Allow"}, "rules": [],
            "ruleCollectionType": "FirewallPolicyFilterRuleCollection"},
            {"name": "b", "priority": 100, "action": {"type": "Deny"}, "rules": []}]"#,
            expect![[r#"
                group ungrouped 100
                 a 200 Allow
                 b 100 Deny
                warning in line 1: rule collections without a group: read as group `ungrouped` (give the whole rule collection group, which has a priority)
            "#]],
        );
    }
}
