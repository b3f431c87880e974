use expect_test::{Expect, expect};

use crate::load::shown::{check, shown_inventory};
use crate::load::{Options, Side, TemplateSettings, read};
use crate::source::{Source, Sources};

const ID: &str = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network";

fn state(resources: &str) -> String {
    format!(
        r#"{{"format_version": "1.0", "terraform_version": "1.9.0",
        "values": {{"root_module": {{"resources": [{resources}]}}}}}}"#
    )
}

#[track_caller]
fn check_with(text: &str, options: &Options, expected: Expect) {
    let mut sources = Sources::default();
    let id = sources.add(Source::new("plan.json", text));
    let got = match read(id, &sources, options) {
        Ok((inventory, warnings)) => {
            let notes =
                warnings.iter().map(|it| format!("{}: {}\n", it.severity.name(), it.message));
            shown_inventory(&inventory) + &notes.collect::<String>()
        }
        Err(errors) => {
            errors.iter().flat_map(|error| [error.to_string(), "\n".to_owned()]).collect()
        }
    };
    expected.assert_eq(&got);
}

#[test]
fn a_state_with_a_policy_in_a_module() {
    let group = format!(
        r#"{{"address": "module.hub[0].azurerm_firewall_policy_rule_collection_group.web", "mode": "managed",
        "type": "azurerm_firewall_policy_rule_collection_group", "name": "web", "values": {{
        "id": "{ID}/firewallPolicies/hub/ruleCollectionGroups/web", "name": "web", "priority": 300,
        "firewall_policy_id": "{ID}/firewallPolicies/hub", "timeouts": null,
        "network_rule_collection": [{{"name": "n", "priority": 200, "action": "Allow", "rule": [
          {{"name": "r", "description": "", "protocols": ["TCP"], "source_addresses": ["10.0.0.0/8"],
           "source_ip_groups": ["{ID}/ipGroups/servers"], "destination_addresses": [""],
           "destination_fqdns": ["time.example.com"], "destination_ip_groups": [], "destination_ports": ["123"]}}]}}],
        "application_rule_collection": [{{"name": "a", "priority": 300, "action": "Deny", "rule": [
          {{"name": "r", "protocols": [{{"type": "Https", "port": 443}}], "source_addresses": ["*"],
           "destination_fqdns": ["*.example.com"], "destination_urls": ["www.example.com/a"],
           "destination_fqdn_tags": ["WindowsUpdate"], "web_categories": ["News"], "terminate_tls": true,
           "http_headers": [{{"name": "X-A", "value": "b"}}]}}]}}],
        "nat_rule_collection": [{{"name": "d", "priority": 100, "action": "Dnat", "rule": [
          {{"name": "r", "protocols": ["TCP"], "source_addresses": ["*"], "destination_address": "192.0.2.1",
           "destination_ports": ["443"], "translated_address": "10.0.0.4", "translated_fqdn": "",
           "translated_port": 8443}}]}}]}}}}"#
    );
    let policy = format!(
        r#"{{"address": "module.hub[0].azurerm_firewall_policy.hub", "mode": "managed", "type": "azurerm_firewall_policy",
        "name": "hub", "values": {{"id": "{ID}/firewallPolicies/hub", "name": "hub", "location": "westeurope",
        "sku": "Premium", "base_policy_id": "{ID}/firewallPolicies/base", "threat_intelligence_mode": "Deny"}}}}"#
    );
    let servers = format!(
        r#"{{"address": "data.azurerm_ip_group.servers", "mode": "data", "type": "azurerm_ip_group", "name": "servers",
        "values": {{"id": "{ID}/ipGroups/servers", "name": "servers", "cidrs": ["10.0.0.0/24"]}}}}"#
    );
    let text = format!(
        r#"{{"format_version": "1.0", "terraform_version": "1.9.0", "values": {{"root_module": {{
        "resources": [{servers}],
        "child_modules": [{{"address": "module.hub[0]", "resources": [{policy}, {group}]}}]}}}}}}"#
    );
    check(
        &text,
        expect![[r#"
            policy hub based on base, 0 groups elsewhere
            group web of hub 300
             d 100 DNAT
              nat r: TCP *| -> 192.0.2.1:443 => 10.0.0.4:8443
             n 200 Allow
              network r: TCP 10.0.0.0/8|/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/ipGroups/servers -> ||time.example.com:123
             a 300 Deny
              application r: Https:443 *| -> *.example.com|www.example.com/a|WindowsUpdate|News with inspection
            IP Group servers = 10.0.0.0/24
        "#]],
    );
}

#[test]
fn all_settings_of_a_policy() {
    let text = state(
        r#"{"mode": "managed", "type": "azurerm_firewall_policy", "name": "hub", "values": {"name": "hub",
        "resource_group_name": "r", "sku": "Premium", "threat_intelligence_mode": "Alert",
        "threat_intelligence_allowlist": [{"ip_addresses": ["192.0.2.7"], "fqdns": ["a.example.com"]}],
        "dns": [{"proxy_enabled": true, "servers": ["10.0.0.4"]}],
        "intrusion_detection": [{"mode": "Deny", "private_ranges": ["10.0.0.0/8"],
          "signature_overrides": [{"id": "2024897", "state": "Alert"}],
          "traffic_bypass": [{"name": "b", "protocol": "TCP", "description": "", "source_addresses": ["10.0.0.0/8"],
            "source_ip_groups": [], "destination_addresses": ["*"], "destination_ip_groups": [], "destination_ports": ["22"]}]}],
        "tls_certificate": [{"name": "ca", "key_vault_secret_id": "https://vault.example.com/secrets/ca"}],
        "explicit_proxy": [{"enabled": true, "http_port": 8087, "https_port": 0, "enable_pac_file": false, "pac_file_port": 0, "pac_file": ""}],
        "private_ip_ranges": ["198.51.100.0/24"], "auto_learn_private_ranges_enabled": true,
        "sql_redirect_allowed": true}}"#,
    );
    let mut sources = Sources::default();
    let id = sources.add(Source::new("a.json", text));
    let (inventory, warnings) = read(id, &sources, &Options::default()).unwrap();
    assert_eq!(warnings, []);
    expect![[r#"
        policy hub
          id /subscriptions/*/resourceGroups/r/providers/Microsoft.Network/firewallPolicies/hub
          tier Premium
          threat-intel Alert
          threat-intel-allow 192.0.2.7, a.example.com
          dns-proxy on
          dns-servers 10.0.0.4
          idps Deny
          idps-signature 2024897 Alert
          idps-bypass b: tcp 10.0.0.0/8 -> * : 22
          idps-private-ranges 10.0.0.0/8
          tls-inspection ca
          explicit-proxy on http 8087
          snat-auto-learn on
          snat-private-ranges 198.51.100.0/24
          sql-redirect on
    "#]]
    .assert_eq(&crate::syntax::text::print(&inventory));
}

#[test]
fn a_classic_firewall_and_its_collections() {
    let resource = |kind: &str, name: &str, values: &str| {
        format!(
            r#"{{"mode": "managed", "type": "azurerm_firewall{kind}", "name": "{name}", "values": {{
            "name": "{name}", "resource_group_name": "r", {values}}}}}"#
        )
    };
    let of = r#""azure_firewall_name": "FW","#;
    let parts = [
        resource(
            "",
            "fw",
            r#""sku_tier": "Standard", "threat_intel_mode": "Deny", "dns_proxy_enabled": true, "dns_servers": ["10.0.0.4"],
            "ip_configuration": [{"name": "c", "private_ip_address": "10.0.1.4"}]"#,
        ),
        resource(
            "_network_rule_collection",
            "n",
            &format!(
                r#"{of} "priority": 200, "action": "Allow", "rule": [{{"name": "r", "protocols": ["Any"],
                "source_addresses": ["*"], "destination_addresses": ["192.0.2.0/24"], "destination_ports": ["*"]}}]"#
            ),
        ),
        resource(
            "_application_rule_collection",
            "a",
            &format!(
                r#"{of} "priority": 100, "action": "Deny", "rule": [{{"name": "r", "protocol": [{{"type": "Http", "port": 80}}],
                "source_addresses": ["*"], "target_fqdns": ["www.example.com"], "fqdn_tags": []}}]"#
            ),
        ),
        resource(
            "_nat_rule_collection",
            "d",
            &format!(
                r#"{of} "priority": 100, "action": "Dnat", "rule": [{{"name": "r", "protocols": ["TCP"],
                "source_addresses": ["*"], "destination_addresses": ["192.0.2.1"], "destination_ports": ["443"],
                "translated_address": "10.0.0.4", "translated_port": "8443"}}]"#
            ),
        ),
    ];
    check(
        &state(&parts.join(",")),
        expect![[r#"
        firewall fw
         d 100 DNAT
          nat r: TCP *| -> 192.0.2.1:443 => 10.0.0.4:8443
         n 200 Allow
          network r: Any *| -> 192.0.2.0/24||:*
         a 100 Deny
          application r: Http:80 *| -> www.example.com|||
    "#]],
    );
    check(
        &state(&parts[1]),
        expect![[r#"
        firewall FW
         n 200 Allow
          network r: Any *| -> 192.0.2.0/24||:*
        note in line 2: firewall `FW` is not here, only rule collections of it (its settings are taken as Azure's defaults)
    "#]],
    );
}

#[test]
fn addresses_that_are_resources() {
    let text = state(&format!(
        r#"{{"mode": "managed", "type": "azurerm_ip_group", "name": "servers", "values": {{
          "id": "{ID}/ipGroups/servers", "name": "servers", "cidrs": ["10.0.0.0/24"]}}}},
        {{"mode": "managed", "type": "azurerm_ip_group_cidr", "name": "more", "index": 0, "values": {{
          "ip_group_id": "{ID}/ipgroups/Servers", "cidr": "10.0.1.0/24"}}}},
        {{"mode": "managed", "type": "azurerm_ip_group_cidr", "name": "other", "values": {{
          "ip_group_id": "{ID}/ipGroups/clients", "cidr": "10.0.2.0/24"}}}}"#
    ));
    check(
        &text,
        expect![[r#"
        IP Group servers = 10.0.0.0/24,10.0.1.0/24
        warning in line 6: `azurerm_ip_group_cidr.other` adds to IP Group `/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/ipGroups/clients`, which is not here (give the IP Group as well: `az network ip-group show`)
    "#]],
    );
}

#[test]
fn resources_of_the_azapi_provider() {
    let body = r#"{"properties": {"priority": 200, "ruleCollections": []}}"#;
    let text = state(&format!(
        r#"{{"mode": "managed", "type": "azapi_resource", "name": "a", "values": {{
          "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups@2024-05-01", "name": "a",
          "parent_id": "{ID}/firewallPolicies/hub", "body": {body}}}}},
        {{"mode": "managed", "type": "azapi_resource", "name": "b", "values": {{
          "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups@2024-05-01", "name": "b",
          "parent_id": "{ID}/firewallPolicies/hub", "body": {}}}}},
        {{"mode": "managed", "type": "azapi_update_resource", "name": "c", "values": {{
          "type": "Microsoft.Network/firewallPolicies@2024-05-01", "name": "hub"}}}}"#,
        serde_json::Value::from(body)
    ));
    check(
        &text,
        expect![[r#"
        group a of hub 200
        group b of hub 200
        error in line 8: `azapi_update_resource.c` changes a resource that is defined elsewhere (what it changes is not taken into account: give the export of the resource)
    "#]],
    );
}

#[test]
fn nothing_of_a_firewall() {
    check(
        &state(
            r#"{"mode": "managed", "type": "azurerm_subnet", "name": "a", "values": {"name": "a"}}"#,
        ),
        expect![[r#"
            no rule set found in `a.json` (found instead: 1 × `azurerm_subnet`)
        "#]],
    );
}

/// Everything is new: ids and a public address are known after apply.
const PLAN: &str = r#"{"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {"root_module": {}},
"resource_changes": [
 {"address": "azurerm_ip_group.a", "mode": "managed", "type": "azurerm_ip_group", "name": "a",
  "change": {"actions": ["create"], "before": null, "after": {"name": "a", "resource_group_name": "r", "cidrs": ["10.0.0.0/24"]},
   "after_unknown": {"id": true, "cidrs": [false]}}},
 {"address": "azurerm_ip_group.b", "mode": "managed", "type": "azurerm_ip_group", "name": "b",
  "change": {"actions": ["create"], "before": null, "after": {"name": "b", "resource_group_name": "r", "cidrs": [null]},
   "after_unknown": {"id": true, "cidrs": [true]}}},
 {"address": "module.hub.azurerm_firewall_policy.this", "module_address": "module.hub", "mode": "managed",
  "type": "azurerm_firewall_policy", "name": "this",
  "change": {"actions": ["create"], "before": null, "after": {"name": "hub", "resource_group_name": "r"}, "after_unknown": {"id": true}}},
 {"address": "module.rules.azurerm_firewall_policy_rule_collection_group.g", "module_address": "module.rules", "mode": "managed",
  "type": "azurerm_firewall_policy_rule_collection_group", "name": "g",
  "change": {"actions": ["create"], "before": null,
   "after": {"name": "g", "priority": 200, "network_rule_collection": [{"name": "n", "priority": 100, "action": "Allow", "rule": [
     {"name": "r", "protocols": ["TCP"], "source_ip_groups": [null, null], "destination_addresses": [null, "192.0.2.9"],
      "destination_ports": ["443"]}]}]},
   "after_unknown": {"id": true, "firewall_policy_id": true, "network_rule_collection": [{"rule": [
     {"protocols": [false], "source_ip_groups": [true, true], "destination_addresses": [true, false],
      "destination_ports": [false]}]}]}}},
 {"address": "azurerm_firewall_policy.old", "mode": "managed", "type": "azurerm_firewall_policy", "name": "old",
  "change": {"actions": ["delete"], "before": {"name": "old", "id": "/x/firewallPolicies/old"}, "after": null, "after_unknown": {}}}],
"configuration": {"root_module": {
 "resources": [{"address": "azurerm_ip_group.b", "mode": "managed", "type": "azurerm_ip_group", "name": "b",
   "expressions": {"cidrs": {"references": ["azurerm_public_ip.out.ip_address", "azurerm_public_ip.out"]}}}],
 "module_calls": {
  "hub": {"module": {"outputs": {"policy_id": {"expression": {"references": ["azurerm_firewall_policy.this.id", "azurerm_firewall_policy.this"]}}}}},
  "rules": {"expressions": {"policy_id": {"references": ["module.hub.policy_id", "module.hub"]},
     "group_a": {"references": ["azurerm_ip_group.a.id", "azurerm_ip_group.a"]},
     "group_b": {"references": ["azurerm_ip_group.b.id", "azurerm_ip_group.b"]}},
   "module": {"resources": [{"mode": "managed", "type": "azurerm_firewall_policy_rule_collection_group", "name": "g",
    "expressions": {"firewall_policy_id": {"references": ["var.policy_id"]}, "network_rule_collection": [{"rule": [
      {"source_ip_groups": {"references": ["var.group_a", "var.group_b"]},
       "destination_addresses": {"references": ["local.targets"]}}]}]}}]}}}}}}"#;

#[test]
fn a_plan_is_linked_by_its_configuration() {
    check(
        PLAN,
        expect![[r#"
            policy hub, 0 groups elsewhere
            group g of hub 200
             n 100 Allow
              network r: TCP |/subscriptions/*/resourceGroups/r/providers/Microsoft.Network/ipGroups/a,/subscriptions/*/resourceGroups/r/providers/Microsoft.Network/ipGroups/b -> ?module.rules.azurerm_firewall_policy_rule_collection_group.g.network_rule_collection[0].rule[0].destination_addresses[0],192.0.2.9||:443
            IP Group a = 10.0.0.0/24
            IP Group b = ?azurerm_public_ip.out.ip_address
        "#]],
    );
}

#[test]
fn both_sides_of_a_plan() {
    let before = Options { side: Side::Before, ..Options::default() };
    check_with(
        PLAN,
        &before,
        expect![[r#"
        policy old, 0 groups elsewhere
    "#]],
    );
    let new = PLAN.replace(
        r#""before": {"name": "old", "id": "/x/firewallPolicies/old"}"#,
        r#""before": null"#,
    );
    check_with(
        &new,
        &before,
        expect![[r#"
        note: before this plan there is no rule set
    "#]],
    );
}

#[test]
fn a_person_can_settle_what_is_unknown() {
    let resolved = vec![("azurerm_public_ip.out.ip_address".to_owned(), "203.0.113.4".to_owned())];
    let template = TemplateSettings { resolved, ..TemplateSettings::default() };
    let options = Options { template, ..Options::default() };
    check_with(
        PLAN,
        &options,
        expect![[r#"
            policy hub, 0 groups elsewhere
            group g of hub 200
             n 100 Allow
              network r: TCP |/subscriptions/*/resourceGroups/r/providers/Microsoft.Network/ipGroups/a,/subscriptions/*/resourceGroups/r/providers/Microsoft.Network/ipGroups/b -> ?module.rules.azurerm_firewall_policy_rule_collection_group.g.network_rule_collection[0].rule[0].destination_addresses[0],192.0.2.9||:443
            IP Group a = 10.0.0.0/24
            IP Group b = 203.0.113.4
        "#]],
    );
}

#[test]
fn rules_that_are_not_known_stop_the_reading() {
    let unknown = PLAN.replace(
        r#"[{"rule": [
     {"protocols": [false]"#,
        r#"[{"rule": true, "x": [
     {"protocols": [false]"#,
    );
    check(
        &unknown,
        expect![[r#"
        `rule` of `module.rules.azurerm_firewall_policy_rule_collection_group.g` is known only after apply (apply, and give the state instead of the plan: `terraform show -json > state.json`)
    "#]],
    );
}

#[test]
fn a_state_file() {
    let text = format!(
        r#"{{"version": 4, "terraform_version": "1.9.0", "serial": 3, "lineage": "l", "outputs": {{}}, "resources": [
        {{"mode": "managed", "type": "azurerm_ip_group", "name": "g", "module": "module.a", "instances": [
         {{"index_key": "x", "attributes": {{"id": "{ID}/ipGroups/x", "name": "x", "cidrs": ["10.0.0.0/24"]}}}},
         {{"index_key": "y", "attributes": {{"id": "{ID}/ipGroups/y", "name": "y", "cidrs": ["10.0.1.0/24"]}}}},
         {{"deposed": "1", "attributes": {{"id": "{ID}/ipGroups/z", "name": "z", "cidrs": []}}}}]}}]}}"#
    );
    check(
        &text,
        expect![[r#"
        IP Group x = 10.0.0.0/24
        IP Group y = 10.0.1.0/24
    "#]],
    );
}
