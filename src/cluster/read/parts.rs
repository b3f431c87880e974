//! Values that several kinds of objects share.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::cluster::item::{Item, Problems};
use crate::net::{IpProtocol, PortRange};

/// Whether the types that a policy lists are ingress, and egress.
pub(super) fn policy_types(types: &[Item<'_>], problems: &mut Problems) -> (bool, bool) {
    let (mut ingress, mut egress) = (false, false);
    for entry in types {
        match entry.text(problems) {
            Some("Ingress") => ingress = true,
            Some("Egress") => egress = true,
            Some(other) => problems.add(entry, &format!("is the unknown policy type `{other}`")),
            None => {}
        }
    }
    (ingress, egress)
}

/// A prefix, or an address as the prefix that holds just it. Host bits are dropped.
pub(super) fn net(item: &Item<'_>, problems: &mut Problems) -> Option<IpNet> {
    let text = item.text(problems)?;
    let net = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    if net.is_none() {
        problems.add(item, &format!("is no prefix such as `192.0.2.0/24`: `{text}`"));
    }
    net.map(|net| net.trunc())
}

/// A transport protocol by its name.
pub(super) fn protocol(item: &Item<'_>, problems: &mut Problems) -> Option<IpProtocol> {
    match item.text(problems)? {
        "TCP" => Some(IpProtocol::TCP),
        "UDP" => Some(IpProtocol::UDP),
        "SCTP" => Some(IpProtocol::SCTP),
        other => {
            problems.add(item, &format!("is the unknown protocol `{other}`"));
            None
        }
    }
}

/// The ports from one to another; one port where no last is written.
pub(super) fn port_range(
    first: &Item<'_>,
    last: Option<&Item<'_>>,
    problems: &mut Problems,
) -> Option<PortRange> {
    let from = first.port(problems)?;
    let Some(last) = last else { return Some(PortRange::single(from)) };
    let range = PortRange::new(from, last.port(problems)?);
    if range.is_none() {
        problems.add(last, &format!("is below the first port {from}"));
    }
    range
}

/// The addresses among texts, wherever they stand; others are left out.
pub(super) fn addresses<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = Vec::new();
    for address in texts.into_iter().flatten().filter_map(|text| text.parse().ok()) {
        if !found.contains(&address) {
            found.push(address);
        }
    }
    found
}
