//! A value of a document and where it stands, for readers that say what they could not read.

use serde_json::{Map, Value};

/// A value and its path in the object: `spec.egress[0].to`.
#[derive(Debug, Clone)]
pub(super) struct Item<'a> {
    pub(super) value: &'a Value,
    pub(super) path: String,
}

/// What was wrong with one object, as `path: what`.
#[derive(Debug, Default)]
pub(super) struct Problems {
    pub(super) found: Vec<String>,
}

impl Problems {
    pub(super) fn add(&mut self, item: &Item<'_>, what: &str) {
        let path = if item.path.is_empty() { "the object" } else { &item.path };
        self.found.push(format!("`{path}` {what}"));
    }
}

impl<'a> Item<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    /// The field, unless it is absent or null, which Kubernetes does not tell apart.
    pub(super) fn field(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        let dot = if self.path.is_empty() { "" } else { "." };
        Some(Self { value, path: format!("{}{dot}{key}", self.path) })
    }

    /// The field of a field, where both are there.
    pub(super) fn at(&self, keys: &[&str]) -> Option<Self> {
        keys.iter().try_fold(self.clone(), |item, key| item.field(key))
    }

    pub(super) fn map(&self, problems: &mut Problems) -> Option<&'a Map<String, Value>> {
        let map = self.value.as_object();
        if map.is_none() {
            problems.add(self, "is no object");
        }
        map
    }

    /// The entries of a list; a problem where the value is none.
    pub(super) fn entries(&self, problems: &mut Problems) -> Vec<Self> {
        let Some(list) = self.value.as_array() else {
            problems.add(self, "is no list");
            return Vec::new();
        };
        let entry = |(index, value)| Self { value, path: format!("{}[{index}]", self.path) };
        list.iter().enumerate().map(entry).collect()
    }

    /// The entries of a list field; none where it is absent.
    pub(super) fn list(&self, key: &str, problems: &mut Problems) -> Vec<Self> {
        self.field(key).map(|list| list.entries(problems)).unwrap_or_default()
    }

    /// Whether those of the fields that are there are lists.
    pub(super) fn has_lists(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.field(key).is_none_or(|field| field.value.is_array()))
    }

    pub(super) fn text(&self, problems: &mut Problems) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            problems.add(self, "is no text");
        }
        text
    }

    /// The text of a field; `None` where it is absent, with a problem where it is no text.
    pub(super) fn word(&self, key: &str, problems: &mut Problems) -> Option<&'a str> {
        self.field(key)?.text(problems)
    }

    /// The text of a field, or of nothing.
    pub(super) fn plain(&self, keys: &[&str]) -> Option<&'a str> {
        self.at(keys)?.value.as_str()
    }

    pub(super) fn port(&self, problems: &mut Problems) -> Option<u16> {
        let port = self.value.as_u64().and_then(|port| u16::try_from(port).ok());
        if port.is_none_or(|port| port == 0) {
            problems.add(self, "is no port (1-65535)");
            return None;
        }
        port
    }

    /// Whether the value is an object with no other fields than these; a problem otherwise.
    ///
    /// A field that the API does not know was either misspelt or says what this reader cannot judge.
    pub(super) fn only(&self, keys: &[&str], problems: &mut Problems) -> bool {
        let Some(map) = self.map(problems) else { return false };
        let before = problems.found.len();
        for (key, value) in map {
            if !keys.contains(&key.as_str()) && !value.is_null() {
                problems.add(self, &format!("has the unknown field `{key}`"));
            }
        }
        problems.found.len() == before
    }
}
