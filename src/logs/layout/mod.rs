//! Recognises records that differ from earlier ones only in times, addresses, ports, names, URLs and the
//! numbers of DNS queries.
//!
//! Every line that the general reader has read once teaches a layout: the pieces between its slots,
//! byte by byte, and the record it came to. A later line whose pieces are the same bytes and whose
//! slots are spelled in the strictest way is the same record with other values. Pieces are compared,
//! never searched, so a line is either recognised exactly or left to the general reader.
//!
//! Layouts form a tree: a node holds the pieces that may come next, each with the slot behind it, and
//! the texts that may stand behind the last slot. Those texts repeat: there are about as many as rules.

mod clock;
mod learn;
mod slot;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use smol_str::SmolStr;

use super::column::Column;
use super::counts::Counts;
use super::keyed::KeyedState;
use super::record::{Category, LogRecord, Origin, RecordKind};
use super::row::canonical_name;
use super::time::DateOrder;

use clock::Clock;
use learn::Places;
use slot::{Query, Slots};

/// A record as a recognised line gives it: an earlier record, and what differs from it.
#[derive(Debug, Clone, Copy)]
pub struct Scanned<'a> {
    /// The number of the earlier record. One reader gives each its own.
    pub(crate) number: usize,
    pub(crate) like: &'a LogRecord,
    file: &'a Arc<str>,
    line: u64,
    slots: Slots<'a>,
}

impl<'a> Scanned<'a> {
    /// Time of the record.
    pub(crate) fn time(&self) -> Option<jiff::Timestamp> {
        self.slots.time.or(self.like.time)
    }

    pub(crate) fn source(&self) -> Option<std::net::IpAddr> {
        self.slots.source.or(self.like.source)
    }

    pub(crate) fn source_port(&self) -> Option<u16> {
        self.slots.source_port.or(self.like.source_port)
    }

    pub(crate) fn destination(&self) -> Option<std::net::IpAddr> {
        self.slots.destination.or(self.like.destination)
    }

    pub(crate) fn destination_port(&self) -> Option<u16> {
        self.slots.destination_port.or(self.like.destination_port)
    }

    /// The name as written, in ASCII, where the record has another one than the earlier record.
    pub(crate) fn name(&self) -> Option<&'a [u8]> {
        self.slots.name
    }

    /// The same in canonical form.
    pub(crate) fn canonical_name(&self) -> Option<SmolStr> {
        let written = self.slots.name.and_then(|name| std::str::from_utf8(name).ok());
        written.map(canonical_name)
    }

    /// The file and the line.
    pub(crate) fn place(&self) -> (&'a Arc<str>, u64) {
        (self.file, self.line)
    }

    /// How many seconds a DNS answer took.
    pub(crate) fn seconds(&self) -> Option<f64> {
        self.slots.query.seconds
    }

    /// The record on its own.
    #[must_use]
    pub fn to_record(&self) -> LogRecord {
        let mut record = self.like.clone();
        record.time = self.time();
        record.source = self.source();
        record.source_port = self.source_port();
        record.destination = self.destination();
        record.destination_port = self.destination_port();
        if let (RecordKind::Dns, Some(dns)) = (record.kind, &mut record.dns) {
            let Query { id, request_size, response_size, seconds } = self.slots.query;
            dns.name = self.canonical_name().or(dns.name.take());
            dns.id = id.or(dns.id);
            dns.request_size = request_size.or(dns.request_size);
            dns.response_size = response_size.or(dns.response_size);
            dns.duration_s = seconds.or(dns.duration_s);
        } else {
            record.fqdn = self.canonical_name().or(record.fqdn);
        }
        if let Some(url) = self.slots.url {
            record.url = Some(url.into());
        }
        record.origin = Origin { file: Arc::clone(self.file), line: self.line };
        record
    }
}

/// What is learned at most. Lines whose texts never repeat would teach without end and to no use.
const BYTES_MAX: usize = 6 << 20;
const EDGES_MAX: usize = 48;
/// So many layouts are learned before it is asked whether any of them is seen again.
const TRIAL: usize = 2_000;

/// Layouts of lines, learned one by one.
#[derive(Debug)]
pub(super) struct Layouts {
    /// The roots: of JSON lines, then of each header that was seen.
    roots: HashMap<Box<str>, usize>,
    root: usize,
    nodes: Vec<Node>,
    prototypes: Vec<Prototype>,
    clock: Clock,
    bytes: usize,
    recognised: usize,
    /// How many lines of each category were recognised since they were last asked for.
    lines: Vec<(Category, u64)>,
}

#[derive(Debug, Default)]
struct Node {
    edges: Vec<Edge>,
    /// The edge that the last line took: the next line will often take it too.
    last: usize,
    tails: HashMap<Box<[u8]>, usize, KeyedState>,
}

#[derive(Debug)]
struct Edge {
    piece: Box<[u8]>,
    /// The last eight bytes of the piece, or all where it has less. Pieces that may come next differ
    /// more often at their ends than at their beginnings.
    end: u64,
    /// The bits of these bytes in eight.
    end_bits: u64,
    slot: slot::Slot,
    node: usize,
}

#[derive(Debug)]
struct Prototype {
    record: LogRecord,
    /// Its place among the counts of lines.
    category: usize,
}

impl Layouts {
    pub(super) fn new(order: Option<DateOrder>) -> Self {
        let roots = HashMap::from([(Box::from(""), 0)]);
        Self {
            roots,
            root: 0,
            nodes: vec![Node::default()],
            prototypes: Vec::new(),
            clock: Clock::new(order),
            bytes: 0,
            recognised: 0,
            lines: Vec::new(),
        }
    }

    /// Turns to the lines behind `header`, which is empty for JSON. Layouts of others are kept.
    pub(super) fn turn_to(&mut self, header: &str) {
        if let Some(&root) = self.roots.get(header) {
            self.root = root;
            return;
        }
        self.root = self.nodes.len();
        self.nodes.push(Node::default());
        self.roots.insert(header.into(), self.root);
    }

    /// The record on the line that `text` begins with, and the length of the line without its end.
    pub(super) fn scan<'a>(
        &'a mut self,
        text: &'a [u8],
        file: &'a Arc<str>,
        line: u64,
    ) -> Option<(Scanned<'a>, usize)> {
        let mut slots = Slots::default();
        let (number, length) = self.find(text, &mut slots)?;
        Some((self.counted(number, (file, line), slots)?, length))
    }

    /// The record that the whole of `text`, which begins at `line`, holds.
    pub(super) fn scan_all<'a>(
        &'a mut self,
        text: &'a [u8],
        file: &'a Arc<str>,
        line: u64,
    ) -> Option<Scanned<'a>> {
        let mut slots = Slots::default();
        let (number, length) = self.find(text, &mut slots)?;
        if length < text.len() {
            return None;
        }
        self.counted(number, (file, line), slots)
    }

    /// A record that was recognised.
    fn counted<'a>(
        &'a mut self,
        number: usize,
        (file, line): (&'a Arc<str>, u64),
        slots: Slots<'a>,
    ) -> Option<Scanned<'a>> {
        let prototype = self.prototypes.get(number)?;
        let (_, lines) = self.lines.get_mut(prototype.category)?;
        *lines += 1;
        self.recognised += 1;
        Some(Scanned { number, like: &prototype.record, file, line, slots })
    }

    #[cfg(test)]
    pub(super) fn recognised(&self) -> usize {
        self.recognised
    }

    /// The number of the layout of the line that `text` begins with, and the length of the line.
    fn find<'a>(&mut self, text: &'a [u8], slots: &mut Slots<'a>) -> Option<(usize, usize)> {
        let (mut at, mut rest) = (self.root, text);
        loop {
            let node = self.nodes.get_mut(at)?;
            if let Some((next, length)) = node.follow(rest, &mut self.clock, slots) {
                rest = rest.get(length..)?;
                at = next;
                continue;
            }
            let tail = rest.get(..memchr::memchr(b'\n', rest).unwrap_or(rest.len()))?;
            let number = *node.tails.get(tail)?;
            return Some((number, text.len() - rest.len() + tail.len()));
        }
    }

    /// Learns from a line of JSON, given without its end, and the record it came to.
    pub(super) fn learn_json(&mut self, line: &[u8], record: LogRecord) {
        if self.wants_more()
            && let Some(places) = learn::json(line)
        {
            self.learn(line, &places, record);
        }
    }

    /// Learns from a row of a table, given without the newline.
    pub(super) fn learn_row(
        &mut self,
        line: &[u8],
        columns: &[Option<Column>],
        fields: &[Cow<'_, str>],
        record: LogRecord,
    ) {
        if self.wants_more()
            && let Ok(text) = std::str::from_utf8(line)
            && let Some(places) = learn::row(text, columns, fields)
        {
            self.learn(line, &places, record);
        }
    }

    /// Whether learning is still of use.
    pub(super) fn wants_more(&self) -> bool {
        let is_of_use = self.prototypes.len() < TRIAL || self.recognised > self.prototypes.len();
        self.bytes < BYTES_MAX && is_of_use
    }

    fn learn(&mut self, line: &[u8], places: &Places, record: LogRecord) {
        // ICMP rows have no ports, whatever is written.
        if record.protocol.as_ref().is_some_and(|name| name.starts_with("icmp")) {
            return;
        }
        let number = self.prototypes.len();
        let bytes = self.bytes;
        let Some(node) = self.insert(line, places, number) else { return };
        let category = self.category(&record.category);
        self.prototypes.push(Prototype { record, category });
        if !self.is_read_again(line, number) {
            self.prototypes.truncate(number);
            self.bytes = bytes;
            if let Some(node) = self.nodes.get_mut(node) {
                node.tails.retain(|_, known| *known != number);
            }
        }
    }

    /// Whether a layout reads its own line as the record it was learned from. One that does not is
    /// wrong.
    fn is_read_again(&mut self, line: &[u8], number: usize) -> bool {
        let mut slots = Slots::default();
        let Some((found, length)) = self.find(line, &mut slots) else { return false };
        let Some(Prototype { record, .. }) = self.prototypes.get(number) else { return false };
        let Origin { file, line: place } = &record.origin;
        let again = Scanned { number, like: record, file, line: *place, slots };
        found == number && length == line.len() && again.to_record() == *record
    }

    fn category(&mut self, category: &Category) -> usize {
        let known = self.lines.iter().position(|(name, _)| name == category);
        known.unwrap_or_else(|| {
            self.lines.push((category.clone(), 0));
            self.lines.len() - 1
        })
    }

    fn insert(&mut self, line: &[u8], places: &Places, number: usize) -> Option<usize> {
        let (mut at, mut passed) = (self.root, 0);
        for (range, slot) in places {
            let piece = line.get(passed..range.start)?;
            at = self.step(at, piece, *slot)?;
            passed = range.end;
        }
        let tail = line.get(passed..)?;
        self.bytes += tail.len() + size_of::<Prototype>() + 64;
        self.nodes.get_mut(at)?.tails.entry(tail.into()).or_insert(number);
        Some(at)
    }

    /// The node behind `piece` and `slot`, made if there is none.
    fn step(&mut self, at: usize, piece: &[u8], slot: slot::Slot) -> Option<usize> {
        let next = self.nodes.len();
        let node = self.nodes.get_mut(at)?;
        let known = node.edges.iter().find(|edge| *edge.piece == *piece && edge.slot == slot);
        if let Some(edge) = known {
            return Some(edge.node);
        }
        if node.edges.len() == EDGES_MAX {
            return None;
        }
        let edge = Edge::new(piece, slot, next);
        node.edges.push(edge);
        self.bytes += piece.len() + size_of::<Node>() + size_of::<Edge>();
        self.nodes.push(Node::default());
        Some(next)
    }

    /// Adds the lines that were recognised since this was last asked for.
    pub(super) fn count_into(&mut self, counts: &mut Counts) {
        for (category, lines) in &mut self.lines {
            if *lines > 0 {
                counts.count_records(category, std::mem::take(lines));
            }
        }
    }
}

impl Edge {
    fn new(piece: &[u8], slot: slot::Slot, node: usize) -> Self {
        let length = piece.len().min(END_BYTES);
        let end = piece.get(piece.len() - length..).unwrap_or_default();
        let mut bytes = [0; END_BYTES];
        bytes.iter_mut().zip(end).for_each(|(to, from)| *to = *from);
        let mut bits = [0; END_BYTES];
        bits.iter_mut().take(length).for_each(|bits| *bits = u8::MAX);
        let (end, end_bits) = (u64::from_le_bytes(bytes), u64::from_le_bytes(bits));
        Self { piece: piece.into(), end, end_bits, slot, node }
    }

    /// What stands behind the piece, if `text` begins with it.
    fn behind<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        let (head, rest) = text.split_at_checked(self.piece.len())?;
        let before = self.piece.len().saturating_sub(END_BYTES);
        let Some(end) = text.get(before..).and_then(|end| end.first_chunk()) else {
            return (*head == *self.piece).then_some(rest);
        };
        let is_end = u64::from_le_bytes(*end) & self.end_bits == self.end;
        // Most pieces have no more than these bytes.
        (is_end && (before == 0 || *head == *self.piece)).then_some(rest)
    }
}

/// So many bytes are compared at once.
const END_BYTES: usize = 8;

impl Node {
    /// Follows the edge that `text` begins with; the answer is the next node and the length passed.
    fn follow<'a>(
        &mut self,
        text: &'a [u8],
        clock: &mut Clock,
        slots: &mut Slots<'a>,
    ) -> Option<(usize, usize)> {
        let mut pass = |edge: &Edge| {
            let rest = edge.behind(text)?;
            let length = edge.slot.read(rest, clock, slots)?;
            Some((edge.node, edge.piece.len() + length))
        };
        if let Some(found) = self.edges.get(self.last).and_then(&mut pass) {
            return Some(found);
        }
        let mut others = self.edges.iter().enumerate();
        let (index, found) =
            others.find_map(|(index, edge)| pass(edge).map(|found| (index, found)))?;
        self.last = index;
        Some(found)
    }
}
