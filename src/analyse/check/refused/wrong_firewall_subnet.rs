#![doc = include_str!("../../../../docs/checks/wrong-firewall-subnet.md")]

use super::{Check, Context, Finding, Level};
use crate::policy::ResourceId;
use crate::source::Spanned;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "wrong-firewall-subnet",
    summary: "a firewall in a subnet that Azure does not take for one",
    page: include_str!("../../../../docs/checks/wrong-firewall-subnet.md"),
    controls: &[],
    run,
};

/// The names that Azure reserves.
const SUBNET: &str = "AzureFirewallSubnet";
const MANAGEMENT_SUBNET: &str = "AzureFirewallManagementSubnet";

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for firewall in context.own_firewalls() {
        let name = &firewall.name.value;
        let placement = &firewall.placement;
        let wrong = |id: &Spanned<ResourceId>, expected: &str| {
            let subnet = id.value.name();
            (!subnet.eq_ignore_ascii_case(expected)).then(|| {
                let message = format!(
                    "firewall `{name}` stands in subnet `{subnet}`, Azure takes `{expected}` only"
                );
                let help = format!("name the subnet `{expected}`");
                Finding::new(CHECK.name, Level::Error, message).with_help(help).at(id.span)
            })
        };
        findings.extend(placement.subnets.iter().filter_map(|id| wrong(id, SUBNET)));
        let management = placement.management_subnet.as_ref();
        if let Some((id, span)) = management.and_then(|id| Some((id.value.value()?, id.span))) {
            let id = Spanned { value: id.clone(), span };
            findings.extend(wrong(&id, MANAGEMENT_SUBNET));
        }
        if let [_, second, ..] = placement.subnets.as_slice() {
            let count = placement.subnets.len();
            let message = format!(
                "{count} of the IP configurations of firewall `{name}` name a subnet, exactly one may"
            );
            let help = "leave the subnet out of all but the first: the others add public addresses";
            findings.push(
                Finding::new(CHECK.name, Level::Error, message).with_help(help).at(second.span),
            );
        }
    }
    findings
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
              subnets /vnets/hub/subnets/firewall
              management-subnet /vnets/hub/subnets/AzureFirewallSubnet
            "#,
            expect![[r#"
                error of policy in line 3: firewall `f` stands in subnet `firewall`, Azure takes `AzureFirewallSubnet` only
                error of policy in line 4: firewall `f` stands in subnet `AzureFirewallSubnet`, Azure takes `AzureFirewallManagementSubnet` only
            "#]],
        );
        check(
            &CHECK,
            r#"
            firewall f policy p
              subnets /a/subnets/AzureFirewallSubnet, /b/subnets/AzureFirewallSubnet
            policy p"#,
            expect![[r#"
                error of policy in line 3: 2 of the IP configurations of firewall `f` name a subnet, exactly one may
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            firewall f
              subnets /vnets/hub/subnets/azurefirewallsubnet
              management-subnet /vnets/hub/subnets/AzureFirewallManagementSubnet"#,
            expect![""],
        );
        check(
            &CHECK,
            r#"
            firewall f
              management-subnet `[parameters('subnet')]`"#,
            expect![""],
        );
        check(&CHECK, "firewall f", expect![""]);
    }
}
