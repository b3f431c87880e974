//! `azfw events` as Parquet: one row a record, one column a field of the JSON form.
//!
//! Rows are gathered by column and written a row group at a time: memory holds one group.

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

use super::events::COLUMNS;
use crate::logs::NormalForm;

const ROWS_PER_GROUP: usize = 1 << 16;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Time,
    Whole,
    Real,
    Truth,
}

/// The kind of a column; all others hold text.
const KINDS: [(&str, Kind); 16] = [
    ("time", Kind::Time),
    ("icmp_type", Kind::Whole),
    ("source_port", Kind::Whole),
    ("destination_port", Kind::Whole),
    ("translated_port", Kind::Whole),
    ("signature.severity", Kind::Whole),
    ("tls_inspected", Kind::Truth),
    ("explicit_proxy", Kind::Truth),
    ("rate_mbps", Kind::Real),
    ("dns.id", Kind::Whole),
    ("dns.request_size", Kind::Whole),
    ("dns.dnssec_ok", Kind::Truth),
    ("dns.edns_size", Kind::Whole),
    ("dns.response_size", Kind::Whole),
    ("dns.duration_s", Kind::Real),
    ("count", Kind::Whole),
];

fn kind(column: &str) -> Kind {
    KINDS.iter().find(|(name, _)| *name == column).map_or(Kind::Text, |(_, kind)| *kind)
}

/// Writes records as a Parquet file. The file is one only after [`EventsFile::finish`].
pub struct EventsFile<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    /// Of each column, the cells of the rows that are not written yet.
    columns: Vec<Vec<Value>>,
}

impl<W: Write + Send> EventsFile<W> {
    /// Begins a file in `out`.
    ///
    /// # Errors
    ///
    /// What writing to `out` fails with.
    pub fn new(out: W) -> io::Result<Self> {
        let fields =
            COLUMNS.iter().map(|column| field(column).map(Arc::new)).collect::<Result<_, _>>();
        let schema = fields.and_then(|fields| {
            Type::group_type_builder("events").with_fields(fields).build().map(Arc::new)
        });
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(format!("azfw {}", env!("CARGO_PKG_VERSION")))
            .build();
        let writer = schema
            .and_then(|schema| SerializedFileWriter::new(out, schema, Arc::new(properties)))
            .map_err(failed)?;
        Ok(Self { writer, columns: vec![Vec::new(); COLUMNS.len()] })
    }

    /// Adds a record.
    ///
    /// # Errors
    ///
    /// What writing fails with.
    pub fn push(&mut self, form: &NormalForm<'_>) -> io::Result<()> {
        let mut json = serde_json::to_value(form).unwrap_or(Value::Null);
        for (cells, column) in self.columns.iter_mut().zip(COLUMNS) {
            let mut parts = column.split('.');
            let first = parts.next().and_then(|key| json.get_mut(key));
            let cell = parts.fold(first, |value, key| value.and_then(|value| value.get_mut(key)));
            cells.push(cell.map(Value::take).unwrap_or_default());
        }
        let rows = self.columns.first().map_or(0, Vec::len);
        if rows >= ROWS_PER_GROUP { self.write_group() } else { Ok(()) }
    }

    /// Writes what is left, and the directory of the file.
    ///
    /// # Errors
    ///
    /// What writing fails with.
    pub fn finish(mut self) -> io::Result<()> {
        if self.columns.first().is_some_and(|cells| !cells.is_empty()) {
            self.write_group()?;
        }
        let mut out = self.writer.into_inner().map_err(failed)?;
        out.flush()
    }

    fn write_group(&mut self) -> io::Result<()> {
        let mut group = self.writer.next_row_group().map_err(failed)?;
        for (cells, column) in self.columns.iter_mut().zip(COLUMNS) {
            let cells = std::mem::take(cells);
            let Some(mut writer) = group.next_column().map_err(failed)? else { break };
            write_column(writer.untyped(), kind(column), &cells).map_err(failed)?;
            writer.close().map_err(failed)?;
        }
        group.close().map_err(failed)?;
        Ok(())
    }
}

fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}

fn field(column: &str) -> Result<Type, ParquetError> {
    let micros = LogicalType::timestamp(true, TimeUnit::MICROS);
    let (physical, logical) = match kind(column) {
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

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::io::Seek as _;

    use parquet::file::reader::{FileReader as _, SerializedFileReader};

    use super::*;
    use crate::logs::LogRecord;
    use crate::tables::sample::half_a_day;

    #[test]
    fn every_field_of_every_record_comes_back() {
        let records: Vec<LogRecord> = half_a_day();
        let mut file = tempfile::tempfile().unwrap();
        let mut events = EventsFile::new(file.try_clone().unwrap()).unwrap();
        for record in &records {
            events.push(&NormalForm::from(record)).unwrap();
        }
        events.finish().unwrap();
        file.rewind().unwrap();
        let mut magic = [0; 4];
        file.read_exact(&mut magic).unwrap();
        assert_eq!(&magic, crate::logs::PARQUET_MAGIC);
        let reader = SerializedFileReader::new(file).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), records.len());
        for (row, record) in rows.iter().zip(&records) {
            let json = serde_json::to_value(NormalForm::from(record)).unwrap();
            for (name, field) in row.get_column_iter() {
                let mut parts = name.split('.');
                let first = json.get(parts.next().unwrap());
                let expected = parts.fold(first, |value, key| value.and_then(|it| it.get(key)));
                let shown = expected.map_or("null".to_owned(), |value| match value {
                    Value::String(text) if name == "time" => {
                        let time: Timestamp = text.parse().unwrap();
                        time.strftime("%Y-%m-%d %H:%M:%S%.6f +00:00").to_string()
                    }
                    Value::String(text) => format!("{text:?}"),
                    value => value.to_string(),
                });
                assert_eq!(field.to_string(), shown, "{name}");
            }
        }
    }
}
