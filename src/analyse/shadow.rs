//! Why a rule decides nothing: a small set of rules that take all of its traffic.

use std::collections::BTreeSet;

use super::reach::Layout;
use super::search::Search;
use super::space::Product;
use crate::flow::Flow;

/// The rules that take everything from a rule.
#[derive(Debug, Clone)]
pub struct Blockers {
    /// Places in evaluation order, ascending. Together they take everything; a rule with another
    /// effect is among them wherever one takes a part.
    pub rules: Vec<usize>,
    /// One of them does something else with the traffic than the rule would.
    pub differs: bool,
    /// A flow that the rule matches and never decides.
    pub witness: Option<Flow>,
}

/// More candidates than these are not tried for a smaller set.
const CANDIDATES_MAX: usize = 48;
/// More flows than these are not put to the evaluator to learn what takes them.
const EXAMPLES_MAX: usize = 256;

/// What takes everything from a rule that decides nothing; `None` when the bound on work is reached
/// or the rule matches nothing in the first place.
#[must_use]
pub fn blockers(layout: &Layout<'_>, rule: usize) -> Option<Blockers> {
    let item = layout.items.get(rule)?;
    if item.region.may.is_empty() {
        return None;
    }
    let before = layout.before(rule);
    let deciders = deciders(layout, rule);
    let mut rules = compact(layout, rule, &before, deciders.as_deref())?;
    let differs =
        |other: usize| layout.items.get(other).is_some_and(|other| other.effect != item.effect);
    if !rules.iter().any(|&other| differs(other)) {
        // Behind the last of them nothing is left to take.
        let last = rules.iter().max().copied().unwrap_or(0);
        let known = deciders.iter().flatten().copied().find(|&other| differs(other));
        let mut others = before.iter().copied().take_while(|&other| other < last);
        rules.extend(known.or_else(|| {
            others.find(|&other| differs(other) && taken(layout, rule, other).is_some())
        }));
    }
    let mut likely = rules.clone();
    likely.sort_by_key(|&other| (!differs(other), other));
    let witness = likely.iter().find_map(|&other| taken(layout, rule, other)?.example);
    // A rule can take everything and yet never be asked, behind others that do.
    let witness = witness
        .or_else(|| item.region.may.iter().find_map(|piece| never_decided(layout, piece, rule)));
    rules.sort_unstable();
    rules.dedup();
    Some(Blockers { differs: rules.iter().any(|&other| differs(other)), rules, witness })
}

/// What `other` takes from a rule.
struct Taken {
    /// A flow that shows it, where one can be written down.
    example: Option<Flow>,
}

/// What `other` surely takes from the rule; `None`: nothing is known to be taken.
fn taken(layout: &Layout<'_>, rule: usize, other: usize) -> Option<Taken> {
    let (item, other_item) = (layout.items.get(rule)?, layout.items.get(other)?);
    let pieces = item.region.may.iter();
    let common: Vec<Product> = pieces
        .flat_map(|piece| other_item.region.sure.iter().filter_map(|sure| piece.intersection(sure)))
        .collect();
    let example = common.iter().find_map(|piece| layout.decided_by(piece, other_item.rule));
    if example.is_some() {
        return Some(Taken { example });
    }
    let earlier = layout.maybe_before(other);
    let left = Search::new(layout.steps()).first_left(&common, &layout.may(&earlier));
    let left = left.ok().flatten()?;
    Some(Taken { example: never_decided(layout, &left, rule) })
}

/// A flow of `product` of which the evaluator agrees that the rule has no part in its verdict.
fn never_decided(layout: &Layout<'_>, product: &Product, rule: usize) -> Option<Flow> {
    let rule = layout.items.get(rule)?.rule;
    let flow = layout.space.flow(product)?;
    let verdict = layout.verdict(&flow);
    let has_part = verdict.rule == Some(rule)
        || verdict.candidates.iter().any(|candidate| candidate.rule == Some(rule));
    (!has_part).then_some(flow)
}

/// As few rules as are found quickly that together take everything.
fn compact(
    layout: &Layout<'_>,
    rule: usize,
    before: &[usize],
    deciders: Option<&[usize]>,
) -> Option<Vec<usize>> {
    if let Some(&single) = before.iter().find(|&&other| covers_alone(layout, rule, other)) {
        return Some(vec![single]);
    }
    let covers = |rules: &[usize]| covers(layout, rule, rules);
    let mut sorted = deciders.unwrap_or(before).to_vec();
    sort_by_overlap(layout, rule, &mut sorted);
    let mut rules = shortest_start(&sorted, covers)?;
    // The smallest overlaps are the likeliest to be superfluous.
    for index in (0..rules.len().min(CANDIDATES_MAX)).rev() {
        let mut fewer = rules.clone();
        fewer.remove(index);
        if covers(&fewer) == Some(true) {
            rules = fewer;
        }
    }
    Some(rules)
}

/// Whether one product of `other` holds each product of the rule.
fn covers_alone(layout: &Layout<'_>, rule: usize, other: usize) -> bool {
    let (Some(item), Some(other)) = (layout.items.get(rule), layout.items.get(other)) else {
        return false;
    };
    item.region.may.iter().all(|piece| other.region.sure.iter().any(|sure| piece.is_subset(sure)))
}

/// The rules that take the rule's flows, as the evaluator says of one example after the other until
/// none is left; `None` where it is not certain of one, or they are too many.
fn deciders(layout: &Layout<'_>, rule: usize) -> Option<Vec<usize>> {
    let mut open = layout.items.get(rule)?.region.may.clone();
    let mut deciders = BTreeSet::new();
    for _ in 0..EXAMPLES_MAX {
        let Some(piece) = open.pop() else { return Some(deciders.into_iter().collect()) };
        let verdict = layout.verdict(&layout.space.flow(&piece)?);
        let decider = layout.place(verdict.rule.filter(|_| verdict.candidates.is_empty())?);
        let sure = &layout.items.get(decider)?.region.sure;
        let taken = sure.iter().find(|sure| sure.overlaps(&piece))?;
        piece.minus(taken, &mut open);
        deciders.insert(decider);
    }
    None
}

fn covers(layout: &Layout<'_>, rule: usize, rules: &[usize]) -> Option<bool> {
    let item = layout.items.get(rule)?;
    let left = Search::new(layout.steps()).first_left(&item.region.may, &layout.sure(rules));
    left.ok().map(|left| left.is_none())
}

/// The shortest start of `sorted` that takes everything.
fn shortest_start(
    sorted: &[usize],
    covers: impl Fn(&[usize]) -> Option<bool>,
) -> Option<Vec<usize>> {
    let (mut low, mut high) = (1, sorted.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if covers(sorted.get(..middle)?)? {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    sorted.get(..high).map(<[usize]>::to_vec)
}

/// Those that take most come first.
fn sort_by_overlap(layout: &Layout<'_>, rule: usize, others: &mut Vec<usize>) {
    let volume = |other: usize| -> f64 {
        let (Some(item), Some(other)) = (layout.items.get(rule), layout.items.get(other)) else {
            return 0.0;
        };
        let pieces = item.region.may.iter();
        let common = pieces
            .flat_map(|piece| other.region.sure.iter().filter_map(|sure| piece.intersection(sure)));
        common.map(|common| layout.space.volume(&common)).sum()
    };
    let mut keyed: Vec<(f64, usize)> = others.iter().map(|&other| (volume(other), other)).collect();
    keyed.sort_by(|(a, first), (b, second)| b.total_cmp(a).then(first.cmp(second)));
    *others = keyed.into_iter().map(|(_, other)| other).collect();
}

/// The rules that surely take some of `product`, in evaluation order.
#[must_use]
pub fn takers(layout: &Layout<'_>, rule: usize, product: &Product) -> Vec<usize> {
    let overlaps = |&other: &usize| {
        layout
            .items
            .get(other)
            .is_some_and(|item| item.region.sure.iter().any(|sure| sure.overlaps(product)))
    };
    layout.before(rule).into_iter().filter(overlaps).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analyse::reach::Reach;
    use crate::analyse::small_world;

    /// Whether a rule with another effect surely takes a part, by all that comes before it.
    fn differs_somewhere(layout: &Layout<'_>, rule: usize) -> bool {
        let item = &layout.items[rule];
        layout.before(rule).into_iter().any(|other| {
            let other_item = &layout.items[other];
            let common: Vec<Product> = item
                .region
                .may
                .iter()
                .flat_map(|may| {
                    other_item.region.sure.iter().filter_map(|sure| may.intersection(sure))
                })
                .collect();
            let earlier = layout.maybe_before(other);
            let left = Search::new(1_000_000).first_left(&common, &layout.may(&earlier)).unwrap();
            other_item.effect != item.effect && left.is_some()
        })
    }

    fn check(text: &str) -> Result<(), TestCaseError> {
        let ruleset = small_world::ruleset(text);
        let layout = Layout::new(&ruleset);
        for (rule, reach) in layout.reaches().iter().enumerate() {
            let may = &layout.items[rule].region.may;
            if *reach != Reach::Unreachable || may.is_empty() {
                continue;
            }
            let blockers = blockers(&layout, rule).unwrap();
            let path = ruleset.path(layout.items[rule].rule);
            let left = Search::new(1_000_000).first_left(may, &layout.sure(&blockers.rules));
            prop_assert_eq!(left, Ok(None), "{}\n{}", path, text);
            prop_assert!(blockers.witness.is_some(), "{path}\n{text}");
            prop_assert!(blockers.rules.iter().all(|&other| layout.before(rule).contains(&other)));
            if differs_somewhere(&layout, rule) {
                prop_assert!(blockers.differs, "{path}\n{text}");
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn blockers_take_everything_and_differ_where_one_does(
            text in small_world::texts(false),
        ) {
            check(&text)?;
        }

        #[test]
        fn inherited_ones_and_ties_too(
            parent in small_world::texts(true),
            child in small_world::texts(true),
        ) {
            check(&small_world::inherited(&parent, &child))?;
        }
    }
}
