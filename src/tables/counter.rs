//! All that a report counts, and what one of several readers does for it: it counts records in codes of
//! its own, and in the end all that was counted is merged.

use std::collections::HashMap;
use std::mem::{replace, take};
use std::net::IpAddr;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use crate::logs::{Collector, KeyedState, LogRecord, OncePerFlow, RecordKind, Scanned, Sink};

use super::dictionary::{ABSENT, Code, number};
use super::durations;
use super::row::{Event, Field};
use super::tally::{Needs, Plan};
use super::{Presence, Tally};

/// Counts the records of a worker for an [`Account`].
#[derive(Debug)]
pub struct Coder {
    tally: Tally,
    /// The events of the records that scanned lines are like.
    likes: Vec<Option<Event>>,
    /// Names as they are written. Their canonical forms are in the dictionary.
    names: HashMap<Box<[u8]>, Code, KeyedState>,
    events: Vec<Event>,
    /// By event: the addresses of its source and destination that are not yet looked up.
    addresses: Vec<[Later; 2]>,
    presence: Presence,
    /// The firewall and the hour of the last record, and how many records of it are not yet noted.
    hour: (Code, i64),
    in_hour: u64,
    flows: Vec<LogRecord>,
    accepted: Accepted,
    /// Memory to use again.
    spare: Vec<Event>,
}

/// Events that a worker has read and that are to be counted. A stretch of rows may have to be read
/// again, so they are counted only when it is known that it has not.
type Accepted = Arc<Mutex<Vec<Vec<Event>>>>;

/// Events in the codes of their worker.
#[derive(Debug)]
pub struct Batch {
    events: Vec<Event>,
    presence: Presence,
    /// Records of other logs, whole: which of them tell of the same flow shows in their order.
    flows: Vec<LogRecord>,
    needs: Needs,
}

/// An IPv4 address that is looked up when all records of a batch are there: looks into a large table
/// that follow each other closely do not wait for each other.
type Later = Option<NonZero<u32>>;

const HOUR_US: i64 = 3_600_000_000;

/// Written names that are remembered at most.
const NAMES_MAX: usize = 1 << 16;

impl Coder {
    fn like(&mut self, scanned: &Scanned<'_>) -> Event {
        if let Some(Some(event)) = self.likes.get(scanned.number) {
            return *event;
        }
        let event = self.tally.coding.event(scanned.like);
        if self.likes.len() <= scanned.number {
            self.likes.resize(scanned.number + 1, None);
        }
        if let Some(place) = self.likes.get_mut(scanned.number) {
            *place = Some(event);
        }
        event
    }

    fn name(&mut self, scanned: &Scanned<'_>, written: &[u8]) -> Code {
        if let Some(&code) = self.names.get(written) {
            return code;
        }
        let code = self.tally.coding.dictionary.host(scanned.canonical_name().as_ref());
        if self.names.len() < NAMES_MAX {
            self.names.insert(written.into(), code);
        }
        code
    }

    /// Counts what is to be counted.
    fn count(&mut self) {
        let accepted = take(&mut *self.accepted.lock().unwrap_or_else(PoisonError::into_inner));
        for mut events in accepted {
            self.tally.pass(&events);
            events.clear();
            self.spare = events;
        }
    }

    fn push(&mut self, event: Event, addresses: [Later; 2]) {
        self.events.push(event);
        self.addresses.push(addresses);
        let (Some(time), Some(head)) =
            (event.time, self.tally.coding.heads.get(event.head as usize))
        else {
            return;
        };
        let hour = (head.get(Field::Firewall), time.div_euclid(HOUR_US));
        if self.hour != hour {
            self.close_hour();
            self.hour = hour;
        }
        self.in_hour += 1;
    }

    /// Notes the records of an hour.
    fn close_hour(&mut self) {
        let (firewall, hour) = self.hour;
        let records = take(&mut self.in_hour);
        if records > 0 {
            let firewall = self.tally.coding.dictionary.show(firewall);
            self.presence.add_all(firewall.as_ref(), hour, records);
        }
    }

    /// The code of an address, unless it is to be looked up later.
    fn address(&mut self, address: Option<IpAddr>) -> (Code, Later) {
        let later = match address {
            Some(IpAddr::V4(address)) => NonZero::new(address.to_bits()),
            Some(IpAddr::V6(_)) | None => None,
        };
        match later {
            Some(_) => (ABSENT, later),
            None => (self.tally.coding.dictionary.address(address), None),
        }
    }

    /// Looks up the addresses that were left for later.
    fn look_up(&mut self) {
        let dictionary = &mut self.tally.coding.dictionary;
        for (event, [source, _]) in self.events.iter_mut().zip(&self.addresses) {
            if let Some(bits) = source {
                event.source = dictionary.address4(bits.get());
            }
        }
        for (event, [_, destination]) in self.events.iter_mut().zip(&self.addresses) {
            if let Some(bits) = destination {
                event.destination = dictionary.address4(bits.get());
            }
        }
        self.addresses.clear();
    }

    fn batch(&mut self) -> Batch {
        self.count();
        self.close_hour();
        self.look_up();
        let events = replace(&mut self.events, take(&mut self.spare));
        let (presence, flows) = (take(&mut self.presence), take(&mut self.flows));
        Batch { events, presence, flows, needs: self.tally.needs() }
    }
}

impl Sink for Coder {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        if record.kind == RecordKind::Flow {
            self.flows.push(record);
            return ControlFlow::Continue(());
        }
        let event = self.tally.coding.event(&record);
        self.push(event, [None, None]);
        ControlFlow::Continue(())
    }

    fn scanned(&mut self, scanned: &Scanned<'_>) -> ControlFlow<()> {
        if scanned.like.kind == RecordKind::Flow {
            return self.record(scanned.to_record());
        }
        let port = |port: Option<u16>| port.map_or(ABSENT, number);
        let mut event = self.like(scanned);
        event.time = scanned.time().map(jiff::Timestamp::as_microsecond);
        let (source, source_later) = self.address(scanned.source());
        let (destination, destination_later) = self.address(scanned.destination());
        (event.source, event.destination) = (source, destination);
        event.source_port = port(scanned.source_port());
        event.destination_port = port(scanned.destination_port());
        if let Some(name) = scanned.name() {
            event.name = self.name(scanned, name);
        }
        if let Some(seconds) = scanned.seconds() {
            event.duration = durations::step(Some(seconds));
        }
        self.push(event, [source_later, destination_later]);
        ControlFlow::Continue(())
    }
}

/// Counts all that a report tells of. It takes records one by one as a [`Sink`], or side by side as
/// a [`Collector`].
#[derive(Debug)]
pub struct Account {
    pub tally: Tally,
    /// Of the records that came side by side. A filter leaves out records that are there, so who has
    /// one counts before it.
    pub presence: Presence,
    pub(super) flows: OncePerFlow<Flows>,
    pub(super) plan: Plan,
    /// By number of the worker.
    accepted: Vec<Accepted>,
    needs: Needs,
}

/// Counts flows of other logs, which are no records of the firewall.
#[derive(Debug)]
pub(super) struct Flows(pub(super) u64);

impl Sink for Flows {
    fn record(&mut self, _record: LogRecord) -> ControlFlow<()> {
        self.0 += 1;
        ControlFlow::Continue(())
    }
}

impl Default for Account {
    fn default() -> Self {
        Self::of(Plan::default())
    }
}

impl Account {
    #[must_use]
    pub fn of(plan: Plan) -> Self {
        Self {
            tally: Tally::of(&plan),
            presence: Presence::default(),
            flows: OncePerFlow::new(Flows(0)),
            plan,
            accepted: Vec::new(),
            needs: Needs::default(),
        }
    }

    /// The plan to read everything again with, if the records were such that this one did not find
    /// all.
    #[must_use]
    pub fn better_plan(&self) -> Option<Plan> {
        self.needs.better_than(&self.plan)
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
        self.tally.push(&record);
        ControlFlow::Continue(())
    }
}

impl Collector for Account {
    type Worker = Coder;
    type Batch = Batch;

    fn worker(&mut self) -> Coder {
        let accepted = Accepted::default();
        self.accepted.push(Arc::clone(&accepted));
        Coder {
            tally: Tally::of(&self.plan),
            likes: Vec::new(),
            names: HashMap::default(),
            events: Vec::new(),
            addresses: Vec::new(),
            presence: Presence::default(),
            hour: (ABSENT, 0),
            in_hour: 0,
            flows: Vec::new(),
            accepted,
            spare: Vec::new(),
        }
    }

    fn batch(worker: &mut Coder) -> Batch {
        worker.batch()
    }

    fn absorb(&mut self, worker: usize, batch: Batch, _lines_before: u64) -> ControlFlow<()> {
        if let Some(accepted) = self.accepted.get(worker) {
            accepted.lock().unwrap_or_else(PoisonError::into_inner).push(batch.events);
        }
        self.presence.merge(batch.presence);
        self.needs.add(batch.needs);
        if self.better_plan().is_some() {
            return ControlFlow::Break(());
        }
        batch.flows.into_iter().try_for_each(|flow| self.flows.record(flow))
    }

    fn finish(&mut self, mut worker: Coder) {
        worker.count();
        self.needs.add(worker.tally.needs());
        if worker.tally.records > 0 {
            self.tally.merge(worker.tally);
            self.needs.add(self.tally.needs());
        }
    }
}
