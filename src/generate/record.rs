//! The envelope of a record, and where a storage account keeps it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::event::Event;
use super::{legacy, structured};

/// One line of a log export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub category: &'static str,
    /// Records lie in the blob of the hour in which they arrived.
    pub arrival: Timestamp,
    /// JSON, without the line end.
    pub line: String,
}

impl Record {
    /// The blob of a storage account that holds the record.
    ///
    /// `resource_id` is the firewall's, in upper case.
    #[must_use]
    pub fn blob_path(&self, resource_id: &str) -> String {
        let container = self.category.to_lowercase();
        let hour = self.arrival.strftime("y=%Y/m=%m/d=%d/h=%H/m=00");
        format!("insights-logs-{container}/resourceId={resource_id}/{hour}/PT1H.json")
    }
}

/// The record of the structured family, `AZFW…`.
#[must_use]
pub fn structured_record(event: &Event, resource_id: &str) -> Record {
    let (category, properties) = structured::columns(event);
    let line = json!({
        "time": time(event.time),
        "resourceId": resource_id,
        "properties": properties,
        "category": category,
    });
    record(event, category, &line)
}

/// The record of the legacy family, `AzureFirewall…`, whose text is one sentence.
#[must_use]
pub fn legacy_record(event: &Event, resource_id: &str) -> Record {
    let (category, operation) = legacy::names(&event.kind);
    let line = json!({
        "time": time(event.time),
        "resourceId": resource_id,
        "operationName": operation,
        "properties": { "msg": legacy::sentence(event) },
        "category": category,
    });
    record(event, category, &line)
}

fn record(event: &Event, category: &'static str, line: &Value) -> Record {
    Record { category, arrival: event.arrival, line: line.to_string() }
}

/// As records since 2025 write it.
fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}
