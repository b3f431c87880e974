//! Reads files in stretches, side by side, with a result that does not depend on how many read.
//!
//! Workers take the next stretch of the input, read it into a batch of their own, and leave the batch.
//! Batches are taken in the order of the input, by whoever has just left the next one. Memory holds a
//! few stretches and batches, whatever the size of the input.

mod buffered;
mod chunks;
mod order;

use std::io::{self, BufRead};
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

pub use buffered::read_in_order;
pub use chunks::{Bytes, Input};

use super::archive::read_zip;
use super::counts::{Counts, Reject, Sink};
use super::layout::{Layouts, Scanned};
use super::lines;
use super::parquet::Table;
use super::reader::Reader;
use super::record::LogRecord;
use super::split::Splitter;
use super::{Content, Options, csv, damaged};
use chunks::{Chunks, Job, Shape, Work, named};
use order::{Absorber, Done, Order, Rows};

/// Puts together what several workers read.
pub trait Collector {
    /// Takes the records of one worker.
    type Worker: Sink + Send;
    /// What a worker has taken from one stretch of the input.
    type Batch: Send;

    /// A new worker. Workers are numbered in the order in which they are made.
    fn worker(&mut self) -> Self::Worker;

    /// What `worker` has taken since it was last asked.
    fn batch(worker: &mut Self::Worker) -> Self::Batch;

    /// The next batch in the order of the input, and the worker it is of. Line numbers in it are to be
    /// raised by `lines_before`. `Break` ends the reading. A batch whose records come again in another
    /// one is not handed over.
    fn absorb(&mut self, worker: usize, batch: Self::Batch, lines_before: u64) -> ControlFlow<()>;

    /// A worker has done its last batch, and all batches were absorbed.
    fn finish(&mut self, _worker: Self::Worker) {}
}

/// Reads all `inputs` with so many `threads`. The answer is how many inputs there were, and the
/// account of them.
///
/// # Errors
///
/// What opening or reading an input fails with.
pub fn read_all<C>(
    inputs: impl Iterator<Item = io::Result<Input>> + Send,
    options: &Options,
    threads: usize,
    collector: &mut C,
) -> io::Result<(u64, Counts)>
where
    C: Collector + Send,
{
    let threads = threads.max(1);
    let workers: Vec<C::Worker> = (0..threads).map(|_| collector.worker()).collect();
    let order = Order::new(Absorber::new(collector, options, threads), threads * 2);
    let chunks = Mutex::new(Chunks::new(inputs, options));
    let workers = thread::scope(|scope| {
        let mut workers = workers.into_iter().enumerate().map(|(number, sink)| Worker {
            number,
            sink,
            layouts: Layouts::new(options.date_order),
            options,
            order: &order,
        });
        let here = workers.next();
        let chunks = &chunks;
        let others: Vec<_> =
            workers.map(|worker| scope.spawn(move || worker.work(chunks))).collect();
        let here = here.map(|worker| worker.work(chunks));
        let others = others.into_iter();
        let joined = others.map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        here.into_iter().chain(joined).collect::<Vec<C::Worker>>()
    });
    let files = chunks.into_inner().unwrap_or_else(PoisonError::into_inner).files;
    Ok((files, order.finish(workers)?))
}

struct Worker<'a, 'c, C: Collector> {
    number: usize,
    sink: C::Worker,
    layouts: Layouts,
    options: &'a Options,
    order: &'a Order<'c, C>,
}

/// Ends the reading when a worker panics: nobody else may wait for it.
struct Alarm<'a, 'c, C: Collector>(&'a Order<'c, C>);

impl<C: Collector> Drop for Alarm<'_, '_, C> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.end(None);
        }
    }
}

impl<C: Collector> Worker<'_, '_, C> {
    fn work<I>(mut self, chunks: &Mutex<Chunks<'_, I>>) -> C::Worker
    where
        I: Iterator<Item = io::Result<Input>>,
    {
        let _alarm = Alarm(self.order);
        let mut spare = Vec::new();
        while !self.order.is_over() {
            if spare.capacity() == 0 {
                spare = self.order.spare();
            }
            let job = {
                let mut chunks = chunks.lock().unwrap_or_else(PoisonError::into_inner);
                chunks.next(std::mem::take(&mut spare))
            };
            match job {
                Ok(Some(job)) => spare = self.job(job),
                Ok(None) => break,
                Err(error) => self.order.end(Some(error)),
            }
        }
        self.sink
    }

    /// Does a job; the answer is memory to use again.
    fn job(&mut self, job: Job) -> Vec<u8> {
        let Job { index, file, starts_file, work } = job;
        match work {
            Work::Stretch { text, shape, stretch } => {
                let mut reader = Reader::new(Arc::clone(&file), self.options, &mut self.sink);
                let (rows, spare) = match shape {
                    Shape::Rows(header) => {
                        let layouts = &mut self.layouts;
                        let open = lines::rows(&text, &header, stretch, layouts, &mut reader);
                        (Some(Rows { text, header, stretch, open }), Vec::new())
                    }
                    Shape::Lines | Shape::Whole(_) => {
                        lines::json(&text, stretch.is_first, &mut self.layouts, &mut reader);
                        (None, text)
                    }
                };
                let (counts, batch) = (reader.counts, C::batch(&mut self.sink));
                let worker = self.number;
                let done = Done { worker, file, starts_file, counts, batch, rows };
                self.order.leave(index, done);
                spare
            }
            Work::Stream { text, shape, is_first } => {
                self.order.in_turn(index, |absorber| {
                    absorber.begin(starts_file);
                    let mut sink = Flushing::new(&mut self.sink, self.number, absorber);
                    let mut reader = Reader::new(Arc::clone(&file), self.options, &mut sink);
                    let layouts = &mut self.layouts;
                    let result = stream(text, &shape, is_first, layouts, &mut reader);
                    let counts = reader.counts;
                    sink.flush();
                    let flowing = sink.flowing;
                    absorber.count(counts);
                    result.map(|()| flowing).map_err(|error| named(&file, &error))
                });
                Vec::new()
            }
            Work::Zip { archive, is_log } => {
                self.order.in_turn(index, |absorber| {
                    absorber.begin(starts_file);
                    let mut sink = Flushing::new(&mut self.sink, self.number, absorber);
                    let shown = Arc::clone(&file);
                    let counts = read_zip(archive, shown, self.options, is_log, &mut sink)
                        .map_err(|error| named(&file, &error))?;
                    sink.flush();
                    let flowing = sink.flowing;
                    absorber.count(counts);
                    Ok(flowing)
                });
                Vec::new()
            }
            Work::Parquet(table) => {
                self.table(index, file, table);
                Vec::new()
            }
            Work::Rejected { reason, cut } => {
                self.rejected(index, file, starts_file, reason, cut);
                Vec::new()
            }
        }
    }

    /// Counts what nothing can be had of.
    fn rejected(
        &mut self,
        index: u64,
        file: Arc<str>,
        starts_file: bool,
        reason: String,
        cut: u64,
    ) {
        self.order.in_turn(index, |absorber| {
            absorber.begin(starts_file);
            let lines_before = absorber.file_lines;
            let mut sink = Flushing::new(&mut self.sink, self.number, absorber);
            let mut reader = Reader::new(file, self.options, &mut sink);
            reader.counts.bytes = cut;
            reader.counts.lines = u64::from(cut > 0);
            // It is said of the last line there is, and of the first if there is none.
            let line = if lines_before == 0 { 1 } else { reader.counts.lines };
            reader.input_rejected(line, reason, b"");
            let counts = reader.counts;
            sink.flush();
            absorber.count(counts);
            Ok(ControlFlow::Continue(()))
        });
    }

    /// Reads a Parquet file, which is a file of its own.
    fn table(&mut self, index: u64, file: Arc<str>, table: Box<dyn Table + Send>) {
        self.order.in_turn(index, |absorber| {
            absorber.begin(true);
            let mut sink = Flushing::new(&mut self.sink, self.number, absorber);
            let counts = table.read_into(file, self.options, &mut sink);
            sink.flush();
            let flowing = sink.flowing;
            absorber.count(counts);
            Ok(flowing)
        });
    }
}

/// Reads what cannot be cut into stretches.
fn stream<S: Sink>(
    text: Box<dyn BufRead + Send>,
    shape: &Shape,
    is_first: bool,
    layouts: &mut Layouts,
    reader: &mut Reader<'_, S>,
) -> io::Result<()> {
    let value_bytes_max = reader.options().value_bytes_max;
    let result = match shape {
        Shape::Rows(header) => csv::read(text, header, is_first, reader),
        Shape::Lines if !is_first => {
            lines::values(Splitter::of_lines(text, value_bytes_max), layouts, reader)
        }
        Shape::Lines | Shape::Whole(Content::Values) => {
            lines::values(Splitter::new(text, value_bytes_max), layouts, reader)
        }
        Shape::Whole(content) => content.read(text, reader),
    };
    result.or_else(|error| damaged(reader, error))
}

/// Hands over batches as they come, for a worker whose turn it is.
struct Flushing<'a, 'c, C: Collector> {
    worker: &'a mut C::Worker,
    number: usize,
    absorber: &'a mut Absorber<'c, C>,
    taken: usize,
    flowing: ControlFlow<()>,
}

/// Records in a batch.
const TAKEN_MAX: usize = 2048;

impl<'a, 'c, C: Collector> Flushing<'a, 'c, C> {
    fn new(worker: &'a mut C::Worker, number: usize, absorber: &'a mut Absorber<'c, C>) -> Self {
        Self { worker, number, absorber, taken: 0, flowing: ControlFlow::Continue(()) }
    }

    fn flush(&mut self) {
        self.taken = 0;
        let batch = C::batch(self.worker);
        let lines_before = self.absorber.file_lines;
        if self.flowing.is_continue() {
            self.flowing = self.absorber.collector.absorb(self.number, batch, lines_before);
        }
    }

    fn took(&mut self, flowing: ControlFlow<()>) -> ControlFlow<()> {
        self.taken += 1;
        if self.taken == TAKEN_MAX {
            self.flush();
        }
        self.flowing?;
        flowing
    }
}

impl<C: Collector> Sink for Flushing<'_, '_, C> {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        let flowing = self.worker.record(record);
        self.took(flowing)
    }

    fn scanned(&mut self, scanned: &Scanned<'_>) -> ControlFlow<()> {
        let flowing = self.worker.scanned(scanned);
        self.took(flowing)
    }

    fn reject(&mut self, reject: &Reject) {
        self.worker.reject(reject);
    }
}
