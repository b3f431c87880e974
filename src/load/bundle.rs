//! Objects of people's own making that hold resources side by side, such as
//! `{"policy": …, "ruleCollectionGroups": […]}`.

use smol_str::SmolStr;

use super::fields::is_empty;
use super::kind::{Kind, Recognised, Resource, recognised};
use crate::syntax::json::{Member, Node, Value};

/// What such an object holds.
pub(super) struct Bundle<'n> {
    pub(super) held: Vec<Held<'n>>,
    /// Lists and objects of which nothing can be made.
    pub(super) unread: Vec<&'n Member>,
}

/// A resource in it, or something that holds resources in turn.
pub(super) struct Held<'n> {
    pub(super) node: &'n Node,
    /// What it is; `None`: it holds resources in turn.
    pub(super) kind: Option<Kind>,
    /// Its key, where it has no name of its own: `{"groups": {"web": {"priority": 300, …}}}`.
    pub(super) name: Option<SmolStr>,
    /// Its content says what it is; a key alone may mean anything.
    is_certain: bool,
}

/// Keys that say what stands behind them where the content alone does not, in letters only.
const KEYS: [(&str, Kind); 10] = [
    ("policy", Kind::Policy),
    ("policies", Kind::Policy),
    ("firewallpolicy", Kind::Policy),
    ("firewallpolicies", Kind::Policy),
    ("firewall", Kind::Firewall),
    ("firewalls", Kind::Firewall),
    ("azurefirewall", Kind::Firewall),
    ("azurefirewalls", Kind::Firewall),
    ("rulecollectiongroup", Kind::Group),
    ("rulecollectiongroups", Kind::Group),
];

/// The resources that `node`, which is none itself, holds one level below.
pub(super) fn bundle(node: &Node) -> Option<Bundle<'_>> {
    let mut bundle = Bundle { held: Vec::new(), unread: Vec::new() };
    for member in node.members() {
        match held(member) {
            Some(held) => bundle.held.extend(held),
            None if is_empty(&member.value) || !is_container(&member.value) => {}
            None => bundle.unread.push(member),
        }
    }
    bundle.held.iter().any(|held| held.is_certain).then_some(bundle)
}

fn is_container(node: &Node) -> bool {
    matches!(node.value, Value::Array(_) | Value::Object(_))
}

/// What a member holds, if all of it is known.
fn held(member: &Member) -> Option<Vec<Held<'_>>> {
    let letters = member.key.value.chars().filter(char::is_ascii_alphabetic);
    let key: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    let by_key = KEYS.iter().find(|(name, _)| *name == key).map(|(_, kind)| *kind);
    let elements: Vec<&Node> = match &member.value.value {
        Value::Object(_) => vec![&member.value],
        Value::Array(elements) => elements.iter().filter(|element| !element.is_null()).collect(),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Unresolved(_) => return None,
    };
    let is_named_by_key = by_key.is_none() && matches!(member.value.value, Value::Object(_));
    let held = elements.into_iter().map(|node| {
        let kind = match recognised(node) {
            // Much else has addresses: the key has to say what they are.
            Recognised::Known(Kind::IpGroup) => {
                let full = node.get("type").and_then(Node::text).and_then(Kind::of_type);
                let is_meant = key.contains("ipgroup") || full == Some(Kind::IpGroup);
                is_meant.then_some(Kind::IpGroup)?
            }
            Recognised::Known(kind) => kind,
            Recognised::Other(_) => return None,
            Recognised::Unknown if node.members().is_empty() => return None,
            Recognised::Unknown => match (bundle(node), by_key) {
                (Some(_), _) => {
                    return Some(Held { node, kind: None, name: None, is_certain: true });
                }
                (None, kind) => kind?,
            },
        };
        let name = Some(&member.key.value).filter(|_| is_named_by_key && kind == Kind::Group);
        let is_certain = matches!(recognised(node), Recognised::Known(_));
        Some(Held { node, kind: Some(kind), name: name.cloned(), is_certain })
    });
    held.collect::<Option<Vec<Held<'_>>>>().filter(|held| !held.is_empty())
}

impl Bundle<'_> {
    /// The name of the policy in it, if there is one and not several: whose the groups are.
    pub(super) fn policy(&self) -> Option<SmolStr> {
        let mut policies = self.held.iter().filter(|held| held.kind == Some(Kind::Policy));
        let (policy, None) = (policies.next()?, policies.next()) else { return None };
        Resource { kind: Kind::Policy, node: policy.node, names: Vec::new() }.name()
    }
}

/// The names of a group that stands with the policy `policy`, or under the key `key`, and does not
/// say so itself.
pub(super) fn names_of_group(
    policy: Option<&SmolStr>,
    key: Option<&SmolStr>,
    node: &Node,
) -> Vec<SmolStr> {
    let group = Resource { kind: Kind::Group, node, names: Vec::new() };
    if group.id().is_some() {
        return Vec::new();
    }
    let own = group.name();
    match (policy, own.as_ref().or(key)) {
        (Some(policy), Some(name)) => vec![policy.clone(), name.clone()],
        (None, Some(name)) if own.is_none() => vec![name.clone()],
        (_, _) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::shown::check;

    const GROUP: &str = r#"{"name": "g", "priority": 300, "ruleCollections": []}"#;

    #[test]
    fn a_policy_and_its_groups() {
        check(
            &format!(r#"{{"policy": {{"name": "hub"}}, "ruleCollectionGroups": [{GROUP}, null]}}"#),
            expect![[r#"
                policy hub, 0 groups elsewhere
                group g of hub 300
            "#]],
        );
        check(
            &format!(
                r#"{{"east": {{"firewall_policy": {{"name": "a"}}, "groups": [{GROUP}]}},
                "west": {{"Policy": {{"name": "b"}}, "groups": [{GROUP}]}}}}"#
            ),
            expect![[r#"
                policy a, 0 groups elsewhere
                policy b, 0 groups elsewhere
                group g of a 300
                group g of b 300
            "#]],
        );
    }

    #[test]
    fn a_policy_with_whole_groups() {
        check(
            &format!(r#"{{"name": "hub", "ruleCollectionGroups": [{GROUP}]}}"#),
            expect![[r#"
                policy hub, 0 groups elsewhere
                group g of hub 300
            "#]],
        );
    }

    #[test]
    fn keys_can_be_names() {
        let group = r#"{"priority": 300, "ruleCollections": []}"#;
        check(
            &format!(
                r#"{{"policy": {{"name": "hub"}}, "ruleCollectionGroups": {{"web": {group}}}}}"#
            ),
            expect![[r#"
                policy hub, 0 groups elsewhere
                group web 300
            "#]],
        );
        check(
            &format!(r#"{{"web": {group}, "policy": {{"name": "hub"}}}}"#),
            expect![[r#"
            policy hub, 0 groups elsewhere
            group web of hub 300
        "#]],
        );
    }

    #[test]
    fn rules_without_a_collection_are_found_wherever_they_are() {
        check(
            r#"{"firewallRules": {"value": {"networkRules": [
            {"name": "dns", "sourceAddresses": ["*"], "destinationPorts": ["53"]}]}}}"#,
            expect![[r#"
                rule `dns` stands without its rule collection: whether it allows or denies, and when it is tried, is not in the file (give the rule collection groups (`az network firewall policy rule-collection-group list`), or put the rules into `{"name": …, "priority": 100, "action": {"type": "Allow"}, "rules": […]}`)
            "#]],
        );
    }

    #[test]
    fn what_is_not_read_is_said() {
        check(
            &format!(
                r#"{{"ruleCollectionGroups": [{GROUP}], "ipGroups": [{{"name": "i", "ipAddresses": ["10.0.0.4"]}}],
                "version": 3, "extraRules": [{{"a": 1}}], "vm": {{"ipAddresses": ["10.0.0.4"]}}}}"#
            ),
            expect![[r#"
                group g 300
                IP Group i = 10.0.0.4
                warning in line 2: `extraRules` beside the rule set is not read (rules in it do not count: give them as rule collection groups, as Azure's API writes them)
                warning in line 2: `vm` beside the rule set is not read (rules in it do not count: give them as rule collection groups, as Azure's API writes them)
            "#]],
        );
    }

    #[test]
    fn other_resources_are_not_taken_for_policies() {
        check(
            r#"[{"policy": {"type": "Microsoft.Authorization/policyDefinitions", "name": "a", "properties": {}}},
            {"policy": {"name": "retention", "days": 30}}]"#,
            expect![[r#"
                no rule set found in `a.json` (found instead: 2 × object with `policy`)
            "#]],
        );
    }
}
