//! Logged flows through a rule set: does it agree with what the log says, and what would change
//! under another one?
//!
//! A [`Replayer`] takes cases one by one and evaluates them many at a time. Several of them can
//! work side by side: what each has found is merged.

mod agreement;
mod change;
mod outcome;
mod settle;

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};
use smol_str::SmolStr;

use crate::compile::{RulePath, Ruleset};
use crate::evaluate::{Decision, Index, Ruling, Stage, Verdict};
use crate::flow::Flow;

pub use agreement::{AgainstLog, Agreement};
pub use change::{AgainstRuleset, Change};
pub use outcome::{Comparison, Group, Replay, Replayed};

use outcome::Count;
use settle::Settler;

/// A flow of a log, what the log says of it, and where it stands.
#[derive(Debug, Clone)]
pub struct Case {
    pub flow: Flow,
    /// Absent where the log is none of the firewall's.
    pub logged: Option<Logged>,
    pub place: Place,
    /// How many connections the record stands for.
    pub count: u64,
}

/// Where a record stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub file: Arc<str>,
    pub line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
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

impl fmt::Display for LoggedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

impl VerdictSummary {
    fn of(ruleset: &Ruleset, verdict: &Verdict) -> Self {
        let candidates = verdict.candidates.iter();
        let mut needs: Vec<String> =
            candidates.flat_map(|candidate| candidate.needs.iter().cloned()).collect();
        needs.sort();
        needs.dedup();
        Self {
            decision: verdict.decision,
            stage: verdict.stage,
            rule: verdict.rule.map(|rule| ruleset.path(rule).clone()),
            translation: verdict.translation.as_ref().map(ToString::to_string),
            needs,
        }
    }
}

/// What the verdicts of a rule set are compared with.
pub trait Against {
    /// How a verdict compares.
    type Kind: Copy + Ord + Hash + fmt::Debug;
    /// What it was compared with.
    type What: Clone + Ord + Hash + fmt::Debug;

    /// For each flow the number of what its verdict is compared with. `logged`: what the log says
    /// of each, by its place in `logs`.
    fn numbers(&mut self, flows: &[Flow], logged: &[usize], numbers: &mut Vec<usize>);

    /// How the verdict of a rule set compares with what has this number.
    fn kind(
        &self,
        number: usize,
        logs: &[Option<Logged>],
        ours: (&Ruleset, &Verdict, &VerdictSummary),
    ) -> Self::Kind;

    /// What has this number.
    fn what(&self, number: usize, logs: &[Option<Logged>]) -> Self::What;

    /// Numbers are not asked for any more.
    fn forget(&mut self);
}

/// Cases that are evaluated at a time.
const CASES: usize = 1_024;

/// So many verdicts are told apart before all are forgotten: what they depend on may have names
/// without end.
const KNOWN_MAX: usize = 1 << 16;

/// Replays case by case.
#[derive(Debug)]
pub struct Replayer<'a, A: Against> {
    settler: Settler<'a>,
    against: A,
    logs: Vec<Option<Logged>>,
    log_numbers: HashMap<Option<Logged>, usize>,
    flows: Vec<Flow>,
    /// Of the flows.
    places: Vec<PlaceNumber>,
    logged: Vec<usize>,
    files: Vec<Arc<str>>,
    groups: Vec<Paired<A::Kind>>,
    /// By what a verdict is compared with, and the verdict.
    group_numbers: HashMap<(usize, usize), usize>,
    part: Replayed<A::Kind, A::What>,
    // Kept for their memory.
    numbers: [Vec<usize>; 2],
}

/// A file of those that a replayer knows, a line in it, and how many connections it stands for.
#[derive(Debug, Clone, Copy)]
struct PlaceNumber {
    file: usize,
    line: u64,
    count: u64,
}

/// A verdict, what it is compared with, and the flows of which that is so.
#[derive(Debug)]
struct Paired<K> {
    kind: K,
    against: usize,
    verdict: usize,
    count: Option<Count>,
}

impl<'a> Replayer<'a, AgainstLog> {
    /// Compares the verdicts of a rule set with what the log says.
    #[must_use]
    pub fn new(index: &'a Index<'a>) -> Self {
        Self::with(index, AgainstLog)
    }
}

impl<'a> Replayer<'a, AgainstRuleset<'a>> {
    /// Compares the verdicts of two rule sets: what does the change from one to the other do?
    #[must_use]
    pub fn comparing(before: &'a Index<'a>, after: &'a Index<'a>) -> Self {
        Self::with(after, AgainstRuleset::new(before))
    }
}

impl<'a, A: Against> Replayer<'a, A> {
    fn with(index: &'a Index<'a>, against: A) -> Self {
        Self {
            settler: Settler::new(index),
            against,
            logs: Vec::new(),
            log_numbers: HashMap::new(),
            flows: Vec::new(),
            places: Vec::new(),
            logged: Vec::new(),
            files: Vec::new(),
            groups: Vec::new(),
            group_numbers: HashMap::new(),
            part: Replayed::default(),
            numbers: [Vec::new(), Vec::new()],
        }
    }

    /// A number for what a log says.
    pub fn logged(&mut self, logged: Option<Logged>) -> usize {
        if let Some(&number) = self.log_numbers.get(&logged) {
            return number;
        }
        self.logs.push(logged.clone());
        let number = self.logs.len() - 1;
        self.log_numbers.insert(logged, number);
        number
    }

    /// Takes a case.
    pub fn push(&mut self, case: Case) {
        let Case { flow, logged, place, count } = case;
        let logged = self.logged(logged);
        self.push_flow(flow, logged, (&place.file, place.line), count);
    }

    /// Takes a flow of which the log says what has the number `logged`.
    pub fn push_flow(
        &mut self,
        flow: Flow,
        logged: usize,
        (file, line): (&Arc<str>, u64),
        count: u64,
    ) {
        if !self.files.last().is_some_and(|known| Arc::ptr_eq(known, file)) {
            self.files.push(Arc::clone(file));
        }
        self.flows.push(flow);
        self.places.push(PlaceNumber { file: self.files.len().saturating_sub(1), line, count });
        self.logged.push(logged);
        if self.flows.len() == CASES {
            self.evaluate();
        }
    }

    /// Evaluates the cases that were taken.
    fn evaluate(&mut self) {
        let Self { settler, against, logs, groups, group_numbers, part, .. } = self;
        let [theirs, ours] = &mut self.numbers;
        theirs.clear();
        ours.clear();
        against.numbers(&self.flows, &self.logged, theirs);
        settler.settle(&self.flows, ours);
        let numbers = theirs.iter().copied().zip(ours.iter().copied());
        for ((pair, flow), place) in numbers.zip(&self.flows).zip(&self.places) {
            let group = *group_numbers.entry(pair).or_insert_with(|| {
                let (theirs, ours) = pair;
                let (verdict, summary) = settler.known(ours);
                let kind = against.kind(theirs, logs, (settler.ruleset(), verdict, summary));
                groups.push(Paired { kind, against: theirs, verdict: ours, count: None });
                groups.len() - 1
            });
            let Some(group) = groups.get_mut(group) else { continue };
            let count = group.count.get_or_insert_with(|| {
                let file = self.files.get(place.file).cloned().unwrap_or_default();
                Count::none(flow.clone(), Place { file, line: place.line })
            });
            count.records += 1;
            count.connections += place.count;
        }
        part.records += self.flows.len() as u64;
        self.flows.clear();
        self.places.clear();
        self.logged.clear();
    }

    /// What was found since this was last called.
    #[must_use]
    pub fn part(&mut self) -> Replayed<A::Kind, A::What> {
        self.evaluate();
        let mut part = std::mem::take(&mut self.part);
        for group in &mut self.groups {
            let Some(count) = group.count.take() else { continue };
            let against = self.against.what(group.against, &self.logs);
            let (_, verdict) = self.settler.known(group.verdict);
            part.add(group.kind, (against, verdict.clone()), count);
        }
        part.cache = self.settler.used();
        self.files.clear();
        if self.groups.len().max(self.settler.known_len()) > KNOWN_MAX {
            self.forget();
        }
        part
    }

    fn forget(&mut self) {
        self.groups.clear();
        self.group_numbers.clear();
        self.settler.forget();
        self.against.forget();
    }
}
