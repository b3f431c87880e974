//! Public cases with expected answers, where a folder beside the project holds them: the routing
//! example and the access restrictions of Microsoft's articles, verdicts that the articles print,
//! and a whole folder of exports. `AZFW_PUBLIC_CASES` names the folder when it is elsewhere.

#![expect(clippy::indexing_slicing, reason = "JSON of cases: what is missing fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use azfw::evaluate::Decision;
use azfw::net::IpSet;
use azfw::path::packet::Place;
use azfw::path::routes::{NextHop, RouteSource, Routes};
use azfw::path::topology::Access;
use azfw::path::{HopVerdict, Journey, Layer, NoData, Via, admission};
use serde_json::{Value, json};

use super::{Net, net};

/// The folder of public cases, if there is one.
fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("AZFW_PUBLIC_CASES") {
        return Some(PathBuf::from(folder));
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().skip(1).take(2);
    let folders = beside.filter_map(|parent| fs::read_dir(parent).ok()).flatten().flatten();
    let mut candidates = folders.map(|entry| entry.path().join("data/path"));
    candidates.find(|path| path.join("azure").is_dir() && path.join("aks").is_dir())
}

fn value(path: &Path) -> Value {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The folder of exports, with what its author left out: rules of the firewall, and what holds the
/// public address of the load balancer.
fn example(folder: &Path) -> Net {
    let mut files: Vec<(String, Value)> = fs::read_dir(folder.join("topology-example"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| !path.ends_with("expected_paths.json"))
        .map(|path| (path.display().to_string(), value(&path)))
        .collect();
    files.sort_by(|one, other| one.0.cmp(&other.0));
    let scope = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-net/providers/Microsoft.Network";
    let nat = json!({"ruleType": "NatRule", "name": "in", "ipProtocols": ["TCP"], "sourceAddresses": ["*"],
        "destinationAddresses": ["203.0.113.10"], "destinationPorts": ["443"],
        "translatedAddress": "10.42.2.10", "translatedPort": "443"});
    let rule = json!({"ruleType": "NetworkRule", "name": "web", "ipProtocols": ["TCP"],
        "sourceAddresses": ["10.42.1.0/24"], "destinationAddresses": ["*"], "destinationPorts": ["443"]});
    files.push((
        "policy.json".to_owned(),
        json!({"id": format!("{scope}/firewallPolicies/pol-hub"), "name": "pol-hub",
        "type": "Microsoft.Network/firewallPolicies", "properties": {}}),
    ));
    files.push(("groups.json".to_owned(), json!({"id": format!("{scope}/firewallPolicies/pol-hub/ruleCollectionGroups/g"),
        "name": "g", "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups", "properties": {"priority": 200,
        "ruleCollections": [
            {"ruleCollectionType": "FirewallPolicyNatRuleCollection", "name": "d", "priority": 100, "action": {"type": "Dnat"}, "rules": [nat]},
            {"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": "n", "priority": 200, "action": {"type": "Allow"}, "rules": [rule]}]}})));
    files.push(("lb.json".to_owned(), json!([{"id": format!("{scope}/loadBalancers/kubernetes"), "name": "kubernetes",
        "type": "Microsoft.Network/loadBalancers", "properties": {
        "frontendIPConfigurations": [{"name": "f", "properties": {"publicIPAddress": {"id": format!("{scope}/publicIPAddresses/pip-lb")}}}],
        "loadBalancingRules": [{"name": "https", "properties": {"protocol": "Tcp", "frontendPort": 443, "backendPort": 443, "enableFloatingIP": true}}],
        "backendAddressPools": [{"name": "p", "properties": {"loadBalancerBackendAddresses": [{"name": "n0", "properties": {"ipAddress": "10.42.1.4"}}]}}]}}])));
    let borrowed: Vec<(&str, Value)> =
        files.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    net(&borrowed)
}

fn source_at_firewall(journey: &Journey) -> Option<String> {
    let hop = journey.hops.iter().find(|hop| hop.layer == Layer::Firewall)?;
    Some(hop.before.source.to_string())
}

#[test]
fn every_path_of_the_example_is_as_expected() {
    let Some(folder) = folder() else { return };
    let net = example(&folder);
    assert_eq!(net.warnings, Vec::<String>::new());
    let expected = value(&folder.join("topology-example/expected_paths.json"));
    let paths = expected["paths"].as_array().expect("paths");
    assert_eq!(paths.len(), 15);
    for path in paths {
        let protocol = text(&path["protocol"]).to_lowercase();
        let to = format!("{}:{}/{protocol}", text(&path["to"]), path["port"]);
        let journey = net.travel(text(&path["from"]), &to, NoData::Allow);
        let at = format!("{}: {:#?}", path["id"], azfw::report::path::json(&journey));
        let verdict = text(&path["verdict"]);
        if path["reaches_firewall"] == true {
            assert_eq!(journey.bypasses, Some(false), "{at}");
            assert_eq!(
                source_at_firewall(&journey).as_deref(),
                path["source_ip_at_firewall"].as_str(),
                "{at}"
            );
        } else {
            assert_eq!(source_at_firewall(&journey), None, "{at}");
        }
        let end = journey.end().map(|hop| (hop.layer, hop.verdict));
        match verdict {
            "firewall decides" => assert_ne!(journey.decision, Decision::Undecided, "{at}"),
            "firewall decides, path symmetric" => {
                assert_eq!(journey.decision, Decision::Allow, "{at}");
            }
            "allowed, BYPASSES firewall" => {
                assert_eq!(
                    (journey.decision, journey.bypasses),
                    (Decision::Allow, Some(true)),
                    "{at}"
                );
            }
            "deny at k8s" => {
                assert_eq!(end, Some((Layer::Kubernetes, HopVerdict::Deny)), "{at}");
            }
            "deny at NSG" => {
                assert_eq!(end, Some((Layer::SecurityGroup, HopVerdict::Deny)), "{at}");
            }
            "broken: firewall drops the reply (no session)" => {
                assert_eq!(end, Some((Layer::Reply, HopVerdict::Drop)), "{at}");
            }
            other => {
                assert!(other.starts_with("no egress address"), "{at}");
                assert_eq!(journey.decision, Decision::Undecided, "{at}");
                assert!(
                    journey.hops.iter().any(|hop| hop.reason.starts_with("no egress address")),
                    "{at}"
                );
            }
        }
    }
}

/// The network of the article about user-defined routes.
fn routing_example(case: &Value) -> Net {
    let id = |name: &str| {
        format!("/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/{name}")
    };
    let peering = &case["peerings"][0];
    net(&[
        (
            "vnets.json",
            json!([{"id": id("virtualNetworks/v1"), "name": "v1", "location": "w",
            "addressSpace": {"addressPrefixes": case["vnet"]["addressSpace"]},
            "subnets": [
                {"id": id("virtualNetworks/v1/subnets/Subnet1"), "name": "Subnet1", "addressPrefix": "10.0.0.0/24",
                 "routeTable": {"id": id("routeTables/rt")}, "serviceEndpoints": [{"service": "Microsoft.Storage", "locations": ["*"]}]},
                {"id": id("virtualNetworks/v1/subnets/Subnet2"), "name": "Subnet2", "addressPrefix": "10.0.1.0/24"},
                {"id": id("virtualNetworks/v1/subnets/GatewaySubnet"), "name": "GatewaySubnet", "addressPrefix": "10.0.255.0/27"}],
            "virtualNetworkPeerings": [{"name": "p", "peeringState": "Connected", "allowVirtualNetworkAccess": true,
                "remoteVirtualNetwork": {"id": id("virtualNetworks/v2")},
                "remoteAddressSpace": {"addressPrefixes": peering["remoteAddressSpace"]}}]}]),
        ),
        (
            "routes.json",
            json!([{"id": id("routeTables/rt"), "name": "rt", "routes": case["udr_Subnet1"]}]),
        ),
        (
            "learned.json",
            json!({"value": [{"network": case["gateway_routes"][0]["prefix"], "nextHop": "10.0.255.4", "origin": "EBgp"}]}),
        ),
        (
            "tags.json",
            json!({"values": [{"name": "Storage", "properties": {"addressPrefixes": ["20.38.98.0/24"]}}]}),
        ),
    ])
}

#[test]
fn the_routing_example_of_the_article() {
    let Some(folder) = folder() else { return };
    let case = value(&folder.join("azure/udr_routing_example.json"));
    let net = routing_example(&case);
    for (name, offset) in [("Subnet1", 1), ("Subnet2", 0)] {
        let subnet = net.topology.subnets.iter().find(|it| it.name == name).expect("it is there");
        let routes = Routes::of(&net.topology, subnet);
        assert_eq!(routes.doubts, Vec::new(), "{name}");
        let flows = case[format!("flows_from_{name}")].as_array().expect("flows");
        for flow in flows {
            let route =
                routes.lookup(text(&flow["dst"]).parse().expect("an address")).expect("a route");
            let expected =
                text(&flow["expect"]).split([':', '(']).next().unwrap_or_default().trim();
            assert_eq!(route.hop.to_string(), expected, "{name}: {flow}");
        }
        for row in case[format!("expected_effective_{name}")].as_array().expect("rows") {
            let cell = |index: usize| text(&row[index + offset]);
            let prefix = cell(2).replace("<storage>", "20.38.98.0/24");
            // The article counts what a gateway learns among the defaults.
            let found = routes.routes.iter().find(|route| {
                route.prefix.to_string() == prefix
                    && (route.source == RouteSource::User) == (cell(0) == "User")
                    && route.hop.to_string() == cell(3)
            });
            let found = found.unwrap_or_else(|| panic!("{name} lacks {row}: {:#?}", routes.routes));
            assert_eq!(found.is_active, cell(1) == "Active", "{name}: {row}");
        }
    }
}

fn documented(folder: &Path, id: &str) -> Value {
    let all = value(&folder.join("azure/documented_verdicts.json"));
    let cases = all["cases"].as_array().expect("cases");
    cases.iter().find(|case| case["id"] == id).expect("the case").clone()
}

/// One network with a machine at 10.0.0.4, and groups at its subnet and interface.
fn machine(
    subnet_group: Option<Value>,
    interface_group: Option<Value>,
    admin: Option<Value>,
) -> Net {
    let id = |name: &str| {
        format!("/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/{name}")
    };
    let group = |name: &str, rules: &Value| json!({"id": id(&format!("networkSecurityGroups/{name}")), "name": name, "securityRules": rules});
    let link = |name: &str, rules: &Option<Value>| {
        rules.as_ref().map(|_| json!({"id": id(&format!("networkSecurityGroups/{name}"))}))
    };
    let mut files = vec![
        (
            "vnets.json",
            json!([{"id": id("virtualNetworks/v"), "name": "v", "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"id": id("virtualNetworks/v/subnets/s"), "name": "s", "addressPrefix": "10.0.0.0/24",
                "networkSecurityGroup": link("subnet", &subnet_group)},
                {"id": id("virtualNetworks/v/subnets/bastion"), "name": "bastion", "addressPrefix": "10.0.1.0/26"}]}]),
        ),
        (
            "nics.json",
            json!([{"id": id("networkInterfaces/vm-nic"), "name": "vm-nic",
            "networkSecurityGroup": link("nic", &interface_group),
            "ipConfigurations": [{"name": "c", "privateIPAddress": "10.0.0.4", "subnet": {"id": id("virtualNetworks/v/subnets/s")},
                "publicIPAddress": {"id": id("publicIPAddresses/pip")}}]}]),
        ),
        (
            "ips.json",
            json!([{"id": id("publicIPAddresses/pip"), "name": "pip", "ipAddress": "203.0.113.4"}]),
        ),
    ];
    files.extend(subnet_group.iter().map(|rules| ("a.json", json!([group("subnet", rules)]))));
    files.extend(interface_group.iter().map(|rules| ("b.json", json!([group("nic", rules)]))));
    files.extend(admin.map(|rules| ("effective-admin-v.json", rules)));
    net(&files)
}

#[test]
fn verdicts_that_the_articles_print() {
    let Some(folder) = folder() else { return };
    let ssh = json!([{"name": "default-allow-ssh", "priority": 1000, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
        "sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "sourcePortRange": "*", "destinationPortRange": "22"}]);
    let plain = machine(None, Some(ssh), None);
    for id in ["ipflow-1", "ipflow-2", "nexthop-1", "nexthop-2"] {
        let case = documented(&folder, id);
        let to = match case["flow"]["remote"].as_str() {
            Some(remote) => remote.to_owned(),
            None => format!("{}:80", text(&case["flow"]["dst"])),
        };
        let journey = plain.travel("nic:vm-nic", &to, NoData::Undecided);
        let group =
            journey.hops.iter().find(|hop| hop.layer == Layer::SecurityGroup).expect("a group");
        if let Some(rule) = case["expect"]["rule"].as_str() {
            assert_eq!(group.rule.as_deref(), rule.rsplit('/').next(), "{id}");
            assert_eq!(
                group.verdict == HopVerdict::Allow,
                case["expect"]["access"] == "Allow",
                "{id}"
            );
        } else {
            let subnet = &plain.topology.subnets[0];
            let routes = Routes::of(&plain.topology, subnet);
            let route = routes
                .lookup(text(&case["flow"]["dst"]).parse().expect("an address"))
                .expect("a route");
            assert_eq!(route.hop.name(), text(&case["expect"]["nextHopType"]), "{id}");
            assert_eq!(route.prefix.to_string(), text(&case["expect"]["matched"]), "{id}");
        }
    }
    let inbound = plain.travel("ip:10.0.1.9", "10.0.0.4:80", NoData::Allow);
    assert_eq!(inbound.decision, Decision::Allow, "{inbound:#?}");
}

#[test]
fn the_bastion_of_nsg_diagnostics() {
    let Some(folder) = folder() else { return };
    let case = documented(&folder, "nsgdiag-1");
    let mut rules = case["given"]["nsg_nic"]["rules"].clone();
    let admin = json!({"value": [{"id": "/x/ruleCollections/c/rules/VirtualNetwork", "name": "VirtualNetwork", "kind": "Custom",
        "access": "Allow", "direction": "Inbound", "priority": 1, "protocol": "Any",
        "sources": [{"addressPrefix": "10.0.0.0/16", "addressPrefixType": "IPPrefix"}], "destinations": []}]});
    for (id, decision) in [("nsgdiag-1", Decision::Deny), ("nsgdiag-2", Decision::Allow)] {
        let case = documented(&folder, id);
        let net = machine(Some(json!([])), Some(rules.clone()), Some(admin.clone()));
        assert_eq!(net.topology.admin_rules.len(), 1);
        let journey = net.travel("ip:10.0.1.9", "10.0.0.4:3389", NoData::Allow);
        assert_eq!(journey.decision, decision, "{id}: {journey:#?}");
        let seen: Vec<String> = journey
            .hops
            .iter()
            .filter(|hop| {
                matches!(hop.layer, Layer::AdminRules | Layer::SecurityGroup)
                    && hop.verdict != HopVerdict::NoData
            })
            .filter_map(|hop| hop.rule.clone())
            .collect();
        let expected: Vec<&str> = case["expect"]["evaluated"]
            .as_array()
            .expect("rows")
            .iter()
            .map(|row| text(&row[1]).rsplit('_').next().unwrap_or_default())
            .collect();
        assert_eq!(seen, expected, "{id}");
        rules.as_array_mut().expect("rules").push(json!({"name": "AllowBastionConnections", "priority": 900, "direction": "Inbound",
            "access": "Allow", "protocol": "*", "sourceAddressPrefix": "10.0.1.0/26", "destinationAddressPrefix": "*", "destinationPortRange": "*"}));
    }
}

/// A rule such as `deny tcp/80 to Internet`.
fn rules_of(words: &Value) -> Value {
    let rules = words.as_array().expect("rules").iter().map(|word| {
        let words: Vec<&str> = text(word).split(' ').collect();
        let is_inbound = words.get(2) == Some(&"from");
        let tag = |side: bool| if side == is_inbound { "Internet" } else { "*" };
        json!({"name": "extra", "priority": 100, "direction": if is_inbound { "Inbound" } else { "Outbound" },
            "access": words[0], "protocol": "Tcp", "destinationPortRange": "80",
            "sourceAddressPrefix": tag(true), "destinationAddressPrefix": tag(false)})
    });
    rules.collect()
}

#[test]
fn subnet_and_interface_in_the_order_of_the_article() {
    let Some(folder) = folder() else { return };
    let all = value(&folder.join("azure/documented_verdicts.json"));
    let matrix = &all["nsg_two_level_matrix"];
    let cases = matrix["cases"].as_array().expect("cases");
    assert!(cases.len() > 10);
    for case in cases {
        let vm = &matrix["topology"][text(&case["vm"])];
        let subnet = (!vm["subnet_nsg"].is_null()).then(|| rules_of(&case["NSG1_extra"]));
        let nic = (!vm["nic_nsg"].is_null()).then(|| rules_of(&case["NSG2_extra"]));
        let net = machine(subnet, nic, None);
        let journey = if case["direction"] == "Inbound" {
            net.travel("internet:198.51.100.7", "203.0.113.4:80", NoData::Undecided)
        } else {
            net.travel("nic:vm-nic", "198.51.100.7:80", NoData::Undecided)
        };
        let groups = journey.hops.iter().filter(|hop| hop.layer == Layer::SecurityGroup);
        let order: Vec<&str> = groups
            .map(|hop| if hop.title.contains("of interface") { "NSG2" } else { "NSG1" })
            .collect();
        let expected: Vec<&str> =
            case["evaluation_order"].as_array().expect("order").iter().map(text).collect();
        assert_eq!(order, expected, "{case}");
        let is_allowed = text(&case["expect"]).starts_with("Allow");
        assert_eq!(journey.decision == Decision::Allow, is_allowed, "{case}: {journey:#?}");
        assert_ne!(journey.decision, Decision::Undecided, "{case}");
    }
}

#[test]
fn access_restrictions_of_the_articles() {
    let Some(folder) = folder() else { return };
    let all = value(&folder.join("azure/appservice_access_cases.json"));
    let cases = all["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 14);
    let subnet = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/v/subnets/appsub";
    let site = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Web/sites/app";
    for case in cases {
        let mut rules = case["rules"].clone();
        for rule in rules.as_array_mut().expect("rules") {
            if rule["vnetSubnetResourceId"].is_string() {
                rule["vnetSubnetResourceId"] = json!(subnet);
            }
        }
        let mut files = vec![
            (
                "app.json",
                json!([{"id": site, "name": "app", "type": "Microsoft.Web/sites", "properties": {
                "publicNetworkAccess": case["publicNetworkAccess"],
                "siteConfig": {"ipSecurityRestrictions": rules, "ipSecurityRestrictionsDefaultAction": case["default"]}}}]),
            ),
            (
                "tags.json",
                json!({"values": [{"name": "AzureFrontDoor.Backend", "properties": {"addressPrefixes": ["147.243.0.0/16"]}}]}),
            ),
            (
                "vnet.json",
                json!([{"id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/v", "name": "v",
                "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [{"id": subnet, "name": "appsub", "addressPrefix": "10.0.2.0/24"}]}]),
            ),
        ];
        if case["private_endpoint_exists"] == true {
            files.push(("pe.json", json!([{"id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/privateEndpoints/pe", "name": "pe",
                "privateLinkServiceConnections": [{"properties": {"privateLinkServiceId": site}}]}])));
        }
        let net = net(&files);
        let from = text(&case["from"]);
        let source = match from.split(' ').next().unwrap_or_default() {
            "same" | "AKS" => "203.0.113.10",
            "<an" => "147.243.1.1",
            address => address,
        };
        let via = match (from.contains("with Microsoft.Web service endpoint"), text(&case["via"])) {
            (true, _) => Via::ServiceEndpoint(&net.topology.subnets[0]),
            (false, "private endpoint") => Via::PrivateEndpoint(&net.topology.private_endpoints[0]),
            (false, _) => Via::Public,
        };
        let headers: BTreeMap<String, String> = case["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), text(value).to_owned()))
            .collect();
        let source = Place::at(source.parse().expect("an address"));
        let admission =
            admission(&net.topology.sites[0], &net.topology, &source, via, &Some(headers));
        let expected =
            if text(&case["expect"]).starts_with("Allow") { Access::Allow } else { Access::Deny };
        assert_eq!(admission.access, Some(expected), "{case}: {admission:?}");
    }
}

#[test]
fn shapes_of_templates_in_the_documented_reading() {
    let Some(folder) = folder() else { return };
    let shapes = folder.join("azure/arm-shapes-batfish");
    let mut files: Vec<(String, Value)> = fs::read_dir(&shapes)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        // Two networks share the folder; what is expected speaks of the other one.
        .filter(|path| !path.ends_with("README-expected.json"))
        .filter(|path| !path.display().to_string().contains("/network-"))
        .map(|path| (path.display().to_string(), value(&path)))
        .collect();
    files.sort_by(|one, other| one.0.cmp(&other.0));
    let borrowed: Vec<(&str, Value)> =
        files.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let net = net(&borrowed);
    assert_eq!(net.warnings, Vec::<String>::new());
    assert!(!net.topology.networks.is_empty() && !net.topology.security_groups.is_empty());
    let expected = value(&shapes.join("README-expected.json"));
    for flow in expected["flows"].as_array().expect("flows") {
        let from = text(&flow["from"]).rsplit(' ').next().unwrap_or_default();
        let to = format!("{}/{}", text(&flow["to"]), text(&flow["proto"]));
        let journey = net.travel(&format!("ip:{from}"), &to, NoData::Allow);
        let is_allowed = text(&flow["azure"]).to_lowercase().starts_with("allow");
        assert_eq!(
            journey.decision == Decision::Allow,
            is_allowed,
            "{flow}: {:#?}",
            azfw::report::path::json(&journey)
        );
        if let (Some(rule), false) = (
            text(&flow["azure"]).split(' ').find(|word| word.len() > 12 && !word.contains('(')),
            is_allowed,
        ) {
            assert_eq!(journey.end().and_then(|hop| hop.rule.as_deref()), Some(rule), "{flow}");
        }
    }
}

#[test]
fn the_sets_of_the_example_hold_no_address_twice() {
    let Some(folder) = folder() else { return };
    let net = example(&folder);
    for subnet in &net.topology.subnets {
        let routes = Routes::of(&net.topology, subnet);
        let shares = routes.shares(&IpSet::all());
        let union = shares.iter().fold(IpSet::default(), |all, (_, share)| all.union(share));
        assert_eq!(union, IpSet::all(), "{}", subnet.name);
        assert!(shares.iter().any(|(route, _)| route.is_some_and(|it| it.hop != NextHop::None)));
    }
}

#[test]
fn sizes_of_clusters_as_the_articles_compute_them() {
    use azfw::path::audit::planning::{
        needed, nodes_max, overlay_nodes_max, smallest_prefix, usable,
    };
    use azfw::path::topology::ClusterPlugin;

    let Some(folder) = folder() else { return };
    let all = value(&folder.join("aks/ip_planning_cases.json"));
    let cases = all["cases"].as_array().expect("cases");
    let length = |text: &Value| text.as_str()?.trim_start_matches('/').parse::<u8>().ok();
    let mut compared = 0;
    for case in cases {
        let plugin = match text(&case["mode"]) {
            "azure-node-subnet" => ClusterPlugin::NodeSubnet,
            "kubenet" => ClusterPlugin::Kubenet,
            _ => ClusterPlugin::Overlay,
        };
        let number = |key: &str| case[key].as_u64();
        if let (Some(length), Some(expected)) = (length(&case["subnet"]), number("usable")) {
            assert_eq!(usable(length), expected, "{case}");
            compared += 1;
            let pods = number("max_pods").unwrap_or(30);
            for (key, surge) in [("max_nodes", 0), ("max_nodes_if_one_surge", 1)] {
                if let Some(expected) = number(key) {
                    assert_eq!(nodes_max(plugin, usable(length), surge, pods), expected, "{case}");
                }
            }
        }
        if let (Some(nodes), Some(expected)) = (number("nodes"), number("need")) {
            let surge = number("surge").unwrap_or(1);
            let need = needed(plugin, nodes, surge, number("max_pods").expect("a number"));
            assert_eq!(need, expected, "{case}");
            assert_eq!(smallest_prefix(need), length(&case["smallest_prefix"]), "{case}");
            compared += 1;
        }
        if let (Some(length), Some(expected)) = (length(&case["pod_cidr"]), number("max_nodes")) {
            assert_eq!(overlay_nodes_max(length), expected, "{case}");
            compared += 1;
        }
    }
    assert!(compared >= 10, "{compared} compared");
}
