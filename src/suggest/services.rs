//! What the rules have to allow, without the sources, and who was denied it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;

use super::observed::{Fate, Observed, Times, Turned, denied_to_rules, seen_url};
use super::web::{Web, WebRequest};
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::{ApplicationProtocol, Fqdn, FqdnPattern, IpProtocol, PathPattern, RuleProtocol};
use crate::policy::Application;

/// What a rule has to allow, without the sources.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Service {
    /// ICMP has no port.
    Network {
        protocol: RuleProtocol,
        destination: IpAddr,
        port: Option<u16>,
    },
    /// A protocol that no rule can name.
    Other {
        destination: IpAddr,
    },
    Name {
        application: Application,
        name: Fqdn,
    },
    Url {
        application: Application,
        host: Fqdn,
        path: PathPattern,
    },
    Dnat {
        protocol: RuleProtocol,
        destination: IpAddr,
        port: u16,
        to: (IpAddr, u16),
    },
}

/// Who used a service, and who must not.
#[derive(Debug, Default)]
pub(super) struct Users {
    pub allowed: BTreeMap<IpAddr, Times>,
    pub denied: BTreeSet<IpAddr>,
}

impl Users {
    pub(super) fn allow(&mut self, source: IpAddr, times: Times) {
        self.allowed.entry(source).or_default().join(times);
    }

    pub(super) fn times(&self) -> Times {
        let mut times = Times::default();
        self.allowed.values().for_each(|more| times.join(*more));
        times
    }

    pub(super) fn sources(&self) -> BTreeSet<IpAddr> {
        self.allowed.keys().copied().collect()
    }
}

/// A protocol and a port of it.
pub(super) type ProtocolPort = (RuleProtocol, Option<u16>);

/// Everything that was asked for. A flow that the logs hold both allowed and denied is allowed.
#[derive(Debug, Default)]
pub(super) struct Services {
    pub map: BTreeMap<Service, Users>,
    /// Names that somebody was denied. A wildcard must not hold them for anybody.
    pub denied_names: BTreeMap<Application, BTreeSet<Fqdn>>,
    /// Sources that came to an address and port and were not translated.
    pub not_translated: BTreeMap<(IpAddr, u16), BTreeSet<IpAddr>>,
    /// Protocols that rules can name, with ports, that a source was denied at an address. No port:
    /// ICMP, or one that is not logged.
    pub denied_packets: BTreeMap<(IpAddr, IpAddr), BTreeSet<ProtocolPort>>,
    /// Why no rule is made of allowed connections, with their number.
    pub notes: BTreeMap<&'static str, u64>,
}

/// A flow as what a rule would have to allow.
enum Asked<'a> {
    Service(Service),
    Web(Application, WebRequest<'a>),
}

impl Services {
    pub(super) fn new(observed: &Observed) -> Self {
        let both = observed.both();
        let mut services = Self::default();
        let mut web: BTreeMap<Application, Web<'_>> = BTreeMap::new();
        let by_rules = observed.flows().filter(|(flow, _)| Turned::of(flow) == Turned::Rules);
        for (flow, fate) in by_rules {
            let is_denied = is_denied(flow, fate, &both);
            if is_denied {
                services.deny_packet(flow);
            }
            match asked(flow, fate) {
                Ok(Asked::Service(service)) => services.add(service, flow, fate, is_denied),
                Ok(Asked::Web(application, request)) => {
                    web.entry(application).or_default().add(request, fate.allowed, is_denied);
                }
                Err(why) => services.note(why, fate.allowed.connections),
            }
        }
        for (application, web) in &web {
            services.denied_names.insert(*application, web.denied_names());
            web.separate(*application, &mut services);
        }
        services.leave_out_inseparable();
        services
    }

    fn deny_packet(&mut self, flow: &Flow) {
        let (FlowProtocol::Ip(protocol), Some(destination)) = (flow.protocol, flow.destination)
        else {
            return;
        };
        if let Some(protocol) = rule_protocol(protocol) {
            let port = flow.port.filter(|port| flow.protocol.has_ports() && *port > 0);
            let at = self.denied_packets.entry((flow.source, destination)).or_default();
            at.insert((protocol, port));
        }
    }

    fn add(&mut self, service: Service, flow: &Flow, fate: &Fate, is_denied: bool) {
        match &service {
            Service::Network { destination, port, .. } => {
                if let Some(port) = port {
                    let at = self.not_translated.entry((*destination, *port)).or_default();
                    at.insert(flow.source);
                }
            }
            Service::Other { .. }
            | Service::Name { .. }
            | Service::Url { .. }
            | Service::Dnat { .. } => {}
        }
        let users = self.map.entry(service).or_default();
        if fate.allowed.connections > 0 {
            users.allow(flow.source, fate.allowed);
        }
        if is_denied {
            users.denied.insert(flow.source);
        }
    }

    pub(super) fn note(&mut self, what: &'static str, connections: u64) {
        if connections > 0 {
            *self.notes.entry(what).or_default() += connections;
        }
    }

    /// Protocols that no rule can name are allowed together or not at all.
    fn leave_out_inseparable(&mut self) {
        let mut left_out = 0;
        for (service, users) in &mut self.map {
            if matches!(service, Service::Other { .. }) {
                let denied = &users.denied;
                users.allowed.retain(|source, times| {
                    let stays = !denied.contains(source);
                    left_out += if stays { 0 } else { times.connections };
                    stays
                });
            }
        }
        self.note(
            "no rule tells their protocol from one that was denied between the same addresses",
            left_out,
        );
    }
}

fn is_denied(flow: &Flow, fate: &Fate, both: &HashSet<Flow>) -> bool {
    fate.denied.connections > 0 && !both.contains(&denied_to_rules(flow))
}

const NO_PORT: &str = "their port is not logged";

fn asked<'a>(flow: &'a Flow, fate: &Fate) -> Result<Asked<'a>, &'static str> {
    if let Some((address, port)) = fate.translated {
        return dnat(flow, address, port).map(Asked::Service);
    }
    match flow.protocol {
        FlowProtocol::Application(protocol) => web(flow, protocol),
        FlowProtocol::Ip(protocol) => packet(flow, protocol).map(Asked::Service),
    }
}

fn dnat(flow: &Flow, to: IpAddr, port: Option<u16>) -> Result<Service, &'static str> {
    let protocol = rule_protocol(flow.protocol.ip()).filter(|_| flow.protocol.has_ports());
    let (Some(protocol), Some(destination)) = (protocol, flow.destination) else {
        return Err("only TCP and UDP to a known address are translated");
    };
    let (Some(own), Some(inner)) = (flow.port.filter(|port| *port > 0), port) else {
        return Err("the ports of their translation are not logged");
    };
    if destination.is_ipv6() || to.is_ipv6() || flow.source.is_ipv6() {
        return Err("DNAT rules hold no IPv6");
    }
    Ok(Service::Dnat { protocol, destination, port: own, to: (to, inner) })
}

fn packet(flow: &Flow, protocol: IpProtocol) -> Result<Service, &'static str> {
    let destination = flow.destination.ok_or("their destination is not logged")?;
    let Some(protocol) = rule_protocol(protocol) else {
        return Ok(Service::Other { destination });
    };
    let port = match flow.port {
        _ if !flow.protocol.has_ports() => None,
        None | Some(0) => return Err(NO_PORT),
        Some(port) => Some(port),
    };
    Ok(Service::Network { protocol, destination, port })
}

fn web(flow: &Flow, protocol: ApplicationProtocol) -> Result<Asked<'_>, &'static str> {
    let port = flow.port.unwrap_or_else(|| protocol.default_port());
    let is_foreign =
        protocol == ApplicationProtocol::Http && flow.host_port.is_some_and(|host| host != port);
    let name = match &flow.name {
        Name::Known(name) => name,
        Name::Unknown | Name::Absent => {
            return Err("they have no name");
        }
    };
    if flow.source.is_ipv6() {
        return Err("application rules hold no IPv6");
    }
    if is_foreign || port == 0 {
        return Err("no application rule takes a request whose `Host` header names another port");
    }
    let request = WebRequest { source: flow.source, name, url: seen_url(flow) };
    Ok(Asked::Web(Application { protocol, port }, request))
}

pub(super) fn rule_protocol(protocol: IpProtocol) -> Option<RuleProtocol> {
    match protocol {
        IpProtocol::TCP => Some(RuleProtocol::Tcp),
        IpProtocol::UDP => Some(RuleProtocol::Udp),
        IpProtocol::ICMP | IpProtocol::ICMPV6 => Some(RuleProtocol::Icmp),
        _ => None,
    }
}

/// Whether a rule can hold the name: what stands in a log can be anything.
pub(super) fn is_writable(name: &Fqdn) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.as_str().chars().all(is_plain)
        && FqdnPattern::new(name.as_str()) == Some(FqdnPattern::Exact(name.clone()))
}
