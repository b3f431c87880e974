//! What a form cannot express is said.

use expect_test::{Expect, expect};

use crate::policy::Inventory;
use crate::source::{Source, Sources};
use crate::syntax::text::parse;
use crate::write::{self, Output};

fn inventory(text: &str) -> Inventory {
    parse(text, Sources::default().add(Source::new("a.azfw", text))).unwrap().0
}

#[track_caller]
fn check(text: &str, write: fn(&Inventory) -> Output, expected: Expect) {
    let output = write(&inventory(text));
    let lines = output.warnings.iter().map(|warning| {
        let help = warning.help.as_deref().unwrap_or_default();
        format!("{}: {} ({help})\n", warning.severity.name(), warning.message)
    });
    expected.assert_eq(&lines.collect::<String>());
}

const ODD: &str = "policy hub
  group-references gone
  idps Alert
  idps-profile Basic
  tls-inspection ca
group g 100
  allow network empty 100
  allow network mixed 200
    a: tcp * -> * : 443
    application b: https * -> www.example.com unknown later
  dnat in 300
    two: tcp * -> 192.0.2.1, 192.0.2.2 : 443, 444 => 10.0.0.4
    `x`: tcp * -> `azurerm_public_ip.fw.ip_address` : !\"70000\" => 10.0.0.4 : 443
";

#[test]
fn of_a_template() {
    let text = ODD.replace("`x`", "x");
    check(
        &text,
        write::arm,
        expect![[r#"
            warning: rule collection group `gone` of policy `hub` is in no file (its rules are not written; add it: `az network firewall policy rule-collection-group list`)
            warning: the Key Vault secret of certificate `ca` and the identity that reads it are not known (give them when you deploy: parameters `certificateSecretId` and `identityId`)
            error: rule `b` has the unknown field `later` (without it the rule may match more: take the rule out, or convert by hand)
            warning: `70000` is written as it was, but Azure will refuse it (correct it before you deploy the template)
        "#]],
    );
}

#[test]
fn of_terraform_code() {
    let text = ODD.replace("`x`", "x");
    check(
        &text,
        write::terraform,
        expect![[r#"
            warning: rule collection group `gone` of policy `hub` is in no file (its rules are not written; add it: `az network firewall policy rule-collection-group list`)
            warning: the IDPS profile `Basic` of policy `hub` is left out (the azurerm provider does not know it)
            warning: rule collection `empty` is empty and left out (the azurerm provider takes no collection without rules)
            error: rule collection `mixed` holds rules of several types (Azure takes one type of rules in a collection: put them into one each)
            error: rule `b` has the unknown field `later` (without it the rule may match more: take the rule out, or convert by hand)
            error: rule `two` has more than one destination address (the azurerm provider takes one: make a rule for each)
            error: rule `two` has more than one destination port (the azurerm provider takes one: make a rule for each)
            error: rule `two` has no translated port (the azurerm provider needs one: write it into the rule)
            warning: `azurerm_public_ip.fw.ip_address` is not known and becomes a variable (give the variable a value, or put a reference in its place)
            warning: `70000` is written as it was, but Azure will refuse it (correct it before you apply)
        "#]],
    );
}

#[test]
fn of_a_table() {
    let text = ODD.replace("`x`", "x");
    check(
        &text,
        write::csv,
        expect![[r#"
            warning: rule collection group `gone` of policy `hub` is in no file (its rules are not written; add it: `az network firewall policy rule-collection-group list`)
            warning: settings of policy `hub` are not in the table (who reads it takes Azure's defaults: keep the settings elsewhere, or convert to `text` or `arm`)
            warning: rule collection `empty` is empty and left out (a table holds rules only)
        "#]],
    );
    check("firewall fw\nallow network c 100\n  r: tcp * -> * : 443\n", write::csv, expect![""]);
}

#[test]
fn of_classic_firewalls() {
    let text = "firewall fw\n  idps Deny\nallow network c 100\n  r: tcp * -> * : 443\ndnat d 100\n  \
                r: tcp * -> 192.0.2.1 : 443 => fqdn db.example.com : 443\n";
    check(
        text,
        write::arm,
        expect![[r#"
        warning: the subnet and the public IP address of firewall `fw` are not known (give their ids when you deploy: parameters `subnetId` and `publicIPAddressId`)
        error: IDPS cannot be set for classic firewall `fw` (use a policy)
    "#]],
    );
    check(
        text,
        write::terraform,
        expect![[r#"
        error: IDPS cannot be set for classic firewall `fw` (use a policy)
        error: rule `r` has no translated address (the azurerm provider translates to an address, not to a name)
    "#]],
    );
}

#[test]
fn of_groups_alone() {
    let text = "group g 100 of none\nallow network c 100\n  r: tcp @servers -> * : 443\n";
    check(
        text,
        write::arm,
        expect![[r#"
        warning: the policy of the rule collection groups is not known (give its name when you deploy: parameter `firewallPolicyName`)
    "#]],
    );
    let template = write::arm(&inventory(text)).text;
    assert!(template.contains("[concat(parameters('firewallPolicyName'), '/g')]"), "{template}");
    assert!(
        template.contains("[resourceId('Microsoft.Network/ipGroups', 'servers')]"),
        "{template}"
    );
    let code = write::terraform(&inventory(text)).text;
    assert!(code.contains("source_ip_groups      = [var.servers_id]"), "{code}");
}

#[test]
fn what_a_deployment_settles_is_a_parameter() {
    let text = "policy hub\ngroup g 100\nallow network c 100\n  \
                r: tcp `[parameters('from')]` -> `azurerm_public_ip.fw.ip_address` : 443\n";
    let template: serde_json::Value =
        serde_json::from_str(&write::arm(&inventory(text)).text).unwrap();
    expect![[r#"
        {
          "from": {
            "type": "string"
          },
          "value1": {
            "type": "string",
            "metadata": {
              "description": "azurerm_public_ip.fw.ip_address"
            }
          }
        }"#]]
    .assert_eq(&format!("{:#}", template["parameters"]));
    let rule = &template["resources"][1]["properties"]["ruleCollections"][0]["rules"][0];
    expect![[r#"["[parameters('from')]"] ["[parameters('value1')]"]"#]]
        .assert_eq(&format!("{} {}", rule["sourceAddresses"], rule["destinationAddresses"]));
}

#[test]
fn groups_wait_for_each_other() {
    let text = "policy base\ngroup a 100\npolicy hub\n  parent base\ngroup b 100\ngroup c 200\n";
    let template: serde_json::Value =
        serde_json::from_str(&write::arm(&inventory(text)).text).unwrap();
    let lines = template["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| format!("{} after {}\n", resource["name"], resource["dependsOn"]));
    expect![[r#"
        "base" after null
        "base/a" after ["[resourceId('Microsoft.Network/firewallPolicies', 'base')]"]
        "hub" after ["[resourceId('Microsoft.Network/firewallPolicies', 'base')]","[resourceId('Microsoft.Network/firewallPolicies/ruleCollectionGroups', 'base', 'a')]"]
        "hub/b" after ["[resourceId('Microsoft.Network/firewallPolicies', 'hub')]"]
        "hub/c" after ["[resourceId('Microsoft.Network/firewallPolicies/ruleCollectionGroups', 'hub', 'b')]"]
    "#]].assert_eq(&lines.collect::<String>());
}
