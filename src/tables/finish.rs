//! The tally's tables → [`Summary`].

use std::io;

use polars::prelude::*;
use smol_str::SmolStr;

use crate::logs::{Form, LoggedAction, RecordKind};
use crate::net::AddressNames;

use super::counts::Tables;
use super::denied::{DeniedTops, denied_tops};
use super::dictionary::{Code, Dictionary, Entry, Translation, as_number};
use super::frame::{COUNT, Line, frame, lines, measures, ranked, seen};
use super::row::Class;
use super::summary::{CategoryRow, Coverage, IdpsTotal, Input, PolicyRule, Summary, Top, Totals};
use super::tally::{Measure, Tally};
use super::traffic::outcomes;

/// What the summary should hold.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Rows of each table of the largest.
    pub top: usize,
    /// The rules to join the hits with.
    pub policy: Option<&'a [PolicyRule]>,
    /// What addresses are called.
    pub names: Option<&'a AddressNames>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { top: 20, policy: None, names: None }
    }
}

/// The aggregated tables could not be summarised.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum SummaryError {
    #[error("the summary could not be computed")]
    Tables(#[from] PolarsError),
    #[error("cannot use a temporary file: {0}")]
    #[diagnostic(help(
        "make room where temporary files go, or give `--memory` more than it needs"
    ))]
    Scratch(#[from] io::Error),
}

impl Tally {
    /// The summary of everything pushed so far. `input` is what the reader counted.
    ///
    /// # Errors
    ///
    /// Fails by a fault of this program, or where a temporary file cannot be used.
    pub fn finish(mut self, input: Input, options: &Options<'_>) -> Result<Summary, SummaryError> {
        let removed = self.settle()?;
        let duplicates = removed.all();
        let (dictionary, sorted) = self.coding.dictionary.sorted();
        let Self { coding, counted, mut waiting, mut others, records, times, cut, .. } = self;
        let mut denied = vec![(sorted.clone(), waiting.denials.rows(&coding))];
        let mut drops = vec![(Translation::default(), &mut waiting.drops)];
        for others in &mut others {
            denied.push((others.recoding.codes.then(&sorted), &mut others.denied));
            drops.push((others.recoding.codes.clone(), &mut others.drops));
        }
        let denied = denied_tops(&mut denied, (&dictionary, options.names), options.top)?;
        let allowed_then_dropped = super::drops::settle(&mut drops)?;
        drop(drops);
        drop((waiting, others));
        let tables = counted.tables(&coding.heads, &sorted, &dictionary);
        drop((coding, sorted));
        let Options { top, names, .. } = *options;
        let is_cut = cut > 0;
        let finish = Finish { dictionary, tables, denied, top, names, is_cut };
        let timed: u64 = finish.tables.activity.values().sum();
        let coverage = Coverage {
            input: Input { allowed_then_dropped, ..input },
            records,
            duplicates,
            repeated: removed.repeated,
            cut,
            is_duplicate_window_exceeded: times.is_late,
            is_attempt_window_exceeded: times.is_late && finish.denied.attempts() > 0,
            without_time: records - duplicates - timed,
            categories: finish.categories()?,
        };
        finish.summary(coverage, options)
    }
}

/// The tables in sorted codes, and what is needed to read them.
pub(super) struct Finish<'a> {
    pub(super) dictionary: Dictionary,
    pub(super) tables: Tables,
    pub(super) denied: DeniedTops,
    pub(super) top: usize,
    names: Option<&'a AddressNames>,
    /// Not all addresses and names are told apart.
    pub(super) is_cut: bool,
}

impl Finish<'_> {
    fn summary(&self, coverage: Coverage, options: &Options<'_>) -> Result<Summary, SummaryError> {
        Ok(Summary {
            period: self.period(),
            coverage,
            totals: self.totals()?,
            hours: self.hours()?,
            denied_targets: self.denied_targets(),
            denied_groups: self.denied_groups(),
            denied: self.denied_flows(),
            rules: self.rules()?,
            web_by_network_rules: self.web_by_network_rules(),
            policy: options.policy.map(|rules| self.policy_use(rules)).transpose()?,
            sources: self.talkers(&self.tables.sources)?,
            destinations: self.talkers(&self.tables.destinations)?,
            sources_by_name: self.by_name(&self.tables.sources),
            destinations_by_name: self.by_name(&self.tables.destinations),
            fqdns: self.talkers(&self.tables.fqdns)?,
            ports: self.ports()?,
            dnat: self.dnat()?,
            threat_intel: self.threat_intel()?,
            idps: self.idps()?,
            web_categories: self.talkers(&outcomes(&self.tables.web_categories))?,
            dns: self.dns()?,
            unresolved: self.unresolved()?,
            aggregation: self.aggregation()?,
        })
    }

    fn period(&self) -> Option<super::summary::Seen> {
        let measures = || self.tables.classes.rows.values();
        let first = measures().filter_map(Measure::first_known).min();
        let last = measures().filter_map(Measure::last_known).max();
        seen(first, last)
    }

    fn categories(&self) -> PolarsResult<Vec<CategoryRow>> {
        let keys = ["category", "form", "kind"];
        let table = ranked(&frame(&self.tables.categories, keys)?, &[], &keys)?;
        let rows = lines(&table, usize::MAX, keys, [COUNT])?.into_iter();
        let row = |Line { keys: [category, form, kind], counts: [records], seen }| {
            Some(CategoryRow {
                category: self.text(category)?,
                form: form_of(form)?,
                kind: kind_of(kind)?,
                records,
                seen,
            })
        };
        Ok(rows.filter_map(row).collect())
    }

    fn totals(&self) -> PolarsResult<Totals> {
        let of = |class: Class| {
            self.tables.classes.rows.get(&[class.code()]).map_or(0, |measure| measure.count)
        };
        let named = self.tables.rules.rows.iter();
        let allow = Some(LoggedAction::Allow);
        let allowed_by_rule: u64 = named
            .filter(|([.., action], _)| action_of(*action) == allow)
            .map(|(_, measure)| measure.count)
            .sum();
        Ok(Totals {
            allowed: of(Class::Allowed),
            denied_by_rule: of(Class::DeniedByRule),
            denied_by_default: of(Class::DeniedByDefault),
            attempts_by_rule: self.denied.attempts_by_rule,
            attempts_by_default: self.denied.attempts_by_default,
            allowed_without_rule: of(Class::Allowed).saturating_sub(allowed_by_rule),
            threat_alerts: of(Class::ThreatAlert),
            threat_denied: of(Class::ThreatDenied),
            idps: self.idps_totals()?,
            dnat: of(Class::Dnat),
            dns: of(Class::Dns),
            dns_failures: of(Class::DnsFailure),
            flow_traces: of(Class::FlowTrace),
            fat_flows: of(Class::FatFlow),
            aggregations: of(Class::Aggregation),
            aggregated_connections: {
                let rows = self.tables.aggregated.rows.values();
                rows.fold(0, |sum, measure| measure.count.saturating_add(sum))
            },
            unstated: of(Class::Unstated),
        })
    }

    fn idps_totals(&self) -> PolarsResult<Vec<IdpsTotal>> {
        if self.tables.idps.rows.is_empty() {
            return Ok(Vec::new());
        }
        let names = ["id", "category", "text", "severity", "action", "source", "destination"];
        let keys = ["severity", "action"];
        let table = frame(&self.tables.idps, names)?
            .lazy()
            .group_by([col("severity"), col("action")])
            .agg([col(COUNT).sum()]);
        let table = ranked(&table.collect()?, &[], &keys)?;
        let rows = lines(&table, usize::MAX, keys, [COUNT])?.into_iter();
        let row = |Line { keys: [severity, action], counts: [records], .. }: Line<2, 1>| {
            IdpsTotal { severity: as_number(severity), action: action_of(action), records }
        };
        Ok(rows.map(row).collect())
    }

    /// Groups a table by `keys` and takes the largest rows.
    pub(super) fn largest<const K: usize, R>(
        &self,
        table: DataFrame,
        keys: [&str; K],
        row: impl Fn(Line<K, 1>) -> R,
    ) -> PolarsResult<Top<R>> {
        let by: Vec<Expr> = keys.iter().map(|&key| col(key)).collect();
        let table = table.lazy().group_by(by).agg(measures()).collect()?;
        let table = ranked(&table, &[COUNT], &keys)?;
        self.top_of(&table, lines(&table, self.top, keys, [COUNT])?, row)
    }

    /// The first rows of a sorted table, and what the others add up to.
    pub(super) fn top_of<L, R>(
        &self,
        table: &DataFrame,
        lines: Vec<L>,
        row: impl Fn(L) -> R,
    ) -> PolarsResult<Top<R>> {
        let counts = table.column(COUNT)?.u64()?;
        Ok(Top {
            rows: lines.into_iter().map(row).collect(),
            rows_total: table.height() as u64,
            records_left_out: counts.iter().flatten().skip(self.top).sum(),
        })
    }

    pub(super) fn text(&self, code: Code) -> Option<SmolStr> {
        self.dictionary.show(code)
    }

    pub(super) fn has_names(&self) -> bool {
        self.names.is_some()
    }

    /// What the address of a code is called.
    pub(super) fn name(&self, code: Code) -> Option<SmolStr> {
        match self.dictionary.entry(code)? {
            Entry::Address(address) => self.names?.name(*address).cloned(),
            Entry::Text(_) => None,
        }
    }
}

pub(super) fn action_of(code: Code) -> Option<LoggedAction> {
    let all = [LoggedAction::Allow, LoggedAction::Deny, LoggedAction::Alert, LoggedAction::Dnat];
    all.into_iter().find(|&action| as_number(code) == Some(action as u16))
}

fn form_of(code: Code) -> Option<Form> {
    let all = [Form::Legacy, Form::Structured, Form::FlowLog];
    all.into_iter().find(|&form| as_number(code) == Some(form as u16))
}

pub(super) fn kind_of(code: Code) -> Option<RecordKind> {
    let all = [
        RecordKind::Network,
        RecordKind::Application,
        RecordKind::Nat,
        RecordKind::ThreatIntel,
        RecordKind::Idps,
        RecordKind::Dns,
        RecordKind::DnsFailure,
        RecordKind::FlowTrace,
        RecordKind::FatFlow,
        RecordKind::Aggregation,
        RecordKind::Flow,
    ];
    all.into_iter().find(|&kind| as_number(code) == Some(kind as u16))
}
