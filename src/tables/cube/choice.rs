//! Which connections a page has room for.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::tables::dictionary::{ABSENT, Code, CodeMap, Dictionary, as_number};

use super::cells::{Key, Step};
use super::{Cell, CellClass, CellEnds};

/// Takes connections until the room is used up, and adds up the others.
pub(super) struct Choice {
    dictionary: Dictionary,
    bytes_left: usize,
    /// The step that is the first bucket.
    first: Step,
    places: CodeMap<[Code; 3], usize>,
    pub(super) texts: Vec<SmolStr>,
    pub(super) cells: Vec<Cell>,
    pub(super) rest: BTreeMap<(CellClass, Option<Step>), u64>,
}

/// What is written of a text beside itself: quotes, a comma, and what it belongs to.
const TEXT_BYTES: usize = 11;
/// What is written of a connection beside places of texts and its port: class and commas.
const CONNECTION_BYTES: usize = 8;

impl Choice {
    pub(super) fn new(dictionary: Dictionary, first: Step, bytes_max: usize) -> Self {
        let mut places = CodeMap::default();
        places.insert([ABSENT; 3], 0);
        Self {
            dictionary,
            bytes_left: bytes_max,
            first,
            places,
            texts: vec![SmolStr::default()],
            cells: Vec::new(),
            rest: BTreeMap::new(),
        }
    }

    /// Takes a connection, if there is room for all of its cells.
    pub(super) fn offer(&mut self, connection: &[(Key, u64)]) {
        let Some((key, _)) = connection.first() else { return };
        if !self.take(*key, connection) {
            for (key, count) in connection {
                *self.rest.entry((key.class, key.step())).or_default() += count;
            }
        }
    }

    fn take(&mut self, key: Key, connection: &[(Key, u64)]) -> bool {
        let [source, target, port, protocol, first, second, third] = key.codes;
        let texts = [
            [ABSENT, ABSENT, source],
            [ABSENT, ABSENT, target],
            [ABSENT, ABSENT, protocol],
            [first, second, third],
        ];
        let new = texts.iter().filter(|text| !self.places.contains_key(*text));
        let new: usize = new.map(|text| written_bytes(&self.text(*text)) + TEXT_BYTES).sum();
        let places = 4 * digits(self.texts.len() as u64);
        let port = as_number(port);
        let head = CONNECTION_BYTES
            + places
            + port.map_or(2, |port| digits(port.into()))
            + digits(connection.len() as u64);
        let bytes = new + head + self.cell_bytes(connection);
        if bytes > self.bytes_left {
            return false;
        }
        self.bytes_left -= bytes;
        let [source, target, protocol, rule] = texts.map(|text| self.place(text));
        let ends = Some(CellEnds { source, target, port, protocol, rule });
        let bucket = |key: &Key| key.step().map(|step| i64::from(step) - i64::from(self.first));
        let cells = connection.iter().map(|(key, records)| Cell {
            bucket: bucket(key),
            class: key.class,
            ends,
            records: *records,
        });
        self.cells.extend(cells);
        true
    }

    /// Steps are written as what was added since the one before.
    fn cell_bytes(&self, connection: &[(Key, u64)]) -> usize {
        let mut before = self.first;
        let bytes = connection.iter().map(|(key, records)| {
            let step = key.step().unwrap_or(before);
            let added = u64::from(step.abs_diff(before));
            before = step;
            digits(added).max(2) + digits(*records) + 2
        });
        bytes.sum()
    }

    fn place(&mut self, codes: [Code; 3]) -> usize {
        if let Some(&place) = self.places.get(&codes) {
            return place;
        }
        self.texts.push(self.text(codes).into());
        self.places.insert(codes, self.texts.len() - 1);
        self.texts.len() - 1
    }

    /// The known parts; equal ones once.
    pub(super) fn text(&self, codes: [Code; 3]) -> String {
        let mut parts: Vec<SmolStr> =
            codes.iter().filter_map(|code| self.dictionary.show(*code)).collect();
        parts.dedup();
        parts.join("/")
    }
}

fn digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// Every character that may have to be written out counts as the longest way to do so.
fn written_bytes(text: &str) -> usize {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '/');
    text.chars().map(|character| if is_plain(character) { 1 } else { 12 }).sum()
}
