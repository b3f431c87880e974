//! The space of fully known flows, and the sets of them that rules match.
//!
//! One space for all stages: source × destination × service × name × path × web category. A network
//! rule has every name, an application rule every destination (unless it limits them): any name may
//! resolve to any address. Each axis is cut where a rule begins or ends; what no rule tells apart is
//! one atom, so sets are small and exact.
//!
//! Outside the space are flows that threat intelligence or an IDPS signature lists, and flows sent
//! to the explicit proxy.

mod address;
pub mod describe;
mod laminar;
mod product;
mod region;
pub mod service;
mod set;
mod witness;

use std::collections::BTreeSet;

use smol_str::SmolStr;

use crate::compile::{AddressCriterion, Ruleset};
use crate::evaluate::RuleRef;
use crate::net::{FqdnPattern, IpFamily, IpSet, PathPattern, UrlPattern};

pub use address::AddressAxis;
pub use describe::Words;
pub use laminar::{Atom, Laminar};
pub use product::{Axis, Product, without};
pub use region::{Region, Regions};
pub use set::Set;

#[cfg(test)]
pub(in crate::analyse) use product::tests as product_tests;

/// What the axes have to tell apart.
#[derive(Debug, Default)]
pub struct Cuts<'a> {
    sources: Vec<&'a IpSet>,
    destinations: Vec<&'a IpSet>,
    fqdns: Vec<&'a FqdnPattern>,
    urls: Vec<&'a UrlPattern>,
    categories: BTreeSet<SmolStr>,
    /// Names whose web category a table gives.
    categorised: Vec<(&'a SmolStr, SmolStr)>,
}

impl<'a> Cuts<'a> {
    /// Everything that the rules of `ruleset` tell apart.
    pub fn add_ruleset(&mut self, ruleset: &'a Ruleset) {
        for rule in ruleset.rules() {
            self.add_rule(ruleset, rule);
        }
        self.add_lists(ruleset);
    }

    /// Everything that one rule tells apart.
    pub fn add_rule(&mut self, ruleset: &'a Ruleset, rule: RuleRef) {
        match rule {
            RuleRef::Nat(rank) => {
                if let Some(rule) = ruleset.nat.criteria.get(rank as usize) {
                    self.add_addresses(&rule.sources, Some(&rule.destinations));
                }
            }
            RuleRef::Network(rank) => {
                if let Some(rule) = ruleset.network.criteria.get(rank as usize) {
                    self.add_addresses(&rule.sources, Some(&rule.destinations));
                }
            }
            RuleRef::Application(rank) => {
                if let Some(rule) = ruleset.application.criteria.get(rank as usize) {
                    self.add_addresses(&rule.sources, rule.destinations.as_ref());
                    self.fqdns.extend(&rule.targets.fqdns);
                    self.urls.extend(&rule.targets.urls);
                    self.categories.extend(rule.targets.web_categories.iter().cloned());
                }
            }
        }
    }

    /// What decides beside the rules: the names of the built-in collection, tables of names.
    pub fn add_lists(&mut self, ruleset: &'a Ruleset) {
        self.fqdns.extend(&ruleset.infrastructure.fqdns);
        let table = ruleset.tables.web_categories.iter();
        self.categorised
            .extend(table.map(|(name, category)| (name, crate::compile::letters(category))));
    }

    fn add_addresses(&mut self, sources: &'a AddressCriterion, to: Option<&'a AddressCriterion>) {
        self.sources.push(&sources.known);
        self.destinations.extend(to.map(|destinations| &destinations.known));
    }

    /// Sources and destinations that a question names.
    pub fn add_ends(&mut self, sources: &'a IpSet, destinations: &'a IpSet) {
        self.sources.push(sources);
        self.destinations.push(destinations);
    }

    /// Names that a question names.
    pub fn add_fqdn(&mut self, fqdn: &'a FqdnPattern) {
        self.fqdns.push(fqdn);
    }

    /// The space that tells all of it apart.
    #[must_use]
    pub fn space(self) -> Space {
        let categorised: Vec<_> =
            if self.categories.is_empty() { Vec::new() } else { self.categorised };
        let url_hosts = self.urls.iter().filter_map(|url| match url {
            UrlPattern::Valid { host, .. } => Some(host),
            UrlPattern::Invalid(_) => None,
        });
        let (mut points, mut prefixes) = (Vec::new(), Vec::new());
        for pattern in self.fqdns.iter().copied().chain(url_hosts) {
            match pattern {
                FqdnPattern::Exact(name) => points.push(reversed(name.as_str())),
                FqdnPattern::Suffix(suffix) => prefixes.push(reversed(suffix)),
                FqdnPattern::Any | FqdnPattern::Invalid(_) => {}
            }
        }
        points.extend(categorised.iter().map(|(name, _)| reversed(name)));
        // A name does not begin with a dot, so it does not end with one when reversed.
        points.retain(|point| !point.ends_with('.'));
        let paths = self.urls.iter().filter_map(|url| match url {
            UrlPattern::Valid { path, .. } => Some(path),
            UrlPattern::Invalid(_) => None,
        });
        let mut space = Space {
            sources: AddressAxis::new(self.sources),
            destinations: AddressAxis::new(self.destinations),
            names: Laminar::new("", points, prefixes, NAMED),
            paths: path_axis(paths),
            has_urls: !self.urls.is_empty(),
            categories: self.categories.into_iter().collect(),
            impossible: Vec::new(),
        };
        space.impossible = space.foreign_categories(&categorised);
        space
    }
}

/// The atom of flows without a name; the atoms of names follow.
const NAMELESS: u32 = 0;
const NAMED: u32 = 1;

fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

fn path_axis<'a>(patterns: impl Iterator<Item = &'a PathPattern>) -> Laminar {
    let (mut points, mut prefixes) = (Vec::new(), Vec::new());
    for pattern in patterns {
        match pattern {
            PathPattern::Exact(path) => points.extend(exact_paths(path)),
            PathPattern::Below(prefix) => prefixes.push(prefix.to_string()),
        }
    }
    Laminar::new("/", points, prefixes, 0)
}

/// The paths that a pattern without `*` stands for: with and without a final `/`.
fn exact_paths(path: &str) -> impl Iterator<Item = String> {
    let without = (!path.is_empty()).then(|| path.to_owned());
    without.into_iter().chain([format!("{path}/")])
}

/// The axes, cut finely enough for a question.
#[derive(Debug, Clone)]
pub struct Space {
    pub(super) sources: AddressAxis,
    pub(super) destinations: AddressAxis,
    names: Laminar,
    paths: Laminar,
    has_urls: bool,
    /// Web categories that rules name; atom 0 stands for all others.
    categories: Vec<SmolStr>,
    /// Names with a category other than the one that the table gives them.
    impossible: Vec<Product>,
}

impl Space {
    /// All flows of one address family.
    #[must_use]
    pub fn family(&self, family: IpFamily) -> Option<Product> {
        Product::new([
            self.sources.family(family),
            self.destinations.family(family),
            service::everything(),
            self.all_names(),
            self.paths.all(),
            self.all_categories(),
        ])
    }

    /// All flows: products that are disjoint, IPv4 first.
    #[must_use]
    pub fn everything(&self) -> Vec<Product> {
        let families =
            [IpFamily::V4, IpFamily::V6].into_iter().filter_map(|family| self.family(family));
        self.possible(families.collect())
    }

    /// Every name, and no name.
    #[must_use]
    pub fn all_names(&self) -> Set {
        Set::interval(NAMELESS, NAMELESS).union(&self.names.all())
    }

    /// Every name there is.
    #[must_use]
    pub fn named(&self) -> Set {
        self.names.all()
    }

    fn all_categories(&self) -> Set {
        Set::interval(0, u32::try_from(self.categories.len()).unwrap_or(u32::MAX))
    }

    fn category(&self, category: &str) -> Option<u32> {
        let index = self.categories.iter().position(|known| known == category)?;
        u32::try_from(index + 1).ok()
    }

    /// The names of a pattern that the axis was cut for.
    #[must_use]
    pub fn fqdn(&self, pattern: &FqdnPattern) -> Set {
        match pattern {
            FqdnPattern::Any => self.names.all(),
            FqdnPattern::Exact(name) => self.names.point(&reversed(name.as_str())),
            FqdnPattern::Suffix(suffix) => self.names.prefix(&reversed(suffix)),
            FqdnPattern::Invalid(_) => Set::empty(),
        }
    }

    /// The names of several patterns that the axis was cut for.
    #[must_use]
    pub fn fqdns<'a>(&self, patterns: impl IntoIterator<Item = &'a FqdnPattern>) -> Set {
        let sets = patterns.into_iter().map(|pattern| self.fqdn(pattern));
        sets.flat_map(|set| set.intervals().to_vec()).collect()
    }

    fn path(&self, pattern: &PathPattern) -> Set {
        match pattern {
            PathPattern::Exact(path) => exact_paths(path)
                .flat_map(|path| self.paths.point(&path).intervals().to_vec())
                .collect(),
            PathPattern::Below(prefix) => self.paths.prefix(prefix),
        }
    }

    fn foreign_categories(&self, categorised: &[(&SmolStr, SmolStr)]) -> Vec<Product> {
        let Some(all) = self.family(IpFamily::V4) else { return Vec::new() };
        let mut products = Vec::new();
        for atom in 0..=u32::try_from(self.categories.len()).unwrap_or(u32::MAX) {
            let of_atom = categorised
                .iter()
                .filter(|(_, category)| self.category(category).unwrap_or(0) == atom)
                .flat_map(|(name, _)| self.names.point(&reversed(name)).intervals().to_vec());
            let names: Set = of_atom.collect();
            let others = self.all_categories().difference(&Set::interval(atom, atom));
            let of_names = all.with(Axis::Name, names);
            products.extend(of_names.and_then(|of_names| of_names.with(Axis::WebCategory, others)));
        }
        products
    }

    /// The atom of flows without a name.
    #[must_use]
    pub fn nameless(&self) -> u32 {
        NAMELESS
    }

    /// The parts of `pieces` that a flow can have: names have the category of the table.
    #[must_use]
    pub fn possible_of(&self, pieces: &[Product]) -> Vec<Product> {
        self.possible(pieces.to_vec())
    }

    /// The parts of `pieces` that a flow can have.
    fn possible(&self, pieces: Vec<Product>) -> Vec<Product> {
        self.impossible.iter().fold(pieces, |pieces, impossible| without(&pieces, impossible))
    }

    /// The number of flows, for comparing sizes: what part of the space a product is.
    #[must_use]
    pub fn volume(&self, product: &Product) -> f64 {
        let count = |axis: Axis| {
            let intervals = product.on(axis).intervals().iter();
            intervals.map(|&(first, last)| f64::from(last - first) + 1.0).sum::<f64>()
        };
        self.sources.measure(product.on(Axis::Source))
            * self.destinations.measure(product.on(Axis::Destination))
            * count(Axis::Service)
            * count(Axis::Name)
            * count(Axis::Path)
            * count(Axis::WebCategory)
    }
}
