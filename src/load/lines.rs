//! Lists without keys: IP Groups with an address in each line, hosts files, tables of DNS answers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use smol_str::SmolStr;

use super::shape::{Shape, list, text};
use crate::policy::Address;
use crate::source::{SourceId, Span};
use crate::syntax::json::Node;
use crate::syntax::value;

/// What the lines of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Addresses, prefixes and ranges: the content of an IP Group.
    Addresses,
    /// An address and the names it has, as in `/etc/hosts`.
    Hosts,
    /// A name and its addresses.
    Answers,
}

/// A word of a line with its place.
#[derive(Debug, Clone, Copy)]
struct Word<'t> {
    text: &'t str,
    span: Span,
}

/// Headings of tables of answers: the name, and its addresses.
const NAMES: [&str; 7] = ["name", "fqdn", "host", "hostname", "domain", "query", "queryname"];
const ADDRESSES: [&str; 8] =
    ["address", "addresses", "ip", "ips", "ipaddress", "ipaddresses", "answer", "value"];

/// The form of `text`, told by its first line.
pub(super) fn form(whole: &str, source: SourceId) -> Option<Form> {
    let mut lines = lines(whole, source);
    let first = lines.next()?;
    if is_heading(&first) {
        return Some(Form::Answers);
    }
    let head = first.first()?;
    if is_address(head.text) {
        let name = first.get(1).filter(|word| !is_address(word.text));
        return Some(if name.is_some_and(|word| is_name(word.text)) {
            Form::Hosts
        } else {
            Form::Addresses
        });
    }
    if is_name(head.text) && first.get(1).is_some_and(|word| is_ip(word.text)) {
        return Some(Form::Answers);
    }
    // A list may have a heading of one word.
    let is_word =
        first.len() == 1 && head.text.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
    let next = lines.next()?;
    (is_word && next.len() == 1 && next.first().is_some_and(|word| is_address(word.text)))
        .then_some(Form::Addresses)
}

fn is_heading(words: &[Word<'_>]) -> bool {
    let is_one_of = |word: Option<&Word<'_>>, known: &[&str]| {
        word.is_some_and(|word| {
            let letters: String = word.text.chars().filter(char::is_ascii_alphanumeric).collect();
            known.contains(&letters.to_lowercase().as_str())
        })
    };
    is_one_of(words.first(), &NAMES) && is_one_of(words.get(1), &ADDRESSES)
}

fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

fn is_address(text: &str) -> bool {
    matches!(value::address(text), Ok(parsed) if matches!(parsed.address, Address::Range(_)))
}

fn is_name(text: &str) -> bool {
    let is_label = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.chars().all(is_label) && text.contains(char::is_alphabetic)
}

/// The words of each line that has any; a `#` begins a comment.
fn lines(whole: &str, source: SourceId) -> impl Iterator<Item = Vec<Word<'_>>> {
    let mut start = 0;
    whole.split('\n').filter_map(move |line| {
        let at = start;
        start += line.len() + 1;
        let content = line.split('#').next().unwrap_or("");
        let words = words(content, at, source);
        (!words.is_empty()).then_some(words)
    })
}

fn words(line: &str, at: usize, source: SourceId) -> Vec<Word<'_>> {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let is_between =
        |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\u{feff}' | '\'');
    let mut words = Vec::new();
    let mut from = 0;
    for piece in line.split(is_between) {
        let span = Span { source, start: offset(at + from), end: offset(at + from + piece.len()) };
        if !piece.is_empty() {
            words.push(Word { text: piece, span });
        }
        let rest = line.get(from + piece.len()..).and_then(|rest| rest.chars().next());
        from += piece.len() + rest.map_or(0, char::len_utf8);
    }
    words
}

/// The IP Group that a list of addresses is; it is called as its file.
pub(super) fn ip_group(whole: &str, source: SourceId) -> Node {
    let mut entries = Vec::new();
    for (index, words) in lines(whole, source).enumerate() {
        let is_heading = index == 0 && words.first().is_some_and(|word| !is_address(word.text));
        if !is_heading {
            // `10.0.0.1 - 10.0.0.9` is one value.
            if let [first, dash, last] = words.as_slice()
                && dash.text == "-"
            {
                let span = Span { end: last.span.end, ..first.span };
                entries.push(text(format!("{}-{}", first.text, last.text), span));
                continue;
            }
            entries.extend(words.iter().map(|word| text(word.text, word.span)));
        }
    }
    let end = u32::try_from(whole.len()).unwrap_or(u32::MAX);
    let span = Span { source, start: 0, end };
    Shape::new(span).with("ipAddresses", Some(list(entries, span))).node()
}

/// The side table that a hosts file or a table of answers is.
pub(super) fn dns(whole: &str, source: SourceId, form: Form) -> Node {
    let end = u32::try_from(whole.len()).unwrap_or(u32::MAX);
    let span = Span { source, start: 0, end };
    let mut names: BTreeMap<SmolStr, Vec<Node>> = BTreeMap::new();
    let mut answer = |name: &Word<'_>, addresses: &[Word<'_>]| {
        let name = name.text.trim_end_matches('.').to_lowercase();
        let known = names.entry(name.into()).or_default();
        known.extend(addresses.iter().map(|word| text(word.text, word.span)));
    };
    for (index, words) in lines(whole, source).enumerate() {
        let Some((first, rest)) = words.split_first() else { continue };
        match form {
            Form::Answers if index == 0 && is_heading(&words) => {}
            Form::Answers | Form::Addresses => answer(first, rest),
            Form::Hosts => rest.iter().for_each(|name| answer(name, std::slice::from_ref(first))),
        }
    }
    let table = names.into_iter().fold(Shape::new(span), |shape, (name, addresses)| {
        shape.with(&name, Some(list(addresses, span)))
    });
    Shape::new(span).with("dns", Some(table.node())).node()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::load::shown::check;

    #[test]
    fn ip_groups() {
        check(
            "10.0.0.0/24\r\n10.0.1.7\n\n# branch\n10.0.2.1-10.0.2.9, 10.0.3.0/24\n2001:db8::/32",
            expect![[r#"
                IP Group a = 10.0.0.0/24,10.0.1.7,10.0.2.1-10.0.2.9,10.0.3.0/24,2001:db8::/32
            "#]],
        );
        check(
            "\u{feff}Cidr\n10.0.0.0/24\n10.0.0.300\nservers.example.com\n",
            expect![[r#"
            IP Group a = 10.0.0.0/24,!10.0.0.300,!servers.example.com
            error in line 3: invalid address `10.0.0.300` in IP Group `(unnamed)`: `10.0.0.300` is no IP address (each of the four numbers is 0 to 255)
            error in line 4: invalid address `servers.example.com` in IP Group `(unnamed)`: it looks like a host name (write names as `destinationFqdns` of a network rule or `targetFqdns` of an application rule)
        "#]],
        );
        check(
            "10.0.0.1 - 10.0.0.9\n",
            expect![[r#"
            IP Group a = 10.0.0.1-10.0.0.9
        "#]],
        );
    }

    #[test]
    fn hosts_files() {
        check(
            "# made by hand\n192.0.2.4\tWWW.example.com www\n192.0.2.5 www.example.com # second\n2001:db8::1 v6.example.com\n",
            expect![[r#"
                v6.example.com = [2001:db8::1]
                www = [192.0.2.4]
                www.example.com = [192.0.2.4, 192.0.2.5]
            "#]],
        );
    }

    #[test]
    fn tables_of_answers() {
        check(
            "name,address\nwww.example.com.,192.0.2.4\nwww.example.com,192.0.2.5\ndead.example.com,\n",
            expect![[r#"
                dead.example.com = []
                www.example.com = [192.0.2.4, 192.0.2.5]
            "#]],
        );
        check(
            "www.example.com,192.0.2.4,192.0.2.5\r\n",
            expect![[r#"
            www.example.com = [192.0.2.4, 192.0.2.5]
        "#]],
        );
        check(
            "Name;IP Addresses\na.example.com;\"192.0.2.4, 192.0.2.400\"\nb.example.com;192.0.2.5",
            expect![[r#"
                b.example.com = [192.0.2.5]
                error in line 1: the table entry `a.example.com` counts as not known (one of its values cannot be read: correct it, or take it out)
                error in line 2: invalid address `192.0.2.400` in table entry `a.example.com`: `192.0.2.400` is no IP address (each of the four numbers is 0 to 255)
            "#]],
        );
    }

    #[test]
    fn what_is_neither() {
        check(
            "hello world",
            expect![[r#"
                `a.json` is neither JSON nor a rule set in text form (JSON begins with `{` or `[`, the text form with `policy`, `firewall`, `group` or `ip-group`)
            "#]],
        );
        check(
            "www.example.com\nwww.example.org\n",
            expect![[r#"
                `a.json` is neither JSON nor a rule set in text form (JSON begins with `{` or `[`, the text form with `policy`, `firewall`, `group` or `ip-group`)
            "#]],
        );
    }
}
