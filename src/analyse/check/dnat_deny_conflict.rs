#![doc = include_str!("../../../docs/checks/dnat-deny-conflict.md")]

use super::{Check, Context, Finding, Level, named};
use crate::analyse::order::Standing;
use crate::analyse::reach::Item;
use crate::analyse::search::Search;
use crate::analyse::space::service::{Service, of_protocol, ports_moved};
use crate::analyse::space::{Axis, Product, Set};
use crate::compile::{DnatMode, NatAddress, NatPort, NatTarget, Ruleset};
use crate::evaluate::{Decision, RuleRef, Ruling, evaluate};
use crate::flow::Flow;

pub(super) const CHECK: Check = Check {
    name: "dnat-deny-conflict",
    summary: "a deny network rule that older documents let override a DNAT rule",
    page: include_str!("../../../docs/checks/dnat-deny-conflict.md"),
    controls: &["NS-1"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut override_reading = context.ruleset.clone();
    override_reading.options.dnat = DnatMode::LegacyOverride;
    let mut terminal_reading = context.ruleset.clone();
    terminal_reading.options.dnat = DnatMode::Terminal;
    let readings = Readings { terminal: terminal_reading, overridden: override_reading };
    context.live().filter_map(|(place, item)| finding(context, &readings, place, item)).collect()
}

/// The same rules under both readings of the documents.
struct Readings {
    terminal: Ruleset,
    overridden: Ruleset,
}

fn finding(
    context: &Context<'_>,
    readings: &Readings,
    place: usize,
    item: &Item,
) -> Option<Finding> {
    let target = item.effect.target.as_ref()?;
    let left = context.layout.left(place).ok()?;
    let denying: Vec<(RuleRef, Flow)> = context
        .layout
        .items
        .iter()
        .enumerate()
        .filter(|(_, deny)| {
            matches!(deny.rule, RuleRef::Network(_)) && deny.effect.ruling == Ruling::Deny
        })
        .filter_map(|(deny_place, deny)| {
            let flow = overridden(context, &left, target, deny_place)?;
            confirmed(readings, &flow).then_some((deny.rule, flow))
        })
        .collect();
    let rules: Vec<RuleRef> = denying.iter().map(|(rule, _)| *rule).collect();
    let (_, witness) = denying.into_iter().next()?;
    let verb = if rules.len() == 1 { "denies" } else { "deny" };
    let message = format!(
        "{} {verb} part of what this rule lets in, judged by the translated address: the page on rule \
         processing (2026) says that the DNAT rule ends the evaluation, older texts that the deny wins",
        named(context.ruleset, &rules)
    );
    Some(
        Finding::new(CHECK.name, Level::Warning, message)
            .about(context.ruleset, item.rule)
            .with_others(context.ruleset, rules)
            .with_help("limit the sources in the DNAT rule itself: then both readings agree")
            .with_witness(Some(witness)),
    )
}

fn confirmed(readings: &Readings, flow: &Flow) -> bool {
    let decision = |ruleset| evaluate(ruleset, flow, &mut ()).decision;
    decision(&readings.terminal) == Decision::Allow
        && decision(&readings.overridden) == Decision::Deny
}

/// A flow of the DNAT rule whose translated packet the network rule at `deny` is first to match.
fn overridden(
    context: &Context<'_>,
    left: &[Product],
    target: &NatTarget,
    deny: usize,
) -> Option<Flow> {
    let layout = &context.layout;
    let deny_item = layout.items.get(deny)?;
    let before: Vec<usize> = layout
        .overlapping(deny)
        .into_iter()
        .filter(|&other| layout.standing(other, deny) != Standing::After)
        .filter(|&other| {
            layout.items.get(other).is_some_and(|other| matches!(other.rule, RuleRef::Network(_)))
        })
        .collect();
    let before = layout.may(&before);
    left.iter().find_map(|piece| {
        let translated = translated(context, piece, target)?;
        let denied: Vec<Product> =
            deny_item.region.sure.iter().filter_map(|sure| translated.intersection(sure)).collect();
        let denied = Search::new(layout.steps()).first_left(&denied, &before).ok().flatten()?;
        let services = original_services(piece.on(Axis::Service), denied.on(Axis::Service), target);
        let original = piece
            .with(Axis::Source, denied.on(Axis::Source).clone())?
            .with(Axis::Service, services)?;
        layout.space.flow(&original)
    })
}

/// The packets behind the firewall.
fn translated(context: &Context<'_>, piece: &Product, target: &NatTarget) -> Option<Product> {
    let NatAddress::Known(address) = target.address else { return None };
    let atom = context.layout.space.destinations.atom(address);
    let services = match target.port {
        None => piece.on(Axis::Service).clone(),
        Some(NatPort::Known(port)) => ports_moved(piece.on(Axis::Service), port),
        Some(NatPort::Unknown) => return None,
    };
    piece.with(Axis::Destination, Set::interval(atom, atom))?.with(Axis::Service, services)
}

/// The services before translation whose translations are in `translated`.
fn original_services(original: &Set, translated: &Set, target: &NatTarget) -> Set {
    if target.port.is_none() {
        return original.intersection(translated);
    }
    let transports =
        [Service::Tcp, Service::Udp].map(|service| of_protocol(service.protocol(false)));
    let kept = transports.iter().filter(|transport| transport.overlaps(translated));
    kept.fold(Set::empty(), |kept, transport| kept.union(&original.intersection(transport)))
}
