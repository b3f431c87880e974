//! Logged flows through a rule set: does it agree with what the log says, and what would change
//! under another one?

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use smol_str::SmolStr;

use crate::compile::{RulePath, Ruleset};
use crate::evaluate::{
    CacheUse, Decision, FlowCache, Index, Outcome, Ruling, Stage, Translation, Verdict,
};
use crate::flow::Flow;

/// A flow of a log, what the log says of it, and where it stands.
#[derive(Debug, Clone)]
pub struct Case {
    pub flow: Flow,
    /// Absent where the log is none of the firewall's.
    pub logged: Option<Logged>,
    /// `file:line`.
    pub origin: String,
    /// How many connections the record stands for.
    pub count: u64,
}

/// What a log record says was decided. Names are absent where the record has none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Logged {
    pub ruling: Ruling,
    pub rule: LoggedRule,
    /// Where a NAT record says that the flow was sent.
    pub translated: Option<(std::net::IpAddr, Option<u16>)>,
}

/// The rule that a record names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LoggedRule {
    /// No rule matched, says the record.
    Default,
    /// The record says nothing of a rule: messages before 2022, some deny reasons.
    Unnamed,
    /// The parts that the record gives; `policy` and `group` can be missing.
    Named { policy: Option<SmolStr>, group: Option<SmolStr>, collection: SmolStr, rule: SmolStr },
}

impl std::fmt::Display for LoggedRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Unnamed => f.write_str("a rule it does not name"),
            Self::Named { group: Some(group), collection, rule, .. } => {
                write!(f, "{group}/{collection}/{rule}")
            }
            Self::Named { group: None, collection, rule, .. } => write!(f, "{collection}/{rule}"),
        }
    }
}

/// How a verdict compares with the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Agreement {
    /// Same verdict, and the same rule and translation where the log names them.
    Agrees,
    /// Same verdict by another rule, or another translation.
    OtherRule,
    Disagrees,
    /// Undecided, and the logged outcome is one of those that are possible.
    Possible,
    /// Undecided, but the logged outcome is none of those that are possible.
    Impossible,
    /// The log says nothing to compare with.
    EvaluatedOnly,
}

impl Agreement {
    /// The word that JSON uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::OtherRule => "other_rule",
            Self::Disagrees => "disagrees",
            Self::Possible => "possible",
            Self::Impossible => "impossible",
            Self::EvaluatedOnly => "evaluated_only",
        }
    }
}

/// Flows that compare alike: the same logged outcome against the same verdict.
#[derive(Debug, Clone)]
pub struct Group {
    pub agreement: Agreement,
    /// Absent where the log says nothing to compare with.
    pub logged: Option<Logged>,
    pub verdict: VerdictSummary,
    pub records: u64,
    pub connections: u64,
    pub example: Flow,
    pub example_origin: String,
}

/// A verdict without what differs from flow to flow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerdictSummary {
    pub decision: Decision,
    pub stage: Option<Stage>,
    pub rule: Option<RulePath>,
    pub translation: Option<String>,
    /// What would decide it; empty when decided.
    pub needs: Vec<String>,
}

/// The result of a replay against the log.
#[derive(Debug, Clone, Default)]
pub struct Replay {
    pub records: u64,
    pub connections: u64,
    pub by_agreement: BTreeMap<Agreement, u64>,
    /// All groups but the agreeing ones, most records first.
    pub groups: Vec<Group>,
    pub cache: CacheUse,
}

/// Replays case by case.
#[derive(Debug)]
pub struct Replayer<'a> {
    ruleset: &'a Ruleset,
    cache: FlowCache<'a>,
    groups: HashMap<(Option<Logged>, VerdictSummary), Group>,
    result: Replay,
}

impl<'a> Replayer<'a> {
    #[must_use]
    pub fn new(ruleset: &'a Ruleset) -> Self {
        let cache = FlowCache::new(Index::new(ruleset), FlowCache::FLOWS);
        Self { ruleset, cache, groups: HashMap::new(), result: Replay::default() }
    }

    /// Evaluates one case and compares it.
    pub fn push(&mut self, case: &Case) {
        let verdict = self.verdict(&case.flow);
        let agreement = match &case.logged {
            Some(logged) => agreement(self.ruleset, logged, &verdict),
            None => Agreement::EvaluatedOnly,
        };
        self.result.records += 1;
        self.result.connections += case.count;
        *self.result.by_agreement.entry(agreement).or_default() += 1;
        if agreement == Agreement::Agrees {
            return;
        }
        let summary = summary(self.ruleset, &verdict);
        let group = self.groups.entry((case.logged.clone(), summary)).or_insert_with_key(
            |(logged, verdict)| Group {
                agreement,
                logged: logged.clone(),
                verdict: verdict.clone(),
                records: 0,
                connections: 0,
                example: case.flow.clone(),
                example_origin: case.origin.clone(),
            },
        );
        group.records += 1;
        group.connections += case.count;
    }

    /// The verdict of a flow, remembered.
    pub fn verdict(&mut self, flow: &Flow) -> Rc<Verdict> {
        self.cache.verdict(flow)
    }

    /// The result so far.
    #[must_use]
    pub fn finish(self) -> Replay {
        let mut result = self.result;
        result.cache = self.cache.used();
        result.groups = self.groups.into_values().collect();
        result.groups.sort_by(|a, b| {
            let key = |group: &Group| {
                (std::cmp::Reverse(group.agreement), std::cmp::Reverse(group.records))
            };
            key(a).cmp(&key(b)).then_with(|| (&a.logged, &a.verdict).cmp(&(&b.logged, &b.verdict)))
        });
        result
    }
}

/// A verdict in the form that groups compare.
#[must_use]
pub fn summary(ruleset: &Ruleset, verdict: &Verdict) -> VerdictSummary {
    let mut needs: Vec<String> =
        verdict.candidates.iter().flat_map(|candidate| candidate.needs.iter().cloned()).collect();
    needs.sort();
    needs.dedup();
    VerdictSummary {
        decision: verdict.decision,
        stage: verdict.stage,
        rule: verdict.rule.map(|rule| ruleset.path(rule).clone()),
        translation: verdict.translation.as_ref().map(ToString::to_string),
        needs,
    }
}

fn agreement(ruleset: &Ruleset, logged: &Logged, verdict: &Verdict) -> Agreement {
    let is_logged = |outcome: &Outcome| {
        outcome.ruling == logged.ruling && is_same_end(ruleset, logged, outcome)
    };
    match verdict.decision {
        Decision::Undecided if verdict.candidates.iter().any(is_logged) => Agreement::Possible,
        Decision::Undecided => Agreement::Impossible,
        Decision::Allow | Decision::Deny if verdict.decision != logged.ruling.into() => {
            Agreement::Disagrees
        }
        Decision::Allow | Decision::Deny => {
            let is_same = if verdict.candidates.is_empty() {
                is_same_end(ruleset, logged, &outcome(verdict, logged.ruling))
            } else {
                verdict.candidates.iter().any(is_logged)
            };
            if is_same { Agreement::Agrees } else { Agreement::OtherRule }
        }
    }
}

fn outcome(verdict: &Verdict, ruling: Ruling) -> Outcome {
    Outcome {
        ruling,
        stage: verdict.stage.unwrap_or(Stage::Default),
        rule: verdict.rule,
        translation: verdict.translation.clone(),
        needs: Vec::new(),
    }
}

fn is_same_end(ruleset: &Ruleset, logged: &Logged, outcome: &Outcome) -> bool {
    let path = outcome.rule.map(|rule| ruleset.path(rule));
    let is_same_rule = match &logged.rule {
        LoggedRule::Unnamed => true,
        LoggedRule::Default => path.is_none(),
        LoggedRule::Named { policy, group, collection, rule } => path.is_some_and(|path| {
            let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
            let same_where_given =
                |logged: &Option<SmolStr>, ours: &Option<SmolStr>| match (logged, ours) {
                    (Some(logged), Some(ours)) => same(logged, ours),
                    (Some(_), None) | (None, _) => true,
                };
            same(collection, &path.collection)
                && same(rule, &path.rule)
                && same_where_given(group, &path.group)
                && same_where_given(policy, &path.policy)
        }),
    };
    is_same_rule && is_same_translation(logged, outcome.translation.as_ref())
}

/// A translation that is not wholly known agrees with any.
fn is_same_translation(logged: &Logged, ours: Option<&Translation>) -> bool {
    let Some((address, port)) = logged.translated else { return true };
    ours.is_some_and(|ours| {
        ours.address.is_none_or(|ours| ours == address)
            && match (ours.port, port) {
                (Some(ours), Some(logged)) => ours == logged,
                (None, _) | (_, None) => true,
            }
    })
}

/// What a second rule set does otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    None,
    /// The verdict stays, another rule decides.
    Rule,
    /// The verdict stays, the translation differs.
    Translation,
    AllowToDeny,
    DenyToAllow,
    /// Undecided under at least one of the two.
    Undecided,
}

impl Change {
    /// The word that JSON uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Rule => "rule",
            Self::Translation => "translation",
            Self::AllowToDeny => "allow_to_deny",
            Self::DenyToAllow => "deny_to_allow",
            Self::Undecided => "undecided",
        }
    }
}

/// Flows that change alike.
#[derive(Debug, Clone)]
pub struct ChangeGroup {
    pub change: Change,
    pub before: VerdictSummary,
    pub after: VerdictSummary,
    pub records: u64,
    pub connections: u64,
    pub example: Flow,
    pub example_origin: String,
}

/// The result of a replay through two rule sets.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    pub records: u64,
    pub connections: u64,
    pub by_change: BTreeMap<Change, u64>,
    /// All groups but the unchanged ones, most records first within a kind of change.
    pub groups: Vec<ChangeGroup>,
}

/// Replays case by case through two rule sets.
#[derive(Debug)]
pub struct Comparer<'a> {
    before: Replayer<'a>,
    after: Replayer<'a>,
    groups: HashMap<(VerdictSummary, VerdictSummary), ChangeGroup>,
    result: Comparison,
}

impl<'a> Comparer<'a> {
    #[must_use]
    pub fn new(before: &'a Ruleset, after: &'a Ruleset) -> Self {
        Self {
            before: Replayer::new(before),
            after: Replayer::new(after),
            groups: HashMap::new(),
            result: Comparison::default(),
        }
    }

    /// Evaluates one case under both rule sets.
    pub fn push(&mut self, case: &Case) {
        let before = summary(self.before.ruleset, &self.before.verdict(&case.flow));
        let after = summary(self.after.ruleset, &self.after.verdict(&case.flow));
        let change = change(&before, &after);
        self.result.records += 1;
        self.result.connections += case.count;
        *self.result.by_change.entry(change).or_default() += 1;
        if change == Change::None {
            return;
        }
        let group =
            self.groups.entry((before, after)).or_insert_with_key(|(before, after)| ChangeGroup {
                change,
                before: before.clone(),
                after: after.clone(),
                records: 0,
                connections: 0,
                example: case.flow.clone(),
                example_origin: case.origin.clone(),
            });
        group.records += 1;
        group.connections += case.count;
    }

    /// The result so far.
    #[must_use]
    pub fn finish(self) -> Comparison {
        let mut result = self.result;
        result.groups = self.groups.into_values().collect();
        result.groups.sort_by(|a, b| {
            let key =
                |group: &ChangeGroup| (severity(group.change), std::cmp::Reverse(group.records));
            key(a).cmp(&key(b)).then_with(|| (&a.before, &a.after).cmp(&(&b.before, &b.after)))
        });
        result
    }
}

/// What to show first: a flow that would be let in weighs most.
fn severity(change: Change) -> u8 {
    match change {
        Change::DenyToAllow => 0,
        Change::AllowToDeny => 1,
        Change::Translation => 2,
        Change::Undecided => 3,
        Change::Rule => 4,
        Change::None => 5,
    }
}

fn change(before: &VerdictSummary, after: &VerdictSummary) -> Change {
    match (before.decision, after.decision) {
        (Decision::Allow, Decision::Deny) => Change::AllowToDeny,
        (Decision::Deny, Decision::Allow) => Change::DenyToAllow,
        (Decision::Undecided, Decision::Undecided) if before == after => Change::None,
        (Decision::Undecided, _) | (_, Decision::Undecided) => Change::Undecided,
        (Decision::Allow, Decision::Allow) | (Decision::Deny, Decision::Deny) => {
            if before.translation != after.translation {
                Change::Translation
            } else if is_same_place(before, after) {
                Change::None
            } else {
                Change::Rule
            }
        }
    }
}

/// A policy that was copied under another name has the same rules.
fn is_same_place(before: &VerdictSummary, after: &VerdictSummary) -> bool {
    let place = |summary: &VerdictSummary| {
        summary
            .rule
            .as_ref()
            .map(|path| (path.group.clone(), path.collection.clone(), path.rule.clone()))
    };
    before.stage == after.stage && place(before) == place(after)
}
