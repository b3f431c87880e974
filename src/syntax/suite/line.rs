//! A test as a line: `VERDICT FLOW # STATEMENT # REMARK`.

use super::stated::{Stated, stated};
use super::traffic::{Traffic, traffic};
use crate::syntax::flow::ExpectedVerdict;
use crate::syntax::spelling::closest;
use crate::syntax::value::ValueError;

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// `None`: the line says nothing of it.
    pub verdict: Option<ExpectedVerdict>,
    pub traffic: Traffic,
    pub stated: Option<Stated>,
    pub remark: Option<String>,
}

const VERDICTS: [ExpectedVerdict; 3] =
    [ExpectedVerdict::Allow, ExpectedVerdict::Deny, ExpectedVerdict::Undecided];

/// The verdict of a word in any case.
///
/// # Errors
/// The word is none.
pub(super) fn verdict(text: &str) -> Result<ExpectedVerdict, ValueError> {
    let found = VERDICTS.into_iter().find(|known| known.name().eq_ignore_ascii_case(text));
    found.ok_or_else(|| {
        let near = closest(text, VERDICTS.map(ExpectedVerdict::name));
        ValueError {
            message: format!("`{text}` is no verdict"),
            help: Some(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write `allow`, `deny` or `undecided`".to_owned(),
            }),
            offset: 0,
        }
    })
}

/// Reads a line.
///
/// ```
/// let line = "allow https 10.0.0.4 -> www.example.com # group/web/site # the shop";
/// let read = azfw::syntax::suite::expectation(line).unwrap();
/// assert_eq!(read.stated.unwrap().decider.as_deref(), Some("group/web/site"));
/// assert_eq!(read.remark.as_deref(), Some("the shop"));
/// ```
///
/// # Errors
/// The line is no flow, or states what cannot be.
pub fn expectation(line: &str) -> Result<Expectation, ValueError> {
    let (body, comment) = split_comment(line);
    let text = body.trim_end();
    let start = text.len() - text.trim_start().len();
    let words = text.trim_start();
    // In front of the protocol stands a verdict where two words stand before the source.
    let before = words.split("->").next().unwrap_or("").split_whitespace();
    let (first, after) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let (verdict, rest) = if before.count() > 2 {
        let verdict = verdict(first).map_err(|error| shifted(error, start))?;
        (Some(verdict), after)
    } else {
        (None, words)
    };
    let at = text.len() - rest.len();
    let traffic = traffic(rest).map_err(|error| shifted(error, at))?;
    let Some(comment) = comment else {
        return Ok(Expectation { verdict, traffic, stated: None, remark: None });
    };
    let at = line.len() - comment.len();
    let (statement, remark) = split_comment(comment);
    let stated = stated(statement).map_err(|error| shifted(error, at + 1))?;
    let remark = match (&stated, remark) {
        (Some(_), remark) => remark.map(str::trim),
        (None, _) => Some(comment.trim()),
    };
    let remark = remark.filter(|text| !text.is_empty()).map(ToOwned::to_owned);
    Ok(Expectation { verdict, traffic, stated, remark })
}

/// What stands before and behind the first `#` that begins a word.
fn split_comment(text: &str) -> (&str, Option<&str>) {
    let is_start = |at: usize| {
        text.get(..at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t']))
    };
    match text.match_indices('#').find(|&(at, _)| is_start(at)) {
        Some((at, _)) => (text.get(..at).unwrap_or(""), text.get(at + 1..)),
        None => (text, None),
    }
}

fn shifted(error: ValueError, by: usize) -> ValueError {
    ValueError { offset: error.offset + by, ..error }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let shown = match expectation(text) {
            Ok(read) => format!(
                "{} | {} | {} | {}",
                read.verdict.map_or("-", ExpectedVerdict::name),
                read.traffic,
                read.stated.and_then(|stated| stated.decider).unwrap_or_default(),
                read.remark.unwrap_or_default()
            ),
            Err(error) => {
                format!("{}: {} ({})", error.offset, error.message, error.help.unwrap_or_default())
            }
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn lines() {
        check(
            "allow tcp 10.0.0.4 -> 192.0.2.1:22 # g/c/r # jump",
            expect!["allow | tcp 10.0.0.4 -> 192.0.2.1:22 | g/c/r | jump"],
        );
        check(
            "  tcp 10.0.0.4 -> 192.0.2.1:22   # the jump host",
            expect!["- | tcp 10.0.0.4 -> 192.0.2.1:22 |  | the jump host"],
        );
        check("deny tcp 10.0.0.0/24 -> *:22", expect!["deny | tcp 10.0.0.0/24 -> *:22 |  | "]);
        check(
            "alow tcp 10.0.0.4 -> 192.0.2.1:22",
            expect!["0: `alow` is no verdict (did you mean `allow`?)"],
        );
        check(
            " allow tpc 10.0.0.4 -> 192.0.2.1:22",
            expect!["7: `tpc` is no protocol of a flow (did you mean `tcp`?)"],
        );
        check(
            "allow tcp 10.0.0.4 -> 192.0.2.1:22 # netwrok",
            expect![
                "37: `netwrok` names no stage and no rule (did you mean `network`? write `# STAGE`, `# group/collection/rule`, or a remark behind a second `#`)"
            ],
        );
    }

    proptest! {
        #[test]
        fn nothing_makes_the_reader_panic(text in "[a-z0-9 .:/#*<>=-]{0,50}") {
            let _ = expectation(&text);
        }
    }
}
