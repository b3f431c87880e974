#![doc = include_str!("../../../../docs/checks/small-firewall-subnet.md")]

use super::{Check, Context, Finding, Level};
use crate::policy::{ResourceId, Subnet};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "small-firewall-subnet",
    summary: "a subnet of a firewall smaller than Azure takes",
    page: include_str!("../../../../docs/checks/small-firewall-subnet.md"),
    controls: &[],
    run,
};

/// The longest prefix that leaves room for a firewall to grow.
const LENGTH_MAX: u8 = 26;

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut seen: Vec<&Subnet> = Vec::new();
    for subnet in &context.inventory.tables.subnets {
        if !seen.contains(&subnet) {
            seen.push(subnet);
        }
    }
    seen.into_iter().filter_map(finding).collect()
}

fn finding(subnet: &Subnet) -> Option<Finding> {
    let lengths = subnet.prefixes.iter().map(|prefix| prefix.value);
    let is_small = |length: u8| length > LENGTH_MAX;
    let largest =
        lengths.filter(|net| net.addr().is_ipv4()).min_by_key(ipnet::IpNet::prefix_len)?;
    is_small(largest.prefix_len()).then(|| {
        let name = subnet.id.name();
        let network = subnet.id.parent();
        let network = network.as_ref().map_or("?", ResourceId::name);
        let message = format!(
            "subnet `{name}` of network `{network}` is {largest}, Azure wants /{LENGTH_MAX} or larger"
        );
        let help = "make it larger before a firewall stands in it: it cannot grow afterwards";
        let place = subnet.prefixes.first().and_then(|prefix| prefix.span);
        Finding::new(CHECK.name, Level::Error, message).with_help(help).at(place)
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    const POLICY: &str =
        r#"{"type": "Microsoft.Network/firewallPolicies", "name": "hub", "properties": {}}"#;

    #[test]
    fn of_a_template() {
        let network = |prefix: &str| {
            format!(
                r#"{{"contentVersion": "1.0.0.0", "parameters": {{"range": {{"type": "string"}}}}, "resources": [{POLICY},
                {{"type": "Microsoft.Network/virtualNetworks", "name": "vnet", "properties": {{
                "addressSpace": {{"addressPrefixes": ["[parameters('range')]"]}}, "subnets": [
                {{"name": "AzureFirewallSubnet", "properties": {{"addressPrefix": "{prefix}"}}}},
                {{"name": "apps", "properties": {{"addressPrefix": "10.0.2.0/28"}}}}]}}}}]}}"#
            )
        };
        check(
            &CHECK,
            &network("10.0.1.0/27"),
            expect![[r#"
            error of policy in line 4: subnet `AzureFirewallSubnet` of network `vnet` is 10.0.1.0/27, Azure wants /26 or larger
        "#]],
        );
        check(&CHECK, &network("10.0.1.0/26"), expect![[""]]);
        check(&CHECK, &network("[parameters('range')]"), expect![[""]]);
    }

    #[test]
    fn of_an_export() {
        let network = r#"{"type": "Microsoft.Network/virtualNetworks", "name": "vnet", "subnets": [
            {"name": "AzureFirewallManagementSubnet", "addressPrefix": null,
             "addressPrefixes": ["2001:db8::/64", "10.0.1.0/28"]}]}"#;
        check(
            &CHECK,
            &format!("[{POLICY}, {network}]"),
            expect![[r#"
            error of policy in line 3: subnet `AzureFirewallManagementSubnet` of network `vnet` is 10.0.1.0/28, Azure wants /26 or larger
        "#]],
        );
    }

    #[test]
    fn of_a_plan() {
        check(
            &CHECK,
            r#"{"format_version": "1.0", "values": {"root_module": {"resources": [
            {"type": "azurerm_firewall_policy", "name": "a", "values": {"name": "hub"}},
            {"type": "azurerm_subnet", "name": "b", "values": {"name": "AzureFirewallSubnet",
             "virtual_network_name": "vnet", "address_prefixes": ["10.0.1.0/27"]}},
            {"type": "azurerm_virtual_network", "name": "c", "values": {"name": "other", "subnet": [
             {"name": "AzureFirewallSubnet", "address_prefixes": ["10.1.1.0/25"]}]}}]}}}"#,
            expect![[r#"
                error of policy in line 4: subnet `AzureFirewallSubnet` of network `vnet` is 10.0.1.0/27, Azure wants /26 or larger
            "#]],
        );
    }
}
