//! Who talks: the connections of each end, and the rules that it met.
//!
//! Ends are entries of a dictionary, which are numbered from zero, so places in a list do for tables.
//! All that is counted of an end lies together: a record of it costs one line of a processor's cache.

use super::counts::RuleKey;
use super::dictionary::{Code, CodeMap, Translation, code_at, index};
use super::row::Class;
use super::stored::Stored;

/// What becomes of a connection.
pub(super) const OUTCOMES: [Class; 3] =
    [Class::Allowed, Class::DeniedByRule, Class::DeniedByDefault];

/// Connections by what became of them: [`OUTCOMES`].
pub(super) type Outcomes = [u64; OUTCOMES.len()];

/// What a record says of its ends.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Met {
    /// The number of the rule.
    pub(super) rule: Option<u32>,
    /// The place among [`OUTCOMES`] of what became of the connection.
    pub(super) outcome: Option<usize>,
}

impl Met {
    pub(super) fn is_any(self) -> bool {
        self.rule.is_some() || self.outcome.is_some()
    }
}

/// The ends at one side of connections.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends {
    /// By dictionary entry: the place of what is counted of it, plus one; zero where nothing is.
    places: Vec<u32>,
    counted: Vec<End>,
    /// Rules that have no bit in an end itself, by its place and their block.
    far: CodeMap<[u32; 2], [u64; FAR_WORDS]>,
    far_blocks: u32,
}

/// What is counted of an end.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct End {
    outcomes: Outcomes,
    /// A bit for each of the first rules that it met.
    rules: [u64; NEAR_WORDS],
}

const WORD_BITS: u32 = u64::BITS;
const NEAR_WORDS: usize = 5;
const FAR_WORDS: usize = 8;
const NEAR_RULES: u32 = WORD_BITS * 5;
const FAR_RULES: u32 = WORD_BITS * 8;

/// Sets the bit of a rule.
#[inline]
fn set(words: &mut [u64], rule: u32) {
    if let Some(word) = words.get_mut((rule / WORD_BITS) as usize) {
        *word |= 1 << (rule % WORD_BITS);
    }
}

/// Shows the places of bits, counted from `first`.
fn each_bit(words: &[u64], first: u32, see: &mut impl FnMut(u32)) {
    for (start, &word) in (first..).step_by(WORD_BITS as usize).zip(words) {
        let mut rest = word;
        while rest != 0 {
            see(start + rest.trailing_zeros());
            rest &= rest - 1;
        }
    }
}

impl Ends {
    /// Counts a record. What is no dictionary entry is not counted.
    ///
    /// Short, so that a processor sees many calls ahead and waits for memory once for all of them.
    #[inline]
    pub(super) fn add(&mut self, end: Code, met: Met) {
        if !met.is_any() {
            return;
        }
        let Some(place) = index(end).map(|index| self.place(index)) else { return };
        let Some(end) = self.counted.get_mut(place as usize) else { return };
        if let Some(count) = met.outcome.and_then(|outcome| end.outcomes.get_mut(outcome)) {
            *count += 1;
        }
        match met.rule {
            Some(rule) if rule < NEAR_RULES => set(&mut end.rules, rule),
            Some(rule) => self.add_far(place, rule),
            None => {}
        }
    }

    #[cold]
    fn add_far(&mut self, place: u32, rule: u32) {
        let rule = rule - NEAR_RULES;
        let block = rule / FAR_RULES;
        self.far_blocks = self.far_blocks.max(block + 1);
        set(self.far.entry([place, block]).or_default(), rule % FAR_RULES);
    }

    /// The place of a dictionary entry, a new one if it has none.
    #[inline]
    fn place(&mut self, index: usize) -> u32 {
        let place = self.places.get(index).and_then(|place| place.checked_sub(1));
        place.unwrap_or_else(|| self.new_place(index))
    }

    #[cold]
    fn new_place(&mut self, index: usize) -> u32 {
        if self.places.len() <= index {
            self.places.resize(index + 1, 0);
        }
        let place = u32::try_from(self.counted.len()).unwrap_or(u32::MAX - 1);
        self.counted.push(End::default());
        if let Some(own) = self.places.get_mut(index) {
            *own = place + 1;
        }
        place
    }

    /// Shows every end: its dictionary entry and its place.
    fn each_place(&self) -> impl Iterator<Item = (usize, u32)> {
        let places = self.places.iter().enumerate();
        places.filter_map(|(index, place)| Some((index, place.checked_sub(1)?)))
    }

    /// Shows the rules that the end at a place met, in the order of their numbers.
    fn rules_of(&self, place: u32, mut see: impl FnMut(u32)) {
        if let Some(end) = self.counted.get(place as usize) {
            each_bit(&end.rules, 0, &mut see);
        }
        for block in 0..self.far_blocks {
            if let Some(words) = self.far.get(&[place, block]) {
                each_bit(words, NEAR_RULES + block * FAR_RULES, &mut see);
            }
        }
    }

    /// Shows every rule of every end.
    pub(super) fn each_rule(&self, mut see: impl FnMut(u32, Code)) {
        for (index, place) in self.each_place() {
            self.rules_of(place, |rule| see(rule, code_at(index)));
        }
    }

    /// How many such ends met each of so many rules.
    pub(super) fn of_rules(&self, rules: usize, is_such: impl Fn(Code) -> bool) -> Vec<u64> {
        let mut ends = vec![0; rules];
        for (_, place) in self.each_place().filter(|(index, _)| is_such(code_at(*index))) {
            self.rules_of(place, |rule| {
                if let Some(count) = ends.get_mut(rule as usize) {
                    *count += 1;
                }
            });
        }
        ends
    }

    /// Every end that has a connection, with what became of those.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = (Code, Outcomes)> {
        let outcomes = self.each_place().filter_map(|(index, place)| {
            let end = self.counted.get(place as usize)?;
            Some((code_at(index), end.outcomes))
        });
        outcomes.filter(|(_, outcomes)| outcomes.iter().any(|count| *count > 0))
    }

    /// Takes over what `other` has counted, whose rules have these `rules` as numbers here.
    pub(super) fn merge(&mut self, other: &Self, rules: &[u32], translation: &Translation) {
        for (from, place) in other.each_place() {
            let Some(to) = index(translation.code(code_at(from))).map(|index| self.place(index))
            else {
                continue;
            };
            let (Some(end), Some(counted)) =
                (self.counted.get_mut(to as usize), other.counted.get(place as usize))
            else {
                continue;
            };
            end.outcomes.iter_mut().zip(counted.outcomes).for_each(|(sum, count)| *sum += count);
            other.rules_of(place, |rule| match rules.get(rule as usize) {
                Some(&rule) if rule < NEAR_RULES => {
                    if let Some(end) = self.counted.get_mut(to as usize) {
                        set(&mut end.rules, rule);
                    }
                }
                Some(&rule) => self.add_far(to, rule),
                None => {}
            });
        }
    }

    /// As bytes, with other `numbers` for the rules.
    pub(super) fn put(&self, numbers: &[u32], out: &mut Vec<u8>) {
        self.counted.len().put(out);
        let mut before = 0;
        for (index, place) in self.each_place() {
            (index - std::mem::replace(&mut before, index)).put(out);
            self.counted.get(place as usize).map(|end| end.outcomes).unwrap_or_default().put(out);
            let mut rules = Vec::new();
            self.rules_of(place, |rule| rules.extend(numbers.get(rule as usize).copied()));
            rules.sort_unstable();
            let before = std::iter::once(0).chain(rules.iter().copied());
            let steps: Vec<u32> =
                rules.iter().zip(before).map(|(rule, before)| rule - before).collect();
            steps.put(out);
        }
    }
}

/// As [`Ends::put`] writes them.
impl Ends {
    pub(super) fn got(input: &mut &[u8]) -> Option<Self> {
        let mut ends = Self::default();
        let mut index = 0_usize;
        for _ in 0..usize::got(input)? {
            let step = usize::got(input)?;
            index = index.checked_add(step).filter(|index| u32::try_from(*index).is_ok())?;
            let outcomes = Outcomes::got(input)?;
            let place = ends.place(index);
            ends.counted.get_mut(place as usize)?.outcomes = outcomes;
            let mut rule = 0_u32;
            for step in Vec::<u32>::got(input)? {
                rule = rule.checked_add(step)?;
                ends.add(code_at(index), Met { rule: Some(rule), outcome: None });
            }
        }
        Some(ends)
    }
}

/// Both sides of connections, with the rules that they met, in the codes of a summary.
#[derive(Debug, Clone, Default)]
pub(super) struct RuleEnds {
    pub(super) rules: Vec<RuleKey>,
    pub(super) sources: Ends,
    pub(super) targets: Ends,
    pub(super) translation: Translation,
}

impl RuleEnds {
    /// Each rule with the sources and the targets that it has seen.
    pub(super) fn of_rules(&self) -> impl Iterator<Item = (RuleKey, [Vec<Code>; 2])> {
        let mut seen = vec![[Vec::new(), Vec::new()]; self.rules.len()];
        for (side, ends) in [&self.sources, &self.targets].into_iter().enumerate() {
            ends.each_rule(|rule, end| {
                let list = seen.get_mut(rule as usize).and_then(|sides| sides.get_mut(side));
                if let Some(list) = list {
                    list.push(self.translation.code(end));
                }
            });
        }
        self.rules.iter().copied().zip(seen)
    }

    /// How many sources and targets each rule has seen.
    pub(super) fn counts(&self) -> CodeMap<RuleKey, [u64; 2]> {
        let all = |ends: &Ends| ends.of_rules(self.rules.len(), |_| true);
        let sides = all(&self.sources).into_iter().zip(all(&self.targets)).map(<[u64; 2]>::from);
        self.rules.iter().copied().zip(sides).collect()
    }

    /// How many of the targets of each rule are such.
    pub(super) fn targets(&self, is_such: impl Fn(Code) -> bool) -> CodeMap<RuleKey, u64> {
        let is_such = |code| is_such(self.translation.code(code));
        let counts = self.targets.of_rules(self.rules.len(), is_such);
        self.rules.iter().copied().zip(counts).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    /// What is to be counted: outcomes, and numbers of rules.
    type Counted = BTreeMap<Code, (Outcomes, BTreeSet<u32>)>;

    fn counted(ends: &Ends) -> Counted {
        let mut all = Counted::new();
        for (code, outcomes) in ends.outcomes() {
            all.entry(code).or_default().0 = outcomes;
        }
        ends.each_rule(|rule, code| {
            assert!(all.entry(code).or_default().1.insert(rule), "seen twice");
        });
        all
    }

    fn records() -> impl Strategy<Value = Vec<(usize, Option<u32>, Option<usize>)>> {
        let rule = prop_oneof![0..8_u32, 300..340_u32, 0..3_000_u32];
        let record = (0..40_usize, proptest::option::of(rule), proptest::option::of(0..3_usize));
        proptest::collection::vec(record, 0..80)
    }

    fn of(records: &[(usize, Option<u32>, Option<usize>)]) -> (Ends, Counted) {
        let (mut ends, mut expected) = (Ends::default(), Counted::new());
        for &(end, rule, outcome) in records {
            ends.add(code_at(end), Met { rule, outcome });
            if rule.is_none() && outcome.is_none() {
                continue;
            }
            let (outcomes, rules) = expected.entry(code_at(end)).or_default();
            if let Some(outcome) = outcome {
                outcomes[outcome] += 1;
            }
            rules.extend(rule);
        }
        (ends, expected)
    }

    proptest! {
        #[test]
        fn what_is_counted_is_there_and_comes_back(records in records()) {
            let (ends, expected) = of(&records);
            prop_assert_eq!(counted(&ends), expected.clone());
            let numbers: Vec<u32> = (0..3_000).collect();
            let mut bytes = Vec::new();
            ends.put(&numbers, &mut bytes);
            let mut input = &bytes[..];
            let again = Ends::got(&mut input).unwrap();
            prop_assert!(input.is_empty());
            prop_assert_eq!(counted(&again), expected.clone());
            let mut of_rules = vec![0; 3_000];
            expected.values().flat_map(|(_, rules)| rules).for_each(|rule| of_rules[*rule as usize] += 1);
            prop_assert_eq!(ends.of_rules(3_000, |_| true), of_rules);
        }

        #[test]
        fn merging_is_counting_together(first in records(), second in records()) {
            let (mut ends, _) = of(&first);
            let (other, _) = of(&second);
            // The rules of the other are numbered the other way round.
            let turned: Vec<u32> = (0..3_000).rev().collect();
            ends.merge(&other, &turned, &Translation::default());
            let turn = |(end, rule, outcome): &(usize, Option<u32>, Option<usize>)| {
                (*end, rule.map(|rule| 2_999 - rule), *outcome)
            };
            let both: Vec<_> = first.iter().copied().chain(second.iter().map(turn)).collect();
            prop_assert_eq!(counted(&ends), of(&both).1);
        }
    }
}
