//! A flow for people out of a set of flows.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use smol_str::SmolStr;

use super::service::{Service, WITH_PORTS, service_of};
use super::{Atom, Axis, NAMED, NAMELESS, Product, Set, Space, reversed};
use crate::flow::{Flow, Name};
use crate::net::{ApplicationProtocol, Fqdn, RequestUrl};

const SOURCES: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, 4)),
    IpAddr::V4(Ipv4Addr::new(172, 16, 0, 4)),
    IpAddr::V4(Ipv4Addr::new(192, 168, 0, 4)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 4)),
];

/// Addresses of documentation: nobody's machine.
const DESTINATIONS: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, 10)),
    IpAddr::V4(Ipv4Addr::new(198, 51, 100, 10)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x10)),
];

const NAMES: [&str; 4] =
    ["unlisted.example.com", "unlisted.example.net", "unlisted.example", "unlisted.test"];

impl Space {
    /// A fully known flow of `product`; `None` where nobody could write one, such as a name between
    /// patterns that leave no room.
    #[must_use]
    pub fn flow(&self, product: &Product) -> Option<Flow> {
        let source = self.sources.example(product.on(Axis::Source), &SOURCES)?;
        let destination =
            self.destinations.example(product.on(Axis::Destination), &DESTINATIONS)?;
        let (service, port) = service(product.on(Axis::Service), product.on(Axis::Name))?;
        let mut flow = Flow::new(service.protocol(source.is_ipv6()), source);
        flow.destination = Some(destination);
        flow.port = port;
        match service {
            Service::Web(protocol) => self.with_name(flow, protocol, product),
            Service::Tcp => {
                flow.is_without_application = true;
                Some(flow)
            }
            Service::Udp | Service::Icmp | Service::Other => Some(flow),
        }
    }

    fn with_name(
        &self,
        mut flow: Flow,
        protocol: ApplicationProtocol,
        product: &Product,
    ) -> Option<Flow> {
        let Some(name) = self.name_example(product.on(Axis::Name)) else {
            flow.name = Name::Absent;
            return product.on(Axis::Name).contains(NAMELESS).then_some(flow);
        };
        flow.name = Name::Known(Fqdn::new(&name)?);
        if self.has_urls && protocol != ApplicationProtocol::Mssql {
            let path = self.path_example(product.on(Axis::Path))?;
            flow.url = Some(RequestUrl::new(&format!("{name}{path}"))?);
        }
        if !self.categories.is_empty() {
            flow.web_category = Some(self.category_example(product.on(Axis::WebCategory))?);
        }
        Some(flow)
    }

    /// A name of the set: one that no rule lists where the set holds such names, else the first.
    #[must_use]
    pub fn name_example(&self, names: &Set) -> Option<String> {
        let unlisted = self.names.prefix("").intervals().first().map(|&(_, last)| last);
        if let Some(atom) = unlisted.filter(|&atom| names.contains(atom)) {
            let liked = NAMES.iter().find(|name| self.names.locate(&reversed(name)) == Some(atom));
            if let Some(name) = liked {
                return Some((*name).to_owned());
            }
        }
        let atoms = names.intervals().iter().flat_map(|&(first, last)| first.max(NAMED)..=last);
        let mut examples = atoms.filter_map(|atom| self.name_of(atom));
        examples.next()
    }

    fn name_of(&self, atom: u32) -> Option<String> {
        match self.names.atom(atom)? {
            Atom::Point(text) => Some(reversed(text)),
            Atom::Under(prefix) => {
                let suffix = reversed(prefix);
                self.fresh_names(&suffix)
                    .find(|name| self.names.locate(&reversed(name)) == Some(atom))
            }
        }
    }

    /// Names that end in `suffix`, likely ones first. Each ends its own part with another character,
    /// so that patterns under the suffix cannot take all of them.
    #[expect(clippy::unused_self, reason = "reads as a question to the space")]
    fn fresh_names(&self, suffix: &str) -> impl Iterator<Item = String> {
        const LAST: &str = "1x0abcdefghijklmnopqrstuvwyz23456789_-~";
        let apex = (!suffix.starts_with('.') && !suffix.is_empty()).then(|| suffix.to_owned());
        let dotted = (!suffix.starts_with('.')).then(|| format!("w1.{suffix}"));
        let suffix = suffix.to_owned();
        let labels = LAST.chars().map(move |last| format!("w{last}{suffix}"));
        dotted.into_iter().chain(labels).chain(apex)
    }

    fn path_example(&self, paths: &Set) -> Option<String> {
        let atoms = paths.intervals().iter().flat_map(|&(first, last)| first..=last);
        let mut examples = atoms.filter_map(|atom| match self.paths.atom(atom)? {
            Atom::Point(path) => Some(path.clone()),
            Atom::Under(prefix) => {
                let mut fresh =
                    ["w1", "w2-x", "w3_y", "zz"].into_iter().map(|end| format!("{prefix}{end}"));
                fresh.find(|path| self.paths.locate(path) == Some(atom))
            }
        });
        examples.next()
    }

    fn category_example(&self, categories: &Set) -> Option<SmolStr> {
        let atom = categories.first()?;
        let Some(index) = atom.checked_sub(1) else {
            let others = ["General", "Uncategorized", "Business", "Unlisted"].into_iter();
            let mut free =
                others.filter(|other| self.category(&crate::compile::letters(other)).is_none());
            return free.next().map(SmolStr::from);
        };
        self.categories.get(index as usize).cloned()
    }
}

/// A service of the set that people recognise: an application protocol on its own port, else plain
/// TCP, else what there is. Application protocols need a name to be told apart.
fn service(services: &Set, names: &Set) -> Option<(Service, Option<u16>)> {
    let has_names = names.intervals().iter().any(|&(_, last)| last >= NAMED);
    let known = [ApplicationProtocol::Https, ApplicationProtocol::Http, ApplicationProtocol::Mssql];
    for protocol in known.into_iter().filter(|_| has_names) {
        let port = protocol.default_port();
        let web = Service::Web(protocol);
        if web.ports(port, port).is_subset(services) {
            return Some((web, Some(port)));
        }
    }
    let mut order = vec![Service::Tcp, Service::Udp];
    order.extend(WITH_PORTS);
    let of_service =
        order.into_iter().find_map(|service| services.intersection(&service.all()).first());
    of_service.or_else(|| services.first()).map(service_of)
}
