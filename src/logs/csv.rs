//! CSV of the portal and of Kusto: a header of known columns, then one record a line.
//!
//! Which columns are quoted differs by exporter, so both ways are read everywhere. A quoted field may
//! hold line breaks; one that is never closed costs its own line and no other.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use super::column::Column;
use super::counts::Sink;
use super::layout::Layouts;
use super::reader::{Flowing, Reader};
use super::row::{Cell, Row};

/// The first line of a table, cut at one delimiter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    delimiter: &'static str,
    pub(super) names: Vec<String>,
    line: String,
}

/// The header of a table of firewall logs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    shape: Shape,
    columns: Vec<Option<Column>>,
}

/// What exports separate fields with. The last one is the choice of a published benchmark.
const DELIMITERS: [&str; 4] = [",", ";", "\t", "❖"];
/// A quoted field goes on over at most so many lines.
const LINES_MAX: usize = 16;
const LINE_BYTES_MAX: u64 = 1 << 20;
const REPEATED_HEADER: &str = "repeated header of a table";

/// The header that `head` begins with, if its names are those of firewall logs.
pub(super) fn header(head: &[u8]) -> Option<Header> {
    let headers = shapes(head).map(|shape| {
        let columns = shape.names.iter().map(|name| Column::from_name(name)).collect();
        Header { shape, columns }
    });
    headers.max_by_key(Header::known).filter(|header| header.known() >= 2)
}

/// The first line of `head` cut at each of the delimiters.
pub(super) fn shapes(head: &[u8]) -> impl Iterator<Item = Shape> {
    let end = head.iter().position(|&byte| byte == b'\n').unwrap_or(head.len());
    let line = head.get(..end).and_then(|line| std::str::from_utf8(line).ok());
    line.map(str::trim_end).into_iter().flat_map(|line| {
        DELIMITERS.iter().filter_map(move |delimiter| {
            let names = fields(line, delimiter)?;
            let names = names.into_iter().map(Cow::into_owned).collect();
            Some(Shape { delimiter, names, line: line.to_owned() })
        })
    })
}

impl Shape {
    /// Whether a record is the header once more, as in tables that were put behind each other.
    fn is_header(&self, record: &[u8]) -> bool {
        record.trim_ascii_end() == self.line.as_bytes()
    }
}

impl Header {
    /// The line as it is written.
    pub(super) fn line(&self) -> &str {
        &self.shape.line
    }

    fn known(&self) -> usize {
        self.columns.iter().flatten().count()
    }
}

/// Reads all records behind the header, which `input` begins with if `has_header`.
pub(super) fn read<S: Sink>(
    input: impl BufRead,
    header: &Header,
    has_header: bool,
    reader: &mut Reader<'_, S>,
) -> io::Result<()> {
    each_row(input, &header.shape, has_header, reader, |fields, text, line, reader| {
        record(fields, header, text, line, reader)
    })
}

/// Hands all rows behind the header to `record`: fields, text and number of the line.
pub(super) fn each_row<S: Sink>(
    input: impl BufRead,
    shape: &Shape,
    has_header: bool,
    reader: &mut Reader<'_, S>,
    record: impl FnMut(&[Cow<'_, str>], &[u8], u64, &mut Reader<'_, S>) -> Flowing,
) -> io::Result<()> {
    let mut lines = Lines { input, ahead: Vec::new(), bytes: 0, count: 0 };
    let result = rows(&mut lines, shape, has_header, reader, record);
    reader.counts.bytes = lines.bytes;
    reader.counts.lines = lines.count;
    result
}

/// Hands all lines to `take`, with their numbers.
pub(super) fn each_line<S: Sink>(
    input: impl BufRead,
    reader: &mut Reader<'_, S>,
    mut take: impl FnMut(&[u8], u64, &mut Reader<'_, S>) -> Flowing,
) -> io::Result<()> {
    let mut lines = Lines { input, ahead: Vec::new(), bytes: 0, count: 0 };
    let mut result = Ok(());
    loop {
        match lines.next() {
            Ok(Some(line)) if take(&line, lines.number(), reader).is_continue() => {}
            Ok(_) => break,
            Err(error) => {
                result = Err(error);
                break;
            }
        }
    }
    reader.counts.bytes = lines.bytes;
    reader.counts.lines = lines.count;
    result
}

fn rows<S: Sink>(
    lines: &mut Lines<impl BufRead>,
    shape: &Shape,
    has_header: bool,
    reader: &mut Reader<'_, S>,
    mut record: impl FnMut(&[Cow<'_, str>], &[u8], u64, &mut Reader<'_, S>) -> Flowing,
) -> io::Result<()> {
    if has_header {
        lines.next()?;
    }
    while let Some(first) = lines.next()? {
        let number = lines.number();
        let (text, taken) = lines.whole_record(first)?;
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let flowing = match row(&text, shape) {
            Ok(_) if shape.is_header(&text) => {
                reader.input_ignored(REPEATED_HEADER.to_owned());
                Flowing::Continue(())
            }
            Ok(fields) => record(&fields, &text, number, reader),
            Err(reason) => {
                // Only the first line is known to be bad.
                let first = lines.give_back(text, taken);
                reader.input_rejected(number, reason, &first);
                Flowing::Continue(())
            }
        };
        if flowing.is_break() {
            break;
        }
    }
    Ok(())
}

fn row<'a>(text: &'a [u8], shape: &Shape) -> Result<Vec<Cow<'a, str>>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "not UTF-8 text".to_owned())?;
    let text = text.trim_end_matches(['\n', '\r']);
    let fields = fields(text, shape.delimiter).ok_or("a quoted field is not closed")?;
    let (found, expected) = (fields.len(), shape.names.len());
    if found == expected {
        return Ok(fields);
    }
    Err(format!("{found} fields where the header has {expected}"))
}

fn record<S: Sink>(
    fields: &[Cow<'_, str>],
    header: &Header,
    text: &[u8],
    line: u64,
    reader: &mut Reader<'_, S>,
) -> Flowing {
    let mut row = Row::new();
    for (column, field) in header.columns.iter().zip(fields) {
        if let Some(column) = column {
            row.put(*column, Cell::of_text(field));
        }
    }
    reader.row(row, text, line)
}

/// The fields of one record, or `None` where the quotes do not pair.
fn fields<'a>(text: &'a str, delimiter: &str) -> Option<Vec<Cow<'a, str>>> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let (field, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_field(quoted)?
        } else {
            let (field, after) = rest.split_at(rest.find(delimiter).unwrap_or(rest.len()));
            (Cow::Borrowed(field), after)
        };
        fields.push(field);
        if after.is_empty() {
            return Some(fields);
        }
        rest = after.strip_prefix(delimiter)?;
    }
}

/// The text up to the closing quote, and what stands behind it. A quote in the text is doubled.
fn quoted_field(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let (field, after) = text.split_once('"')?;
    if !after.starts_with('"') {
        return Some((Cow::Borrowed(field), after));
    }
    let mut whole = field.to_owned();
    let mut rest = after;
    while let Some(doubled) = rest.strip_prefix('"') {
        let (field, after) = doubled.split_once('"')?;
        whole.push('"');
        whole.push_str(field);
        rest = after;
    }
    Some((Cow::Owned(whole), rest))
}

/// A record in memory: one line, or more where a quoted field goes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lined<'a> {
    pub(super) text: &'a [u8],
    pub(super) lines: u64,
}

impl<'a> Lined<'a> {
    /// The record that `text` begins with.
    pub(super) fn first(text: &'a [u8]) -> Self {
        let mut record = Self { text: b"", lines: 0 };
        while record.lines == 0 || record.may_go_on() {
            let passed = record.text.len();
            let more = line_length(text.get(passed..).unwrap_or_default());
            if more == 0 {
                break;
            }
            record.text = text.get(..passed + more).unwrap_or(text);
            record.lines += 1;
        }
        record
    }

    /// Whether lines behind it may belong to it.
    pub(super) fn may_go_on(self) -> bool {
        has_open_quote(self.text) && self.lines <= LINES_MAX as u64
    }

    fn first_line(self) -> Self {
        let length = line_length(self.text);
        Self { text: self.text.get(..length).unwrap_or(self.text), lines: 1 }
    }
}

/// The length of the line that `text` begins with, with its newline.
pub(super) fn line_length(text: &[u8]) -> usize {
    let most = usize::try_from(LINE_BYTES_MAX).unwrap_or(usize::MAX);
    let text = text.get(..most).unwrap_or(text);
    memchr::memchr(b'\n', text).map_or(text.len(), |at| at + 1)
}

/// Reads a record; the answer is how much of it was read, which is its first line if that is bad.
pub(super) fn lined_record<'a, S: Sink>(
    record: Lined<'a>,
    header: &Header,
    line: u64,
    layouts: &mut Layouts,
    reader: &mut Reader<'_, S>,
) -> (Lined<'a>, Flowing) {
    if record.text.iter().all(u8::is_ascii_whitespace) {
        return (record, Flowing::Continue(()));
    }
    let fields = match row(record.text, &header.shape) {
        Ok(_) if header.shape.is_header(record.text) => {
            reader.input_ignored(REPEATED_HEADER.to_owned());
            return (record, Flowing::Continue(()));
        }
        Ok(fields) => fields,
        Err(reason) => {
            let first = record.first_line();
            reader.input_rejected(line, reason, first.text);
            return (first, Flowing::Continue(()));
        }
    };
    let (flowing, kept) =
        reader.keeping(|reader| self::record(&fields, header, record.text, line, reader));
    if let Some(kept) = kept.filter(|_| record.lines == 1) {
        let text = record.text.strip_suffix(b"\n").unwrap_or(record.text);
        layouts.learn_row(text, &header.columns, &fields, kept);
    }
    (record, flowing)
}

/// Lines that can be given back.
struct Lines<R> {
    input: R,
    /// Lines to come, the next one last.
    ahead: Vec<Vec<u8>>,
    bytes: u64,
    count: u64,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Some(line) = self.ahead.pop() {
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        (&mut self.input).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        self.count += 1;
        self.bytes += line.len() as u64;
        Ok(Some(line))
    }

    /// The number of the line that came last.
    fn number(&self) -> u64 {
        self.count - self.ahead.len() as u64
    }

    /// `line` and those behind it that its open quote takes in, each with where it begins.
    fn whole_record(&mut self, line: Vec<u8>) -> io::Result<(Vec<u8>, Vec<usize>)> {
        let (mut text, mut taken) = (line, Vec::new());
        while has_open_quote(&text) && taken.len() < LINES_MAX {
            let Some(line) = self.next()? else { break };
            taken.push(text.len());
            text.extend(line);
        }
        Ok((text, taken))
    }

    /// Returns all lines but the first, which is handed out.
    fn give_back(&mut self, mut text: Vec<u8>, taken: Vec<usize>) -> Vec<u8> {
        for start in taken.into_iter().rev() {
            self.ahead.push(text.split_off(start));
        }
        text
    }
}

fn has_open_quote(text: &[u8]) -> bool {
    text.iter().fold(false, |is_open, &byte| is_open ^ (byte == b'"'))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let got = fields(text, ",").map_or_else(|| "unpaired".to_owned(), |all| all.join("|"));
        expected.assert_eq(&got);
    }

    #[test]
    fn fields_are_quoted_or_not() {
        check("a,b", expect!["a|b"]);
        check("\"a,b\",c", expect!["a,b|c"]);
        check("\"a\"\"b\"\"\",,", expect![[r#"a"b"||"#]]);
        check("\"a", expect!["unpaired"]);
        check("\"a\"b,c", expect!["unpaired"]);
        check("", expect![""]);
    }

    #[test]
    fn a_header_needs_two_known_columns() {
        let known = |text: &str| header(text.as_bytes()).map(|header| header.known());
        assert_eq!(known("TimeGenerated [UTC],\"msg_s\",Foo\nx"), Some(2));
        assert_eq!(known("TimeGenerated;Protocol;Rule\n"), Some(3));
        assert_eq!(known("time,what\n"), None);
        assert_eq!(known("TCP request from 192.0.2.1:1 to 192.0.2.2:2. Action: Deny"), None);
    }
}
