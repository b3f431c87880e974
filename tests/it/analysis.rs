//! Exact analysis through the library's front door, on the rule sets of `rulesets/`.

use azfw::analyse::check::{Audit, Level, audit};
use azfw::analyse::diff::{Diff, diff};
use azfw::analyse::find::{Answer, Wanted, find};
use azfw::compile::{Options, Ruleset, compile};
use azfw::evaluate::{Decision, evaluate};
use azfw::syntax::query::query;

use crate::rulesets::text_form;

fn ruleset(name: &str) -> Ruleset {
    compile(&text_form(name).inventory, &Options::default()).expect("the rule set is whole").0
}

fn audited(name: &str) -> Audit {
    let loaded = text_form(name);
    let audit = audit(&ruleset(name), &loaded.inventory);
    assert_eq!(audit.inconsistencies, Vec::<String>::new());
    audit
}

fn graver_than_info(audit: &Audit) -> Vec<String> {
    let findings = audit.findings.iter().filter(|finding| finding.level > Level::Info);
    let line = |finding: &azfw::analyse::check::Finding| {
        let rule = finding.rule.as_ref().map(ToString::to_string).unwrap_or_default();
        let rule = rule.rsplit('/').next().unwrap_or_default().to_owned();
        format!("{} {} {rule}", finding.level.name(), finding.check)
    };
    findings.map(line).collect()
}

#[test]
fn the_network_rule_of_the_seed_is_the_first_thing_that_is_said() {
    let audit = audited("seed");
    assert_eq!(
        graver_than_info(&audit),
        [
            "error bypassed-by-network-rule ticket-4711",
            "warning any-to-any ticket-4711",
            "warning masked-threat-intelligence ticket-4711",
            "warning shadowed-rule contoso",
        ]
    );
    let first = audit.findings.first().expect("there is one");
    assert_eq!(first.others.len(), 4, "all four rules for HTTPS are bypassed: {first:?}");
    let flow = first.witness.as_ref().expect("it speaks of traffic");
    assert_eq!(evaluate(&ruleset("seed"), flow, &mut ()).decision, Decision::Allow);
    assert_eq!(graver_than_info(&audited("seed-repaired")), Vec::<String>::new());
}

#[test]
fn shadowed_rules_of_a_child_name_the_parent() {
    let audit = audited("parent-child");
    let shadowed = audit.findings.iter().filter(|finding| finding.check == "shadowed-rule");
    let others: Vec<String> = shadowed
        .map(|finding| finding.others.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        others,
        ["company-base:BaseNetwork/never/telnet", "company-base:BaseApplication/never/gambling"]
    );
}

fn compared(before: &str, after: &str) -> Diff {
    let diff = diff(&ruleset(before), &ruleset(after)).expect("the reading is the usual one");
    assert_eq!(diff.inconsistencies, Vec::<String>::new());
    diff
}

#[test]
fn the_repair_of_the_seed_takes_away_and_adds_nothing() {
    let diff = compared("seed", "seed-repaired");
    assert!(!diff.is_equivalent());
    for difference in &diff.differences {
        assert_eq!(difference.before.decision, Decision::Allow, "{difference:?}");
        assert_eq!(difference.after.decision, Decision::Deny, "{difference:?}");
    }
    assert!(compared("seed", "seed").is_equivalent());
}

fn asked(name: &str, question: &str) -> Answer {
    let query = query(question).expect("it is a question");
    let wanted = Wanted { witnesses: 1, regions: false };
    let answer = find(&ruleset(name), &query, wanted).expect("the reading is the usual one");
    assert_eq!(answer.inconsistencies, Vec::<String>::new());
    answer
}

#[test]
fn only_these_names_can_be_reached_by_https() {
    let question = "verdict = allow and protocol = https and port = 443 and not stage = network \
                    and fqdn not in (contoso.com, *.contoso.com, portal.example.com)";
    assert!(asked("seed-repaired", question).is_absent());
    let bypassed = "verdict = allow and fqdn = social.example.com and protocol = https";
    assert_eq!(asked("seed", bypassed).witnesses.len(), 1);
    assert!(asked("seed-repaired", bypassed).is_absent());
}
