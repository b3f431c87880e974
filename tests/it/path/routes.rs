//! Gaps are those of a brute-force longest-prefix search, for random small tables.

use azfw::net::IpSet;
use azfw::path::bypass::{Allowed, bypasses};
use azfw::path::routes::{NextHop, Routes};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::net;

fn id(name: &str) -> String {
    format!("/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/{name}")
}

/// A route to one of the kinds of next hops; prefixes are of a small part of 10.0.0.0/8 and beyond.
fn route() -> impl Strategy<Value = Value> {
    let prefix = (0u32..64, 22u8..33, prop::sample::select(vec!["10.0", "203.0"]));
    let hop = prop::sample::select(vec![
        "VirtualAppliance",
        "Internet",
        "None",
        "VnetLocal",
        "VirtualNetworkGateway",
    ]);
    (prefix, hop, any::<bool>()).prop_map(|((bits, length, net), hop, is_firewall)| {
        let address = format!("{net}.{}.{}", bits / 16, bits % 16 * 16);
        let prefix: ipnet::IpNet = format!("{address}/{length}").parse().expect("a prefix");
        let ip = if is_firewall { "10.9.0.4" } else { "10.9.0.5" };
        json!({"name": "r", "addressPrefix": prefix.trunc().to_string(), "nextHopType": hop,
            "nextHopIpAddress": if hop == "VirtualAppliance" { json!(ip) } else { Value::Null }})
    })
}

/// Azure refuses two routes of one table for one prefix.
fn table() -> impl Strategy<Value = Vec<Value>> {
    (prop::collection::vec(route(), 0..10), any::<bool>()).prop_map(|(mut routes, has_default)| {
        if has_default {
            routes.push(json!({"name": "all", "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.9.0.4"}));
        }
        routes.sort_by_key(|route| route["addressPrefix"].to_string());
        routes.dedup_by_key(|route| route["addressPrefix"].to_string());
        routes
    })
}

/// The next hop by the rules of the article, written down once more and naively.
fn naive(routes: &[Value], learned: Option<&str>, probe: std::net::IpAddr) -> String {
    let system =
        [("10.0.0.0/16", "VnetLocal"), ("10.9.0.0/16", "VNetPeering"), ("0.0.0.0/0", "Internet")];
    let reserved = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];
    let has_default = routes.iter().any(|route| route["addressPrefix"] == "0.0.0.0/0");
    let mut all: Vec<(ipnet::IpNet, u8, String)> = Vec::new();
    for (prefix, hop) in system {
        all.push((prefix.parse().expect("a prefix"), 0, hop.to_owned()));
    }
    if !has_default {
        all.extend(reserved.iter().map(|it| (it.parse().expect("a prefix"), 0, "None".to_owned())));
    }
    for route in routes {
        let hop = route["nextHopType"].as_str().expect("a hop");
        let address =
            route["nextHopIpAddress"].as_str().map(|it| format!(" {it}")).unwrap_or_default();
        let prefix = route["addressPrefix"].as_str().expect("a prefix").parse().expect("a prefix");
        all.push((prefix, 2, format!("{hop}{address}")));
    }
    let hidden =
        |prefix: &ipnet::IpNet| all.iter().any(|(other, rank, _)| other == prefix && *rank == 2);
    let is_near = |prefix: &ipnet::IpNet| {
        let near =
            all.iter().filter(|it| it.1 == 0 && (it.2 == "VnetLocal" || it.2 == "VNetPeering"));
        near.filter(|it| !hidden(&it.0)).any(|it| it.0.contains(prefix))
    };
    let learned: Option<ipnet::IpNet> = learned.map(|it| it.parse().expect("a prefix"));
    if let Some(prefix) = learned.filter(|prefix| !is_near(prefix)) {
        all.push((prefix, 1, "VirtualNetworkGateway".to_owned()));
    }
    let around = all.iter().filter(|(prefix, _, _)| prefix.contains(&probe));
    around
        .max_by_key(|(prefix, rank, _)| (prefix.prefix_len(), *rank))
        .expect("0.0.0.0/0")
        .2
        .clone()
}

proptest! {
    #[test]
    fn gaps_are_those_of_a_naive_search(
        routes in table(),
        learned in prop::option::of(prop::sample::select(vec!["10.0.0.128/25", "203.0.1.0/24", "10.64.0.0/16", "0.0.0.0/0"])),
        probes in prop::collection::vec((0u32..64, 0u32..16, any::<bool>()), 30),
    ) {
        let files = [
            ("vnets.json", json!([
                {"id": id("virtualNetworks/v"), "name": "v", "location": "w", "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                 "subnets": [{"id": id("virtualNetworks/v/subnets/s"), "name": "s", "addressPrefix": "10.0.0.0/24", "routeTable": {"id": id("routeTables/rt")}},
                    {"id": id("virtualNetworks/v/subnets/GatewaySubnet"), "name": "GatewaySubnet", "addressPrefix": "10.0.255.0/27"}],
                 "virtualNetworkPeerings": [{"name": "p", "remoteVirtualNetwork": {"id": id("virtualNetworks/hub")},
                    "remoteAddressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}]}])),
            ("routes.json", json!([{"id": id("routeTables/rt"), "name": "rt", "routes": routes}])),
            ("fw.json", json!([{"id": id("azureFirewalls/fw"), "name": "fw", "ipConfigurations": [{"privateIPAddress": "10.9.0.4"}]}])),
            ("learned.json", json!({"value": [{"network": learned.unwrap_or("192.0.2.0/32"), "nextHop": "10.0.255.4", "origin": "EBgp"}]})),
        ];
        let net = net(&files);
        let subnet = &net.topology.subnets[0];
        let table = Routes::of(&net.topology, subnet);
        let found = bypasses(&net.topology, &Allowed::default());
        let own = &found[0];
        let inspected = own.inspected.iter().fold(IpSet::default(), |all, (_, set)| all.union(set));
        let learned = Some(learned.unwrap_or("192.0.2.0/32"));
        for (bits, low, is_private) in probes {
            let net = if is_private { "10.0" } else { "203.0" };
            let probe = format!("{net}.{}.{}", bits / 16, bits % 16 * 16 + low).parse().expect("an address");
            let expected = naive(&routes, learned, probe);
            let hop = table.lookup(probe).map(|route| route.hop);
            prop_assert_eq!(hop.map(|it| it.to_string()), Some(expected), "{}", probe);
            let goes_to_firewall = hop == Some(NextHop::Appliance("10.9.0.4".parse().ok()));
            prop_assert_eq!(inspected.contains(probe), goes_to_firewall);
            let gaps: Vec<_> = own.gaps.iter().filter(|gap| gap.addresses.contains(probe)).collect();
            prop_assert_eq!(gaps.len(), usize::from(!goes_to_firewall));
            prop_assert!(gaps.iter().all(|gap| Some(gap.hop) == hop));
        }
    }
}
