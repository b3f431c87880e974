//! Random policies cut down to what their logs show: what is left lies within what was, and takes
//! all that was used.

use proptest::prelude::*;

use super::compiled;
use super::world::{flow, inventory, logged, policy, simulated};
use crate::analyse::diff::diff;
use crate::compile::{DnatMode, Ruleset, compile};
use crate::evaluate::Decision;
use crate::generate::{OddRuleset, Traffic};
use crate::source::{Source, Sources};
use crate::suggest::{Options, narrowed, prove};

/// Flows that come out otherwise were allowed, or perhaps, and are no longer.
fn widened(before: &Ruleset, after: &Ruleset) -> Vec<String> {
    let diff = diff(before, after).expect("terminal DNAT");
    assert_eq!(diff.inconsistencies, Vec::<String>::new());
    let is_within = |before: &crate::evaluate::Verdict, after: &crate::evaluate::Verdict| match (
        before.decision,
        after.decision,
    ) {
        (Decision::Allow | Decision::Undecided, Decision::Deny | Decision::Undecided) => true,
        (Decision::Allow, Decision::Allow) => before.translation == after.translation,
        (Decision::Undecided, Decision::Allow) | (Decision::Deny, _) => false,
    };
    let wider = diff.differences.iter().filter(|one| !is_within(&one.before, &one.after));
    wider.map(|one| format!("{:?}", one.witness)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_left_of_a_policy_lies_within_it_and_takes_what_was_used(
        policy in policy(),
        flows in prop::collection::vec(flow(), 1..40),
    ) {
        let inventory = inventory(&policy);
        let before = compiled(&inventory);
        let observed = logged(&before, &flows, false);
        let suggestion = narrowed(&observed, &before, &inventory, &Options::default());
        let text = crate::syntax::text::print(&suggestion.inventory);
        let after = compiled(&suggestion.inventory);
        let proof = prove(&observed, &after, Some(&before));
        prop_assert!(proof.holds(), "{proof:#?}\nof\n{policy}\nas\n{text}");
        let as_it_stands = proof.lost_perhaps.as_it_stands;
        prop_assert_eq!(proof.lost_perhaps.connections, as_it_stands, "{:#?}\nof\n{}\nas\n{}", proof, policy, text);
        prop_assert_eq!(widened(&before, &after), Vec::<String>::new(), "of\n{}\nas\n{}", policy, text);
    }

    #[test]
    fn logs_of_other_rules_open_nothing_either(
        policy in policy(),
        earlier in policy(),
        flows in prop::collection::vec(flow(), 1..40),
    ) {
        let inventory = inventory(&policy);
        let before = compiled(&inventory);
        let observed = logged(&compiled(&super::world::inventory(&earlier)), &flows, false);
        let suggestion = narrowed(&observed, &before, &inventory, &Options::default());
        let text = crate::syntax::text::print(&suggestion.inventory);
        let after = compiled(&suggestion.inventory);
        let proof = prove(&observed, &after, Some(&before));
        for broken in [&proof.lost, &proof.moved, &proof.opened] {
            prop_assert_eq!(broken.connections, broken.as_it_stands, "{:#?}\nof\n{}\nas\n{}", proof, policy, text);
        }
        prop_assert_eq!(widened(&before, &after), Vec::<String>::new(), "of\n{}\nas\n{}", policy, text);
    }

    #[test]
    fn odd_policies_are_not_widened(seed in any::<u64>()) {
        let mut odd = OddRuleset::new(seed);
        let mut sources = Sources::default();
        let ids: Vec<_> = odd
            .files
            .iter()
            .map(|(name, text)| sources.add(Source::new(name.as_str(), text.as_str())))
            .collect();
        let read = crate::load::read_all(&ids, &sources, &crate::load::Options::default());
        let options = crate::compile::Options { dnat: DnatMode::Terminal, ..odd.options.clone() };
        let Ok((inventory, _)) = read else { return Ok(()) };
        let Ok((before, _)) = compile(&inventory, &options) else { return Ok(()) };
        let traffic = (0..60).map(|_| Traffic::new(odd.flow())).collect();
        let observed = simulated(&before, traffic, false);
        let suggestion = narrowed(&observed, &before, &inventory, &Options::default());
        let text = crate::syntax::text::print(&suggestion.inventory);
        let (after, _) = compile(&suggestion.inventory, &options).expect("the same policy");
        let proof = prove(&observed, &after, Some(&before));
        for broken in [&proof.lost, &proof.lost_perhaps, &proof.moved, &proof.opened] {
            prop_assert_eq!(broken.connections, broken.as_it_stands, "{:#?}\nas\n{}", proof, text);
        }
        prop_assert_eq!(widened(&before, &after), Vec::<String>::new(), "{}", text);
    }
}
