//! The walk: threat intelligence, DNAT, network, application, infrastructure, default, IDPS.
//!
//! Source: "Azure Firewall rule processing logic" (23 March 2026), `tests/spec/01-order.md`.

use std::net::IpAddr;

use smol_str::format_smolstr;

use super::fit::{self, Fit, has_foreign_host_port};
use super::threat::{self, IdpsResult, ThreatIntelResult};
use super::trace::{Criterion, Step, StepResult, Trace};
use super::verdict::{Alert, Decision, Outcome, RuleRef, Ruling, Stage, Translation, Verdict};
use crate::compile::{
    ApplicationCriteria, Block, DnatMode, NatAddress, NatCriteria, NatPort, Need, NetworkCriteria,
    Ruleset,
};
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::{ApplicationProtocol, IpFamily, IpProtocol};
use crate::policy::FilterAction;

/// Whether the walk is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    GoesOn,
    Ended,
}

pub(super) fn verdict(ruleset: &Ruleset, flow: &Flow, trace: &mut impl Trace) -> Verdict {
    let mut walk = Walk { ruleset, flow, trace, outcomes: Vec::new(), notes: Vec::new() };
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
        let (matches, progress) = self.matches(&ruleset.nat.blocks, &|walk, rank| {
            ruleset
                .nat
                .criteria
                .get(rank as usize)
                .map(|rule| (RuleRef::Nat(rank), walk.fits_nat(rule)))
        });
        for found in matches {
            let Some(rule) = ruleset.nat.criteria.get(found.rank as usize) else { continue };
            self.translated(rule, found);
        }
        progress
    }

    /// Adds what comes of a DNAT rule: by default it allows and ends the walk.
    fn translated(&mut self, rule: &NatCriteria, found: Match) {
        let translation = Translation {
            address: match rule.target.address {
                NatAddress::Known(address) => Some(address),
                NatAddress::Unknown | NatAddress::Unresolvable => None,
            },
            port: match rule.target.port {
                Some(NatPort::Known(port)) => Some(port),
                Some(NatPort::Unknown) => None,
                None => self.flow.port,
            },
        };
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
        let (matches, progress) = self.matches(&ruleset.network.blocks, &|walk, rank| {
            ruleset
                .network
                .criteria
                .get(rank as usize)
                .map(|rule| (RuleRef::Network(rank), walk.fits_network(rule)))
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
        let flow = self.flow;
        if flow.protocol.ip() != IpProtocol::TCP {
            return Progress::GoesOn;
        }
        if self.family() == IpFamily::V6 {
            self.notes.push("only network rules apply to IPv6".into());
            return Progress::GoesOn;
        }
        if flow.is_without_application {
            self.notes.push(
                "it carries neither HTTP, HTTPS nor MSSQL, so application rules do not apply"
                    .into(),
            );
            return Progress::GoesOn;
        }
        if flow.name == Name::Absent {
            self.notes.push(
                "SNI or Host header missing: no application rule can match, not even `*`".into(),
            );
            return Progress::GoesOn;
        }
        if flow.protocol == FlowProtocol::Application(ApplicationProtocol::Http)
            && has_foreign_host_port(flow)
        {
            self.notes.push(
                "the port in the Host header differs from the TCP port: the request is dropped"
                    .into(),
            );
            return Progress::GoesOn;
        }
        let ruleset = self.ruleset;
        let (matches, progress) = self.matches(&ruleset.application.blocks, &|walk, rank| {
            let rule = ruleset.application.criteria.get(rank as usize);
            rule.map(|rule| (RuleRef::Application(rank), walk.fits_application(rule)))
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
        fits: &impl Fn(&mut Self, u32) -> Option<(RuleRef, Result<Vec<Need>, Criterion>)>,
    ) -> (Vec<Match>, Progress) {
        let mut found = Vec::new();
        for block in blocks {
            let (matches, progress) = match block {
                Block::Run(ranks) => self.run(ranks.clone(), fits),
                Block::Tied { need, alternatives } => self.tied(need, alternatives, fits),
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
        ranks: std::ops::Range<u32>,
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
        fits: &impl Fn(&mut Self, u32) -> Option<(RuleRef, Result<Vec<Need>, Criterion>)>,
    ) -> (Vec<Match>, Progress) {
        let mut progress = Progress::GoesOn;
        let mut parts: Vec<Vec<Match>> = Vec::new();
        for alternative in alternatives {
            let (matches, end) = self.matches(alternative, fits);
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

    fn fits_nat(&mut self, rule: &NatCriteria) -> Result<Vec<Need>, Criterion> {
        let flow = self.flow;
        let mut needs = rule.unknown.clone();
        let source = fit::address(&rule.sources, Some(flow.source), self.family(), "source");
        require(source, Criterion::Source, &mut needs)?;
        // DNAT translates TCP and UDP only.
        if !flow.protocol.has_ports() {
            return Err(Criterion::Protocol);
        }
        require(
            fit::protocol(&rule.protocols, &rule.ports, flow),
            Criterion::Protocol,
            &mut needs,
        )?;
        require(fit::port(&rule.ports, flow.protocol, flow.port), Criterion::Port, &mut needs)?;
        require(self.nat_destination(rule), Criterion::Destination, &mut needs)?;
        if rule.target.address == NatAddress::Unresolvable {
            return Err(Criterion::Translation);
        }
        Ok(needs)
    }

    /// Nobody browses to the firewall by name: a flow with a name and no destination is taken not to
    /// be sent to it, unless a DNS table says that the name is the firewall's.
    fn nat_destination(&self, rule: &NatCriteria) -> Fit {
        let criterion = &rule.destinations;
        let name = match (self.flow.destination, &self.flow.name) {
            (Some(_), _) | (None, Name::Unknown | Name::Absent) => {
                return fit::address(
                    criterion,
                    self.flow.destination,
                    self.family(),
                    "destination address",
                );
            }
            (None, Name::Known(name)) => name,
        };
        let addresses = self.ruleset.tables.addresses(name).unwrap_or(&[]);
        if addresses.is_empty() {
            return Fit::No;
        }
        let hits = addresses.iter().filter(|&&address| criterion.known.contains(address)).count();
        if hits == addresses.len() {
            Fit::Yes
        } else if hits > 0 || !criterion.unknown.is_empty() {
            let which = format_smolstr!("which address of `{name}` the flow is sent to");
            Fit::May(criterion.unknown.iter().cloned().chain([which]).collect())
        } else {
            Fit::No
        }
    }

    fn fits_network(&mut self, rule: &NetworkCriteria) -> Result<Vec<Need>, Criterion> {
        let flow = self.flow;
        let mut needs = rule.unknown.clone();
        let source = fit::address(&rule.sources, Some(flow.source), self.family(), "source");
        require(source, Criterion::Source, &mut needs)?;
        require(
            fit::protocol(&rule.protocols, &rule.ports, flow),
            Criterion::Protocol,
            &mut needs,
        )?;
        require(fit::port(&rule.ports, flow.protocol, flow.port), Criterion::Port, &mut needs)?;
        let destination = fit::address(
            &rule.destinations,
            flow.destination,
            self.family(),
            "destination address",
        );
        require(destination, Criterion::Destination, &mut needs)?;
        Ok(needs)
    }

    fn fits_application(&mut self, rule: &ApplicationCriteria) -> Result<Vec<Need>, Criterion> {
        let flow = self.flow;
        let mut needs = rule.unknown.clone();
        let source = fit::address(&rule.sources, Some(flow.source), self.family(), "source");
        require(source, Criterion::Source, &mut needs)?;
        let protocol = match (fit::application(rule, flow), flow.protocol) {
            // Tells a rule of another protocol from one of another port.
            (Fit::No, FlowProtocol::Application(protocol)) if rule.names(protocol) => {
                return Err(Criterion::Port);
            }
            (Fit::No, FlowProtocol::Ip(_)) => return Err(Criterion::Port),
            (fit, _) => fit,
        };
        require(protocol, Criterion::Protocol, &mut needs)?;
        if let Some(destinations) = &rule.destinations {
            let fit =
                fit::address(destinations, flow.destination, self.family(), "destination address");
            require(fit, Criterion::Destination, &mut needs)?;
        }
        require(fit::target(self.ruleset, rule, flow), Criterion::Name, &mut needs)?;
        Ok(needs)
    }
}

/// Collects what is unknown, or says which criterion does not fit.
fn require(fit: Fit, criterion: Criterion, needs: &mut Vec<Need>) -> Result<(), Criterion> {
    match fit {
        Fit::Yes => Ok(()),
        Fit::No => Err(criterion),
        Fit::May(more) => {
            needs.extend(more);
            Ok(())
        }
    }
}

fn ruling(action: FilterAction) -> Ruling {
    match action {
        FilterAction::Allow => Ruling::Allow,
        FilterAction::Deny => Ruling::Deny,
    }
}

fn outcome(ruling: Ruling, stage: Stage, rule: Option<RuleRef>, needs: Vec<Need>) -> Outcome {
    let needs = needs.iter().map(ToString::to_string).collect();
    Outcome { ruling, stage, rule, translation: None, needs }
}
