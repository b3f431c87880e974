#![doc = include_str!("../../../docs/checks/parent-nat.md")]

use super::{Check, Context, Finding, Level, named};
use crate::evaluate::RuleRef;

pub(super) const CHECK: Check = Check {
    name: "parent-nat",
    summary: "DNAT rules in a parent policy, which Microsoft's documents disagree about",
    page: include_str!("../../../docs/checks/parent-nat.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let inherited: Vec<RuleRef> = context
        .ruleset
        .rules()
        .filter(|rule| matches!(rule, RuleRef::Nat(_)) && context.ruleset.path(*rule).is_inherited)
        .collect();
    let Some(&first) = inherited.first() else { return Vec::new() };
    let message = format!(
        "the parent policy holds DNAT rules ({}): the page on rule processing (2026) runs them in the child, \
         the policy overview (2023) says that they are not inherited",
        named(context.ruleset, &inherited)
    );
    vec![
        Finding::new(CHECK.name, Level::Warning, message)
            .about(context.ruleset, first)
            .with_others(context.ruleset, inherited.iter().skip(1).copied())
            .with_help("move them into the child policies that publish the addresses"),
    ]
}
