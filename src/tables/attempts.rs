//! Counts attempts: a client that is denied asks again, and each packet is logged.

use std::collections::hash_map::Entry;
use std::io;

use super::coding::Coding;
use super::dictionary::{Code, CodeMap, Translation, mixed};
use super::row::{Field, Row};
use super::spill::{Memory, PARTS, Spill, joined, words};
use super::tally::Measure;

/// Denied records of the same connection that lie no further apart are one attempt.
pub(super) const RETRY_MAX_US: i64 = 60_000_000;

/// What the attempts are counted for: class, reason, source, target, port, protocol.
pub(super) type Group = [Code; 6];

/// A denied connection: its group and the source port.
type Connection = (Group, Code);

/// In place of a source port: nothing can be said of retries, each record is an attempt.
const ALONE: Code = Code::MAX;

/// Connections that are at hand. Retries come within seconds.
const OPEN_MAX: usize = 1 << 13;

/// Group, source port, count, first and last time.
const WORDS: usize = 12;

/// Denied records of a connection, none of them further than [`RETRY_MAX_US`] from the next.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    count: u32,
    first: i64,
    last: i64,
}

/// Denied records.
#[derive(Debug)]
pub(super) struct Denials {
    open: CodeMap<Connection, Stretch>,
    rows: Spill<WORDS>,
}

/// Denied records of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Denied {
    pub(super) group: Group,
    pub(super) measure: Measure,
    pub(super) attempts: u64,
}

impl Denials {
    pub(super) fn new(memory: &Memory) -> Self {
        Self { open: CodeMap::default(), rows: Spill::new(memory) }
    }

    /// Takes a denied record.
    pub(super) fn add(&mut self, row: &Row<'_>, coding: &Coding) {
        let group = row.key([
            Field::Class,
            Field::Reason,
            Field::Source,
            Field::Target,
            Field::DestinationPort,
            Field::Protocol,
        ]);
        let (Some(port), Some(time)) = (row.client_port(), row.event.time) else {
            let (first, last) = row.event.time.map_or((i64::MAX, i64::MIN), |time| (time, time));
            return self.put_away((group, ALONE), Stretch { count: 1, first, last }, coding);
        };
        let one = Stretch { count: 1, first: time, last: time };
        match self.open.entry((group, port)) {
            Entry::Vacant(free) => {
                free.insert(one);
                if self.open.len() >= OPEN_MAX {
                    self.close(coding);
                }
            }
            Entry::Occupied(mut open) => {
                let Stretch { count, first, last } = open.get_mut();
                let near = first.saturating_sub(RETRY_MAX_US)..=last.saturating_add(RETRY_MAX_US);
                if near.contains(&time) && *count < u32::MAX {
                    (*count, *first, *last) = (*count + 1, time.min(*first), time.max(*last));
                    return;
                }
                let before = open.insert(one);
                self.put_away((group, port), before, coding);
            }
        }
    }

    /// Puts away what is at hand.
    fn close(&mut self, coding: &Coding) {
        for (connection, stretch) in std::mem::take(&mut self.open) {
            self.put_away(connection, stretch, coding);
        }
    }

    /// Groups that differ in nothing but the source come to lie together.
    fn put_away(&mut self, (group, port): Connection, stretch: Stretch, coding: &Coding) {
        let [class, reason, source, target, target_port, protocol] = group;
        let together = [class, reason, target, target_port, protocol];
        let hash = mixed(together.map(|code| coding.dictionary.hash(code)));
        let [first_low, first_high] = words(stretch.first.cast_unsigned());
        let [last_low, last_high] = words(stretch.last.cast_unsigned());
        let row = [
            class,
            reason,
            source,
            target,
            target_port,
            protocol,
            port,
            stretch.count,
            first_low,
            first_high,
            last_low,
            last_high,
        ];
        self.rows.push(hash, row);
    }
}

/// Hands over, to `take`, all groups: several times some of them, in the codes of `translations`. Groups
/// that differ in nothing but the source are handed over together.
pub(super) fn settle<E: From<io::Error>>(
    all: &mut [(Translation, &mut Denials, &Coding)],
    mut take: impl FnMut(Vec<Denied>) -> Result<(), E>,
) -> Result<(), E> {
    /// So many rows are looked at together, at least.
    const ROWS: usize = 1 << 16;
    for (_, denials, coding) in all.iter_mut() {
        denials.close(coding);
    }
    let mut rows = Vec::new();
    for part in 0..PARTS {
        for (translation, denials, _) in all.iter_mut() {
            rows.extend(denials.rows.take(part)?.into_iter().map(|row| read(row, translation)));
        }
        if rows.len() >= ROWS || part + 1 == PARTS {
            take(joined_rows(std::mem::take(&mut rows)))?;
        }
    }
    Ok(())
}

fn read(row: [u32; WORDS], translation: &Translation) -> (Connection, Stretch) {
    let [group @ .., port, count, first_low, first_high, last_low, last_high] = row;
    let first = joined([first_low, first_high]).cast_signed();
    let last = joined([last_low, last_high]).cast_signed();
    ((translation.codes(group), port), Stretch { count, first, last })
}

fn joined_rows(mut rows: Vec<(Connection, Stretch)>) -> Vec<Denied> {
    rows.sort_unstable_by_key(|(connection, stretch)| (*connection, stretch.first));
    let mut all: Vec<Denied> = Vec::new();
    let mut before: Option<(Connection, i64)> = None;
    for ((group, port), Stretch { count, first, last }) in rows {
        let measure = Measure { count: count.into(), first, last };
        let end = match before {
            Some((connection, end))
                if connection == (group, port)
                    && port != ALONE
                    && first <= end.saturating_add(RETRY_MAX_US) =>
            {
                Some(end)
            }
            Some(_) | None => None,
        };
        before = Some(((group, port), end.map_or(last, |end| end.max(last))));
        let attempts = match end {
            Some(_) => 0,
            None if port == ALONE => u64::from(count),
            None => 1,
        };
        match all.last_mut().filter(|known| known.group == group) {
            Some(known) => {
                known.measure.add(measure);
                known.attempts += attempts;
            }
            None => all.push(Denied { group, measure, attempts }),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::logs::RecordKind;
    use crate::tables::row::Row;
    use crate::tables::sample::{denied, flow};
    use crate::tables::spill::tests::little;

    fn attempts(seconds: &[i64], memory: &Memory) -> Vec<(u64, u64)> {
        let mut coding = Coding::default();
        let mut denials = Denials::new(memory);
        for second in seconds {
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let at = *second as f64;
            let packet = flow(RecordKind::Network, at, "tcp 10.0.1.4:40000 -> 203.0.113.9:8443");
            let event = coding.event(&denied(packet, "Default Action"));
            let head = coding.heads[event.head as usize];
            denials.add(&Row { head: &head, event }, &coding);
        }
        let mut got = Vec::new();
        let mut all = [(Translation::default(), &mut denials, &coding)];
        let settled: io::Result<()> = settle(&mut all, |rows| {
            got.extend(rows.iter().map(|row| (row.measure.count, row.attempts)));
            Ok(())
        });
        settled.unwrap();
        got
    }

    #[test]
    fn retries_within_a_minute_of_each_other_are_one_attempt() {
        let attempts = |seconds: &[i64]| attempts(seconds, &Memory::default());
        assert_eq!(attempts(&[0, 1, 3, 63]), [(4, 1)]);
        assert_eq!(attempts(&[0, 61]), [(2, 2)]);
        assert_eq!(attempts(&[0, 61, 30]), [(3, 1)]);
        assert_eq!(attempts(&[500, 0]), [(2, 2)]);
    }

    proptest! {
        #[test]
        fn neither_the_order_of_arrival_nor_the_memory_matters(
            seconds in proptest::collection::vec(0_i64..900, 1..40)
        ) {
            let mut sorted = seconds.clone();
            sorted.sort_unstable();
            let gaps = sorted.windows(2).filter(|pair| pair[1] - pair[0] > 60).count();
            let expected = vec![(seconds.len() as u64, gaps as u64 + 1)];
            prop_assert_eq!(&attempts(&seconds, &Memory::default()), &expected);
            prop_assert_eq!(&attempts(&seconds, &little()), &expected);
        }
    }
}
