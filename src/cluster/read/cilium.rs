//! Policies whose language is not evaluated: which pods they are for is read, nothing else.

use smol_str::SmolStr;

use super::Head;
use crate::cluster::item::{Item, Problems};
use crate::cluster::labels::LabelSelector;
use crate::cluster::policy::{Policy, PolicyKind, Subject};

/// Policies of Cilium: one for every entry of `spec` and `specs`.
pub(super) fn policies(object: &Item<'_>, head: &Head, problems: &mut Problems) -> Vec<Policy> {
    let namespace = (head.kind == "CiliumNetworkPolicy").then(|| head.namespace());
    let mut specs: Vec<Item<'_>> = object.field("spec").into_iter().collect();
    specs.extend(object.list("specs", problems));
    if specs.is_empty() {
        problems.add(object, "has no `spec`");
        return vec![unread(head, namespace)];
    }
    let policy = |spec: &Item<'_>| {
        // A policy for nodes says nothing about pods.
        if spec.field("nodeSelector").is_some() {
            return None;
        }
        let mut policy = unread(head, namespace.clone());
        let before = problems.found.len();
        let Some(selector) = spec.field("endpointSelector") else {
            problems.add(spec, "has no `endpointSelector`");
            return Some(policy);
        };
        let endpoints = LabelSelector::read(&selector, problems);
        if problems.found.len() == before {
            let namespace = namespace.clone();
            policy.subject = Subject::Cilium { namespace, endpoints: endpoints.with_keys(bare) };
        }
        let has = |keys: [&str; 2]| keys.iter().any(|key| spec.field(key).is_some());
        let (ingress, egress) = (has(["ingress", "ingressDeny"]), has(["egress", "egressDeny"]));
        if ingress || egress {
            policy.ingress = ingress.then(Vec::new);
            policy.egress = egress.then(Vec::new);
        }
        Some(policy)
    };
    specs.iter().filter_map(policy).collect()
}

/// A policy of another maker: any pod may be meant, in either direction.
pub(super) fn unread(head: &Head, namespace: Option<SmolStr>) -> Policy {
    let mut policy = head.policy(PolicyKind::Other(head.kind.clone()), namespace.clone());
    policy.subject = Subject::Unread { namespace };
    (policy.ingress, policy.egress) = (Some(Vec::new()), Some(Vec::new()));
    policy
}

/// The key without the source of the label, where that is Kubernetes or any.
fn bare(key: &str) -> SmolStr {
    let bare = ["k8s:", "any:", "k8s.", "any."].iter().find_map(|source| key.strip_prefix(source));
    bare.unwrap_or(key).into()
}
