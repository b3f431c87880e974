//! Counting into cells, within bounds: longer steps where there is more time, and the connections
//! with the fewest records added up where there are too many.

use std::collections::BTreeMap;

use crate::tables::dictionary::{ABSENT, Code, CodeMap, OTHERS, Translation};
use crate::tables::row::{Class, Field, Row};

use super::CellClass;

const MINUTE_US: i64 = 60_000_000;
/// Widths of a step in minutes: each is a multiple of the one before. Beyond, they double.
const WIDTHS: [i64; 9] = [1, 5, 15, 60, 180, 360, 720, 1_440, 10_080];
/// The place of the hour among them: wider steps are for long times alone.
const HOUR: usize = 3;
/// More steps than this are no easier to read.
const FINE_STEPS_MAX: i32 = 150;
/// More cells than this are not worth a finer time line.
const FINE_CELLS_MAX: usize = 40_000;
/// A chart has no room for more, and wrong clocks must not make more.
const STEPS_MAX: i32 = 2_000;
/// So many cells are counted apart; beyond that, half of them are added up.
const CELLS_MAX: usize = 1_000_000;
/// So many steps of all rules together; beyond that, their steps become longer.
const RULE_STEPS_MAX: usize = 500_000;

/// A place on the time line, counted from 1970 on.
pub(super) type Step = i32;

/// The place of records without a time.
const UNTIMED: Step = Step::MIN;

/// What a cell is about. The order is by connection, then by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) class: CellClass,
    /// Source, target, port, protocol, and the three parts of what decided.
    pub(super) codes: [Code; 7],
    step: Step,
}

impl Key {
    pub(super) fn step(&self) -> Option<Step> {
        (self.step != UNTIMED).then_some(self.step)
    }

    pub(super) fn is_same_connection(&self, other: &Self) -> bool {
        self.class == other.class && self.codes == other.codes
    }
}

/// How much is kept apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) cells: usize,
    pub(super) rule_steps: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { cells: CELLS_MAX, rule_steps: RULE_STEPS_MAX }
    }
}

#[derive(Debug, Default)]
pub(super) struct Cells {
    counted: CodeMap<Key, u64>,
    /// Of connections that were let go, by step and class.
    rest: BTreeMap<(Step, CellClass), u64>,
    /// Of allowed, of denied by a rule and of translations: all of them, by step and rule.
    rules: CodeMap<(Step, [Code; 3]), u64>,
    /// Place in [`WIDTHS`].
    width: usize,
    /// Of the steps of rules.
    rules_width: usize,
    /// First and last step.
    span: Option<(Step, Step)>,
    bounds: Bounds,
}

fn minutes(width: usize) -> i64 {
    let doubled = || 10_080_i64 << (width + 1 - WIDTHS.len()).min(24);
    WIDTHS.get(width).copied().unwrap_or_else(doubled)
}

fn step_of(time_us: i64, width: usize) -> Step {
    let step = time_us.div_euclid(minutes(width) * MINUTE_US);
    Step::try_from(step).unwrap_or(Step::MAX)
}

/// From steps of one width to those of a wider one.
fn widened(step: Step, from: usize, to: usize) -> Step {
    if step == UNTIMED {
        return step;
    }
    let times = minutes(to) / minutes(from);
    Step::try_from(i64::from(step).div_euclid(times)).unwrap_or(step)
}

impl Cells {
    pub(super) fn within(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    pub(super) fn add(&mut self, row: &Row<'_>) {
        let Some(class) = CellClass::of(row) else { return };
        let step = row.event.time.map(|time| step_of(time, self.width));
        let decided = match row.head.class {
            Class::Idps => [Field::SignatureId, Field::SignatureCategory, Field::SignatureText],
            Class::ThreatAlert | Class::ThreatDenied => [Field::Threat; 3],
            Class::Allowed
            | Class::DeniedByRule
            | Class::DeniedByDefault
            | Class::Dnat
            | Class::Dns
            | Class::DnsFailure
            | Class::FlowTrace
            | Class::FatFlow
            | Class::Aggregation
            | Class::Unstated => [Field::Group, Field::Collection, Field::Rule],
        };
        let rule = row.key(decided);
        let ends = [Field::Source, Field::Target, Field::DestinationPort, Field::Protocol];
        let [source, target, port, protocol] = row.key(ends);
        let [first, second, third] = rule;
        let codes = [source, target, port, protocol, first, second, third];
        let place = step.unwrap_or(UNTIMED);
        if source == OTHERS || target == OTHERS {
            *self.rest.entry((place, class)).or_default() += 1;
        } else {
            *self.counted.entry(Key { class, codes, step: place }).or_default() += 1;
        }
        let is_ruled =
            matches!(class, CellClass::Allowed | CellClass::DeniedByRule | CellClass::Dnat);
        if let Some(time) = row.event.time.filter(|_| is_ruled && third != ABSENT) {
            *self.rules.entry((step_of(time, self.rules_width), rule)).or_default() += 1;
        }
        if let Some(step) = step {
            let (first, last) = self.span.unwrap_or((step, step));
            self.span = Some((first.min(step), last.max(step)));
        }
        self.keep_within();
    }

    fn keep_within(&mut self) {
        while self.is_too_fine() {
            self.widen();
        }
        while self.rules.len() > self.bounds.rule_steps && minutes(self.rules_width) < 1 << 22 {
            self.widen_rules(self.rules_width + 1);
        }
        if self.counted.len() > self.bounds.cells {
            self.let_go();
        }
    }

    pub(super) fn seconds(&self) -> i64 {
        minutes(self.width) * 60
    }

    /// First and last step.
    pub(super) fn span(&self) -> Option<(Step, Step)> {
        self.span
    }

    /// What a finer time line would cost is asked of all records so far, so their order is nothing.
    fn is_too_fine(&self) -> bool {
        let steps = self.span.map_or(0, |(first, last)| last.saturating_sub(first));
        if self.width < HOUR {
            return steps >= FINE_STEPS_MAX || self.counted.len() > FINE_CELLS_MAX;
        }
        steps >= STEPS_MAX
    }

    fn widen(&mut self) {
        let (from, to) = (self.width, self.width + 1);
        self.width = to;
        self.span =
            self.span.map(|(first, last)| (widened(first, from, to), widened(last, from, to)));
        let cells = std::mem::take(&mut self.counted);
        for (key, count) in cells {
            let key = Key { step: widened(key.step, from, to), ..key };
            *self.counted.entry(key).or_default() += count;
        }
        let rest = std::mem::take(&mut self.rest);
        for ((step, class), count) in rest {
            *self.rest.entry((widened(step, from, to), class)).or_default() += count;
        }
        if self.rules_width < to {
            self.widen_rules(to);
        }
    }

    fn widen_rules(&mut self, to: usize) {
        let from = self.rules_width;
        self.rules_width = to;
        let rules = std::mem::take(&mut self.rules);
        for ((step, rule), count) in rules {
            *self.rules.entry((widened(step, from, to), rule)).or_default() += count;
        }
    }

    /// Adds up the connections with the fewest records, which hold half of the cells.
    pub(super) fn let_go(&mut self) {
        let mut cells: Vec<(Key, u64)> = self.counted.drain().collect();
        cells.sort_unstable();
        let mut sizes: Vec<(u64, usize)> =
            connections(&cells).map(|cells| (records(cells), cells.len())).collect();
        sizes.sort_unstable();
        let mut passed = 0;
        let middle = sizes.iter().find(|(_, count)| {
            passed += count;
            passed * 2 >= cells.len()
        });
        let fewest = middle.map_or(0, |(records, _)| *records);
        for connection in connections(&cells) {
            if records(connection) > fewest {
                self.counted.extend(connection.iter().copied());
                continue;
            }
            for (key, count) in connection {
                *self.rest.entry((key.step, key.class)).or_default() += count;
            }
        }
    }

    /// Cells with the codes of another dictionary, by connection and time.
    pub(super) fn translated(&self, translation: &Translation) -> Vec<(Key, u64)> {
        let translated = |key: &Key| Key { codes: translation.codes(key.codes), ..*key };
        let cells = self.counted.iter().map(|(key, count)| (translated(key), *count));
        let mut cells: Vec<(Key, u64)> = cells.collect();
        cells.sort_unstable();
        cells
    }

    /// What was let go, by class and step.
    pub(super) fn rest(&self) -> BTreeMap<(CellClass, Option<Step>), u64> {
        let place = |step: Step| (step != UNTIMED).then_some(step);
        self.rest.iter().map(|((step, class), count)| ((*class, place(*step)), *count)).collect()
    }

    /// Steps of rules, as steps of cells.
    pub(super) fn rules(&self) -> impl Iterator<Item = (Step, [Code; 3], u64)> {
        let times = minutes(self.rules_width) / minutes(self.width);
        self.rules.iter().map(move |((step, rule), count)| {
            let step = Step::try_from(i64::from(*step) * times).unwrap_or(*step);
            (step, *rule, *count)
        })
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, usize) {
        (self.counted.len(), self.rules.len())
    }
}

/// Cells of one connection each, of cells in their order.
pub(super) fn connections(cells: &[(Key, u64)]) -> impl Iterator<Item = &[(Key, u64)]> {
    cells.chunk_by(|(a, _), (b, _)| a.is_same_connection(b))
}

pub(super) fn records(connection: &[(Key, u64)]) -> u64 {
    connection.iter().map(|(_, count)| count).sum()
}
