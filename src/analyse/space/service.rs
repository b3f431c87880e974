//! The axis of services: transport, application protocol and port as one number.
//!
//! Rules cut protocols and ports together (`Any` with explicit ports is TCP and UDP, ICMP has no
//! ports), so one axis holds both and every rule stays one product.

use super::Set;
use crate::compile::{ApplicationCriteria, PortCriterion, ProtocolCriterion};
use crate::flow::FlowProtocol;
use crate::net::{ApplicationProtocol, IpProtocol};
use crate::policy::Application;

/// What a flow carries, as far as rules tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// HTTP, HTTPS or MSSQL over TCP.
    Web(ApplicationProtocol),
    /// TCP that carries none of them.
    Tcp,
    Udp,
    Icmp,
    /// Every other IP protocol.
    Other,
}

const PORTS: u32 = 1 << 16;

/// The services that have ports, in the order of the axis.
pub const WITH_PORTS: [Service; 5] = [
    Service::Web(ApplicationProtocol::Http),
    Service::Web(ApplicationProtocol::Https),
    Service::Web(ApplicationProtocol::Mssql),
    Service::Tcp,
    Service::Udp,
];

/// The application protocols.
pub const WEB: [ApplicationProtocol; 3] =
    [ApplicationProtocol::Http, ApplicationProtocol::Https, ApplicationProtocol::Mssql];

const ICMP: u32 = 5 * PORTS;
const OTHER: u32 = ICMP + 1;

impl Service {
    fn base(self) -> u32 {
        match self {
            Self::Web(ApplicationProtocol::Http) => 0,
            Self::Web(ApplicationProtocol::Https) => PORTS,
            Self::Web(ApplicationProtocol::Mssql) => 2 * PORTS,
            Self::Tcp => 3 * PORTS,
            Self::Udp => 4 * PORTS,
            Self::Icmp => ICMP,
            Self::Other => OTHER,
        }
    }

    /// The service with the ports `first` to `last`. Nothing is sent to port 0.
    #[must_use]
    pub fn ports(self, first: u16, last: u16) -> Set {
        match self {
            Self::Web(_) | Self::Tcp | Self::Udp => {
                Set::interval(self.base() + u32::from(first.max(1)), self.base() + u32::from(last))
            }
            Self::Icmp | Self::Other => Set::interval(self.base(), self.base()),
        }
    }

    /// The service with every port.
    #[must_use]
    pub fn all(self) -> Set {
        self.ports(1, u16::MAX)
    }

    /// The protocol of flows of this service.
    #[must_use]
    pub fn protocol(self, is_v6: bool) -> FlowProtocol {
        match self {
            Self::Web(protocol) => FlowProtocol::Application(protocol),
            Self::Tcp => FlowProtocol::Ip(IpProtocol::TCP),
            Self::Udp => FlowProtocol::Ip(IpProtocol::UDP),
            Self::Icmp if is_v6 => FlowProtocol::Ip(IpProtocol::ICMPV6),
            Self::Icmp => FlowProtocol::Ip(IpProtocol::ICMP),
            Self::Other => FlowProtocol::Ip(IpProtocol::GRE),
        }
    }
}

/// The service and the port of one number of the axis.
#[must_use]
pub fn service_of(value: u32) -> (Service, Option<u16>) {
    let port = u16::try_from(value % PORTS).ok();
    match value {
        ICMP => (Service::Icmp, None),
        OTHER.. => (Service::Other, None),
        _ => {
            let with_ports = WITH_PORTS.get((value / PORTS) as usize);
            (with_ports.copied().unwrap_or(Service::Other), port)
        }
    }
}

/// Every service with every port.
#[must_use]
pub fn everything() -> Set {
    let with_ports = WITH_PORTS.iter().flat_map(|service| service.all().intervals().to_vec());
    with_ports.chain([(ICMP, OTHER)]).collect()
}

/// HTTP, HTTPS and MSSQL on every port.
#[must_use]
pub fn web() -> Set {
    WEB.iter().flat_map(|&protocol| Service::Web(protocol).all().intervals().to_vec()).collect()
}

/// Which of the unknown parts are taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extreme {
    /// Only what surely matches: what is unknown is taken to be empty.
    Least,
    /// Everything that may match: what is unknown is taken to be everything.
    Most,
}

impl Extreme {
    /// Whether a criterion with these unknown parts covers everything.
    #[must_use]
    pub fn covers<T>(self, unknown: &[T]) -> bool {
        match self {
            Self::Least => false,
            Self::Most => !unknown.is_empty(),
        }
    }
}

/// The services of a network rule.
#[must_use]
pub fn of_network(protocols: &ProtocolCriterion, ports: &PortCriterion, extreme: Extreme) -> Set {
    let covers_protocols = extreme.covers(&protocols.unknown);
    let covers_ports = extreme.covers(&ports.unknown);
    let is_tcp = protocols.any || protocols.tcp || covers_protocols;
    let is_udp = protocols.any || protocols.udp || covers_protocols;
    let mut intervals: Vec<(u32, u32)> = Vec::new();
    for service in WITH_PORTS {
        let is_covered = if service == Service::Udp { is_udp } else { is_tcp };
        if !is_covered {
            continue;
        }
        if covers_ports {
            intervals.extend(service.all().intervals());
        } else {
            let ranges = ports.known.ranges();
            intervals.extend(
                ranges.flat_map(|range| {
                    service.ports(range.first(), range.last()).intervals().to_vec()
                }),
            );
        }
    }
    let without_ports = covers_protocols || (protocols.any && (ports.is_star || covers_ports));
    if without_ports || protocols.icmp {
        intervals.push((ICMP, ICMP));
    }
    if without_ports {
        intervals.push((OTHER, OTHER));
    }
    intervals.into_iter().collect()
}

/// The services of an application rule.
#[must_use]
pub fn of_application(criteria: &ApplicationCriteria, extreme: Extreme) -> Set {
    if extreme.covers(&criteria.unknown_protocols) {
        return web();
    }
    of_entries(&criteria.protocols)
}

/// The services of entries such as `Https:443`.
#[must_use]
pub fn of_entries(entries: &[Application]) -> Set {
    let one = |entry: &Application| {
        Service::Web(entry.protocol).ports(entry.port, entry.port).intervals().to_vec()
    };
    entries.iter().flat_map(one).collect()
}

/// The services of one transport: TCP with all that it carries, UDP, ICMP, others.
#[must_use]
pub fn of_protocol(protocol: FlowProtocol) -> Set {
    match protocol {
        FlowProtocol::Application(protocol) => Service::Web(protocol).all(),
        FlowProtocol::Ip(IpProtocol::TCP) => web().union(&Service::Tcp.all()),
        FlowProtocol::Ip(IpProtocol::UDP) => Service::Udp.all(),
        FlowProtocol::Ip(IpProtocol::ICMP | IpProtocol::ICMPV6) => Service::Icmp.all(),
        FlowProtocol::Ip(_) => Service::Other.all(),
    }
}

/// The same services, all of them on one port; those without ports fall away.
#[must_use]
pub fn ports_moved(services: &Set, port: u16) -> Set {
    let with_ports = WITH_PORTS.iter().filter(|service| service.all().overlaps(services));
    with_ports.flat_map(|service| service.ports(port, port).intervals().to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_names_its_service_and_port() {
        for service in WITH_PORTS {
            let set = service.ports(443, 443);
            assert_eq!(service_of(set.first().unwrap()), (service, Some(443)));
        }
        assert_eq!(service_of(ICMP), (Service::Icmp, None));
        assert_eq!(service_of(OTHER), (Service::Other, None));
        assert!(Service::Udp.ports(0, 0).is_empty());
        assert!(web().is_subset(&everything()));
    }
}
