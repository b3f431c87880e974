//! Policies, classic firewalls and rules in the words of the REST API.

#![expect(clippy::indexing_slicing, reason = "sets keys of JSON objects, which adds them")]

use serde_json::{Value, json};

use super::pool::{
    CATEGORIES, NAMES, address_text, destination_text, id, ip_group, one, pattern_text, port_text,
    some, url_text,
};
use crate::random::Random;

const ACTIONS: [&str; 2] = ["Allow", "Deny"];
const MODES: [&str; 3] = ["Off", "Alert", "Deny"];
const TAGS: [&str; 2] = ["WindowsUpdate", "AzureBackup"];

/// The properties of a policy.
pub(super) fn settings(base: Option<&str>, random: &mut Random) -> Value {
    let mut settings = json!({
        "sku": {"tier": "Premium"},
        "threatIntelMode": one(&MODES, random),
        "threatIntelWhitelist": {
            "ipAddresses": some(2, random, address_text),
            "fqdns": some(2, random, |random| one(&NAMES, random)),
        },
        "dnsSettings": {"enableProxy": !random.one_in(4)},
        "intrusionDetection": {
            "mode": one(&MODES, random),
            "configuration": {
                "signatureOverrides": [{"id": "1", "mode": one(&MODES, random)}],
                "bypassTrafficSettings": some(1, random, bypass),
            },
        },
    });
    if let Some(base) = base {
        settings["basePolicy"] = json!({"id": id("firewallPolicies", base)});
    }
    settings
}

fn bypass(random: &mut Random) -> Value {
    json!({
        "name": "bypass",
        "protocol": one(&["TCP", "UDP", "ANY"], random),
        "sourceAddresses": some(1, random, address_text),
        "destinationAddresses": some(1, random, address_text),
        "destinationPorts": some(1, random, port_text),
    })
}

/// A rule collection group. Priorities are few, so that there are ties.
pub(super) fn group(policy: &str, number: u64, random: &mut Random) -> Value {
    let name = format!("g{number}");
    let collections: Vec<Value> =
        (0..=random.below(4)).map(|number| collection(number, random)).collect();
    json!({
        "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
        "id": format!("{}/ruleCollectionGroups/{name}", id("firewallPolicies", policy)),
        "name": name,
        "properties": {"priority": 100 * (1 + random.below(5)), "ruleCollections": collections},
    })
}

fn collection(number: u64, random: &mut Random) -> Value {
    let (kind, action, rule): (_, _, fn(&mut Random) -> Value) = match random.below(7) {
        0 => ("FirewallPolicyNatRuleCollection", "DNAT", nat_rule),
        1 | 2 => ("FirewallPolicyFilterRuleCollection", one(&ACTIONS, random), network_rule),
        _ => ("FirewallPolicyFilterRuleCollection", one(&ACTIONS, random), application_rule),
    };
    json!({
        "ruleCollectionType": kind,
        "name": format!("c{number}"),
        "priority": 100 * (1 + random.below(8)),
        "action": {"type": action},
        "rules": rules(rule, random),
    })
}

/// Some rules with names of their own.
fn rules(rule: fn(&mut Random) -> Value, random: &mut Random) -> Vec<Value> {
    let mut rules = some(8, random, rule);
    for (number, rule) in rules.iter_mut().enumerate() {
        rule["name"] = json!(format!("r{number}"));
        if random.one_in(40) {
            rule["kubeSelector"] = json!("unknown to this version");
        }
    }
    rules
}

fn network_rule(random: &mut Random) -> Value {
    let mut rule = json!({
        "ruleType": "NetworkRule",
        "ipProtocols": some(2, random, |random| one(&["TCP", "UDP", "ICMP", "Any"], random)),
        "sourceAddresses": some(3, random, address_text),
        "destinationAddresses": some(3, random, destination_text),
        "destinationPorts": some(3, random, port_text),
    });
    if random.one_in(4) {
        rule["sourceIpGroups"] = json!(some(2, random, ip_group));
    }
    if random.one_in(5) {
        rule["destinationIpGroups"] = json!(some(2, random, ip_group));
    }
    if random.one_in(8) {
        rule["destinationFqdns"] = json!(some(2, random, |random| one(&NAMES, random)));
    }
    rule
}

fn nat_rule(random: &mut Random) -> Value {
    let destination = if random.one_in(4) { address_text(random) } else { "203.0.113.10".into() };
    let mut rule = json!({
        "ruleType": "NatRule",
        "ipProtocols": some(2, random, |random| one(&["TCP", "UDP"], random)),
        "sourceAddresses": some(2, random, address_text),
        "destinationAddresses": [destination],
        "destinationPorts": [port_text(random)],
        "translatedPort": if random.one_in(8) { "[variables('to')]" } else { "8443" },
    });
    match random.below(6) {
        0 => rule["translatedFqdn"] = json!(one(&NAMES, random)),
        1 => rule["translatedAddress"] = json!("[reference('lb').address]"),
        _ => rule["translatedAddress"] = json!(format!("10.0.1.{}", random.below(6))),
    }
    rule
}

fn application_rule(random: &mut Random) -> Value {
    let protocols = some(3, random, |random| {
        let (protocol, port) = match random.below(8) {
            0 | 1 => ("Http", 80),
            2 => ("Http", 8080),
            3 => ("Mssql", 1433),
            4 => ("Https", 8443),
            _ => ("Https", 443),
        };
        json!({"protocolType": protocol, "port": port})
    });
    let mut rule = json!({
        "ruleType": "ApplicationRule",
        "protocols": protocols,
        "sourceAddresses": some(3, random, address_text),
        "terminateTLS": random.one_in(2),
    });
    if random.one_in(4) {
        rule["sourceIpGroups"] = json!(some(2, random, ip_group));
    }
    if !random.one_in(4) {
        rule["targetFqdns"] = json!(some(4, random, pattern_text));
    }
    if random.one_in(3) {
        rule["targetUrls"] = json!(some(3, random, url_text));
    }
    if random.one_in(4) {
        rule["webCategories"] = json!(some(2, random, |random| one(&CATEGORIES, random)));
    }
    if random.one_in(6) {
        rule["fqdnTags"] = json!([one(&TAGS, random)]);
    }
    if random.one_in(4) {
        rule["destinationAddresses"] = json!(some(2, random, address_text));
    }
    rule
}

/// Draws a rule of one type.
type Draw = fn(&mut Random) -> Value;

/// A classic firewall: no groups, rules behind `properties`.
pub(super) fn classic_firewall(random: &mut Random) -> Value {
    let mut firewall = json!({
        "type": "Microsoft.Network/azureFirewalls",
        "id": id("azureFirewalls", "classic"),
        "name": "classic",
        "properties": {"threatIntelMode": one(&MODES, random)},
    });
    let kinds: [(_, Draw); 3] = [
        ("natRuleCollections", nat_rule),
        ("networkRuleCollections", network_rule),
        ("applicationRuleCollections", application_rule),
    ];
    for (kind, rule) in kinds {
        let collections = some(3, random, |random| classic_collection(kind, rule, random));
        firewall["properties"][kind] = json!(collections);
    }
    firewall
}

fn classic_collection(kind: &str, rule: fn(&mut Random) -> Value, random: &mut Random) -> Value {
    let action = if kind == "natRuleCollections" { "Dnat" } else { one(&ACTIONS, random) };
    let mut rules = rules(rule, random);
    for rule in &mut rules {
        if let Some(fields) = rule.as_object_mut() {
            fields.remove("ruleType");
            if let Some(protocols) = fields.remove("ipProtocols") {
                fields.insert("protocols".into(), protocols);
            }
        }
    }
    json!({
        "name": format!("c{}", random.below(100)),
        "properties": {
            "priority": 100 * (1 + random.below(6)), "action": {"type": action}, "rules": rules,
        },
    })
}
