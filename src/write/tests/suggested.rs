//! What is suggested from logs reads back as the same rules, in each form, with the same proof.

use proptest::prelude::*;

use super::round_trip::{by_priority, checked, loaded, with_variables, without_places};
use crate::compile::{Options as CompileOptions, compile};
use crate::policy::Inventory;
use crate::suggest::tests::world::{flow, inventory, logged, policy};
use crate::suggest::{Observed, Options, Proof, from_logs, narrowed, prove};
use crate::syntax::hcl;
use crate::write;

fn proof(observed: &Observed, inventory: &Inventory) -> Proof {
    let (ruleset, _) = compile(inventory, &CompileOptions::default()).expect("a rule set");
    prove(observed, &ruleset, None)
}

/// The rule set in each form, read again.
fn read_back(suggested: &Inventory) -> [Inventory; 3] {
    let text = loaded(&checked(write::text(suggested))).0;
    let arm = loaded(&checked(write::arm(suggested))).0;
    let code = checked(write::terraform(suggested));
    let state = hcl::state(&hcl::blocks(&code).expect("Terraform code")).to_string();
    [text, arm, loaded(&state).0]
}

fn same(inventory: Inventory) -> Inventory {
    with_variables(by_priority(without_places(inventory)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn suggested_rules_read_back_with_their_proof(
        policy in policy(),
        flows in prop::collection::vec(flow(), 1..40),
    ) {
        let known = inventory(&format!("{policy}ip-group hosts = 10.0.0.0/29, 10.0.1.4\n"));
        let (ruleset, _) = compile(&known, &CompileOptions::default()).expect("a rule set");
        let observed = logged(&ruleset, &flows, true);
        let fresh = from_logs(&observed, Some(&known), &Options::default());
        let narrower = narrowed(&observed, &ruleset, &known, &Options::default());
        for suggested in [fresh.inventory, narrower.inventory] {
            let wanted = proof(&observed, &suggested);
            for read in read_back(&suggested) {
                prop_assert_eq!(&proof(&observed, &read), &wanted);
                prop_assert_eq!(same(read), same(suggested.clone()));
            }
        }
    }
}
