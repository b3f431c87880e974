//! Sets of rules as rows of bits, and the search for the rules that several rows have in common.

use std::collections::HashMap;
use std::ops::ControlFlow;

/// Where a row starts. 0 is the empty row.
pub(super) type Row = u32;

/// The empty row: no rule.
pub(super) const NONE: Row = 0;

/// Some rules of a stage, and sets of them as rows.
///
/// A row is a summary (one bit for each word of 64 rules) and behind it those words that are not
/// zero. Rows are short for the usual rule, which names few addresses. Few rules need no summary: a
/// row is all their words.
#[derive(Debug)]
pub(super) struct Table {
    /// Ranks, ascending; a bit of a row is an index into them.
    ranks: Vec<u32>,
    /// Length of a summary, or of a row without one.
    blocks: usize,
    /// Rows have no summary.
    is_flat: bool,
    pool: Vec<u64>,
    /// The row of all rules.
    full: Row,
    /// Rules of every service, which no service row repeats: word by word, and as rows begin.
    always: Vec<u64>,
    always_summary: Vec<u64>,
}

/// Words that rows are stored in whole. With four, a look among 200 rules took a quarter longer than
/// with a summary; with one, a sixth less.
const FLAT_WORDS_MAX: usize = 2;

/// A table that is being filled.
#[derive(Debug)]
pub(super) struct TableBuilder {
    table: Table,
    known: HashMap<u128, Row>,
    words_max: usize,
}

/// The rows of a table take more memory than they may.
#[derive(Debug)]
pub(super) struct TooLarge;

impl TableBuilder {
    /// A table of the rules with these ranks, which ascend, whose rows hold so many words at most.
    pub(super) fn new(ranks: Vec<u32>, words_max: usize) -> Self {
        let words = ranks.len().div_ceil(64);
        let is_flat = words <= FLAT_WORDS_MAX;
        let blocks = if is_flat { words } else { words.div_ceil(64) };
        let table = Table {
            ranks,
            blocks,
            is_flat,
            pool: vec![0; blocks],
            full: NONE,
            always: vec![0; words],
            always_summary: vec![0; blocks],
        };
        Self { table, known: HashMap::from([(0, NONE)]), words_max }
    }

    /// The empty set of this table's rules.
    pub(super) fn no_rule(&self) -> RuleSet {
        RuleSet {
            summary: vec![0; self.table.always.len().div_ceil(64)],
            words: vec![0; self.table.always.len()],
            hash: 0,
        }
    }

    /// The row of a set. Sets with one hash are compared before they share a row.
    pub(super) fn row(&mut self, set: &RuleSet) -> Result<Row, TooLarge> {
        if let Some(&row) = self.known.get(&set.hash)
            && self.is_row(row, set)
        {
            return Ok(row);
        }
        let row = self.pushed(&set.summary, &set.words)?;
        self.known.insert(set.hash, row);
        Ok(row)
    }

    fn is_row(&self, row: Row, set: &RuleSet) -> bool {
        let pool = self.table.pool.get(row as usize..).unwrap_or(&[]);
        if self.table.is_flat {
            return pool.starts_with(&set.words);
        }
        let Some((summary, words)) = pool.split_at_checked(set.summary.len()) else { return false };
        summary == set.summary
            && members(&set.summary, &set.words).zip(words).all(|(member, &word)| member == word)
    }

    /// A new row of these rules: all words, and their summary.
    fn pushed(&mut self, summary: &[u64], words: &[u64]) -> Result<Row, TooLarge> {
        let pool = &mut self.table.pool;
        let row = u32::try_from(pool.len()).map_err(|_| TooLarge)?;
        let length = if self.table.is_flat {
            words.len()
        } else {
            let members = summary.iter().map(|bits| bits.count_ones() as usize);
            summary.len() + members.sum::<usize>()
        };
        if pool.len() + length > self.words_max {
            return Err(TooLarge);
        }
        if self.table.is_flat {
            pool.extend(words);
        } else {
            pool.extend(summary);
            pool.extend(members(summary, words));
        }
        Ok(row)
    }

    /// The row of a few rules, by their indices, which ascend.
    pub(super) fn row_of(&mut self, indices: &[u32]) -> Result<Row, TooLarge> {
        if indices.is_empty() {
            return Ok(NONE);
        }
        let mut set = self.no_rule();
        for &index in indices {
            let (word, bit) = place(index);
            if let (Some(to), Some(summary)) =
                (set.words.get_mut(word), set.summary.get_mut(word / 64))
            {
                *to |= bit;
                *summary |= 1u64 << (word % 64);
            }
        }
        self.pushed(&set.summary, &set.words)
    }

    /// Adds a rule, by its index, to those of every service.
    pub(super) fn add_always(&mut self, index: u32) {
        let (word, bit) = place(index);
        if let Some(word) = self.table.always.get_mut(word) {
            *word |= bit;
        }
    }

    /// The finished table.
    pub(super) fn finish(mut self) -> Result<Table, TooLarge> {
        let count = u32::try_from(self.table.ranks.len()).map_err(|_| TooLarge)?;
        let all: Vec<u32> = (0..count).collect();
        self.table.full = self.row_of(&all)?;
        self.table.always_summary = if self.table.is_flat {
            self.table.always.clone()
        } else {
            self.table.always.chunks(64).map(summary_of).collect()
        };
        self.table.pool.shrink_to_fit();
        Ok(self.table)
    }
}

/// A set of rules of one table that changes rule by rule.
#[derive(Debug)]
pub(super) struct RuleSet {
    // INVARIANT: a bit for each word that is not zero.
    summary: Vec<u64>,
    words: Vec<u64>,
    /// Sum of the keys of the rules in the set.
    hash: u128,
}

impl RuleSet {
    /// Adds a rule, by its index, or takes it out.
    pub(super) fn toggle(&mut self, index: u32, key: u128) {
        let (at, bit) = place(index);
        let Some(word) = self.words.get_mut(at) else { return };
        *word ^= bit;
        self.hash ^= key;
        if let Some(summary) = self.summary.get_mut(at / 64) {
            let bit = 1u64 << (at % 64);
            *summary = if *word == 0 { *summary & !bit } else { *summary | bit };
        }
    }
}

/// The words that are not zero.
fn members(summary: &[u64], words: &[u64]) -> impl Iterator<Item = u64> {
    let blocks = summary.iter().zip(words.chunks(64));
    blocks.flat_map(|(&summary, words)| {
        let mut rest = summary;
        std::iter::from_fn(move || {
            let bit = rest.trailing_zeros();
            rest &= rest.wrapping_sub(1);
            words.get(bit as usize).copied()
        })
    })
}

/// The word of a rule's bit and the bit itself.
pub(super) fn place(index: u32) -> (usize, u64) {
    ((index / 64) as usize, 1 << (index % 64))
}

fn summary_of(words: &[u64]) -> u64 {
    words.iter().enumerate().fold(0, |bits, (bit, &word)| bits | (u64::from(word != 0) << bit))
}

/// A set of rules that is read block by block (64 words, 4,096 rules) from the front; blocks may be
/// left out.
pub(super) trait Rules {
    /// Goes to `block`, which lies behind the last one, and says which of its words may hold a rule.
    fn enter(&mut self, block: usize) -> u64;
    /// A word of the block, by its bit in the summary.
    fn word(&mut self, bit: u32) -> u64;
}

/// All rules: a dimension that a table does not limit.
pub(super) struct Unlimited;

impl Rules for Unlimited {
    #[inline]
    fn enter(&mut self, _block: usize) -> u64 {
        u64::MAX
    }

    #[inline]
    fn word(&mut self, _bit: u32) -> u64 {
        u64::MAX
    }
}

/// The rules of one row.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    /// The row and what lies behind it.
    row: &'a [u64],
    blocks: usize,
    block: usize,
    summary: u64,
    /// How many words lie in the first `counted` blocks: counted only where a word is wanted, which
    /// is rare.
    before: usize,
    counted: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) fn new(table: &'a Table, row: Row) -> Self {
        let row = table.pool.get(row as usize..).unwrap_or(&[]);
        Self { row, blocks: table.blocks, block: 0, summary: 0, before: 0, counted: 0 }
    }
}

impl Rules for Cursor<'_> {
    #[inline]
    fn enter(&mut self, block: usize) -> u64 {
        self.block = block;
        self.summary = self.row.get(block).copied().unwrap_or(0);
        self.summary
    }

    #[inline]
    fn word(&mut self, bit: u32) -> u64 {
        if self.summary >> bit & 1 == 0 {
            return 0;
        }
        while self.counted < self.block {
            let passed = self.row.get(self.counted).copied().unwrap_or(0);
            self.before += passed.count_ones() as usize;
            self.counted += 1;
        }
        let below = self.summary & ((1 << bit) - 1);
        let word = self.blocks + self.before + below.count_ones() as usize;
        self.row.get(word).copied().unwrap_or(0)
    }
}

/// Several rows of one table; few in most cases, which then cost no memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    // INVARIANT: those behind `count` are `NONE`; `more` is empty unless all are in use.
    few: [Row; 4],
    count: usize,
    more: Vec<Row>,
}

impl Rows {
    pub(super) fn push(&mut self, row: Row) {
        if row == NONE {
            return;
        }
        match self.few.get_mut(self.count) {
            Some(free) => {
                *free = row;
                self.count += 1;
            }
            None => self.more.push(row),
        }
    }
}

/// The rules of any of several rows.
pub(super) struct Either<'a> {
    few: [Cursor<'a>; 4],
    count: usize,
    more: Vec<Cursor<'a>>,
}

impl<'a> Either<'a> {
    pub(super) fn new(table: &'a Table, rows: &Rows) -> Self {
        Self {
            few: rows.few.map(|row| Cursor::new(table, row)),
            count: rows.count,
            more: rows.more.iter().map(|&row| Cursor::new(table, row)).collect(),
        }
    }
}

impl Rules for Either<'_> {
    #[inline]
    fn enter(&mut self, block: usize) -> u64 {
        let rows = self.few.iter_mut().take(self.count).chain(&mut self.more);
        rows.fold(0, |bits, row| bits | row.enter(block))
    }

    #[inline]
    fn word(&mut self, bit: u32) -> u64 {
        let rows = self.few.iter_mut().take(self.count).chain(&mut self.more);
        rows.fold(0, |bits, row| bits | row.word(bit))
    }
}

/// A row of each dimension, of one table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trio {
    pub(super) sources: Row,
    pub(super) targets: Row,
    pub(super) services: Row,
}

impl Table {
    /// The row of all rules.
    pub(super) fn full(&self) -> Row {
        self.full
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ranks.is_empty()
    }

    /// Bytes of memory.
    pub(super) fn size(&self) -> usize {
        let words = self.pool.len() + self.always.len() + self.always_summary.len();
        words * size_of::<u64>() + self.ranks.len() * size_of::<u32>()
    }

    /// How many blocks [`Table::shared`] tells of.
    pub(super) fn blocks(&self) -> usize {
        self.blocks
    }

    /// The lowest rank of a block.
    pub(super) fn first_rank(&self, block: usize) -> u32 {
        let rules = if self.is_flat { 64 } else { 64 * 64 };
        self.ranks.get(block * rules).copied().unwrap_or(u32::MAX)
    }

    /// What three rows may have in common in a block: nothing where it is 0.
    #[inline]
    pub(super) fn shared(&self, block: usize, rows: Trio) -> u64 {
        let at = |row: Row| self.pool.get(row as usize + block).copied().unwrap_or(0);
        let always = self.always_summary.get(block).copied().unwrap_or(0);
        at(rows.sources) & at(rows.targets) & (at(rows.services) | always)
    }

    /// Visits the ranks of the rules that three rows have in common in a block, ascending, until told
    /// to stop; `shared` is what [`Table::shared`] says of it.
    #[inline]
    pub(super) fn search_block(
        &self,
        block: usize,
        shared: u64,
        rows: Trio,
        mut visit: impl FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let [mut sources, mut targets, mut services] =
            [rows.sources, rows.targets, rows.services].map(|row| Cursor::new(self, row));
        if !self.is_flat {
            sources.enter(block);
            targets.enter(block);
            services.enter(block);
        }
        self.visit_block(block, shared, (&mut sources, &mut targets, &mut services), &mut visit)
    }

    /// Visits the ranks of the rules that are in all three sets, ascending, until told to stop.
    /// The rules of every service are in the third one too.
    #[inline]
    pub(super) fn search(
        &self,
        mut sources: impl Rules,
        mut targets: impl Rules,
        mut services: impl Rules,
        mut visit: impl FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for (block, &always) in self.always_summary.iter().enumerate() {
            // Most sources and targets have no rule in common; the rows behind are not touched then.
            let mut summary = sources.enter(block);
            if summary != 0 {
                summary &= targets.enter(block);
            }
            if summary != 0 {
                summary &= services.enter(block) | always;
            }
            let sets = (&mut sources, &mut targets, &mut services);
            self.visit_block(block, summary, sets, &mut visit)?;
        }
        ControlFlow::Continue(())
    }

    /// The same in a block that was entered; `shared` is what the sets may have in common in it.
    #[inline]
    fn visit_block(
        &self,
        block: usize,
        mut shared: u64,
        (sources, targets, services): (&mut impl Rules, &mut impl Rules, &mut impl Rules),
        visit: &mut impl FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if self.is_flat {
            return self.visit_word(block, shared, visit);
        }
        while shared != 0 {
            let bit = shared.trailing_zeros();
            shared &= shared - 1;
            let ends = sources.word(bit) & targets.word(bit);
            if ends != 0 {
                let word = block * 64 + bit as usize;
                let always = self.always.get(word).copied().unwrap_or(0);
                self.visit_word(word, ends & (services.word(bit) | always), visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    #[inline]
    fn visit_word(
        &self,
        word: usize,
        mut hits: u64,
        visit: &mut impl FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        while hits != 0 {
            let index = word * 64 + hits.trailing_zeros() as usize;
            hits &= hits - 1;
            if let Some(&rank) = self.ranks.get(index) {
                visit(rank)?;
            }
        }
        ControlFlow::Continue(())
    }
}
