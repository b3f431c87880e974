#![doc = include_str!("../../../docs/checks/management-port-open.md")]

use super::{Check, Context, Finding, Level};
use crate::analyse::reach::{Item, internet};
use crate::analyse::search::Search;
use crate::analyse::space::service::{Service, of_protocol};
use crate::analyse::space::{Axis, Product, Set};
use crate::evaluate::{RuleRef, Ruling};

pub(super) const CHECK: Check = Check {
    name: "management-port-open",
    summary: "remote administration allowed from or to the Internet",
    page: include_str!("../../../docs/checks/management-port-open.md"),
    controls: &["NS-1", "NS-8"],
    run,
};

/// Ports by which machines are administered, and what listens there.
const PORTS: [(u16, &str); 7] = [
    (22, "SSH"),
    (23, "Telnet"),
    (445, "SMB"),
    (3389, "RDP"),
    (5900, "VNC"),
    (5985, "WinRM"),
    (5986, "WinRM"),
];

/// Whether machines are administered by the port.
#[must_use]
pub fn is_management_port(port: u16) -> bool {
    PORTS.iter().any(|(known, _)| *known == port)
}

fn run(context: &Context<'_>) -> Vec<Finding> {
    let allowing = context.live().filter(|(_, item)| item.effect.ruling == Ruling::Allow);
    let network =
        allowing.filter(|(_, item)| matches!(item.rule, RuleRef::Network(_) | RuleRef::Nat(_)));
    network.filter_map(|(place, item)| finding(context, place, item)).collect()
}

fn finding(context: &Context<'_>, place: usize, item: &Item) -> Option<Finding> {
    let space = &context.layout.space;
    let (from, to) = (space.sources.set(&internet()), space.destinations.set(&internet()));
    let inbound = open(context, place, item, Axis::Source, &from);
    let (direction, level, open) = match (inbound, item.rule) {
        (Some(open), _) => ("from the Internet", Level::Error, open),
        (None, RuleRef::Network(_)) => {
            ("to the Internet", Level::Warning, open(context, place, item, Axis::Destination, &to)?)
        }
        (None, RuleRef::Nat(_) | RuleRef::Application(_)) => return None,
    };
    let ports = open.0.iter().map(|(port, name)| format!("{name} ({port})"));
    let ports: Vec<String> = ports.collect();
    let message = format!("allows {} {direction}", ports.join(", "));
    Some(
        Finding::new(CHECK.name, level, message)
            .about(context.ruleset, item.rule)
            .with_help("administer through Azure Bastion or a VPN; where that cannot be, name the few addresses that need it")
            .with_witness(context.witness(CHECK.name, &open.1, item.rule)),
    )
}

/// The ports that the rule surely opens to at least half of `ends`, and flows to the first of them.
fn open(
    context: &Context<'_>,
    place: usize,
    item: &Item,
    axis: Axis,
    ends: &Set,
) -> Option<(Vec<(u16, &'static str)>, Product)> {
    let layout = &context.layout;
    let measure = |set: &Set| match axis {
        Axis::Source => layout.space.sources.measure(set),
        Axis::Destination | Axis::Service | Axis::Name | Axis::Path | Axis::WebCategory => {
            layout.space.destinations.measure(set)
        }
    };
    let others = layout.maybe_before(place);
    let before = layout.may(&others);
    let mut ports = Vec::new();
    let mut witness = None;
    for (port, name) in PORTS {
        let services = of_protocol(Service::Tcp.protocol(false)).intersection(&on_port(port));
        let pieces: Vec<Product> = item
            .region
            .sure
            .iter()
            .filter_map(|piece| {
                let ends = piece.on(axis).intersection(ends);
                let services = piece.on(Axis::Service).intersection(&services);
                piece.with(axis, ends)?.with(Axis::Service, services)
            })
            .filter(|piece| measure(piece.on(axis)) >= measure(ends) / 2.0)
            .collect();
        let left = Search::new(layout.steps()).first_left(&pieces, &before).ok().flatten();
        if let Some(left) = left {
            ports.push((port, name));
            witness = witness.or(Some(left));
        }
    }
    Some((ports, witness?))
}

fn on_port(port: u16) -> Set {
    let services = crate::analyse::space::service::WITH_PORTS.iter();
    services.flat_map(|service| service.ports(port, port).intervals().to_vec()).collect()
}
