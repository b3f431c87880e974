//! Parquet, as Log Analytics export jobs and data lakes write it: tables of columns, taken row by row.
//!
//! Pages are decoded as their rows are asked for: memory holds one page of each column, whatever the
//! size of the file.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jiff::Timestamp;
use parquet::basic::{Compression, LogicalType, TimeUnit};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::record::{Field, Row};

use super::Options;
use super::counts::{Counts, Sink};
use super::reader::{Flowing, Reader};
use super::value::Value;

/// What a Parquet file begins and ends with.
pub const PARQUET_MAGIC: &[u8] = b"PAR1";

/// A Parquet file, whatever it is kept in.
pub trait Table {
    /// Reads its rows as [`read_parquet`] does.
    fn read_into(self: Box<Self>, file: Arc<str>, options: &Options, sink: &mut dyn Sink)
    -> Counts;
}

impl<T: ChunkReader + 'static> Table for T {
    fn read_into(
        self: Box<Self>,
        file: Arc<str>,
        options: &Options,
        mut sink: &mut dyn Sink,
    ) -> Counts {
        read_parquet(*self, file, options, &mut sink)
    }
}

/// Reads the rows of a Parquet file; positions count rows from one.
///
/// What cannot be read is counted as rejected, so there are no errors.
pub fn read_parquet<S: Sink>(
    input: impl ChunkReader + 'static,
    file: Arc<str>,
    options: &Options,
    sink: &mut S,
) -> Counts {
    let mut reader = Reader::new(file, options, sink);
    reader.counts.bytes = input.len();
    let opened = guarded(|| SerializedFileReader::new(input))
        .and_then(|opened| refusal(opened.metadata()).map_or(Ok(opened), Err));
    match opened {
        Ok(opened) => rows(&opened, &mut reader),
        Err(reason) => reader.input_rejected(1, reason, b""),
    }
    reader.counts
}

/// Why a file cannot be read, though it is whole.
fn refusal(metadata: &ParquetMetaData) -> Option<String> {
    let mut columns = metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
    let name = columns.find_map(|column| match column.compression() {
        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::ZSTD(_) => None,
        Compression::GZIP(_) => Some("gzip"),
        Compression::LZO => Some("LZO"),
        Compression::BROTLI(_) => Some("Brotli"),
        Compression::LZ4 | Compression::LZ4_RAW => Some("LZ4"),
    })?;
    Some(format!(
        "Parquet with {name} compression is not read; write it with Snappy, Zstandard or without"
    ))
}

fn rows<S: Sink>(file: &impl FileReader, reader: &mut Reader<'_, S>) {
    let schema = file.metadata().file_metadata().schema_descr();
    // Of columns of times.
    let units: Vec<Option<TimeUnit>> = schema
        .root_schema()
        .get_fields()
        .iter()
        .map(|field| match field.get_basic_info().logical_type_ref() {
            Some(LogicalType::Timestamp(of)) => Some(of.unit),
            _ => None,
        })
        .collect();
    let mut rows = match guarded(|| file.get_row_iter(None)) {
        Ok(rows) => rows,
        Err(reason) => return reader.input_rejected(1, reason, b""),
    };
    let mut text = String::new();
    loop {
        let line = reader.counts.lines + 1;
        let row = match guarded(|| rows.next().transpose()) {
            Ok(Some(row)) => row,
            Ok(None) => return,
            Err(reason) => return reader.input_rejected(line, reason, b""),
        };
        reader.counts.lines = line;
        if record(&row, &units, line, &mut text, reader).is_break() {
            return;
        }
    }
}

/// What `read` answers; its errors and panics as a reason. The crate that knows the format panics
/// where a damaged file contradicts itself.
fn guarded<T>(read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(format!("the Parquet file cannot be read: {error}")),
        Err(_) => Err("the Parquet file is damaged, or of a type that is not known".to_owned()),
    }
}

/// A row is read like a JSON object with its columns as members.
fn record<S: Sink>(
    row: &Row,
    units: &[Option<TimeUnit>],
    line: u64,
    text: &mut String,
    reader: &mut Reader<'_, S>,
) -> Flowing {
    let mut members = Vec::new();
    for ((name, field), unit) in row.get_column_iter().zip(units) {
        let value = match (field, unit) {
            (Field::Long(number), Some(unit)) => instant(*number, *unit),
            (field, _) => nested(name, field).unwrap_or_else(|| value(field)),
        };
        if value != Value::Null {
            members.push((Cow::Borrowed(name.as_str()), value));
        }
    }
    let object = Value::Object(members);
    text.clear();
    write_value(&object, text);
    reader.value(&object, text.as_bytes(), line)
}

/// A time in an integer column with a unit. One without is a number like any other.
fn instant<'a>(number: i64, unit: TimeUnit) -> Value<'a> {
    let time = match unit {
        TimeUnit::MILLIS => Timestamp::from_millisecond(number),
        TimeUnit::MICROS => Timestamp::from_microsecond(number),
        TimeUnit::NANOS => Timestamp::from_nanosecond(number.into()),
    };
    time.map_or(Value::Null, |time| Value::Text(time.to_string().into()))
}

/// The properties of a record, written as JSON into one cell.
fn nested<'a>(name: &str, field: &'a Field) -> Option<Value<'a>> {
    let text = match field {
        Field::Str(text) => text.as_str(),
        Field::Bytes(bytes) => std::str::from_utf8(bytes.data()).ok()?,
        _ => return None,
    };
    let is_properties = name.trim_end_matches("_s").eq_ignore_ascii_case("properties");
    if !is_properties || !text.trim_start().starts_with('{') {
        return None;
    }
    serde_json::from_str(text).ok()
}

fn value(field: &Field) -> Value<'_> {
    let integer = |number: i64| {
        u64::try_from(number)
            .map_or_else(|_| Value::Text(number.to_string().into()), Value::Integer)
    };
    let time = |time: Result<Timestamp, jiff::Error>| {
        time.map_or(Value::Null, |time| Value::Text(time.to_string().into()))
    };
    match field {
        Field::Bool(truth) => Value::Bool(*truth),
        Field::Byte(number) => integer((*number).into()),
        Field::Short(number) => integer((*number).into()),
        Field::Int(number) => integer((*number).into()),
        Field::Long(number) => integer(*number),
        Field::UByte(number) => Value::Integer((*number).into()),
        Field::UShort(number) => Value::Integer((*number).into()),
        Field::UInt(number) => Value::Integer((*number).into()),
        Field::ULong(number) => Value::Integer(*number),
        Field::Float(number) => Value::Float((*number).into()),
        Field::Double(number) => Value::Float(*number),
        Field::Str(text) => Value::Text(Cow::Borrowed(text)),
        Field::Bytes(bytes) => Value::Text(String::from_utf8_lossy(bytes.data())),
        Field::TimestampMillis(number) => time(Timestamp::from_millisecond(*number)),
        Field::TimestampMicros(number) => time(Timestamp::from_microsecond(*number)),
        Field::Group(row) => Value::Object(
            row.get_column_iter()
                .map(|(name, field)| (Cow::Borrowed(name.as_str()), value(field)))
                .collect(),
        ),
        Field::ListInternal(list) => Value::Array(list.elements().iter().map(value).collect()),
        // No column of these logs is any of them.
        Field::Null
        | Field::Float16(_)
        | Field::Decimal(_)
        | Field::Date(_)
        | Field::TimeMillis(_)
        | Field::TimeMicros(_)
        | Field::MapInternal(_) => Value::Null,
    }
}

/// A row as JSON, for who looks for what was rejected.
fn write_value(value: &Value<'_>, text: &mut String) {
    let write_text = |part: &str, text: &mut String| {
        text.push_str(&serde_json::to_string(part).unwrap_or_default());
    };
    // Writing to a string does not fail.
    let _ = match value {
        Value::Null => text.write_str("null"),
        Value::Bool(truth) => write!(text, "{truth}"),
        Value::Integer(number) => write!(text, "{number}"),
        Value::Float(number) => write!(text, "{number}"),
        Value::Text(part) => {
            write_text(part, text);
            Ok(())
        }
        Value::Array(elements) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                write_value(element, text);
            }
            text.write_str("]")
        }
        Value::Object(members) => {
            text.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                write_text(name, text);
                text.push(':');
                write_value(value, text);
            }
            text.write_str("}")
        }
    };
}
