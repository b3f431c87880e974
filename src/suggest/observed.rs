//! Flows of logs, each once, with what became of it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::ops::ControlFlow;

use foldhash::HashMap;
use foldhash::quality::FixedState;
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::analyse::replay::Case;
use crate::evaluate::Ruling;
use crate::flow::{Flow, FlowProtocol, HitMode, IdpsHit};
use crate::logs::{LogRecord, LoggedAction, NotAFlow, RecordKind, Sink, case_of};
use crate::net::{ApplicationProtocol, RequestUrl};

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
    /// Signatures that let a connection pass with an alert.
    alerted: BTreeSet<SmolStr>,
    /// Connections that threat intelligence let pass with an alert.
    threat_alerts: u64,
    /// By reason.
    pub left_out: BTreeMap<String, u64>,
}

/// What turned a connection away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turned {
    /// A rule, or that there was none.
    Rules,
    ThreatIntel,
    Idps,
}

impl Turned {
    pub(super) fn of(flow: &Flow) -> Self {
        match flow {
            Flow { idps: Some(_), .. } => Self::Idps,
            Flow { is_listed_threat: true, .. } => Self::ThreatIntel,
            _ => Self::Rules,
        }
    }
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
        let case = match record.kind {
            RecordKind::ThreatIntel | RecordKind::Idps => self.turned_away(record),
            _ => case_of(record),
        };
        let case = match case {
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
            (logged.ruling, flow.is_listed_threat, &flow.idps),
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

    /// A connection that threat intelligence or IDPS denied, as a flow that is known to be one of
    /// theirs. Their alerts are no flows: the record of the rule says what became of those.
    fn turned_away(&mut self, record: &LogRecord) -> Result<Case, NotAFlow> {
        let signature = record.signature.as_ref().and_then(|signature| signature.id.clone());
        if record.action != Some(LoggedAction::Deny) {
            match record.kind {
                RecordKind::Idps => self.alerted.extend(signature),
                _ => self.threat_alerts += record.count.unwrap_or(1),
            }
            return Err(NotAFlow::Kind(record.kind));
        }
        let text = record.protocol.as_deref();
        let is_web = text.is_some_and(|text| ApplicationProtocol::from_text(text).is_some());
        let kind = if is_web { RecordKind::Application } else { RecordKind::Network };
        let case = case_of(&LogRecord { kind, ..record.clone() })?;
        let flow = match record.kind {
            RecordKind::Idps => {
                Flow { idps: Some(IdpsHit { signature, mode: HitMode::Deny }), ..case.flow }
            }
            _ => Flow { is_listed_threat: true, ..case.flow },
        };
        Ok(Case { flow, ..case })
    }

    /// All flows with their fate, in no order. The inner side of a translated connection is none
    /// that needs a rule: such packets never come to the firewall.
    pub fn flows(&self) -> impl Iterator<Item = (&Flow, &Fate)> {
        self.flows.iter().filter(|(flow, fate)| {
            let inner = flow.destination.map(|address| (flow.source, address, flow.port));
            fate.translated.is_some()
                || fate.allowed.connections == 0
                || inner.is_none_or(|inner| !self.translated.contains(&inner))
        })
    }

    /// Whether there is nothing to suggest from.
    #[must_use]
    pub fn has_no_allowed(&self) -> bool {
        self.flows().all(|(_, fate)| fate.allowed.connections == 0)
    }

    /// Flows in the form of [`to_rules`] that the logs hold both allowed and denied.
    pub(super) fn both(&self) -> HashSet<Flow> {
        let is_denied = |(_, fate): &(&Flow, &Fate)| fate.denied.connections > 0;
        let denied: HashSet<Flow> =
            self.flows().filter(is_denied).map(|(flow, _)| denied_to_rules(flow)).collect();
        let allowed = self.flows().filter(|(_, fate)| fate.allowed.connections > 0);
        allowed.map(|(flow, _)| to_rules(flow)).filter(|flow| denied.contains(flow)).collect()
    }

    /// Signatures that denied something, and those that only alerted.
    pub(super) fn signatures(&self) -> (BTreeSet<SmolStr>, BTreeSet<SmolStr>) {
        let denied = self.flows.keys().filter_map(|flow| flow.idps.as_ref()?.signature.clone());
        let denied: BTreeSet<SmolStr> = denied.collect();
        let alerted = self.alerted.difference(&denied).cloned().collect();
        (denied, alerted)
    }

    pub(super) fn threat_alerts(&self) -> u64 {
        self.threat_alerts
    }

    fn leave_out(&mut self, reason: NotAFlow) {
        *self.left_out.entry(reason.to_string()).or_default() += 1;
    }
}

/// A flow without what no rule made from logs asks for: flows that differ in nothing else cannot be
/// told apart.
pub(super) fn to_rules(flow: &Flow) -> Flow {
    let url = seen_url(flow).cloned().map(|mut url| {
        url.port = None;
        url
    });
    Flow {
        port: flow.port.filter(|_| flow.protocol.has_ports()),
        source_port: None,
        host_port: None,
        url,
        is_without_application: false,
        web_category: None,
        is_listed_threat: false,
        idps: None,
        is_explicit_proxy: false,
        ..flow.clone()
    }
}

/// The URL, where rules can ask for one: MSSQL has none.
pub(super) fn seen_url(flow: &Flow) -> Option<&RequestUrl> {
    let is_mssql = flow.protocol == FlowProtocol::Application(ApplicationProtocol::Mssql);
    flow.url.as_ref().filter(|_| !is_mssql)
}

/// As [`to_rules`], of a denied flow: where its port is not logged, it is the one that is most likely.
pub(super) fn denied_to_rules(flow: &Flow) -> Flow {
    let flow = to_rules(flow);
    let port = match flow.protocol {
        FlowProtocol::Application(protocol) => flow.port.or(Some(protocol.default_port())),
        FlowProtocol::Ip(_) => flow.port,
    };
    Flow { port, ..flow }
}
