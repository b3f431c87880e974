//! Log records → small coded tables → polars → plain summaries. No other module names polars.
//!
//! Records are counted one by one into aggregate tables whose size depends on how many different
//! values there are; polars then groups, joins, sorts and cuts the aggregated tables.

mod activity;
mod attempts;
mod coding;
mod compare;
mod counter;
mod counts;
mod cube;
mod denied;
mod denied_groups;
mod dictionary;
mod drops;
mod duplicates;
mod durations;
mod ends;
mod finish;
mod frame;
mod gaps;
mod head_ports;
mod parts;
mod repeats;
mod row;
mod rule_use;
mod rules;
mod spill;
mod state;
mod stored;
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
pub use durations::Durations;
pub use finish::{Options, SummaryError};
pub use gaps::{Gap, Presence};
pub use parts::{PartKind, PartUse, RulePart, rule_parts};
pub use spill::{MakeScratch, Memory, Scratch};
pub use state::KEPT_HOURS;
pub use stored::Stored;
pub use summary::{
    AggregationRow, AnswerRow, CategoryRow, Coverage, DeniedGroupRow, DeniedRow, DeniedTargetRow,
    DnatRow, DnsSummary, FailingRow, HourRow, IdpsRow, IdpsTotal, Input, LoggedRule, NamedRow,
    PolicyRule, PolicyRuleUse, PolicyUse, PortRow, RejectedExample, RuleRow, Seen, SlowRow,
    SourceGroup, Summary, TalkerRow, ThreatRow, Top, Totals, UnresolvedRow, WebRow,
};
pub use tally::{Plan, Tally};
