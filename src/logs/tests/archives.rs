//! Archives, and sentences without any container.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::sync::Arc;

use expect_test::{Expect, expect};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{B, LogRecord, Options, check, read_zip};

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[track_caller]
fn check_zip(archive: Vec<u8>, expected: Expect) {
    let mut records: Vec<LogRecord> = Vec::new();
    let is_log = |name: &str| !name.contains("picture");
    let options = Options { decompressed_bytes_max: 1 << 20, ..Options::default() };
    let counts =
        read_zip(Cursor::new(archive), Arc::from("a.zip"), &options, is_log, &mut records).unwrap();
    assert_eq!(counts.inputs, counts.records_total() + counts.ignored_total() + counts.rejected);
    let mut text = String::new();
    for record in &records {
        writeln!(text, "{} {}", record.category, record.origin).unwrap();
    }
    for (reason, count) in &counts.ignored {
        writeln!(text, "{count} ignored: {reason}").unwrap();
    }
    for reject in &counts.first_rejects {
        writeln!(text, "{}: {}", reject.origin, reject.reason).unwrap();
    }
    expected.assert_eq(&text);
}

#[test]
fn the_files_of_an_archive_are_read_by_name() {
    let gz = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(B.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    check_zip(
        zip(&[
            ("y=2026/b.json.gz", &gz),
            ("y=2026/a.json", format!("{B}\n{B}").as_bytes()),
            ("picture.png", b"x"),
        ]),
        expect![[r#"
            AZFWNetworkRule a.zip/y=2026/a.json:1
            AZFWNetworkRule a.zip/y=2026/a.json:2
            AZFWNetworkRule a.zip/y=2026/b.json.gz:1
            1 ignored: file of an archive that is no log by its name
        "#]],
    );
}

#[test]
fn damage_and_bombs_end_in_a_rejection() {
    let mut cut = zip(&[("a.json", B.repeat(50).as_bytes())]);
    cut.truncate(cut.len() / 2);
    check_zip(
        cut,
        expect![[r#"
        a.zip:1: the archive cannot be unpacked: invalid Zip archive: Could not find EOCD
    "#]],
    );
    let mut wrong = zip(&[("a.json", B.repeat(50).as_bytes())]);
    wrong[60..70].fill(0xff);
    check_zip(
        wrong,
        expect![[r#"
        a.zip/a.json:1: compressed data is damaged: corrupt deflate stream
    "#]],
    );
    let spaces = vec![b' '; 2 << 20];
    check_zip(
        zip(&[("bomb.json", &spaces)]),
        expect![[r#"
        a.zip/bomb.json:1: compressed data is damaged: it grows beyond the limit
    "#]],
    );
    check_zip(
        b"PK\x03\x04".to_vec(),
        expect![[r#"
        a.zip:1: the archive cannot be unpacked: invalid Zip archive: Could not find EOCD
    "#]],
    );
}

#[test]
fn an_archive_from_a_stream_is_refused() {
    check(
        "PK\u{3}\u{4}rest",
        expect![[r#"
        f:1: a zip archive, which is read as a file only | 
    "#]],
    );
}

#[test]
fn bare_sentences() {
    check(
        "# copied from the portal\n<134>1 2026-03-01T10:00:00Z fw - - \"TCP request from 192.0.2.4:1 to 198.51.100.7:80. Action: Deny.. \"\n\nHTTPS request from 192.0.2.5:1 to www.example.com:443. Action: Allow. Rule Collection: c. Rule: r\nTCP request from nowhere\n",
        expect![[r#"
            AzureFirewallNetworkRule: {"time":"2026-03-01T10:00:00Z","kind":"network","form":"legacy","protocol":"tcp","source":"192.0.2.4","source_port":1,"destination":"198.51.100.7","destination_port":80,"action":"deny","origin":"f:2"}
            AzureFirewallNetworkRule: {"kind":"application","form":"legacy","protocol":"https","source":"192.0.2.5","source_port":1,"destination_port":443,"fqdn":"www.example.com","action":"allow","collection":"c","rule":"r","origin":"f:4"}
            f:1: no sentence of a firewall log | # copied from the portal
            f:5: message not understood: expected an action at character 25 | TCP request from nowhere
        "#]],
    );
}
