//! Runs tests: what is so, against what is expected.

use super::named::{Resolved, resolved};
use super::region::{self, Region};
use super::statement::{Strictness, differences, is_decider};
use super::{by_name, named};
use crate::compile::Ruleset;
use crate::evaluate::{Decision, RuleRef, Stage, Verdict, evaluate};
use crate::flow::Flow;
use crate::syntax::suite::{Flows, Level, Stated, Suite, Target, Test, Traffic};

/// What is wanted of a run beside the results.
#[derive(Debug, Clone, Default)]
pub struct Wanted<'a> {
    /// Run only tests whose text, name or group holds this, in any case.
    pub filter: Option<&'a str>,
    /// End after the first test that fails.
    pub is_first_enough: bool,
    /// Find all rules that decide sets of flows.
    pub deciders: bool,
}

/// The results of all tests that were run, in their order.
#[derive(Debug, Default)]
pub struct Run<'a> {
    pub outcomes: Vec<Outcome<'a>>,
    /// Tests that the filter left out.
    pub filtered: usize,
    /// Tests that were not reached after a failure.
    pub not_reached: usize,
}

/// What became of one test.
#[derive(Debug)]
pub struct Outcome<'a> {
    pub suite: &'a Suite,
    /// Index into the groups of the suite.
    pub group: usize,
    pub test: &'a Test,
    pub result: TestResult,
    /// Stages and rules that decide the flows of the test, where that is sure.
    pub deciders: Vec<(Stage, Option<RuleRef>)>,
}

/// Whether a test passes, and why not.
#[derive(Debug, Clone, PartialEq)]
pub enum TestResult {
    Passed,
    /// A flow with another verdict; or the verdict is as expected, and these things are not.
    Failed {
        example: Box<(Flow, Verdict)>,
        /// Expected, and what is so instead.
        differences: Vec<(String, String)>,
    },
    /// It depends on what is not known.
    Undecided {
        example: Option<Box<(Flow, Verdict)>>,
        needs: Vec<String>,
    },
    /// It needs a parameter that has no value.
    Skipped,
}

impl Outcome<'_> {
    #[must_use]
    pub fn group(&self) -> Option<&crate::syntax::suite::Group> {
        self.suite.groups.get(self.group)
    }

    #[must_use]
    pub fn level(&self) -> Level {
        self.group().map(|group| group.level).unwrap_or_default()
    }

    /// Whether the test speaks against the rule set: only what is required does.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        matches!(self.result, TestResult::Failed { .. }) && self.level() == Level::Required
    }

    /// Whether the test leaves a question open that counts.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.result, TestResult::Undecided { .. }) && self.level() == Level::Required
    }
}

/// How all flows of a test are treated.
pub(super) enum Answer {
    As {
        deciders: Vec<(Stage, Option<RuleRef>)>,
        verdict: Option<Verdict>,
    },
    /// This one is treated otherwise.
    Not(Box<(Flow, Verdict)>),
    Open {
        example: Option<Box<(Flow, Verdict)>>,
        needs: Vec<String>,
    },
}

impl Answer {
    pub(super) fn open(need: &str) -> Self {
        Self::Open { example: None, needs: vec![need.to_owned()] }
    }

    pub(super) fn undecided(flow: Flow, verdict: Verdict) -> Self {
        let mut needs: Vec<String> = Vec::new();
        for need in verdict.candidates.iter().flat_map(|end| &end.needs) {
            if !needs.contains(need) {
                needs.push(need.clone());
            }
        }
        Self::Open { example: Some(Box::new((flow, verdict))), needs }
    }
}

/// Runs the tests of all suites.
#[must_use]
pub fn run<'a>(ruleset: &Ruleset, suites: &'a [Suite], wanted: &Wanted<'_>) -> Run<'a> {
    let mut run = Run::default();
    let mut is_over = false;
    for suite in suites {
        for (group, tests) in suite.groups.iter().enumerate() {
            for test in &tests.tests {
                if wanted.filter.is_some_and(|filter| !is_wanted(filter, &tests.name, test)) {
                    run.filtered += 1;
                    continue;
                }
                if is_over {
                    run.not_reached += 1;
                    continue;
                }
                let (result, deciders) = outcome(ruleset, test, wanted.deciders);
                let outcome = Outcome { suite, group, test, result, deciders };
                is_over = wanted.is_first_enough && (outcome.is_failure() || outcome.is_open());
                run.outcomes.push(outcome);
            }
        }
    }
    run
}

fn is_wanted(filter: &str, group: &str, test: &Test) -> bool {
    let filter = filter.to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&filter);
    has(group)
        || test.name.as_deref().is_some_and(has)
        || test.why.as_deref().is_some_and(has)
        || test.any.iter().any(|traffic| has(&traffic.to_string()))
}

/// The result of one test, and what decides about its flows.
#[must_use]
pub fn outcome(
    ruleset: &Ruleset,
    test: &Test,
    wants_deciders: bool,
) -> (TestResult, Vec<(Stage, Option<RuleRef>)>) {
    let mut worst: Option<TestResult> = None;
    for traffic in &test.any {
        let (result, deciders) = one(ruleset, test, traffic, wants_deciders);
        if result == TestResult::Passed {
            return (result, deciders);
        }
        // What is open may yet be as expected, so it says more than a sure "no".
        let is_better = matches!(
            (&worst, &result),
            (None, _) | (Some(TestResult::Failed { .. }), TestResult::Undecided { .. })
        );
        if is_better {
            worst = Some(result);
        }
    }
    (worst.unwrap_or(TestResult::Skipped), Vec::new())
}

fn one(
    ruleset: &Ruleset,
    test: &Test,
    traffic: &Traffic,
    wants_deciders: bool,
) -> (TestResult, Vec<(Stage, Option<RuleRef>)>) {
    let expected = test.expected.into();
    let wants_deciders = wants_deciders || test.stated.is_some();
    let answer = match traffic {
        Traffic::Flow(flow) => of_flow(ruleset, flow, expected),
        Traffic::Flows(flows) => of_flows(ruleset, flows, expected, wants_deciders),
    };
    match answer {
        Answer::As { deciders, verdict } => {
            let differences = match (&test.stated, &verdict) {
                (None, _) => Vec::new(),
                (Some(stated), Some(verdict)) => {
                    differences(ruleset, stated, verdict, Strictness::Stated)
                }
                (Some(stated), None) => other_deciders(ruleset, stated, &deciders),
            };
            if differences.is_empty() {
                return (TestResult::Passed, deciders);
            }
            let example = match (traffic, verdict) {
                (Traffic::Flow(flow), Some(verdict)) => (flow.as_ref().clone(), verdict),
                (Traffic::Flow(flow), None) => (flow.as_ref().clone(), Verdict::default_deny()),
                (Traffic::Flows(flows), _) => decided_as(flows, expected),
            };
            (TestResult::Failed { example: Box::new(example), differences }, Vec::new())
        }
        Answer::Not(example) => {
            (TestResult::Failed { example, differences: Vec::new() }, Vec::new())
        }
        Answer::Open { example, needs } => (TestResult::Undecided { example, needs }, Vec::new()),
    }
}

/// A stand-in for a whole set that is treated as expected, by other rules than stated.
fn decided_as(flows: &Flows, decision: Decision) -> (Flow, Verdict) {
    let first = named::values(flows.sources).into_iter().find_map(|value| match value {
        crate::syntax::query::AddressValue::Range(range) => Some(range.first()),
        crate::syntax::query::AddressValue::Any => None,
    });
    let source = first.unwrap_or(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
    let verdict = Verdict { decision, stage: None, ..Verdict::default_deny() };
    (Flow::new(flows.protocol, source), verdict)
}

fn other_deciders(
    ruleset: &Ruleset,
    stated: &Stated,
    deciders: &[(Stage, Option<RuleRef>)],
) -> Vec<(String, String)> {
    let Some(expected) = &stated.decider else { return Vec::new() };
    let others = deciders.iter().filter(|(stage, rule)| {
        !is_decider(ruleset, expected, (Some(*stage), *rule), Strictness::Stated)
    });
    let shown = |(stage, rule): &(Stage, Option<RuleRef>)| match rule {
        Some(rule) => format!("{} {}", stage.name(), ruleset.path(*rule)),
        None => stage.name().to_owned(),
    };
    others.map(|other| (expected.clone(), shown(other))).collect()
}

fn of_flow(ruleset: &Ruleset, flow: &Flow, expected: Decision) -> Answer {
    let verdict = evaluate(ruleset, flow, &mut ());
    if verdict.decision == expected {
        let stage = verdict.stage.filter(|_| verdict.candidates.is_empty());
        let deciders = stage.map(|stage| (stage, verdict.rule)).into_iter().collect();
        return Answer::As { deciders, verdict: Some(verdict) };
    }
    match verdict.decision {
        Decision::Undecided => Answer::undecided(flow.clone(), verdict),
        Decision::Allow | Decision::Deny => Answer::Not(Box::new((flow.clone(), verdict))),
    }
}

fn of_flows(ruleset: &Ruleset, flows: &Flows, expected: Decision, wants_deciders: bool) -> Answer {
    let asked = match expected {
        Decision::Undecided => Decision::Allow,
        Decision::Allow | Decision::Deny => expected,
    };
    let answer = match resolved(ruleset, flows) {
        Resolved::Addresses(addresses) => {
            let region = Region { names: None, destinations: Some(addresses) };
            region::answer(ruleset, flows, &region, asked, wants_deciders)
        }
        Resolved::Names(names, destinations) => {
            let region = Region { names: Some(names), destinations };
            match region::answer(ruleset, flows, &region, asked, wants_deciders) {
                // A network rule that names the same name covers it wherever it resolves to.
                open @ Answer::Open { .. } if matches!(flows.target, Target::Names(_)) => {
                    match by_name::answer(ruleset, flows, asked) {
                        Answer::Open { .. } => open,
                        settled => settled,
                    }
                }
                settled => settled,
            }
        }
        Resolved::Unlisted => by_name::answer(ruleset, flows, asked),
    };
    match answer {
        // A set that is expected to be undecided is so where a part of it is.
        Answer::Open { .. } if expected == Decision::Undecided => {
            Answer::As { deciders: Vec::new(), verdict: None }
        }
        Answer::As { .. } if expected == Decision::Undecided => {
            Answer::Not(Box::new(decided_as(flows, asked)))
        }
        answer => answer,
    }
}
