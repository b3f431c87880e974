//! Flows between the addresses and names of the pool, with this or that unknown.

use super::pool::{CATEGORIES, NAMES, REQUESTS, address, one};
use crate::flow::{Flow, FlowProtocol, HitMode, IdpsHit, Name};
use crate::net::{ApplicationProtocol, Fqdn, IpProtocol, RequestUrl};
use crate::random::Random;

const PORTS: [u16; 9] = [443, 80, 22, 1433, 8080, 8443, 53, 0, 60_000];

/// A flow. One in four is IPv6; some mix the families, which no packet does.
pub(super) fn flow(random: &mut Random) -> Flow {
    let source = address(random);
    let mut flow = Flow::new(protocol(random), source);
    if !random.one_in(4) {
        let near = (0..8).map(|_| address(random)).find(|to| to.is_ipv4() == source.is_ipv4());
        flow.destination = near.or_else(|| Some(address(random)));
    }
    if flow.protocol.has_ports() && random.one_in(2) {
        let index = usize::try_from(random.below(PORTS.len() as u64 + 1)).unwrap_or(0);
        flow.port = PORTS.get(index).copied();
    }
    flow.name = match random.below(6) {
        0 | 1 => Name::Unknown,
        2 if random.one_in(2) => Name::Absent,
        _ => Fqdn::new(one(&NAMES, random)).map_or(Name::Unknown, Name::Known),
    };
    if random.one_in(5)
        && let Some(url) = RequestUrl::new(one(&REQUESTS, random))
    {
        flow = flow.with_url(url);
    }
    flow.is_without_application = random.one_in(6);
    flow.web_category = random.one_in(5).then(|| one(&CATEGORIES, random).into());
    flow.is_explicit_proxy = random.one_in(12);
    if random.one_in(8) {
        flow.host_port = Some(8080);
    }
    flow.is_listed_threat = random.one_in(12);
    if random.one_in(10) {
        let signature = random.one_in(2).then(|| "1".into());
        let mode = if random.one_in(2) { HitMode::Alert } else { HitMode::Deny };
        flow.idps = Some(IdpsHit { signature, mode });
    }
    flow
}

fn protocol(random: &mut Random) -> FlowProtocol {
    match random.below(16) {
        0..4 => FlowProtocol::Ip(IpProtocol::TCP),
        4 | 5 => FlowProtocol::Ip(IpProtocol::UDP),
        6 => FlowProtocol::Ip(IpProtocol::ICMP),
        7 if random.one_in(2) => FlowProtocol::Ip(IpProtocol::ICMPV6),
        7 => FlowProtocol::Ip(IpProtocol::GRE),
        8..11 => FlowProtocol::Application(ApplicationProtocol::Http),
        11 => FlowProtocol::Application(ApplicationProtocol::Mssql),
        _ => FlowProtocol::Application(ApplicationProtocol::Https),
    }
}
