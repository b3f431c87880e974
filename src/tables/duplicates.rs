//! Finds events that were written more than once: by each family of categories, or exported twice.
//!
//! The structured record of an event says more and is the one to count, whichever comes first. So
//! legacy records wait until all structured ones are known. Of those a time and a hash is enough,
//! unless exports overlap: then all records wait.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;

use crate::logs::Form;

use super::coding::{Coding, Recoding};
use super::dictionary::{ABSENT, Code, mixed, number};
use super::row::{Class, Event, Field, Head, Row};
use super::spill::{Memory, Spill, by_lots, joined, words};

/// A time in microseconds, which Azure writes alike in both records, and what else they share.
type Identity = (u64, u64);

/// Head, source, port, destination, port, name, duration, time, hash of the identity.
pub(super) const WAITING_WORDS: usize = 11;
pub(super) const STRUCTURED_WORDS: usize = 4;

const SECOND_US: i64 = 1_000_000;

/// Which families have written records that the other may have written too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Families {
    pub(super) is_legacy: bool,
    pub(super) is_structured: bool,
}

impl Families {
    pub(super) fn add(&mut self, other: Self) {
        self.is_legacy |= other.is_legacy;
        self.is_structured |= other.is_structured;
    }

    pub(super) fn are_both(self) -> bool {
        self.is_legacy && self.is_structured
    }
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sought {
    /// While one family writes alone and exports do not overlap, nothing has to be remembered.
    Nothing,
    /// Events that both families have written.
    Pairs,
    /// These, and events that stand in several exports.
    PairsAndRepeats,
}

/// Records that were not counted because another one tells of the same event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Removed {
    pub(super) of_other_family: u64,
    pub(super) repeated: u64,
}

impl Removed {
    pub(super) fn add(&mut self, other: Self) {
        self.of_other_family += other.of_other_family;
        self.repeated += other.repeated;
    }

    pub(super) fn all(self) -> u64 {
        self.of_other_family + self.repeated
    }
}

/// The records that may have a twin.
#[derive(Debug)]
pub(super) struct Duplicates {
    sought: Sought,
    pub(super) families: Families,
    /// Legacy records, and all others too where repeats are sought.
    waiting: Spill<WAITING_WORDS>,
    structured: Spill<STRUCTURED_WORDS>,
}

impl Duplicates {
    pub(super) fn new(sought: Sought, memory: &Memory) -> Self {
        let families = Families::default();
        Self { sought, families, waiting: Spill::new(memory), structured: Spill::new(memory) }
    }

    /// Whether the event is to wait. If not it is to be counted.
    pub(super) fn keeps(&mut self, row: &Row<'_>, coding: &Coding) -> bool {
        let Some(time) = row.event.time.filter(|_| has_identity(row.head)) else { return false };
        let is_legacy = row.head.form == Form::Legacy;
        if may_be_paired(row.head) {
            self.families.add(Families { is_legacy, is_structured: !is_legacy });
        }
        if row.event.is_cut() {
            return false;
        }
        let waits = match self.sought {
            Sought::Nothing => return false,
            Sought::Pairs if !may_be_paired(row.head) => return false,
            Sought::Pairs => is_legacy,
            Sought::PairsAndRepeats => true,
        };
        let hash = identity(row, coding);
        let identity = (time.cast_unsigned(), hash);
        if waits {
            self.wait(row.event, identity);
            return true;
        }
        self.remember(identity);
        false
    }

    /// Keeps of a structured record what its twin is known by.
    fn remember(&mut self, (time, hash): Identity) {
        let ([time_low, time_high], [low, high]) = (words(time), words(hash));
        self.structured.push(hash, [time_low, time_high, low, high]);
    }

    fn wait(&mut self, event: Event, (time, hash): Identity) {
        let ([time_low, time_high], [low, high]) = (words(time), words(hash));
        let Event { head, source, source_port, destination, destination_port, name, .. } = event;
        let duration = event.duration;
        let ends = [head, source, source_port, destination, destination_port, name, duration];
        self.waiting.push(hash, with_identity(ends, [time_low, time_high, low, high]));
    }

    /// The rows as they are kept, in order.
    pub(super) fn stored(&mut self) -> io::Result<StoredRows> {
        Ok((self.waiting.sorted()?, self.structured.sorted()?))
    }

    /// Takes back rows that were kept.
    pub(super) fn restore(&mut self, (waiting, structured): StoredRows) {
        for row in waiting {
            let ((_, hash), _) = waited(row);
            self.waiting.push(hash, row);
        }
        for row in structured {
            self.structured.push(structured_identity(row).1, row);
        }
    }
}

/// Rows that wait, and rows that are kept of structured records.
type StoredRows = (Vec<[u32; WAITING_WORDS]>, Vec<[u32; STRUCTURED_WORDS]>);

/// Hands over, to `count`, what waited in vain, and says what did not.
pub(super) fn settle(
    all: &mut [(Option<&Recoding>, &mut Duplicates)],
    coding: &Coding,
    count: impl FnMut(&[Event]) + Send,
) -> io::Result<Removed> {
    if all.iter().all(|(_, duplicates)| duplicates.waiting.rows() == 0) {
        return Ok(Removed::default());
    }
    settle_until(all, None, coding, count)
}

/// The same for what is older than the horizon. The rest goes on waiting where it says.
pub(super) fn settle_until(
    all: &mut [(Option<&Recoding>, &mut Duplicates)],
    until: Option<(i64, &mut Duplicates)>,
    coding: &Coding,
    mut count: impl FnMut(&[Event]) + Send,
) -> io::Result<Removed> {
    let is_once = all.iter().any(|(_, duplicates)| duplicates.sought == Sought::PairsAndRepeats);
    let (horizon, mut kept) = until.unzip();
    let (recodings, mut duplicates): (Vec<_>, Vec<_>) =
        all.iter_mut().map(|(recoding, duplicates)| (*recoding, &mut **duplicates)).unzip();
    let rows_of = |part| {
        let of_one = duplicates
            .iter_mut()
            .map(|own| Ok((own.waiting.take(part)?, own.structured.take(part)?)));
        let rows: Vec<StoredRows> = of_one.collect::<io::Result<_>>()?;
        let count = |(waiting, structured): &StoredRows| waiting.len() + structured.len();
        Ok((rows.iter().map(count).sum(), rows))
    };
    let find = |lot: Vec<Vec<StoredRows>>| {
        let mut records = Records::default();
        for part in lot {
            for (recoding, rows) in recodings.iter().zip(part) {
                records.add(rows, *recoding);
            }
        }
        records.settled(horizon, is_once, coding)
    };
    let mut removed = Removed::default();
    let done = |settled: Settled| -> io::Result<()> {
        removed.add(settled.removed);
        count(&settled.events);
        if let Some(kept) = &mut kept {
            for (identity, event) in settled.waiting {
                kept.wait(event, identity);
            }
            for identity in settled.structured {
                kept.remember(identity);
            }
        }
        Ok(())
    };
    by_lots(rows_of, find, done)?;
    Ok(removed)
}

/// Records of which all are there that may tell of the same events.
#[derive(Default)]
struct Records {
    waiting: Vec<(Identity, Event)>,
    /// Of structured records.
    structured: Vec<Identity>,
}

/// What they come to.
#[derive(Default)]
struct Settled {
    /// Events that are to be counted.
    events: Vec<Event>,
    removed: Removed,
    /// What goes on waiting, and the structured records that it may be the twin of.
    waiting: Vec<(Identity, Event)>,
    structured: Vec<Identity>,
}

impl Records {
    fn add(&mut self, (waiting, structured): StoredRows, recoding: Option<&Recoding>) {
        self.waiting.extend(waiting.into_iter().map(|row| {
            let (identity, event) = waited(row);
            (identity, recoding.map_or(event, |recoding| recoding.event(event)))
        }));
        self.structured.extend(structured.into_iter().map(structured_identity));
    }

    fn settled(mut self, horizon: Option<i64>, is_once: bool, coding: &Coding) -> Settled {
        let goes_on =
            |(time, _): &Identity| horizon.is_some_and(|horizon| time.cast_signed() >= horizon);
        self.waiting.sort_unstable_by_key(|(identity, _)| *identity);
        self.structured.sort_unstable();
        let mut settled = Settled::default();
        settled.events.reserve_exact(self.waiting.len());
        let mut structured = self.structured.iter().peekable();
        for group in self.waiting.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((identity, _)) = group.first() else { continue };
            while structured.next_if(|seen| *seen < identity).is_some() {}
            let is_seen = structured.peek() == Some(&identity);
            let goes_on = goes_on(identity);
            told_of(group, is_seen, is_once, coding, &mut settled.removed, |event| {
                if goes_on {
                    settled.waiting.push((*identity, event));
                } else {
                    settled.events.push(event);
                }
            });
        }
        settled.structured = self.structured;
        settled.structured.retain(goes_on);
        settled
    }
}

/// Hands over the events that records with one identity tell of; the records that tell nothing more
/// are `removed`.
fn told_of(
    group: &[(Identity, Event)],
    is_structured_seen: bool,
    is_once: bool,
    coding: &Coding,
    removed: &mut Removed,
    mut tell: impl FnMut(Event),
) {
    let form = |event: &Event| coding.heads.get(event.head as usize).map(|head| head.form);
    let is_structured = |event: &Event| form(event) == Some(Form::Structured);
    let has_structured = is_structured_seen || group.iter().any(|(_, event)| is_structured(event));
    let mut tell = |event: Event, removed: &mut Removed| {
        if has_structured && !is_structured(&event) {
            removed.of_other_family += 1;
        } else {
            tell(event);
        }
    };
    // Times of whole seconds come from exports that cut them; then the same time says little.
    let is_coarse = |(time, _): Identity| time.cast_signed() % SECOND_US == 0;
    let is_one = group.len() == 1;
    if is_one || !is_once || group.first().is_some_and(|(identity, _)| is_coarse(*identity)) {
        return group.iter().for_each(|(_, event)| tell(*event, removed));
    }
    let mut best: BTreeMap<(bool, u64), Event> = BTreeMap::new();
    for (_, event) in group {
        match best.entry((is_structured(event), query_type(event, coding))) {
            Entry::Vacant(free) => {
                free.insert(*event);
            }
            Entry::Occupied(mut known) => {
                removed.repeated += 1;
                if says_more(event, known.get(), coding) {
                    known.insert(*event);
                }
            }
        }
    }
    for event in best.into_values() {
        tell(event, removed);
    }
}

/// A client asks for addresses of both families at once, from one port.
fn query_type(event: &Event, coding: &Coding) -> u64 {
    let head = coding.heads.get(event.head as usize);
    head.map_or(0, |head| coding.dictionary.hash(head.get(Field::DnsType)))
}

/// Exports differ in the columns that they have: the fuller record is the one to count. Of those that
/// are as full it is always the same one, whatever order they come in.
fn says_more(event: &Event, than: &Event, coding: &Coding) -> bool {
    let what_is_known = |event: &Event| {
        let head = coding.heads.get(event.head as usize)?;
        let (_, fields) = head.parts();
        let known = fields.iter().filter(|code| **code != ABSENT).count();
        let hashes = fields.iter().map(|code| coding.dictionary.hash(*code));
        Some((known, mixed(hashes.chain([u64::from(event.duration)]))))
    };
    let is_same = event.head == than.head && event.duration == than.duration;
    !is_same && what_is_known(event) > what_is_known(than)
}

fn structured_identity([a, b, c, d]: [u32; STRUCTURED_WORDS]) -> Identity {
    (joined([a, b]), joined([c, d]))
}

fn with_identity(ends: [u32; 7], identity: [u32; 4]) -> [u32; WAITING_WORDS] {
    let mut row = [0; WAITING_WORDS];
    row.iter_mut().zip(ends.into_iter().chain(identity)).for_each(|(to, word)| *to = word);
    row
}

fn waited(row: [u32; WAITING_WORDS]) -> (Identity, Event) {
    let [head, source, source_port, destination, destination_port, name, duration, rest @ ..] = row;
    let [time_low, time_high, low, high] = rest;
    let time = joined([time_low, time_high]);
    let event = Event {
        head,
        time: Some(time.cast_signed()),
        source,
        source_port,
        destination,
        destination_port,
        name,
        duration,
        weight: 1,
    };
    ((time, joined([low, high])), event)
}

/// Whether records like these are written by both families.
fn may_be_paired(head: &Head) -> bool {
    match head.class {
        Class::FlowTrace | Class::FatFlow => false,
        Class::Allowed
        | Class::DeniedByRule
        | Class::DeniedByDefault
        | Class::ThreatAlert
        | Class::ThreatDenied
        | Class::Idps
        | Class::Dnat
        | Class::Dns
        | Class::DnsFailure
        | Class::Unstated
        | Class::Aggregation => has_identity(head),
    }
}

/// Whether records like these tell of one event at one time.
pub(super) fn has_identity(head: &Head) -> bool {
    head.form != Form::FlowLog && head.class != Class::Aggregation
}

/// What, besides the time, makes two records the same event.
pub(super) fn identity(row: &Row<'_>, coding: &Coding) -> u64 {
    let [kind, firewall, protocol, source, source_port, target, port, signature, name] = row.key([
        Field::Kind,
        Field::Firewall,
        Field::Protocol,
        Field::Source,
        Field::SourcePort,
        Field::Target,
        Field::DestinationPort,
        Field::SignatureId,
        Field::DnsName,
    ]);
    // Port 0 and no port are the same: both stand for "no ports" in rows about ICMP.
    let same = |code: Code| if code == number(0) { ABSENT } else { code };
    // A legacy record without a target (a handshake that names no server) has no port either.
    let port = if target == ABSENT { ABSENT } else { port };
    let key = [kind, firewall, protocol, source, source_port, target, port, signature, name];
    mixed(key.map(|code| coding.dictionary.hash(same(code))))
}
