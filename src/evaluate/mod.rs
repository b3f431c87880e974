//! [`Flow`] × [`Ruleset`] → [`Verdict`], with or without a trace. One walk decides and explains.
//!
//! Every comparison has three results: it fits, it does not, or something unknown would settle it.
//! A rule that surely matches ends the walk; a rule that may match is kept as a possible outcome
//! and the walk goes on.

mod batch;
mod cache;
mod fit;
mod index;
mod memo;
mod packet;
mod rule_fit;
mod threat;
mod trace;
mod verdict;
mod walk;

use crate::compile::{AddressCriterion, RulePath, Ruleset};
use crate::flow::Flow;

pub use cache::{CacheUse, FlowCache, Settled};
pub use fit::Fit;
pub use index::{Decided, Index};
pub use memo::PacketMemo;
pub use packet::{Packet, PacketEnd, PacketSlice, Packets};
pub use trace::{Criterion, Step, StepResult, Trace};
pub use verdict::{Alert, Decision, Outcome, RuleRef, Ruling, Stage, Translation, Verdict};

/// What the firewall does with `flow`, taken as a new session.
///
/// `trace` is told every rule that was looked at; `&mut ()` wants nothing and costs nothing.
#[must_use]
pub fn evaluate(ruleset: &Ruleset, flow: &Flow, trace: &mut impl Trace) -> Verdict {
    walk::verdict(ruleset, flow, None, trace)
}

impl Ruleset {
    /// The name of a rule of this rule set.
    ///
    /// # Panics
    ///
    /// Never for a reference that this rule set gave out.
    #[must_use]
    pub fn path(&self, rule: RuleRef) -> &RulePath {
        &self.info(rule).path
    }

    /// What is known of a rule of this rule set beside what it compares.
    ///
    /// # Panics
    ///
    /// Never for a reference that this rule set gave out.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "references are ranks of this very rule set")]
    pub fn info(&self, rule: RuleRef) -> &crate::compile::RuleInfo {
        match rule {
            RuleRef::Nat(rank) => &self.nat.rules[rank as usize],
            RuleRef::Network(rank) => &self.network.rules[rank as usize],
            RuleRef::Application(rank) => &self.application.rules[rank as usize],
        }
    }

    /// The sources of a rule, and its destinations where it has any; `None`: not limited.
    #[must_use]
    pub fn ends(&self, rule: RuleRef) -> (Option<&AddressCriterion>, Option<&AddressCriterion>) {
        match rule {
            RuleRef::Nat(rank) => {
                let rule = self.nat.criteria.get(rank as usize);
                (rule.map(|rule| &rule.sources), rule.map(|rule| &rule.destinations))
            }
            RuleRef::Network(rank) => {
                let rule = self.network.criteria.get(rank as usize);
                (rule.map(|rule| &rule.sources), rule.map(|rule| &rule.destinations))
            }
            RuleRef::Application(rank) => {
                let rule = self.application.criteria.get(rank as usize);
                (rule.map(|rule| &rule.sources), rule.and_then(|rule| rule.destinations.as_ref()))
            }
        }
    }

    /// All rules in evaluation order: DNAT, network, application.
    pub fn rules(&self) -> impl Iterator<Item = RuleRef> + '_ {
        let ranks = |count: usize| 0..u32::try_from(count).unwrap_or(u32::MAX);
        let nat = ranks(self.nat.rules.len()).map(RuleRef::Nat);
        let network = ranks(self.network.rules.len()).map(RuleRef::Network);
        let application = ranks(self.application.rules.len()).map(RuleRef::Application);
        nat.chain(network).chain(application)
    }
}
