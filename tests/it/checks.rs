//! The checks of `azfw audit` and their pages: each has one with all headings and stands in the
//! index; what a page shows as bad is found, and what it shows instead is not.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use azfw::analyse::check::{CHECKS, Check, audit};
use azfw::compile::{Options, compile};
use expect_test::expect_file;

use crate::input::load;

const HEADINGS: [&str; 6] =
    ["What it finds", "Why it matters", "Example", "Instead", "Limits", "References"];

#[test]
fn names_are_distinct_and_sorted() {
    let names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
    let sorted: Vec<&str> = names.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    assert_eq!(names, sorted);
}

#[test]
fn every_check_has_a_whole_page() {
    let mut wrong = Vec::new();
    for check in CHECKS {
        let headings: Vec<&str> =
            check.page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        if headings != HEADINGS || !check.page.starts_with(&format!("# {}\n", check.name)) {
            wrong.push(format!("{}: {headings:?}", check.name));
        }
        for heading in HEADINGS {
            if part(check, heading).is_empty() {
                wrong.push(format!("{}: nothing under `{heading}`", check.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_belongs_to_a_check() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/checks");
    let entries = fs::read_dir(folder).expect("the folder of the pages");
    let pages: BTreeSet<String> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    let mut expected: BTreeSet<String> =
        CHECKS.iter().map(|check| format!("{}.md", check.name)).collect();
    expected.insert("README.md".to_owned());
    assert_eq!(pages, expected);
}

#[test]
fn the_index_lists_every_check() {
    let mut index = String::from(
        "# Checks of `azfw audit`\n\nThis list is made from the checks themselves: \
         `UPDATE_EXPECT=1 cargo test checks` writes it.\n\n| check | finds |\n|---|---|\n",
    );
    for check in CHECKS {
        let _ = writeln!(index, "| [{0}]({0}.md) | {1} |", check.name, check.summary);
    }
    expect_file!["../../docs/checks/README.md"].assert_eq(&index);
}

/// Only whole rule sets count: a page may show a part of one, or tell it in words.
#[test]
fn what_a_page_shows_is_so() {
    let mut shown = 0;
    let mut wrong = Vec::new();
    for check in CHECKS {
        for (heading, is_bad) in [("Example", true), ("Instead", false)] {
            let Some(text) = rule_set(check, heading) else { continue };
            let found = found(&text);
            // What a limit counts does not fit on a page.
            let is_limit = check.name.contains("too-");
            if found.contains(&check.name) != is_bad && !is_limit {
                wrong.push(format!("{}, {heading}: {found:?}", check.name));
            }
            shown += 1;
        }
    }
    assert!(shown > 80, "{shown} rule sets on the pages");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn part<'p>(check: &'p Check, heading: &str) -> &'p str {
    let start = check.page.split(&format!("\n## {heading}\n")).nth(1).unwrap_or("");
    start.split("\n## ").next().unwrap_or("").trim()
}

/// The rule set that a part of a page shows.
fn rule_set(check: &Check, heading: &str) -> Option<String> {
    let block = part(check, heading).split("```text\n").nth(1)?.split("```").next()?;
    let is_whole = block.starts_with("policy ") || block.starts_with("firewall ");
    is_whole.then(|| block.to_owned())
}

fn found(text: &str) -> BTreeSet<&'static str> {
    let loaded = load(&[("page.azfw".to_owned(), text.to_owned())]).expect("a rule set");
    // A parent stands beside its child.
    let (ruleset, _) = compile(&loaded.inventory, &Options::default()).expect("one rule set");
    audit(&ruleset, &loaded.inventory).findings.iter().map(|finding| finding.check).collect()
}
