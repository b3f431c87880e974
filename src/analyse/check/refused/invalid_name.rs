#![doc = include_str!("../../../../docs/checks/invalid-name.md")]

use smol_str::SmolStr;

use super::{Check, Context, Finding, Level};
use crate::source::Spanned;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "invalid-name",
    summary: "a policy, group, collection or firewall with a name that Azure does not take",
    page: include_str!("../../../../docs/checks/invalid-name.md"),
    controls: &[],
    run,
};

const LENGTH_MAX: usize = 80;
/// What the FAQ (January 2023) allows a firewall; older pages allow it 80.
const FIREWALL_MAX: usize = 50;

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut look = |what: &str, name: &Spanned<SmolStr>| findings.extend(fault(what, name));
    for layer in &context.ruleset.layers {
        look(if layer.is_classic { "firewall" } else { "policy" }, &layer.name);
        for group in &layer.groups {
            look("rule collection group", &group.name);
        }
        for (_, collection) in layer.collections() {
            look("rule collection", &collection.name);
        }
    }
    for firewall in context.own_firewalls() {
        let length = firewall.name.value.chars().count();
        if is_written(&firewall.name) && (FIREWALL_MAX + 1..=LENGTH_MAX).contains(&length) {
            let message = format!(
                "the name of firewall `{}` has {length} characters: the FAQ (as of January 2023) allows {FIREWALL_MAX}",
                firewall.name.value
            );
            findings.push(
                Finding::new(CHECK.name, Level::Warning, message)
                    .with_help("shorten it")
                    .at(firewall.name.span),
            );
        }
    }
    findings
}

fn fault(what: &str, name: &Spanned<SmolStr>) -> Option<Finding> {
    if !is_written(name) {
        return None;
    }
    let reason = objection(&name.value)?;
    let message = format!("the name of {what} `{}` {reason}", name.value);
    let help = "use at most 80 letters, digits, `_`, `.` and `-`; begin with a letter or digit, end with one or `_`";
    Some(Finding::new(CHECK.name, Level::Error, message).with_help(help).at(name.span))
}

/// A name that stands in a file and is no expression.
fn is_written(name: &Spanned<SmolStr>) -> bool {
    name.span.is_some() && !name.value.starts_with('(') && !holds_expression(&name.value)
}

/// Part of the name is only known to a deployment: `policy[uniqueString(…)]`.
fn holds_expression(name: &str) -> bool {
    name.split_once('[').is_some_and(|(_, rest)| rest.contains('('))
}

fn objection(name: &str) -> Option<String> {
    let length = name.chars().count();
    if length > LENGTH_MAX {
        return Some(format!("has {length} characters: Azure takes {LENGTH_MAX}"));
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric();
    if let Some(odd) = name.chars().find(|&c| !is_plain(c) && !matches!(c, '_' | '.' | '-')) {
        return Some(format!("holds `{odd}`, which Azure does not take"));
    }
    let (first, last) = (name.chars().next()?, name.chars().next_back()?);
    if !is_plain(first) {
        return Some(format!("begins with `{first}`, which Azure does not take"));
    }
    (!is_plain(last) && last != '_')
        .then(|| format!("ends with `{last}`, which Azure does not take"))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    #[test]
    fn it_is_found() {
        check(
            &CHECK,
            r#"
            policy p
            group "g 1" 100
              allow network -n 100
                r: tcp * -> * : 22
              allow network n- 200
                r: tcp * -> * : 22"#,
            expect![[r#"
                error of policy in line 3: the name of rule collection group `g 1` holds ` `, which Azure does not take
                error of policy in line 4: the name of rule collection `-n` begins with `-`, which Azure does not take
                error of policy in line 6: the name of rule collection `n-` ends with `-`, which Azure does not take
            "#]],
        );
        check(
            &CHECK,
            r#"
            firewall a-firewall-with-a-name-that-is-longer-than-fifty-characters
              allow network n 100
                r: tcp * -> * : 22"#,
            expect![[r#"
                warning of policy in line 2: the name of firewall `a-firewall-with-a-name-that-is-longer-than-fifty-characters` has 59 characters: the FAQ (as of January 2023) allows 50
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            policy p
            group g.1_ 100
              allow network 9-n_ 100
                "any rule name": tcp * -> * : 22"#,
            expect![""],
        );
    }
}
