//! Network policy of a large cluster: 5,000 pods and 1,000 policies in 100 namespaces.
//!
//! `cluster/5000_pods/first` also finds the policies that select the pods; `again` is every later
//! packet between them.

#![expect(clippy::expect_used, reason = "a bench that cannot go on has failed")]

use std::hint::black_box;

use azfw::cluster::{Cluster, Document, End, Engine, Packet};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};

const NAMESPACES: usize = 100;
const PODS: usize = 5_000;
const POLICIES: usize = 1_000;

fn documents() -> Vec<Document> {
    let namespaces = (0..NAMESPACES).map(|index| {
        let metadata =
            json!({"name": format!("n{index}"), "labels": {"team": format!("t{}", index % 7)}});
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    });
    let pods = (0..PODS).map(|index| {
        let labels = json!({"app": format!("a{}", index % 40), "tier": format!("l{}", index % 3)});
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": format!("p{index}"), "namespace": format!("n{}", index % NAMESPACES),
                "labels": labels,
            },
            "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 8080, "name": "http"}]}]},
            "status": {"podIP": format!("10.{}.{}.{}", 64 + index / 65_536, index / 256, index % 256)},
        })
    });
    let objects: Vec<Value> = namespaces.chain(pods).chain((0..POLICIES).map(policy)).collect();
    objects.into_iter().map(|object| Document::new("bench", object)).collect()
}

fn policy(index: usize) -> Value {
    let peers = json!([
        {"podSelector": {"matchLabels": {"app": format!("a{}", index % 40)}}},
        {"namespaceSelector": {"matchLabels": {"team": format!("t{}", index % 7)}},
         "podSelector": {"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["l2"]}]}},
        {"ipBlock": {"cidr": "10.0.0.0/8", "except": [format!("10.9.{}.0/24", index % 256)]}},
    ]);
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": format!("q{index}"), "namespace": format!("n{}", index % NAMESPACES)},
        "spec": {
            "podSelector": {}, "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": peers, "ports": [{"port": 1 + index % 60_000}]}],
            "egress": [{"to": peers, "ports": [{"port": 1 + index % 60_000}]}],
        },
    })
}

fn benches(criterion: &mut Criterion) {
    let documents = documents();
    let (cluster, _) = Cluster::read(&documents);
    let pod = |name: &str| End::Pod(cluster.find_pod(name).expect("a pod").id());
    // No rule of either side matches: all of them are looked at.
    let packet = Packet::tcp(pod("n1/p1"), pod("n2/p2"), 65_000);
    let readings = Engine::Calico.readings();
    let mut group = criterion.benchmark_group(format!("cluster/{PODS}_pods"));
    group.sample_size(10);
    group.bench_function("read", |bencher| {
        bencher.iter(|| black_box(Cluster::read(black_box(&documents))));
    });
    group.bench_function("first", |bencher| {
        let fresh = || cluster.clone();
        bencher.iter_batched_ref(
            fresh,
            |cluster| black_box(cluster.decide(black_box(&packet), readings)),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("again", |bencher| {
        bencher.iter(|| black_box(cluster.decide(black_box(&packet), readings)));
    });
    group.finish();
}

criterion_group!(cluster, benches);
criterion_main!(cluster);
