//! An account as bytes, to go on with in another run.
//!
//! Everything that is counted is kept. Of the records that wait for others only those of the last hours
//! are: what belongs together is written within seconds, and exported within the hour.

use std::io;

use super::attempts;
use super::coding::Recoding;
use super::counter::Account;
use super::counts::Counted;
use super::dictionary::{Entry, Translation};
use super::drops;
use super::duplicates::{self, Removed};
use super::gaps::{Presence, StoredPresence};
use super::row::Head;
use super::stored::Stored;
use super::tally::{Measure, Plan, Tally, Times, Waiting, count};

/// For so long before the newest record, records are kept that may belong to those of a later run.
pub const KEPT_HOURS: i64 = 2;
const KEPT_US: i64 = KEPT_HOURS * 3_600_000_000;

impl Account {
    /// Takes over what `other` has counted.
    pub fn merge(&mut self, other: Self) {
        self.presence.merge(other.presence);
        self.flows.sink.0 += other.flows.sink.0;
        self.flows.repeated += other.flows.repeated;
        self.tally.merge(other.tally);
    }

    /// The account as bytes. The same records give the same bytes, whoever counted them.
    ///
    /// # Errors
    ///
    /// Fails where a temporary file cannot be used.
    pub fn stored(self) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        self.tally.kept(&self.plan)?.put(&mut out)?;
        self.presence.stored().put(&mut out);
        self.flows.sink.0.put(&mut out);
        self.flows.repeated.put(&mut out);
        Ok(out)
    }

    /// The account of such bytes, to go on with. `None`: these are others.
    #[must_use]
    pub fn restored(mut bytes: &[u8], plan: Plan) -> Option<Self> {
        let input = &mut bytes;
        let mut account = Self::of(plan);
        account.tally.restore(input)?;
        account.presence = Presence::restored(StoredPresence::got(input)?);
        account.flows.sink.0 = u64::got(input)?;
        account.flows.repeated = u64::got(input)?;
        input.is_empty().then_some(account)
    }
}

impl Tally {
    /// The same in codes that do not depend on who came first, without what nothing belongs to any more.
    fn kept(mut self, plan: &Plan) -> io::Result<Self> {
        let horizon = self.times.newest.saturating_sub(KEPT_US).max(self.times.horizon);
        let mut kept = Self::of(plan);
        let mut entries = self.coding.dictionary.entries().to_vec();
        entries.sort_unstable();
        for entry in &entries {
            kept.coding.dictionary.code(entry);
        }
        let mut codes = Translation::default();
        codes.extend(self.coding.dictionary.entries(), &mut kept.coding.dictionary);
        let mut heads: Vec<Head> =
            self.coding.heads.iter().map(|head| head.translated(&codes)).collect();
        heads.sort_unstable();
        for head in heads {
            kept.coding.number(head);
        }
        let recoding = Recoding::new(&self.coding, &mut kept.coding);
        kept.counted.merge(std::mem::take(&mut self.counted), &recoding, &kept.coding);
        (kept.records, kept.cut) = (self.records, self.cut);
        kept.times = Times { horizon, ..self.times };
        kept.removed = self.keep_waiting(&recoding, horizon, &mut kept)?;
        kept.removed.add(self.removed);
        Ok(kept)
    }

    /// Hands over what waits. The answer is how many duplicates were found.
    fn keep_waiting(
        &mut self,
        recoding: &Recoding,
        horizon: i64,
        kept: &mut Self,
    ) -> io::Result<Removed> {
        let to: Vec<Recoding> =
            self.others.iter().map(|others| others.recoding.then(recoding)).collect();
        let Self { coding, counted, waiting: Waiting { duplicates, denials, drops }, .. } = kept;
        let mut all = vec![(Some(recoding), &mut self.waiting.duplicates)];
        let others = to.iter().zip(&mut self.others);
        all.extend(others.map(|(to, others)| (Some(to), &mut others.duplicates)));
        let coding = &*coding;
        let until = Some((horizon, duplicates));
        let removed = duplicates::settle_until(&mut all, until, coding, |events| {
            count(events, coding, counted, denials);
        })?;
        let mut all = vec![(recoding.codes.clone(), self.waiting.denials.rows(&self.coding))];
        let others = to.iter().zip(&mut self.others);
        all.extend(others.map(|(to, others)| (to.codes.clone(), &mut others.denied)));
        attempts::keep(&mut all, horizon, (denials, coding))?;
        let mut all = vec![(recoding.codes.clone(), &mut self.waiting.drops)];
        let others = to.iter().zip(&mut self.others);
        all.extend(others.map(|(to, others)| (to.codes.clone(), &mut others.drops)));
        drops::keep(&mut all, horizon, (drops, coding))?;
        Ok(removed)
    }

    fn put(mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.coding.dictionary.entries().to_vec().put(out);
        self.coding.heads.iter().map(Head::parts).collect::<Vec<_>>().put(out);
        self.counted.put(out);
        self.waiting.duplicates.stored()?.put(out);
        self.waiting.denials.stored(&self.coding)?.put(out);
        self.waiting.drops.stored()?.put(out);
        self.records.put(out);
        [self.removed.of_other_family, self.removed.repeated, self.cut].put(out);
        let Times { oldest, newest, horizon, is_late } = self.times;
        [oldest, newest, horizon].put(out);
        is_late.put(out);
        Ok(())
    }

    fn restore(&mut self, input: &mut &[u8]) -> Option<()> {
        for entry in Vec::<Entry>::got(input)? {
            self.coding.dictionary.code(&entry);
        }
        for parts in Vec::got(input)? {
            self.coding.number(Head::of_parts(parts)?);
        }
        let rows_max = self.counted.rows_max();
        self.counted = Counted::got(input)?;
        self.counted.set_rows_max(rows_max);
        self.waiting.duplicates.restore(Stored::got(input)?);
        for row in Vec::got(input)? {
            self.waiting.denials.restore(row, &self.coding);
        }
        self.waiting.drops.restore(Stored::got(input)?, &self.coding);
        self.records = u64::got(input)?;
        let [of_other_family, repeated, cut] = Stored::got(input)?;
        self.cut = cut;
        self.removed = Removed { of_other_family, repeated };
        let [oldest, newest, horizon] = Stored::got(input)?;
        self.times = Times { oldest, newest, horizon, is_late: bool::got(input)? };
        Some(())
    }
}

impl Stored for Entry {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Address(address) => address.put(out),
            Self::Text(text) => {
                out.push(0);
                text.put(out);
            }
        }
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        match input.split_first()? {
            (0, rest) => {
                *input = rest;
                Some(Self::Text(Stored::got(input)?))
            }
            _ => Some(Self::Address(Stored::got(input)?)),
        }
    }
}

impl Stored for Measure {
    fn put(&self, out: &mut Vec<u8>) {
        self.count.put(out);
        // Most stretches are short.
        let length = self.first_known().map(|first| self.last.wrapping_sub(first));
        length.put(out);
        if length.is_some() {
            self.first.put(out);
        }
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        let count = u64::got(input)?;
        let Some(length) = Option::<i64>::got(input)? else {
            return Some(Self { count, ..Self::ZERO });
        };
        let first = i64::got(input)?;
        Some(Self { count, first, last: first.wrapping_add(length) })
    }
}
