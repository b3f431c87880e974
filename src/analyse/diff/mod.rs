//! What a change of rules changes for traffic: exactly the flows whose verdict or translation
//! differs, or the proof that there are none.
//!
//! Rules that are equal and in the same order on both sides decide alike, so only flows that one of
//! the other rules matches are looked at: unchanged parts cost nothing.

mod align;
mod classify;
mod compare;
mod ends;

use super::order::Order;
use super::reach::Item;
use super::space::{Cuts, Product, Regions, Space, Words};
use crate::compile::{DnatMode, Ruleset, SignatureMode};
use crate::evaluate::{Decision, Index, RuleRef, Verdict, evaluate};
use crate::flow::Flow;

use align::Unaligned;
pub use classify::{End, Fate, Side};
use compare::Changed;
use ends::Ends;

/// What differs between two rule sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// Flows whose verdict or translation differs, or may differ.
    pub differences: Vec<Difference>,
    /// Flows that another rule decides in the same way.
    pub rule_changes: Vec<Difference>,
    /// Settings that decide beside rules, in words.
    pub settings: Vec<String>,
    /// Flows of which some were not compared, because the bound on work was reached.
    pub uncompared: Vec<Uncompared>,
    /// Claims that the evaluator did not confirm: faults of the analysis itself.
    pub inconsistencies: Vec<String>,
}

/// Flows of which some were not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uncompared {
    /// Those that this rule of the old side decides.
    Before(RuleRef),
    /// Those that this rule of the new side decides.
    After(RuleRef),
    /// Any.
    Anything,
}

/// Flows that one pair of rules decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The flows, in words, as disjoint products.
    pub region: Vec<Words>,
    pub before: Verdict,
    pub after: Verdict,
    pub witness: Flow,
}

impl Difference {
    /// Whether one of the two verdicts depends on what is not known.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        [&self.before, &self.after].iter().any(|verdict| verdict.decision == Decision::Undecided)
    }
}

impl Diff {
    /// Whether both sides surely give every flow the same verdict and translation.
    #[must_use]
    pub fn is_equivalent(&self) -> bool {
        self.differences.is_empty() && self.settings.is_empty() && !self.is_incomplete()
    }

    /// Whether some flows were not compared.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        !self.uncompared.is_empty()
    }

    /// Whether some flows surely differ.
    #[must_use]
    pub fn surely_differs(&self) -> bool {
        !self.settings.is_empty()
            || self.differences.iter().any(|difference| !difference.is_undecided())
    }
}

/// From so many differences on, an index of the rules pays off.
const MANY: usize = 32;

/// Compares two rule sets. `None` under the reading in which a network rule can override DNAT: what
/// becomes of a flow then depends on two walks.
#[must_use]
pub fn diff(before: &Ruleset, after: &Ruleset) -> Option<Diff> {
    if [before, after].iter().any(|side| side.options.dnat == DnatMode::LegacyOverride) {
        return None;
    }
    let mut diff = Diff { settings: settings(before, after), ..Diff::default() };
    let Unaligned { before: old_places, after: new_places } = changed(before, after);
    // With different lists for the built-in collection, everything has to be looked at.
    let is_everywhere = before.infrastructure.fqdns != after.infrastructure.fqdns;
    if !is_everywhere && old_places.is_empty() && new_places.is_empty() {
        return Some(diff);
    }
    let ends = [(before, &old_places), (after, &new_places)];
    let ends = (!is_everywhere).then(|| Ends::of(ends.into_iter()));
    let (old_rules, new_rules) = (near(before, ends.as_ref()), near(after, ends.as_ref()));
    let mut cuts = Cuts::default();
    for (ruleset, rules) in [(before, &old_rules), (after, &new_rules)] {
        for &(_, rule) in rules {
            cuts.add_rule(ruleset, rule);
        }
        cuts.add_lists(ruleset);
    }
    if let Some(ends) = &ends {
        ends.add_to(&mut cuts);
    }
    let space = cuts.space();
    let (old_items, new_items) =
        (items(before, &space, &old_rules), items(after, &space, &new_rules));
    let (old, new) = (Side::new(before, &space, &old_items), Side::new(after, &space, &new_items));
    let (pairs, uncompared) = if is_everywhere {
        compare::everywhere(&space, &old, &new)
    } else {
        let changed = |side, places| Changed { side, places };
        compare::by_rules(&space, changed(&old, &old_places), changed(&new, &new_places))
    };
    diff.uncompared = uncompared;
    let indexes = (pairs.len() >= MANY).then(|| (Index::new(before), Index::new(after)));
    let verdicts = |flow: &Flow| match &indexes {
        Some((old, new)) => (old.verdict(flow), new.verdict(flow)),
        None => (evaluate(before, flow, &mut ()), evaluate(after, flow, &mut ())),
    };
    for ((was, is), pieces) in pairs {
        report(&mut diff, &space, (&old, &was), (&new, &is), &pieces, &verdicts);
    }
    Some(diff)
}

/// The rules without a counterpart, and those whose order is not known.
fn changed(before: &Ruleset, after: &Ruleset) -> Unaligned {
    let mut changed = align::unaligned(before, after);
    let tied = |ruleset| -> Vec<usize> {
        Order::new(ruleset).ties().flat_map(|(_, rules)| rules).collect()
    };
    changed.before.extend(tied(before));
    changed.after.extend(tied(after));
    for places in [&mut changed.before, &mut changed.after] {
        places.sort_unstable();
        places.dedup();
    }
    changed
}

/// The rules that can match a flow between `ends`, with their places in evaluation order.
fn near(ruleset: &Ruleset, ends: Option<&Ends>) -> Vec<(usize, RuleRef)> {
    let rules = ruleset.rules().enumerate();
    rules.filter(|&(_, rule)| ends.is_none_or(|ends| ends.meet(ruleset, rule))).collect()
}

fn items(ruleset: &Ruleset, space: &Space, rules: &[(usize, RuleRef)]) -> Vec<(usize, Item)> {
    let mut regions = Regions::new(space);
    rules
        .iter()
        .map(|&(place, rule)| (place, Item::new(ruleset, rule, regions.of(ruleset, rule))))
        .collect()
}

/// Whether a pair of fates is worth a word: another effect, one that depends, or another rule.
fn differs((old, was): (&Side<'_>, &Fate), (new, is): (&Side<'_>, &Fate)) -> bool {
    old.effect(was) != new.effect(is) || !same_deciders((old, was), (new, is))
}

fn report(
    diff: &mut Diff,
    space: &Space,
    (old, was): (&Side<'_>, &Fate),
    (new, is): (&Side<'_>, &Fate),
    pieces: &[Product],
    verdicts: &impl Fn(&Flow) -> (Verdict, Verdict),
) {
    let (effect, new_effect) = (old.effect(was), new.effect(is));
    let is_same = effect.is_some() && effect == new_effect;
    let flow = |piece: &Product| {
        space.possible_of(std::slice::from_ref(piece)).iter().find_map(|piece| space.flow(piece))
    };
    let Some(witness) = pieces.iter().find_map(flow) else { return };
    let (before, after) = verdicts(&witness);
    let agrees = before.decision == after.decision && before.translation == after.translation;
    let is_decided =
        before.decision != Decision::Undecided && after.decision != Decision::Undecided;
    if agrees && is_decided && !is_same && effect.is_some() && new_effect.is_some() {
        diff.inconsistencies.push(format!("{witness:?} was to differ and does not"));
        return;
    }
    let region = pieces.iter().map(|piece| space.words(piece)).collect();
    let witness = simplest(verdicts, witness);
    let difference = Difference { region, before, after, witness };
    if agrees && is_decided {
        diff.rule_changes.push(difference);
    } else {
        diff.differences.push(difference);
    }
}

/// Whether the same rules, by name and content, decide or may decide.
fn same_deciders((old, was): (&Side<'_>, &Fate), (new, is): (&Side<'_>, &Fate)) -> bool {
    let same_rule = |a: usize, b: usize| {
        let (Some(a), Some(b)) = (old.item(a), new.item(b)) else { return false };
        let same_path = old.ruleset.path(a.rule) == new.ruleset.path(b.rule);
        same_path && a.effect == b.effect && a.region.needs == b.region.needs
    };
    let same_end = match (was.end, is.end) {
        (End::Rule(a), End::Rule(b)) => same_rule(a, b),
        (End::Infrastructure, End::Infrastructure) | (End::Default, End::Default) => true,
        (End::Rule(_) | End::Infrastructure | End::Default, _) => false,
    };
    let maybe = was.maybe.iter().zip(&is.maybe);
    same_end
        && was.maybe.len() == is.maybe.len()
        && maybe.into_iter().all(|(&a, &b)| same_rule(a, b))
}

/// The flow with less said about it, as long as both sides say the same of it.
fn simplest(of: &impl Fn(&Flow) -> (Verdict, Verdict), flow: Flow) -> Flow {
    let verdicts = of(&flow);
    let shorter: [fn(&mut Flow); 4] = [
        |flow| flow.web_category = None,
        |flow| flow.url = None,
        |flow| flow.is_without_application = false,
        |flow| flow.destination = flow.destination.filter(|_| flow.name.known().is_none()),
    ];
    shorter.into_iter().fold(flow, |flow, shorten| {
        let mut shorter = flow.clone();
        shorten(&mut shorter);
        if of(&shorter) == verdicts { shorter } else { flow }
    })
}

/// Settings that decide about flows beside the rules.
fn settings(before: &Ruleset, after: &Ruleset) -> Vec<String> {
    let mut changes = Vec::new();
    let mut change = |what: &str, was: String, is: String| {
        if was != is {
            changes.push(format!("{what}: {was} -> {is}"));
        }
    };
    let mode = |side: &Ruleset| side.threat_intel.mode.name().to_owned();
    change("threat intelligence mode", mode(before), mode(after));
    let allowed = |side: &Ruleset| {
        let fqdns: Vec<String> =
            side.threat_intel.allowed_fqdns.iter().map(ToString::to_string).collect();
        format!("{} {}", side.threat_intel.allowed_addresses.known, fqdns.join(","))
            .trim()
            .to_owned()
    };
    change("threat intelligence allowlist", allowed(before), allowed(after));
    let mode = |side: &Ruleset| side.idps.mode_text();
    change("IDPS mode", mode(before), mode(after));
    let overrides = |side: &Ruleset| {
        let overrides = side.idps.overrides.iter().map(|(id, mode)| match mode {
            SignatureMode::Known(mode) => format!("{id} {mode}"),
            SignatureMode::Unknown(need) => format!("{id} {need}"),
        });
        overrides.collect::<Vec<_>>().join(", ")
    };
    change("IDPS signature overrides", overrides(before), overrides(after));
    if format!("{:?}", before.idps.bypass) != format!("{:?}", after.idps.bypass) {
        changes.push("IDPS bypass list".to_owned());
    }
    changes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analyse::small_world;

    fn check(old_text: &str, new_text: &str) -> Result<(), TestCaseError> {
        let (old, new) = (small_world::ruleset(old_text), small_world::ruleset(new_text));
        let diff = diff(&old, &new).unwrap();
        prop_assert_eq!(&diff.inconsistencies, &Vec::<String>::new());
        prop_assert!(!diff.is_incomplete());
        let both = format!("{old_text}{new_text}");
        let (mut differs, mut depends) = (false, false);
        for flow in small_world::flows(&both) {
            let (was, is) = (evaluate(&old, &flow, &mut ()), evaluate(&new, &flow, &mut ()));
            let is_decided =
                was.decision != Decision::Undecided && is.decision != Decision::Undecided;
            let is_same = was.decision == is.decision && was.translation == is.translation;
            differs |= is_decided && !is_same;
            depends |= !is_decided && !is_same;
        }
        prop_assert_eq!(diff.surely_differs(), differs, "{}\n=>\n{}", old_text, new_text);
        prop_assert!(!diff.is_equivalent() || !depends, "{}\n=>\n{}", old_text, new_text);
        Ok(())
    }

    /// A text without its rule number `index`.
    fn without_rule(text: &str, index: usize) -> String {
        let rule = format!("    r{index}:");
        let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with(&rule)).collect();
        kept.join("\n")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn two_rule_sets_differ_where_an_evaluation_says(
            old in small_world::texts(false),
            new in small_world::texts(false),
        ) {
            check(&old, &new)?;
        }

        #[test]
        fn a_removed_rule_differs_where_an_evaluation_says(
            text in small_world::texts(true),
            index in 0usize..4,
        ) {
            check(&text, &without_rule(&text, index))?;
        }

        #[test]
        fn a_rule_set_is_equivalent_to_itself(text in small_world::texts(true)) {
            let ruleset = small_world::ruleset(&text);
            let diff = diff(&ruleset, &small_world::ruleset(&text)).unwrap();
            prop_assert!(diff.is_equivalent() && diff.rule_changes.is_empty(), "{text}\n{diff:?}");
        }
    }
}
