//! Network policy of a large cluster, 5,000 pods and 1,000 policies in 100 namespaces, and the
//! network around it: 200 subnets behind a firewall.
//!
//! `cluster/5000_pods/first` also finds the policies that select the pods; `again` is every later
//! packet between them. `path` is a whole journey, `bypass` the answer for all subnets.

#![expect(clippy::expect_used, reason = "a bench that cannot go on has failed")]

use std::hint::black_box;

use azfw::cluster::{Cluster, Document, End, Engine, Packet};
use azfw::compile::{Options, compile};
use azfw::load;
use azfw::path::audit::findings;
use azfw::path::bypass::{Allowed, bypasses};
use azfw::path::topology::{self, Topology};
use azfw::path::{ClusterPolicies, Governed, Settings, World};
use azfw::policy::Inventory;
use azfw::source::{Source, Sources};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};

const NAMESPACES: usize = 100;
const PODS: usize = 5_000;
const POLICIES: usize = 1_000;
const SUBNETS: usize = 200;
/// Prefixes of each service tag, and of each subnet's own routes.
const TAG_PREFIXES: usize = 300;
const ROUTES: usize = 20;
const PRIVATE_ENDPOINTS: usize = 50;

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
            "spec": {"nodeName": "node", "containers": [{"name": "c", "ports": [{"containerPort": 8080, "name": "http"}]}]},
            "status": {
                "podIP": format!("10.{}.{}.{}", 64 + index / 65_536, index / 256, index % 256),
                "hostIP": "10.2.0.4",
            },
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

fn id(name: &str) -> String {
    format!("/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/{name}")
}

/// A hub with a firewall, and a spoke with many subnets, service endpoints and private endpoints.
fn network() -> Vec<(&'static str, Value)> {
    let peering = |to: &str, prefix: &str| {
        json!({"name": to, "peeringState": "Connected", "allowVirtualNetworkAccess": true,
            "remoteVirtualNetwork": {"id": id(&format!("virtualNetworks/{to}"))},
            "remoteAddressSpace": {"addressPrefixes": [prefix]}})
    };
    let subnets: Vec<Value> = (0..SUBNETS)
        .map(|index| {
            json!({"id": id(&format!("virtualNetworks/spoke/subnets/s{index}")), "name": format!("s{index}"),
                "addressPrefix": format!("10.2.{index}.0/24"),
                "routeTable": {"id": id(&format!("routeTables/rt{}", index % 20))},
                "networkSecurityGroup": {"id": id("networkSecurityGroups/nsg")},
                "serviceEndpoints": [{"service": "Microsoft.Storage", "locations": ["w"]}, {"service": "Microsoft.Sql", "locations": ["w"]}]})
        })
        .collect();
    let tables: Vec<Value> = (0..20)
        .map(|table| {
            let mut routes = vec![json!({"name": "all", "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.1.1.4"})];
            routes.extend((0..ROUTES).map(|index| {
                json!({"name": format!("r{index}"), "addressPrefix": format!("10.{}.{index}.0/24", 200 + table), "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.1.1.4"})
            }));
            json!({"id": id(&format!("routeTables/rt{table}")), "name": format!("rt{table}"), "routes": routes})
        })
        .collect();
    let endpoints: Vec<Value> = (0..PRIVATE_ENDPOINTS)
        .map(|index| {
            json!({"id": id(&format!("privateEndpoints/pe{index}")), "name": format!("pe{index}"), "location": "w",
                "subnet": {"id": id("virtualNetworks/spoke/subnets/s199")},
                "customDnsConfigs": [{"fqdn": format!("a{index}.example.net"), "ipAddresses": [format!("10.2.199.{}", 4 + index)]}]})
        })
        .collect();
    let tag = |name: &str, first: usize| {
        let prefixes: Vec<String> = (0..TAG_PREFIXES)
            .map(|index| format!("{}.{}.{}.0/26", first + index / 100, index % 100, index % 7))
            .collect();
        json!({"name": name, "id": name, "properties": {"addressPrefixes": prefixes}})
    };
    let hub = [("AzureFirewallSubnet", "10.1.1.0/26"), ("tools", "10.1.2.0/24")];
    let hub: Vec<Value> = hub
        .iter()
        .map(|(name, prefix)| json!({"id": id(&format!("virtualNetworks/hub/subnets/{name}")), "name": name, "addressPrefix": prefix}))
        .collect();
    vec![
        (
            "vnets",
            json!([
            {"id": id("virtualNetworks/hub"), "name": "hub", "location": "w", "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
                "subnets": hub, "virtualNetworkPeerings": [peering("spoke", "10.2.0.0/16")]},
            {"id": id("virtualNetworks/spoke"), "name": "spoke", "location": "w", "addressSpace": {"addressPrefixes": ["10.2.0.0/16"]},
                "subnets": subnets, "virtualNetworkPeerings": [peering("hub", "10.1.0.0/16")]}]),
        ),
        ("tables", json!(tables)),
        (
            "groups",
            json!([{"id": id("networkSecurityGroups/nsg"), "name": "nsg", "securityRules": []}]),
        ),
        ("endpoints", json!(endpoints)),
        ("tags", json!({"values": [tag("Storage.w", 20), tag("Sql.w", 40)]})),
        (
            "firewall",
            json!({"id": id("azureFirewalls/fw"), "name": "fw", "firewallPolicy": {"id": id("firewallPolicies/p")},
            "ipConfigurations": [{"privateIPAddress": "10.1.1.4", "subnet": {"id": id("virtualNetworks/hub/subnets/AzureFirewallSubnet")}}]}),
        ),
        (
            "policy",
            json!([{"id": id("firewallPolicies/p"), "name": "p", "type": "Microsoft.Network/firewallPolicies"},
            {"id": id("firewallPolicies/p/ruleCollectionGroups/g"), "name": "g", "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
                "properties": {"priority": 200, "ruleCollections": [{"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": "n",
                    "priority": 100, "action": {"type": "Allow"}, "rules": [{"ruleType": "NetworkRule", "name": "web", "ipProtocols": ["TCP"],
                        "sourceAddresses": ["10.2.0.0/16"], "destinationAddresses": ["*"], "destinationPorts": ["443"]}]}]}}]),
        ),
        (
            "cluster",
            json!({"id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.ContainerService/managedClusters/aks", "name": "aks",
            "networkProfile": {"networkPlugin": "azure", "networkPluginMode": "overlay", "networkPolicy": "calico", "podCidr": "10.64.0.0/10", "serviceCidr": "10.3.0.0/16"},
            "agentPoolProfiles": [{"name": "a", "count": 3, "vnetSubnetID": id("virtualNetworks/spoke/subnets/s0")}]}),
        ),
    ]
}

fn loaded(documents: &[Document]) -> (Topology, Vec<Governed>) {
    let mut sources = Sources::default();
    let objects: Vec<&Value> = documents.iter().map(Document::value).collect();
    let mut files = network();
    files.push(("objects", json!(objects)));
    let ids: Vec<_> = files
        .iter()
        .map(|(name, value)| sources.add(Source::new(name, value.to_string())))
        .collect();
    let reading = topology::read(&ids, &sources).expect("exports that can be read");
    let mut topology = reading.topology;
    let (inventory, _): (Inventory, _) =
        load::read_all(&reading.rule_sets, &sources, &load::Options::default())
            .expect("a rule set");
    topology.tables = inventory.tables.clone();
    let rules = compile(&inventory, &Options::default()).expect("a whole rule set").0;
    let firewall = topology.firewalls.first().expect("a firewall").id.clone();
    (topology, vec![Governed { firewall, rules: Ok(rules) }])
}

fn around(criterion: &mut Criterion) {
    let documents = documents();
    let (cluster, _) = Cluster::read(&documents);
    let (topology, rules) = loaded(&documents);
    let policies = &ClusterPolicies { cluster: &cluster, readings: Engine::Calico.readings() };
    let settings = Settings::default();
    let world = World { topology: &topology, rules: &rules, policies, settings };
    let journey = world.travel("pod:n1/p1", "10.1.2.9:102", None).expect("a journey");
    assert!(journey.hops.len() >= 5, "the journey ends early: {:?}", journey.verdict());
    let found = bypasses(&topology, &Allowed::default());
    assert!(found.iter().all(|subnet| subnet.open.is_empty()), "a subnet is open");
    let mut group = criterion.benchmark_group(format!("path/{PODS}_pods"));
    group.sample_size(10);
    group.bench_function("from_pod", |bencher| {
        bencher.iter(|| black_box(world.travel(black_box("pod:n1/p1"), "10.1.2.9:102", None)));
    });
    group
        .bench_function("audit", |bencher| bencher.iter(|| black_box(findings(black_box(&world)))));
    group.finish();
    let mut group = criterion.benchmark_group("bypass");
    group.sample_size(10);
    group.bench_function(format!("{SUBNETS}_subnets"), |bencher| {
        bencher.iter(|| black_box(bypasses(black_box(&topology), &Allowed::default())));
    });
    group.finish();
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

criterion_group!(cluster, benches, around);
criterion_main!(cluster);
