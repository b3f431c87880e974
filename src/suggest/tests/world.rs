//! Random policies and traffic through the generator of logs, and what is suggested from those logs
//! through the evaluator: nothing may be lost, nothing opened.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;

use super::{Ruleset, compiled};
use crate::evaluate::{Decision, Index, evaluate};
use crate::flow::FlowProtocol;
use crate::generate::{Simulation, Traffic, legacy_record, structured_record};
use crate::logs;
use crate::policy::Inventory;
use crate::source::{Source, Sources};
use crate::suggest::{Observed, Options, from_logs, prove};

const SOURCES: [&str; 6] =
    ["10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.1.4", "10.0.1.5", "203.0.113.7"];
const DESTINATIONS: [&str; 4] = ["192.0.2.1", "192.0.2.2", "10.9.0.1", "198.51.100.1"];
const NAMES: [&str; 5] =
    ["a.example.com", "b.example.com", "c.cdn.example.com", "d.cdn.example.com", "example.net"];
const PATHS: [&str; 8] = ["/", "/a", "/a/", "/a/1", "/a/2", "/a/b/1", "/b/1", "/index.html"];

/// Some of `all`, with commas.
fn some(all: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::subsequence(all, 1..=all.len().min(3)).prop_map(|some| some.join(", "))
}

fn sources() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("*".to_owned()),
        some(&["10.0.0.0/24", "10.0.1.0/24", "10.0.0.4", "10.0.0.5", "203.0.113.0/24"])
    ]
}

fn action() -> impl Strategy<Value = &'static str> {
    select(vec!["allow", "allow", "deny"])
}

fn network_rule() -> impl Strategy<Value = (&'static str, String)> {
    let protocols = some(&["tcp", "udp", "icmp"]);
    let protocols = prop_oneof![4 => protocols, 1 => Just("any".to_owned())];
    let targets = some(&["192.0.2.1", "192.0.2.0/30", "10.9.0.1", "10.0.0.0/8"]);
    let targets = prop_oneof![5 => targets, 1 => Just("*".to_owned())];
    let ports = prop_oneof![3 => some(&["22", "443", "53", "80-90"]), 1 => Just("*".to_owned())];
    (action(), protocols, sources(), targets, ports).prop_map(
        |(action, protocols, sources, targets, ports)| {
            (action, format!("{protocols} {sources} -> {targets} : {ports}"))
        },
    )
}

fn application_rule() -> impl Strategy<Value = (&'static str, String)> {
    let protocols = some(&["http:80", "https:443", "https:8443", "mssql:1433"]);
    let names = some(&["a.example.com", "b.example.com", "*.cdn.example.com", "example.net"]);
    let urls = prop::sample::subsequence(
        vec![
            "a.example.com/a/*",
            "a.example.com/a/b/*",
            "a.example.com/a/1",
            "a.example.com",
            "b.example.com/a",
            "*.cdn.example.com/b/*",
        ],
        1..4,
    );
    let urls = urls.prop_map(|urls| format!("url {} inspect", urls.join(", url ")));
    let targets = prop_oneof![
        3 => names,
        5 => urls,
        1 => Just("*".to_owned()),
        1 => Just("category News".to_owned()),
    ];
    (action(), protocols, sources(), targets).prop_map(|(action, protocols, sources, targets)| {
        // MSSQL has no URL, and is allowed or denied by name.
        let protocols = protocols.replace(", mssql:1433", "");
        (action, format!("{protocols} {sources} -> {targets}"))
    })
}

fn dnat_rule() -> impl Strategy<Value = String> {
    let ports = select(vec!["22", "443"]);
    (some(&["tcp", "udp"]), sources(), ports, select(vec!["10.9.0.1 : 22", "10.9.0.2 : 8443"]))
        .prop_map(|(protocols, sources, port, to)| {
            format!("{protocols} {sources} -> 198.51.100.1 : {port} => {to}")
        })
}

/// Collections of one rule each, with rising priorities.
fn collections(kind: &str, rules: &[(&'static str, String)]) -> String {
    let rule = |(number, (action, rule)): (usize, &(&str, String))| {
        format!("  {action} {kind} c{number} {}\n    r{number}: {rule}\n", 100 + number)
    };
    rules.iter().enumerate().map(rule).collect()
}

pub(crate) fn policy() -> impl Strategy<Value = String> {
    let network = prop::collection::vec(network_rule(), 0..4);
    let application = prop::collection::vec(application_rule(), 1..6);
    let dnat = prop::collection::vec(dnat_rule(), 0..3);
    (network, application, dnat).prop_map(|(network, application, dnat)| {
        let dnat: Vec<_> = dnat.into_iter().map(|rule| ("dnat", rule)).collect();
        let dnat = collections("", &dnat).replace("dnat  c", "dnat c");
        format!(
            "policy p\n  tier Premium\n  threat-intel Deny\n  idps Deny\ngroup d 100\n{dnat}\
             group n 200\n{}group a 300\n{}",
            collections("network", &network),
            collections("application", &application)
        )
    })
}

/// A flow in flow notation, with all that a policy could ask for.
pub(crate) fn flow() -> impl Strategy<Value = String> {
    let packet = (
        select(vec!["tcp", "tcp", "udp", "icmp", "gre"]),
        select(&SOURCES[..]),
        select(&DESTINATIONS[..]),
        select(vec![22, 443, 53, 80]),
    );
    let packet = packet.prop_map(|(protocol, source, to, port)| match protocol {
        "tcp" => format!("tcp {source} -> {to}:{port} application=none"),
        "udp" => format!("udp {source} -> {to}:{port}"),
        other => format!("{other} {source} -> {to}"),
    });
    let web = (
        select(vec!["http", "https", "https", "mssql"]),
        select(&SOURCES[..]),
        prop_oneof![Just("a.example.com"), select(&NAMES[..])],
        select(&PATHS[..]),
        select(&DESTINATIONS[..]),
        any::<bool>(),
    );
    let web = web.prop_map(|(protocol, source, name, path, to, is_other_port)| {
        // Names under inspection are seen by URL, others never are.
        let is_inspected = protocol == "http" || (protocol == "https" && name < "d");
        let url = if is_inspected { format!(" url={name}{path}") } else { String::new() };
        let category = if is_inspected && path.starts_with("/b") { "News" } else { "Business" };
        let port = match protocol {
            "http" => 80,
            "mssql" => 1433,
            _ if is_other_port => 8443,
            _ => 443,
        };
        format!("{protocol} {source} -> {name}:{port} destination={to}{url} category={category}")
    });
    let odd = prop_oneof![
        8 => Just(""),
        1 => Just(" threat_intel=true"),
        1 => Just(" idps=2031071:deny"),
    ];
    (prop_oneof![1 => packet, 3 => web], odd).prop_map(|(flow, odd)| format!("{flow}{odd}"))
}

pub(crate) fn inventory(text: &str) -> Inventory {
    let mut sources = Sources::default();
    let id = sources.add(Source::new("p.azfw", text));
    let read = crate::load::read_all(&[id], &sources, &crate::load::Options::default());
    read.unwrap_or_else(|error| panic!("{error:?} in\n{text}")).0
}

/// What the firewall with these rules logs of these flows.
pub(crate) fn logged(ruleset: &Ruleset, flows: &[String], is_legacy: bool) -> Observed {
    let table: String = flows.iter().map(|flow| format!("1 1 {flow}\n")).collect();
    simulated(ruleset, Traffic::table(&table).expect("flows"), is_legacy)
}

/// The same of flows of which all that is decided is drawn some times.
pub(crate) fn simulated(ruleset: &Ruleset, mut traffic: Vec<Traffic>, is_legacy: bool) -> Observed {
    traffic.retain(|entry| {
        let flow = entry.flow(&mut crate::random::Random::new(1));
        evaluate(ruleset, &flow, &mut ()).decision != Decision::Undecided
    });
    let count = traffic.len();
    let mut observed = Observed::default();
    if traffic.is_empty() {
        return observed;
    }
    let start = "2026-03-02T00:00:00Z".parse().expect("a time");
    let mut simulation = Simulation::new(ruleset, traffic, 7, start, 500).expect("decided flows");
    let events = simulation.events(4 * count);
    let lines: Vec<String> = events
        .iter()
        .map(|event| {
            let record = if is_legacy { legacy_record } else { structured_record };
            record(event, "/FW").line
        })
        .collect();
    let text = lines.join("\n");
    logs::read(text.as_bytes(), Arc::from("log"), &logs::Options::default(), &mut observed)
        .expect("a log");
    observed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_one_policy_logged_is_allowed_and_denied_again(
        policy in policy(),
        flows in prop::collection::vec(flow(), 1..60),
        roll_up in 0usize..4,
        subnet_sources in 1usize..4,
        dnat_open in 1usize..4,
        is_legacy in any::<bool>(),
    ) {
        let before = compiled(&inventory(&policy));
        let observed = logged(&before, &flows, is_legacy);
        let options = Options { subnet_sources, roll_up, dnat_open, ..Options::default() };
        let suggestion = from_logs(&observed, None, &options);
        let after = compiled(&suggestion.inventory);
        let proof = prove(&observed, &after, None);
        let text = crate::syntax::text::print(&suggestion.inventory);
        prop_assert_eq!(proof.opened.flows, 0, "{:#?}\nof\n{}\nas\n{}", proof, policy, text);
        prop_assert_eq!(proof.moved.flows, 0, "{:#?}\nof\n{}\nas\n{}", proof, policy, text);
        // A denial of `/a/*` before a name is allowed tells `/a` from `/a/`; no allowed URL does.
        let told = suggestion.notes.iter().filter_map(|note| {
            let rest = note.strip_prefix("no rule is made of ")?;
            rest.contains("no target URL tells them").then_some(())?;
            rest.split(' ').next()?.parse::<u64>().ok()
        });
        let told: u64 = told.sum();
        prop_assert_eq!(proof.lost.connections, told, "{:#?}\nof\n{}\nas\n{}", proof, policy, text);
        let is_slash = |flow: &String| flow.contains("/a ") || flow.contains("/a/ ");
        prop_assert!(proof.lost.examples.iter().all(is_slash), "{:?}", proof.lost);
        // The record of an application rule holds no address, that of a network rule no name.
        let index = Index::new(&after);
        for (flow, _) in observed.flows() {
            if index.verdict(flow).decision == Decision::Undecided {
                let is_web = matches!(flow.protocol, FlowProtocol::Application(_));
                let is_tcp = flow.protocol.ip() == crate::net::IpProtocol::TCP;
                prop_assert!(is_web || (is_tcp && !flow.is_without_application), "{flow:?}");
            }
        }
        if !flows.iter().any(|flow| flow.starts_with("gre")) {
            prop_assert_eq!(proof.lost_perhaps.flows, 0, "{:?}", proof.lost_perhaps);
        }
    }
}
