//! Flows that other logs than the firewall's tell of: what would the firewall have done with them?
//!
//! Only the start of a flow counts, so that a long one does not count for each of its tuples. What a
//! network security group or a cluster policy denied is a record too, and says so: the firewall
//! never saw it. One file per format.

mod fields;
mod hubble;
mod mapped;
mod nsg;
mod nta;
mod once;
mod table;
mod tuple;
mod vnet;
mod zeek;

use smol_str::SmolStr;

use super::Options;
use super::counts::Sink;
use super::reader::{Flowing, Reader};
use super::record::{Form, LogRecord, LoggedAction, Origin, RecordKind};
use super::value::Value;
use crate::flow::FlowProtocol;

pub(super) use fields::{Fields, Members, Named};
pub use mapped::{ColumnMap, ColumnMapError};
pub use once::OncePerFlow;
pub(super) use table::{is_zeek, read_zeek, table};

/// What an entry of a flow log amounts to.
pub(super) enum Found {
    Flow(Box<LogRecord>),
    /// Not the start of a flow; why.
    Ignored(&'static str),
}

/// An entry, or why it cannot be read.
pub(super) type Entry = Result<Found, String>;

const RUNNING: &str = "flow log entry of a flow that began earlier";

/// A log whose entries are rows of named fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    Nta,
    Zeek,
    /// The columns that the user names.
    Mapped,
}

impl Rows {
    /// The log that has these field names, if any.
    pub(super) fn of<'n>(
        names: impl Iterator<Item = &'n str> + Clone,
        options: &Options,
    ) -> Option<Self> {
        let has = |wanted: &str| names.clone().any(|name| fields::is_named(name, wanted));
        if options.columns.as_ref().is_some_and(|map| map.columns().all(has)) {
            return Some(Self::Mapped);
        }
        if has("id.orig_h") && has("id.resp_h") {
            return Some(Self::Zeek);
        }
        let is_nta = has("L4Protocol") && (has("SrcIp") || has("SrcPublicIps"));
        is_nta.then_some(Self::Nta)
    }

    /// The flows in one row.
    pub(super) fn read<S: Sink>(
        self,
        row: &dyn Fields,
        text: &[u8],
        line: u64,
        reader: &mut Reader<'_, S>,
    ) -> Flowing {
        let origin = reader.origin(line);
        match self {
            Self::Nta => nta::entries(row, &origin)
                .into_iter()
                .try_for_each(|entry| deliver(entry, text, line, reader)),
            Self::Zeek => deliver(zeek::entry(row, origin), text, line, reader),
            Self::Mapped => {
                let Some(map) = reader.options().columns.clone() else {
                    return Flowing::Continue(());
                };
                let order = reader.options().date_order;
                deliver(mapped::entry(row, &map, order, origin), text, line, reader)
            }
        }
    }
}

/// Hands on the flows of `value`, if it is a record of a flow log.
pub(super) fn read<S: Sink>(
    value: &Value<'_>,
    text: &[u8],
    line: u64,
    reader: &mut Reader<'_, S>,
) -> Option<Flowing> {
    let members = value.members();
    let has = |name: &str| members.iter().any(|(key, _)| key == name);
    let origin = reader.origin(line);
    if has("flowRecords") {
        return Some(tuples(vnet::entries(value, &origin), line, reader));
    }
    if nsg::is_record(value) {
        return Some(tuples(nsg::entries(value, &origin), line, reader));
    }
    if let Some(flow) = value.get("flow").filter(|flow| hubble::is_flow(flow)) {
        return Some(deliver(hubble::entry(flow, value, origin), text, line, reader));
    }
    let rows = Rows::of(members.iter().map(|(key, _)| key.as_ref()), reader.options())?;
    Some(rows.read(&Members(members), text, line, reader))
}

/// Entries that are each one tuple; the tuple is what a rejection shows.
fn tuples<S: Sink>(
    entries: Vec<(String, Entry)>,
    line: u64,
    reader: &mut Reader<'_, S>,
) -> Flowing {
    if entries.is_empty() {
        reader.input_ignored("flow log record without flows".to_owned());
    }
    entries.into_iter().try_for_each(|(text, entry)| deliver(entry, text.as_bytes(), line, reader))
}

fn deliver<S: Sink>(entry: Entry, text: &[u8], line: u64, reader: &mut Reader<'_, S>) -> Flowing {
    match entry {
        Ok(Found::Flow(record)) => return reader.found(*record),
        Ok(Found::Ignored(reason)) => reader.input_ignored(reason.to_owned()),
        Err(reason) => reader.input_rejected(line, reason, text),
    }
    Flowing::Continue(())
}

/// A record for a flow of the log called `category`.
fn flow(category: &str, origin: Origin) -> LogRecord {
    LogRecord::new(RecordKind::Flow, Form::FlowLog, category, origin)
}

/// The name of a protocol as firewall records have it.
fn protocol_name(text: &str) -> Result<SmolStr, String> {
    let text = text.trim();
    let protocol = FlowProtocol::from_text(text);
    let shown: String = text.chars().take(40).collect();
    protocol.map_or_else(
        || Err(format!("unknown protocol `{shown}`")),
        |protocol| Ok(protocol.to_string().into()),
    )
}

/// Marks what something before the firewall denied.
fn denied(record: &mut LogRecord, by: &str) {
    record.action = Some(LoggedAction::Deny);
    record.reason = Some(by.into());
}

#[cfg(test)]
mod tests;
