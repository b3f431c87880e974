//! From records to rules, and through them again.

use expect_test::{Expect, expect};
use jiff::SignedDuration;
use proptest::prelude::*;

mod world;

use super::*;
use crate::compile::{self, Ruleset, compile};
use crate::logs::{Form, LogRecord, LoggedAction, Origin, RecordKind};
use crate::source::{Source, Sources};

/// `allow tcp 10.0.0.4 -> 192.0.2.1:443`, one record a line; `nat` lines end in `=> address:port`.
fn observed(text: &str) -> Observed {
    let mut observed = Observed::default();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    for (number, line) in lines.enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [action, protocol, source, "->", target, rest @ ..] = words.as_slice() else {
            panic!("`{line}` is no record");
        };
        let (target, port) = target.rsplit_once(':').expect("a port");
        let is_web = ["http", "https"].contains(protocol);
        let kind = match *action {
            "nat" => RecordKind::Nat,
            _ if is_web => RecordKind::Application,
            _ => RecordKind::Network,
        };
        let origin = Origin { file: "log".into(), line: number as u64 + 1 };
        let mut record = LogRecord::new(kind, Form::Structured, "AZFWNetworkRule", origin);
        let start: jiff::Timestamp = "2026-03-02T00:00:00Z".parse().expect("a time");
        record.time = Some(start + SignedDuration::from_hours(i64::try_from(number).expect("few")));
        record.protocol = Some((*protocol).into());
        record.source = Some(source.parse().expect("a source"));
        match target.parse() {
            Ok(address) => record.destination = Some(address),
            Err(_) => record.fqdn = Some(target.into()),
        }
        record.destination_port = Some(port.parse().expect("a port"));
        record.action = Some(match *action {
            "allow" => LoggedAction::Allow,
            "deny" => LoggedAction::Deny,
            "nat" => LoggedAction::Dnat,
            other => panic!("`{other}` is no action"),
        });
        if let ["=>", inner] = rest {
            let (address, port) = inner.rsplit_once(':').expect("a port");
            record.translated = Some(address.parse().expect("an address"));
            record.translated_port = Some(port.parse().expect("a port"));
        }
        observed.push(&record);
    }
    observed
}

fn compiled(inventory: &Inventory) -> Ruleset {
    compile(inventory, &compile::Options::default()).expect("a rule set").0
}

#[track_caller]
fn check(records: &str, options: &Options, expected: Expect) -> Proof {
    let observed = observed(records);
    let suggestion = from_logs(&observed, None, options);
    let text = crate::syntax::text::print(&suggestion.inventory);
    expected.assert_eq(&format!("{text}{}", suggestion.notes.join("\n")));
    prove(&observed, &compiled(&suggestion.inventory), None)
}

const TRAFFIC: &str = "
    allow udp 10.0.0.4 -> 10.9.0.53:53
    allow tcp 10.0.0.4 -> 10.9.0.53:53
    allow udp 10.0.0.5 -> 10.9.0.53:53
    allow tcp 10.0.0.5 -> 10.9.0.53:53
    allow tcp 10.0.1.7 -> 192.0.2.1:22
    deny tcp 10.0.0.4 -> 192.0.2.1:22
    allow https 10.0.0.4 -> a.cdn.example.com:443
    allow https 10.0.0.4 -> b.cdn.example.com:443
    allow https 10.0.0.5 -> a.cdn.example.com:443
    allow https 10.0.0.5 -> b.cdn.example.com:443
    deny https 10.0.0.5 -> telemetry.example.org:443
    nat tcp 203.0.113.9 -> 198.51.100.1:443 => 10.0.2.4:8443
    allow tcp 203.0.113.9 -> 10.0.2.4:8443
";

#[test]
fn rules_hold_what_was_allowed_and_nothing_else() {
    let proof = check(
        TRAFFIC,
        &Options::default(),
        expect![[r#"
            policy suggested

            group SuggestedDnat 100

              dnat observed-dnat 100
                tcp-443-to-10.0.2.4: tcp 203.0.113.9 -> 198.51.100.1 : 443 => 10.0.2.4 : 8443 "1 connection of 1 source, 2026-03-02"

            group SuggestedNetwork 200

              allow network observed-network 100
                tcp-udp-53-to-10.9.0.53: tcp, udp 10.0.0.0/24 -> 10.9.0.53 : 53 "4 connections of 2 sources, 2026-03-02"
                tcp-22-to-192.0.2.1: tcp 10.0.1.7 -> 192.0.2.1 : 22 "1 connection of 1 source, 2026-03-02"

            group SuggestedApplication 300

              allow application observed-application 100
                example.com: https:443 10.0.0.0/24 -> a.cdn.example.com, b.cdn.example.com "4 connections of 2 sources, 2026-03-02"
        "#]],
    );
    assert!(proof.is_complete(), "{proof:?}");
    assert_eq!((proof.allowed, proof.denied), (10, 2));
}

#[test]
fn many_names_become_a_wildcard_when_asked() {
    let options = Options { roll_up: 2, ..Options::default() };
    let proof = check(
        "allow https 10.0.0.4 -> a.cdn.example.com:443
         allow https 10.0.0.4 -> b.cdn.example.com:443",
        &options,
        expect![[r#"
            policy suggested

            group SuggestedApplication 300

              allow application observed-application 100
                cdn.example.com: https:443 10.0.0.4 -> *.cdn.example.com "2 connections of 1 source, 2026-03-02"
        "#]],
    );
    assert!(proof.is_complete());
}

#[test]
fn a_denied_neighbour_keeps_a_subnet_out() {
    let proof = check(
        "allow tcp 10.0.0.4 -> 192.0.2.1:22
         allow tcp 10.0.0.5 -> 192.0.2.1:22
         deny tcp 10.0.0.6 -> 192.0.2.1:22
         allow gre 10.0.0.5 -> 192.0.2.1:0",
        &Options::default(),
        expect![[r#"
            policy suggested

            group SuggestedNetwork 200

              allow network observed-network 100
                tcp-22-to-192.0.2.1: tcp 10.0.0.4, 10.0.0.5 -> 192.0.2.1 : 22 "2 connections of 2 sources, 2026-03-02"
            connections of a protocol that only a rule for `Any` would allow: 1"#]],
    );
    assert_eq!((proof.opened.flows, proof.lost.connections), (0, 1), "{proof:?}");
}

const POLICY: &str = "
policy edge
group net 200
  allow network base 100
    dns: tcp, udp * -> 10.9.0.0/24, 10.8.0.0/24 : 53
    ssh: tcp 10.0.0.0/8 -> * : 22, 1000-2000
    never: tcp 10.0.0.0/8 -> * : 3389
  deny network no 90
    telnet: tcp * -> * : 23
group web 300
  allow application sites 100
    cdn: http:80, https:443 10.0.0.0/16 -> *.cdn.example.com, www.example.net
";

#[test]
fn a_policy_is_cut_to_what_was_used() {
    let mut sources = Sources::default();
    let id = sources.add(Source::new("edge.azfw", POLICY));
    let read = crate::load::read_all(&[id], &sources, &crate::load::Options::default());
    let (inventory, _) = read.expect("a rule set");
    let observed = observed(TRAFFIC);
    let ruleset = compiled(&inventory);
    let suggestion = narrowed(&observed, &ruleset, &inventory, &Options::default());
    let text = crate::syntax::text::print(&suggestion.inventory);
    expect![[r#"
        policy edge

        group net 200

          allow network base 100
            dns: tcp, udp 10.0.0.0/24 -> 10.9.0.0/24 : 53
            ssh: tcp 10.0.1.7 -> 192.0.2.1 : 22

          deny network no 90
            telnet: tcp * -> * : 23

        group web 300

          allow application sites 100
            cdn: https:443 10.0.0.0/16 -> *.cdn.example.com
        allowed in the logs, and denied by the policy as it stands: 1
        narrowed to 4 connections of 2 sources, 2026-03-02: net/base/dns
        narrowed to 1 connection of 1 source, 2026-03-02: net/base/ssh
        left out, because nothing used it: net/base/never
        narrowed to 4 connections of 2 sources, 2026-03-02: web/sites/cdn"#]]
    .assert_eq(&format!("{text}{}", suggestion.notes.join("\n")));
    let proof = prove(&observed, &compiled(&suggestion.inventory), None);
    assert_eq!(proof.opened.flows, 0, "{proof:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_suggested_is_proven(
        records in prop::collection::vec((0u8..6, 0u8..5, 0u8..4, 0u8..3, any::<bool>()), 1..60),
        roll_up in 0usize..4,
        subnet_sources in 1usize..4,
    ) {
        let line = |&(source, target, kind, port, is_allowed): &(u8, u8, u8, u8, bool)| {
            let action = if is_allowed { "allow" } else { "deny" };
            let source = format!("10.0.{}.{}", source / 4, source % 4);
            match kind {
                0 => format!("{action} udp {source} -> 192.0.2.{target}:{}", 53 + port),
                1 => format!("{action} tcp {source} -> 192.0.2.{target}:{}", 53 + port),
                2 => format!("{action} https {source} -> n{target}.z{port}.example.com:443"),
                _ => format!("{action} http {source} -> n{target}.z{port}.example.com:80"),
            }
        };
        let lines: Vec<String> = records.iter().map(line).collect();
        let observed = observed(&lines.join("\n"));
        let options = Options { subnet_sources, roll_up, ..Options::default() };
        let suggestion = from_logs(&observed, None, &options);
        prop_assert!(suggestion.notes.is_empty());
        if !observed.has_no_allowed() {
            let proof = prove(&observed, &compiled(&suggestion.inventory), None);
            prop_assert!(proof.holds(), "{:?}", proof);
            // What an application rule logs has no address, which a network rule may ask for.
            prop_assert_eq!(proof.lost_perhaps.flows, 0);
            // It can be kept in a file.
            let text = crate::syntax::text::print(&suggestion.inventory);
            let mut sources = Sources::default();
            let id = sources.add(Source::new("suggested.azfw", text));
            let read = crate::load::read_all(&[id], &sources, &crate::load::Options::default());
            prop_assert_eq!(read.expect("a rule set").0, suggestion.inventory);
        }
    }
}
