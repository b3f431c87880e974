//! ARM templates, expanded offline: the resources that make up rule sets, with every expression
//! replaced by its value, or kept as unresolved where only a deployment can tell.
//!
//! Real templates hold far more than a firewall, so everything is evaluated on demand: only what a
//! rule set's resources need.

mod build;
mod call;
mod deployment;
mod error;
mod evaluate;
mod function;
mod interest;
mod lambda;
mod lazy;
mod lookup;
mod outputs;
mod program;
mod reference;
mod residual;
mod resources;
mod settings;

pub use error::TemplateError;
pub use settings::{Cloud, TemplateSettings};

use std::rc::Rc;

use smol_str::SmolStr;

use crate::load::template::evaluate::Evaluator;
use crate::load::template::interest::Interest;
use crate::load::template::program::{Frame, Place, Program, Supplied};
use crate::source::{Severity, Span, Warning};
use crate::syntax::json::Node;

/// What a template deploys, as far as rule sets go.
#[derive(Debug, Clone, PartialEq)]
pub struct Expansion {
    /// In the order of the text; a nested deployment's resources stand in its place.
    pub resources: Vec<Resource>,
    pub warnings: Vec<Warning>,
    /// What is not deployed because its condition is false.
    pub skipped: Vec<Warning>,
}

/// One resource of a template.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// The full type, such as `Microsoft.Network/firewallPolicies/ruleCollectionGroups`.
    pub kind: SmolStr,
    /// One name for each level of the type. What is unknown in a name stands in brackets.
    pub names: Vec<SmolStr>,
    /// The resource without expressions: with its full type and name, without children, tags
    /// and what else does not matter to rules. Places are those of the user's text.
    pub node: Node,
}

/// Expands the template `root`.
///
/// ```
/// use azfw::load::template::{TemplateSettings, expand};
/// use azfw::source::{Source, Sources};
/// use azfw::syntax::json;
///
/// let template = r#"{
///     "parameters": {"site": {"type": "string"}},
///     "resources": [{
///         "type": "Microsoft.Network/ipGroups",
///         "name": "[concat(parameters('site'), '-servers')]",
///         "properties": {"ipAddresses": ["192.0.2.0/24"]}
///     }]
/// }"#;
/// let mut sources = Sources::default();
/// let source = sources.add(Source::new("main.json", template));
/// let root = json::document(template, source).unwrap();
/// let settings = TemplateSettings {
///     values: vec![("site".into(), "north".into())],
///     ..TemplateSettings::default()
/// };
/// let expansion = expand(&root, &[], &settings).unwrap();
/// assert_eq!(expansion.resources[0].names, ["north-servers"]);
/// ```
/// Of several parameter files the later one wins, and
/// [`TemplateSettings::values`] over all of them.
///
/// # Errors
///
/// If values need themselves, if there is no end to them, or if only a deployment knows how many
/// copies of a rule set's resource there are.
pub fn expand(
    root: &Node,
    parameters: &[Node],
    settings: &TemplateSettings,
) -> Result<Expansion, TemplateError> {
    let evaluator = Evaluator::new(settings, Interest::RuleSets);
    let mut resources = Vec::new();
    add_resources(&evaluator, root, parameters, &mut resources)?;
    let (warnings, skipped) = evaluator.into_warnings();
    Ok(Expansion { resources, warnings, skipped })
}

/// The virtual networks of the template `root`, as far as they are known: they only stand beside
/// its rule sets, so nothing is said of what is not.
pub(super) fn networks(
    root: &Node,
    parameters: &[Node],
    settings: &TemplateSettings,
) -> Vec<Resource> {
    let evaluator = Evaluator::new(settings, Interest::Networks);
    let mut resources = Vec::new();
    match add_resources(&evaluator, root, parameters, &mut resources) {
        Ok(()) | Err(_) => resources,
    }
}

fn add_resources(
    evaluator: &Evaluator<'_>,
    root: &Node,
    parameters: &[Node],
    resources: &mut Vec<Resource>,
) -> Result<(), TemplateError> {
    let settings = evaluator.settings;
    let place = Place {
        subscription: settings.subscription.as_deref().map(SmolStr::from),
        resource_group: settings.resource_group.as_deref().map(SmolStr::from),
        location: settings.location.as_deref().map(SmolStr::from),
    };
    let mut program = Program::new(root, place, None);
    for file in parameters {
        supply_file(evaluator, &mut program, file);
    }
    supply_settings(evaluator, &mut program, root.span);
    let frame = Frame::new(Rc::new(program));
    evaluator.resources(root, None, &frame, resources)
}

fn supply_file(evaluator: &Evaluator<'_>, program: &mut Program<'_>, file: &Node) {
    for member in file.get("parameters").map_or(&[][..], Node::members) {
        let value = match member.value.get("value") {
            Some(value) => Supplied::Value(Rc::new(value.clone())),
            None => Supplied::Secret(member.value.span),
        };
        let name = &member.key.value;
        if !program.supply(name, value) {
            warn_of_undeclared(evaluator, name, member.key.span.unwrap_or(member.value.span));
        }
    }
}

fn supply_settings(evaluator: &Evaluator<'_>, program: &mut Program<'_>, template: Span) {
    for (name, text) in &evaluator.settings.values {
        let declaration = program
            .parameters
            .get(&name.to_ascii_lowercase())
            .and_then(|parameter| parameter.declaration);
        match declaration {
            Some(declaration) => {
                let value = evaluator.value_from_text(text, declaration);
                program.supply(name, Supplied::Value(Rc::new(value)));
            }
            None => warn_of_undeclared(evaluator, name, template),
        }
    }
    for (name, text) in &evaluator.settings.last_resorts {
        let parameter = program.parameters.get(&name.to_ascii_lowercase());
        let parameter = parameter.filter(|parameter| parameter.supplied.is_none());
        let declaration = parameter.and_then(|parameter| parameter.declaration);
        if let Some(declaration) = declaration.filter(|it| it.get("defaultValue").is_none()) {
            let value = evaluator.value_from_text(text, declaration);
            program.supply(name, Supplied::Value(Rc::new(value)));
        }
    }
}

fn warn_of_undeclared(evaluator: &Evaluator<'_>, name: &str, span: Span) {
    let message = format!("the template declares no parameter `{name}`");
    evaluator.warn(Warning::new(Severity::Warning, message, Some(span)));
}

#[cfg(test)]
mod tests;
