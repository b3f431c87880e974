//! Tables of traffic: hours, talkers, ports, denials, translations, threats, DNS.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use polars::prelude::*;
use smol_str::SmolStr;

use super::dictionary::{ABSENT, Code, CodeMap, as_number};
use super::durations::Durations;
use super::ends::{OUTCOMES, Outcomes};
use super::finish::{Finish, action_of};
use super::frame::{COUNT, Line, distinct, frame, lines, measures, ranked};
use super::row::Class;
use super::summary::{
    AnswerRow, DnatRow, DnsSummary, FailingRow, HourRow, IdpsRow, NamedRow, PortRow, SlowRow,
    TalkerRow, ThreatRow, Top, UnresolvedRow,
};
use super::tally::Table;

const MINUTE_US: i64 = 60_000_000;
const HOUR_US: i64 = 60 * MINUTE_US;

/// What is shown of each hour.
const SHOWN_BY_HOUR: [(&str, &[Class]); 3] = [
    ("allowed", &[Class::Allowed]),
    ("denied", &[Class::DeniedByRule, Class::DeniedByDefault]),
    ("threats", &[Class::ThreatAlert, Class::ThreatDenied, Class::Idps]),
];

/// Longer silences are not filled with empty hours: a wrong clock must not make a million of them.
const GAP_HOURS_MAX: i64 = 48;

impl Finish<'_> {
    pub(super) fn hours(&self) -> PolarsResult<Vec<HourRow>> {
        let activity = || self.tables.activity.iter();
        let times: Vec<i64> = activity().map(|((minute, _), _)| minute * MINUTE_US).collect();
        let hour = Column::new("hour".into(), times)
            .cast(&DataType::Datetime(TimeUnit::Microseconds, None))?;
        let mut columns = vec![hour];
        for (name, classes) in SHOWN_BY_HOUR {
            let count = |((_, class), count): (&(i64, Class), &u64)| {
                if classes.contains(class) { *count } else { 0 }
            };
            columns.push(Column::new(name.into(), activity().map(count).collect::<Vec<u64>>()));
        }
        let names = SHOWN_BY_HOUR.map(|(name, _)| name);
        let table = DataFrame::new(self.tables.activity.len(), columns)?
            .lazy()
            .with_column(col("hour").dt().truncate(lit("1h")).cast(DataType::Int64))
            .group_by([col("hour")])
            .agg(names.map(|name| col(name).sum()));
        let table = ranked(&table.collect()?, &[], &["hour"])?;
        let hours = table.column("hour")?.i64()?.iter().flatten();
        let rows = lines(&table, usize::MAX, [], names)?.into_iter().zip(hours);
        Ok(filled(rows.map(|(line, hour)| (hour, line.counts))))
    }

    pub(super) fn talkers(&self, all: &[(Code, Outcomes)]) -> PolarsResult<Top<TalkerRow>> {
        let all = all.iter().map(|(end, outcomes)| ([*end], *outcomes)).collect();
        self.by_outcome(all, ["name"], |[name], [allowed, denied]| TalkerRow {
            name: self.text(name).unwrap_or_default(),
            called: self.name(name),
            allowed,
            denied,
        })
    }

    pub(super) fn ports(&self) -> PolarsResult<Top<PortRow>> {
        let all = self.tables.ports.iter().map(|(key, outcomes)| (*key, *outcomes)).collect();
        self.by_outcome(all, ["protocol", "port"], |[protocol, port], [allowed, denied]| PortRow {
            protocol: self.text(protocol),
            port: as_number(port),
            allowed,
            denied,
        })
    }

    /// The keys with the most connections, allowed and denied side by side.
    fn by_outcome<const K: usize, R>(
        &self,
        mut all: Vec<([Code; K], Outcomes)>,
        keys: [&str; K],
        row: impl Fn([Code; K], [u64; 2]) -> R,
    ) -> PolarsResult<Top<R>> {
        let records = |(_, outcomes): &([Code; K], Outcomes)| outcomes.iter().sum::<u64>();
        let (rows_total, records_total) = (all.len() as u64, all.iter().map(records).sum::<u64>());
        // Only rows that are large enough are worth sorting.
        let least = least_of_top(all.iter().map(records), self.top);
        all.retain(|row| records(row) >= least);
        let mut columns = Vec::new();
        for (place, name) in keys.into_iter().enumerate() {
            let codes = all.iter().filter_map(|(key, _)| key.get(place).copied());
            columns.push(Column::new(name.into(), codes.collect::<Vec<Code>>()));
        }
        let mut count = |name: &str, of: fn(&Outcomes) -> u64| {
            let counts = all.iter().map(|(_, outcomes)| of(outcomes));
            columns.push(Column::new(name.into(), counts.collect::<Vec<u64>>()));
        };
        count("allowed", |[allowed, ..]| *allowed);
        count("denied", |[_, denied @ ..]| denied.iter().sum());
        count(COUNT, |outcomes| outcomes.iter().sum());
        let table = DataFrame::new(all.len(), columns)?;
        let lines =
            lines(&ranked(&table, &[COUNT], &keys)?, self.top, keys, ["allowed", "denied", COUNT])?;
        let shown: u64 = lines.iter().map(|Line { counts: [.., records], .. }| records).sum();
        let row = |Line { keys, counts: [allowed, denied, _], .. }: Line<K, 3>| {
            row(keys, [allowed, denied])
        };
        Ok(Top {
            rows: lines.into_iter().map(row).collect(),
            rows_total,
            records_left_out: records_total - shown,
        })
    }

    pub(super) fn dnat(&self) -> PolarsResult<Top<DnatRow>> {
        if self.tables.dnat.rows.is_empty() {
            return Ok(Top::NONE);
        }
        let keys = [
            "protocol",
            "client",
            "public",
            "port",
            "inner",
            "inner_port",
            "policy",
            "group",
            "collection",
            "rule",
        ];
        let table = frame(&self.tables.dnat, keys)?;
        self.largest(table, keys, |Line { keys, counts: [records], seen }| {
            let [protocol, client, public, port, inner, inner_port, rule @ ..] = keys;
            DnatRow {
                protocol: self.text(protocol),
                client: self.text(client),
                client_name: self.name(client),
                public: self.text(public),
                public_port: as_number(port),
                inner: self.text(inner),
                inner_name: self.name(inner),
                inner_port: as_number(inner_port),
                rule: self.logged_rule(rule),
                records,
                seen,
            }
        })
    }

    pub(super) fn threat_intel(&self) -> PolarsResult<Top<ThreatRow>> {
        if self.tables.threat_intel.rows.is_empty() {
            return Ok(Top::NONE);
        }
        let names = ["threat", "target", "port", "protocol", "class", "source"];
        let keys = ["threat", "target", "port", "protocol", "class"];
        let by: Vec<Expr> = keys.iter().map(|&key| col(key)).collect();
        let [count, first, last] = measures();
        let table = frame(&self.tables.threat_intel, names)?.lazy().group_by(by).agg([
            count,
            first,
            last,
            distinct("source"),
        ]);
        let table = ranked(&table.collect()?, &[COUNT], &keys)?;
        let denied = Class::ThreatDenied.code();
        let row = |Line { keys, counts: [records, sources], seen }: Line<5, 2>| {
            let [threat, target, port, protocol, class] = keys;
            ThreatRow {
                threat: self.text(threat),
                target: self.text(target),
                target_name: self.name(target),
                port: as_number(port),
                protocol: self.text(protocol),
                is_denied: class == denied,
                sources,
                records,
                seen,
            }
        };
        self.top_of(&table, lines(&table, self.top, keys, [COUNT, "source"])?, row)
    }

    pub(super) fn idps(&self) -> PolarsResult<Top<IdpsRow>> {
        if self.tables.idps.rows.is_empty() {
            return Ok(Top::NONE);
        }
        let names = ["id", "category", "text", "severity", "action", "source", "destination"];
        let keys = ["severity", "id", "category", "text", "action"];
        let by: Vec<Expr> = keys.iter().map(|&key| col(key)).collect();
        let [count, first, last] = measures();
        let table = frame(&self.tables.idps, names)?.lazy().group_by(by).agg([
            count,
            first,
            last,
            distinct("source"),
            distinct("destination"),
        ]);
        // High severity is 1, an unknown one 0: sorted as if it were the lowest.
        let is_unknown = col("severity").eq(lit(ABSENT));
        let table = table
            .with_column(is_unknown.alias("is_unknown"))
            .with_column((lit(0_i64) - col(COUNT).cast(DataType::Int64)).alias("fewer"));
        let order = ["is_unknown", "severity", "fewer", "id", "category", "text", "action"];
        let table = ranked(&table.collect()?, &[], &order)?;
        let row = |Line { keys, counts: [records, sources, destinations], seen }: Line<5, 3>| {
            let [severity, id, category, text, action] = keys;
            IdpsRow {
                signature: self.text(id),
                category: self.text(category),
                description: self.text(text),
                severity: as_number(severity),
                action: action_of(action),
                sources,
                destinations,
                records,
                seen,
            }
        };
        self.top_of(&table, lines(&table, self.top, keys, [COUNT, "source", "destination"])?, row)
    }

    pub(super) fn dns(&self) -> PolarsResult<DnsSummary> {
        if self.tables.dns.rows.is_empty() {
            let (failing, slow) = (Top::NONE, Top::NONE);
            return Ok(DnsSummary { answers: Vec::new(), failing, durations: None, slow });
        }
        let keys = ["answer", "type"];
        let table = ranked(&frame(&self.tables.dns, keys)?, &[COUNT], &keys)?;
        let answers = lines(&table, usize::MAX, keys, [COUNT])?.into_iter();
        let answer = |Line { keys: [answer, query_type], counts: [records], .. }: Line<2, 1>| {
            AnswerRow { answer: self.text(answer), query_type: self.text(query_type), records }
        };
        let answers = answers.map(answer).collect();
        let names = frame(&self.tables.dns_failing, ["name", "answer"])?;
        let failing = self.largest(names, ["name", "answer"], |line| {
            let Line { keys: [name, answer], counts: [records], seen } = line;
            FailingRow { name: self.text(name), answer: self.text(answer), records, seen }
        })?;
        let (durations, slow) = self.dns_durations();
        Ok(DnsSummary { answers, failing, durations, slow })
    }

    /// How long all answers took, and names with slow ones.
    fn dns_durations(&self) -> (Option<Durations>, Top<SlowRow>) {
        let mut names: CodeMap<Code, Vec<(Code, u64)>> = CodeMap::default();
        for ([name, step], measure) in &self.tables.dns_durations.rows {
            names.entry(*name).or_default().push((*step, measure.count));
        }
        let all = Durations::of(names.values().flatten().copied());
        let mut slow: Vec<(Code, Durations)> = names
            .into_iter()
            .filter_map(|(name, steps)| Some((name, Durations::of(steps.into_iter())?)))
            .filter(|(_, durations)| durations.slow > 0)
            .collect();
        let order = |row: &(Code, Durations)| (Reverse(row.1.slow), Reverse(row.1.p95_us), row.0);
        slow.sort_unstable_by_key(order);
        let rows = slow
            .iter()
            .take(self.top)
            .map(|(name, durations)| SlowRow { name: self.text(*name), durations: *durations });
        let left_out = slow.iter().skip(self.top).map(|(_, durations)| durations.answers).sum();
        let (rows, rows_total) = (rows.collect(), slow.len() as u64);
        (all, Top { rows, rows_total, records_left_out: left_out })
    }

    /// Connections of all addresses with one name. Nothing where no address has a name.
    pub(super) fn by_name(&self, all: &[(Code, Outcomes)]) -> Top<NamedRow> {
        if !self.has_names() {
            return Top::NONE;
        }
        let mut names: BTreeMap<Option<SmolStr>, (u64, u64, u64)> = BTreeMap::new();
        for (address, outcomes) in all {
            let (addresses, allowed, denied) = names.entry(self.name(*address)).or_default();
            *addresses += 1;
            let [passed, refused @ ..] = outcomes;
            *allowed += passed;
            *denied += refused.iter().sum::<u64>();
        }
        if names.keys().all(Option::is_none) {
            names.clear();
        }
        let rows = names.into_iter().map(|(name, (addresses, allowed, denied))| NamedRow {
            name,
            addresses,
            allowed,
            denied,
        });
        let mut rows: Vec<NamedRow> = rows.collect();
        rows.sort_by_key(|row| Reverse(row.allowed + row.denied));
        let rows_total = rows.len() as u64;
        let left_out = rows.split_off(rows.len().min(self.top));
        let records_left_out = left_out.iter().map(|row| row.allowed + row.denied).sum();
        Top { rows, rows_total, records_left_out }
    }

    pub(super) fn unresolved(&self) -> PolarsResult<Top<UnresolvedRow>> {
        if self.tables.unresolved.rows.is_empty() {
            return Ok(Top::NONE);
        }
        let keys = ["fqdn", "policy", "group", "collection", "rule"];
        let table = frame(&self.tables.unresolved, keys)?;
        self.largest(table, keys, |Line { keys: [fqdn, rule @ ..], counts: [records], seen }| {
            UnresolvedRow { fqdn: self.text(fqdn), rule: self.logged_rule(rule), records, seen }
        })
    }
}

/// What became of the connections of each key.
pub(super) fn outcomes(table: &Table<2>) -> Vec<(Code, Outcomes)> {
    let mut all: CodeMap<Code, Outcomes> = CodeMap::default();
    for ([key, class], measure) in &table.rows {
        let outcome = OUTCOMES.iter().position(|outcome| outcome.code() == *class);
        let outcomes = all.entry(*key).or_default();
        if let Some(count) = outcome.and_then(|outcome| outcomes.get_mut(outcome)) {
            *count += measure.count;
        }
    }
    all.into_iter().collect()
}

/// The smallest number that comes out on top of all.
fn least_of_top(numbers: impl Iterator<Item = u64>, top: usize) -> u64 {
    let mut numbers: Vec<u64> = numbers.collect();
    if top == 0 || top >= numbers.len() {
        return 0;
    }
    let (_, least, _) = numbers.select_nth_unstable_by(top - 1, |a, b| b.cmp(a));
    *least
}

/// Hour rows in order, with short silences filled by empty hours.
fn filled(hours: impl Iterator<Item = (i64, [u64; 3])>) -> Vec<HourRow> {
    let mut rows = Vec::new();
    let mut push = |hour: i64, [allowed, denied, threats]: [u64; 3]| {
        if let Ok(hour) = Timestamp::from_microsecond(hour) {
            rows.push(HourRow { hour, allowed, denied, threats });
        }
    };
    let mut before: Option<i64> = None;
    for (hour, counts) in hours {
        if let Some(before) = before {
            let missing = (hour - before) / HOUR_US - 1;
            if missing <= GAP_HOURS_MAX {
                (1..=missing).for_each(|step| push(before + step * HOUR_US, [0; 3]));
            }
        }
        push(hour, counts);
        before = Some(hour);
    }
    rows
}
