//! Namespaces, nodes, pods, workloads and services.

use smol_str::SmolStr;

use super::Head;
use super::parts::{addresses, protocol};
use crate::cluster::item::{Item, Problems};
use crate::cluster::labels::Labels;
use crate::cluster::object::{
    ContainerPort, Endpoint, Namespace, Node, Owner, Pod, Service, ServicePort, TargetPort,
};
use crate::cluster::packet::PodId;
use crate::net::IpProtocol;

/// The label that the API server gives every namespace.
pub(super) const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";
const OPERATING_SYSTEM: &str = "kubernetes.io/os";

pub(super) fn namespace(object: &Item<'_>, head: &Head, problems: &mut Problems) -> Namespace {
    let mut labels = Labels::read(object.at(&["metadata", "labels"]), problems);
    labels.set(NAMESPACE_NAME, &head.name);
    Namespace { name: head.name.clone(), labels, is_known: problems.found.is_empty() }
}

pub(super) fn node(object: &Item<'_>, head: &Head, problems: &mut Problems) -> Node {
    let entries = object.at(&["status", "addresses"]);
    let entries = entries.map(|list| list.entries(problems)).unwrap_or_default();
    let mut ranges: Vec<_> = object.plain(&["spec", "podCIDR"]).into_iter().collect();
    let list = object.at(&["spec", "podCIDRs"]);
    ranges.extend(
        list.iter().filter_map(|list| list.value.as_array()).flatten().filter_map(|v| v.as_str()),
    );
    Node {
        name: head.name.clone(),
        labels: Labels::read(object.at(&["metadata", "labels"]), problems),
        addresses: addresses(entries.iter().map(|entry| entry.plain(&["address"]))),
        pod_ranges: ranges.into_iter().filter_map(|range| range.parse().ok()).collect(),
    }
}

pub(super) fn pod(object: &Item<'_>, head: &Head, problems: &mut Problems) -> Pod {
    let mut pod = pod_of(object, head, problems);
    let list = object.at(&["status", "podIPs"]);
    let entries = list.map(|list| list.entries(problems)).unwrap_or_default();
    let own = object.plain(&["status", "podIP"]);
    pod.addresses =
        addresses(std::iter::once(own).chain(entries.iter().map(|entry| entry.plain(&["ip"]))));
    pod.host_address = object.plain(&["status", "hostIP"]).and_then(|text| text.parse().ok());
    pod.is_finished = matches!(object.plain(&["status", "phase"]), Some("Succeeded" | "Failed"));
    // A node owns the pods that it starts by itself, which is no workload.
    pod.owner = owner(object).filter(|owner| owner.kind != "Node");
    pod
}

/// The pods that a workload makes.
pub(super) fn template(object: &Item<'_>, head: &Head, problems: &mut Problems) -> Pod {
    let keys: &[&str] = match head.kind.as_str() {
        "CronJob" => &["spec", "jobTemplate", "spec", "template"],
        _ => &["spec", "template"],
    };
    let template = object.at(keys).unwrap_or_else(|| {
        problems.add(object, "has no pod template");
        object.clone()
    });
    let mut pod = pod_of(&template, head, problems);
    pod.is_template = true;
    pod.owner = Some(Owner { kind: head.kind.clone(), name: head.name.clone() });
    pod
}

/// What made an object, as its controller is recorded.
pub(super) fn owner(object: &Item<'_>) -> Option<Owner> {
    let list = object.at(&["metadata", "ownerReferences"])?;
    let entries = list.value.as_array()?;
    let is_controller = |entry: &&serde_json::Value| entry.get("controller") == Some(&true.into());
    let entry = entries.iter().find(is_controller).or_else(|| entries.first())?;
    let word = |key: &str| entry.get(key).and_then(|word| word.as_str()).map(SmolStr::new);
    Some(Owner { kind: word("kind")?, name: word("name")? })
}

/// What a pod and a pod template share.
fn pod_of(object: &Item<'_>, head: &Head, problems: &mut Problems) -> Pod {
    let before = problems.found.len();
    let labels = Labels::read(object.at(&["metadata", "labels"]), problems);
    let spec = object.field("spec");
    let plain = |keys: &[&str]| spec.as_ref().and_then(|spec| spec.plain(keys));
    let system = plain(&["os", "name"]).or_else(|| plain(&["nodeSelector", OPERATING_SYSTEM]));
    let host = spec.as_ref().and_then(|spec| spec.field("hostNetwork"));
    let account = plain(&["serviceAccountName"]).or_else(|| plain(&["serviceAccount"]));
    let ports = spec.as_ref().map(|spec| ports(spec, problems)).unwrap_or_default();
    let flaw = problems.found.get(before).cloned();
    Pod {
        // Counted when all are read.
        id: PodId(usize::MAX),
        name: head.name.clone(),
        namespace: head.namespace(),
        labels,
        addresses: Vec::new(),
        node: plain(&["nodeName"]).map(SmolStr::new),
        host_address: None,
        is_host_network: host.is_some_and(|flag| flag.value == true),
        is_windows: system == Some("windows"),
        is_finished: false,
        is_template: false,
        ports,
        owner: None,
        service_account: account.unwrap_or("default").into(),
        is_host_endpoint: false,
        profiles: None,
        flaw,
    }
}

fn ports(spec: &Item<'_>, problems: &mut Problems) -> Vec<ContainerPort> {
    let mut ports = Vec::new();
    // A sidecar is an init container that keeps running.
    for list in ["containers", "initContainers"] {
        for container in spec.list(list, problems) {
            let is_sidecar = container.plain(&["restartPolicy"]) == Some("Always");
            if list == "initContainers" && !is_sidecar {
                continue;
            }
            for entry in container.list("ports", problems) {
                ports.extend(container_port(&entry, problems));
            }
        }
    }
    ports
}

fn container_port(entry: &Item<'_>, problems: &mut Problems) -> Option<ContainerPort> {
    let port = entry.field("containerPort")?.port(problems)?;
    let name = entry.word("name", problems).map(SmolStr::new);
    Some(ContainerPort { name, port, protocol: transport(entry, problems)? })
}

pub(super) fn transport(entry: &Item<'_>, problems: &mut Problems) -> Option<IpProtocol> {
    match entry.field("protocol") {
        Some(name) => protocol(&name, problems),
        None => Some(IpProtocol::TCP),
    }
}

pub(super) fn service(object: &Item<'_>, head: &Head, problems: &mut Problems) -> Service {
    let spec = object.field("spec");
    let texts = |item: Option<Item<'_>>, problems: &mut Problems| -> Vec<String> {
        let entries = item.map(|list| list.entries(problems)).unwrap_or_default();
        entries.iter().filter_map(|entry| entry.value.as_str().map(str::to_owned)).collect()
    };
    let of = |key: &str| spec.as_ref().and_then(|spec| spec.field(key));
    let plain = |key: &str| spec.as_ref().and_then(|spec| spec.plain(&[key]));
    let mut inner = texts(of("clusterIPs"), problems);
    inner.extend(plain("clusterIP").map(str::to_owned));
    let mut outer = texts(of("externalIPs"), problems);
    outer.extend(plain("loadBalancerIP").map(str::to_owned));
    if let Some(list) = object.at(&["status", "loadBalancer", "ingress"]) {
        let entries = list.entries(problems);
        outer.extend(entries.iter().filter_map(|entry| entry.plain(&["ip"]).map(str::to_owned)));
    }
    let selector =
        of("selector").filter(|map| map.value.as_object().is_some_and(|m| !m.is_empty()));
    let entries = spec.as_ref().map(|spec| spec.list("ports", problems)).unwrap_or_default();
    Service {
        name: head.name.clone(),
        namespace: head.namespace(),
        selector: selector.map(|map| Labels::read(Some(map), problems)),
        cluster_addresses: addresses(inner.iter().map(|text| Some(text.as_str()))),
        outer_addresses: addresses(outer.iter().map(|text| Some(text.as_str()))),
        ports: entries.iter().filter_map(|entry| service_port(entry, problems)).collect(),
        keeps_client: plain("externalTrafficPolicy") == Some("Local"),
        endpoints: Vec::new(),
    }
}

fn service_port(entry: &Item<'_>, problems: &mut Problems) -> Option<ServicePort> {
    let port = entry.field("port")?.port(problems)?;
    let target = match entry.field("targetPort") {
        Some(target) if target.value.is_string() => {
            TargetPort::Named(target.text(problems)?.into())
        }
        Some(target) => TargetPort::Number(target.port(problems)?),
        None => TargetPort::Number(port),
    };
    let node_port = entry.field("nodePort").and_then(|port| port.port(problems));
    let name = entry.word("name", problems).map(SmolStr::new);
    let protocol = transport(entry, problems)?;
    Some(ServicePort { name, protocol, port, target, node_port })
}

/// The service that an `Endpoints` or `EndpointSlice` object belongs to, and its addresses.
pub(super) fn endpoints(
    object: &Item<'_>,
    head: &Head,
    problems: &mut Problems,
) -> (SmolStr, Vec<Endpoint>) {
    let mut found = Vec::new();
    if head.kind == "EndpointSlice" {
        let ports = endpoint_ports(object, problems);
        for entry in object.list("endpoints", problems) {
            // Absent readiness means ready.
            if entry.at(&["conditions", "ready"]).is_some_and(|ready| ready.value == false) {
                continue;
            }
            let texts = entry.list("addresses", problems);
            let texts = texts.iter().map(|text| text.value.as_str());
            found.extend(
                addresses(texts)
                    .into_iter()
                    .map(|address| Endpoint { address, ports: ports.clone() }),
            );
        }
        let name = object.plain(&["metadata", "labels", "kubernetes.io/service-name"]);
        let name = name.map_or_else(|| head.name.clone(), SmolStr::new);
        return (name, found);
    }
    for subset in object.list("subsets", problems) {
        let ports = endpoint_ports(&subset, problems);
        let texts = subset.list("addresses", problems);
        let texts = texts.iter().map(|entry| entry.plain(&["ip"]));
        found.extend(
            addresses(texts).into_iter().map(|address| Endpoint { address, ports: ports.clone() }),
        );
    }
    (head.name.clone(), found)
}

fn endpoint_ports(
    item: &Item<'_>,
    problems: &mut Problems,
) -> Vec<(Option<SmolStr>, IpProtocol, u16)> {
    let entries = item.list("ports", problems);
    let port = |entry: &Item<'_>| {
        let number = entry.field("port")?.port(problems)?;
        let name = entry.plain(&["name"]).filter(|name| !name.is_empty()).map(SmolStr::new);
        Some((name, transport(entry, problems)?, number))
    };
    entries.iter().filter_map(port).collect()
}
