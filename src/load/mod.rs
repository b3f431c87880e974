//! One file per input format, all ending in [`crate::policy`].
//!
//! What a file is shows in its content, never in its name: ARM templates, answers of the REST API,
//! output of the Azure CLI, of PowerShell and of Resource Graph, side tables, service tags.

pub mod classbench;
mod collection;
mod envelope;
mod fields;
mod firewall;
mod foreign;
mod group;
mod ip_group;
mod kind;
mod notes;
mod policy;
mod rule;
mod rule_group;
mod service_tags;
#[cfg(test)]
mod shown;
mod tables;
pub mod template;
mod truncation;

use self::envelope::{Loader, is_parameter_file};
pub use self::foreign::decoded;
pub use self::template::{Cloud, TemplateSettings};
use crate::policy::Inventory;
use crate::source::{InputError, SourceId, Sources, Warning};
use crate::syntax::json::{self, Node};
use crate::syntax::text;

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
) -> Result<(Inventory, Vec<Warning>), Vec<InputError>> {
    read_all(&[id], sources, options)
}

/// What one file is, before it is taken apart.
enum Document {
    Json(Vec<Node>),
    /// The text form, which is read in one go.
    Text(Inventory, Vec<Warning>),
}

/// What several files hold together. Parameter files among them count for all templates.
///
/// # Errors
///
/// As [`read`], for each of the files; all errors are gathered.
pub fn read_all(
    ids: &[SourceId],
    sources: &Sources,
    options: &Options,
) -> Result<(Inventory, Vec<Warning>), Vec<InputError>> {
    let mut options = options.clone();
    let (mut files, mut errors) = (Vec::new(), Vec::new());
    for &id in ids {
        match document(id, sources) {
            Ok(Document::Json(nodes))
                if !nodes.is_empty() && nodes.iter().all(is_parameter_file) =>
            {
                options.parameters.extend(nodes);
            }
            Ok(document) => files.push((id, document)),
            Err(found) => errors.extend(found),
        }
    }
    if let ([id, ..], [], []) = (ids, files.as_slice(), errors.as_slice()) {
        errors.push(only_parameters(name(*id, sources)));
    }
    let (mut inventory, mut warnings) = (Inventory::default(), Vec::new());
    for (id, document) in files {
        let loaded = match document {
            Document::Json(nodes) => load(id, &nodes, sources, &options),
            Document::Text(inventory, warnings) => Ok((inventory, warnings)),
        };
        match loaded {
            Ok((found, noted)) => {
                inventory.extend(found);
                warnings.extend(noted);
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok((inventory, warnings)) } else { Err(errors) }
}

fn document(id: SourceId, sources: &Sources) -> Result<Document, Vec<InputError>> {
    let text = sources.get(id).map_or("", |source| source.text());
    if text::is_text_form(text) {
        let (inventory, warnings) =
            text::parse(text, id).map_err(|errors| errors.in_sources(sources))?;
        return Ok(Document::Text(inventory, warnings));
    }
    if let Some(error) = foreign::refusal(name(id, sources), text) {
        return Err(vec![error]);
    }
    let nodes = json::documents(text, id).map_err(|error| {
        let input = InputError::at(error.to_string(), sources, error.span());
        vec![match error.help() {
            Some(help) => input.with_help(help),
            None => input,
        }]
    })?;
    Ok(Document::Json(nodes))
}

fn load(
    id: SourceId,
    nodes: &[Node],
    sources: &Sources,
    options: &Options,
) -> Result<(Inventory, Vec<Warning>), InputError> {
    let mut loader = Loader::new(name(id, sources), sources, options);
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
