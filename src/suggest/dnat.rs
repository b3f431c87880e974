//! DNAT rules for connections that were translated.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::draft::{RuleNames, head, made};
use super::fresh::{Draft, Entries};
use super::services::{Service, Users};
use super::sources::SourceEntry;
use crate::analyse::check::is_management_port;
use crate::net::{IpRange, PortRange};
use crate::policy::{Address, NatRule, Rule, Written};

impl Draft<'_> {
    pub(super) fn dnat(&mut self) -> Vec<Rule> {
        // Whoever is translated to one address must not be held by a rule for another.
        let mut by_end: BTreeMap<(IpAddr, u16), Vec<(&Service, &Users)>> = BTreeMap::new();
        for (service, users) in self.used_services() {
            if let Service::Dnat { destination, port, .. } = service {
                by_end.entry((*destination, *port)).or_default().push((service, users));
            }
        }
        let mut names = RuleNames::default();
        let mut rules = Vec::new();
        for (end, services) in by_end {
            for (service, users) in &services {
                let Service::Dnat { protocol, destination, port, to } = service else { continue };
                let other = services.iter().filter(|(other, _)| {
                    other != service
                        && matches!(other, Service::Dnat { protocol: of, .. } if of == protocol)
                });
                let not_here = other.flat_map(|(_, users)| users.allowed.keys());
                let not_here =
                    not_here.chain(self.services.not_translated.get(&end).into_iter().flatten());
                let not_here: BTreeSet<IpAddr> = not_here.copied().collect();
                // Who administers machines is few, however many tried.
                let is_open = users.allowed.len() >= self.options.dnat_open
                    && ![*port, to.1].into_iter().any(is_management_port)
                    && not_here.iter().all(|source| users.allowed.contains_key(source));
                let entries = if is_open {
                    Entries::from([SourceEntry::Any])
                } else {
                    self.sources.entries(&users.sources(), &not_here)
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
        }
        rules
    }
}
