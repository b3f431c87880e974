//! The report as Parquet: one file per table, the columns of the CSV form with types.

use std::io;

use serde_json::Value;

use crate::report::parquet_file::{self, Kind, failed};
use crate::tables::Summary;

use super::sheet::{Cell, Column, Sheet, Shown};
use super::sheets::{hours, sheets};

/// File names and contents, as in CSV. Text is as it is: nothing runs it.
///
/// # Errors
///
/// Fails only by a fault of this program.
pub fn render(summary: &Summary) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut all = sheets(summary);
    all.insert(0, hours(summary));
    all.iter().filter(|sheet| !sheet.rows.is_empty()).map(file).collect()
}

/// File name and content of one table.
fn file(sheet: &Sheet) -> io::Result<(String, Vec<u8>)> {
    let (columns, rows) = sheet.view(|shown| match shown {
        Shown::Always | Shown::Wide | Shown::Data => true,
        Shown::Reading => false,
    });
    let kinds: Vec<(&str, Kind)> =
        columns.iter().map(|column| (column.name, kind(column))).collect();
    let mut cells: Vec<Vec<Value>> = vec![Vec::new(); columns.len()];
    for row in rows {
        for ((column, (_, kind)), cell) in cells.iter_mut().zip(&kinds).zip(row) {
            column.push(value(cell, *kind));
        }
    }
    let mut bytes = Vec::new();
    let mut writer = parquet_file::new(&mut bytes, sheet.name, &kinds)?;
    let kinds = kinds.iter().map(|(_, kind)| *kind);
    parquet_file::write_group(&mut writer, kinds.zip(cells))?;
    writer.close().map_err(failed)?;
    Ok((format!("{}.parquet", sheet.name), bytes))
}

/// What a column holds does not depend on its rows.
fn kind(column: &Column) -> Kind {
    match column.name {
        "hour" | "first_hour" | "first_seen" | "last_seen" => Kind::Time,
        "share" => Kind::Real,
        "port" | "public_port" | "inner_port" => Kind::Whole,
        _ if column.is_number => Kind::Whole,
        _ => Kind::Text,
    }
}

fn value(cell: &Cell, kind: Kind) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
    match cell {
        Cell::Text(text) => text.as_str().into(),
        Cell::Number(number) if kind == Kind::Text => number.to_string().into(),
        Cell::Number(number) => (*number).into(),
        Cell::Share(share) => (*share as f64 / 1000.0).into(),
        Cell::Time(time) => time.to_string().into(),
        Cell::Empty => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};

    use super::*;
    use crate::report::traffic::csv;
    use crate::tables::sample::{half_a_day, input, names, policy};
    use crate::tables::{Options, Tally};

    #[test]
    fn every_cell_of_every_table_is_there() {
        let records = half_a_day();
        let mut tally = Tally::new();
        for record in &records {
            tally.push(record);
        }
        let (policy, names) = (policy(), names());
        let options = Options { top: 5, policy: Some(&policy), names: Some(&names) };
        let summary = tally.finish(input(records.len()), &options).unwrap();
        let files = render(&summary).unwrap();
        assert!(files.len() > 15);
        for ((name, bytes), (csv_name, text)) in files.iter().zip(csv::render(&summary)) {
            assert_eq!(name.split('.').next(), csv_name.split('.').next());
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), bytes).unwrap();
            let reader = SerializedFileReader::new(file.reopen().unwrap()).unwrap();
            let mut lines = ::csv::Reader::from_reader(text.as_bytes());
            let header = lines.headers().unwrap().clone();
            let mut rows = reader.get_row_iter(None).unwrap();
            for line in lines.records().map(Result::unwrap) {
                let row = rows.next().unwrap().unwrap();
                let row: Vec<_> = row.get_column_iter().collect();
                assert!(row.iter().map(|(column, _)| column.as_str()).eq(header.iter()));
                for ((column, field), cell) in row.iter().zip(&line) {
                    let is_there = field.to_string() != "null";
                    assert_eq!(is_there, !cell.is_empty(), "{name} {column} {cell}");
                }
            }
            assert!(rows.next().is_none());
        }
    }
}
