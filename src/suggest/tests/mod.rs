//! From records to rules, and through them again.

use expect_test::{Expect, expect};
use jiff::SignedDuration;
use proptest::prelude::*;

mod mess;
mod narrow;
pub(crate) mod world;

use super::*;
use crate::compile::{self, Ruleset, compile};
use crate::logs::{Form, LogRecord, LoggedAction, Origin, RecordKind};
use crate::source::{Source, Sources};

/// `allow tcp 10.0.0.4 -> 192.0.2.1:443`, one record a line; `nat` lines end in `=> address:port`,
/// those with a URL in its path. `threat` is denied by threat intelligence, `drop` by IDPS.
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
            "threat" => RecordKind::ThreatIntel,
            "drop" => RecordKind::Idps,
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
            "deny" | "threat" | "drop" => LoggedAction::Deny,
            "nat" => LoggedAction::Dnat,
            other => panic!("`{other}` is no action"),
        });
        if let [path] = rest {
            record.url = record.fqdn.as_ref().map(|name| format!("{name}{path}").into());
        }
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

              deny network named-protocols-denied 200
                no-tcp-udp-icmp-to-192.0.2.1: tcp, udp, icmp 10.0.0.5 -> 192.0.2.1 : * "the rules for other protocols do not reach it"

              allow network observed-other-protocols 300
                any-to-192.0.2.1: any 10.0.0.5 -> 192.0.2.1 : * "1 connection of 1 source, 2026-03-02"
        "#]],
    );
    assert!(proof.is_complete(), "{proof:?}");
}

#[test]
fn urls_divide_what_one_name_was_allowed_and_denied() {
    let proof = check(
        "allow https 10.0.0.4 -> api.example.com:443 /orders/17
         allow https 10.0.0.5 -> api.example.com:443 /orders/old/18
         allow https 10.0.0.5 -> api.example.com:443 /status
         allow https 10.0.0.6 -> api.example.com:443 /refunds/open/1
         allow https 10.0.0.7 -> api.example.com:443
         deny https 10.0.0.5 -> api.example.com:443 /refunds/17
         deny https 10.0.0.6 -> api.example.com:443 /
         deny https 10.0.0.9 -> api.example.com:443 /orders/17
         deny https 10.0.0.4 -> www.example.net:443 /
         allow https 10.0.1.4 -> www.example.net:443 /",
        &Options::default(),
        expect![[r#"
            policy suggested
              tier Premium

            group SuggestedApplication 300

              allow application observed-application 100
                api.example.com: https:443 10.0.0.7 -> api.example.com "1 connection of 1 source, 2026-03-02"
                www.example.net: https:443 10.0.1.4 -> www.example.net "1 connection of 1 source, 2026-03-02"
                api.example.com-urls: https:443 10.0.0.4, 10.0.0.5 -> url api.example.com/orders/* inspect "2 connections of 2 sources, 2026-03-02"
                api.example.com-urls-2: https:443 10.0.0.5 -> url api.example.com/status inspect "1 connection of 1 source, 2026-03-02"
                api.example.com-urls-3: https:443 10.0.0.6 -> url api.example.com/refunds/open/* inspect "1 connection of 1 source, 2026-03-02"
            rules by target URL, where one name was allowed and denied to the same source, need the Premium tier
            BEFORE IT IS DEPLOYED: rules with `inspect` need the certificate authority of TLS inspection, which logs do not name; add `tls-inspection NAME` to the policy"#]],
    );
    assert!(proof.is_complete(), "{proof:?}");
}

#[test]
fn what_no_url_tells_apart_is_not_opened() {
    let proof = check(
        "allow https 10.0.0.4 -> api.example.com:443
         deny https 10.0.0.4 -> api.example.com:443 /refunds/17
         allow http 10.0.0.4 -> www.example.net:80 /a
         deny http 10.0.0.4 -> www.example.net:80 /a/
         allow https 10.0.0.4 -> bad,name:443
         allow https 10.0.0.4 -> fine.example.com:443",
        &Options::default(),
        expect![[r#"
            policy suggested

            group SuggestedApplication 300

              allow application observed-application 100
                fine.example.com: https:443 10.0.0.4 -> fine.example.com "1 connection of 1 source, 2026-03-02"
            no rule is made of 1 allowed connection, because no rule can hold such a name
            no rule is made of 1 allowed connection, because no target URL tells them from a request that was denied to the same source
            no rule is made of 1 allowed connection, because their records hold no URL, and their source was denied a request of the same name"#]],
    );
    assert_eq!((proof.lost.connections, proof.opened.flows), (3, 0), "{proof:?}");
}

#[test]
fn what_inspection_denied_stays_denied_by_it() {
    let proof = check(
        "allow tcp 10.0.0.4 -> 192.0.2.1:22
         threat tcp 10.0.0.4 -> 192.0.2.1:22
         drop tcp 10.0.0.4 -> 192.0.2.1:22",
        &Options::default(),
        expect![[r#"
            policy suggested
              tier Premium
              threat-intel Deny
              idps Deny

            group SuggestedNetwork 200

              allow network observed-network 100
                tcp-22-to-192.0.2.1: tcp 10.0.0.4 -> 192.0.2.1 : 22 "1 connection of 1 source, 2026-03-02"
            threat intelligence is set to deny, as it denied 1 connection
            IDPS is set to deny, as it denied 1 connection"#]],
    );
    assert!(proof.is_complete(), "{proof:?}");
    assert_eq!((proof.allowed, proof.denied, proof.both), (1, 2, 0));
}

#[test]
fn nobody_is_translated_to_where_another_was() {
    let options = Options { dnat_open: 2, ..Options::default() };
    let proof = check(
        "nat tcp 10.0.0.4 -> 198.51.100.1:443 => 10.9.0.1:8443
         nat tcp 10.0.0.5 -> 198.51.100.1:443 => 10.9.0.1:8443
         nat tcp 10.0.0.6 -> 198.51.100.1:443 => 10.9.0.2:8443
         nat tcp 203.0.113.8 -> 198.51.100.1:8022 => 10.9.0.1:22
         nat tcp 203.0.113.9 -> 198.51.100.1:8022 => 10.9.0.1:22
         nat tcp 203.0.113.8 -> 198.51.100.1:80 => 10.9.0.1:80
         nat tcp 203.0.113.9 -> 198.51.100.1:80 => 10.9.0.1:80
         allow tcp 10.0.0.7 -> 198.51.100.1:443",
        &options,
        expect![[r#"
            policy suggested

            group SuggestedDnat 100

              dnat observed-dnat 100
                tcp-80-to-10.9.0.1: tcp * -> 198.51.100.1 : 80 => 10.9.0.1 : 80 "2 connections of 2 sources, 2026-03-02"
                tcp-443-to-10.9.0.1: tcp 10.0.0.4, 10.0.0.5 -> 198.51.100.1 : 443 => 10.9.0.1 : 8443 "2 connections of 2 sources, 2026-03-02"
                tcp-443-to-10.9.0.2: tcp 10.0.0.6 -> 198.51.100.1 : 443 => 10.9.0.2 : 8443 "1 connection of 1 source, 2026-03-02"
                tcp-8022-to-10.9.0.1: tcp 203.0.113.8, 203.0.113.9 -> 198.51.100.1 : 8022 => 10.9.0.1 : 22 "2 connections of 2 sources, 2026-03-02"

            group SuggestedNetwork 200

              allow network observed-network 100
                tcp-443-to-198.51.100.1: tcp 10.0.0.7 -> 198.51.100.1 : 443 "1 connection of 1 source, 2026-03-02"
        "#]],
    );
    assert!(proof.is_complete(), "{proof:?}");
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
