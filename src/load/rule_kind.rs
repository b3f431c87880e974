//! Of which type a rule is.

use super::fields::{Fields, Scalar, Subject, scalar};
use super::notes::Notes;
use crate::source::InputError;

/// The type of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleKind {
    Network,
    Application,
    Nat,
}

/// What is known of a rule's type before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// The rule says it, or its fields do.
    Anything,
    /// This type, unless the rule says another: a collection of one type.
    UnlessWritten(RuleKind),
    /// This type: in 2019 a condition of a DNAT rule called itself a network condition.
    Always(RuleKind),
}

/// By `ruleType`, else by the collection, else by the fields that only one type has.
pub(super) fn rule_kind(
    notes: &Notes<'_>,
    subject: &Subject<'_>,
    expected: Expected,
) -> Result<RuleKind, InputError> {
    if let Expected::Always(kind) = expected {
        return Ok(kind);
    }
    let fields = &subject.fields;
    let written = fields.first(&["ruleType", "ruleConditionType"]);
    if let Some((node, Scalar::Text(text))) = written.and_then(|node| Some((node, scalar(node)?))) {
        return match text.to_ascii_lowercase().as_str() {
            "networkrule" | "networkrulecondition" => Ok(RuleKind::Network),
            "applicationrule" | "applicationrulecondition" => Ok(RuleKind::Application),
            "natrule" => Ok(RuleKind::Nat),
            _ => {
                let message = format!("unknown type `{text}` of {subject}");
                let error = notes.error(message, node.span);
                Err(error.with_help("write `NetworkRule`, `ApplicationRule` or `NatRule`"))
            }
        };
    }
    if let Expected::UnlessWritten(kind) = expected {
        return Ok(kind);
    }
    kind_by_fields(fields).ok_or_else(|| {
        let error = notes.error(format!("the type of {subject} is not clear"), fields.span());
        error.with_help("write `\"ruleType\": \"NetworkRule\"`, `ApplicationRule` or `NatRule`")
    })
}

/// The type by the fields that only one type has; `None` when they contradict or say nothing.
fn kind_by_fields(fields: &Fields<'_>) -> Option<RuleKind> {
    let holds = |keys: &[&str]| keys.iter().any(|key| fields.holds(key));
    let is_nat = holds(&["translatedAddress", "translatedPort", "translatedFqdn"]);
    let has_objects =
        fields.entries(&["protocols"]).iter().any(|entry| !entry.members().is_empty());
    let is_application =
        has_objects || holds(&["targetFqdns", "targetUrls", "fqdnTags", "webCategories"]);
    let is_network = holds(&["ipProtocols", "destinationPorts", "destinationFqdns"]);
    match (is_nat, is_application, is_network) {
        (true, false, _) => Some(RuleKind::Nat),
        (false, true, false) => Some(RuleKind::Application),
        (false, false, true) => Some(RuleKind::Network),
        (true, true, _) | (false, true, true) | (false, false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::shown::check_rules;

    /// Rules of an allowing filter collection.
    fn filter(rules: &str) -> String {
        format!("\"action\": {{\"type\": \"Allow\"}}, \"rules\": [\n{rules}]")
    }

    #[test]
    fn a_missing_type_shows_in_the_fields() {
        check_rules(
            &filter(r#"{"name": "r", "destinationPorts": ["22"]}"#),
            expect![[r#"
            network r:  | -> ||:22
        "#]],
        );
        check_rules(
            &filter(r#"{"name": "r", "fqdnTags": ["WindowsUpdate"]}"#),
            expect![[r#"
            application r:  | -> ||WindowsUpdate|
        "#]],
        );
        check_rules(
            &filter(r#"{"name": "r", "sourceAddresses": ["*"]}"#),
            expect![[r#"
            the type of rule `r` is not clear (write `"ruleType": "NetworkRule"`, `ApplicationRule` or `NatRule`)
        "#]],
        );
        check_rules(
            &filter(
                r#"{"name": "r", "targetFqdns": ["a.example.com"], "destinationPorts": ["22"]}"#,
            ),
            expect![[r#"
                the type of rule `r` is not clear (write `"ruleType": "NetworkRule"`, `ApplicationRule` or `NatRule`)
            "#]],
        );
        check_rules(
            &filter(r#"{"name": "r", "ruleType": "MatchRule"}"#),
            expect![[r#"
            unknown type `MatchRule` of rule `r` (write `NetworkRule`, `ApplicationRule` or `NatRule`)
        "#]],
        );
    }
}
