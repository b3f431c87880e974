//! Lists and names, children, copies, conditions.

use expect_test::expect;

use super::{check, check_with, expanded, group, lines, set};
use crate::load::template::TemplateSettings;

const PROGRAM: &str = r#"{"type": "Microsoft.Network/firewallPolicies", "name": "[parameters('name')]",
    "properties": {"threatIntelMode": "Deny"}}"#;

#[test]
fn resources_stand_in_a_list_or_under_symbolic_names() {
    let declarations = r#""parameters": {"name": {"type": "string", "defaultValue": "hub"}},"#;
    let list = format!(r#"{{{declarations} "resources": [{PROGRAM}]}}"#);
    let symbolic = format!(
        r#"{{"languageVersion": "2.0", {declarations} "resources": {{"policy": {PROGRAM},
            "old": {{"existing": true, "type": "Microsoft.Network/ipGroups", "name": "old"}}}}}}"#
    );
    let expected = expect![[r"
        firewallPolicies hub {threatIntelMode: Deny}
    "]];
    check(&list, expected);
    let settings = TemplateSettings::default();
    let (list, symbolic) = (
        expanded(&list, &[], &settings).0.unwrap(),
        expanded(&symbolic, &[], &settings).0.unwrap(),
    );
    assert_eq!(lines(&list), lines(&symbolic));
}

#[test]
fn children_take_type_and_name_from_their_parent() {
    check(
        r#"{"resources": [{"type": "Microsoft.Network/firewallPolicies", "name": "hub", "condition": false,
            "resources": [
                {"type": "ruleCollectionGroups", "name": "web", "properties": {"priority": 100}},
                {"type": "ruleCollectionGroups", "name": "hub/dns", "properties": {"priority": 200}},
                {"type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups", "name": "hub/ntp"},
                {"type": "providers/locks", "name": "Microsoft.Authorization/lock"}]}]}"#,
        expect![[r#"
            firewallPolicies/ruleCollectionGroups hub|web {priority: 100}
            firewallPolicies/ruleCollectionGroups hub|dns {priority: 200}
            firewallPolicies/ruleCollectionGroups hub|ntp
            warning: the condition of `hub` is false, but what stands within it is deployed
        "#]],
    );
}

#[test]
fn other_resources_are_not_looked_at() {
    check(
        r#"{"resources": [
            {"type": "Microsoft.Compute/virtualMachines", "name": "[nothing()]"},
            {"type": "Microsoft.Network/azureFirewalls/providers/diagnosticSettings", "name": "a/b/c"},
            {"type": "Microsoft.Resources/deployments", "name": "[nothing()]", "properties": {
                "template": {"resources": []}}}]}"#,
        expect![[""]],
    );
}

#[test]
fn a_name_that_does_not_fit_its_type_is_named() {
    check(
        r#"{"resources": [{"type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups", "name": "web"}]}"#,
        expect![[r"
            firewallPolicies/ruleCollectionGroups web
            error: the name `web` does not fit the type `Microsoft.Network/firewallPolicies/ruleCollectionGroups`
        "]],
    );
}

#[test]
fn copies_of_a_resource_count_from_zero() {
    check(
        r#"{"variables": {"names": ["a", "b"]}, "resources": [{"type": "Microsoft.Network/ipGroups",
            "name": "[concat(variables('names')[copyIndex()], copyIndex('groups', 1))]",
            "copy": {"name": "groups", "count": "[length(variables('names'))]"},
            "properties": {"ipAddresses": ["[format('192.0.2.{0}', copyIndex(10))]"]}}]}"#,
        expect![[r"
            ipGroups a1 {ipAddresses: [192.0.2.10]}
            ipGroups b2 {ipAddresses: [192.0.2.11]}
        "]],
    );
}

#[test]
fn copies_of_values_make_arrays() {
    check(
        &group(
            r#""variables": {"copy": [{"name": "hosts", "count": 2, "input": {"ip": "[concat('192.0.2.', copyIndex('hosts'))]"}}],
                "nested": {"copy": [{"name": "list", "count": 2, "input": "[copyIndex('list')]"}], "copy2": 1}},"#,
            r#""[concat(createArray(variables('hosts')[1].ip), variables('nested').list)]", "other": {"copy": [
                {"name": "inner", "count": 2, "input": "[format('198.51.100.{0}', copyIndex('inner', 5))]"}]}"#,
        ),
        expect![[r"
            ipGroups g {ipAddresses: [192.0.2.1, 0, 1], other: {inner: [198.51.100.5, 198.51.100.6]}}
        "]],
    );
}

#[test]
fn a_number_of_copies_that_nobody_knows_stops_resources_and_leaves_values_open() {
    let declarations = r#""parameters": {"sites": {"type": "array"}},
        "variables": {"copy": [{"name": "all", "count": "[length(parameters('sites'))]", "input": "x"}]},"#;
    check(
        &group(declarations, r#""[variables('all')]""#),
        expect![[r"
            ipGroups g {ipAddresses: ?[copy('all', length(parameters('sites')))]}
            warning: the parameter `sites` has no value
        "]],
    );
    check(
        &group(
            declarations,
            r#"[], "copy": [{"name": "other", "count": "[length(parameters('sites'))]", "input": 1}]"#,
        ),
        expect![[r"
            ipGroups g {ipAddresses: [], other: ?[copy('other', length(parameters('sites')))]}
            warning: the parameter `sites` has no value
        "]],
    );
    let copies = format!(
        r#"{{{declarations} "resources": [{{"type": "Microsoft.Network/ipGroups", "name": "g",
            "copy": {{"name": "groups", "count": "[length(parameters('sites'))]"}}}}]}}"#
    );
    check(
        &copies,
        expect![[r"
        error: the number of copies `groups` depends on `[length(parameters('sites'))]` (give the parameters it needs with `--set name=…`)
    "]],
    );
    check_with(
        &copies,
        &[],
        &set("sites", "[1, 2]"),
        expect![[r"
        ipGroups g
        ipGroups g
    "]],
    );
}

#[test]
fn conditions() {
    let template = |condition: &str| {
        format!(
            r#"{{"parameters": {{"with": {{"type": "bool"}}}}, "resources": [
                {{"type": "Microsoft.Network/ipGroups", "name": "g", "condition": {condition}}}]}}"#
        )
    };
    check(
        &template("true"),
        expect![[r"
        ipGroups g
    "]],
    );
    check(&template("false"), expect![[""]]);
    check(&template(r#""[not(true())]""#), expect![[""]]);
    check(
        &template(r#""[parameters('with')]""#),
        expect![[r"
        ipGroups g
        warning: the parameter `with` has no value
        warning: whether `g` is deployed depends on an unknown value
    "]],
    );
    check_with(&template(r#""[parameters('with')]""#), &[], &set("with", "false"), expect![[""]]);
}

#[test]
fn what_is_not_deployed_is_told_apart() {
    let template = r#"{"resources": [{"type": "Microsoft.Network/ipGroups", "name": "a", "condition": false},
        {"type": "Microsoft.Network/ipGroups", "name": "b", "location": "northeurope"}]}"#;
    let (expansion, _) = expanded(template, &[], &TemplateSettings::default());
    let expansion = expansion.unwrap();
    assert_eq!(
        expansion.resources[0].node.get("location").and_then(|it| it.text()),
        Some("northeurope")
    );
    let skipped: Vec<_> = expansion.skipped.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(skipped, ["`a` is not deployed: its condition is false"]);
}
