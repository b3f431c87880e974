//! Services (a protocol with its port) → the rules that cover them.

use std::net::{IpAddr, Ipv4Addr};

use super::shape::Shape;
use super::sweep::{Cover, Stretches, stretches};
use super::table::{Row, TableBuilder, TooLarge};
use crate::compile::{PortCriterion, ProtocolCriterion};
use crate::evaluate::fit::{self, Fit};
use crate::flow::{Flow, FlowProtocol};
use crate::net::{IpProtocol, PortRange};

/// A service as a number: protocol and port, or one of the last, which have no known port.
pub(super) type Service = u32;

const UDP: Service = 1 << 16;
const TCP_OF_UNKNOWN_PORT: Service = 2 << 16;
const UDP_OF_UNKNOWN_PORT: Service = TCP_OF_UNKNOWN_PORT + 1;
const ICMP: Service = TCP_OF_UNKNOWN_PORT + 2;
/// Any protocol that no rule can name.
const OTHER: Service = TCP_OF_UNKNOWN_PORT + 3;
/// How many services network and DNAT rules tell apart.
pub(super) const PACKET_SERVICES: Service = OTHER + 1;

/// The service of a flow, as network and DNAT rules see it.
#[inline]
pub(super) fn of_packet(flow: &Flow) -> Service {
    of(flow.protocol.ip(), flow.port)
}

/// The service of a protocol and a port, as network and DNAT rules see it.
#[inline]
pub(super) fn of(ip: IpProtocol, port: Option<u16>) -> Service {
    if ip == IpProtocol::TCP {
        port.map_or(TCP_OF_UNKNOWN_PORT, Service::from)
    } else if ip == IpProtocol::UDP {
        port.map_or(UDP_OF_UNKNOWN_PORT, |port| UDP + Service::from(port))
    } else if FlowProtocol::Ip(ip).is_icmp() {
        ICMP
    } else {
        OTHER
    }
}

/// The services that a network or DNAT rule covers or may cover: sorted intervals.
pub(super) struct PacketServices {
    /// One flow of each protocol that rules tell apart, without a port.
    samples: [(Flow, Option<Service>, Service); 4],
}

impl PacketServices {
    pub(super) fn new() -> Self {
        let sample = |protocol, base, portless| {
            let source = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
            (Flow::new(FlowProtocol::Ip(protocol), source), base, portless)
        };
        Self {
            samples: [
                sample(IpProtocol::TCP, Some(0), TCP_OF_UNKNOWN_PORT),
                sample(IpProtocol::UDP, Some(UDP), UDP_OF_UNKNOWN_PORT),
                sample(IpProtocol::ICMP, None, ICMP),
                sample(IpProtocol::GRE, None, OTHER),
            ],
        }
    }

    /// The services of a rule. The comparisons of the walk decide, so both agree.
    pub(super) fn of(
        &self,
        protocols: &ProtocolCriterion,
        ports: &PortCriterion,
    ) -> Vec<(Service, Service)> {
        let (mut of_ports, mut portless) = (Vec::new(), Vec::new());
        for (flow, base, service) in &self.samples {
            if fit::protocol(protocols, ports, flow) == Fit::No {
                continue;
            }
            if let &Some(base) = base {
                let at = |range: PortRange| {
                    (base + Service::from(range.first()), base + Service::from(range.last()))
                };
                if ports.unknown.is_empty() {
                    of_ports.extend(ports.known.ranges().map(at));
                } else {
                    of_ports.push(at(PortRange::ALL));
                }
            }
            if fit::port(ports, flow.protocol, None) != Fit::No {
                portless.push((*service, *service));
            }
        }
        joined(of_ports.into_iter().chain(portless))
    }
}

/// Joins sorted intervals that touch.
pub(super) fn joined(
    intervals: impl Iterator<Item = (Service, Service)>,
) -> Vec<(Service, Service)> {
    let mut joined: Vec<(Service, Service)> = Vec::new();
    for (first, last) in intervals {
        match joined.last_mut() {
            Some(before) if before.1 + 1 >= first => before.1 = before.1.max(last),
            Some(_) | None => joined.push((first, last)),
        }
    }
    joined
}

/// Services → rows of all four tables, by a direct table.
#[derive(Debug)]
pub(super) struct ServiceMap {
    stretches: Stretches<Service, 4>,
    /// The stretch of each service.
    stretch_of: Vec<u32>,
}

impl ServiceMap {
    /// `covers` lists the rules that do not cover all of the `count` services.
    pub(super) fn new(
        covers: &[Cover<'_, Service>],
        builders: &mut [TableBuilder; 4],
        count: Service,
    ) -> Result<Self, TooLarge> {
        let stretches = stretches(covers, builders.each_mut())?;
        let mut stretch_of = Vec::with_capacity(count as usize);
        let starts = stretches.starts.iter().skip(1).copied().chain([count]);
        for (stretch, end) in (0..).zip(starts) {
            stretch_of.resize(end.min(count) as usize, stretch);
        }
        Ok(Self { stretches, stretch_of })
    }

    #[inline]
    pub(super) fn rows(&self, service: Service) -> [Row; 4] {
        let stretch = self.stretch_of.get(service as usize).copied();
        stretch.map_or([0; 4], |stretch| self.stretches.at(stretch as usize))
    }

    /// Bytes of memory.
    pub(super) fn size(&self) -> usize {
        self.stretches.size() + self.stretch_of.len() * size_of::<u32>()
    }
}

/// The services of one rule of a table.
pub(super) struct ServiceCover {
    pub(super) intervals: Vec<(Service, Service)>,
    pub(super) shape: Shape,
    pub(super) index: u32,
}

/// Tells the tables which rules cover all of the `count` services, and lists the others.
pub(super) fn always_and_covers<'a>(
    rules: &'a [ServiceCover],
    builders: &mut [TableBuilder; 4],
    count: Service,
) -> Vec<Cover<'a, Service>> {
    let mut covers = Vec::new();
    for ServiceCover { intervals, shape, index } in rules {
        let (lane, index) = (*shape as usize, *index);
        if intervals.as_slice() == [(0, count - 1)] {
            if let Some(builder) = builders.get_mut(lane) {
                builder.add_always(index);
            }
        } else {
            covers.push(Cover { intervals, lane, index });
        }
    }
    covers
}
