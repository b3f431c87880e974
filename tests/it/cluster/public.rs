//! Public cases with expected answers, where a folder beside the project holds them: np-guard's
//! netpol-analyzer, the conformance tests of network-policy-api, kube-network-policies, and the
//! selectors of Calico. `AZFW_PUBLIC_CASES` names the folder when it is elsewhere.

use std::fs;
use std::path::{Path, PathBuf};

use azfw::cluster::{Cluster, Document, End, Engine, Packet, Reading, Readings, Verdict};
use azfw::net::IpProtocol;
use azfw::syntax::selector::{Label, Selector};
use serde_json::{Value, json};

use super::connections::connections;

/// The folder of public cases, if there is one.
fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("AZFW_PUBLIC_CASES") {
        return Some(PathBuf::from(folder));
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().skip(1).take(2);
    let folders = beside.filter_map(|parent| fs::read_dir(parent).ok()).flatten().flatten();
    let mut candidates = folders.map(|entry| entry.path().join("data/path"));
    candidates.find(|path| path.join("k8s").is_dir() && path.join("calico").is_dir())
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn value(path: &Path) -> Value {
    serde_json::from_str(&text(path)).expect("JSON")
}

/// The objects of files, and every namespace that pods name and no file holds, without labels.
fn with_namespaces(mut documents: Vec<Document>) -> Cluster {
    let (cluster, _) = Cluster::read(&documents);
    for namespace in cluster.namespaces().filter(|namespace| !namespace.is_known) {
        let name = namespace.name.as_str();
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        documents.push(Document::new("assumed", object));
    }
    Cluster::read(&documents).0
}

/// Blocks are about addresses outside, and the network of a host is like any: netpol-analyzer.
fn analyzer() -> Readings {
    Readings {
        blocks_hold_pods: Reading::No,
        networks_hold_pods: Reading::No,
        host_network_is_pod: Reading::Yes,
        ..Engine::Calico.readings()
    }
}

#[test]
fn netpol_analyzer() {
    let Some(folder) = folder() else { return };
    let folder = folder.join("k8s/np-guard-netpol-analyzer");
    let mut failures = Vec::new();
    let mut count = 0;
    let mut cases: Vec<_> = fs::read_dir(folder).expect("cases").flatten().collect();
    cases.sort_by_key(std::fs::DirEntry::path);
    for case in cases {
        let expected = case.path().join("expected_connlist.txt");
        if !expected.is_file() {
            continue;
        }
        let mut documents = Vec::new();
        for file in fs::read_dir(case.path().join("manifests")).expect("manifests").flatten() {
            let name = file.path().display().to_string();
            documents.extend(Document::read_all(&name, &text(&file.path())).expect("readable"));
        }
        let values: Vec<Value> = documents.iter().map(|one| one.value().clone()).collect();
        let cluster = with_namespaces(documents);
        let got = connections(&cluster, &values, analyzer());
        let expected: Vec<String> = text(&expected).lines().map(str::to_owned).collect();
        count += 1;
        let name = case.file_name().to_string_lossy().into_owned();
        let missing = expected.iter().filter(|line| !got.contains(line)).map(|l| format!("- {l}"));
        let more = got.iter().filter(|line| !expected.contains(line)).map(|l| format!("+ {l}"));
        let lines: Vec<_> = missing.chain(more).take(6).collect();
        if !lines.is_empty() {
            failures.push(format!("{name}\n{}", lines.join("\n")));
        }
    }
    assert!(count >= 40, "only {count} cases");
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn network_policy_api() {
    let Some(folder) = folder() else { return };
    let folder = folder.join("k8s/network-policy-api-conformance");
    let base = text(&folder.join("base/manifests.rendered.yaml"));
    let mut failures = Vec::new();
    let mut count = 0;
    for suite in value(&folder.join("pokes.json"))["suites"].as_array().expect("suites") {
        let pokes: Vec<_> = suite["pokes"].as_array().expect("pokes").iter().collect();
        let is_static = |poke: &&&Value| poke["after_mutation_in_test"] == json!(false);
        if !pokes.iter().any(|poke| is_static(&poke)) {
            continue;
        }
        let mut documents = Document::read_all("base", &base).expect("readable");
        for name in suite["manifests"].as_array().expect("manifests") {
            let file = text(&folder.join(name.as_str().expect("a path")));
            documents.extend(Document::read_all("suite", &file).expect("readable"));
        }
        let cluster = with_namespaces(documents);
        for poke in pokes.iter().filter(is_static) {
            let end = |end: &Value| {
                let name = |key: &str| end[key].as_str().expect("a name").to_owned();
                let name = format!("{}/{}", name("namespace"), name("pod"));
                End::Pod(cluster.find_pod(&name).expect("a pod").id())
            };
            let protocol = IpProtocol::from_text(poke["protocol"].as_str().expect("a protocol"));
            let port = poke["port"].as_u64().and_then(|port| u16::try_from(port).ok());
            let (from, to) = (end(&poke["from"]), end(&poke["to"]));
            let packet = Packet::new(from, to, protocol.expect("known"), port);
            let got = cluster.decide(&packet, Engine::Unknown.readings()).verdict;
            let is_allowed = poke["expect_allowed"] == json!(true);
            count += 1;
            if got != if is_allowed { Verdict::Allow } else { Verdict::Deny } {
                failures.push(format!("{} {poke}: {got}", suite["suite"]));
            }
        }
    }
    assert!(count >= 100, "only {count} pokes");
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn kube_network_policies() {
    let Some(folder) = folder() else { return };
    let cases = value(&folder.join("k8s/kube_network_policies_cases.json"));
    let object = |kind: &str, metadata: Value, spec: Value, status: Value| {
        let object = json!({
            "apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec, "status": status,
        });
        Document::new("cases", object)
    };
    let mut fixed: Vec<Document> = Vec::new();
    for (name, labels) in cases["namespaces"].as_object().expect("namespaces") {
        let metadata = json!({"name": name, "labels": labels});
        fixed.push(object("Namespace", metadata, json!({}), json!({})));
    }
    let port = &cases["container_port"];
    let ports = json!([{
        "name": port["name"], "containerPort": port["port"], "protocol": port["protocol"],
    }]);
    for pod in cases["pods"].as_array().expect("pods") {
        let metadata = json!({
            "name": pod["name"], "namespace": pod["namespace"], "labels": pod["labels"],
        });
        let spec = json!({"containers": [{"ports": ports}]});
        fixed.push(object("Pod", metadata, spec, json!({"podIP": pod["ip"]})));
    }
    let mut failures = Vec::new();
    let list = cases["cases"].as_array().expect("cases");
    for case in list {
        let mut documents = fixed.clone();
        for name in case["policies"].as_array().expect("names") {
            let policy = &cases["policies"][name.as_str().expect("a name")];
            documents.push(Document::new("cases", policy.clone()));
        }
        let end = |key: &str| {
            End::Address(case[key].as_str().expect("an address").parse().expect("an address"))
        };
        let port = case["port"].as_u64().and_then(|port| u16::try_from(port).ok());
        let protocol = IpProtocol::from_text(case["protocol"].as_str().expect("a protocol"));
        let packet = Packet::new(end("src"), end("dst"), protocol.expect("known"), port);
        let got = with_namespaces(documents).decide(&packet, Engine::Calico.readings());
        let is_allowed = case["spec_expect"] == json!(true);
        if got.verdict != if is_allowed { Verdict::Allow } else { Verdict::Deny } {
            failures.push(format!("{}: {}", case["name"], got.verdict));
        }
    }
    assert!(list.len() >= 20);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn calico_selectors() {
    let Some(folder) = folder() else { return };
    let cases = value(&folder.join("calico/selector_tests.json"));
    let list = |key: &str| cases[key].as_array().expect("cases").clone();
    let mut failures = Vec::new();
    for case in list("match_tests") {
        let source = case["selector"].as_str().expect("a selector");
        let selector = match Selector::parse(source) {
            Ok(selector) => selector,
            Err(error) => {
                failures.push(format!("{source}: {}", error.message));
                continue;
            }
        };
        for (key, expected) in [("matches", true), ("non_matches", false)] {
            for labels in case[key].as_array().expect("labels") {
                let label = |key: &str| labels[key].as_str().map_or(Label::Absent, Label::Is);
                if selector.matches(&label) != Some(expected) {
                    failures.push(format!("{source} on {labels}: not {expected}"));
                }
            }
        }
    }
    for source in list("must_be_rejected") {
        let source = source.as_str().expect("a text");
        if let Ok(selector) = Selector::parse(source) {
            failures.push(format!("`{source}` reads as {selector}"));
        }
    }
    for case in list("canonicalisation") {
        let got = Selector::parse(case["input"].as_str().expect("a text")).map(|s| s.to_string());
        if got.as_deref().ok() != case["canonical"].as_str() {
            failures.push(format!("{case}: {got:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn topology() {
    let Some(folder) = folder() else { return };
    let folder = folder.join("topology-example");
    let documents = Document::read_all("k8s.json", &text(&folder.join("k8s.json")));
    let (cluster, warnings) = Cluster::read(&documents.expect("readable"));
    assert!(warnings.is_empty(), "{warnings:?}");
    let mut failures = Vec::new();
    let mut count = 0;
    for path in value(&folder.join("expected_paths.json"))["paths"].as_array().expect("paths") {
        let word = |key: &str| path[key].as_str().unwrap_or_default();
        let Some(name) = word("from").strip_prefix("pod:") else { continue };
        let layers = path["layers"].as_array().into_iter().flatten();
        let Some(layer) = layers.filter_map(Value::as_str).find(|text| text.contains("k8s")) else {
            continue;
        };
        let Ok(address) = word("to").parse() else { continue };
        let source = End::Pod(cluster.find_pod(name).expect("a pod").id());
        let protocol = IpProtocol::from_text(word("protocol")).expect("a protocol");
        let port = path["port"].as_u64().and_then(|port| u16::try_from(port).ok());
        let packet = Packet::new(source, End::Address(address), protocol, port);
        let got = cluster.decide(&packet, Engine::Unknown.readings());
        let is_allowed = layer.contains("allow");
        count += 1;
        if got.verdict != if is_allowed { Verdict::Allow } else { Verdict::Deny } {
            failures.push(format!("{}: {layer}: {got:?}", path["id"]));
        }
    }
    assert!(count >= 4, "only {count} paths");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
