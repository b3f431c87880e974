//! Whole records, in order, for sinks that know nothing of workers.

use std::io;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use super::{Collector, Input, read_all};
use crate::logs::Options;
use crate::logs::counts::{Counts, Reject, Sink};
use crate::logs::record::LogRecord;

/// Batches on their way to the sink.
const BATCHES_MAX: usize = 4;

/// Reads all `inputs` as [`read_all`] does, into a sink that takes whole records in order.
///
/// # Errors
///
/// What opening or reading an input fails with.
pub fn read_in_order<S: Sink>(
    inputs: impl Iterator<Item = io::Result<Input>> + Send,
    options: &Options,
    threads: usize,
    sink: &mut S,
) -> io::Result<(u64, Counts)> {
    let (sender, batches) = sync_channel(BATCHES_MAX);
    thread::scope(|scope| {
        let reading = scope.spawn(move || read_all(inputs, options, threads, &mut InOrder(sender)));
        // When the sink wants no more, the other end of the channel is dropped, which ends the reading.
        let _: ControlFlow<()> = batches.into_iter().flatten().try_for_each(|item| match item {
            Item::Record(record) => sink.record(*record),
            Item::Reject(reject) => {
                sink.reject(&reject);
                ControlFlow::Continue(())
            }
        });
        reading.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// Hands batches over to the thread that owns the sink.
struct InOrder(SyncSender<Vec<Item>>);

/// What one worker has read.
#[derive(Default)]
struct Held(Vec<Item>);

enum Item {
    Record(Box<LogRecord>),
    Reject(Reject),
}

impl Sink for Held {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        self.0.push(Item::Record(Box::new(record)));
        ControlFlow::Continue(())
    }

    fn reject(&mut self, reject: &Reject) {
        self.0.push(Item::Reject(reject.clone()));
    }
}

impl Collector for InOrder {
    type Worker = Held;
    type Batch = Vec<Item>;

    fn worker(&mut self) -> Held {
        Held::default()
    }

    fn batch(worker: &mut Held) -> Vec<Item> {
        std::mem::take(&mut worker.0)
    }

    fn absorb(&mut self, _: usize, mut batch: Vec<Item>, lines_before: u64) -> ControlFlow<()> {
        for item in &mut batch {
            match item {
                Item::Record(record) => record.origin.line += lines_before,
                Item::Reject(reject) => reject.origin.line += lines_before,
            }
        }
        match self.0.send(batch) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}
