#![doc = include_str!("../../../../docs/checks/firewall-without-zones.md")]

use super::{Check, Context, Finding, Level};
use crate::policy::ClassicFirewall;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "firewall-without-zones",
    summary: "a firewall that names no availability zones",
    page: include_str!("../../../../docs/checks/firewall-without-zones.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let is_zoneless = |firewall: &&&ClassicFirewall| {
        let is_in_region =
            firewall.settings.location.as_ref().is_some_and(|region| !region.starts_with('['));
        // Only a whole firewall says by leaving zones out that it has none.
        is_in_region
            && !firewall.placement.subnets.is_empty()
            && firewall.placement.zones.is_empty()
    };
    let firewalls = context.own_firewalls();
    let finding = |firewall: &&ClassicFirewall| {
        let message = format!(
            "firewall `{}` in `{}` names no availability zones",
            firewall.name.value,
            firewall.settings.location.as_deref().unwrap_or_default()
        );
        let help =
            "name the zones of the region, `\"zones\": [\"1\", \"2\", \"3\"]`, if it has any";
        Finding::new(CHECK.name, Level::Info, message).with_help(help).at(firewall.name.span)
    };
    firewalls.iter().filter(is_zoneless).map(finding).collect()
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
              location westeurope
              subnets /vnets/hub/subnets/AzureFirewallSubnet"#,
            expect![[r#"
                info of policy in line 2: firewall `f` in `westeurope` names no availability zones
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            firewall f
              location westeurope
              zones 1, 2, 3
              subnets /vnets/hub/subnets/AzureFirewallSubnet"#,
            expect![""],
        );
        check(
            &CHECK,
            r#"
            firewall f
              location westeurope
              zones `[parameters('zones')]`
              subnets /vnets/hub/subnets/AzureFirewallSubnet"#,
            expect![""],
        );
        check(&CHECK, "firewall f\n  location westeurope", expect![""]);
        check(&CHECK, "firewall f\n  subnets /vnets/hub/subnets/AzureFirewallSubnet", expect![""]);
    }
}
