//! Runs the flows of `rulesets/` and compares the two forms of a rule set.

use std::fs;
use std::path::{Path, PathBuf};

use azfw::compile::{Options, compile};
use azfw::evaluate::evaluate;
use azfw::policy::Inventory;
use azfw::write;

use crate::expectation::Expectation;
use crate::input::{Loaded, difference, load};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rulesets").join(name)
}

fn file(folder: &Path, name: &str) -> (String, String) {
    let text = fs::read_to_string(folder.join(name)).expect("the file is readable");
    (name.to_owned(), text)
}

/// The files of a folder that `is_wanted` by name, in the order of their names.
fn files(folder: &Path, is_wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let names = entries.map(|entry| entry.expect("readable").file_name());
    let mut names: Vec<_> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| is_wanted(name))
        .collect();
    names.sort();
    names.iter().map(|name| file(folder, name)).collect()
}

fn is_json(name: &str) -> bool {
    name.rsplit('.').next() == Some("json")
}

fn in_text_form(name: &str) -> bool {
    name.rsplit('.').next() == Some("azfw") || (is_json(name) && name != "policy.json")
}

/// A folder of `rulesets/` in the text form, with its side tables.
pub(crate) fn text_form(name: &str) -> Loaded {
    load(&files(&folder(name), in_text_form)).expect("the files can be read")
}

#[track_caller]
fn check(folder: &Path, loaded: &Loaded) {
    let (ruleset, warnings) =
        compile(&loaded.inventory, &Options::default()).expect("the rule set is whole");
    let said: Vec<_> = warnings.into_iter().map(|warning| warning.message).collect();
    assert_eq!((&loaded.warnings, said), (&Vec::new(), Vec::new()));
    let (_, flows) = file(folder, "flows.txt");
    let lines = flows.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let failures: Vec<_> = lines
        .filter_map(|(index, line)| {
            let failure = match Expectation::parse(line) {
                Ok(expectation) => {
                    let verdict = evaluate(&ruleset, expectation.flow(), &mut ());
                    expectation.difference(&ruleset, &verdict)
                }
                Err(message) => Some(message),
            };
            failure.map(|failure| format!("{}:{}: {failure}", folder.display(), index + 1))
        })
        .collect();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_flow_has_the_verdict_that_stands_before_it() {
    for name in ["aks-egress", "seed", "seed-repaired", "parent-child"] {
        check(&folder(name), &text_form(name));
    }
}

#[test]
fn every_folder_is_run() {
    let entries = fs::read_dir(folder("")).expect("rulesets/ is there");
    // The profiles are tests, run by those of `expect`.
    let folders = entries.filter(|entry| {
        let path = entry.as_ref().expect("readable").path();
        path.is_dir() && !path.ends_with("profiles")
    });
    assert_eq!(folders.count(), 4, "a new folder needs a line in the test above");
}

#[test]
fn every_profile_is_built_in() {
    let names = files(&folder("profiles"), |name| name.rsplit('.').next() == Some("yaml"));
    let mut names: Vec<_> =
        names.iter().map(|(name, _)| name.trim_end_matches(".yaml").to_owned()).collect();
    names.sort();
    assert_eq!(names, azfw::expect::profile::names().collect::<Vec<_>>());
}

/// The same order of resources, whatever the order of the files.
fn sorted(mut inventory: Inventory) -> Inventory {
    inventory.policies.sort_by_key(|policy| policy.name.value.clone());
    inventory.groups.sort_by_key(|group| {
        (group.policy.as_ref().map(ToString::to_string), group.name.value.clone())
    });
    inventory
}

#[test]
fn every_template_is_what_convert_makes_of_the_text() {
    for name in ["seed", "seed-repaired", "parent-child"] {
        let folder = folder(name);
        let text = text_form(name);
        let written = write::arm(&text.inventory);
        assert!(!written.is_another_rule_set(), "{:?}", written.warnings);
        let (_, kept) = file(&folder, "policy.json");
        assert_eq!(written.text, kept, "make it anew: azfw convert rulesets/{name} --to arm");
        let template = load(&files(&folder, is_json)).expect("the files can be read");
        check(&folder, &template);
        let (ours, theirs) = (sorted(template.inventory), sorted(text.inventory));
        assert_eq!(difference(&ours, &theirs), None);
    }
}

#[test]
fn the_template_holds_the_same_rule_set_as_the_text() {
    let folder = folder("aks-egress");
    let text = text_form("aks-egress");
    let template = load(&files(&folder, is_json)).expect("the files can be read");
    check(&folder, &template);
    assert_eq!(difference(&template.inventory, &text.inventory), None);
}
