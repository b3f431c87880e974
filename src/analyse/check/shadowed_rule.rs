#![doc = include_str!("../../../docs/checks/shadowed-rule.md")]

use std::fmt::Write as _;

use rayon::prelude::*;

use super::{Check, Context, Finding, Level, named};
use crate::analyse::reach::Reach;
use crate::analyse::shadow::{Blockers, blockers};
use crate::compile::{AddressCriterion, ApplicationCriteria, NatAddress, Need};
use crate::evaluate::{RuleRef, Ruling};

pub(super) const CHECK: Check = Check {
    name: "shadowed-rule",
    summary: "a rule that can never decide anything",
    page: include_str!("../../../docs/checks/shadowed-rule.md"),
    controls: &["NS-1"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let layout = &context.layout;
    let mut blockers: Vec<Option<Blockers>> = context
        .reaches
        .par_iter()
        .enumerate()
        .map(|(place, reach)| {
            let is_shadowed = *reach == Reach::Unreachable;
            let mut blockers = is_shadowed.then(|| blockers(layout, place))??;
            let rule = layout.items.get(place)?.rule;
            blockers.witness = blockers.witness.map(|flow| layout.simplest_of(flow, rule));
            Some(blockers)
        })
        .collect();
    let mut findings = Vec::new();
    let (mut open, mut needs): (Vec<RuleRef>, Vec<Need>) = (Vec::new(), Vec::new());
    let mut not_decided = Vec::new();
    for (place, (item, reach)) in context.layout.items.iter().zip(&context.reaches).enumerate() {
        match reach {
            Reach::Reachable(_) => {}
            Reach::Unreachable if item.region.may.is_empty() => {
                findings.push(by_itself(context, item.rule));
            }
            Reach::Unreachable => {
                let blockers = blockers.get_mut(place).and_then(Option::take);
                findings.push(by_others(context, blockers, item.rule));
            }
            // A rule that waits for its own tag or group alone is no one's shadow.
            Reach::Depends(_) if !context.layout.may_be_shadowed(place) => {}
            Reach::Depends(more) => {
                open.push(item.rule);
                needs.extend(
                    more.iter().filter(|need| !needs.contains(need)).cloned().collect::<Vec<_>>(),
                );
            }
            Reach::NotDecided => not_decided.push(item.rule),
        }
    }
    findings.extend(depends(context, needs, &open));
    if let Some(&first) = not_decided.first() {
        let message = "whether this rule can decide anything was not decided: the rules before it overlap in too many ways, or it may match packets that DNAT has translated";
        findings.push(
            Finding::new(CHECK.name, Level::Info, message)
                .about(context.ruleset, first)
                .with_others(context.ruleset, not_decided.iter().skip(1).copied())
                .with_help(
                    "split the rules that list many sources, destinations and ports at once",
                ),
        );
    }
    findings
}

fn by_others(context: &Context<'_>, blockers: Option<Blockers>, rule: RuleRef) -> Finding {
    let ruleset = context.ruleset;
    let Some(blockers) = blockers else {
        let message = "never decides anything: the rules before it take all of its traffic";
        return Finding::new(CHECK.name, Level::Warning, message)
            .about(ruleset, rule)
            .with_help("remove it, or move it before the rules that take its traffic");
    };
    if blockers.witness.is_none() {
        context.note(format!(
            "{}: nothing shows that {} is shadowed",
            CHECK.name,
            ruleset.path(rule)
        ));
    }
    let others = context.rules(&blockers.rules);
    let crosses = match rule {
        RuleRef::Nat(_) => false,
        RuleRef::Network(_) => others.iter().any(|other| matches!(other, RuleRef::Nat(_))),
        RuleRef::Application(_) => {
            others.iter().any(|other| !matches!(other, RuleRef::Application(_)))
        }
    };
    let verb = if others.len() == 1 { "takes" } else { "together take" };
    let mut message =
        format!("never decides anything: {} {verb} all of its traffic", named(ruleset, &others));
    if blockers.differs {
        let differing: Vec<RuleRef> =
            others.iter().copied().filter(|&other| differs(context, rule, other)).collect();
        let does = if differing.len() == 1 { "does" } else { "do" };
        if differing.len() == others.len() {
            let _ = write!(message, " and {does} something else with it");
        } else {
            let names = named(ruleset, &differing);
            let _ = write!(message, ", and {names} {does} something else with it");
        }
    }
    let help = if crosses {
        "DNAT rules come before network rules, and network rules before application rules, whatever the priorities say: narrow the earlier rule, or remove this one"
    } else if blockers.differs {
        "decide which of them is meant: move this rule before the others, or remove it"
    } else {
        "remove it: the others do the same"
    };
    let level = if blockers.differs { Level::Error } else { Level::Warning };
    Finding::new(CHECK.name, level, message)
        .about(ruleset, rule)
        .with_others(ruleset, others)
        .with_help(help)
        .with_witness(blockers.witness)
}

fn differs(context: &Context<'_>, rule: RuleRef, other: RuleRef) -> bool {
    let effect =
        |rule| context.layout.items.get(context.layout.place(rule)).map(|item| &item.effect);
    effect(rule) != effect(other)
}

fn depends(context: &Context<'_>, needs: Vec<Need>, rules: &[RuleRef]) -> Option<Finding> {
    let &first = rules.first()?;
    let message = match rules.len() {
        1 => "whether this rule can decide anything depends on what is not known".to_owned(),
        count => {
            format!("whether these {count} rules can decide anything depends on what is not known")
        }
    };
    let mut finding = Finding::new(CHECK.name, Level::Info, message)
        .about(context.ruleset, first)
        .with_others(context.ruleset, rules.iter().skip(1).copied())
        .with_help(help_for(&needs));
    finding.depends_on = needs;
    Some(finding)
}

/// How to make known what is not.
fn help_for(needs: &[Need]) -> &'static str {
    let is_of_template = |need: &&Need| need.contains("`[");
    let of_template = needs.iter().filter(is_of_template).count();
    if of_template == 0 {
        "add what is missing to the files: IP Groups, the service tag file, an FQDN tag table, a DNS table"
    } else if of_template == needs.len() {
        "give the template's values with `--set NAME=VALUE`, or audit an export of what is deployed"
    } else {
        "give the template's values with `--set NAME=VALUE` and add what is missing to the files: IP Groups, the service tag file, an FQDN tag table, a DNS table"
    }
}

/// The rule matches no flow at all.
fn by_itself(context: &Context<'_>, rule: RuleRef) -> Finding {
    let reason = reason(context, rule);
    let allows = context
        .layout
        .items
        .get(context.layout.place(rule))
        .is_some_and(|item| item.effect.ruling == Ruling::Allow);
    let level = if allows { Level::Warning } else { Level::Error };
    Finding::new(CHECK.name, level, format!("matches nothing: {reason}"))
        .about(context.ruleset, rule)
        .with_help("correct the part that is named, or remove the rule")
}

fn reason(context: &Context<'_>, rule: RuleRef) -> String {
    let ruleset = context.ruleset;
    let criteria = match rule {
        RuleRef::Nat(rank) => ruleset.nat.criteria.get(rank as usize).map(|rule| {
            if rule.target.address == NatAddress::Unresolvable {
                return Some("its translated FQDN has no address".to_owned());
            }
            ends(&rule.sources, Some(&rule.destinations), true).or_else(|| {
                rule.ports.known.is_empty().then(|| "it lists no usable port".to_owned())
            })
        }),
        RuleRef::Network(rank) => ruleset.network.criteria.get(rank as usize).map(|rule| {
            ends(&rule.sources, Some(&rule.destinations), false).or_else(|| {
                rule.ports.known.is_empty().then(|| "it lists no usable port".to_owned())
            })
        }),
        RuleRef::Application(rank) => {
            ruleset.application.criteria.get(rank as usize).map(|rule| Some(application(rule)))
        }
    };
    criteria.flatten().unwrap_or_else(|| "its parts contradict each other".to_owned())
}

fn application(rule: &ApplicationCriteria) -> String {
    if let Some(reason) = ends(&rule.sources, rule.destinations.as_ref(), true) {
        return reason;
    }
    if rule.protocols.is_empty() {
        return "it lists no protocol".to_owned();
    }
    if !rule.targets.urls.is_empty() {
        return "its URLs are invalid, or they are those of HTTPS and it does not terminate TLS"
            .to_owned();
    }
    let invalid: Vec<String> = rule.targets.fqdns.iter().map(|fqdn| format!("`{fqdn}`")).collect();
    if invalid.is_empty() {
        return "it lists no target".to_owned();
    }
    format!("no name fits {}; `*` may only be the first character", invalid.join(", "))
}

/// What is wrong with sources or destinations.
fn ends(
    sources: &AddressCriterion,
    to: Option<&AddressCriterion>,
    is_v4_only: bool,
) -> Option<String> {
    for (what, set) in [("sources", Some(sources)), ("destinations", to)] {
        let Some(set) = set else { continue };
        if set.known.is_empty() {
            return Some(format!(
                "its {what} are empty (an emptied IP Group, an FQDN that does not resolve, or no entry)"
            ));
        }
        if is_v4_only && set.known.v4().is_empty() {
            return Some(format!("its {what} are IPv6, which only network rules can match"));
        }
    }
    let to = to?;
    let shares_family = (!sources.known.v4().is_empty() && !to.known.v4().is_empty())
        || (!sources.known.v6().is_empty() && !to.known.v6().is_empty());
    (!shares_family)
        .then(|| "its sources and destinations are of different address families".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::audit;
    use crate::analyse::small_world;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str, &str)]) {
        let (ruleset, inventory) = (small_world::ruleset(text), small_world::inventory(text));
        let audit = audit(&ruleset, &inventory);
        assert_eq!(audit.inconsistencies, Vec::<String>::new());
        let found = audit.findings.iter().filter(|finding| finding.check == "shadowed-rule");
        let found: Vec<(String, &str, String)> = found
            .map(|finding| {
                let others: Vec<String> = finding.others.iter().map(ToString::to_string).collect();
                (finding.rule.as_ref().unwrap().to_string(), finding.level.name(), others.join(" "))
            })
            .collect();
        let found: Vec<(&str, &str, &str)> = found
            .iter()
            .map(|(rule, level, others)| (rule.as_str(), *level, others.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn two_rules_together_take_everything_from_a_third() {
        check(
            "policy p\ngroup g 200\n  allow network a 100\n    low: tcp 10.0.0.0/25 -> * : 443\n    high: tcp 10.0.0.128/25 -> * : 443\n    all: tcp 10.0.0.0/24 -> 192.0.2.1 : 443\n",
            &[("g/a/all", "warning", "g/a/low g/a/high")],
        );
    }

    #[test]
    fn a_rule_with_another_effect_is_always_named() {
        check(
            "policy p\ngroup g 200\n  deny network d 100\n    one: tcp 10.0.0.7 -> * : 443\n  allow network a 200\n    all: tcp 10.0.0.0/8 -> * : 443\n    again: tcp 10.0.0.0/24 -> * : 443\n",
            &[("g/a/again", "error", "g/d/one g/a/all")],
        );
    }

    #[test]
    fn a_network_rule_takes_everything_from_an_application_rule() {
        check(
            "policy p\ngroup g 200\n  allow network n 100\n    web: tcp * -> * : 443\n  deny application d 100\n    bad: https:443 * -> *.bad.example\n",
            &[("g/d/bad", "error", "g/n/web")],
        );
    }

    #[test]
    fn dnat_takes_everything_from_a_network_rule() {
        check(
            "policy p\ngroup g 200\n  dnat d 100\n    in: tcp * -> 203.0.113.3 : 443 => 10.0.2.10 : 8443\n  deny network n 100\n    never: tcp 198.51.100.0/24 -> 203.0.113.3 : 443\n",
            &[("g/n/never", "error", "g/d/in")],
        );
    }

    #[test]
    fn a_rule_can_match_nothing_by_itself() {
        check(
            "policy p\ngroup g 200\n  allow network n 100\n    none: tcp @empty -> * : 443\n  allow application a 100\n    bad: https:443 * -> www.contoso.*\nip-group empty = none\n",
            &[("g/n/none", "warning", ""), ("g/a/bad", "warning", "")],
        );
    }

    #[test]
    fn what_depends_on_a_tag_is_said_to() {
        check(
            "policy p\ngroup g 200\n  allow network n 100\n    tag: tcp * -> Unheard : 443\n    one: tcp * -> 192.0.2.1 : 443\n",
            &[("g/n/one", "info", "")],
        );
    }
}
