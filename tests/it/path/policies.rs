//! Findings about the policies of a cluster.

use azfw::cluster::{Cluster, Document, Engine};
use azfw::path::audit::findings;
use azfw::path::topology::Topology;
use azfw::path::{ClusterPolicies, Settings, World};
use expect_test::{Expect, expect};

const CLUSTER: &str = "
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec:
  clusterIP: 10.100.0.10
  selector: {k8s-app: kube-dns}
  ports: [{port: 53, protocol: UDP}, {name: tcp, port: 53, protocol: TCP}]
---
apiVersion: v1
kind: Pod
metadata: {name: dns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec: {nodeName: n0}
status: {podIP: 10.244.0.2, hostIP: 10.0.0.4}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {nodeName: n0, containers: [{name: c, ports: [{name: http, containerPort: 80}]}]}
status: {podIP: 10.244.0.3, hostIP: 10.0.0.4}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {nodeName: n0, containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
status: {podIP: 10.244.0.4, hostIP: 10.0.0.4}
---
apiVersion: v1
kind: Node
metadata: {name: n0}
spec: {podCIDR: 10.244.0.0/24}
status: {addresses: [{type: InternalIP, address: 10.0.0.4}]}
---
";

#[track_caller]
fn check(engine: Engine, policies: &str, expected: Expect) {
    let text = format!("{CLUSTER}{policies}");
    let documents = Document::read_all("cluster.yaml", &text).expect("YAML");
    let (cluster, warnings) = Cluster::read(&documents);
    assert!(warnings.is_empty(), "{warnings:?}");
    let policies = &ClusterPolicies { cluster: &cluster, readings: engine.readings() };
    let topology = Topology::default();
    let world = World { topology: &topology, rules: &[], policies, settings: Settings::default() };
    let lines: Vec<String> = findings(&world)
        .iter()
        .map(|it| format!("{} {} {}: {}\n", it.level.name(), it.check, it.subject, it.message))
        .collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn a_default_deny_without_dns_is_found() {
    check(
        Engine::Calico,
        "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Egress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress: [{to: [{ipBlock: {cidr: 198.51.100.0/24}}], ports: [{port: 443}]}]
",
        expect![[r"
            warning missing-dns-egress namespace shop: web cannot ask the cluster's DNS (udp 53): NetworkPolicy shop/deny, NetworkPolicy shop/web
            info missing-dns-egress namespace shop: api may send nothing at all, not even to the cluster's DNS: NetworkPolicy shop/deny
        "]],
    );
}

#[test]
fn dns_over_udp_alone_is_a_hint_and_dns_of_both_kinds_is_nothing() {
    let policy = |ports: &str| {
        format!(
            "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: dns, namespace: shop}}
spec:
  podSelector: {{}}
  policyTypes: [Egress]
  egress: [{{to: [{{namespaceSelector: {{}}, podSelector: {{matchLabels: {{k8s-app: kube-dns}}}}}}], ports: [{ports}]}}]
"
        )
    };
    check(
        Engine::Cilium,
        &policy("{port: 53, protocol: UDP}"),
        expect![[r"
            info missing-dns-egress namespace shop: web, api may ask the cluster's DNS over UDP only: NetworkPolicy shop/dns; long answers need tcp 53
        "]],
    );
    check(
        Engine::Cilium,
        &policy("{port: 53, protocol: UDP}, {port: 53, protocol: TCP}"),
        expect![[""]],
    );
}

#[test]
fn what_cilium_would_read_otherwise_than_npm() {
    let policies = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{ipBlock: {cidr: 198.51.100.0/24}}], ports: [{port: http}]}]
  egress:
  - {to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}
  - {to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 8000, endPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: LoadBalancer
  clusterIP: 10.100.0.20
  selector: {app: web}
  ports: [{port: 443, nodePort: 30443}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: dns, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress: [{to: [{podSelector: {matchLabels: {k8s-app: kube-dns}}, namespaceSelector: {}}]}]
";
    check(
        Engine::Npm,
        policies,
        expect![[r"
            warning npm-to-cilium-ip-block NetworkPolicy shop/web: egress rule 2: 0.0.0.0/0 also means pods and nodes with NPM, and neither with Cilium
            warning npm-to-cilium-outer-service Service shop/web: what comes in from outside (externalTrafficPolicy: Cluster) passes no policy with NPM; with Cilium it meets the ingress rules of the pods
            warning npm-to-cilium-own-node namespace shop: policies isolate the egress of 2 pods: with NPM pods reach their own node all the same, with Cilium no NetworkPolicy can allow it
            warning npm-to-cilium-port-name NetworkPolicy shop/web: ingress rule 1: the port name `http` has several numbers, with which Cilium fails
            warning npm-to-cilium-port-range NetworkPolicy shop/web: egress rule 2: `endPort` needs Cilium 1.17 or later
        "]],
    );
    check(Engine::Cilium, policies, expect![[""]]);
}
