//! How values are written in a line, so that they read back.

use std::fmt::Display;

use super::atom::{is_plain_name, is_plain_word};
use super::reader::{
    IP_GROUP, has_meaning, is_allowlist_name, is_dotted_name, reads_as_service_tag,
};
use crate::net::{Fqdn, FqdnPattern, UrlPattern};
use crate::policy::{Address, IpGroupRef, ResourceId, Written};
use crate::source::Spanned;
use crate::syntax::quoting::in_quotes;
use crate::syntax::value;

/// A name of a resource or rule.
pub(super) fn name(text: &str) -> String {
    if is_plain_name(text) { text.to_owned() } else { in_quotes('"', text) }
}

/// A text that stands for itself.
pub(super) fn word(text: &str) -> String {
    if is_plain_word(text) && !has_meaning(text) { text.to_owned() } else { in_quotes('"', text) }
}

/// Entries with commas between them; `none` where there are none.
pub(super) fn joined(words: impl IntoIterator<Item = String>) -> String {
    let words: Vec<String> = words.into_iter().collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// A value, an expression in backticks, or what is no value behind `!`.
pub(super) fn written<T>(written: &Written<T>, value: impl FnOnce(&T) -> String) -> String {
    match written {
        Written::Value(known) => value(known),
        Written::Unresolved(text) => in_quotes('`', text),
        Written::Invalid(text) => format!("!{}", in_quotes('"', text)),
    }
}

/// Values whose own text is how they are written, in lower case.
pub(super) fn plain<T: Display>(values: &[Spanned<Written<T>>]) -> Vec<String> {
    let lower = |value: &T| value.to_string().to_lowercase();
    values.iter().map(|value| written(&value.value, lower)).collect()
}

/// Entries of an address list.
pub(super) fn addresses(values: &[Spanned<Written<Address>>]) -> Vec<String> {
    values.iter().map(|value| written(&value.value, address)).collect()
}

fn address(address: &Address) -> String {
    match address {
        Address::ServiceTag(tag) if reads_as_service_tag(tag) => tag.to_string(),
        Address::ServiceTag(tag) => format!("tag {}", word(tag)),
        Address::Any | Address::Range(_) => address.to_string(),
    }
}

/// Addresses where service tags always say that they are some.
pub(super) fn allowlist_addresses(values: &[Spanned<Written<Address>>]) -> Vec<String> {
    let entry = |value: &Address| match value {
        Address::ServiceTag(tag) => format!("tag {}", word(tag)),
        Address::Any | Address::Range(_) => address(value),
    };
    values.iter().map(|value| written(&value.value, entry)).collect()
}

/// References to IP Groups.
pub(super) fn groups(values: &[Spanned<IpGroupRef>]) -> Vec<String> {
    let group = |value: &Spanned<IpGroupRef>| {
        format!("@{}", written(&value.value, |id| reference(id, IP_GROUP, &[])))
    };
    values.iter().map(group).collect()
}

/// A resource by its name where that means it, else by its id.
pub(super) fn reference(id: &ResourceId, kind: &str, parents: &[&str]) -> String {
    let text = id.as_str();
    let names: Vec<&str> = parents.iter().copied().chain([id.name()]).collect();
    if !id.name().starts_with("id:") && ResourceId::without_scope(kind, &names) == *id {
        return word(id.name());
    }
    if text.contains('/') && !text.starts_with("id:") {
        return word(text);
    }
    word(&format!("id:{text}"))
}

/// Names where a list expects addresses.
pub(super) fn qualified_fqdns(values: &[Spanned<Written<FqdnPattern>>]) -> Vec<String> {
    values.iter().map(|value| format!("fqdn {}", written(&value.value, pattern))).collect()
}

/// Names where a list expects names.
pub(super) fn target_fqdns(values: &[Spanned<Written<FqdnPattern>>]) -> Vec<String> {
    fqdns(values, is_dotted_name)
}

/// Names where a list expects addresses and names.
pub(super) fn allowlist_fqdns(values: &[Spanned<Written<FqdnPattern>>]) -> Vec<String> {
    let is_name = |text: &str| is_allowlist_name(text);
    let entry = |value: &Spanned<Written<FqdnPattern>>| match &value.value {
        Written::Value(name) if is_name(&pattern(name)) && is_bare(name) => pattern(name),
        other => format!("fqdn {}", written(other, pattern)),
    };
    values.iter().map(entry).collect()
}

fn fqdns(
    values: &[Spanned<Written<FqdnPattern>>],
    speaks_for_itself: impl Fn(&str) -> bool,
) -> Vec<String> {
    let entry = |name: &FqdnPattern| {
        let text = pattern(name);
        if is_bare(name) && speaks_for_itself(&text) { text } else { format!("fqdn {text}") }
    };
    values.iter().map(|value| written(&value.value, entry)).collect()
}

fn is_bare(name: &FqdnPattern) -> bool {
    let text = name.to_string();
    word(&text) == text && value::fqdn_pattern(&text).as_ref() == Ok(name)
}

fn pattern(name: &FqdnPattern) -> String {
    let text = name.to_string();
    if is_bare(name) { text } else { in_quotes('"', &text) }
}

/// Target URLs.
pub(super) fn urls(values: &[Spanned<Written<UrlPattern>>]) -> Vec<String> {
    let entry = |url: &UrlPattern| {
        let text = url.to_string();
        let is_bare = word(&text) == text && value::url_pattern(&text).as_ref() == Ok(url);
        if is_bare { text } else { in_quotes('"', &text) }
    };
    values.iter().map(|value| format!("url {}", written(&value.value, entry))).collect()
}

/// A name that is no pattern.
pub(super) fn fqdn(name: &Fqdn) -> String {
    word(name.as_str())
}
