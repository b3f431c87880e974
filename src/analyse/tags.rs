//! Which names a rule set uses whose content stands elsewhere, and whether that is known.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::compile::{RulePath, Ruleset, letters};
use crate::policy::{Address, IpGroupRef, Rule, Written};
use crate::source::{Span, Spanned};

/// What kind of name it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TagKind {
    ServiceTag,
    FqdnTag,
    WebCategory,
    IpGroup,
}

impl TagKind {
    /// The words for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ServiceTag => "service tag",
            Self::FqdnTag => "FQDN tag",
            Self::WebCategory => "web category",
            Self::IpGroup => "IP Group",
        }
    }
}

/// A name and where it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedTag {
    pub kind: TagKind,
    /// As it is first written.
    pub name: String,
    /// Whether the given data says what it stands for.
    pub is_covered: bool,
    /// The rules that use it, in evaluation order.
    pub uses: Vec<TagUse>,
}

/// A rule that uses a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagUse {
    pub rule: RulePath,
    /// Where the name stands in it.
    pub span: Option<Span>,
}

/// All names that the rules use, by kind and name; names are compared without regard to case.
#[must_use]
pub fn used_tags(ruleset: &Ruleset) -> Vec<UsedTag> {
    let mut found: BTreeMap<(TagKind, String), UsedTag> = BTreeMap::new();
    for reference in ruleset.rules() {
        let info = ruleset.info(reference);
        for (kind, name, span) in names(&info.written) {
            let key = (kind, name.to_lowercase());
            let entry = found.entry(key).or_insert_with(|| UsedTag {
                is_covered: is_covered(ruleset, kind, &name),
                kind,
                name,
                uses: Vec::new(),
            });
            entry.uses.push(TagUse { rule: info.path.clone(), span });
        }
    }
    found.into_values().collect()
}

fn is_covered(ruleset: &Ruleset, kind: TagKind, name: &str) -> bool {
    let tables = &ruleset.tables;
    match kind {
        TagKind::ServiceTag => tables.service_tag(name).is_some(),
        TagKind::FqdnTag => tables.fqdn_tag(name).is_some(),
        TagKind::WebCategory => {
            let wanted = letters(name);
            tables.web_categories.values().any(|category| letters(category) == wanted)
        }
        TagKind::IpGroup => {
            let known =
                ruleset.ip_groups.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            known.is_some_and(|(_, content)| content.unknown.is_empty())
        }
    }
}

type Name = (TagKind, String, Option<Span>);

/// The names in one rule.
fn names(rule: &Rule) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    names.extend(rule.head().source_ip_groups.iter().map(ip_group));
    match rule {
        Rule::Network(rule) => {
            names.extend(rule.destinations.iter().filter_map(service_tag));
            names.extend(rule.destination_ip_groups.iter().map(ip_group));
        }
        Rule::Application(rule) => {
            names.extend(words(TagKind::FqdnTag, &rule.fqdn_tags));
            names.extend(words(TagKind::WebCategory, &rule.web_categories));
        }
        Rule::Nat(_) => {}
    }
    names
}

fn words(kind: TagKind, values: &[Spanned<Written<SmolStr>>]) -> impl Iterator<Item = Name> {
    values.iter().map(move |word| (kind, word.value.to_string(), word.span))
}

fn service_tag(address: &Spanned<Written<Address>>) -> Option<Name> {
    match &address.value {
        Written::Value(Address::ServiceTag(tag)) => {
            Some((TagKind::ServiceTag, tag.to_string(), address.span))
        }
        Written::Value(Address::Any | Address::Range(_))
        | Written::Unresolved(_)
        | Written::Invalid(_) => None,
    }
}

fn ip_group(reference: &Spanned<IpGroupRef>) -> Name {
    let name = match &reference.value {
        Written::Value(id) => id.name().to_owned(),
        Written::Unresolved(text) | Written::Invalid(text) => text.to_string(),
    };
    (TagKind::IpGroup, name, reference.span)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::compile::{Options as CompileOptions, compile};
    use crate::load::{Options, read_all};
    use crate::source::{Source, Sources};

    #[test]
    fn what_is_used_and_what_is_known() {
        let policy = "policy p\ngroup g 100\nallow network n 100\n  \
             a: tcp @servers -> AzureMonitor, Sql.WestEurope : 443\n  \
             b: tcp @gone -> tag azuremonitor, 192.0.2.1 : 443\n\
             allow application w 200\n  \
             c: https * -> tag AzureHDInsight, tag WindowsUpdate, category News, category Politics\n\
             ip-group servers = 10.0.0.0/24\n";
        let tables = [
            r#"{"values": [{"name": "AzureMonitor", "properties": {"addressPrefixes": ["192.0.2.0/25"]}}]}"#,
            r#"{"fqdnTags": {"HDInsight": ["*.hd.example.com"]}}"#,
            r#"{"webCategories": {"www.example.com": "Politics and law"}}"#,
        ];
        let mut sources = Sources::default();
        let ids: Vec<_> = std::iter::once(policy)
            .chain(tables)
            .map(|text| sources.add(Source::new("a", text)))
            .collect();
        let (inventory, _) = read_all(&ids, &sources, &Options::default()).unwrap();
        let (ruleset, _) = compile(&inventory, &CompileOptions::default()).unwrap();
        let lines = used_tags(&ruleset).into_iter().map(|tag| {
            let covered = if tag.is_covered { "known" } else { "not known" };
            let uses: Vec<String> = tag.uses.iter().map(|it| it.rule.to_string()).collect();
            format!("{} {} {covered}: {}\n", tag.kind.name(), tag.name, uses.join(", "))
        });
        expect![[r#"
            service tag AzureMonitor known: g/n/a, g/n/b
            service tag Sql.WestEurope not known: g/n/a
            FQDN tag AzureHDInsight known: g/w/c
            FQDN tag WindowsUpdate not known: g/w/c
            web category News not known: g/w/c
            web category Politics known: g/w/c
            IP Group gone not known: g/n/b
            IP Group servers known: g/n/a
        "#]]
        .assert_eq(&lines.collect::<String>());
    }
}
