//! Who talks: the ends of each rule, and the connections of each end.
//!
//! Ends are entries of a dictionary, which are numbered from zero, so places in a list do for tables.

use super::counts::RuleKey;
use super::dictionary::{Code, Translation, code_at, index};
use super::row::Class;
use super::stored::Stored;
use super::tally::{Measure, Table};

/// Ends of rules, each once: a set of dictionary entries for each rule.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends {
    /// By number of the rule.
    sets: Vec<Entries>,
}

/// A set of dictionary entries. Entries that come one after the other lie in one block, which is there
/// if one of them is.
#[derive(Debug, Clone, Default)]
struct Entries {
    blocks: Vec<Option<Box<[u64; BLOCK_WORDS]>>>,
}

const BLOCK_WORDS: usize = 16;
const WORD_BITS: usize = u64::BITS as usize;

impl Entries {
    fn add(&mut self, index: usize) {
        let (word, bit) = (index / WORD_BITS, index % WORD_BITS);
        let block = word / BLOCK_WORDS;
        if self.blocks.len() <= block {
            self.blocks.resize(block + 1, None);
        }
        if let Some(block) = self.blocks.get_mut(block)
            && let Some(word) = block.get_or_insert_default().get_mut(word % BLOCK_WORDS)
        {
            *word |= 1 << bit;
        }
    }

    fn len(&self) -> u64 {
        let words = self.blocks.iter().flatten().flat_map(|block| block.iter());
        words.map(|word| u64::from(word.count_ones())).sum()
    }

    fn each(&self, mut see: impl FnMut(usize)) {
        for (number, block) in self.blocks.iter().enumerate() {
            let Some(block) = block else { continue };
            for (word, &bits) in block.iter().enumerate() {
                let first = (number * BLOCK_WORDS + word) * WORD_BITS;
                let mut rest = bits;
                while rest != 0 {
                    see(first + rest.trailing_zeros() as usize);
                    rest &= rest - 1;
                }
            }
        }
    }
}

impl Ends {
    pub(super) fn add(&mut self, rule: u32, end: Code) {
        let Some(end) = index(end) else { return };
        let rule = rule as usize;
        if self.sets.len() <= rule {
            self.sets.resize_with(rule + 1, Entries::default);
        }
        if let Some(set) = self.sets.get_mut(rule) {
            set.add(end);
        }
    }

    pub(super) fn merge(&mut self, other: &Self, rules: &[u32], translation: &Translation) {
        for (set, &rule) in other.sets.iter().zip(rules) {
            set.each(|end| self.add(rule, translation.code(code_at(end))));
        }
    }

    /// Shows every end with the number of its rule.
    pub(super) fn each(&self, mut see: impl FnMut(usize, Code)) {
        for (rule, set) in self.sets.iter().enumerate() {
            set.each(|end| see(rule, code_at(end)));
        }
    }

    /// The same, of rules in another order.
    pub(super) fn ordered(&self, order: &[usize]) -> Self {
        let set = |&number: &usize| self.sets.get(number).cloned().unwrap_or_default();
        Self { sets: order.iter().map(set).collect() }
    }

    pub(super) fn table(&self, rules: &[RuleKey], translation: &Translation) -> Table<6> {
        let mut table = Table::default();
        for (key, set) in rules.iter().zip(&self.sets) {
            table.add(translation.codes(*key), Measure::at(set.len(), None));
        }
        table
    }
}

/// Connections of each dictionary entry, by what became of them: [`OUTCOMES`].
#[derive(Debug, Clone, Default)]
pub(super) struct Talkers(pub(super) Vec<[u64; OUTCOMES.len()]>);

/// What becomes of a connection.
pub(super) const OUTCOMES: [Class; 3] =
    [Class::Allowed, Class::DeniedByRule, Class::DeniedByDefault];

/// As the steps from one member of a set to the next.
impl Stored for Ends {
    fn put(&self, out: &mut Vec<u8>) {
        let steps = |set: &Entries| {
            let (mut before, mut steps) = (0, Vec::new());
            set.each(|member| steps.push(member - std::mem::replace(&mut before, member)));
            steps
        };
        self.sets.iter().map(steps).collect::<Vec<_>>().put(out);
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        let mut sets = Vec::new();
        for steps in Vec::<Vec<usize>>::got(input)? {
            let (mut set, mut member) = (Entries::default(), 0_usize);
            for step in steps {
                member =
                    member.checked_add(step).filter(|member| u32::try_from(*member).is_ok())?;
                set.add(member);
            }
            sets.push(set);
        }
        Some(Self { sets })
    }
}

impl Talkers {
    pub(super) fn add(&mut self, end: Code, outcome: usize, count: u64) {
        let Some(index) = index(end) else { return };
        if self.0.len() <= index {
            self.0.resize(index + 1, [0; OUTCOMES.len()]);
        }
        if let Some(place) = self.0.get_mut(index).and_then(|counts| counts.get_mut(outcome)) {
            *place += count;
        }
    }

    pub(super) fn merge(&mut self, other: &Self, translation: &Translation) {
        for (index, counts) in other.0.iter().enumerate() {
            let code = translation.code(code_at(index));
            for (outcome, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                self.add(code, outcome, count);
            }
        }
    }

    pub(super) fn table(&self, translation: &Translation) -> Table<2> {
        let mut table = Table::default();
        for (index, counts) in self.0.iter().enumerate() {
            let code = translation.code(code_at(index));
            for (class, &count) in OUTCOMES.iter().zip(counts).filter(|(_, count)| **count > 0) {
                table.add([code, class.code()], Measure::at(count, None));
            }
        }
        table
    }
}
