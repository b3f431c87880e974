//! What one check says about a rule set in the text form, as tests write it down.

use std::fmt::Write as _;

use expect_test::Expect;

use super::{Check, Context};
use crate::compile::{Options, compile};
use crate::load;
use crate::source::{Source, Sources};

/// Compares the findings of a check with what is expected.
#[track_caller]
pub(super) fn check(check: &Check, text: &str, expected: Expect) {
    check_files(check, &[text], expected);
}

/// The same for several files.
#[track_caller]
pub(super) fn check_files(check: &Check, texts: &[&str], expected: Expect) {
    let mut sources = Sources::default();
    let ids: Vec<_> = texts.iter().map(|text| sources.add(Source::new("a.azfw", *text))).collect();
    let loaded = load::read_all(&ids, &sources, &load::Options::default());
    let (inventory, _) = loaded.unwrap_or_else(|errors| panic!("{errors:?}"));
    let (ruleset, _) = compile(&inventory, &Options::default()).unwrap();
    let context = Context::new(&ruleset, &inventory);
    let mut said = String::new();
    for finding in (check.run)(&context) {
        assert_eq!(finding.check, check.name);
        assert!(!finding.help.is_empty(), "no remedy: {}", finding.message);
        let rule = finding.rule.as_ref().map_or_else(|| "policy".to_owned(), ToString::to_string);
        let line = finding.span.and_then(|span| sources.position(span));
        let line = line.map_or_else(String::new, |position| format!(" in line {}", position.line));
        let _ = writeln!(said, "{} of {rule}{line}: {}", finding.level.name(), finding.message);
        for other in &finding.others {
            let _ = writeln!(said, "  also {other}");
        }
        for detail in &finding.details {
            let _ = writeln!(said, "  - {detail}");
        }
    }
    expected.assert_eq(&said);
}
