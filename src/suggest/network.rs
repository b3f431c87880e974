//! Network rules for packets that were allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::draft::{RuleNames, head, made};
use super::fresh::{Bundle, Bundles, Draft, Entries};
use super::services::{ProtocolPort, Service};
use super::sources::single;
use crate::net::{IpRange, IpSet, PortRange, RuleProtocol};
use crate::policy::{Address, NetworkRule, Rule, RuleHead, Written};

type Targets = BTreeSet<IpAddr>;

impl Draft<'_> {
    pub(super) fn network(&mut self) -> Vec<Rule> {
        // First destinations of one protocol and port, then ports of the same destinations.
        let mut by_port: Bundles<(Entries, RuleProtocol, Option<u16>), Targets> = BTreeMap::new();
        for (service, users, entries) in self.allowed() {
            if let Service::Network { protocol, destination, port } = service {
                let (targets, bundle) = by_port.entry((entries, *protocol, *port)).or_default();
                targets.insert(*destination);
                bundle.add(users);
            }
        }
        let mut by_targets: Bundles<(Entries, Targets, bool), Vec<ProtocolPort>> = BTreeMap::new();
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
                let wanted = name(&protocols, &ports, &targets);
                let mut head = head(&names.free(&wanted), bundle.times, bundle.sources.len());
                self.write(&entries, &mut head);
                rules.push(rule(head, &protocols, &targets, &ports));
            }
        }
        rules
    }

    /// Rules for protocols that only `Any` holds, and the denials that keep TCP, UDP and ICMP out of
    /// them. Sources stay single: such traffic goes between gateways.
    ///
    /// Where a source uses the web, a denial of all of TCP to an address would leave open whether
    /// its web traffic goes there; then only what it was seen to be denied is.
    pub(super) fn other_protocols(&mut self) -> (Vec<Rule>, Vec<Rule>) {
        let web = self
            .used_services()
            .filter(|(service, _)| matches!(service, Service::Name { .. } | Service::Url { .. }));
        let web: BTreeSet<IpAddr> =
            web.flat_map(|(_, users)| users.allowed.keys().copied()).collect();
        let mut by_source: Bundles<IpAddr, Targets> = BTreeMap::new();
        for (service, users) in self.used_services() {
            let Service::Other { destination } = service else { continue };
            for (source, times) in &users.allowed {
                let (targets, bundle) = by_source.entry(*source).or_default();
                targets.insert(*destination);
                bundle.join(Bundle { times: *times, sources: BTreeSet::from([*source]) });
            }
        }
        let (mut guards, mut rules) = (Vec::new(), Vec::new());
        let (mut guard_names, mut names) = (RuleNames::default(), RuleNames::default());
        for (source, (targets, bundle)) in by_source {
            let entries = Entries::from([single(source)]);
            let denied = if web.contains(&source) {
                self.denied_packets(source, &targets)
            } else {
                let all =
                    BTreeSet::from([RuleProtocol::Tcp, RuleProtocol::Udp, RuleProtocol::Icmp]);
                BTreeMap::from([((targets.clone(), None), all)])
            };
            for ((targets, port), protocols) in denied {
                let protocols: Vec<_> = protocols.into_iter().collect();
                let ports: Vec<u16> = port.into_iter().collect();
                let wanted = format!("no-{}", name(&protocols, &ports, &targets));
                let mut guard = RuleHead {
                    description: Some("the rules for other protocols do not reach it".into()),
                    ..head(&guard_names.free(&wanted), bundle.times, 1)
                };
                self.write(&entries, &mut guard);
                guards.push(rule(guard, &protocols, &targets, &ports));
            }
            let wanted = name(&[RuleProtocol::Any], &[], &targets);
            let mut head = head(&names.free(&wanted), bundle.times, 1);
            self.write(&entries, &mut head);
            rules.push(rule(head, &[RuleProtocol::Any], &targets, &[]));
        }
        (guards, rules)
    }

    fn denied_packets(
        &self,
        source: IpAddr,
        targets: &Targets,
    ) -> BTreeMap<(Targets, Option<u16>), BTreeSet<RuleProtocol>> {
        let mut denied: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for target in targets {
            let known = self.services.denied_packets.get(&(source, *target));
            for (protocol, port) in known.into_iter().flatten() {
                let key = (Targets::from([*target]), *port);
                denied.entry(key).or_default().insert(*protocol);
            }
        }
        denied
    }
}

/// No ports are every port.
fn rule(head: RuleHead, protocols: &[RuleProtocol], targets: &Targets, ports: &[u16]) -> Rule {
    let set: IpSet = targets.iter().copied().map(IpRange::single).collect();
    let address = |range: IpRange| made(Written::Value(Address::Range(range)));
    let port = |port: &u16| made(Written::Value(PortRange::single(*port)));
    let every = || vec![made(Written::Value(PortRange::ALL))];
    Rule::Network(NetworkRule {
        head,
        protocols: protocols.iter().map(|one| made(Written::Value(*one))).collect(),
        destinations: set.ranges().map(address).collect(),
        destination_ip_groups: Vec::new(),
        destination_fqdns: Vec::new(),
        destination_ports: if ports.is_empty() {
            every()
        } else {
            ports.iter().map(port).collect()
        },
    })
}

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

fn name(protocols: &[RuleProtocol], ports: &[u16], targets: &Targets) -> String {
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
