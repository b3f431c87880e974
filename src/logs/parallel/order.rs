//! Puts what was read side by side back into the order of the input.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::super::csv::Header;
use super::super::layout::Layouts;
use super::super::lines::{self, Stretch};
use super::super::reader::Reader;
use super::super::{Counts, Options};
use super::Collector;

/// What came of a job.
pub(super) struct Done<B> {
    pub(super) worker: usize,
    pub(super) file: Arc<str>,
    pub(super) starts_file: bool,
    pub(super) counts: Counts,
    pub(super) batch: B,
    pub(super) rows: Option<Rows>,
}

/// A stretch of rows, which must be read again where its first line belongs to the record before.
pub(super) struct Rows {
    pub(super) text: Vec<u8>,
    pub(super) header: Arc<Header>,
    pub(super) stretch: Stretch,
    /// Where a record begins that may go on behind the stretch.
    pub(super) open: Option<usize>,
}

/// Takes what was done, in order.
pub(super) struct Absorber<'a, C: Collector> {
    pub(super) collector: &'a mut C,
    pub(super) counts: Counts,
    options: &'a Options,
    /// Lines of the file so far.
    pub(super) file_lines: u64,
    /// The beginning of a record that goes on in the next stretch of the file.
    open: Vec<u8>,
    /// Reads stretches again. It has a number of its own.
    again: (usize, C::Worker, Layouts),
}

impl<'a, C: Collector> Absorber<'a, C> {
    pub(super) fn new(collector: &'a mut C, options: &'a Options, number: usize) -> Self {
        let again = (number, collector.worker(), Layouts::new(options.date_order));
        let (counts, open) = (Counts::default(), Vec::new());
        Self { collector, counts, options, file_lines: 0, open, again }
    }

    /// Takes what was done. The answer beside is memory to use again.
    fn absorb(&mut self, mut done: Done<C::Batch>) -> (ControlFlow<()>, Option<Vec<u8>>) {
        self.begin(done.starts_file);
        if let Some(rows) = &mut done.rows {
            if !self.open.is_empty() {
                let mut text = std::mem::take(&mut self.open);
                text.append(&mut rows.text);
                rows.text = text;
                let (number, sink, layouts) = &mut self.again;
                let mut reader = Reader::new(Arc::clone(&done.file), self.options, sink);
                rows.open =
                    lines::rows(&rows.text, &rows.header, rows.stretch, layouts, &mut reader);
                done.counts = reader.counts;
                done.batch = C::batch(sink);
                done.worker = *number;
            }
            if let Some(open) = rows.open {
                self.open = rows.text.split_off(open);
            }
        }
        let before = self.file_lines;
        self.count(done.counts);
        let flowing = self.collector.absorb(done.worker, done.batch, before);
        (flowing, done.rows.map(|rows| rows.text))
    }

    /// A job begins, and a file with it if so.
    pub(super) fn begin(&mut self, starts_file: bool) {
        if starts_file {
            self.file_lines = 0;
            self.open.clear();
        }
    }

    /// Adds the account of the next lines of the file.
    pub(super) fn count(&mut self, mut counts: Counts) {
        for reject in &mut counts.first_rejects {
            reject.origin.line += self.file_lines;
        }
        self.file_lines += counts.lines;
        self.counts.merge(counts, self.options.rejects_kept);
    }
}

struct State<'a, C: Collector> {
    /// The job that is next to be absorbed.
    next: u64,
    waiting: BTreeMap<u64, Done<C::Batch>>,
    /// Memory of stretches that were absorbed.
    spare: Vec<Vec<u8>>,
    /// Absent while somebody absorbs.
    absorber: Option<Box<Absorber<'a, C>>>,
    is_over: bool,
    error: Option<io::Error>,
}

/// The place where workers leave what they have done.
pub(super) struct Order<'a, C: Collector> {
    state: Mutex<State<'a, C>>,
    changed: Condvar,
    waiting_max: usize,
}

impl<'a, C: Collector> Order<'a, C> {
    pub(super) fn new(absorber: Absorber<'a, C>, waiting_max: usize) -> Self {
        let state = State {
            next: 0,
            waiting: BTreeMap::new(),
            spare: Vec::new(),
            absorber: Some(Box::new(absorber)),
            is_over: false,
            error: None,
        };
        Self { state: Mutex::new(state), changed: Condvar::new(), waiting_max }
    }

    fn lock(&self) -> MutexGuard<'_, State<'a, C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(&self, state: MutexGuard<'g, State<'a, C>>) -> MutexGuard<'g, State<'a, C>> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Memory to read into: that of a stretch that was absorbed, where there is one.
    pub(super) fn spare(&self) -> Vec<u8> {
        self.lock().spare.pop().unwrap_or_default()
    }

    /// Whether nothing more is wanted.
    pub(super) fn is_over(&self) -> bool {
        self.lock().is_over
    }

    /// Ends the reading.
    pub(super) fn end(&self, error: Option<io::Error>) {
        let mut state = self.lock();
        state.is_over = true;
        state.error = state.error.take().or(error);
        self.changed.notify_all();
    }

    /// Leaves what came of job `index`. Whoever leaves the next one in order absorbs all that is
    /// there; the others go on with their work.
    pub(super) fn leave(&self, index: u64, done: Done<C::Batch>) {
        let mut state = self.lock();
        state.waiting.insert(index, done);
        state = self.absorb(state);
        while !state.is_over && state.waiting.len() > self.waiting_max {
            state = self.wait(state);
        }
    }

    /// Absorbs all that is next, unless somebody else does.
    fn absorb<'g>(
        &'g self,
        mut state: MutexGuard<'g, State<'a, C>>,
    ) -> MutexGuard<'g, State<'a, C>> {
        while !state.is_over
            && let Some(mut absorber) = state.absorber.take()
        {
            let next = state.next;
            let Some(done) = state.waiting.remove(&next) else {
                state.absorber = Some(absorber);
                break;
            };
            drop(state);
            let (flowing, spare) = absorber.absorb(done);
            state = self.lock();
            state.spare.extend(spare);
            state.absorber = Some(absorber);
            state.next += 1;
            state.is_over |= flowing.is_break();
            self.changed.notify_all();
        }
        state
    }

    /// Waits until job `index` is the next, and does it with `work` while nobody else absorbs.
    pub(super) fn in_turn(
        &self,
        index: u64,
        work: impl FnOnce(&mut Absorber<'a, C>) -> io::Result<ControlFlow<()>>,
    ) {
        let mut state = self.lock();
        while !state.is_over && (state.next != index || state.absorber.is_none()) {
            state = self.wait(state);
        }
        if state.is_over {
            return;
        }
        let Some(mut absorber) = state.absorber.take() else { return };
        drop(state);
        let result = work(&mut absorber);
        state = self.lock();
        state.absorber = Some(absorber);
        state.next += 1;
        match result {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => state.is_over = true,
            Err(error) => {
                state.is_over = true;
                state.error = Some(error);
            }
        }
        self.changed.notify_all();
        drop(self.absorb(state));
    }

    /// The account of all that was absorbed by `workers`, or why the reading ended.
    pub(super) fn finish(self, workers: Vec<C::Worker>) -> io::Result<Counts> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match (state.error, state.absorber) {
            (Some(error), _) => Err(error),
            (None, None) => Ok(Counts::default()),
            (None, Some(absorber)) => {
                let Absorber { collector, counts, again: (_, again, _), .. } = *absorber;
                workers.into_iter().chain([again]).for_each(|worker| collector.finish(worker));
                Ok(counts)
            }
        }
    }
}
