//! What the tuples of both flow logs of Azure networks share.

use jiff::Timestamp;
use smol_str::SmolStr;

use super::{Entry, Found, RUNNING, denied, flow, protocol_name};
use crate::logs::record::{LogRecord, Origin};
use crate::logs::row::address;
use crate::logs::time::since_1970;

/// What a tuple says of the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Begins,
    /// It goes on or ends.
    Runs,
    Denied,
}

/// A tuple taken apart.
pub(super) struct Tuple<'a> {
    pub(super) time: &'a str,
    pub(super) source: &'a str,
    pub(super) destination: &'a str,
    pub(super) source_port: &'a str,
    pub(super) destination_port: &'a str,
    pub(super) protocol: &'a str,
    /// `I` or `O`: at which end of the flow the interface is.
    pub(super) direction: &'a str,
    pub(super) state: State,
}

impl Tuple<'_> {
    /// The flow that begins with the tuple, under the rule of the network security group.
    pub(super) fn entry(&self, category: &str, rule: Option<&str>, origin: &Origin) -> Entry {
        if self.state == State::Runs {
            return Ok(Found::Ignored(RUNNING));
        }
        let mut record = flow(category, origin.clone());
        record.time = Some(time(self.time)?);
        let end = |text: &str| address(text).ok_or_else(|| format!("unreadable address `{text}`"));
        record.source = Some(end(self.source)?);
        record.destination = Some(end(self.destination)?);
        record.protocol = Some(protocol_name(self.protocol)?);
        record.source_port = port(self.source_port)?;
        record.destination_port = port(self.destination_port)?;
        record.flag = direction(self.direction);
        record.rule = rule.map(Into::into);
        forget_ports_without_meaning(&mut record);
        if self.state == State::Denied {
            denied(&mut record, "denied by a network security group");
        }
        Ok(Found::Flow(Box::new(record)))
    }
}

/// Seconds or milliseconds since 1970: documents and files disagree.
fn time(text: &str) -> Result<Timestamp, String> {
    let time = text.trim().parse().ok().and_then(since_1970);
    time.ok_or_else(|| format!("unreadable time `{text}`"))
}

fn port(text: &str) -> Result<Option<u16>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| format!("unreadable port `{text}`"))
}

fn direction(text: &str) -> Option<SmolStr> {
    match text.trim() {
        "I" => Some(SmolStr::new_static("in")),
        "O" => Some(SmolStr::new_static("out")),
        _ => None,
    }
}

/// Only TCP and UDP have ports; the logs write 0 for the others.
pub(super) fn forget_ports_without_meaning(record: &mut LogRecord) {
    let has_ports = record
        .protocol
        .as_deref()
        .is_none_or(|name| matches!(name, "tcp" | "udp" | "sctp" | "http" | "https" | "mssql"));
    if !has_ports {
        record.source_port = None;
        record.destination_port = None;
    }
}
