//! Flows of logs, each once, with what became of it.

use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::ops::ControlFlow;

use foldhash::HashMap;
use foldhash::quality::FixedState;
use jiff::Timestamp;

use crate::evaluate::Ruling;
use crate::flow::Flow;
use crate::logs::{LogRecord, NotAFlow, RecordKind, Sink, case_of};

/// When and how often something was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    pub connections: u64,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
}

impl Times {
    fn add(&mut self, time: Option<Timestamp>, connections: u64) {
        self.join(Self { connections, first: time, last: time });
    }

    /// Both together.
    pub(super) fn join(&mut self, other: Self) {
        let either = |a: Option<Timestamp>,
                      b: Option<Timestamp>,
                      pick: fn(Timestamp, Timestamp) -> Timestamp| {
            match (a, b) {
                (Some(a), Some(b)) => Some(pick(a, b)),
                (one, none) => one.or(none),
            }
        };
        self.connections += other.connections;
        self.first = either(self.first, other.first, Timestamp::min);
        self.last = either(self.last, other.last, Timestamp::max);
    }
}

/// What became of one flow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fate {
    pub allowed: Times,
    pub denied: Times,
    /// Where DNAT sent it.
    pub translated: Option<(IpAddr, Option<u16>)>,
}

/// The inner side of a translated connection: source, destination and port.
type Inner = (IpAddr, IpAddr, Option<u16>);

/// Everything that was seen.
#[derive(Debug, Default)]
pub struct Observed {
    flows: HashMap<Flow, Fate>,
    /// Rows of the inner connection stand beside rows of the translation; they need no rule.
    translated: HashSet<Inner>,
    /// Fingerprints of events, which the old and the new tables both hold. A collision would leave a
    /// connection out of a count, never a flow out of the rules.
    events: foldhash::HashSet<u64>,
    /// By reason.
    pub left_out: BTreeMap<String, u64>,
}

impl Sink for Observed {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        self.push(&record);
        ControlFlow::Continue(())
    }
}

impl Observed {
    /// Takes a record in any order.
    pub fn push(&mut self, record: &LogRecord) {
        let case = match case_of(record) {
            Ok(case) => case,
            Err(reason) => {
                self.leave_out(reason);
                return;
            }
        };
        let Some(logged) = case.logged else {
            *self
                .left_out
                .entry("a flow log does not say what the firewall did".into())
                .or_default() += 1;
            return;
        };
        if record.kind == RecordKind::Nat
            && let (Some(source), Some(inner)) = (record.source, record.translated)
        {
            self.translated.insert((source, inner, record.translated_port));
        }
        // From which port a client comes no rule asks.
        let source_port = case.flow.source_port;
        let flow = Flow { source_port: None, ..case.flow };
        let fingerprint = FixedState::default().hash_one((
            record.time,
            flow.protocol,
            (flow.source, source_port),
            (flow.destination, &flow.name, flow.port),
            logged.ruling,
        ));
        let is_new = record.time.is_none() || self.events.insert(fingerprint);
        let fate = self.flows.entry(flow).or_default();
        // A flow is never without a connection, even if a fingerprint is mistaken.
        let times = match logged.ruling {
            Ruling::Allow => &mut fate.allowed,
            Ruling::Deny => &mut fate.denied,
        };
        if is_new || times.connections == 0 {
            times.add(record.time, case.count);
        }
        fate.translated = fate.translated.or(logged.translated);
    }

    /// All flows with their fate, in no order. The inner side of a translated connection is none:
    /// such packets never come to the firewall.
    pub fn flows(&self) -> impl Iterator<Item = (&Flow, &Fate)> {
        self.flows.iter().filter(|(flow, fate)| {
            let inner = flow.destination.map(|address| (flow.source, address, flow.port));
            fate.translated.is_some() || inner.is_none_or(|inner| !self.translated.contains(&inner))
        })
    }

    /// Whether there is nothing to suggest from.
    #[must_use]
    pub fn has_no_allowed(&self) -> bool {
        self.flows().all(|(_, fate)| fate.allowed.connections == 0)
    }

    fn leave_out(&mut self, reason: NotAFlow) {
        *self.left_out.entry(reason.to_string()).or_default() += 1;
    }
}
