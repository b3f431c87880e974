//! Rule sets of the size and shape of a grown company network: what benchmarks run on.

use serde_json::{Value, json};

use crate::random::Random;

/// Of which type the rules are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EstateRules {
    Network,
    Application,
    /// A few DNAT rules, two network rules for one application rule.
    Mixed,
}

/// A policy of about `rules` rules, its rule collection groups and IP Groups, as one JSON export.
///
/// Rules name several sources, destinations and ports, as prefixes, ranges and IP Groups; some say
/// `*`. No rule covers everything, so that a flow can pass all of them. The same seed gives the
/// same bytes.
#[must_use]
pub fn estate(rules: usize, kind: EstateRules, seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut resources = vec![json!({
        "type": "Microsoft.Network/firewallPolicies", "id": id("firewallPolicies", "estate"),
        "name": "estate", "properties": {"sku": {"tier": "Premium"}, "threatIntelMode": "Deny"},
    })];
    resources.extend((0..IP_GROUPS).map(|number| ip_group(number, &mut random)));
    let mut left = rules;
    let mut number = 0;
    while left > 0 {
        let count = left.min(RULES_OF_GROUP);
        resources.push(group(number, count, kind, &mut random));
        left -= count;
        number += 1;
    }
    json!({"value": resources}).to_string()
}

const IP_GROUPS: u64 = 12;
const RULES_OF_GROUP: usize = 400;
const RULES_OF_COLLECTION: usize = 40;
const PORTS: [&str; 12] = [
    "443",
    "80",
    "22",
    "1433",
    "3389",
    "53",
    "8443",
    "5671-5672",
    "135",
    "445",
    "636",
    "9000-9100",
];
const ZONES: [&str; 8] = [
    "example.com",
    "example.net",
    "example.org",
    "contoso.com",
    "fabrikam.example",
    "corp.contoso.com",
    "apps.example.com",
    "eu.example.net",
];

fn id(what: &str, name: &str) -> String {
    format!(
        "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/\
         Microsoft.Network/{what}/{name}"
    )
}

fn ip_group(number: u64, random: &mut Random) -> Value {
    let name = format!("spokes-{number}");
    let count = 20 + random.below(200);
    let addresses: Vec<String> = (0..count).map(|_| prefix(10, random)).collect();
    json!({
        "type": "Microsoft.Network/ipGroups", "id": id("ipGroups", &name), "name": name,
        "properties": {"ipAddresses": addresses},
    })
}

fn group(number: usize, rules: usize, kind: EstateRules, random: &mut Random) -> Value {
    let name = format!("group-{number}");
    let mut collections = Vec::new();
    let mut first = 0;
    while first < rules {
        let count = (rules - first).min(RULES_OF_COLLECTION);
        let (nat, network) = match kind {
            EstateRules::Network => (false, true),
            EstateRules::Application => (false, false),
            // The share of a type is the same in rule sets of all sizes.
            EstateRules::Mixed => (first == 0 && number.is_multiple_of(5), !random.one_in(3)),
        };
        let rule = if nat {
            nat_rule
        } else if network {
            network_rule
        } else {
            application_rule
        };
        let action = if random.one_in(5) { "Deny" } else { "Allow" };
        let rules: Vec<Value> = (first..first + count)
            .map(|index| rule(&format!("rule-{number}-{index}"), random))
            .collect();
        collections.push(json!({
            "ruleCollectionType": if nat {
                "FirewallPolicyNatRuleCollection"
            } else {
                "FirewallPolicyFilterRuleCollection"
            },
            "name": format!("collection-{number}-{first}"),
            "priority": 100 + collections.len() * 10,
            "action": {"type": if nat { "DNAT" } else { action }},
            "rules": rules,
        }));
        first += count;
    }
    json!({
        "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
        "id": format!("{}/ruleCollectionGroups/{name}", id("firewallPolicies", "estate")),
        "name": name,
        "properties": {"priority": 100 + number * 10, "ruleCollections": collections},
    })
}

/// A prefix of the estate's addresses; most are small.
fn prefix(first: u8, random: &mut Random) -> String {
    let [b, c, d, ..] = random.bits().to_be_bytes();
    match random.below(20) {
        0 => format!("{first}.{b}.0.0/16"),
        1 => format!("{first}.{b}.{}.0/20", c & 0xF0),
        2..8 => format!("{first}.{b}.{c}.0/24"),
        8..11 => format!("{first}.{b}.{c}.{}/28", d & 0xF0),
        11 => format!("{first}.{b}.{c}.{}-{first}.{b}.{c}.{}", d & 0x7F, 0x80 | d),
        _ => format!("{first}.{b}.{c}.{d}"),
    }
}

fn list<T>(most: u64, random: &mut Random, mut entry: impl FnMut(&mut Random) -> T) -> Vec<T> {
    (0..=random.below(most)).map(|_| entry(random)).collect()
}

fn port(random: &mut Random) -> String {
    let usual = usize::try_from(random.below(PORTS.len() as u64 * 2)).unwrap_or(0);
    match PORTS.get(usual) {
        Some(port) => (*port).to_owned(),
        None => random.between(1_024, 49_151).to_string(),
    }
}

/// Adds the sources: an IP Group in one of eight rules, `*` in one of twelve.
fn with_sources(mut rule: Value, random: &mut Random) -> Value {
    let (key, value) = if random.one_in(8) {
        let group = format!("spokes-{}", random.below(IP_GROUPS));
        ("sourceIpGroups", json!([id("ipGroups", &group)]))
    } else if random.one_in(12) {
        ("sourceAddresses", json!(["*"]))
    } else {
        ("sourceAddresses", json!(list(6, random, |random| prefix(10, random))))
    };
    if let Some(fields) = rule.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
    rule
}

fn network_rule(name: &str, random: &mut Random) -> Value {
    let destinations = if random.one_in(12) {
        vec!["*".to_owned()]
    } else {
        list(5, random, |random| {
            let first = if random.one_in(3) { 52 } else { 10 };
            prefix(first, random)
        })
    };
    let protocols: &[&str] = match random.below(6) {
        0 => &["UDP"],
        1 => &["TCP", "UDP"],
        _ => &["TCP"],
    };
    let rule = json!({
        "ruleType": "NetworkRule", "name": name, "ipProtocols": protocols,
        "destinationAddresses": destinations, "destinationPorts": list(4, random, port),
    });
    with_sources(rule, random)
}

fn application_rule(name: &str, random: &mut Random) -> Value {
    let mut protocols = vec![json!({"protocolType": "Https", "port": 443})];
    if random.one_in(3) {
        protocols.push(json!({"protocolType": "Http", "port": 80}));
    }
    let names = list(8, random, |random| {
        let zone = usize::try_from(random.below(ZONES.len() as u64)).unwrap_or(0);
        let zone = ZONES.get(zone).copied().unwrap_or("example.com");
        let (team, host) = (random.below(4_000), random.below(100));
        match random.below(10) {
            0..6 => format!("host{host}.team{team}.{zone}"),
            6..9 => format!("*.team{team}.{zone}"),
            _ => format!("*{host}-api{team}.{zone}"),
        }
    });
    let rule = json!({
        "ruleType": "ApplicationRule", "name": name, "protocols": protocols, "targetFqdns": names,
    });
    with_sources(rule, random)
}

fn nat_rule(name: &str, random: &mut Random) -> Value {
    let rule = json!({
        "ruleType": "NatRule", "name": name, "ipProtocols": ["TCP"],
        "destinationAddresses": [format!("203.0.113.{}", random.below(8))],
        "destinationPorts": [random.between(1_024, 60_000).to_string()],
        "translatedAddress": format!("10.1.0.{}", random.below(250)), "translatedPort": "443",
    });
    with_sources(rule, random)
}
