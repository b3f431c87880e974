//! `ruleGroups`, the shape of the API versions 2019-06-01 to 2020-04-01: a rule was what a
//! collection is today, and had conditions.

use super::collection::{action, subject};
use super::fields::Fields;
use super::group;
use super::kind::Resource;
use super::notes::Notes;
use super::rule::rule;
use super::rule_kind::{Expected, RuleKind};
use crate::policy::{CollectionAction, ResourceId, RuleCollection, RuleCollectionGroup};
use crate::source::{InputError, Severity};
use crate::syntax::json::Node;

const CONDITIONS: &[&str] = &["ruleConditions", "ruleCondition"];

/// A rule group as a rule collection group, with one collection for each of its rules.
///
/// # Errors
///
/// Its priority or one of its rules cannot be used.
pub(super) fn rule_group(
    notes: &mut Notes<'_>,
    resource: &Resource<'_>,
) -> Result<RuleCollectionGroup, InputError> {
    let mut subject = subject(notes, resource.node, "rule group")?;
    let id = resource.id();
    if let Some(name) = group::name(resource, id.as_ref()) {
        subject.name.value = name;
    }
    let priority = notes.priority(&subject, 0)?;
    let rules = subject.fields.entries(&["rules"]);
    let mut collections = Vec::new();
    for node in rules {
        collections.push(collection(notes, node, rules.len())?);
    }
    let message = format!("{subject} has the shape of 2019: each rule is read as a collection");
    let help = "export it with an API version of 2020-05-01 or later";
    notes.warn_with_help(Severity::Note, message, resource.node.span, help);
    Ok(RuleCollectionGroup {
        policy: id.as_ref().and_then(ResourceId::parent),
        name: subject.name,
        id,
        priority,
        collections,
        size: None,
    })
}

fn collection(
    notes: &mut Notes<'_>,
    node: &Node,
    siblings: usize,
) -> Result<RuleCollection, InputError> {
    let subject = subject(notes, node, "rule")?;
    let priority = notes.priority(&subject, siblings)?;
    let action = action(notes, &subject)?;
    let is_nat = action.value == CollectionAction::Dnat;
    let expected = if is_nat { Expected::Always(RuleKind::Nat) } else { Expected::Anything };
    let mut rules = Vec::new();
    for (index, condition) in subject.fields.entries(CONDITIONS).iter().enumerate() {
        // The translation of a DNAT rule stands beside its condition.
        let fields = if is_nat { Fields::layered(node, condition) } else { Fields::of(condition) };
        rules.push(rule(notes, fields, index + 1, expected, &subject)?);
    }
    if rules.is_empty() {
        let message = format!("{subject} has no conditions: it matches nothing");
        let help = "write what it matches as `ruleConditions`, or take it out";
        notes.warn_with_help(Severity::Error, message, node.span, help);
    }
    Ok(RuleCollection { name: subject.name, priority, action, rules })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::shown::check;

    #[test]
    fn each_rule_is_a_collection() {
        check(
            r#"{"name": "old", "type": "Microsoft.Network/firewallPolicies/ruleGroups",
            "properties": {"priority": 110, "rules": [
            {"ruleType": "FirewallPolicyFilterRule", "name": "deny", "priority": 200, "action": {"type": "Deny"},
             "ruleConditions": [
              {"ruleConditionType": "NetworkRuleCondition", "name": "a", "ipProtocols": ["TCP"],
               "sourceAddresses": ["10.0.0.0/8"], "destinationAddresses": ["*"], "destinationPorts": ["22"]},
              {"ruleConditionType": "NetworkRuleCondition", "name": "b", "destinationPorts": ["23"]}]},
            {"ruleType": "FirewallPolicyNatRule", "name": "in", "priority": 100, "action": {"type": "DNAT"},
             "translatedAddress": "10.0.0.4", "translatedPort": "8443",
             "ruleCondition": {"ruleConditionType": "NetworkRuleCondition", "name": "c", "ipProtocols": ["TCP"],
              "sourceAddresses": ["*"], "destinationAddresses": ["192.0.2.1"], "destinationPorts": ["443"]}}]}}"#,
            expect![[r#"
                group old 110
                 deny 200 Deny
                  network a: TCP 10.0.0.0/8| -> *||:22
                  network b:  | -> ||:23
                 in 100 DNAT
                  nat c: TCP *| -> 192.0.2.1:443 => 10.0.0.4:8443
                note in line 1: rule group `old` has the shape of 2019: each rule is read as a collection (export it with an API version of 2020-05-01 or later)
            "#]],
        );
    }

    #[test]
    fn one_rule_needs_no_priority() {
        let rule = |name: &str| {
            format!(
                r#"{{"ruleType": "FirewallPolicyFilterRule", "name": "{name}", "action": {{"type": "Allow"}},
                "ruleConditions": [{{"ruleConditionType": "ApplicationRuleCondition", "name": "c",
                "protocols": [{{"protocolType": "Https", "port": 443}}], "targetFqdns": ["www.example.com"]}}]}}"#
            )
        };
        check(
            &format!(r#"{{"priority": 110, "rules": [{}]}}"#, rule("a")),
            expect![[r#"
            group a 110
             a 100 Allow
              application c: Https:443 | -> www.example.com|||
            note in line 1: rule group `(unnamed)` has the shape of 2019: each rule is read as a collection (export it with an API version of 2020-05-01 or later)
            note in line 1: rule `a` has no priority: 100 is assumed
        "#]],
        );
        check(
            &format!(r#"{{"priority": 110, "rules": [{}, {}]}}"#, rule("a"), rule("b")),
            expect![[r#"
                rule `a` has no priority (write a `priority` of 100 to 65000)
            "#]],
        );
    }
}
