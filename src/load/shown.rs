//! What was read, in few words, for tests.

use std::fmt::Write;

use expect_test::Expect;

use super::{Options, read_all};
use crate::policy::{CollectionAction, Inventory, Rule, RuleCollection, RuleHead, Written};
use crate::source::{InputError, Source, Sources, Spanned, Warning};

/// Compares what one file holds, or why it cannot be read.
#[track_caller]
pub(super) fn check(text: &str, expected: Expect) {
    check_all(&[text], expected);
}

/// The same for several files.
#[track_caller]
pub(super) fn check_all(texts: &[&str], expected: Expect) {
    let mut sources = Sources::default();
    let ids: Vec<_> = texts.iter().map(|text| sources.add(Source::new("a.json", *text))).collect();
    let got = match read_all(&ids, &sources, &Options::default()) {
        Ok((inventory, warnings)) => {
            shown_inventory(&inventory)
                + &warnings.iter().map(|it| warning(&sources, it)).collect::<String>()
        }
        Err(errors) => errors.iter().map(error).collect(),
    };
    expected.assert_eq(&got);
}

/// The same for the rules of one collection of a group; only the rules are shown.
#[track_caller]
pub(super) fn check_rules(collection: &str, expected: Expect) {
    let text = format!(
        "{{\"name\": \"g\", \"priority\": 200, \"ruleCollections\": [{{\n\
         \"name\": \"c\", \"priority\": 100, {collection}}}]}}"
    );
    let mut sources = Sources::default();
    let id = sources.add(Source::new("a.json", text));
    let got = match read_all(&[id], &sources, &Options::default()) {
        Ok((inventory, warnings)) => {
            let rules = inventory.groups[0].collections[0].rules.iter().map(rule);
            let lines = rules.chain(warnings.iter().map(|it| warning(&sources, it)));
            lines.collect::<String>()
        }
        Err(errors) => errors.iter().map(error).collect(),
    };
    expected.assert_eq(&got);
}

fn error(error: &InputError) -> String {
    let help = miette::Diagnostic::help(error).map(|help| format!(" ({help})"));
    format!("{error}{}\n", help.unwrap_or_default())
}

fn warning(sources: &Sources, warning: &Warning) -> String {
    let line = warning.span.and_then(|span| sources.position(span)).map_or(0, |it| it.line);
    let help = warning.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    format!("{} in line {line}: {}{help}\n", warning.severity.name(), warning.message)
}

pub(super) fn shown_inventory(inventory: &Inventory) -> String {
    let mut text = String::new();
    for policy in &inventory.policies {
        let base = policy.base.as_ref().map(|it| format!(" based on {}", it.value.name()));
        let references = policy.group_references.len();
        let name = &policy.name.value;
        let base = base.unwrap_or_default();
        writeln!(text, "policy {name}{base}, {references} groups elsewhere").unwrap();
    }
    for group in &inventory.groups {
        let policy = group.policy.as_ref().map(|it| format!(" of {}", it.name()));
        let (name, priority) = (&group.name.value, group.priority.value);
        writeln!(text, "group {name}{} {priority}", policy.unwrap_or_default()).unwrap();
        text.extend(group.collections.iter().map(collection));
    }
    for firewall in &inventory.firewalls {
        let policy = firewall.policy.as_ref().map(|it| format!(" under {}", it.value.name()));
        writeln!(text, "firewall {}{}", firewall.name.value, policy.unwrap_or_default()).unwrap();
        text.extend(firewall.collections.iter().map(collection));
    }
    for group in &inventory.ip_groups {
        writeln!(text, "IP Group {} = {}", group.name.value, list(&group.addresses)).unwrap();
    }
    let tables = &inventory.tables;
    for (name, addresses) in &tables.dns {
        writeln!(text, "{name} = {addresses:?}").unwrap();
    }
    for (tag, names) in &tables.fqdn_tags {
        writeln!(text, "{tag} = {names:?}").unwrap();
    }
    for (name, category) in &tables.web_categories {
        writeln!(text, "{name} = {category}").unwrap();
    }
    for file in &tables.service_tags {
        writeln!(text, "service tags {:?} {:?}", file.change_number, file.cloud).unwrap();
        for (tag, addresses) in &file.tags {
            writeln!(text, "  {tag} = {addresses}").unwrap();
        }
    }
    text
}

fn collection(collection: &RuleCollection) -> String {
    let action = match collection.action.value {
        CollectionAction::Dnat => "DNAT",
        filter @ CollectionAction::Filter(_) => filter.name(),
    };
    let (name, priority) = (&collection.name.value, collection.priority.value);
    let rules: String =
        collection.rules.iter().flat_map(|it| ["  ".to_owned(), rule(it)]).collect();
    format!(" {name} {priority} {action}\n{rules}")
}

fn rule(rule: &Rule) -> String {
    let mut text = match rule {
        Rule::Network(rule) => format!(
            "network {} -> {}|{}|{}:{}",
            start(&rule.head, &list(&rule.protocols)),
            list(&rule.destinations),
            list(&rule.destination_ip_groups),
            list(&rule.destination_fqdns),
            list(&rule.destination_ports)
        ),
        Rule::Application(rule) => format!(
            "application {} -> {}|{}|{}|{}{}",
            start(&rule.head, &list(&rule.protocols)),
            list(&rule.target_fqdns),
            list(&rule.target_urls),
            list(&rule.fqdn_tags),
            list(&rule.web_categories),
            if rule.terminate_tls.as_ref().is_some_and(|it| it.value == Written::Value(true)) {
                " with inspection"
            } else {
                ""
            }
        ),
        Rule::Nat(rule) => format!(
            "nat {} -> {}:{} => {}{}:{}",
            start(&rule.head, &list(&rule.protocols)),
            list(&rule.destinations),
            list(&rule.destination_ports),
            list(rule.translated_address.as_slice()),
            list(rule.translated_fqdn.as_slice()),
            list(rule.translated_port.as_slice())
        ),
    };
    for field in &rule.head().unknown_fields {
        write!(text, " ?{}", field.value).unwrap();
    }
    text + "\n"
}

fn start(head: &RuleHead, protocols: &str) -> String {
    format!(
        "{}: {protocols} {}|{}",
        head.name.value,
        list(&head.sources),
        list(&head.source_ip_groups)
    )
}

/// Values that cannot be used are marked.
fn list<T: std::fmt::Display>(entries: &[Spanned<Written<T>>]) -> String {
    let shown = |entry: &Spanned<Written<T>>| match &entry.value {
        Written::Value(value) => value.to_string(),
        Written::Unresolved(text) => format!("?{text}"),
        Written::Invalid(text) => format!("!{text}"),
    };
    entries.iter().map(shown).collect::<Vec<_>>().join(",")
}
