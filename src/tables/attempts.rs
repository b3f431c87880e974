//! Counts attempts: a client that is denied asks again, and each packet is logged.

use std::collections::hash_map::Entry;
use std::io;

use super::coding::Coding;
use super::dictionary::{Code, CodeMap, Translation, mixed};
use super::row::{Field, Row};
use super::spill::{Memory, PARTS, Spill, by_lots, joined, words};
use super::tally::Measure;

/// Denied records of the same connection that lie no further apart are one attempt.
pub(super) const RETRY_MAX_US: i64 = 60_000_000;

/// What the attempts are counted for: class, reason, target, port, protocol, source. In their order,
/// those that differ in nothing but the source lie together.
pub(super) type Group = [Code; 6];

/// A denied connection: its group and the source port.
type Connection = (Group, Code);

/// In place of a source port: the attempts are known.
const ALONE: Code = Code::MAX;

/// Connections that are at hand. Retries come within seconds.
const OPEN_MAX: usize = 1 << 11;

/// Group, source port, count, attempts, first and last time.
pub(super) const WORDS: usize = 13;

/// Denied records of a connection, none of them further than [`RETRY_MAX_US`] from the next.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    count: u32,
    attempts: u32,
    first: i64,
    last: i64,
}

/// Denied records.
#[derive(Debug)]
pub(super) struct Denials {
    open: CodeMap<Connection, Stretch>,
    rows: DeniedRows,
}

/// Denied records, none of which is at hand any more.
#[derive(Debug)]
pub(super) struct DeniedRows(Spill<WORDS>);

/// Denied records of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Denied {
    pub(super) group: Group,
    pub(super) measure: Measure,
    pub(super) attempts: u64,
}

/// What was asked for: reason, target, port and protocol.
pub(super) type Asked = [Code; 4];

impl Denied {
    pub(super) fn source(&self) -> Code {
        let [.., source] = self.group;
        source
    }

    pub(super) fn asked(&self) -> Asked {
        let [_, asked @ .., _] = self.group;
        asked
    }
}

impl Denials {
    /// The rows as they are kept, in order.
    pub(super) fn stored(&mut self, coding: &Coding) -> io::Result<Vec<[u32; WORDS]>> {
        self.rows(coding).0.sorted()
    }

    /// Takes back a row that was kept.
    pub(super) fn restore(&mut self, row: [u32; WORDS], coding: &Coding) {
        let (connection, stretch) = read(row, &Translation::default());
        self.put_away(connection, stretch, coding);
    }

    pub(super) fn new(memory: &Memory) -> Self {
        Self { open: CodeMap::default(), rows: DeniedRows(Spill::new(memory)) }
    }

    /// Takes a denied record.
    pub(super) fn add(&mut self, row: &Row<'_>, coding: &Coding) {
        let group = row.key([
            Field::Class,
            Field::Reason,
            Field::Target,
            Field::DestinationPort,
            Field::Protocol,
            Field::Source,
        ]);
        let (Some(port), Some(time)) = (row.client_port(), row.event.time) else {
            let (first, last) = row.event.time.map_or((i64::MAX, i64::MIN), |time| (time, time));
            return self.put_away(
                (group, ALONE),
                Stretch { count: 1, attempts: 1, first, last },
                coding,
            );
        };
        let one = Stretch { count: 1, attempts: 1, first: time, last: time };
        match self.open.entry((group, port)) {
            Entry::Vacant(free) => {
                free.insert(one);
                if self.open.len() >= OPEN_MAX {
                    self.close(coding);
                }
            }
            Entry::Occupied(mut open) => {
                let Stretch { count, first, last, .. } = open.get_mut();
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

    /// All of them, in the codes that they were added in.
    pub(super) fn rows(&mut self, coding: &Coding) -> &mut DeniedRows {
        self.close(coding);
        &mut self.rows
    }

    /// The same, where nothing more is added.
    pub(super) fn into_rows(mut self, coding: &Coding) -> DeniedRows {
        self.close(coding);
        self.rows
    }

    /// Puts away what is at hand.
    fn close(&mut self, coding: &Coding) {
        let mut open = std::mem::take(&mut self.open);
        for (connection, stretch) in open.drain() {
            self.put_away(connection, stretch, coding);
        }
        self.open = open;
    }

    /// Groups that differ in nothing but the source come to lie together.
    fn put_away(&mut self, (group, port): Connection, stretch: Stretch, coding: &Coding) {
        let [together @ .., source] = group;
        let hash = mixed(together.map(|code| coding.dictionary.hash(code)));
        let [first_low, first_high] = words(stretch.first.cast_unsigned());
        let [last_low, last_high] = words(stretch.last.cast_unsigned());
        let [class, reason, target, target_port, protocol] = together;
        let row = [
            class,
            reason,
            target,
            target_port,
            protocol,
            source,
            port,
            stretch.count,
            stretch.attempts,
            first_low,
            first_high,
            last_low,
            last_high,
        ];
        self.rows.0.push(hash, row);
    }
}

/// Hands over what `find` finds in some of the groups, in their order and in the codes of
/// `translations`, to `done`. Groups that differ in nothing but the source are looked at together. As
/// many threads find something as there are.
pub(super) fn settle<T: Send, E: From<io::Error> + Send>(
    all: &mut [(Translation, &mut DeniedRows)],
    find: impl Fn(Vec<Denied>) -> T + Sync,
    done: impl FnMut(T) -> Result<(), E> + Send,
) -> Result<(), E> {
    let (translations, mut denied): (Vec<_>, Vec<_>) =
        all.iter_mut().map(|(translation, denied)| (&*translation, &mut denied.0)).unzip();
    let rows_of = |part| {
        let rows: Vec<Vec<_>> =
            denied.iter_mut().map(|rows| rows.take(part)).collect::<io::Result<_>>()?;
        Ok((rows.iter().map(Vec::len).sum(), rows))
    };
    let find = |lot: Vec<Vec<Vec<[u32; WORDS]>>>| {
        let of_one = |(rows, translation): (Vec<_>, _)| {
            rows.into_iter().map(move |row| read(row, translation))
        };
        let own =
            |part: Vec<_>| part.into_iter().zip(translations.iter().copied()).flat_map(of_one);
        find(joined_rows(lot.into_iter().flat_map(own).collect()))
    };
    by_lots(rows_of, find, done)
}

/// Hands over to `kept` what may go on after `horizon`, and what does not as attempts that are known.
pub(super) fn keep(
    all: &mut [(Translation, &mut DeniedRows)],
    horizon: i64,
    kept: (&mut Denials, &Coding),
) -> io::Result<()> {
    let (kept, coding) = kept;
    for part in 0..PARTS {
        let mut rows = Vec::new();
        for (translation, denied) in all.iter_mut() {
            rows.extend(denied.0.take(part)?.into_iter().map(|row| read(row, translation)));
        }
        let (open, closed): (Vec<_>, Vec<_>) = stretches(rows)
            .into_iter()
            .partition(|((_, port), stretch)| *port != ALONE && stretch.last >= horizon);
        for (connection, stretch) in open {
            kept.put_away(connection, stretch, coding);
        }
        for Denied { group, measure, attempts } in joined_rows(closed) {
            // Counts are far below; if not, the row is cut in two.
            let (mut count, mut attempts) = (measure.count, attempts);
            while count > 0 || attempts > 0 {
                let [some, tried] =
                    [count, attempts].map(|all| u32::try_from(all).unwrap_or(u32::MAX));
                let (first, last) = (measure.first, measure.last);
                let stretch = Stretch { count: some, attempts: tried, first, last };
                kept.put_away((group, ALONE), stretch, coding);
                count -= u64::from(some);
                attempts -= u64::from(tried);
            }
        }
    }
    Ok(())
}

/// The rows with those joined that belong to one attempt.
fn stretches(mut rows: Vec<(Connection, Stretch)>) -> Vec<(Connection, Stretch)> {
    rows.sort_unstable_by_key(|(connection, stretch)| (*connection, stretch.first));
    let mut all: Vec<(Connection, Stretch)> = Vec::new();
    for (connection, stretch) in rows {
        let before = all.last_mut().filter(|(known, before)| {
            *known == connection
                && connection.1 != ALONE
                && stretch.first <= before.last.saturating_add(RETRY_MAX_US)
        });
        match before {
            Some((_, before)) if before.count.checked_add(stretch.count).is_some() => {
                before.count += stretch.count;
                before.last = before.last.max(stretch.last);
            }
            Some(_) | None => all.push((connection, stretch)),
        }
    }
    all
}

fn read(row: [u32; WORDS], translation: &Translation) -> (Connection, Stretch) {
    let [group @ .., port, count, attempts, first_low, first_high, last_low, last_high] = row;
    let first = joined([first_low, first_high]).cast_signed();
    let last = joined([last_low, last_high]).cast_signed();
    ((translation.codes(group), port), Stretch { count, attempts, first, last })
}

/// What the rows of each group add up to, in the order of the groups.
fn joined_rows(rows: Vec<(Connection, Stretch)>) -> Vec<Denied> {
    let mut all: Vec<Denied> = Vec::new();
    for ((group, _), Stretch { count, attempts, first, last }) in stretches(rows) {
        let measure = Measure { count: count.into(), first, last };
        match all.last_mut().filter(|known| known.group == group) {
            Some(known) => {
                known.measure.add(measure);
                known.attempts += u64::from(attempts);
            }
            None => all.push(Denied { group, measure, attempts: attempts.into() }),
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
        let mut all = [(Translation::default(), denials.rows(&coding))];
        let settled: io::Result<()> = settle(
            &mut all,
            |rows| rows,
            |rows| {
                got.extend(rows.iter().map(|row| (row.measure.count, row.attempts)));
                Ok(())
            },
        );
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
