//! Finds events that were written twice, once by each family of categories.

use crate::logs::Form;

use super::dictionary::{ABSENT, Code, CodeMap, Translation, number};
use super::row::{Class, Field, Row};

/// What makes two records the same event. Azure writes both with the same microsecond.
type Event = (i64, [Code; 9]);

/// The structured record of an event has been counted, or its legacy records still wait for one.
#[derive(Debug, Clone)]
enum Seen {
    Structured,
    Legacy(Vec<Row>),
}

/// Recent events. Legacy records wait here, because the structured record of the same event says
/// more and is the one to count, whichever comes first.
#[derive(Debug, Clone)]
pub(super) struct Duplicates {
    events: CodeMap<Event, Seen>,
    held_max: usize,
    pub(super) removed: u64,
    /// Events were let go to save memory: a duplicate may have gone unseen.
    pub(super) is_window_exceeded: bool,
}

impl Duplicates {
    pub(super) fn new(held_max: usize) -> Self {
        Self {
            events: CodeMap::default(),
            held_max: held_max.max(2),
            removed: 0,
            is_window_exceeded: false,
        }
    }

    /// Takes a row; hands over, to `count`, those that are to be counted now.
    pub(super) fn pass(&mut self, row: Row, count: &mut impl FnMut(Row)) {
        let Some(event) = event(&row) else { return count(row) };
        match row.form {
            Form::Structured => {
                self.insert_structured(event);
                count(row);
            }
            Form::FlowLog => count(row),
            Form::Legacy => {
                match self.events.entry(event).or_insert_with(|| Seen::Legacy(Vec::new())) {
                    Seen::Structured => self.removed += 1,
                    Seen::Legacy(waiting) => waiting.push(row),
                }
            }
        }
        self.limit(count);
    }

    fn insert_structured(&mut self, event: Event) {
        if let Some(Seen::Legacy(waiting)) = self.events.insert(event, Seen::Structured) {
            self.removed += waiting.len() as u64;
        }
    }

    /// Forgets the older half once there are too many events; what waited there is counted.
    fn limit(&mut self, count: &mut impl FnMut(Row)) {
        if self.events.len() <= self.held_max {
            return;
        }
        self.is_window_exceeded = true;
        let mut times: Vec<i64> = self.events.keys().map(|(time, _)| *time).collect();
        let middle = times.len() / 2;
        let (_, &mut middle, _) = times.select_nth_unstable(middle);
        let old = self.events.extract_if(|(time, _), _| *time <= middle);
        old.flat_map(|(_, seen)| seen.waiting()).for_each(count);
    }

    /// Hands over what waited in vain.
    pub(super) fn drain(&mut self, count: &mut impl FnMut(Row)) {
        self.events.drain().flat_map(|(_, seen)| seen.waiting()).for_each(count);
    }

    /// Takes over the state of another window.
    pub(super) fn merge(
        &mut self,
        other: Self,
        translation: &Translation,
        count: &mut impl FnMut(Row),
    ) {
        self.removed += other.removed;
        self.is_window_exceeded |= other.is_window_exceeded;
        for ((time, key), seen) in other.events {
            match seen {
                Seen::Structured => self.insert_structured((time, translation.codes(key))),
                Seen::Legacy(waiting) => {
                    for row in waiting {
                        self.pass(row.translated(translation), count);
                    }
                }
            }
        }
        self.limit(count);
    }
}

impl Seen {
    fn waiting(self) -> Vec<Row> {
        match self {
            Self::Structured => Vec::new(),
            Self::Legacy(rows) => rows,
        }
    }
}

/// The identity of the row's event. `None`: its kind is written in one form only, or has no time.
fn event(row: &Row) -> Option<Event> {
    match row.class {
        Class::Allowed
        | Class::DeniedByRule
        | Class::DeniedByDefault
        | Class::ThreatAlert
        | Class::ThreatDenied
        | Class::Idps
        | Class::Dnat
        | Class::Dns
        | Class::DnsFailure
        | Class::Unstated => {}
        Class::FlowTrace | Class::FatFlow | Class::Aggregation => return None,
    }
    let key = row.key([
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
    Some((row.time?, key.map(|code| if code == number(0) { ABSENT } else { code })))
}
