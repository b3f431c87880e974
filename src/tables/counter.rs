//! What one of several readers does for a tally: records as events in codes of its own.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::logs::{Collector, KeyedState, LogRecord, Scanned, Sink};

use super::Tally;
use super::coding::Coding;
use super::dictionary::{ABSENT, Code, Entry, number};
use super::row::{Event, Head};

/// Codes records for a [`Tally`].
#[derive(Debug, Default)]
pub struct Coder {
    coding: Coding,
    /// The events of the records that scanned lines are like.
    likes: Vec<Option<Event>>,
    /// Names as they are written. Their canonical forms are in the dictionary.
    names: HashMap<Box<str>, Code, KeyedState>,
    events: Vec<Event>,
    entries_handed: usize,
    heads_handed: usize,
}

/// Events, and what is new in the codes they are written in.
#[derive(Debug)]
pub struct Batch {
    pub(super) entries: Vec<Entry>,
    pub(super) heads: Vec<Head>,
    pub(super) events: Vec<Event>,
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
        Batch { entries, heads, events }
    }
}

impl Sink for Coder {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        let event = self.coding.event(&record);
        self.events.push(event);
        ControlFlow::Continue(())
    }

    fn scanned(&mut self, scanned: &Scanned<'_>) -> ControlFlow<()> {
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

impl Collector for Tally {
    type Worker = Coder;
    type Batch = Batch;

    fn worker(&mut self) -> Coder {
        self.begin_worker();
        Coder::default()
    }

    fn batch(worker: &mut Coder) -> Batch {
        worker.batch()
    }

    fn pass_over(&mut self, worker: usize, batch: Batch) {
        self.take(worker, &Batch { events: Vec::new(), ..batch });
    }

    fn absorb(&mut self, worker: usize, batch: Batch, _lines_before: u64) -> ControlFlow<()> {
        self.take(worker, &batch);
        ControlFlow::Continue(())
    }
}
