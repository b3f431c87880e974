//! Logged flows on their way to the firewall, over the network of `samples/topology`.

use std::fs;
use std::path::Path;

use azfw::flow::{Flow, FlowProtocol};
use azfw::net::IpProtocol;
use azfw::path::carry::{Carried, Carrier};
use azfw::path::topology::Topology;
use serde_json::Value;

use super::net;

fn sample() -> Topology {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/topology");
    let mut files: Vec<(String, Value)> = Vec::new();
    for entry in fs::read_dir(folder).expect("the sample").flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|end| end == "json") {
            let text = fs::read_to_string(&path).expect("readable");
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            files.push((name, serde_json::from_str(&text).expect("JSON")));
        }
    }
    let files: Vec<(&str, Value)> =
        files.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    net(&files).topology
}

#[track_caller]
fn check(carrier: &mut Carrier<'_>, source: &str, destination: &str, expected: &str) {
    let source = source.parse().expect("an address");
    let flow = Flow {
        destination: Some(destination.parse().expect("an address")),
        source_port: Some(50_000),
        port: Some(443),
        ..Flow::new(FlowProtocol::Ip(IpProtocol::TCP), source)
    };
    let got = match carrier.carry(&flow) {
        Carried::Arrives(flow) => format!("from {} port {:?}", flow.source, flow.source_port),
        Carried::Lost(why) => why,
    };
    assert_eq!(got, expected);
}

#[test]
fn pods_leave_with_the_address_of_their_node() {
    let topology = sample();
    let mut carrier = Carrier::new(&topology);
    let carrier = &mut carrier;
    check(carrier, "10.244.0.10", "203.0.113.80", "from 10.42.1.4 port None");
    check(carrier, "10.244.1.20", "198.51.100.7", "from 10.42.1.5 port None");
    check(carrier, "10.42.5.4", "198.51.100.7", "from 10.42.5.4 port Some(50000)");
    check(carrier, "172.20.1.1", "198.51.100.7", "from 172.20.1.1 port Some(50000)");
    check(carrier, "10.244.0.10", "10.100.0.20", "stays within the cluster");
    check(carrier, "10.244.0.10", "10.244.9.9", "stays within the cluster");
    let unknown = "its pod is not among the files, so its node is not known";
    check(carrier, "10.244.7.7", "198.51.100.7", unknown);
    check(carrier, "10.42.1.4", "10.42.3.4", "goes past the firewall (InterfaceEndpoint)");
    check(carrier, "10.42.1.4", "10.42.5.4", "goes past the firewall (VnetLocal)");
    check(carrier, "10.0.1.5", "10.42.5.4", "comes from the firewall");
    let counts: Vec<u64> = carrier.counts().into_iter().map(|(_, count)| count).collect();
    assert_eq!(counts, [1, 1, 2]);
}
