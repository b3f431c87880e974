//! Runs `tests/spec/cluster/*.md`, the specification of how network policy is decided.

#![expect(clippy::indexing_slicing, reason = "fields of JSON objects that this file makes")]

use std::fs;
use std::path::Path;

use azfw::cluster::{Cluster, Decision, Document, End, Engine, Packet, Verdict};
use azfw::net::{Fqdn, IpProtocol};
use serde_json::{Value, json};

use crate::spec::document::{Block, Case, cases};

fn check(name: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec/cluster").join(name);
    let text = fs::read_to_string(file).expect("readable");
    let cases = cases(&text);
    assert!(!cases.is_empty());
    let failures: Vec<_> =
        cases.iter().flat_map(failures).map(|failure| format!("{name}:{failure}")).collect();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn network_policy() {
    check("01-network-policy.md");
}

#[test]
fn admin_policies() {
    check("02-admin-policies.md");
}

#[test]
fn calico() {
    check("03-calico.md");
}

#[test]
fn services_and_engines() {
    check("04-services-and-engines.md");
}

#[test]
fn what_is_not_known() {
    check("05-what-is-not-known.md");
}

fn failures(case: &Case) -> Vec<String> {
    let mut documents = Vec::new();
    for block in &case.blocks {
        match block.kind() {
            "cluster" => documents.extend(block.lines().map(|(_, line)| object(line))),
            "yaml" => {
                let read = Document::read_all("spec.yaml", &block.text);
                documents.extend(read.unwrap_or_else(|error| panic!("{}: {error}", block.line)));
            }
            "packet" | "warning" => {}
            other => panic!("{}: unknown block `{other}`", block.line),
        }
    }
    let (cluster, warnings) = Cluster::read(&documents);
    let warnings: Vec<String> = warnings.into_iter().map(|warning| warning.message).collect();
    let mut failures = Vec::new();
    for block in case.blocks.iter().filter(|block| block.kind() == "warning") {
        for (line, text) in block.lines() {
            if !warnings.iter().any(|warning| warning.contains(text)) {
                failures.push(format!("{line}: {}: no warning among {warnings:?}", case.id));
            }
        }
    }
    if !case.blocks.iter().any(|block| block.kind() == "warning") && !warnings.is_empty() {
        failures.push(format!("{}: {}: warns {warnings:?}", case.line, case.id));
    }
    let packets: Vec<&Block> = case.blocks.iter().filter(|b| b.kind() == "packet").collect();
    assert!(!packets.is_empty(), "{} has no packet", case.id);
    for (line, text) in packets.iter().flat_map(|block| block.lines()) {
        if let Some(failure) = packet_failure(&cluster, text) {
            failures.push(format!("{line}: {}: {text}\n    {failure}", case.id));
        }
    }
    failures
}

/// `allow tcp shop/web -> 192.0.2.7:443 engine=npm # what the answer says`
fn packet_failure(cluster: &Cluster, text: &str) -> Option<String> {
    let (text, said) = text.split_once('#').unwrap_or((text, ""));
    let words: Vec<&str> = text.split_whitespace().collect();
    let [expected, protocol, source, "->", destination, switches @ ..] = words.as_slice() else {
        panic!("not a packet: {text}");
    };
    let (destination, port) = with_port(destination);
    let protocol = IpProtocol::from_text(protocol).expect("a protocol");
    let mut packet = Packet::new(end(cluster, source), end(cluster, destination), protocol, port);
    let mut engine = Engine::Unknown;
    for switch in switches {
        match switch.split_once('=').expect("name=value") {
            ("engine", name) => engine = Engine::from_text(name).expect("an engine"),
            ("name", name) => packet.name = Fqdn::new(name),
            ("from", port) => packet.source_port = port.parse().ok(),
            ("icmp", text) => {
                let (kind, code) = text.split_once('/').expect("type/code");
                packet.icmp = kind.parse().ok().zip(code.parse().ok());
            }
            other => panic!("unknown switch {other:?}"),
        }
    }
    let decision = cluster.decide(&packet, engine.readings());
    let got = match decision.verdict {
        Verdict::Allow => "allow",
        Verdict::Deny => "deny",
        Verdict::Undecided(_) => "undecided",
        Verdict::NotEvaluated(_) => "not-evaluated",
    };
    let explained = explained(&decision);
    (got != *expected || !explained.contains(said.trim()))
        .then(|| format!("got {got}: {explained}"))
}

fn explained(decision: &Decision) -> String {
    let mut lines = vec![decision.verdict.to_string()];
    if let Some(service) = &decision.service {
        lines.push(format!("{} -> {}", service.service, service.endpoints.join(", ")));
    }
    for side in &decision.sides {
        lines.extend(side.passed.iter().map(|rule| format!("passed {rule}")));
        lines.push(side.to_string());
    }
    lines.extend(decision.notes.iter().cloned());
    lines.join("\n    ")
}

fn with_port(text: &str) -> (&str, Option<u16>) {
    if let Some((address, port)) = text.strip_prefix('[').and_then(|text| text.split_once("]:")) {
        return (address, port.parse().ok());
    }
    match text.rsplit_once(':') {
        Some((rest, port)) if !rest.contains(':') => (rest, port.parse().ok()),
        _ => (text, None),
    }
}

/// `shop/web`, an address, `outside` where it is not known.
fn end(cluster: &Cluster, text: &str) -> End {
    match (text, text.parse()) {
        ("outside", _) => End::Outside(None),
        (_, Ok(address)) => End::Address(address),
        (name, Err(_)) => {
            let pod = cluster.find_pod(name).unwrap_or_else(|error| panic!("{error}"));
            End::Pod(pod.id())
        }
    }
}

/// An object of one line: `pod shop/web app=web ip=10.244.0.10 node=n0 port=http:8080/tcp`.
fn object(line: &str) -> Document {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [kind, name, facts @ ..] = words.as_slice() else { panic!("no object: {line}") };
    let (namespace, name) = name.split_once('/').unwrap_or(("", name));
    let kind = match *kind {
        "namespace" => "Namespace",
        "pod" => "Pod",
        "node" => "Node",
        other => panic!("unknown kind `{other}`"),
    };
    let mut labels = json!({});
    let (mut spec, mut ips, mut ports) = (json!({}), Vec::new(), Vec::new());
    for fact in facts {
        match fact.split_once('=').unwrap_or((fact, "")) {
            ("ip", address) => ips.push(address),
            ("node", node) => spec["nodeName"] = json!(node),
            ("account", name) => spec["serviceAccountName"] = json!(name),
            ("hostnetwork", "") => spec["hostNetwork"] = json!(true),
            ("windows", "") => spec["nodeSelector"] = json!({"kubernetes.io/os": "windows"}),
            ("pods", range) => spec["podCIDR"] = json!(range),
            ("port", port) => {
                let (name, port) = port.split_once(':').expect("name:port/protocol");
                let (port, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
                let (port, protocol) = (port.parse::<u16>(), protocol.to_uppercase());
                let port = port.expect("a port");
                ports.push(json!({"name": name, "containerPort": port, "protocol": protocol}));
            }
            (key, value) => labels[key] = json!(value),
        }
    }
    spec["containers"] = json!([{"name": "c", "ports": ports}]);
    let mut metadata = json!({"name": name, "labels": labels});
    if !namespace.is_empty() {
        metadata["namespace"] = json!(namespace);
    }
    let status = match kind {
        "Node" => {
            let entry = |ip: &&str| json!({"type": "InternalIP", "address": ip});
            json!({"addresses": ips.iter().map(entry).collect::<Vec<Value>>()})
        }
        _ => json!({"podIPs": ips.iter().map(|ip| json!({"ip": ip})).collect::<Vec<Value>>()}),
    };
    let object = json!({
        "apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec, "status": status,
    });
    Document::new("spec.yaml", object)
}
