//! Rows of any container → records, rejects and counts.

use std::ops::ControlFlow;
use std::sync::Arc;

use smol_str::SmolStr;

use super::category::{Family, Kind, kind};
use super::column::Column;
use super::counts::{Counts, Reject, Sink};
use super::layout::Scanned;
use super::record::{LogRecord, Origin};
use super::row::{Cell, Row};
use super::value::Value;
use super::wrapped::{self, Inside};
use super::{Options, flowlogs, legacy, sentences, structured, time};

/// Goes on, or stops because the sink wants no more.
pub(super) type Flowing = ControlFlow<()>;

/// Where rows go, and the account of them.
pub(super) struct Reader<'a, S> {
    file: Arc<str>,
    options: &'a Options,
    sink: &'a mut S,
    pub(super) counts: Counts,
    /// Whether the next record is kept, so that the layout of its line can be learned. Flows of other
    /// logs are not: the layouts know the columns of firewall logs alone.
    keeps_next: bool,
    kept: Option<LogRecord>,
}

impl<'a, S: Sink> Reader<'a, S> {
    pub(super) fn new(file: Arc<str>, options: &'a Options, sink: &'a mut S) -> Self {
        let counts = Counts::default();
        Self { file, options, sink, counts, keeps_next: false, kept: None }
    }

    pub(super) fn options(&self) -> &'a Options {
        self.options
    }

    pub(super) fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// Reads with `read` and keeps the record that comes of it, if it is the only thing.
    pub(super) fn keeping(
        &mut self,
        read: impl FnOnce(&mut Self) -> Flowing,
    ) -> (Flowing, Option<LogRecord>) {
        let before = self.counts.inputs;
        (self.keeps_next, self.kept) = (true, None);
        let flowing = read(self);
        self.keeps_next = false;
        let kept = self.kept.take();
        (flowing, kept.filter(|_| self.counts.inputs == before + 1))
    }

    /// A record that was recognised by the layout of its line.
    pub(super) fn scanned(&mut self, scanned: &Scanned<'_>) -> Flowing {
        self.counts.inputs += 1;
        self.sink.scanned(scanned)
    }

    /// The records in one JSON text that begins at `line`.
    pub(super) fn json(&mut self, text: &[u8], line: u64) -> Flowing {
        match serde_json::from_slice::<Value<'_>>(text) {
            Ok(value) => self.value(&value, text, line),
            Err(error) => {
                self.input_rejected(line, not_json(&error, text, line), text);
                Flowing::Continue(())
            }
        }
    }

    /// What is no JSON: a line that a forwarder wrote, or damage.
    pub(super) fn damage(&mut self, text: &[u8], reason: &str, line: u64) -> Flowing {
        if sentences::is_of_syslog(text) {
            return sentences::read_line(text, line, self);
        }
        self.input_rejected(line, reason.to_owned(), text);
        Flowing::Continue(())
    }

    /// A record, or an object that holds records.
    pub(super) fn value(&mut self, value: &Value<'_>, text: &[u8], line: u64) -> Flowing {
        if let Some(elements) = value.get("records").and_then(Value::elements) {
            return elements.iter().try_for_each(|element| self.value(element, text, line));
        }
        if let Some(tables) = value.get("tables").and_then(Value::elements) {
            return self.tables(value, tables, text, line);
        }
        if let Some(flowing) = flowlogs::read(value, text, line, self) {
            return flowing;
        }
        match value {
            Value::Object(members) => {
                let properties = text_of_properties(members);
                let mut row = Row::new();
                fill(&mut row, members, Place::Envelope);
                if let Some(properties) = &properties {
                    fill(&mut row, properties.members(), Place::Properties);
                }
                let mut wrapped =
                    members.iter().map(|(_, value)| value).filter(|value| holds_rows(value));
                if row.is_empty() && wrapped.clone().next().is_some() {
                    return wrapped.try_for_each(|value| self.value(value, text, line));
                }
                if row.is_hollow()
                    && let Some(inside) = wrapped::inside(value)
                {
                    return match inside {
                        Inside::Value(inner) => self.value(&inner, text, line),
                        Inside::List(all) => {
                            all.iter().try_for_each(|inner| self.value(inner, text, line))
                        }
                        Inside::Sentence(message, time) => {
                            self.row(wrapped::row(message, time), text, line)
                        }
                    };
                }
                self.row(row, text, line)
            }
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Array(_) => {
                self.input_rejected(line, "not a JSON object".to_owned(), text);
                Flowing::Continue(())
            }
        }
    }

    /// The answer of a Log Analytics query. An answer in part has an `error` besides.
    fn tables(
        &mut self,
        answer: &Value<'_>,
        tables: &[Value<'_>],
        text: &[u8],
        line: u64,
    ) -> Flowing {
        if answer.get("error").is_some_and(|error| *error != Value::Null) {
            self.input_rejected(line, "the query was answered only in part".to_owned(), text);
        }
        for table in tables {
            let columns = table.get("columns").and_then(Value::elements).unwrap_or(&[]);
            let name = |column| Value::get(column, "name").or_else(|| column.get("ColumnName"));
            if let Some(flowing) = self.table_of_flows(table, columns, text, line) {
                flowing?;
                continue;
            }
            let columns: Vec<Option<Column>> = columns
                .iter()
                .map(|column| name(column).and_then(Value::text).and_then(Column::from_name))
                .collect();
            for cells in table.get("rows").and_then(Value::elements).unwrap_or(&[]) {
                let mut row = Row::new();
                for (column, value) in columns.iter().zip(cells.elements().unwrap_or(&[])) {
                    if let Some(column) = column {
                        row.put(*column, Cell::of(value));
                    }
                }
                self.row(row, text, line)?;
            }
        }
        Flowing::Continue(())
    }

    /// The rows of a table of flows, if it is one.
    fn table_of_flows(
        &mut self,
        table: &Value<'_>,
        columns: &[Value<'_>],
        text: &[u8],
        line: u64,
    ) -> Option<Flowing> {
        let name = |column| Value::get(column, "name").or_else(|| column.get("ColumnName"));
        let names = columns.iter().filter_map(|column| name(column).and_then(Value::text));
        let rows = flowlogs::Rows::of(names, self.options)?;
        let names: Vec<String> = columns
            .iter()
            .map(|column| name(column).and_then(Value::text).unwrap_or("").to_owned())
            .collect();
        let mut all = table.get("rows").and_then(Value::elements).unwrap_or(&[]).iter();
        Some(all.try_for_each(|row| {
            let cells = row.elements().unwrap_or(&[]);
            rows.read(&flowlogs::Named { names: &names, cells }, text, line, self)
        }))
    }

    /// One row, whatever it turns out to be.
    pub(super) fn row(&mut self, mut row: Row<'_>, text: &[u8], line: u64) -> Flowing {
        if row.has(Column::TableName) {
            row.forget_none();
        }
        match kind(&mut row) {
            Kind::Ignored(reason) => self.input_ignored(reason),
            Kind::Unknown => {
                let reason = if row.is_empty() { "no known column" } else { "no category" };
                self.input_rejected(line, reason.to_owned(), text);
            }
            Kind::Record(family, category) => match self.record(&row, family, category, line) {
                Err(reason) => self.input_rejected(line, reason, text),
                Ok(record) => {
                    if self.keeps_next {
                        self.kept = Some(record.clone());
                    }
                    return self.found(record);
                }
            },
        }
        Flowing::Continue(())
    }

    fn record(
        &self,
        row: &Row<'_>,
        family: Family,
        category: &str,
        line: u64,
    ) -> Result<LogRecord, String> {
        if row.is_hollow() {
            return Err("none of the columns of its category".to_owned());
        }
        let origin = self.origin(line);
        let mut record = match family {
            Family::Legacy => legacy::record(row, category, origin.clone())
                .or_else(|reason| in_columns(row, category, origin).ok_or(reason))?,
            Family::Network
            | Family::Application
            | Family::Nat
            | Family::ThreatIntel
            | Family::Idps
            | Family::DnsQuery
            | Family::DnsFailure
            | Family::DnsTrace
            | Family::FlowTrace
            | Family::FatFlow
            | Family::NetworkAggregation
            | Family::ApplicationAggregation
            | Family::NatAggregation => structured::record(row, family, category, origin)?,
        };
        let text = row.string(Column::Time);
        record.time = text.map(|text| time::time(&text, self.options.date_order)).transpose()?;
        record.firewall = row.text(Column::Resource).map(lower);
        record.tenant = row.string(Column::Tenant);
        record.correlation = row.string(Column::Correlation);
        forget_icmp_ports(&mut record);
        Ok(record)
    }

    /// Hands on a record.
    pub(super) fn found(&mut self, record: LogRecord) -> Flowing {
        self.counts.inputs += 1;
        self.counts.count_records(&record.category, 1);
        self.sink.record(record)
    }

    /// Counts an input that is known to be something else.
    pub(super) fn input_ignored(&mut self, reason: String) {
        self.counts.inputs += 1;
        self.counts.count_ignored(reason);
    }

    /// Counts an input that no record can be made of.
    pub(super) fn input_rejected(&mut self, line: u64, reason: String, text: &[u8]) {
        self.counts.inputs += 1;
        self.counts.rejected += 1;
        let excerpt = excerpt(text, self.options.excerpt_chars);
        let reject = Reject { origin: self.origin(line), reason, excerpt };
        self.sink.reject(&reject);
        if self.counts.first_rejects.len() < self.options.rejects_kept {
            self.counts.first_rejects.push(reject);
        }
    }

    pub(super) fn origin(&self, line: u64) -> Origin {
        Origin { file: Arc::clone(&self.file), line }
    }
}

/// Some pipelines take the sentence of a legacy category apart and keep its category.
fn in_columns(row: &Row<'_>, category: &str, origin: Origin) -> Option<LogRecord> {
    if !row.has(Column::SourceIp) || !row.has(Column::Action) {
        return None;
    }
    let is_application = category.eq_ignore_ascii_case("AzureFirewallApplicationRule");
    let family = if is_application { Family::Application } else { Family::Network };
    structured::record(row, family, category, origin).ok()
}

/// Whether `value` is an object with columns of a firewall log besides those of an envelope.
pub(super) fn known_columns(value: &Value<'_>) -> bool {
    let properties = text_of_properties(value.members());
    let mut row = Row::new();
    fill(&mut row, value.members(), Place::Envelope);
    if let Some(properties) = &properties {
        fill(&mut row, properties.members(), Place::Properties);
    }
    !row.is_hollow()
}

/// Forwarders that flatten records write their properties as text.
fn text_of_properties<'a>(
    members: &'a [(std::borrow::Cow<'_, str>, Value<'_>)],
) -> Option<Value<'a>> {
    let named = |(key, _): &&(std::borrow::Cow<'_, str>, _)| key.eq_ignore_ascii_case("properties");
    let text = members.iter().find(named)?.1.text()?;
    text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok()).flatten()
}

/// Whether `value` is a container: consumers and notebooks wrap those under names of their own.
fn holds_rows(value: &Value<'_>) -> bool {
    let holds = |key| value.get(key).and_then(Value::elements).is_some();
    holds("records") || holds("tables")
}

/// Which part of a record members stand in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Envelope,
    Properties,
}

fn fill<'a>(
    row: &mut Row<'a>,
    members: &'a [(std::borrow::Cow<'_, str>, Value<'_>)],
    place: Place,
) {
    for (key, value) in members {
        if place == Place::Envelope {
            if key.eq_ignore_ascii_case("properties") && !value.members().is_empty() {
                fill(row, value.members(), Place::Properties);
                continue;
            }
            if key == "flow" && !value.members().is_empty() {
                row.foreign = Some("Hubble flow in a shape that is not known");
            }
        }
        // Flattened members keep the way to them in their names.
        let flattened = ["properties.", "properties_"].iter().find_map(|way| {
            let (start, rest) = key.split_at_checked(way.len())?;
            start.eq_ignore_ascii_case(way).then_some(rest)
        });
        let place = if flattened.is_some() { Place::Properties } else { place };
        match Column::from_name(flattened.unwrap_or(key)) {
            // The properties of a signature have a category of their own.
            Some(Column::Category) if place == Place::Properties => {
                row.put(Column::SignatureCategory, Cell::of(value));
            }
            Some(column) => row.put(column, Cell::of(value)),
            None => {}
        }
    }
}

/// ICMP has none; the logs write nothing, an empty port or 0.
fn forget_icmp_ports(record: &mut LogRecord) {
    if record.protocol.as_ref().is_some_and(|protocol| protocol.starts_with("icmp")) {
        record.source_port = None;
        record.destination_port = None;
    }
}

fn lower(text: &str) -> SmolStr {
    text.trim().to_lowercase().into()
}

/// What is wrong with a JSON text that begins at `line` of its file, and where.
fn not_json(error: &serde_json::Error, text: &[u8], line: u64) -> String {
    let shown = error.to_string();
    let what = shown.split(" at line ").next().unwrap_or(&shown);
    // It counts bytes, and lines from the beginning of the text.
    let passed = error.line().saturating_sub(1);
    let its_line = text.split(|byte| *byte == b'\n').nth(passed).unwrap_or_default();
    let before = its_line.get(..error.column()).unwrap_or(its_line);
    let character = String::from_utf8_lossy(before).chars().count().max(1);
    match passed {
        0 => format!("not valid JSON: {what} at character {character}"),
        _ => format!(
            "not valid JSON: {what} at character {character} of line {}",
            line + passed as u64
        ),
    }
}

fn excerpt(text: &[u8], chars_max: usize) -> String {
    let bytes = text.get(..chars_max.saturating_mul(4)).unwrap_or(text);
    String::from_utf8_lossy(bytes).trim().chars().take(chars_max).collect()
}
