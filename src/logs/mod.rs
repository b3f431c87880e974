//! Exported firewall logs → [`LogRecord`], streaming, never failing on a bad line.
//!
//! [`read`] pushes records into a [`Sink`] as they come, in the order of the input, and returns the
//! account of everything it saw. It takes any reader; opening files is for the command line.
//!
//! What it understands is found out from the content, never from names: JSON lines of a diagnostic
//! setting, `{"records":[…]}` of Event Hub, arrays of flattened objects, answers of Log Analytics
//! queries, rows of the `AzureDiagnostics` table and of Data Export, CSV of the portal and of Kusto.
//! Flow logs of networks and clusters become records of kind [`RecordKind::Flow`]. Parquet, gzip, zstd, UTF-16, byte order
//! marks and CRLF are taken as they are.
//!
//! Memory is bounded by the largest single value, at most [`Options::value_bytes_max`]: lines,
//! elements of arrays and of a leading `records` are taken one by one.
//!
//! Inside, `split` and `scan` cut the stream into values, `reader` turns values into rows of known columns, and
//! `legacy` and `structured` turn rows into records. That is the general reader. [`read_all`] puts
//! `layout` before it, which recognises lines that differ from earlier ones only in times, addresses,
//! ports and names, and `parallel` around it, which reads stretches of files side by side.

mod anonymize;
mod archive;
mod as_flow;
mod case;
mod cases;
mod category;
mod column;
mod counts;
mod csv;
mod decode;
mod filter;
mod flowlogs;
mod keyed;
mod layout;
mod legacy;
mod lines;
mod normal_form;
mod parallel;
mod parquet;
mod reader;
mod record;
mod row;
mod scan;
mod sentences;
mod split;
mod structured;
mod time;
mod value;
mod wrapped;

use std::io::{self, BufRead};
use std::sync::Arc;

pub use anonymize::{Anonymizer, KEY_CHARS_MIN, ShortKey};
pub use archive::{ZIP_MAGIC, read_zip};
pub use as_flow::{NotAFlow, flow_of};
pub use case::case_of;
pub use cases::{CaseCounts, ReplayBatch, ReplayWorker, ReplayedLogs, Replaying};
pub use counts::{Counts, Reject, Sink};
pub use filter::{Filtered, is_asked_for};
pub use flowlogs::{ColumnMap, ColumnMapError, OncePerFlow};
pub(crate) use keyed::KeyedState;
pub use layout::Scanned;
pub use normal_form::{DnsForm, NormalForm, SignatureForm};
pub use parallel::{Bytes, Collector, Input, read_all, read_in_order};
pub use parquet::{PARQUET_MAGIC, Table, read_parquet};
pub use record::{Category, Dns, Form, LogRecord, LoggedAction, Origin, RecordKind, Signature};
pub use time::DateOrder;

use decode::DamagedData;
use reader::{Flowing, Reader};
use split::{Piece, Splitter};

/// How logs are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What `7/8/2025` means. Without it such times are rejected.
    pub date_order: Option<DateOrder>,
    /// Tables with these columns hold flows.
    pub columns: Option<ColumnMap>,
    /// How many rejects [`Counts`] keeps.
    pub rejects_kept: usize,
    /// How much of a rejected input is kept, in characters.
    pub excerpt_chars: usize,
    /// The largest JSON value that is read.
    pub value_bytes_max: usize,
    /// What a compressed input may grow to.
    pub decompressed_bytes_max: u64,
    /// How much of a file [`read_all`] hands to a worker at a time.
    pub stretch_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            date_order: None,
            columns: None,
            rejects_kept: 20,
            excerpt_chars: 160,
            value_bytes_max: 256 << 20,
            decompressed_bytes_max: 1 << 40,
            // Fits the nearest caches.
            stretch_bytes: 256 << 10,
        }
    }
}

/// Reads the logs in `input`, which messages call `file`.
///
/// ```
/// use azfw::logs::{LogRecord, Options, read};
/// let line = br#"{"category":"AZFWNetworkRule","properties":{"SourceIp":"192.0.2.4","Action":"Deny"}}"#;
/// let mut records: Vec<LogRecord> = Vec::new();
/// let counts = read(&line[..], "export.json".into(), &Options::default(), &mut records)?;
/// assert_eq!((counts.inputs, records.len()), (1, 1));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// Only what `input` itself fails with. Damage in the data, in compressed data too, is counted as
/// rejected.
pub fn read<S: Sink>(
    input: impl BufRead + Send,
    file: Arc<str>,
    options: &Options,
    sink: &mut S,
) -> io::Result<Counts> {
    let mut reader = Reader::new(file, options, sink);
    let decoded = match decode::decoded(input, options.decompressed_bytes_max) {
        Ok(decoded) => decoded,
        Err(error) => {
            damaged(&mut reader, error)?;
            return Ok(reader.counts);
        }
    };
    let content = Content::of(&decoded.head, options);
    let result = content.read(decoded.text, &mut reader);
    result.or_else(|error| damaged(&mut reader, error))?;
    Ok(reader.counts)
}

/// What a text holds, found out from how it begins.
#[derive(Debug, Clone)]
enum Content {
    /// Nothing that is read here; why.
    Other(&'static str),
    Zeek,
    Flows(csv::Shape, flowlogs::Rows),
    Rows(csv::Header),
    Sentences,
    /// JSON, or what can only be rejected as such.
    Values,
}

impl Content {
    fn of(head: &[u8], options: &Options) -> Self {
        if head.starts_with(PARQUET_MAGIC) {
            Self::Other("Parquet, which is read as a plain file only: not packed, not from a pipe")
        } else if head.starts_with(ZIP_MAGIC) {
            Self::Other("a zip archive, which is read as a file only")
        } else if flowlogs::is_zeek(head) {
            Self::Zeek
        } else if let Some((shape, rows)) = flowlogs::table(head, options) {
            Self::Flows(shape, rows)
        } else if let Some(header) = csv::header(head) {
            Self::Rows(header)
        } else if sentences::are_in(head) {
            Self::Sentences
        } else {
            Self::Values
        }
    }

    /// Reads the whole of a text.
    fn read<S: Sink>(&self, text: impl BufRead, reader: &mut Reader<'_, S>) -> io::Result<()> {
        match self {
            Self::Other(reason) => {
                reader.input_rejected(1, (*reason).to_owned(), b"");
                Ok(())
            }
            Self::Zeek => flowlogs::read_zeek(text, reader),
            Self::Flows(shape, rows) => {
                csv::each_row(text, shape, true, reader, |cells, text, line, reader| {
                    rows.read(&flowlogs::Named { names: &shape.names, cells }, text, line, reader)
                })
            }
            Self::Rows(header) => csv::read(text, header, true, reader),
            Self::Sentences => sentences::read(text, reader),
            Self::Values => {
                let splitter = Splitter::new(text, reader.options().value_bytes_max);
                values(splitter, reader, |text, line, reader| reader.json(text, line))
            }
        }
    }
}

/// Reads the values of a stream of JSON, each of them with `value`.
fn values<'a, S: Sink>(
    mut splitter: Splitter<impl BufRead>,
    reader: &mut Reader<'a, S>,
    value: impl FnMut(&[u8], u64, &mut Reader<'a, S>) -> Flowing,
) -> io::Result<()> {
    let result = pieces(&mut splitter, reader, value);
    reader.counts.bytes = splitter.bytes();
    reader.counts.lines = splitter.lines();
    result
}

fn pieces<'a, S: Sink>(
    splitter: &mut Splitter<impl BufRead>,
    reader: &mut Reader<'a, S>,
    mut value: impl FnMut(&[u8], u64, &mut Reader<'a, S>) -> Flowing,
) -> io::Result<()> {
    while let Some(piece) = splitter.next()? {
        let flowing = match piece {
            Piece::Value { line } => value(splitter.text(), line, reader),
            Piece::Damage { line, reason } => reader.damage(splitter.text(), reason, line),
        };
        if flowing.is_break() {
            break;
        }
    }
    Ok(())
}

/// Counts damage of compressed data as a rejected input; what the input fails with goes on up.
fn damaged<S: Sink>(reader: &mut Reader<'_, S>, error: io::Error) -> io::Result<()> {
    let Some(damage) = error.get_ref().and_then(|inner| inner.downcast_ref::<DamagedData>()) else {
        return Err(error);
    };
    let line = reader.counts.lines.max(1);
    reader.input_rejected(line, damage.to_string(), b"");
    Ok(())
}

#[cfg(test)]
mod tests;
