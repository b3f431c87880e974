//! Every flow of the logs through the suggested rules.

use crate::compile::Ruleset;
use crate::evaluate::{Decision, Index, Verdict};
use crate::flow::Flow;

use super::observed::{Fate, Observed, denied_to_rules};

/// How many flows that break a promise are kept as examples.
const EXAMPLES_MAX: usize = 5;

/// What the flows of one fate come to, in connections and in distinct flows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Broken {
    pub flows: u64,
    pub connections: u64,
    /// Of these connections, those that come to the same under the policy that was cut down.
    pub as_it_stands: u64,
    /// In the order of their text.
    pub examples: Vec<String>,
}

impl Broken {
    fn add(&mut self, connections: u64, flow: &Flow, is_as_it_stands: bool) {
        self.flows += 1;
        self.connections += connections;
        self.as_it_stands += if is_as_it_stands { connections } else { 0 };
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
    /// Allowed in the logs and still, but sent to another address or port.
    pub moved: Broken,
    /// Connections that were denied, and still are.
    pub denied: u64,
    /// Denied in the logs and allowed now.
    pub opened: Broken,
    pub opened_perhaps: Broken,
    /// The logs hold the same flow allowed and denied: rules changed in between. It counts as
    /// allowed.
    pub both: u64,
}

impl Proof {
    /// Everything that was allowed still is, and nothing that was denied is allowed.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.lost.flows == 0 && self.moved.flows == 0 && self.opened.flows == 0
    }

    /// It holds, whatever the logs leave out.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.holds() && self.lost_perhaps.flows == 0 && self.opened_perhaps.flows == 0
    }
}

/// What the rules do with a flow of the logs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Allowed,
    Denied,
    Undecided,
    Moved,
}

impl End {
    fn of(verdict: &Verdict, fate: &Fate) -> Self {
        match verdict.decision {
            Decision::Deny => Self::Denied,
            Decision::Undecided => Self::Undecided,
            Decision::Allow if fate.allowed.connections == 0 => Self::Allowed,
            Decision::Allow => {
                let is_same = match (&verdict.translation, fate.translated) {
                    (None, None) => true,
                    (Some(ours), Some((address, port))) => {
                        ours.address.is_none_or(|ours| ours == address)
                            && ours.port.zip(port).is_none_or(|(ours, logged)| ours == logged)
                    }
                    (Some(_), None) | (None, Some(_)) => false,
                };
                if is_same { Self::Allowed } else { Self::Moved }
            }
        }
    }
}

/// Replays everything that was observed through `ruleset`. `before` is the policy that was cut down
/// to it.
#[must_use]
pub fn prove(observed: &Observed, ruleset: &Ruleset, before: Option<&Ruleset>) -> Proof {
    let index = Index::new(ruleset);
    let before = before.map(Index::new);
    let both = observed.both();
    let mut proof = Proof::default();
    for (flow, fate) in observed.flows() {
        let (allowed, denied) = (fate.allowed.connections, fate.denied.connections);
        let end = End::of(&index.verdict(flow), fate);
        let is_as_it_stands =
            || before.as_ref().is_some_and(|before| End::of(&before.verdict(flow), fate) == end);
        if allowed > 0 {
            proof.both += denied;
            let broken = match end {
                End::Allowed => {
                    proof.allowed += allowed;
                    continue;
                }
                End::Denied => &mut proof.lost,
                End::Undecided => &mut proof.lost_perhaps,
                End::Moved => &mut proof.moved,
            };
            broken.add(allowed, flow, is_as_it_stands());
        } else if end == End::Denied {
            proof.denied += denied;
        } else if both.contains(&denied_to_rules(flow)) {
            proof.both += denied;
        } else {
            let broken = match end {
                End::Allowed | End::Moved | End::Denied => &mut proof.opened,
                End::Undecided => &mut proof.opened_perhaps,
            };
            broken.add(denied, flow, is_as_it_stands());
        }
    }
    proof.lost.trim();
    proof.lost_perhaps.trim();
    proof.moved.trim();
    proof.opened.trim();
    proof.opened_perhaps.trim();
    proof
}
