//! Rows that wait for others: in memory up to a bound, beyond it in a temporary file.
//!
//! Rows that may belong together have the same hash and so lie in the same part. In the end one part
//! after the other is looked at, so memory holds one part, however many rows there are.

use std::fmt;
use std::io;
use std::mem::take;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

/// A temporary file.
pub trait Scratch: Send {
    /// Writes behind what is there; the answer is where.
    ///
    /// # Errors
    ///
    /// What writing fails with.
    fn append(&mut self, bytes: &[u8]) -> io::Result<u64>;

    /// Fills `bytes` with what was written at `offset`.
    ///
    /// # Errors
    ///
    /// What reading fails with.
    fn read(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<()>;
}

/// Makes temporary files.
pub type MakeScratch = Arc<dyn Fn() -> io::Result<Box<dyn Scratch>> + Send + Sync>;

/// How much memory rows that wait may take, and where they go beyond it.
#[derive(Clone)]
pub struct Memory {
    pub bytes: usize,
    /// So many different addresses and names are told apart.
    pub values_max: usize,
    /// Without it they stay in memory.
    pub scratch: Option<MakeScratch>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { bytes: usize::MAX, values_max: usize::MAX, scratch: None }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// Into how many parts rows are divided.
pub(super) const PARTS: usize = 1 << PART_BITS;
const PART_BITS: u32 = 10;
/// So many rows are held, however little memory is given: each time that rows are written costs some.
const HELD_MIN: usize = 16;
/// So many rows are looked at together, at least.
const LOT_ROWS: usize = 1 << 13;

/// Rows of `W` words.
pub(super) struct Spill<const W: usize> {
    held: Vec<[u32; W]>,
    /// Of the rows that are held.
    parts: Vec<Part>,
    held_max: usize,
    runs: Vec<Run<W>>,
    memory: Memory,
    scratch: Option<Box<dyn Scratch>>,
    error: Option<io::Error>,
    rows: u64,
}

/// Rows in the order of their parts.
struct Run<const W: usize> {
    places: Places,
    rows: Rows<W>,
}

/// The number of a part.
type Part = u16;

/// Where the rows of parts stand. There is one of these for every few thousand rows, so it is small.
struct Places {
    /// Those that have rows, in their order.
    parts: Vec<Part>,
    /// Behind the rows of each.
    ends: Vec<u32>,
}

impl Places {
    fn of(&self, part: usize) -> Option<Range<usize>> {
        let at = self.parts.binary_search_by_key(&part, |part| usize::from(*part)).ok()?;
        let end = |at: usize| self.ends.get(at).map(|end| *end as usize);
        Some(at.checked_sub(1).and_then(end).unwrap_or(0)..end(at)?)
    }
}

enum Rows<const W: usize> {
    InMemory(Vec<[u32; W]>),
    /// In the temporary file, from this offset on.
    Written(u64),
}

impl<const W: usize> fmt::Debug for Spill<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spill").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<const W: usize> Spill<W> {
    const ROW_BYTES: usize = W * size_of::<u32>();

    pub(super) fn new(memory: &Memory) -> Self {
        Self {
            held: Vec::new(),
            parts: Vec::new(),
            held_max: memory.scratch.as_ref().map_or(usize::MAX, |_| {
                // Rows are put in order before they are written, which takes as much memory again.
                (memory.bytes / (2 * Self::ROW_BYTES)).max(HELD_MIN)
            }),
            runs: Vec::new(),
            memory: memory.clone(),
            scratch: None,
            error: None,
            rows: 0,
        }
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn push(&mut self, hash: u64, row: [u32; W]) {
        let part = (hash >> (u64::BITS - PART_BITS)) as Part;
        if self.held.len() == self.held.capacity() {
            // Twice as many, as it would be else, could be memory that nobody has given.
            let room = self.held_max.saturating_sub(self.held.len());
            self.held.reserve_exact(room.min(self.held.len()).max(HELD_MIN));
        }
        self.held.push(row);
        self.parts.push(part);
        self.rows += 1;
        if self.held.len() >= self.held_max {
            self.put_away();
        }
    }

    /// Writes the rows that are held in memory. What that fails with is told when rows are taken.
    fn put_away(&mut self) {
        let Some(make) = &self.memory.scratch else { return };
        let (places, rows) = in_order(&self.held, &self.parts);
        self.held.clear();
        self.parts.clear();
        let scratch = match &mut self.scratch {
            Some(scratch) => Ok(scratch),
            scratch @ None => make().map(|made| scratch.insert(made)),
        };
        match scratch.and_then(|scratch| written(&rows, scratch.as_mut())) {
            Ok(offset) => self.runs.push(Run { places, rows: Rows::Written(offset) }),
            Err(error) => {
                self.error.get_or_insert(error);
            }
        }
    }

    /// Takes all rows, in the order of their words.
    pub(super) fn sorted(&mut self) -> io::Result<Vec<[u32; W]>> {
        let mut rows = Vec::new();
        for part in 0..PARTS {
            rows.extend(self.take(part)?);
        }
        rows.sort_unstable();
        Ok(rows)
    }

    /// Takes the rows of a part, in the order in which they came. Each part is taken once.
    pub(super) fn take(&mut self, part: usize) -> io::Result<Vec<[u32; W]>> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        if !self.held.is_empty() {
            let (places, rows) = in_order(&take(&mut self.held), &take(&mut self.parts));
            self.runs.push(Run { places, rows: Rows::InMemory(rows) });
        }
        let (mut all, mut bytes) = (Vec::new(), Vec::new());
        for Run { places, rows } in &self.runs {
            let Some(place) = places.of(part) else { continue };
            match (rows, &mut self.scratch) {
                (Rows::InMemory(rows), _) => all.extend(rows.get(place).into_iter().flatten()),
                (Rows::Written(_), None) => {}
                (Rows::Written(offset), Some(scratch)) => {
                    bytes.resize(place.len() * Self::ROW_BYTES, 0);
                    let before = (place.start * Self::ROW_BYTES) as u64;
                    scratch.read(*offset + before, &mut bytes)?;
                    let (words, _) = bytes.as_chunks::<4>();
                    all.extend(words.chunks_exact(W).map(|words| {
                        let mut row = [0; W];
                        row.iter_mut()
                            .zip(words)
                            .for_each(|(to, word)| *to = u32::from_le_bytes(*word));
                        row
                    }));
                }
            }
        }
        Ok(all)
    }
}

/// The rows in the order of their parts.
fn in_order<const W: usize>(rows: &[[u32; W]], parts: &[Part]) -> (Places, Vec<[u32; W]>) {
    let mut counts = vec![0_u32; PARTS];
    for &part in parts {
        if let Some(count) = counts.get_mut(usize::from(part)) {
            *count += 1;
        }
    }
    let mut places = Places { parts: Vec::new(), ends: Vec::new() };
    let mut start = 0;
    // From the counts on to where the next row goes.
    for (part, count) in (0..).zip(&mut counts) {
        let next = start + *count;
        if next > start {
            places.parts.push(part);
            places.ends.push(next);
        }
        *count = std::mem::replace(&mut start, next);
    }
    let mut ordered = vec![[0; W]; rows.len()];
    for (row, &part) in rows.iter().zip(parts) {
        if let Some(place) = counts.get_mut(usize::from(part))
            && let Some(to) = ordered.get_mut(*place as usize)
        {
            *to = *row;
            *place += 1;
        }
    }
    (places, ordered)
}

/// Writes rows; the answer is where they begin.
fn written<const W: usize>(rows: &[[u32; W]], scratch: &mut dyn Scratch) -> io::Result<u64> {
    /// So many are written at once.
    const ROWS: usize = 1 << 11;
    let mut bytes = Vec::with_capacity(rows.len().min(ROWS) * W * size_of::<u32>());
    let mut first = None;
    for rows in rows.chunks(ROWS) {
        bytes.clear();
        bytes.extend(rows.iter().flatten().flat_map(|word| word.to_le_bytes()));
        let offset = scratch.append(&bytes)?;
        first = first.or(Some(offset));
    }
    Ok(first.unwrap_or(0))
}

/// Hands over what `find` finds in lots of some parts each, in their order, to `done`. `rows_of` takes
/// the rows of a part, and says how many they are. As many threads find something as there are, one of
/// them doing meanwhile what is to be done with what was found before.
pub(super) fn by_lots<R: Send, T: Send, E: From<io::Error> + Send>(
    mut rows_of: impl FnMut(usize) -> io::Result<(usize, R)>,
    find: impl Fn(Vec<R>) -> T + Sync,
    mut done: impl FnMut(T) -> Result<(), E> + Send,
) -> Result<(), E> {
    let threads = rayon::current_num_threads();
    let mut parts = 0..PARTS;
    let mut found = Vec::new();
    loop {
        let mut lots = Vec::with_capacity(threads);
        while lots.len() < threads && !parts.is_empty() {
            let (mut lot, mut count) = (Vec::new(), 0);
            while count < LOT_ROWS
                && let Some(part) = parts.next()
            {
                let (rows, taken) = rows_of(part)?;
                lot.push(taken);
                count += rows;
            }
            lots.push(lot);
        }
        let before = take(&mut found);
        if lots.is_empty() {
            return before.into_iter().try_for_each(done);
        }
        let is_done;
        (is_done, found) = rayon::join(
            || before.into_iter().try_for_each(&mut done),
            || lots.into_par_iter().map(&find).collect(),
        );
        is_done?;
    }
}

/// A number of 64 bits as two words.
#[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
pub(super) fn words(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

pub(super) fn joined([low, high]: [u32; 2]) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    impl Scratch for Vec<u8> {
        fn append(&mut self, bytes: &[u8]) -> io::Result<u64> {
            let offset = self.len() as u64;
            self.extend_from_slice(bytes);
            Ok(offset)
        }

        fn read(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
            let offset = usize::try_from(offset).unwrap();
            bytes.copy_from_slice(&self[offset..offset + bytes.len()]);
            Ok(())
        }
    }

    /// Hardly any memory.
    pub(crate) fn little() -> Memory {
        let scratch: MakeScratch = Arc::new(|| Ok(Box::new(Vec::new())));
        Memory { bytes: 1, scratch: Some(scratch), ..Memory::default() }
    }

    #[test]
    fn rows_come_back_whether_they_were_written_or_not() {
        let hash = |row: u32| u64::from(row).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let parts = |memory: &Memory| {
            let mut spill = Spill::<2>::new(memory);
            (0..1_000).for_each(|row| spill.push(hash(row), [row, row + 1]));
            (0..PARTS).map(|part| spill.take(part).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(parts(&Memory::default()), parts(&little()));
        assert_eq!(parts(&little()).concat().len(), 1_000);
    }

    #[test]
    fn lots_come_in_the_order_of_their_parts_and_none_is_left_out() {
        let hash = |row: u32| u64::from(row).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let filled = || {
            let mut spill = Spill::<1>::new(&Memory::default());
            (0..150_000).for_each(|row| spill.push(hash(row), [row]));
            spill
        };
        let mut plain = filled();
        let expected: Vec<_> = (0..PARTS).flat_map(|part| plain.take(part).unwrap()).collect();
        let (mut spill, mut got, mut lots) = (filled(), Vec::new(), 0);
        let rows_of = |part| {
            let rows = spill.take(part)?;
            Ok((rows.len(), rows))
        };
        let done = |rows: Vec<[u32; 1]>| -> io::Result<()> {
            lots += 1;
            got.extend(rows);
            Ok(())
        };
        by_lots(rows_of, |lot| lot.concat(), done).unwrap();
        assert_eq!(got, expected);
        assert!(lots >= 15, "{lots}");
    }

    #[test]
    fn a_file_that_cannot_be_made_is_an_error() {
        let make: MakeScratch = Arc::new(|| Err(io::Error::other("no room")));
        let mut spill =
            Spill::<1>::new(&Memory { bytes: 1, scratch: Some(make), ..Memory::default() });
        (0..1_000).for_each(|row| spill.push(0, [row]));
        assert_eq!(spill.take(0).unwrap_err().to_string(), "no room");
    }

    #[test]
    fn words_are_joined_again() {
        for value in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
            assert_eq!(joined(words(value)), value);
        }
    }
}
