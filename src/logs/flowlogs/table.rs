//! Tables of flows: CSV of Traffic Analytics or with named columns, and Zeek's tab-separated text.

use std::io::{self, BufRead};

use super::{Named, Rows};
use crate::logs::Options;
use crate::logs::counts::Sink;
use crate::logs::csv::{self, Shape};
use crate::logs::reader::{Flowing, Reader};

/// The table of flows that `head` begins with, if it is one.
pub(in crate::logs) fn table(head: &[u8], options: &Options) -> Option<(Shape, Rows)> {
    let known = csv::shapes(head).filter_map(|shape| {
        let rows = Rows::of(shape.names.iter().map(String::as_str), options)?;
        Some((shape, rows))
    });
    known.max_by_key(|(shape, _)| shape.names.len())
}

/// Whether `head` is the beginning of a Zeek log.
pub(in crate::logs) fn is_zeek(head: &[u8]) -> bool {
    head.starts_with(b"#separator") || head.starts_with(b"#fields\t")
}

/// Reads a Zeek log: lines that begin with `#` say what the others mean.
pub(in crate::logs) fn read_zeek<S: Sink>(
    input: impl BufRead,
    reader: &mut Reader<'_, S>,
) -> io::Result<()> {
    let mut names: Vec<String> = Vec::new();
    csv::each_line(input, reader, |text, line, reader| {
        let bytes = text.trim_ascii_end();
        let Ok(text) = std::str::from_utf8(bytes) else {
            reader.input_rejected(line, "not UTF-8 text".to_owned(), bytes);
            return Flowing::Continue(());
        };
        if let Some(fields) = text.strip_prefix("#fields\t") {
            names = fields.split('\t').map(str::to_owned).collect();
        }
        if text.is_empty() || text.starts_with('#') {
            return Flowing::Continue(());
        }
        let cells: Vec<_> = text.split('\t').map(std::borrow::Cow::Borrowed).collect();
        if cells.len() != names.len() {
            let reason = format!("{} fields where the header has {}", cells.len(), names.len());
            reader.input_rejected(line, reason, bytes);
            return Flowing::Continue(());
        }
        let row = Named { names: &names, cells: &cells };
        if let Some(rows) = Rows::of(names.iter().map(String::as_str), reader.options()) {
            return rows.read(&row, bytes, line, reader);
        }
        reader.input_ignored("Zeek log that is no conn.log".to_owned());
        Flowing::Continue(())
    })
}
