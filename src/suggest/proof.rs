//! Every flow of the logs through the suggested rules.

use crate::compile::Ruleset;
use crate::evaluate::{Decision, Index};
use crate::flow::Flow;

use super::observed::Observed;

/// How many flows that break a promise are kept as examples.
const EXAMPLES_MAX: usize = 5;

/// What the flows of one fate come to, in connections and in distinct flows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Broken {
    pub flows: u64,
    pub connections: u64,
    /// In the order of their text.
    pub examples: Vec<String>,
}

impl Broken {
    fn add(&mut self, connections: u64, flow: &Flow) {
        self.flows += 1;
        self.connections += connections;
        self.examples.push(crate::syntax::flow::print_flow(flow));
        if self.examples.len() > 4 * EXAMPLES_MAX {
            self.trim();
        }
    }

    fn trim(&mut self) {
        self.examples.sort();
        self.examples.truncate(EXAMPLES_MAX);
    }
}

/// What the replay showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// Connections that were allowed, and still are.
    pub allowed: u64,
    /// Allowed in the logs and no longer.
    pub lost: Broken,
    /// Allowed in the logs; the log does not say enough to tell whether they still are.
    pub lost_perhaps: Broken,
    /// Connections that were denied, and still are.
    pub denied: u64,
    /// Denied in the logs and allowed now.
    pub opened: Broken,
    pub opened_perhaps: Broken,
    /// The logs hold the same flow allowed and denied: rules changed in between, or threat
    /// intelligence did. It counts as allowed.
    pub both: u64,
}

impl Proof {
    /// Everything that was allowed still is, and nothing that was denied is allowed.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.lost.flows == 0 && self.opened.flows == 0
    }

    /// It holds, whatever the logs leave out.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.holds() && self.lost_perhaps.flows == 0 && self.opened_perhaps.flows == 0
    }
}

/// Replays everything that was observed through `ruleset`.
#[must_use]
pub fn prove(observed: &Observed, ruleset: &Ruleset) -> Proof {
    let index = Index::new(ruleset);
    let mut proof = Proof::default();
    for (flow, fate) in observed.flows() {
        let (allowed, denied) = (fate.allowed.connections, fate.denied.connections);
        let decision = index.verdict(flow).decision;
        if allowed > 0 {
            proof.both += denied;
            match decision {
                Decision::Allow => proof.allowed += allowed,
                Decision::Deny => proof.lost.add(allowed, flow),
                Decision::Undecided => proof.lost_perhaps.add(allowed, flow),
            }
        } else {
            match decision {
                Decision::Deny => proof.denied += denied,
                Decision::Allow => proof.opened.add(denied, flow),
                Decision::Undecided => proof.opened_perhaps.add(denied, flow),
            }
        }
    }
    for broken in
        [&mut proof.lost, &mut proof.lost_perhaps, &mut proof.opened, &mut proof.opened_perhaps]
    {
        broken.trim();
    }
    proof
}
