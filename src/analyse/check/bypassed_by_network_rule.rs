#![doc = include_str!("../../../docs/checks/bypassed-by-network-rule.md")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rayon::prelude::*;

use super::size::is_internet;
use super::{Check, Context, Finding, Level, named};
use crate::analyse::reach::Layout;
use crate::analyse::search::Search;
use crate::analyse::space::describe::{list, service_words};
use crate::analyse::space::{Axis, Product, Set};
use crate::evaluate::{RuleRef, Ruling};
use crate::net::IpFamily;

pub(super) const CHECK: Check = Check {
    name: "bypassed-by-network-rule",
    summary: "a network rule that allows web traffic before application rules see its names",
    page: include_str!("../../../docs/checks/bypassed-by-network-rule.md"),
    controls: &["NS-3"],
    run,
};

/// What a network rule takes from one application rule.
struct Taken {
    rule: RuleRef,
    is_denied: bool,
    pieces: Vec<Product>,
}

fn run(context: &Context<'_>) -> Vec<Finding> {
    bypassing(context).iter().map(|(_, finding)| finding.clone()).collect()
}

/// The places of the network rules that this check reports, with what it says.
pub(super) fn bypassing<'c>(context: &'c Context<'_>) -> &'c [(usize, Finding)] {
    context.bypassing.get_or_init(|| {
        // A rule to chosen addresses is an exception; one to the Internet takes every name.
        let wide = context
            .allowing_network()
            .filter(|(_, _, criteria)| is_internet(&criteria.destinations.known));
        wide.filter_map(|(place, rule, _)| Some((place, finding(context, place, rule)?))).collect()
    })
}

fn finding(context: &Context<'_>, place: usize, rule: RuleRef) -> Option<Finding> {
    let layout = &context.layout;
    let ruleset = context.ruleset;
    let own = reaching(context, place)?;
    let others: Vec<usize> = layout.overlapping(place).collect();
    let taken: Vec<Taken> =
        others.into_par_iter().filter_map(|other| taken(layout, &own, other)).collect();
    let denied: Vec<&Taken> = taken.iter().filter(|taken| taken.is_denied).collect();
    let unlisted = unlisted(context, &own, &taken);
    if denied.is_empty() && unlisted.is_none() {
        return None;
    }
    let services: Set = taken
        .iter()
        .flat_map(|taken| &taken.pieces)
        .flat_map(|piece| piece.on(Axis::Service).intervals().to_vec())
        .collect();
    let mut message =
        format!("allows {} before any application rule is asked", list(&service_words(&services)));
    let mut witness = None;
    if let Some(piece) = denied.iter().find_map(|taken| taken.pieces.first()) {
        let rules: Vec<RuleRef> = denied.iter().map(|taken| taken.rule).collect();
        let _ = write!(
            message,
            ": names that {} {} become reachable",
            named(ruleset, &rules),
            if rules.len() == 1 { "denies" } else { "deny" }
        );
        witness = context.witness(CHECK.name, piece, rule);
    }
    if let Some(unlisted) = &unlisted {
        message.push_str(if denied.is_empty() { ": names" } else { ", and so do names" });
        message.push_str(" that no application rule lists");
        if denied.is_empty() {
            message.push_str(" become reachable");
        }
        witness = witness.or_else(|| context.witness(CHECK.name, unlisted, rule));
    }
    let level = if denied.is_empty() { Level::Warning } else { Level::Error };
    let details = taken.iter().flat_map(|taken| {
        let what = if taken.is_denied { "denied" } else { "allowed" };
        let path = ruleset.path(taken.rule);
        taken.pieces.iter().take(1).map(move |piece| {
            format!("{what} by `{path}`, never asked: {}", layout.space.words(piece))
        })
    });
    let also = unlisted.as_ref().map(|piece| {
        format!(
            "listed by no application rule: {}",
            list(&layout.space.name_words(piece.on(Axis::Name)))
        )
    });
    Some(
        Finding::new(CHECK.name, level, message)
            .about(ruleset, rule)
            .with_others(ruleset, taken.iter().map(|taken| taken.rule))
            .with_help("remove the web ports from the network rule, or limit its destinations to addresses that need no name; application rules then decide by name")
            .with_details(details)
            .with_details(also)
            .with_witness(witness),
    )
}

/// The IPv4 flows that surely come to the network rule.
fn reaching(context: &Context<'_>, place: usize) -> Option<Vec<Product>> {
    let layout = &context.layout;
    let item = layout.items.get(place)?;
    let v4 = layout.space.family(IpFamily::V4)?;
    let web = v4.with(Axis::Service, crate::analyse::space::service::web())?;
    let named = web.with(Axis::Name, layout.space.named())?;
    let own: Vec<Product> =
        item.region.sure.iter().filter_map(|piece| piece.intersection(&named)).collect();
    let before = layout.maybe_before(place);
    let left = Search::new(layout.steps_for_few()).all_left(&own, &layout.may(&before)).ok()?;
    (!left.is_empty()).then_some(left)
}

/// What an application rule would decide if the network rule did not take it.
fn taken(layout: &Layout<'_>, own: &[Product], other: usize) -> Option<Taken> {
    let item = layout.items.get(other)?;
    let RuleRef::Application(_) = item.rule else { return None };
    let common: Vec<Product> = own
        .iter()
        .flat_map(|own| item.region.sure.iter().filter_map(|sure| own.intersection(sure)))
        .collect();
    if common.is_empty() {
        return None;
    }
    let before: Vec<usize> = layout
        .before(other)
        .into_iter()
        .filter(|&before| {
            layout
                .items
                .get(before)
                .is_some_and(|item| matches!(item.rule, RuleRef::Application(_)))
        })
        .collect();
    let pieces = Search::new(layout.steps()).all_left(&common, &layout.sure(&before)).ok()?;
    let is_denied = item.effect.ruling == Ruling::Deny;
    (!pieces.is_empty()).then_some(Taken { rule: item.rule, is_denied, pieces })
}

/// A part of the traffic of sources and services that application rules speak of, to names that none
/// of them lists.
fn unlisted(context: &Context<'_>, own: &[Product], taken: &[Taken]) -> Option<Product> {
    let layout = &context.layout;
    let places: BTreeSet<usize> = taken.iter().map(|taken| layout.place(taken.rule)).collect();
    let listed: Vec<usize> = places.into_iter().collect();
    let listed = layout.may(&listed);
    taken.iter().flat_map(|taken| taken.pieces.iter()).find_map(|piece| {
        let all_names: Vec<Product> = own
            .iter()
            .filter_map(|own| {
                own.with(Axis::Source, own.on(Axis::Source).intersection(piece.on(Axis::Source)))?
                    .with(
                        Axis::Service,
                        own.on(Axis::Service).intersection(piece.on(Axis::Service)),
                    )
            })
            .collect();
        Search::new(layout.steps()).first_left(&all_names, &listed).ok().flatten()
    })
}
