//! Results for a terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Results, Tally, explanation, place, remedy, title};
use crate::compile::Ruleset;
use crate::expect::coverage::Coverage;
use crate::expect::mend::Mend;
use crate::expect::{Outcome, TestResult};
use crate::report::verdict::wrapped;
use crate::syntax::suite::Level;

/// Results for a terminal of `width` columns.
#[must_use]
pub fn text(results: &Results<'_>, width: usize) -> String {
    let mut out = String::new();
    let (needed, apart): (Vec<&Outcome<'_>>, Vec<_>) =
        results.run.outcomes.iter().partition(|it| !is_apart(results, it));
    let mut last = None;
    for outcome in needed {
        let heading = (&outcome.suite.file, outcome.group);
        if last != Some(heading) {
            if last.is_some() {
                out.push('\n');
            }
            if results.is_profile && last.is_none_or(|(file, _)| *file != outcome.suite.file) {
                profile_heading(&mut out, outcome, width);
            }
            let name = outcome.group().map_or("", |group| group.name.as_str());
            let name = if name.is_empty() { String::new() } else { format!(" {name}") };
            let level = match outcome.level() {
                Level::Required => String::new(),
                level @ (Level::Recommended | Level::Optional) => format!(", {}", level.name()),
            };
            let _ = writeln!(out, "{}{name}{level}", outcome.suite.file);
            last = Some(heading);
        }
        let word = word(outcome, results.is_profile);
        match &outcome.result {
            TestResult::Skipped => {
                let lines = wrapped(&title(outcome), width.saturating_sub(13));
                let _ = writeln!(out, "  {word:<10} {}", lines.join("\n             "));
            }
            // A flow stays in one line: it is there to be copied.
            TestResult::Passed | TestResult::Failed { .. } | TestResult::Undecided { .. } => {
                let _ = writeln!(out, "  {word:<10} {}", title(outcome));
            }
        }
    }
    features(&mut out, &apart);
    problems(&mut out, results, width);
    if let Some(coverage) = results.coverage {
        out.push_str(&coverage_text(results.ruleset, coverage));
    }
    if let Some(mend) = results.mend {
        mended(&mut out, mend, width);
    }
    summary(&mut out, results);
    out
}

/// Whether a test is only counted: an optional part of a profile.
fn is_apart(results: &Results<'_>, outcome: &Outcome<'_>) -> bool {
    results.is_profile && outcome.level() == Level::Optional
}

fn profile_heading(out: &mut String, outcome: &Outcome<'_>, width: usize) {
    let group = outcome.group();
    let source = group.and_then(|group| group.source.as_deref()).unwrap_or("");
    let date = group.and_then(|group| group.date.as_deref()).unwrap_or("date not known");
    let title = outcome.suite.title.as_deref().unwrap_or(&outcome.suite.file);
    let _ = writeln!(out, "{title}\n{source} ({date})");
    let how = "Each line is tested for all of its sources, names and addresses; names are taken to \
               resolve to addresses of the Internet.";
    for part in wrapped(how, width) {
        let _ = writeln!(out, "{}", part.trim_start());
    }
    out.push('\n');
}

/// Optional parts, a line each.
fn features(out: &mut String, outcomes: &[&Outcome<'_>]) {
    if outcomes.is_empty() {
        return;
    }
    let mut parts: Vec<(&str, [usize; 4])> = Vec::new();
    for outcome in outcomes {
        let name = outcome.group().map_or("", |group| group.name.as_str());
        if parts.last().is_none_or(|(last, _)| *last != name) {
            parts.push((name, [0; 4]));
        }
        let Some((_, counts)) = parts.last_mut() else { continue };
        let [present, missing, undecided, skipped] = counts;
        *match outcome.result {
            TestResult::Passed => present,
            TestResult::Failed { .. } => missing,
            TestResult::Undecided { .. } => undecided,
            TestResult::Skipped => skipped,
        } += 1;
    }
    out.push_str("\noptional parts; `--feature NAME` makes one needed and tells more\n");
    for (name, [present, missing, undecided, skipped]) in parts {
        let counts = [
            (present, "present"),
            (missing, "missing"),
            (undecided, "undecided"),
            (skipped, "not tested"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<_> = counts.map(|(count, word)| format!("{count} {word}")).collect();
        let _ = writeln!(out, "  {name:<20} {}", counts.join(", "));
    }
}

fn word(outcome: &Outcome<'_>, is_profile: bool) -> &'static str {
    match (&outcome.result, is_profile) {
        (TestResult::Passed, false) => "ok",
        (TestResult::Passed, true) => "present",
        (TestResult::Failed { .. }, false) => "FAILED",
        (TestResult::Failed { .. }, true) if !outcome.is_failure() => "missing",
        (TestResult::Failed { .. }, true) => "MISSING",
        (TestResult::Undecided { .. }, _) => "undecided",
        (TestResult::Skipped, _) => "not tested",
    }
}

/// What is wrong, test by test; tests with the same explanation stand together.
fn problems(out: &mut String, results: &Results<'_>, width: usize) {
    let mut groups: Vec<(Vec<String>, Vec<&Outcome<'_>>)> = Vec::new();
    let wrong = |outcome: &&Outcome<'_>| {
        matches!(outcome.result, TestResult::Failed { .. } | TestResult::Undecided { .. })
            && !is_apart(results, outcome)
    };
    for outcome in results.run.outcomes.iter().filter(wrong) {
        let mut lines = explanation(results.ruleset, outcome);
        // A mended set of rules stands below, whole.
        if let Some(rule) = remedy(outcome).filter(|_| results.mend.is_none()) {
            lines.push(format!("a rule that would allow it: {rule}"));
        }
        match groups.iter_mut().find(|(known, _)| *known == lines) {
            Some((_, outcomes)) => outcomes.push(outcome),
            None => groups.push((lines, vec![outcome])),
        }
    }
    for (lines, outcomes) in &groups {
        out.push('\n');
        for outcome in outcomes {
            let _ = if results.is_profile {
                writeln!(out, "{}", title(outcome))
            } else {
                writeln!(out, "{}: {}", place(outcome), title(outcome))
            };
            if let Some(why) = &outcome.test.why {
                let _ = writeln!(out, "    ({why})");
            }
        }
        for line in lines {
            for part in wrapped(line, width.saturating_sub(4)) {
                let _ = writeln!(out, "    {part}");
            }
        }
    }
}

/// How many tests each rule decides, and which rules none.
#[must_use]
pub fn coverage_text(ruleset: &Ruleset, coverage: &Coverage) -> String {
    let mut out = String::from("\ntests that each rule decides\n");
    for (rule, tests) in &coverage.rules {
        let _ = writeln!(out, "{tests:>6}  {}", ruleset.path(*rule));
    }
    let unreached = coverage.unreached().count();
    let of = coverage.rules.len();
    let _ = match unreached {
        0 => writeln!(out, "every one of {of} rules decides a test"),
        _ => writeln!(
            out,
            "{unreached} of {of} rules decide no test; `--generate` writes tests for every rule"
        ),
    };
    out
}

fn mended(out: &mut String, mend: &Mend, width: usize) {
    if !mend.text.is_empty() {
        let tests = if mend.mended == 1 {
            "1 test passes".into()
        } else {
            format!("{} tests pass", mend.mended)
        };
        let _ = writeln!(out, "\nrules to add; with them {tests} that do not now\n");
        for line in mend.text.lines() {
            let _ = writeln!(out, "{line}");
        }
    }
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (test, reason) in &mend.left {
        by_reason.entry(reason).or_default().push(test);
    }
    for (reason, tests) in by_reason {
        out.push('\n');
        for part in wrapped(&format!("not mended, {reason}:"), width) {
            let _ = writeln!(out, "{part}");
        }
        for test in tests {
            let _ = writeln!(out, "    {test}");
        }
    }
}

fn summary(out: &mut String, results: &Results<'_>) {
    let tally = Tally::of(results.run);
    let result = match (tally.failed, tally.undecided, results.is_profile) {
        (0, 0, _) => "ok",
        (0, _, _) => "undecided",
        (_, _, false) => "FAILED",
        (_, _, true) => "MISSING",
    };
    let (passed, failed) =
        if results.is_profile { ("present", "missing") } else { ("passed", "failed") };
    let _ = write!(
        out,
        "\nresult: {result}. {} {passed}, {} {failed}, {} undecided",
        tally.passed, tally.failed, tally.undecided
    );
    for (count, words) in [
        (
            tally.optional,
            if results.is_profile {
                "optional and not present"
            } else {
                "failed or undecided and not required"
            },
        ),
        (tally.skipped, "not tested"),
        (results.run.filtered, "filtered out"),
        (results.run.not_reached, "not reached"),
    ] {
        if count > 0 {
            let _ = write!(out, ", {count} {words}");
        }
    }
    out.push('\n');
}
