//! Templates within templates.

use expect_test::expect;

use super::{check, check_with};
use crate::load::template::TemplateSettings;

/// A deployment around the group `g`, whose addresses are the parameter `x`.
fn deployment(options: &str, parameters: &str) -> String {
    format!(
        r#"{{"parameters": {{"x": {{"type": "array", "defaultValue": ["192.0.2.1"]}}, "y": {{"type": "string"}}}},
        "variables": {{"which": "outside"}}, "resources": [
            {{"type": "Microsoft.Resources/deployments", "name": "inner", "properties": {{{options}
                "parameters": {parameters}, "template": {{
                    "parameters": {{"x": {{"type": "array", "defaultValue": ["198.51.100.1"]}}}},
                    "variables": {{"which": "inside"}},
                    "resources": [{{"type": "Microsoft.Network/ipGroups", "name": "[variables('which')]",
                        "properties": {{"ipAddresses": "[parameters('x')]"}}}}]}}}}}}]}}"#
    )
}

const INNER: &str = r#""expressionEvaluationOptions": {"scope": "inner"},"#;

#[test]
fn nested_deployments_see_their_own_names_or_those_around_them() {
    check(
        &deployment("", "{}"),
        expect![[r"
        ipGroups outside {ipAddresses: [192.0.2.1]}
    "]],
    );
    check(
        &deployment(INNER, "{}"),
        expect![[r"
        ipGroups inside {ipAddresses: [198.51.100.1]}
    "]],
    );
    check(
        &deployment(INNER, r#"{"x": {"value": "[parameters('x')]"}}"#),
        expect![[r"
        ipGroups inside {ipAddresses: [192.0.2.1]}
    "]],
    );
    check(
        &deployment(INNER, r#"{"x": {"value": ["[parameters('y')]"]}}"#),
        expect![[r"
        ipGroups inside {ipAddresses: [?[parameters('y')]]}
        warning: the parameter `y` has no value
    "]],
    );
    check(
        &deployment(INNER, r#"{"x": {"value": null}}"#),
        expect![[r"
        ipGroups inside {ipAddresses: [198.51.100.1]}
    "]],
    );
    check(
        &deployment(
            INNER,
            r#"{"x": "[if(true(), createObject('value', createArray('192.0.2.7')), createObject())]"}"#,
        ),
        expect![[r"
        ipGroups inside {ipAddresses: [192.0.2.7]}
    "]],
    );
    check(
        &deployment(INNER, r#"{"z": {"value": 1}}"#),
        expect![[r"
        ipGroups inside {ipAddresses: [198.51.100.1]}
        error: the deployment `inner` declares no parameter `z`
    "]],
    );
}

#[test]
fn values_pass_down_several_levels_and_through_copies() {
    let leaf = r#"{"parameters": {"list": {"type": "array"}}, "resources": [
        {"type": "Microsoft.Network/ipGroups", "name": "[parameters('list')[0]]",
         "properties": {"ipAddresses": "[parameters('list')]"}}]}"#;
    let level = |parameters: &str, value: &str, copy: &str, template: &str| {
        format!(
            r#"{{"parameters": {parameters}, "resources": [{{"type": "Microsoft.Resources/deployments",
                "name": "d", {copy} "properties": {{{INNER} "parameters": {{"list": {{"value": {value}}}}},
                "template": {template}}}}}]}}"#
        )
    };
    let middle = level(r#"{"list": {"type": "array"}}"#, r#""[parameters('list')]""#, "", leaf);
    let top = level(
        "{}",
        r#"["[concat('g', copyIndex())]", "[reference('ip').ipAddress]"]"#,
        r#""copy": {"name": "d", "count": 2},"#,
        &middle,
    );
    check(
        &top,
        expect![[r"
        ipGroups g0 {ipAddresses: [g0, ?[reference('ip').ipAddress]]}
        ipGroups g1 {ipAddresses: [g1, ?[reference('ip').ipAddress]]}
    "]],
    );
}

#[test]
fn a_template_may_be_kept_as_text() {
    check(
        r#"{"variables": {"t": "{\"resources\": [{\"type\": \"Microsoft.Network/ipGroups\", \"name\": \"[concat('a', 'b')]\"}]}"},
            "resources": [{"type": "Microsoft.Resources/deployments", "name": "d",
                "properties": {"template": "[json(variables('t'))]"}}]}"#,
        expect![[r"
            ipGroups ab
        "]],
    );
}

#[test]
fn links_to_other_templates_are_named() {
    let link = |link: &str| {
        format!(
            r#"{{"resources": [{{"type": "Microsoft.Resources/deployments", "name": "net",
                "properties": {{"templateLink": {link}}}}}]}}"#
        )
    };
    check(
        &link(r#"{"relativePath": "nested/net.json"}"#),
        expect![[r"
        warning: the deployment `net` links to another template `nested/net.json`
    "]],
    );
    check(
        &link(r#"{"uri": "[concat('https://example.com/', 'net.json')]"}"#),
        expect![[r"
        warning: the deployment `net` links to another template `https://example.com/net.json`
    "]],
    );
    check(
        &link(r#"{"uri": "[deployment().properties.templateLink.uri]"}"#),
        expect![[r"
        warning: the deployment `net` links to another template
    "]],
    );
}

#[test]
fn another_resource_group_changes_the_ids_inside() {
    let template = r#"{"resources": [{"type": "Microsoft.Resources/deployments", "name": "d",
        "resourceGroup": "shared", "properties": {"expressionEvaluationOptions": {"scope": "Inner"}, "template": {
            "resources": [{"type": "Microsoft.Network/ipGroups", "name": "g",
                "properties": {"id": "[resourceId('Microsoft.Network/ipGroups', 'g')]"}}]}}}]}"#;
    let settings = TemplateSettings {
        subscription: Some("0000".into()),
        resource_group: Some("hubs".into()),
        ..TemplateSettings::default()
    };
    check_with(
        template,
        &[],
        &settings,
        expect![[r"
        ipGroups g {id: /subscriptions/0000/resourceGroups/shared/providers/Microsoft.Network/ipGroups/g}
    "]],
    );
}

#[test]
fn unknown_names_still_link_a_policy_with_its_groups() {
    check(
        r#"{"parameters": {"hub": {"type": "string"}}, "resources": [
            {"type": "Microsoft.Network/firewallPolicies", "name": "[format('{0}-policy', parameters('hub'))]"},
            {"type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
             "name": "[concat(parameters('hub'), '-policy', '/', 'web')]",
             "properties": {"groups": ["[resourceId('Microsoft.Network/firewallPolicies', concat(parameters('hub'), '-policy'))]"]}}]}"#,
        expect![[r"
            firewallPolicies [parameters('hub')]-policy
            firewallPolicies/ruleCollectionGroups [parameters('hub')]-policy|web {groups: [/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/firewallPolicies/[parameters('hub')]-policy]}
            warning: the parameter `hub` has no value
        "]],
    );
}

#[test]
fn modules_hand_values_to_each_other() {
    let module = |symbol: &str, name: &str, parameters: &str, template: &str| {
        format!(
            r#"{symbol} {{"type": "Microsoft.Resources/deployments", "name": "{name}", "properties": {{
                {INNER} "parameters": {parameters}, "template": {template}}}}}"#
        )
    };
    let policy = r#"{"parameters": {"name": {"type": "string"}}, "resources": [
        {"type": "Microsoft.Network/firewallPolicies", "name": "[parameters('name')]"}],
        "outputs": {"name": {"type": "string", "value": "[parameters('name')]"},
            "ids": {"type": "array", "value": ["[resourceId('Microsoft.Network/firewallPolicies', parameters('name'))]"]}}}"#;
    let rules = r#"{"parameters": {"policy": {"type": "string"}, "id": {"type": "string"}, "no": {"type": "string"}}, "resources": [
        {"type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups", "name": "[format('{0}/web', parameters('policy'))]",
         "properties": {"id": "[parameters('id')]", "no": "[parameters('no')]"}}]}"#;
    let values = |target: &str| {
        format!(
            r#"{{"policy": {{"value": "[reference({target}).outputs.name.value]"}},
                "id": {{"value": "[reference({target}).outputs.ids.value[0]]"}},
                "no": {{"value": "[reference({target}).outputs.other.value]"}}}}"#
        )
    };
    let name = "[take(concat(deployment().name, '-p'), 64)]";
    let by_id = values(
        "resourceId('Microsoft.Resources/deployments', take(format('{0}-p', deployment().name), 64)), '2022-09-01'",
    );
    let list = format!(
        r#"{{"resources": [{}, {}]}}"#,
        module("", name, r#"{"name": {"value": "hub"}}"#, policy),
        module("", "rules", &by_id, rules)
    );
    check(
        &list,
        expect![[r"
        firewallPolicies hub
        firewallPolicies/ruleCollectionGroups hub|web {id: /subscriptions/*/resourceGroups/*/providers/Microsoft.Network/firewallPolicies/hub, no: ?[reference(resourceId('Microsoft.Resources/deployments', take(concat(deployment().name, '-p'), 64)), '2022-09-01').outputs.other.value]}
    "]],
    );
    let symbolic = format!(
        r#"{{"languageVersion": "2.0", "resources": {{{}, {}}}}}"#,
        module(r#""hub":"#, name, r#"{"name": {"value": "hub"}}"#, policy),
        module(r#""rules":"#, "rules", &values("'hub'"), rules)
    );
    check(
        &symbolic,
        expect![[r"
        firewallPolicies hub
        firewallPolicies/ruleCollectionGroups hub|web {id: /subscriptions/*/resourceGroups/*/providers/Microsoft.Network/firewallPolicies/hub, no: ?[reference('hub').outputs.other.value]}
    "]],
    );
}

#[test]
fn modules_that_wait_for_each_other_leave_values_open() {
    let module = |name: &str, other: &str| {
        format!(
            r#"{{"type": "Microsoft.Resources/deployments", "name": "{name}", "properties": {{{INNER}
                "parameters": {{"x": {{"value": "[reference('{other}').outputs.y.value]"}}}},
                "template": {{"parameters": {{"x": {{"type": "string"}}}},
                    "resources": [{{"type": "Microsoft.Network/ipGroups", "name": "{name}",
                        "properties": {{"x": "[parameters('x')]"}}}}],
                    "outputs": {{"y": {{"type": "string", "value": "[parameters('x')]"}}}}}}}}}}"#
        )
    };
    let template = format!(r#"{{"resources": [{}, {}]}}"#, module("a", "b"), module("b", "a"));
    check(
        &template,
        expect![[r"
            ipGroups a {x: ?[reference('b').outputs.y.value]}
            ipGroups b {x: ?[reference('b').outputs.y.value]}
        "]],
    );
}

#[test]
fn symbolic_names_stand_for_resources() {
    let template = r#"{"languageVersion": "2.0", "resources": {
        "ips": {"type": "Microsoft.Network/publicIPAddresses", "name": "[format('ip-{0}', copyIndex())]",
            "copy": {"name": "ips", "count": 2}},
        "servers": {"existing": true, "type": "Microsoft.Network/ipGroups", "name": "servers"},
        "g": {"type": "Microsoft.Network/ipGroups", "name": "g", "properties": {
            "addresses": ["[reference('ips[1]').ipAddress]", "[reference(format('ips[{0}]', 0)).ipAddress]"],
            "id": "[resourceInfo('servers').id]", "name": "[resourceInfo('servers').name]"}}}}"#;
    let settings = TemplateSettings {
        resolved: vec![("publicIPAddresses/ip-1".into(), "203.0.113.4".into())],
        ..TemplateSettings::default()
    };
    check_with(
        template,
        &[],
        &settings,
        expect![[r"
        ipGroups g {addresses: [203.0.113.4, ?[reference('ips[0]').ipAddress]], id: /subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/servers, name: servers}
    "]],
    );
}

#[test]
fn a_deployment_that_gives_too_little_is_named() {
    let template = deployment(INNER, "{}").replace(r#", "defaultValue": ["198.51.100.1"]"#, "");
    check(
        &template,
        expect![[r"
        ipGroups inside {ipAddresses: ?[parameters('x')]}
        warning: the deployment `inner` gives its parameter `x` no value
    "]],
    );
}
