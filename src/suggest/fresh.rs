//! A rule set of what was allowed, and of nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::draft::{ALLOW, RuleNames, group, head, made, policy};
use super::names::patterns;
use super::observed::{Fate, Observed, Times};
use super::sources::{SourceEntry, Sources, named};
use super::{Options, Suggestion, groups};
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::{
    ApplicationProtocol, Fqdn, FqdnPattern, IpProtocol, IpRange, IpSet, PortRange, RuleProtocol,
};
use crate::policy::{
    Address, Application, ApplicationRule, CollectionAction, Inventory, NatRule, NetworkRule, Rule,
    Written,
};

/// What a rule has to allow, without the sources.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Service {
    Network { protocol: RuleProtocol, destination: IpAddr, port: Option<u16> },
    Application { protocol: ApplicationProtocol, port: u16, name: Fqdn },
    Dnat { protocol: RuleProtocol, destination: IpAddr, port: u16, to: (IpAddr, u16) },
}

/// Who used a service, and who was denied it.
#[derive(Debug, Default)]
struct Users {
    allowed: BTreeMap<IpAddr, Times>,
    denied: BTreeSet<IpAddr>,
}

impl Users {
    fn times(&self) -> Times {
        let mut times = Times::default();
        self.allowed.values().for_each(|more| times.join(*more));
        times
    }

    fn sources(&self) -> BTreeSet<IpAddr> {
        self.allowed.keys().copied().collect()
    }
}

/// Rules for everything that was allowed. IP Groups of `known` are used where they fit.
#[must_use]
pub fn from_logs(observed: &Observed, known: Option<&Inventory>, options: &Options) -> Suggestion {
    let mut notes: BTreeMap<String, u64> = BTreeMap::new();
    let services = services(observed, &mut notes);
    let sources = Sources::new(options, groups(known));
    let mut draft =
        Draft { services: &services, sources: &sources, options, used: BTreeSet::new() };
    let rule_groups = [
        ("SuggestedDnat", 100, "observed-dnat", CollectionAction::Dnat, draft.dnat()),
        ("SuggestedNetwork", 200, "observed-network", ALLOW, draft.network()),
        ("SuggestedApplication", 300, "observed-application", ALLOW, draft.application()),
    ];
    let made = rule_groups.into_iter().filter_map(|(name, priority, collection, action, rules)| {
        group(&options.policy, name, priority, collection, action, rules)
    });
    let made = made.collect();
    let named = groups(known).iter().enumerate().filter(|(place, _)| draft.used.contains(place));
    let inventory = Inventory {
        policies: vec![policy(&options.policy)],
        groups: made,
        ip_groups: named.map(|(_, group)| group.clone()).collect(),
        tables: known.map(|known| known.tables.clone()).unwrap_or_default(),
        ..Inventory::default()
    };
    let notes = notes.into_iter().map(|(what, count)| format!("{what}: {count}")).collect();
    Suggestion { inventory, notes }
}

fn services(observed: &Observed, notes: &mut BTreeMap<String, u64>) -> BTreeMap<Service, Users> {
    let mut services: BTreeMap<Service, Users> = BTreeMap::new();
    for (flow, fate) in observed.flows() {
        let service = match service(flow, fate) {
            Ok(service) => service,
            Err(why) => {
                if fate.allowed.connections > 0 {
                    *notes.entry(why.to_owned()).or_default() += fate.allowed.connections;
                }
                continue;
            }
        };
        let users = services.entry(service).or_default();
        if fate.allowed.connections > 0 {
            users.allowed.entry(flow.source).or_default().join(fate.allowed);
        }
        if fate.denied.connections > 0 {
            users.denied.insert(flow.source);
        }
    }
    services
}

fn service(flow: &Flow, fate: &Fate) -> Result<Service, &'static str> {
    if let Some((address, port)) = fate.translated {
        let ends = flow.destination.zip(flow.port).zip(port);
        let ((destination, port), inner) =
            ends.ok_or("translated connections whose ports are not logged need a DNAT rule")?;
        let protocol = rule_protocol(flow.protocol.ip())?;
        return Ok(Service::Dnat { protocol, destination, port, to: (address, inner) });
    }
    match flow.protocol {
        FlowProtocol::Application(protocol) => {
            let port = flow.port.unwrap_or_else(|| protocol.default_port());
            match &flow.name {
                Name::Known(name) => {
                    Ok(Service::Application { protocol, port, name: name.clone() })
                }
                Name::Unknown | Name::Absent => {
                    Err("allowed web connections without a name cannot be allowed by name")
                }
            }
        }
        FlowProtocol::Ip(protocol) => {
            let destination =
                flow.destination.ok_or("connections whose destination is not logged")?;
            Ok(Service::Network {
                protocol: rule_protocol(protocol)?,
                destination,
                port: flow.port,
            })
        }
    }
}

fn rule_protocol(protocol: IpProtocol) -> Result<RuleProtocol, &'static str> {
    match protocol {
        IpProtocol::TCP => Ok(RuleProtocol::Tcp),
        IpProtocol::UDP => Ok(RuleProtocol::Udp),
        IpProtocol::ICMP | IpProtocol::ICMPV6 => Ok(RuleProtocol::Icmp),
        _ => Err("connections of a protocol that only a rule for `Any` would allow"),
    }
}

/// Rules in the making.
struct Draft<'a> {
    services: &'a BTreeMap<Service, Users>,
    sources: &'a Sources<'a>,
    options: &'a Options,
    /// IP Groups that rules name.
    used: BTreeSet<usize>,
}

/// Several services of the same sources.
#[derive(Debug, Default)]
struct Bundle {
    times: Times,
    sources: BTreeSet<IpAddr>,
}

impl Bundle {
    fn add(&mut self, users: &Users) {
        self.times.join(users.times());
        self.sources.extend(users.allowed.keys());
    }

    fn join(&mut self, other: Self) {
        self.times.join(other.times);
        self.sources.extend(other.sources);
    }
}

type Entries = BTreeSet<SourceEntry>;

impl Draft<'_> {
    /// The services that somebody was allowed, each with the entries of its sources.
    fn allowed(&self) -> impl Iterator<Item = (&Service, &Users, Entries)> {
        self.services.iter().filter(|(_, users)| !users.allowed.is_empty()).map(
            |(service, users)| {
                let entries = self.sources.entries(&users.sources(), &users.denied);
                (service, users, entries)
            },
        )
    }

    fn network(&mut self) -> Vec<Rule> {
        // First destinations of one protocol and port, then ports of the same destinations.
        let mut by_port: BTreeMap<(Entries, RuleProtocol, Option<u16>), (IpParts, Bundle)> =
            BTreeMap::new();
        for (service, users, entries) in self.allowed() {
            if let Service::Network { protocol, destination, port } = service {
                let (targets, bundle) = by_port.entry((entries, *protocol, *port)).or_default();
                targets.insert(*destination);
                bundle.add(users);
            }
        }
        let mut by_targets: BTreeMap<(Entries, IpParts, bool), (Vec<ProtocolPort>, Bundle)> =
            BTreeMap::new();
        for ((entries, protocol, port), (targets, bundle)) in by_port {
            let key = (entries, targets, protocol == RuleProtocol::Icmp);
            let (services, all) = by_targets.entry(key).or_default();
            services.push((protocol, port));
            all.join(bundle);
        }
        let mut names = RuleNames::default();
        let mut rules = Vec::new();
        for ((entries, targets, _), (services, bundle)) in by_targets {
            for (protocols, ports) in products(&services) {
                let wanted = network_name(&protocols, &ports, &targets);
                let mut head = head(&names.free(&wanted), bundle.times, bundle.sources.len());
                self.write(&entries, &mut head);
                let address = |range: IpRange| made(Written::Value(Address::Range(range)));
                let set: IpSet = targets.iter().copied().map(IpRange::single).collect();
                rules.push(Rule::Network(NetworkRule {
                    head,
                    protocols: protocols.iter().map(|one| made(Written::Value(*one))).collect(),
                    destinations: set.ranges().map(address).collect(),
                    destination_ip_groups: Vec::new(),
                    destination_fqdns: Vec::new(),
                    destination_ports: ports
                        .iter()
                        .map(|port| made(Written::Value(PortRange::single(*port))))
                        .collect(),
                }));
            }
        }
        rules
    }

    fn application(&mut self) -> Vec<Rule> {
        let mut by_protocol: BTreeMap<(Entries, Application), (BTreeSet<Fqdn>, Bundle)> =
            BTreeMap::new();
        for (service, users, entries) in self.allowed() {
            if let Service::Application { protocol, port, name } = service {
                let application = Application { protocol: *protocol, port: *port };
                let (names, bundle) = by_protocol.entry((entries, application)).or_default();
                names.insert(name.clone());
                bundle.add(users);
            }
        }
        let mut by_names: BTreeMap<(Entries, Names), (Vec<Application>, Bundle)> = BTreeMap::new();
        for ((entries, application), (names, bundle)) in by_protocol {
            let denied = self.denied_names(application);
            let targets = patterns(&names, &denied, self.options.roll_up);
            let (applications, all) = by_names.entry((entries, targets)).or_default();
            applications.push(application);
            all.join(bundle);
        }
        let mut names = RuleNames::default();
        let mut rules = Vec::new();
        for ((entries, targets), (applications, bundle)) in by_names {
            let wanted = application_name(&applications, &targets);
            let mut head = head(&names.free(&wanted), bundle.times, bundle.sources.len());
            self.write(&entries, &mut head);
            rules.push(Rule::Application(ApplicationRule::of_fqdns(
                head,
                applications.iter().map(|one| made(Written::Value(*one))).collect(),
                targets.into_iter().map(|one| made(Written::Value(one))).collect(),
            )));
        }
        rules
    }

    /// Names that somebody was denied. A wildcard must not hold them for anybody.
    fn denied_names(&self, application: Application) -> BTreeSet<Fqdn> {
        let denied = self.services.iter().filter_map(|(service, users)| match service {
            Service::Application { protocol, port, name }
                if !users.denied.is_empty()
                    && (*protocol, *port) == (application.protocol, application.port) =>
            {
                Some(name.clone())
            }
            Service::Application { .. } | Service::Network { .. } | Service::Dnat { .. } => None,
        });
        denied.collect()
    }

    fn dnat(&mut self) -> Vec<Rule> {
        let mut names = RuleNames::default();
        let mut rules = Vec::new();
        let services = self.services;
        for (service, users) in services.iter().filter(|(_, users)| !users.allowed.is_empty()) {
            let Service::Dnat { protocol, destination, port, to } = service else { continue };
            let is_open = users.allowed.len() >= self.options.dnat_open && !self.is_denied(service);
            let entries = if is_open {
                BTreeSet::from([SourceEntry::Any])
            } else {
                self.sources.entries(&users.sources(), &self.denied_at(*destination, *port))
            };
            let wanted = format!("{protocol}-{port}-to-{}", to.0).to_lowercase();
            let mut head = head(&names.free(&wanted), users.times(), users.allowed.len());
            self.write(&entries, &mut head);
            rules.push(Rule::Nat(NatRule {
                head,
                protocols: vec![made(Written::Value(*protocol))],
                destinations: vec![made(Written::Value(Address::Range(IpRange::single(
                    *destination,
                ))))],
                destination_ports: vec![made(Written::Value(PortRange::single(*port)))],
                translated_address: Some(made(Written::Value(to.0))),
                translated_fqdn: None,
                translated_port: Some(made(Written::Value(to.1))),
            }));
        }
        rules
    }

    fn is_denied(&self, service: &Service) -> bool {
        match service {
            Service::Dnat { destination, port, .. } => {
                !self.denied_at(*destination, *port).is_empty()
            }
            Service::Network { .. } | Service::Application { .. } => false,
        }
    }

    /// Who was denied a port of an address before any translation.
    fn denied_at(&self, at: IpAddr, own: u16) -> BTreeSet<IpAddr> {
        let denied = self.services.iter().filter_map(|(service, users)| match service {
            Service::Network { destination, port, .. }
                if *destination == at && *port == Some(own) =>
            {
                Some(&users.denied)
            }
            Service::Network { .. } | Service::Application { .. } | Service::Dnat { .. } => None,
        });
        denied.flatten().copied().collect()
    }

    fn write(&mut self, entries: &Entries, head: &mut crate::policy::RuleHead) {
        self.used.extend(named(entries));
        self.sources.write(entries, head);
    }
}

type IpParts = BTreeSet<IpAddr>;
type Names = BTreeSet<FqdnPattern>;
/// A protocol and a port of it.
type ProtocolPort = (RuleProtocol, Option<u16>);

/// Protocols and ports as products: `{tcp, udp} × {53}` and `{tcp} × {443}` of `tcp 53, tcp 443,
/// udp 53`. Nothing that was not there is in any of them.
fn products(services: &[ProtocolPort]) -> Vec<(Vec<RuleProtocol>, Vec<u16>)> {
    let mut by_port: BTreeMap<Option<u16>, BTreeSet<RuleProtocol>> = BTreeMap::new();
    for (protocol, port) in services {
        by_port.entry(*port).or_default().insert(*protocol);
    }
    let mut by_protocols: BTreeMap<BTreeSet<RuleProtocol>, Vec<u16>> = BTreeMap::new();
    for (port, protocols) in by_port {
        by_protocols.entry(protocols).or_default().extend(port);
    }
    by_protocols
        .into_iter()
        .map(|(protocols, ports)| (protocols.into_iter().collect(), ports))
        .collect()
}

fn network_name(protocols: &[RuleProtocol], ports: &[u16], targets: &IpParts) -> String {
    let protocols: Vec<String> =
        protocols.iter().map(|one| one.name().to_ascii_lowercase()).collect();
    let to = match (targets.first(), targets.len()) {
        (Some(target), 1) => format!("-to-{target}"),
        _ => String::new(),
    };
    let ports = match ports {
        [] => String::new(),
        [port] => format!("-{port}"),
        [first, ..] => format!("-{first}-and-more"),
    };
    format!("{}{ports}{to}", protocols.join("-"))
}

fn application_name(applications: &[Application], targets: &BTreeSet<FqdnPattern>) -> String {
    let text = |pattern: &FqdnPattern| pattern.to_string().trim_start_matches("*.").to_owned();
    let owners: BTreeSet<String> = targets
        .iter()
        .map(|pattern| {
            let name = text(pattern);
            psl::domain_str(&name).map_or_else(|| name.clone(), str::to_owned)
        })
        .collect();
    match (targets.first(), targets.len(), owners.first(), owners.len()) {
        (Some(only), 1, ..) => text(only),
        (_, _, Some(owner), 1) => owner.clone(),
        _ => applications.first().map_or_else(String::new, |one| {
            format!("{}-{}", one.protocol, one.port).to_ascii_lowercase()
        }),
    }
}
