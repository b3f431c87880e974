//! The YAML form, as it stands in the file.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

use super::SuiteError;

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    pub(super) title: Option<String>,
    pub(super) source: Option<String>,
    pub(super) date: Option<String>,
    #[serde(default)]
    pub(super) parameters: Vec<Parameter>,
    #[serde(default)]
    pub(super) defaults: Map<String, Value>,
    #[serde(default)]
    pub(super) tests: Vec<Spanned<Entry>>,
    #[serde(default)]
    pub(super) groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Parameter {
    pub(super) name: String,
    #[serde(default)]
    pub(super) about: String,
    pub(super) default: Option<String>,
    #[serde(default)]
    pub(super) optional: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Group {
    pub(super) name: String,
    #[serde(default)]
    pub(super) level: Level,
    pub(super) source: Option<String>,
    pub(super) date: Option<String>,
    pub(super) fqdn_tag: Option<String>,
    #[serde(default)]
    pub(super) defaults: Map<String, Value>,
    pub(super) tests: Vec<Spanned<Entry>>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    #[default]
    Required,
    Recommended,
    Optional,
}

impl From<Level> for super::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Required => Self::Required,
            Level::Recommended => Self::Recommended,
            Level::Optional => Self::Optional,
        }
    }
}

/// A test: a line, several of which one suffices, or fields.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    Line(String),
    AnyOf(Vec<String>),
    Fields(Map<String, Value>),
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a flow, a list of flows or the fields of a test")
    }

    fn visit_str<E>(self, text: &str) -> Result<Entry, E> {
        Ok(Entry::Line(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Entry, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(Entry::AnyOf)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Entry, A::Error> {
        Map::deserialize(MapAccessDeserializer::new(fields)).map(Entry::Fields)
    }
}

/// Reads a file.
pub(super) fn file(text: &str) -> Result<File, SuiteError> {
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let place = error.location();
        let number = |number: u64| usize::try_from(number).unwrap_or(0);
        // The place stands beside the message already.
        let shown = error.to_string();
        let first = shown.lines().next().unwrap_or("");
        let message = first
            .split_once(": ")
            .filter(|(place, _)| place.starts_with("line "))
            .map_or(first, |it| it.1);
        let message = message.split(" at line ").next().unwrap_or("");
        SuiteError {
            line: place.as_ref().map_or(0, |place| number(place.line())),
            column: place.as_ref().map_or(0, |place| number(place.column())),
            message: message.trim_end_matches([',', '.']).to_owned(),
            help: Some("the form of a test file is in `docs/test.md`".to_owned()),
        }
    })
}
