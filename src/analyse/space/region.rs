//! The flows that a rule matches, surely and possibly.

use std::collections::HashMap;

use super::service::{self, Extreme, Service};
use super::{Axis, Product, Set, Space};
use crate::compile::{
    AddressCriterion, ApplicationCriteria, NatAddress, NatCriteria, Need, NetworkCriteria, Ruleset,
};
use crate::evaluate::RuleRef;
use crate::net::{ApplicationProtocol, IpFamily, IpSet, PathPattern, UrlPattern};

/// The flows of one rule, before any other rule is looked at.
#[derive(Debug, Clone, Default)]
pub struct Region {
    /// Flows that surely match.
    pub sure: Vec<Product>,
    /// Flows that surely match or may match; the same as `sure` where all is known.
    pub may: Vec<Product>,
    /// What is unknown about the rule; empty: both sets are the same.
    pub needs: Vec<Need>,
}

/// Makes regions of rules; sets that several rules share are made once.
pub struct Regions<'a> {
    space: &'a Space,
    sources: HashMap<&'a IpSet, Set, foldhash::fast::RandomState>,
    destinations: HashMap<&'a IpSet, Set, foldhash::fast::RandomState>,
}

impl<'a> Regions<'a> {
    #[must_use]
    pub fn new(space: &'a Space) -> Self {
        Self { space, sources: HashMap::default(), destinations: HashMap::default() }
    }

    /// The region of one rule of `ruleset`.
    pub fn of(&mut self, ruleset: &'a Ruleset, rule: RuleRef) -> Region {
        let region = match rule {
            RuleRef::Nat(rank) => ruleset.nat.criteria.get(rank as usize).map(|rule| {
                let needs = needs(&[
                    &rule.unknown,
                    &rule.sources.unknown,
                    &rule.destinations.unknown,
                    &rule.protocols.unknown,
                    &rule.ports.unknown,
                ]);
                self.region(needs, &rule.unknown, |regions, extreme| regions.nat(rule, extreme))
            }),
            RuleRef::Network(rank) => ruleset.network.criteria.get(rank as usize).map(|rule| {
                let needs = needs(&[
                    &rule.unknown,
                    &rule.sources.unknown,
                    &rule.destinations.unknown,
                    &rule.protocols.unknown,
                    &rule.ports.unknown,
                ]);
                self.region(needs, &rule.unknown, |regions, extreme| regions.network(rule, extreme))
            }),
            RuleRef::Application(rank) => {
                ruleset.application.criteria.get(rank as usize).map(|rule| {
                    let to = rule.destinations.as_ref().map_or(&[][..], |to| &to.unknown);
                    let needs = needs(&[
                        &rule.unknown,
                        &rule.sources.unknown,
                        to,
                        &rule.unknown_protocols,
                        &rule.targets.unknown,
                    ]);
                    self.region(needs, &rule.unknown, |regions, extreme| {
                        regions.application(rule, extreme)
                    })
                })
            }
        };
        region.unwrap_or_default()
    }

    fn region(
        &mut self,
        needs: Vec<Need>,
        whole_rule: &[Need],
        products: impl Fn(&mut Self, Extreme) -> Vec<Product>,
    ) -> Region {
        let least = products(self, Extreme::Least);
        if needs.is_empty() {
            return Region { may: least.clone(), sure: least, needs };
        }
        let may = products(self, Extreme::Most);
        Region { sure: if whole_rule.is_empty() { least } else { Vec::new() }, may, needs }
    }

    fn nat(&mut self, rule: &'a NatCriteria, extreme: Extreme) -> Vec<Product> {
        if rule.target.address == NatAddress::Unresolvable {
            return Vec::new();
        }
        let translated =
            Service::Udp.all().union(&service::of_protocol(Service::Tcp.protocol(false)));
        let services =
            service::of_network(&rule.protocols, &rule.ports, extreme).intersection(&translated);
        let sources = self.sources(&rule.sources, extreme);
        let destinations = self.destinations(&rule.destinations, extreme);
        self.limited(IpFamily::V4, &sources, &destinations, &services).into_iter().collect()
    }

    fn network(&mut self, rule: &'a NetworkCriteria, extreme: Extreme) -> Vec<Product> {
        let services = service::of_network(&rule.protocols, &rule.ports, extreme);
        let sources = self.sources(&rule.sources, extreme);
        let destinations = self.destinations(&rule.destinations, extreme);
        let families = [IpFamily::V4, IpFamily::V6].into_iter();
        families
            .filter_map(|family| self.limited(family, &sources, &destinations, &services))
            .collect()
    }

    fn application(&mut self, rule: &'a ApplicationCriteria, extreme: Extreme) -> Vec<Product> {
        let services = service::of_application(rule, extreme);
        let sources = self.sources(&rule.sources, extreme);
        let destinations = match &rule.destinations {
            Some(destinations) => self.destinations(destinations, extreme),
            None => self.space.destinations.family(IpFamily::V4),
        };
        let Some(limits) = self.limited(IpFamily::V4, &sources, &destinations, &services) else {
            return Vec::new();
        };
        let targets = &rule.targets;
        let names = if extreme.covers(&targets.unknown) {
            self.space.named()
        } else {
            self.space.fqdns(&targets.fqdns)
        };
        let mut pieces: Vec<Product> = limits.with(Axis::Name, names).into_iter().collect();
        pieces.extend(self.urls(rule, &limits, extreme));
        let categories = targets.web_categories.iter().filter_map(|name| self.space.category(name));
        let categories: Set = categories.map(|atom| (atom, atom)).collect();
        let of_categories = limits.with(Axis::WebCategory, categories);
        pieces.extend(of_categories.and_then(|of| of.with(Axis::Name, self.space.named())));
        self.space.possible(pieces)
    }

    /// The pieces of target URLs, one for each path pattern. The URL of HTTPS can be seen only where
    /// the rule terminates TLS; MSSQL has none.
    fn urls(&self, rule: &ApplicationCriteria, limits: &Product, extreme: Extreme) -> Vec<Product> {
        let is_tls_unknown = extreme == Extreme::Most && !rule.unknown.is_empty();
        let mut visible = Service::Web(ApplicationProtocol::Http).all();
        if rule.terminates_tls || is_tls_unknown {
            visible = visible.union(&Service::Web(ApplicationProtocol::Https).all());
        }
        let services = limits.on(Axis::Service).intersection(&visible);
        let Some(limits) = limits.with(Axis::Service, services) else { return Vec::new() };
        let mut hosts: Vec<(&PathPattern, Set)> = Vec::new();
        for url in &rule.targets.urls {
            let UrlPattern::Valid { host, path } = url else { continue };
            let names = self.space.fqdn(host);
            match hosts.iter_mut().find(|(known, _)| *known == path) {
                Some((_, known)) => *known = known.union(&names),
                None => hosts.push((path, names)),
            }
        }
        let piece = |(path, names): (&PathPattern, Set)| {
            limits.with(Axis::Name, names)?.with(Axis::Path, self.space.path(path))
        };
        hosts.into_iter().filter_map(piece).collect()
    }

    fn limited(
        &self,
        family: IpFamily,
        sources: &Set,
        to: &Set,
        services: &Set,
    ) -> Option<Product> {
        let all = self.space.family(family)?;
        let (every_source, every_destination) = (all.on(Axis::Source), all.on(Axis::Destination));
        let (sources, to) =
            (sources.intersection(every_source), to.intersection(every_destination));
        all.with(Axis::Source, sources)?
            .with(Axis::Destination, to)?
            .with(Axis::Service, services.clone())
    }

    fn sources(&mut self, criterion: &'a AddressCriterion, extreme: Extreme) -> Set {
        let axis = &self.space.sources;
        if extreme.covers(&criterion.unknown) {
            return axis.family(IpFamily::V4).union(&axis.family(IpFamily::V6));
        }
        self.sources.entry(&criterion.known).or_insert_with_key(|known| axis.set(known)).clone()
    }

    fn destinations(&mut self, criterion: &'a AddressCriterion, extreme: Extreme) -> Set {
        let axis = &self.space.destinations;
        if extreme.covers(&criterion.unknown) {
            return axis.family(IpFamily::V4).union(&axis.family(IpFamily::V6));
        }
        self.destinations
            .entry(&criterion.known)
            .or_insert_with_key(|known| axis.set(known))
            .clone()
    }
}

fn needs(parts: &[&[Need]]) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    for need in parts.iter().copied().flatten() {
        if !needs.contains(need) {
            needs.push(need.clone());
        }
    }
    needs
}
