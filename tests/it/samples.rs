//! Holds `samples/` to what the generator makes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use azfw::compile::{Options, compile};
use azfw::generate::{SAMPLE_SETS, SampleSet};

use crate::rulesets::text_form;

/// What the generator makes of a set.
fn generated(set: &SampleSet) -> BTreeMap<String, String> {
    let loaded = text_form(set.name);
    let (ruleset, _) = compile(&loaded.inventory, &Options::default()).expect("a rule set");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let traffic = root.join("rulesets").join(set.name).join("traffic.txt");
    let traffic = fs::read_to_string(traffic).expect("the traffic table is readable");
    set.files(&ruleset, &traffic).expect("the table fits the rule set")
}

/// The files below `folder`, by path.
fn stored(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let entry = entry.expect("readable");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            stored(&entry.path(), &format!("{name}/"), files);
        } else {
            files.insert(name, fs::read(entry.path()).expect("readable"));
        }
    }
}

#[cfg(feature = "logs")]
fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut unpacking = flate2::read::GzDecoder::new(bytes);
    std::io::Read::read_to_string(&mut unpacking, &mut text).expect("gzip of text");
    text
}

#[test]
fn samples_are_what_the_generator_makes() {
    for set in &SAMPLE_SETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(set.name);
        let mut files = BTreeMap::new();
        stored(&folder, "", &mut files);
        let made = generated(set);
        assert_eq!(files.keys().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>());
        for (name, text) in &made {
            let bytes = &files[name];
            // Without the feature `logs` nothing can unpack it.
            #[cfg(feature = "logs")]
            let bytes = &if bytes.starts_with(&[0x1f, 0x8b]) {
                unpacked(bytes).into_bytes()
            } else {
                bytes.clone()
            };
            if cfg!(feature = "logs") || !bytes.starts_with(&[0x1f, 0x8b]) {
                assert!(
                    bytes == text.as_bytes(),
                    "samples/{}/{name} differs: run `cargo run --example generate_samples`",
                    set.name
                );
            }
        }
    }
}

#[test]
fn every_kind_of_record_occurs() {
    let mut categories: BTreeMap<String, usize> = BTreeMap::new();
    for text in SAMPLE_SETS.iter().flat_map(|set| generated(set).into_values()) {
        for line in text.lines() {
            let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let name = record["operationName"].as_str().or(record["category"].as_str());
            *categories.entry(name.expect("a category").to_owned()).or_default() += 1;
        }
    }
    let names: Vec<_> = categories.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "AZFWApplicationRule",
            "AZFWDnsQuery",
            "AZFWIdpsSignature",
            "AZFWNatRule",
            "AZFWNetworkRule",
            "AZFWThreatIntel",
            "AzureFirewallApplicationRuleLog",
            "AzureFirewallDnsProxyLog",
            "AzureFirewallNetworkRuleLog",
            "AzureFirewallThreatIntelLog",
        ]
    );
    let lines: usize = categories.values().sum();
    assert!((2000..5000).contains(&lines), "{lines} lines in all");
}

#[test]
fn every_shape_of_a_record_occurs() {
    let texts: Vec<String> =
        SAMPLE_SETS.iter().flat_map(|set| generated(set).into_values()).collect();
    let shapes = [
        "SNI TLS extension was missing",
        "No rule matched. Proceeding with default action",
        "Default Action",
        "i/o timeout",
        "NXDOMAIN",
        "MSSQL",
        "ICMP Type=8",
        "ICMPv6 Type=128",
        "[2001:0db8:0020:0000:0000:0000:0000:0005]",
        "HTTP  request from",
        "Action: Deny.. \"",
        "\"IsTlsInspected\":true",
        "ThreatIntel: Bot Networks",
        "\"Action\":\"Alert\"",
        "\"Action\":\"drop\"",
        "\"Action\":\"alert\"",
        "ubuntu-snapshots",
        "old-partner",
        "jump-host",
        "old-printers",
    ];
    for shape in shapes {
        assert!(texts.iter().any(|text| text.contains(shape)), "no record with {shape:?}");
    }
}

#[test]
fn some_records_are_out_of_order_and_some_connections_are_logged_again() {
    for set in &SAMPLE_SETS {
        let files = generated(set);
        let mut times: Vec<&str> = Vec::new();
        let mut ends: BTreeMap<String, usize> = BTreeMap::new();
        let texts: Vec<&str> = files.values().flat_map(|text| text.lines()).collect();
        for line in &texts {
            times.extend(line.get(9..41));
            let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let columns = &record["properties"];
            if columns["Action"] == "Deny" && columns["Protocol"] == "TCP" {
                let end = |name: &str| columns[name].to_string();
                let key =
                    format!("{} {} {}", end("SourceIp"), end("SourcePort"), end("DestinationIp"));
                *ends.entry(key).or_default() += 1;
            }
        }
        assert!(times.windows(2).any(|pair| pair[1] < pair[0]), "{}", set.name);
        assert!(ends.values().any(|&count| count > 3), "{}: {ends:?}", set.name);
    }
}
