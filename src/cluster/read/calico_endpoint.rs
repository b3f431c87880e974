//! What Calico itself keeps of endpoints: `WorkloadEndpoint`, `HostEndpoint`, `Profile`.
//!
//! <https://docs.tigera.io/calico/latest/reference/resources/workloadendpoint>

use std::collections::HashMap;

use ipnet::IpNet;
use smol_str::SmolStr;

use super::Head;
use super::calico_rule::rule;
use super::object::transport;
use super::parts::addresses;
use crate::cluster::item::{Item, Problems};
use crate::cluster::labels::Labels;
use crate::cluster::object::{ContainerPort, Pod};
use crate::cluster::packet::PodId;
use crate::cluster::policy::{Policy, PolicyKind, Rule};

/// The pod that a `WorkloadEndpoint` is of.
pub(super) fn of_pod(object: &Item<'_>, head: &Head, problems: &mut Problems) -> Pod {
    let mut pod = endpoint(object, head, problems);
    let plain = |key: &str| object.plain(&["spec", key]);
    pod.namespace = head.namespace();
    pod.name = plain("pod").map_or_else(|| head.name.clone(), SmolStr::new);
    let account = plain("serviceAccountName")
        .or_else(|| pod.labels.get(crate::cluster::calico::SERVICE_ACCOUNT));
    pod.service_account = account.unwrap_or("default").into();
    let networks = texts(object, "ipNetworks", problems);
    let single = |text: &&str| text.parse::<IpNet>().ok().map(|net| net.addr());
    pod.addresses = networks.iter().filter_map(single).collect();
    pod
}

/// An interface of a node that Calico filters. It stands among the pods, without a namespace.
pub(super) fn of_host(object: &Item<'_>, head: &Head, problems: &mut Problems) -> Pod {
    let mut host = endpoint(object, head, problems);
    host.is_host_endpoint = true;
    host.addresses = addresses(texts(object, "expectedIPs", problems).into_iter().map(Some));
    host.profiles.get_or_insert_default();
    host
}

fn endpoint(object: &Item<'_>, head: &Head, problems: &mut Problems) -> Pod {
    let before = problems.found.len();
    let spec = object.field("spec");
    let list = |key: &str, problems: &mut Problems| {
        spec.as_ref().map(|spec| spec.list(key, problems)).unwrap_or_default()
    };
    let ports =
        list("ports", problems).iter().filter_map(|port| named_port(port, problems)).collect();
    let has_profiles = spec.as_ref().is_some_and(|spec| spec.field("profiles").is_some());
    let profiles = texts(object, "profiles", problems).into_iter().map(SmolStr::new).collect();
    let labels = Labels::read(object.at(&["metadata", "labels"]), problems);
    Pod {
        // Counted when all are read.
        id: PodId(usize::MAX),
        name: head.name.clone(),
        namespace: SmolStr::default(),
        labels,
        addresses: Vec::new(),
        node: object.plain(&["spec", "node"]).map(SmolStr::new),
        host_address: None,
        is_host_network: false,
        is_windows: false,
        is_finished: false,
        is_template: false,
        ports,
        owner: None,
        service_account: SmolStr::default(),
        is_host_endpoint: false,
        profiles: has_profiles.then_some(profiles),
        flaw: problems.found.get(before).cloned(),
    }
}

fn texts<'a>(object: &Item<'a>, key: &str, problems: &mut Problems) -> Vec<&'a str> {
    let Some(list) = object.at(&["spec", key]) else { return Vec::new() };
    let entries = list.entries(problems);
    entries.iter().filter_map(|entry| entry.text(problems)).collect()
}

fn named_port(entry: &Item<'_>, problems: &mut Problems) -> Option<ContainerPort> {
    let port = entry.field("port")?.port(problems)?;
    let name = entry.word("name", problems).map(SmolStr::new);
    Some(ContainerPort { name, port, protocol: transport(entry, problems)? })
}

/// The rules of a profile, and the labels that its endpoints get.
pub(super) fn profile(object: &Item<'_>, head: &Head, problems: &mut Problems) -> (Policy, Labels) {
    let mut policy = head.policy(PolicyKind::Profile, None);
    let spec = object.field("spec");
    let labels = Labels::read(object.at(&["spec", "labelsToApply"]), problems);
    if let Some(spec) = &spec {
        // Older exports also write `types`, which profiles do not have.
        spec.only(&["ingress", "egress", "labelsToApply", "types"], problems);
    }
    let mut rules = |list: &str| -> Vec<Rule> {
        let entries = spec.as_ref().map(|spec| spec.list(list, problems)).unwrap_or_default();
        entries.iter().map(|entry| rule(entry, None, problems)).collect()
    };
    (policy.ingress, policy.egress) = (Some(rules("ingress")), Some(rules("egress")));
    (policy, labels)
}

/// Adds what Calico says of pods: to the pod of the same name, or as a pod of its own.
pub(super) fn merge(pods: &mut Vec<Pod>, endpoints: Vec<Pod>) {
    let key = |pod: &Pod| (pod.namespace.clone(), pod.name.clone());
    let mut places: HashMap<(SmolStr, SmolStr), usize> = HashMap::new();
    for (index, pod) in pods.iter().enumerate().filter(|(_, pod)| !pod.is_host_endpoint) {
        places.insert(key(pod), index);
    }
    for endpoint in endpoints {
        if let Some(pod) = places.get(&key(&endpoint)).and_then(|&at| pods.get_mut(at)) {
            pod.profiles = endpoint.profiles;
            pod.labels.inherit(&endpoint.labels);
            if pod.addresses.is_empty() {
                pod.addresses = endpoint.addresses;
            }
            continue;
        }
        places.insert(key(&endpoint), pods.len());
        pods.push(endpoint);
    }
}

/// Gives endpoints the labels of their profiles; their own win.
pub(super) fn apply_labels(pods: &mut [Pod], labels: &HashMap<SmolStr, Labels>) {
    if labels.is_empty() {
        return;
    }
    for pod in pods {
        for name in pod.profile_names() {
            if let Some(labels) = labels.get(&name) {
                pod.labels.inherit(labels);
            }
        }
    }
}
