//! One file per input format, all ending in [`crate::policy`].
//!
//! What a file is shows in its content, never in its name: ARM templates, answers of the REST API,
//! output of the Azure CLI, of PowerShell and of Resource Graph, side tables, service tags.

mod collection;
mod envelope;
mod fields;
mod firewall;
mod foreign;
mod group;
mod ip_group;
mod kind;
mod loader;
mod notes;
mod policy;
mod rule;
mod rule_group;
mod rule_kind;
mod service_tags;
#[cfg(test)]
mod shown;
mod tables;
pub mod template;
mod truncation;

use self::envelope::is_parameter_file;
pub use self::foreign::decoded;
use self::loader::Loader;
pub use self::template::TemplateSettings;
use crate::policy::Inventory;
use crate::source::{InputError, SourceId, Sources, Warning};
use crate::syntax::json::{self, Node};

/// What a template needs beside itself.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Parameter files; of a parameter that stands in several, the last value counts.
    pub parameters: Vec<Node>,
    pub template: TemplateSettings,
}

/// What one file holds. The format is detected by content.
///
/// ```
/// use azfw::load::{Options, read};
/// use azfw::source::{Source, Sources};
/// let group = r#"{"name": "web", "properties": {"priority": 200, "ruleCollections": []}}"#;
/// let mut sources = Sources::default();
/// let id = sources.add(Source::new("group.json", group));
/// let (inventory, warnings) = read(id, &sources, &Options::default()).unwrap();
/// assert_eq!(inventory.groups[0].name.value, "web");
/// assert!(warnings.is_empty());
/// ```
///
/// # Errors
///
/// The file is in no form that is read, holds no rule set and no table, or holds a rule collection
/// that cannot be used because its priority or action is missing or not known.
pub fn read(
    id: SourceId,
    sources: &Sources,
    options: &Options,
) -> Result<(Inventory, Vec<Warning>), InputError> {
    let nodes = nodes(id, sources)?;
    load(id, &nodes, sources, options)
}

/// What several files hold together. Parameter files among them count for all templates.
///
/// # Errors
///
/// As [`read`], for any of the files.
pub fn read_all(
    ids: &[SourceId],
    sources: &Sources,
    options: &Options,
) -> Result<(Inventory, Vec<Warning>), InputError> {
    let mut options = options.clone();
    let mut files = Vec::new();
    for &id in ids {
        let nodes = nodes(id, sources)?;
        if nodes.iter().all(is_parameter_file) {
            options.parameters.extend(nodes);
        } else {
            files.push((id, nodes));
        }
    }
    if let ([id, ..], []) = (ids, files.as_slice()) {
        return Err(only_parameters(name(*id, sources)));
    }
    let (mut inventory, mut warnings) = (Inventory::default(), Vec::new());
    for (id, nodes) in &files {
        let (found, noted) = load(*id, nodes, sources, &options)?;
        inventory.extend(found);
        warnings.extend(noted);
    }
    Ok((inventory, warnings))
}

/// The JSON values of a file. Formats that are no JSON branch off here.
fn nodes(id: SourceId, sources: &Sources) -> Result<Vec<Node>, InputError> {
    let text = sources.get(id).map_or("", |source| source.text());
    if let Some(error) = foreign::refusal(name(id, sources), text) {
        return Err(error);
    }
    json::documents(text, id).map_err(|error| {
        let input = InputError::at(error.to_string(), sources, error.span());
        match error.help() {
            Some(help) => input.with_help(help),
            None => input,
        }
    })
}

fn load(
    id: SourceId,
    nodes: &[Node],
    sources: &Sources,
    options: &Options,
) -> Result<(Inventory, Vec<Warning>), InputError> {
    let name = name(id, sources);
    if !nodes.is_empty() && nodes.iter().all(is_parameter_file) {
        return Err(only_parameters(name));
    }
    let mut loader = Loader::new(name, sources, options);
    for node in nodes {
        loader.document(node)?;
    }
    loader.finish()
}

fn only_parameters(name: &str) -> InputError {
    InputError::new(format!("`{name}` is a parameter file"))
        .with_help("give the template it belongs to as well")
}

fn name(id: SourceId, sources: &Sources) -> &str {
    sources.get(id).map_or("", |source| source.name())
}
