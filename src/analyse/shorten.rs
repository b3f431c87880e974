//! The shortest form of a flow that still shows what it is to show.

use super::reach::Layout;
use crate::evaluate::{RuleRef, Stage};
use crate::flow::{Flow, FlowProtocol};
use crate::net::IpProtocol;

impl Layout<'_> {
    /// The same flow with less said about it, as long as the evaluator says the same of it.
    #[must_use]
    pub fn simplest(&self, flow: Flow) -> Flow {
        let is_dnat = self.verdict(&flow).stage == Some(Stage::Dnat);
        // What DNAT publishes has no name that a rule looks at.
        let first: &[Shorten] = if is_dnat { &[as_packet] } else { &[] };
        self.shortened(flow, &[first, &LESS, &[without_destination]].concat())
    }

    /// The same for a flow that `rule` matches and another one decides: it stays one that it matches.
    #[must_use]
    pub fn simplest_of(&self, flow: Flow, rule: RuleRef) -> Flow {
        let ruleset = self.ruleset;
        match rule {
            RuleRef::Nat(_) | RuleRef::Network(_) => {
                self.shortened(flow, &[&[as_packet as Shorten][..], &LESS].concat())
            }
            RuleRef::Application(at) => match ruleset.application.criteria.get(at as usize) {
                Some(rule) if rule.targets.urls.is_empty() && rule.destinations.is_none() => {
                    let is_by_category = !rule.targets.web_categories.is_empty();
                    let less = LESS.get(usize::from(is_by_category)..).unwrap_or(&[]);
                    self.shortened(flow, &[less, &[without_destination]].concat())
                }
                Some(_) | None => flow,
            },
        }
    }

    fn shortened(&self, flow: Flow, shorter: &[Shorten]) -> Flow {
        let verdict = self.verdict(&flow);
        shorter.iter().fold(flow, |flow, shorten| {
            let mut shorter = flow.clone();
            shorten(&mut shorter);
            if self.verdict(&shorter) == verdict { shorter } else { flow }
        })
    }
}

/// Leaves something out of a flow.
type Shorten = fn(&mut Flow);

/// What can be left out of most flows: the web category first.
const LESS: [Shorten; 3] = [
    |flow| flow.web_category = None,
    |flow| flow.url = None,
    |flow| flow.is_without_application = false,
];

fn without_destination(flow: &mut Flow) {
    flow.destination = flow.destination.filter(|_| flow.name.known().is_none());
}

/// The packet alone of a flow to a name.
fn as_packet(flow: &mut Flow) {
    if flow.destination.is_some() && flow.name.known().is_some() {
        let plain = Flow::new(FlowProtocol::Ip(IpProtocol::TCP), flow.source);
        *flow = Flow { destination: flow.destination, port: flow.port, ..plain };
    }
}
