//! Finds events that were written twice, once by each family of categories.

use std::collections::hash_map::Entry;

use crate::logs::Form;

use super::dictionary::{ABSENT, Code, CodeMap, Translation, number};
use super::row::{Class, Event, Field, Head, Row};

/// What makes two records the same event. Azure writes both with the same microsecond.
type Identity = (i64, [Code; 9]);

/// The structured record of an event has been counted, or its legacy records still wait for one.
#[derive(Debug, Clone)]
enum Seen {
    Structured,
    Legacy(Event),
    /// Several, as two diagnostic settings write them.
    LegacyAll(Vec<Event>),
}

/// What is remembered. As long as one family alone has been seen there is nothing to look up.
#[derive(Debug, Clone)]
enum Memory {
    OneForm(Form, Vec<Event>),
    Both(CodeMap<Identity, Seen>),
}

/// Recent events. Legacy records wait here, because the structured record of the same event says
/// more and is the one to count, whichever comes first.
#[derive(Debug, Clone)]
pub(super) struct Duplicates {
    memory: Memory,
    held_max: usize,
    pub(super) removed: u64,
    /// Events were let go to save memory: a duplicate may have gone unseen.
    pub(super) is_window_exceeded: bool,
}

impl Duplicates {
    pub(super) fn new(held_max: usize) -> Self {
        Self {
            memory: Memory::OneForm(Form::Structured, Vec::new()),
            held_max: held_max.max(2),
            removed: 0,
            is_window_exceeded: false,
        }
    }

    /// Takes an event; hands over, to `count`, those that are to be counted now.
    pub(super) fn pass(&mut self, event: Event, heads: &[Head], count: &mut impl FnMut(Event)) {
        let Some(head) = heads.get(event.head as usize) else { return };
        if event.time.is_none() || !may_be_doubled(head) {
            return count(event);
        }
        self.remember(event, head.form, heads);
        if head.form == Form::Structured {
            count(event);
        }
        self.limit(count);
    }

    fn remember(&mut self, event: Event, form: Form, heads: &[Head]) {
        if let Memory::OneForm(seen, events) = &mut self.memory {
            if *seen == form || events.is_empty() {
                *seen = form;
                return events.push(event);
            }
            self.look_up_all(heads);
        }
        self.look_up(event, heads);
    }

    /// From here on, both families are there.
    fn look_up_all(&mut self, heads: &[Head]) {
        if let Memory::OneForm(_, events) = &mut self.memory {
            let events = std::mem::take(events);
            self.memory = Memory::Both(CodeMap::default());
            for event in events {
                self.look_up(event, heads);
            }
        }
    }

    /// Remembers an event beside those of the other family.
    fn look_up(&mut self, event: Event, heads: &[Head]) {
        let Memory::Both(events) = &mut self.memory else { return };
        let (Some(head), Some(time)) = (heads.get(event.head as usize), event.time) else { return };
        let identity = (time, identity(&Row { head, event }));
        match head.form {
            Form::Structured => {
                if let Some(before) = events.insert(identity, Seen::Structured) {
                    self.removed += before.waiting().count() as u64;
                }
            }
            Form::FlowLog => {}
            Form::Legacy => match events.entry(identity) {
                Entry::Vacant(free) => {
                    free.insert(Seen::Legacy(event));
                }
                Entry::Occupied(mut before) => match before.get_mut() {
                    Seen::Structured => self.removed += 1,
                    Seen::Legacy(first) => {
                        let both = vec![*first, event];
                        before.insert(Seen::LegacyAll(both));
                    }
                    Seen::LegacyAll(all) => all.push(event),
                },
            },
        }
    }

    /// Forgets the older half once there are too many events; what waited there is counted.
    fn limit(&mut self, count: &mut impl FnMut(Event)) {
        let held_max = self.held_max;
        match &mut self.memory {
            Memory::OneForm(form, events) if events.len() > held_max => {
                self.is_window_exceeded = true;
                let time = |event: &Event| event.time.unwrap_or(i64::MIN);
                let middle = median(events.iter().map(time).collect());
                let is_legacy = *form == Form::Legacy;
                for old in events.extract_if(.., |event| time(event) <= middle) {
                    if is_legacy {
                        count(old);
                    }
                }
            }
            Memory::Both(events) if events.len() > held_max => {
                self.is_window_exceeded = true;
                let middle = median(events.keys().map(|(time, _)| *time).collect());
                let old = events.extract_if(|(time, _), _| *time <= middle);
                old.flat_map(|(_, seen)| seen.waiting()).for_each(count);
            }
            Memory::OneForm(..) | Memory::Both(_) => {}
        }
    }

    /// Hands over what waited in vain.
    pub(super) fn drain(&mut self, count: &mut impl FnMut(Event)) {
        match std::mem::replace(&mut self.memory, Memory::OneForm(Form::Structured, Vec::new())) {
            Memory::OneForm(Form::Structured | Form::FlowLog, _) => {}
            Memory::OneForm(Form::Legacy, events) => events.into_iter().for_each(count),
            Memory::Both(events) => {
                events.into_values().flat_map(Seen::waiting).for_each(count);
            }
        }
    }

    /// Takes over the state of another window.
    pub(super) fn merge(
        &mut self,
        other: Self,
        translation: &Translation,
        translated: impl Fn(Event) -> Event,
        heads: &[Head],
        count: &mut impl FnMut(Event),
    ) {
        self.removed += other.removed;
        self.is_window_exceeded |= other.is_window_exceeded;
        match other.memory {
            Memory::OneForm(form, events) => {
                for event in events {
                    self.remember(translated(event), form, heads);
                }
            }
            Memory::Both(events) => {
                self.look_up_all(heads);
                for ((time, key), seen) in events {
                    if let (Seen::Structured, Memory::Both(own)) = (&seen, &mut self.memory) {
                        let before = own.insert((time, translation.codes(key)), Seen::Structured);
                        let removed = before.map_or(0, |before| before.waiting().count());
                        self.removed += removed as u64;
                    }
                    for event in seen.waiting() {
                        self.remember(translated(event), Form::Legacy, heads);
                    }
                }
            }
        }
        self.limit(count);
    }
}

fn median(mut times: Vec<i64>) -> i64 {
    let middle = times.len() / 2;
    let (_, &mut middle, _) = times.select_nth_unstable(middle);
    middle
}

impl Seen {
    fn waiting(self) -> impl Iterator<Item = Event> {
        let (one, all) = match self {
            Self::Structured => (None, Vec::new()),
            Self::Legacy(event) => (Some(event), Vec::new()),
            Self::LegacyAll(events) => (None, events),
        };
        one.into_iter().chain(all)
    }
}

/// Whether records like these are written by both families.
fn may_be_doubled(head: &Head) -> bool {
    if head.form == Form::FlowLog {
        return false;
    }
    match head.class {
        Class::Allowed
        | Class::DeniedByRule
        | Class::DeniedByDefault
        | Class::ThreatAlert
        | Class::ThreatDenied
        | Class::Idps
        | Class::Dnat
        | Class::Dns
        | Class::DnsFailure
        | Class::Unstated => true,
        Class::FlowTrace | Class::FatFlow | Class::Aggregation => false,
    }
}

/// What, besides the time, makes two records the same event.
fn identity(row: &Row<'_>) -> [Code; 9] {
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
    key.map(|code| if code == number(0) { ABSENT } else { code })
}
