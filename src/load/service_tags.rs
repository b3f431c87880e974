//! Microsoft's service tags: the weekly `ServiceTags_*.json`, and the answer of the REST API.

use ipnet::IpNet;

use super::fields::{Fields, Subject, Tags};
use super::notes::Notes;
use super::regions::{RegionalTag, add_spellings};
use crate::net::{IpRange, IpSet};
use crate::policy::{Address, TagFile, Written};
use crate::source::Spanned;
use crate::syntax::json::Node;

/// Whether `node` is a list of service tags.
pub(super) fn is_tag_file(node: &Node) -> bool {
    let first = node.get("values").and_then(|values| values.elements().first());
    first.is_some_and(|tag| Fields::of(tag).get("addressPrefixes").is_some())
}

/// The tags of a list.
pub(super) fn tag_file(notes: &mut Notes<'_>, node: &Node) -> TagFile {
    let fields = Fields::of(node);
    let mut file = TagFile {
        change_number: fields.text("changeNumber"),
        cloud: fields.text("cloud"),
        ..TagFile::default()
    };
    let mut regional = Vec::new();
    for tag in fields.entries(&["values"]) {
        let fields = Fields::of(tag);
        let Some(name) = fields.spanned_text("name").or_else(|| fields.spanned_text("id")) else {
            continue;
        };
        let key = name.value.to_ascii_lowercase();
        let region_id = fields.text("regionId").and_then(|id| id.parse().ok());
        let subject = Subject { fields, what: "service tag", name };
        if let Some(addresses) = addresses(notes, &subject) {
            regional.extend(RegionalTag::new(&key, region_id));
            file.tags.insert(key.into(), addresses);
        }
    }
    add_spellings(&mut file, &regional);
    file
}

/// The addresses of a tag. `None` when one of them cannot be read, which is reported: half a tag
/// would say that what is left out is known not to be in it.
fn addresses(notes: &mut Notes<'_>, subject: &Subject<'_>) -> Option<IpSet> {
    // A file holds some 90,000 prefixes and nearly all are in canonical form.
    let canonical = |entry: &Node| {
        let net: IpNet = entry.text()?.parse().ok()?;
        (net.network() == net.addr()).then(|| IpRange::from(net))
    };
    let prefixes = subject.fields.entries(&["addressPrefixes"]);
    if let Some(addresses) = prefixes.iter().map(canonical).collect() {
        return Some(addresses);
    }
    let range = |prefix: Spanned<Written<Address>>| match prefix.value {
        Written::Value(Address::Range(range)) => Some(range),
        Written::Value(Address::Any | Address::ServiceTag(_))
        | Written::Unresolved(_)
        | Written::Invalid(_) => None,
    };
    let prefixes = notes.addresses(subject, &["addressPrefixes"], "prefix", Tags::Refused);
    prefixes.into_iter().map(range).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::shown::check;

    #[test]
    fn the_download_and_the_api() {
        let tag = r#"{"name": "Example.North", "id": "Example.North", "properties": {"changeNumber": 3,
            "region": "north", "addressPrefixes": ["192.0.2.0/25", "192.0.2.128/25", "2001:db8::/32"]}}"#;
        check(
            &format!(r#"{{"changeNumber": 360, "cloud": "Public", "values": [{tag}]}}"#),
            expect![[r#"
                service tags Some("360") Some("Public")
                  example.north = 192.0.2.0/24,2001:db8::/32
            "#]],
        );
        check(
            &format!(
                r#"{{"name": "public", "type": "Microsoft.Network/serviceTags", "changeNumber": "63",
                "cloud": "Public", "values": [{tag}], "nextLink": "https://example.com/2"}}"#
            ),
            expect![[r#"
                service tags Some("63") Some("Public")
                  example.north = 192.0.2.0/24,2001:db8::/32
            "#]],
        );
    }

    #[test]
    fn a_bad_prefix_is_reported() {
        check(
            r#"{"values": [{"name": "Example", "properties": {"addressPrefixes": ["192.0.2.0/33", "192.0.2.0"]}}]}"#,
            expect![[r#"
                service tags None None
                error in line 1: invalid prefix `192.0.2.0/33` in service tag `Example`: `33` is no prefix length (write `/0` to `/32`)
            "#]],
        );
    }
}
