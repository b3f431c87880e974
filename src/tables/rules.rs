//! Tables of rules: hits, the policy's rules against those of the logs, aggregation rows.

use std::collections::{HashMap, HashSet};

use polars::lazy::dsl::{max_horizontal, min_horizontal};
use polars::prelude::*;
use smol_str::{SmolStr, StrExt};

use super::dictionary::Code;
use super::finish::{Finish, action_of, kind_of};
use super::frame::{COUNT, Line, frame, lines, ranked};
use super::summary::{AggregationRow, LoggedRule, PolicyRule, PolicyRuleUse, PolicyUse, RuleRow};
use super::tally::{Measure, Table};

const KEYS: [&str; 6] = ["policy", "group", "collection", "rule", "kind", "action"];

impl Finish<'_> {
    pub(super) fn rules(&self) -> PolarsResult<Vec<RuleRow>> {
        let ends = self.tables.rule_ends.counts();
        let mut table = frame(&self.tables.rules, KEYS)?;
        for (side, name) in ["sources", "destinations"].into_iter().enumerate() {
            let count = |key| ends.get(key).and_then(|sides| sides.get(side)).copied();
            let counts: Vec<u64> =
                self.tables.rules.rows.keys().map(|key| count(key).unwrap_or(0)).collect();
            table.with_column(Column::new(name.into(), counts))?;
        }
        let table = ranked(&table, &[COUNT], &KEYS)?;
        let rows = lines(&table, usize::MAX, KEYS, [COUNT, "sources", "destinations"])?.into_iter();
        let row = |Line { keys, counts: [hits, sources, destinations], seen }: Line<6, 3>| {
            let [policy, group, collection, rule, kind, action] = keys;
            Some(RuleRow {
                rule: self.logged_rule([policy, group, collection, rule])?,
                kind: kind_of(kind)?,
                action: action_of(action),
                hits,
                seen,
                sources,
                destinations,
            })
        };
        Ok(rows.filter_map(row).collect())
    }

    pub(super) fn aggregation(&self) -> PolarsResult<Vec<AggregationRow>> {
        if self.tables.aggregation_rows.rows.is_empty() {
            return Ok(Vec::new());
        }
        let keys = ["category", "policy", "group", "collection", "rule", "action"];
        let by = keys.map(col);
        let connections = frame(&self.tables.aggregated, keys)?.lazy();
        let mut columns = by.to_vec();
        columns.push(col(COUNT).alias("connections"));
        let table = frame(&self.tables.aggregation_rows, keys)?.lazy().join(
            connections.select(columns),
            by.clone(),
            by,
            JoinArgs::new(JoinType::Left),
        );
        let table = ranked(&table.collect()?, &["connections"], &keys)?;
        let rows = lines(&table, usize::MAX, keys, [COUNT, "connections"])?.into_iter();
        let row = |Line { keys, counts: [rows, connections], seen }: Line<6, 2>| {
            let [category, policy, group, collection, rule, action] = keys;
            AggregationRow {
                category: self.text(category).unwrap_or_default(),
                rule: self.logged_rule([policy, group, collection, rule]),
                action: action_of(action),
                rows,
                connections,
                seen,
            }
        };
        Ok(rows.map(row).collect())
    }

    /// The rules of the policy with their hits.
    pub(super) fn policy_use(&self, rules: &[PolicyRule]) -> PolarsResult<PolicyUse> {
        let logged = self.rules()?;
        let aggregated = self.aggregation()?;
        let named = || logged.iter().map(|row| &row.rule);
        let index =
            PolicyIndex::new(rules, named().chain(aggregated.iter().flat_map(|row| &row.rule)));
        let mut hits = Table::<1>::default();
        let mut connections = Table::<1>::default();
        let mut unknown = Vec::new();
        for row in &logged {
            let found = index.find(&row.rule);
            if found.is_empty() {
                unknown.push(row.clone());
            }
            for &rule in found {
                hits.add([rule], Measure::of(row.hits, row.seen));
            }
        }
        for row in &aggregated {
            let found = row.rule.as_ref().map(|rule| index.find(rule)).unwrap_or_default();
            let measure = Measure::of(row.connections, row.seen);
            for &rule in found {
                connections.add([rule], measure);
            }
        }
        let lines = policy_lines(rules.len(), &hits, &connections)?;
        let traffic = self.traffic(rules.len(), |rule| index.find(rule));
        let uses = lines.into_iter().zip(rules).zip(&traffic).map(|((line, rule), traffic)| {
            let [hits, aggregated] = line.counts;
            // Aggregation rows are not looked into: what they stand for may have used any part, as
            // may what there was no room for.
            let is_told = hits > 0 && aggregated == 0 && !self.is_cut;
            let parts = rule.parts.iter().filter(|_| is_told).map(|part| part.used(traffic));
            let (rule, parts) = (rule.clone(), parts.collect());
            PolicyRuleUse { rule, hits, aggregated, seen: line.seen, parts }
        });
        Ok(PolicyUse { rules: uses.collect(), unknown, unnamed_policies: index.unnamed })
    }

    pub(super) fn logged_rule(&self, codes: [Code; 4]) -> Option<LoggedRule> {
        let [policy, group, collection, rule] = codes.map(|code| self.text(code));
        Some(LoggedRule { policy, group, collection, rule: rule? })
    }
}

/// One line per rule of the policy, in its order; rules without hits have zeros.
fn policy_lines(
    rules: usize,
    hits: &Table<1>,
    connections: &Table<1>,
) -> PolarsResult<Vec<Line<1, 2>>> {
    let all: Vec<Code> = (0..rules).filter_map(|rule| Code::try_from(rule).ok()).collect();
    let all = DataFrame::new(all.len(), vec![Column::new("key".into(), all)])?.lazy();
    let mut connections = frame(connections, ["key"])?.lazy();
    connections = connections.rename([COUNT], ["aggregated"], true);
    let hits = frame(hits, ["key"])?.lazy().rename([COUNT], ["hits"], true);
    let by = || [col("key")];
    let left = || JoinArgs::new(JoinType::Left);
    let table = all.join(hits, by(), by(), left()).join(connections, by(), by(), left());
    // A rule may be known from aggregation rows alone.
    let first = min_horizontal([col("first"), col("first_right")])?.alias("first");
    let last = max_horizontal([col("last"), col("last_right")])?.alias("last");
    let table = ranked(&table.with_columns([first, last]).collect()?, &[], &["key"])?;
    lines(&table, usize::MAX, ["key"], ["hits", "aggregated"])
}

/// Finds the rules of the policy that a log record means.
///
/// Names are compared without regard to case, as Azure does. A policy whose name no record has
/// (exported under another name, or not known) is compared without it: a hit that is credited to
/// a rule of the same name does less harm than a rule wrongly called unused.
struct PolicyIndex {
    exact: HashMap<[SmolStr; 4], Vec<Code>>,
    /// By group, collection and rule: all rules, and those whose policy no record names.
    loose: HashMap<[SmolStr; 3], (Vec<Code>, Vec<Code>)>,
    unnamed: Vec<SmolStr>,
}

impl PolicyIndex {
    fn new<'a>(rules: &[PolicyRule], logged: impl Iterator<Item = &'a LoggedRule>) -> Self {
        let logged: HashSet<SmolStr> = logged.map(|rule| folded(rule.policy.as_ref())).collect();
        let mut index = Self { exact: HashMap::new(), loose: HashMap::new(), unnamed: Vec::new() };
        for (code, rule) in (0..).zip(rules) {
            let path = &rule.path;
            let policy = folded(path.policy.as_ref());
            let [group, collection, name] =
                [path.group.as_ref(), Some(&path.collection), Some(&path.rule)].map(folded);
            let loose =
                index.loose.entry([group.clone(), collection.clone(), name.clone()]).or_default();
            loose.0.push(code);
            if policy.is_empty() || !logged.contains(&policy) {
                loose.1.push(code);
                index.unnamed.extend(path.policy.clone());
            }
            index.exact.entry([policy, group, collection, name]).or_default().push(code);
        }
        index.unnamed.sort_unstable();
        index.unnamed.dedup();
        index
    }

    fn find(&self, rule: &LoggedRule) -> &[Code] {
        let policy = folded(rule.policy.as_ref());
        let [group, collection, name] =
            [rule.group.as_ref(), rule.collection.as_ref(), Some(&rule.rule)].map(folded);
        let loose = self.loose.get(&[group.clone(), collection.clone(), name.clone()]);
        let loose = loose.map(|(all, unnamed)| if policy.is_empty() { all } else { unnamed });
        let exact = self.exact.get(&[policy, group, collection, name]);
        exact.or(loose).map(Vec::as_slice).unwrap_or_default()
    }
}

/// A name as Azure compares it.
fn folded(name: Option<&SmolStr>) -> SmolStr {
    name.map(|name| name.to_lowercase_smolstr()).unwrap_or_default()
}
