//! Runs `tests/spec/*.md`, the specification of Azure's behaviour.

pub(crate) mod document;
mod run;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use document::cases;

/// Cases per letter of the table of decisions that the specification has to hold.
const REQUIRED: [(char, usize); 7] =
    [('A', 20), ('B', 4), ('C', 24), ('D', 34), ('E', 13), ('F', 14), ('G', 12)];

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec");
    let entries = fs::read_dir(folder).expect("tests/spec exists");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    files.retain(|file| !file.ends_with("README.md"));
    files.sort();
    files
}

fn check(name: &str) {
    let file = files().into_iter().find(|file| file.ends_with(name)).expect("the file exists");
    let text = fs::read_to_string(file).expect("readable");
    let failures: Vec<_> =
        cases(&text).iter().flat_map(run::failures).map(|f| format!("{name}:{f}")).collect();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn order() {
    check("01-order.md");
}

#[test]
fn classic() {
    check("02-classic.md");
}

#[test]
fn network() {
    check("03-network.md");
}

#[test]
fn application() {
    check("04-application.md");
}

#[test]
fn dnat() {
    check("05-dnat.md");
}

#[test]
fn threats() {
    check("06-threats.md");
}

#[test]
fn parsing() {
    check("07-parsing.md");
}

#[test]
fn readings() {
    check("08-readings.md");
}

#[test]
fn what_is_not_known() {
    check("09-what-is-not-known.md");
}

#[test]
fn every_file_is_run_and_every_decision_is_there_once() {
    assert_eq!(files().len(), 9, "a new file needs a test above");
    let texts = files().into_iter().map(|file| fs::read_to_string(file).expect("readable"));
    let ids: Vec<String> = texts.flat_map(|text| cases(&text)).map(|case| case.id).collect();
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "an id stands twice: {ids:?}");
    let required = REQUIRED
        .iter()
        .flat_map(|&(letter, count)| (1..=count).map(move |number| format!("{letter}{number}")));
    let missing: Vec<String> = required.filter(|id| !distinct.contains(id)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

#[test]
fn a_failing_line_is_found() {
    let text = "### X1: A wrong verdict\n```azfw\npolicy p\n```\n```flow\nallow tcp 10.0.1.4 -> 192.0.2.1:22 # default\n```\n";
    let found: Vec<_> = cases(text).iter().flat_map(run::failures).collect();
    assert_eq!(found, ["6: X1: expected `allow`, got `deny`"]);
}
