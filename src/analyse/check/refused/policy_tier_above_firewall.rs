#![doc = include_str!("../../../../docs/checks/policy-tier-above-firewall.md")]

use super::{Check, Context, Finding, Level};
use crate::policy::SkuTier;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "policy-tier-above-firewall",
    summary: "a policy whose tier its firewall cannot run",
    page: include_str!("../../../../docs/checks/policy-tier-above-firewall.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let is_known = context.ruleset.layers.last().is_some_and(|layer| layer.settings.is_some());
    if context.is_classic() || !is_known {
        return Vec::new();
    }
    let policy = context.ruleset.tier;
    let finding = |firewall: &&crate::policy::ClassicFirewall| {
        let tier = firewall.settings.tier.as_ref().filter(|tier| !fits(policy, tier.value))?;
        let message = format!(
            "firewall `{}` is {} and cannot run a policy of tier {}",
            firewall.name.value,
            tier.value.name(),
            policy.name()
        );
        let help = "a Basic firewall takes a Basic policy, a Standard one a Standard policy, a Premium one either of Standard and Premium";
        Some(Finding::new(CHECK.name, Level::Error, message).with_help(help).at(tier.span))
    };
    context.own_firewalls().iter().filter_map(finding).collect()
}

fn fits(policy: SkuTier, firewall: SkuTier) -> bool {
    match policy {
        SkuTier::Basic => firewall == SkuTier::Basic,
        SkuTier::Standard => firewall != SkuTier::Basic,
        SkuTier::Premium => firewall == SkuTier::Premium,
    }
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
            firewall f policy p
              tier Standard
            policy p
              tier Premium
            group g 100
              allow network n 100
                r: tcp * -> * : 22"#,
            expect![[r#"
                error of policy in line 3: firewall `f` is Standard and cannot run a policy of tier Premium
            "#]],
        );
        check(
            &CHECK,
            r#"
            firewall f policy p
              tier Standard
            policy p
              tier Basic
            group g 100
              allow network n 100
                r: tcp * -> * : 22"#,
            expect![[r#"
                error of policy in line 3: firewall `f` is Standard and cannot run a policy of tier Basic
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            firewall f policy p
              tier Premium
            policy p
              tier Standard
            group g 100
              allow network n 100
                r: tcp * -> * : 22"#,
            expect![""],
        );
        check(
            &CHECK,
            r#"
            firewall other policy q
              tier Standard
            policy q
              parent p
            policy p
              tier Standard
            group g 100
              allow network n 100
                r: tcp * -> * : 22"#,
            expect![""],
        );
    }
}
