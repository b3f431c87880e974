//! Where values come from, and the places they point at.

use expect_test::{Expect, expect};

use super::{check, check_with, expanded, group, set};
use crate::load::template::TemplateSettings;
use crate::source::Span;

#[test]
fn a_last_resort_is_for_what_has_no_value() {
    let declared = |default: &str| {
        let declaration = format!(r#""parameters": {{"x": {{"type": "array"{default}}}}},"#);
        group(&declaration, r#""[parameters('x')]""#)
    };
    let settings = TemplateSettings {
        last_resorts: vec![
            ("X".to_owned(), "192.0.2.1".to_owned()),
            ("y".to_owned(), "1".to_owned()),
        ],
        ..TemplateSettings::default()
    };
    check_with(
        &declared(""),
        &[],
        &settings,
        expect![[r#"
        ipGroups g {ipAddresses: [192.0.2.1]}
    "#]],
    );
    check_with(
        &declared(r#", "defaultValue": ["192.0.2.2"]"#),
        &[],
        &settings,
        expect![[r#"
        ipGroups g {ipAddresses: [192.0.2.2]}
    "#]],
    );
    let file = r#"{"parameters": {"x": {"value": ["192.0.2.3"]}}}"#;
    check_with(
        &declared(""),
        &[file],
        &settings,
        expect![[r#"
        ipGroups g {ipAddresses: [192.0.2.3]}
    "#]],
    );
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
        expect![[r"
        ipGroups g {ipAddresses: [192.0.2.1]}
    "]],
    );
    check_with(
        &template,
        &[&one],
        &none,
        expect![[r"
        ipGroups g {ipAddresses: [192.0.2.2]}
    "]],
    );
    check_with(
        &template,
        &[&one, &two],
        &none,
        expect![[r"
        ipGroups g {ipAddresses: [192.0.2.3]}
    "]],
    );
    check_with(
        &template,
        &[&one],
        &set("x", "192.0.2.4, 192.0.2.5"),
        expect![[r"
        ipGroups g {ipAddresses: [192.0.2.4, 192.0.2.5]}
    "]],
    );
    check_with(
        &template,
        &[&one],
        &set("x", r#"["192.0.2.6"]"#),
        expect![[r"
        ipGroups g {ipAddresses: [192.0.2.6]}
    "]],
    );
    check_with(
        &template,
        &[],
        &set("y", "192.0.2.6"),
        expect![[r"
        ipGroups g {ipAddresses: [192.0.2.1]}
        warning: the template declares no parameter `y`
    "]],
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
        expect![[r"
        ipGroups g {ipAddresses: [[resourceGroup().id]]}
    "]],
    );
}

#[test]
fn given_text_is_read_as_the_declared_type() {
    let check = |declaration: &str, text: &str, expected: Expect| {
        let declarations = format!(r#""parameters": {{"x": {{{declaration}}}}},"#);
        check_with(&group(&declarations, r#""[parameters('x')]""#), &[], &set("x", text), expected);
    };
    check(
        r#""type": "string""#,
        "[1]",
        expect![[r"
        ipGroups g {ipAddresses: [1]}
    "]],
    );
    check(
        r#""type": "int""#,
        "8080",
        expect![[r"
        ipGroups g {ipAddresses: 8080}
    "]],
    );
    check(
        r#""type": "int""#,
        "many",
        expect![[r"
        ipGroups g {ipAddresses: many}
        error: `many` is no value for a parameter of type `int`
    "]],
    );
    check(
        r#""type": "object""#,
        r#"{"a": [1]}"#,
        expect![[r"
        ipGroups g {ipAddresses: {a: [1]}}
    "]],
    );
    check(
        r#""type": "array""#,
        "[]",
        expect![[r"
        ipGroups g {ipAddresses: []}
    "]],
    );
    check(
        r#""type": "array""#,
        "192.0.2.1",
        expect![[r"
        ipGroups g {ipAddresses: [192.0.2.1]}
    "]],
    );
    check(
        r##""$ref": "#/definitions/site""##,
        r#"{"a": 1}"#,
        expect![[r"
        ipGroups g {ipAddresses: {a: 1}}
    "]],
    );
    check(
        r##""$ref": "#/definitions/site""##,
        "north",
        expect![[r"
        ipGroups g {ipAddresses: north}
    "]],
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
        expect![[r"
        ipGroups g {ipAddresses: [?[parameters('x')]]}
    "]],
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
        expect![[r"
        ipGroups g {ipAddresses: [?[parameters('x')], 192.0.2.1, ?[concat(parameters('x'), '/24')]]}
        warning: the parameter `x` has no value
    "]],
    );
    check_with(
        &template,
        &[],
        &set("x", "192.0.2.9"),
        expect![[r"
        ipGroups g {ipAddresses: [192.0.2.9, 192.0.2.1, 192.0.2.9/24]}
    "]],
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
        expect![[r"
            ipGroups g {ipAddresses: [hub-fw]}
        "]],
    );
}

#[test]
fn what_is_not_needed_is_not_evaluated() {
    check(
        &group(
            r#""parameters": {"x": {"type": "string"}}, "variables": {"v": "[nothing(parameters('x'))]"},"#,
            "[]",
        ),
        expect![[r"
            ipGroups g {ipAddresses: []}
        "]],
    );
}

#[test]
fn functions_nobody_knows_are_named() {
    check(
        &group("", r#"["[nothing('a')]", "[concat('a'"]"#),
        expect![[r"
        ipGroups g {ipAddresses: [?[nothing('a')], [concat('a']}
        error: `nothing`: no such function is known
    "]],
    );
}

#[test]
fn brackets_that_are_text() {
    check(
        &group("", r#"["[[a]", "[b", "[c] "]"#),
        expect![[r"
        ipGroups g {ipAddresses: [[a], [b, [c] ]}
    "]],
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
        r"ADDRESSES",
    );
    let with = |addresses: &str| template.replace("ADDRESSES", addresses);
    assert_eq!(pointed_at(&with(r#""[parameters('x')]""#), &[]), r#""192.0.2.1""#);
    assert_eq!(pointed_at(&with(r#"["[variables('v')]"]"#), &[]), r#""192.0.2.2""#);
    let computed = r#""[concat('192.0.2.', '3')]""#;
    assert_eq!(pointed_at(&with(&format!("[{computed}]")), &[]), computed);
    let file = r#"{"parameters": {"x": {"value": ["192.0.2.4"]}}}"#;
    assert_eq!(pointed_at(&with(r#""[parameters('x')]""#), &[file]), r#""192.0.2.4""#);
}
