//! Sets of flows in words: the lists that a rule would be written with.

use std::fmt;

use super::service::{self, Service, WEB};
use super::{Atom, Axis, NAMELESS, Product, Set, Space, reversed};
use crate::net::{ApplicationProtocol, IpFamily, IpSet, PortRange, PortSet};

/// A product in words; an axis that is not limited has no words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    pub sources: Vec<String>,
    pub destinations: Vec<String>,
    pub services: Vec<String>,
    /// Patterns such as `*.example.com`; `(none)` stands for flows without a name.
    pub names: Vec<String>,
    pub paths: Vec<String>,
    pub web_categories: Vec<String>,
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} -> {}",
            list(&self.services),
            list(&self.sources),
            list(&self.destinations)
        )?;
        for (what, words) in
            [("name", &self.names), ("path", &self.paths), ("category", &self.web_categories)]
        {
            if !words.is_empty() {
                write!(f, " {what} {}", list(words))?;
            }
        }
        Ok(())
    }
}

/// How many entries a list shows before the rest is counted.
const SHOWN: usize = 6;

/// Words as one list; a long one ends in a count.
#[must_use]
pub fn list(words: &[String]) -> String {
    match words.len().checked_sub(SHOWN) {
        None | Some(0) if words.is_empty() => "*".to_owned(),
        None | Some(0) => words.join(", "),
        Some(more) => {
            let shown: Vec<_> = words.iter().take(SHOWN).map(String::as_str).collect();
            format!("{} and {more} more", shown.join(", "))
        }
    }
}

impl Space {
    /// The product in words.
    #[must_use]
    pub fn words(&self, product: &Product) -> Words {
        let is_v4 = product.on(Axis::Source).is_subset(&self.sources.family(IpFamily::V4));
        let ends = |set: &IpSet| -> Vec<String> {
            let family = if is_v4 { IpFamily::V4 } else { IpFamily::V6 };
            match (set.is_all_of(family), is_v4) {
                (true, true) => Vec::new(),
                (true, false) => vec!["::/0".to_owned()],
                (false, _) => set.ranges().map(|range| range.to_string()).collect(),
            }
        };
        let services = product.on(Axis::Service);
        let has_web = services.overlaps(&service::web());
        let names = product.on(Axis::Name);
        let is_limited = has_web && *names != self.all_names();
        Words {
            sources: ends(&self.sources.addresses(product.on(Axis::Source))),
            destinations: ends(&self.destinations.addresses(product.on(Axis::Destination))),
            services: service_words(services),
            names: if is_limited { self.name_words(names) } else { Vec::new() },
            paths: if has_web { self.path_words(product.on(Axis::Path)) } else { Vec::new() },
            web_categories: if has_web {
                self.category_words(product.on(Axis::WebCategory))
            } else {
                Vec::new()
            },
        }
    }

    /// Names as patterns, exceptions in brackets.
    #[must_use]
    pub fn name_words(&self, names: &Set) -> Vec<String> {
        let mut words =
            self.names.words(&names.intersection(&self.names.all()), &|atom| match atom {
                Atom::Point(text) => reversed(text),
                Atom::Under(prefix) => format!("*{}", reversed(prefix)),
            });
        if names.contains(NAMELESS) {
            words.push("(none)".to_owned());
        }
        words
    }

    fn path_words(&self, paths: &Set) -> Vec<String> {
        if *paths == self.paths.all() {
            return Vec::new();
        }
        self.paths.words(paths, &|atom| match atom {
            Atom::Point(path) => path.clone(),
            Atom::Under(prefix) => format!("{prefix}*"),
        })
    }

    fn category_words(&self, categories: &Set) -> Vec<String> {
        if *categories == self.all_categories() {
            return Vec::new();
        }
        let atoms = categories.intervals().iter().flat_map(|&(first, last)| first..=last);
        let word = |atom: u32| match atom.checked_sub(1) {
            None => Some("(others)".to_owned()),
            Some(index) => self.categories.get(index as usize).map(ToString::to_string),
        };
        atoms.filter_map(word).collect()
    }
}

/// `tcp:22`, `https:443`; nothing when every service is in the set.
#[must_use]
pub fn service_words(services: &Set) -> Vec<String> {
    if *services == service::everything() {
        return Vec::new();
    }
    let of = |service: Service| ports(services, service);
    let tcp = of(Service::Tcp);
    let web: Vec<_> = WEB.iter().map(|&protocol| (protocol, of(Service::Web(protocol)))).collect();
    let mut words = Vec::new();
    if web.iter().all(|(_, ports)| *ports == tcp) {
        words.extend(with_ports("tcp", &tcp));
    } else {
        for (protocol, ports) in &web {
            let name = match protocol {
                ApplicationProtocol::Http => "http",
                ApplicationProtocol::Https => "https",
                ApplicationProtocol::Mssql => "mssql",
            };
            words.extend(with_ports(name, ports));
        }
        words.extend(with_ports("other tcp", &tcp));
    }
    words.extend(with_ports("udp", &of(Service::Udp)));
    for (service, word) in [(Service::Icmp, "icmp"), (Service::Other, "other protocols")] {
        if service.all().is_subset(services) {
            words.push(word.to_owned());
        }
    }
    words
}

fn with_ports(name: &str, ports: &PortSet) -> Option<String> {
    if ports.is_empty() {
        return None;
    }
    Some(if ports.is_all() { name.to_owned() } else { format!("{name}:{ports}") })
}

/// The ports of one service.
#[must_use]
pub fn ports(services: &Set, service: Service) -> PortSet {
    let common = services.intersection(&service.all());
    let port = |value: u32| service::service_of(value).1;
    let range = |&(first, last): &(u32, u32)| PortRange::new(port(first)?, port(last)?);
    common.intervals().iter().filter_map(range).collect()
}
