//! Each function once or more, as `expression → value`.

mod ids;
mod properties;
mod unknown;
mod values;

use std::rc::Rc;

use expect_test::Expect;

use crate::load::template::TemplateSettings;
use crate::load::template::build::to_json;
use crate::load::template::evaluate::Evaluator;
use crate::load::template::interest::Interest;
use crate::load::template::program::{Frame, Place, Program};
use crate::source::{Source, Sources};
use crate::syntax::json::{Node, Value, document};

/// A template with something of each kind to refer to. `missing` has no value.
const TEMPLATE: &str = r#"{
    "parameters": {
        "missing": {"type": "string"},
        "optional": {"type": "string", "nullable": true},
        "region": {"type": "string", "defaultValue": "westeurope"}
    },
    "variables": {
        "ports": ["80", "443"],
        "hub": {"name": "hub", "prefixes": ["192.0.2.0/25", "192.0.2.128/25"], "tags": {"b": 2, "a": 1}}
    },
    "functions": [{
        "namespace": "contoso",
        "members": {"host": {
            "parameters": [{"name": "label", "type": "string"}],
            "output": {"type": "string", "value": "[concat(parameters('label'), '.example.com')]"}
        }}
    }]
}"#;

/// What an expression gives: JSON, the rest that is unresolved, or why it is refused.
fn shown(expression: &str, settings: &TemplateSettings) -> String {
    let mut sources = Sources::default();
    let source = sources.add(Source::new("main.json", TEMPLATE));
    let root = document(TEMPLATE, source).unwrap();
    let text = Node { span: root.span, value: Value::String(expression.into()) };
    let evaluator = Evaluator::new(settings, Interest::RuleSets);
    let place = Place {
        subscription: settings.subscription.as_deref().map(Into::into),
        resource_group: settings.resource_group.as_deref().map(Into::into),
        location: settings.location.as_deref().map(Into::into),
    };
    let frame = Frame::new(Rc::new(Program::new(&root, place, None)));
    let value = evaluator.node(&text, &frame);
    let warnings = evaluator.into_warnings().0;
    if let Some(refused) = warnings.iter().find(|it| it.severity == crate::source::Severity::Error)
    {
        return refused.message.clone();
    }
    value.map_or_else(|error| error.to_string(), |value| flat(&value))
}

/// JSON in which `?` marks what is unresolved.
fn flat(node: &Node) -> String {
    match (&node.value, to_json(node)) {
        (_, Some(json)) => json.to_string(),
        (Value::Unresolved(text), None) => format!("?{text}"),
        (Value::Array(elements), None) => {
            format!("[{}]", elements.iter().map(flat).collect::<Vec<_>>().join(","))
        }
        (_, None) => {
            let member = |it: &crate::syntax::json::Member| {
                format!("\"{}\":{}", it.key.value, flat(&it.value))
            };
            format!("{{{}}}", node.members().iter().map(member).collect::<Vec<_>>().join(","))
        }
    }
}

#[track_caller]
fn check(expression: &str, expected: Expect) {
    expected.assert_eq(&shown(&format!("[{expression}]"), &TemplateSettings::default()));
}

#[track_caller]
fn check_with(settings: &TemplateSettings, expression: &str, expected: Expect) {
    expected.assert_eq(&shown(&format!("[{expression}]"), settings));
}
