//! All that a report counts, and what one of several readers does for it: records as events in codes
//! of its own.

use std::collections::HashMap;
use std::mem::take;
use std::ops::ControlFlow;

use crate::logs::{Collector, KeyedState, LogRecord, OncePerFlow, RecordKind, Scanned, Sink};

use super::coding::Coding;
use super::dictionary::{ABSENT, Code, Entry, number};
use super::row::{Event, Head};
use super::{Drops, Presence, Tally};

/// Codes records for an [`Account`].
#[derive(Debug, Default)]
pub struct Coder {
    coding: Coding,
    /// The events of the records that scanned lines are like.
    likes: Vec<Option<Event>>,
    /// Names as they are written. Their canonical forms are in the dictionary.
    names: HashMap<Box<str>, Code, KeyedState>,
    events: Vec<Event>,
    presence: Presence,
    flows: Vec<LogRecord>,
    entries_handed: usize,
    heads_handed: usize,
}

/// Events, and what is new in the codes they are written in.
#[derive(Debug)]
pub struct Batch {
    pub(super) entries: Vec<Entry>,
    pub(super) heads: Vec<Head>,
    pub(super) events: Vec<Event>,
    presence: Presence,
    /// Records of other logs, whole: which of them tell of the same flow shows in their order.
    flows: Vec<LogRecord>,
}

/// Written names that are remembered at most.
const NAMES_MAX: usize = 1 << 16;

impl Coder {
    fn like(&mut self, scanned: &Scanned<'_>) -> Event {
        if let Some(Some(event)) = self.likes.get(scanned.number) {
            return *event;
        }
        let event = self.coding.event(scanned.like);
        if self.likes.len() <= scanned.number {
            self.likes.resize(scanned.number + 1, None);
        }
        if let Some(place) = self.likes.get_mut(scanned.number) {
            *place = Some(event);
        }
        event
    }

    fn name(&mut self, scanned: &Scanned<'_>, written: &str) -> Code {
        if let Some(&code) = self.names.get(written) {
            return code;
        }
        let code = self.coding.dictionary.text(scanned.fqdn().as_ref());
        if self.names.len() < NAMES_MAX {
            self.names.insert(written.into(), code);
        }
        code
    }

    fn batch(&mut self) -> Batch {
        let entries = self.coding.dictionary.entries_from(self.entries_handed).to_vec();
        let heads = self.coding.heads.get(self.heads_handed..).unwrap_or_default().to_vec();
        self.entries_handed += entries.len();
        self.heads_handed += heads.len();
        let capacity = self.events.len();
        let events = std::mem::replace(&mut self.events, Vec::with_capacity(capacity));
        let (presence, flows) = (take(&mut self.presence), take(&mut self.flows));
        Batch { entries, heads, events, presence, flows }
    }
}

impl Sink for Coder {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        if record.kind == RecordKind::Flow {
            self.flows.push(record);
            return ControlFlow::Continue(());
        }
        self.presence.push(&record);
        let event = self.coding.event(&record);
        self.events.push(event);
        ControlFlow::Continue(())
    }

    fn scanned(&mut self, scanned: &Scanned<'_>) -> ControlFlow<()> {
        if scanned.like.kind == RecordKind::Flow {
            return self.record(scanned.to_record());
        }
        self.presence.add(scanned.like.firewall.as_ref(), scanned.time());
        let port = |port: Option<u16>| port.map_or(ABSENT, number);
        let mut event = self.like(scanned);
        event.time = scanned.time().map(jiff::Timestamp::as_microsecond);
        event.source = self.coding.dictionary.address(scanned.source());
        event.source_port = port(scanned.source_port());
        event.destination = self.coding.dictionary.address(scanned.destination());
        event.destination_port = port(scanned.destination_port());
        if let Some(name) = scanned.name() {
            event.name = self.name(scanned, name);
        }
        self.events.push(event);
        ControlFlow::Continue(())
    }
}

/// Counts all that a report tells of. It takes records one by one as a [`Sink`], or side by side as
/// a [`Collector`].
#[derive(Debug)]
pub struct Account {
    pub tally: Tally,
    pub drops: Drops,
    /// Of the records that came side by side. A filter leaves out records that are there, so who has
    /// one counts before it.
    pub presence: Presence,
    flows: OncePerFlow<Flows>,
}

/// Counts flows of other logs, which are no records of the firewall.
#[derive(Debug)]
struct Flows(u64);

impl Sink for Flows {
    fn record(&mut self, _record: LogRecord) -> ControlFlow<()> {
        self.0 += 1;
        ControlFlow::Continue(())
    }
}

impl Default for Account {
    fn default() -> Self {
        Self::of(Tally::new())
    }
}

impl Account {
    /// Goes on with a tally that is to count nothing besides.
    #[must_use]
    pub fn of(tally: Tally) -> Self {
        let (drops, presence) = (Drops::default(), Presence::default());
        Self { tally, drops, presence, flows: OncePerFlow::new(Flows(0)) }
    }

    /// Flows of other logs, each once.
    #[must_use]
    pub fn flows(&self) -> u64 {
        self.flows.sink.0
    }

    /// Records that tell of such a flow again.
    #[must_use]
    pub fn flows_repeated(&self) -> u64 {
        self.flows.repeated
    }
}

impl Sink for Account {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        if record.kind == RecordKind::Flow {
            return self.flows.record(record);
        }
        let Self { tally, drops, .. } = self;
        tally.push_seen(&record, |row| drops.push(row));
        ControlFlow::Continue(())
    }
}

impl Collector for Account {
    type Worker = Coder;
    type Batch = Batch;

    fn worker(&mut self) -> Coder {
        self.tally.begin_worker();
        Coder::default()
    }

    fn batch(worker: &mut Coder) -> Batch {
        worker.batch()
    }

    fn pass_over(&mut self, worker: usize, batch: Batch) {
        self.tally.take(worker, &Batch { events: Vec::new(), ..batch }, |_| {});
    }

    fn absorb(&mut self, worker: usize, batch: Batch, _lines_before: u64) -> ControlFlow<()> {
        let Self { tally, drops, .. } = self;
        tally.take(worker, &batch, |row| drops.push(row));
        self.presence.merge(batch.presence);
        batch.flows.into_iter().try_for_each(|flow| self.flows.record(flow))
    }
}
