//! Flow logs of virtual networks, version 4.

use super::Entry;
use super::tuple::{State, Tuple};
use crate::logs::record::Origin;
use crate::logs::value::Value;

const CATEGORY: &str = "FlowLogFlowEvent";

/// The tuples of one record, each as it is written.
pub(super) fn entries(value: &Value<'_>, origin: &Origin) -> Vec<(String, Entry)> {
    let mut entries = Vec::new();
    let flows = value.get("flowRecords").and_then(|records| records.get("flows"));
    for flow in flows.and_then(Value::elements).unwrap_or(&[]) {
        for group in flow.get("flowGroups").and_then(Value::elements).unwrap_or(&[]) {
            let rule = group.get("rule").and_then(Value::text);
            for tuple in group.get("flowTuples").and_then(Value::elements).unwrap_or(&[]) {
                let text = tuple.text().unwrap_or("");
                let entry = tuple_of(text).and_then(|tuple| tuple.entry(CATEGORY, rule, origin));
                entries.push((text.to_owned(), entry));
            }
        }
    }
    entries
}

// tuple = time "," ip "," ip "," port "," port "," protocol-number "," ("I" / "O") ","
//         ("B" / "C" / "E" / "D") "," encryption "," packets "," bytes "," packets "," bytes
fn tuple_of(text: &str) -> Result<Tuple<'_>, String> {
    let fields: Vec<&str> = text.split(',').map(str::trim).collect();
    let [time, source, destination, source_port, destination_port, protocol, direction, state, ..] =
        *fields.as_slice()
    else {
        return Err(format!("a flow tuple of {} fields, expected 13", fields.len()));
    };
    let state = match state {
        "B" => State::Begins,
        "C" | "E" => State::Runs,
        "D" => State::Denied,
        other => return Err(format!("unknown flow state `{other}`")),
    };
    Ok(Tuple {
        time,
        source,
        destination,
        source_port,
        destination_port,
        protocol,
        direction,
        state,
    })
}
