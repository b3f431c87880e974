#![doc = include_str!("../../../docs/checks/dnat-deny-conflict.md")]

use rayon::prelude::*;

use super::{Check, Context, Finding, Level, named};
use crate::analyse::reach::{Item, Layout};
use crate::analyse::search::Search;
use crate::analyse::space::service::{Service, of_protocol, ports_moved};
use crate::analyse::space::{Axis, Product, Set};
use crate::compile::{DnatMode, NatAddress, NatPort, NatTarget};
use crate::evaluate::{Decision, Index, RuleRef, Ruling};
use crate::flow::Flow;

pub(super) const CHECK: Check = Check {
    name: "dnat-deny-conflict",
    summary: "a deny network rule that older documents let override a DNAT rule",
    page: include_str!("../../../docs/checks/dnat-deny-conflict.md"),
    controls: &["NS-1"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    if context.ruleset.nat.rules.is_empty() {
        return Vec::new();
    }
    let layout = &context.layout;
    let live: Vec<(usize, &Item)> =
        context.live().filter(|(_, item)| item.effect.target.is_some()).collect();
    let claims: Vec<(RuleRef, Vec<Claim>)> = live
        .into_par_iter()
        .map(|(place, item)| (item.rule, claims(layout, place, item)))
        .filter(|(_, claims)| !claims.is_empty())
        .collect();
    if claims.is_empty() {
        return Vec::new();
    }
    let mut other = context.ruleset.clone();
    other.options.dnat = match other.options.dnat {
        DnatMode::Terminal => DnatMode::LegacyOverride,
        DnatMode::LegacyOverride => DnatMode::Terminal,
    };
    let other = Index::new(&other);
    let confirmed = |flow: &Flow| {
        let readings = [layout.verdict(flow).decision, other.verdict(flow).decision];
        match layout.ruleset.options.dnat {
            DnatMode::Terminal => readings == [Decision::Allow, Decision::Deny],
            DnatMode::LegacyOverride => readings == [Decision::Deny, Decision::Allow],
        }
    };
    let claims = claims.into_iter().map(|(rule, mut claims)| {
        claims.retain(|claim| confirmed(&claim.flow));
        (rule, claims)
    });
    claims
        .filter_map(|(rule, claims)| {
            let flow = claims.first()?.flow.clone();
            let simple = layout.simplest(flow.clone());
            let witness = if confirmed(&simple) { simple } else { flow };
            Some(finding(context, rule, &claims, witness))
        })
        .collect()
}

/// A network rule that denies part of what a DNAT rule lets in.
struct Claim {
    deny: RuleRef,
    flow: Flow,
}

fn finding(context: &Context<'_>, rule: RuleRef, claims: &[Claim], witness: Flow) -> Finding {
    let rules: Vec<RuleRef> = claims.iter().map(|claim| claim.deny).collect();
    let verb = if rules.len() == 1 { "denies" } else { "deny" };
    let message = format!(
        "{} {verb} part of what this rule lets in, judged by the translated address: the page on rule \
         processing (2026) says that the DNAT rule ends the evaluation, older texts that the deny wins",
        named(context.ruleset, &rules)
    );
    Finding::new(CHECK.name, Level::Warning, message)
        .about(context.ruleset, rule)
        .with_others(context.ruleset, rules)
        .with_help("limit the sources in the DNAT rule itself: then both readings agree")
        .with_witness(Some(witness))
}

fn claims(layout: &Layout<'_>, place: usize, item: &Item) -> Vec<Claim> {
    let Some(target) = &item.effect.target else { return Vec::new() };
    let Ok(left) = layout.left(place) else { return Vec::new() };
    let pieces: Vec<(&Product, Product)> =
        left.iter().filter_map(|piece| Some((piece, translated(layout, piece, target)?))).collect();
    let behind_nat = layout.items.iter().enumerate().skip(layout.ruleset.nat.rules.len());
    behind_nat
        .take(layout.ruleset.network.rules.len())
        .filter(|(_, deny)| deny.effect.ruling == Ruling::Deny)
        .filter_map(|(deny_place, deny)| {
            let flow = overridden(layout, &pieces, target, deny_place)?;
            Some(Claim { deny: deny.rule, flow })
        })
        .collect()
}

/// A flow of the DNAT rule whose translated packet the network rule at `deny` is first to match.
/// `pieces` are flows before and after translation.
fn overridden(
    layout: &Layout<'_>,
    pieces: &[(&Product, Product)],
    target: &NatTarget,
    deny: usize,
) -> Option<Flow> {
    let deny_item = layout.items.get(deny)?;
    let sure = &deny_item.region.sure;
    let mut common = pieces.iter().filter_map(|(piece, translated)| {
        let denied: Vec<Product> =
            sure.iter().filter_map(|sure| translated.intersection(sure)).collect();
        (!denied.is_empty()).then_some((piece, denied))
    });
    let first = common.next()?;
    let is_network = |&other: &usize| {
        layout.items.get(other).is_some_and(|other| matches!(other.rule, RuleRef::Network(_)))
    };
    let before: Vec<usize> = layout.maybe_before(deny).into_iter().filter(is_network).collect();
    let before = layout.may(&before);
    std::iter::once(first).chain(common).find_map(|(piece, denied)| {
        let denied = Search::new(layout.steps()).first_left(&denied, &before).ok().flatten()?;
        let services = original_services(piece.on(Axis::Service), denied.on(Axis::Service), target);
        let original = piece
            .with(Axis::Source, denied.on(Axis::Source).clone())?
            .with(Axis::Service, services)?;
        layout.space.flow(&original)
    })
}

/// The packets behind the firewall.
fn translated(layout: &Layout<'_>, piece: &Product, target: &NatTarget) -> Option<Product> {
    let NatAddress::Known(address) = target.address else { return None };
    let atom = layout.space.destinations.atom(address);
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
