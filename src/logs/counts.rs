//! What was read, ignored and rejected. The sums always reconcile.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::layout::Scanned;
use super::record::{Category, LogRecord, Origin};

/// Takes what is read.
pub trait Sink {
    /// One record. `Break` ends the reading.
    fn record(&mut self, record: LogRecord) -> ControlFlow<()>;

    /// One record as a line that was recognised gives it. It is worth its own way where only a few of
    /// its fields are needed.
    fn scanned(&mut self, scanned: &Scanned<'_>) -> ControlFlow<()> {
        self.record(scanned.to_record())
    }

    /// Something that is no record, every time; [`Counts`] keeps the first few.
    fn reject(&mut self, _reject: &Reject) {}
}

impl<S: Sink + ?Sized> Sink for &mut S {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        (**self).record(record)
    }

    fn scanned(&mut self, scanned: &Scanned<'_>) -> ControlFlow<()> {
        (**self).scanned(scanned)
    }

    fn reject(&mut self, reject: &Reject) {
        (**self).reject(reject);
    }
}

impl Sink for Vec<LogRecord> {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        self.push(record);
        ControlFlow::Continue(())
    }
}

/// Input that no record could be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    pub origin: Origin,
    pub reason: String,
    /// The beginning of the input as it stands in the file; bytes that are no text are replaced.
    pub excerpt: String,
}

/// The account of one input: `inputs` = records + ignored + rejected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bytes after decompression.
    pub bytes: u64,
    pub lines: u64,
    /// Units that could have been a record: lines, elements, rows, damaged pieces.
    pub inputs: u64,
    /// By category as written.
    pub records: BTreeMap<Category, u64>,
    /// By reason.
    pub ignored: BTreeMap<String, u64>,
    pub rejected: u64,
    /// In the order of the input, as many as [`Options::rejects_kept`](super::Options) says.
    pub first_rejects: Vec<Reject>,
}

/// Distinct names that are counted apart: a hostile file may make up as many as it likes.
const NAMES_MAX: usize = 100;
const OTHERS: &str = "others";

impl Counts {
    /// All records, whatever their category.
    #[must_use]
    pub fn records_total(&self) -> u64 {
        self.records.values().sum()
    }

    /// All inputs that were understood to be something else than firewall logs.
    #[must_use]
    pub fn ignored_total(&self) -> u64 {
        self.ignored.values().sum()
    }

    /// Adds the account of another input.
    pub fn merge(&mut self, other: Self, rejects_kept: usize) {
        self.bytes += other.bytes;
        self.lines += other.lines;
        self.inputs += other.inputs;
        self.rejected += other.rejected;
        for (category, count) in &other.records {
            self.count_records(category, *count);
        }
        for (reason, count) in other.ignored {
            self.count_all_ignored(reason, count);
        }
        let room = rejects_kept.saturating_sub(self.first_rejects.len());
        self.first_rejects.extend(other.first_rejects.into_iter().take(room));
    }

    pub(super) fn count_records(&mut self, category: &Category, more: u64) {
        if let Some(count) = self.records.get_mut(category) {
            *count += more;
            return;
        }
        let is_full = self.records.len() >= NAMES_MAX;
        let key = if is_full { Category::new_static(OTHERS) } else { category.clone() };
        *self.records.entry(key).or_default() += more;
    }

    pub(super) fn count_ignored(&mut self, reason: String) {
        self.count_all_ignored(reason, 1);
    }

    fn count_all_ignored(&mut self, reason: String, more: u64) {
        let is_new = !self.ignored.contains_key(&reason);
        let key = if is_new && self.ignored.len() >= NAMES_MAX { OTHERS.into() } else { reason };
        *self.ignored.entry(key).or_default() += more;
    }
}
