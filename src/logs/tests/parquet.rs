//! Parquet files, written here.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use expect_test::{Expect, expect};
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::{ColumnMap, LogRecord, NormalForm, Options, read_parquet};

/// The values of a column; `None` is a missing one.
enum Values {
    Texts(Vec<Option<&'static str>>),
    Longs(Vec<i64>),
    Ints(Vec<Option<i32>>),
    Reals(Vec<f64>),
    Truths(Vec<bool>),
}
use Values::{Ints, Longs, Reals, Texts, Truths};

/// A file with these row groups. Columns whose values may be missing are `optional`.
fn written(schema: &str, compression: Compression, groups: &[Vec<Values>]) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(&format!("message t {{ {schema} }}")).unwrap());
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    for columns in groups {
        let mut group = writer.next_row_group().unwrap();
        for values in columns {
            let mut column = group.next_column().unwrap().unwrap();
            match (column.untyped(), values) {
                (ColumnWriter::ByteArrayColumnWriter(column), Texts(texts)) => {
                    let there: Vec<_> =
                        texts.iter().flatten().map(|text| ByteArray::from(*text)).collect();
                    let levels: Vec<_> =
                        texts.iter().map(|text| i16::from(text.is_some())).collect();
                    column.write_batch(&there, Some(&levels), None).unwrap();
                }
                (ColumnWriter::Int32ColumnWriter(column), Ints(numbers)) => {
                    let there: Vec<_> = numbers.iter().flatten().copied().collect();
                    let levels: Vec<_> =
                        numbers.iter().map(|number| i16::from(number.is_some())).collect();
                    column.write_batch(&there, Some(&levels), None).unwrap();
                }
                (ColumnWriter::Int64ColumnWriter(column), Longs(numbers)) => {
                    column.write_batch(numbers, None, None).unwrap();
                }
                (ColumnWriter::DoubleColumnWriter(column), Reals(numbers)) => {
                    column.write_batch(numbers, None, None).unwrap();
                }
                (ColumnWriter::BoolColumnWriter(column), Truths(truths)) => {
                    column.write_batch(truths, None, None).unwrap();
                }
                _ => unreachable!("the values are not those of the column"),
            }
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.into_inner().unwrap()
}

fn shown_with(bytes: &[u8], options: &Options) -> String {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let mut records: Vec<LogRecord> = Vec::new();
    let counts = read_parquet(file, Arc::from("a.parquet"), options, &mut records);
    assert_eq!(counts.inputs, counts.records_total() + counts.ignored_total() + counts.rejected);
    assert_eq!(counts.records_total(), records.len() as u64);
    let mut text = String::new();
    for record in &records {
        writeln!(text, "{}", serde_json::to_string(&NormalForm::from(record)).unwrap()).unwrap();
    }
    for reject in &counts.first_rejects {
        writeln!(text, "{}: {} | {}", reject.origin, reject.reason, reject.excerpt).unwrap();
    }
    text
}

fn shown(bytes: &[u8]) -> String {
    shown_with(bytes, &Options { excerpt_chars: 60, ..Options::default() })
}

#[track_caller]
fn check(schema: &str, columns: Vec<Values>, expected: Expect) {
    expected.assert_eq(&shown(&written(schema, Compression::UNCOMPRESSED, &[columns])));
}

fn texts<const N: usize>(texts: [&'static str; N]) -> Values {
    Texts(texts.into_iter().map(Some).collect())
}

const NETWORK: &str = "optional binary Type (UTF8); required int64 TimeGenerated (TIMESTAMP(MICROS,true)); optional binary Protocol (UTF8); optional binary SourceIp (UTF8); optional int32 DestinationPort; optional binary DestinationIp (UTF8); optional binary Action (UTF8);";

fn network_rows() -> Vec<Values> {
    vec![
        texts(["AZFWNetworkRule", "AZFWNetworkRule"]),
        Longs(vec![1_772_359_200_123_456, 1_772_359_201_000_000]),
        texts(["TCP", "ICMP Type=8"]),
        texts(["192.0.2.4", "[2001:db8::5]"]),
        Ints(vec![Some(443), None]),
        texts(["198.51.100.7", "2001:db8::8"]),
        Texts(vec![Some("Allow"), None]),
    ]
}

#[test]
fn rows_of_all_row_groups_are_records_in_every_codec() {
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let read: [String; 3] = [Compression::UNCOMPRESSED, Compression::SNAPPY, zstd]
        .map(|codec| shown(&written(NETWORK, codec, &[network_rows(), network_rows()])));
    assert_eq!((&read[0], &read[0]), (&read[1], &read[2]));
    expect![[r#"
        {"time":"2026-03-01T10:00:00.123456Z","kind":"network","form":"structured","protocol":"tcp","source":"192.0.2.4","destination":"198.51.100.7","destination_port":443,"action":"allow","origin":"a.parquet:1"}
        {"time":"2026-03-01T10:00:01Z","kind":"network","form":"structured","protocol":"icmp","icmp_type":8,"source":"2001:db8::5","destination":"2001:db8::8","origin":"a.parquet:2"}
        {"time":"2026-03-01T10:00:00.123456Z","kind":"network","form":"structured","protocol":"tcp","source":"192.0.2.4","destination":"198.51.100.7","destination_port":443,"action":"allow","origin":"a.parquet:3"}
        {"time":"2026-03-01T10:00:01Z","kind":"network","form":"structured","protocol":"icmp","icmp_type":8,"source":"2001:db8::5","destination":"2001:db8::8","origin":"a.parquet:4"}
    "#]]
    .assert_eq(&read[0]);
}

#[test]
fn times_of_every_unit() {
    for (kind, time) in [
        ("(TIMESTAMP(MILLIS,true))", 1_772_359_200_123),
        ("(TIMESTAMP(MICROS,true))", 1_772_359_200_123_000),
        ("(TIMESTAMP(NANOS,true))", 1_772_359_200_123_000_000),
        ("(TIMESTAMP(MICROS,false))", 1_772_359_200_123_000),
        ("", 1_772_359_200_123),
        ("", 1_772_359_200_123_000),
        ("", 1_772_359_200_123_000_000),
    ] {
        let schema = format!(
            "required int64 TimeGenerated {kind}; optional binary SourceIp (UTF8); optional binary DestinationIp (UTF8); optional binary Action (UTF8);"
        );
        let columns =
            vec![Longs(vec![time]), texts(["192.0.2.4"]), texts(["198.51.100.7"]), texts(["Deny"])];
        let got = shown(&written(&schema, Compression::SNAPPY, &[columns]));
        assert!(got.starts_with(r#"{"time":"2026-03-01T10:00:00.123Z""#), "{kind} {time}: {got}");
    }
    check(
        "required int64 time; optional binary category (UTF8); optional binary properties (UTF8);",
        vec![
            Longs(vec![1_772_359_200]),
            texts(["AZFWNatRule"]),
            texts([r#"{"SourceIp":"192.0.2.4","TranslatedIp":"10.0.0.4"}"#]),
        ],
        expect![[r#"
            {"time":"2026-03-01T10:00:00Z","kind":"nat","form":"structured","source":"192.0.2.4","action":"dnat","translated":"10.0.0.4","origin":"a.parquet:1"}
        "#]],
    );
}

#[test]
fn a_number_that_is_no_time_is_not_left_out() {
    check(
        "required int64 time; optional binary category (UTF8); optional binary SourceIp (UTF8);",
        vec![Longs(vec![45_000, -5]), texts(["AZFWNatRule"; 2]), texts(["192.0.2.4"; 2])],
        expect![[r#"
            a.parquet:1: unreadable time `45000` | {"time":45000,"category":"AZFWNatRule","SourceIp":"192.0.2.4
            a.parquet:2: unreadable time `-5` | {"time":"-5","category":"AZFWNatRule","SourceIp":"192.0.2.4"
        "#]],
    );
}

#[test]
fn properties_may_be_text_or_a_group() {
    check(
        "optional binary category (UTF8); optional binary operationName (UTF8); required group properties { optional binary msg (UTF8); }",
        vec![
            texts(["AzureFirewallNetworkRule"]),
            texts(["AzureFirewallNetworkRuleLog"]),
            Texts(vec![Some("TCP request from 192.0.2.4:1 to 198.51.100.7:80. Action: Deny.. ")]),
        ],
        expect![[r#"
            {"kind":"network","form":"legacy","protocol":"tcp","source":"192.0.2.4","source_port":1,"destination":"198.51.100.7","destination_port":80,"action":"deny","origin":"a.parquet:1"}
        "#]],
    );
    // No column says that its bytes are text.
    check(
        "optional binary Type; optional binary SourceIp; optional binary QueryName; required double RequestDurationSecs; required boolean DnssecOkBit;",
        vec![
            texts(["AZFWDnsQuery"]),
            texts(["192.0.2.4"]),
            texts(["example.com."]),
            Reals(vec![9.2102e-05]),
            Truths(vec![false]),
        ],
        expect![[r#"
            {"kind":"dns","form":"structured","source":"192.0.2.4","dns":{"name":"example.com","dnssec_ok":false,"duration_s":0.000092102},"origin":"a.parquet:1"}
        "#]],
    );
}

#[test]
fn flows_by_named_columns() {
    let columns = ColumnMap::parse("source=src,destination=dst,port=dport,protocol=proto").unwrap();
    let options = Options { columns: Some(columns), ..Options::default() };
    let bytes = written(
        "optional binary src (UTF8); optional binary dst (UTF8); optional int32 dport; optional binary proto (UTF8);",
        Compression::SNAPPY,
        &[vec![texts(["192.0.2.4"]), texts(["198.51.100.7"]), Ints(vec![Some(53)]), texts(["17"])]],
    );
    expect![[r#"
        {"kind":"flow","form":"flow_log","protocol":"udp","source":"192.0.2.4","destination":"198.51.100.7","destination_port":53,"origin":"a.parquet:1"}
    "#]].assert_eq(&shown_with(&bytes, &options));
}

#[test]
fn what_is_no_log_is_rejected_row_by_row() {
    check(
        "optional binary name (UTF8); optional int32 size;",
        vec![texts(["a", "b"]), Ints(vec![Some(-1), None])],
        expect![[r#"
            a.parquet:1: no known column | {"name":"a","size":"-1"}
            a.parquet:2: no known column | {"name":"b"}
        "#]],
    );
    check(
        "optional binary Type (UTF8); optional binary SourceIp (UTF8); optional binary DestinationIp (UTF8);",
        vec![texts(["AZFWNetworkRule"]), texts(["somewhere"]), texts(["198.51.100.7"])],
        expect![[r#"
            a.parquet:1: unreadable address in column `SourceIp` | {"Type":"AZFWNetworkRule","SourceIp":"somewhere","Destinatio
        "#]],
    );
}

#[test]
fn damage_is_a_rejection_wherever_it_is() {
    let whole = written(NETWORK, Compression::SNAPPY, &[network_rows()]);
    let mut reasons = BTreeSet::new();
    for at in 0..whole.len() {
        // Among others this turns the code of Snappy, 1, into that of gzip, 2.
        for mask in [0xff, 0x06] {
            let mut damaged = whole.clone();
            damaged[at] ^= mask;
            reasons.insert(shown(&damaged));
        }
        reasons.insert(shown(&whole[..at]));
    }
    let gzip = "a.parquet:1: Parquet with gzip compression is not read; write it with Snappy, Zstandard or without | \n";
    assert!(reasons.contains(gzip));
    expect![[r#"
        a.parquet:1: the Parquet file cannot be read: Parquet error: Invalid Parquet file. Corrupt footer | 
    "#]].assert_eq(&shown(&whole[..whole.len() - 9]));
}
