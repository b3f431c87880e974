//! The walk: threat intelligence, DNAT, network, application, infrastructure, default, IDPS.
//!
//! Source: "Azure Firewall rule processing logic" (23 March 2026), `tests/spec/01-order.md`.

use std::net::IpAddr;
use std::ops::Range;

use super::fit::{self, has_foreign_host_port};
use super::index::Index;
use super::rule_fit;
use super::threat::{self, IdpsResult, ThreatIntelResult};
use super::trace::{Criterion, Step, StepResult, Trace};
use super::verdict::{Alert, Decision, Outcome, RuleRef, Ruling, Stage, Translation, Verdict};
use crate::compile::{Block, DnatMode, NatAddress, NatCriteria, NatPort, Need, Ruleset};
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::{ApplicationProtocol, IpFamily, IpProtocol};
use crate::policy::FilterAction;

/// Whether the walk is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    GoesOn,
    Ended,
}

/// The verdict; with an index, the walk looks only at rules that match or may match.
pub(super) fn verdict(
    ruleset: &Ruleset,
    flow: &Flow,
    index: Option<&Index<'_>>,
    trace: &mut impl Trace,
) -> Verdict {
    let mut walk = Walk { ruleset, flow, index, trace, outcomes: Vec::new(), notes: Vec::new() };
    let (progress, mut alerts) = walk.threat_intel();
    if progress == Progress::GoesOn {
        walk.rules();
    }
    let (outcomes, mut notes) = (walk.outcomes, walk.notes);
    let idps = threat::idps(ruleset, flow);
    let outcomes = threat::with_idps(&idps, outcomes);
    let mut verdict = combined(outcomes);
    if let IdpsResult::Alert { only_if_allowed } = idps
        && progress == Progress::GoesOn
        && (!only_if_allowed || verdict.decision != Decision::Deny)
    {
        alerts.push(Alert::Idps);
    }
    if verdict.decision == Decision::Allow && !flow.protocol.has_ports() && goes_to_internet(flow) {
        notes.push(
            "Azure Firewall does not translate the source of this protocol, so it does not work towards the \
             Internet even when allowed"
                .into(),
        );
    }
    verdict.alerts = alerts;
    verdict.notes = notes;
    verdict
}

fn goes_to_internet(flow: &Flow) -> bool {
    match flow.destination {
        Some(IpAddr::V4(address)) => {
            let is_shared = matches!(address.octets(), [100, 64..=127, ..]);
            !(address.is_private() || address.is_loopback() || address.is_link_local() || is_shared)
        }
        Some(IpAddr::V6(address)) => {
            !(address.is_unique_local() || address.is_unicast_link_local())
        }
        None => false,
    }
}

/// The verdict of all outcomes, in evaluation order and never empty.
fn combined(outcomes: Vec<Outcome>) -> Verdict {
    let Some(first) = outcomes.first() else { return Verdict::default_deny() };
    let all = |same: &dyn Fn(&Outcome) -> bool| outcomes.iter().all(same);
    let is_decided =
        all(&|other| other.ruling == first.ruling && other.translation == first.translation);
    let decision = if is_decided { first.ruling.into() } else { Decision::Undecided };
    let stage = all(&|other| other.stage == first.stage).then_some(first.stage);
    let rule = if all(&|other| other.rule == first.rule) { first.rule } else { None };
    let translation = if is_decided { first.translation.clone() } else { None };
    let candidates = if outcomes.len() > 1 { outcomes } else { Vec::new() };
    Verdict {
        decision,
        stage,
        rule,
        translation,
        alerts: Vec::new(),
        candidates,
        notes: Vec::new(),
    }
}

struct Walk<'a, T> {
    ruleset: &'a Ruleset,
    flow: &'a Flow,
    index: Option<&'a Index<'a>>,
    trace: &'a mut T,
    outcomes: Vec<Outcome>,
    notes: Vec<String>,
}

/// A rule that matched or may match.
struct Match {
    rank: u32,
    /// Empty: it surely matches.
    needs: Vec<Need>,
}

/// The ranks to look at, ascending; `None`: all.
type Listed = Option<Vec<u32>>;

/// The ranks of a run to look at.
fn within(run: &Range<u32>, listed: &Listed) -> impl Iterator<Item = u32> {
    let (all, some) = match listed {
        None => (run.clone(), &[] as &[u32]),
        Some(ranks) => {
            let first = ranks.partition_point(|&rank| rank < run.start);
            let last = ranks.partition_point(|&rank| rank < run.end);
            (0..0, ranks.get(first..last).unwrap_or(&[]))
        }
    };
    all.chain(some.iter().copied())
}

impl<'a, T: Trace> Walk<'a, T> {
    fn threat_intel(&mut self) -> (Progress, Vec<Alert>) {
        let denied = |needs| outcome(Ruling::Deny, Stage::ThreatIntel, None, needs);
        match threat::threat_intel(self.ruleset, self.flow) {
            ThreatIntelResult::Nothing => (Progress::GoesOn, Vec::new()),
            ThreatIntelResult::Alert => (Progress::GoesOn, vec![Alert::ThreatIntel]),
            ThreatIntelResult::Deny => {
                self.outcomes.push(denied(Vec::new()));
                (Progress::Ended, Vec::new())
            }
            ThreatIntelResult::MayDeny(needs) => {
                self.outcomes.push(denied(needs));
                (Progress::GoesOn, Vec::new())
            }
        }
    }

    fn rules(&mut self) {
        let is_proxied = self.flow.is_explicit_proxy;
        if !is_proxied && (self.dnat() == Progress::Ended || self.network() == Progress::Ended) {
            return;
        }
        if self.application() == Progress::GoesOn {
            self.outcomes.push(outcome(Ruling::Deny, Stage::Default, None, Vec::new()));
        }
    }

    fn dnat(&mut self) -> Progress {
        // IPv6 is preview for network rules only ("Deploy a dual-stack Azure Firewall", 16 July 2026).
        if self.family() == IpFamily::V6 {
            return Progress::GoesOn;
        }
        let ruleset = self.ruleset;
        let listed = self.index.and_then(|index| index.nat_candidates(self.flow));
        let (matches, progress) = self.matches(&ruleset.nat.blocks, &listed, &|walk, rank| {
            ruleset
                .nat
                .criteria
                .get(rank as usize)
                .map(|rule| (RuleRef::Nat(rank), rule_fit::nat(ruleset, walk.flow, rule)))
        });
        for found in matches {
            let Some(rule) = ruleset.nat.criteria.get(found.rank as usize) else { continue };
            self.translated(rule, found);
        }
        progress
    }

    /// Adds what comes of a DNAT rule: by default it allows and ends the walk.
    fn translated(&mut self, rule: &NatCriteria, found: Match) {
        let translation = translation(rule, self.flow.port);
        let allowed = Outcome {
            translation: Some(translation.clone()),
            ..outcome(Ruling::Allow, Stage::Dnat, Some(RuleRef::Nat(found.rank)), found.needs)
        };
        match self.ruleset.options.dnat {
            DnatMode::Terminal => self.outcomes.push(allowed),
            DnatMode::LegacyOverride => {
                let outcomes = self.after_override(&translation, &allowed);
                self.outcomes.extend(outcomes);
            }
        }
    }

    /// What comes of a DNAT match when a network rule that denies the translated packet before one
    /// allows it wins, as texts before 2026 describe.
    fn after_override(&self, translation: &Translation, allowed: &Outcome) -> Vec<Outcome> {
        let flow =
            Flow { destination: translation.address, port: translation.port, ..self.flow.clone() };
        let mut inner = Walk {
            ruleset: self.ruleset,
            flow: &flow,
            index: self.index,
            trace: &mut (),
            outcomes: Vec::new(),
            notes: Vec::new(),
        };
        let progress = inner.network();
        let with_needs = |base: &Outcome, needs: &[String]| {
            let needs = allowed.needs.iter().chain(needs).cloned().collect();
            Outcome { needs, ..base.clone() }
        };
        let mut outcomes: Vec<Outcome> = Vec::new();
        let mut allow_needs: Vec<Vec<String>> = Vec::new();
        for found in &inner.outcomes {
            match found.ruling {
                Ruling::Deny => outcomes.push(with_needs(found, &found.needs)),
                Ruling::Allow => allow_needs.push(found.needs.clone()),
            }
        }
        if progress == Progress::GoesOn {
            allow_needs.push(Vec::new());
        }
        // All the ways to be allowed are one outcome: this DNAT rule.
        if allow_needs.iter().any(Vec::is_empty) {
            outcomes.push(allowed.clone());
        } else if !allow_needs.is_empty() {
            outcomes.insert(0, with_needs(allowed, &allow_needs.concat()));
        }
        outcomes
    }

    fn network(&mut self) -> Progress {
        let ruleset = self.ruleset;
        let listed = self.index.and_then(|index| index.network_candidates(self.flow));
        let (matches, progress) = self.matches(&ruleset.network.blocks, &listed, &|walk, rank| {
            ruleset
                .network
                .criteria
                .get(rank as usize)
                .map(|rule| (RuleRef::Network(rank), rule_fit::network(walk.flow, rule)))
        });
        for found in matches {
            let Some(rule) = ruleset.network.criteria.get(found.rank as usize) else { continue };
            let reference = Some(RuleRef::Network(found.rank));
            self.outcomes.push(outcome(
                ruling(rule.action),
                Stage::Network,
                reference,
                found.needs,
            ));
        }
        progress
    }

    fn application(&mut self) -> Progress {
        if let Gate::Closed(note) = application_gate(self.flow) {
            self.notes.extend(note.map(str::to_owned));
            return Progress::GoesOn;
        }
        let ruleset = self.ruleset;
        let listed = self.index.and_then(|index| index.application_candidates(self.flow));
        let (matches, progress) =
            self.matches(&ruleset.application.blocks, &listed, &|walk, rank| {
                let rule = ruleset.application.criteria.get(rank as usize);
                rule.map(|rule| {
                    (RuleRef::Application(rank), rule_fit::application(ruleset, walk.flow, rule))
                })
            });
        for found in matches {
            let Some(rule) = ruleset.application.criteria.get(found.rank as usize) else {
                continue;
            };
            let reference = Some(RuleRef::Application(found.rank));
            self.outcomes.push(outcome(
                ruling(rule.action),
                Stage::Application,
                reference,
                found.needs,
            ));
        }
        if progress == Progress::Ended { progress } else { self.infrastructure() }
    }

    /// The built-in collection behind the application rules. Its names are not published.
    fn infrastructure(&mut self) -> Progress {
        let list = &self.ruleset.infrastructure.fqdns;
        let name = self.flow.name.known();
        if list.is_empty() {
            if matches!(self.flow.protocol, FlowProtocol::Ip(_)) {
                return Progress::GoesOn;
            }
            let name = name.map_or_else(|| "the name".to_owned(), |name| format!("`{name}`"));
            self.notes.push(format!(
                "denied unless {name} is one of Azure's infrastructure FQDNs, which Microsoft does not publish"
            ));
            return Progress::GoesOn;
        }
        let is_listed = name.map(|name| list.iter().any(|pattern| pattern.matches(name)));
        let mut needs: Vec<Need> = Vec::new();
        match is_listed {
            Some(false) => return Progress::GoesOn,
            Some(true) => {}
            None => needs.push("name (SNI or Host header)".into()),
        }
        if matches!(self.flow.protocol, FlowProtocol::Ip(_)) {
            needs.push("application protocol".into());
        }
        let progress = if needs.is_empty() { Progress::Ended } else { Progress::GoesOn };
        self.outcomes.push(outcome(Ruling::Allow, Stage::Infrastructure, None, needs));
        progress
    }

    fn family(&self) -> IpFamily {
        IpFamily::of(self.flow.source)
    }

    /// The rules of a stage that match or may match, up to the first that surely does.
    fn matches(
        &mut self,
        blocks: &'a [Block],
        listed: &Listed,
        fits: &impl Fn(&mut Self, u32) -> Option<(RuleRef, Result<Vec<Need>, Criterion>)>,
    ) -> (Vec<Match>, Progress) {
        let mut found = Vec::new();
        for block in blocks {
            let (matches, progress) = match block {
                Block::Run(ranks) => self.run(within(ranks, listed), fits),
                Block::Tied { need, alternatives } => self.tied(need, alternatives, listed, fits),
            };
            found.extend(matches);
            if progress == Progress::Ended {
                return (found, progress);
            }
        }
        (found, Progress::GoesOn)
    }

    fn run(
        &mut self,
        ranks: impl Iterator<Item = u32>,
        fits: &impl Fn(&mut Self, u32) -> Option<(RuleRef, Result<Vec<Need>, Criterion>)>,
    ) -> (Vec<Match>, Progress) {
        let mut found = Vec::new();
        for rank in ranks {
            let Some((rule, result)) = fits(self, rank) else { continue };
            match result {
                Err(criterion) => {
                    self.trace.step(Step { rule, result: StepResult::Passed(criterion) });
                }
                Ok(mut needs) => {
                    fit::dedup(&mut needs);
                    let is_sure = needs.is_empty();
                    let result = if is_sure { StepResult::Matched } else { StepResult::May };
                    self.trace.step(Step { rule, result });
                    found.push(Match { rank, needs });
                    if is_sure {
                        return (found, Progress::Ended);
                    }
                }
            }
        }
        (found, Progress::GoesOn)
    }

    /// Parts in an unknown order: each part's matches are possible. Where only one part has any,
    /// the order does not matter.
    fn tied(
        &mut self,
        need: &Need,
        alternatives: &'a [Vec<Block>],
        listed: &Listed,
        fits: &impl Fn(&mut Self, u32) -> Option<(RuleRef, Result<Vec<Need>, Criterion>)>,
    ) -> (Vec<Match>, Progress) {
        let mut progress = Progress::GoesOn;
        let mut parts: Vec<Vec<Match>> = Vec::new();
        for alternative in alternatives {
            let (matches, end) = self.matches(alternative, listed, fits);
            if end == Progress::Ended {
                progress = end;
            }
            if !matches.is_empty() {
                parts.push(matches);
            }
        }
        if parts.len() > 1 {
            for found in parts.iter_mut().flatten() {
                found.needs.push(need.clone());
            }
        }
        (parts.into_iter().flatten().collect(), progress)
    }
}

/// Where a DNAT rule sends a flow to this port.
pub(super) fn translation(rule: &NatCriteria, port: Option<u16>) -> Translation {
    Translation {
        address: match rule.target.address {
            NatAddress::Known(address) => Some(address),
            NatAddress::Unknown | NatAddress::Unresolvable => None,
        },
        port: match rule.target.port {
            Some(NatPort::Known(port)) => Some(port),
            Some(NatPort::Unknown) => None,
            None => port,
        },
    }
}

/// Whether application rules look at a flow.
pub(super) enum Gate {
    Open,
    /// With what a reader should know about it.
    Closed(Option<&'static str>),
}

/// Application rules see TCP over IPv4 that carries HTTP, HTTPS or MSSQL and names a host.
pub(super) fn application_gate(flow: &Flow) -> Gate {
    let is_http = flow.protocol == FlowProtocol::Application(ApplicationProtocol::Http);
    if flow.protocol.ip() != IpProtocol::TCP {
        Gate::Closed(None)
    } else if IpFamily::of(flow.source) == IpFamily::V6 {
        Gate::Closed(Some("only network rules apply to IPv6"))
    } else if flow.is_without_application {
        Gate::Closed(Some(
            "it carries neither HTTP, HTTPS nor MSSQL, so application rules do not apply",
        ))
    } else if flow.name == Name::Absent {
        Gate::Closed(Some(
            "SNI or Host header missing: no application rule can match, not even `*`",
        ))
    } else if is_http && has_foreign_host_port(flow) {
        Gate::Closed(Some(
            "the port in the Host header differs from the TCP port: the request is dropped",
        ))
    } else {
        Gate::Open
    }
}

pub(super) fn ruling(action: FilterAction) -> Ruling {
    match action {
        FilterAction::Allow => Ruling::Allow,
        FilterAction::Deny => Ruling::Deny,
    }
}

fn outcome(ruling: Ruling, stage: Stage, rule: Option<RuleRef>, needs: Vec<Need>) -> Outcome {
    let needs = needs.iter().map(ToString::to_string).collect();
    Outcome { ruling, stage, rule, translation: None, needs }
}
