//! Which of two policies of one tier and order Calico asks first.
//!
//! Felix breaks ties by name, but of which name depends on its version (`felix/calc/policy_sorter.go`
//! of <https://github.com/projectcalico/calico>): up to 3.31 that of its data store, with the namespace
//! in front and a prefix for the tier or for policies of Kubernetes; from 3.32 on the policy's own,
//! with namespace and kind behind. What both agree on is an order, the rest is a tie.

use super::policy::{Policy, PolicyKind};

/// How a policy stands among those of its tier, under each of the rules that versions have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Places([usize; 3]);

/// Puts the policies of a tier in order and notes their places.
pub(super) fn arrange(tier: &mut [usize], policies: &mut [Policy]) {
    // The oldest rule comes last: its order is the one that stays.
    for rule in [2, 1, 0] {
        let standing = |&index: &usize| {
            let policy = policies.get(index)?;
            Some((policy.order, key(policy, rule), index))
        };
        let mut sorted: Vec<(f64, String, usize)> = tier.iter().filter_map(standing).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        for (place, (slot, (_, _, index))) in tier.iter_mut().zip(sorted).enumerate() {
            *slot = index;
            let places = policies.get_mut(index).map(|policy| &mut policy.places);
            if let Some(slot) = places.and_then(|places| places.0.get_mut(rule)) {
                *slot = place;
            }
        }
    }
}

/// How many of the policies, first to last, come before all others under every rule: mostly one.
pub(super) fn tied<'a>(mut policies: impl Iterator<Item = &'a Policy>) -> usize {
    let Some(first) = policies.next() else { return 0 };
    let (mut count, mut last, mut seen) = (1, first.places, first.places);
    for (index, policy) in policies.enumerate() {
        if policy.order.total_cmp(&first.order).is_ne() {
            break;
        }
        let is_before = policy.places.0.iter().zip(last.0).any(|(&place, last)| place < last);
        for (seen, &place) in seen.0.iter_mut().zip(&policy.places.0) {
            *seen = place.max(*seen);
        }
        if is_before {
            (count, last) = (index + 2, seen);
        }
    }
    count
}

/// What a version compares: 0 is up to 3.31, 1 and 2 are later ones.
fn key(policy: &Policy, rule: usize) -> String {
    let (name, tier) = (policy.name.name.as_str(), policy.tier.as_str());
    let namespace = policy.name.namespace.as_deref();
    let is_kubernetes = policy.name.kind == PolicyKind::NetworkPolicy;
    let own = name.strip_prefix(tier).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name);
    if rule == 0 {
        let prefix = if is_kubernetes { "knp.default" } else { tier };
        let name = if is_kubernetes { name } else { own };
        return match namespace {
            Some(namespace) => format!("{namespace}/{prefix}.{name}"),
            None => format!("{prefix}.{name}"),
        };
    }
    // The data store's name of a policy in the default tier may have the prefix that its own lacks.
    let name = if rule == 2 && !is_kubernetes { own } else { name };
    let kind = match policy.name.kind {
        PolicyKind::NetworkPolicy => "KubernetesNetworkPolicy",
        PolicyKind::CalicoNetworkPolicy => "NetworkPolicy",
        PolicyKind::GlobalNetworkPolicy => "GlobalNetworkPolicy",
        PolicyKind::AdminNetworkPolicy
        | PolicyKind::BaselineAdminNetworkPolicy
        | PolicyKind::ClusterNetworkPolicy
        | PolicyKind::Profile
        | PolicyKind::Other(_) => "",
    };
    format!("{name}/{}/{kind}", namespace.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::cluster::{Cluster, Document};

    use super::tied;

    /// Policies of one order as Calico up to 3.31 asks them, those that are a tie in brackets.
    #[track_caller]
    fn check(policies: &[(&str, &str)], expected: &str) {
        let documents: Vec<Document> = policies
            .iter()
            .map(|&(namespace, name)| {
                let kind = if namespace.is_empty() { "GlobalNetworkPolicy" } else { "NetworkPolicy" };
                let mut metadata = json!({"name": name});
                if !namespace.is_empty() {
                    metadata["namespace"] = namespace.into();
                }
                let object = json!({"apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": metadata, "spec": {}});
                Document::new("test", object)
            })
            .collect();
        let (cluster, _) = Cluster::read(&documents);
        let mut sorted: Vec<_> = cluster.policies().iter().collect();
        sorted.sort_by_key(|policy| policy.places.0[0]);
        let (mut rest, mut got) = (sorted.as_slice(), Vec::new());
        while !rest.is_empty() {
            let (group, after) = rest.split_at(tied(rest.iter().copied()));
            let names: Vec<&str> = group.iter().map(|policy| policy.name.name.as_str()).collect();
            got.push(if names.len() > 1 {
                format!("[{}]", names.join(" "))
            } else {
                names.concat()
            });
            rest = after;
        }
        assert_eq!(got.join(" "), expected);
    }

    #[test]
    fn what_all_versions_agree_on_is_an_order() {
        check(&[("shop", "b"), ("shop", "a"), ("shop", "c")], "a b c");
        check(&[("", "deny"), ("shop", "allow")], "[deny allow]");
        check(&[("", "allow"), ("shop", "deny")], "allow deny");
        // A namespace before `default.`: from 3.32 on the names alone count.
        check(&[("", "allow"), ("apps", "deny")], "[deny allow]");
        check(&[("", "b"), ("", "a"), ("shop", "a"), ("", "z"), ("shop", "zz")], "a [b z a] zz");
        // The prefix of the data store may be part of the name or not.
        check(&[("", "default.b"), ("", "c"), ("", "a")], "a [default.b c]");
    }
}
