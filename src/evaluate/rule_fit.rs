//! Comparisons of whole rules with one flow, each with three results.

use smol_str::format_smolstr;

use super::fit::{self, Fit};
use super::trace::Criterion;
use crate::compile::{
    ApplicationCriteria, NatAddress, NatCriteria, Need, NetworkCriteria, Ruleset,
};
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::IpFamily;

/// Whether a DNAT rule matches: what is unknown, or the first criterion that does not fit.
pub(super) fn nat(
    ruleset: &Ruleset,
    flow: &Flow,
    rule: &NatCriteria,
) -> Result<Vec<Need>, Criterion> {
    let mut needs = rule.unknown.clone();
    let source =
        fit::address(&rule.sources, Some(flow.source), IpFamily::of(flow.source), "source");
    require(source, Criterion::Source, &mut needs)?;
    // DNAT translates TCP and UDP only.
    if !flow.protocol.has_ports() {
        return Err(Criterion::Protocol);
    }
    require(fit::protocol(&rule.protocols, &rule.ports, flow), Criterion::Protocol, &mut needs)?;
    require(fit::port(&rule.ports, flow.protocol, flow.port), Criterion::Port, &mut needs)?;
    require(nat_destination(ruleset, flow, rule), Criterion::Destination, &mut needs)?;
    if rule.target.address == NatAddress::Unresolvable {
        return Err(Criterion::Translation);
    }
    Ok(needs)
}

/// Nobody browses to the firewall by name: a flow with a name and no destination is taken not to
/// be sent to it, unless a DNS table says that the name is the firewall's.
fn nat_destination(ruleset: &Ruleset, flow: &Flow, rule: &NatCriteria) -> Fit {
    let criterion = &rule.destinations;
    let name = match (flow.destination, &flow.name) {
        (Some(_), _) | (None, Name::Unknown | Name::Absent) => {
            return fit::address(
                criterion,
                flow.destination,
                IpFamily::of(flow.source),
                "destination address",
            );
        }
        (None, Name::Known(name)) => name,
    };
    let addresses = ruleset.tables.addresses(name).unwrap_or(&[]);
    if addresses.is_empty() {
        return Fit::No;
    }
    let hits = addresses.iter().filter(|&&address| criterion.known.contains(address)).count();
    if hits == addresses.len() {
        Fit::Yes
    } else if hits > 0 || !criterion.unknown.is_empty() {
        let which = format_smolstr!("which address of `{name}` the flow is sent to");
        Fit::May(criterion.unknown.iter().cloned().chain([which]).collect())
    } else {
        Fit::No
    }
}

/// Whether a network rule matches: what is unknown, or the first criterion that does not fit.
pub(super) fn network(flow: &Flow, rule: &NetworkCriteria) -> Result<Vec<Need>, Criterion> {
    let mut needs = rule.unknown.clone();
    let source =
        fit::address(&rule.sources, Some(flow.source), IpFamily::of(flow.source), "source");
    require(source, Criterion::Source, &mut needs)?;
    require(fit::protocol(&rule.protocols, &rule.ports, flow), Criterion::Protocol, &mut needs)?;
    require(fit::port(&rule.ports, flow.protocol, flow.port), Criterion::Port, &mut needs)?;
    let destination = fit::address(
        &rule.destinations,
        flow.destination,
        IpFamily::of(flow.source),
        "destination address",
    );
    require(destination, Criterion::Destination, &mut needs)?;
    Ok(needs)
}

/// Whether an application rule matches: what is unknown, or the first criterion that does not fit.
pub(super) fn application(
    ruleset: &Ruleset,
    flow: &Flow,
    rule: &ApplicationCriteria,
) -> Result<Vec<Need>, Criterion> {
    let mut needs = rule.unknown.clone();
    let source =
        fit::address(&rule.sources, Some(flow.source), IpFamily::of(flow.source), "source");
    require(source, Criterion::Source, &mut needs)?;
    let protocol = match (fit::application(rule, flow), flow.protocol) {
        // Tells a rule of another protocol from one of another port.
        (Fit::No, FlowProtocol::Application(protocol)) if rule.names(protocol) => {
            return Err(Criterion::Port);
        }
        (Fit::No, FlowProtocol::Ip(_)) => return Err(Criterion::Port),
        (fit, _) => fit,
    };
    require(protocol, Criterion::Protocol, &mut needs)?;
    if let Some(destinations) = &rule.destinations {
        let fit = fit::address(
            destinations,
            flow.destination,
            IpFamily::of(flow.source),
            "destination address",
        );
        require(fit, Criterion::Destination, &mut needs)?;
    }
    require(fit::target(ruleset, rule, flow), Criterion::Name, &mut needs)?;
    Ok(needs)
}

/// Collects what is unknown, or says which criterion does not fit.
fn require(fit: Fit, criterion: Criterion, needs: &mut Vec<Need>) -> Result<(), Criterion> {
    match fit {
        Fit::Yes => Ok(()),
        Fit::No => Err(criterion),
        Fit::May(more) => {
            needs.extend(more);
            Ok(())
        }
    }
}
