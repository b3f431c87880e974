//! Lines with a flow and what is expected of it, in the specification and the worked rule sets: the
//! notation of `azfw test`, held to the whole of what a line states.

use azfw::compile::Ruleset;
use azfw::evaluate::Verdict;
use azfw::expect::{Strictness, differences};
use azfw::flow::Flow;
use azfw::syntax::flow::ExpectedVerdict;
use azfw::syntax::suite::{Stated, Traffic, expectation};

/// A line with a flow and what is expected of it.
pub(crate) struct Expectation {
    flow: Flow,
    verdict: ExpectedVerdict,
    stated: Stated,
}

impl Expectation {
    /// The expectation of a line.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        let read =
            expectation(line).map_err(|error| format!("{} at {}", error.message, error.offset))?;
        let Traffic::Flow(flow) = read.traffic else {
            return Err("expected one flow".into());
        };
        let verdict = read.verdict.ok_or("expected `VERDICT FLOW`")?;
        let stated = read.stated.ok_or("expected `# STAGE …` behind the flow")?;
        Ok(Self { flow: *flow, verdict, stated })
    }

    pub(crate) fn flow(&self) -> &Flow {
        &self.flow
    }

    /// What differs from `verdict`; `None`: nothing.
    pub(crate) fn difference(&self, ruleset: &Ruleset, verdict: &Verdict) -> Option<String> {
        let (expected, got) = (self.verdict.name(), verdict.decision.name());
        let mut differences = differences(ruleset, &self.stated, verdict, Strictness::Whole);
        if expected != got {
            differences.insert(0, (expected.to_owned(), got.to_owned()));
        }
        let differences: Vec<_> = differences
            .into_iter()
            .map(|(expected, got)| format!("expected `{expected}`, got `{got}`"))
            .collect();
        (!differences.is_empty()).then(|| differences.join("; "))
    }
}
