//! Log records into a replay: whole ones one by one, or scanned ones side by side.

use std::collections::BTreeMap;
use std::mem::take;
use std::ops::ControlFlow;

use foldhash::{HashMap, HashMapExt as _};

use super::as_flow::NotAFlow;
use super::case::case_of;
use super::counts::{Reject, Sink};
use super::filter::Filtered;
use super::flowlogs::OncePerFlow;
use super::layout::Scanned;
use super::parallel::Collector;
use super::record::{LogRecord, RecordKind};
use crate::analyse::replay::{Against, Case, Replayed, Replayer};
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::Fqdn;
use crate::path::carry::{Carried, Carrier};
use crate::syntax::filter::Filter;

/// What became of records beside being replayed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseCounts {
    pub records: u64,
    pub no_flow: BTreeMap<NotAFlow, u64>,
    /// Flows that never come to the firewall, by reason.
    pub lost: BTreeMap<String, u64>,
    /// Records that a filter did not ask for.
    pub left_out: u64,
    /// Records that do not say whether a filter asks for them.
    pub unsettled: u64,
}

impl CaseCounts {
    fn add(&mut self, other: Self) {
        self.records += other.records;
        for (reason, count) in other.no_flow {
            *self.no_flow.entry(reason).or_default() += count;
        }
        for (reason, count) in other.lost {
            *self.lost.entry(reason).or_default() += count;
        }
        self.left_out += other.left_out;
        self.unsettled += other.unsettled;
    }
}

/// Takes the flows out of records and replays them.
#[derive(Debug)]
struct Cases<'a, A: Against> {
    replayer: Replayer<'a, A>,
    carrier: Option<Carrier<'a>>,
    counts: CaseCounts,
    /// The cases of the records that scanned lines are like.
    likes: Vec<Option<Result<Like, NotAFlow>>>,
    /// Names as they are written.
    names: HashMap<Box<[u8]>, Name>,
}

/// The case of a record that scanned lines are like.
#[derive(Debug)]
enum Like {
    /// Theirs differ in addresses, ports and name, and in nothing else.
    Flow { flow: Box<Flow>, logged: usize, count: u64 },
    /// What they come to has to be found out one by one.
    Record,
}

/// Written names that are remembered at most.
const NAMES_MAX: usize = 1 << 16;

impl<'a, A: Against> Cases<'a, A> {
    fn new(replayer: Replayer<'a, A>, carrier: Option<Carrier<'a>>) -> Self {
        let (likes, names) = (Vec::new(), HashMap::new());
        Self { replayer, carrier, counts: CaseCounts::default(), likes, names }
    }

    /// What the firewall logs it saw like this; the rest comes to it through the network.
    fn push(&mut self, case: Case) {
        let Some(carrier) = self.carrier.as_mut().filter(|_| case.logged.is_none()) else {
            return self.replayer.push(case);
        };
        match carrier.carry(&case.flow) {
            Carried::Arrives(flow) => self.replayer.push(Case { flow: *flow, ..case }),
            Carried::Lost(why) => *self.counts.lost.entry(why).or_default() += 1,
        }
    }

    fn no_flow(&mut self, reason: NotAFlow) {
        *self.counts.no_flow.entry(reason).or_default() += 1;
    }

    /// Notes the case of the record that `scanned` is like.
    fn learn(&mut self, scanned: &Scanned<'_>) {
        if self.likes.len() <= scanned.number {
            self.likes.resize_with(scanned.number + 1, || None);
        }
        let like = case_of(scanned.like).map(|case| {
            let Case { flow, logged, place: _, count } = case;
            if flow.url.is_some() || scanned.like.kind == RecordKind::Flow {
                return Like::Record;
            }
            Like::Flow { flow: Box::new(flow), logged: self.replayer.logged(logged), count }
        });
        if let Some(place) = self.likes.get_mut(scanned.number) {
            *place = Some(like);
        }
    }
}

/// The name that a line has written. It has one where the record that it is like has one.
fn name(names: &mut HashMap<Box<[u8]>, Name>, written: &[u8]) -> Name {
    if let Some(name) = names.get(written) {
        return name.clone();
    }
    let text = std::str::from_utf8(written).ok();
    let name = text.and_then(Fqdn::new).map_or(Name::Unknown, Name::Known);
    if names.len() < NAMES_MAX {
        names.insert(written.into(), name.clone());
    }
    name
}

impl<A: Against> Sink for Cases<'_, A> {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        self.counts.records += 1;
        match case_of(&record) {
            Ok(case) => self.push(case),
            Err(reason) => self.no_flow(reason),
        }
        ControlFlow::Continue(())
    }

    fn scanned(&mut self, scanned: &Scanned<'_>) -> ControlFlow<()> {
        if !matches!(self.likes.get(scanned.number), Some(Some(_))) {
            self.learn(scanned);
        }
        match self.likes.get(scanned.number) {
            Some(Some(Ok(Like::Flow { flow, logged, count }))) => {
                let mut flow = Flow::clone(flow);
                flow.source = scanned.source().unwrap_or(flow.source);
                flow.source_port = scanned.source_port();
                flow.destination = match flow.protocol {
                    FlowProtocol::Ip(_) => scanned.destination(),
                    FlowProtocol::Application(_) => flow.destination,
                };
                flow.port = scanned.destination_port();
                if let (FlowProtocol::Application(_), Some(written)) =
                    (flow.protocol, scanned.name())
                {
                    flow.name = name(&mut self.names, written);
                }
                self.replayer.push_flow(flow, *logged, scanned.place(), *count);
            }
            Some(Some(Err(reason))) => {
                let reason = *reason;
                self.no_flow(reason);
            }
            Some(Some(Ok(Like::Record)) | None) | None => {
                return self.record(scanned.to_record());
            }
        }
        self.counts.records += 1;
        ControlFlow::Continue(())
    }
}

/// Replays logs. Records of the firewall may come side by side; flows of other logs, of which
/// several records tell, are taken in their order.
#[derive(Debug)]
pub struct Replaying<'a, A: Against, F> {
    make: F,
    filter: Option<Filter>,
    found: Replayed<A::Kind, A::What>,
    counts: CaseCounts,
    in_order: OncePerFlow<Filtered<Cases<'a, A>>>,
}

/// What logs came to under rule sets.
#[derive(Debug)]
pub struct ReplayedLogs<K, W> {
    pub found: Replayed<K, W>,
    pub counts: CaseCounts,
    /// Records left out because their flow was replayed before.
    pub repeated: u64,
    /// How flows of other logs came to the firewall, where a topology says so.
    pub carried: Vec<(String, u64)>,
}

impl<'a, A: Against, F: Fn() -> Replayer<'a, A>> Replaying<'a, A, F> {
    /// Replays the records that `filter` asks for with replayers that `make` makes. `carrier` brings
    /// flows of other logs to the firewall.
    pub fn new(make: F, filter: Option<Filter>, carrier: Option<Carrier<'a>>) -> Self {
        let in_order = OncePerFlow::new(Filtered::new(Cases::new(make(), carrier), filter.clone()));
        let (found, counts) = (Replayed::default(), CaseCounts::default());
        Self { make, filter, found, counts, in_order }
    }

    /// Everything that was found.
    #[must_use]
    pub fn finish(mut self) -> ReplayedLogs<A::Kind, A::What> {
        let OncePerFlow { sink, repeated, .. } = &mut self.in_order;
        let (found, counts) = part(sink);
        self.found.merge(found, 0);
        self.counts.add(counts);
        let carried = sink.sink.carrier.as_ref().map(Carrier::counts).unwrap_or_default();
        ReplayedLogs { found: self.found, counts: self.counts, repeated: *repeated, carried }
    }
}

/// What `cases` have found since this was last called.
fn part<A: Against>(
    cases: &mut Filtered<Cases<'_, A>>,
) -> (Replayed<A::Kind, A::What>, CaseCounts) {
    let counts = CaseCounts {
        left_out: take(&mut cases.left_out),
        unsettled: take(&mut cases.unsettled),
        ..take(&mut cases.sink.counts)
    };
    (cases.sink.replayer.part(), counts)
}

/// Takes whole records in their order.
impl<A: Against, F> Sink for Replaying<'_, A, F> {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        self.in_order.record(record)
    }
}

/// Replays the records of one reader.
#[derive(Debug)]
pub struct ReplayWorker<'a, A: Against> {
    cases: Filtered<Cases<'a, A>>,
    flows: Vec<LogRecord>,
}

/// What one reader has found in a stretch of the input.
#[derive(Debug)]
pub struct ReplayBatch<A: Against> {
    found: Replayed<A::Kind, A::What>,
    counts: CaseCounts,
    /// Records of other logs, whole: which of them tell of the same flow shows in their order.
    flows: Vec<LogRecord>,
}

impl<A: Against> Sink for ReplayWorker<'_, A> {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        if record.kind == RecordKind::Flow {
            self.flows.push(record);
            return ControlFlow::Continue(());
        }
        self.cases.record(record)
    }

    fn scanned(&mut self, scanned: &Scanned<'_>) -> ControlFlow<()> {
        if scanned.like.kind == RecordKind::Flow {
            return self.record(scanned.to_record());
        }
        self.cases.scanned(scanned)
    }

    fn reject(&mut self, reject: &Reject) {
        self.cases.reject(reject);
    }
}

impl<'a, A, F> Collector for Replaying<'a, A, F>
where
    A: Against + Send,
    A::Kind: Send,
    A::What: Send,
    F: Fn() -> Replayer<'a, A>,
{
    type Worker = ReplayWorker<'a, A>;
    type Batch = ReplayBatch<A>;

    fn worker(&mut self) -> ReplayWorker<'a, A> {
        let cases = Filtered::new(Cases::new((self.make)(), None), self.filter.clone());
        ReplayWorker { cases, flows: Vec::new() }
    }

    fn batch(worker: &mut ReplayWorker<'a, A>) -> ReplayBatch<A> {
        let (found, counts) = part(&mut worker.cases);
        ReplayBatch { found, counts, flows: take(&mut worker.flows) }
    }

    fn absorb(&mut self, _: usize, batch: ReplayBatch<A>, lines_before: u64) -> ControlFlow<()> {
        self.found.merge(batch.found, lines_before);
        self.counts.add(batch.counts);
        batch.flows.into_iter().try_for_each(|mut flow| {
            flow.origin.line += lines_before;
            self.in_order.record(flow)
        })
    }
}
