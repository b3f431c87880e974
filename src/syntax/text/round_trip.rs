//! Whatever an inventory holds, its text reads back as the same inventory.

use std::net::IpAddr;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use smol_str::SmolStr;

use super::{format, parse, print};
use crate::net::{
    ApplicationProtocol, Fqdn, FqdnPattern, IpProtocol, IpRange, PortRange, RuleProtocol,
    UrlPattern,
};
use crate::policy::{
    Address, Application, ApplicationRule, BypassTraffic, ClassicFirewall, CollectionAction,
    DnsSettings, ExplicitProxy, FilterAction, FirewallPolicy, HttpHeader, IdpsMode,
    IntrusionDetection, Inventory, IpGroup, IpGroupRef, NatRule, NetworkRule, Placement,
    ResourceId, Rule, RuleCollection, RuleCollectionGroup, RuleHead, RuleSpan, Settings,
    SideTables, SignatureOverride, SkuTier, Snat, ThreatIntelAllowlist, ThreatIntelMode, Written,
};
use crate::source::{Source, SourceId, Sources, Spanned};

type Values<T> = Vec<Spanned<Written<T>>>;

fn text() -> impl Strategy<Value = SmolStr> {
    prop_oneof![
        6 => "[a-zA-Z0-9_.-]{1,6}",
        2 => "[ a-z\"`\\\\#@!,:=>\n\t-]{0,6}",
        1 => "\\PC{0,4}",
        1 => "\\u{0}|\\u{7f}|\\u{a0}|\\u{feff}|\\u{202e}|->|=>|none|fqdn|Tag|url|inspect|unknown|off|of|policy|id:x|#",
    ]
    .prop_map(SmolStr::from)
}

fn spanned<T: std::fmt::Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Spanned<T>> {
    value.prop_map(Spanned::unplaced)
}

fn written<T: std::fmt::Debug + Clone>(
    value: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Spanned<Written<T>>> {
    spanned(prop_oneof![
        6 => value.prop_map(Written::Value),
        1 => text().prop_map(Written::Unresolved),
        1 => text().prop_map(Written::Invalid),
    ])
}

fn values<T: std::fmt::Debug + Clone>(
    value: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Values<T>> {
    vec(written(value), 0..3)
}

fn ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from)]
}

fn address() -> impl Strategy<Value = Address> {
    prop_oneof![
        Just(Address::Any),
        (ip(), ip()).prop_map(|(first, last)| {
            Address::Range(IpRange::new(first, last).unwrap_or_else(|| IpRange::single(first)))
        }),
        (ip(), 0u8..=32).prop_map(|(ip, length)| {
            Address::Range(ipnet::IpNet::new(ip, length).unwrap().into())
        }),
        prop_oneof![text(), "[A-Z][a-zA-Z]{0,5}(\\.[A-Z][a-z]{1,4}){0,2}".prop_map(SmolStr::from)]
            .prop_map(Address::ServiceTag),
    ]
}

fn id() -> impl Strategy<Value = ResourceId> {
    let kind = prop_oneof![Just("Microsoft.Network/ipGroups"), Just(super::build::POLICY)];
    prop_oneof![
        text().prop_map(|text| ResourceId::new(&text)),
        (kind, "[a-c]|id:x|none")
            .prop_map(|(kind, name)| ResourceId::without_scope(kind, &[&name])),
        "/subscriptions/s/resourceGroups/[a-c]/providers/Microsoft.Network/firewallPolicies/[a-c]"
            .prop_map(|text| ResourceId::new(&text)),
    ]
}

fn group_ref() -> impl Strategy<Value = Spanned<IpGroupRef>> {
    written(id())
}

fn pattern() -> impl Strategy<Value = FqdnPattern> {
    let text = prop_oneof![
        "[*]?[a-z0-9.*/-]{1,8}".prop_map(SmolStr::from),
        "[a-z]{1,3}\\.[a-z0-9]{1,3}".prop_map(SmolStr::from),
        text()
    ];
    text.prop_map(|text| FqdnPattern::new(&text).unwrap_or(FqdnPattern::Any))
}

fn url() -> impl Strategy<Value = UrlPattern> {
    "[*]?[a-z,;#\"]{0,2}[a-z0-9.:-]{1,4}[a-zA-Z0-9/,#\"?<>-]{0,6}[*]?"
        .prop_map(|text| UrlPattern::new(&text).unwrap())
}

fn ports() -> impl Strategy<Value = PortRange> {
    any::<(u16, u16)>()
        .prop_map(|(a, b)| PortRange::new(a, b).unwrap_or_else(|| PortRange::single(a)))
}

fn protocol() -> impl Strategy<Value = RuleProtocol> {
    prop_oneof![
        Just(RuleProtocol::Any),
        Just(RuleProtocol::Tcp),
        Just(RuleProtocol::Udp),
        Just(RuleProtocol::Icmp),
    ]
}

fn application() -> impl Strategy<Value = Application> {
    let protocol = prop_oneof![
        Just(ApplicationProtocol::Http),
        Just(ApplicationProtocol::Https),
        Just(ApplicationProtocol::Mssql),
    ];
    (protocol, any::<u16>()).prop_map(|(protocol, port)| Application { protocol, port })
}

fn head() -> impl Strategy<Value = RuleHead> {
    let names = (spanned(text()), of(text()), vec(spanned(text()), 0..2));
    (names, values(address()), vec(group_ref(), 0..2)).prop_map(
        |((name, description, unknown_fields), sources, source_ip_groups)| RuleHead {
            name,
            description,
            sources,
            source_ip_groups,
            unknown_fields,
            span: RuleSpan::default(),
        },
    )
}

fn network_rule() -> impl Strategy<Value = Rule> {
    let destinations = (values(address()), vec(group_ref(), 0..2), values(pattern()));
    (head(), values(protocol()), destinations, values(ports())).prop_map(
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

fn application_rule() -> impl Strategy<Value = Rule> {
    let header = (text(), text()).prop_map(|(name, value)| HttpHeader { name, value });
    let names = (values(pattern()), values(url()), values(text()), values(text()));
    let more = (values(address()), of(written(any::<bool>())), vec(spanned(header), 0..2));
    (head(), values(application()), names, more).prop_map(|(head, protocols, names, more)| {
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
            terminate_tls,
            http_headers,
        })
    })
}

fn nat_rule() -> impl Strategy<Value = Rule> {
    let name = text()
        .prop_filter_map("a name", |text| Fqdn::new(&text))
        .prop_filter("reads back", |name| Fqdn::new(name.as_str()).as_ref() == Some(name));
    let translated = (of(written(ip())), of(written(name)), of(written(any::<u16>())));
    (head(), values(protocol()), values(address()), values(ports()), translated).prop_map(
        |(head, protocols, destinations, destination_ports, (address, fqdn, port))| {
            Rule::Nat(NatRule {
                head,
                protocols,
                destinations,
                destination_ports,
                translated_address: address,
                translated_fqdn: fqdn,
                translated_port: port,
            })
        },
    )
}

fn collection() -> impl Strategy<Value = RuleCollection> {
    let action = prop_oneof![
        Just(CollectionAction::Filter(FilterAction::Allow)),
        Just(CollectionAction::Filter(FilterAction::Deny)),
        Just(CollectionAction::Dnat),
    ];
    let rule = prop_oneof![network_rule(), application_rule(), nat_rule()];
    (spanned(text()), spanned(any::<u32>()), spanned(action), vec(rule, 0..3)).prop_map(
        |(name, priority, action, rules)| RuleCollection { name, priority, action, rules },
    )
}

fn bypass() -> impl Strategy<Value = BypassTraffic> {
    let ends = (
        values(address()),
        vec(group_ref(), 0..2),
        values(address()),
        vec(group_ref(), 0..2),
        values(ports()),
    );
    (spanned(text()), of(text()), of(written(any::<u8>().prop_map(IpProtocol))), ends).prop_map(
        |(name, description, protocol, (sources, source_groups, destinations, groups, ports))| {
            BypassTraffic {
                name,
                description,
                protocol: protocol.map(|protocol| protocol.value),
                sources,
                source_ip_groups: source_groups,
                destinations,
                destination_ip_groups: groups,
                destination_ports: ports,
            }
        },
    )
}

fn idps() -> impl Strategy<Value = IntrusionDetection> {
    let mode = || prop_oneof![Just(IdpsMode::Off), Just(IdpsMode::Alert), Just(IdpsMode::Deny)];
    let signature = (written(text()), written(mode()))
        .prop_map(|(id, mode)| SignatureOverride { id, mode: mode.value });
    let lists = (vec(signature, 0..2), vec(bypass(), 0..2), values(address()));
    (of(written(mode())), of(text()), lists).prop_map(
        |(mode, profile, (overrides, bypass, private_ranges))| IntrusionDetection {
            mode,
            profile,
            overrides,
            bypass,
            private_ranges,
        },
    )
}

fn explicit_proxy() -> impl Strategy<Value = ExplicitProxy> {
    (any::<[bool; 2]>(), any::<[Option<u16>; 3]>(), of(text())).prop_map(
        |([enabled, enable_pac_file], [http_port, https_port, pac_file_port], pac_file)| {
            ExplicitProxy {
                enabled,
                http_port,
                https_port,
                enable_pac_file,
                pac_file_port,
                pac_file,
            }
        },
    )
}

fn settings() -> impl Strategy<Value = Settings> {
    let tier = prop_oneof![Just(SkuTier::Basic), Just(SkuTier::Standard), Just(SkuTier::Premium)];
    let mode = prop_oneof![
        Just(ThreatIntelMode::Off),
        Just(ThreatIntelMode::Alert),
        Just(ThreatIntelMode::Deny),
    ];
    let allowlist = (values(address()), values(pattern()))
        .prop_map(|(addresses, fqdns)| ThreatIntelAllowlist { addresses, fqdns });
    let dns = (of(written(any::<bool>())), values(ip()))
        .prop_map(|(enable_proxy, servers)| DnsSettings { enable_proxy, servers });
    let snat = (vec(spanned(text()), 0..2), of(any::<bool>())).prop_map(|(ranges, learn)| Snat {
        private_ranges: ranges,
        auto_learn_private_ranges: learn,
    });
    let first = (of(spanned(tier)), of(text()), of(written(mode)), allowlist);
    let second = (of(dns), of(idps()), of(spanned(text())), of(explicit_proxy()));
    (first, second, of(snat), of(any::<bool>())).prop_map(|(first, second, snat, redirect)| {
        let (tier, location, threat_intel_mode, threat_intel_allowlist) = first;
        let (dns, intrusion_detection, certificate_authority, explicit_proxy) = second;
        Settings {
            tier,
            location,
            threat_intel_mode,
            threat_intel_allowlist,
            dns,
            intrusion_detection,
            certificate_authority,
            explicit_proxy,
            snat,
            allow_sql_redirect: redirect,
        }
    })
}

/// The id that a resource of this name has when a template names it, or another one.
fn own_id(
    name: &str,
    kind: &'static str,
    other: Option<ResourceId>,
    is_own: bool,
) -> Option<ResourceId> {
    if is_own { Some(ResourceId::without_scope(kind, &[name])) } else { other }
}

fn policy() -> impl Strategy<Value = FirewallPolicy> {
    let ids = (of(id()), any::<bool>(), of(spanned(id())), vec(spanned(id()), 0..2));
    (spanned(text()), ids, settings()).prop_map(
        |(name, (id, is_own, base, group_references), settings)| FirewallPolicy {
            id: own_id(&name.value, super::build::POLICY, id, is_own),
            name,
            base,
            settings,
            group_references,
        },
    )
}

fn group() -> impl Strategy<Value = RuleCollectionGroup> {
    let ids = (of(id()), of(id()), of(text()));
    (spanned(text()), spanned(any::<u32>()), vec(collection(), 0..3), ids).prop_map(
        |(name, priority, collections, (id, policy, size))| RuleCollectionGroup {
            name,
            id,
            policy,
            priority,
            collections,
            size,
        },
    )
}

fn firewall() -> impl Strategy<Value = ClassicFirewall> {
    let ids = (of(id()), any::<bool>(), of(spanned(id())));
    let hubs = (of(written(id())), of(written(id())));
    let placement = (vec(written(text()), 0..3), vec(spanned(id()), 0..2), hubs);
    let placement = placement.prop_map(|(zones, subnets, (management_subnet, virtual_hub))| {
        Placement { zones, subnets, management_subnet, virtual_hub }
    });
    let links = (ids, placement);
    (spanned(text()), links, settings(), vec(collection(), 0..2), values(ip())).prop_map(
        |(name, ((id, is_own, policy), placement), settings, collections, addresses)| {
            ClassicFirewall {
                placement,
                id: own_id(&name.value, super::build::FIREWALL, id, is_own),
                name,
                settings,
                policy,
                collections,
                addresses,
            }
        },
    )
}

fn ip_group() -> impl Strategy<Value = IpGroup> {
    let ids = (of(id()), any::<bool>(), of(text()));
    (spanned(text()), ids, vec(written(address()), 0..8)).prop_map(
        |(name, (id, is_own, location), addresses)| IpGroup {
            location,
            id: own_id(&name.value, super::reader::IP_GROUP, id, is_own),
            name,
            addresses,
        },
    )
}

fn inventory() -> impl Strategy<Value = Inventory> {
    // Some groups belong to a policy that is there, so that they are printed below it.
    let owners = vec(of(any::<prop::sample::Index>()), 3);
    (vec(policy(), 0..3), vec(group(), 0..3), vec(firewall(), 0..2), vec(ip_group(), 0..2), owners)
        .prop_map(|(policies, mut groups, firewalls, ip_groups, owners)| {
            for (group, owner) in groups.iter_mut().zip(owners) {
                let owner = owner.filter(|_| !policies.is_empty());
                if let Some(owner) = owner {
                    group.policy = owner.get(&policies).id.clone();
                }
            }
            Inventory { policies, groups, firewalls, ip_groups, tables: SideTables::default() }
        })
}

fn source() -> SourceId {
    Sources::default().add(Source::new("test.azfw", ""))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_printed_inventory_reads_back(wanted in inventory()) {
        let text = print(&wanted);
        let read = parse(&text, source());
        prop_assert!(read.is_ok(), "{}\n{}", read.unwrap_err(), text);
        let (read, _) = read.unwrap();
        prop_assert_eq!(print(&read), text.clone());
        prop_assert_eq!(read, wanted, "{}", text);
    }

    #[test]
    fn what_is_printed_is_formatted(wanted in inventory()) {
        let text = print(&wanted);
        prop_assert_eq!(format(&text, source()), Ok(text));
    }

    #[test]
    fn formatting_changes_neither_rules_nor_comments(
        wanted in inventory(),
        noise in vec(prop_oneof![Just("\n"), Just("\t"), Just("   "), Just("# why, then\n"), Just("\r\n")], 8),
    ) {
        let printed = print(&wanted);
        let lines: Vec<String> = printed
            .lines()
            .zip(noise.iter().cycle())
            .map(|(line, noise)| {
                let is_inside = line.ends_with(',') || line.starts_with("    ");
                // An empty line would end a list that goes on.
                let noise = if is_inside && noise.trim().is_empty() { "" } else { noise };
                format!("{noise}{}  # {}", line.trim_start(), line.len())
            })
            .collect();
        let messy = lines.join("\r\n");
        let formatted = format(&messy, source());
        prop_assert!(formatted.is_ok(), "{}\n{}", formatted.unwrap_err(), messy);
        let formatted = formatted.unwrap();
        prop_assert_eq!(format(&formatted, source()), Ok(formatted.clone()));
        prop_assert_eq!(parse(&formatted, source()).unwrap().0, wanted);
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(words(&formatted), words(&messy));
    }
}
