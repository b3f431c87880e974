//! Tests made from a rule set: flows at the edges of every rule, with the verdicts of today.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::statement::stated_of;
use crate::compile::{AddressCriterion, PortCriterion, ProtocolCriterion, Ruleset};
use crate::evaluate::{Decision, RuleRef, evaluate};
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::{Fqdn, FqdnPattern, IpFamily, IpProtocol, RequestUrl, UrlPattern};
use crate::syntax::flow::print_flow;
use crate::syntax::suite::expectation;

/// Ranges of a list whose edges are tested: the first ones and the last one.
const RANGES_MAX: usize = 4;
/// Addresses that a name may resolve to, tried where the verdict depends on it.
const DESTINATIONS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, 77)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x77)),
];

/// The tests as lines in flow notation. Flows whose verdict depends on what is not known are left
/// out, and no flow stands twice.
#[must_use]
pub fn generate(ruleset: &Ruleset) -> String {
    let mut out = String::new();
    let mut seen = BTreeSet::new();
    for rule in ruleset.rules() {
        let mut lines = String::new();
        for (flow, what) in edges(ruleset, rule) {
            let Some((flow, line)) = certain(ruleset, flow) else { continue };
            if seen.insert(print_flow(&flow)) {
                let _ = writeln!(lines, "{line} # {what}");
            }
        }
        let path = one_line(&ruleset.path(rule).to_string());
        let _ = if lines.is_empty() {
            writeln!(out, "# {path}: no flow at its edges has a certain verdict\n")
        } else {
            writeln!(out, "# {path}\n{lines}")
        };
    }
    out
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The flow, with a destination where its verdict needs one, and the test of it.
fn certain(ruleset: &Ruleset, flow: Flow) -> Option<(Flow, String)> {
    let mut tries = vec![flow.clone()];
    if flow.destination.is_none() {
        let family = IpFamily::of(flow.source);
        let fitting = DESTINATIONS.into_iter().filter(|it| IpFamily::of(*it) == family);
        tries.extend(fitting.map(|it| Flow { destination: Some(it), ..flow.clone() }));
    }
    for flow in tries {
        let verdict = evaluate(ruleset, &flow, &mut ());
        if verdict.decision == Decision::Undecided {
            continue;
        }
        let stated = stated_of(ruleset, &verdict);
        let head = format!("{} {} #", verdict.decision.name(), print_flow(&flow));
        let translation = stated.translation.map(|it| format!(" => {it}")).unwrap_or_default();
        let decider = stated.decider.unwrap_or_default();
        let mut line = format!("{head} {decider}{translation}");
        // A name of a rule that does not read back is not stated.
        let reads_back = expectation(&line).is_ok_and(|read| {
            read.stated.and_then(|stated| stated.decider).as_deref() == Some(decider.as_str())
        });
        if !reads_back || line.contains(['<', '\n', '\r']) {
            line = format!("{head}{translation}");
        }
        return Some((flow, line));
    }
    None
}

/// Flows at the edges of a rule, each with what it is.
fn edges(ruleset: &Ruleset, rule: RuleRef) -> Vec<(Flow, String)> {
    match rule {
        RuleRef::Nat(rank) => ruleset
            .nat
            .criteria
            .get(rank as usize)
            .map(|it| packets(&it.sources, &it.protocols, &it.ports, &it.destinations)),
        RuleRef::Network(rank) => ruleset
            .network
            .criteria
            .get(rank as usize)
            .map(|it| packets(&it.sources, &it.protocols, &it.ports, &it.destinations)),
        RuleRef::Application(rank) => ruleset.application.criteria.get(rank as usize).map(requests),
    }
    .unwrap_or_default()
}

fn packets(
    sources: &AddressCriterion,
    protocols: &ProtocolCriterion,
    ports: &PortCriterion,
    destinations: &AddressCriterion,
) -> Vec<(Flow, String)> {
    let (sources, destinations) = (addresses(sources), addresses(destinations));
    let ports = edge_ports(ports);
    let mut flows = Vec::new();
    for protocol in ip_protocols(protocols) {
        let protocol = FlowProtocol::Ip(protocol);
        let flow = |source: IpAddr, destination: IpAddr, port: Option<u16>| Flow {
            destination: Some(destination),
            port: port.filter(|_| protocol.has_ports()),
            ..Flow::new(protocol, source)
        };
        for (source, what) in &sources {
            let family = IpFamily::of(*source);
            let base = destinations.iter().find(|(it, _)| IpFamily::of(*it) == family);
            let (Some((destination, _)), port) = (base, ports.first()) else { continue };
            let port = port.map(|(port, _)| *port);
            flows.push((flow(*source, *destination, port), format!("source: {what}")));
        }
        let Some((source, _)) = sources.first() else { continue };
        let family = IpFamily::of(*source);
        for (destination, what) in destinations.iter().filter(|it| IpFamily::of(it.0) == family) {
            let port = ports.first().map(|(port, _)| *port);
            flows.push((flow(*source, *destination, port), format!("destination: {what}")));
        }
        let Some((destination, _)) = destinations.iter().find(|it| IpFamily::of(it.0) == family)
        else {
            continue;
        };
        for (port, what) in ports.iter().filter(|_| protocol.has_ports()) {
            flows.push((flow(*source, *destination, Some(*port)), format!("port: {what}")));
        }
    }
    flows
}

fn ip_protocols(criterion: &ProtocolCriterion) -> Vec<IpProtocol> {
    let mut protocols = Vec::new();
    if criterion.any || criterion.tcp {
        protocols.push(IpProtocol::TCP);
    }
    if criterion.any || criterion.udp {
        protocols.push(IpProtocol::UDP);
    }
    if criterion.icmp {
        protocols.push(IpProtocol::ICMP);
    }
    protocols
}

fn requests(criteria: &crate::compile::ApplicationCriteria) -> Vec<(Flow, String)> {
    let sources = addresses(&criteria.sources);
    let targets = targets(criteria);
    let mut flows = Vec::new();
    for entry in &criteria.protocols {
        let flow = |source: IpAddr, target: &Target, port: u16| {
            let mut flow = Flow::new(FlowProtocol::Application(entry.protocol), source);
            flow.port = Some(port);
            match target {
                Target::Name(name) => flow.name = Name::Known(name.clone()),
                Target::Url(url) => flow = flow.with_url(url.clone()),
            }
            flow
        };
        let (Some((source, _)), Some((target, _))) = (sources.first(), targets.first()) else {
            break;
        };
        for (target, what) in &targets {
            flows.push((flow(*source, target, entry.port), format!("target: {what}")));
        }
        for (source, what) in &sources {
            flows.push((flow(*source, target, entry.port), format!("source: {what}")));
        }
        for (port, what) in neighbours(entry.port) {
            flows.push((flow(*source, target, port), format!("port: {what}")));
        }
    }
    flows
}

enum Target {
    Name(Fqdn),
    Url(RequestUrl),
}

fn targets(criteria: &crate::compile::ApplicationCriteria) -> Vec<(Target, String)> {
    let mut found = Vec::new();
    let mut name = |text: String, what: String| {
        if let Some(name) = Fqdn::new(&text) {
            found.push((Target::Name(name), what));
        }
    };
    for pattern in &criteria.targets.fqdns {
        match pattern {
            FqdnPattern::Any => name("any.example".to_owned(), "any name for `*`".to_owned()),
            FqdnPattern::Exact(exact) => {
                name(exact.to_string(), "the name itself".to_owned());
                name(format!("sub.{exact}"), format!("a name below `{exact}`"));
            }
            FqdnPattern::Suffix(suffix) => {
                let bare = suffix.trim_start_matches('.');
                let below = if suffix.starts_with('.') { "sub" } else { "sub." };
                name(format!("{below}{suffix}"), format!("a name of `*{suffix}`"));
                name(format!("a.{below}{suffix}"), format!("two levels below in `*{suffix}`"));
                name(bare.to_owned(), format!("the apex of `*{suffix}`"));
            }
            FqdnPattern::Invalid(_) => {}
        }
    }
    for pattern in &criteria.targets.urls {
        for (text, what) in url_edges(pattern) {
            if let Some(url) = RequestUrl::new(&text) {
                found.push((Target::Url(url), format!("{what} of `{pattern}`")));
            }
        }
    }
    found
}

/// URLs that a pattern matches and does not match; what is written reads back as a URL.
fn url_edges(pattern: &UrlPattern) -> Vec<(String, &'static str)> {
    let text = pattern.to_string();
    let host = text.split('/').next().unwrap_or("").replace('*', "sub");
    let path = text.split_once('/').map_or("", |(_, path)| path);
    vec![
        (format!("{host}/{}", path.replace('*', "page")), "a URL"),
        (format!("{host}/elsewhere-{}", path.len()), "another path on the host"),
    ]
}

/// The edges of a list of addresses and their neighbours outside.
fn addresses(criterion: &AddressCriterion) -> Vec<(IpAddr, String)> {
    let ranges: Vec<_> = criterion.known.ranges().collect();
    let last = ranges.len().saturating_sub(1);
    let picked = ranges.iter().enumerate().filter(|(at, _)| *at + 1 < RANGES_MAX || *at == last);
    let mut found = Vec::new();
    for (_, range) in picked {
        let mut add = |address: Option<IpAddr>, what: &str| {
            if let Some(address) = address {
                found.push((address, format!("{what} {range}")));
            }
        };
        add(Some(range.first()), "first of");
        if range.first() != range.last() {
            add(Some(range.last()), "last of");
        }
        add(step(range.first(), false), "one before");
        add(step(range.last(), true), "one behind");
    }
    found
}

fn step(address: IpAddr, is_up: bool) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let number = u32::from(address);
            let next = if is_up { number.checked_add(1) } else { number.checked_sub(1) };
            next.map(|next| Ipv4Addr::from(next).into())
        }
        IpAddr::V6(address) => {
            let number = u128::from(address);
            let next = if is_up { number.checked_add(1) } else { number.checked_sub(1) };
            next.map(|next| Ipv6Addr::from(next).into())
        }
    }
}

fn edge_ports(criterion: &PortCriterion) -> Vec<(u16, String)> {
    let ranges: Vec<_> = criterion.known.ranges().collect();
    let last = ranges.len().saturating_sub(1);
    let picked = ranges.iter().enumerate().filter(|(at, _)| *at + 1 < RANGES_MAX || *at == last);
    let mut found = Vec::new();
    for (_, range) in picked {
        let mut add = |port: Option<u16>, what: &str| {
            if let Some(port) = port {
                found.push((port, format!("{what} {range}")));
            }
        };
        add(Some(range.first()), "first of");
        if range.first() != range.last() {
            add(Some(range.last()), "last of");
        }
        add(range.first().checked_sub(1), "one before");
        add(range.last().checked_add(1), "one behind");
    }
    found
}

fn neighbours(port: u16) -> Vec<(u16, String)> {
    let before = port.checked_sub(1).map(|it| (it, format!("one before {port}")));
    let behind = port.checked_add(1).map(|it| (it, format!("one behind {port}")));
    before.into_iter().chain(behind).collect()
}
