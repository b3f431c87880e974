//! A rule of a table, in the shape of Azure's API.

use smol_str::format_smolstr;

use super::column::Column;
use super::row::Row;
use crate::load::notes::Notes;
use crate::load::shape::{Shape, list, text};
use crate::source::InputError;
use crate::syntax::json::{Node, Value};

/// Columns that hold a list, and Azure's names for it.
const LISTS: [(Column, &str); 8] = [
    (Column::Protocols, "protocols"),
    (Column::DestinationAddresses, "destinationAddresses"),
    (Column::DestinationFqdns, "destinationFqdns"),
    (Column::DestinationPorts, "destinationPorts"),
    (Column::TargetFqdns, "targetFqdns"),
    (Column::TargetUrls, "targetUrls"),
    (Column::FqdnTags, "fqdnTags"),
    (Column::WebCategories, "webCategories"),
];
/// Columns with a single value.
const SINGLES: [(Column, &str); 4] = [
    (Column::TerminateTls, "terminateTLS"),
    (Column::TranslatedAddress, "translatedAddress"),
    (Column::TranslatedFqdn, "translatedFqdn"),
    (Column::TranslatedPort, "translatedPort"),
];

/// The rule of a row.
///
/// # Errors
///
/// A list in it cannot be taken apart, or what a column holds is not clear.
pub(super) fn rule(notes: &Notes<'_>, row: &Row<'_>) -> Result<Node, InputError> {
    let kind = kind(row);
    let mut rule =
        Rule { shape: Shape::new(row.span), is_application: kind == Some("ApplicationRule") };
    if let Some(kind) = kind {
        rule.shape = rule.shape.with_text("ruleType", kind);
    }
    rule.shape = rule.shape.with("name", row.node(Column::Rule));
    rule.shape = rule.shape.with("description", row.node(Column::Description));
    for (column, key) in SINGLES {
        let value = row.list(notes, column)?;
        let value = match value.elements() {
            [only] => Some(only.clone()),
            _ => row.node(column),
        };
        rule.shape = rule.shape.with(key, value);
    }
    for (column, key) in LISTS {
        rule.add(key, row.list(notes, column)?);
    }
    rule.groups(row.list(notes, Column::SourceIpGroups)?, "sourceIpGroups");
    rule.groups(row.list(notes, Column::DestinationIpGroups)?, "destinationIpGroups");
    rule.sources(notes, row)?;
    rule.destinations(notes, row)?;
    rule.targets(row.list(notes, Column::Targets)?);
    rule.translated(row);
    rule.headers(row.list(notes, Column::HttpHeaders)?);
    rule.unknown(notes, row)?;
    Ok(rule.shape.node())
}

/// The type by its column, else by the collection's.
fn kind(row: &Row<'_>) -> Option<&'static str> {
    let of = |text: &str| {
        let text = text.to_ascii_lowercase();
        let known =
            [("nat", "NatRule"), ("network", "NetworkRule"), ("application", "ApplicationRule")];
        known.iter().find(|(word, _)| text.contains(word)).map(|(_, kind)| *kind)
    };
    let own = row.text(Column::RuleType).and_then(of);
    own.or_else(|| row.text(Column::CollectionType).and_then(of))
        .or_else(|| row.text(Column::Action).and_then(of))
}

/// A rule that grows.
struct Rule {
    shape: Shape,
    is_application: bool,
}

impl Rule {
    /// Adds entries to a list that other columns may have begun.
    fn add(&mut self, key: &str, entries: Node) {
        if entries.elements().is_empty() {
            return;
        }
        let shape = std::mem::replace(&mut self.shape, Shape::new(entries.span));
        self.shape = shape.with_entries(key, entries);
    }

    /// IP Groups by name or id.
    fn groups(&mut self, entries: Node, key: &str) {
        let Node { span, value: Value::Array(entries) } = entries else { return };
        let id = |node: Node| match &node.value {
            Value::String(name) if !name.contains('/') => {
                let name = name.trim_start_matches('@');
                let id = format_smolstr!(
                    "/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/{name}"
                );
                text(id, node.span)
            }
            _ => node,
        };
        self.add(key, list(entries.into_iter().map(id).collect(), span));
    }

    /// `Source`, whose type may stand beside it; an entry with `@` is an IP Group anyway.
    fn sources(&mut self, notes: &Notes<'_>, row: &Row<'_>) -> Result<(), InputError> {
        let sources = row.list(notes, Column::Source)?;
        let are_groups =
            row.text(Column::SourceType).is_some_and(|text| text.to_lowercase().contains("group"));
        let span = sources.span;
        let (groups, addresses): (Vec<Node>, Vec<Node>) =
            sources.elements().iter().cloned().partition(|node| are_groups || is_group(node));
        self.add("sourceAddresses", list(addresses, span));
        self.groups(list(groups, span), "sourceIpGroups");
        Ok(())
    }

    /// `Destination` with `DestinationType`.
    fn destinations(&mut self, notes: &Notes<'_>, row: &Row<'_>) -> Result<(), InputError> {
        let entries = row.list(notes, Column::Destination)?;
        if entries.elements().is_empty() {
            return Ok(());
        }
        let written = row.text(Column::DestinationType).unwrap_or_default();
        let letters: String =
            written.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let fqdns = if self.is_application { "targetFqdns" } else { "destinationFqdns" };
        let has = |word: &str| letters.contains(word);
        if has("group") {
            self.groups(entries, "destinationIpGroups");
        } else if has("fqdntag") {
            self.add("fqdnTags", entries);
        } else if has("url") {
            self.add("targetUrls", entries);
        } else if has("fqdn") {
            self.add(fqdns, entries);
        } else if has("categor") {
            self.add("webCategories", entries);
        } else if has("address") || has("ip") || has("tag") {
            self.add("destinationAddresses", entries);
        } else if letters.is_empty() {
            self.add(if self.is_application { fqdns } else { "destinationAddresses" }, entries);
        } else {
            let message = format!("unknown `{}` `{written}`", row.heading(Column::DestinationType));
            let help = "write `DestinationAddresses`, `DestinationIpGroups`, `DestinationFqdns`, \
                        `TargetFqdns`, `TargetUrls`, `FqdnTags` or `WebCategories`";
            return Err(notes.error(message, row.place(Column::DestinationType)).with_help(help));
        }
        Ok(())
    }

    /// Destinations as `azfw show` prints them.
    fn targets(&mut self, entries: Node) {
        let Node { span, value: Value::Array(entries) } = entries else { return };
        for entry in entries {
            let word = entry.text().and_then(|text| text.split_once(' '));
            let plain = if self.is_application { "targetFqdns" } else { "destinationAddresses" };
            let key = match word {
                Some(("fqdn", _)) => "destinationFqdns",
                Some(("url", _)) => "targetUrls",
                Some(("tag", _)) => "fqdnTags",
                Some(("category", _)) => "webCategories",
                Some(_) | None => plain,
            };
            let behind = word.filter(|_| key != plain).map(|(_, behind)| text(behind, entry.span));
            if is_group(&entry) {
                self.groups(list(vec![entry], span), "destinationIpGroups");
            } else {
                self.add(key, list(vec![behind.unwrap_or(entry)], span));
            }
        }
    }

    /// `address:port` as `azfw show` prints it.
    fn translated(&mut self, row: &Row<'_>) {
        let (Some(written), span) = (row.text(Column::Translated), row.place(Column::Translated))
        else {
            return;
        };
        let (target, port) = match written.rsplit_once(':') {
            // An IPv6 address without a port has colons too.
            Some((target, port)) if written.parse::<std::net::Ipv6Addr>().is_err() => {
                (target, Some(port))
            }
            Some(_) | None => (written, None),
        };
        let is_address = target.parse::<std::net::IpAddr>().is_ok();
        let key = if is_address { "translatedAddress" } else { "translatedFqdn" };
        let target = Some(text(target, span)).filter(|_| target != "(none)");
        let shape = std::mem::replace(&mut self.shape, Shape::new(span));
        self.shape =
            shape.with(key, target).with("translatedPort", port.map(|port| text(port, span)));
    }

    /// `Name: value`.
    fn headers(&mut self, entries: Node) {
        let header = |entry: &Node| {
            let written = entry.text().unwrap_or_default();
            let (name, value) = written.split_once(": ").unwrap_or((written, ""));
            Shape::new(entry.span)
                .with_text("headerName", name)
                .with_text("headerValue", value)
                .node()
        };
        let headers = entries.elements().iter().map(header).collect();
        self.add("httpHeadersToInsert", list(headers, entries.span));
    }

    /// Fields that were not known when the table was written limit the rule still.
    fn unknown(&mut self, notes: &Notes<'_>, row: &Row<'_>) -> Result<(), InputError> {
        let fields = row.list(notes, Column::UnknownFields)?;
        let others = row.list(notes, Column::Unknown)?;
        let others = others
            .elements()
            .iter()
            .filter(|node| node.text().is_some_and(|text| text.contains("field")));
        for node in fields.elements().iter().chain(others) {
            let shape = std::mem::replace(&mut self.shape, Shape::new(node.span));
            self.shape = shape.with(node.text().unwrap_or_default(), Some(text("?", node.span)));
        }
        Ok(())
    }
}

fn is_group(node: &Node) -> bool {
    node.text()
        .is_some_and(|text| text.starts_with('@') || text.to_lowercase().contains("/ipgroups/"))
}
