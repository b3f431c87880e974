//! The short answer: what decides, without what is worth knowing beside it.

use super::Index;
use super::shape::First;
use crate::compile::DnatMode;
use crate::evaluate::packet::PacketEnd;
use crate::evaluate::verdict::{Decision, RuleRef, Ruling, Stage, Translation, Verdict};
use crate::evaluate::walk;
use crate::flow::{Flow, FlowProtocol};

/// A [`Verdict`] without alerts, candidates and notes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decided {
    pub decision: Decision,
    /// What decided; `None` where the possible outcomes differ in it.
    pub stage: Option<Stage>,
    /// The deciding rule; `None` as in [`Verdict::rule`].
    pub rule: Option<RuleRef>,
    pub translation: Option<Translation>,
}

impl From<Verdict> for Decided {
    fn from(verdict: Verdict) -> Self {
        let Verdict { decision, stage, rule, translation, alerts: _, candidates: _, notes: _ } =
            verdict;
        Self { decision, stage, rule, translation }
    }
}

impl Decided {
    pub(super) fn by(ruling: Ruling, stage: Stage, rule: Option<RuleRef>) -> Self {
        Self { decision: ruling.into(), stage: Some(stage), rule, translation: None }
    }
}

impl Index<'_> {
    /// What the firewall does with `flow`: [`Index::verdict`] without what costs memory.
    #[must_use]
    #[inline]
    pub fn decided(&self, flow: &Flow) -> Decided {
        self.quickly(flow).unwrap_or_else(|| self.verdict(flow).into())
    }

    /// The answer where the first rule that may match surely does.
    #[inline]
    pub(in crate::evaluate) fn quickly(&self, flow: &Flow) -> Option<Decided> {
        if flow.is_listed_threat || flow.idps.is_some() {
            return None;
        }
        if !flow.is_explicit_proxy {
            if flow.source.is_ipv4() {
                match self.first_nat(flow) {
                    First::Nothing => {}
                    First::Rule(rank) => return self.by_nat(rank, flow.port),
                    First::Unsure => return None,
                }
            }
            match self.first_network(flow) {
                First::Nothing => {}
                First::Rule(rank) => return self.by_network(rank),
                First::Unsure => return None,
            }
        }
        self.behind_network(flow)
    }

    /// The answer for a flow, given where DNAT and network rules leave its packet.
    #[inline]
    pub(in crate::evaluate) fn decided_behind(&self, flow: &Flow, end: PacketEnd) -> Decided {
        self.quickly_behind(flow, end).unwrap_or_else(|| self.verdict(flow).into())
    }

    /// The same, where the first rule that may match surely does.
    pub(in crate::evaluate) fn quickly_behind(
        &self,
        flow: &Flow,
        end: PacketEnd,
    ) -> Option<Decided> {
        match end.rule() {
            Some(RuleRef::Nat(rank)) => self.by_nat(rank, flow.port),
            Some(RuleRef::Network(rank)) => self.by_network(rank),
            None if end == PacketEnd::NO_RULE => self.behind_network(flow),
            Some(RuleRef::Application(_)) | None => None,
        }
    }

    /// The answer where no DNAT or network rule matches.
    fn behind_network(&self, flow: &Flow) -> Option<Decided> {
        match walk::application_gate(flow) {
            walk::Gate::Open => self.by_application(flow),
            walk::Gate::Closed(_) => Some(Decided::by(Ruling::Deny, Stage::Default, None)),
        }
    }

    #[inline]
    pub(super) fn by_network(&self, rank: u32) -> Option<Decided> {
        let rule = self.ruleset.network.criteria.get(rank as usize)?;
        let ruling = walk::ruling(rule.action);
        Some(Decided::by(ruling, Stage::Network, Some(RuleRef::Network(rank))))
    }

    fn by_application(&self, flow: &Flow) -> Option<Decided> {
        match self.first_application(flow) {
            First::Nothing => {}
            First::Rule(rank) => {
                let rule = self.ruleset.application.criteria.get(rank as usize)?;
                let rank = Some(RuleRef::Application(rank));
                return Some(Decided::by(walk::ruling(rule.action), Stage::Application, rank));
            }
            First::Unsure => return None,
        }
        let denied = Decided::by(Ruling::Deny, Stage::Default, None);
        let listed = &self.ruleset.infrastructure.fqdns;
        if listed.is_empty() {
            return Some(denied);
        }
        let name = flow.name.known()?;
        if !listed.iter().any(|pattern| pattern.matches(name)) {
            return Some(denied);
        }
        match flow.protocol {
            FlowProtocol::Application(_) => {
                Some(Decided::by(Ruling::Allow, Stage::Infrastructure, None))
            }
            FlowProtocol::Ip(_) => None,
        }
    }

    pub(super) fn by_nat(&self, rank: u32, port: Option<u16>) -> Option<Decided> {
        let rule = self.ruleset.nat.criteria.get(rank as usize)?;
        match self.ruleset.options.dnat {
            DnatMode::Terminal => Some(Decided {
                translation: Some(walk::translation(rule, port)),
                ..Decided::by(Ruling::Allow, Stage::Dnat, Some(RuleRef::Nat(rank)))
            }),
            DnatMode::LegacyOverride => None,
        }
    }
}
