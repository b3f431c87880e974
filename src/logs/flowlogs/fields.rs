//! Rows of named fields, whatever they come in: members of an object, cells of a table.

use std::borrow::Cow;
use std::net::IpAddr;

use smol_str::SmolStr;

use crate::logs::row::address;
use crate::logs::value::Value;

/// A row whose fields are found by name.
pub(in crate::logs) trait Fields {
    /// The text of a field that says something.
    fn text(&self, name: &str) -> Option<Cow<'_, str>>;
}

/// Whether a column is called `wanted`: case and what exports append do not count.
pub(super) fn is_named(name: &str, wanted: &str) -> bool {
    let bare = name.trim();
    let bare = bare.strip_suffix(" [UTC]").unwrap_or(bare);
    let is_suffixed = || {
        let ends = ["_s", "_d", "_b", "_g", "_t"];
        ends.iter().any(|end| bare.strip_suffix(end).is_some_and(|bare| same(bare, wanted)))
    };
    same(bare, wanted) || is_suffixed()
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// The members of a JSON object.
pub(in crate::logs) struct Members<'m, 'v>(pub(in crate::logs) &'m [(Cow<'v, str>, Value<'v>)]);

impl Fields for Members<'_, '_> {
    fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.iter().find(|(key, _)| is_named(key, name)).and_then(|(_, value)| shown(value))
    }
}

/// The text of a value; `None` where it says nothing.
pub(super) fn shown<'a>(value: &'a Value<'_>) -> Option<Cow<'a, str>> {
    match value {
        Value::Text(text) => said(text),
        Value::Integer(number) => Some(number.to_string().into()),
        Value::Float(number) => Some(number.to_string().into()),
        Value::Bool(truth) => Some(truth.to_string().into()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn said(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    // Zeek's words for nothing, and the one of the Azure command line.
    let is_nothing = matches!(text, "" | "-" | "(empty)" | "None");
    (!is_nothing).then_some(Cow::Borrowed(text))
}

/// Cells under the names of a header.
pub(in crate::logs) struct Named<'r, T> {
    pub(in crate::logs) names: &'r [String],
    pub(in crate::logs) cells: &'r [T],
}

impl Fields for Named<'_, Cow<'_, str>> {
    fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        let at = self.names.iter().position(|known| is_named(known, name))?;
        self.cells.get(at).and_then(|cell| said(cell))
    }
}

impl Fields for Named<'_, Value<'_>> {
    fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        let at = self.names.iter().position(|known| is_named(known, name))?;
        self.cells.get(at).and_then(shown)
    }
}

/// The address in a field.
pub(super) fn address_of(row: &dyn Fields, name: &str) -> Result<Option<IpAddr>, String> {
    row.text(name).map(|text| readable(&text, name, address)).transpose()
}

/// The port in a field, which real columns write as `443.0`.
pub(super) fn port_of(row: &dyn Fields, name: &str) -> Result<Option<u16>, String> {
    let port = |text: &str| text.strip_suffix(".0").unwrap_or(text).parse().ok();
    row.text(name).map(|text| readable(&text, name, port)).transpose()
}

/// The count in a field.
pub(super) fn count_of(row: &dyn Fields, name: &str) -> Option<u64> {
    let text = row.text(name)?;
    text.strip_suffix(".0").unwrap_or(&text).parse().ok()
}

/// The text in a field as it is kept.
pub(super) fn kept(row: &dyn Fields, name: &str) -> Option<SmolStr> {
    row.text(name).map(Into::into)
}

fn readable<T>(text: &str, name: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, String> {
    let shown: String = text.chars().take(60).collect();
    read(text.trim()).ok_or_else(|| format!("unreadable `{name}`: `{shown}`"))
}
