//! Every container, every table, every tolerance, with a small line of our own.

mod archives;
mod containers;
mod damage;
mod encodings;
mod layouts;
mod parquet;
mod tables;
mod wrapped;

use std::fmt::Write as _;
use std::sync::Arc;

use expect_test::Expect;

use super::*;

fn read_all(input: &[u8], options: &Options) -> (Vec<LogRecord>, Counts) {
    let mut records = Vec::new();
    let counts = read(input, Arc::from("f"), options, &mut records).unwrap();
    (records, counts)
}

fn shown(input: &[u8], options: &Options) -> String {
    let (records, counts) = read_all(input, options);
    let mut text = String::new();
    for record in &records {
        let normal = serde_json::to_string(&NormalForm::from(record)).unwrap();
        writeln!(text, "{}: {normal}", record.category).unwrap();
    }
    for (reason, count) in &counts.ignored {
        writeln!(text, "{count} ignored: {reason}").unwrap();
    }
    for reject in &counts.first_rejects {
        writeln!(text, "{}: {} | {}", reject.origin, reject.reason, reject.excerpt).unwrap();
    }
    assert_eq!(counts.records_total(), records.len() as u64);
    assert_eq!(counts.inputs, counts.records_total() + counts.ignored_total() + counts.rejected);
    text
}

#[track_caller]
fn check(input: &str, expected: Expect) {
    let options = Options { excerpt_chars: 30, ..Options::default() };
    expected.assert_eq(&shown(input.as_bytes(), &options));
}

/// A structured row in its envelope.
#[track_caller]
fn check_row(category: &str, properties: &str, expected: Expect) {
    let line = format!(r#"{{"category":"{category}","properties":{properties}}}"#);
    check(&line, expected);
}

const A: &str = r#"{"category":"AzureFirewallNetworkRule","time":"2025-03-01T10:00:00.1234567Z","resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.NETWORK/AZUREFIREWALLS/FW","operationName":"AzureFirewallNetworkRuleLog","properties":{"msg":"TCP request from 192.0.2.4:1 to 198.51.100.7:80. Action: Deny.. "}}"#;
const B: &str = r#"{"time":"2025-03-01T10:00:00.123456+00:00","tenantId":"t","correlationId":"c","properties":{"Protocol":"UDP","SourceIp":"192.0.2.4","SourcePort":2,"DestinationIp":"198.51.100.7","DestinationPort":53,"Action":"Allow","Policy":"p","RuleCollectionGroup":"g","RuleCollection":"c","Rule":"r","ActionReason":""},"category":"AZFWNetworkRule"}"#;
