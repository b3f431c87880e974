//! Whole templates, each with one construct.

use expect_test::{Expect, expect};

use crate::load::template::{Expansion, TemplateSettings, expand};
use crate::source::{Source, Sources, Span};
use crate::syntax::json::{Node, Value, document};

/// One line per resource: type, names, properties; then the warnings.
fn lines(expansion: &Expansion) -> String {
    let mut lines = String::new();
    for resource in &expansion.resources {
        let kind = resource.kind.strip_prefix("Microsoft.Network/").unwrap_or(&resource.kind);
        let properties = resource.node.get("properties").map(flat).unwrap_or_default();
        lines.push_str(&format!("{kind} {} {properties}\n", resource.names.join("|")));
    }
    for warning in &expansion.warnings {
        lines.push_str(&format!("{}: {}\n", warning.severity.name(), warning.message));
    }
    lines
}

/// A value on one line, without quotes; `?` marks what is unresolved.
fn flat(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".into(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(text) | Value::String(text) => text.to_string(),
        Value::Unresolved(text) => format!("?{text}"),
        Value::Array(elements) => {
            format!("[{}]", elements.iter().map(flat).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) => {
            let member =
                |it: &crate::syntax::json::Member| format!("{}: {}", it.key.value, flat(&it.value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
    }
}

fn expanded(
    template: &str,
    files: &[&str],
    settings: &TemplateSettings,
) -> (Result<Expansion, String>, Sources) {
    let mut sources = Sources::default();
    let mut read = |name: &str, text: &str| {
        let source = sources.add(Source::new(name, text));
        document(text, source).unwrap()
    };
    let root = read("main.json", template);
    let files: Vec<Node> = files.iter().map(|text| read("parameters.json", text)).collect();
    let result = expand(&root, &files, settings).map_err(|error| {
        let help = error.help().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("error: {error}{help}\n")
    });
    (result, sources)
}

#[track_caller]
fn check_with(template: &str, files: &[&str], settings: &TemplateSettings, expected: Expect) {
    let (result, _) = expanded(template, files, settings);
    expected.assert_eq(&result.map_or_else(|error| error, |found| lines(&found)));
}

#[track_caller]
fn check(template: &str, expected: Expect) {
    check_with(template, &[], &TemplateSettings::default(), expected);
}

fn set(name: &str, value: &str) -> TemplateSettings {
    TemplateSettings { values: vec![(name.into(), value.into())], ..TemplateSettings::default() }
}

/// A template whose one resource is an IP Group with this value as its addresses.
fn group(declarations: &str, addresses: &str) -> String {
    format!(
        r#"{{{declarations} "resources": [{{"type": "Microsoft.Network/ipGroups", "name": "g",
            "properties": {{"ipAddresses": {addresses}}}}}]}}"#
    )
}

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
    let expected = expect![[r#"
        firewallPolicies hub {threatIntelMode: Deny}
    "#]];
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
        expect![[r#"
            firewallPolicies/ruleCollectionGroups web 
            error: the name `web` does not fit the type `Microsoft.Network/firewallPolicies/ruleCollectionGroups`
        "#]],
    );
}

#[test]
fn copies_of_a_resource_count_from_zero() {
    check(
        r#"{"variables": {"names": ["a", "b"]}, "resources": [{"type": "Microsoft.Network/ipGroups",
            "name": "[concat(variables('names')[copyIndex()], copyIndex('groups', 1))]",
            "copy": {"name": "groups", "count": "[length(variables('names'))]"},
            "properties": {"ipAddresses": ["[format('192.0.2.{0}', copyIndex(10))]"]}}]}"#,
        expect![[r#"
            ipGroups a1 {ipAddresses: [192.0.2.10]}
            ipGroups b2 {ipAddresses: [192.0.2.11]}
        "#]],
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
        expect![[r#"
            ipGroups g {ipAddresses: [192.0.2.1, 0, 1], other: {inner: [198.51.100.5, 198.51.100.6]}}
        "#]],
    );
}

#[test]
fn a_number_of_copies_that_nobody_knows_stops_resources_and_leaves_values_open() {
    let declarations = r#""parameters": {"sites": {"type": "array"}},
        "variables": {"copy": [{"name": "all", "count": "[length(parameters('sites'))]", "input": "x"}]},"#;
    check(
        &group(declarations, r#""[variables('all')]""#),
        expect![[r#"
        ipGroups g {ipAddresses: ?[variables('all')]}
        warning: the parameter `sites` has no value
    "#]],
    );
    let copies = format!(
        r#"{{{declarations} "resources": [{{"type": "Microsoft.Network/ipGroups", "name": "g",
            "copy": {{"name": "groups", "count": "[length(parameters('sites'))]"}}}}]}}"#
    );
    check(
        &copies,
        expect![[r#"
        error: the number of copies `groups` depends on `[length(parameters('sites'))]` (give the parameters it needs with `--set name=…`)
    "#]],
    );
    check_with(
        &copies,
        &[],
        &set("sites", "[1, 2]"),
        expect![[r#"
        ipGroups g 
        ipGroups g 
    "#]],
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
        expect![[r#"
        ipGroups g 
    "#]],
    );
    check(&template("false"), expect![[""]]);
    check(&template(r#""[not(true())]""#), expect![[""]]);
    check(
        &template(r#""[parameters('with')]""#),
        expect![[r#"
        ipGroups g 
        warning: the parameter `with` has no value
        warning: whether `g` is deployed depends on an unknown value
    "#]],
    );
    check_with(&template(r#""[parameters('with')]""#), &[], &set("with", "false"), expect![[""]]);
}

#[test]
fn parameter_values_come_from_the_strongest_source() {
    let template = group(
        r#""parameters": {"x": {"type": "array", "defaultValue": ["192.0.2.1"]}},"#,
        r#""[parameters('x')]""#,
    );
    let file = |value: &str| format!(r#"{{"parameters": {{"X": {{"value": ["{value}"]}}}}}}"#);
    let (one, two) = (file("192.0.2.2"), file("192.0.2.3"));
    let none = TemplateSettings::default();
    check(
        &template,
        expect![[r#"
        ipGroups g {ipAddresses: [192.0.2.1]}
    "#]],
    );
    check_with(
        &template,
        &[&one],
        &none,
        expect![[r#"
        ipGroups g {ipAddresses: [192.0.2.2]}
    "#]],
    );
    check_with(
        &template,
        &[&one, &two],
        &none,
        expect![[r#"
        ipGroups g {ipAddresses: [192.0.2.3]}
    "#]],
    );
    check_with(
        &template,
        &[&one],
        &set("x", "192.0.2.4, 192.0.2.5"),
        expect![[r#"
        ipGroups g {ipAddresses: [192.0.2.4, 192.0.2.5]}
    "#]],
    );
    check_with(
        &template,
        &[&one],
        &set("x", r#"["192.0.2.6"]"#),
        expect![[r#"
        ipGroups g {ipAddresses: [192.0.2.6]}
    "#]],
    );
    check_with(
        &template,
        &[],
        &set("y", "192.0.2.6"),
        expect![[r#"
        ipGroups g {ipAddresses: [192.0.2.1]}
        warning: the template declares no parameter `y`
    "#]],
    );
}

#[test]
fn a_value_in_a_parameter_file_is_no_expression() {
    let template = group(r#""parameters": {"x": {"type": "string"}},"#, r#"["[parameters('x')]"]"#);
    let file = r#"{"parameters": {"x": {"value": "[resourceGroup().id]"}}}"#;
    check_with(
        &template,
        &[file],
        &TemplateSettings::default(),
        expect![[r#"
        ipGroups g {ipAddresses: [[resourceGroup().id]]}
    "#]],
    );
}

#[test]
fn a_secret_stays_unresolved() {
    let template = group(r#""parameters": {"x": {"type": "string"}},"#, r#"["[parameters('x')]"]"#);
    let file =
        r#"{"parameters": {"x": {"reference": {"keyVault": {"id": "/a"}, "secretName": "b"}}}}"#;
    check_with(
        &template,
        &[file],
        &TemplateSettings::default(),
        expect![[r#"
        ipGroups g {ipAddresses: [?[parameters('x')]]}
    "#]],
    );
}

#[test]
fn a_parameter_without_value_is_named_once_and_the_rest_stays() {
    let template = group(
        r#""parameters": {"x": {"type": "string"}},"#,
        r#"["[parameters('x')]", "192.0.2.1", "[concat(parameters('x'), '/24')]"]"#,
    );
    check(
        &template,
        expect![[r#"
        ipGroups g {ipAddresses: [?[parameters('x')], 192.0.2.1, ?[concat(parameters('x'), '/24')]]}
        warning: the parameter `x` has no value
    "#]],
    );
    check_with(
        &template,
        &[],
        &set("x", "192.0.2.9"),
        expect![[r#"
        ipGroups g {ipAddresses: [192.0.2.9, 192.0.2.1, 192.0.2.9/24]}
    "#]],
    );
}

#[test]
fn defaults_may_use_other_parameters() {
    check(
        &group(
            r#""parameters": {"a": {"type": "string", "defaultValue": "hub"},
                "b": {"type": "string", "defaultValue": "[concat(parameters('a'), '-fw')]"}},"#,
            r#"["[parameters('b')]"]"#,
        ),
        expect![[r#"
            ipGroups g {ipAddresses: [hub-fw]}
        "#]],
    );
}

#[test]
fn what_is_not_needed_is_not_evaluated() {
    check(
        &group(
            r#""parameters": {"x": {"type": "string"}}, "variables": {"v": "[nothing(parameters('x'))]"},"#,
            "[]",
        ),
        expect![[r#"
            ipGroups g {ipAddresses: []}
        "#]],
    );
}

#[test]
fn functions_nobody_knows_are_named() {
    check(
        &group("", r#"["[nothing('a')]", "[concat('a'"]"#),
        expect![[r#"
        ipGroups g {ipAddresses: [?[nothing('a')], [concat('a']}
        error: `nothing`: no such function is known
    "#]],
    );
}

#[test]
fn brackets_that_are_text() {
    check(
        &group("", r#"["[[a]", "[b", "[c] "]"#),
        expect![[r#"
        ipGroups g {ipAddresses: [[a], [b, [c] ]}
    "#]],
    );
}

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
        expect![[r#"
        ipGroups outside {ipAddresses: [192.0.2.1]}
    "#]],
    );
    check(
        &deployment(INNER, "{}"),
        expect![[r#"
        ipGroups inside {ipAddresses: [198.51.100.1]}
    "#]],
    );
    check(
        &deployment(INNER, r#"{"x": {"value": "[parameters('x')]"}}"#),
        expect![[r#"
        ipGroups inside {ipAddresses: [192.0.2.1]}
    "#]],
    );
    check(
        &deployment(INNER, r#"{"x": {"value": ["[parameters('y')]"]}}"#),
        expect![[r#"
        ipGroups inside {ipAddresses: [?[parameters('y')]]}
        warning: the parameter `y` has no value
    "#]],
    );
    check(
        &deployment(INNER, r#"{"x": {"value": null}}"#),
        expect![[r#"
        ipGroups inside {ipAddresses: [198.51.100.1]}
    "#]],
    );
    check(
        &deployment(
            INNER,
            r#"{"x": "[if(true(), createObject('value', createArray('192.0.2.7')), createObject())]"}"#,
        ),
        expect![[r#"
        ipGroups inside {ipAddresses: [192.0.2.7]}
    "#]],
    );
    check(
        &deployment(INNER, r#"{"z": {"value": 1}}"#),
        expect![[r#"
        ipGroups inside {ipAddresses: [198.51.100.1]}
        error: the deployment `inner` declares no parameter `z`
    "#]],
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
        expect![[r#"
        ipGroups g0 {ipAddresses: [g0, ?[reference('ip').ipAddress]]}
        ipGroups g1 {ipAddresses: [g1, ?[reference('ip').ipAddress]]}
    "#]],
    );
}

#[test]
fn a_template_may_be_kept_as_text() {
    check(
        r#"{"variables": {"t": "{\"resources\": [{\"type\": \"Microsoft.Network/ipGroups\", \"name\": \"[concat('a', 'b')]\"}]}"},
            "resources": [{"type": "Microsoft.Resources/deployments", "name": "d",
                "properties": {"template": "[json(variables('t'))]"}}]}"#,
        expect![[r#"
            ipGroups ab 
        "#]],
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
        expect![[r#"
        warning: the deployment `net` links to another template `nested/net.json`
    "#]],
    );
    check(
        &link(r#"{"uri": "[concat('https://example.com/', 'net.json')]"}"#),
        expect![[r#"
        warning: the deployment `net` links to another template `https://example.com/net.json`
    "#]],
    );
    check(
        &link(r#"{"uri": "[deployment().properties.templateLink.uri]"}"#),
        expect![[r#"
        warning: the deployment `net` links to another template
    "#]],
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
        expect![[r#"
        ipGroups g {id: /subscriptions/0000/resourceGroups/shared/providers/Microsoft.Network/ipGroups/g}
    "#]],
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
        expect![[r#"
            firewallPolicies [parameters('hub')]-policy 
            firewallPolicies/ruleCollectionGroups [parameters('hub')]-policy|web {groups: [/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/firewallPolicies/[parameters('hub')]-policy]}
            warning: the parameter `hub` has no value
        "#]],
    );
}

#[test]
fn cycles_and_endless_values_end_in_an_error() {
    check(
        &group(
            r#""variables": {"a": "[variables('b')]", "b": "[variables('a')]"},"#,
            r#""[variables('a')]""#,
        ),
        expect![[r#"
            error: variable `a` needs its own value
        "#]],
    );
    check(
        &group(
            r#""parameters": {"a": {"defaultValue": "[parameters('a')]"}},"#,
            r#""[parameters('a')]""#,
        ),
        expect![[r#"
            error: parameter `a` needs its own value
        "#]],
    );
    check(
        &group(
            r#""functions": [{"namespace": "a", "members": {"b": {"output": {"value": "[a.b()]"}}}}],"#,
            r#""[a.b()]""#,
        ),
        expect![[r#"
            error: the value is nested more than 120 levels deep
        "#]],
    );
    check(
        r#"{"resources": [{"type": "Microsoft.Network/ipGroups", "name": "g",
            "copy": {"name": "many", "count": 1000000000}}]}"#,
        expect![[r#"
            error: the copy `many` has no usable count: `1000000000` (a count lies between 0 and 10000)
        "#]],
    );
}

#[test]
fn doubling_values_end_in_an_error() {
    let doubled = |of: &dyn Fn(usize) -> String| {
        let variables: Vec<String> =
            (1..60).map(|n| format!(r#""v{n}": "{}""#, of(n - 1))).collect();
        group(
            &format!(r#""variables": {{"v0": ["x", "y"], "t0": "xy", {}}},"#, variables.join(", ")),
            r#""[variables('v59')]""#,
        )
    };
    let expected = expect![[r#"
        error: the value is nested more than 120 levels deep
    "#]];
    let arrays = doubled(&|n| format!("[concat(variables('v{n}'), variables('v{n}'))]"));
    check(&arrays, expected);
    let text = doubled(&|n| format!("[format('{{0}}{{0}}{{0}}', string(variables('v{n}')))]"));
    check(
        &text,
        expect![[r#"
        error: the value is nested more than 120 levels deep
    "#]],
    );
}

#[test]
fn deep_chains_end_in_an_error_before_the_stack_does() {
    let variables: Vec<String> =
        (1..1000).map(|n| format!(r#""v{n}": "[variables('v{}')]""#, n - 1)).collect();
    let declarations = format!(r#""variables": {{"v0": "x", {}}},"#, variables.join(", "));
    check(
        &group(&declarations, r#"["[variables('v999')]"]"#),
        expect![[r#"
        error: the value is nested more than 120 levels deep
    "#]],
    );
    check(
        &group(&declarations, r#"["[variables('v20')]"]"#),
        expect![[r#"
        ipGroups g {ipAddresses: [x]}
    "#]],
    );
}

/// The text that the first address of the group `g` points at.
fn pointed_at(template: &str, files: &[&str]) -> String {
    let (result, sources) = expanded(template, files, &TemplateSettings::default());
    let resources = result.unwrap().resources;
    let addresses = resources[0].node.get("properties").unwrap().get("ipAddresses").unwrap();
    let Span { source, start, end } = addresses.elements()[0].span;
    sources.get(source).unwrap().text()[start as usize..end as usize].to_owned()
}

#[test]
fn values_point_at_the_place_where_a_person_would_edit_them() {
    let template = group(
        r#""parameters": {"x": {"type": "array", "defaultValue": ["192.0.2.1"]}},
            "variables": {"v": "192.0.2.2"},"#,
        r#"ADDRESSES"#,
    );
    let with = |addresses: &str| template.replace("ADDRESSES", addresses);
    assert_eq!(pointed_at(&with(r#""[parameters('x')]""#), &[]), r#""192.0.2.1""#);
    assert_eq!(pointed_at(&with(r#"["[variables('v')]"]"#), &[]), r#""192.0.2.2""#);
    let computed = r#""[concat('192.0.2.', '3')]""#;
    assert_eq!(pointed_at(&with(&format!("[{computed}]")), &[]), computed);
    let file = r#"{"parameters": {"x": {"value": ["192.0.2.4"]}}}"#;
    assert_eq!(pointed_at(&with(r#""[parameters('x')]""#), &[file]), r#""192.0.2.4""#);
}
