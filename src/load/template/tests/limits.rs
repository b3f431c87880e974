//! Cycles and values without end.

use expect_test::expect;

use super::{check, expanded, group, lines};
use crate::load::template::TemplateSettings;

#[test]
fn cycles_and_endless_values_end_in_an_error() {
    check(
        &group(
            r#""variables": {"a": "[variables('b')]", "b": "[variables('a')]"},"#,
            r#""[variables('a')]""#,
        ),
        expect![[r#"
            error: variable `a` needs its own value (follow the names in its value: one leads back to it)
        "#]],
    );
    check(
        &group(
            r#""parameters": {"a": {"defaultValue": "[parameters('a')]"}},"#,
            r#""[parameters('a')]""#,
        ),
        expect![[r#"
            error: parameter `a` needs its own value (follow the names in its value: one leads back to it)
        "#]],
    );
    check(
        &group(
            r#""functions": [{"namespace": "a", "members": {"b": {"output": {"value": "[a.b()]"}}}}],"#,
            r#""[a.b()]""#,
        ),
        expect![[r#"
            error: the value is nested more than 150 levels deep (look for parameters and variables that name each other)
        "#]],
    );
    check(
        r#"{"resources": [{"type": "Microsoft.Network/ipGroups", "name": "g",
            "copy": {"name": "many", "count": 1000000000}}]}"#,
        expect![[r"
            error: the copy `many` has no usable count: `1000000000` (a count lies between 0 and 10000)
        "]],
    );
}

#[test]
fn doubling_values_end_in_an_error() {
    let doubled = |last: usize, of: &dyn Fn(usize) -> String| {
        let variables: Vec<String> =
            (1..=last).map(|n| format!(r#""v{n}": "{}""#, of(n - 1))).collect();
        let declarations =
            format!(r#""variables": {{"v0": ["x", "y"], {}}},"#, variables.join(", "));
        group(&declarations, &format!(r#""[variables('v{last}')]""#))
    };
    let arrays = doubled(29, &|n| format!("[concat(variables('v{n}'), variables('v{n}'))]"));
    check(
        &arrays,
        expect![[r"
        error: the template makes too many values (look for copies of copies, or a variable that doubles another)
    "]],
    );
    let unknown = doubled(29, &|n| {
        let missing = if n == 0 { "parameters('x')".into() } else { format!("variables('v{n}')") };
        format!("[concat({missing}, '-', {missing})]")
    });
    let unknown = unknown.replacen('{', r#"{"parameters": {"x": {"type": "string"}}, "#, 1);
    check(
        &unknown,
        expect![[r"
            ipGroups g {ipAddresses: ?[concat(variables('v28'), '-', variables('v28'))]}
            warning: the parameter `x` has no value
        "]],
    );
    let text = doubled(20, &|n| format!("[format('{{0}}{{0}}{{0}}', string(variables('v{n}')))]"));
    check(
        &text,
        expect![[r"
            error: the template makes too many values (look for copies of copies, or a variable that doubles another)
        "]],
    );
}

#[test]
fn nested_calls_of_something_unknown_take_no_time() {
    let calls = format!("[{}parameters('x'){}]", "trim(toLower(".repeat(20), "))".repeat(20));
    let declarations = r#""parameters": {"x": {"type": "string"}},"#;
    let (result, _) = expanded(
        &group(declarations, &format!(r#"["{calls}"]"#)),
        &[],
        &TemplateSettings::default(),
    );
    let lines = lines(&result.unwrap());
    assert!(lines.contains(&format!("[?{calls}]")), "{lines}");
}

#[test]
fn deep_chains_end_in_an_error_before_the_stack_does() {
    let variables: Vec<String> =
        (1..1000).map(|n| format!(r#""v{n}": "[variables('v{}')]""#, n - 1)).collect();
    let declarations = format!(r#""variables": {{"v0": "x", {}}},"#, variables.join(", "));
    check(
        &group(&declarations, r#"["[variables('v999')]"]"#),
        expect![[r#"
            error: the value is nested more than 150 levels deep (look for parameters and variables that name each other)
        "#]],
    );
    check(
        &group(&declarations, r#"["[variables('v20')]"]"#),
        expect![[r"
        ipGroups g {ipAddresses: [x]}
    "]],
    );
}
