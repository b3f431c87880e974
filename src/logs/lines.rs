//! Records of JSON and of tables, one after the other: by their layout where that is known, else by the
//! general reader.

use std::io::{self, BufRead};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::counts::Sink;
use super::csv::{self, Header, Lined};
use super::layout::Layouts;
use super::reader::{Flowing, Reader};
use super::scan::is_blank;
use super::split::{Piece, Splitter};

/// Whether JSON that begins with `head` is one value a line, and how much of it shows that.
pub(super) fn shown_by(head: &[u8], value_bytes_max: usize) -> Option<usize> {
    let mut splitter = Splitter::new(head, value_bytes_max);
    while let Ok(Some(_)) = splitter.next() {
        if splitter.is_of_lines() {
            return usize::try_from(splitter.bytes()).ok();
        }
    }
    None
}

/// Reads JSON lines. `is_first`: the text begins its file, where it is still to be found out that
/// these are lines.
pub(super) fn json<S: Sink>(
    text: &[u8],
    is_first: bool,
    layouts: &mut Layouts,
    reader: &mut Reader<'_, S>,
) {
    layouts.turn_to("");
    let start = if is_first { first_line(text, reader) } else { Some(0) };
    let (passed, rest) = text.split_at(start.unwrap_or(text.len()));
    reader.counts.bytes = text.len() as u64;
    reader.counts.lines = lines_in(passed);
    let _: Flowing = json_lines(rest, layouts, reader);
    layouts.count_into(&mut reader.counts);
}

/// Reads up to where lines begin to stand for themselves. `None`: there is nothing more to read.
fn first_line<S: Sink>(text: &[u8], reader: &mut Reader<'_, S>) -> Option<usize> {
    let mut splitter = Splitter::new(text, reader.options().value_bytes_max);
    // Reading from memory does not fail.
    while let Ok(Some(piece)) = splitter.next() {
        if piece_read(piece, &splitter, reader).is_break() {
            return None;
        }
        if !splitter.is_of_lines() {
            continue;
        }
        let passed = usize::try_from(splitter.bytes()).unwrap_or(usize::MAX);
        let rest = text.get(passed..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let rest_of_line = rest.get(..end).unwrap_or_default();
        if rest_of_line.iter().all(|&byte| byte == b',' || is_blank(byte)) {
            return Some(text.len().min(passed + end + 1));
        }
    }
    None
}

fn piece_read<S: Sink>(
    piece: Piece,
    splitter: &Splitter<&[u8]>,
    reader: &mut Reader<'_, S>,
) -> Flowing {
    match piece {
        Piece::Value { line } => reader.json(splitter.text(), line),
        Piece::Damage { line, reason } => reader.damage(splitter.text(), reason, line),
    }
}

fn json_lines<S: Sink>(
    mut text: &[u8],
    layouts: &mut Layouts,
    reader: &mut Reader<'_, S>,
) -> Flowing {
    let file = Arc::clone(reader.file());
    while !text.is_empty() {
        reader.counts.lines += 1;
        let number = reader.counts.lines;
        if let Some((scanned, length)) = layouts.scan(text, &file, number) {
            reader.scanned(&scanned)?;
            text = text.get(length + 1..).unwrap_or_default();
            continue;
        }
        let end = memchr::memchr(b'\n', text).map_or(text.len(), |end| end + 1);
        let (line, rest) = text.split_at_checked(end).unwrap_or((text, b""));
        json_line(line, (&file, number), layouts, reader)?;
        text = rest;
    }
    ControlFlow::Continue(())
}

/// One line by the general reader.
fn json_line<S: Sink>(
    line: &[u8],
    (file, number): (&Arc<str>, u64),
    layouts: &mut Layouts,
    reader: &mut Reader<'_, S>,
) -> Flowing {
    let before = reader.counts.inputs;
    let mut kept = None;
    let mut splitter = Splitter::of_lines(line, reader.options().value_bytes_max);
    while let Ok(Some(piece)) = splitter.next() {
        match piece {
            Piece::Damage { reason, .. } => reader.damage(splitter.text(), reason, number)?,
            // The only value of the line, so the line has a layout.
            Piece::Value { .. } if splitter.text().len() * 2 > line.len() => {
                let (flowing, record) =
                    reader.keeping(|reader| reader.json(splitter.text(), number));
                kept = record;
                flowing?;
            }
            Piece::Value { .. } => json_value(splitter.text(), (file, number), layouts, reader)?,
        }
    }
    if let Some(record) = kept.filter(|_| reader.counts.inputs == before + 1) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        layouts.learn_json(line, record);
    }
    ControlFlow::Continue(())
}

/// Reads values that stand in each other, over lines or several on a line, one after the other.
pub(super) fn values<S: Sink>(
    splitter: Splitter<impl BufRead>,
    layouts: &mut Layouts,
    reader: &mut Reader<'_, S>,
) -> io::Result<()> {
    layouts.turn_to("");
    let file = Arc::clone(reader.file());
    let result = super::values(splitter, reader, |text, line, reader| {
        json_value(text, (&file, line), layouts, reader)
    });
    layouts.count_into(&mut reader.counts);
    result
}

/// One value, which begins at that line of the file.
fn json_value<S: Sink>(
    text: &[u8],
    (file, line): (&Arc<str>, u64),
    layouts: &mut Layouts,
    reader: &mut Reader<'_, S>,
) -> Flowing {
    if let Some(scanned) = layouts.scan_all(text, file, line) {
        return reader.scanned(&scanned);
    }
    let (flowing, record) = reader.keeping(|reader| reader.json(text, line));
    if let Some(record) = record {
        layouts.learn_json(text, record);
    }
    flowing
}

/// Where a stretch of rows stands in its file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    /// It begins with the header.
    pub(super) is_first: bool,
    /// Nothing stands behind it.
    pub(super) is_last: bool,
}

/// Reads rows of a table. The answer is where the last record begins, if it may go on behind the
/// text: it is not read then.
pub(super) fn rows<S: Sink>(
    text: &[u8],
    header: &Header,
    stretch: Stretch,
    layouts: &mut Layouts,
    reader: &mut Reader<'_, S>,
) -> Option<usize> {
    layouts.turn_to(header.line());
    let file = Arc::clone(reader.file());
    let mut at = 0;
    let mut open = None;
    if stretch.is_first {
        at = csv::line_length(text);
        reader.counts.lines += u64::from(at > 0);
    }
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let number = reader.counts.lines + 1;
        let is_header = rest.starts_with(header.line().as_bytes());
        let known = if is_header { None } else { layouts.scan(rest, &file, number) };
        let flowing = if let Some((scanned, length)) = known {
            at = text.len().min(at + length + 1);
            reader.counts.lines += 1;
            reader.scanned(&scanned)
        } else {
            let record = Lined::first(rest);
            if record.may_go_on() && record.text.len() == rest.len() && !stretch.is_last {
                open = Some(at);
                break;
            }
            let (read, flowing) = csv::lined_record(record, header, number, layouts, reader);
            at += read.text.len();
            reader.counts.lines += read.lines;
            flowing
        };
        if flowing.is_break() {
            break;
        }
    }
    reader.counts.bytes = open.unwrap_or(text.len()) as u64;
    layouts.count_into(&mut reader.counts);
    open
}

/// Lines of a text, the last one with or without its newline.
pub(super) fn lines_in(text: &[u8]) -> u64 {
    let newlines = memchr::memchr_iter(b'\n', text).count() as u64;
    newlines + u64::from(text.last().is_some_and(|&byte| byte != b'\n'))
}
