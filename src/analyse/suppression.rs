//! Findings that somebody looked at and accepts, each with a reason and a last day.

use jiff::civil::Date;

use super::check::{CHECKS, Finding, Level};
use crate::source::{SourceId, Span};

/// The name under which suppressions that no longer hold are reported.
pub const STALE: &str = "stale-suppression";
/// What that is, in one line.
pub const STALE_SUMMARY: &str = "a suppression that has ended or accepts nothing any more";

/// One accepted finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    pub check: String,
    /// The path of the rule, or `*` for every rule.
    pub rule: String,
    /// The last day on which it holds.
    pub until: Date,
    pub reason: String,
    pub span: Span,
}

/// A line that is no suppression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuppressionError {
    pub message: String,
    pub help: &'static str,
    pub span: Span,
}

const HELP: &str =
    "write `CHECK RULE YYYY-MM-DD REASON`, the rule as audit prints it, `*` for every rule";

/// The suppressions of a text, one a line: check, rule, last day, reason. `#` begins a comment line.
/// A rule whose path holds spaces stands in quotes.
#[must_use]
pub fn suppressions(text: &str, source: SourceId) -> (Vec<Suppression>, Vec<SuppressionError>) {
    let (mut read, mut errors) = (Vec::new(), Vec::new());
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let span =
            Span { source, start: offset(start), end: offset(start + line.trim_end().len()) };
        start += line.len();
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match suppression(line, span) {
            Ok(suppression) => read.push(suppression),
            Err(message) => errors.push(SuppressionError { message, help: HELP, span }),
        }
    }
    (read, errors)
}

fn suppression(line: &str, span: Span) -> Result<Suppression, String> {
    let (check, rest) = word(line);
    if CHECKS.iter().all(|known| known.name != check) {
        return Err(format!("no check is called `{check}`"));
    }
    let (rule, rest) = word(rest);
    let (date, reason) = word(rest);
    let until: Date = date.parse().map_err(|_| format!("`{date}` is no day"))?;
    if rule.is_empty() || reason.is_empty() {
        return Err("a suppression needs a rule and a reason".to_owned());
    }
    Ok(Suppression { check: check.into(), rule: rule.into(), until, reason: reason.into(), span })
}

/// The first word, or what stands in quotes, and the rest.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    if let Some((quoted, rest)) = text.strip_prefix('"').and_then(|text| text.split_once('"')) {
        return (quoted, rest.trim_start());
    }
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

/// The findings that no suppression accepts on `today`, and one for every suppression that has run
/// out or that accepts nothing.
#[must_use]
pub fn unsuppressed(findings: Vec<Finding>, accepted: &[Suppression], today: Date) -> Vec<Finding> {
    let mut rest = Vec::new();
    let mut used = vec![false; accepted.len()];
    for finding in findings {
        let rule = finding.rule.as_ref().map(ToString::to_string);
        let matching = accepted.iter().zip(&mut used).filter(|(suppression, _)| {
            suppression.check == finding.check
                && (suppression.rule == "*" || Some(&suppression.rule) == rule.as_ref())
        });
        let mut is_accepted = false;
        for (suppression, used) in matching {
            *used = true;
            is_accepted |= today <= suppression.until;
        }
        if !is_accepted {
            rest.push(finding);
        }
    }
    for (suppression, used) in accepted.iter().zip(used) {
        rest.extend(stale(suppression, used, today));
    }
    rest
}

fn stale(suppression: &Suppression, is_used: bool, today: Date) -> Option<Finding> {
    let Suppression { check, rule, until, reason, .. } = suppression;
    let (level, message, help) = if !is_used {
        (
            Level::Info,
            format!("nothing is found that the suppression of `{check}` for `{rule}` accepts"),
            "remove it",
        )
    } else if *until < today {
        (
            Level::Warning,
            format!("the suppression of `{check}` for `{rule}` ended on {until}: {reason}"),
            "look at the finding again, then mend it or set a new day",
        )
    } else {
        return None;
    };
    Some(Finding::new(STALE, level, message).with_help(help).at(Some(suppression.span)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Source, Sources};

    fn read(text: &str) -> (Vec<Suppression>, Vec<SuppressionError>) {
        let id = Sources::default().add(Source::new("accepted", text));
        suppressions(text, id)
    }

    #[test]
    fn a_line_has_four_parts() {
        let (read, errors) =
            read("# none\nwide-ports \"g/c/my rule\" 2026-12-31 until the vendor says which\n");
        assert_eq!(errors, []);
        assert_eq!(
            (read[0].rule.as_str(), read[0].reason.as_str()),
            ("g/c/my rule", "until the vendor says which")
        );
        assert_eq!((read[0].span.start, read[0].span.end), (7, 70));
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        let messages: Vec<String> =
            read("wide a 2026-01-01 x\nwide-ports a soon x\nwide-ports a 2026-01-01\n")
                .1
                .into_iter()
                .map(|error| error.message)
                .collect();
        let expected = [
            "no check is called `wide`",
            "`soon` is no day",
            "a suppression needs a rule and a reason",
        ];
        assert_eq!(messages, expected);
    }

    #[test]
    fn a_suppression_holds_until_its_day_and_is_then_reported() {
        let (accepted, _) = read("wide-ports * 2026-06-30 known\n");
        let finding = Finding::new("wide-ports", Level::Warning, "wide");
        let on = |day: &str, findings| {
            let rest = unsuppressed(findings, &accepted, day.parse().unwrap());
            rest.iter().map(|finding| finding.check).collect::<Vec<_>>()
        };
        assert_eq!(on("2026-06-30", vec![finding.clone()]), Vec::<&str>::new());
        assert_eq!(on("2026-07-01", vec![finding]), ["wide-ports", "stale-suppression"]);
        assert_eq!(on("2026-06-30", vec![]), ["stale-suppression"]);
    }
}
