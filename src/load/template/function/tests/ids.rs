//! Functions of where a template is deployed.

use expect_test::expect;

use super::{check, check_with, shown};
use crate::load::template::{Cloud, TemplateSettings};

#[test]
fn ids() {
    check(
        "resourceId('Microsoft.Network/ipGroups', 'servers')",
        expect![[
            r#""/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/servers""#
        ]],
    );
    check(
        "resourceid('other', 'Microsoft.Network/ipGroups', 'servers')",
        expect![[
            r#""/subscriptions/*/resourceGroups/other/providers/Microsoft.Network/ipGroups/servers""#
        ]],
    );
    check(
        "resourceId(subscription().subscriptionId, resourceGroup().name, 'Microsoft.Network/ipGroups', 'servers')",
        expect![[
            r#""/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/servers""#
        ]],
    );
    check(
        "resourceId('0000', 'hubs', 'Microsoft.Network/firewallPolicies/ruleCollectionGroups', 'hub', 'web')",
        expect![[
            r#""/subscriptions/0000/resourceGroups/hubs/providers/Microsoft.Network/firewallPolicies/hub/ruleCollectionGroups/web""#
        ]],
    );
    check(
        "resourceId('Microsoft.Network/firewallPolicies/ruleCollectionGroups', 'hub/web')",
        expect![[
            r#""/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/firewallPolicies/hub/ruleCollectionGroups/web""#
        ]],
    );
    check(
        "resourceId('Microsoft.Network/ipGroups', concat(parameters('missing'), '-servers'))",
        expect![[
            r#""/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/[parameters('missing')]-servers""#
        ]],
    );
    check(
        "resourceId('servers')",
        expect!["`resourceId`: takes a resource type such as `Microsoft.Network/ipGroups`"],
    );
    check(
        "subscriptionResourceId('Microsoft.Resources/deployments', 'a')",
        expect![[r#""/subscriptions/*/providers/Microsoft.Resources/deployments/a""#]],
    );
    check(
        "tenantResourceId('Microsoft.Management/managementGroups', 'a')",
        expect![[r#""/providers/Microsoft.Management/managementGroups/a""#]],
    );
    check(
        "managementGroupResourceId('Microsoft.Resources/deployments', 'a')",
        expect![[
            r#""/providers/Microsoft.Management/managementGroups/*/providers/Microsoft.Resources/deployments/a""#
        ]],
    );
    check(
        "extensionResourceId(resourceGroup().id, 'Microsoft.Network/ipGroups', 'servers')",
        expect![[
            r#""/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/servers""#
        ]],
    );
    check(
        "extensionResourceId(format('/subscriptions/{0}/resourceGroups/{1}', subscription().subscriptionId, parameters('missing')), 'Microsoft.Network/ipGroups', 'servers')",
        expect![[
            r#""/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/servers""#
        ]],
    );
    check(
        "format('{0}/providers/Microsoft.Network/ipGroups/{1}', resourceGroup().id, 'servers')",
        expect![[
            r#""/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/servers""#
        ]],
    );
    check(
        "concat('/subscriptions/', subscription().subscriptionId, '/resourceGroups/hubs/providers/Microsoft.Network/ipGroups/servers')",
        expect![[
            r#""/subscriptions/*/resourceGroups/hubs/providers/Microsoft.Network/ipGroups/servers""#
        ]],
    );
}

#[test]
fn ids_agree_with_those_of_the_model() {
    let kind = "Microsoft.Network/firewallPolicies/ruleCollectionGroups";
    let id = crate::policy::ResourceId::without_scope(kind, &["hub", "web"]);
    let text =
        shown(&format!("[resourceId('{kind}', 'hub', 'web')]"), &TemplateSettings::default());
    assert_eq!(text, format!("\"{id}\""));
}

#[test]
fn place() {
    let known = TemplateSettings {
        subscription: Some("0000".into()),
        resource_group: Some("hubs".into()),
        location: Some("westeurope".into()),
        ..TemplateSettings::default()
    };
    check("resourceGroup().id", expect![[r#""/subscriptions/*/resourceGroups/*""#]]);
    check("resourceGroup().location", expect!["?[resourceGroup().location]"]);
    check(
        "format('AzureCloud.{0}', resourceGroup().location)",
        expect!["?[concat('AzureCloud.', resourceGroup().location)]"],
    );
    check_with(
        &known,
        "format('AzureCloud.{0}', resourceGroup().location)",
        expect![[r#""AzureCloud.westeurope""#]],
    );
    check_with(
        &known,
        "resourceGroup().id",
        expect![[r#""/subscriptions/0000/resourceGroups/hubs""#]],
    );
    check_with(
        &known,
        "resourceId('Microsoft.Network/ipGroups', 'servers')",
        expect![[
            r#""/subscriptions/0000/resourceGroups/hubs/providers/Microsoft.Network/ipGroups/servers""#
        ]],
    );
    check("subscription().id", expect![[r#""/subscriptions/*""#]]);
    check_with(&known, "subscription().subscriptionId", expect![[r#""0000""#]]);
    check("deployment().name", expect!["?[deployment().name]"]);
    check(
        "uniqueString(resourceGroup().id)",
        expect!["?[uniqueString('/subscriptions/*/resourceGroups/*')]"],
    );
    check("guid('a', 'b')", expect!["?[guid('a', 'b')]"]);
    check("utcNow()", expect!["?[utcNow()]"]);
    check(
        "listKeys('x', '2024-01-01').keys[0].value",
        expect!["?[listKeys('x', '2024-01-01').keys[0].value]"],
    );
}

#[test]
fn environment() {
    let cloud = |cloud| TemplateSettings { cloud, ..TemplateSettings::default() };
    let storage = "format('*.blob.{0}', environment().suffixes.storage)";
    check_with(&cloud(Cloud::Public), storage, expect![[r#""*.blob.core.windows.net""#]]);
    check_with(&cloud(Cloud::UsGov), storage, expect![[r#""*.blob.core.usgovcloudapi.net""#]]);
    check_with(&cloud(Cloud::China), storage, expect![[r#""*.blob.core.chinacloudapi.cn""#]]);
    check(
        "environment().authentication.loginEndpoint",
        expect![[r#""https://login.microsoftonline.com/""#]],
    );
    check("environment().suffixes.keyvaultDns", expect![[r#"".vault.azure.net""#]]);
    check("environment().suffixes.sqlServerHostname", expect![[r#"".database.windows.net""#]]);
    check("environment().suffixes.acrLoginServer", expect![[r#"".azurecr.io""#]]);
    check("environment().resourceManager", expect![[r#""https://management.azure.com/""#]]);
}

#[test]
fn address_ranges() {
    check("cidrHost('192.0.2.0/24', 0)", expect![[r#""192.0.2.1""#]]);
    check(
        "cidrHost('192.0.2.0/24', 300)",
        expect!["`cidrHost`: the result lies outside the range"],
    );
    check("cidrHost('2001:db8::/64', 4)", expect![[r#""2001:db8::5""#]]);
    check("cidrSubnet('192.0.2.0/24', 26, 3)", expect![[r#""192.0.2.192/26""#]]);
    check(
        "cidrSubnet('192.0.2.0/24', 26, 4)",
        expect!["`cidrSubnet`: the result lies outside the range"],
    );
    check(
        "cidrSubnet('192.0.2.0/24', 16, 0)",
        expect!["`cidrSubnet`: the result lies outside the range"],
    );
    check("cidrSubnet('2001:db8::/32', 48, 1)", expect![[r#""2001:db8:1::/48""#]]);
    check("parseCidr('192.0.2.0/24').lastUsable", expect![[r#""192.0.2.254""#]]);
    check("cidrHost('servers', 0)", expect!["`cidrHost`: `servers` is no address range"]);
}
