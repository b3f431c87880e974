//! Flow lines with an expected verdict, as the specification and the worked rule sets write them:
//! `VERDICT FLOW # STAGE RULE => ADDRESS:PORT alerts NAMES candidates: …`.

use azfw::compile::Ruleset;
use azfw::evaluate::{Alert, Outcome, Translation, Verdict};
use azfw::flow::Flow;

/// A line with a flow and what is expected of it.
pub(crate) struct Expectation {
    flow: Flow,
    expected: String,
}

impl Expectation {
    /// The expectation of a line.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        let (stated, comment) = line.split_once(" # ").unwrap_or((line, ""));
        let (verdict, flow) = stated.trim().split_once(' ').ok_or("expected `VERDICT FLOW`")?;
        if !["allow", "deny", "undecided"].contains(&verdict) {
            return Err(format!("expected `allow`, `deny` or `undecided`, got `{verdict}`"));
        }
        let words: Vec<_> = comment.split_whitespace().collect();
        if words.is_empty() {
            return Err("expected `# STAGE …` behind the flow".into());
        }
        Ok(Self { flow: parsed_flow(flow)?, expected: format!("{verdict} # {}", words.join(" ")) })
    }

    pub(crate) fn flow(&self) -> &Flow {
        &self.flow
    }

    /// What differs from `verdict`; `None`: nothing.
    pub(crate) fn difference(&self, ruleset: &Ruleset, verdict: &Verdict) -> Option<String> {
        let full = rendered(ruleset, verdict, true);
        // The stage follows from the rule, so a line can leave it out.
        let is_same = self.expected == full || self.expected == rendered(ruleset, verdict, false);
        (!is_same).then(|| format!("expected `{}`, got `{full}`", self.expected))
    }
}

fn parsed_flow(text: &str) -> Result<Flow, String> {
    azfw::syntax::flow::flow(text.trim()).map_err(|error| format!("in flow `{text}`: {error}"))
}

fn rendered(ruleset: &Ruleset, verdict: &Verdict, with_stage: bool) -> String {
    let mut words = vec![verdict.decision.name().to_owned(), "#".to_owned()];
    let is_decided = verdict.decision != azfw::evaluate::Decision::Undecided;
    if let (true, Some(stage)) = (is_decided, verdict.stage)
        && (with_stage || verdict.rule.is_none())
    {
        words.push(stage.name().to_owned());
    }
    if let (true, Some(rule)) = (is_decided, verdict.rule) {
        words.push(ruleset.path(rule).to_string());
    }
    words.extend(translated(verdict.translation.as_ref()));
    if !verdict.alerts.is_empty() {
        let names: Vec<_> = verdict.alerts.iter().map(|alert: &Alert| alert.name()).collect();
        words.push(format!("alerts {}", names.join(",")));
    }
    if !verdict.candidates.is_empty() {
        let outcomes: Vec<_> =
            verdict.candidates.iter().map(|outcome| candidate(ruleset, outcome)).collect();
        words.push(format!("candidates: {}", outcomes.join("; ")));
    }
    words.join(" ")
}

fn candidate(ruleset: &Ruleset, outcome: &Outcome) -> String {
    let mut words = vec![outcome.stage.name().to_owned()];
    words.extend(outcome.rule.map(|rule| ruleset.path(rule).to_string()));
    words.extend(translated(outcome.translation.as_ref()));
    words.join(" ")
}

fn translated(translation: Option<&Translation>) -> Option<String> {
    translation.map(|translation| format!("=> {translation}"))
}
