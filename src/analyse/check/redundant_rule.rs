#![doc = include_str!("../../../docs/checks/redundant-rule.md")]

use super::{Check, Context, Finding, Level, named};

pub(super) const CHECK: Check = Check {
    name: "redundant-rule",
    summary: "a rule that can be removed without changing any verdict",
    page: include_str!("../../../docs/checks/redundant-rule.md"),
    controls: &["NS-1"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let finding = |found: &crate::analyse::redundant::Redundant| {
        let rule = context.layout.items.get(found.rule)?.rule;
        let successors = context.rules(&found.successors);
        let message = if successors.is_empty() {
            "changes no verdict: without it the default denies the same".to_owned()
        } else {
            let verb = if successors.len() == 1 { "does" } else { "do" };
            format!(
                "changes no verdict: {} {verb} the same with its traffic",
                named(context.ruleset, &successors)
            )
        };
        let help = if successors.is_empty() {
            "keep it only if its name in the logs is wanted"
        } else {
            "remove it; all rules that this check and `shadowed-rule` name can go, alone or together"
        };
        Some(
            Finding::new(CHECK.name, Level::Info, message)
                .about(context.ruleset, rule)
                .with_others(context.ruleset, successors)
                .with_help(help)
                .with_witness(context.any_witness(CHECK.name, found.rule, rule)),
        )
    };
    context.redundant.iter().filter_map(finding).collect()
}
