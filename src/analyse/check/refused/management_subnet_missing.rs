#![doc = include_str!("../../../../docs/checks/management-subnet-missing.md")]

use super::{Check, Context, Finding, Level};
use crate::policy::{ClassicFirewall, SkuTier};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "management-subnet-missing",
    summary: "a firewall of the Basic tier without a management subnet",
    page: include_str!("../../../../docs/checks/management-subnet-missing.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let is_wanting = |firewall: &&&ClassicFirewall| {
        let is_basic =
            firewall.settings.tier.as_ref().is_some_and(|tier| tier.value == SkuTier::Basic);
        // A firewall of a hub has no subnets, and an excerpt does not show them.
        is_basic
            && !firewall.placement.subnets.is_empty()
            && firewall.placement.management_subnet.is_none()
    };
    let firewalls = context.own_firewalls();
    let finding = |firewall: &&ClassicFirewall| {
        let message = format!(
            "firewall `{}` is of the Basic tier and has no management subnet",
            firewall.name.value
        );
        let help = "add a `managementIpConfiguration` with the subnet \
                    `AzureFirewallManagementSubnet` and a public address of its own";
        Finding::new(CHECK.name, Level::Error, message).with_help(help).at(firewall.name.span)
    };
    firewalls.iter().filter(is_wanting).map(finding).collect()
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
            firewall f
              tier Basic
              subnets /vnets/hub/subnets/AzureFirewallSubnet"#,
            expect![[r#"
                error of policy in line 2: firewall `f` is of the Basic tier and has no management subnet
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            firewall f
              tier Basic
              subnets /vnets/hub/subnets/AzureFirewallSubnet
              management-subnet `[parameters('subnet')]`"#,
            expect![""],
        );
        check(
            &CHECK,
            r#"
            firewall f
              tier Standard
              subnets /vnets/hub/subnets/AzureFirewallSubnet"#,
            expect![""],
        );
        check(&CHECK, "firewall f\n  tier Basic", expect![""]);
    }
}
