//! What a tally counts, one event at a time, in as few steps as will do.
//!
//! What many records have in common is counted once per head and spread over the tables in the end.

use super::activity::Activity;
use super::coding::{Coding, Recoding};
use super::dictionary::{ABSENT, Code, CodeMap, Dictionary, Entry, Translation};
use super::ends::{Ends, Met, OUTCOMES, Outcomes, RuleEnds};
use super::head_ports::HeadPorts;
use super::row::{Class, Event, Field, Head, Row};
use super::stored::Stored;
use super::tally::{Measure, Table};

/// A rule as the logs name it.
pub(super) const RULE: [Field; 4] = [Field::Policy, Field::Group, Field::Collection, Field::Rule];

/// A rule, its kind and its action.
pub(super) type RuleKey = [Code; 6];

/// Events of one head.
#[derive(Debug, Clone, Copy)]
struct HeadCount {
    measure: Measure,
    /// Known once an event was counted.
    met: Option<Met>,
}

impl HeadCount {
    const NONE: Self = Self { measure: Measure::ZERO, met: None };
}

/// All aggregate tables, as they are counted. Their size depends on how many different values there
/// are, never on how many records.
#[derive(Debug, Clone, Default)]
pub(super) struct Counted {
    heads: Vec<HeadCount>,
    rules: Vec<RuleKey>,
    rule_numbers: CodeMap<RuleKey, u32>,
    sources: Ends,
    /// Destinations and names.
    targets: Ends,
    head_ports: HeadPorts,
    activity: Activity,
    rare: Tables,
}

impl Counted {
    /// Tables that tell so many rows apart where strangers choose the values.
    pub(super) fn with_room(rows_max: usize) -> Self {
        let mut counted = Self::default();
        counted.set_rows_max(Some(rows_max));
        counted
    }

    pub(super) fn rows_max(&self) -> Option<usize> {
        self.rare.rows_max
    }

    pub(super) fn set_rows_max(&mut self, rows_max: Option<usize>) {
        self.rare.rows_max = rows_max;
        self.activity.minutes_max = rows_max;
    }

    /// Counts events, table by table: what one of them waits for, far away in memory, the next need
    /// not wait for as well.
    pub(super) fn add(&mut self, events: &[Event], coding: &Coding) {
        for event in events {
            let Some(row) = coding.row(*event) else { continue };
            let one = Measure::at(1, event.time);
            let met = self.add_head(&row, one);
            if let Some(time) = event.time {
                self.activity.add(time, row.head.class);
            }
            if met.is_any() {
                self.head_ports.add(event.head, event.destination_port);
            }
            self.add_rare(&row, one);
        }
        for event in events {
            self.sources.add(event.source, met(&self.heads, event));
        }
        // A connection counts for its destination and for its name. The rule has met one of them.
        for event in events {
            self.targets.add(event.destination, met(&self.heads, event));
        }
        for event in events {
            let Met { rule, outcome } = met(&self.heads, event);
            let rule = rule.filter(|_| event.destination == ABSENT);
            self.targets.add(event.name, Met { rule, outcome });
        }
    }

    fn add_rare(&mut self, row: &Row<'_>, one: Measure) {
        match row.head.class {
            Class::Dnat => self.rare.add_dnat(row, one),
            Class::ThreatAlert | Class::ThreatDenied => self.rare.add_threat(row, one),
            Class::Idps => self.rare.add_idps(row, one),
            Class::Dns => self.rare.add_dns(row, one),
            Class::DnsFailure => self.rare.add_unresolved(row, one),
            Class::Aggregation => self.rare.add_aggregation(row, one),
            Class::Allowed
            | Class::DeniedByRule
            | Class::DeniedByDefault
            | Class::FlowTrace
            | Class::FatFlow
            | Class::Unstated => {}
        }
    }

    fn add_head(&mut self, row: &Row<'_>, one: Measure) -> Met {
        let index = row.event.head as usize;
        if self.heads.len() <= index {
            self.heads.resize(index + 1, HeadCount::NONE);
        }
        let Some(head) = self.heads.get_mut(index) else { return Met::default() };
        head.measure.add(one);
        if let Some(met) = head.met {
            return met;
        }
        let rule = rule_key(row.head).map(|key| self.rule(key));
        let outcome = OUTCOMES.iter().position(|class| *class == row.head.class);
        let met = Met { rule, outcome };
        if let Some(head) = self.heads.get_mut(index) {
            head.met = Some(met);
        }
        met
    }

    fn rule(&mut self, key: RuleKey) -> u32 {
        let rules = &mut self.rules;
        *self.rule_numbers.entry(key).or_insert_with(|| {
            rules.push(key);
            u32::try_from(rules.len() - 1).unwrap_or(u32::MAX)
        })
    }

    pub(super) fn merge(&mut self, other: Self, recoding: &Recoding, coding: &Coding) {
        let translation = &recoding.codes;
        for (number, head) in (0..).zip(other.heads) {
            let index = recoding.head(number) as usize;
            if self.heads.len() <= index && index < coding.heads.len() {
                self.heads.resize(index + 1, HeadCount::NONE);
            }
            if let Some(own) = self.heads.get_mut(index) {
                own.measure.add(head.measure);
            }
        }
        let rules: Vec<u32> =
            other.rules.iter().map(|key| self.rule(translation.codes(*key))).collect();
        self.sources.merge(&other.sources, &rules, translation);
        self.targets.merge(&other.targets, &rules, translation);
        self.head_ports.merge(other.head_ports, recoding);
        self.activity.merge(other.activity);
        self.rare.merge(other.rare, translation);
    }

    pub(super) fn put(&mut self, out: &mut Vec<u8>) {
        self.activity.put_away();
        let measures: Vec<Measure> = self.heads.iter().map(|head| head.measure).collect();
        measures.put(out);
        // Numbers of rules say who came first.
        let mut order: Vec<(RuleKey, usize)> = self.rules.iter().copied().zip(0..).collect();
        order.sort_unstable();
        let mut numbers = vec![0; order.len()];
        for (to, (_, from)) in (0..).zip(&order) {
            numbers.get_mut(*from).into_iter().for_each(|number| *number = to);
        }
        order.iter().map(|(key, _)| *key).collect::<Vec<_>>().put(out);
        self.sources.put(&numbers, out);
        self.targets.put(&numbers, out);
        self.head_ports.put(out);
        self.activity.earlier.put(out);
        self.rare.put(out);
    }

    pub(super) fn got(input: &mut &[u8]) -> Option<Self> {
        let measures = Vec::<Measure>::got(input)?.into_iter();
        let heads = measures.map(|measure| HeadCount { measure, met: None }).collect();
        let mut counted = Self { heads, ..Self::default() };
        for key in Vec::<RuleKey>::got(input)? {
            counted.rule(key);
        }
        counted.sources = Ends::got(input)?;
        counted.targets = Ends::got(input)?;
        counted.head_ports = HeadPorts::got(input)?;
        counted.activity.earlier = CodeMap::got(input)?;
        counted.rare = Tables::got(input)?;
        Some(counted)
    }

    /// The tables in the codes of `dictionary`.
    pub(super) fn tables(
        mut self,
        heads: &[Head],
        translation: &Translation,
        dictionary: &Dictionary,
    ) -> Tables {
        let mut tables = Tables::default();
        tables.merge(std::mem::take(&mut self.rare), translation);
        for (head, count) in heads.iter().zip(&self.heads) {
            if count.measure.count > 0 {
                tables.add_head(&head.translated(translation), count.measure);
            }
        }
        (tables.rule_ports, tables.ports) = self.head_ports.tables(heads, translation, rule_key);
        let talkers = |ends: &Ends| {
            let outcomes = ends.outcomes();
            outcomes.map(|(code, outcomes)| (translation.code(code), outcomes)).collect::<Vec<_>>()
        };
        tables.sources = talkers(&self.sources);
        let is_address = |(code, _): &(Code, Outcomes)| {
            matches!(dictionary.entry(*code), Some(Entry::Address(_)))
        };
        (tables.destinations, tables.fqdns) =
            talkers(&self.targets).into_iter().partition(is_address);
        tables.rule_ends = RuleEnds {
            rules: self.rules.iter().map(|key| translation.codes(*key)).collect(),
            sources: self.sources,
            targets: self.targets,
            translation: translation.clone(),
        };
        self.activity.put_away();
        for (minute, counts) in self.activity.earlier {
            for (class, count) in Class::ALL.into_iter().zip(counts) {
                if count > 0 {
                    tables.activity.insert((minute, class), count);
                }
            }
        }
        tables
    }
}

/// What an event that was counted says of its ends.
fn met(heads: &[HeadCount], event: &Event) -> Met {
    heads.get(event.head as usize).and_then(|head| head.met).unwrap_or_default()
}

/// The rule that a head names, where hits are counted.
fn rule_key(head: &Head) -> Option<RuleKey> {
    let is_hit = match head.class {
        Class::Allowed | Class::DeniedByRule | Class::DeniedByDefault | Class::Dnat => true,
        Class::ThreatAlert
        | Class::ThreatDenied
        | Class::Idps
        | Class::Dns
        | Class::DnsFailure
        | Class::FlowTrace
        | Class::FatFlow
        | Class::Aggregation
        | Class::Unstated => false,
    };
    let [policy, group, collection, rule] = RULE;
    let key = head.key([policy, group, collection, rule, Field::Kind, Field::Action]);
    (is_hit && head.get(Field::Rule) != ABSENT).then_some(key)
}

/// Tables for the summary.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    /// Category, form, kind.
    pub(super) categories: Table<3>,
    /// Class.
    pub(super) classes: Table<1>,
    /// Rule, kind, action.
    pub(super) rules: Table<6>,
    /// The sources and the targets of each rule.
    pub(super) rule_ends: RuleEnds,
    /// Rule, kind, action, protocol, port.
    pub(super) rule_ports: Table<8>,
    /// Rule, kind, action, protocol, web category.
    pub(super) rule_words: Table<8>,
    pub(super) sources: Vec<(Code, Outcomes)>,
    pub(super) destinations: Vec<(Code, Outcomes)>,
    pub(super) fqdns: Vec<(Code, Outcomes)>,
    /// Protocol, port.
    pub(super) ports: CodeMap<[Code; 2], Outcomes>,
    /// Web category, class.
    pub(super) web_categories: Table<2>,
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
    /// Name, how long the answer took.
    pub(super) dns_durations: Table<2>,
    /// Name, rule: names that the firewall itself could not resolve.
    pub(super) unresolved: Table<5>,
    /// Category, rule, action.
    pub(super) aggregation_rows: Table<6>,
    /// The same, counting connections.
    pub(super) aggregated: Table<6>,
    /// Records per minute and class.
    pub(super) activity: CodeMap<(i64, Class), u64>,
    /// So many rows are told apart where strangers choose the values.
    rows_max: Option<usize>,
}

impl Tables {
    fn add_head(&mut self, head: &Head, measure: Measure) {
        self.categories.add(head.key([Field::Category, Field::Form, Field::Kind]), measure);
        self.classes.add([head.class.code()], measure);
        if let Some(key) = rule_key(head) {
            self.rules.add(key, measure);
            let [policy, group, collection, rule, kind, action] = key;
            let [protocol, category] = head.key([Field::Protocol, Field::WebCategory]);
            let words = [policy, group, collection, rule, kind, action, protocol, category];
            self.rule_words.add(words, measure);
        }
        let is_connection = head.class == Class::Allowed || head.class.is_denied();
        if is_connection && head.get(Field::WebCategory) != ABSENT {
            self.web_categories.add(head.key([Field::WebCategory, Field::Class]), measure);
        }
        if head.class == Class::Dns {
            self.dns.add(head.key([Field::Rcode, Field::DnsType]), measure);
        }
    }

    fn add_dnat(&mut self, row: &Row<'_>, one: Measure) {
        let [policy, group, collection, rule] = RULE;
        let key = row.key([
            Field::Protocol,
            Field::Source,
            Field::Destination,
            Field::DestinationPort,
            Field::Translated,
            Field::TranslatedPort,
            policy,
            group,
            collection,
            rule,
        ]);
        self.dnat.add_within(self.rows_max, key, &[1], one);
    }

    fn add_threat(&mut self, row: &Row<'_>, one: Measure) {
        let key = [
            Field::Threat,
            Field::Target,
            Field::DestinationPort,
            Field::Protocol,
            Field::Class,
            Field::Source,
        ];
        self.threat_intel.add_within(self.rows_max, row.key(key), &[1, 5], one);
    }

    fn add_idps(&mut self, row: &Row<'_>, one: Measure) {
        let key = [
            Field::SignatureId,
            Field::SignatureCategory,
            Field::SignatureText,
            Field::Severity,
            Field::Action,
            Field::Source,
            Field::Destination,
        ];
        self.idps.add_within(self.rows_max, row.key(key), &[5, 6], one);
    }

    fn add_dns(&mut self, row: &Row<'_>, one: Measure) {
        if row.head.is_failed_query {
            let key = row.key([Field::DnsName, Field::Rcode]);
            self.dns_failing.add_within(self.rows_max, key, &[0], one);
        }
        if row.event.duration != ABSENT {
            let key = [row.get(Field::DnsName), row.event.duration];
            self.dns_durations.add_within(self.rows_max, key, &[0], one);
        }
    }

    fn add_unresolved(&mut self, row: &Row<'_>, one: Measure) {
        let [policy, group, collection, rule] = RULE;
        let key = row.key([Field::Fqdn, policy, group, collection, rule]);
        self.unresolved.add_within(self.rows_max, key, &[0], one);
    }

    fn add_aggregation(&mut self, row: &Row<'_>, one: Measure) {
        let [policy, group, collection, rule] = RULE;
        let key = row.key([Field::Category, policy, group, collection, rule, Field::Action]);
        self.aggregation_rows.add(key, one);
        self.aggregated.add(key, Measure::at(row.event.weight, row.event.time));
    }

    /// Those that are counted record by record.
    fn put(&self, out: &mut Vec<u8>) {
        self.dnat.rows.put(out);
        self.threat_intel.rows.put(out);
        self.idps.rows.put(out);
        self.dns_failing.rows.put(out);
        self.dns_durations.rows.put(out);
        self.unresolved.rows.put(out);
        self.aggregation_rows.rows.put(out);
        self.aggregated.rows.put(out);
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        Some(Self {
            dnat: Table { rows: CodeMap::got(input)? },
            threat_intel: Table { rows: CodeMap::got(input)? },
            idps: Table { rows: CodeMap::got(input)? },
            dns_failing: Table { rows: CodeMap::got(input)? },
            dns_durations: Table { rows: CodeMap::got(input)? },
            unresolved: Table { rows: CodeMap::got(input)? },
            aggregation_rows: Table { rows: CodeMap::got(input)? },
            aggregated: Table { rows: CodeMap::got(input)? },
            ..Self::default()
        })
    }

    fn merge(&mut self, other: Self, translation: &Translation) {
        self.dnat.merge(other.dnat, translation);
        self.threat_intel.merge(other.threat_intel, translation);
        self.idps.merge(other.idps, translation);
        self.dns_failing.merge(other.dns_failing, translation);
        self.dns_durations.merge(other.dns_durations, translation);
        self.unresolved.merge(other.unresolved, translation);
        self.aggregation_rows.merge(other.aggregation_rows, translation);
        self.aggregated.merge(other.aggregated, translation);
    }
}
