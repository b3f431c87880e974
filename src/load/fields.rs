//! The fields of a resource, a collection or a rule, in whatever spelling they come.
//!
//! REST nests a resource's content under `properties`, the Azure CLI and PowerShell flatten it, at
//! every level; keys differ in case; missing, `null` and `[]` mean the same; numbers come as texts.

use std::fmt;
use std::slice;

use smol_str::{SmolStr, ToSmolStr};

use super::notes::{Notes, quoted};
use super::part::GIVE_VALUES;
use crate::net::PortRange;
use crate::policy::{Address, IpGroupRef, Priority, ResourceId, Written};
use crate::source::{InputError, Severity, Span, Spanned};
use crate::syntax::json::{Member, Node, Value};
use crate::syntax::value::{self, ParsedAddress, ValueError};

/// An object, and the one that holds more of its fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'n> {
    outer: &'n Node,
    inner: Option<&'n Node>,
}

impl<'n> Fields<'n> {
    /// The fields of `node` and of its `properties`.
    pub(super) fn of(node: &'n Node) -> Self {
        let inner = node.get("properties").filter(|inner| !inner.members().is_empty());
        Self { outer: node, inner }
    }

    /// The fields of two objects together; `inner` comes first.
    pub(super) fn layered(outer: &'n Node, inner: &'n Node) -> Self {
        Self { outer, inner: Some(inner) }
    }

    /// The field `key`, unless it is `null`.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        let layers = [self.inner, Some(self.outer)].into_iter().flatten();
        layers.filter_map(|layer| layer.get(key)).find(|node| !node.is_null())
    }

    /// The first of several spellings that is there.
    pub(super) fn first(&self, keys: &[&str]) -> Option<&'n Node> {
        keys.iter().find_map(|key| self.get(key))
    }

    /// Whether the field `key` holds something.
    pub(super) fn holds(&self, key: &str) -> bool {
        self.get(key).is_some_and(|node| !is_empty(node))
    }

    /// The entries of a list; a single value is a list of one.
    pub(super) fn entries(&self, keys: &[&str]) -> &'n [Node] {
        self.first(keys).map_or(&[], entries)
    }

    /// A text that is not empty.
    pub(super) fn text(&self, key: &str) -> Option<SmolStr> {
        match scalar(self.get(key)?)? {
            Scalar::Text(text) | Scalar::Unresolved(text) if !text.is_empty() => Some(text),
            Scalar::Text(_) | Scalar::Unresolved(_) => None,
        }
    }

    /// A text that is neither empty nor an expression.
    pub(super) fn known_text(&self, key: &str) -> Option<SmolStr> {
        match scalar(self.get(key)?)? {
            Scalar::Text(text) if !text.is_empty() => Some(text),
            Scalar::Text(_) | Scalar::Unresolved(_) => None,
        }
    }

    /// The same as [`Self::text`] with its place.
    pub(super) fn spanned_text(&self, key: &str) -> Option<Spanned<SmolStr>> {
        Some(Spanned::new(self.text(key)?, self.get(key)?.span))
    }

    /// The `id` of an object within, such as `firewallPolicy`; a text stands for its own id.
    pub(super) fn reference(&self, keys: &[&str]) -> Option<Spanned<ResourceId>> {
        self.first(keys).and_then(reference)
    }

    pub(super) fn span(&self) -> Span {
        self.outer.span
    }

    /// All members of both objects.
    pub(super) fn members(&self) -> impl Iterator<Item = &'n Member> {
        let layers = [self.inner, Some(self.outer)].into_iter().flatten();
        layers.flat_map(Node::members).filter(|member| !is_named(member, "properties"))
    }
}

/// How a value is written that messages call `label`.
fn form(label: &str) -> Option<&'static str> {
    let forms = [
        ("translated address", "write one address: `10.0.0.4`"),
        ("FQDN", "write a name: `www.contoso.com`, or `*.contoso.com` where patterns are allowed"),
        ("URL", "write host and path without `https://`: `www.contoso.com/path/*`"),
        ("address", "write `10.0.0.4`, `10.0.0.0/24`, `10.0.0.4-10.0.0.9` or `*`"),
        ("port", "write `443`, `8000-8999` or `*`"),
        ("protocol", "write `TCP`, `UDP`, `ICMP` or `Any`; in application rules `https:443`"),
        ("server", "write its address: `10.0.0.4`"),
    ];
    forms.iter().find(|(what, _)| label.contains(what)).map(|(_, help)| *help)
}

/// The entries of a list; a single value is a list of one.
pub(super) fn entries(node: &Node) -> &[Node] {
    match &node.value {
        Value::Array(entries) => entries,
        _ if is_empty(node) => &[],
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Object(_)
        | Value::Unresolved(_) => slice::from_ref(node),
    }
}

/// Whether the key of `member` is `key` in any case.
pub(super) fn is_named(member: &Member, key: &str) -> bool {
    member.key.value.eq_ignore_ascii_case(key)
}

/// Nothing is said: `null`, `""`, `[]`, `{}`, `false`, also `[""]`.
pub(super) fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) | Value::Number(_) | Value::Unresolved(_) => false,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(entries) => entries.iter().all(is_empty),
        Value::Object(members) => members.iter().all(|member| is_empty(&member.value)),
    }
}

/// The id of an object `{"id": …}`; a text stands for its own id.
pub(super) fn reference(node: &Node) -> Option<Spanned<ResourceId>> {
    let node = node.get("id").unwrap_or(node);
    match scalar(node)? {
        Scalar::Text(text) | Scalar::Unresolved(text) if !text.is_empty() => {
            Some(Spanned::new(ResourceId::new(&text), node.span))
        }
        Scalar::Text(_) | Scalar::Unresolved(_) => None,
    }
}

/// A single value as text, or an expression that nothing offline settles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scalar {
    Text(SmolStr),
    Unresolved(SmolStr),
}

/// The single value of a node; `None` for `null`, objects and arrays.
pub(super) fn scalar(node: &Node) -> Option<Scalar> {
    match &node.value {
        Value::String(text) if is_expression(text) => Some(Scalar::Unresolved(text.clone())),
        Value::String(text) => Some(Scalar::Text(trimmed(text))),
        Value::Number(digits) => Some(Scalar::Text(digits.clone())),
        Value::Bool(value) => Some(Scalar::Text(value.to_smolstr())),
        Value::Unresolved(text) => Some(Scalar::Unresolved(text.clone())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The text without blank space around it; nearly none has any.
fn trimmed(text: &SmolStr) -> SmolStr {
    let bytes = text.as_bytes();
    let is_bare = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    if is_bare(bytes.first()) && is_bare(bytes.last()) {
        return text.clone();
    }
    text.trim().into()
}

/// A template expression that stands outside of a template, in a fragment somebody cut out.
fn is_expression(text: &str) -> bool {
    text.starts_with('[') && !text.starts_with("[[") && text.ends_with(']') && text.contains('(')
}

/// The priority of what is alone and has none.
const PRIORITY_ALONE: Priority = 100;

/// What messages speak about: a rule, a collection, a group, …
#[derive(Debug, Clone)]
pub(super) struct Subject<'n> {
    pub(super) fields: Fields<'n>,
    pub(super) what: &'static str,
    pub(super) name: Spanned<SmolStr>,
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.what, self.name.value)
    }
}

/// Whether a list of addresses may hold service tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tags {
    Allowed,
    Refused,
}

impl Notes<'_> {
    /// The list `keys` of `subject`, each entry read by `parse`. Empty texts are left out, because
    /// Terraform writes them for what is not set.
    pub(super) fn list<T>(
        &mut self,
        subject: &Subject<'_>,
        keys: &[&str],
        label: &str,
        parse: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Vec<Spanned<Written<T>>> {
        self.values(subject, subject.fields.entries(keys), label, parse)
    }

    /// The same for entries that stand elsewhere.
    pub(super) fn values<T>(
        &mut self,
        subject: &Subject<'_>,
        entries: &[Node],
        label: &str,
        parse: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Vec<Spanned<Written<T>>> {
        let entries = entries.iter();
        entries.filter_map(|entry| self.entry(subject, entry, label, &parse)).collect()
    }

    /// The single value `key` of `subject`.
    pub(super) fn single<T>(
        &mut self,
        subject: &Subject<'_>,
        key: &str,
        label: &str,
        parse: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Option<Spanned<Written<T>>> {
        self.entry(subject, subject.fields.get(key)?, label, &parse)
    }

    fn entry<T>(
        &mut self,
        subject: &Subject<'_>,
        entry: &Node,
        label: &str,
        parse: &impl Fn(&str) -> Result<T, ValueError>,
    ) -> Option<Spanned<Written<T>>> {
        let written = match scalar(entry) {
            Some(Scalar::Text(text)) if text.is_empty() => return None,
            Some(Scalar::Text(text)) => match parse(&text) {
                Ok(value) => Written::Value(value),
                Err(error) => {
                    self.invalid(subject, label, &text, error, entry.span);
                    Written::Invalid(text)
                }
            },
            Some(Scalar::Unresolved(expression)) => Written::Unresolved(expression),
            // PowerShell writes `{}` for an empty list.
            None if is_empty(entry) => return None,
            None => {
                let text = self.written(entry.span);
                let message = "expected a text".to_owned();
                let error = ValueError { message, help: None, offset: 0 };
                self.invalid(subject, label, &text, error, entry.span);
                Written::Invalid(text.into())
            }
        };
        Some(Spanned::new(written, entry.span))
    }

    /// Reports a value that is none of its kind.
    pub(super) fn invalid(
        &mut self,
        subject: &Subject<'_>,
        label: &str,
        text: &str,
        error: ValueError,
        span: Span,
    ) {
        let message = format!("invalid {label} `{text}` in {subject}: {}", error.message);
        match error.help.or_else(|| form(label).map(str::to_owned)) {
            Some(help) => self.warn_with_help(Severity::Error, message, span, help),
            None => self.warn(Severity::Error, message, span),
        }
    }

    /// A list of addresses. Host bits behind a prefix are dropped, as Azure does.
    pub(super) fn addresses(
        &mut self,
        subject: &Subject<'_>,
        keys: &[&str],
        label: &str,
        tags: Tags,
    ) -> Vec<Spanned<Written<Address>>> {
        let entries = self.list(subject, keys, label, address);
        for entry in &entries {
            self.note_address(subject, label, entry, tags);
        }
        let plain = |entry: Spanned<Written<ParsedAddress>>| {
            entry.map(|written| written.map(|parsed| parsed.address))
        };
        entries.into_iter().map(plain).collect()
    }

    fn note_address(
        &mut self,
        subject: &Subject<'_>,
        label: &str,
        entry: &Spanned<Written<ParsedAddress>>,
        tags: Tags,
    ) {
        let (Written::Value(parsed), Some(span)) = (&entry.value, entry.span) else { return };
        if parsed.host_bits {
            let message =
                format!("{label} `{}` in {subject} has host bits set", self.written(span));
            let help = format!("it is read as `{}`", parsed.address);
            self.warn_with_help(Severity::Warning, message, span, help);
        }
        if parsed.is_range_of_one {
            let message =
                format!("{label} `{}` in {subject} is a range of one", self.written(span));
            let help = format!("write `{}`", parsed.address);
            self.warn_with_help(Severity::Note, message, span, help);
        }
        if let (Address::ServiceTag(tag), Tags::Refused) = (&parsed.address, tags) {
            let message = format!("invalid {label} `{tag}` in {subject}: it is no address");
            let help = "service tags are destinations of network rules only";
            self.warn_with_help(Severity::Error, message, span, help);
        }
    }

    /// The list of ports of `subject`. What is read and not written as others write it is noted.
    pub(super) fn ports(&mut self, subject: &Subject<'_>) -> Vec<Spanned<Written<PortRange>>> {
        const LABEL: &str = "destination port";
        let ports = self.list(subject, &["destinationPorts"], LABEL, |text| {
            let is_range = text.contains('-');
            let range = value::port_range(text)?;
            let is_of_one = is_range && range.first() == range.last();
            let is_spaced = is_range && text.contains(char::is_whitespace);
            Ok((range, is_of_one, is_spaced))
        });
        for port in &ports {
            let (Written::Value((range, is_of_one, is_spaced)), Some(span)) =
                (&port.value, port.span)
            else {
                continue;
            };
            let what = match (is_of_one, is_spaced) {
                (false, false) => continue,
                (true, _) => "is a range of one",
                (false, true) => "has blank space in it, which other tools refuse",
            };
            let message = format!("{LABEL} `{}` in {subject} {what}", self.written(span));
            self.warn_with_help(Severity::Note, message, span, format!("write `{range}`"));
        }
        let plain = |port: Spanned<Written<(PortRange, bool, bool)>>| {
            port.map(|written| written.map(|(range, _, _)| range))
        };
        ports.into_iter().map(plain).collect()
    }

    /// The fields of an object within `subject`, such as `dnsSettings`.
    pub(super) fn within<'n>(
        &mut self,
        subject: &Subject<'n>,
        keys: &[&str],
    ) -> Option<Subject<'n>> {
        let node = subject.fields.first(keys)?;
        if let Some(Scalar::Unresolved(expression)) = scalar(node) {
            let key = keys.first().copied().unwrap_or_default();
            let message = format!("`{key}` of {subject} is not known: `{}`", quoted(&expression));
            self.warn_with_help(Severity::Error, message, node.span, "it is read as not set");
        }
        let fields = (!node.members().is_empty()).then(|| Fields::of(node))?;
        Some(Subject { fields, ..subject.clone() })
    }

    /// A list of references to IP Groups.
    pub(super) fn ip_groups(
        &mut self,
        subject: &Subject<'_>,
        key: &str,
    ) -> Vec<Spanned<IpGroupRef>> {
        let parse = |text: &str| {
            if text.contains('/') {
                return Ok(ResourceId::new(text));
            }
            let message = "expected the resource id of an IP Group".to_owned();
            let help = "write `/subscriptions/…/providers/Microsoft.Network/ipGroups/NAME`";
            Err(ValueError { message, help: Some(help.to_owned()), offset: 0 })
        };
        let entries = subject.fields.entries(&[key]).iter();
        entries
            .map(|entry| entry.get("id").unwrap_or(entry))
            .filter_map(|entry| self.entry(subject, entry, "IP Group", &parse))
            .collect()
    }

    /// The priority, without which nothing can be put in order. What is alone among `siblings` needs
    /// none: samples and cut out pieces leave it out.
    ///
    /// # Errors
    ///
    /// It is missing, no number, or depends on something that only a deployment knows.
    pub(super) fn priority(
        &mut self,
        subject: &Subject<'_>,
        siblings: usize,
    ) -> Result<Spanned<Priority>, InputError> {
        let span = subject.fields.span();
        let Some(node) = subject.fields.get("priority") else {
            if siblings == 1 {
                let message = format!("{subject} has no priority: {PRIORITY_ALONE} is assumed");
                self.warn(Severity::Note, message, span);
                return Ok(Spanned::unplaced(PRIORITY_ALONE));
            }
            let error = self.error(format!("{subject} has no priority"), span);
            return Err(error.with_help("write a `priority` of 100 to 65000"));
        };
        let priority = match scalar(node) {
            Some(Scalar::Text(text)) => text.parse::<Priority>().ok(),
            Some(Scalar::Unresolved(expression)) => {
                let message =
                    format!("the priority of {subject} is not known: `{}`", quoted(&expression));
                let error = self.error(message, node.span);
                return Err(error.with_help(GIVE_VALUES));
            }
            None => None,
        };
        let Some(priority) = priority else {
            let written = self.written(node.span);
            let error = self
                .error(format!("the priority `{written}` of {subject} is no number"), node.span);
            return Err(error.with_help("write a `priority` of 100 to 65000"));
        };
        Ok(Spanned::new(priority, node.span))
    }

    /// A yes or no on which no verdict depends; what is neither is reported.
    pub(super) fn flag(&mut self, subject: &Subject<'_>, key: &str) -> Option<Spanned<bool>> {
        let flag = self.single(subject, key, &format!("`{key}`"), boolean)?;
        let value = flag.value.value().copied();
        if let (Written::Unresolved(expression), Some(span)) = (&flag.value, flag.span) {
            let message = format!("`{key}` of {subject} is not known: `{}`", quoted(expression));
            self.warn_with_help(Severity::Error, message, span, "it is read as not set");
        }
        Some(Spanned { value: value?, span: flag.span })
    }
}

/// `true` or `false`, also as PowerShell and settings in text form write it.
pub(super) fn boolean(text: &str) -> Result<bool, ValueError> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "enabled" => Ok(true),
        "false" | "disabled" => Ok(false),
        _ => Err(ValueError {
            message: "expected `true` or `false`".to_owned(),
            help: Some("write one of the two".to_owned()),
            offset: 0,
        }),
    }
}

/// A text that is taken as it is.
#[expect(clippy::unnecessary_wraps, reason = "stands where readers of values do")]
pub(super) fn any_text(text: &str) -> Result<SmolStr, ValueError> {
    Ok(text.into())
}

/// An address, where what can only be a host name is no service tag.
fn address(text: &str) -> Result<ParsedAddress, ValueError> {
    let parsed = value::address(text)?;
    match &parsed.address {
        // Service tags have a region behind a dot at most.
        Address::ServiceTag(tag) if tag.matches('.').count() > 1 => Err(ValueError {
            message: "it looks like a host name".to_owned(),
            help: Some(
                "write names as `destinationFqdns` of a network rule or `targetFqdns` of an \
                 application rule"
                    .to_owned(),
            ),
            offset: 0,
        }),
        Address::ServiceTag(_) | Address::Any | Address::Range(_) => Ok(parsed),
    }
}
