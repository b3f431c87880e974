//! Tables of rules, which azfw reads again.

use std::fmt::Display;

use crate::policy::{
    ClassicFirewall, Inventory, IpGroup, IpGroupRef, ResourceId, Rule, RuleCollection,
    RuleCollectionGroup, RuleHead, Settings, Written,
};
use crate::source::{Severity, Spanned, Warning};
use crate::syntax::csv::entry_text;
use crate::write::Output;
use crate::write::remarks::{Remarks, Resource, distinct, policy_of};

/// The columns, in order.
const COLUMNS: [&str; 28] = [
    "Policy",
    "ParentPolicy",
    "Firewall",
    "RuleCollectionGroup",
    "RuleCollectionGroupPriority",
    "RuleCollectionName",
    "RuleCollectionPriority",
    "RuleCollectionAction",
    "RuleType",
    "RuleName",
    "Description",
    "Protocols",
    "SourceAddresses",
    "SourceIpGroups",
    "DestinationAddresses",
    "DestinationIpGroups",
    "DestinationFqdns",
    "DestinationPorts",
    "TargetFqdns",
    "TargetUrls",
    "FqdnTags",
    "WebCategories",
    "TerminateTLS",
    "HttpHeaders",
    "TranslatedAddress",
    "TranslatedFqdn",
    "TranslatedPort",
    "UnknownFields",
];

/// The rules of all policies, one in each row; an IP Group is a row of the type `IpGroup`.
///
/// Settings are no part of a table. Collections of a classic firewall have no groups.
#[must_use]
pub fn csv(inventory: &Inventory) -> Output {
    let mut remarks = Remarks::default();
    remarks.note_side_tables(inventory);
    let mut rows = Vec::new();
    for policy in &inventory.policies {
        remarks.note_missing_groups(inventory, policy);
        note_settings(&mut remarks, "policy", policy.name(), &policy.settings);
    }
    for group in distinct(&mut remarks, &inventory.groups, |a, b| a.policy == b.policy) {
        group_rows(&mut remarks, inventory, group, &mut rows);
    }
    for firewall in distinct(&mut remarks, &inventory.firewalls, |_, _| true) {
        firewall_rows(&mut remarks, firewall, &mut rows);
    }
    for group in distinct(&mut remarks, &inventory.ip_groups, |_, _| true) {
        rows.push(ip_group_row(group));
    }
    let text = table(&mut remarks, &rows);
    Output { text, warnings: remarks.warnings }
}

/// How the id of a resource begins whose place is not known.
const ANYWHERE: &str = "/subscriptions/*/resourceGroups/*/";

/// A row by the names of its columns.
#[derive(Debug, Clone, Default)]
struct Row {
    cells: Vec<(&'static str, String)>,
}

impl Row {
    fn put(&mut self, column: &'static str, text: impl Into<String>) {
        self.cells.push((column, text.into()));
    }

    fn list<T: Display>(&mut self, column: &'static str, values: &[Spanned<Written<T>>]) {
        self.put(column, joined(values));
    }

    fn cell(&self, column: &str) -> &str {
        let found = self.cells.iter().find(|(known, _)| *known == column);
        found.map_or("", |(_, text)| text)
    }
}

fn table(remarks: &mut Remarks, rows: &[Row]) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let mut write = |cells: Vec<String>| {
        if let Err(error) = writer.write_record(&cells) {
            let warning = Warning::new(Severity::Error, format!("cannot write: {error}"), None);
            remarks.warnings.push(warning);
        }
    };
    write(COLUMNS.iter().map(ToString::to_string).collect());
    for row in rows {
        write(COLUMNS.iter().map(|column| protected(row.cell(column))).collect());
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// A spreadsheet would run such a cell as a formula.
fn protected(text: &str) -> String {
    let starts = ['=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠'];
    if text.starts_with(starts) { format!("'{text}") } else { text.to_owned() }
}

fn note_settings(remarks: &mut Remarks, what: &str, name: &str, settings: &Settings) {
    let without_place = Settings { location: None, ..settings.clone() };
    if without_place != Settings::default() {
        let message = format!("settings of {what} `{name}` are not in the table");
        let help = "who reads it takes Azure's defaults: keep the settings elsewhere, or convert to \
                    `text` or `arm`";
        remarks.warn(message, None, help);
    }
}

fn firewall_rows(remarks: &mut Remarks, firewall: &ClassicFirewall, rows: &mut Vec<Row>) {
    note_settings(remarks, "firewall", firewall.name(), &firewall.settings);
    if let Some(policy) = &firewall.policy {
        let message = format!(
            "that policy `{}` governs firewall `{}` is not in the table",
            policy.value.name(),
            firewall.name()
        );
        remarks.warn(message, policy.span, "keep it elsewhere, or convert to `text` or `arm`");
    }
    let mut start = Row::default();
    start.put("Firewall", firewall.name());
    for collection in &firewall.collections {
        refuse_mixture(remarks, collection);
    }
    collections_rows(remarks, firewall.name(), &start, &firewall.collections, rows);
}

/// A classic firewall keeps its collections by the type of their rules.
fn refuse_mixture(remarks: &mut Remarks, collection: &RuleCollection) {
    let kind = std::mem::discriminant::<Rule>;
    let mut kinds = collection.rules.iter().map(kind);
    let first = kinds.next();
    if kinds.any(|kind| Some(kind) != first) {
        let name = &collection.name.value;
        let message = format!("rule collection `{name}` holds rules of several types");
        let help = "Azure takes one type of rules in a collection: put them into one each";
        remarks.impossible(message, collection.name.span, help);
    }
}

fn group_rows(
    remarks: &mut Remarks,
    inventory: &Inventory,
    group: &RuleCollectionGroup,
    rows: &mut Vec<Row>,
) {
    let policy = policy_of(inventory, group);
    let mut start = Row::default();
    let owner = policy.map(Resource::name).or_else(|| Some(group.policy.as_ref()?.name()));
    start.put("Policy", owner.unwrap_or_default());
    let parent = policy.and_then(|policy| policy.base.as_ref());
    start.put("ParentPolicy", parent.map(|base| base.value.name()).unwrap_or_default());
    start.put("RuleCollectionGroup", group.name());
    start.put("RuleCollectionGroupPriority", group.priority.value.to_string());
    collections_rows(remarks, group.name(), &start, &group.collections, rows);
    if group.collections.is_empty() {
        let message = format!("rule collection group `{}` is empty and left out", group.name());
        remarks.warn(message, group.name.span, "a table holds rules only");
    }
}

fn collections_rows(
    remarks: &mut Remarks,
    owner: &str,
    start: &Row,
    collections: &[RuleCollection],
    rows: &mut Vec<Row>,
) {
    let mut names = Vec::new();
    for collection in collections {
        let name = &collection.name.value;
        if names.contains(&name) {
            let message = format!("two rule collections of `{owner}` are called `{name}`");
            let help = "give them different names: a table tells them apart by name";
            remarks.impossible(message, collection.name.span, help);
        }
        names.push(name);
        collection_rows(remarks, start, collection, rows);
    }
}

fn collection_rows(
    remarks: &mut Remarks,
    start: &Row,
    collection: &RuleCollection,
    rows: &mut Vec<Row>,
) {
    if collection.rules.is_empty() {
        let message = format!("rule collection `{}` is empty and left out", collection.name.value);
        remarks.warn(message, collection.name.span, "a table holds rules only");
    }
    for rule in &collection.rules {
        let mut row = start.clone();
        row.put("RuleCollectionName", collection.name.value.as_str());
        row.put("RuleCollectionPriority", collection.priority.value.to_string());
        row.put("RuleCollectionAction", collection.action.value.name());
        rule_cells(rule, &mut row);
        rows.push(row);
    }
}

fn rule_cells(rule: &Rule, row: &mut Row) {
    head_cells(rule.head(), row);
    match rule {
        Rule::Network(rule) => {
            row.put("RuleType", "NetworkRule");
            row.list("Protocols", &rule.protocols);
            row.list("DestinationAddresses", &rule.destinations);
            row.put("DestinationIpGroups", groups(&rule.destination_ip_groups));
            row.list("DestinationFqdns", &rule.destination_fqdns);
            row.list("DestinationPorts", &rule.destination_ports);
        }
        Rule::Application(rule) => {
            row.put("RuleType", "ApplicationRule");
            row.list("Protocols", &rule.protocols);
            row.list("DestinationAddresses", &rule.destinations);
            row.list("TargetFqdns", &rule.target_fqdns);
            row.list("TargetUrls", &rule.target_urls);
            row.list("FqdnTags", &rule.fqdn_tags);
            row.list("WebCategories", &rule.web_categories);
            row.list("TerminateTLS", rule.terminate_tls.as_slice());
            let headers = rule.http_headers.iter().map(|header| {
                entry_text(&format!("{}: {}", header.value.name, header.value.value), false)
            });
            row.put("HttpHeaders", headers.collect::<Vec<_>>().join(", "));
        }
        Rule::Nat(rule) => {
            row.put("RuleType", "NatRule");
            row.list("Protocols", &rule.protocols);
            row.list("DestinationAddresses", &rule.destinations);
            row.list("DestinationPorts", &rule.destination_ports);
            row.list("TranslatedAddress", rule.translated_address.as_slice());
            row.list("TranslatedFqdn", rule.translated_fqdn.as_slice());
            row.list("TranslatedPort", rule.translated_port.as_slice());
        }
    }
}

fn head_cells(head: &RuleHead, row: &mut Row) {
    row.put("RuleName", head.name.value.as_str());
    row.put("Description", head.description.as_deref().unwrap_or_default());
    row.list("SourceAddresses", &head.sources);
    row.put("SourceIpGroups", groups(&head.source_ip_groups));
    let unknown = head.unknown_fields.iter().map(|field| entry_text(&field.value, false));
    row.put("UnknownFields", unknown.collect::<Vec<_>>().join(", "));
}

fn joined<T: Display>(values: &[Spanned<Written<T>>]) -> String {
    let texts = values.iter().map(|value| match &value.value {
        Written::Value(known) => entry_text(&known.to_string(), false),
        Written::Invalid(text) => entry_text(text, false),
        Written::Unresolved(text) => entry_text(text, true),
    });
    texts.collect::<Vec<_>>().join(", ")
}

/// IP Groups by name where any of that name is meant, else by id.
fn groups(references: &[Spanned<IpGroupRef>]) -> String {
    let texts = references.iter().map(|reference| match &reference.value {
        Written::Value(id) => {
            let name = id.name();
            let is_plain = id.as_str().starts_with(ANYWHERE);
            entry_text(if is_plain { name } else { id.as_str() }, false)
        }
        Written::Invalid(text) => entry_text(text, false),
        Written::Unresolved(text) => entry_text(text, true),
    });
    texts.collect::<Vec<_>>().join(", ")
}

fn ip_group_row(group: &IpGroup) -> Row {
    let mut row = Row::default();
    row.put("RuleType", "IpGroup");
    let id = group.id.as_ref().map(ResourceId::as_str).filter(|id| !id.starts_with(ANYWHERE));
    row.put("RuleName", id.unwrap_or(group.name()));
    row.list("SourceAddresses", &group.addresses);
    row
}
