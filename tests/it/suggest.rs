//! `azfw suggest` where the service takes less than the logs need.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Output};

/// The answer for a log with these properties of `AZFW…` records.
fn suggest(category: &str, records: impl Iterator<Item = String>, format: &str) -> Output {
    let mut text = String::new();
    for (second, record) in records.enumerate() {
        let _ = writeln!(
            text,
            r#"{{"time":"2026-03-02T{:02}:{:02}:{:02}Z","category":"{category}","properties":{{{record}}}}}"#,
            second / 3600,
            second / 60 % 60,
            second % 60
        );
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("log.json");
    fs::write(&file, text).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_azfw"));
    command.arg("suggest").arg(&file).args(["--quiet", "--format", format]);
    command.output().expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// The service takes 20,000 pairs of sources and destinations in network rules.
#[test]
fn subnets_are_made_wider_where_the_service_takes_less() {
    let pairs = (0..201).flat_map(|source| (0..100).map(move |target| (source, target)));
    let records = pairs.map(|(source, target)| {
        format!(
            r#""Protocol":"TCP","SourceIp":"10.1.{source}.4","SourcePort":50000,"DestinationIp":"192.0.2.{}","DestinationPort":443,"Action":"Allow","Rule":"r""#,
            2 * target
        )
    });
    let output = suggest("AZFWNetworkRule", records, "text");
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}");
    assert!(out.starts_with("# proven: "), "{out}");
    assert!(out.contains("# sources are put together as /20, because /24 makes more"), "{out}");
    assert!(out.contains("tcp 10.1.0.0/20, 10.1.16.0/20,"), "{out}");
}

/// The service takes 250 public addresses and DNAT destinations together: no subnet helps.
#[test]
fn what_cannot_be_deployed_is_a_no() {
    let records = || {
        (1..=260).map(|port| {
            format!(
                r#""Protocol":"TCP","SourceIp":"203.0.113.9","SourcePort":50000,"DestinationIp":"198.51.100.1","DestinationPort":{port},"TranslatedIp":"10.9.0.1","TranslatedPort":{port}"#,
            )
        })
    };
    let output = suggest("AZFWNatRule", records(), "text");
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{out}");
    assert!(out.starts_with("# NOT DEPLOYABLE as it is, the service takes less: "), "{out}");
    assert!(out.contains("# proven: what the logs allowed is allowed"), "{out}");
    // Where the rules are not commented, a pipeline finds the reason in the error stream.
    let output = suggest("AZFWNatRule", records(), "arm");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("NOT DEPLOYABLE"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with('{'));
}
