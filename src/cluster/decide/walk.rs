//! The walk over the tiers for one pod and direction.

use super::Case;
use super::profile::Last;
use crate::cluster::decision::{Cause, RuleName, Verdict};
use crate::cluster::engine::{Engine, Reading};
use crate::cluster::fit::Fit;
use crate::cluster::index::{Applied, Tier};
use crate::cluster::object::Pod;
use crate::cluster::packet::PodId;
use crate::cluster::policy::{Direction, Policy, PolicyKind, PolicyName, Rule, RuleAction};
use crate::net::IpProtocol;

/// How the walk ended.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub(super) verdict: Verdict,
    pub(super) cause: Cause,
    pub(super) passed: Vec<RuleName>,
}

impl Ending {
    fn new(verdict: Verdict, cause: Cause) -> Self {
        Self { verdict, cause, passed: Vec::new() }
    }
}

/// What one policy, or the end of a tier, makes of the packet.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Rule(RuleAction, RuleName),
    /// The policy cannot say.
    Stuck(Verdict),
    /// The tier denies what no rule of it matched.
    EndOfTier,
}

/// What may also happen, and on what that hangs.
pub(super) struct Doubt {
    outcome: Outcome,
    why: String,
}

/// The walk for one pod: what does not change from tier to tier.
#[derive(Clone, Copy)]
pub(super) struct Walk<'w, 'c> {
    pub(super) case: &'w Case<'c>,
    direction: Direction,
    pub(super) pod: &'c Pod,
    tiers: &'c [Vec<Applied>],
    /// `NetworkPolicy` is left out, for engines that do not filter this protocol.
    is_without_network_policy: bool,
}

impl<'c> Case<'c> {
    /// Walks over all tiers.
    pub(super) fn walk(&self, direction: Direction, id: PodId, pod: &'c Pod) -> Ending {
        let tiers = self.cluster.applied(id);
        let walk = Walk { case: self, direction, pod, tiers, is_without_network_policy: false };
        let is_filtered = [IpProtocol::TCP, IpProtocol::UDP, IpProtocol::SCTP]
            .contains(&self.packet.protocol)
            || !walk.has_network_policy();
        match (is_filtered, self.readings.other_protocols_are_filtered) {
            (true, _) | (_, Reading::Yes) => walk.ending_from(0),
            (_, Reading::No) => Walk { is_without_network_policy: true, ..walk }.ending_from(0),
            (_, Reading::Unknown) => {
                let ending = walk.ending_from(0);
                let unfiltered = Walk { is_without_network_policy: true, ..walk }.ending_from(0);
                if ending.verdict.is_like(&unfiltered.verdict) {
                    return ending;
                }
                let protocol = self.packet.protocol;
                let why = format!("NetworkPolicy leaves open what happens to {protocol}");
                Ending::new(Verdict::Undecided(vec![why]), Cause::Open)
            }
        }
    }
}

impl<'c> Walk<'_, 'c> {
    fn policy(&self, applied: Applied) -> Option<&'c Policy> {
        let policy = self.case.cluster.policies.get(applied.policy)?;
        policy.rules(self.direction)?;
        let is_left_out =
            self.is_without_network_policy && policy.name.kind == PolicyKind::NetworkPolicy;
        (!is_left_out).then_some(policy)
    }

    fn has_network_policy(&self) -> bool {
        let mut all = self.tiers.iter().flatten().filter_map(|&applied| self.policy(applied));
        all.any(|policy| policy.name.kind == PolicyKind::NetworkPolicy)
    }

    /// What the tier of this index and those after it say.
    fn ending_from(&self, index: usize) -> Ending {
        let (Some(tier), Some(all)) = (self.case.cluster.tiers.get(index), self.tiers.get(index))
        else {
            return self.after_tiers(index);
        };
        let applied: Vec<(&Policy, bool)> =
            all.iter().filter_map(|&one| Some((self.policy(one)?, one.is_certain))).collect();
        let mut doubts = Vec::new();
        let mut rest = applied.as_slice();
        while let Some((group, after)) = rest.split_at_checked(tier.tied(rest).max(1)) {
            rest = after;
            if let Some(outcome) = self.group(group, tier, &mut doubts) {
                let ending = self.ending(outcome, index, &applied);
                return self.settled(ending, doubts, index, &applied);
            }
        }
        let is_selected = applied.iter().any(|&(_, is_certain)| is_certain);
        if tier.passes || applied.is_empty() {
            return self.settled(self.ending_from(index + 1), doubts, index, &applied);
        }
        if is_selected {
            let ending = self.ending(Outcome::EndOfTier, index, &applied);
            return self.settled(ending, doubts, index, &applied);
        }
        let why = "labels are not known that decide whether a policy selects the pod".to_owned();
        doubts.push(Doubt { outcome: Outcome::EndOfTier, why });
        self.settled(self.ending_from(index + 1), doubts, index, &applied)
    }

    /// What profiles say when no tier has decided.
    fn after_tiers(&self, index: usize) -> Ending {
        let mut doubts = Vec::new();
        let ending = match self.profiles(&mut doubts) {
            Last::Open => Ending::new(Verdict::Allow, Cause::NoPolicy),
            Last::Outcome(outcome) => self.ending(outcome, index, &[]),
            Last::Denied(names) => Ending::new(Verdict::Deny, Cause::NoRuleMatches(names)),
        };
        // No tier comes after to which a profile could pass.
        for doubt in &mut doubts {
            if let Outcome::Rule(RuleAction::Pass | RuleAction::Log, _) = doubt.outcome {
                doubt.outcome = Outcome::Stuck(Verdict::Undecided(vec![doubt.why.clone()]));
            }
        }
        self.settled(ending, doubts, index, &[])
    }

    /// What policies of one order say together; nothing where no rule of theirs surely matches.
    fn group(
        &self,
        group: &[(&Policy, bool)],
        tier: &Tier,
        doubts: &mut Vec<Doubt>,
    ) -> Option<Outcome> {
        let mut found: Option<Outcome> = None;
        for &(policy, is_certain) in group {
            let Some(outcome) = self.outcome(policy, is_certain, doubts) else { continue };
            found = Some(match (found, outcome) {
                (None, outcome) => outcome,
                (Some(Outcome::Rule(first, name)), Outcome::Rule(second, other)) => {
                    if first == second {
                        Outcome::Rule(first, name)
                    } else {
                        let (a, b) = (&name.policy, &other.policy);
                        let why = if tier.has_ties {
                            format!("{a} and {b} have one priority and differ")
                        } else {
                            format!(
                                "{a} and {b} have one order and differ: which of them is asked \
                                 first depends on the version of Calico, 3.32 changed it"
                            )
                        };
                        Outcome::Stuck(Verdict::Undecided(vec![why]))
                    }
                }
                (Some(Outcome::Stuck(verdict)), _) | (_, Outcome::Stuck(verdict)) => {
                    Outcome::Stuck(verdict)
                }
                (Some(outcome), Outcome::EndOfTier) | (Some(Outcome::EndOfTier), outcome) => {
                    outcome
                }
            });
        }
        found
    }

    /// What a policy says. What it only may say goes to the doubts.
    pub(super) fn outcome(
        &self,
        policy: &Policy,
        is_certain: bool,
        doubts: &mut Vec<Doubt>,
    ) -> Option<Outcome> {
        let may = |name: &PolicyName| format!("{name} may select the pod");
        if let Some(verdict) = self.stuck(policy) {
            if is_certain {
                return Some(Outcome::Stuck(verdict));
            }
            doubts.push(Doubt { outcome: Outcome::Stuck(verdict), why: may(&policy.name) });
            return None;
        }
        let rules = policy.rules(self.direction).unwrap_or_default();
        for (index, rule) in rules.iter().enumerate() {
            if rule.action == RuleAction::Log {
                continue;
            }
            match self.case.fit(rule, self.direction) {
                Fit::No => {}
                Fit::Yes => {
                    let outcome = Outcome::Rule(rule.action, rule_name(policy, index, rule));
                    if is_certain {
                        return Some(outcome);
                    }
                    doubts.push(Doubt { outcome, why: may(&policy.name) });
                    return None;
                }
                Fit::Unknown(why) => {
                    let name = rule_name(policy, index, rule);
                    let why = format!("{} rule {} may match: {why}", name.policy, name.index);
                    doubts.push(Doubt { outcome: Outcome::Rule(rule.action, name), why });
                }
            }
        }
        None
    }

    /// Why a policy cannot be evaluated, where it cannot.
    fn stuck(&self, policy: &Policy) -> Option<Verdict> {
        let name = &policy.name;
        if matches!(name.kind, PolicyKind::Other(_)) {
            return Some(Verdict::NotEvaluated(format!("{name} selects the pod")));
        }
        if let Some(flaw) = policy.flaws.first() {
            let why = format!("{name} cannot be read fully: {flaw}");
            return Some(Verdict::Undecided(vec![why]));
        }
        let engine = self.case.readings.engine;
        let is_calico =
            matches!(name.kind, PolicyKind::CalicoNetworkPolicy | PolicyKind::GlobalNetworkPolicy);
        match (engine, policy.windows_gap) {
            (Engine::Npm | Engine::Cilium, _) if is_calico => {
                let engine = engine.name();
                Some(Verdict::NotEvaluated(format!("{name} is no policy of the engine `{engine}`")))
            }
            (Engine::Npm, Some(gap)) if self.pod.is_windows => {
                let why = format!("{name} uses {gap}, which Azure NPM on Windows does not support");
                Some(Verdict::Undecided(vec![why]))
            }
            (Engine::Unknown | Engine::Npm | Engine::Calico | Engine::Cilium, _) => None,
        }
    }

    /// How the walk ends when this happens in the tier of this index.
    fn ending(&self, outcome: Outcome, index: usize, applied: &[(&Policy, bool)]) -> Ending {
        match outcome {
            Outcome::Stuck(verdict) => Ending::new(verdict, Cause::Open),
            Outcome::EndOfTier => {
                let names = applied.iter().map(|(policy, _)| policy.name.clone()).collect();
                Ending::new(Verdict::Deny, Cause::NoRuleMatches(names))
            }
            Outcome::Rule(RuleAction::Allow, rule) => {
                Ending::new(Verdict::Allow, Cause::Rule(rule))
            }
            Outcome::Rule(RuleAction::Deny, rule) => Ending::new(Verdict::Deny, Cause::Rule(rule)),
            Outcome::Rule(RuleAction::Pass | RuleAction::Log, rule) => {
                let mut ending = self.ending_from(index + 1);
                ending.passed.insert(0, rule);
                ending
            }
        }
    }

    /// The ending, unless a doubt would lead to another one.
    fn settled(
        &self,
        ending: Ending,
        doubts: Vec<Doubt>,
        index: usize,
        applied: &[(&Policy, bool)],
    ) -> Ending {
        let mut reasons = Vec::new();
        let mut not_evaluated = None;
        for Doubt { outcome, why } in doubts {
            let other = self.ending(outcome, index, applied).verdict;
            if other.is_like(&ending.verdict) {
                continue;
            }
            match other {
                Verdict::NotEvaluated(what) => not_evaluated = Some(what),
                Verdict::Undecided(more) if reasons.is_empty() => reasons.extend(more),
                Verdict::Undecided(_) | Verdict::Allow | Verdict::Deny => {
                    if !reasons.contains(&why) {
                        reasons.push(why);
                    }
                }
            }
        }
        match (&ending.verdict, not_evaluated) {
            (Verdict::NotEvaluated(_) | Verdict::Undecided(_), _) => ending,
            (_, Some(what)) => Ending::new(Verdict::NotEvaluated(what), Cause::Open),
            (_, None) if !reasons.is_empty() => {
                Ending::new(Verdict::Undecided(reasons), Cause::Open)
            }
            (_, None) => ending,
        }
    }
}

fn rule_name(policy: &Policy, index: usize, rule: &Rule) -> RuleName {
    RuleName {
        policy: policy.name.clone(),
        index: index + 1,
        name: rule.name.clone(),
        action: rule.action,
        criteria: rule.criteria.to_string(),
    }
}
