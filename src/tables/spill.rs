//! Rows that wait for others: in memory up to a bound, beyond it in a temporary file.
//!
//! Rows that may belong together have the same hash and so lie in the same part. In the end one part
//! after the other is looked at, so memory holds one part, however many rows there are.

use std::fmt;
use std::io;
use std::sync::Arc;

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
pub(super) const PARTS: usize = 64;
/// For so many more rows, at least, a part makes room.
const ROWS_MORE: usize = 16;
const PART_BITS: u32 = PARTS.trailing_zeros();

/// Rows of `W` words.
pub(super) struct Spill<const W: usize> {
    parts: Vec<Part<W>>,
    held: usize,
    held_max: usize,
    memory: Memory,
    scratch: Option<Box<dyn Scratch>>,
    error: Option<io::Error>,
    rows: u64,
}

struct Part<const W: usize> {
    rows: Vec<[u32; W]>,
    /// Offset and number of rows in the temporary file.
    runs: Vec<(u64, usize)>,
}

impl<const W: usize> fmt::Debug for Spill<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spill").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<const W: usize> Spill<W> {
    pub(super) fn new(memory: &Memory) -> Self {
        let parts = (0..PARTS).map(|_| Part { rows: Vec::new(), runs: Vec::new() }).collect();
        Self {
            parts,
            held: 0,
            held_max: (memory.bytes / (W * size_of::<u32>())).max(PARTS),
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
        let part = usize::try_from(hash >> (u64::BITS - PART_BITS)).unwrap_or(0);
        if let Some(part) = self.parts.get_mut(part) {
            if part.rows.len() == part.rows.capacity() {
                // Twice as many, as it would be else, would be memory that nobody has given.
                part.rows.reserve_exact((part.rows.len() / 4).max(ROWS_MORE));
            }
            part.rows.push(row);
        }
        self.rows += 1;
        self.held += 1;
        if self.held >= self.held_max {
            self.put_away();
        }
    }

    /// Writes the rows that are held in memory.
    fn put_away(&mut self) {
        let Some(make) = &self.memory.scratch else { return };
        if self.error.is_some() {
            return;
        }
        let written = match &mut self.scratch {
            Some(scratch) => written(&mut self.parts, scratch.as_mut()),
            None => make().and_then(|mut scratch| {
                written(&mut self.parts, scratch.as_mut())?;
                self.scratch = Some(scratch);
                Ok(())
            }),
        };
        match written {
            Ok(()) => self.held = 0,
            Err(error) => self.error = Some(error),
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

    /// Takes the rows of a part, in the order in which they came.
    pub(super) fn take(&mut self, part: usize) -> io::Result<Vec<[u32; W]>> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let Some(part) = self.parts.get_mut(part) else { return Ok(Vec::new()) };
        let own = std::mem::take(&mut part.rows);
        let Some(scratch) = &mut self.scratch else { return Ok(own) };
        let count = part.runs.iter().map(|(_, rows)| rows).sum::<usize>() + own.len();
        let mut rows = Vec::with_capacity(count);
        let mut bytes = Vec::new();
        for (offset, count) in part.runs.drain(..) {
            bytes.resize(count * W * size_of::<u32>(), 0);
            scratch.read(offset, &mut bytes)?;
            let (words, _) = bytes.as_chunks::<4>();
            rows.extend(words.chunks_exact(W).map(|words| {
                let mut row = [0; W];
                row.iter_mut().zip(words).for_each(|(to, word)| *to = u32::from_le_bytes(*word));
                row
            }));
        }
        rows.extend(own);
        Ok(rows)
    }
}

fn written<const W: usize>(parts: &mut [Part<W>], scratch: &mut dyn Scratch) -> io::Result<()> {
    let mut bytes = Vec::new();
    for part in parts.iter_mut().filter(|part| !part.rows.is_empty()) {
        bytes.clear();
        bytes.extend(part.rows.iter().flatten().flat_map(|word| word.to_le_bytes()));
        let offset = scratch.append(&bytes)?;
        part.runs.push((offset, part.rows.len()));
        // Memory of a part that was once full is not kept.
        part.rows = Vec::new();
    }
    Ok(())
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
