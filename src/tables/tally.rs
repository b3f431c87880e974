//! Counts records one by one into small coded tables.

use crate::logs::LogRecord;

use super::attempts::Attempts;
use super::dictionary::{ABSENT, Code, CodeMap, Dictionary, Translation};
use super::duplicates::Duplicates;
use super::row::{Class, Field, Row};
use super::summary::Seen;

/// How many recent events are remembered to find duplicates and retries, by default.
pub const HELD_MAX: usize = 1 << 17;

const MINUTE_US: i64 = 60_000_000;

/// How often something was seen, first and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measure {
    pub(super) count: u64,
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
}

impl Measure {
    const ZERO: Self = Self { count: 0, first: None, last: None };

    pub(super) fn of(count: u64, seen: Option<Seen>) -> Self {
        let first = seen.map(|seen| seen.first.as_microsecond());
        Self { count, first, last: seen.map(|seen| seen.last.as_microsecond()) }
    }

    fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
    }
}

/// A coded aggregate table: `N` key columns and a measure.
#[derive(Debug, Clone)]
pub(super) struct Table<const N: usize> {
    pub(super) rows: CodeMap<[Code; N], Measure>,
}

impl<const N: usize> Default for Table<N> {
    fn default() -> Self {
        Self { rows: CodeMap::default() }
    }
}

impl<const N: usize> Table<N> {
    pub(super) fn add(&mut self, key: [Code; N], measure: Measure) {
        self.rows.entry(key).or_insert(Measure::ZERO).add(measure);
    }

    fn merge(&mut self, other: Self, translation: &Translation) {
        for (key, measure) in other.rows {
            self.add(translation.codes(key), measure);
        }
    }
}

/// A rule as the logs name it.
pub(super) const RULE: [Field; 4] = [Field::Policy, Field::Group, Field::Collection, Field::Rule];

/// All aggregate tables. Their size depends on how many different values there are, never on how
/// many records.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    /// Category, form, kind.
    pub(super) categories: Table<3>,
    /// Class.
    pub(super) classes: Table<1>,
    /// Rule, kind, action.
    pub(super) rules: Table<6>,
    /// Rule, kind, action, source.
    pub(super) rule_sources: Table<7>,
    /// Rule, kind, action, target.
    pub(super) rule_targets: Table<7>,
    /// Source, class.
    pub(super) sources: Table<2>,
    /// Destination, class.
    pub(super) destinations: Table<2>,
    /// Name, class.
    pub(super) fqdns: Table<2>,
    /// Protocol, port, class.
    pub(super) ports: Table<3>,
    /// Web category, class.
    pub(super) web_categories: Table<2>,
    /// Reason, source, target, port, protocol: denied by default.
    pub(super) denied: Table<5>,
    /// Protocol, source, destination, port, translated address and port, rule.
    pub(super) dnat: Table<10>,
    /// Threat, target, port, protocol, class, source.
    pub(super) threat_intel: Table<6>,
    /// Signature, category, description, severity, action, source, destination.
    pub(super) idps: Table<7>,
    /// Answer code, query type.
    pub(super) dns: Table<2>,
    /// Name, answer code: queries that failed.
    pub(super) dns_failing: Table<2>,
    /// Name, rule: names that the firewall itself could not resolve.
    pub(super) unresolved: Table<5>,
    /// Category, rule, action.
    pub(super) aggregation_rows: Table<6>,
    /// The same, counting connections.
    pub(super) aggregated: Table<6>,
    /// Records per minute and class.
    pub(super) activity: CodeMap<(i64, Class), u64>,
}

impl Tables {
    fn fold(&mut self, row: &Row) {
        let one = Measure { count: 1, first: row.time, last: row.time };
        self.categories.add(row.key([Field::Category, Field::Form, Field::Kind]), one);
        self.classes.add([row.class.code()], one);
        if let Some(time) = row.time {
            let minute = time.div_euclid(MINUTE_US);
            *self.activity.entry((minute, row.class)).or_default() += 1;
        }
        match row.class {
            Class::Allowed | Class::DeniedByRule => self.fold_connection(row, one),
            Class::DeniedByDefault => {
                self.fold_connection(row, one);
                let key = [
                    Field::Reason,
                    Field::Source,
                    Field::Target,
                    Field::DestinationPort,
                    Field::Protocol,
                ];
                self.denied.add(row.key(key), one);
            }
            Class::Dnat => self.fold_dnat(row, one),
            Class::ThreatAlert | Class::ThreatDenied => self.fold_threat(row, one),
            Class::Idps => self.fold_idps(row, one),
            Class::Dns => self.fold_dns(row, one),
            Class::DnsFailure => {
                let [policy, group, collection, rule] = RULE;
                let key = row.key([Field::Fqdn, policy, group, collection, rule]);
                self.unresolved.add(key, one);
            }
            Class::Aggregation => self.fold_aggregation(row, one),
            Class::FlowTrace | Class::FatFlow | Class::Unstated => {}
        }
    }

    fn fold_connection(&mut self, row: &Row, one: Measure) {
        self.fold_rule(row, one);
        add_known(&mut self.sources, row.key([Field::Source, Field::Class]), one);
        add_known(&mut self.destinations, row.key([Field::Destination, Field::Class]), one);
        add_known(&mut self.fqdns, row.key([Field::Fqdn, Field::Class]), one);
        add_known(&mut self.web_categories, row.key([Field::WebCategory, Field::Class]), one);
        self.ports.add(row.key([Field::Protocol, Field::DestinationPort, Field::Class]), one);
    }

    fn fold_rule(&mut self, row: &Row, one: Measure) {
        if row.get(Field::Rule) == ABSENT {
            return;
        }
        let [policy, group, collection, rule] = row.key(RULE);
        let [kind, action, source, target] =
            row.key([Field::Kind, Field::Action, Field::Source, Field::Target]);
        self.rules.add([policy, group, collection, rule, kind, action], one);
        self.rule_sources.add([policy, group, collection, rule, kind, action, source], one);
        self.rule_targets.add([policy, group, collection, rule, kind, action, target], one);
    }

    fn fold_dnat(&mut self, row: &Row, one: Measure) {
        self.fold_rule(row, one);
        let [protocol, source, destination, port, inner, inner_port] = row.key([
            Field::Protocol,
            Field::Source,
            Field::Destination,
            Field::DestinationPort,
            Field::Translated,
            Field::TranslatedPort,
        ]);
        let [policy, group, collection, rule] = row.key(RULE);
        let key = [
            protocol,
            source,
            destination,
            port,
            inner,
            inner_port,
            policy,
            group,
            collection,
            rule,
        ];
        self.dnat.add(key, one);
    }

    fn fold_threat(&mut self, row: &Row, one: Measure) {
        let key = [
            Field::Threat,
            Field::Target,
            Field::DestinationPort,
            Field::Protocol,
            Field::Class,
            Field::Source,
        ];
        self.threat_intel.add(row.key(key), one);
    }

    fn fold_idps(&mut self, row: &Row, one: Measure) {
        let key = [
            Field::SignatureId,
            Field::SignatureCategory,
            Field::SignatureText,
            Field::Severity,
            Field::Action,
            Field::Source,
            Field::Destination,
        ];
        self.idps.add(row.key(key), one);
    }

    fn fold_dns(&mut self, row: &Row, one: Measure) {
        self.dns.add(row.key([Field::Rcode, Field::DnsType]), one);
        if row.is_failed_query {
            self.dns_failing.add(row.key([Field::DnsName, Field::Rcode]), one);
        }
    }

    fn fold_aggregation(&mut self, row: &Row, one: Measure) {
        let [policy, group, collection, rule] = RULE;
        let key = row.key([Field::Category, policy, group, collection, rule, Field::Action]);
        self.aggregation_rows.add(key, one);
        self.aggregated.add(key, Measure { count: row.weight, ..one });
    }

    fn merge(&mut self, other: Self, translation: &Translation) {
        self.categories.merge(other.categories, translation);
        self.classes.merge(other.classes, translation);
        self.rules.merge(other.rules, translation);
        self.rule_sources.merge(other.rule_sources, translation);
        self.rule_targets.merge(other.rule_targets, translation);
        self.sources.merge(other.sources, translation);
        self.destinations.merge(other.destinations, translation);
        self.fqdns.merge(other.fqdns, translation);
        self.ports.merge(other.ports, translation);
        self.web_categories.merge(other.web_categories, translation);
        self.denied.merge(other.denied, translation);
        self.dnat.merge(other.dnat, translation);
        self.threat_intel.merge(other.threat_intel, translation);
        self.idps.merge(other.idps, translation);
        self.dns.merge(other.dns, translation);
        self.dns_failing.merge(other.dns_failing, translation);
        self.unresolved.merge(other.unresolved, translation);
        self.aggregation_rows.merge(other.aggregation_rows, translation);
        self.aggregated.merge(other.aggregated, translation);
        for (key, count) in other.activity {
            *self.activity.entry(key).or_default() += count;
        }
    }

    /// The same tables in the codes of another dictionary.
    pub(super) fn recoded(self, translation: &Translation) -> Self {
        let mut recoded = Self::default();
        recoded.merge(self, translation);
        recoded
    }
}

/// Adds a row whose first key column says something.
fn add_known<const N: usize>(table: &mut Table<N>, key: [Code; N], measure: Measure) {
    if key.first().is_some_and(|&code| code != ABSENT) {
        table.add(key, measure);
    }
}

/// Counts log records. Several can be filled side by side and merged.
///
/// Two families of categories may write the same event; the second record of an event is dropped
/// and counted as a duplicate. Events are remembered for as long as the memory limit allows, see
/// [`Tally::with_held_max`].
#[derive(Debug, Clone)]
pub struct Tally {
    pub(super) dictionary: Dictionary,
    pub(super) tables: Tables,
    pub(super) duplicates: Duplicates,
    pub(super) attempts: Attempts,
    /// Records taken, duplicates included.
    pub(super) records: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self::with_held_max(HELD_MAX)
    }
}

impl Tally {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A tally that remembers at most `held_max` events for duplicates and as many denied
    /// connections for retries. Beyond that the older half is forgotten, and the summary says so.
    #[must_use]
    pub fn with_held_max(held_max: usize) -> Self {
        Self {
            dictionary: Dictionary::default(),
            tables: Tables::default(),
            duplicates: Duplicates::new(held_max),
            attempts: Attempts::new(held_max),
            records: 0,
        }
    }

    /// Counts one record.
    pub fn push(&mut self, record: &LogRecord) {
        self.records += 1;
        let row = Row::new(record, &mut self.dictionary);
        let Self { duplicates, tables, attempts, .. } = self;
        duplicates.pass(row, &mut |row| count(&row, tables, attempts));
    }

    /// Takes over what `other` has counted. The order of merging does not matter.
    pub fn merge(&mut self, other: Self) {
        let translation = self.dictionary.absorb(&other.dictionary);
        self.records += other.records;
        self.tables.merge(other.tables, &translation);
        self.attempts.merge(other.attempts, &translation);
        let Self { duplicates, tables, attempts, .. } = self;
        let mut count = |row: Row| count(&row, tables, attempts);
        duplicates.merge(other.duplicates, &translation, &mut count);
    }

    /// Counts what still waits for a duplicate.
    pub(super) fn settle(&mut self) {
        let Self { duplicates, tables, attempts, .. } = self;
        duplicates.drain(&mut |row| count(&row, tables, attempts));
    }
}

fn count(row: &Row, tables: &mut Tables, attempts: &mut Attempts) {
    tables.fold(row);
    if row.class.is_denied() {
        attempts.add(attempt_group(row), row.client_port(), row.time);
    }
}

/// Denials by rule are told apart by connection only; those by default are shown per reason.
fn attempt_group(row: &Row) -> [Code; 6] {
    row.key([
        Field::Class,
        Field::Reason,
        Field::Source,
        Field::Target,
        Field::DestinationPort,
        Field::Protocol,
    ])
}
