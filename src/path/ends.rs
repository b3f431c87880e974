//! Where a journey begins and where it is meant to end, from the words of the command line.

use std::net::IpAddr;

use super::packet::Place;
use super::topology::{Interface, Machine, Pod, Site, Topology, public};
use crate::flow::FlowProtocol;
use crate::net::{ApplicationProtocol, Fqdn, IpFamily, IpProtocol, IpRange, IpSet};

/// Where a journey begins.
#[derive(Debug, Clone, Copy)]
pub enum Origin<'a> {
    Pod(&'a Pod),
    /// An interface and the address that is used.
    Interface(&'a Interface, IpAddr),
    Address(IpAddr),
    Site(&'a Site),
    /// `None`: some address of the Internet.
    Internet(Option<IpAddr>),
}

/// Where it is meant to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub name: Option<Fqdn>,
    pub place: Place,
    pub port: Option<u16>,
    pub protocol: FlowProtocol,
    pub assumptions: Vec<String>,
}

/// Words that cannot be understood, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EndError {
    message: String,
    pub help: String,
}

impl EndError {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

/// How many names an error lists.
const SHOWN: usize = 8;

/// `pod:shop/web`, `vm:NAME`, `nic:NAME`, `ip:10.1.0.4`, `app:NAME` or `internet:203.0.113.9`.
///
/// # Errors
///
/// The words name nothing, or several things.
pub fn origin<'a>(text: &str, topology: &'a Topology) -> Result<Origin<'a>, EndError> {
    const FORMS: &str =
        "write pod:NAMESPACE/NAME, vm:NAME, nic:NAME, ip:ADDRESS, app:NAME or internet:ADDRESS";
    let (kind, name) = text.split_once(':').unwrap_or(("", text));
    match kind {
        "pod" => {
            let found: Vec<&Pod> =
                topology.kubernetes.pods.iter().filter(|pod| is_pod(pod, name)).collect();
            let all = topology
                .kubernetes
                .pods
                .iter()
                .map(|pod| format!("{}/{}", pod.namespace, pod.name));
            only("pod", name, &found, all).map(Origin::Pod)
        }
        "vm" => {
            let found: Vec<&Machine> =
                topology.machines.iter().filter(|it| it.name.eq_ignore_ascii_case(name)).collect();
            let all = topology.machines.iter().map(|it| it.name.to_string());
            let of_machine = |nic: &&Interface| match found.as_slice() {
                [machine] => machine.interfaces.iter().any(|id| id.agrees_with(&nic.id)),
                _ => nic.machine.as_ref().is_some_and(|id| id.name().eq_ignore_ascii_case(name)),
            };
            match topology.interfaces.iter().find(of_machine) {
                Some(nic) => interface(nic),
                None => Err(not_found("virtual machine with an interface", name, all)),
            }
        }
        "nic" => {
            let found: Vec<&Interface> = topology
                .interfaces
                .iter()
                .filter(|it| it.name.eq_ignore_ascii_case(name))
                .collect();
            let all = topology.interfaces.iter().map(|it| it.name.to_string());
            only("interface", name, &found, all).and_then(interface)
        }
        "app" => {
            let found: Vec<&Site> =
                topology.sites.iter().filter(|it| it.name.eq_ignore_ascii_case(name)).collect();
            let all = topology.sites.iter().map(|it| it.name.to_string());
            only("app", name, &found, all).map(Origin::Site)
        }
        "ip" => address(name).map(Origin::Address),
        "internet" => address(name).map(|it| Origin::Internet(Some(it))),
        _ if text == "internet" => Ok(Origin::Internet(None)),
        _ => match text.parse() {
            Ok(address) => Ok(Origin::Address(address)),
            Err(_) => Err(EndError::new(format!("`{text}` is no source"), FORMS)),
        },
    }
}

fn is_pod(pod: &Pod, text: &str) -> bool {
    match text.split_once('/') {
        Some((namespace, name)) => pod.namespace == namespace && pod.name == name,
        None => pod.name == text,
    }
}

fn interface(nic: &Interface) -> Result<Origin<'_>, EndError> {
    match nic.addresses.iter().find_map(|it| it.address) {
        Some(address) => Ok(Origin::Interface(nic, address)),
        None => Err(EndError::new(
            format!("interface `{}` has no private address", nic.name),
            "export it with `az network nic list`",
        )),
    }
}

fn address(text: &str) -> Result<IpAddr, EndError> {
    text.trim_matches(['[', ']'])
        .parse()
        .map_err(|_| EndError::new(format!("`{text}` is no IP address"), "write it like 10.1.0.4"))
}

fn only<'a, T>(
    what: &str,
    name: &str,
    found: &[&'a T],
    all: impl Iterator<Item = String>,
) -> Result<&'a T, EndError> {
    match found {
        [one] => Ok(one),
        [] => Err(not_found(what, name, all)),
        _ => Err(EndError::new(
            format!("{} of the files are called `{name}`: {what}", found.len()),
            "give the namespace too, or fewer files",
        )),
    }
}

fn not_found(what: &str, name: &str, all: impl Iterator<Item = String>) -> EndError {
    let mut names: Vec<String> = all.collect();
    names.sort();
    names.dedup();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let mut help = if names.is_empty() {
        "the files hold none".to_owned()
    } else {
        format!("the files hold {}", names.join(", "))
    };
    if more > 0 {
        help = format!("{help} and {more} more");
    }
    EndError::new(format!("no {what} is called `{name}`"), help)
}

/// `HOST:PORT`, `ADDRESS:PORT`, `[V6]:PORT`, `pod:NAMESPACE/NAME:PORT`, `vm:NAME:PORT`, `nic:NAME:PORT`,
/// each with `/tcp`, `/udp`, `/https` …, or with `/icmp` in place of the port.
///
/// # Errors
///
/// The words are no destination.
pub fn target(
    text: &str,
    resolved: Option<IpAddr>,
    topology: &Topology,
) -> Result<Target, EndError> {
    const FORMS: &str = "write HOST:PORT, ADDRESS:PORT or pod:NAMESPACE/NAME:PORT, with /tcp, /udp, /http, /https or /icmp behind it where needed";
    if let Some(by_address) = with_address(text, topology)? {
        return target(&by_address, resolved, topology);
    }
    let (rest, protocol) = match text.rsplit_once('/') {
        None => (text, None),
        Some((rest, word)) => match FlowProtocol::from_text(word) {
            Some(protocol) => (rest, Some(protocol)),
            None => return Err(EndError::new(format!("`{word}` is no protocol"), FORMS)),
        },
    };
    let (host, port) = split(rest);
    let port = match port {
        None => None,
        Some(port) => match port.parse::<u16>() {
            Ok(port) => Some(port),
            Err(_) => return Err(EndError::new(format!("`{port}` is no port"), FORMS)),
        },
    };
    let mut assumptions = Vec::new();
    let literal: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    let protocol = protocol.unwrap_or_else(|| {
        let guessed = match (literal, port) {
            (None, Some(443) | None) => FlowProtocol::Application(ApplicationProtocol::Https),
            (None, Some(80)) => FlowProtocol::Application(ApplicationProtocol::Http),
            _ => FlowProtocol::Ip(IpProtocol::TCP),
        };
        if let FlowProtocol::Application(_) = guessed {
            assumptions.push(format!(
                "the flow is {guessed}; write `/tcp` for another protocol on that port"
            ));
        }
        guessed
    });
    let port = port.or(match protocol {
        FlowProtocol::Application(application) => Some(application.default_port()),
        FlowProtocol::Ip(_) => None,
    });
    if port.is_none() && protocol.has_ports() {
        return Err(EndError::new(format!("`{text}` has no port"), FORMS));
    }
    let name = if literal.is_some() { None } else { Fqdn::new(host) };
    if literal.is_none() && name.is_none() {
        return Err(EndError::new(format!("`{host}` is no host name and no address"), FORMS));
    }
    let place = match (literal, &name) {
        (Some(address), _) => Place::at(address),
        (None, Some(name)) => place_of(name, resolved, topology, &mut assumptions),
        (None, None) => return Err(EndError::new(format!("`{host}` is no host"), FORMS)),
    };
    Ok(Target { name, place, port, protocol, assumptions })
}

/// A target inside the network, which is named like an origin, with its address in place of the name.
fn with_address(text: &str, topology: &Topology) -> Result<Option<String>, EndError> {
    let Some((_, named)) =
        text.split_once(':').filter(|(kind, _)| ["pod", "vm", "nic"].contains(kind))
    else {
        return Ok(None);
    };
    let protocol =
        named.rsplit_once('/').filter(|(_, word)| FlowProtocol::from_text(word).is_some());
    let behind = match named.rfind(':') {
        Some(colon) => named.len() - colon,
        None => protocol.map_or(0, |(_, word)| word.len() + 1),
    };
    let (name, behind) = text.split_at(text.len() - behind);
    let address = match origin(name, topology)? {
        Origin::Pod(pod) => pod.addresses.first().copied().ok_or_else(|| {
            EndError::new(
                format!("`{name}` has no address"),
                "export it while it runs, with `kubectl get pods -o json`",
            )
        })?,
        Origin::Interface(_, address) | Origin::Address(address) => address,
        Origin::Site(_) | Origin::Internet(_) => return Ok(None),
    };
    Ok(Some(match address {
        IpAddr::V4(address) => format!("{address}{behind}"),
        IpAddr::V6(address) => format!("[{address}]{behind}"),
    }))
}

fn split(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port))
            if host.starts_with('[') == host.ends_with(']')
                && (host.starts_with('[') || !host.contains(':')) =>
        {
            (host, Some(port))
        }
        _ => (text, None),
    }
}

/// The address of a name: as told, from a DNS table, from a private endpoint, from a service of the
/// cluster; else somewhere on the Internet.
fn place_of(
    name: &Fqdn,
    resolved: Option<IpAddr>,
    topology: &Topology,
    assumptions: &mut Vec<String>,
) -> Place {
    if let Some(address) = resolved {
        return Place::at(address);
    }
    let listed = topology.tables.addresses(name).unwrap_or_default();
    let listed: IpSet = listed.iter().copied().map(IpRange::single).collect();
    if let Some(place) = Place::within(listed, &format!("an address of {name}")) {
        return place;
    }
    for endpoint in &topology.private_endpoints {
        let answers = endpoint.names.iter().find(|(known, _)| known == name.as_str());
        let found =
            answers.map(|(_, addresses)| addresses.iter().copied().map(IpRange::single).collect());
        if let Some(place) =
            found.and_then(|set| Place::within(set, &format!("an address of {name}")))
        {
            assumptions.push(format!("{name} resolves to private endpoint {}: its DNS zone is linked to the network of the source", endpoint.name));
            return place;
        }
    }
    if let Some(place) = service_place(name, topology) {
        return place;
    }
    let own: IpSet =
        topology.public_addresses.iter().filter_map(|it| it.address).map(IpRange::single).collect();
    assumptions.push(format!(
        "{name} has a public address that is none of the network's own; give it with `--resolve`"
    ));
    let set = public(IpFamily::V4).without(&own);
    Place::within(set, &format!("{name} (a public address)"))
        .unwrap_or_else(|| Place::at(IpAddr::from([0, 0, 0, 0])))
}

/// `NAME.NAMESPACE.svc`, with or without the cluster's domain.
fn service_place(name: &Fqdn, topology: &Topology) -> Option<Place> {
    let mut labels = name.as_str().split('.');
    let (service, namespace) = (labels.next()?, labels.next()?);
    if labels.next() != Some("svc") {
        return None;
    }
    let found = topology
        .kubernetes
        .services
        .iter()
        .find(|it| it.name == service && it.namespace == namespace)?;
    let set: IpSet = found.addresses.iter().copied().map(IpRange::single).collect();
    Place::within(set, &format!("service {namespace}/{service}"))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let got = match target(text, None, &Topology::default()) {
            Ok(target) => format!("{} {:?} {}", target.place, target.port, target.protocol),
            Err(error) => format!("{error} ({})", error.help),
        };
        expected.assert_eq(&got);
    }

    #[test]
    fn destinations() {
        check("www.example.com:443", expect!["www.example.com (a public address) Some(443) https"]);
        check(
            "www.example.com:443/tcp",
            expect!["www.example.com (a public address) Some(443) tcp"],
        );
        check("192.0.2.7:53/udp", expect!["192.0.2.7 Some(53) udp"]);
        check("192.0.2.7/icmp", expect!["192.0.2.7 None icmp"]);
        check("[2001:db8::1]:22", expect!["2001:db8::1 Some(22) tcp"]);
        check(
            "192.0.2.7",
            expect![
                "`192.0.2.7` has no port (write HOST:PORT, ADDRESS:PORT or pod:NAMESPACE/NAME:PORT, with /tcp, /udp, /http, /https or /icmp behind it where needed)"
            ],
        );
        check(
            "192.0.2.7:99999",
            expect![
                "`99999` is no port (write HOST:PORT, ADDRESS:PORT or pod:NAMESPACE/NAME:PORT, with /tcp, /udp, /http, /https or /icmp behind it where needed)"
            ],
        );
    }

    #[test]
    fn an_origin_that_is_not_there() {
        let error = origin("pod:shop/web", &Topology::default()).unwrap_err();
        assert_eq!(
            format!("{error} ({})", error.help),
            "no pod is called `shop/web` (the files hold none)"
        );
        let error = origin("web", &Topology::default()).unwrap_err();
        assert_eq!(error.to_string(), "`web` is no source");
    }
}
