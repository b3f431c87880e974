//! Rule collections, of a policy and of a classic firewall.

use smol_str::SmolStr;

use super::fields::{Fields, Scalar, Subject, scalar};
use super::notes::{Notes, quoted};
use super::part::GIVE_VALUES;
use super::rule::rule;
use super::rule_kind::{Expected, RuleKind};
use super::unknown_rule::unknown_rules;
use crate::policy::{CollectionAction, FilterAction, Rule, RuleCollection};
use crate::source::{InputError, Spanned};
use crate::syntax::json::{Node, Value};

/// The name of what has none.
pub(super) const UNNAMED: &str = "(unnamed)";

/// A collection. `container` is the type of a classic firewall's list of collections,
/// `siblings` how many stand in the list.
///
/// # Errors
///
/// It has no usable priority, action or list of rules.
pub(super) fn collection(
    notes: &mut Notes<'_>,
    node: &Node,
    container: Option<RuleKind>,
    siblings: usize,
) -> Result<RuleCollection, InputError> {
    let subject = subject(notes, node, "rule collection")?;
    let priority = notes.priority(&subject, siblings)?;
    let action = action(notes, &subject)?;
    let collection_type = subject.fields.text("ruleCollectionType").unwrap_or_default();
    let is_nat = match container {
        Some(kind) => kind == RuleKind::Nat,
        None if collection_type.is_empty() => action.value == CollectionAction::Dnat,
        None => collection_type.eq_ignore_ascii_case("FirewallPolicyNatRuleCollection"),
    };
    if is_nat != (action.value == CollectionAction::Dnat) {
        let expected = if is_nat { "`DNAT`" } else { "`Allow` or `Deny`" };
        let message = format!("action `{}` does not fit {subject}", action.value.name());
        let error = notes.error(message, action.span.unwrap_or(node.span));
        return Err(error.with_help(format!("write {expected}, or correct the collection's type")));
    }
    let expected = match (container, is_nat) {
        (Some(kind), _) => Expected::UnlessWritten(kind),
        (None, true) => Expected::UnlessWritten(RuleKind::Nat),
        (None, false) => Expected::Anything,
    };
    let rules = rules(notes, &subject, expected)?;
    Ok(RuleCollection { name: subject.name, priority, action, rules })
}

/// What messages call `node`; it must be an object.
pub(super) fn subject<'n>(
    notes: &Notes<'_>,
    node: &'n Node,
    what: &'static str,
) -> Result<Subject<'n>, InputError> {
    // `IP Group` and `IDPS bypass` begin with a vowel.
    let article = if what.starts_with('I') { "an" } else { "a" };
    let Value::Object(_) = &node.value else {
        if let Some(Scalar::Unresolved(expression)) = scalar(node) {
            let message = format!("{article} {what} is not known: `{}`", quoted(&expression));
            let error = notes.error(message, node.span);
            return Err(error.with_help(GIVE_VALUES));
        }
        let message = format!("expected {article} {what}, found `{}`", notes.written(node.span));
        return Err(notes.error(message, node.span).with_help("write an object: `{\"name\": …}`"));
    };
    if let Some(properties) = node.get("properties")
        && let Some(Scalar::Unresolved(expression)) = scalar(properties)
    {
        let message = format!("what the {what} holds is not known: `{}`", quoted(&expression));
        let error = notes.error(message, properties.span);
        return Err(error.with_help(GIVE_VALUES));
    }
    if let Some(properties) = node.get("properties").filter(|it| is_packed(it)) {
        let message = format!("the `properties` of the {what} are one text instead of an object");
        let error = notes.error(message, properties.span);
        let help = "export them as JSON: `az graph query … --output json`, not a table or CSV";
        return Err(error.with_help(help));
    }
    let fields = Fields::of(node);
    let own = node.get("name").and_then(|name| match scalar(name)? {
        Scalar::Text(text) | Scalar::Unresolved(text) => {
            (!text.is_empty()).then(|| Spanned::new(text, name.span))
        }
    });
    let unnamed = || Spanned::new(SmolStr::new_static(UNNAMED), node.span);
    let name = own.or_else(|| fields.spanned_text("name")).unwrap_or_else(unnamed);
    Ok(Subject { fields, what, name })
}

/// An object that an export through a table has made a text of.
fn is_packed(properties: &Node) -> bool {
    properties.text().is_some_and(|text| text.trim_start().starts_with('{'))
}

/// `{"type": "Allow"}`, or the word alone.
pub(super) fn action(
    notes: &Notes<'_>,
    subject: &Subject<'_>,
) -> Result<Spanned<CollectionAction>, InputError> {
    const HELP: &str = "write `\"action\": {\"type\": \"Allow\"}`, `Deny` or `DNAT`";
    let Some(outer) = subject.fields.get("action") else {
        let error = notes.error(format!("{subject} has no action"), subject.fields.span());
        return Err(error.with_help(HELP));
    };
    let node = outer.get("type").unwrap_or(outer);
    let found = scalar(node);
    let action = match &found {
        Some(Scalar::Text(text)) if text.eq_ignore_ascii_case("allow") => {
            Some(CollectionAction::Filter(FilterAction::Allow))
        }
        Some(Scalar::Text(text)) if text.eq_ignore_ascii_case("deny") => {
            Some(CollectionAction::Filter(FilterAction::Deny))
        }
        Some(Scalar::Text(text)) if text.eq_ignore_ascii_case("dnat") => {
            Some(CollectionAction::Dnat)
        }
        Some(Scalar::Text(_) | Scalar::Unresolved(_)) | None => None,
    };
    if let Some(action) = action {
        return Ok(Spanned::new(action, node.span));
    }
    let written = notes.written(node.span);
    Err(match found {
        Some(Scalar::Unresolved(expression)) => notes
            .error(
                format!("the action of {subject} is not known: `{}`", quoted(&expression)),
                node.span,
            )
            .with_help(GIVE_VALUES),
        Some(Scalar::Text(_)) | None => notes
            .error(format!("unknown action `{written}` of {subject}"), node.span)
            .with_help(HELP),
    })
}

fn rules(
    notes: &mut Notes<'_>,
    collection: &Subject<'_>,
    expected: Expected,
) -> Result<Vec<Rule>, InputError> {
    let mut rules = Vec::new();
    for (index, node) in collection.fields.entries(&["rules"]).iter().enumerate() {
        if let Some(Scalar::Unresolved(expression)) = scalar(node) {
            rules.extend(unknown_rules(notes, collection, expected, &expression, node.span));
            continue;
        }
        let fields = subject(notes, node, "rule")?.fields;
        rules.push(rule(notes, fields, index + 1, expected, collection)?);
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::super::shown::check as check_file;

    /// Collections of a group.
    #[track_caller]
    fn check(collections: &str, expected: Expect) {
        let group = "\"name\": \"g\", \"priority\": 200";
        check_file(&format!("{{{group}, \"ruleCollections\": [\n{collections}]}}"), expected);
    }

    #[test]
    fn actions_and_priorities_in_any_spelling() {
        check(
            r#"{"name": "a", "priority": "300", "action": "deny", "rules": []},
            {"Name": "b", "Priority": 100, "Action": {"Type": "ALLOW"}, "Rules": null},
            {"name": "c", "properties": {"priority": 200, "action": {"type": "Dnat"}}}"#,
            expect![[r#"
                group g 200
                 a 300 Deny
                 b 100 Allow
                 c 200 DNAT
            "#]],
        );
    }

    #[test]
    fn without_a_usable_priority_nothing_is_in_order() {
        let pair = |priority: &str| {
            format!(
                "{{\"name\": \"a\", \"priority\": 100, \"action\": \"Allow\"}},\n\
                 {{\"name\": \"b\", {priority} \"action\": \"Allow\"}}"
            )
        };
        check(
            &pair(""),
            expect![[r#"
            rule collection `b` has no priority (write a `priority` of 100 to 65000)
        "#]],
        );
        check(
            &pair("\"priority\": \"high\","),
            expect![[r#"
            the priority `high` of rule collection `b` is no number (write a `priority` of 100 to 65000)
        "#]],
        );
        check(
            &pair("\"priority\": [100],"),
            expect![[r#"
            the priority `[100]` of rule collection `b` is no number (write a `priority` of 100 to 65000)
        "#]],
        );
        check(
            &pair("\"priority\": \"[parameters('priority')]\","),
            expect![[r#"
                the priority of rule collection `b` is not known: `[parameters('priority')]` (give the parameters in it values with `--set NAME=VALUE` or a parameter file)
            "#]],
        );
        check(
            &pair("\"priority\": 70000,"),
            expect![[r#"
                group g 200
                 a 100 Allow
                 b 70000 Allow
            "#]],
        );
        check(
            &pair("\"priority\": 99,"),
            expect![[r#"
                group g 200
                 a 100 Allow
                 b 99 Allow
            "#]],
        );
        check(
            r#"{"name": "alone", "action": "Allow"}"#,
            expect![[r#"
            group g 200
             alone 100 Allow
            note in line 2: rule collection `alone` has no priority: 100 is assumed
        "#]],
        );
    }

    #[test]
    fn without_a_usable_action_nothing_is_decided() {
        let with = |rest: &str| format!("{{\"name\": \"a\", \"priority\": 100{rest}}}");
        check(
            &with(""),
            expect![[r#"
            rule collection `a` has no action (write `"action": {"type": "Allow"}`, `Deny` or `DNAT`)
        "#]],
        );
        check(
            &with(", \"action\": {\"type\": \"Maybe\"}"),
            expect![[r#"
            unknown action `Maybe` of rule collection `a` (write `"action": {"type": "Allow"}`, `Deny` or `DNAT`)
        "#]],
        );
        check(
            &with(", \"action\": {\"type\": \"[parameters('action')]\"}"),
            expect![[r#"
                the action of rule collection `a` is not known: `[parameters('action')]` (give the parameters in it values with `--set NAME=VALUE` or a parameter file)
            "#]],
        );
        check(
            &with(
                ", \"action\": \"DNAT\", \"ruleCollectionType\": \"FirewallPolicyFilterRuleCollection\"",
            ),
            expect![[r#"
                action `DNAT` does not fit rule collection `a` (write `Allow` or `Deny`, or correct the collection's type)
            "#]],
        );
        check(
            &with(
                ", \"action\": \"Allow\", \"ruleCollectionType\": \"FirewallPolicyNatRuleCollection\"",
            ),
            expect![[r#"
                action `Allow` does not fit rule collection `a` (write `DNAT`, or correct the collection's type)
            "#]],
        );
    }

    #[test]
    fn mixed_types_are_kept() {
        check(
            r#"{"name": "a", "priority": 100, "action": "Allow", "rules": [
            {"ruleType": "NetworkRule", "name": "n", "destinationPorts": ["22"]},
            {"ruleType": "ApplicationRule", "name": "x", "targetFqdns": ["www.example.com"]}]}"#,
            expect![[r#"
                group g 200
                 a 100 Allow
                  network n:  | -> ||:22
                  application x:  | -> www.example.com|||
            "#]],
        );
        check(
            r#"{"name": "a", "priority": 100, "action": "DNAT", "rules": [
            {"ruleType": "NetworkRule", "name": "n", "destinationPorts": ["22"]}]}"#,
            expect![[r#"
                group g 200
                 a 100 DNAT
                  network n:  | -> ||:22
            "#]],
        );
    }

    #[test]
    fn properties_in_a_text_are_said_to_be_one() {
        check_file(
            r#"{"data": [{"name": "g", "type": "microsoft.network/firewallpolicies/rulecollectiongroups",
            "properties": "{\"priority\": 200, \"ruleCollections\": []}"}]}"#,
            expect![[r#"
                the `properties` of the rule collection group are one text instead of an object (export them as JSON: `az graph query … --output json`, not a table or CSV)
            "#]],
        );
    }

    #[test]
    fn what_is_no_collection_or_rule() {
        check(
            "\"[parameters('collection')]\"",
            expect![[r#"
                a rule collection is not known: `[parameters('collection')]` (give the parameters in it values with `--set NAME=VALUE` or a parameter file)
            "#]],
        );
        check(
            r#"{"name": "a", "priority": 100, "action": "Allow", "rules": "[variables('rules')]"}"#,
            expect![[r#"
                group g 200
                 a 100 Allow
                  network (unknown rules): ?[variables('rules')] ?[variables('rules')]| -> ?[variables('rules')]||:?[variables('rules')]
                  application (unknown rules): ?[variables('rules')] ?[variables('rules')]| -> ?[variables('rules')]|||
                error in line 2: rules of rule collection `a` are not known: `[variables('rules')]` (every flow that comes to the collection may match it; give the parameters in it values with `--set NAME=VALUE` or a parameter file)
            "#]],
        );
    }
}
