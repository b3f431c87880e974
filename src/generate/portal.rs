//! Rows as the portal exports them: a CSV of the tables of network and application rules.

use serde_json::Value;

use super::event::Event;
use super::structured;

/// The columns of a row.
pub const PORTAL_HEADER: &str = "\"TimeGenerated [UTC]\",Type,Protocol,SourceIp,SourcePort,DestinationIp,DestinationPort,Fqdn,TargetUrl,Action,ActionReason,Policy,RuleCollectionGroup,RuleCollection,Rule";

/// One line of the export, without the line end.
#[must_use]
pub fn portal_row(event: &Event) -> String {
    let (table, columns) = structured::columns(event);
    let time = event.time.strftime("\"%-m/%-d/%Y, %-I:%M:%S.%3f %p\"").to_string();
    let mut row = format!("{time},{table}");
    for name in PORTAL_HEADER.split(',').skip(2) {
        row.push(',');
        match columns.get(name) {
            Some(Value::String(text)) => row.push_str(&quoted(text)),
            Some(Value::Number(number)) => row.push_str(&number.to_string()),
            Some(Value::Bool(truth)) => row.push_str(if *truth { "true" } else { "false" }),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => {}
        }
    }
    row
}

/// Plain words stand bare, everything else in quotes.
fn quoted(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('"', "\"\""))
}
