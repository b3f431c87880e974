//! The shapes in which rule sets reach people: each file of `tests/shapes/` beside what is read from
//! it, in the text form, with the number of its rules and all that is said about it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use azfw::load::{Options, decoded, read};
use azfw::policy::{Inventory, Rule, RuleCollection};
use azfw::source::{InputError, Source, Sources, Warning};
use azfw::write;
use expect_test::expect_file;
use miette::Diagnostic;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shapes");
    let entries = fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("readable").path());
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|end| end != "read")).collect();
    files.sort();
    files
}

#[test]
fn every_shape_is_read_or_refused_with_the_reason() {
    let files = files();
    assert!(files.len() > 40, "{} files", files.len());
    for path in files {
        let bytes = fs::read(&path).expect("the file is readable");
        let mut expected = path.clone().into_os_string();
        expected.push(".read");
        let name = path.file_name().expect("a name").to_string_lossy();
        expect_file![PathBuf::from(expected)].assert_eq(&seen(&name, bytes));
    }
}

/// What is made of a file.
fn seen(name: &str, bytes: Vec<u8>) -> String {
    let text = match decoded(name, bytes) {
        Ok(text) => text,
        Err(error) => return refusal(&error),
    };
    let mut sources = Sources::default();
    let id = sources.add(Source::new(name, text));
    match read(id, &sources, &Options::default()) {
        Ok((inventory, warnings)) => {
            let mut shown = counts(&inventory);
            for warning in &warnings {
                shown += &said(warning, &sources);
            }
            shown + "\n" + &write::text(&inventory).text
        }
        Err(errors) => errors.iter().map(refusal).collect(),
    }
}

fn counts(inventory: &Inventory) -> String {
    let groups = inventory.groups.iter().flat_map(|group| &group.collections);
    let classic = inventory.firewalls.iter().flat_map(|firewall| &firewall.collections);
    let collections: Vec<&RuleCollection> = groups.chain(classic).collect();
    let (mut dnat, mut network, mut application) = (0, 0, 0);
    for rule in collections.iter().flat_map(|collection| &collection.rules) {
        match rule {
            Rule::Nat(_) => dnat += 1,
            Rule::Network(_) => network += 1,
            Rule::Application(_) => application += 1,
        }
    }
    format!("# {dnat} DNAT, {network} network, {application} application rules\n")
}

fn said(warning: &Warning, sources: &Sources) -> String {
    let place = warning.span.and_then(|span| sources.position(span));
    let place = place.map(|place| format!("{}:{}: ", place.line, place.column));
    let mut text =
        format!("# {}{}: {}", place.unwrap_or_default(), warning.severity.name(), warning.message);
    if let Some(help) = &warning.help {
        let _ = write!(text, "\n#   {help}");
    }
    text + "\n"
}

fn refusal(error: &InputError) -> String {
    let label = error.labels().and_then(|mut labels| labels.next());
    let place = error.source_code().zip(label).map(|(code, label)| {
        let contents = code.read_span(label.inner(), 0, 0).expect("the place is in the excerpt");
        format!("{}:{}: ", contents.line() + 1, contents.column() + 1)
    });
    let help = error.help().map(|help| format!("  {help}\n")).unwrap_or_default();
    format!("{}{error}\n{help}", place.unwrap_or_default())
}
