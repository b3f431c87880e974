//! One line of each shape that the firewall is known to write, and the traps between them.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

#[track_caller]
fn check(text: &str, expected: Expect) {
    let got = match message(text) {
        Ok(message) => shown(&message),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&got);
}

fn shown(message: &Message<'_>) -> String {
    match message {
        Message::Traffic(traffic) => {
            let icmp = traffic.icmp_type.map_or_else(String::new, |number| format!("/{number}"));
            let to = traffic.destination.as_ref().map_or_else(|| "?".to_owned(), end);
            let head = format!("{}{icmp} {} -> {to}", traffic.protocol, end(&traffic.source));
            match &traffic.outcome {
                Outcome::Dnat { translated, rule } => {
                    format!("{head} => {} {}", end(translated), names(rule.as_ref()))
                }
                Outcome::Decision(decision) => format!("{head} {}", decided(decision)),
            }
        }
        Message::ResolveFailure(failure) => {
            format!("{} | {:?} | {}", failure.fqdn, failure.error, names(failure.rule.as_ref()))
        }
        Message::Dns(answer) => format!("{} {answer:?}", end(&answer.client)),
        Message::DnsError(error) => format!("{error:?}"),
    }
}

fn end(end: &Endpoint<'_>) -> String {
    format!("{}|{}", end.host, end.port.map_or_else(String::new, |port| port.to_string()))
}

fn names(names: Option<&RuleNames<'_>>) -> String {
    names.map_or_else(String::new, |names| {
        let or_dash = |name: Option<&str>| name.unwrap_or("-").to_owned();
        let (policy, group) = (or_dash(names.policy), or_dash(names.group));
        let category = or_dash(names.web_category);
        format!("{policy} / {group} / {} / {} ({category})", names.collection, names.rule)
    })
}

fn decided(decision: &Decision<'_>) -> String {
    let cause = match &decision.cause {
        None => "no cause".to_owned(),
        Some(Cause::Rule(rule)) => names(Some(rule)),
        Some(cause) => format!("{cause:?}"),
    };
    let url = decision.url.map_or_else(String::new, |url| format!("<{url}> "));
    format!("{url}{:?} {}: {cause}", decision.action, decision.dots)
}

#[test]
fn network_rules() {
    check(
        "TCP request from 203.0.113.9:12518 to 192.0.2.217:2323. Action: Deny",
        expect!["TCP 203.0.113.9|12518 -> 192.0.2.217|2323 Deny 0: no cause"],
    );
    check(
        "UDP request from 192.0.2.2:51106 to 198.51.100.156:53. Action: Allow. ",
        expect!["UDP 192.0.2.2|51106 -> 198.51.100.156|53 Allow 1: no cause"],
    );
    check(
        "TCP request from [2001:0db8:0000:0000:0000:0000:0000:0004]:42346 to [2001:0db8:0000:0000:0000:0000:0000:8888]:8080. Action: Deny.. ",
        expect![
            "TCP 2001:0db8:0000:0000:0000:0000:0000:0004|42346 -> 2001:0db8:0000:0000:0000:0000:0000:8888|8080 Deny 2: no cause"
        ],
    );
    check(
        "TCP request from 192.0.2.4:44432 to 192.0.2.7:80. Action: Allow. Rule Collection: proxy. Rule: site",
        expect!["TCP 192.0.2.4|44432 -> 192.0.2.7|80 Allow 1: - / - / proxy / site (-)"],
    );
    check(
        "TCP request from 192.0.2.4:44432 to 192.0.2.7:80. Action: Allow.. Rule Collection: proxy. Rule: site",
        expect!["TCP 192.0.2.4|44432 -> 192.0.2.7|80 Allow 2: - / - / proxy / site (-)"],
    );
    check(
        "TCP request from 192.0.2.4:1 to 198.51.100.7:1688. Action: Allow. Policy: hub-0.2.2. Rule Collection Group: net. Rule Collection: out. Rule: to all, 10.0 and more.",
        expect![
            "TCP 192.0.2.4|1 -> 198.51.100.7|1688 Allow 1: hub-0.2.2 / net / out / to all, 10.0 and more. (-)"
        ],
    );
    check(
        "TCP request from 192.0.2.4:1 to 198.51.100.7:80. Action: Deny.. Policy: hub. Rule Collection Group: net. Rule Collection: bad. Rule: web",
        expect!["TCP 192.0.2.4|1 -> 198.51.100.7|80 Deny 2: hub / net / bad / web (-)"],
    );
    check(
        "TCP request from 192.0.2.4:1 to 198.51.100.7:80. Action: Allow. Rule Collection: c. Rule Name: r",
        expect!["TCP 192.0.2.4|1 -> 198.51.100.7|80 Allow 1: - / - / c / r (-)"],
    );
    check(
        "TCP request from 192.0.2.4:1 to 192.0.2.5:443 was allowed. Action: Allow. Rule Collection: out, Rule: https",
        expect!["TCP 192.0.2.4|1 -> 192.0.2.5|443 Allow 1: - / - / out / https (-)"],
    );
}

#[test]
fn icmp() {
    check(
        "ICMP request from 192.0.2.4 to 192.0.2.5. Action: Allow",
        expect!["ICMP 192.0.2.4| -> 192.0.2.5| Allow 0: no cause"],
    );
    check(
        "ICMP Type=8 request from 192.0.2.4 to 192.0.2.5. Action: Deny. ",
        expect!["ICMP/8 192.0.2.4| -> 192.0.2.5| Deny 1: no cause"],
    );
    check(
        "ICMP Type=8 request from 192.0.2.4:0 to 192.0.2.5:0. Action: Deny..",
        expect!["ICMP/8 192.0.2.4|0 -> 192.0.2.5|0 Deny 2: no cause"],
    );
    check(
        "ICMPv6 Type=128 request from [2001:db8::4]:0 to [2001:db8::5]:0. Action: Allow.. Policy: p. Rule Collection Group: g. Rule Collection: c. Rule: r",
        expect!["ICMPv6/128 2001:db8::4|0 -> 2001:db8::5|0 Allow 2: p / g / c / r (-)"],
    );
    check(
        "ICMPv6 Type=128 request from 2001:db8::4 to 2001:db8::5. Action: Allow",
        expect!["ICMPv6/128 2001:db8::4| -> 2001:db8::5| Allow 0: no cause"],
    );
}

#[test]
fn dnat() {
    check(
        "TCP request from 203.0.113.9:61563 to 198.51.100.13:3389 was DNAT'ed to 192.0.2.4:3389",
        expect!["TCP 203.0.113.9|61563 -> 198.51.100.13|3389 => 192.0.2.4|3389 "],
    );
    check(
        "TCP request from 203.0.113.9:61563 to 198.51.100.13:3389 was DNAT'ed to 192.0.2.4:3388. Rule Collection: in. Rule: rdp",
        expect![
            "TCP 203.0.113.9|61563 -> 198.51.100.13|3389 => 192.0.2.4|3388 - / - / in / rdp (-)"
        ],
    );
    check(
        "TCP request from 203.0.113.9:61563 to 198.51.100.13:3389 was DNAT'ed to 192.0.2.4:3389. Policy: p. Rule Collection Group: g. Rule Collection: in. Rule: rdp",
        expect![
            "TCP 203.0.113.9|61563 -> 198.51.100.13|3389 => 192.0.2.4|3389 p / g / in / rdp (-)"
        ],
    );
}

#[test]
fn threat_intelligence() {
    check(
        "HTTP request from 192.0.2.5:54074 to bad.example.com:80. Action: Alert. ThreatIntel: Bot Networks",
        expect![[
            r#"HTTP 192.0.2.5|54074 -> bad.example.com|80 Alert 1: ThreatIntel("Bot Networks")"#
        ]],
    );
    check(
        "HTTP request from 192.0.2.5:54314 to bad.example.com:80. Url: bad.example.com. Action: Deny. ThreatIntel: Bot Networks",
        expect![[
            r#"HTTP 192.0.2.5|54314 -> bad.example.com|80 <bad.example.com> Deny 1: ThreatIntel("Bot Networks")"#
        ]],
    );
    check(
        "TCP request from 192.0.2.5:49680 to 203.0.113.156:1688. Action: Deny. ThreatIntel: Destination reported. See: list.",
        expect![[
            r#"TCP 192.0.2.5|49680 -> 203.0.113.156|1688 Deny 1: ThreatIntel("Destination reported. See: list.")"#
        ]],
    );
}

#[test]
fn signatures() {
    check(
        "TCP request from 192.0.2.2:51890 to 203.0.113.1:443. Action: drop. Signature: 2028816. IDS: JA3 Hash - [list.example] Possible Bad. Priority: 3. Classification: Unknown Traffic",
        expect![[
            r#"TCP 192.0.2.2|51890 -> 203.0.113.1|443 Drop 1: Signature { id: "2028816", description: "JA3 Hash - [list.example] Possible Bad", priority: Some("3"), classification: Some("Unknown Traffic") }"#
        ]],
    );
    check(
        "TCP request from 192.0.2.2:16036 to 192.0.2.10:80. Action: Alert. Rule: 2032081. IDS: USER_AGENTS Odd (Agent). Priority: 1. Classification: A Network Trojan was detected",
        expect![[
            r#"TCP 192.0.2.2|16036 -> 192.0.2.10|80 Alert 1: Signature { id: "2032081", description: "USER_AGENTS Odd (Agent)", priority: Some("1"), classification: Some("A Network Trojan was detected") }"#
        ]],
    );
    check(
        "ICMP request from 192.0.2.2: to 203.0.113.1:. Action: alert. Signature: 2100366. IDS: ICMP_INFO PING *NIX. Priority: 3. Classification: Misc activity",
        expect![[
            r#"ICMP 192.0.2.2| -> 203.0.113.1| Alert 1: Signature { id: "2100366", description: "ICMP_INFO PING *NIX", priority: Some("3"), classification: Some("Misc activity") }"#
        ]],
    );
}

#[test]
fn application_rules() {
    check(
        "HTTPS request from 192.0.2.5:55640 to www.example.com:443. Action: Allow. Rule Collection: c. Rule: r",
        expect!["HTTPS 192.0.2.5|55640 -> www.example.com|443 Allow 1: - / - / c / r (-)"],
    );
    check(
        "HTTP  request from 192.0.2.5:50776 to ocsp.example.com:80. Url: ocsp.example.com/MFQ=. Action: Allow. Policy: hub. Rule Collection Group: app. Rule Collection: web-500. Rule: to allowed, HTTP",
        expect![
            "HTTP 192.0.2.5|50776 -> ocsp.example.com|80 <ocsp.example.com/MFQ=> Allow 1: hub / app / web-500 / to allowed, HTTP (-)"
        ],
    );
    check(
        "HTTPS request from 192.0.2.5:50776 to www.example.com:443. Url: www.example.com/a. Action: Allow . Policy: p. Rule Collection Group: g. Rule Collection: c. Rule: business use. Web Category: ComputersAndTechnology",
        expect![
            "HTTPS 192.0.2.5|50776 -> www.example.com|443 <www.example.com/a> Allow 1: p / g / c / business use (ComputersAndTechnology)"
        ],
    );
    check(
        "HTTPS request from 192.0.2.5:50776 to www.example.com:443. Action: Allow. Rule Collection: c. Rule: r. Web Category: ",
        expect!["HTTPS 192.0.2.5|50776 -> www.example.com|443 Allow 1: - / - / c / r (-)"],
    );
    check(
        "HTTPS request from 192.0.2.5:50776 to www.example.com:443. Action: Allow. Rule Collection: hub:app:web. Rule: r",
        expect!["HTTPS 192.0.2.5|50776 -> www.example.com|443 Allow 1: hub / app / web / r (-)"],
    );
    check(
        "HTTPS request from 192.0.2.5:56029 to www.example.com:443. Action: Deny. No rule matched. Proceeding with default action",
        expect![[
            r#"HTTPS 192.0.2.5|56029 -> www.example.com|443 Deny 1: Reason("No rule matched. Proceeding with default action")"#
        ]],
    );
    check(
        "HTTP  request from 192.0.2.5:55202 to www.example.com:80. Url: www.example.com/a.cab. Action: Deny. No rule matched. Proceeding with default action",
        expect![[
            r#"HTTP 192.0.2.5|55202 -> www.example.com|80 <www.example.com/a.cab> Deny 1: Reason("No rule matched. Proceeding with default action")"#
        ]],
    );
    check(
        "HTTPS request from 192.0.2.5:59060 to no.example.com:443. Action: Deny. Failed to resolve address no.example.com:443: lookup no.example.com on 192.0.2.53:53: no such host",
        expect![[
            r#"HTTPS 192.0.2.5|59060 -> no.example.com|443 Deny 1: Reason("Failed to resolve address no.example.com:443: lookup no.example.com on 192.0.2.53:53: no such host")"#
        ]],
    );
}

#[test]
fn a_handshake_without_a_name_has_no_destination() {
    check(
        "HTTPS request from 192.0.2.5:6065. Action: Deny. Reason: SNI TLS extension was missing.",
        expect![[r#"HTTPS 192.0.2.5|6065 -> ? Deny 1: Reason("SNI TLS extension was missing.")"#]],
    );
    check(
        "HTTPS request from 192.0.2.5:6065 was denied. Reason: SNI TLS extension was missing.",
        expect![[r#"HTTPS 192.0.2.5|6065 -> ? Deny 1: Reason("SNI TLS extension was missing.")"#]],
    );
}

#[test]
fn a_url_may_hold_the_words_of_the_firewall() {
    check(
        "HTTP  request from 192.0.2.5:1 to a.example.com:80. Url: a.example.com/. Action: Allow. Rule Collection: c. Rule: r. Action: Deny. No rule matched. Proceeding with default action",
        expect![[
            r#"HTTP 192.0.2.5|1 -> a.example.com|80 <a.example.com/. Action: Allow. Rule Collection: c. Rule: r> Deny 1: Reason("No rule matched. Proceeding with default action")"#
        ]],
    );
    // Both the URL and the name that is repeated in the reason are written by strangers.
    check(
        "HTTP  request from 192.0.2.5:1 to a:80. Url: a/. Action: Deny. Failed to resolve address a. Action: Allow. Rule Collection: c. Rule: r",
        expect!["message not understood: expected a single action at character 46"],
    );
    check(
        "HTTPS request from 192.0.2.5:1 to a.example.com. Action: Allow. x:443. Action: Deny. No rule matched",
        expect!["message not understood: expected a single action at character 50"],
    );
    check(
        "HTTPS request from 192.0.2.5:1 to a was DNAT'ed to 192.0.2.1:2. Rule Collection: c. Rule: r:443. Action: Deny. No rule matched",
        expect!["message not understood: expected a translation without an action at character 65"],
    );
}

#[test]
fn dns() {
    check(
        "DNS Request: 192.0.2.6:5350 - 10407 A IN www.example.com. udp 40 false 1232 NOERROR qr,aa,rd,ra 56 0.000324423s",
        expect![[
            r#"192.0.2.6|5350 DnsAnswer { client: Endpoint { host: "192.0.2.6", port: Some(5350) }, id: 10407, query_type: "A", class: "IN", name: "www.example.com.", protocol: "udp", request_size: 40, dnssec_ok: false, edns_size: 1232, rcode: "NOERROR", flags: "qr,aa,rd,ra", response_size: 56, seconds: "0.000324423" }"#
        ]],
    );
    check(
        "DNS Request: [2001:db8::4]:33693 - 2909 AAAA IN example.com. tcp 51 true 65535 NOERROR qr,rd,ra 180 0.011643577s",
        expect![[
            r#"2001:db8::4|33693 DnsAnswer { client: Endpoint { host: "2001:db8::4", port: Some(33693) }, id: 2909, query_type: "AAAA", class: "IN", name: "example.com.", protocol: "tcp", request_size: 51, dnssec_ok: true, edns_size: 65535, rcode: "NOERROR", flags: "qr,rd,ra", response_size: 180, seconds: "0.011643577" }"#
        ]],
    );
    check(
        " Error: 2 time.example.com. A: read udp 192.0.2.5:49126->198.51.100.16:53: i/o timeout",
        expect![[
            r#"DnsError { number: 2, name: "time.example.com.", query_type: "A", error: "read udp 192.0.2.5:49126->198.51.100.16:53: i/o timeout", server: Some("198.51.100.16:53") }"#
        ]],
    );
}

#[test]
fn odd_variants() {
    // Names are left out from the front: a classic firewall has neither policy nor group.
    check(
        "TCP request from 192.0.2.4:1 to 198.51.100.7:443. Action: Allow. Policy: p. Rule Collection: c. Rule: r",
        expect!["TCP 192.0.2.4|1 -> 198.51.100.7|443 Allow 1: p / - / c / r (-)"],
    );
    check(
        "TCP request from 192.0.2.4:1 to 198.51.100.7:443. Action: Allow. Rule Collection Group: g. Rule Collection: c. Rule: r",
        expect!["TCP 192.0.2.4|1 -> 198.51.100.7|443 Allow 1: - / g / c / r (-)"],
    );
    check(
        "HTTPS request from 192.0.2.4:1 to a.example.com.:443. Url: a.example.com/x. Action: Allow . Policy: p. Rule Collection Group: g. Rule Collection: c. Rule: r. Web Category: News",
        expect![
            "HTTPS 192.0.2.4|1 -> a.example.com.|443 <a.example.com/x> Allow 1: p / g / c / r (News)"
        ],
    );
    check(
        "MSSQL request from 192.0.2.4:1 to db.database.windows.net:1433. Action: Allow. Rule Collection: c. Rule: r",
        expect!["MSSQL 192.0.2.4|1 -> db.database.windows.net|1433 Allow 1: - / - / c / r (-)"],
    );
    check(
        "HTTPS request from 192.0.2.4:1 to 192.0.2.5:443. Action: Deny. No rule matched. Proceeding with default action.",
        expect![[
            r#"HTTPS 192.0.2.4|1 -> 192.0.2.5|443 Deny 1: Reason("No rule matched. Proceeding with default action.")"#
        ]],
    );
    check(
        "TCP request from [2001:db8::4]:1 to [2001:db8::5]:443 was DNAT'ed to [2001:db8::6]:8443. Rule Collection: c. Rule: r",
        expect!["TCP 2001:db8::4|1 -> 2001:db8::5|443 => 2001:db8::6|8443 - / - / c / r (-)"],
    );
    check(
        "ICMP  Type=8  request from 192.0.2.4: to 198.51.100.7:. Action: Deny.",
        expect!["ICMP/8 192.0.2.4| -> 198.51.100.7| Deny 1: no cause"],
    );
    check(
        "ESP request from 192.0.2.4 to 198.51.100.7. Action: Deny",
        expect!["ESP 192.0.2.4| -> 198.51.100.7| Deny 0: no cause"],
    );
}

#[test]
fn signatures_with_quotes_and_colons_or_cut_short() {
    check(
        "TCP request from 192.0.2.4:1 to 198.51.100.7:443. Action: Alert. Signature: 2024897. IDS: ET \"quoted\": text, a: b (x). Priority: 3. Classification: Misc: activity",
        expect![[
            r#"TCP 192.0.2.4|1 -> 198.51.100.7|443 Alert 1: Signature { id: "2024897", description: "ET \"quoted\": text, a: b (x)", priority: Some("3"), classification: Some("Misc: activity") }"#
        ]],
    );
    check(
        "TCP request from 192.0.2.4:1 to 198.51.100.7:443. Action: Alert. Signature: 2024897. IDS: ET text. Priority: 3",
        expect![[
            r#"TCP 192.0.2.4|1 -> 198.51.100.7|443 Alert 1: Signature { id: "2024897", description: "ET text", priority: Some("3"), classification: None }"#
        ]],
    );
    check(
        "TCP request from 192.0.2.4:1 to 198.51.100.7:443. Action: Deny. Rule: 2024897. IDS: ET text. ",
        expect![[
            r#"TCP 192.0.2.4|1 -> 198.51.100.7|443 Deny 1: Signature { id: "2024897", description: "ET text", priority: None, classification: None }"#
        ]],
    );
}

#[test]
fn resolve_failures() {
    check(
        "Failed to resolve FQDN a.example.com: no such host. Policy: p. Rule Collection Group: g. Rule Collection: c. Rule: r",
        expect![[r#"a.example.com | Some("no such host") | p / g / c / r (-)"#]],
    );
    check(
        "Failed to resolve FQDN api.example.com. Error lookup api.example.com on 192.0.2.53:53: read udp 192.0.2.6:1->192.0.2.6:2: read: connection refused; DNS resolution returned no IPv4 IPs. Rule Collection: hub:net:names. Rule: allow-api",
        expect![[
            r#"api.example.com | Some("lookup api.example.com on 192.0.2.53:53: read udp 192.0.2.6:1->192.0.2.6:2: read: connection refused; DNS resolution returned no IPv4 IPs") | hub / net / names / allow-api (-)"#
        ]],
    );
    check("Failed to resolve FQDN api.example.com.", expect!["api.example.com | None | "]);
}

#[test]
fn what_is_no_sentence_says_where_it_stops_being_one() {
    check("", expect!["message not understood: expected `PROTOCOL request from` at character 1"]);
    check(
        "Action: Deny. Reason: No rule matched. Proceeding with default action.",
        expect!["message not understood: expected `PROTOCOL request from` at character 1"],
    );
    check(
        "TCP request from 192.0.2.4:1 to 198.51.100.7:80",
        expect!["message not understood: expected an action at character 48"],
    );
    check(
        "TCP request from 192.0.2.4:1 to 198.51.100.7:70000. Action: Deny",
        expect!["message not understood: expected a port (0-65535) at character 33"],
    );
    check(
        "TCP request from 192.0.2.4:1 to 198.51.100.7:80. Action: Allowed",
        expect![
            "message not understood: expected `Allow`, `Deny`, `Alert` or `Drop` at character 58"
        ],
    );
    check(
        "TCP request from 192.0.2.4:1 to 198.51.100.7:80. Action: Allow/Deny",
        expect![
            "message not understood: expected `Allow`, `Deny`, `Alert` or `Drop` at character 58"
        ],
    );
    check(
        "TCP request from :1 to 198.51.100.7:80. Action: Allow",
        expect!["message not understood: expected an address at character 18"],
    );
    check(
        "DNS Request: 192.0.2.6:5350 - 10407 A IN",
        expect!["message not understood: expected the fields of a DNS query at character 29"],
    );
}

/// Words of the grammar in any order come closer to the parsers than random characters.
fn sentence() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "TCP",
        "HTTP ",
        "ICMP Type=",
        " request from ",
        "192.0.2.1",
        "[",
        "]",
        ":",
        ". ",
        ".",
        " ",
        " to ",
        " was DNAT'ed to ",
        "Url: ",
        "Action: ",
        "Allow",
        "Deny",
        "Policy: ",
        "Rule Collection Group: ",
        "Rule Collection: ",
        "Rule: ",
        "Web Category:",
        "Signature: ",
        "IDS: ",
        "Priority: ",
        "Classification: ",
        "DNS Request: ",
        " - ",
        "Error: ",
        "Failed to resolve FQDN ",
        "7",
        "é",
        "\u{0}",
        "true",
        ",",
    ]);
    prop::collection::vec(words, 0..24).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_too_odd(text in any::<String>()) {
        let _ = message(&text);
    }

    #[test]
    fn no_sentence_is_too_odd(text in sentence()) {
        if let Err(error) = message(&text) {
            prop_assert!(error.offset() <= text.len());
        }
    }

    #[test]
    fn nothing_in_a_url_changes_the_decision(url in sentence()) {
        prop_assume!(!url.contains(". Failed to resolve "));
        let text = format!("HTTP  request from 192.0.2.5:1 to a:80. Url: {url}. Action: Deny. No rule matched");
        let Ok(Message::Traffic(Traffic { outcome: Outcome::Decision(decision), .. })) = message(&text)
        else { return Err(TestCaseError::fail("no decision")) };
        prop_assert_eq!(decision.action, Action::Deny);
        prop_assert_eq!(decision.cause, Some(Cause::Reason("No rule matched")));
    }

    #[test]
    fn the_names_of_a_rule_come_back(
        policy in "[A-Za-z0-9][A-Za-z0-9._-]{0,20}",
        collection in "[A-Za-z0-9][A-Za-z0-9._-]{0,20}",
        rule in "[A-Za-z0-9][A-Za-z0-9 ,._/-]{0,20}[A-Za-z0-9]",
    ) {
        let text = format!(
            "TCP request from 192.0.2.5:1 to 192.0.2.6:80. Action: Allow.. Policy: {policy}. \
             Rule Collection Group: g. Rule Collection: {collection}. Rule: {rule}"
        );
        let Ok(Message::Traffic(Traffic { outcome: Outcome::Decision(decision), .. })) = message(&text)
        else { return Err(TestCaseError::fail("no decision")) };
        let expected = RuleNames {
            policy: Some(policy.as_str()),
            group: Some("g"),
            collection: collection.as_str(),
            rule: rule.as_str(),
            web_category: None,
        };
        prop_assert_eq!(decision.cause, Some(Cause::Rule(expected)));
    }
}
