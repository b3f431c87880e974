//! One file per input format, all ending in [`crate::policy`].
//!
//! What a file is shows in its content, never in its name: ARM templates, answers of the REST API,
//! output of the Azure CLI, of PowerShell and of Resource Graph, Terraform plans and states, tables
//! of rules, IP Group lists, side tables, service tags, the text form.

mod bundle;
pub mod classbench;
mod classic_part;
mod collection;
mod csv;
mod envelope;
mod fields;
mod firewall;
mod foreign;
mod group;
mod idps;
mod ip_group;
mod kind;
mod lines;
mod loader;
mod notes;
mod part;
mod policy;
mod regions;
mod rule;
mod rule_group;
mod rule_kind;
mod service_tags;
mod shape;
#[cfg(test)]
mod shown;
mod subnet;
mod tables;
pub mod template;
mod terraform;
mod truncation;
mod unknown_rule;

use self::envelope::{is_parameter_file, parameter_with_rules};
pub use self::foreign::decoded;
use self::loader::Loader;
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
    /// Which side of a Terraform plan is read.
    pub side: Side,
}

/// One side of a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// What is there now.
    Before,
    /// What will be there.
    #[default]
    After,
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
    Text(Box<(Inventory, Vec<Warning>)>),
    /// A table of rules.
    Table(csv::Header),
    /// A list without keys.
    Lines(lines::Form),
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
        errors.push(only_parameters(name(*id, sources), &options.parameters));
    }
    let (mut inventory, mut warnings) = (Inventory::default(), Vec::new());
    for (id, document) in files {
        let loaded = match document {
            Document::Json(nodes) => load(id, &nodes, sources, &options),
            Document::Text(loaded) => Ok(*loaded),
            Document::Table(header) => {
                load_with(id, sources, &options, |loader, text| loader.table(&header, id, text))
            }
            Document::Lines(form) => {
                load_with(id, sources, &options, |loader, text| loader.lines(form, id, text))
            }
        };
        match loaded {
            Ok((found, noted)) => {
                inventory.extend(found);
                warnings.extend(noted);
            }
            Err(error) => errors.push(error),
        }
    }
    classic_part::join_parts(&mut inventory);
    if errors.is_empty() { Ok((inventory, warnings)) } else { Err(errors) }
}

fn document(id: SourceId, sources: &Sources) -> Result<Document, Vec<InputError>> {
    let text = sources.get(id).map_or("", |source| source.text());
    if text::is_text_form(text) {
        let loaded = text::parse(text, id).map_err(|errors| errors.in_sources(sources))?;
        return Ok(Document::Text(Box::new(loaded)));
    }
    if !text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[', '/']) {
        if let Some(header) = csv::header(text) {
            return Ok(Document::Table(header));
        }
        if let Some(form) = lines::form(text, id) {
            return Ok(Document::Lines(form));
        }
    }
    let name = name(id, sources);
    let refusal = || foreign::refusal(name, text).or_else(|| csv::other_table(name, text));
    if let Some(error) = refusal() {
        return Err(vec![error]);
    }
    let nodes = json::documents(text, id).map_err(|error| {
        let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        if !start.starts_with(['{', '[', '/']) {
            let message = format!("`{name}` is neither JSON nor a rule set in text form");
            let help = "JSON begins with `{` or `[`, the text form with `policy`, `firewall`, \
                        `group` or `ip-group`";
            return vec![InputError::at(message, sources, error.span()).with_help(help)];
        }
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
    load_with(id, sources, options, |loader, _| {
        nodes.iter().try_for_each(|node| loader.document(node))
    })
}

fn load_with(
    id: SourceId,
    sources: &Sources,
    options: &Options,
    read: impl FnOnce(&mut Loader<'_>, &str) -> Result<(), InputError>,
) -> Result<(Inventory, Vec<Warning>), InputError> {
    let mut loader = Loader::new(name(id, sources), sources, options);
    read(&mut loader, sources.get(id).map_or("", |source| source.text()))?;
    loader.finish()
}

fn only_parameters(name: &str, files: &[Node]) -> InputError {
    let help = match files.iter().find_map(parameter_with_rules) {
        Some(parameter) => format!(
            "give the template it belongs to as well: what becomes of the rules in its parameter \
             `{parameter}` stands there"
        ),
        None => "give the template it belongs to as well".to_owned(),
    };
    InputError::new(format!("`{name}` is a parameter file")).with_help(help)
}

fn name(id: SourceId, sources: &Sources) -> &str {
    sources.get(id).map_or("", |source| source.name())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::source::Source;

    fn loaded(text: &str) -> Result<(Inventory, Vec<Warning>), Vec<InputError>> {
        let mut sources = Sources::default();
        let id = sources.add(Source::new("a.json", text));
        read(id, &sources, &Options::default())
    }

    fn answer() -> Value {
        let network = json!({"ruleType": "NetworkRule", "name": "n", "ipProtocols": ["TCP", "UDP"],
            "sourceAddresses": ["10.0.0.0/8"], "destinationFqdns": ["time.example.com"],
            "destinationPorts": [123, "8000-8999"]});
        let application = json!({"ruleType": "ApplicationRule", "name": "a", "sourceAddresses": ["*"],
            "protocols": [{"protocolType": "Https", "port": 443}], "targetFqdns": ["*.example.com"],
            "terminateTLS": true});
        let nat = json!({"ruleType": "NatRule", "name": "d", "ipProtocols": ["TCP"],
            "destinationAddresses": ["192.0.2.1"], "destinationPorts": ["443"],
            "translatedAddress": "10.0.0.4", "translatedPort": "8443"});
        let collection = |name: &str, priority: u32, action: &str, rule: Value| json!({"name": name, "priority": priority, "action": {"type": action}, "rules": [rule]});
        json!([
            {"name": "g", "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
             "properties": {"priority": 200, "ruleCollections": [
                collection("n", 100, "Allow", network), collection("a", 200, "Deny", application),
                collection("d", 300, "DNAT", nat)]}},
            {"name": "i", "type": "Microsoft.Network/ipGroups",
             "properties": {"ipAddresses": ["10.0.0.0/24", "10.0.1.4-10.0.1.9"]}}
        ])
    }

    /// The same content in another spelling, as `choice` has it: case of keys, nesting, numbers as
    /// text, a single entry without its list, empty fields.
    fn respelled(value: &Value, choice: &mut impl FnMut() -> bool) -> Value {
        match value {
            Value::Object(members) => {
                let mut changed = Map::new();
                for (key, value) in members {
                    let value = respelled(value, choice);
                    match value {
                        Value::Object(inner) if key == "properties" && choice() => {
                            changed.extend(inner);
                        }
                        value if choice() => drop(changed.insert(key.to_uppercase(), value)),
                        value => drop(changed.insert(key.clone(), value)),
                    }
                }
                if choice() {
                    changed.insert("sourceIpGroups".to_owned(), Value::Null);
                    changed.insert("etag".to_owned(), "x".into());
                }
                Value::Object(changed)
            }
            Value::Array(entries) if entries.len() == 1 && entries[0].is_string() && choice() => {
                entries[0].clone()
            }
            Value::Array(entries) => entries.iter().map(|it| respelled(it, choice)).collect(),
            Value::Number(number) if choice() => number.to_string().into(),
            other => other.clone(),
        }
    }

    /// JSON of the words that rule sets are written with.
    fn words() -> impl Strategy<Value = Value> {
        let word = prop::sample::select(vec![
            "name",
            "type",
            "properties",
            "priority",
            "ruleCollections",
            "rules",
            "action",
            "Allow",
            "DNAT",
            "ruleType",
            "NetworkRule",
            "NatRule",
            "sourceAddresses",
            "*",
            "10.0.0.0/8",
            "protocols",
            "protocolType",
            "Https",
            "port",
            "ipAddresses",
            "value",
            "data",
            "columns",
            "id",
            "parameters",
            "responses",
            "200",
            "body",
            "dns",
            "[parameters('a')]",
            "resources",
            "Microsoft.Network/ipGroups",
            "networkRuleCollections",
            "$schema",
            "ruleConditions",
            "deploymentTemplate.json",
            "contentVersion",
            "values",
            "addressPrefixes",
            "",
        ]);
        let key = word.clone();
        let leaf = prop_oneof![
            word.prop_map(Value::from),
            (0u32..70000).prop_map(Value::from),
            Just(Value::Null),
            Just(Value::Bool(true)),
        ];
        leaf.prop_recursive(6, 60, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((key.clone(), inner), 0..5).prop_map(|members| {
                    members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
                }),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        #[test]
        fn spelling_does_not_change_what_is_read(choices in prop::collection::vec(any::<bool>(), 200)) {
            let mut choices = choices.into_iter().cycle();
            let other = respelled(&answer(), &mut || choices.next().unwrap());
            let (expected, _) = loaded(&answer().to_string()).unwrap();
            let (got, warnings) = loaded(&other.to_string()).unwrap();
            prop_assert_eq!(got, expected);
            prop_assert_eq!(warnings, vec![]);
        }

        #[test]
        fn no_json_is_too_strange(value in words()) {
            let text = value.to_string();
            let Ok((inventory, warnings)) = loaded(&text) else { return Ok(()) };
            let of_groups = inventory.groups.iter().flat_map(|group| &group.collections);
            let of_firewalls = inventory.firewalls.iter().flat_map(|it| &it.collections);
            let rules = of_groups.chain(of_firewalls).flat_map(|collection| &collection.rules);
            let spans = rules.map(|rule| rule.head().span.0);
            for span in spans.chain(warnings.iter().map(|warning| warning.span)) {
                prop_assert!(span.is_some_and(|span| (span.end as usize) <= text.len()));
            }
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let text = decoded("a", bytes).map_err(|error| vec![error]);
            let errors = text.and_then(|text| loaded(&text).map(drop)).unwrap_err();
            prop_assert!(errors.iter().all(|error| !error.to_string().is_empty()));
        }
    }
}
