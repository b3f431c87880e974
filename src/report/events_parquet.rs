//! `azfw events` as Parquet: one row a record, one column a field of the JSON form.
//!
//! Rows are gathered by column and written a row group at a time: memory holds one group.

use std::io::{self, Write};

use parquet::file::writer::SerializedFileWriter;
use serde_json::Value;

use super::events::COLUMNS;
use super::parquet_file::{self, Kind, failed};
use crate::logs::NormalForm;

const ROWS_PER_GROUP: usize = 1 << 16;

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
        let columns: Vec<_> = COLUMNS.iter().map(|column| (*column, kind(column))).collect();
        let writer = parquet_file::new(out, "events", &columns)?;
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
        let cells = self.columns.iter_mut().map(std::mem::take);
        let columns = COLUMNS.iter().map(|column| kind(column)).zip(cells);
        parquet_file::write_group(&mut self.writer, columns)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::io::Seek as _;

    use jiff::Timestamp;
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
