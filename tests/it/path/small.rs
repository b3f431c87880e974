//! Small networks of our own: one question each.

use azfw::evaluate::Decision;
use azfw::path::audit::findings;
use azfw::path::bypass::{Allowed, Way, bypass, bypasses};
use azfw::path::tags::VnetTag;
use azfw::path::{HopVerdict, Layer, NoData, NoPolicies, Settings, World};
use serde_json::{Value, json};

use super::{Net, net};

fn id(name: &str) -> String {
    format!("/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/{name}")
}

/// A hub with a firewall that allows web traffic of the spoke, and a spoke with one subnet.
/// `change` may alter the files before they are read.
fn spoke(change: impl FnOnce(&mut Vec<(&'static str, Value)>)) -> Net {
    let peering = |to: &str, prefix: &str| {
        json!({"name": format!("to-{to}"), "peeringState": "Connected", "allowVirtualNetworkAccess": true,
        "remoteVirtualNetwork": {"id": id(&format!("virtualNetworks/{to}"))}, "remoteAddressSpace": {"addressPrefixes": [prefix]}})
    };
    let rule = json!({"ruleType": "NetworkRule", "name": "web", "ipProtocols": ["TCP"], "sourceAddresses": ["10.1.0.0/16"],
        "destinationAddresses": ["*"], "destinationPorts": ["443"]});
    let mut files = vec![
        (
            "vnets",
            json!([
            {"id": id("virtualNetworks/hub"), "name": "hub", "location": "w", "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
             "subnets": [{"id": id("virtualNetworks/hub/subnets/AzureFirewallSubnet"), "name": "AzureFirewallSubnet", "addressPrefix": "10.0.1.0/26"},
                {"id": id("virtualNetworks/hub/subnets/tools"), "name": "tools", "addressPrefix": "10.0.2.0/24"}],
             "virtualNetworkPeerings": [peering("spoke", "10.1.0.0/16")]},
            {"id": id("virtualNetworks/spoke"), "name": "spoke", "location": "w", "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
             "subnets": [{"id": id("virtualNetworks/spoke/subnets/work"), "name": "work", "addressPrefix": "10.1.0.0/24",
                "routeTable": {"id": id("ROUTETABLES/RT")}, "networkSecurityGroup": {"id": id("networkSecurityGroups/nsg")}}],
             "virtualNetworkPeerings": [peering("hub", "10.0.0.0/16")]}]),
        ),
        (
            "routes",
            json!([{"id": id("routeTables/rt"), "name": "rt", "disableBgpRoutePropagation": true,
            "routes": [{"name": "all", "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.1.4"}]}]),
        ),
        (
            "nsgs",
            json!([{"id": id("networkSecurityGroups/nsg"), "name": "nsg", "securityRules": []}]),
        ),
        (
            "nics",
            json!([{"id": id("networkInterfaces/work-nic"), "name": "work-nic", "ipConfigurations": [
            {"name": "c", "privateIPAddress": "10.1.0.4", "subnet": {"id": id("virtualNetworks/spoke/subnets/work")}}]},
            {"id": id("networkInterfaces/tool-nic"), "name": "tool-nic", "ipConfigurations": [
            {"name": "c", "privateIPAddress": "10.0.2.4", "subnet": {"id": id("virtualNetworks/hub/subnets/tools")}}]}]),
        ),
        (
            "ips",
            json!([{"id": id("publicIPAddresses/pip"), "name": "pip", "ipAddress": "203.0.113.10"}]),
        ),
        (
            "firewall",
            json!({"id": id("azureFirewalls/fw"), "name": "fw", "ipConfigurations": [{"privateIPAddress": "10.0.1.4",
            "publicIPAddress": {"id": id("publicIPAddresses/pip")}, "subnet": {"id": id("virtualNetworks/hub/subnets/AzureFirewallSubnet")}}],
            "firewallPolicy": {"id": id("firewallPolicies/p")}}),
        ),
        (
            "policy",
            json!([{"id": id("firewallPolicies/p"), "name": "p", "type": "Microsoft.Network/firewallPolicies"},
            {"id": id("firewallPolicies/p/ruleCollectionGroups/g"), "name": "g", "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
             "properties": {"priority": 200, "ruleCollections": [{"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": "n",
                "priority": 100, "action": {"type": "Allow"}, "rules": [rule]}]}}]),
        ),
    ];
    change(&mut files);
    net(&files)
}

fn file<'a>(files: &'a mut [(&'static str, Value)], name: &str) -> &'a mut Value {
    &mut files.iter_mut().find(|(known, _)| *known == name).expect("the file").1
}

/// The verdict of a journey and the layers that it names.
fn verdict(net: &Net, from: &str, to: &str) -> String {
    net.travel(from, to, NoData::Undecided).verdict()
}

#[test]
fn a_route_leads_through_the_firewall() {
    let net = spoke(|_| {});
    assert_eq!(net.warnings, Vec::<String>::new());
    assert_eq!(verdict(&net, "nic:work-nic", "198.51.100.7:443"), "allowed, through the firewall");
    assert_eq!(verdict(&net, "nic:work-nic", "198.51.100.7:22"), "denied at firewall");
    assert_eq!(verdict(&net, "nic:work-nic", "10.0.2.4:22"), "allowed, bypasses the firewall");
}

#[test]
fn what_is_referred_to_and_missing_is_never_an_allow() {
    for name in ["routes", "nsgs", "policy"] {
        let net = spoke(|files| files.retain(|(known, _)| *known != name));
        let journey = net.travel("nic:work-nic", "198.51.100.7:443", NoData::Undecided);
        assert_eq!(journey.decision, Decision::Undecided, "without {name}: {journey:#?}");
        assert!(!journey.needs().is_empty() || !journey.missing.is_empty(), "without {name}");
    }
    let net = spoke(|files| files.retain(|(known, _)| *known != "nics"));
    let journey = net.travel("ip:10.1.0.4", "198.51.100.7:443", NoData::Undecided);
    assert_eq!(journey.decision, Decision::Undecided);
    assert_eq!(journey.missing.len(), 1, "{:?}", journey.missing);
    assert_eq!(
        net.travel("ip:10.1.0.4", "198.51.100.7:443", NoData::Allow).decision,
        Decision::Allow
    );
}

#[test]
fn a_default_route_widens_the_tag_of_the_network() {
    let net = spoke(|_| {});
    let hop = |tag| {
        let settings = Settings { vnet_tag: tag, no_data: NoData::Undecided };
        let journey = net.travel_with("nic:work-nic", "198.51.100.7:443", settings);
        let hop = journey.hops.into_iter().find(|hop| hop.layer == Layer::SecurityGroup);
        hop.expect("a group").rule.expect("a rule")
    };
    assert_eq!(hop(VnetTag::Azure), "AllowVnetOutBound");
    assert_eq!(hop(VnetTag::Strict), "AllowInternetOutBound");
}

#[test]
fn a_rule_that_names_the_internet_is_open_where_a_route_widens_the_network() {
    let net = spoke(|files| {
        file(files, "nsgs")[0]["securityRules"] = json!([{"name": "no-internet", "priority": 200, "direction": "Outbound", "access": "Deny",
            "protocol": "*", "sourceAddressPrefix": "*", "destinationAddressPrefix": "Internet", "destinationPortRange": "*"}]);
    });
    let journey = net.travel("nic:work-nic", "198.51.100.7:443", NoData::Undecided);
    assert_eq!(journey.decision, Decision::Undecided);
    assert!(journey.needs()[0].contains("`Internet`"), "{:?}", journey.needs());
    let strict = Settings { vnet_tag: VnetTag::Strict, no_data: NoData::Undecided };
    let journey = net.travel_with("nic:work-nic", "198.51.100.7:443", strict);
    assert_eq!(journey.verdict(), "denied at nsg");
}

#[test]
fn an_unknown_tag_in_a_rule_leaves_it_open() {
    let net = spoke(|files| {
        file(files, "nsgs")[0]["securityRules"] = json!([{"name": "store", "priority": 200, "direction": "Outbound", "access": "Deny",
            "protocol": "Tcp", "sourceAddressPrefix": "*", "destinationAddressPrefix": "Storage", "destinationPortRange": "443"}]);
    });
    let journey = net.travel("nic:work-nic", "198.51.100.7:443", NoData::Allow);
    assert_eq!(
        (journey.decision, journey.needs()),
        (Decision::Undecided, vec!["service tag `Storage`"])
    );
    assert_eq!(
        net.travel("nic:work-nic", "198.51.100.7:80", NoData::Allow).verdict(),
        "denied at firewall"
    );
}

#[test]
fn application_security_groups_are_their_interfaces() {
    let net = spoke(|files| {
        file(files, "nics")[0]["ipConfigurations"][0]["applicationSecurityGroups"] =
            json!([{"id": id("applicationSecurityGroups/web")}]);
        file(files, "nsgs")[0]["securityRules"] = json!([{"name": "web", "priority": 200, "direction": "Outbound", "access": "Deny",
            "protocol": "*", "sourceApplicationSecurityGroups": [{"id": id("applicationSecurityGroups/WEB")}],
            "destinationAddressPrefixes": ["198.51.100.0/25", "198.51.100.128/25"], "destinationPortRanges": ["443", "8000-8999"]}]);
    });
    assert_eq!(verdict(&net, "nic:work-nic", "198.51.100.200:8080"), "denied at nsg");
    assert_eq!(verdict(&net, "nic:work-nic", "198.51.100.200:444"), "denied at firewall");
}

#[test]
fn effective_routes_of_azure_win() {
    let net = spoke(|files| {
        files.push(("effective-routes-work-nic", json!({"value": [
            {"addressPrefix": ["0.0.0.0/0"], "nextHopType": "Internet", "nextHopIpAddress": [], "source": "Default", "state": "Active"}]})));
    });
    let work = &bypasses(&net.topology, &Allowed::default())[2];
    assert!(work.is_exported && work.inspected.is_empty(), "{work:?}");
    let tools = &bypasses(&net.topology, &Allowed::default())[1];
    assert!(!tools.is_exported);
}

#[test]
fn effective_groups_of_azure_win() {
    let net = spoke(|files| {
        files.push(("effective", json!({"value": [{"networkSecurityGroup": {"id": id("networkSecurityGroups/nsg")},
            "association": {"subnet": {"id": id("virtualNetworks/spoke/subnets/work")}},
            "effectiveSecurityRules": [{"name": "securityRules/closed", "priority": 100, "direction": "Outbound", "access": "Deny", "protocol": "All",
                "sourceAddressPrefix": "0.0.0.0/0", "destinationAddressPrefix": "Internet", "expandedDestinationAddressPrefix": ["198.0.0.0/7"],
                "sourcePortRange": "0-65535", "destinationPortRange": "0-65535"}]}]})));
    });
    assert_eq!(verdict(&net, "nic:work-nic", "198.51.100.7:443"), "denied at nsg");
}

#[test]
fn admin_rules_come_before_groups() {
    let rule = |access: &str| {
        json!({"value": [{"id": "/c/rules/x", "name": "x", "kind": "Custom", "access": access, "direction": "Outbound", "priority": 1,
        "protocol": "Tcp", "sources": [], "destinations": [{"addressPrefix": "198.51.100.0/24"}], "destinationPortRanges": ["443"]}]})
    };
    let with = |access: &str, name: &'static str| {
        let rule = rule(access);
        spoke(|files| {
            files.push((name, rule));
            file(files, "nsgs")[0]["securityRules"] = json!([{"name": "no", "priority": 100, "direction": "Outbound", "access": "Deny", "protocol": "*",
                "sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "destinationPortRange": "*"}]);
        })
    };
    assert_eq!(
        verdict(&with("Deny", "admin-spoke"), "nic:work-nic", "198.51.100.7:443"),
        "denied at admin"
    );
    assert_eq!(
        verdict(&with("Allow", "admin-spoke"), "nic:work-nic", "198.51.100.7:443"),
        "denied at nsg"
    );
    assert_eq!(
        verdict(&with("AlwaysAllow", "admin-spoke"), "nic:work-nic", "198.51.100.7:443"),
        "allowed, through the firewall"
    );
    // A file that names no network leaves it open whether the rules apply.
    let journey =
        with("AlwaysAllow", "admin").travel("nic:work-nic", "198.51.100.7:443", NoData::Allow);
    assert_eq!(journey.end().map(|hop| hop.layer), Some(Layer::SecurityGroup));
    let journey = with("Deny", "admin").travel("nic:work-nic", "198.51.100.7:443", NoData::Allow);
    assert!(
        journey
            .hops
            .iter()
            .any(|hop| hop.layer == Layer::AdminRules && hop.verdict == HopVerdict::Unknown)
    );
}

#[test]
fn a_route_one_way_only_breaks_the_session() {
    let net = spoke(|files| {
        file(files, "routes")[0]["routes"].as_array_mut().expect("routes").push(
            json!({"name": "hub", "addressPrefix": "10.0.0.0/16", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.1.4"}));
    });
    assert_eq!(
        verdict(&net, "nic:work-nic", "10.0.2.4:443"),
        "denied at reply: the way back is broken"
    );
    assert_eq!(
        verdict(&net, "nic:tool-nic", "10.1.0.4:443"),
        "denied at reply: the way back is broken"
    );
    let policies = &NoPolicies;
    let settings = Settings { vnet_tag: VnetTag::Azure, no_data: NoData::Undecided };
    let world = World { topology: &net.topology, rules: &net.rules, policies, settings };
    let found = findings(&world);
    let checks: Vec<&str> = found.iter().map(|finding| finding.check).collect();
    assert_eq!(checks, ["asymmetric-route", "no-route-to-firewall", "widened-virtual-network"]);
}

#[test]
fn private_endpoints_are_reached_past_the_firewall_unless_their_subnet_has_policies() {
    let with = |policies: &'static str| {
        spoke(|files| {
            file(files, "routes")[0]["routes"].as_array_mut().expect("routes").push(
                json!({"name": "hub", "addressPrefix": "10.0.0.0/16", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.1.4"}));
            file(files, "vnets")[0]["subnets"][1]["privateEndpointNetworkPolicies"] =
                json!(policies);
            files.push(("endpoints", json!([{"id": id("privateEndpoints/pe"), "name": "pe", "subnet": {"id": id("virtualNetworks/hub/subnets/tools")},
                "customDnsConfigs": [{"fqdn": "store.example.net", "ipAddresses": ["10.0.2.9"]}]}])));
        })
    };
    assert_eq!(
        verdict(&with("Disabled"), "nic:work-nic", "store.example.net:443"),
        "allowed, bypasses the firewall"
    );
    let net = with("RouteTableEnabled");
    let journey = net.travel("nic:work-nic", "store.example.net:443/tcp", NoData::Undecided);
    assert_eq!(journey.bypasses, Some(false));
    // Through a network rule the source stays, and the endpoint answers past the firewall.
    assert_eq!(journey.decision, Decision::Undecided);
    assert!(
        journey.needs().iter().any(|need| need.contains("private endpoint")),
        "{:?}",
        journey.needs()
    );
}

#[test]
fn a_gateway_without_data_leaves_it_open() {
    let with = |is_closed: bool, learned: Option<&'static str>| {
        spoke(|files| {
            file(files, "vnets")[1]["subnets"].as_array_mut().expect("subnets").push(
                json!({"id": id("virtualNetworks/spoke/subnets/GatewaySubnet"), "name": "GatewaySubnet", "addressPrefix": "10.1.255.0/27"}));
            file(files, "routes")[0]["disableBgpRoutePropagation"] = json!(is_closed);
            files.extend(learned.map(|prefix| ("learned", json!({"value": [{"network": prefix, "nextHop": "10.1.255.4", "origin": "EBgp"}]}))));
        })
    };
    let work = |net: &Net| bypasses(&net.topology, &Allowed::default()).remove(2);
    assert!(work(&with(false, None)).is_open());
    assert!(!work(&with(true, None)).is_open());
    let net = with(false, Some("198.51.0.0/16"));
    let own = work(&net);
    assert!(!own.is_open() && own.is_breached());
    let gap = own.gaps.iter().find(|gap| gap.way == Way::Gateway).expect("a gap");
    assert_eq!(gap.addresses.to_string(), "198.51.0.0/16");
    assert_eq!(net.travel("nic:work-nic", "198.51.100.7:443", NoData::Allow).bypasses, Some(true));
}

#[test]
fn files_that_are_something_else_are_named() {
    let net = spoke(|files| {
        files.push(("other", json!([{"id": id("bastionHosts/b"), "name": "b"}, {"hello": 1}])));
    });
    assert_eq!(net.warnings.len(), 1);
    assert!(
        net.warnings[0].contains("1 × microsoft.network/bastionhosts")
            && net.warnings[0].contains("1 × object with hello"),
        "{:?}",
        net.warnings
    );
}

#[test]
fn a_peering_that_takes_no_forwarded_traffic_is_a_drop_or_a_doubt() {
    let net = spoke(|files| {
        let networks = file(files, "vnets").as_array_mut().expect("networks");
        networks[1]["virtualNetworkPeerings"][0]["allowForwardedTraffic"] = json!(false);
        // A third network, whose traffic to the spoke passes the firewall.
        let mut third = networks[1].clone();
        third["id"] = json!(id("virtualNetworks/third"));
        third["name"] = json!("third");
        third["addressSpace"]["addressPrefixes"] = json!(["10.7.0.0/16"]);
        third["subnets"][0]["id"] = json!(id("virtualNetworks/third/subnets/far"));
        third["subnets"][0]["name"] = json!("far");
        third["subnets"][0]["addressPrefix"] = json!("10.7.0.0/24");
        third["virtualNetworkPeerings"][0]["allowForwardedTraffic"] = json!(true);
        let mut back = networks[0]["virtualNetworkPeerings"][0].clone();
        back["name"] = json!("to-third");
        back["remoteVirtualNetwork"]["id"] = json!(id("virtualNetworks/third"));
        back["remoteAddressSpace"]["addressPrefixes"] = json!(["10.7.0.0/16"]);
        networks[0]["virtualNetworkPeerings"].as_array_mut().expect("peerings").push(back);
        networks.push(third);
        let nics = file(files, "nics").as_array_mut().expect("interfaces");
        nics.push(json!({"id": id("networkInterfaces/far-nic"), "name": "far-nic", "ipConfigurations": [
            {"name": "c", "privateIPAddress": "10.7.0.4", "subnet": {"id": id("virtualNetworks/third/subnets/far")}}]}));
        let groups = file(files, "policy");
        groups[1]["properties"]["ruleCollections"][0]["rules"][0]["sourceAddresses"] =
            json!(["10.0.0.0/8"]);
    });
    assert_eq!(verdict(&net, "nic:far-nic", "10.1.0.4:443"), "dropped at route");
    let journey = net.travel("nic:work-nic", "198.51.100.7:443", NoData::Undecided);
    assert_eq!(journey.decision, Decision::Undecided, "{journey:#?}");
    assert_eq!(verdict(&net, "nic:far-nic", "198.51.100.7:443"), "allowed, through the firewall");
    let world = World {
        topology: &net.topology,
        rules: &net.rules,
        policies: &NoPolicies,
        settings: Settings { vnet_tag: VnetTag::Azure, no_data: NoData::Undecided },
    };
    let found = findings(&world);
    let found: Vec<_> = found
        .iter()
        .filter(|it| it.check == "peering-without-forwarded-traffic")
        .map(|it| it.subject.as_str())
        .collect();
    assert_eq!(found, ["spoke/to-hub"]);
}

#[test]
fn policies_of_service_endpoints_are_not_taken_for_an_allow() {
    let with = |policies: Value| {
        let net = spoke(|files| {
            let subnet = &mut file(files, "vnets")[1]["subnets"][0];
            subnet["serviceEndpoints"] =
                json!([{"service": "Microsoft.Storage", "locations": ["w"]}]);
            subnet["serviceEndpointPolicies"] = policies;
            files.push((
                "tags",
                json!({"values": [{"name": "Storage.w", "id": "Storage.w",
                "properties": {"addressPrefixes": ["198.51.100.0/24"]}}]}),
            ));
        });
        verdict(&net, "nic:work-nic", "198.51.100.7:443")
    };
    assert_eq!(with(json!([])), "allowed, bypasses the firewall");
    let open = with(json!([{"id": id("serviceEndpointPolicies/only-ours")}]));
    assert!(open.starts_with("undecided"), "{open}");
}

#[test]
fn a_picture_holds_no_markup_of_strangers_and_asks_nobody() {
    let net = spoke(|files| {
        file(files, "nsgs")[0]["securityRules"] = json!([{"name": "<b><script>\u{202e}alert(\"1\")&", "priority": 100,
            "direction": "Outbound", "access": "Allow", "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*",
            "destinationAddressPrefix": "*", "destinationPortRange": "*"}]);
    });
    let journey = net.travel("nic:work-nic", "198.51.100.7:443", NoData::Undecided);
    let svg = azfw::report::path::svg(&journey);
    assert!(svg.contains("&lt;b&gt;&lt;script&gt;"), "{svg}");
    for forbidden in ["<script", "\u{202e}", "href", "url(", "@import", "&\""] {
        assert!(!svg.contains(forbidden), "{forbidden}");
    }
    assert_eq!(svg.matches("http").count(), 1, "only the name of the format");
    assert_eq!(svg.matches("<text ").count(), svg.matches("</text>").count());
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
}

#[test]
fn subnets_that_are_alike_share_their_answer_and_others_do_not() {
    let net = spoke(|files| {
        let subnet = |name: &str, change: Value| {
            let mut subnet = json!({"id": id(&format!("virtualNetworks/spoke/subnets/{name}")), "name": name,
                "addressPrefix": "10.1.9.0/24", "routeTable": {"id": id("routeTables/rt")}});
            for (key, value) in change.as_object().expect("an object") {
                subnet[key] = value.clone();
            }
            subnet
        };
        let storage =
            json!({"serviceEndpoints": [{"service": "Microsoft.Storage", "locations": ["w"]}]});
        let more = [
            subnet("like-work", json!({})),
            subnet("with-storage", storage.clone()),
            subnet("also-storage", storage),
            subnet("without-table", json!({"routeTable": null})),
            subnet("lost-table", json!({"routeTable": {"id": id("routeTables/gone")}})),
            subnet(
                "dual",
                json!({"addressPrefix": null, "addressPrefixes": ["10.1.9.0/24", "fd00::/64"]}),
            ),
        ];
        file(files, "vnets")[1]["subnets"].as_array_mut().expect("subnets").extend(more);
        files.push((
            "tags",
            json!({"values": [{"name": "Storage.w", "id": "Storage.w",
            "properties": {"addressPrefixes": ["203.0.113.0/26", "198.51.100.0/25"]}}]}),
        ));
    });
    let allowed = Allowed {
        addresses: std::iter::once("203.0.113.0/27".parse::<ipnet::IpNet>().expect("a prefix"))
            .collect(),
        ..Allowed::default()
    };
    let found = bypasses(&net.topology, &allowed);
    for (subnet, answer) in net.topology.subnets.iter().zip(&found) {
        let alone = bypass(&net.topology, subnet, &allowed);
        assert_eq!(format!("{answer:?}"), format!("{alone:?}"), "{}", subnet.name);
    }
    let of = |name: &str| found.iter().find(|it| it.subnet == name).expect("the subnet");
    assert_eq!(of("work").gaps, of("like-work").gaps);
    assert_eq!(of("with-storage").gaps, of("also-storage").gaps);
    let storage = of("with-storage").gaps.iter().filter(|gap| gap.way == Way::ServiceEndpoint);
    let storage: Vec<(bool, String)> =
        storage.map(|gap| (gap.is_allowed, gap.addresses.to_string())).collect();
    assert_eq!(
        storage,
        [
            (false, "198.51.100.0/25,203.0.113.32/27".to_owned()),
            (true, "203.0.113.0/27".to_owned())
        ]
    );
    assert!(of("without-table").inspected.is_empty() && of("lost-table").is_open());
    // A route to the firewall for 0.0.0.0/0 says nothing of IPv6.
    let internet = of("dual").gaps.iter().filter(|gap| gap.way == Way::Internet);
    let families: Vec<bool> =
        internet.map(|gap| gap.addresses.ranges().any(|range| range.first().is_ipv6())).collect();
    assert_eq!(families, [true], "{:?}", of("dual").gaps);
}

#[test]
fn a_target_is_named_like_an_origin() {
    let net = spoke(|_| {});
    let target = |text: &str| azfw::path::target(text, None, &net.topology);
    for (named, written) in [
        ("nic:work-nic:22", "10.1.0.4:22"),
        ("nic:work-nic:53/udp", "10.1.0.4:53/udp"),
        ("nic:work-nic/icmp", "10.1.0.4/icmp"),
    ] {
        let (named, written) = (target(named), target(written));
        assert_eq!(named, written);
        assert!(named.is_ok());
    }
    assert!(target("nic:work-nic").is_err_and(|it| it.to_string().contains("has no port")));
    let unknown = target("nic:other:22").expect_err("there is none");
    assert_eq!(unknown.to_string(), "no interface is called `other`");
    assert!(unknown.help.contains("work-nic"), "{}", unknown.help);
}

#[test]
fn a_page_holds_the_picture_and_no_markup_of_strangers() {
    let net = spoke(|files| {
        file(files, "nsgs")[0]["securityRules"] = json!([{"name": "<b><script>\u{202e}alert(\"1\")&", "priority": 100,
            "direction": "Outbound", "access": "Allow", "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*",
            "destinationAddressPrefix": "*", "destinationPortRange": "*"}]);
    });
    let journey = net.travel("nic:work-nic", "198.51.100.7:443", NoData::Undecided);
    let page = azfw::report::path::html(&journey).html().expect("a page");
    assert_eq!(page.matches("<svg ").count(), 1);
    let (svg, rest) =
        page.split_once("<svg ").and_then(|it| it.1.split_once("</svg>")).expect("a picture");
    assert!(svg.contains("&lt;b&gt;&lt;script&gt;") && !svg.contains("<style"), "{svg}");
    assert_eq!(page.matches("<script").count(), 1, "that of all pages");
    for markup in ["<b><", "\u{202e}"] {
        assert!(!page.contains(markup), "{markup}");
    }
    assert!(rest.contains("<table"), "stations as a table");
    let policies = &NoPolicies;
    let settings = Settings { vnet_tag: VnetTag::Azure, no_data: NoData::Undecided };
    let world = World { topology: &net.topology, rules: &net.rules, policies, settings };
    let findings = azfw::report::path::findings_html(&findings(&world)).html().expect("a page");
    assert!(findings.contains("no-route-to-firewall") && !findings.contains("<svg"));
}

#[test]
fn what_is_said_of_several_subnets_alike_is_one_paragraph() {
    let net = spoke(|files| {
        let more = ["alpha", "omega"].map(|name| {
            json!({"name": name, "addressPrefix": "10.0.3.0/24",
            "id": id(&format!("virtualNetworks/hub/subnets/{name}"))})
        });
        file(files, "vnets")[0]["subnets"].as_array_mut().expect("subnets").extend(more);
    });
    let policies = &NoPolicies;
    let settings = Settings { vnet_tag: VnetTag::Azure, no_data: NoData::Undecided };
    let world = World { topology: &net.topology, rules: &net.rules, policies, settings };
    let found = findings(&world);
    let text = azfw::report::path::findings_text(&found);
    assert!(text.contains("no-route-to-firewall  hub/alpha, hub/omega, hub/tools\n"), "{text}");
    assert_eq!(text.matches("it has no route table").count(), 1, "{text}");
    assert!(text.contains(&format!("\n{} findings: ", found.len())), "{text}");
    assert_eq!(azfw::report::path::findings_json(&found).findings.len(), found.len());
}
