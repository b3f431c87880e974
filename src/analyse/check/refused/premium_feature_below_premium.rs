#![doc = include_str!("../../../../docs/checks/premium-feature-below-premium.md")]

use super::{Check, Context, Finding, Level};
use crate::evaluate::RuleRef;
use crate::policy::{ApplicationRule, IdpsMode, SkuTier, Written};
use crate::source::Span;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "premium-feature-below-premium",
    summary: "features of the Premium tier in a policy of another tier",
    page: include_str!("../../../../docs/checks/premium-feature-below-premium.md"),
    controls: &[],
    run,
};

const HELP: &str = "set `sku.tier` to Premium, or leave the feature out";

fn run(context: &Context<'_>) -> Vec<Finding> {
    if context.is_classic() || context.ruleset.tier == SkuTier::Premium {
        return Vec::new();
    }
    let mut findings = Vec::new();
    findings.extend(used(context, "target URLs", |rule| !rule.target_urls.is_empty()));
    findings.extend(used(context, "TLS inspection", |rule| {
        rule.terminate_tls.as_ref().is_some_and(|flag| flag.value == Written::Value(true))
    }));
    for layer in context.ruleset.layers.iter().filter(|layer| !layer.is_inherited) {
        let Some(settings) = &layer.settings else { continue };
        if let Some(idps) = &settings.intrusion_detection
            && let Some(mode) = idps
                .mode
                .as_ref()
                .filter(|mode| mode.value.value().is_some_and(|mode| *mode != IdpsMode::Off))
        {
            findings.push(set(context, "IDPS is on", mode.span));
        }
        if let Some(authority) = &settings.certificate_authority {
            findings.push(set(
                context,
                "a certificate authority for TLS inspection is set",
                authority.span,
            ));
        }
    }
    findings
}

fn used(
    context: &Context<'_>,
    what: &str,
    uses: impl Fn(&ApplicationRule) -> bool,
) -> Option<Finding> {
    let rules: Vec<RuleRef> =
        context.application_rules().filter(|(_, rule)| uses(rule)).map(|(rule, _)| rule).collect();
    let tier = context.ruleset.tier.name();
    let is_known = context.ruleset.layers.last().is_some_and(|layer| layer.settings.is_some());
    // Groups without their policy do not say which tier it has.
    let (level, needs) = if is_known {
        (Level::Error, None)
    } else {
        (Level::Info, Some("the tier of the policy".into()))
    };
    let verb = if rules.len() == 1 { "uses" } else { "use" };
    let finding = context.gathered(&CHECK, level, &rules, |who| {
        if is_known {
            format!("{who} {verb} {what}, a feature of the Premium tier; the policy is {tier}")
        } else {
            format!("{who} {verb} {what}, a feature of the Premium tier")
        }
    })?;
    let mut finding = finding.with_help(HELP);
    finding.depends_on.extend(needs);
    Some(finding)
}

fn set(context: &Context<'_>, what: &str, span: Option<Span>) -> Finding {
    let message = format!(
        "{what}, a feature of the Premium tier; the policy is {}",
        context.ruleset.tier.name()
    );
    Finding::new(CHECK.name, Level::Error, message).with_help(HELP).at(span)
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
              tier Standard
              idps Alert
              tls-inspection ca
            group g 100
              allow application a 100
                r: http:80 * -> url www.example.com/a
                s: https:443 * -> www.example.com inspect
                t: https:443 * -> url www.example.com/b inspect"#,
            expect![[r#"
                error of g/a/r in line 8: 2 rules use target URLs, a feature of the Premium tier; the policy is Standard
                  also g/a/t
                error of g/a/s in line 9: 2 rules use TLS inspection, a feature of the Premium tier; the policy is Standard
                  also g/a/t
                error of policy in line 4: IDPS is on, a feature of the Premium tier; the policy is Standard
                error of policy in line 5: a certificate authority for TLS inspection is set, a feature of the Premium tier; the policy is Standard
            "#]],
        );
        check(
            &CHECK,
            r#"
            group g 100 of p
              allow application a 100
                r: http:80 * -> url www.example.com/a"#,
            expect![[r#"
                info of g/a/r in line 4: this rule uses target URLs, a feature of the Premium tier
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            policy p
              tier Premium
              idps Deny
              tls-inspection ca
            group g 100
              allow application a 100
                r: https:443 * -> url www.example.com/a inspect"#,
            expect![""],
        );
        check(
            &CHECK,
            r#"
            policy p
              tier Standard
              idps Off
            group g 100
              allow application a 100
                r: https:443 * -> www.example.com inspect off"#,
            expect![""],
        );
    }
}
