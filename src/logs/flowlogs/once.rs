//! Counts a flow once that several interfaces saw.

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::ControlFlow;

use smol_str::SmolStr;

use crate::logs::counts::{Reject, Sink};
use crate::logs::record::{LogRecord, LoggedAction, RecordKind};

/// The clocks of interfaces, and the way between them, differ by less than this.
const SAME_FLOW_US: i64 = 60_000_000;
/// How many flows are remembered at most.
const HELD_MAX: usize = 1 << 18;

/// What makes two records tell of the same flow.
type Key = (Ends, Option<LoggedAction>);
type Ends = (Option<SmolStr>, Option<IpAddr>, Option<u16>, Option<IpAddr>, Option<u16>);

/// Hands on all records, but of the [`RecordKind::Flow`] ones only the first of each flow.
///
/// A flow is logged where it leaves a virtual network's machine, where it enters another one and at
/// each hop between, with the same addresses and ports. Rows without a source port stand for many
/// flows; of those only the other direction within the same minute is the same.
#[derive(Debug)]
pub struct OncePerFlow<S> {
    pub sink: S,
    seen: HashMap<Key, (i64, Option<SmolStr>)>,
    /// Records left out because their flow was handed on before.
    pub repeated: u64,
}

impl<S> OncePerFlow<S> {
    pub fn new(sink: S) -> Self {
        Self { sink, seen: HashMap::new(), repeated: 0 }
    }

    fn is_repeated(&mut self, record: &LogRecord) -> bool {
        let Some(time) = record.time.map(jiff::Timestamp::as_microsecond) else { return false };
        let ends = (
            record.protocol.clone(),
            record.source,
            record.source_port,
            record.destination,
            record.destination_port,
        );
        // Denied where it arrives and allowed where it leaves: the way between saw it.
        let key = (ends, record.action);
        let is_single = record.source_port.is_some();
        if let Some((last, direction)) = self.seen.get_mut(&key)
            && time.abs_diff(*last) <= SAME_FLOW_US.unsigned_abs()
            && (is_single || is_other_way(direction.as_deref(), record.flag.as_deref()))
        {
            return true;
        }
        self.limit();
        self.seen.insert(key, (time, record.flag.clone()));
        false
    }

    /// Forgets the older half once there are too many.
    fn limit(&mut self) {
        if self.seen.len() < HELD_MAX {
            return;
        }
        let mut times: Vec<i64> = self.seen.values().map(|(time, _)| *time).collect();
        let middle = times.len() / 2;
        let (_, &mut middle, _) = times.select_nth_unstable(middle);
        self.seen.retain(|_, (time, _)| *time > middle);
    }
}

fn is_other_way(a: Option<&str>, b: Option<&str>) -> bool {
    a.is_some() && b.is_some() && a != b
}

impl<S: Sink> Sink for OncePerFlow<S> {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        if record.kind == RecordKind::Flow && self.is_repeated(&record) {
            self.repeated += 1;
            return ControlFlow::Continue(());
        }
        self.sink.record(record)
    }

    fn reject(&mut self, reject: &Reject) {
        self.sink.reject(reject);
    }
}
