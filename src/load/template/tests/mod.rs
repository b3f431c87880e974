//! Whole templates, each with one construct.

mod deployments;
mod limits;
mod parameters;
mod resources;

use expect_test::Expect;

use crate::load::template::{Expansion, TemplateSettings, expand};
use crate::source::{Source, Sources};
use crate::syntax::json::{Node, Value, document};

/// One line per resource: type, names, properties; then the warnings.
fn lines(expansion: &Expansion) -> String {
    let mut lines = String::new();
    for resource in &expansion.resources {
        let kind = resource.kind.strip_prefix("Microsoft.Network/").unwrap_or(&resource.kind);
        let properties = resource.node.get("properties").map(|it| format!(" {}", flat(it)));
        let names = resource.names.join("|");
        lines.extend([kind, " ", &names, &properties.unwrap_or_default(), "\n"]);
    }
    for warning in &expansion.warnings {
        lines.extend([warning.severity.name(), ": ", &warning.message, "\n"]);
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
