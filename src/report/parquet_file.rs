//! Parquet files of columns that may lack values.

use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use parquet::basic::ZstdLevel;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use serde_json::Value;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// RFC 3339, written as microseconds.
    Time,
    Whole,
    Real,
    Truth,
}

/// Begins a file of these columns. It is one only when its writer is finished.
pub(super) fn new<W: Write + Send>(
    out: W,
    name: &str,
    columns: &[(&str, Kind)],
) -> io::Result<SerializedFileWriter<W>> {
    let fields = columns.iter().map(|(column, kind)| field(column, *kind).map(Arc::new));
    let schema = fields
        .collect::<Result<_, _>>()
        .and_then(|fields| Type::group_type_builder(name).with_fields(fields).build());
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(format!("azfw {}", env!("CARGO_PKG_VERSION")))
        .build();
    let writer = schema
        .and_then(|schema| SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties)));
    writer.map_err(failed)
}

/// Writes rows, column by column.
pub(super) fn write_group<W: Write + Send>(
    file: &mut SerializedFileWriter<W>,
    columns: impl Iterator<Item = (Kind, Vec<Value>)>,
) -> io::Result<()> {
    let mut group = file.next_row_group().map_err(failed)?;
    for (kind, cells) in columns {
        let Some(mut writer) = group.next_column().map_err(failed)? else { break };
        write_column(writer.untyped(), kind, &cells).map_err(failed)?;
        writer.close().map_err(failed)?;
    }
    group.close().map_err(failed)?;
    Ok(())
}

pub(super) fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}

fn field(column: &str, kind: Kind) -> Result<Type, ParquetError> {
    let micros = LogicalType::timestamp(true, TimeUnit::MICROS);
    let (physical, logical) = match kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Time => (Physical::INT64, Some(micros)),
        Kind::Whole => (Physical::INT64, None),
        Kind::Real => (Physical::DOUBLE, None),
        Kind::Truth => (Physical::BOOLEAN, None),
    };
    Type::primitive_type_builder(column, physical)
        .with_logical_type(logical)
        .with_repetition(Repetition::OPTIONAL)
        .build()
}

/// Writes the cells that are there; levels say where they are.
fn write_column(
    writer: &mut ColumnWriter<'_>,
    kind: Kind,
    cells: &[Value],
) -> Result<(), ParquetError> {
    /// The values that are there, and for each cell whether it is.
    fn parted<T>(cells: &[Value], of: impl Fn(&Value) -> Option<T>) -> (Vec<T>, Vec<i16>) {
        let all: Vec<Option<T>> = cells.iter().map(of).collect();
        let levels = all.iter().map(|value| i16::from(value.is_some())).collect();
        (all.into_iter().flatten().collect(), levels)
    }
    let written = match (kind, writer) {
        (Kind::Text, ColumnWriter::ByteArrayColumnWriter(writer)) => {
            let (values, levels) = parted(cells, |cell| cell.as_str().map(ByteArray::from));
            writer.write_batch(&values, Some(&levels), None)
        }
        (Kind::Time, ColumnWriter::Int64ColumnWriter(writer)) => {
            let (values, levels) = parted(cells, |cell| {
                Some(cell.as_str()?.parse::<Timestamp>().ok()?.as_microsecond())
            });
            writer.write_batch(&values, Some(&levels), None)
        }
        (Kind::Whole, ColumnWriter::Int64ColumnWriter(writer)) => {
            let (values, levels) = parted(cells, Value::as_i64);
            writer.write_batch(&values, Some(&levels), None)
        }
        (Kind::Real, ColumnWriter::DoubleColumnWriter(writer)) => {
            let (values, levels) = parted(cells, Value::as_f64);
            writer.write_batch(&values, Some(&levels), None)
        }
        (Kind::Truth, ColumnWriter::BoolColumnWriter(writer)) => {
            let (values, levels) = parted(cells, Value::as_bool);
            writer.write_batch(&values, Some(&levels), None)
        }
        _ => Err(ParquetError::General("a column is not of its kind".to_owned())),
    };
    written.map(|_| ())
}
