//! Log records → small coded tables → polars → plain summaries. No other module names polars.
//!
//! Records are counted one by one into aggregate tables whose size depends on how many different
//! values there are; polars then groups, joins, sorts and cuts the aggregated tables.

mod attempts;
mod coding;
mod compare;
mod counter;
mod counts;
mod cube;
mod dictionary;
mod drops;
mod duplicates;
mod finish;
mod frame;
mod gaps;
mod row;
mod rules;
mod summary;
mod tally;
mod traffic;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

pub use compare::{Comparison, GROWN_TIMES, Pair, PairChange, Pairs, RuleChange};
pub use counter::{Account, Batch, Coder};
pub use cube::{Cell, CellClass, CellEnds, Cube, CubeTally};
pub use drops::Drops;
pub use finish::{Options, SummaryError};
pub use gaps::{Gap, Presence};
pub use summary::{
    AggregationRow, AnswerRow, CategoryRow, Coverage, DeniedRow, DeniedTargetRow, DnatRow,
    DnsSummary, FailingRow, HourRow, IdpsRow, IdpsTotal, Input, LoggedRule, PolicyRule,
    PolicyRuleUse, PolicyUse, PortRow, RejectedExample, RuleRow, Seen, Summary, TalkerRow,
    ThreatRow, Top, Totals, UnresolvedRow,
};
pub use tally::{HELD_MAX, Tally};
