//! One rule of a Calico policy.

use smol_str::SmolStr;

use super::calico::{all_of, in_namespace, of_accounts, of_namespaces, selector};
use super::parts::net;
use crate::cluster::calico::{CalicoMatch, CalicoPort, Entity, Icmp, SERVICE_ACCOUNT};
use crate::cluster::item::{Item, Problems};
use crate::cluster::policy::{Criteria, Rule, RuleAction};
use crate::net::{IpFamily, IpProtocol, PortRange};
use crate::syntax::selector::Selector;

const FIELDS: [&str; 10] = [
    "action",
    "protocol",
    "notProtocol",
    "ipVersion",
    "icmp",
    "notICMP",
    "source",
    "destination",
    "http",
    "metadata",
];

pub(super) fn rule(entry: &Item<'_>, namespace: Option<&SmolStr>, problems: &mut Problems) -> Rule {
    entry.only(&FIELDS, problems);
    let action = match entry.word("action", problems) {
        Some("Allow") => RuleAction::Allow,
        Some("Deny") => RuleAction::Deny,
        Some("Pass") => RuleAction::Pass,
        Some("Log") => RuleAction::Log,
        _ => {
            problems.add(entry, "has no `action` that is `Allow`, `Deny`, `Pass` or `Log`");
            RuleAction::Deny
        }
    };
    let mut end = |key: &str| {
        let item = entry.field(key);
        item.map(|item| entity(&item, namespace, problems)).unwrap_or_default()
    };
    let (source, destination) = (end("source"), end("destination"));
    let protocol = protocol(entry, "protocol", problems);
    let has_ports = |entity: &Entity| entity.ports.is_some() || !entity.not_ports.is_empty();
    if protocol.is_none() && (has_ports(&source) || has_ports(&destination)) {
        problems.add(entry, "has ports and no `protocol`");
    }
    let criteria = CalicoMatch {
        protocol,
        not_protocol: self::protocol(entry, "notProtocol", problems),
        family: family(entry, problems),
        icmp: icmp(entry, "icmp", problems),
        not_icmp: icmp(entry, "notICMP", problems),
        source,
        destination,
        is_http: entry.field("http").is_some(),
    };
    Rule { action, name: None, criteria: Criteria::Calico(Box::new(criteria)) }
}

fn protocol(entry: &Item<'_>, key: &str, problems: &mut Problems) -> Option<IpProtocol> {
    let item = entry.field(key)?;
    let number = item.value.as_u64().and_then(|number| u8::try_from(number).ok());
    let named = match item.value.as_str() {
        Some("UDPLite") => Some(IpProtocol(136)),
        Some(name) => IpProtocol::from_text(name),
        None => number.map(IpProtocol),
    };
    if named.is_none() {
        problems.add(&item, "is no protocol");
    }
    named
}

fn family(entry: &Item<'_>, problems: &mut Problems) -> Option<IpFamily> {
    let item = entry.field("ipVersion")?;
    match item.value.as_u64() {
        Some(4) => Some(IpFamily::V4),
        Some(6) => Some(IpFamily::V6),
        _ => {
            problems.add(&item, "is neither 4 nor 6");
            None
        }
    }
}

fn icmp(entry: &Item<'_>, key: &str, problems: &mut Problems) -> Option<Icmp> {
    let item = entry.field(key)?;
    item.only(&["type", "code"], problems);
    let mut number = |key: &str| {
        let field = item.field(key)?;
        let number = field.value.as_u64().and_then(|number| u8::try_from(number).ok());
        if number.is_none() {
            problems.add(&field, "is no number (0-255)");
        }
        number
    };
    let (kind, code) = (number("type"), number("code"));
    if kind.is_none() {
        problems.add(&item, "has no `type`");
    }
    kind.map(|kind| Icmp { kind, code })
}

fn entity(item: &Item<'_>, namespace: Option<&SmolStr>, problems: &mut Problems) -> Entity {
    const FIELDS: [&str; 9] = [
        "nets",
        "notNets",
        "selector",
        "notSelector",
        "namespaceSelector",
        "ports",
        "notPorts",
        "serviceAccounts",
        "services",
    ];
    item.only(&FIELDS, problems);
    let mut nets = |key: &str| {
        let entries = item.list(key, problems);
        entries.iter().filter_map(|entry| net(entry, problems)).collect::<Vec<_>>()
    };
    let (inside, not_nets) = (nets("nets"), nets("notNets"));
    let own = selector(item, "selector", problems);
    let not_selector = selector(item, "notSelector", problems);
    let namespaces = selector(item, "namespaceSelector", problems).map(of_namespaces);
    let accounts = item.field("serviceAccounts").and_then(|field| accounts(&field, problems));
    // Selectors of a namespaced policy are about its own namespace unless they say which.
    let is_about_endpoints = own.is_some() || not_selector.is_some() || accounts.is_some();
    let namespaces = match (namespaces, namespace) {
        (Some(selector), _) => Some(selector),
        (None, Some(name)) if is_about_endpoints => Some(in_namespace(name)),
        (None, _) => None,
    };
    let mut port_list = |key: &str| {
        let entries = item.list(key, problems);
        entries.iter().filter_map(|entry| port(entry, problems)).collect::<Vec<_>>()
    };
    let (ports, not_ports) = (port_list("ports"), port_list("notPorts"));
    Entity {
        nets: item.field("nets").filter(|_| !inside.is_empty()).map(|_| inside),
        not_nets,
        selector: all_of([namespaces, accounts, own]),
        not_selector,
        ports: (!ports.is_empty()).then_some(ports),
        not_ports,
        service: service(item, namespace, problems),
    }
}

fn accounts(item: &Item<'_>, problems: &mut Problems) -> Option<Selector> {
    item.only(&["names", "selector"], problems);
    let entries = item.list("names", problems);
    let mut names: Vec<SmolStr> =
        entries.iter().filter_map(|name| name.text(problems).map(SmolStr::new)).collect();
    names.sort_unstable();
    names.dedup();
    let named = (!names.is_empty()).then(|| Selector::In(SERVICE_ACCOUNT.into(), names));
    all_of([named, selector(item, "selector", problems).map(of_accounts)])
}

fn service(
    item: &Item<'_>,
    namespace: Option<&SmolStr>,
    problems: &mut Problems,
) -> Option<(SmolStr, SmolStr)> {
    let service = item.field("services")?;
    service.only(&["name", "namespace"], problems);
    let name = service.word("name", problems).map(SmolStr::new);
    let place = service.word("namespace", problems).map(SmolStr::new).or(namespace.cloned());
    if name.is_none() || place.is_none() {
        problems.add(&service, "has no `name` and `namespace`");
    }
    place.zip(name)
}

/// A number, `first:last`, or a name.
fn port(entry: &Item<'_>, problems: &mut Problems) -> Option<CalicoPort> {
    let number = entry.value.as_u64().and_then(|number| u16::try_from(number).ok());
    if let Some(number) = number {
        return Some(CalicoPort::Range(PortRange::single(number)));
    }
    let text = entry.text(problems)?;
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    if let (Ok(first), Ok(last)) = (first.parse(), last.parse()) {
        let range = PortRange::new(first, last);
        if range.is_none() {
            problems.add(entry, "has a last port below its first");
        }
        return range.map(CalicoPort::Range);
    }
    let is_name = !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_./-".contains(c))
        && !text.chars().all(|c| c.is_ascii_digit());
    if !is_name {
        problems.add(entry, "is no port, range `first:last` or port name");
    }
    is_name.then(|| CalicoPort::Named(text.into()))
}
