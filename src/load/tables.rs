//! Side tables: facts that rule sets refer to and do not hold. Each is a file with one key.

use super::fields::{Fields, Subject, any_text, entries};
use super::notes::Notes;
use crate::net::{Fqdn, FqdnPattern};
use crate::policy::{SideTables, Written};
use crate::source::{Severity, Spanned};
use crate::syntax::json::{Member, Node};
use crate::syntax::value::{self, ValueError};

/// The side table that `node` is, if it is one.
pub(super) fn side_table(notes: &mut Notes<'_>, node: &Node) -> Option<SideTables> {
    let [table] = node.members() else { return None };
    let mut tables = SideTables::default();
    match table.key.value.to_ascii_lowercase().as_str() {
        "dns" => {
            for member in table.value.members() {
                let addresses = entry(notes, member, "address", value::ip_address);
                if let (Some(name), Some(addresses)) = (name(notes, member), addresses) {
                    tables.dns.insert(name.as_str().into(), addresses);
                }
            }
        }
        "fqdntags" => {
            for member in table.value.members() {
                if let Some(names) = patterns(notes, member) {
                    tables.fqdn_tags.insert(member.key.value.to_lowercase().into(), names);
                }
            }
        }
        "infrastructurefqdns" => {
            tables.infrastructure_fqdns = patterns(notes, table).unwrap_or_default();
        }
        "webcategories" => {
            for member in table.value.members() {
                let category = entry(notes, member, "web category", any_text);
                let category = category.and_then(|it| it.into_iter().next());
                if let (Some(name), Some(category)) = (name(notes, member), category) {
                    tables.web_categories.insert(name.as_str().into(), category);
                }
            }
        }
        _ => return None,
    }
    Some(tables)
}

/// The key of a member as a host name.
fn name(notes: &mut Notes<'_>, member: &Member) -> Option<Fqdn> {
    let name = Fqdn::new(&member.key.value);
    if name.is_none() {
        let span = member.key.span.unwrap_or(member.value.span);
        let help = "write a host name, or take the entry out";
        notes.warn_with_help(Severity::Error, "a name of the table is empty", span, help);
    }
    name
}

fn patterns(notes: &mut Notes<'_>, member: &Member) -> Option<Vec<FqdnPattern>> {
    entry(notes, member, "FQDN", value::fqdn_pattern)
}

/// The values of an entry. `None` when one of them cannot be read, which is reported: half a list
/// would say that what is left out is known not to be in it.
fn entry<T>(
    notes: &mut Notes<'_>,
    member: &Member,
    label: &str,
    parse: impl Fn(&str) -> Result<T, ValueError>,
) -> Option<Vec<T>> {
    let subject = Subject {
        fields: Fields::of(&member.value),
        what: "table entry",
        name: member.key.clone(),
    };
    let values = notes.values(&subject, entries(&member.value), label, parse);
    let value = |value: Spanned<Written<T>>| match value.value {
        Written::Value(value) => Some(value),
        Written::Unresolved(_) | Written::Invalid(_) => None,
    };
    let known: Option<Vec<T>> = values.into_iter().map(value).collect();
    if known.is_none() {
        let message = format!("the table entry `{}` counts as not known", member.key.value);
        let help = "one of its values cannot be read: correct it, or take it out";
        notes.warn_with_help(Severity::Error, message, member.value.span, help);
    }
    known
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::shown::check;

    #[test]
    fn each_table_is_known_by_its_key() {
        check(
            r#"{"dns": {"A.Example.com.": ["192.0.2.4", "2001:db8::1"], "dead.example.com": []}}"#,
            expect![[r#"
                a.example.com = [192.0.2.4, 2001:db8::1]
                dead.example.com = []
            "#]],
        );
        check(
            r#"{"fqdnTags": {"WindowsUpdate": ["*.update.example.com"]}}"#,
            expect![[r#"
            windowsupdate = [Suffix(".update.example.com")]
        "#]],
        );
        check(
            r#"{"webCategories": {"WWW.example.com": "News"}}"#,
            expect![[r#"
            www.example.com = News
        "#]],
        );
        check(r#"{"dns": {}}"#, expect![]);
    }

    #[test]
    fn bad_entries_are_reported() {
        check(
            r#"{"dns": {"a.example.com": ["192.0.2.4", "192.0.2.400"], ".": ["192.0.2.1"]}}"#,
            expect![[r#"
                error in line 1: the table entry `a.example.com` counts as not known (one of its values cannot be read: correct it, or take it out)
                error in line 1: invalid address `192.0.2.400` in table entry `a.example.com`: `192.0.2.400` is no IP address (each of the four numbers is 0 to 255)
                error in line 1: a name of the table is empty (write a host name, or take the entry out)
            "#]],
        );
        check(
            r#"{"dns": {}, "other": {}}"#,
            expect![[r#"
            no rule set found in `a.json` (found instead: 1 × object with `dns`, `other`)
        "#]],
        );
    }
}
