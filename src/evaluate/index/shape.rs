//! The four tables of a stage: rules by whether they limit the source and the target.
//!
//! A rule whose source is `*` would stand in every row of the sources and make all of them long,
//! so it stands in a table that has no such rows.

use std::ops::ControlFlow;

use super::table::{
    Cursor, Either, Row, Rows, Rules, Table, TableBuilder, TooLarge, Trio, Unlimited,
};

/// Which dimensions a rule limits. As a number it is the table's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Neither = 0,
    Source = 1,
    Target = 2,
    Both = 3,
}

impl Shape {
    pub(super) fn new(limits_source: bool, limits_target: bool) -> Self {
        match (limits_source, limits_target) {
            (false, false) => Self::Neither,
            (true, false) => Self::Source,
            (false, true) => Self::Target,
            (true, true) => Self::Both,
        }
    }

    /// Adds a rule to the ranks of its table and says its index there.
    pub(super) fn place(self, rank: u32, ranks: &mut [Vec<u32>; 4]) -> u32 {
        let Some(ranks) = ranks.get_mut(self as usize) else { return u32::MAX };
        ranks.push(rank);
        u32::try_from(ranks.len() - 1).unwrap_or(u32::MAX)
    }

    /// The table's place among those that have rows of sources, or of targets.
    pub(super) fn lane(self) -> usize {
        usize::from(self == Self::Both)
    }
}

/// What is special about a rule of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// It matches every flow that its rows select.
    None,
    /// Something about it is not known, or not in its rows: the plain comparison settles it.
    Uncertain,
    /// It is part of a tie: the plain walk settles it.
    Tied,
}

impl Care {
    /// The same for a rule of which something more may not be known.
    pub(super) fn or_uncertain(self, is_uncertain: bool) -> Self {
        match self {
            Self::None if is_uncertain => Self::Uncertain,
            Self::None | Self::Uncertain | Self::Tied => self,
        }
    }
}

/// The rules that a flow may meet, dimension by dimension.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection<T, S> {
    /// Rows of the tables [`Shape::Source`] and [`Shape::Both`].
    pub(super) sources: [Row; 2],
    /// Rows of the tables [`Shape::Target`] and [`Shape::Both`].
    pub(super) targets: [T; 2],
    /// Rows of all four tables.
    pub(super) services: [S; 4],
}

/// A set of rules in one dimension: a row, or any of several.
pub(super) trait Chosen {
    fn rules<'a>(&'a self, table: &'a Table) -> impl Rules + 'a;
}

impl Chosen for Row {
    #[inline]
    fn rules<'a>(&'a self, table: &'a Table) -> impl Rules + 'a {
        Cursor::new(table, *self)
    }
}

impl Chosen for Rows {
    #[inline]
    fn rules<'a>(&'a self, table: &'a Table) -> impl Rules + 'a {
        Either::new(table, self)
    }
}

/// What became of the rules of a stage.
#[derive(Debug)]
pub(super) enum Indexed<I> {
    /// No rule can match.
    NoRule,
    Rows(I),
    /// Even rows of one dimension would take too much memory: the plain walk answers.
    TooLarge,
}

impl<I> Indexed<I> {
    /// The first attempt that does not take too much memory.
    pub(super) fn first_of(attempts: impl Iterator<Item = Result<Option<I>, TooLarge>>) -> Self {
        let mut attempts = attempts.filter_map(Result::ok);
        match attempts.next() {
            Some(Some(index)) => Self::Rows(index),
            Some(None) => Self::NoRule,
            None => Self::TooLarge,
        }
    }

    /// The first rule, by the index.
    #[inline]
    pub(super) fn first(&self, by_rows: impl FnOnce(&I) -> First) -> First {
        match self {
            Self::NoRule => First::Nothing,
            Self::Rows(index) => by_rows(index),
            Self::TooLarge => First::Unsure,
        }
    }

    /// All rules, by the index; `None`: any.
    pub(super) fn all(&self, by_rows: impl FnOnce(&I) -> Vec<u32>) -> Option<Vec<u32>> {
        match self {
            Self::NoRule => Some(Vec::new()),
            Self::Rows(index) => Some(by_rows(index)),
            Self::TooLarge => None,
        }
    }

    /// Bytes of memory.
    pub(super) fn size(&self, of_rows: impl FnOnce(&I) -> usize) -> usize {
        match self {
            Self::NoRule | Self::TooLarge => 0,
            Self::Rows(index) => of_rows(index),
        }
    }
}

/// The four tables, by [`Shape`].
#[derive(Debug)]
pub(super) struct Shapes {
    tables: [Table; 4],
    /// By rank.
    care: Vec<Care>,
}

/// What the tables say of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// No rule matches.
    Nothing,
    /// The first rule that matches.
    Rule(u32),
    /// Only the plain comparison of all that may match can tell.
    Unsure,
}

/// What the plain comparison says of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Confirmed {
    Matches,
    May,
    No,
}

/// How many flows are searched for at once: one bit each of a word.
pub(super) const BLOCK: usize = 64;

/// The best rules so far: one that surely matches, and one that may.
#[derive(Debug, Clone, Copy)]
struct Best {
    first: u32,
    unsure: u32,
}

impl Best {
    const NONE: Self = Self { first: u32::MAX, unsure: u32::MAX };

    #[inline]
    fn first(self) -> First {
        if self.unsure < self.first {
            First::Unsure
        } else if self.first == u32::MAX {
            First::Nothing
        } else {
            First::Rule(self.first)
        }
    }
}

impl Shapes {
    pub(super) fn new(builders: [TableBuilder; 4], care: Vec<Care>) -> Result<Self, TooLarge> {
        let [neither, source, target, both] = builders;
        let tables = [neither.finish()?, source.finish()?, target.finish()?, both.finish()?];
        Ok(Self { tables, care })
    }

    /// The first rule that matches. `is_vague`: the flow itself is not known well enough for the
    /// rows to be sure.
    #[inline]
    pub(super) fn first<T: Chosen, S: Chosen>(
        &self,
        selection: &Selection<T, S>,
        is_vague: bool,
        mut confirm: impl FnMut(u32) -> Confirmed,
    ) -> First {
        let mut best = Best::NONE;
        self.search(selection, |rank| self.visit(rank, is_vague, &mut best, &mut confirm));
        best.first()
    }

    /// Takes a rule that the rows select, in a search for the first; a break ends the visit of the
    /// table.
    #[inline]
    fn visit(
        &self,
        rank: u32,
        is_vague: bool,
        best: &mut Best,
        confirm: &mut impl FnMut(u32) -> Confirmed,
    ) -> ControlFlow<()> {
        if rank >= best.first.min(best.unsure) {
            return ControlFlow::Break(());
        }
        let care = self.care.get(rank as usize).copied().unwrap_or(Care::Tied);
        match care {
            Care::None if !is_vague => best.first = rank,
            Care::Tied => best.unsure = rank,
            Care::None | Care::Uncertain => match confirm(rank) {
                Confirmed::Matches => best.first = rank,
                Confirmed::May => best.unsure = rank,
                Confirmed::No => return ControlFlow::Continue(()),
            },
        }
        ControlFlow::Break(())
    }

    /// The first rule that matches, for each of some flows that are wholly known. `confirm` is told
    /// the flow's place and the rule's rank.
    ///
    /// One table after the other, and first the summaries of all flows' rows: no read waits for the
    /// answer of another flow, and most flows are done with then.
    pub(super) fn first_of_each(
        &self,
        selections: &[Selection<Row, Row>],
        mut confirm: impl FnMut(usize, u32) -> Confirmed,
        firsts: &mut [First],
    ) {
        let mut best = [Best::NONE; BLOCK];
        let [neither, source, target, both] = &self.tables;
        if !both.is_empty() {
            let rows = |at: &Selection<Row, Row>| Trio {
                sources: at.sources[1],
                targets: at.targets[1],
                services: at.services[3],
            };
            self.first_of_table(both, selections, rows, &mut best, &mut confirm);
        }
        if !source.is_empty() {
            let all = source.full();
            let rows = |at: &Selection<Row, Row>| Trio {
                sources: at.sources[0],
                targets: all,
                services: at.services[1],
            };
            self.first_of_table(source, selections, rows, &mut best, &mut confirm);
        }
        if !target.is_empty() {
            let all = target.full();
            let rows = |at: &Selection<Row, Row>| Trio {
                sources: all,
                targets: at.targets[0],
                services: at.services[2],
            };
            self.first_of_table(target, selections, rows, &mut best, &mut confirm);
        }
        if !neither.is_empty() {
            let all = neither.full();
            let rows = |at: &Selection<Row, Row>| Trio {
                sources: all,
                targets: all,
                services: at.services[0],
            };
            self.first_of_table(neither, selections, rows, &mut best, &mut confirm);
        }
        for (first, best) in firsts.iter_mut().zip(best) {
            *first = best.first();
        }
    }

    #[inline]
    fn first_of_table(
        &self,
        table: &Table,
        selections: &[Selection<Row, Row>],
        rows: impl Fn(&Selection<Row, Row>) -> Trio,
        best: &mut [Best; BLOCK],
        confirm: &mut impl FnMut(usize, u32) -> Confirmed,
    ) {
        let mut shared = [0; BLOCK];
        for block in 0..table.blocks() {
            for (shared, selection) in shared.iter_mut().zip(selections) {
                *shared = table.shared(block, rows(selection));
            }
            let lowest = table.first_rank(block);
            for (place, ((selection, &shared), best)) in
                selections.iter().zip(&shared).zip(&mut *best).enumerate()
            {
                if shared == 0 || best.first.min(best.unsure) < lowest {
                    continue;
                }
                let _ = table.search_block(block, shared, rows(selection), |rank| {
                    self.visit(rank, false, best, &mut |rank| confirm(place, rank))
                });
            }
        }
    }

    /// The ranks of all rules that match or may match, ascending.
    pub(super) fn all<T: Chosen, S: Chosen>(&self, selection: &Selection<T, S>) -> Vec<u32> {
        let mut ranks = Vec::new();
        self.search(selection, |rank| {
            ranks.push(rank);
            ControlFlow::Continue(())
        });
        ranks.sort_unstable();
        ranks
    }

    /// Visits the rules of one table after the other; a break ends the visit of a table only.
    #[inline]
    fn search<T: Chosen, S: Chosen>(
        &self,
        selection: &Selection<T, S>,
        mut visit: impl FnMut(u32) -> ControlFlow<()>,
    ) {
        let [neither, source, target, both] = &self.tables;
        let [source_of_source, source_of_both] = selection.sources;
        let [target_of_target, target_of_both] = &selection.targets;
        let [of_neither, of_source, of_target, of_both] = &selection.services;
        if !both.is_empty() {
            let sources = Cursor::new(both, source_of_both);
            let (targets, services) = (target_of_both.rules(both), of_both.rules(both));
            let _ = both.search(sources, targets, services, &mut visit);
        }
        if !source.is_empty() {
            let sources = Cursor::new(source, source_of_source);
            let _ = source.search(sources, Unlimited, of_source.rules(source), &mut visit);
        }
        if !target.is_empty() {
            let targets = target_of_target.rules(target);
            let _ = target.search(Unlimited, targets, of_target.rules(target), &mut visit);
        }
        if !neither.is_empty() {
            let services = of_neither.rules(neither);
            let _ = neither.search(Unlimited, Unlimited, services, &mut visit);
        }
    }

    /// The rows of all rules in the tables that limit the target.
    pub(super) fn every_target(&self) -> [Row; 2] {
        let [_, _, target, both] = &self.tables;
        [target.full(), both.full()]
    }

    /// The rows of all rules.
    pub(super) fn every_service(&self) -> [Row; 4] {
        self.tables.each_ref().map(Table::full)
    }

    /// Bytes of memory.
    pub(super) fn size(&self) -> usize {
        self.tables.iter().map(Table::size).sum::<usize>() + self.care.len()
    }
}
