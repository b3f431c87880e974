//! Bare sentences of legacy logs, or whole records as JSON, one a line, with or without what a
//! forwarder writes before them.

use std::io::{self, BufRead};

use jiff::Timestamp;

use super::column::Column;
use super::counts::Sink;
use super::csv::each_line;
use super::reader::{Flowing, Reader, known_columns};
use super::row::{Cell, Row};
use super::value::Value;
use super::wrapped;

/// So many lines may come before the first sentence.
const LINES_MAX: usize = 20;

/// Whether one of the first lines of `head` holds a sentence, or a record behind something else.
pub(super) fn are_in(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let is_json = text.trim_start().starts_with(['{', '[']);
    let holds = |line: &str| sentence(line).is_some() || object(line).is_some();
    !is_json && text.lines().take(LINES_MAX).any(holds)
}

/// Reads all sentences.
pub(super) fn read<S: Sink>(input: impl BufRead, reader: &mut Reader<'_, S>) -> io::Result<()> {
    each_line(input, reader, read_line)
}

/// Reads the sentence or the record on one line.
pub(super) fn read_line<S: Sink>(bytes: &[u8], line: u64, reader: &mut Reader<'_, S>) -> Flowing {
    let bytes = bytes.trim_ascii_end();
    if bytes.is_empty() {
        return Flowing::Continue(());
    }
    let text = String::from_utf8_lossy(bytes);
    // Sentences stand in records too.
    if let Some(value) = object(&text) {
        return reader.value(&value, bytes, line);
    }
    let Some((prefix, sentence)) = sentence(&text) else {
        reader.input_rejected(line, "no sentence of a firewall log".to_owned(), bytes);
        return Flowing::Continue(());
    };
    let mut row = Row::new();
    row.put(Column::Message, Cell::of_text(sentence));
    if let Some(time) = time(prefix) {
        row.put(Column::Time, Cell::of_text(time));
    }
    reader.row(row, bytes, line)
}

/// Whether a line begins as syslog begins it, `<134>`: the end of a line that was cut does not.
pub(super) fn is_of_syslog(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"<") else { return false };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=3).contains(&digits) && rest.get(digits) == Some(&b'>')
}

/// A record, or an object that holds one, behind what a forwarder writes before it.
fn object(line: &str) -> Option<Value<'_>> {
    let text = line.get(line.find('{')?..)?;
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value<'_>>();
    let value = values.next()?.ok()?;
    let holds_one = known_columns(&value) || wrapped::inside(&value).is_some();
    holds_one.then_some(value)
}

/// What stands before a sentence, and the sentence. One that begins behind a quotation mark ends
/// before the next.
fn sentence(line: &str) -> Option<(&str, &str)> {
    let start = start(line)?;
    let (prefix, sentence) = line.split_at_checked(start)?;
    let inside = match sentence.split_once('"') {
        Some((inside, _)) if prefix.trim_end().ends_with('"') => inside.trim_end_matches('\\'),
        Some(_) | None => sentence,
    };
    Some((prefix, inside))
}

fn start(line: &str) -> Option<usize> {
    if let Some(at) = line.find(" request from ") {
        return protocol_start(line.get(..at)?);
    }
    let known = ["DNS Request: ", "Failed to resolve FQDN "];
    if let Some(at) = known.iter().find_map(|known| line.find(known)) {
        return Some(at);
    }
    let at = line.find("Error: ")?;
    let is_query = line.get(at + 7..)?.starts_with(|c: char| c.is_ascii_digit());
    is_query.then_some(at)
}

/// Where the protocol at the end of `text` begins: `TCP`, `HTTP `, `ICMPv6 Type=128`.
fn protocol_start(text: &str) -> Option<usize> {
    let text = text.trim_end();
    let text = match text.rsplit_once(' ') {
        Some((before, last)) if last.starts_with("Type=") => before.trim_end(),
        Some(_) | None => text,
    };
    let word = text.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
    text.get(word..).filter(|word| !word.is_empty()).map(|_| word)
}

/// The first word that is a time with a zone. Others are not guessed: syslog's has no year.
fn time(prefix: &str) -> Option<&str> {
    let words =
        prefix.split(|c: char| c.is_whitespace() || matches!(c, '"' | '[' | ']' | '|' | ','));
    words.into_iter().find(|word| word.parse::<Timestamp>().is_ok())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Expect) {
        let got = sentence(line).map_or_else(
            || "none".to_owned(),
            |(prefix, sentence)| format!("{:?} {sentence}", time(prefix)),
        );
        expected.assert_eq(&got);
    }

    #[test]
    fn a_sentence_stands_behind_any_prefix() {
        check(
            "TCP request from 192.0.2.4:1 to 192.0.2.5:2. Action: Deny",
            expect!["None TCP request from 192.0.2.4:1 to 192.0.2.5:2. Action: Deny"],
        );
        check(
            "<134>1 2026-03-01T10:00:00Z host fw - - msg=\"HTTP  request from 192.0.2.4:1 to a.example.com:80. Action: Deny\"",
            expect![[
                r#"Some("2026-03-01T10:00:00Z") HTTP  request from 192.0.2.4:1 to a.example.com:80. Action: Deny"#
            ]],
        );
        check(
            "Mar  1 10:00:00 fw ICMPv6 Type=128 request from [2001:db8::1]:0 to [2001:db8::2]:0. Action: Deny.. ",
            expect![
                "None ICMPv6 Type=128 request from [2001:db8::1]:0 to [2001:db8::2]:0. Action: Deny.. "
            ],
        );
        check(
            "2026-03-01T10:00:00+01:00 DNS Request: x",
            expect![[r#"Some("2026-03-01T10:00:00+01:00") DNS Request: x"#]],
        );
        check(
            "x  Error: 0 a.example.com. A: timeout",
            expect!["None Error: 0 a.example.com. A: timeout"],
        );
    }

    #[test]
    fn a_quoted_sentence_ends_with_its_quotation() {
        check(
            "2026-03-01T10:00:00Z cef msg=\"TCP request from 192.0.2.4:1 to 192.0.2.5:2. Action: Deny\" act=\"x\"",
            expect![[
                r#"Some("2026-03-01T10:00:00Z") TCP request from 192.0.2.4:1 to 192.0.2.5:2. Action: Deny"#
            ]],
        );
        check(
            r#"x {\"msg\":\"UDP request from 192.0.2.4:1 to 192.0.2.5:53. Action: Allow. \"}"#,
            expect!["None UDP request from 192.0.2.4:1 to 192.0.2.5:53. Action: Allow. "],
        );
    }

    #[test]
    fn other_lines_hold_none() {
        check("Error: cannot connect", expect!["none"]);
        check(" request from 192.0.2.4", expect!["none"]);
        check("", expect!["none"]);
    }
}
