#![doc = include_str!("../../../docs/checks/partly-shadowed.md")]

use std::collections::HashMap;

use rayon::prelude::*;

use super::bypassed_by_network_rule::bypassing;
use super::{Check, Context, Finding, Level, named};
use crate::analyse::reach::{Item, Layout, Reach};
use crate::analyse::search::Search;
use crate::analyse::shadow::takers;
use crate::analyse::space::describe::list;
use crate::analyse::space::service::{Service, WITH_PORTS, of_entries};
use crate::analyse::space::{Axis, Product, Set, Words};
use crate::net::{FqdnPattern, IpFamily, IpRange, IpSet, PortRange};
use crate::policy::{Address, IpGroupRef, Rule, Written};
use crate::source::Spanned;

pub(super) const CHECK: Check = Check {
    name: "partly-shadowed",
    summary: "a rule of which one entry can never decide anything",
    page: include_str!("../../../docs/checks/partly-shadowed.md"),
    controls: &["NS-1"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    // What these take from application rules is reported once, at the network rule.
    let bypassing = bypassing(context);
    let places: Vec<usize> =
        (0..context.layout.items.len()).filter(|&place| context.is_needed(place)).collect();
    let (layout, reaches) = (&context.layout, &context.reaches);
    let groups = groups(layout);
    let shadowed: Vec<(usize, Shadowed)> = places
        .into_par_iter()
        .filter_map(|place| match reaches.get(place)? {
            Reach::Reachable(decided) => Some((place, shadowed(layout, &groups, place, decided)?)),
            Reach::Unreachable | Reach::Depends(_) | Reach::NotDecided => None,
        })
        .collect();
    shadowed
        .into_iter()
        .filter_map(|(place, shadowed)| finding(context, place, &shadowed, bypassing))
        .collect()
}

/// What is left of a rule, and the entries of which nothing is.
struct Shadowed {
    /// In words, one line each.
    left: Vec<String>,
    dead: Vec<Entry>,
}

/// One written entry of a rule and the values it stands for.
struct Entry {
    text: String,
    axis: Axis,
    set: Set,
}

/// `None` where every entry can decide something. The rule decides all of `decided`.
fn shadowed(
    layout: &Layout<'_>,
    groups: &Groups<'_>,
    place: usize,
    decided: &Product,
) -> Option<Shadowed> {
    let item = layout.items.get(place)?;
    let before = layout.before(place);
    if before.is_empty() {
        return None;
    }
    let before = layout.sure(&before);
    let mut search = Search::new(layout.steps());
    let mut dead: Vec<Entry> = Vec::new();
    for axis in [Axis::Source, Axis::Destination, Axis::Service, Axis::Name] {
        let whole = item.region.may.iter().flat_map(|piece| piece.on(axis).intervals().to_vec());
        let whole: Set = whole.collect();
        let written = &layout.ruleset.info(item.rule).written;
        for entry in entries(layout, groups, written, axis, &whole) {
            if entry.set.overlaps(decided.on(axis)) {
                continue;
            }
            // One example is cheaper than the proof, and most entries have one.
            let part = entry.part_of(item);
            if part.is_empty() {
                // It matches nothing by itself, so it is no one's shadow.
                continue;
            }
            let is_alive =
                part.first().is_some_and(|part| layout.decided_by(part, item.rule).is_some());
            if !is_alive && search.first_left(&part, &before).ok()?.is_none() {
                dead.push(entry);
            }
        }
    }
    (!dead.is_empty()).then(|| Shadowed { left: left(layout, place), dead })
}

/// What is left of the rule; nothing where that is too much to find out.
fn left(layout: &Layout<'_>, place: usize) -> Vec<String> {
    let left = layout.left(place).unwrap_or_default();
    let mut shown: Vec<String> = left
        .iter()
        .take(LEFT_SHOWN)
        .map(|piece| format!("left: {}", in_words(layout, piece)))
        .collect();
    let more = left.len().checked_sub(LEFT_SHOWN).filter(|more| *more > 0);
    shown.extend(more.map(|more| format!("left: and {more} more parts")));
    shown
}

/// A piece in words; ends that are nearly everywhere are told by what they leave out.
fn in_words(layout: &Layout<'_>, piece: &Product) -> Words {
    let space = &layout.space;
    let mut words = space.words(piece);
    for (shown, held) in [
        (&mut words.sources, space.sources.addresses(piece.on(Axis::Source))),
        (&mut words.destinations, space.destinations.addresses(piece.on(Axis::Destination))),
    ] {
        if let Some(shorter) = with_exceptions(&held).filter(|_| shown.len() > 1) {
            *shown = vec![shorter];
        }
    }
    words
}

/// `* (not 192.0.2.1)`, where that is shorter than the ranges of the set.
fn with_exceptions(held: &IpSet) -> Option<String> {
    let all: IpSet = [IpRange::ALL_V4].into_iter().collect();
    let left_out: Vec<String> = all.without(held).ranges().map(|range| range.to_string()).collect();
    let is_shorter = !left_out.is_empty() && left_out.len() < held.ranges().count();
    (is_shorter && held.is_empty_in(IpFamily::V6)).then(|| format!("* (not {})", list(&left_out)))
}

impl Entry {
    /// What the rule matches by this entry.
    fn part_of(&self, item: &Item) -> Vec<Product> {
        let pieces = item.region.may.iter();
        let part =
            |piece: &Product| piece.with(self.axis, piece.on(self.axis).intersection(&self.set));
        pieces.filter_map(part).collect()
    }
}

fn finding(
    context: &Context<'_>,
    place: usize,
    shadowed: &Shadowed,
    bypassing: &[(usize, Finding)],
) -> Option<Finding> {
    let item = context.layout.items.get(place)?;
    let Shadowed { left, dead } = shadowed;
    let first = dead.first()?;
    let mut others: Vec<usize> = Vec::new();
    for entry in dead {
        others.extend(takers_of(&context.layout, place, item, entry));
    }
    others.sort_unstable();
    others.dedup();
    if others.iter().all(|other| bypassing.iter().any(|(place, _)| place == other)) {
        return None;
    }
    let differs = |other: &usize| {
        context.layout.items.get(*other).is_some_and(|other| other.effect != item.effect)
    };
    let level = if others.iter().any(differs) { Level::Warning } else { Level::Info };
    let takers = context.rules(&others);
    let texts: Vec<String> = dead.iter().map(|entry| format!("`{}`", entry.text)).collect();
    let verb = if dead.len() == 1 { "never decides" } else { "never decide" };
    let message = format!(
        "{} {verb} anything: {} come{} first",
        list(&texts),
        named(context.ruleset, &takers),
        if takers.len() == 1 { "s" } else { "" }
    );
    let witness = dead_witness(context, item, first);
    Some(
        Finding::new(CHECK.name, level, message)
            .about(context.ruleset, item.rule)
            .with_others(context.ruleset, takers)
            .with_help("remove the entries, or narrow the earlier rules")
            .with_details(left.iter().cloned())
            .with_witness(witness),
    )
}

/// The rules that take an entry. One that takes all of it is enough, unless another one that does
/// something else takes a part.
fn takers_of(layout: &Layout<'_>, place: usize, item: &Item, entry: &Entry) -> Vec<usize> {
    let parts = entry.part_of(item);
    let takers: Vec<usize> = parts.iter().flat_map(|part| takers(layout, place, part)).collect();
    let item_of = |taker: &usize| layout.items.get(*taker);
    let takes_all = |taker: &&usize| {
        item_of(taker).is_some_and(|taker| {
            let holds = |part: &Product| taker.region.sure.iter().any(|sure| part.is_subset(sure));
            taker.effect == item.effect && parts.iter().all(holds)
        })
    };
    let differs = takers.iter().filter_map(item_of).any(|taker| taker.effect != item.effect);
    match takers.iter().find(takes_all) {
        Some(&taker) if !differs => vec![taker],
        Some(_) | None => takers,
    }
}

const LEFT_SHOWN: usize = 5;

/// A flow of a dead entry, which another rule decides.
fn dead_witness(context: &Context<'_>, item: &Item, entry: &Entry) -> Option<crate::flow::Flow> {
    let flow = context.layout.space.flow(entry.part_of(item).first()?)?;
    let verdict = context.layout.verdict(&flow);
    let has_part = verdict.rule == Some(item.rule)
        || verdict.candidates.iter().any(|candidate| candidate.rule == Some(item.rule));
    if has_part {
        context.note(format!(
            "{}: {} decides {flow:?}",
            CHECK.name,
            context.ruleset.path(item.rule)
        ));
        return None;
    }
    Some(context.layout.simplest_of(flow, item.rule))
}

/// The written entries of a rule on one axis that hold anything, when there are several.
fn entries(
    layout: &Layout<'_>,
    groups: &Groups<'_>,
    rule: &Rule,
    axis: Axis,
    whole: &Set,
) -> Vec<Entry> {
    let addresses = |written: &[Spanned<Written<Address>>], ip_groups: &[Spanned<IpGroupRef>]| {
        if written.len() + ip_groups.len() < 2 {
            return Vec::new();
        }
        addresses(layout, groups, axis, whole, written, ip_groups)
    };
    let entries = match (axis, rule) {
        (Axis::Source, _) => {
            let head = rule.head();
            addresses(&head.sources, &head.source_ip_groups)
        }
        (Axis::Destination, Rule::Network(rule)) => {
            addresses(&rule.destinations, &rule.destination_ip_groups)
        }
        (Axis::Destination, Rule::Nat(rule)) => addresses(&rule.destinations, &[]),
        (Axis::Service, Rule::Network(rule)) => ports(&rule.destination_ports, whole),
        (Axis::Service, Rule::Nat(rule)) => ports(&rule.destination_ports, whole),
        (Axis::Service, Rule::Application(rule)) => rule
            .protocols
            .iter()
            .filter_map(|entry| entry.value.value())
            .map(|entry| Entry { text: entry.to_string(), axis, set: of_entries(&[*entry]) })
            .collect(),
        (Axis::Name, Rule::Application(rule)) => rule
            .target_fqdns
            .iter()
            .filter_map(|entry| entry.value.value())
            .filter(|pattern| !matches!(pattern, FqdnPattern::Invalid(_)))
            .map(|pattern| Entry {
                text: pattern.to_string(),
                axis,
                set: layout.space.fqdn(pattern),
            })
            .collect(),
        (Axis::Destination, Rule::Application(_))
        | (Axis::Name, Rule::Network(_) | Rule::Nat(_))
        | (Axis::Path | Axis::WebCategory, _) => Vec::new(),
    };
    let entries: Vec<Entry> = entries.into_iter().filter(|entry| !entry.set.is_empty()).collect();
    if entries.len() > 1 { entries } else { Vec::new() }
}

/// What IP Groups hold, as sources and as destinations; only those of which all is known.
type Groups<'a> = HashMap<&'a str, (Set, Set)>;

fn groups<'a>(layout: &'a Layout<'_>) -> Groups<'a> {
    let known = layout.ruleset.ip_groups.iter().filter(|(_, held)| held.unknown.is_empty());
    let sets = known.map(|(name, held)| {
        let space = &layout.space;
        (name.as_str(), (space.sources.set(&held.known), space.destinations.set(&held.known)))
    });
    sets.collect()
}

fn addresses(
    layout: &Layout<'_>,
    groups: &Groups<'_>,
    axis: Axis,
    whole: &Set,
    written: &[Spanned<Written<Address>>],
    ip_groups: &[Spanned<IpGroupRef>],
) -> Vec<Entry> {
    let space = &layout.space;
    let of_axis = if axis == Axis::Source { &space.sources } else { &space.destinations };
    // An entry's own ends need not be cuts of the axis; the atoms that it touches are compared.
    let set = |addresses: &IpSet| of_axis.set(addresses).intersection(whole);
    let mut entries = Vec::new();
    for address in written.iter().filter_map(|entry| entry.value.value()) {
        let held = match address {
            Address::Any => set(&IpSet::all()),
            Address::Range(range) => set(&[*range].into_iter().collect()),
            Address::ServiceTag(tag) => {
                let Some(known) = layout.ruleset.tables.service_tag(tag) else { continue };
                set(known)
            }
        };
        entries.push(Entry { text: address.to_string(), axis, set: held });
    }
    for group in ip_groups.iter().filter_map(|group| group.value.value()) {
        let Some((from, to)) = groups.get(group.name()) else { continue };
        let held = if axis == Axis::Source { from } else { to };
        let text = format!("@{}", group.name());
        entries.push(Entry { text, axis, set: held.intersection(whole) });
    }
    entries
}

fn ports(written: &[Spanned<Written<PortRange>>], whole: &Set) -> Vec<Entry> {
    let of = |range: &PortRange| -> Set {
        let services = WITH_PORTS.iter().flat_map(|service: &Service| {
            service.ports(range.first(), range.last()).intervals().to_vec()
        });
        services.collect()
    };
    let known = written.iter().filter_map(|entry| entry.value.value());
    let entry = |range: &PortRange| Entry {
        text: format!("port {range}"),
        axis: Axis::Service,
        set: of(range).intersection(whole),
    };
    known.map(entry).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analyse::small_world;

    /// The entries of which nothing is left, by what is left of the whole rule.
    fn by_what_is_left(layout: &Layout<'_>, place: usize) -> Vec<String> {
        let item = &layout.items[place];
        let left = layout.left(place).unwrap();
        let on = |pieces: &[Product], axis: Axis| -> Set {
            pieces.iter().flat_map(|piece| piece.on(axis).intervals().to_vec()).collect()
        };
        let axes = [Axis::Source, Axis::Destination, Axis::Service, Axis::Name];
        let written = &layout.ruleset.info(item.rule).written;
        let dead = axes.into_iter().flat_map(|axis| {
            let whole = on(&item.region.may, axis);
            let alive = on(&left, axis);
            let entries = entries(layout, &groups(layout), written, axis, &whole);
            let matches = |entry: &Entry| !entry.part_of(item).is_empty();
            let entries = entries.into_iter().filter(matches);
            entries.filter(|entry| !entry.set.overlaps(&alive)).collect::<Vec<_>>()
        });
        dead.map(|entry| entry.text).collect()
    }

    fn check(text: &str) -> Result<(), TestCaseError> {
        let ruleset = small_world::ruleset(text);
        let layout = Layout::new(&ruleset);
        let groups = groups(&layout);
        for (place, reach) in layout.reaches().iter().enumerate() {
            let Reach::Reachable(decided) = reach else { continue };
            let dead = shadowed(&layout, &groups, place, decided);
            let dead: Vec<String> =
                dead.into_iter().flat_map(|dead| dead.dead).map(|entry| entry.text).collect();
            prop_assert_eq!(dead, by_what_is_left(&layout, place), "{}", text);
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn an_entry_is_dead_where_nothing_is_left_of_it(text in small_world::texts(false)) {
            check(&text)?;
        }

        #[test]
        fn so_it_is_among_inherited_rules_with_unknown_parts(
            parent in small_world::texts(true),
            child in small_world::texts(true),
        ) {
            check(&small_world::inherited(&parent, &child))?;
        }
    }
}
