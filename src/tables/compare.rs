//! Two sets of logs side by side: connections and rules that are new, gone or grown.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use smol_str::SmolStr;

use super::coding::Coding;
use super::counts::RULE;
use super::dictionary::{ABSENT, Code, CodeMap, as_number};
use super::duplicates::{self, Duplicates, Sought};
use super::finish::SummaryError;
use super::row::{Class, Field, Row};
use super::spill::Memory;
use super::summary::LoggedRule;
use crate::logs::LogRecord;
use crate::net::AddressNames;

/// Connections that are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    pub source: Option<SmolStr>,
    /// The destination address, else the name.
    pub target: Option<SmolStr>,
    pub port: Option<u16>,
    pub protocol: Option<SmolStr>,
    pub is_denied: bool,
}

/// What one set of logs holds of connections.
#[derive(Debug)]
pub struct Pairs {
    coding: Coding,
    duplicates: Duplicates,
    counted: Counted,
}

#[derive(Debug, Default)]
struct Counted {
    pairs: CodeMap<[Code; 5], u64>,
    rules: CodeMap<[Code; 4], u64>,
    connections: u64,
    first: Option<i64>,
    last: Option<i64>,
}

impl Default for Pairs {
    fn default() -> Self {
        Self::new(&Memory::default())
    }
}

impl Pairs {
    /// No pairs yet. Records that wait for others take so much memory.
    #[must_use]
    pub fn new(memory: &Memory) -> Self {
        let duplicates = Duplicates::new(Sought::PairsAndRepeats, memory);
        Self { coding: Coding::default(), duplicates, counted: Counted::default() }
    }

    /// Counts one record. Events that stand in it twice count once.
    pub fn push(&mut self, record: &LogRecord) {
        let event = self.coding.event(record);
        let Self { coding, duplicates, counted } = self;
        let Some(row) = coding.row(event) else { return };
        if !duplicates.keeps(&row, coding) {
            counted.add(&row);
        }
    }

    fn finish(mut self) -> io::Result<Side> {
        let Self { coding, duplicates, counted } = &mut self;
        duplicates::settle(&mut [(None, duplicates)], coding, |events| {
            events.iter().filter_map(|event| coding.row(*event)).for_each(|row| counted.add(&row));
        })?;
        let text = |code: Code| self.coding.dictionary.show(code);
        let pair = |key: &[Code; 5]| {
            let [source, target, port, protocol, class] = *key;
            Pair {
                source: text(source),
                target: text(target),
                port: as_number(port),
                protocol: text(protocol),
                is_denied: class != Class::Allowed.code(),
            }
        };
        let rule = |key: &[Code; 4]| {
            let [policy, group, collection, rule] = key.map(text);
            LoggedRule { policy, group, collection, rule: rule.unwrap_or_default() }
        };
        let mut pairs: BTreeMap<Pair, u64> = BTreeMap::new();
        for (key, count) in &self.counted.pairs {
            *pairs.entry(pair(key)).or_default() += count;
        }
        let rules = self.counted.rules.iter().map(|(key, count)| (rule(key), *count)).collect();
        let span =
            self.counted.last.zip(self.counted.first).map_or(0, |(last, first)| last - first);
        Ok(Side {
            pairs,
            rules,
            connections: self.counted.connections,
            hours: u64::try_from(span / HOUR_US).unwrap_or(0) + 1,
        })
    }
}

const HOUR_US: i64 = 3_600_000_000;

impl Counted {
    fn add(&mut self, row: &Row<'_>) {
        match row.head.class {
            Class::Allowed | Class::DeniedByRule | Class::DeniedByDefault => {}
            Class::ThreatAlert
            | Class::ThreatDenied
            | Class::Idps
            | Class::Dnat
            | Class::Dns
            | Class::DnsFailure
            | Class::FlowTrace
            | Class::FatFlow
            | Class::Aggregation
            | Class::Unstated => return,
        }
        self.connections += 1;
        self.first = [self.first, row.event.time].into_iter().flatten().min();
        self.last = self.last.max(row.event.time);
        let key =
            [Field::Source, Field::Target, Field::DestinationPort, Field::Protocol, Field::Class];
        *self.pairs.entry(row.key(key)).or_default() += 1;
        if row.get(Field::Rule) != ABSENT {
            *self.rules.entry(row.key(RULE)).or_default() += 1;
        }
    }
}

struct Side {
    pairs: BTreeMap<Pair, u64>,
    rules: BTreeMap<LoggedRule, u64>,
    connections: u64,
    hours: u64,
}

/// Connections of one pair before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairChange {
    pub pair: Pair,
    /// What its ends are called, see [`Comparison::name`].
    pub source_name: Option<SmolStr>,
    pub target_name: Option<SmolStr>,
    pub before: u64,
    pub after: u64,
}

/// Hits of a rule before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleChange {
    pub rule: LoggedRule,
    pub before: u64,
    pub after: u64,
    /// Thousandths of all connections.
    pub share_before: u64,
    pub share_after: u64,
}

/// What two sets of logs differ in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    pub connections_before: u64,
    pub connections_after: u64,
    /// From the first to the last connection, begun hours counted.
    pub hours_before: u64,
    pub hours_after: u64,
    /// Most connections first.
    pub new: Vec<PairChange>,
    pub gone: Vec<PairChange>,
    /// Connections per hour at least [`GROWN_TIMES`] as many.
    pub grown: Vec<PairChange>,
    /// Rules whose share changed by a percentage point, or that were hit in one of the two only.
    pub rules: Vec<RuleChange>,
}

/// How many times as many connections per hour make a pair grown.
pub const GROWN_TIMES: u64 = 3;
/// Fewer connections than this are chance.
const GROWN_MIN: u64 = 10;
/// One percentage point, in thousandths.
const SHARE_MIN: u64 = 10;

impl Comparison {
    /// Says what the addresses are called.
    pub fn name(&mut self, names: &AddressNames) {
        let name = |end: &Option<SmolStr>| {
            let address = end.as_ref()?.parse().ok()?;
            names.name(address).cloned()
        };
        for change in self.new.iter_mut().chain(&mut self.gone).chain(&mut self.grown) {
            change.source_name = name(&change.pair.source);
            change.target_name = name(&change.pair.target);
        }
    }

    /// Compares `after` with `before`.
    ///
    /// # Errors
    ///
    /// Fails where a temporary file cannot be used.
    pub fn new(before: Pairs, after: Pairs) -> Result<Self, SummaryError> {
        let (before, after) = (before.finish()?, after.finish()?);
        let change = |pair: &Pair| PairChange {
            pair: pair.clone(),
            source_name: None,
            target_name: None,
            before: before.pairs.get(pair).copied().unwrap_or(0),
            after: after.pairs.get(pair).copied().unwrap_or(0),
        };
        let is_grown = |change: &PairChange| {
            let (was, is) = (u128::from(change.before), u128::from(change.after));
            let was = was * u128::from(after.hours) * u128::from(GROWN_TIMES);
            change.before > 0 && change.after >= GROWN_MIN && is * u128::from(before.hours) >= was
        };
        let of_after: Vec<PairChange> = after.pairs.keys().map(change).collect();
        let of_before = before.pairs.keys().map(change);
        Ok(Self {
            connections_before: before.connections,
            connections_after: after.connections,
            hours_before: before.hours,
            hours_after: after.hours,
            new: sorted(of_after.iter().filter(|change| change.before == 0).cloned().collect()),
            gone: sorted(of_before.filter(|change| change.after == 0).collect()),
            grown: sorted(of_after.into_iter().filter(is_grown).collect()),
            rules: rules(&before, &after),
        })
    }
}

fn sorted(mut changes: Vec<PairChange>) -> Vec<PairChange> {
    changes.sort_by(|a, b| {
        let key = |change: &PairChange| Reverse(change.after.max(change.before));
        key(a).cmp(&key(b)).then_with(|| a.pair.cmp(&b.pair))
    });
    changes
}

fn rules(before: &Side, after: &Side) -> Vec<RuleChange> {
    let share = |hits: u64, all: u64| (hits.saturating_mul(1000)).checked_div(all).unwrap_or(0);
    let all: BTreeSet<&LoggedRule> = before.rules.keys().chain(after.rules.keys()).collect();
    let mut changes: Vec<RuleChange> = all
        .into_iter()
        .map(|rule| {
            let hits = |side: &Side| side.rules.get(rule).copied().unwrap_or(0);
            let (was, is) = (hits(before), hits(after));
            RuleChange {
                rule: rule.clone(),
                before: was,
                after: is,
                share_before: share(was, before.connections),
                share_after: share(is, after.connections),
            }
        })
        .filter(|change| {
            let difference = change.share_after.abs_diff(change.share_before);
            difference >= SHARE_MIN || (change.before == 0) != (change.after == 0)
        })
        .collect();
    changes.sort_by_key(|change| Reverse(change.share_after.abs_diff(change.share_before)));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::{LoggedAction, RecordKind};
    use crate::tables::sample::{as_legacy, by, flow};

    fn allow(at: f64, text: &str, rule: &str) -> LogRecord {
        by(flow(RecordKind::Network, at, text), LoggedAction::Allow, rule)
    }

    fn pairs(records: &[LogRecord]) -> Pairs {
        let mut pairs = Pairs::default();
        for record in records {
            pairs.push(record);
        }
        pairs
    }

    #[test]
    fn pairs_are_new_gone_or_grown() {
        let (a, b, c) = (
            "tcp 10.0.1.4:1 -> 192.0.2.1:443",
            "tcp 10.0.1.4:1 -> 192.0.2.2:443",
            "tcp 10.0.1.5:1 -> 192.0.2.3:22",
        );
        let before = [allow(0.0, a, "g/c/web"), allow(1.0, b, "g/c/old")];
        let mut after: Vec<LogRecord> =
            (0..12).map(|index| allow(f64::from(index), a, "g/c/web")).collect();
        after.push(allow(20.0, c, "g/c/ssh"));
        after.push(as_legacy(allow(20.0, c, "g/c/ssh")));
        let comparison = Comparison::new(pairs(&before), pairs(&after)).unwrap();
        let shown = |changes: &[PairChange]| -> Vec<(String, u64, u64)> {
            let target = |change: &PairChange| change.pair.target.clone().unwrap().to_string();
            changes.iter().map(|change| (target(change), change.before, change.after)).collect()
        };
        assert_eq!(shown(&comparison.new), [("192.0.2.3".to_owned(), 0, 1)]);
        assert_eq!(shown(&comparison.gone), [("192.0.2.2".to_owned(), 1, 0)]);
        assert_eq!(shown(&comparison.grown), [("192.0.2.1".to_owned(), 1, 12)]);
        let rules: Vec<(&str, u64, u64)> = comparison
            .rules
            .iter()
            .map(|change| (change.rule.rule.as_str(), change.share_before, change.share_after))
            .collect();
        assert_eq!(rules, [("old", 500, 0), ("web", 500, 923), ("ssh", 0, 76)]);
    }

    #[test]
    fn a_longer_period_alone_is_no_growth() {
        let text = "tcp 10.0.1.4:1 -> 192.0.2.1:443";
        let hourly = |hours: u32| -> Vec<LogRecord> {
            (0..hours * 4).map(|index| allow(f64::from(index) * 900.0, text, "g/c/web")).collect()
        };
        let comparison = Comparison::new(pairs(&hourly(4)), pairs(&hourly(24))).unwrap();
        assert_eq!((comparison.hours_before, comparison.hours_after), (4, 24));
        assert!(comparison.grown.is_empty() && comparison.new.is_empty());
        assert!(comparison.rules.is_empty());
    }
}
