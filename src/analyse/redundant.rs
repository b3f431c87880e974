//! Rules that can be removed without changing any verdict.

use rayon::prelude::*;

use super::order::Standing;
use super::reach::{Effect, Item, Layout, Reach};
use super::search::Search;
use super::space::service;
use super::space::{Axis, Product, without};
use crate::compile::{NatAddress, NatPort};
use crate::evaluate::Ruling;
use crate::net::IpFamily;

/// A rule that can be removed, and the rules that then do the same with its traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redundant {
    pub rule: usize,
    /// Places in evaluation order; empty: the default denies the same.
    pub successors: Vec<usize>,
}

/// More pieces than these are not followed.
const PIECES_MAX: usize = 4_000;

/// The rules that decide something and could be removed without changing any verdict: each alone, all
/// of them and the unreachable ones together, and any number of them in between.
#[must_use]
pub fn redundant(layout: &Layout<'_>, reaches: &[Reach]) -> Vec<Redundant> {
    // Where a network rule can override DNAT, a rule also matters for translated packets.
    if layout.has_override() {
        return Vec::new();
    }
    let mut removed: Vec<bool> = reaches.iter().map(|reach| *reach == Reach::Unreachable).collect();
    let candidates: Vec<usize> = reaches
        .par_iter()
        .enumerate()
        .filter_map(|(rule, reach)| match reach {
            Reach::Reachable(decided) => Some((rule, decided)),
            Reach::Unreachable | Reach::Depends(_) | Reach::NotDecided => None,
        })
        .filter(|&(rule, decided)| !matters(layout, rule, decided, &removed))
        .filter(|&(rule, _)| successors(layout, rule, &removed).is_some())
        .map(|(rule, _)| rule)
        .collect();
    let mut found = Vec::new();
    for rule in candidates {
        // Asked again: a rule that was to do the same may be gone by now.
        if let Some(successors) = successors(layout, rule, &removed) {
            if let Some(removed) = removed.get_mut(rule) {
                *removed = true;
            }
            found.push(Redundant { rule, successors });
        }
    }
    found
}

/// A rule that is asked after another one.
struct Later<'a> {
    item: &'a Item,
    /// It may be gone or still there: it must not do anything else, and cannot be relied on.
    is_removed: bool,
}

/// Points of the rule that meet later rules with another effect; more are not tried.
const POINTS_MAX: usize = 16;

/// Whether some point that the rule decides shows that it cannot go. That no point shows it proves
/// nothing.
fn matters(layout: &Layout<'_>, rule: usize, decided: &Product, removed: &[bool]) -> bool {
    let Some(item) = layout.items.get(rule) else { return false };
    let later: Vec<Later<'_>> = layout
        .overlapping(rule)
        .filter(|&other| other > rule)
        .filter_map(|other| {
            let is_removed = removed.get(other) == Some(&true);
            Some(Later { item: layout.items.get(other)?, is_removed })
        })
        .collect();
    if ends_otherwise(layout, item, &later, decided.corner()) {
        return true;
    }
    let before = layout.before(rule);
    let before = layout.sure(&before);
    let others = later.iter().filter(|later| !is_same(&item.effect, &later.item.effect));
    let points = others.filter_map(|later| {
        let theirs = &later.item.region.may;
        let mut pieces = item
            .region
            .may
            .iter()
            .flat_map(|piece| theirs.iter().filter_map(|may| piece.intersection(may)));
        pieces.next().map(|piece| piece.corner())
    });
    points
        .take(POINTS_MAX)
        .filter(|point| !before.iter().any(|before| point.is_subset(before)))
        .any(|point| ends_otherwise(layout, item, &later, point))
}

/// Whether a point that the rule decides would or could have another end by the later rules.
fn ends_otherwise(layout: &Layout<'_>, item: &Item, later: &[Later<'_>], point: Product) -> bool {
    for &Later { item: later, is_removed } in later {
        if !later.region.may.iter().any(|may| point.is_subset(may)) {
            continue;
        }
        if !is_same(&item.effect, &later.effect) {
            return true;
        }
        if !is_removed && later.region.sure.iter().any(|sure| point.is_subset(sure)) {
            return false;
        }
    }
    !ends_alike(layout, &item.effect, vec![point])
}

/// The rules that do the same with the rule's traffic once it is gone; `None` when some of it would
/// surely or possibly have another end.
fn successors(layout: &Layout<'_>, rule: usize, removed: &[bool]) -> Option<Vec<usize>> {
    let item = layout.items.get(rule)?;
    let overlapping: Vec<usize> = layout.overlapping(rule).collect();
    let standing = |&other: &usize| layout.standing(other, rule);
    if overlapping.iter().any(|other| standing(other) == Standing::Tied) {
        return None;
    }
    let is_removed = |other: &usize| removed.get(*other) == Some(&true);
    let before = overlapping.iter().copied().filter(|other| standing(other) == Standing::Before);
    let before: Vec<usize> = before.filter(|other| !is_removed(other)).collect();
    let mut search = Search::new(layout.steps());
    let mut left = search.all_left(&item.region.may, &layout.sure(&before)).ok()?;
    let mut successors = Vec::new();
    for other in overlapping.into_iter().filter(|other| standing(other) == Standing::After) {
        let later = layout.items.get(other)?;
        let is_met = |product: &Product| left.iter().any(|piece| piece.overlaps(product));
        if !later.region.may.iter().any(is_met) {
            continue;
        }
        if !is_same(&item.effect, &later.effect) {
            return None;
        }
        // One that may be gone as well cannot be relied on.
        if is_removed(&other) {
            continue;
        }
        successors.push(other);
        for sure in &later.region.sure {
            left = search.without(&left, sure).ok()?;
        }
        if left.len() > PIECES_MAX {
            return None;
        }
    }
    ends_alike(layout, &item.effect, left).then_some(successors)
}

/// Whether what no rule matches has the same end: the default, or the built-in collection.
fn ends_alike(layout: &Layout<'_>, effect: &Effect, mut left: Vec<Product>) -> bool {
    if left.is_empty() {
        return true;
    }
    let listed = &layout.ruleset.infrastructure.fqdns;
    let web =
        layout.space.family(IpFamily::V4).and_then(|all| all.with(Axis::Service, service::web()));
    let Some(web) = web else { return false };
    // Microsoft does not publish the names of the built-in collection: without a list, every name
    // may be one of them.
    let names = if listed.is_empty() { layout.space.named() } else { layout.space.fqdns(listed) };
    let infrastructure = web.with(Axis::Name, names);
    match effect.ruling {
        Ruling::Deny => {
            let is_met = |all: &Product| left.iter().any(|piece| piece.overlaps(all));
            !infrastructure.as_ref().is_some_and(is_met)
        }
        Ruling::Allow if listed.is_empty() || effect.target.is_some() => false,
        Ruling::Allow => {
            if let Some(infrastructure) = &infrastructure {
                left = without(&left, infrastructure);
            }
            left.is_empty()
        }
    }
}

/// Whether two effects are surely the same.
fn is_same(a: &Effect, b: &Effect) -> bool {
    let is_known = |effect: &Effect| {
        effect.target.as_ref().is_none_or(|target| {
            matches!(target.address, NatAddress::Known(_))
                && !matches!(target.port, Some(NatPort::Unknown))
        })
    };
    a == b && is_known(a)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::analyse::small_world;
    use crate::compile::Ruleset;
    use crate::evaluate::evaluate;

    /// The same rule set without some of its rules.
    fn reduced(ruleset: &Ruleset, text: &str, removed: &HashSet<String>) -> Ruleset {
        let mut lines: Vec<&str> = Vec::new();
        for line in text.lines() {
            let name = line.trim().split(':').next().unwrap_or("");
            if !(line.starts_with("    ") && removed.contains(name)) {
                lines.push(line);
            }
        }
        assert_eq!(lines.len() + removed.len(), text.lines().count());
        let reduced = small_world::ruleset(&lines.join("\n"));
        assert_eq!(reduced.rules().count() + removed.len(), ruleset.rules().count());
        reduced
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn removing_one_or_all_of_them_changes_no_verdict(text in small_world::texts(false)) {
            let ruleset = small_world::ruleset(&text);
            let layout = Layout::new(&ruleset);
            let reaches = layout.reaches();
            let found = redundant(&layout, &reaches);
            let unreachable = (0..reaches.len()).filter(|&rule| reaches[rule] == Reach::Unreachable);
            let removed: HashSet<String> = found
                .iter()
                .map(|found| found.rule)
                .chain(unreachable)
                .map(|rule| ruleset.path(layout.items[rule].rule).rule.to_string())
                .collect();
            let flows = small_world::flows(&text);
            let each = removed.iter().map(|rule| HashSet::from([rule.clone()]));
            for gone in each.chain([removed.clone()]) {
                let reduced = reduced(&ruleset, &text, &gone);
                for flow in &flows {
                    let (was, is) = (evaluate(&ruleset, flow, &mut ()), evaluate(&reduced, flow, &mut ()));
                    prop_assert_eq!(was.decision, is.decision, "{:?}\n{}", flow, text);
                    prop_assert_eq!(was.translation, is.translation);
                }
            }
        }

        /// The other direction: what is not called redundant changes a verdict when it goes alone.
        #[test]
        fn every_other_rule_matters(text in small_world::texts(false)) {
            let ruleset = small_world::ruleset(&text);
            let layout = Layout::new(&ruleset);
            let none = vec![false; layout.items.len()];
            let reaches = layout.reaches();
            let flows = small_world::flows(&text);
            let end = |ruleset: &Ruleset, flow| {
                let verdict = evaluate(ruleset, flow, &mut ());
                (verdict.decision, verdict.translation)
            };
            let was: Vec<_> = flows.iter().map(|flow| end(&ruleset, flow)).collect();
            for (rule, item) in layout.items.iter().enumerate() {
                let is_deny = item.effect.ruling == Ruling::Deny;
                let has_gone = successors(&layout, rule, &none).is_some();
                if let Reach::Reachable(decided) = &reaches[rule] {
                    prop_assert!(!(has_gone && matters(&layout, rule, decided, &none)), "{text}");
                }
                let name = HashSet::from([ruleset.path(item.rule).rule.to_string()]);
                let reduced = reduced(&ruleset, &text, &name);
                let changes = flows.iter().zip(&was).any(|(flow, was)| end(&reduced, flow) != *was);
                prop_assert!(!(has_gone && changes), "{text}");
                // A deny may matter for names of the built-in collection, which no flow here has.
                prop_assert!(has_gone || changes || is_deny, "{} {text}", ruleset.path(item.rule));
            }
        }
    }

    /// The first rule could go if the second went too; alone, it lets the second one deny.
    #[test]
    fn a_rule_that_shadows_another_stays() {
        let text = "policy p\ngroup g 200\n  allow network c0 100\n    r0: tcp 10.0.0.1 -> 192.0.2.1 : 443\n  deny network c1 200\n    r1: tcp 10.0.0.1 -> 192.0.2.1 : 443\n  allow network c2 300\n    r2: tcp * -> * : 443\n";
        let ruleset = small_world::ruleset(text);
        let layout = Layout::new(&ruleset);
        let reaches = layout.reaches();
        assert_eq!(reaches.get(1), Some(&Reach::Unreachable));
        assert_eq!(redundant(&layout, &reaches), []);
    }
}
