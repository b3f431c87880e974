//! The index of application rules: source, protocol with port, and name, URL or web category.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use smol_str::SmolStr;

use super::address::Ipv4Map;
use super::names::NameMap;
use super::packet::{AddressMap, Extent, extent};
use super::service::{Service, ServiceCover, ServiceMap, always_and_covers, joined};
use super::shape::{Care, Confirmed, First, Indexed, Selection, Shape, Shapes};
use super::sweep::{Cover, stretches};
use super::table::{NONE, Row, Rows, TableBuilder, TooLarge};
use crate::compile::{ApplicationCriteria, Ruleset, letters};
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::{ApplicationProtocol, Fqdn, FqdnPattern, UrlPattern};

/// Each protocol with each port.
const SERVICES: Service = 3 << 16;

const PROTOCOLS: [ApplicationProtocol; 3] =
    [ApplicationProtocol::Http, ApplicationProtocol::Https, ApplicationProtocol::Mssql];

fn service(protocol: ApplicationProtocol, port: u16) -> Service {
    let protocol: Service = match protocol {
        ApplicationProtocol::Http => 0,
        ApplicationProtocol::Https => 1,
        ApplicationProtocol::Mssql => 2,
    };
    protocol << 16 | Service::from(port)
}

/// The application rules. They apply to IPv4 only.
#[derive(Debug)]
pub(super) struct ApplicationIndex {
    shapes: Shapes,
    sources: Ipv4Map<2>,
    services: ServiceMap,
    fqdns: NameMap<[Row; 2]>,
    /// By the host of a target URL.
    urls: NameMap<[Row; 2]>,
    categories: HashMap<SmolStr, [Row; 2]>,
    /// The rules with any web category: they may match a flow whose category is not known.
    with_category: [Row; 2],
}

/// Where a rule that limits its targets stands: its table's lane and its index there.
type Spot = (usize, u32);

/// What rules name, and which rules name it.
#[derive(Default)]
struct Targets {
    fqdns: HashMap<FqdnPattern, Vec<Spot>>,
    urls: HashMap<FqdnPattern, Vec<Spot>>,
    categories: HashMap<SmolStr, Vec<Spot>>,
    with_category: Vec<Spot>,
}

/// Which dimensions have rows.
#[derive(Debug, Clone, Copy)]
struct Dimensions {
    sources: bool,
    targets: bool,
}

impl ApplicationIndex {
    /// The index of rules and what is special about each, by rank.
    pub(super) fn new(
        rules: &[ApplicationCriteria],
        care: &[Care],
        words_max: usize,
    ) -> Indexed<Self> {
        if rules.is_empty() {
            return Indexed::NoRule;
        }
        let attempts = [(true, true), (false, true), (true, false), (false, false)].into_iter();
        Indexed::first_of(attempts.map(|(sources, targets)| {
            let dimensions = Dimensions { sources, targets };
            Self::of_dimensions(rules, care, dimensions, words_max).map(Some)
        }))
    }

    fn of_dimensions(
        rules: &[ApplicationCriteria],
        care: &[Care],
        dimensions: Dimensions,
        words_max: usize,
    ) -> Result<Self, TooLarge> {
        let mut placed = Placed::default();
        for ((rank, rule), &care) in (0..).zip(rules).zip(care) {
            placed.add(rank, rule, care, dimensions);
        }
        let mut builders = placed.ranks.map(|ranks| TableBuilder::new(ranks, words_max));
        let [_, of_source, _, of_both] = &mut builders;
        let sources = stretches(&placed.sources, [of_source, of_both])?;
        let services = always_and_covers(&placed.services, &mut builders, SERVICES);
        let services = ServiceMap::new(&services, &mut builders, SERVICES)?;
        let [_, _, of_target, of_both] = &mut builders;
        let mut rows = TargetRows { tables: [of_target, of_both], known: HashMap::new() };
        let Targets { fqdns, urls, categories, with_category } = placed.targets;
        let fqdns = NameMap::new(rows.of_all(fqdns)?);
        let urls = NameMap::new(rows.of_all(urls)?);
        let categories = rows.of_all(categories)?.into_iter().collect();
        let with_category = rows.of(with_category)?;
        Ok(Self {
            shapes: Shapes::new(builders, placed.care)?,
            sources: Ipv4Map::new(sources)?,
            services,
            fqdns,
            urls,
            categories,
            with_category,
        })
    }

    /// The first rule that matches `flow`, whose source is at `source`.
    pub(super) fn first(
        &self,
        ruleset: &Ruleset,
        flow: &Flow,
        source: u32,
        confirm: impl FnMut(u32) -> Confirmed,
    ) -> First {
        let is_name_known = flow.name.known().is_some();
        match (flow.protocol, flow.port) {
            (FlowProtocol::Application(protocol), Some(port)) => {
                let services = self.services.rows(service(protocol, port));
                let targets = self.targets(ruleset, flow);
                let sources = self.sources.rows(source);
                let selection = Selection { sources, targets, services };
                self.shapes.first(&selection, !is_name_known, confirm)
            }
            (FlowProtocol::Application(_) | FlowProtocol::Ip(_), _) => {
                self.shapes.first(&self.selection(ruleset, flow, source), true, confirm)
            }
        }
    }

    /// The ranks of all rules that match or may match, ascending.
    pub(super) fn all(&self, ruleset: &Ruleset, flow: &Flow, source: u32) -> Vec<u32> {
        self.shapes.all(&self.selection(ruleset, flow, source))
    }

    fn selection(&self, ruleset: &Ruleset, flow: &Flow, source: u32) -> Selection<Rows, Rows> {
        let mut services: [Rows; 4] = Default::default();
        let mut push = |rows: [Row; 4]| {
            services.iter_mut().zip(rows).for_each(|(services, row)| services.push(row));
        };
        match (flow.protocol, flow.port) {
            (FlowProtocol::Application(protocol), Some(port)) => {
                push(self.services.rows(service(protocol, port)));
            }
            // Which of the three it is, is not known.
            (FlowProtocol::Ip(_), Some(port)) => {
                for protocol in PROTOCOLS {
                    push(self.services.rows(service(protocol, port)));
                }
            }
            (_, None) => push(self.shapes.every_service()),
        }
        let sources = self.sources.rows(source);
        Selection { sources, targets: self.targets(ruleset, flow), services }
    }

    /// The rules that have the flow's name, URL or web category among their targets, or may have.
    #[inline]
    fn targets(&self, ruleset: &Ruleset, flow: &Flow) -> [Rows; 2] {
        let mut targets: [Rows; 2] = Default::default();
        let mut push = |[of_target, of_both]: [Row; 2]| {
            let [targets, both] = &mut targets;
            targets.push(of_target);
            both.push(of_both);
        };
        let name = match &flow.name {
            Name::Known(name) => name,
            Name::Unknown | Name::Absent => {
                push(self.shapes.every_target());
                return targets;
            }
        };
        self.fqdns.visit(name, &mut push);
        let host: &Fqdn = flow.url.as_ref().map_or(name, |url| &url.host);
        self.urls.visit(host, &mut push);
        if self.with_category != [NONE; 2] {
            let listed = || ruleset.tables.web_categories.get(name.as_str());
            push(match flow.web_category.as_ref().or_else(listed) {
                Some(category) => {
                    self.categories.get(&letters(category)).copied().unwrap_or([NONE; 2])
                }
                None => self.with_category,
            });
        }
        targets
    }

    /// Bytes of memory.
    pub(super) fn size(&self) -> usize {
        let maps = self.fqdns.size() + self.urls.size();
        self.shapes.size() + AddressMap::bytes(&self.sources) + self.services.size() + maps
    }
}

/// Makes rows of lists of rules. Patterns of one rule share its row.
struct TargetRows<'a> {
    tables: [&'a mut TableBuilder; 2],
    known: HashMap<(usize, Vec<u32>), Row>,
}

impl TargetRows<'_> {
    fn of_all<K>(
        &mut self,
        entries: HashMap<K, Vec<Spot>>,
    ) -> Result<Vec<(K, [Row; 2])>, TooLarge> {
        entries.into_iter().map(|(key, spots)| Ok((key, self.of(spots)?))).collect()
    }

    fn of(&mut self, spots: Vec<Spot>) -> Result<[Row; 2], TooLarge> {
        let mut rows = [NONE; 2];
        for ((lane, table), row) in self.tables.iter_mut().enumerate().zip(&mut rows) {
            // Rules come in order and may name a thing twice.
            let mut indices: Vec<u32> =
                spots.iter().filter(|spot| spot.0 == lane).map(|spot| spot.1).collect();
            indices.dedup();
            *row = match self.known.entry((lane, indices)) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(free) => {
                    let row = table.row_of(&free.key().1)?;
                    *free.insert(row)
                }
            };
        }
        Ok(rows)
    }
}

/// The rules, each in its table.
#[derive(Default)]
struct Placed<'a> {
    ranks: [Vec<u32>; 4],
    care: Vec<Care>,
    sources: Vec<Cover<'a, u32>>,
    services: Vec<ServiceCover>,
    targets: Targets,
}

impl<'a> Placed<'a> {
    fn add(
        &mut self,
        rank: u32,
        rule: &'a ApplicationCriteria,
        care: Care,
        dimensions: Dimensions,
    ) {
        let care = care.or_uncertain(is_uncertain(rule));
        let Some(sources) = extent::<Ipv4Map<2>>(&rule.sources) else {
            self.care.push(care);
            return;
        };
        let (sources, is_source_left_out) = sources.kept_if(dimensions.sources);
        let limits_target = limits_target(rule);
        let is_left_out = is_source_left_out || (limits_target && !dimensions.targets);
        self.care.push(care.or_uncertain(is_left_out));
        let has_target_rows = limits_target && dimensions.targets;
        let shape = Shape::new(sources.is_limited(), has_target_rows);
        let index = shape.place(rank, &mut self.ranks);
        if let Extent::Some(intervals) = sources {
            self.sources.push(Cover { intervals, lane: shape.lane(), index });
        }
        if has_target_rows {
            self.targets.add(rule, (shape.lane(), index));
        }
        self.services.push(ServiceCover { intervals: services(rule), shape, index });
    }
}

impl Targets {
    fn add(&mut self, rule: &ApplicationCriteria, spot: Spot) {
        let targets = &rule.targets;
        for pattern in &targets.fqdns {
            self.fqdns.entry(pattern.clone()).or_default().push(spot);
        }
        for url in &targets.urls {
            if let UrlPattern::Valid { host, .. } = url {
                self.urls.entry(host.clone()).or_default().push(spot);
            }
        }
        for category in &targets.web_categories {
            self.categories.entry(category.clone()).or_default().push(spot);
            self.with_category.push(spot);
        }
    }
}

/// Whether something besides rows settles that the rule matches a flow that is wholly known.
fn is_uncertain(rule: &ApplicationCriteria) -> bool {
    let targets = &rule.targets;
    let has_unknown = !rule.unknown.is_empty()
        || !rule.sources.unknown.is_empty()
        || !rule.unknown_protocols.is_empty()
        || !targets.unknown.is_empty();
    has_unknown
        || !targets.urls.is_empty()
        || !targets.web_categories.is_empty()
        || rule.destinations.is_some()
}

/// Whether there are names that the rule surely does not match.
fn limits_target(rule: &ApplicationCriteria) -> bool {
    let targets = &rule.targets;
    let is_any_host = |url: &UrlPattern| match url {
        UrlPattern::Valid { host, .. } => *host == FqdnPattern::Any,
        UrlPattern::Invalid(_) => false,
    };
    let is_any = targets.fqdns.contains(&FqdnPattern::Any) || targets.urls.iter().any(is_any_host);
    !is_any && targets.unknown.is_empty()
}

fn services(rule: &ApplicationCriteria) -> Vec<(Service, Service)> {
    if !rule.unknown_protocols.is_empty() {
        return vec![(0, SERVICES - 1)];
    }
    let entries = rule.protocols.iter().map(|entry| service(entry.protocol, entry.port));
    let mut services: Vec<_> = entries.map(|service| (service, service)).collect();
    services.sort_unstable();
    joined(services.into_iter())
}
