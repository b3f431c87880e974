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
    /// What it is; `None`: its own content tells.
    pub(super) kind: Option<Kind>,
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
    (!bundle.held.is_empty()).then_some(bundle)
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
    let held = elements.into_iter().map(|node| {
        let kind = match recognised(node) {
            // Much else has addresses: the key has to say what they are.
            Recognised::Known(Kind::IpGroup) => {
                (key.contains("ipgroup") || node.get("type").is_some()).then_some(Kind::IpGroup)?
            }
            Recognised::Known(kind) => kind,
            Recognised::Other(_) => return None,
            Recognised::Unknown if node.members().is_empty() => return None,
            Recognised::Unknown => match by_key {
                Some(kind) => kind,
                None => return bundle(node).map(|_| Held { node, kind: None }),
            },
        };
        Some(Held { node, kind: Some(kind) })
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

/// The names of a group that stands with the policy `policy` and does not say so itself.
pub(super) fn names_of_group(policy: Option<&SmolStr>, node: &Node) -> Vec<SmolStr> {
    let group = Resource { kind: Kind::Group, node, names: Vec::new() };
    let name = group.name().filter(|_| group.id().is_none());
    policy.cloned().zip(name).map_or(Vec::new(), |(policy, name)| vec![policy, name])
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
            r#"{"policy": {"type": "Microsoft.Authorization/policyDefinitions", "name": "a", "properties": {}}}"#,
            expect![[r#"
                no rule set found in `a.json` (found instead: 1 × object with `policy`)
            "#]],
        );
    }
}
