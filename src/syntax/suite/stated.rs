//! What a test states beside the verdict: `STAGE RULE => ADDRESS:PORT alerts NAMES candidates: …`.

use crate::syntax::spelling::closest;
use crate::syntax::value::ValueError;

/// What decides, and what comes of it, as a test states it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stated {
    /// The stage, the path of the rule, or both with a space between.
    pub decider: Option<String>,
    /// `ADDRESS:PORT`.
    pub translation: Option<String>,
    /// Names with commas between.
    pub alerts: Option<String>,
    /// All possible ends, with `; ` between.
    pub candidates: Option<String>,
}

const STAGES: [&str; 7] =
    ["threat_intel", "dnat", "network", "application", "infrastructure", "default", "idps"];
const CANDIDATES: &str = "candidates: ";
const ALERTS: &str = "alerts ";
const ARROW: &str = "=> ";

/// What the comment behind a flow states; `None`: it is a remark for people.
///
/// # Errors
/// The comment begins like a statement and is none.
pub(super) fn stated(comment: &str) -> Result<Option<Stated>, ValueError> {
    let text = comment.split_whitespace().collect::<Vec<_>>().join(" ");
    let (text, candidates) = cut(&text, CANDIDATES);
    let (text, alerts) = match cut(text, ALERTS) {
        (rest, Some(names)) if names.split(',').all(|name| STAGES.contains(&name)) => {
            (rest, Some(names))
        }
        (_, _) => (text, None),
    };
    let (decider, translation) = cut(text, ARROW);
    let has_more = candidates.is_some() || alerts.is_some() || translation.is_some();
    let (first, rest) = decider.split_once(' ').unwrap_or((decider, ""));
    let is_stage = STAGES.contains(&first);
    let is_decider = decider.contains('/') || (is_stage && rest.is_empty());
    if !is_decider && !has_more {
        return if is_stage || (rest.is_empty() && closest(first, STAGES).is_some()) {
            Err(no_statement(decider, first, is_stage))
        } else {
            Ok(None)
        };
    }
    if !is_decider && !decider.is_empty() {
        return Err(no_statement(decider, first, is_stage));
    }
    let owned = |text: &str| text.to_owned();
    Ok(Some(Stated {
        decider: Some(decider).filter(|text| !text.is_empty()).map(owned),
        translation: translation.map(owned),
        alerts: alerts.map(owned),
        candidates: candidates.map(owned),
    }))
}

/// The text before `mark` and what follows it, where it begins a word.
fn cut<'a>(text: &'a str, mark: &str) -> (&'a str, Option<&'a str>) {
    let at = match text.strip_prefix(mark) {
        Some(rest) => return ("", Some(rest)),
        None => text.rfind(&format!(" {mark}")),
    };
    match at.and_then(|at| Some((text.get(..at)?, text.get(at + 1 + mark.len()..)?))) {
        Some((before, behind)) => (before, Some(behind)),
        None => (text, None),
    }
}

fn no_statement(text: &str, first: &str, is_stage: bool) -> ValueError {
    let help = match closest(first, STAGES) {
        Some(near) if !is_stage => format!("did you mean `{near}`? "),
        Some(_) | None => String::new(),
    };
    ValueError {
        message: format!("`{text}` names no stage and no rule"),
        help: Some(format!(
            "{help}write `# STAGE`, `# group/collection/rule`, or a remark behind a second `#`"
        )),
        offset: 0,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let shown = match stated(text) {
            Ok(None) => "a remark".to_owned(),
            Ok(Some(stated)) => [
                stated.decider,
                stated.translation.map(|text| format!("=> {text}")),
                stated.alerts.map(|text| format!("alerts {text}")),
                stated.candidates.map(|text| format!("candidates: {text}")),
            ]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" | "),
            Err(error) => format!("{} ({})", error.message, error.help.unwrap_or_default()),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn statements_and_remarks() {
        check("g/my rules/r  1 => 10.0.0.1:22", expect!["g/my rules/r 1 | => 10.0.0.1:22"]);
        check("dnat g/c/r => ?:? alerts idps", expect!["dnat g/c/r | => ?:? | alerts idps"]);
        check("default", expect!["default"]);
        check("candidates: network a/b/c; default", expect!["candidates: network a/b/c; default"]);
        check("nodes pull images", expect!["a remark"]);
        check("it sends alerts to us", expect!["a remark"]);
        check("", expect!["a remark"]);
        check(
            "defualt",
            expect![
                "`defualt` names no stage and no rule (did you mean `default`? write `# STAGE`, `# group/collection/rule`, or a remark behind a second `#`)"
            ],
        );
        check(
            "network team asked for it",
            expect![
                "`network team asked for it` names no stage and no rule (write `# STAGE`, `# group/collection/rule`, or a remark behind a second `#`)"
            ],
        );
    }
}
