#![doc = include_str!("../../../../docs/checks/tls-inspection-without-certificate.md")]

use super::{Check, Context, Finding, Level};
use crate::evaluate::RuleRef;
use crate::policy::{SkuTier, Written};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "tls-inspection-without-certificate",
    summary: "rules that inspect TLS in a policy without a certificate authority",
    page: include_str!("../../../../docs/checks/tls-inspection-without-certificate.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let layers = &context.ruleset.layers;
    let is_known = layers.iter().all(|layer| layer.settings.is_some());
    let has_authority = layers
        .iter()
        .filter_map(|layer| layer.settings.as_ref())
        .any(|settings| settings.certificate_authority.is_some());
    // A lower tier has a finding of its own.
    if !is_known
        || has_authority
        || context.is_classic()
        || context.ruleset.tier != SkuTier::Premium
    {
        return Vec::new();
    }
    let inspecting = context.application_rules().filter(|(_, rule)| {
        rule.terminate_tls.as_ref().is_some_and(|flag| flag.value == Written::Value(true))
    });
    let rules: Vec<RuleRef> = inspecting.map(|(rule, _)| rule).collect();
    let finding = context.gathered(&CHECK, Level::Error, &rules, |who| {
        let verb = if rules.len() == 1 { "inspects" } else { "inspect" };
        format!("{who} {verb} TLS, and the policy has no certificate authority to do it with")
    });
    let help = "set `transportSecurity.certificateAuthority` to a certificate in a key vault";
    finding.map(|finding| finding.with_help(help)).into_iter().collect()
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
              tier Premium
            group g 100
              allow application a 100
                r: https:443 * -> www.example.com inspect"#,
            expect![[r#"
                error of g/a/r in line 6: this rule inspects TLS, and the policy has no certificate authority to do it with
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
              tls-inspection ca
            group g 100
              allow application a 100
                r: https:443 * -> www.example.com inspect"#,
            expect![""],
        );
        check(
            &CHECK,
            r#"
            policy p
              tier Premium
            group g 100
              allow application a 100
                r: https:443 * -> www.example.com"#,
            expect![""],
        );
    }
}
