//! Each check on the smallest rule set that shows it.

use super::{CHECKS, audit};
use crate::analyse::small_world;

/// What a check finds: level and rule, `-` for a setting. A witness is there where one is promised.
#[track_caller]
fn check(name: &str, text: &str, expected: &[&str]) {
    assert!(CHECKS.iter().any(|check| check.name == name), "{name}");
    let text = format!("policy p\n  tier Premium\n{text}");
    let (ruleset, inventory) = (small_world::ruleset(&text), small_world::inventory(&text));
    let audit = audit(&ruleset, &inventory);
    assert_eq!(audit.inconsistencies, Vec::<String>::new());
    let found = audit.findings.iter().filter(|finding| finding.check == name);
    let found: Vec<String> = found
        .map(|finding| {
            let rule =
                finding.rule.as_ref().map_or_else(|| "-".to_owned(), |path| path.rule.to_string());
            format!("{} {rule}", finding.level.name())
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn every_check_has_a_page_that_begins_with_its_name() {
    for check in CHECKS {
        assert!(check.page.starts_with(&format!("# {}\n", check.name)), "{}", check.name);
        for part in
            ["What it finds", "Why it matters", "Example", "Instead", "Limits", "References"]
        {
            assert!(check.page.contains(&format!("\n## {part}\n")), "{}: {part}", check.name);
        }
    }
    assert!(CHECKS.windows(2).all(|pair| pair[0].name < pair[1].name));
}

#[test]
fn wide_rules() {
    let network = |line: &str| format!("group g 200\n  allow network n 100\n    r: {line}\n");
    check("any-to-any", &network("tcp * -> * : 22"), &["warning r"]);
    check("any-to-any", &network("any * -> * : *"), &["error r"]);
    check("any-to-any", &network("tcp 10.0.0.0/8 -> * : 22"), &[]);
    check("wide-source", &network("tcp * -> 10.0.0.0/8 : 22"), &["warning r"]);
    check("wide-source", &network("tcp 10.0.0.0/8 -> 10.0.0.0/8 : 22"), &[]);
    check("wide-destination", &network("tcp 10.0.0.0/8 -> * : 22"), &["info r"]);
    check("wide-destination", &network("tcp 10.0.0.0/8 -> * : 1-9"), &["warning r"]);
    check("wide-ports", &network("tcp 10.0.0.4 -> 10.0.0.5 : *"), &["warning r"]);
    check("wide-ports", &network("udp 10.0.0.4 -> 10.0.0.5 : 5000-5998"), &[]);
    check("wide-ports", &network("udp 10.0.0.4 -> 10.0.0.5 : 5000-5999"), &["info r"]);
}

#[test]
fn management_ports_count_only_where_the_rule_decides() {
    let inbound = "group g 200\n  allow network n 200\n    r: tcp * -> 10.0.0.4 : 3389\n";
    check("management-port-open", inbound, &["error r"]);
    let denied =
        format!("{inbound}  deny network d 100\n    d: tcp 0.0.0.0/0 -> 10.0.0.0/8 : 1-9999\n");
    check("management-port-open", &denied, &[]);
    let outbound = "group g 200\n  allow network n 200\n    r: tcp 10.0.0.4 -> * : 22\n";
    check("management-port-open", outbound, &["warning r"]);
}

#[test]
fn dnat_rules() {
    let nat = |source: &str, port: u16| {
        format!(
            "group g 200\n  dnat n 100\n    r: tcp {source} -> 203.0.113.3 : {port} => 10.0.0.4 : 22\n"
        )
    };
    check("dnat-open-to-every-source", &nat("*", 2222), &["warning r"]);
    check("dnat-open-to-every-source", &nat("*", 443), &["info r"]);
    check("dnat-open-to-every-source", &nat("198.51.100.0/24", 2222), &[]);
    let deny = |rest: &str| format!("{}  deny network d 100\n    d: tcp {rest}\n", nat("*", 2222));
    check("dnat-deny-conflict", &deny("198.51.100.0/24 -> 10.0.0.4 : 22"), &["warning r"]);
    check("dnat-deny-conflict", &deny("198.51.100.0/24 -> 10.0.0.4 : 2222"), &[]);
    check("dnat-deny-conflict", &deny("198.51.100.0/24 -> 203.0.113.3 : 2222"), &[]);
}

#[test]
fn application_rules() {
    let rule = |line: &str| format!("group g 200\n  allow application a 100\n    r: {line}\n");
    check("wildcard-without-dot", &rule("https:443 * -> fqdn *contoso.com"), &["warning r"]);
    check("wildcard-without-dot", &rule("https:443 * -> *.contoso.com"), &[]);
    check("plain-http", &rule("http:80 10.0.0.0/8 -> *"), &["warning r"]);
    check("plain-http", &rule("http:80 10.0.0.0/8 -> a.example"), &["info r"]);
    check("any-to-any", &rule("https:443 * -> *"), &["warning r"]);
    check("dns-proxy-off", &rule("https:443 * -> a.example"), &["info -"]);
}

#[test]
fn a_network_rule_to_the_internet_bypasses_and_one_to_a_partner_does_not() {
    let rules = |to: &str| {
        format!(
            "group g 200\n  allow network n 100\n    r: tcp 10.0.0.0/8 -> {to} : 443\n  deny application d 100\n    d: https:443 * -> *.a.example\n"
        )
    };
    check("bypassed-by-network-rule", &rules("*"), &["error r"]);
    check("bypassed-by-network-rule", &rules("192.0.2.0/24"), &[]);
    let everything = "group g 200\n  allow network n 100\n    r: tcp 10.0.0.0/8 -> * : 443\n  allow application a 100\n    a: https:443 * -> *\n";
    check("bypassed-by-network-rule", everything, &[]);
}

#[test]
fn settings() {
    let web = "group g 200\n  allow network n 100\n    r: tcp 10.0.0.0/8 -> * : 443\n";
    check("masked-threat-intelligence", web, &["warning r"]);
    check("masked-threat-intelligence", &format!("  threat-intel Deny\n{web}"), &[]);
    check("threat-intelligence-not-denying", web, &["info -"]);
    check("threat-intelligence-not-denying", &format!("  threat-intel Off\n{web}"), &["warning -"]);
    check("idps-not-denying", web, &["warning -"]);
    check("idps-not-denying", &format!("  idps Deny\n{web}"), &[]);
    let time =
        "group g 200\n  allow network n 100\n    r: udp * -> fqdn a.example, 192.0.2.1 : 123\n";
    check("network-fqdn-without-dns-proxy", time, &["error r"]);
    check("network-fqdn-without-dns-proxy", &format!("  dns-proxy on\n{time}"), &[]);
}

#[test]
fn ties_are_errors_where_traffic_depends_on_them() {
    let tied = |second: &str| {
        format!(
            "group g 200\n  allow network n 100\n    r: tcp 10.0.0.0/8 -> * : 22\ngroup h 200\n  deny network m 100\n    s: tcp 10.0.0.0/8 -> * : {second}\n"
        )
    };
    check("tied-priorities", &tied("22"), &["error r"]);
    check("tied-priorities", &tied("23"), &["warning r"]);
}

#[test]
fn rules_that_say_too_much() {
    let collection = |rules: &str| {
        format!(
            "group g 200\n  deny network d 100\n    d: tcp * -> * : 23\n  allow network n 200\n{rules}"
        )
    };
    let entry = collection("    r: tcp 10.0.0.0/8 -> 10.9.0.0/16 : 22, 23\n");
    check("partly-shadowed", &entry, &["warning r"]);
    check("partly-shadowed", &collection("    r: tcp 10.0.0.0/8 -> 10.9.0.0/16 : 20-30\n"), &[]);
    let twins = collection(
        "    r: udp 10.1.0.0/16 -> 10.0.0.53 : 53\n    s: udp 10.2.0.0/16 -> 10.0.0.53 : 53\n",
    );
    check("mergeable-rules", &twins, &["info r"]);
    let covered = collection(
        "    r: udp 10.1.0.0/24 -> 10.0.0.53 : 53\n    s: udp 10.1.0.0/16 -> 10.0.0.53 : 53\n",
    );
    check("redundant-rule", &covered, &["info r"]);
    check("mergeable-rules", &covered, &[]);
}
