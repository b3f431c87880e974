//! Manifests and exports as documents: JSON or YAML, one object, many, or lists of them.

use std::sync::Arc;

use serde_json::Value;

use crate::source::InputError;

/// One Kubernetes object as it was written, and the file it is from.
#[derive(Debug, Clone)]
pub struct Document {
    pub(super) file: Arc<str>,
    pub(super) value: Value,
}

impl Document {
    /// A document of a value that was read elsewhere.
    #[must_use]
    pub fn new(file: &str, value: Value) -> Self {
        Self { file: file.into(), value }
    }

    /// The objects of a file: what `kubectl get … -o json` or `-o yaml` prints, or manifests, with
    /// `---` between them. Lists are taken apart.
    ///
    /// # Errors
    ///
    /// If the text is neither JSON nor YAML.
    pub fn read_all(file: &str, text: &str) -> Result<Vec<Self>, InputError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let is_json = text.trim_start().starts_with(['{', '[']);
        let values = match is_json.then(|| json(text)) {
            Some(Ok(values)) => values,
            // YAML holds JSON and more, so its message would name what no one meant.
            Some(Err(error)) => yaml(text).map_err(|_| in_file(file, &error))?,
            None => yaml(text).map_err(|error| in_file(file, &error))?,
        };
        let file: Arc<str> = file.into();
        let mut documents = Vec::new();
        for value in values {
            take_apart(&file, value, &mut documents);
        }
        Ok(documents)
    }

    /// The object itself.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Whether this is an object of Kubernetes: it has a `kind` and an `apiVersion`.
    #[must_use]
    pub fn is_kubernetes(&self) -> bool {
        self.value.get("kind").is_some_and(Value::is_string)
            && self.value.get("apiVersion").is_some_and(Value::is_string)
    }
}

fn in_file(file: &str, error: &str) -> InputError {
    InputError::new(format!("{file}: {error}"))
        .with_help("write it with `kubectl get … -o json` or `-o yaml`")
}

fn json(text: &str) -> Result<Vec<Value>, String> {
    let values: Result<Vec<Value>, _> =
        serde_json::Deserializer::from_str(text).into_iter().collect();
    values.map_err(|error| error.to_string())
}

fn yaml(text: &str) -> Result<Vec<Value>, String> {
    // An export of a large cluster is far beyond what the defaults of the reader take for normal.
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_documents: 1_000_000,
            max_nodes: 100_000_000,
            max_events: 400_000_000,
            max_total_scalar_bytes: 4 << 30,
        },
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_multiple_with_options::<Value>(text, options)
        .map_err(|error| error.to_string())
}

/// `kind: List`, `PodList`, an array, and the `value` of other exports are their entries.
fn take_apart(file: &Arc<str>, mut value: Value, documents: &mut Vec<Document>) {
    if let Value::Array(entries) = value {
        for entry in entries {
            take_apart(file, entry, documents);
        }
        return;
    }
    let is_list = value.get("kind").and_then(Value::as_str).is_some_and(|k| k.ends_with("List"));
    if !is_list {
        documents.push(Document { file: Arc::clone(file), value });
        return;
    }
    let (kind, version) = (item_kind(&value), value.get("apiVersion").cloned());
    let Some(Value::Array(entries)) = value.get_mut("items").map(Value::take) else { return };
    for mut entry in entries {
        // The entries of a typed list may leave out what the list says.
        if let (Some(map), Some(kind)) = (entry.as_object_mut(), &kind) {
            map.entry("kind").or_insert_with(|| Value::String(kind.clone()));
            if let Some(version) = &version {
                map.entry("apiVersion").or_insert_with(|| version.clone());
            }
        }
        take_apart(file, entry, documents);
    }
}

/// `Pod` of a `PodList`; nothing of a plain `List`.
fn item_kind(list: &Value) -> Option<String> {
    let kind = list.get("kind")?.as_str()?.strip_suffix("List")?;
    (!kind.is_empty()).then(|| kind.to_owned())
}
