//! Random rule sets over a few values, and every flow that such rules can tell apart: what exact
//! analysis says is compared with an evaluation of all of them.

use std::fmt::Write as _;
use std::net::IpAddr;

use proptest::prelude::*;

use crate::compile::{Options, Ruleset, compile};
use crate::flow::{Flow, FlowProtocol, Name};
use crate::load;
use crate::net::{ApplicationProtocol, Fqdn, IpProtocol, RequestUrl};
use crate::policy::Inventory;
use crate::source::{Source, Sources};

const TABLES: &str = r#"{"webCategories": {"a.example": "News"}}"#;

/// The rule set of a text in the text form.
pub(crate) fn ruleset(text: &str) -> Ruleset {
    compile(&inventory(text), &Options::default()).unwrap().0
}

/// What a text in the text form holds.
pub(crate) fn inventory(text: &str) -> Inventory {
    let mut sources = Sources::default();
    let ids = [
        sources.add(Source::new("rules.azfw", text)),
        sources.add(Source::new("tables.json", TABLES)),
    ];
    let read = load::read_all(&ids, &sources, &load::Options::default());
    read.unwrap_or_else(|errors| panic!("{errors:?}\n{text}")).0
}

#[derive(Debug, Clone)]
struct RuleLine {
    kind: &'static str,
    group: usize,
    priority: u32,
    line: String,
}

fn list(pool: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::subsequence(pool, 1..=2).prop_map(|picked| picked.join(", "))
}

const SOURCES: &[&str] =
    &["*", "10.0.0.0/30", "10.0.0.0/31", "10.0.0.2", "fd00::/127", "@empty", "0.0.0.0/0"];
const DESTINATIONS: &[&str] =
    &["*", "192.0.2.0/30", "192.0.2.1", "203.0.113.3", "fd00:1::1", "0.0.0.0/0", "192.0.2.0/31"];
const TARGETS: &[&str] = &[
    "*",
    "a.example",
    "*.a.example",
    "fqdn *a.example",
    "b.a.example",
    "url a.example/t",
    "url *.a.example/t/*",
    "url b.a.example",
    "category News",
    "*.*.example",
];
const PORTS: &[&str] = &["443", "80-90", "*", "22", "22-443"];

fn network(has_unknown: bool) -> impl Strategy<Value = (&'static str, String)> {
    let kind = prop::sample::select(vec!["allow network", "deny network"]);
    let protocols = list(&["tcp", "udp", "icmp", "any"]);
    let unknown = u32::from(has_unknown);
    let sources = prop_oneof![6 => list(SOURCES), unknown => Just("10.0.0.2, @missing".to_owned())];
    let to = prop_oneof![6 => list(DESTINATIONS), unknown => Just("Unheard, 192.0.2.1".to_owned())];
    (kind, protocols, sources, to, list(PORTS)).prop_map(|(kind, protocols, sources, to, ports)| {
        (kind, format!("{protocols} {sources} -> {to} : {ports}"))
    })
}

fn application(has_unknown: bool) -> impl Strategy<Value = (&'static str, String)> {
    let kind = prop::sample::select(vec!["allow application", "deny application"]);
    let unknown = u32::from(has_unknown);
    let targets =
        prop_oneof![8 => list(TARGETS), unknown => Just("a.example, tag Unheard".to_owned())];
    let protocols = list(&["https:443", "http:80", "mssql:22", "https:80"]);
    let inspect = prop::sample::select(vec!["", " inspect"]);
    (kind, protocols, list(SOURCES), targets, inspect).prop_map(
        |(kind, protocols, sources, targets, inspect)| {
            (kind, format!("{protocols} {sources} -> {targets}{inspect}"))
        },
    )
}

fn nat() -> impl Strategy<Value = (&'static str, String)> {
    let protocols = list(&["tcp", "udp"]);
    let to = prop::sample::select(vec!["192.0.2.1", "203.0.113.3"]);
    let target = prop::sample::select(vec!["10.9.0.1 : 8443", "10.9.0.2 : 8443"]);
    (protocols, list(SOURCES), to, target).prop_map(|(protocols, sources, to, target)| {
        ("dnat", format!("{protocols} {sources} -> {to} : 443 => {target}"))
    })
}

fn rule(has_unknown: bool) -> impl Strategy<Value = RuleLine> {
    let body = prop_oneof![4 => network(has_unknown), 4 => application(has_unknown), 1 => nat()];
    let priority = prop::sample::select(vec![100u32, 200, 300, 400, 500, 600]);
    (body, 0usize..2, priority).prop_map(|((kind, line), group, priority)| RuleLine {
        kind,
        group,
        priority,
        line,
    })
}

/// Texts of rule sets; with `has_unknown`, some have ties, missing groups and tags without a table.
pub(crate) fn texts(has_unknown: bool) -> impl Strategy<Value = String> {
    let second = if has_unknown { vec![200u32, 300, 300] } else { vec![300] };
    (prop::collection::vec(rule(has_unknown), 1..7), prop::sample::select(second)).prop_map(
        move |(rules, second)| {
            let mut text = "policy p\n  tier Premium\n".to_owned();
            for (group, priority) in [(0, 200), (1, second)] {
                let _ = writeln!(text, "group g{group} {priority}");
                for (index, rule) in
                    rules.iter().enumerate().filter(|(_, rule)| rule.group == group)
                {
                    // Without ties wanted, every collection has a priority of its own.
                    let own = if has_unknown { 0 } else { u32::try_from(index).unwrap() };
                    let _ = writeln!(text, "  {} c{index} {}", rule.kind, rule.priority + own);
                    let _ = writeln!(text, "    r{index}: {}", rule.line);
                }
            }
            text.push_str("ip-group empty = none\n");
            text
        },
    )
}

/// The text of a policy that inherits from another one.
pub(in crate::analyse) fn inherited(parent: &str, child: &str) -> String {
    let parent =
        parent.replace("policy p\n", "policy base\n").replace("ip-group empty = none\n", "");
    parent + &child.replace("policy p\n", "policy p\n  parent base\n")
}

/// Flows that between them tell apart everything that the rules of such a text can.
pub(crate) fn flows(text: &str) -> Vec<Flow> {
    let mut flows = Vec::new();
    let v4 = (
        ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.9.9.9"].as_slice(),
        ["192.0.2.0", "192.0.2.1", "192.0.2.2", "203.0.113.3", "198.51.100.1"].as_slice(),
    );
    let v6 = (["fd00::1", "fd00::9"].as_slice(), ["fd00:1::1", "fd00:1::2"].as_slice());
    for (sources, destinations) in [v4, v6] {
        for source in sources {
            for destination in destinations {
                let (source, destination): (IpAddr, IpAddr) =
                    (source.parse().unwrap(), destination.parse().unwrap());
                services(text, source, |mut flow| {
                    flow.destination = Some(destination);
                    flows.push(flow);
                });
            }
        }
    }
    flows
}

fn services(text: &str, source: IpAddr, mut add: impl FnMut(Flow)) {
    let icmp = if source.is_ipv6() { IpProtocol::ICMPV6 } else { IpProtocol::ICMP };
    for protocol in [icmp, IpProtocol::GRE] {
        add(Flow::new(FlowProtocol::Ip(protocol), source));
    }
    for port in [22, 50, 80, 85, 443, 9999] {
        for protocol in [IpProtocol::TCP, IpProtocol::UDP] {
            let flow = Flow::new(FlowProtocol::Ip(protocol), source);
            let is_tcp = protocol == IpProtocol::TCP;
            add(Flow { port: Some(port), is_without_application: is_tcp, ..flow });
        }
        for protocol in
            [ApplicationProtocol::Http, ApplicationProtocol::Https, ApplicationProtocol::Mssql]
        {
            let flow =
                Flow { port: Some(port), ..Flow::new(FlowProtocol::Application(protocol), source) };
            add(Flow { name: Name::Absent, ..flow.clone() });
            names(text, &flow, &mut add);
        }
    }
}

fn names(text: &str, flow: &Flow, add: &mut impl FnMut(Flow)) {
    let paths: &[&str] =
        if text.contains("url ") { &["/", "/t", "/t/", "/t/x", "/z"] } else { &["/"] };
    let categories: &[&str] =
        if text.contains("category ") { &["News", "Games"] } else { &["News"] };
    for name in ["a.example", "b.a.example", "c.a.example", "xa.example", "example", "other.test"] {
        for path in paths {
            for category in
                categories.iter().filter(|&&category| name != "a.example" || category == "News")
            {
                let mut flow = flow.clone();
                flow.name = Name::Known(Fqdn::new(name).unwrap());
                flow.url = RequestUrl::new(&format!("{name}{path}"));
                flow.web_category = Some((*category).into());
                add(flow);
            }
        }
    }
}
