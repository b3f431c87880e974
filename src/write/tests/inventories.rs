//! Rule sets as people have them: names that fit, references that lead somewhere.

use std::net::{IpAddr, Ipv4Addr};

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use smol_str::{SmolStr, format_smolstr};

use crate::net::{
    ApplicationProtocol, Fqdn, FqdnPattern, IpRange, PortRange, RuleProtocol, UrlPattern,
};
use crate::policy::{
    Address, Application, ApplicationRule, ClassicFirewall, CollectionAction, DnsSettings,
    ExplicitProxy, FilterAction, FirewallPolicy, HttpHeader, IdpsMode, IntrusionDetection,
    Inventory, IpGroup, IpGroupRef, NatRule, NetworkRule, Placement, ResourceId, Rule,
    RuleCollection, RuleCollectionGroup, RuleHead, RuleSpan, Settings, SideTables,
    SignatureOverride, SkuTier, Snat, ThreatIntelAllowlist, ThreatIntelMode, Written,
};
use crate::source::Spanned;

pub(super) const POLICY: &str = "Microsoft.Network/firewallPolicies";
const GROUP: &str = "Microsoft.Network/firewallPolicies/ruleCollectionGroups";
const IP_GROUP: &str = "Microsoft.Network/ipGroups";
const FIREWALL: &str = "Microsoft.Network/azureFirewalls";

/// Texts that a form has to escape.
fn text() -> impl Strategy<Value = SmolStr> {
    prop_oneof![
        4 => "[a-zA-Z0-9_.-]{1,6}",
        1 => "[a-z][ ,;\"'`${}%\\\\|#=@\\[\\]a-z-]{0,6}[a-z]",
        1 => "=[a-z]{1,3}|@[a-z]{1,3}|-[a-z]{1,3}|\\[[a-z]{1,3}\\]|'=[a-z]",
    ]
    .prop_map(SmolStr::from)
}

fn at<T>(value: T) -> Spanned<T> {
    Spanned::unplaced(value)
}

/// Values, now and then one that only a deployment settles.
fn values<T: std::fmt::Debug + Clone + 'static>(
    value: impl Strategy<Value = T> + 'static,
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = Vec<Spanned<Written<T>>>> {
    let unresolved =
        select(vec!["[parameters('a')]", "[reference('ip-b', '2024-05-01').ipAddress]"]);
    let written = prop_oneof![
        12 => value.prop_map(Written::Value),
        1 => unresolved.prop_map(|text| Written::Unresolved(text.into())),
    ];
    vec(written.prop_map(at), count)
}

fn ip() -> impl Strategy<Value = IpAddr> {
    (0u8..4, 0u8..6).prop_map(|(net, host)| Ipv4Addr::new(10, 0, net, host).into())
}

fn address() -> impl Strategy<Value = Address> {
    prop_oneof![
        1 => Just(Address::Any),
        2 => ip().prop_map(|ip| Address::Range(IpRange::single(ip))),
        3 => (ip(), 22u8..=31).prop_map(|(ip, length)| {
            Address::Range(ipnet::IpNet::new(ip, length).unwrap().into())
        }),
        1 => (ip(), ip()).prop_map(|(a, b)| {
            Address::Range(IpRange::new(a.min(b), a.max(b)).unwrap())
        }),
    ]
}

fn destination() -> impl Strategy<Value = Address> {
    prop_oneof![
        6 => address(),
        1 => select(vec!["AzureMonitor", "Sql.WestEurope"]).prop_map(|tag| Address::ServiceTag(tag.into())),
    ]
}

fn ip_group_ref() -> impl Strategy<Value = Spanned<IpGroupRef>> {
    // The last one is in no file.
    select(vec!["servers", "clients", "elsewhere"])
        .prop_map(|name| at(Written::Value(ResourceId::without_scope(IP_GROUP, &[name]))))
}

fn name_of_host() -> impl Strategy<Value = SmolStr> {
    select(vec!["www.example.com", "a.b.example.com", "example.org", "db"]).prop_map(SmolStr::from)
}

fn pattern() -> impl Strategy<Value = FqdnPattern> {
    prop_oneof![
        3 => name_of_host(),
        2 => select(vec!["*.example.com", "*example.org", "*"]).prop_map(SmolStr::from),
    ]
    .prop_map(|text| FqdnPattern::new(&text).unwrap())
}

fn url() -> impl Strategy<Value = UrlPattern> {
    select(vec!["www.example.com/a/*", "*.example.com/b,c", "example.org/"])
        .prop_map(|text| UrlPattern::new(text).unwrap())
}

fn ports() -> impl Strategy<Value = PortRange> {
    prop_oneof![
        select(vec![22u16, 80, 443, 1433]).prop_map(PortRange::single),
        Just(PortRange::new(400, 500).unwrap()),
        Just(PortRange::ALL),
    ]
}

fn protocol() -> impl Strategy<Value = RuleProtocol> {
    select(vec![RuleProtocol::Any, RuleProtocol::Tcp, RuleProtocol::Udp, RuleProtocol::Icmp])
}

fn head() -> impl Strategy<Value = RuleHead> {
    (text(), of(text()), values(address(), 0..3), vec(ip_group_ref(), 0..2)).prop_map(
        |(name, description, sources, source_ip_groups)| RuleHead {
            name: at(name),
            description,
            sources,
            source_ip_groups,
            unknown_fields: Vec::new(),
            span: RuleSpan::default(),
        },
    )
}

fn network() -> impl Strategy<Value = Rule> {
    let fqdns = name_of_host().prop_map(|text| FqdnPattern::new(&text).unwrap());
    let ends = (values(destination(), 0..3), vec(ip_group_ref(), 0..2), values(fqdns, 0..2));
    (head(), values(protocol(), 1..3), ends, values(ports(), 1..3)).prop_map(
        |(head, protocols, (destinations, groups, fqdns), destination_ports)| {
            Rule::Network(NetworkRule {
                head,
                protocols,
                destinations,
                destination_ip_groups: groups,
                destination_fqdns: fqdns,
                destination_ports,
            })
        },
    )
}

fn application() -> impl Strategy<Value = Rule> {
    let kind = select(vec![
        ApplicationProtocol::Http,
        ApplicationProtocol::Https,
        ApplicationProtocol::Mssql,
    ]);
    let protocol = (kind, select(vec![80u16, 443, 1433, 8443]))
        .prop_map(|(protocol, port)| at(Written::Value(Application { protocol, port })));
    let words = || select(vec!["WindowsUpdate", "News"]).prop_map(SmolStr::from);
    let names = (
        values(pattern(), 0..3),
        values(url(), 0..2),
        values(words(), 0..2),
        values(words(), 0..2),
    );
    let header = (text(), text()).prop_map(|(name, value)| at(HttpHeader { name, value }));
    let more = (values(address(), 0..2), of(any::<bool>()), vec(header, 0..2));
    (head(), vec(protocol, 1..3), names, more).prop_map(|(head, protocols, names, more)| {
        let (target_fqdns, target_urls, fqdn_tags, web_categories) = names;
        let (destinations, terminate_tls, http_headers) = more;
        Rule::Application(ApplicationRule {
            head,
            protocols,
            target_fqdns,
            target_urls,
            fqdn_tags,
            web_categories,
            destinations,
            terminate_tls: terminate_tls.map(|flag| at(Written::Value(flag))),
            http_headers,
        })
    })
}

fn nat() -> impl Strategy<Value = Rule> {
    let port = select(vec![PortRange::single(443), PortRange::single(22)]);
    let target = prop_oneof![
        ip().prop_map(|ip| (Some(ip), None)),
        name_of_host().prop_map(|name| (None, Fqdn::new(&name))),
    ];
    let protocol = select(vec![RuleProtocol::Tcp, RuleProtocol::Udp]);
    let ends = (values(address(), 1..2), values(port, 1..2));
    (head(), values(protocol, 1..3), ends, target, 1u16..1000).prop_map(
        |(head, protocols, (destinations, destination_ports), (address, fqdn), port)| {
            Rule::Nat(NatRule {
                head,
                protocols,
                destinations,
                destination_ports,
                translated_address: address.map(|it| at(Written::Value(it))),
                translated_fqdn: fqdn.map(|it| at(Written::Value(it))),
                translated_port: Some(at(Written::Value(port))),
            })
        },
    )
}

/// Collections, each of one type; names and priorities differ.
fn collections() -> impl Strategy<Value = Vec<RuleCollection>> {
    let filter =
        || select(vec![FilterAction::Allow, FilterAction::Deny]).prop_map(CollectionAction::Filter);
    let collection = prop_oneof![
        (filter(), vec(network(), 1..4)),
        (filter(), vec(application(), 1..4)),
        (Just(CollectionAction::Dnat), vec(nat(), 1..3)),
    ];
    vec(collection, 1..4).prop_shuffle().prop_map(|collections| {
        let named =
            collections.into_iter().enumerate().map(|(index, (action, rules))| RuleCollection {
                name: at(format_smolstr!("c{index}")),
                priority: at(u32::try_from(index).unwrap() * 7 % 5 * 10
                    + 100
                    + u32::try_from(index).unwrap()),
                action: at(action),
                rules,
            });
        named.collect()
    })
}

fn settings() -> impl Strategy<Value = Settings> {
    let tier = select(vec![SkuTier::Basic, SkuTier::Standard, SkuTier::Premium]);
    let mode = select(vec![ThreatIntelMode::Off, ThreatIntelMode::Alert, ThreatIntelMode::Deny]);
    let allowlist = (
        values(address().prop_filter("an address", |it| *it != Address::Any), 0..2),
        values(pattern(), 0..2),
    )
        .prop_map(|(addresses, fqdns)| ThreatIntelAllowlist { addresses, fqdns });
    let dns = (any::<bool>(), values(ip(), 0..2)).prop_map(|(proxy, servers)| DnsSettings {
        enable_proxy: Some(at(Written::Value(proxy))),
        servers,
    });
    let idps_mode = || select(vec![IdpsMode::Off, IdpsMode::Alert, IdpsMode::Deny]);
    let idps = (idps_mode(), idps_mode()).prop_map(|(mode, own)| IntrusionDetection {
        mode: Some(at(Written::Value(mode))),
        overrides: vec![SignatureOverride {
            id: at(Written::Value("2008983".into())),
            mode: Written::Value(own),
        }],
        ..IntrusionDetection::default()
    });
    let proxy = (any::<bool>(), of(1u16..9000)).prop_map(|(enabled, http_port)| ExplicitProxy {
        enabled,
        http_port,
        ..ExplicitProxy::default()
    });
    let snat = Just(Snat {
        private_ranges: vec![at("IANAPrivateRanges".into()), at("198.51.100.0/24".into())],
        auto_learn_private_ranges: None,
    });
    let rest = (of(idps), of(proxy), of(snat), of(any::<bool>()), of(Just("our-ca")));
    (of(tier), of(mode), allowlist, of(dns), rest).prop_map(|(tier, mode, allowlist, dns, rest)| {
        let (intrusion_detection, explicit_proxy, snat, allow_sql_redirect, authority) = rest;
        Settings {
            tier: tier.map(at),
            location: None,
            threat_intel_mode: mode.map(|mode| at(Written::Value(mode))),
            threat_intel_allowlist: allowlist,
            dns,
            intrusion_detection,
            certificate_authority: authority.map(|name| at(name.into())),
            explicit_proxy,
            snat,
            allow_sql_redirect,
        }
    })
}

/// A policy with groups and maybe a parent, IP Groups and all.
pub(super) fn policies() -> impl Strategy<Value = Inventory> {
    let groups = || vec(collections(), 1..3);
    let parent = of((settings(), groups()));
    (settings(), groups(), parent, ip_groups()).prop_map(|(settings, own, parent, ip_groups)| {
        let mut inventory = Inventory { ip_groups, ..Inventory::default() };
        let base = parent.is_some().then(|| at(ResourceId::without_scope(POLICY, &["base"])));
        if let Some((settings, groups)) = parent {
            add(&mut inventory, "base", None, settings, groups);
        }
        add(&mut inventory, "hub", base, settings, own);
        inventory
    })
}

fn add(
    inventory: &mut Inventory,
    name: &str,
    base: Option<Spanned<ResourceId>>,
    settings: Settings,
    groups: Vec<Vec<RuleCollection>>,
) {
    inventory.policies.push(FirewallPolicy {
        name: at(name.into()),
        id: Some(ResourceId::without_scope(POLICY, &[name])),
        base,
        settings,
        group_references: Vec::new(),
    });
    for (index, collections) in groups.into_iter().enumerate() {
        let own = format_smolstr!("g{index}");
        inventory.groups.push(RuleCollectionGroup {
            id: Some(ResourceId::without_scope(GROUP, &[name, &own])),
            name: at(own),
            policy: Some(ResourceId::without_scope(POLICY, &[name])),
            priority: at(300 - u32::try_from(index).unwrap() * 50),
            collections,
            size: None,
        });
    }
}

fn ip_groups() -> impl Strategy<Value = Vec<IpGroup>> {
    let addresses = || values(address().prop_filter("an address", |it| *it != Address::Any), 1..3);
    (addresses(), addresses()).prop_map(|(servers, clients)| {
        [("servers", servers), ("clients", clients)]
            .into_iter()
            .map(|(name, addresses)| IpGroup {
                name: at(name.into()),
                id: Some(ResourceId::without_scope(IP_GROUP, &[name])),
                location: (name == "servers").then(|| "westeurope".into()),
                addresses,
            })
            .collect()
    })
}

/// Zones and subnets that are written out.
fn placement() -> impl Strategy<Value = Placement> {
    let zones = prop::sample::subsequence(vec!["1", "2", "3"], 0..=3);
    let subnet = |name: &str| {
        ResourceId::new(&format!(
            "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/hub/\
             subnets/{name}"
        ))
    };
    let hub = ResourceId::new(
        "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualHubs/hub",
    );
    let zones =
        zones.prop_map(|zones| zones.into_iter().map(|it| at(Written::Value(it.into()))).collect());
    (zones, any::<[bool; 3]>()).prop_map(move |(zones, [is_known, is_managed, is_in_hub])| {
        let in_network = |known: bool, name: &str| (known && !is_in_hub).then(|| subnet(name));
        Placement {
            zones,
            subnets: in_network(is_known, "AzureFirewallSubnet").map(at).into_iter().collect(),
            management_subnet: in_network(is_managed, "AzureFirewallManagementSubnet")
                .map(|id| at(Written::Value(id))),
            virtual_hub: is_in_hub.then(|| at(Written::Value(hub.clone()))),
        }
    })
}

/// A classic firewall; nothing in it that only policies have.
pub(super) fn firewalls() -> impl Strategy<Value = Inventory> {
    (collections(), ip_groups(), placement()).prop_map(|(mut collections, ip_groups, placement)| {
        // Azure keeps the collections by type.
        collections.sort_by_key(|collection| match collection.rules[0] {
            Rule::Nat(_) => 0,
            Rule::Network(_) => 1,
            Rule::Application(_) => 2,
        });
        for rule in collections.iter_mut().flat_map(|collection| &mut collection.rules) {
            match rule {
                Rule::Application(rule) => {
                    rule.target_urls.clear();
                    rule.web_categories.clear();
                    rule.destinations.clear();
                    rule.http_headers.clear();
                    rule.terminate_tls = None;
                }
                Rule::Nat(rule) if rule.translated_address.is_none() => {
                    rule.translated_fqdn = None;
                    rule.translated_address =
                        Some(at(Written::Value(Ipv4Addr::new(10, 0, 0, 9).into())));
                }
                Rule::Nat(_) | Rule::Network(_) => {}
            }
        }
        let firewall = ClassicFirewall {
            name: at("fw".into()),
            id: Some(ResourceId::without_scope(FIREWALL, &["fw"])),
            settings: Settings { tier: Some(at(SkuTier::Standard)), ..Settings::default() },
            policy: None,
            collections,
            addresses: Vec::new(),
            placement,
        };
        Inventory {
            firewalls: vec![firewall],
            ip_groups,
            tables: SideTables::default(),
            ..Inventory::default()
        }
    })
}
