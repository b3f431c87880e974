//! Records as events: the dictionary, and the heads that records have in common.

use std::collections::HashMap;

use crate::logs::{KeyedState, LogRecord};

use super::dictionary::{Dictionary, Translation};
use super::row::{Event, Head, HeadNumber, Row};

/// Codes of everything seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Coding {
    pub(super) dictionary: Dictionary,
    numbers: HashMap<Head, HeadNumber, KeyedState>,
    pub(super) heads: Vec<Head>,
}

impl Coding {
    /// A coding that tells so many addresses and names of hosts apart.
    pub(super) fn with_room(entries_max: usize) -> Self {
        Self { dictionary: Dictionary::with_room(entries_max), ..Self::default() }
    }

    pub(super) fn event(&mut self, record: &LogRecord) -> Event {
        let head = Head::new(record, &mut self.dictionary);
        let head = self.number(head);
        Event::new(record, head, &mut self.dictionary)
    }

    /// The number of a head, a new one if it has none.
    pub(super) fn number(&mut self, head: Head) -> HeadNumber {
        let heads = &mut self.heads;
        *self.numbers.entry(head).or_insert_with(|| {
            heads.push(head);
            HeadNumber::try_from(heads.len() - 1).unwrap_or(HeadNumber::MAX)
        })
    }

    pub(super) fn row(&self, event: Event) -> Option<Row<'_>> {
        self.heads.get(event.head as usize).map(|head| Row { head, event })
    }
}

/// From the codes and heads of one coding to those of another.
#[derive(Debug, Clone, Default)]
pub(super) struct Recoding {
    pub(super) codes: Translation,
    heads: Vec<HeadNumber>,
}

impl Recoding {
    /// From the whole of `from`.
    pub(super) fn new(from: &Coding, to: &mut Coding) -> Self {
        let mut recoding = Self::default();
        recoding.codes.extend(from.dictionary.entries(), &mut to.dictionary);
        let codes = &recoding.codes;
        recoding.heads = from.heads.iter().map(|head| to.number(head.translated(codes))).collect();
        recoding
    }

    /// This recoding, and then `next`.
    pub(super) fn then(&self, next: &Self) -> Self {
        let heads = self.heads.iter().map(|head| next.head(*head)).collect();
        Self { codes: self.codes.then(&next.codes), heads }
    }

    pub(super) fn head(&self, head: HeadNumber) -> HeadNumber {
        self.heads.get(head as usize).copied().unwrap_or(HeadNumber::MAX)
    }

    pub(super) fn event(&self, event: Event) -> Event {
        event.translated(&self.codes, self.head(event.head))
    }
}
