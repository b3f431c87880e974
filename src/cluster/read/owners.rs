//! Which workloads stand for pods, because none of theirs is in the input.

use std::collections::{HashMap, HashSet};

use smol_str::SmolStr;

use crate::cluster::object::{Owner, Pod};

/// A workload, and what made it.
pub(super) struct Workload {
    pub(super) template: Pod,
    pub(super) owner: Option<Owner>,
}

type Key = (SmolStr, SmolStr, SmolStr);

fn key(namespace: &SmolStr, owner: &Owner) -> Key {
    (namespace.clone(), owner.kind.clone(), owner.name.clone())
}

/// Adds the pods of workloads of which no pod is given, unless another workload made them.
pub(super) fn add_templates(pods: &mut Vec<Pod>, workloads: Vec<Workload>) {
    let mut makers: HashMap<Key, Key> = HashMap::new();
    let mut written: HashSet<Key> = HashSet::new();
    for Workload { template, owner } in &workloads {
        let Some(own) = &template.owner else { continue };
        written.insert(key(&template.namespace, own));
        if let Some(owner) = owner {
            makers.insert(key(&template.namespace, own), key(&template.namespace, owner));
        }
    }
    // Everything that has a pod: what made it, and what made that.
    let mut has_pods: HashSet<Key> = HashSet::new();
    for pod in pods.iter() {
        let Some(owner) = &pod.owner else { continue };
        let made_by = key(&pod.namespace, owner);
        if let Some(maker) = makers.get(&made_by) {
            has_pods.insert(maker.clone());
        }
        if let Some(maker) = maker_by_name(&made_by) {
            has_pods.insert(maker);
        }
        has_pods.insert(made_by);
    }
    for Workload { template, owner } in workloads {
        let Some(own) = &template.owner else { continue };
        let is_made =
            owner.is_some_and(|owner| written.contains(&key(&template.namespace, &owner)));
        if !is_made && !has_pods.contains(&key(&template.namespace, own)) {
            pods.push(template);
        }
    }
}

/// The deployment of a `ReplicaSet`, the cron job of a job: their names end in `-` and a suffix.
fn maker_by_name((namespace, kind, name): &Key) -> Option<Key> {
    let kind = match kind.as_str() {
        "ReplicaSet" => "Deployment",
        "Job" => "CronJob",
        _ => return None,
    };
    let (name, _) = name.rsplit_once('-')?;
    Some((namespace.clone(), kind.into(), name.into()))
}
