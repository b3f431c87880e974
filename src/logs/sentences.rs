//! Bare sentences of legacy logs, one a line, with or without what a forwarder writes before them.

use std::io::{self, BufRead};

use jiff::Timestamp;

use super::column::Column;
use super::counts::Sink;
use super::csv::each_line;
use super::reader::{Flowing, Reader};
use super::row::{Cell, Row};

/// So many lines may come before the first sentence.
const LINES_MAX: usize = 20;

/// Whether one of the first lines of `head` holds a sentence.
pub(super) fn are_in(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let is_json = text.trim_start().starts_with(['{', '[']);
    !is_json && text.lines().take(LINES_MAX).any(|line| sentence(line).is_some())
}

/// Reads all sentences.
pub(super) fn read<S: Sink>(input: impl BufRead, reader: &mut Reader<'_, S>) -> io::Result<()> {
    each_line(input, reader, |bytes, line, reader| {
        let bytes = bytes.trim_ascii_end();
        if bytes.is_empty() {
            return Flowing::Continue(());
        }
        let text = String::from_utf8_lossy(bytes);
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
    })
}

/// What stands before a sentence, and the sentence.
fn sentence(line: &str) -> Option<(&str, &str)> {
    let start = start(line)?;
    let (prefix, sentence) = line.split_at_checked(start)?;
    let is_quoted = prefix.ends_with('"');
    let inside = sentence.strip_suffix('"').filter(|_| is_quoted);
    Some((prefix, inside.unwrap_or(sentence)))
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
    fn other_lines_hold_none() {
        check("Error: cannot connect", expect!["none"]);
        check(" request from 192.0.2.4", expect!["none"]);
        check("", expect!["none"]);
    }
}
