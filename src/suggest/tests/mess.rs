//! Records of everything and its opposite: rules changed between them, and much is missing. Nothing
//! that was denied may be opened, and what is lost must be what no rule could tell from it.

use proptest::prelude::*;
use proptest::sample::select;

use super::compiled;
use crate::analyse::check::{Level, audit};
use crate::evaluate::{Decision, Index};
use crate::flow::{Flow, FlowProtocol, Name};
use crate::logs::{Form, LogRecord, LoggedAction, Origin, RecordKind};
use crate::net::ApplicationProtocol;
use crate::source::{Source, Sources};
use crate::suggest::observed::{denied_to_rules, seen_url, to_rules};
use crate::suggest::{Fate, Observed, Options, from_logs, prove};

const NAMES: [&str; 9] = [
    "a.example.com",
    "a.example.com",
    "b.example.com",
    "c.cdn.example.com",
    "192.0.2.9",
    "a.example.com, *",
    "*.example.com",
    "[2001:db8::9]",
    "",
];
const URLS: [&str; 10] = [
    "",
    "",
    "a.example.com",
    "a.example.com/a",
    "a.example.com/a/",
    "a.example.com/a/1?q=1",
    "a.example.com/a/b/2",
    "http://a.example.com:8080/a/1",
    "b.example.com/x, y/*",
    "b.example.com/a//",
];

type Web = (&'static str, &'static str, &'static str, Option<u16>, (bool, bool));

fn record(kind: RecordKind, source: &str) -> LogRecord {
    let origin = Origin { file: "log".into(), line: 1 };
    let mut record = LogRecord::new(kind, Form::Structured, "AZFW", origin);
    record.source = Some(source.parse().expect("an address"));
    record
}

fn web() -> impl Strategy<Value = LogRecord> {
    let sources = select(vec!["10.0.0.4", "10.0.0.5", "10.0.0.6", "2001:db8::4"]);
    let ports = select(vec![Some(443), Some(443), Some(80), Some(8443), Some(0), None]);
    let what = (select(vec!["http", "https", "https", "mssql"]), select(&NAMES[..]));
    (sources, what, select(&URLS[..]), ports, any::<(bool, bool)>()).prop_map(
        |(source, (protocol, name), url, port, flags)| {
            let (protocol, name, url, port, (has_category, is_proxied)): Web =
                (protocol, name, url, port, flags);
            let mut record = record(RecordKind::Application, source);
            record.protocol = Some(protocol.into());
            record.fqdn = Some(name.into());
            record.url = Some(url).filter(|url| !url.is_empty()).map(Into::into);
            record.destination_port = port;
            record.web_category = has_category.then(|| "News".into());
            record.explicit_proxy = Some(is_proxied);
            record
        },
    )
}

fn packet() -> impl Strategy<Value = LogRecord> {
    let ends = select(vec![
        ("10.0.0.4", "192.0.2.1"),
        ("10.0.0.5", "192.0.2.1"),
        ("10.0.0.5", "198.51.100.1"),
        ("10.0.0.6", "198.51.100.1"),
        ("203.0.113.7", "198.51.100.1"),
        ("2001:db8::4", "2001:db8::1"),
    ]);
    let protocols = select(vec!["tcp", "tcp", "udp", "icmp", "gre", "esp"]);
    let ports = select(vec![Some(443), Some(22), Some(22), Some(0), None]);
    let inner = prop_oneof![4 => Just(None), 1 => select(vec![("10.9.0.1", 22), ("10.9.0.2", 8443)]).prop_map(Some)];
    (ends, protocols, ports, inner, any::<bool>()).prop_map(
        |((source, to), protocol, port, inner, is_default)| {
            let kind = if inner.is_some() { RecordKind::Nat } else { RecordKind::Network };
            let mut record = record(kind, source);
            record.protocol = Some(protocol.into());
            record.destination = Some(to.parse().expect("an address"));
            record.destination_port = port;
            record.is_default_action = is_default;
            if let Some((address, port)) = inner {
                record.translated = Some(address.parse().expect("an address"));
                record.translated_port = Some(port);
            }
            record
        },
    )
}

fn records() -> impl Strategy<Value = Vec<LogRecord>> {
    let actions = select(vec![LoggedAction::Allow, LoggedAction::Allow, LoggedAction::Deny]);
    let one = (prop_oneof![2 => web(), 1 => packet()], actions).prop_map(|(record, action)| {
        let is_nat = record.kind == RecordKind::Nat;
        // Nothing is allowed by default.
        let is_default_action = record.is_default_action && !is_nat && action == LoggedAction::Deny;
        LogRecord {
            is_default_action,
            action: Some(if is_nat { LoggedAction::Dnat } else { action }),
            ..record
        }
    });
    prop::collection::vec(one, 1..50)
}

/// Whether no rule could allow the flow without allowing one that was denied, or at all.
fn is_excused(flow: &Flow, fate: &Fate, denied: &[&Flow]) -> bool {
    let has_port = !flow.protocol.has_ports() || flow.port.is_some_and(|port| port > 0);
    let peers = || denied.iter().filter(|other| other.source == flow.source);
    match flow.protocol {
        _ if !has_port => true,
        FlowProtocol::Ip(_) if fate.translated.is_some() => {
            flow.source.is_ipv6() || !flow.protocol.has_ports()
        }
        FlowProtocol::Ip(_) if flow.protocol.has_ports() || flow.protocol.is_icmp() => false,
        FlowProtocol::Ip(_) => peers().any(|other| {
            let is_named = other.protocol.has_ports() || other.protocol.is_icmp();
            !is_named && other.destination == flow.destination
        }),
        FlowProtocol::Application(protocol) => {
            let Name::Known(name) = &flow.name else { return true };
            let is_odd = |text: &str| text.contains([' ', '*', '[', ',']);
            let is_foreign = protocol == ApplicationProtocol::Http
                && flow.host_port.is_some_and(|port| Some(port) != flow.port);
            if flow.source.is_ipv6() || is_odd(name.as_str()) || is_foreign {
                return true;
            }
            let port = |flow: &Flow| flow.port.unwrap_or_else(|| protocol.default_port());
            let url = |flow: &Flow| seen_url(flow).cloned();
            let alike = |other: &Flow| match (url(flow), url(other)) {
                (Some(url), Some(other)) => {
                    let path = url.path().trim_end_matches('/');
                    url.host == other.host && path == other.path().trim_end_matches('/')
                }
                _ => false,
            };
            let is_odd_url = url(flow).is_none_or(|url| is_odd(&url.to_string()));
            peers().any(|other| {
                other.protocol == flow.protocol
                    && port(other) == port(flow)
                    && ((is_odd_url && other.name == flow.name) || alike(other))
            })
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn nothing_is_opened_and_only_what_cannot_be_told_apart_is_lost(
        records in records(),
        roll_up in 0usize..3,
        subnet_sources in 1usize..3,
        dnat_open in 1usize..3,
    ) {
        let mut observed = Observed::default();
        for record in &records {
            observed.push(record);
        }
        let options = Options { subnet_sources, roll_up, dnat_open, ..Options::default() };
        let suggestion = from_logs(&observed, None, &options);
        let after = compiled(&suggestion.inventory);
        let proof = prove(&observed, &after, None);
        let text = crate::syntax::text::print(&suggestion.inventory);
        prop_assert_eq!(proof.opened.flows, 0, "{:#?}\n{}", proof, text);

        let allowed: Vec<Flow> = observed
            .flows()
            .filter(|(_, fate)| fate.allowed.connections > 0)
            .map(|(flow, _)| to_rules(flow))
            .collect();
        let denied: Vec<&Flow> = observed
            .flows()
            .filter(|(flow, fate)| {
                fate.denied.connections > 0 && !allowed.contains(&denied_to_rules(flow))
            })
            .map(|(flow, _)| flow)
            .collect();
        let index = Index::new(&after);
        for (flow, fate) in observed.flows().filter(|(_, fate)| fate.allowed.connections > 0) {
            let verdict = index.verdict(flow);
            let decision = verdict.decision;
            let is_moved = verdict.translation.is_some() != fate.translated.is_some();
            if decision != Decision::Allow || is_moved {
                let is_guarded = decision == Decision::Undecided && text.contains("deny network");
                prop_assert!(
                    is_guarded || is_excused(flow, fate, &denied),
                    "{flow:?}\n{text}\n{:?}",
                    suggestion.notes
                );
            }
        }

        // All that is lost is told, the result can be kept in a file, and the service takes it.
        let told = suggestion.notes.iter().filter_map(|note| {
            note.strip_prefix("no rule is made of ")?.split(' ').next()?.parse::<u64>().ok()
        });
        let told: u64 = told.sum();
        prop_assert!(proof.lost.connections <= told, "{:?} {:?}", proof.lost, suggestion.notes);
        let mut sources = Sources::default();
        let id = sources.add(Source::new("suggested.azfw", text.as_str()));
        let read = crate::load::read_all(&[id], &sources, &crate::load::Options::default());
        prop_assert_eq!(&read.expect("a rule set").0, &suggestion.inventory);
        for finding in audit(&after, &suggestion.inventory).findings {
            // The one is told, the other costs nothing but a line.
            let is_fine =
                ["tls-inspection-without-certificate", "shadowed-rule"].contains(&finding.check);
            prop_assert!(finding.level != Level::Error || is_fine, "{finding:?}\n{text}");
        }
    }
}
