//! The whole connection list of a cluster, in the form of np-guard's netpol-analyzer:
//! `shop/web[Deployment] => 0.0.0.0-255.255.255.255[External] : TCP 443`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use azfw::cluster::{Cluster, End, Packet, Pod, Readings, Verdict};
use azfw::net::IpProtocol;
use ipnet::Ipv4Net;
use serde_json::Value;

const PROTOCOLS: [(&str, IpProtocol); 3] =
    [("SCTP", IpProtocol::SCTP), ("TCP", IpProtocol::TCP), ("UDP", IpProtocol::UDP)];

/// Everything that is allowed, sorted. What is undecided ends in `?`.
pub(crate) fn connections(
    cluster: &Cluster,
    documents: &[Value],
    readings: Readings,
) -> Vec<String> {
    let mut workloads: BTreeMap<String, End> = BTreeMap::new();
    for pod in cluster.pods() {
        workloads.entry(workload(pod)).or_insert(End::Pod(pod.id()));
    }
    let ports = port_classes(documents);
    let (sources, destinations) = (outside(documents, "ingress"), outside(documents, "egress"));
    let mut lines = Vec::new();
    let mut line = |source: (&str, End), destination: (&str, End)| {
        let allowed = allowed(cluster, source.1, destination.1, &ports, readings);
        if !allowed.is_empty() {
            lines.push(format!("{} => {} : {allowed}", source.0, destination.0));
        }
    };
    for (name, end) in &workloads {
        for (other, other_end) in &workloads {
            if name != other {
                line((name, *end), (other, *other_end));
            }
        }
        for (range, end_outside) in &sources {
            line((range, *end_outside), (name, *end));
        }
        for (range, end_outside) in &destinations {
            line((name, *end), (range, *end_outside));
        }
    }
    lines.sort();
    lines
}

fn workload(pod: &Pod) -> String {
    match &pod.owner {
        Some(owner) => format!("{}/{}[{}]", pod.namespace, owner.name, owner.kind),
        None => format!("{}/{}[Pod]", pod.namespace, pod.name),
    }
}

/// Which ports of which protocols are allowed, or nothing.
fn allowed(
    cluster: &Cluster,
    source: End,
    destination: End,
    ports: &[(u16, u16)],
    readings: Readings,
) -> String {
    let mut is_open = false;
    let mut parts = Vec::new();
    let mut is_all = true;
    for (name, protocol) in PROTOCOLS {
        let mut ranges: Vec<(u16, u16)> = Vec::new();
        for &(first, last) in ports {
            let packet = Packet::new(source, destination, protocol, Some(first));
            match cluster.decide(&packet, readings).verdict {
                Verdict::Allow => match ranges.last_mut() {
                    Some(range) if range.1 + 1 == first => range.1 = last,
                    _ => ranges.push((first, last)),
                },
                Verdict::Deny => {}
                Verdict::Undecided(_) | Verdict::NotEvaluated(_) => is_open = true,
            }
        }
        is_all &= ranges == [(1, u16::MAX)];
        let shown = |&(first, last): &(u16, u16)| {
            if first == last { first.to_string() } else { format!("{first}-{last}") }
        };
        let shown: Vec<_> = ranges.iter().map(shown).collect();
        if !shown.is_empty() {
            parts.push(format!("{name} {}", shown.join(",")));
        }
    }
    let text = if is_all { "All Connections".to_owned() } else { parts.join(",") };
    if is_open { format!("{text} ?") } else { text }
}

/// Ports that no policy and no container tells apart.
fn port_classes(documents: &[Value]) -> Vec<(u16, u16)> {
    const KEYS: [&str; 8] =
        ["port", "endPort", "portNumber", "start", "end", "number", "containerPort", "targetPort"];
    let mut starts = BTreeSet::from([1u32]);
    each(documents, &mut |key, value| {
        if let (true, Some(number)) = (KEYS.contains(&key), value.as_u64())
            && let Ok(number) = u32::try_from(number)
        {
            starts.extend([number, number + 1]);
        }
    });
    starts.retain(|start| (1..=u32::from(u16::MAX)).contains(start));
    let starts: Vec<u32> = starts.into_iter().collect();
    let ends = starts.iter().skip(1).copied().chain([u32::from(u16::MAX) + 1]);
    let class = |(&first, end): (&u32, u32)| {
        Some((u16::try_from(first).ok()?, u16::try_from(end - 1).ok()?))
    };
    starts.iter().zip(ends).filter_map(class).collect()
}

/// Addresses outside that no rule of a direction tells apart, with one of each.
fn outside(documents: &[Value], direction: &str) -> Vec<(String, End)> {
    let mut blocks: Vec<Block> = Vec::new();
    each(documents, &mut |key, value| {
        if key == direction {
            each(std::slice::from_ref(value), &mut |key, value| blocks.extend(block(key, value)));
        }
    });
    let nets = blocks.iter().flat_map(|block| block.except.iter().chain([&block.net]));
    let mut starts = BTreeSet::from([0u64]);
    for net in nets {
        starts.insert(u64::from(net.network().to_bits()));
        starts.insert(u64::from(net.broadcast().to_bits()) + 1);
    }
    starts.remove(&(1 << 32));
    let address = |bits: u64| u32::try_from(bits).map(Ipv4Addr::from_bits).expect("32 bits");
    let holders = |bits: u64| -> Vec<bool> {
        blocks.iter().map(|block| block.contains(address(bits))).collect()
    };
    let mut starts: Vec<u64> = starts.into_iter().collect();
    starts.dedup_by(|next, kept| holders(*next) == holders(*kept));
    let ends = starts.iter().skip(1).copied().chain([1 << 32]);
    let class = |(&first, end): (&u64, u64)| {
        let (first, last) = (address(first), address(end - 1));
        (format!("{first}-{last}[External]"), End::Outside(Some(IpAddr::V4(first))))
    };
    starts.iter().zip(ends).map(class).collect()
}

/// A range without parts of it.
struct Block {
    net: Ipv4Net,
    except: Vec<Ipv4Net>,
}

impl Block {
    fn contains(&self, address: Ipv4Addr) -> bool {
        self.net.contains(&address) && !self.except.iter().any(|net| net.contains(&address))
    }
}

/// The block of an `ipBlock`, or of an entry of `networks`.
fn block(key: &str, value: &Value) -> Option<Block> {
    let net = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
    match key {
        "ipBlock" => {
            let except = value["except"].as_array().into_iter().flatten().filter_map(net);
            Some(Block { net: net(&value["cidr"])?, except: except.collect() })
        }
        "networks" => Some(Block { net: net(value)?, except: Vec::new() }),
        _ => None,
    }
}

/// Every field and list entry, however deep; entries of lists have the key of the list.
fn each(values: &[Value], see: &mut dyn FnMut(&str, &Value)) {
    fn within(key: &str, value: &Value, see: &mut dyn FnMut(&str, &Value)) {
        see(key, value);
        match value {
            Value::Array(entries) => entries.iter().for_each(|entry| within(key, entry, see)),
            Value::Object(map) => map.iter().for_each(|(key, value)| within(key, value, see)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    for value in values {
        within("", value, see);
    }
}
