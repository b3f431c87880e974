//! What holds for every cluster: knowing less never turns an answer into another one.

use azfw::cluster::{Cluster, Document, End, Engine, Packet, Verdict};
use azfw::net::IpProtocol;
use proptest::prelude::*;
use serde_json::{Value, json};

fn selector() -> impl Strategy<Value = Value> {
    let label = ("[ab]", "[xy]").prop_map(|(key, value)| json!({"matchLabels": {key: value}}));
    let operator = prop::sample::select(vec!["In", "NotIn", "Exists", "DoesNotExist"]);
    let expression = ("[ab]", operator, "[xy]").prop_map(|(key, operator, value)| {
        let values = if operator.ends_with("In") { json!([value]) } else { json!([]) };
        json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]})
    });
    prop_oneof![Just(json!({})), label, expression]
}

fn network_peer() -> impl Strategy<Value = Value> {
    prop_oneof![
        selector().prop_map(|pods| json!({"podSelector": pods})),
        selector().prop_map(|names| json!({"namespaceSelector": names})),
        (selector(), selector())
            .prop_map(|(names, pods)| json!({"namespaceSelector": names, "podSelector": pods})),
        prop::sample::select(vec!["0.0.0.0/0", "10.244.0.0/24", "192.0.2.0/24"])
            .prop_map(|cidr| json!({"ipBlock": {"cidr": cidr}})),
    ]
}

fn network_policy() -> impl Strategy<Value = Value> {
    let port = prop_oneof![Just(json!({"port": 80})), Just(json!({"port": "http"}))];
    let rule = |end: &'static str| {
        let peers = prop::collection::vec(network_peer(), 0..3);
        (peers, prop::collection::vec(port.clone(), 0..2))
            .prop_map(move |(peers, ports)| json!({end: peers, "ports": ports}))
    };
    let spec = (
        selector(),
        prop::collection::vec(rule("from"), 0..3),
        prop::collection::vec(rule("to"), 0..3),
    )
        .prop_map(|(pods, from, to)| json!({"podSelector": pods, "ingress": from, "egress": to}));
    ("[mn]", spec).prop_map(|(namespace, spec)| {
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"namespace": namespace}, "spec": spec,
        })
    })
}

fn admin_policy() -> impl Strategy<Value = Value> {
    let rule = |end: &'static str| {
        let action = prop::sample::select(vec!["Accept", "Deny", "Pass"]);
        (action, selector()).prop_map(
            move |(action, names)| json!({"action": action, end: [{"namespaces": names}]}),
        )
    };
    let tier = prop::sample::select(vec!["Admin", "Baseline"]);
    let rules = prop::collection::vec(rule("from"), 0..3);
    (tier, 0..3u8, selector(), rules, prop::collection::vec(rule("to"), 0..3)).prop_map(
        |(tier, priority, names, from, to)| {
            json!({
                "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
                "metadata": {},
                "spec": {
                    "tier": tier, "priority": priority, "subject": {"namespaces": names},
                    "ingress": from, "egress": to,
                },
            })
        },
    )
}

/// Policies of distinct names.
fn policies() -> impl Strategy<Value = Vec<Value>> {
    let policy = prop_oneof![3 => network_policy(), 1 => admin_policy()];
    prop::collection::vec(policy, 0..6).prop_map(|mut policies| {
        for (index, policy) in policies.iter_mut().enumerate() {
            if let Some(metadata) = policy.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.insert("name".to_owned(), json!(format!("p{index}")));
            }
        }
        policies
    })
}

fn namespaces() -> Vec<Value> {
    let namespace = |name, labels| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
    vec![namespace("m", json!({"a": "x"})), namespace("n", json!({"b": "y"}))]
}

fn pods() -> Vec<Value> {
    let pod = |namespace, name, labels, ip, is_host: bool| {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": namespace, "name": name, "labels": labels},
            "spec": {
                "nodeName": "n0", "hostNetwork": is_host,
                "containers": [{"name": "c", "ports": [{"name": "http", "containerPort": 8080}]}],
            },
            "status": {"podIP": ip, "hostIP": "10.42.0.4"},
        })
    };
    vec![
        pod("m", "one", json!({"a": "x"}), "10.244.0.1", false),
        pod("m", "two", json!({"a": "y", "b": "x"}), "10.244.0.2", false),
        pod("n", "three", json!({}), "10.244.1.3", false),
        pod("n", "host", json!({"a": "x"}), "10.42.0.4", true),
    ]
}

fn read(objects: &[Vec<Value>]) -> Cluster {
    let objects = objects.iter().flatten();
    let documents: Vec<Document> =
        objects.map(|object| Document::new("law", object.clone())).collect();
    let (cluster, warnings) = Cluster::read(&documents);
    assert!(warnings.is_empty(), "{warnings:?}");
    cluster
}

/// Every pair of pods, and the world, on some ports.
fn packets(cluster: &Cluster) -> Vec<Packet> {
    let pods = cluster.pods().iter().map(|pod| End::Pod(pod.id()));
    let world = ["192.0.2.7", "10.42.0.4", "198.51.100.7"];
    let world = world.map(|address| End::Address(address.parse().expect("an address")));
    let ends: Vec<End> = pods.chain(world).collect();
    let mut packets = Vec::new();
    for &source in &ends {
        for &destination in &ends {
            for port in [Some(80), Some(8080), None] {
                packets.push(Packet::new(source, destination, IpProtocol::TCP, port));
            }
        }
    }
    packets
}

fn is_open(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Undecided(_))
}

proptest! {
    #[test]
    fn without_labels_of_namespaces_an_answer_is_the_same_or_open(policies in policies()) {
        let full = read(&[namespaces(), pods(), policies.clone()]);
        let less = read(&[pods(), policies]);
        for packet in packets(&full) {
            let expected = full.decide(&packet, Engine::Npm.readings()).verdict;
            let got = less.decide(&packet, Engine::Npm.readings()).verdict;
            prop_assert!(got == expected || is_open(&got), "{packet:?}: {got} for {expected}");
        }
    }

    #[test]
    fn without_an_engine_an_answer_is_that_of_every_engine_or_open(policies in policies()) {
        let cluster = read(&[namespaces(), pods(), policies]);
        for packet in packets(&cluster) {
            let got = cluster.decide(&packet, Engine::Unknown.readings()).verdict;
            if is_open(&got) {
                continue;
            }
            for engine in [Engine::Npm, Engine::Calico, Engine::Cilium] {
                let expected = cluster.decide(&packet, engine.readings()).verdict;
                prop_assert_eq!(&got, &expected, "{:?} with {}", packet, engine.name());
            }
        }
    }

    #[test]
    fn without_a_port_an_answer_is_that_of_every_port_or_open(policies in policies()) {
        let cluster = read(&[namespaces(), pods(), policies]);
        for packet in packets(&cluster).into_iter().filter(|packet| packet.port.is_none()) {
            let got = cluster.decide(&packet, Engine::Calico.readings()).verdict;
            for port in [1, 80, 8080] {
                let known = Packet { port: Some(port), ..packet.clone() };
                let expected = cluster.decide(&known, Engine::Calico.readings()).verdict;
                prop_assert!(got == expected || is_open(&got), "{packet:?}: {got} for {expected}");
            }
        }
    }
}
